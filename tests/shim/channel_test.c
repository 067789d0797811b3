/* SPDX-License-Identifier: MIT */

#include "../../shim/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

static struct channel ch;
static struct deadline d;
static struct reason why;
static int far_end;

static int
setup_pair(void **state)
{
	int fd[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return -1;
	channel_init(&ch);
	ch.fd = fd[0];
	far_end = fd[1];
	memset(&why, 0, sizeof(why));
	deadline_start(&d, 2000);
	return 0;
}

static int
teardown_pair(void **state)
{
	(void)state;
	channel_close(&ch);
	channel_wipe(&ch);
	if (far_end >= 0)
		(void)close(far_end);
	return 0;
}

static void
write_far(const void *p, size_t len)
{
	assert_int_equal(write(far_end, p, len), len);
}

static void
hang_up(void)
{
	(void)close(far_end);
	far_end = -1;
}

static const uint8_t frame_a[] = { 0, 0, 0, 3, 0x46, 'h', 'i' };
static const uint8_t frame_b[] = { 0, 0, 0, 1, 0x43 };

static void
assert_frame_a(void)
{
	struct channel_frame frame;

	assert_true(channel_recv(&ch, &frame, &d, &why));
	assert_int_equal(frame.tag, 0x46);
	assert_int_equal(frame.len, 2);
	assert_memory_equal(frame.body, "hi", 2);
}

static void
assert_ends(enum failure class, const char *part)
{
	struct channel_frame frame;

	assert_false(channel_recv(&ch, &frame, &d, &why));
	assert_int_equal(why.class, class);
	assert_contains(why.text, part);
}

TEST(recv_one_frame)
{
	(void)state;
	write_far(frame_a, sizeof(frame_a));
	assert_frame_a();
	assert_false(channel_has_more(&ch));
}

TEST(recv_frames_that_come_together)
{
	struct channel_frame frame;

	(void)state;
	write_far(frame_a, sizeof(frame_a));
	write_far(frame_b, sizeof(frame_b));
	write_far(frame_a, 5);
	assert_frame_a();
	assert_true(channel_has_more(&ch));
	assert_true(channel_recv(&ch, &frame, &d, &why));
	assert_int_equal(frame.tag, 0x43);
	assert_int_equal(frame.len, 0);
	write_far(frame_a + 5, sizeof(frame_a) - 5);
	assert_frame_a();
	assert_false(channel_has_more(&ch));
}

TEST(recv_longest_frame_behind_another)
{
	static uint8_t longest[CHANNEL_FRAME_MAX];
	struct channel_frame frame;

	(void)state;
	longest[2] = LIMIT_FRAME_MAX >> 8;
	longest[3] = LIMIT_FRAME_MAX & 0xff;
	longest[4] = 0x48;
	longest[sizeof(longest) - 1] = 7;
	write_far(frame_a, sizeof(frame_a));
	write_far(longest, sizeof(longest));
	assert_frame_a();
	assert_true(channel_recv(&ch, &frame, &d, &why));
	assert_int_equal(frame.tag, 0x48);
	assert_int_equal(frame.len, LIMIT_FRAME_MAX - 1);
	assert_int_equal(frame.body[frame.len - 1], 7);
}

TEST(recv_refuses_bad_lengths)
{
	static const uint8_t empty[4] = { 0 };
	static const uint8_t above[4] = { 0, 0, 0x40, 1 };
	static const uint8_t huge[4] = { 0xff, 0xff, 0xff, 0xff };

	(void)state;
	write_far(empty, sizeof(empty));
	assert_ends(FAILURE_PROTOCOL, "truncated");
	ch.start = ch.end = 0;
	write_far(above, sizeof(above));
	assert_ends(FAILURE_PROTOCOL, "too_long");
	ch.start = ch.end = 0;
	write_far(huge, sizeof(huge));
	assert_ends(FAILURE_PROTOCOL, "too_long");
}

TEST(recv_ends_at_eof)
{
	(void)state;
	hang_up();
	assert_ends(FAILURE_BROKEN_OFF, "hung up");
}

TEST(recv_ends_at_eof_in_a_frame)
{
	(void)state;
	write_far(frame_a, 6);
	hang_up();
	assert_ends(FAILURE_BROKEN_OFF, "hung up");
}

TEST(recv_ends_at_reset)
{
	(void)state;
	/* what the far end has not read makes its close a reset */
	assert_true(channel_send(&ch, frame_b, sizeof(frame_b), &d, &why));
	hang_up();
	assert_ends(FAILURE_BROKEN_OFF, "hung up");
}

TEST(recv_takes_what_was_said_before_a_reset)
{
	(void)state;
	assert_true(channel_send(&ch, frame_b, sizeof(frame_b), &d, &why));
	write_far(frame_a, sizeof(frame_a));
	hang_up();
	assert_frame_a();
	assert_ends(FAILURE_BROKEN_OFF, "hung up");
}

TEST(recv_keeps_to_the_budget)
{
	int64_t began = fixture_now_ms();

	(void)state;
	deadline_start(&d, 60);
	write_far(frame_a, 6);
	assert_ends(FAILURE_BROKEN_OFF, "did not answer in time");
	assert_in_range(fixture_now_ms() - began, 60, 1000);
}

static volatile sig_atomic_t n_signals;

static void
count_signal(int number)
{
	(void)number;
	n_signals++;
}

/* A storm of SIGALRM from now on; 0 ends it. */
static void
storm(int us, int flags)
{
	struct sigaction action = { .sa_handler = count_signal,
		.sa_flags = flags };
	struct itimerval timer = { .it_interval = { 0, us },
		.it_value = { 0, us } };

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

TEST(signals_do_not_prolong_the_budget)
{
	static const int flags[] = { 0, SA_RESTART };
	int64_t began;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		n_signals = 0;
		began = fixture_now_ms();
		deadline_start(&d, 80);
		storm(2000, flags[i]);
		assert_ends(FAILURE_BROKEN_OFF, "did not answer in time");
		storm(0, flags[i]);
		assert_in_range(fixture_now_ms() - began, 80, 1000);
		assert_true(n_signals > 5);
	}
}

TEST(send_raises_no_signal)
{
	(void)state;
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	hang_up();
	/* there may be an answer to read all the same */
	assert_true(channel_send(&ch, frame_a, sizeof(frame_a), &d, &why));
	assert_ends(FAILURE_BROKEN_OFF, "hung up");
}

TEST(send_keeps_to_the_budget)
{
	static const uint8_t much[CHANNEL_FRAME_MAX];
	int64_t began = fixture_now_ms();

	(void)state;
	deadline_start(&d, 60);
	while (channel_send(&ch, much, sizeof(much), &d, &why))
		;
	assert_int_equal(why.class, FAILURE_BROKEN_OFF);
	assert_contains(why.text, "before the worker took");
	assert_in_range(fixture_now_ms() - began, 60, 1000);
}

TEST(wipes_what_it_received)
{
	size_t i;

	(void)state;
	write_far(frame_a, sizeof(frame_a));
	assert_frame_a();
	channel_close(&ch);
	assert_int_equal(ch.in[4], 0x46);
	channel_wipe(&ch);
	for (i = 0; i < sizeof(frame_a); i++)
		assert_int_equal(ch.in[i], 0);
}

/* --- connecting --- */

static int
listen_at(const char *path, int backlog)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(un.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static int
connect_error(const char *path)
{
	int error = 0;

	channel_init(&ch);
	assert_false(channel_connect(&ch, path, &d, &error));
	assert_int_equal(ch.fd, -1);
	return error;
}

TEST(connect_gives_a_high_descriptor_that_closes_on_exec)
{
	struct fixture *f = *state;
	int listener = listen_at(f->socket, 5), error, fd, high[3];

	deadline_start(&d, 1000);
	for (fd = 0; fd < 3; fd++) {
		high[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 20);
		(void)close(fd);
	}
	channel_init(&ch);
	error = channel_connect(&ch, f->socket, &d, &error) ? 0 : error;
	fd = fcntl(0, F_GETFD) + fcntl(1, F_GETFD) + fcntl(2, F_GETFD);
	(void)dup2(high[0], 0);
	(void)dup2(high[1], 1);
	(void)dup2(high[2], 2);
	assert_int_equal(fd, -3);
	assert_int_equal(error, 0);
	assert_true(ch.fd >= 3);
	assert_int_equal(fcntl(ch.fd, F_GETFD), FD_CLOEXEC);
	channel_close(&ch);
	(void)close(listener);
	for (fd = 0; fd < 3; fd++)
		(void)close(high[fd]);
}

TEST(connect_says_why_not)
{
	struct fixture *f = *state;
	char path[200];

	deadline_start(&d, 1000);
	assert_int_equal(connect_error(f->socket), ENOENT);
	(void)close(listen_at(f->socket, 5));
	assert_int_equal(connect_error(f->socket), ECONNREFUSED);
	assert_int_equal(connect_error(f->log_path), ECONNREFUSED);
	memset(path, 'a', sizeof(path));
	path[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = '\0';
	assert_int_equal(connect_error(path), ENAMETOOLONG);
}

/* Fills the backlog: the kernel takes backlog + 1. */
static void
fill(const char *path, struct channel *others, size_t n)
{
	size_t i;
	int error;

	for (i = 0; i < n; i++) {
		channel_init(&others[i]);
		assert_true(channel_connect(&others[i], path, &d, &error));
	}
}

TEST(connect_waits_for_a_full_backlog_no_longer_than_the_budget)
{
	static struct channel others[2];
	struct fixture *f = *state;
	int listener = listen_at(f->socket, 1);
	int64_t began;

	deadline_start(&d, 1000);
	fill(f->socket, others, ARRAY_LEN(others));
	began = fixture_now_ms();
	deadline_start(&d, 60);
	assert_int_equal(connect_error(f->socket), EAGAIN);
	assert_in_range(fixture_now_ms() - began, 60, 1000);
	/* the same in a storm of signals */
	began = fixture_now_ms();
	deadline_start(&d, 60);
	storm(2000, 0);
	assert_int_equal(connect_error(f->socket), EAGAIN);
	storm(0, 0);
	assert_in_range(fixture_now_ms() - began, 60, 1000);
	channel_close(&others[0]);
	(void)close(listener);
}

#define PAIR(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup_pair, teardown_pair)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(recv_one_frame),
		PAIR(recv_frames_that_come_together),
		PAIR(recv_longest_frame_behind_another),
		PAIR(recv_refuses_bad_lengths),
		PAIR(recv_ends_at_eof),
		PAIR(recv_ends_at_eof_in_a_frame),
		PAIR(recv_ends_at_reset),
		PAIR(recv_takes_what_was_said_before_a_reset),
		PAIR(recv_keeps_to_the_budget),
		PAIR(signals_do_not_prolong_the_budget),
		PAIR(send_raises_no_signal),
		PAIR(send_keeps_to_the_budget),
		PAIR(wipes_what_it_received),
		FIXTURE(connect_gives_a_high_descriptor_that_closes_on_exec),
		FIXTURE(connect_says_why_not),
		FIXTURE(
		    connect_waits_for_a_full_backlog_no_longer_than_the_budget),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
