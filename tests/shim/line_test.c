/* SPDX-License-Identifier: MIT */

/* What the administrator reads in the log about a pam.d line. */

#include <security/pam_modules.h>
#include <sys/stat.h>

#include "fixture.h"
#include "../../shim/log.h"

#define M	FIXTURE_MODULE
#define PREFIX	"pam_deno(test:account): account " M ": "

static int
answer_with(struct fixture *f, int code, const char *words)
{
	peer_hear(&f->peer);
	peer_say_code(&f->peer, code);
	peer_start(&f->peer, f->socket, 5);
	return fixture_hook(f, HOOK_ACCOUNT, words);
}

TEST(unknown_option_is_logged_and_ignored)
{
	struct fixture *f = *state;

	assert_int_equal(answer_with(f, PAM_SUCCESS, "time_out=1s " M),
	    PAM_SUCCESS);
	assert_logged(f, "3 " PREFIX "unknown shim option time_out=1s is "
	    "ignored");
}

TEST(grants_that_are_not_given_are_logged)
{
	static const char *const lines[] = {
		"grant prompts is not given: there is no such grant",
		"grant binary is not given: there is no such grant",
		"grant authtok is not given: it exists on auth and password",
		"grant set_item:service is not given: there is no such",
		"grant env:* is not given: env:* would be every variable",
		"grant env:1A is not given: env: wants the name",
		"grant env:LD_PRELOAD is not given: no module may set",
	};
	struct fixture *f = *state;
	char want[256];
	size_t i;

	assert_int_equal(answer_with(f, PAM_SUCCESS, "grant=prompts,binary,"
	    "authtok,set_item:service,env:*,env:1A,env:LD_PRELOAD,prompt "
	    M), PAM_SUCCESS);
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		(void)snprintf(want, sizeof(want), "3 " PREFIX "%s", lines[i]);
		assert_logged(f, want);
	}
	assert_logged_not(f, "grant prompt is");
}

TEST(success_is_logged_on_request_only)
{
	struct fixture *f = *state;

	assert_int_equal(answer_with(f, PAM_SUCCESS, "debug=no " M),
	    PAM_SUCCESS);
	assert_string_equal(fixture_log(f), "");
}

TEST(debug_logs_each_decision)
{
	static const int codes[] = { PAM_SUCCESS, PAM_NEW_AUTHTOK_REQD };
	struct fixture *f;
	char want[128];
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		assert_int_equal(answer_with(f, codes[i], "debug=yes " M),
		    codes[i]);
		(void)snprintf(want, sizeof(want), "7 " PREFIX "%s in ",
		    code_token((unsigned)codes[i]));
		assert_logged(f, want);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(refusal_is_a_notice)
{
	struct fixture *f = *state;

	assert_int_equal(answer_with(f, PAM_ACCT_EXPIRED, M),
	    PAM_ACCT_EXPIRED);
	assert_logged(f, "5 " PREFIX "acct_expired in ");
	assert_logged(f, " ms for user " FIXTURE_USER "\n");
}

TEST(failure_is_an_error_with_its_class_and_code)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "timeout=30ms " M),
	    PAM_AUTHINFO_UNAVAIL);
	assert_logged(f, "3 " PREFIX "unreachable, authinfo_unavail in ");
	assert_logged(f, " ms for user " FIXTURE_USER ": connecting to ");
	assert_logged(f, "is the worker's unit running?");
}

TEST(path_of_the_socket_is_too_long)
{
	struct fixture *f = *state;
	char words[256], name[65];

	memset(name, 'n', 64);
	name[64] = '\0';
	fixture_link(f, name, "account");
	(void)snprintf(words, sizeof(words), "runtime_dir=/%060d %s", 7, name);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, words),
	    PAM_SERVICE_ERR);
	assert_logged(f, "misconfigured, service_err in ");
	assert_logged(f, "is longer than the 107 that one can have");
}

TEST(line_without_a_module)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "debug=yes"),
	    PAM_SERVICE_ERR);
	assert_logged(f, "3 pam_deno(test:account): account (no module): "
	    "misconfigured, service_err in ");
	assert_logged(f, "the pam.d line names no module");
}

/* Whoever writes the line could not forge another one in the log. */
TEST(log_stays_one_line)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_fault(&f->peer, FAULT_THREW, "no \xc2\x9b" "31m");
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "opt\x1b=1 " M),
	    PAM_SERVICE_ERR);
	assert_logged(f, "unknown shim option opt=1 is ignored");
	assert_logged(f, "the worker says: no 31m [threw] ");
	assert_logged_not(f, "\x1b");
}

/* A link to its page stands behind a failure: the class's. */
TEST(failure_ends_with_its_code_and_link)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "timeout=30ms " M),
	    PAM_AUTHINFO_UNAVAIL);
	assert_logged(f, "running?" LOG_SEE("unreachable") "\n");
	peer_hear(&f->peer);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, M), PAM_SERVICE_ERR);
	assert_logged(f, LOG_SEE("broken-off") "\n");
}

/* A cause of the worker's has its own already: not two on one line. */
TEST(code_of_the_worker_stands_alone)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_fault(&f->peer, FAULT_THREW, "no" LOG_SEE("deny-thrown"));
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, M), PAM_SERVICE_ERR);
	assert_logged(f, "says: no" LOG_SEE("deny-thrown") "\n");
	assert_logged_not(f, "[threw]");
}

TEST(what_is_ignored_on_the_line_has_a_code)
{
	struct fixture *f = *state;

	(void)fixture_hook(f, HOOK_ACCOUNT,
	    "timeout=30ms opt=1 grant=authtok " M);
	assert_logged(f, LOG_SEE("shim-option-unknown") "\n");
	assert_logged(f, LOG_SEE("grant-unknown") "\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(unknown_option_is_logged_and_ignored),
		FIXTURE(grants_that_are_not_given_are_logged),
		FIXTURE(success_is_logged_on_request_only),
		UNIT(debug_logs_each_decision),
		FIXTURE(refusal_is_a_notice),
		FIXTURE(failure_is_an_error_with_its_class_and_code),
		FIXTURE(path_of_the_socket_is_too_long),
		FIXTURE(line_without_a_module),
		FIXTURE(log_stays_one_line),
		FIXTURE(failure_ends_with_its_code_and_link),
		FIXTURE(code_of_the_worker_stands_alone),
		FIXTURE(what_is_ignored_on_the_line_has_a_code),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
