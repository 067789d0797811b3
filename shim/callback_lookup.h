/* SPDX-License-Identifier: MIT */

/* What a worker may look up: the user, and which processes run. */
#ifndef CALLBACK_LOOKUP_H
#define CALLBACK_LOOKUP_H

#include <stdbool.h>

#include "call.h"

/* Serves any frame lookup_*; false: the hook is over, the reason is noted. */
bool	callback_lookup(struct call *, const struct channel_frame *);

#endif /* CALLBACK_LOOKUP_H */
