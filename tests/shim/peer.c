/* SPDX-License-Identifier: MIT */

#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* No script of a test takes longer. */
#define PEER_SECONDS_MAX 20

void
peer_init(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	wire_writer_init(&peer->w, peer->arena, sizeof(peer->arena));
	peer->heard = mmap(NULL, sizeof(*peer->heard), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(peer->heard, MAP_FAILED);
}

void
peer_free(struct peer *peer)
{
	peer_stop(peer);
	(void)munmap(peer->heard, sizeof(*peer->heard));
}

static struct peer_step *
peer_add(struct peer *peer, enum peer_step_kind kind)
{
	struct peer_step *step;

	assert_true(peer->n_steps < PEER_STEPS_MAX);
	step = &peer->steps[peer->n_steps++];
	step->kind = kind;
	return step;
}

void
peer_step(struct peer *peer, enum peer_step_kind kind)
{
	(void)peer_add(peer, kind);
}

void
peer_sleep(struct peer *peer, int ms)
{
	peer_add(peer, PEER_SLEEP)->ms = ms;
}

static struct peer_step *
peer_say_octets(struct peer *peer, enum peer_step_kind kind, const void *p,
    size_t len)
{
	struct peer_step *step = peer_add(peer, kind);

	assert_true(len <= peer->w.cap - peer->w.len);
	step->at = peer->w.len;
	step->len = len;
	memcpy(peer->arena + peer->w.len, p, len);
	peer->w.len += len;
	return step;
}

void
peer_say(struct peer *peer, const void *p, size_t len)
{
	(void)peer_say_octets(peer, PEER_SAY, p, len);
}

void
peer_say_slowly(struct peer *peer, const void *p, size_t len, int ms)
{
	peer_say_octets(peer, PEER_SAY_SLOWLY, p, len)->ms = ms;
}

void
peer_said(struct peer *peer, size_t mark, enum wire_error error)
{
	struct peer_step *step = peer_add(peer, PEER_SAY);

	assert_string_equal(wire_error_name(error), "ok");
	step->at = mark;
	step->len = peer->w.len - mark;
}

struct wire_str
peer_str(const char *s)
{
	struct wire_str str = { .s = s, .len = strlen(s) };

	return str;
}

void
peer_result(struct message_result *m, int code)
{
	memset(m, 0, sizeof(*m));
	m->code = (uint8_t)code;
	m->data.p = (const uint8_t *)"";
}

/* The process fails by its exit status; peer_join() shows it. */
static void
peer_fail(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static bool
peer_read(int fd, uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		if ((n = read(fd, p, len)) <= 0)
			return false;
	}
	return true;
}

static void
peer_do_hear(struct peer *peer, int fd)
{
	struct peer_heard *heard = peer->heard;
	uint8_t *p = heard->frame[heard->n % PEER_HEARD_MAX];
	size_t len;

	if (!peer_read(fd, p, WIRE_LENGTH_SIZE))
		peer_fail("no frame came");
	if (wire_frame_length(p, &len) != WIRE_OK)
		peer_fail("a frame has a bad length");
	if (!peer_read(fd, p + WIRE_LENGTH_SIZE, len))
		peer_fail("a frame is cut off");
	heard->len[heard->n % PEER_HEARD_MAX] = WIRE_LENGTH_SIZE + len;
	heard->n++;
}

static void
peer_do_say(struct peer *peer, int fd, const struct peer_step *step)
{
	size_t i, n = step->kind == PEER_SAY_SLOWLY ? 1 : step->len;

	for (i = 0; i < step->len; i += n) {
		/* the shim may have hung up by now: that is its answer */
		if (send(fd, peer->arena + step->at + i, n, MSG_NOSIGNAL) !=
		    (ssize_t)n)
			return;
		if (step->kind == PEER_SAY_SLOWLY)
			(void)poll(NULL, 0, step->ms);
	}
}

static void
peer_do_flood(struct peer *peer, int fd, const struct peer_step *step)
{
	while (send(fd, peer->arena + step->at, step->len, MSG_NOSIGNAL) > 0)
		;
}

static int
peer_do_accept(struct peer *peer, int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		peer_fail("accept");
	peer->heard->connections++;
	return fd;
}

/* Waits until the shim hangs up, which it must do by itself. */
static void
peer_drain(int fd)
{
	uint8_t rest[512];

	if (fd < 0)
		return;
	while (read(fd, rest, sizeof(rest)) > 0)
		;
	(void)close(fd);
}

static void
peer_run_script(struct peer *peer, int listener)
{
	const struct peer_step *step;
	size_t i;
	int fd = peer_do_accept(peer, listener);

	for (i = 0; i < peer->n_steps; i++) {
		step = &peer->steps[i];
		switch (step->kind) {
		case PEER_ACCEPT:
			peer_drain(fd);
			fd = peer_do_accept(peer, listener);
			break;
		case PEER_HEAR:
			peer_do_hear(peer, fd);
			break;
		case PEER_SAY:
		case PEER_SAY_SLOWLY:
			peer_do_say(peer, fd, step);
			break;
		case PEER_FLOOD:
			peer_do_flood(peer, fd, step);
			break;
		case PEER_SLEEP:
			(void)poll(NULL, 0, step->ms);
			break;
		case PEER_SHUT:
		case PEER_RESET:
			(void)close(fd);
			fd = -1;
			break;
		case PEER_DIE:
			(void)raise(SIGKILL);
			break;
		}
	}
	peer_drain(fd);
}

static void
peer_run(struct peer *peer, int listener)
{
	/* a script that goes on until it is stopped has no alarm */
	(void)alarm(peer->again ? 0 : PEER_SECONDS_MAX);
	do {
		peer_run_script(peer, listener);
	} while (peer->again);
}

static int
peer_listen(const char *path, int backlog)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	assert_true(strlen(path) < sizeof(un.sun_path));
	memcpy(un.sun_path, path, strlen(path));
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	mask = umask(0177);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	(void)umask(mask);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

void
peer_start(struct peer *peer, const char *path, int backlog)
{
	int fd = peer_listen(path, backlog);

	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (peer->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		peer_run(peer, fd);
		_exit(0);
	}
	(void)close(fd);
}

void
peer_join(struct peer *peer)
{
	int status = 0;

	if (peer->pid == 0)
		return;
	assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
	peer->pid = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void
peer_stop(struct peer *peer)
{
	if (peer->pid == 0)
		return;
	(void)kill(peer->pid, SIGKILL);
	(void)waitpid(peer->pid, NULL, 0);
	peer->pid = 0;
}

uint8_t
peer_heard(const struct peer *peer, unsigned i, struct wire_bytes *body)
{
	uint8_t tag = 0;

	assert_true(i < peer->heard->n);
	assert_int_equal(wire_frame(peer->heard->frame[i],
	    peer->heard->len[i], &tag, body), WIRE_OK);
	return tag;
}
