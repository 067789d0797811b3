/* SPDX-License-Identifier: MIT */

/* Where the application has run out of something, or is not allowed. */

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "wrapped.h"

#define M	FIXTURE_MODULE

static void
listen_only(struct fixture *f)
{
	peer_start(&f->peer, f->socket, 5);
}

static void
answer(struct fixture *f)
{
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
}

static int
call(struct fixture *f, enum hook hook, const char *words)
{
	if (hook == HOOK_UPDATE)
		fixture_link(f, M, "update");
	fixture_line(f, fixture_line_type(hook), words);
	fixture_start(f, FIXTURE_USER);
	return fixture_call(f, hook, 0);
}

TEST(starved_in_every_hook_and_never_ignored)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS };
	struct fixture *f;
	void *own;
	size_t i;
	int hook;

	(void)state;
	for (i = 0; i < ARRAY_LEN(errors); i++) {
		for (hook = 1; hook <= HOOK_COUNT; hook++) {
			assert_int_equal(wrapped_setup(&own), 0);
			f = own;
			listen_only(f);
			let_fail(&faults_of_socket, errors[i], -1);
			assert_int_equal(call(f, (enum hook)hook,
			    "on_unreachable=ignore " M), PAM_BUF_ERR);
			assert_logged(f, "starved, buf_err in ");
			assert_int_equal(faults_of_socket.calls, 1);
			assert_int_equal(wrapped_teardown(&own), 0);
		}
	}
}

TEST(starved_while_talking)
{
	struct fixture *f;
	void *own;

	(void)state;
	assert_int_equal(wrapped_setup(&own), 0);
	f = own;
	listen_only(f);
	let_fail(&faults_of_send, ENOBUFS, -1);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_BUF_ERR);
	assert_logged(f, "sending to the worker failed: ENOBUFS");
	assert_int_equal(wrapped_teardown(&own), 0);
	assert_int_equal(wrapped_setup(&own), 0);
	f = own;
	answer(f);
	let_fail(&faults_of_recv, ENOMEM, -1);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_BUF_ERR);
	assert_logged(f, "receiving from the worker failed: ENOMEM");
	assert_int_equal(wrapped_teardown(&own), 0);
}

TEST(no_descriptor_left)
{
	struct fixture *f = *state;
	struct rlimit limit, low;
	int fd, code;

	listen_only(f);
	fixture_line(f, "account", "on_unreachable=ignore " M);
	fixture_start(f, FIXTURE_USER);
	/* there is none for the log either */
	assert_int_equal(unsetenv("PAM_DENO_TEST_SYSLOG"), 0);
	assert_true((fd = dup(0)) >= 0);
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	code = fixture_call(f, HOOK_ACCOUNT, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* libpam itself fails then where it writes to the audit log */
	assert_true(code == PAM_BUF_ERR || code == PAM_SYSTEM_ERR);
}

TEST(other_errors_of_connecting_are_never_ignored)
{
	static const struct {
		int error, code;
		const char *logged;
	} cases[] = {
		{ EACCES, PAM_AUTHINFO_UNAVAIL, "SELinux" },
		{ EPERM, PAM_AUTHINFO_UNAVAIL, "AppArmor" },
		{ EPROTOTYPE, PAM_AUTHINFO_UNAVAIL, "EPROTOTYPE" },
		{ EIO, PAM_AUTHINFO_UNAVAIL, "EIO" },
		{ ENOTDIR, PAM_AUTHINFO_UNAVAIL, "ENOTDIR" },
		{ ENOMEM, PAM_BUF_ERR, "no descriptors or memory" },
	};
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(wrapped_setup(&own), 0);
		f = own;
		listen_only(f);
		let_fail(&faults_of_connect, cases[i].error, -1);
		assert_int_equal(call(f, HOOK_ACCOUNT,
		    "on_unreachable=ignore " M), cases[i].code);
		assert_int_equal(faults_of_connect.calls, 1);
		assert_logged(f, cases[i].logged);
		assert_logged_not(f, "ignore by");
		assert_int_equal(wrapped_teardown(&own), 0);
	}
}

/* Without a time-out of the kernel a call could block for ever. */
TEST(no_time_out_no_call)
{
	struct fixture *f = *state;

	listen_only(f);
	let_fail(&faults_of_setsockopt, ENOMEM, -1);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SERVICE_ERR);
	assert_int_equal(faults_of_connect.calls, 0);
	assert_int_equal(faults_of_recv.calls, 0);
}

TEST(usual_path_allocates_nothing)
{
	struct fixture *f = *state;

	answer(f);
	assert_int_equal(call(f, HOOK_ACCOUNT, M " a=b"), PAM_SUCCESS);
	assert_int_equal(faults_of_malloc.calls, 0);
	assert_int_equal(faults_of_send.calls, 1);
	/* it may look for the answer before it is there */
	assert_true(faults_of_recv.calls >= 1);
}

TEST(no_memory_for_module_data)
{
	struct fixture *f = *state;
	struct message_result m;

	peer_result(&m, PAM_SUCCESS);
	m.data_action = DATA_ACTION_SET;
	m.data.len = 1;
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	let_fail(&faults_of_malloc, ENOMEM, -1);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SYSTEM_ERR);
	assert_logged(f, "did not take the module data");
}

TEST(no_memory_for_look_ups)
{
	static const enum message_tag tags[] = { MESSAGE_LOOKUP_PASSWD,
		MESSAGE_LOOKUP_GROUPS, MESSAGE_LOOKUP_AGEING };
	struct fixture *f = *state;
	struct message_failed m;
	struct wire_bytes body;
	unsigned i;

	peer_hear(&f->peer);
	for (i = 0; i < ARRAY_LEN(tags); i++) {
		peer_say_lookup(&f->peer, tags[i]);
		peer_hear(&f->peer);
	}
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	let_fail(&faults_of_malloc, ENOMEM, -1);
	assert_int_equal(call(f, HOOK_ACCOUNT, "grant=shadow " M),
	    PAM_SUCCESS);
	peer_join(&f->peer);
	for (i = 1; i <= ARRAY_LEN(tags); i++) {
		assert_int_equal(peer_heard(&f->peer, i, &body),
		    MESSAGE_FAILED);
		assert_int_equal(message_failed_decode(&m, body.p, body.len),
		    WIRE_OK);
		assert_int_equal(m.code, PAM_BUF_ERR);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(starved_in_every_hook_and_never_ignored),
		UNIT(starved_while_talking),
		FAULT(no_descriptor_left),
		UNIT(other_errors_of_connecting_are_never_ignored),
		FAULT(no_time_out_no_call),
		FAULT(usual_path_allocates_nothing),
		FAULT(no_memory_for_module_data),
		FAULT(no_memory_for_look_ups),
	};

	return cmocka_run_group_tests_name("fault_starved", tests, NULL, NULL);
}
