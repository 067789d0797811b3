/* SPDX-License-Identifier: MIT */

/* Calls that are interrupted, cut short or end too early. */

#include <errno.h>

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

TEST(storms_of_eintr)
{
	struct fixture *f = *state;

	answer(f);
	let_fail(&faults_of_connect, EINTR, 50);
	let_fail(&faults_of_send, EINTR, 50);
	let_fail(&faults_of_recv, EINTR, 50);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SUCCESS);
	assert_true(faults_of_connect.calls > 50);
	assert_true(faults_of_send.calls > 50);
	assert_true(faults_of_recv.calls > 50);
}

TEST(endless_storms_of_eintr_end_with_the_budget)
{
	struct syscall_fault *const all[] = { &faults_of_connect,
		&faults_of_send, &faults_of_recv };
	struct fixture *f;
	void *own;
	int64_t began;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(wrapped_setup(&own), 0);
		f = own;
		listen_only(f);
		let_fail(all[i], EINTR, -1);
		began = fixture_now_ms();
		assert_int_equal(call(f, HOOK_ACCOUNT, "timeout=50ms " M),
		    PAM_SERVICE_ERR);
		assert_in_range(fixture_now_ms() - began, 50, 2000);
		assert_logged(f, "broken_off, ");
		assert_int_equal(wrapped_teardown(&own), 0);
	}
}

TEST(octet_by_octet)
{
	struct fixture *f = *state;

	answer(f);
	faults_of_send.piecemeal = faults_of_recv.piecemeal = true;
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_int_equal(faults_of_send.calls, f->peer.heard->len[0]);
	assert_int_equal(f->peer.heard->n, 1);
}

TEST(full_socket_is_waited_for)
{
	struct fixture *f = *state;

	answer(f);
	let_fail(&faults_of_send, EAGAIN, 3);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SUCCESS);
}

TEST(early_time_outs_of_the_kernel_are_not_the_budget)
{
	struct fixture *f = *state;

	answer(f);
	let_fail(&faults_of_recv, EAGAIN, 3);
	let_fail(&faults_of_connect, EAGAIN, 3);
	assert_int_equal(call(f, HOOK_ACCOUNT, M), PAM_SUCCESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT(storms_of_eintr),
		UNIT(endless_storms_of_eintr_end_with_the_budget),
		FAULT(octet_by_octet),
		FAULT(full_socket_is_waited_for),
		FAULT(early_time_outs_of_the_kernel_are_not_the_budget),
	};

	return cmocka_run_group_tests_name("fault_storm", tests, NULL, NULL);
}
