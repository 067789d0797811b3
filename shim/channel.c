/* SPDX-License-Identifier: MIT */

/*
 * 1. A descriptor MUST be close-on-exec and at least 3.
 * 2. Every wait MUST end with the budget; EINTR MUST NOT prolong it.
 * 3. A signal MUST NOT be raised: MSG_NOSIGNAL.
 * 4. EOF, ECONNRESET and EPIPE are answers: they MUST NOT be waited out.
 * 5. What was sent MUST NOT be sent again.
 * 6. A descriptor that the worker passes MUST NOT be taken.
 *
 * connect(2) blocks under SO_SNDTIMEO: after EAGAIN from a full backlog
 * poll(2) returns at once and would spin. recv(2) blocks under SO_RCVTIMEO,
 * which is set while the worker is at work already: the answer then wakes the
 * very call that reads it, which poll(2) and recv(2) would make two. Before it
 * sleeps it looks for the answer for CHANNEL_EAGER_US at most.
 */

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define FD_MIN		3	/* below are the application's */
#define US_PER_S	1000000
/* How long to look for an answer before sleeping until it comes. */
#define CHANNEL_EAGER_US	100
/* How often in one hook: a worker that dribbles must not keep us awake. */
#define CHANNEL_EAGER_MAX	8

/* The number of Linux 6.16, where the headers of the C library are older. */
#if !defined(SO_PASSRIGHTS) && !defined(__sparc__) && !defined(__hppa__)
#define SO_PASSRIGHTS	83
#endif

void
channel_init(struct channel *ch)
{
	ch->fd = -1;
	ch->start = ch->end = ch->high = 0;
	ch->eager = CHANNEL_EAGER_MAX;
}

/*
 * Descriptors that come with a message are closed by the process that reads it,
 * and closing one with SO_LINGER can take any time: none may be passed. A
 * kernel before 6.16 knows no way to say so.
 */
static void
channel_refuse_descriptors(int fd)
{
#ifdef SO_PASSRIGHTS
	int no = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no));
#else
	(void)fd;
#endif
}

static bool
channel_socket(struct channel *ch, int *error)
{
	int fd, high;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		*error = errno;
		return false;
	}
	if (fd < FD_MIN) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
		/* how fcntl(2) says that the limit is FD_MIN or less */
		*error = errno == EINVAL ? EMFILE : errno;
		(void)close(fd);
		if (high < 0)
			return false;
		fd = high;
	}
	channel_refuse_descriptors(fd);
	ch->fd = fd;
	return true;
}

/* What is left of the budget for the next call; false if nothing is. */
static bool
channel_limit(const struct channel *ch, int option, const struct deadline *d)
{
	int64_t us = deadline_left_us(d);
	struct timeval tv;

	/* a time-out of 0 would be none at all */
	if (us <= 0)
		return false;
	tv.tv_sec = (time_t)(us / US_PER_S);
	tv.tv_usec = (suseconds_t)(us % US_PER_S);
	return setsockopt(ch->fd, SOL_SOCKET, option, &tv, sizeof(tv)) == 0;
}

bool
channel_connect(struct channel *ch, const char *path,
    const struct deadline *d, int *error)
{
	union {
		struct sockaddr		any;
		struct sockaddr_un	un;
	} to;
	size_t len = strlen(path);

	if (len >= sizeof(to.un.sun_path)) {
		*error = ENAMETOOLONG;
		return false;
	}
	memset(&to, 0, sizeof(to));
	to.un.sun_family = AF_UNIX;
	memcpy(to.un.sun_path, path, len);
	if (!channel_socket(ch, error))
		return false;
	do {
		if (!channel_limit(ch, SO_SNDTIMEO, d)) {
			*error = EAGAIN;
			channel_close(ch);
			return false;
		}
		if (connect(ch->fd, &to.any, sizeof(to.un)) == 0)
			return true;
		*error = errno;
	} while (*error == EINTR || *error == EAGAIN);
	channel_close(ch);
	return false;
}

/* Waits until there is room to send. */
static bool
channel_room(const struct channel *ch, const struct deadline *d)
{
	struct pollfd pfd = { .fd = ch->fd, .events = POLLOUT };
	uint32_t ms = deadline_left_ms(d);

	if (ms == 0)
		return false;
	/* EINTR and time-outs alike: send and the clock decide */
	(void)poll(&pfd, 1, (int)ms);
	return true;
}

bool
channel_send(struct channel *ch, const uint8_t *p, size_t len,
    const struct deadline *d, struct reason *why)
{
	size_t sent = 0;
	ssize_t n;

	while (sent < len) {
		n = send(ch->fd, p + sent, len - sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		/* "busy" may wait to be read; else channel_recv sees EOF */
		if (errno == EPIPE || errno == ECONNRESET)
			return true;
		if (errno == EINTR && deadline_left_us(d) > 0)
			continue;
		if (errno == EAGAIN && channel_room(ch, d))
			continue;
		if (errno == EAGAIN || errno == EINTR)
			return reason_set(why, FAILURE_BROKEN_OFF, "the time "
			    "was up before the worker took the request");
		return reason_set(why, reason_is_starved(errno) ?
		    FAILURE_STARVED : FAILURE_BROKEN_OFF,
		    "sending to the worker failed: %s (%d)",
		    reason_errno(errno), errno);
	}
	return true;
}

/* Takes the next frame out of the buffer; *whole says if it was all there. */
static bool
channel_take(struct channel *ch, struct channel_frame *frame, bool *whole,
    struct reason *why)
{
	const uint8_t *p = ch->in + ch->start;
	size_t have = ch->end - ch->start, len;
	enum wire_error error;

	*whole = false;
	if (have < WIRE_LENGTH_SIZE)
		return true;
	if ((error = wire_frame_length(p, &len)) != WIRE_OK)
		return reason_set(why, FAILURE_PROTOCOL, "the worker sent a "
		    "frame with a bad length: %s", wire_error_name(error));
	if (have - WIRE_LENGTH_SIZE < len)
		return true;
	*whole = true;
	frame->tag = p[WIRE_LENGTH_SIZE];
	frame->body = p + WIRE_LENGTH_SIZE + 1;
	frame->len = len - 1;
	ch->start += WIRE_LENGTH_SIZE + len;
	return true;
}

/* Makes room for a whole frame: none of the old ones is in use any more. */
static void
channel_compact(struct channel *ch)
{
	if (ch->start == 0)
		return;
	memmove(ch->in, ch->in + ch->start, ch->end - ch->start);
	ch->end -= ch->start;
	ch->start = 0;
}

/*
 * Looks for an answer a few times before it sleeps: most are here sooner than
 * a processor that fell asleep is awake again. Whoever else is to run on this
 * processor, the worker perhaps, goes first each time.
 */
static ssize_t
channel_recv_eagerly(struct channel *ch, const struct deadline *d)
{
	uint8_t *p = ch->in + ch->end;
	size_t room = sizeof(ch->in) - ch->end;
	int64_t until_us = deadline_left_us(d) - CHANNEL_EAGER_US;
	ssize_t n;

	if (ch->eager == 0)
		return recv(ch->fd, p, room, 0);
	ch->eager--;
	/* what is left never falls below 0: it would look for ever */
	if (until_us < 0)
		until_us = 0;
	do {
		n = recv(ch->fd, p, room, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN)
			return n;
		(void)sched_yield();
	} while (deadline_left_us(d) > until_us);
	return recv(ch->fd, p, room, 0);
}

static bool
channel_fill(struct channel *ch, const struct deadline *d, struct reason *why)
{
	ssize_t n;

	for (;;) {
		if (!channel_limit(ch, SO_RCVTIMEO, d))
			return reason_set(why, FAILURE_BROKEN_OFF,
			    "the worker did not answer in time: raise "
			    "timeout=, or see what the module waits for");
		n = channel_recv_eagerly(ch, d);
		if (n > 0)
			break;
		if (n == 0 || errno == ECONNRESET)
			return reason_set(why, FAILURE_BROKEN_OFF, "the worker "
			    "hung up without a result: its own log says why");
		if (errno != EINTR && errno != EAGAIN)
			return reason_set(why, reason_is_starved(errno) ?
			    FAILURE_STARVED : FAILURE_BROKEN_OFF,
			    "receiving from the worker failed: %s (%d)",
			    reason_errno(errno), errno);
	}
	ch->end += (size_t)n;
	if (ch->end > ch->high)
		ch->high = ch->end;
	return true;
}

bool
channel_recv(struct channel *ch, struct channel_frame *frame,
    const struct deadline *d, struct reason *why)
{
	bool whole;

	for (;;) {
		if (!channel_take(ch, frame, &whole, why))
			return false;
		if (whole)
			return true;
		channel_compact(ch);
		if (!channel_fill(ch, d, why))
			return false;
	}
}

bool
channel_has_more(const struct channel *ch)
{
	return ch->start < ch->end;
}

void
channel_close(struct channel *ch)
{
	if (ch->fd >= 0)
		(void)close(ch->fd);
	ch->fd = -1;
}

void
channel_wipe(struct channel *ch)
{
	explicit_bzero(ch->in, ch->high);
	ch->start = ch->end = ch->high = 0;
}
