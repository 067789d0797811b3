/* SPDX-License-Identifier: MIT */

/* Getting a connection to the worker of the module, if it is in its place. */
#ifndef REACH_H
#define REACH_H

#include <stdbool.h>

#include "call.h"

/* A restart of a worker is bridged this long, once per PAM handle. */
#define REACH_WAIT_MAX_MS	500

enum reach {
	REACH_CONNECTED,
	REACH_FAILED,	/* the reason is noted */
	REACH_NOBODY	/* the same, and it is ENOENT or ECONNREFUSED */
};

/* Checks runtime_dir and the socket in it, and connects. */
enum reach	reach_worker(struct call *);

/*
 * After REACH_NOBODY: whether on_unreachable=ignore may turn it into ignore.
 * It may not where somebody else than root could have made the worker vanish;
 * the reason is noted then.
 */
bool		reach_may_ignore(struct call *);

#endif /* REACH_H */
