/* SPDX-License-Identifier: MIT */

/* What a hook tells of its process, and what a worker may ask. */

#include <sys/socket.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "../../shim/callback_lookup.h"
#include "../../shim/hook.h"
#include "../../shim/process.h"
#include "fixture.h"
#include "proc.h"

#define M		FIXTURE_MODULE
#define FRAME_HEAD	(WIRE_LENGTH_SIZE + 1)

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

/* What the shim does with the longest question; false: the hook is over. */
static bool
ask_directly(struct call *call, const struct message_lookup_processes *asked)
{
	static uint8_t body[CHANNEL_FRAME_MAX];
	struct channel_frame frame = { .tag = MESSAGE_LOOKUP_PROCESSES };
	struct wire_writer w;
	int ends[2];
	bool answered;

	wire_writer_init(&w, body, sizeof(body));
	assert_int_equal(message_lookup_processes_encode(&w, asked), WIRE_OK);
	/* behind the length and the tag */
	frame.body = w.p + FRAME_HEAD;
	frame.len = w.len - FRAME_HEAD;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	channel_init(&call->channel);
	call->channel.fd = ends[0];
	call->caller.euid = 0;
	proc_opened = 0;
	answered = callback_lookup(call, &frame);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return answered;
}

TEST(long_questions_are_bounded)
{
	static struct message_lookup_processes asked;
	static struct call call;
	size_t i;

	(void)state;
	proc_reset();
	asked.n_processes = LIMIT_PROCESSES_MAX;
	for (i = 0; i < asked.n_processes; i++) {
		asked.processes[i].pid = (uint32_t)getpid();
		asked.processes[i].started = (int64_t)i;
	}
	/* one number is looked at once, beside the shim's own */
	deadline_start(&call.deadline, 10000);
	assert_true(ask_directly(&call, &asked));
	assert_int_equal(proc_opened, 2);
	deadline_start(&call.deadline, 0);
	assert_false(ask_directly(&call, &asked));
	assert_int_equal(proc_opened, 1);
	assert_int_equal(call.why.class, FAILURE_BROKEN_OFF);
	assert_contains(call.why.text, "the time was up");
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
		UNIT(long_questions_are_bounded),
	};

	return cmocka_run_group_tests_name("process hook", tests, NULL, NULL);
}
