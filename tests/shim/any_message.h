/* SPDX-License-Identifier: MIT */

/* Decodes and encodes a message of any tag: for tests and fuzzing. */

#ifndef ANY_MESSAGE_H
#define ANY_MESSAGE_H

#include "../../shim/message_gen.h"

#define ANY_MEMBER(name, TAG) struct message_##name name;
#define ANY_NAME(name, TAG) \
	case MESSAGE_##TAG: \
		return #name;
#define ANY_DECODE(name, TAG) \
	case MESSAGE_##TAG: \
		return message_##name##_decode(&m->name, p, len);
#define ANY_ENCODE(name, TAG) \
	case MESSAGE_##TAG: \
		return message_##name##_encode(w, &m->name);

union any_message {
	MESSAGES(ANY_MEMBER)
};

/* The message's name, "none" if no message has the tag. */
static inline const char *
any_name(uint8_t tag)
{
	switch (tag) {
		MESSAGES(ANY_NAME)
	}
	return "none";
}

static inline enum wire_error
any_decode(union any_message *m, uint8_t tag, const uint8_t *p, size_t len)
{
	switch (tag) {
		MESSAGES(ANY_DECODE)
	}
	return WIRE_BAD_TAG;
}

static inline enum wire_error
any_encode(struct wire_writer *w, uint8_t tag, const union any_message *m)
{
	switch (tag) {
		MESSAGES(ANY_ENCODE)
	}
	return WIRE_BAD_TAG;
}

/* A buffer that holds exactly one frame, as it comes off the wire. */
static inline enum wire_error
any_decode_frame(union any_message *m, uint8_t *tag, const uint8_t *p,
    size_t len)
{
	struct wire_bytes body;
	enum wire_error error;

	if ((error = wire_frame(p, len, tag, &body)) != WIRE_OK)
		return error;
	return any_decode(m, *tag, body.p, body.len);
}

#endif /* ANY_MESSAGE_H */
