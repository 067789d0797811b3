/* SPDX-License-Identifier: MIT */

/*
 * Written by a test from tests/generator/small.ts. Do not edit:
 * change the definition, then run `UPDATE_GOLDEN=1 deno test`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#include <string.h>

#include "message_gen.h"

enum wire_error
message_greet_decode(struct message_greet *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_version(&r, &m->version) ||
	    !wire_get_fixed(&r, m->mark, 3) ||
	    !wire_get_line(&r, &m->name, LIMIT_NAME_MAX) ||
	    !wire_get_bool(&r, &m->has_nick) ||
	    (m->has_nick &&
		!wire_get_text(&r, &m->nick, LIMIT_NAME_MAX)) ||
	    !wire_get_u16(&r, &m->size))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_greet_encode(struct wire_writer *w, const struct message_greet *m)
{
	size_t start = wire_begin(w, MESSAGE_GREET);

	wire_put_version(w, m->version);
	wire_put_fixed(w, m->mark, 3);
	wire_put_line(w, m->name, LIMIT_NAME_MAX);
	wire_put_bool(w, m->has_nick);
	if (m->has_nick)
		wire_put_text(w, m->nick, LIMIT_NAME_MAX);
	wire_put_u16(w, m->size);
	return wire_end(w, start);
}

enum wire_error
message_paint_decode(struct message_paint *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->colour, ENUM_COLOUR) ||
	    !wire_get_bool(&r, &m->again) ||
	    !wire_get_u8(&r, &m->small) ||
	    !wire_get_u32(&r, &m->large) ||
	    !wire_get_bool(&r, &m->has_score) ||
	    (m->has_score &&
		!wire_get_i64(&r, &m->score)) ||
	    !wire_get_bytes(&r, &m->blob, LIMIT_BLOB_MAX) ||
	    !wire_get_count(&r, &m->n_spots, LIMIT_LIST_MAX))
		return r.error;
	for (i = 0; i < m->n_spots; i++) {
		if (!wire_get_bool(&r, &m->spots[i].has_colour) ||
		    (m->spots[i].has_colour &&
			!wire_get_enum(&r, &m->spots[i].colour, ENUM_COLOUR)) ||
		    !wire_get_bool(&r, &m->spots[i].has_secret) ||
		    (m->spots[i].has_secret &&
			!wire_get_bytes(&r, &m->spots[i].secret,
			    LIMIT_BLOB_MAX)) ||
		    !wire_get_u8(&r, &m->spots[i].depth))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_paint_encode(struct wire_writer *w, const struct message_paint *m)
{
	size_t i, start = wire_begin(w, MESSAGE_PAINT);

	wire_put_enum(w, m->colour, ENUM_COLOUR);
	wire_put_bool(w, m->again);
	wire_put_u8(w, m->small);
	wire_put_u32(w, m->large);
	wire_put_bool(w, m->has_score);
	if (m->has_score)
		wire_put_i64(w, m->score);
	wire_put_bytes(w, m->blob, LIMIT_BLOB_MAX);
	if (wire_put_count(w, m->n_spots, LIMIT_LIST_MAX)) {
		for (i = 0; i < m->n_spots; i++) {
			wire_put_bool(w, m->spots[i].has_colour);
			if (m->spots[i].has_colour)
				wire_put_enum(w, m->spots[i].colour,
				    ENUM_COLOUR);
			wire_put_bool(w, m->spots[i].has_secret);
			if (m->spots[i].has_secret)
				wire_put_bytes(w, m->spots[i].secret,
				    LIMIT_BLOB_MAX);
			wire_put_u8(w, m->spots[i].depth);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_stop_decode(struct message_stop *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	return wire_get_end(&r);
}

enum wire_error
message_stop_encode(struct wire_writer *w, const struct message_stop *m)
{
	size_t start = wire_begin(w, MESSAGE_STOP);

	(void)m;
	return wire_end(w, start);
}
