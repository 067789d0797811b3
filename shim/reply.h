/* SPDX-License-Identifier: MIT */

/*
 * Answers to what a worker asks for, and the ends of hooks in which it may not
 * ask. All return what callback_serve() does.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "call.h"
#include "wire.h"

/* Sends what has been encoded into call->out, and wipes it there. */
bool	reply_send(struct call *, const struct wire_writer *);

bool	reply_failed(struct call *, int code);
bool	reply_absent(struct call *);

/* For an answer that does not fit, of which some octets were written. */
bool	reply_not_sent(struct call *, const struct wire_writer *);

/* Notes why the hook ends. */
bool	reply_malformed(struct call *, const char *message, enum wire_error);
bool	reply_not_granted(struct call *, const char *message,
	    const char *grant);

#endif /* REPLY_H */
