/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "tokens_gen.h"
#include "wire.h"

const char *
wire_error_name(enum wire_error error)
{
	switch (error) {
	case WIRE_OK:
		return "ok";
	case WIRE_TRUNCATED:
		return "truncated";
	case WIRE_TRAILING:
		return "trailing";
	case WIRE_TOO_LONG:
		return "too_long";
	case WIRE_BAD_UTF8:
		return "bad_utf8";
	case WIRE_BAD_TAG:
		return "bad_tag";
	case WIRE_BAD_VALUE:
		return "bad_value";
	case WIRE_BAD_VERSION:
		return "bad_version";
	}
	return "unknown";
}

static uint16_t
load_u16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | (unsigned)p[1]);
}

static uint32_t
load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

enum wire_error
wire_frame_length(const uint8_t *word, size_t *len)
{
	uint32_t v = load_u32(word);

	if (v == 0)
		return WIRE_TRUNCATED;
	if (v > LIMIT_FRAME_MAX)
		return WIRE_TOO_LONG;
	*len = v;
	return WIRE_OK;
}

enum wire_error
wire_frame(const uint8_t *p, size_t len, uint8_t *tag, struct wire_bytes *body)
{
	enum wire_error error;
	size_t want;

	if (len < WIRE_LENGTH_SIZE)
		return WIRE_TRUNCATED;
	if ((error = wire_frame_length(p, &want)) != WIRE_OK)
		return error;
	len -= WIRE_LENGTH_SIZE;
	if (len < want)
		return WIRE_TRUNCATED;
	if (len > want)
		return WIRE_TRAILING;
	*tag = p[WIRE_LENGTH_SIZE];
	body->p = p + WIRE_LENGTH_SIZE + 1;
	body->len = want - 1;
	return WIRE_OK;
}

/*
 * Length of the well-formed sequence at p, 0 if there is none. The bounds of
 * the second octet leave out overlong forms, surrogates and what is above
 * U+10FFFF.
 */
static size_t
utf8_sequence(const uint8_t *p, size_t len)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t i, n;

	if (p[0] <= 0x7f)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n > len || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

bool
wire_utf8(const uint8_t *p, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n)
		if ((n = utf8_sequence(p + i, len - i)) == 0)
			return false;
	return true;
}

enum wire_error
wire_check_string(const uint8_t *p, size_t len, bool line)
{
	size_t i;

	if (!wire_utf8(p, len))
		return WIRE_BAD_UTF8;
	for (i = 0; i < len; i++)
		if (p[i] == 0x00 || (line && (p[i] < 0x20 || p[i] == 0x7f)))
			return WIRE_BAD_VALUE;
	return WIRE_OK;
}

static bool
get_fail(struct wire_reader *r, enum wire_error error)
{
	r->error = error;
	return false;
}

/* Whether n octets can be read; the caller reads them and moves. */
static bool
get_room(struct wire_reader *r, size_t n)
{
	if (r->error != WIRE_OK)
		return false;
	if (r->len < n)
		return get_fail(r, WIRE_TRUNCATED);
	return true;
}

static void
get_move(struct wire_reader *r, size_t n)
{
	r->p += n;
	r->len -= n;
}

void
wire_reader_init(struct wire_reader *r, const uint8_t *p, size_t len)
{
	r->p = p;
	r->len = len;
	r->error = WIRE_OK;
}

bool
wire_get_u8(struct wire_reader *r, uint8_t *v)
{
	if (!get_room(r, 1))
		return false;
	*v = r->p[0];
	get_move(r, 1);
	return true;
}

bool
wire_get_u16(struct wire_reader *r, uint16_t *v)
{
	if (!get_room(r, 2))
		return false;
	*v = load_u16(r->p);
	get_move(r, 2);
	return true;
}

bool
wire_get_u32(struct wire_reader *r, uint32_t *v)
{
	if (!get_room(r, 4))
		return false;
	*v = load_u32(r->p);
	get_move(r, 4);
	return true;
}

bool
wire_get_i64(struct wire_reader *r, int64_t *v)
{
	uint64_t bits, magnitude;
	bool negative;

	if (!get_room(r, 8))
		return false;
	bits = (uint64_t)load_u32(r->p) << 32 | load_u32(r->p + 4);
	negative = bits >> 63 != 0;
	magnitude = negative ? ~bits + 1 : bits;
	if (magnitude > (uint64_t)WIRE_I64_MAX)
		return get_fail(r, WIRE_BAD_VALUE);
	*v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	get_move(r, 8);
	return true;
}

bool
wire_get_bool(struct wire_reader *r, bool *v)
{
	if (!get_room(r, 1))
		return false;
	if (r->p[0] > 1)
		return get_fail(r, WIRE_BAD_VALUE);
	*v = r->p[0] == 1;
	get_move(r, 1);
	return true;
}

bool
wire_get_enum(struct wire_reader *r, uint8_t *v, uint32_t set)
{
	if (!get_room(r, 1))
		return false;
	if (!wire_in_set(r->p[0], set))
		return get_fail(r, WIRE_BAD_VALUE);
	*v = r->p[0];
	get_move(r, 1);
	return true;
}

bool
wire_get_version(struct wire_reader *r, uint8_t *v)
{
	if (!get_room(r, 1))
		return false;
	if (r->p[0] != WIRE_VERSION)
		return get_fail(r, WIRE_BAD_VERSION);
	*v = r->p[0];
	get_move(r, 1);
	return true;
}

/* A length of at most max and as many octets, without moving. */
static bool
get_lengthed(struct wire_reader *r, struct wire_bytes *v, size_t max)
{
	size_t len;

	if (!get_room(r, 2))
		return false;
	len = load_u16(r->p);
	if (len > max)
		return get_fail(r, WIRE_TOO_LONG);
	if (len > r->len - 2)
		return get_fail(r, WIRE_TRUNCATED);
	v->p = r->p + 2;
	v->len = len;
	return true;
}

static bool
get_string(struct wire_reader *r, struct wire_str *v, size_t max, bool line)
{
	struct wire_bytes b;
	enum wire_error error;

	if (!get_lengthed(r, &b, max))
		return false;
	if ((error = wire_check_string(b.p, b.len, line)) != WIRE_OK)
		return get_fail(r, error);
	v->s = (const char *)b.p;
	v->len = b.len;
	get_move(r, 2 + b.len);
	return true;
}

bool
wire_get_line(struct wire_reader *r, struct wire_str *v, size_t max)
{
	return get_string(r, v, max, true);
}

bool
wire_get_text(struct wire_reader *r, struct wire_str *v, size_t max)
{
	return get_string(r, v, max, false);
}

bool
wire_get_bytes(struct wire_reader *r, struct wire_bytes *v, size_t max)
{
	struct wire_bytes b;

	if (!get_lengthed(r, &b, max))
		return false;
	*v = b;
	get_move(r, 2 + b.len);
	return true;
}

bool
wire_get_fixed(struct wire_reader *r, uint8_t *v, size_t len)
{
	if (!get_room(r, len))
		return false;
	memcpy(v, r->p, len);
	get_move(r, len);
	return true;
}

bool
wire_get_count(struct wire_reader *r, size_t *v, size_t max)
{
	size_t n;

	if (!get_room(r, 2))
		return false;
	if ((n = load_u16(r->p)) > max)
		return get_fail(r, WIRE_TOO_LONG);
	*v = n;
	get_move(r, 2);
	return true;
}

enum wire_error
wire_get_end(const struct wire_reader *r)
{
	if (r->error != WIRE_OK)
		return r->error;
	return r->len == 0 ? WIRE_OK : WIRE_TRAILING;
}
