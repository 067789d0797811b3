/* SPDX-License-Identifier: MIT */

/* What a worker asks for while its handler runs. */
#ifndef CALLBACK_H
#define CALLBACK_H

#include <stdbool.h>

#include "call.h"

/*
 * Serves any frame that does not end the hook. A request beyond the grants, out
 * of place or over a limit ends it: false, and the reason is noted.
 */
bool	callback_serve(struct call *, const struct channel_frame *);

/* Logs how many lines of the worker were dropped, if any. */
void	callback_log_dropped(const struct call *);

#endif /* CALLBACK_H */
