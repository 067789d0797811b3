/* SPDX-License-Identifier: MIT */

/* What a hook tells of its process, and what a worker may ask. */

#include <unistd.h>

#include <security/pam_modules.h>

#include "../../shim/hook.h"
#include "../../shim/process.h"
#include "fixture.h"
#include "proc.h"

#define M		FIXTURE_MODULE

int	trampoline_hook(pam_handle_t *, enum hook, int, int, const char **);

__attribute__((visibility("default"))) int
trampoline_hook(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, hook, flags, argc, argv);
}

static int
setup(void **state)
{
	proc_reset();
	if (fixture_setup(state) != 0)
		return -1;
	fixture_use_trampoline(*state);
	return 0;
}

static struct message_hook told;

static void
run_hook(struct fixture *f, const char *hooks, enum hook hook)
{
	struct wire_bytes body;

	fixture_link(f, M, hooks);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	proc_opened = proc_asked = 0;
	assert_int_equal(fixture_hook(f, hook, "instance=second " M),
	    PAM_SUCCESS);
	assert_int_equal(peer_heard(&f->peer, 0, &body), MESSAGE_HOOK);
	assert_int_equal(message_hook_decode(&told, body.p, body.len),
	    WIRE_OK);
	assert_true(told.has_instance && told.instance.len == 6);
	assert_memory_equal(told.instance.s, "second", 6);
}

static const struct {
	const char	*hooks;
	enum hook	 hook;
	bool		 started, parent;
} lists[] = {
	{ "account", HOOK_ACCOUNT, false, false },
	{ "authenticate", HOOK_AUTHENTICATE, false, false },
	{ "authenticate,account,preliminary,update", HOOK_ACCOUNT, false,
	    false },
	{ "openSession", HOOK_OPEN_SESSION, true, false },
	{ "closeSession", HOOK_CLOSE_SESSION, true, false },
	{ "setCredentials,openSession,closeSession", HOOK_SET_CREDENTIALS,
	    true, false },
	{ "authenticate,setCredentials", HOOK_AUTHENTICATE, true, true },
	{ "account,openSession", HOOK_ACCOUNT, true, true },
	{ "account,openSession", HOOK_OPEN_SESSION, true, true },
	{ "preliminary,closeSession", HOOK_CLOSE_SESSION, true, true },
	{ "update,openSession", HOOK_OPEN_SESSION, true, true },
};

static void
assert_told(size_t i, int64_t started)
{
	bool root = geteuid() == 0;

	assert_int_equal(told.has_started, root && lists[i].started);
	assert_int_equal(told.has_parent_pid, told.has_parent_started);
	if (told.has_started)
		assert_true(told.started == started);
	else
		assert_int_equal(proc_opened, 0);
	/* who runs this test need not be root's child */
	if (root && lists[i].parent)
		assert_true(proc_asked > 0);
	else
		assert_false(told.has_parent_pid || proc_asked > 0);
	if (told.has_parent_pid)
		assert_int_equal(told.parent_pid, proc_real_parent());
}

TEST(starts_are_told_where_they_are_of_use)
{
	struct process self;
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	assert_true(process_self(&self));
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		assert_int_equal(setup(&own), 0);
		f = own;
		run_hook(f, lists[i].hooks, lists[i].hook);
		assert_told(i, self.started);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(hook_goes_on_without_proc)
{
	struct fixture *f = *state;

	proc_hidden = "/proc/self/stat";
	run_hook(f, "account,openSession", HOOK_OPEN_SESSION);
	assert_false(told.has_started);
	assert_false(told.has_parent_pid);
	assert_logged_not(f, "/proc");
}

TEST(processes_that_proc_does_not_show_are_not_answered)
{
	static const struct message_lookup_processes asked = {
		.n_processes = 1, .processes[0].pid = 1 };
	struct fixture *f = *state;
	struct message_failed m;
	struct wire_bytes body;

	proc_hidden = "/proc/self/stat";
	peer_hear(&f->peer);
	peer_say_lookup_processes(&f->peer, &asked);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, M), PAM_SUCCESS);
	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_FAILED);
	assert_int_equal(message_failed_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.code, geteuid() == 0 ? PAM_SYSTEM_ERR :
	    PAM_PERM_DENIED);
}

#define HOOK(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(starts_are_told_where_they_are_of_use),
		HOOK(hook_goes_on_without_proc),
		HOOK(processes_that_proc_does_not_show_are_not_answered),
	};

	return cmocka_run_group_tests_name("process hook", tests, NULL, NULL);
}
