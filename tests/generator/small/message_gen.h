/* SPDX-License-Identifier: MIT */

/*
 * Written by a test from tests/generator/small.ts. Do not edit:
 * change the definition, then run `UPDATE_GOLDEN=1 deno test`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#ifndef MESSAGE_GEN_H
#define MESSAGE_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tokens_gen.h"
#include "wire.h"

enum message_tag {
	MESSAGE_GREET = 0x01,
	MESSAGE_PAINT = 0x80,
	MESSAGE_STOP = 0x81
};

/* Calls X(name, TAG) for every message. */
#define MESSAGES(X) \
	X(greet, GREET) \
	X(paint, PAINT) \
	X(stop, STOP)

/* 0x01, from the shim: Opens every connection. */
struct message_greet {
	uint8_t version;
	uint8_t mark[3];
	struct wire_str name;
	bool has_nick;
	struct wire_str nick;
	uint16_t size;
};

struct message_paint_spots {
	bool has_colour;
	uint8_t colour;
	bool has_secret;
	struct wire_bytes secret;
	uint8_t depth;
};

/*
 * 0x80, from the worker: Paints. This sentence is here so that the comment in
 * the header takes more than one line.
 */
struct message_paint {
	uint8_t colour;
	bool again;
	uint8_t small;
	uint32_t large;
	bool has_score;
	int64_t score;
	struct wire_bytes blob;
	struct message_paint_spots spots[LIMIT_LIST_MAX];
	size_t n_spots;
};

/* 0x81, from the worker: Stops. */
struct message_stop {
	uint8_t empty;
};

/*
 * A decoder takes the body of a frame, all of it. Strings point into the body.
 * On error the structure is not to be used.
 */
enum wire_error message_greet_decode(struct message_greet *,
    const uint8_t *body, size_t len);
enum wire_error message_paint_decode(struct message_paint *,
    const uint8_t *body, size_t len);
enum wire_error message_stop_decode(struct message_stop *, const uint8_t *body,
    size_t len);

/* An encoder appends a whole frame, length word and all, or nothing. */
enum wire_error message_greet_encode(struct wire_writer *,
    const struct message_greet *);
enum wire_error message_paint_encode(struct wire_writer *,
    const struct message_paint *);
enum wire_error message_stop_encode(struct wire_writer *,
    const struct message_stop *);

#endif /* MESSAGE_GEN_H */
