/* SPDX-License-Identifier: MIT */

/*
 * What an encoder does with a structure that the shim filled in wrongly: a
 * count or a number beyond what the structure can hold never leaves it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../shim/message_gen.h"

static uint8_t out[LIMIT_FRAME_MAX + WIRE_LENGTH_SIZE];

static struct message_hook
valid_hook(void)
{
	struct message_hook m;

	memset(&m, 0, sizeof(m));
	m.version = WIRE_VERSION;
	memcpy(m.fingerprint, wire_fingerprint, sizeof(m.fingerprint));
	m.hook = HOOK_ACCOUNT;
	m.module = (struct wire_str){ "m", 1 };
	return m;
}

static void
assert_encodes(const struct message_hook *m, enum wire_error wanted)
{
	struct wire_writer w;

	wire_writer_init(&w, out, sizeof(out));
	assert_string_equal(wire_error_name(message_hook_encode(&w, m)),
	    wire_error_name(wanted));
	assert_int_equal(w.len == 0, wanted != WIRE_OK);
}

static void
counts_beyond_the_structure(void **state)
{
	struct message_hook m = valid_hook();
	static const size_t counts[] = { 65, 65535, 65536, 65537, SIZE_MAX };
	size_t i;

	(void)state;
	assert_encodes(&m, WIRE_OK);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		m = valid_hook();
		m.n_grants = counts[i];
		assert_encodes(&m, WIRE_TOO_LONG);
		m = valid_hook();
		m.n_options = counts[i];
		assert_encodes(&m, WIRE_TOO_LONG);
		m = valid_hook();
		m.n_items = counts[i];
		assert_encodes(&m, WIRE_TOO_LONG);
		m = valid_hook();
		m.n_environment = counts[i];
		assert_encodes(&m, WIRE_TOO_LONG);
	}
}

static void
lengths_beyond_their_limit(void **state)
{
	static const char text[LIMIT_DATA_MAX + 1];
	struct message_hook m = valid_hook();

	(void)state;
	m.module = (struct wire_str){ text, LIMIT_MODULE_MAX + 1 };
	assert_encodes(&m, WIRE_TOO_LONG);
	m.module = (struct wire_str){ text, SIZE_MAX };
	assert_encodes(&m, WIRE_TOO_LONG);
	m = valid_hook();
	m.data = (struct wire_bytes){ (const uint8_t *)text, SIZE_MAX };
	assert_encodes(&m, WIRE_OK);
	m.has_data = true;
	assert_encodes(&m, WIRE_TOO_LONG);
	m.data.len = LIMIT_DATA_MAX + 1;
	assert_encodes(&m, WIRE_TOO_LONG);
	m.data.len = LIMIT_DATA_MAX;
	assert_encodes(&m, WIRE_OK);
}

static void
numbers_that_are_no_values(void **state)
{
	struct message_hook m = valid_hook();

	(void)state;
	m.hook = 0;
	assert_encodes(&m, WIRE_BAD_VALUE);
	m = valid_hook();
	m.version = WIRE_VERSION + 1;
	assert_encodes(&m, WIRE_BAD_VERSION);
	m = valid_hook();
	m.n_items = 1;
	m.items[0].item = 5;
	assert_encodes(&m, WIRE_BAD_VALUE);
}

/* Each value within its limit, all together above FRAME_MAX. */
static void
frame_beyond_its_limit(void **state)
{
	static char letters[LIMIT_OPTION_MAX];
	struct message_hook m = valid_hook();
	size_t i;

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (i = 0; i < 15; i++)
		m.options[i].option = (struct wire_str){ letters,
			sizeof(letters) };
	m.n_options = 15;
	assert_encodes(&m, WIRE_OK);
	for (; i < LIMIT_OPTIONS_MAX; i++)
		m.options[i].option = m.options[0].option;
	m.n_options = 16;
	assert_encodes(&m, WIRE_TOO_LONG);
	m.n_options = LIMIT_OPTIONS_MAX;
	assert_encodes(&m, WIRE_TOO_LONG);
}

/* Behind a frame that was refused, nothing is left of it in the buffer. */
static void
second_frame_refused(void **state)
{
	struct message_absent absent = { 0 };
	struct message_failed failed = { .code = 99 };
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, out, sizeof(out));
	assert_int_equal(message_absent_encode(&w, &absent), WIRE_OK);
	assert_int_equal(message_failed_encode(&w, &failed), WIRE_BAD_VALUE);
	assert_int_equal(w.len, 5);
	assert_memory_equal(out, "\0\0\0\1\7", 5);
}

/* Whatever was in the structure before, what is absent is zero. */
static void
decode_clears(void **state)
{
	const uint8_t body[] = { TOKEN_AUTHTOK, 0 };
	struct message_get_token m;

	(void)state;
	memset(&m, 0xa5, sizeof(m));
	assert_int_equal(message_get_token_decode(&m, body, sizeof(body)),
	    WIRE_OK);
	assert_false(m.has_prompt);
	assert_null(m.prompt.s);
	assert_int_equal(m.prompt.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_beyond_the_structure),
		cmocka_unit_test(lengths_beyond_their_limit),
		cmocka_unit_test(numbers_that_are_no_values),
		cmocka_unit_test(frame_beyond_its_limit),
		cmocka_unit_test(second_frame_refused),
		cmocka_unit_test(decode_clears),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
