/* SPDX-License-Identifier: MIT */

/*
 * Every class of failure in every hook, through the real libpam, but protocol:
 * that is protocol_test.c.
 */

#include <security/pam_modules.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"

/* --- unreachable --- */

static void
no_socket(struct fixture *f)
{
	assert_int_equal(access(f->socket, F_OK), -1);
}

static void
dead_socket(struct fixture *f)
{
	peer_start(&f->peer, f->socket, 5);
	peer_stop(&f->peer);
}

static void
no_directory(struct fixture *f)
{
	char marker[FIXTURE_PATH_MAX + 16];

	(void)snprintf(marker, sizeof(marker), "%s/.pam-deno", f->run);
	assert_int_equal(unlink(marker), 0);
	assert_int_equal(rmdir(f->run), 0);
}

/* --- broken off --- */

SCRIPT(hangs_up_at_once)
{
	peer_step(peer, PEER_RESET);
}

SCRIPT(hangs_up_after_the_request)
{
	peer_hear(peer);
	peer_step(peer, PEER_SHUT);
}

SCRIPT(hangs_up_in_the_length)
{
	peer_hear(peer);
	peer_say(peer, "\0\0", 2);
	peer_step(peer, PEER_SHUT);
}

SCRIPT(hangs_up_in_the_result)
{
	peer_hear(peer);
	peer_say(peer, "\0\0\0\x10\x48\0\0", 7);
	peer_step(peer, PEER_SHUT);
}

SCRIPT(dies)
{
	peer_hear(peer);
	peer_step(peer, PEER_DIE);
}

SCRIPT(sleeps)
{
	peer_hear(peer);
	peer_sleep(peer, 150);
}

SCRIPT(sleeps_in_the_result)
{
	peer_hear(peer);
	peer_say(peer, "\0\0\0\x10\x48\0\0", 7);
	peer_sleep(peer, 150);
}

SCRIPT(logs_for_ever)
{
	struct peer_step *step;

	peer_hear(peer);
	peer_say_log(peer, LEVEL_INFO, "still there");
	step = &peer->steps[peer->n_steps - 1];
	step->kind = PEER_FLOOD;
}

SCRIPT(is_busy)
{
	peer_say_fault(peer, FAULT_BUSY, "16 hooks are in flight");
	peer_step(peer, PEER_RESET);
}

SCRIPT(has_no_common_version)
{
	peer_hear(peer);
	peer_say_fault(peer, FAULT_NO_COMMON_VERSION, "2 and 3 are served");
}

/* --- what a worker reports --- */

SCRIPT(threw)
{
	peer_hear(peer);
	peer_say_fault(peer, FAULT_THREW, "TypeError: %s%n in policy.ts:8:9");
}

SCRIPT(misconfigured)
{
	peer_hear(peer);
	peer_say_fault(peer, FAULT_MISCONFIGURED, "option opne is unknown");
}

SCRIPT(reports_protocol)
{
	peer_hear(peer);
	peer_say_fault(peer, FAULT_PROTOCOL, "trailing");
}

/* --- misconfigured --- */

static void
nothing(struct fixture *f)
{
	assert_int_equal(f->peer.pid, 0);
}

static void
file_for_a_socket(struct fixture *f)
{
	FILE *file = fopen(f->socket, "w");

	assert_non_null(file);
	(void)fclose(file);
}

static void
directory_for_a_socket(struct fixture *f)
{
	assert_int_equal(mkdir(f->socket, 0700), 0);
}

SCRIPT(answers)
{
	peer_hear(peer);
	peer_say_code(peer, PAM_SUCCESS);
}

static void
socket_for_everybody(struct fixture *f)
{
	dead_socket(f);
	assert_int_equal(chmod(f->socket, 0666), 0);
}

static void
directory_for_everybody(struct fixture *f)
{
	assert_int_equal(chmod(f->run, 0777), 0);
}

/* The worker answers, but who says that this is a module at all? */
static void
links_for_everybody(struct fixture *f)
{
	char path[FIXTURE_PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/hooks", f->etc);
	assert_int_equal(chmod(path, 0777), 0);
	answers(f);
}

#define M	FIXTURE_MODULE
#define QUICK	"timeout=40ms "

static const struct failing table[] = {
	{ FAILURE_UNREACHABLE, no_socket, QUICK M, "ENOENT" },
	{ FAILURE_UNREACHABLE, dead_socket, QUICK M, "ECONNREFUSED" },
	{ FAILURE_UNREACHABLE, no_directory, QUICK M, "does not exist" },
	{ FAILURE_UNREACHABLE, no_directory, QUICK "on_unreachable=ignore " M,
	    "does not exist" },
	{ FAILURE_BROKEN_OFF, hangs_up_at_once, M, "hung up" },
	{ FAILURE_BROKEN_OFF, hangs_up_at_once, "on_unreachable=ignore " M,
	    "hung up" },
	{ FAILURE_BROKEN_OFF, hangs_up_after_the_request, M, "hung up" },
	{ FAILURE_BROKEN_OFF, hangs_up_in_the_length, M, "hung up" },
	{ FAILURE_BROKEN_OFF, hangs_up_in_the_result, M, "hung up" },
	{ FAILURE_BROKEN_OFF, dies, M, "hung up" },
	{ FAILURE_BROKEN_OFF, sleeps, QUICK M, "did not answer in time" },
	{ FAILURE_BROKEN_OFF, sleeps_in_the_result, QUICK M,
	    "did not answer in time" },
	{ FAILURE_BROKEN_OFF, logs_for_ever, QUICK M,
	    "did not answer in time" },
	{ FAILURE_BROKEN_OFF, is_busy, M, "busy: 16 hooks are in flight" },
	{ FAILURE_BROKEN_OFF, has_no_common_version, M,
	    "no common version: 2 and 3" },
	{ FAILURE_THREW, threw, M, "TypeError: %s%n in policy.ts:8:9" },
	{ FAILURE_PROTOCOL, reports_protocol, M, "trailing" },
	{ FAILURE_MISCONFIGURED, misconfigured, M, "option opne is unknown" },
	{ FAILURE_MISCONFIGURED, nothing, "", "names no module" },
	{ FAILURE_MISCONFIGURED, nothing, "debug=yes", "names no module" },
	{ FAILURE_MISCONFIGURED, nothing, "Office", "is not the name" },
	{ FAILURE_MISCONFIGURED, nothing, "office-hour",
	    "did you mean office-hours?" },
	{ FAILURE_MISCONFIGURED, nothing, "on_unreachable=ignore office-hour",
	    "did you mean office-hours?" },
	{ FAILURE_MISCONFIGURED, nothing, "timeout=never " M,
	    "timeout=never" },
	{ FAILURE_MISCONFIGURED, nothing, "on_unreachable=success " M,
	    "on_unreachable=success" },
	{ FAILURE_MISCONFIGURED, file_for_a_socket,
	    "on_unreachable=ignore " M, "is not a socket" },
	{ FAILURE_MISCONFIGURED, directory_for_a_socket,
	    "on_unreachable=ignore " M, "is not a socket" },
	{ FAILURE_MISCONFIGURED, socket_for_everybody,
	    "on_unreachable=ignore " M, "chmod 0600" },
	{ FAILURE_MISCONFIGURED, directory_for_everybody,
	    "on_unreachable=ignore " M, "chmod go-w" },
	{ FAILURE_MISCONFIGURED, links_for_everybody, M, "chmod go-w" },
};

int
main(void)
{
	return failing_main("failure", table, ARRAY_LEN(table),
	    links_for_everybody);
}
