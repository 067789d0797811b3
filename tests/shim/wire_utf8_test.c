/* SPDX-License-Identifier: MIT */

/* What is well-formed UTF-8, by counting all there is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../shim/wire.h"

/* Counts the well-formed strings of three octets that begin with one. */
static unsigned
well_formed(unsigned first)
{
	uint8_t p[3] = { (uint8_t)first, 0, 0 };
	unsigned i, n = 0;

	for (i = 0; i <= 0xffff; i++) {
		p[1] = (uint8_t)(i >> 8);
		p[2] = (uint8_t)(i & 0xff);
		if (wire_utf8(p, sizeof(p)))
			n++;
	}
	return n;
}

/*
 * 128 characters take one octet, 1,920 two, 61,440 three (surrogates are
 * none): all strings of three octets are counted.
 */
static void
utf8_three_octets(void **state)
{
	unsigned first, n = 0;

	(void)state;
	for (first = 0; first <= 0xff; first++)
		n += well_formed(first);
	assert_int_equal(n, 128 * 128 * 128 + 2 * 128 * 1920 + 61440);
}

static size_t
encode_utf8(uint32_t c, uint8_t *p)
{
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	p[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* Four octets carry U+10000 to U+10FFFF, and nothing below or above. */
static void
utf8_four_octets(void **state)
{
	uint8_t p[4];
	uint32_t c;

	(void)state;
	for (c = 0; c <= 0x1fffff; c++)
		if (wire_utf8(p, encode_utf8(c, p)) !=
		    (c >= 0x10000 && c <= 0x10ffff))
			fail_msg("four octets of U+%04X", (unsigned)c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_three_octets),
		cmocka_unit_test(utf8_four_octets),
	};

	return cmocka_run_group_tests_name("wire_utf8", tests, NULL, NULL);
}
