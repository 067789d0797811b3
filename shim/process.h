/* SPDX-License-Identifier: MIT */

/*
 * Processes as proc_pid_stat(5) shows them. A number is given to others once
 * its process has ended; together with the time of its start it is not.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "message_gen.h"

struct process {
	uint32_t	pid, parent;
	char		state;
	int64_t		threads;
	int64_t		started;	/* clock ticks since boot */
};

enum process_state {
	PROCESS_RUNS,
	PROCESS_GONE,
	PROCESS_UNKNOWN	/* /proc does not say */
};

/* Takes apart the text of a stat file; false if it is none. */
bool	process_parse(const char *, struct process *);

/* This process. False: there is no /proc, or that of another namespace. */
bool	process_self(struct process *);

/*
 * The parent of this process (which is self), if it is root's. False: it is
 * not, it has just ended, or /proc does not say.
 */
bool	process_parent(const struct process *self, struct process *parent);

/* Whether a process with this number runs; if so, it is filled in. */
enum process_state process_look(uint32_t pid, struct process *);

/*
 * Fills in started, parent_pid and parent_started. It costs nothing where no
 * handler could use it, and what cannot be known is left out.
 */
void	process_fill(const struct call *, struct message_hook *);

#endif /* PROCESS_H */
