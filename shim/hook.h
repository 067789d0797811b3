/* SPDX-License-Identifier: MIT */

/* One hook, from the service function to the code for libpam. */
#ifndef HOOK_H
#define HOOK_H

#include "call.h"

/* Runs the hook. Returns what the service function returns. */
int	hook_run(pam_handle_t *, enum hook, int flags, int argc,
	    const char **argv);

/*
 * The parts of it, for tests that bring a connection of their own. hook_tx()
 * and hook_wait() are false if the hook failed: call->why says how. After
 * hook_wait() call->code is the result. hook_end() closes and wipes.
 */
void	hook_begin(struct call *, pam_handle_t *, enum hook, int flags);
bool	hook_tx(struct call *);
bool	hook_wait(struct call *);
void	hook_end(struct call *);

#endif /* HOOK_H */
