/* SPDX-License-Identifier: MIT */

/*
 * What the shim sees of /proc and of its parent: the linker wraps openat(2) and
 * getppid(2) in its objects (see the Makefile).
 */
#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

/* The path that cannot be opened, and the errno; NULL: none. */
extern const char *proc_hidden;
extern int proc_hidden_error;

/* After so many questions for it there is another parent. */
extern int proc_new_parent_after;

/* How often the shim opened a file, and asked for its parent. */
extern int proc_opened, proc_asked;

/* All as it is, and nothing counted yet. */
void	proc_reset(void);

pid_t	proc_real_parent(void);

#endif /* PROC_H */
