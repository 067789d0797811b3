/* SPDX-License-Identifier: MIT */

#include "proc.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int	__wrap_openat(int, const char *, int, ...);
int	__real_openat(int, const char *, int, ...);
int	__wrap___openat_2(int, const char *, int);
pid_t	__wrap_getppid(void);
pid_t	__real_getppid(void);

const char *proc_hidden;
int proc_hidden_error, proc_opened, proc_asked, proc_new_parent_after;

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	proc_opened++;
	if (proc_hidden != NULL && strcmp(path, proc_hidden) == 0) {
		errno = proc_hidden_error;
		return -1;
	}
	return __real_openat(dir, path, flags);
}

int
__wrap___openat_2(int dir, const char *path, int flags)
{
	return __wrap_openat(dir, path, flags);
}

/* A parent that ends gives way to another one. */
pid_t
__wrap_getppid(void)
{
	return proc_asked++ < proc_new_parent_after ? __real_getppid() : 1;
}

void
proc_reset(void)
{
	proc_hidden = NULL;
	proc_hidden_error = ENOENT;
	proc_opened = proc_asked = 0;
	proc_new_parent_after = 1000;
}

pid_t
proc_real_parent(void)
{
	return __real_getppid();
}
