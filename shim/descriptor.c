/* SPDX-License-Identifier: MIT */

#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FD_MIN	3

int
descriptor_raise(int fd)
{
	int high, error;

	if (fd < 0 || fd >= FD_MIN)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
	/* how fcntl(2) says that the limit is FD_MIN or less */
	error = errno == EINVAL ? EMFILE : errno;
	(void)close(fd);
	if (high < 0)
		errno = error;
	return high;
}

int
descriptor_open(int dir, const char *path, int flags)
{
	int fd;

	do {
		fd = openat(dir, path, flags | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return descriptor_raise(fd);
}

ssize_t
descriptor_read(int fd, char *p, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, p + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}
