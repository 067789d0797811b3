/* SPDX-License-Identifier: MIT */

/*
 * A frame without its length word, as the channel hands it on: a tag and a
 * body, of any tag. What is decoded must be encoded to the same octets, must
 * be within the limits, and must point into the body.
 */

#include <stdlib.h>
#include <string.h>

#include "../shim/any_message.h"
#include "fuzz.h"

/* Unlike assert(3), this is there in every build. */
static void
require(int condition)
{
	if (!condition)
		abort();
}

/* The same frame with its length word, as it came off the wire. */
static void
require_frame(const uint8_t *data, size_t len, enum wire_error wanted,
    union any_message *m)
{
	static uint8_t frame[WIRE_LENGTH_SIZE + LIMIT_FRAME_MAX];
	uint8_t tag = 0;

	frame[0] = 0;
	frame[1] = 0;
	frame[2] = (uint8_t)(len >> 8);
	frame[3] = (uint8_t)(len & 0xff);
	memcpy(frame + WIRE_LENGTH_SIZE, data, len);
	require(any_decode_frame(m, &tag, frame, len + WIRE_LENGTH_SIZE) ==
	    wanted);
	require(tag == data[0]);
	require(any_decode_frame(m, &tag, frame, len + WIRE_LENGTH_SIZE - 1) ==
	    WIRE_TRUNCATED);
}

static void
require_same(const uint8_t *data, size_t len, const union any_message *m)
{
	static uint8_t out[WIRE_LENGTH_SIZE + LIMIT_FRAME_MAX];
	struct wire_writer w;
	size_t length;

	wire_writer_init(&w, out, sizeof(out));
	require(any_encode(&w, data[0], m) == WIRE_OK);
	require(w.len == WIRE_LENGTH_SIZE + len);
	require(wire_frame_length(out, &length) == WIRE_OK && length == len);
	require(memcmp(out + WIRE_LENGTH_SIZE, data, len) == 0);
	/* Not one octet less is room enough, and no half frame stays. */
	wire_writer_init(&w, out, WIRE_LENGTH_SIZE + len - 1);
	require(any_encode(&w, data[0], m) == WIRE_TOO_LONG);
	require(w.len == 0);
}

void
test_one(const uint8_t *data, size_t len)
{
	/* Too large for a stack that is watched. */
	static union any_message m;
	enum wire_error error;

	if (len == 0 || len > LIMIT_FRAME_MAX)
		return;
	memset(&m, 0xa5, sizeof(m));
	error = any_decode(&m, data[0], data + 1, len - 1);
	require(strcmp(wire_error_name(error), "unknown") != 0);
	if (error == WIRE_OK)
		require_same(data, len, &m);
	require_frame(data, len, error, &m);
}
