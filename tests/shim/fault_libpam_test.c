/* SPDX-License-Identifier: MIT */

/* libpam that does not take an effect, and users that cannot be looked up. */

#include <errno.h>

#include <security/pam_modules.h>

#include "wrapped.h"

#define WORDS \
	"grant=set_item:tty,env:MY_*,set_authtok,get_env " FIXTURE_MODULE

static struct message_result m;

static void
sets_item(void)
{
	m.n_items = 1;
	m.items[0].item = ITEM_TTY;
	m.items[0].value = peer_str("pts/9");
}

static void
sets_variable(void)
{
	m.n_environment = 1;
	m.environment[0].name = peer_str("MY_VAR");
	m.environment[0].has_value = true;
	m.environment[0].value = peer_str("1");
}

static void
sets_token(void)
{
	m.n_tokens = 1;
	m.tokens[0].token = TOKEN_AUTHTOK;
	m.tokens[0].value.p = (const uint8_t *)"s3cret";
	m.tokens[0].value.len = 6;
}

static void
sets_data(void)
{
	m.data_action = DATA_ACTION_SET;
	m.data.p = (const uint8_t *)"data";
	m.data.len = 4;
}

static void
asks_for_a_delay(void)
{
	m.fail_delay_us = 1;
}

static const struct {
	void		(*effect)(void);
	const char	*logged;
} effects[] = {
	{ sets_item, "did not take tty of the result: buf_err" },
	{ sets_variable, "did not take a variable of the result: buf_err" },
	{ sets_token, "did not take a token of the result: buf_err" },
	{ sets_data, "did not take the module data of the result: buf_err" },
	{ asks_for_a_delay, "did not take the delay of the result: buf_err" },
};

TEST(effect_that_is_not_taken_ends_in_system_err)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(effects); i++) {
		assert_int_equal(wrapped_setup(&own), 0);
		f = own;
		peer_result(&m, PAM_SUCCESS);
		effects[i].effect();
		peer_hear(&f->peer);
		peer_say_result(&f->peer, &m);
		peer_start(&f->peer, f->socket, 5);
		/* the first call is that for the environment */
		fixture_line(f, "auth", WORDS);
		fixture_start(f, FIXTURE_USER);
		let_fail(&faults_of_libpam, PAM_BUF_ERR, 1);
		faults_of_libpam.after = 1;
		assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0),
		    PAM_SYSTEM_ERR);
		assert_logged(f, effects[i].logged);
		assert_int_equal(wrapped_teardown(&own), 0);
	}
}

TEST(environment_that_is_not_given_is_not_an_empty_one)
{
	struct fixture *f = *state;

	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "auth", WORDS);
	fixture_start(f, FIXTURE_USER);
	let_fail(&faults_of_libpam, PAM_BUF_ERR, -1);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0), PAM_BUF_ERR);
	assert_logged(f, "no copy of the PAM environment");
}

static int
look_up(struct fixture *f, enum message_tag tag)
{
	struct message_failed failed;
	struct wire_bytes body;

	peer_hear(&f->peer);
	peer_say_lookup(&f->peer, tag);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_FAILED);
	assert_int_equal(message_failed_decode(&failed, body.p, body.len),
	    WIRE_OK);
	return failed.code;
}

TEST(look_ups_that_fail_say_why)
{
	static const struct {
		int error, code;
		const char *logged;
	} cases[] = {
		{ EACCES, PAM_PERM_DENIED, "may not read the user's" },
		{ EMFILE, PAM_BUF_ERR, "needs more descriptors or memory" },
		{ EIO, PAM_SYSTEM_ERR, "is unreadable, or does not fit" },
	};
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		assert_int_equal(wrapped_setup(&own), 0);
		f = own;
		let_fail(&faults_of_passwd, cases[i / 2].error, -1);
		assert_int_equal(look_up(f, i % 2 == 0 ?
		    MESSAGE_LOOKUP_PASSWD : MESSAGE_LOOKUP_GROUPS),
		    cases[i / 2].code);
		assert_logged(f, cases[i / 2].logged);
		assert_int_equal(wrapped_teardown(&own), 0);
	}
}

TEST(entry_that_does_not_fit_the_protocol)
{
	static char home[LIMIT_PATH_MAX + 2];
	struct fixture *f = *state;

	memset(home, 'h', LIMIT_PATH_MAX + 1);
	long_home = home;
	assert_int_equal(look_up(f, MESSAGE_LOOKUP_PASSWD), PAM_SYSTEM_ERR);
	assert_logged(f, "does not fit the protocol");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(effect_that_is_not_taken_ends_in_system_err),
		FAULT(environment_that_is_not_given_is_not_an_empty_one),
		UNIT(look_ups_that_fail_say_why),
		FAULT(entry_that_does_not_fit_the_protocol),
	};

	return cmocka_run_group_tests_name("fault_libpam", tests, NULL, NULL);
}
