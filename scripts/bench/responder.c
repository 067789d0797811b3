/* SPDX-License-Identifier: MIT */
/*
 * The limit that a worker is measured against: the cheapest program that
 * serves many connections at once, decodes every question and answers
 * `success`.
 *
 *	responder SOCKET
 *
 * It prints "ready" once it listens, and serves until it is killed.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <security/_pam_types.h>

#include "message_gen.h"
#include "tokens_gen.h"
#include "wire.h"

#define BACKLOG 512
#define EVENTS_MAX 64
#define FRAME_HEADER 5

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "too long for a socket: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	umask(0177);
	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)(const void *)&address,
		sizeof(address)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		err(1, "%s", path);
	return fd;
}

static void
watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		err(1, "epoll_ctl");
}

/* Answers the question that is waiting, and hangs up. */
static void
answer(int fd)
{
	static uint8_t in[4 + LIMIT_FRAME_MAX], out[256];
	static struct message_hook hook;
	struct message_result result = {
		.code = PAM_SUCCESS,
		.data_action = DATA_ACTION_KEEP,
	};
	struct wire_writer writer = { .p = out, .cap = sizeof(out) };
	ssize_t n = recv(fd, in, sizeof(in), 0);

	/* On loopback the shim's one send arrives as one piece. */
	if (n <= FRAME_HEADER || in[4] != MESSAGE_HOOK ||
	    message_hook_decode(&hook, in + FRAME_HEADER,
		(size_t)n - FRAME_HEADER) != WIRE_OK)
		warnx("not a question");
	else if (message_result_encode(&writer, &result) != WIRE_OK)
		warnx("no answer");
	else if (send(fd, out, writer.len, MSG_NOSIGNAL) == -1)
		warn("send");
	close(fd);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	int epoll, listener, i, n, fd;

	if (argc != 2)
		errx(2, "usage: responder SOCKET");
	listener = listen_at(argv[1]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll == -1)
		err(1, "epoll_create1");
	watch(epoll, listener);
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(epoll, events, EVENTS_MAX, -1);
		if (n == -1 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (events[i].data.fd != listener) {
				answer(events[i].data.fd);
				continue;
			}
			fd = accept4(listener, NULL, NULL,
			    SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (fd != -1)
				watch(epoll, fd);
		}
	}
}
