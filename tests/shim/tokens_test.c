/* SPDX-License-Identifier: MIT */

/* The tables of hooks, codes and failures, row by row, with libpam's words. */

#include <security/pam_modules.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../shim/tokens_gen.h"

#define ANY_HOOK \
	PAM_SUCCESS, PAM_IGNORE, PAM_PERM_DENIED, PAM_USER_UNKNOWN, \
	    PAM_AUTHINFO_UNAVAIL, PAM_CONV_ERR, PAM_SERVICE_ERR, \
	    PAM_SYSTEM_ERR, PAM_BUF_ERR

/* Exactly these codes, of 256, are allowed. */
static void
assert_codes(enum hook hook, const int *codes, size_t n)
{
	unsigned code;
	size_t i;
	bool wanted;

	for (code = 0; code < 256; code++) {
		wanted = false;
		for (i = 0; i < n; i++)
			wanted = wanted || codes[i] == (int)code;
		if (hook_allows(hook, code) != wanted)
			fail_msg("%s: %s", hook_word(hook), code_token(code));
	}
}

#define ASSERT_CODES(hook, ...) \
	assert_codes(hook, (const int[]){ ANY_HOOK, __VA_ARGS__ }, \
	    sizeof((const int[]){ ANY_HOOK, __VA_ARGS__ }) / sizeof(int))

static void
codes_of_each_hook(void **state)
{
	(void)state;
	ASSERT_CODES(HOOK_AUTHENTICATE, PAM_AUTH_ERR, PAM_CRED_INSUFFICIENT,
	    PAM_MAXTRIES);
	ASSERT_CODES(HOOK_SET_CREDENTIALS, PAM_CRED_UNAVAIL, PAM_CRED_EXPIRED,
	    PAM_CRED_ERR);
	ASSERT_CODES(HOOK_ACCOUNT, PAM_ACCT_EXPIRED, PAM_AUTH_ERR,
	    PAM_NEW_AUTHTOK_REQD);
	ASSERT_CODES(HOOK_OPEN_SESSION, PAM_SESSION_ERR);
	ASSERT_CODES(HOOK_CLOSE_SESSION, PAM_SESSION_ERR);
	ASSERT_CODES(HOOK_PRELIMINARY, PAM_TRY_AGAIN, PAM_AUTHTOK_LOCK_BUSY,
	    PAM_AUTHTOK_ERR);
	ASSERT_CODES(HOOK_UPDATE, PAM_AUTHTOK_ERR, PAM_AUTHTOK_RECOVERY_ERR,
	    PAM_AUTHTOK_LOCK_BUSY, PAM_AUTHTOK_DISABLE_AGING);
}

static void
no_hook_allows_nothing(void **state)
{
	unsigned code;

	(void)state;
	for (code = 0; code < 256; code++) {
		assert_false(hook_allows((enum hook)0, code));
		assert_false(hook_allows((enum hook)8, code));
		assert_false(hook_allows((enum hook)255, code));
	}
	assert_false(hook_allows(HOOK_ACCOUNT, UINT32_MAX));
}

/* A row for authenticate, setcred, account, both sessions, both passes. */
static void
assert_failures(enum failure failure, const int *codes)
{
	int hook;

	for (hook = 1; hook <= HOOK_COUNT; hook++)
		assert_int_equal(failure_code(failure, (enum hook)hook),
		    codes[hook - 1]);
}

#define ASSERT_FAILURES(failure, ...) \
	assert_failures(failure, (const int[HOOK_COUNT]){ __VA_ARGS__ })
#define ASSERT_ALL(failure, code) \
	ASSERT_FAILURES(failure, code, code, code, code, code, code, code)

static void
code_of_each_failure(void **state)
{
	(void)state;
	ASSERT_FAILURES(FAILURE_UNREACHABLE, PAM_AUTHINFO_UNAVAIL,
	    PAM_CRED_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	    PAM_AUTHINFO_UNAVAIL, PAM_TRY_AGAIN, PAM_AUTHTOK_ERR);
	ASSERT_FAILURES(FAILURE_BROKEN_OFF, PAM_SERVICE_ERR, PAM_CRED_ERR,
	    PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_TRY_AGAIN,
	    PAM_AUTHTOK_ERR);
	ASSERT_ALL(FAILURE_THREW, PAM_SERVICE_ERR);
	ASSERT_ALL(FAILURE_PROTOCOL, PAM_SYSTEM_ERR);
	ASSERT_ALL(FAILURE_MISCONFIGURED, PAM_SERVICE_ERR);
	ASSERT_ALL(FAILURE_STARVED, PAM_BUF_ERR);
}

/* No number that a caller can make up is a success. */
static void
failure_is_never_success(void **state)
{
	int failure, hook;

	(void)state;
	for (failure = -1; failure <= 300; failure++) {
		for (hook = -1; hook <= 300; hook++) {
			int code = failure_code((enum failure)failure,
			    (enum hook)hook);

			assert_int_not_equal(code, PAM_SUCCESS);
			assert_int_not_equal(code, PAM_IGNORE);
		}
	}
}

static void
undefined_hooks(void **state)
{
	const uint32_t all = UINT32_MAX;

	(void)state;
	assert_int_equal(hook_undefined_code(HOOK_SET_CREDENTIALS,
			     HOOK_BIT(HOOK_AUTHENTICATE)),
	    PAM_SUCCESS);
	assert_int_equal(hook_undefined_code(HOOK_SET_CREDENTIALS,
			     HOOK_BIT(HOOK_ACCOUNT)),
	    PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_CLOSE_SESSION,
			     HOOK_BIT(HOOK_OPEN_SESSION)),
	    PAM_SUCCESS);
	assert_int_equal(hook_undefined_code(HOOK_CLOSE_SESSION, 0),
	    PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_PRELIMINARY,
			     HOOK_BIT(HOOK_UPDATE)),
	    PAM_SUCCESS);
	assert_int_equal(hook_undefined_code(HOOK_PRELIMINARY,
			     all & ~HOOK_BIT(HOOK_UPDATE)),
	    PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_AUTHENTICATE, all),
	    PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_ACCOUNT, all), PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_OPEN_SESSION, all),
	    PAM_IGNORE);
	assert_int_equal(hook_undefined_code(HOOK_UPDATE, all), PAM_IGNORE);
	assert_int_equal(hook_undefined_code((enum hook)99, all), PAM_IGNORE);
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(hook_word(HOOK_AUTHENTICATE), "authenticate");
	assert_string_equal(hook_word(HOOK_SET_CREDENTIALS), "setCredentials");
	assert_string_equal(hook_word(HOOK_UPDATE), "update");
	assert_string_equal(hook_word((enum hook)0), "unknown");
	assert_string_equal(hook_word((enum hook)8), "unknown");
	assert_string_equal(code_token(PAM_SUCCESS), "success");
	assert_string_equal(code_token(PAM_AUTHTOK_RECOVERY_ERR),
	    "authtok_recover_err");
	assert_string_equal(code_token(PAM_AUTHTOK_DISABLE_AGING),
	    "authtok_disable_aging");
	assert_string_equal(code_token(PAM_INCOMPLETE), "incomplete");
	assert_string_equal(code_token(32), "unknown");
	assert_string_equal(code_token(UINT32_MAX), "unknown");
	assert_string_equal(failure_word(FAILURE_BROKEN_OFF), "broken_off");
	assert_string_equal(failure_word(FAILURE_STARVED), "starved");
	assert_string_equal(failure_word((enum failure)6), "unknown");
	assert_string_equal(item_word(PAM_SERVICE), "service");
	assert_string_equal(item_word(PAM_AUTHTOK_TYPE), "authtok_type");
	assert_string_equal(item_word(PAM_CONV), "unknown");
	assert_string_equal(item_word(0), "unknown");
	assert_string_equal(item_word(PAM_AUTHTOK_TYPE + 1), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_of_each_hook),
		cmocka_unit_test(no_hook_allows_nothing),
		cmocka_unit_test(code_of_each_failure),
		cmocka_unit_test(failure_is_never_success),
		cmocka_unit_test(undefined_hooks),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
