/* SPDX-License-Identifier: MIT */

/* The writer of wire.h. */

#include <string.h>

#include "tokens_gen.h"
#include "wire.h"

static void
store_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void
wire_writer_init(struct wire_writer *w, uint8_t *p, size_t cap)
{
	w->p = p;
	w->len = 0;
	w->cap = cap;
	w->error = WIRE_OK;
}

static void
put_fail(struct wire_writer *w, enum wire_error error)
{
	if (w->error == WIRE_OK)
		w->error = error;
}

/* Room for n octets; NULL if there is none or an error came before. */
static uint8_t *
put_room(struct wire_writer *w, size_t n)
{
	uint8_t *p;

	if (w->error != WIRE_OK)
		return NULL;
	if (w->cap - w->len < n) {
		put_fail(w, WIRE_TOO_LONG);
		return NULL;
	}
	p = w->p + w->len;
	w->len += n;
	return p;
}

size_t
wire_begin(struct wire_writer *w, uint8_t tag)
{
	size_t start = w->len;

	wire_put_u32(w, 0);
	wire_put_u8(w, tag);
	return start;
}

void
wire_put_u8(struct wire_writer *w, uint8_t v)
{
	uint8_t *p = put_room(w, 1);

	if (p != NULL)
		p[0] = v;
}

void
wire_put_u16(struct wire_writer *w, uint16_t v)
{
	uint8_t *p = put_room(w, 2);

	if (p != NULL) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

void
wire_put_u32(struct wire_writer *w, uint32_t v)
{
	uint8_t *p = put_room(w, 4);

	if (p != NULL)
		store_u32(p, v);
}

void
wire_put_i64(struct wire_writer *w, int64_t v)
{
	uint8_t *p;

	if (v > WIRE_I64_MAX || v < -WIRE_I64_MAX)
		put_fail(w, WIRE_BAD_VALUE);
	if ((p = put_room(w, 8)) != NULL) {
		store_u32(p, (uint32_t)((uint64_t)v >> 32));
		store_u32(p + 4, (uint32_t)((uint64_t)v & UINT32_MAX));
	}
}

void
wire_put_bool(struct wire_writer *w, bool v)
{
	wire_put_u8(w, v ? 1 : 0);
}

void
wire_put_enum(struct wire_writer *w, uint8_t v, uint32_t set)
{
	if (!wire_in_set(v, set))
		put_fail(w, WIRE_BAD_VALUE);
	wire_put_u8(w, v);
}

void
wire_put_version(struct wire_writer *w, uint8_t v)
{
	if (v != WIRE_VERSION)
		put_fail(w, WIRE_BAD_VERSION);
	wire_put_u8(w, v);
}

static void
put_lengthed(struct wire_writer *w, const void *v, size_t len, size_t max)
{
	uint8_t *p;

	if (len > max || len > UINT16_MAX) {
		put_fail(w, WIRE_TOO_LONG);
		return;
	}
	wire_put_u16(w, (uint16_t)len);
	if ((p = put_room(w, len)) != NULL && len > 0)
		memcpy(p, v, len);
}

static void
put_string(struct wire_writer *w, struct wire_str v, size_t max, bool line)
{
	enum wire_error error;

	if (v.len > max)
		put_fail(w, WIRE_TOO_LONG);
	else if ((error = wire_check_string((const uint8_t *)v.s, v.len,
		      line)) != WIRE_OK)
		put_fail(w, error);
	put_lengthed(w, v.s, v.len, max);
}

void
wire_put_line(struct wire_writer *w, struct wire_str v, size_t max)
{
	put_string(w, v, max, true);
}

void
wire_put_text(struct wire_writer *w, struct wire_str v, size_t max)
{
	put_string(w, v, max, false);
}

void
wire_put_bytes(struct wire_writer *w, struct wire_bytes v, size_t max)
{
	put_lengthed(w, v.p, v.len, max);
}

void
wire_put_fixed(struct wire_writer *w, const uint8_t *v, size_t len)
{
	uint8_t *p = put_room(w, len);

	if (p != NULL)
		memcpy(p, v, len);
}

bool
wire_put_count(struct wire_writer *w, size_t n, size_t max)
{
	if (n > max || n > UINT16_MAX)
		put_fail(w, WIRE_TOO_LONG);
	else
		wire_put_u16(w, (uint16_t)n);
	return w->error == WIRE_OK;
}

enum wire_error
wire_end(struct wire_writer *w, size_t start)
{
	size_t len;

	if (w->error == WIRE_OK) {
		len = w->len - start - WIRE_LENGTH_SIZE;
		if (len <= LIMIT_FRAME_MAX) {
			store_u32(w->p + start, (uint32_t)len);
			return WIRE_OK;
		}
		put_fail(w, WIRE_TOO_LONG);
	}
	w->len = start;
	return w->error;
}
