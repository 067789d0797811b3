/* SPDX-License-Identifier: MIT */

/*
 * Files of the shim's own. Descriptors below 3 are the application's: what the
 * kernel gives us there is moved away at once.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* openat(2) for a file that is there, close-on-exec; -1 and errno. */
int	descriptor_open(int dir, const char *path, int flags);

/* Moves it to 3 or above, close-on-exec. -1 and errno: it is closed. */
int	descriptor_raise(int fd);

/* read(2) until the buffer is full or nothing is left; -1 and errno. */
ssize_t	descriptor_read(int fd, char *, size_t);

#endif /* DESCRIPTOR_H */
