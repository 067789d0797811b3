/* SPDX-License-Identifier: MIT */

/*
 * For each getter: success, truncation, refusal, and that the cursor does
 * not move when it fails. Putters are in
 * wire_put_test.c, UTF-8 in wire_utf8_test.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../shim/tokens_gen.h"
#include "../../shim/wire.h"

#define READER(r, ...) \
	const uint8_t r##_octets[] = { __VA_ARGS__ }; \
	struct wire_reader r; \
	wire_reader_init(&r, r##_octets, sizeof(r##_octets))

/* The getter fails in this way, and the reader is where it was. */
#define REFUSES(r, call, kind) \
	do { \
		const uint8_t *before = (r).p; \
		size_t len_before = (r).len; \
		assert_false(call); \
		assert_string_equal(wire_error_name((r).error), \
		    wire_error_name(kind)); \
		assert_ptr_equal((r).p, before); \
		assert_int_equal((r).len, len_before); \
		assert_string_equal(wire_error_name(wire_get_end(&(r))), \
		    wire_error_name(kind)); \
		/* Sticky: nothing is read behind an error. */ \
		assert_false(wire_get_u8(&(r), &(uint8_t){ 0 })); \
		assert_ptr_equal((r).p, before); \
	} while (0)

static void
get_integers(void **state)
{
	uint8_t a;
	uint16_t b;
	uint32_t c;
	int64_t d;
	READER(r, 0xfe, 0xfe, 0xdc, 0xfe, 0xdc, 0xba, 0x98, 0, 0x1f, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff);

	(void)state;
	assert_true(wire_get_u8(&r, &a));
	assert_int_equal(a, 0xfe);
	assert_true(wire_get_u16(&r, &b));
	assert_int_equal(b, 0xfedc);
	assert_true(wire_get_u32(&r, &c));
	assert_int_equal(c, 0xfedcba98);
	assert_true(wire_get_i64(&r, &d));
	assert_true(d == INT64_C(9007199254740991));
	assert_int_equal(wire_get_end(&r), WIRE_OK);
}

static void
get_integers_truncated(void **state)
{
	uint8_t a;
	uint16_t b;
	uint32_t c;
	int64_t d;
	const uint8_t octets[7] = { 0 };
	struct wire_reader r;

	(void)state;
	wire_reader_init(&r, octets, 0);
	REFUSES(r, wire_get_u8(&r, &a), WIRE_TRUNCATED);
	wire_reader_init(&r, octets, 1);
	REFUSES(r, wire_get_u16(&r, &b), WIRE_TRUNCATED);
	wire_reader_init(&r, octets, 3);
	REFUSES(r, wire_get_u32(&r, &c), WIRE_TRUNCATED);
	wire_reader_init(&r, octets, 7);
	REFUSES(r, wire_get_i64(&r, &d), WIRE_TRUNCATED);
}

static void
get_i64_bounds(void **state)
{
	int64_t v;
	READER(minus_one, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	READER(lowest, 0xff, 0xe0, 0, 0, 0, 0, 0, 1);
	READER(below, 0xff, 0xe0, 0, 0, 0, 0, 0, 0);
	READER(above, 0, 0x20, 0, 0, 0, 0, 0, 0);
	READER(minimum, 0x80, 0, 0, 0, 0, 0, 0, 0);
	READER(maximum, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

	(void)state;
	assert_true(wire_get_i64(&minus_one, &v));
	assert_true(v == -1);
	assert_true(wire_get_i64(&lowest, &v));
	assert_true(v == -INT64_C(9007199254740991));
	REFUSES(below, wire_get_i64(&below, &v), WIRE_BAD_VALUE);
	REFUSES(above, wire_get_i64(&above, &v), WIRE_BAD_VALUE);
	REFUSES(minimum, wire_get_i64(&minimum, &v), WIRE_BAD_VALUE);
	REFUSES(maximum, wire_get_i64(&maximum, &v), WIRE_BAD_VALUE);
}

static void
get_bool(void **state)
{
	bool v;
	unsigned octet;
	READER(r, 0, 1);
	READER(none, 0);

	(void)state;
	assert_true(wire_get_bool(&r, &v));
	assert_false(v);
	assert_true(wire_get_bool(&r, &v));
	assert_true(v);
	none.len = 0;
	REFUSES(none, wire_get_bool(&none, &v), WIRE_TRUNCATED);
	for (octet = 2; octet <= 255; octet++) {
		READER(bad, (uint8_t)octet);
		REFUSES(bad, wire_get_bool(&bad, &v), WIRE_BAD_VALUE);
	}
}

/* Every octet against every enumeration, as the tables list them. */
static void
get_enum(void **state)
{
	static const struct {
		uint32_t set;
		const char *values;
	} enums[] = { { ENUM_HOOK, "\1\2\3\4\5\6\7" },
		{ ENUM_ITEM, "\1\2\3\4\x8\x9\xb\xd" }, { ENUM_TOKEN, "\6\7" },
		{ ENUM_STYLE, "\1\2\3\4" }, { ENUM_FAULT, "\1\2\3\4\5" },
		{ ENUM_LEVEL, "\3\4\6\7" } };
	size_t i;
	unsigned octet;
	uint8_t v;

	(void)state;
	for (i = 0; i < sizeof(enums) / sizeof(enums[0]); i++) {
		for (octet = 0; octet <= 255; octet++) {
			READER(r, (uint8_t)octet);
			if (octet != 0 &&
			    strchr(enums[i].values, (int)octet) != NULL) {
				assert_true(wire_get_enum(&r, &v,
				    enums[i].set));
				assert_int_equal(v, octet);
			} else {
				REFUSES(r, wire_get_enum(&r, &v, enums[i].set),
				    WIRE_BAD_VALUE);
			}
		}
	}
}

static void
get_enum_from_zero(void **state)
{
	unsigned octet;
	uint8_t v;
	const uint8_t octets[1] = { 0 };
	struct wire_reader none;

	(void)state;
	for (octet = 0; octet <= 255; octet++) {
		READER(code, (uint8_t)octet);
		READER(action, (uint8_t)octet);
		assert_int_equal(wire_get_enum(&code, &v, ENUM_CODE),
		    octet < 32);
		assert_int_equal(wire_get_enum(&action, &v, ENUM_DATA_ACTION),
		    octet < 3);
	}
	wire_reader_init(&none, octets, 0);
	REFUSES(none, wire_get_enum(&none, &v, ENUM_CODE), WIRE_TRUNCATED);
}

static void
get_version(void **state)
{
	uint8_t v;
	READER(r, WIRE_VERSION);
	READER(zero, 0);
	READER(next, WIRE_VERSION + 1);
	READER(none, 0);

	(void)state;
	assert_true(wire_get_version(&r, &v));
	assert_int_equal(v, WIRE_VERSION);
	REFUSES(zero, wire_get_version(&zero, &v), WIRE_BAD_VERSION);
	REFUSES(next, wire_get_version(&next, &v), WIRE_BAD_VERSION);
	none.len = 0;
	REFUSES(none, wire_get_version(&none, &v), WIRE_TRUNCATED);
}

static void
get_strings(void **state)
{
	struct wire_str v;
	READER(r, 0, 3, 'a', 0xc3, 0xa9, 0, 0, 0, 2, 'a', '\n', 'z');

	(void)state;
	assert_true(wire_get_line(&r, &v, 3));
	assert_int_equal(v.len, 3);
	assert_ptr_equal(v.s, r_octets + 2);
	assert_true(wire_get_line(&r, &v, 3));
	assert_int_equal(v.len, 0);
	assert_true(wire_get_text(&r, &v, 3));
	assert_memory_equal(v.s, "a\n", 2);
	assert_int_equal(r.len, 1);
	assert_int_equal(wire_get_end(&r), WIRE_TRAILING);
}

static void
get_strings_refused(void **state)
{
	struct wire_str v;
	READER(no_length, 0);
	READER(cut, 0, 2, 'a');
	READER(cut_text, 0xff, 0xff, 'a');
	READER(too_long, 0, 4, 'a', 'a', 'a', 'a');
	READER(both, 0, 4);
	READER(not_utf8, 0, 2, '\n', 0xff);
	READER(control, 0, 1, 0x7f);
	READER(nul, 0, 2, 'a', 0);

	(void)state;
	REFUSES(no_length, wire_get_line(&no_length, &v, 3), WIRE_TRUNCATED);
	REFUSES(cut, wire_get_line(&cut, &v, 3), WIRE_TRUNCATED);
	REFUSES(cut_text, wire_get_text(&cut_text, &v, 65535), WIRE_TRUNCATED);
	REFUSES(too_long, wire_get_text(&too_long, &v, 3), WIRE_TOO_LONG);
	REFUSES(both, wire_get_text(&both, &v, 3), WIRE_TOO_LONG);
	REFUSES(not_utf8, wire_get_line(&not_utf8, &v, 3), WIRE_BAD_UTF8);
	REFUSES(control, wire_get_line(&control, &v, 3), WIRE_BAD_VALUE);
	REFUSES(nul, wire_get_text(&nul, &v, 3), WIRE_BAD_VALUE);
}

static void
get_bytes(void **state)
{
	struct wire_bytes v;
	READER(r, 0, 2, 0, 0xff);
	READER(no_length, 0);
	READER(cut, 0, 2, 0);
	READER(too_long, 0, 3, 0, 0, 0);

	(void)state;
	assert_true(wire_get_bytes(&r, &v, 2));
	assert_int_equal(v.len, 2);
	assert_ptr_equal(v.p, r_octets + 2);
	assert_int_equal(wire_get_end(&r), WIRE_OK);
	REFUSES(no_length, wire_get_bytes(&no_length, &v, 2), WIRE_TRUNCATED);
	REFUSES(cut, wire_get_bytes(&cut, &v, 2), WIRE_TRUNCATED);
	REFUSES(too_long, wire_get_bytes(&too_long, &v, 2), WIRE_TOO_LONG);
}

static void
get_fixed(void **state)
{
	uint8_t v[3] = { 9, 9, 9 };
	READER(r, 1, 2, 3);
	READER(cut, 1, 2);

	(void)state;
	REFUSES(cut, wire_get_fixed(&cut, v, 3), WIRE_TRUNCATED);
	assert_memory_equal(v, "\11\11\11", 3);
	assert_true(wire_get_fixed(&r, v, 3));
	assert_memory_equal(v, "\1\2\3", 3);
}

static void
get_count(void **state)
{
	size_t n = 99;
	READER(r, 1, 0);
	READER(over, 1, 1);
	READER(cut, 1);

	(void)state;
	REFUSES(over, wire_get_count(&over, &n, 256), WIRE_TOO_LONG);
	REFUSES(cut, wire_get_count(&cut, &n, 256), WIRE_TRUNCATED);
	assert_int_equal(n, 99);
	assert_true(wire_get_count(&r, &n, 256));
	assert_int_equal(n, 256);
}

static enum wire_error
length_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d, size_t *len)
{
	const uint8_t word[WIRE_LENGTH_SIZE] = { a, b, c, d };

	return wire_frame_length(word, len);
}

static void
frame_length(void **state)
{
	size_t len = 99;

	(void)state;
	assert_int_equal(length_of(0, 0, 0, 0, &len), WIRE_TRUNCATED);
	assert_int_equal(length_of(0, 0, 0x40, 1, &len), WIRE_TOO_LONG);
	assert_int_equal(length_of(0, 1, 0, 0, &len), WIRE_TOO_LONG);
	assert_int_equal(length_of(0x80, 0, 0, 1, &len), WIRE_TOO_LONG);
	assert_int_equal(length_of(0xff, 0xff, 0xff, 0xff, &len),
	    WIRE_TOO_LONG);
	assert_int_equal(len, 99);
	assert_int_equal(length_of(0, 0, 0, 1, &len), WIRE_OK);
	assert_int_equal(len, 1);
	assert_int_equal(length_of(0, 0, 0x40, 0, &len), WIRE_OK);
	assert_int_equal(len, LIMIT_FRAME_MAX);
}

static void
frame_taken_apart(void **state)
{
	const uint8_t octets[] = { 0, 0, 0, 3, 0x47, 'a', 'b', 'c' };
	struct wire_bytes body;
	uint8_t tag;
	size_t len;

	(void)state;
	for (len = 0; len < 7; len++)
		assert_int_equal(wire_frame(octets, len, &tag, &body),
		    WIRE_TRUNCATED);
	assert_int_equal(wire_frame(octets, 8, &tag, &body), WIRE_TRAILING);
	assert_int_equal(wire_frame(octets, 7, &tag, &body), WIRE_OK);
	assert_int_equal(tag, 0x47);
	assert_ptr_equal(body.p, octets + 5);
	assert_int_equal(body.len, 2);
}

static void
error_names(void **state)
{
	(void)state;
	assert_string_equal(wire_error_name(WIRE_OK), "ok");
	assert_string_equal(wire_error_name(WIRE_BAD_TAG), "bad_tag");
	assert_string_equal(wire_error_name(WIRE_BAD_VERSION), "bad_version");
	assert_string_equal(wire_error_name((enum wire_error)99), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_integers),
		cmocka_unit_test(get_integers_truncated),
		cmocka_unit_test(get_i64_bounds),
		cmocka_unit_test(get_bool),
		cmocka_unit_test(get_enum),
		cmocka_unit_test(get_enum_from_zero),
		cmocka_unit_test(get_version),
		cmocka_unit_test(get_strings),
		cmocka_unit_test(get_strings_refused),
		cmocka_unit_test(get_bytes),
		cmocka_unit_test(get_fixed),
		cmocka_unit_test(get_count),
		cmocka_unit_test(frame_length),
		cmocka_unit_test(frame_taken_apart),
		cmocka_unit_test(error_names),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
