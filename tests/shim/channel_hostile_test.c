/* SPDX-License-Identifier: MIT */

/* What a hostile worker or user could do to the connection. */

#include "../../shim/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

/* Longer than any budget here: whoever still waits then waits for ever. */
#define STUCK_S		10
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

static struct channel ch;
static struct deadline d;
static struct reason why;

TEST(recv_ends_with_a_budget_shorter_than_a_look)
{
	struct channel_frame frame;
	int fd[2], us;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fd), 0);
	channel_init(&ch);
	ch.fd = fd[0];
	/* SIGALRM ends this program, and with it the test */
	(void)alarm(STUCK_S);
	for (us = 5; us < 200; us += 5) {
		deadline_start(&d, 0);
		d.end_us += us;
		memset(&why, 0, sizeof(why));
		assert_false(channel_recv(&ch, &frame, &d, &why));
		assert_int_equal(why.class, FAILURE_BROKEN_OFF);
		assert_contains(why.text, "did not answer in time");
	}
	(void)alarm(0);
	channel_close(&ch);
	(void)close(fd[1]);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(un.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* Sends a frame with a descriptor beside it. */
static bool
pass(int to, int fd, int *error)
{
	static uint8_t frame[] = { 0, 0, 0, 1, 0x43 };
	struct iovec iov = { .iov_base = frame, .iov_len = sizeof(frame) };
	union {
		struct cmsghdr	header;
		uint8_t		room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	*error = sendmsg(to, &m, MSG_NOSIGNAL) < 0 ? errno : 0;
	return *error == 0;
}

TEST(takes_no_descriptors)
{
	struct fixture *f = *state;
	int listener = listen_at(f->socket), worker, error, passes = 1, next;
	socklen_t len = sizeof(passes);
	struct channel_frame frame;
	bool refuses;

	deadline_start(&d, 1000);
	channel_init(&ch);
	assert_true(channel_connect(&ch, f->socket, &d, &error));
	worker = accept(listener, NULL, NULL);
	assert_true(worker >= 0);
	/* since Linux 6.16; before, they are closed as they arrive */
	refuses = getsockopt(ch.fd, SOL_SOCKET, SO_PASSRIGHTS, &passes,
	    &len) == 0;
	assert_int_equal(passes, !refuses);
	next = dup(worker);
	(void)close(next);
	assert_int_equal(pass(worker, listener, &error), !refuses);
	assert_int_equal(error, refuses ? EPERM : 0);
	if (!refuses) {
		assert_true(channel_recv(&ch, &frame, &d, &why));
		assert_int_equal(frame.tag, 0x43);
	}
	error = dup(worker);
	assert_int_equal(error, next);
	(void)close(error);
	channel_close(&ch);
	(void)close(worker);
	(void)close(listener);
}

TEST(no_room_above_the_descriptors_of_the_application)
{
	struct fixture *f = *state;
	struct rlimit old, low;
	int high = fcntl(0, F_DUPFD_CLOEXEC, 20), error = 0;
	bool connected;

	deadline_start(&d, 1000);
	channel_init(&ch);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3;
	(void)close(0);
	(void)setrlimit(RLIMIT_NOFILE, &low);
	connected = channel_connect(&ch, f->socket, &d, &error);
	(void)setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(fcntl(0, F_GETFD), -1);
	(void)dup2(high, 0);
	(void)close(high);
	assert_false(connected);
	/* never a class that a pam.d line may ignore */
	assert_int_equal(error, EMFILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(recv_ends_with_a_budget_shorter_than_a_look),
		FIXTURE(takes_no_descriptors),
		FIXTURE(no_room_above_the_descriptors_of_the_application),
	};

	return cmocka_run_group_tests_name("channel_hostile", tests, NULL,
	    NULL);
}
