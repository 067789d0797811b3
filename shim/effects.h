/* SPDX-License-Identifier: MIT */

/* What a result does to the login: checked as a whole, then applied. */
#ifndef EFFECTS_H
#define EFFECTS_H

#include <stdbool.h>

#include "call.h"
#include "message_gen.h"

/* False: the reason is noted, and nothing of the result may be used. */
bool	effects_check(struct call *, const struct message_result *);

/* False: the reason is noted; what came before it stays applied. */
bool	effects_apply(struct call *, const struct message_result *);

#endif /* EFFECTS_H */
