/* SPDX-License-Identifier: MIT */

/*
 * What comes out of each hook through the real libpam: for every code that a
 * worker can say, for hooks that the module does not define, and where nobody
 * is there to answer.
 */

#include <security/pam_modules.h>
#include <unistd.h>

#include "fixture.h"

#define EVERYWHERE \
	PAM_SUCCESS, PAM_IGNORE, PAM_PERM_DENIED, PAM_USER_UNKNOWN, \
	PAM_AUTHINFO_UNAVAIL, PAM_CONV_ERR, PAM_SERVICE_ERR, PAM_SYSTEM_ERR, \
	PAM_BUF_ERR

#define LEGAL_MAX	16
#define NO_MORE		-1

/* The legal codes of each hook, by hand, in the order of enum hook. */
static const int legal[HOOK_COUNT][LEGAL_MAX] = {
	{ EVERYWHERE, PAM_AUTH_ERR, PAM_CRED_INSUFFICIENT, PAM_MAXTRIES,
	    NO_MORE },
	{ EVERYWHERE, PAM_CRED_UNAVAIL, PAM_CRED_EXPIRED, PAM_CRED_ERR,
	    NO_MORE },
	{ EVERYWHERE, PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD,
	    NO_MORE },
	{ EVERYWHERE, PAM_SESSION_ERR, NO_MORE },
	{ EVERYWHERE, PAM_SESSION_ERR, NO_MORE },
	{ EVERYWHERE, PAM_TRY_AGAIN, PAM_AUTHTOK_LOCK_BUSY, PAM_AUTHTOK_ERR,
	    NO_MORE },
	{ EVERYWHERE, PAM_AUTHTOK_ERR, PAM_AUTHTOK_RECOVERY_ERR,
	    PAM_AUTHTOK_LOCK_BUSY, PAM_AUTHTOK_DISABLE_AGING, NO_MORE },
};

static int
expected(enum hook hook, int code)
{
	int i;

	for (i = 0; legal[hook - 1][i] != NO_MORE; i++) {
		if (legal[hook - 1][i] != code)
			continue;
		/* the pass behind a good preliminary one is not defined here */
		if (code == PAM_IGNORE ||
		    (hook == HOOK_PRELIMINARY && code == PAM_SUCCESS))
			return FIXTURE_IGNORED;
		return code;
	}
	return PAM_SYSTEM_ERR;
}

static void
run_code(enum hook hook, int code)
{
	struct fixture *f;
	void *state;
	int got;

	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	fixture_link(f, FIXTURE_MODULE, hook_word(hook));
	peer_hear(&f->peer);
	peer_say_code(&f->peer, code);
	peer_start(&f->peer, f->socket, 5);
	got = fixture_hook(f, hook, "debug=yes " FIXTURE_MODULE);
	if (got != expected(hook, code))
		fail_msg("%s said %d: %d instead of %d\n%s", hook_word(hook),
		    code, got, expected(hook, code), fixture_log(f));
	assert_logged(f, expected(hook, code) == PAM_SYSTEM_ERR ?
	    "system_err" : code_token((unsigned)code));
	assert_int_equal(fixture_teardown(&state), 0);
}

TEST(every_code_in_every_hook)
{
	int hook, code;

	(void)state;
	for (hook = 1; hook <= HOOK_COUNT; hook++) {
		for (code = 0; code < _PAM_RETURN_VALUES; code++)
			run_code((enum hook)hook, code);
	}
}

/* --- hooks that the module does not define --- */

static const struct {
	enum hook	 hook;
	const char	*defined;
	int		 code;
} undefined[] = {
	{ HOOK_AUTHENTICATE, "account", FIXTURE_IGNORED },
	{ HOOK_AUTHENTICATE, "setCredentials", FIXTURE_IGNORED },
	{ HOOK_SET_CREDENTIALS, "authenticate", PAM_SUCCESS },
	{ HOOK_SET_CREDENTIALS, "account,update", FIXTURE_IGNORED },
	{ HOOK_ACCOUNT, "authenticate,openSession", FIXTURE_IGNORED },
	{ HOOK_OPEN_SESSION, "closeSession", FIXTURE_IGNORED },
	{ HOOK_CLOSE_SESSION, "openSession", PAM_SUCCESS },
	{ HOOK_CLOSE_SESSION, "account", FIXTURE_IGNORED },
	{ HOOK_PRELIMINARY, "account", FIXTURE_IGNORED },
};

TEST(undefined_hooks_are_answered_without_a_worker)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(undefined); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		fixture_link(f, FIXTURE_MODULE, undefined[i].defined);
		assert_int_equal(fixture_hook(f, undefined[i].hook,
		    FIXTURE_MODULE), undefined[i].code);
		if (undefined[i].code == PAM_SUCCESS)
			assert_string_equal(fixture_log(f), "");
		else
			assert_logged(f, "this line does nothing for it");
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(preliminary_of_a_module_with_update_succeeds)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_UPDATE, "debug=yes "
	    FIXTURE_MODULE), PAM_SUCCESS);
	assert_int_equal(f->peer.heard->connections, 1);
	assert_logged(f, "7 pam_deno(test:chauthtok): preliminary "
	    FIXTURE_MODULE ": success: the module does not define this hook");
	assert_logged(f, "update " FIXTURE_MODULE ": success in ");
}

/* --- on_unreachable=ignore --- */

#define OPEN	"timeout=40ms on_unreachable=ignore " FIXTURE_MODULE

TEST(unreachable_is_ignored_on_request_and_logged)
{
	struct fixture *f;
	void *own;
	int hook;

	(void)state;
	for (hook = 1; hook <= HOOK_COUNT; hook++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		assert_int_equal(fixture_hook(f, (enum hook)hook, OPEN),
		    FIXTURE_IGNORED);
		assert_logged(f, "3 pam_deno(test:");
		assert_logged(f, "unreachable, ignore by "
		    "on_unreachable=ignore in ");
		assert_logged(f, "ENOENT");
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(refused_is_ignored_on_request)
{
	struct fixture *f = *state;

	peer_start(&f->peer, f->socket, 5);
	peer_stop(&f->peer);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, OPEN),
	    FIXTURE_IGNORED);
	assert_logged(f, "ECONNREFUSED");
}

TEST(unreachable_is_not_ignored_without_the_marker)
{
	struct fixture *f = *state;
	char marker[FIXTURE_PATH_MAX + 16];

	(void)snprintf(marker, sizeof(marker), "%s/.pam-deno", f->run);
	assert_int_equal(unlink(marker), 0);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, OPEN),
	    PAM_AUTHINFO_UNAVAIL);
	assert_logged(f, "on_unreachable=ignore does not apply");
	assert_int_equal(symlink("/etc/hostname", marker), 0);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SERVICE_ERR);
	assert_logged(f, "is not a regular file");
}

TEST(refusals_are_not_ignored)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_AUTHINFO_UNAVAIL);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, OPEN),
	    PAM_AUTHINFO_UNAVAIL);
}

/* --- a worker that comes back --- */

TEST(restart_is_bridged)
{
	struct fixture *f = *state;
	pid_t late;

	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	late = fork();
	assert_true(late >= 0);
	if (late == 0) {
		(void)usleep(100000);
		peer_start(&f->peer, f->socket, 5);
		peer_join(&f->peer);
		_exit(0);
	}
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
	f->peer.pid = late;
	peer_join(&f->peer);
}

TEST(missing_worker_costs_one_hook_of_a_handle_its_wait)
{
	struct fixture *f = *state;
	int64_t began = fixture_now_ms(), first;

	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_AUTHINFO_UNAVAIL);
	first = fixture_now_ms() - began;
	assert_in_range(first, 500, 3000);
	began = fixture_now_ms();
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0),
	    PAM_AUTHINFO_UNAVAIL);
	assert_in_range(fixture_now_ms() - began, 0, first - 1);
	assert_logged(f, " in 0 ms ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_code_in_every_hook),
		UNIT(undefined_hooks_are_answered_without_a_worker),
		FIXTURE(preliminary_of_a_module_with_update_succeeds),
		UNIT(unreachable_is_ignored_on_request_and_logged),
		FIXTURE(refused_is_ignored_on_request),
		FIXTURE(unreachable_is_not_ignored_without_the_marker),
		FIXTURE(refusals_are_not_ignored),
		FIXTURE(restart_is_bridged),
		FIXTURE(missing_worker_costs_one_hook_of_a_handle_its_wait),
	};

	return cmocka_run_group_tests_name("retval", tests, NULL, NULL);
}
