/* SPDX-License-Identifier: MIT */

/* Ways to fail, tried in every hook through the real libpam. */
#ifndef FAILING_H
#define FAILING_H

#include "fixture.h"

/* One way to fail: what the worker, or the administrator, does. */
struct failing {
	enum failure	 class;
	void		(*prepare)(struct fixture *);
	const char	*words;		/* of the line; NULL: the module */
	const char	*logged;
};

/* Starts a worker with this script. */
void	failing_listen(struct fixture *, void (*script)(struct peer *));

/* A way that is a script of a worker: void NAME(struct fixture *). */
#define SCRIPT(name) \
	static void script_##name(struct peer *); \
	static void \
	name(struct fixture *f) \
	{ \
		failing_listen(f, script_##name); \
	} \
	static void \
	script_##name(struct peer *peer)

/*
 * Runs each way as a test: in each hook the code must be that of the class, and
 * the log must name the class and the cause. What "skip" (or NULL) prepares is
 * not tried in update, since the pass before it fails already. For main().
 */
int	failing_main(const char *name, const struct failing *, size_t n,
	    void (*skip)(struct fixture *));

#endif /* FAILING_H */
