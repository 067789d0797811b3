/* SPDX-License-Identifier: MIT */

/*
 * The kinds of field of the protocol, read from and written to a buffer of
 * the caller. Nothing is allocated; strings point into the buffer. Numbers
 * are big-endian. PROTOCOL.md is the specification, sdk/wire/cursor.ts the
 * other half: both make the same checks in the same order.
 *
 * A getter that fails returns false, sets the reader's error and does not
 * move the cursor; every getter after it fails too. A putter that fails sets
 * the writer's error, and nothing is written from then on.
 */

#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of the length word in front of a frame. */
#define WIRE_LENGTH_SIZE 4

/* Integers travel within +-(2^53 - 1): a JavaScript number holds no more. */
#define WIRE_I64_MAX INT64_C(9007199254740991)

enum wire_error {
	WIRE_OK,
	WIRE_TRUNCATED,
	WIRE_TRAILING,
	WIRE_TOO_LONG,
	WIRE_BAD_UTF8,
	WIRE_BAD_TAG,
	WIRE_BAD_VALUE,
	WIRE_BAD_VERSION
};

/* UTF-8, not terminated. */
struct wire_str {
	const char *s;
	size_t len;
};

struct wire_bytes {
	const uint8_t *p;
	size_t len;
};

/* What is left to read. */
struct wire_reader {
	const uint8_t *p;
	size_t len;
	enum wire_error error;
};

/* What has been written, len octets of cap. */
struct wire_writer {
	uint8_t *p;
	size_t len, cap;
	enum wire_error error;
};

/* The word for an error, as in the vectors and the log: "ok", "truncated". */
const char *wire_error_name(enum wire_error);

/*
 * Length of a frame out of its length word: WIRE_TRUNCATED if it is 0,
 * WIRE_TOO_LONG if it is above LIMIT_FRAME_MAX; *len is set only if it is
 * neither.
 */
enum wire_error wire_frame_length(const uint8_t *word, size_t *len);

/* Takes apart a buffer that holds exactly one frame, length word and all. */
enum wire_error wire_frame(const uint8_t *p, size_t len, uint8_t *tag,
    struct wire_bytes *body);

/* Whether the octets are well-formed UTF-8 (RFC 3629). */
bool wire_utf8(const uint8_t *p, size_t len);

/*
 * WIRE_BAD_UTF8, or WIRE_BAD_VALUE for NUL and, in a line, for control
 * characters. UTF-8 is judged first: what is none has no characters.
 */
enum wire_error wire_check_string(const uint8_t *p, size_t len, bool line);

/* Whether bit v of set is set. */
static inline bool
wire_in_set(uint8_t v, uint32_t set)
{
	return v < 32 && (set >> v & 1) != 0;
}

void wire_reader_init(struct wire_reader *, const uint8_t *p, size_t len);
bool wire_get_u8(struct wire_reader *, uint8_t *);
bool wire_get_u16(struct wire_reader *, uint16_t *);
bool wire_get_u32(struct wire_reader *, uint32_t *);
bool wire_get_i64(struct wire_reader *, int64_t *);
bool wire_get_bool(struct wire_reader *, bool *);
/* Bit n of set: n is a value of the enumeration. */
bool wire_get_enum(struct wire_reader *, uint8_t *, uint32_t set);
bool wire_get_version(struct wire_reader *, uint8_t *);
bool wire_get_line(struct wire_reader *, struct wire_str *, size_t max);
bool wire_get_text(struct wire_reader *, struct wire_str *, size_t max);
bool wire_get_bytes(struct wire_reader *, struct wire_bytes *, size_t max);
bool wire_get_fixed(struct wire_reader *, uint8_t *, size_t len);
bool wire_get_count(struct wire_reader *, size_t *, size_t max);
/* The reader's error; WIRE_TRAILING if there is none but octets are left. */
enum wire_error wire_get_end(const struct wire_reader *);

void wire_writer_init(struct wire_writer *, uint8_t *p, size_t cap);
/* Begins a frame; wire_end() needs what it returns. */
size_t wire_begin(struct wire_writer *, uint8_t tag);
void wire_put_u8(struct wire_writer *, uint8_t);
void wire_put_u16(struct wire_writer *, uint16_t);
void wire_put_u32(struct wire_writer *, uint32_t);
void wire_put_i64(struct wire_writer *, int64_t);
void wire_put_bool(struct wire_writer *, bool);
void wire_put_enum(struct wire_writer *, uint8_t, uint32_t set);
void wire_put_version(struct wire_writer *, uint8_t);
void wire_put_line(struct wire_writer *, struct wire_str, size_t max);
void wire_put_text(struct wire_writer *, struct wire_str, size_t max);
void wire_put_bytes(struct wire_writer *, struct wire_bytes, size_t max);
void wire_put_fixed(struct wire_writer *, const uint8_t *, size_t len);
/* False if the count is over max or the writer has an error: stop there. */
bool wire_put_count(struct wire_writer *, size_t, size_t max);
/*
 * Fills in the length word of the frame that began at start. On error the
 * writer is as long as before the frame, so that no half frame is sent.
 */
enum wire_error wire_end(struct wire_writer *, size_t start);

#endif /* WIRE_H */
