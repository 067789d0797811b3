/* SPDX-License-Identifier: MIT */

/* For each putter: success, no room, refusal, and that no half frame stays. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../shim/tokens_gen.h"
#include "../../shim/wire.h"

static void
put_everything(void **state)
{
	const uint8_t wanted[] = { 0, 0, 0, 41, 0x55, 1, 2, 3, 4, 5, 6, 7, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 1, 0, 19,
		WIRE_VERSION, 0, 1, 'a', 0, 2, 'b', '\n', 0, 1, 0xff, 0, 0, 8,
		9, 0, 2, 0, 0, 0, 0, 0 };
	uint8_t buffer[sizeof(wanted)];
	struct wire_writer w;
	size_t start;

	(void)state;
	wire_writer_init(&w, buffer, sizeof(buffer));
	start = wire_begin(&w, 0x55);
	wire_put_u8(&w, 1);
	wire_put_u16(&w, 0x0203);
	wire_put_u32(&w, 0x04050607);
	wire_put_i64(&w, -2);
	wire_put_bool(&w, true);
	wire_put_bool(&w, false);
	wire_put_enum(&w, CODE_CONV_ERR, ENUM_CODE);
	wire_put_version(&w, WIRE_VERSION);
	wire_put_line(&w, (struct wire_str){ "a", 1 }, 1);
	wire_put_text(&w, (struct wire_str){ "b\n", 2 }, 2);
	wire_put_bytes(&w, (struct wire_bytes){ wanted + 12, 1 }, 1);
	wire_put_bytes(&w, (struct wire_bytes){ NULL, 0 }, 1);
	wire_put_fixed(&w, (const uint8_t *)"\10\11", 2);
	assert_true(wire_put_count(&w, 2, 2));
	wire_put_text(&w, (struct wire_str){ NULL, 0 }, 2);
	wire_put_line(&w, (struct wire_str){ NULL, 0 }, 2);
	wire_put_u8(&w, 0);
	assert_int_equal(wire_end(&w, start), WIRE_OK);
	assert_int_equal(w.len, sizeof(wanted));
	assert_memory_equal(buffer, wanted, sizeof(wanted));
}

/* With every capacity that is too small, nothing is left of the frame. */
static void
put_without_room(void **state)
{
	uint8_t buffer[64];
	struct wire_writer w;
	size_t cap, start;

	(void)state;
	for (cap = 3; cap <= 24; cap++) {
		memset(buffer, 0xa5, sizeof(buffer));
		wire_writer_init(&w, buffer, cap);
		wire_put_u16(&w, 0x1234);
		assert_int_equal(w.len, 2);
		start = wire_begin(&w, 0x55);
		wire_put_line(&w, (struct wire_str){ "abc", 3 }, 3);
		wire_put_i64(&w, 1);
		wire_put_u16(&w, 1);
		if (cap < 22) {
			assert_int_equal(wire_end(&w, start), WIRE_TOO_LONG);
			assert_int_equal(w.len, 2);
		} else {
			assert_int_equal(wire_end(&w, start), WIRE_OK);
			assert_int_equal(w.len, 22);
		}
		assert_int_equal(buffer[cap], 0xa5);
	}
}

#define PUT_REFUSES(call, kind) \
	do { \
		uint8_t out_[64]; \
		struct wire_writer w; \
		size_t start_; \
		wire_writer_init(&w, out_, sizeof(out_)); \
		start_ = wire_begin(&w, 1); \
		call; \
		assert_int_equal(w.len, 5); \
		/* Sticky: nothing is written behind an error. */ \
		wire_put_u32(&w, 1); \
		assert_int_equal(w.len, 5); \
		assert_string_equal(wire_error_name(wire_end(&w, start_)), \
		    wire_error_name(kind)); \
		assert_int_equal(w.len, 0); \
	} while (0)

static void
put_refused(void **state)
{
	const struct wire_str abc = { "abc", 3 }, bad = { "a\xff", 2 },
			      line = { "a\n", 2 }, nul = { "a\0", 2 };

	(void)state;
	PUT_REFUSES(wire_put_i64(&w, INT64_MAX), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_i64(&w, INT64_MIN), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_enum(&w, 32, ENUM_CODE), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_enum(&w, 5, ENUM_ITEM), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_version(&w, 0), WIRE_BAD_VERSION);
	PUT_REFUSES(wire_put_line(&w, abc, 2), WIRE_TOO_LONG);
	PUT_REFUSES(wire_put_line(&w, bad, 2), WIRE_BAD_UTF8);
	PUT_REFUSES(wire_put_line(&w, line, 2), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_text(&w, nul, 2), WIRE_BAD_VALUE);
	PUT_REFUSES(wire_put_bytes(&w,
			(struct wire_bytes){ (const uint8_t *)"abc", 3 }, 2),
	    WIRE_TOO_LONG);
	PUT_REFUSES(assert_false(wire_put_count(&w, 3, 2)), WIRE_TOO_LONG);
	/* What a u16 cannot carry is refused, whatever the limit says. */
	PUT_REFUSES(assert_false(wire_put_count(&w, 65536, SIZE_MAX)),
	    WIRE_TOO_LONG);
}

static void
put_frame_over_its_limit(void **state)
{
	static uint8_t buffer[LIMIT_FRAME_MAX + WIRE_LENGTH_SIZE + 1];
	static const uint8_t body[LIMIT_FRAME_MAX];
	struct wire_writer w;
	size_t start;

	(void)state;
	wire_writer_init(&w, buffer, sizeof(buffer));
	start = wire_begin(&w, 1);
	wire_put_fixed(&w, body, LIMIT_FRAME_MAX - 1);
	assert_int_equal(wire_end(&w, start), WIRE_OK);
	wire_writer_init(&w, buffer, sizeof(buffer));
	start = wire_begin(&w, 1);
	wire_put_fixed(&w, body, LIMIT_FRAME_MAX);
	assert_int_equal(wire_end(&w, start), WIRE_TOO_LONG);
	assert_int_equal(w.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_everything),
		cmocka_unit_test(put_without_room),
		cmocka_unit_test(put_refused),
		cmocka_unit_test(put_frame_over_its_limit),
	};

	return cmocka_run_group_tests_name("wire_put", tests, NULL, NULL);
}
