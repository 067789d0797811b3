/* SPDX-License-Identifier: MIT */

/* The codes stand here a second time, by hand: the shim's are generated. */

#include "failing.h"

#include <security/pam_modules.h>

#define FAILING_MAX	64
#define NAME_LEN_MAX	160

/* In the order of enum hook, without its 0. */
static const int codes[FAILURE_COUNT][HOOK_COUNT] = {
	[FAILURE_UNREACHABLE] = { PAM_AUTHINFO_UNAVAIL, PAM_CRED_UNAVAIL,
	    PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	    PAM_TRY_AGAIN, PAM_AUTHTOK_ERR },
	[FAILURE_BROKEN_OFF] = { PAM_SERVICE_ERR, PAM_CRED_ERR,
	    PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_TRY_AGAIN,
	    PAM_AUTHTOK_ERR },
	[FAILURE_THREW] = { PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
	    PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
	    PAM_SERVICE_ERR },
	[FAILURE_PROTOCOL] = { PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR,
	    PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR },
	[FAILURE_MISCONFIGURED] = { PAM_SERVICE_ERR, PAM_SERVICE_ERR,
	    PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
	    PAM_SERVICE_ERR, PAM_SERVICE_ERR },
};

static const char *const words_of[FAILURE_COUNT] = { "unreachable, ",
	"broken_off, ", "threw, ", "protocol, ", "misconfigured, ",
	"starved, " };

void
failing_listen(struct fixture *f, void (*script)(struct peer *))
{
	script(&f->peer);
	peer_start(&f->peer, f->socket, 5);
}

static void
failing_try(const struct failing *failing, enum hook hook)
{
	struct fixture *f;
	void *state;
	int code;

	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	/* a dead peer is not to be waited for until the test ends */
	failing->prepare(f);
	code = fixture_hook(f, hook, failing->words);
	if (code != codes[failing->class][hook - 1])
		fail_msg("%s, %s: code %d instead of %d\n%s", hook_word(hook),
		    failing->logged, code, codes[failing->class][hook - 1],
		    fixture_log(f));
	assert_logged(f, failing->logged);
	assert_logged(f, words_of[failing->class]);
	assert_logged(f, " ms");
	assert_contains_not(f->log, "%(null)");
	assert_int_equal(f->conv.calls > LIMIT_TEXTS_MAX, false);
	assert_int_equal(fixture_teardown(&state), 0);
}

static void (*skipped)(struct fixture *);

static void
failing_test(void **state)
{
	const struct failing *failing = *state;
	int hook;

	for (hook = 1; hook <= HOOK_COUNT; hook++) {
		if (hook == HOOK_UPDATE && failing->prepare == skipped)
			continue;
		failing_try(failing, (enum hook)hook);
	}
}

int
failing_main(const char *name, const struct failing *table, size_t n,
    void (*skip)(struct fixture *))
{
	static char names[FAILING_MAX][NAME_LEN_MAX];
	static struct CMUnitTest tests[FAILING_MAX];
	/* cmocka hands it on as it is, and the test does not change it */
	union {
		const struct failing *row;
		void *state;
	} initial;
	size_t i;

	if (n > FAILING_MAX)
		return 1;
	skipped = skip;
	for (i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s%s (%s)",
		    words_of[table[i].class], table[i].logged,
		    table[i].words);
		initial.row = &table[i];
		tests[i].name = names[i];
		tests[i].test_func = failing_test;
		tests[i].initial_state = initial.state;
	}
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
