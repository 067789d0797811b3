/* SPDX-License-Identifier: MIT */
/*
 * A clock that a test sets for every process of a mount namespace, named in
 * its /etc/ld.so.preload: the time of day is the number of seconds in
 * /etc/test-clock, or the real one while that is 0. Clocks that only count
 * on are left alone.
 */

#define _GNU_SOURCE

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *now;

__attribute__((constructor)) static void
time_clock_open(void)
{
	void *page;
	int fd = open("/etc/test-clock", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	page = mmap(NULL, sizeof(*now), PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		now = page;
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *time)
{
	int64_t seconds = now == NULL ? 0 : *now;

	if (seconds == 0 ||
	    (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return (int)syscall(SYS_clock_gettime, id, time);
	time->tv_sec = seconds;
	time->tv_nsec = 0;
	return 0;
}

int
gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec moment;
	int result = clock_gettime(CLOCK_REALTIME, &moment);

	(void)zone;
	if (result == 0) {
		time->tv_sec = moment.tv_sec;
		time->tv_usec = moment.tv_nsec / 1000;
	}
	return result;
}

time_t
time(time_t *seconds)
{
	struct timespec moment = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &moment);
	if (seconds != NULL)
		*seconds = moment.tv_sec;
	return moment.tv_sec;
}
