/* SPDX-License-Identifier: MIT */

/* The exchange of one hook through the real libpam: request and result. */

#include <security/pam_modules.h>
#include <unistd.h>

#include "fixture.h"

static struct message_hook m;

/* The request that the peer heard as frame i. */
static void
decode_hook(struct fixture *f, unsigned i)
{
	struct wire_bytes body;

	assert_int_equal(peer_heard(&f->peer, i, &body), MESSAGE_HOOK);
	assert_int_equal(message_hook_decode(&m, body.p, body.len), WIRE_OK);
}

static void
assert_str(struct wire_str str, const char *want)
{
	assert_int_equal(str.len, strlen(want));
	assert_memory_equal(str.s, want, str.len);
}

static void
answer(struct fixture *f, int code)
{
	peer_hear(&f->peer);
	peer_say_code(&f->peer, code);
	peer_start(&f->peer, f->socket, 5);
}

static const char *
item(enum item number)
{
	static char value[LIMIT_ITEM_MAX + 1];
	size_t i;

	for (i = 0; i < m.n_items; i++) {
		if (m.items[i].item != number)
			continue;
		memcpy(value, m.items[i].value.s, m.items[i].value.len);
		value[m.items[i].value.len] = '\0';
		return value;
	}
	return NULL;
}

TEST(request_says_who_asks)
{
	struct fixture *f = *state;

	answer(f, PAM_SUCCESS);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT,
	    "timeout=3s grant=prompt,env:MY_* " FIXTURE_MODULE
	    " tz=Europe/Berlin strict"), PAM_SUCCESS);
	decode_hook(f, 0);
	assert_int_equal(m.version, WIRE_VERSION);
	assert_memory_equal(m.fingerprint, wire_fingerprint, 8);
	assert_int_equal(m.hook, HOOK_ACCOUNT);
	assert_in_range(m.budget_ms, 1, 3000);
	assert_int_equal(m.pid, getpid());
	assert_int_equal(m.uid, getuid());
	assert_int_equal(m.euid, geteuid());
	assert_str(m.module, FIXTURE_MODULE);
	assert_int_equal(m.n_grants, 2);
	assert_str(m.grants[0].grant, "prompt");
	assert_str(m.grants[1].grant, "env:MY_*");
	assert_int_equal(m.n_options, 2);
	assert_str(m.options[0].option, "tz=Europe/Berlin");
	assert_str(m.options[1].option, "strict");
	assert_int_equal(m.n_environment, 0);
	assert_false(m.has_data);
	assert_string_equal(fixture_log(f), "");
}

TEST(request_has_the_items_that_are_set)
{
	struct fixture *f = *state;

	answer(f, PAM_SUCCESS);
	fixture_line(f, "account", FIXTURE_MODULE);
	fixture_start(f, "joe");
	assert_int_equal(pam_set_item(f->pamh, PAM_TTY, "pts/3"), 0);
	assert_int_equal(pam_set_item(f->pamh, PAM_RHOST, "192.0.2.1"), 0);
	assert_int_equal(pam_set_item(f->pamh, PAM_RUSER, ""), 0);
	assert_int_equal(pam_set_item(f->pamh, PAM_XDISPLAY, ":0"), 0);
	assert_int_equal(pam_set_item(f->pamh, PAM_USER_PROMPT, "who? "), 0);
	assert_int_equal(pam_set_item(f->pamh, PAM_AUTHTOK_TYPE, "UNIX"), 0);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	decode_hook(f, 0);
	assert_int_equal(m.n_items, 8);
	assert_string_equal(item(ITEM_SERVICE), "test");
	assert_string_equal(item(ITEM_USER), "joe");
	assert_string_equal(item(ITEM_TTY), "pts/3");
	assert_string_equal(item(ITEM_RHOST), "192.0.2.1");
	assert_string_equal(item(ITEM_RUSER), "");
	assert_string_equal(item(ITEM_XDISPLAY), ":0");
	assert_string_equal(item(ITEM_USER_PROMPT), "who? ");
	assert_string_equal(item(ITEM_AUTHTOK_TYPE), "UNIX");
}

TEST(flags_travel_as_they_are)
{
	struct fixture *f = *state;

	answer(f, PAM_SUCCESS);
	fixture_line(f, "auth", FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_SET_CREDENTIALS,
	    PAM_REINITIALIZE_CRED | PAM_SILENT), PAM_SUCCESS);
	peer_join(&f->peer);
	decode_hook(f, 0);
	assert_int_equal(m.hook, HOOK_SET_CREDENTIALS);
	assert_int_equal(m.flags, PAM_REINITIALIZE_CRED | PAM_SILENT);
}

TEST(change_of_password_is_two_hooks)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_accept(&f->peer);
	answer(f, PAM_SUCCESS);
	fixture_line(f, "password", FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(pam_chauthtok(f->pamh, PAM_CHANGE_EXPIRED_AUTHTOK),
	    PAM_SUCCESS);
	peer_join(&f->peer);
	assert_int_equal(f->peer.heard->connections, 2);
	decode_hook(f, 0);
	assert_int_equal(m.hook, HOOK_PRELIMINARY);
	assert_int_equal(m.flags & PAM_PRELIM_CHECK, PAM_PRELIM_CHECK);
	decode_hook(f, 1);
	assert_int_equal(m.hook, HOOK_UPDATE);
	assert_int_equal(m.flags & PAM_UPDATE_AUTHTOK, PAM_UPDATE_AUTHTOK);
	assert_int_equal(m.flags & PAM_CHANGE_EXPIRED_AUTHTOK,
	    PAM_CHANGE_EXPIRED_AUTHTOK);
}

TEST(result_may_come_in_pieces)
{
	static const uint8_t result[] = { 0, 0, 0, 18, 0x48, PAM_PERM_DENIED,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_slowly(&f->peer, result, sizeof(result), 1);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_PERM_DENIED);
}

TEST(bad_items_end_the_hook)
{
	static const struct {
		int item;
		const char *value, *logged;
	} bad[] = {
		{ PAM_TTY, "a\nb", "item tty" },
		{ PAM_RHOST, "\x7f", "item rhost" },
		{ PAM_RUSER, "\xff\xfe", "item ruser" },
		{ PAM_XDISPLAY, "\x1b[2J", "item xdisplay" },
	};
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		peer_start(&f->peer, f->socket, 5);
		fixture_line(f, "account", FIXTURE_MODULE);
		fixture_start(f, FIXTURE_USER);
		assert_int_equal(pam_set_item(f->pamh, bad[i].item,
		    bad[i].value), 0);
		assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0),
		    PAM_SYSTEM_ERR);
		assert_logged(f, bad[i].logged);
		assert_logged_not(f, bad[i].value);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(long_item_ends_the_hook)
{
	struct fixture *f = *state;
	char longest[LIMIT_ITEM_MAX + 2];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[LIMIT_ITEM_MAX + 1] = '\0';
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", FIXTURE_MODULE);
	fixture_start(f, longest);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SYSTEM_ERR);
	assert_logged(f, "item user is longer than 1024 octets");
	assert_logged_not(f, "xxxxxxxx");
}

TEST(bad_user_prompt_is_left_out)
{
	struct fixture *f = *state;

	answer(f, PAM_SUCCESS);
	fixture_line(f, "account", FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(pam_set_item(f->pamh, PAM_USER_PROMPT, "login:\n"), 0);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	decode_hook(f, 0);
	assert_null(item(ITEM_USER_PROMPT));
	assert_string_equal(item(ITEM_USER), FIXTURE_USER);
}

TEST(environment_travels_under_get_env)
{
	struct fixture *f = *state;
	size_t i;

	answer(f, PAM_SUCCESS);
	fixture_line(f, "session", "grant=get_env " FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(pam_putenv(f->pamh, "LANG=de_DE.UTF-8"), 0);
	assert_int_equal(pam_putenv(f->pamh, "EMPTY="), 0);
	assert_int_equal(pam_putenv(f->pamh, "TWO=a=b\nc"), 0);
	assert_int_equal(fixture_call(f, HOOK_OPEN_SESSION, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	decode_hook(f, 0);
	assert_int_equal(m.n_environment, 3);
	for (i = 0; i < 3; i++) {
		if (m.environment[i].name.s[0] == 'L')
			assert_str(m.environment[i].value, "de_DE.UTF-8");
		else if (m.environment[i].name.s[0] == 'E')
			assert_str(m.environment[i].value, "");
		else
			assert_str(m.environment[i].value, "a=b\nc");
	}
}

TEST(environment_that_does_not_fit_ends_the_hook)
{
	static const char *const bad[] = { "A=\xff", "A\x1b=b", "\xff=b" };
	struct fixture *f;
	void *own;
	size_t i;
	int j;
	char many[32];

	(void)state;
	for (i = 0; i <= ARRAY_LEN(bad); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		peer_start(&f->peer, f->socket, 5);
		fixture_line(f, "account", "grant=get_env " FIXTURE_MODULE);
		fixture_start(f, FIXTURE_USER);
		for (j = 0; i == ARRAY_LEN(bad) && j <= LIMIT_ENV_MAX; j++) {
			(void)snprintf(many, sizeof(many), "A%d=1", j);
			assert_int_equal(pam_putenv(f->pamh, many), 0);
		}
		if (i < ARRAY_LEN(bad))
			assert_int_equal(pam_putenv(f->pamh, bad[i]), 0);
		assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0),
		    PAM_SYSTEM_ERR);
		assert_logged(f, "PAM environment");
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(request_that_is_too_long_ends_the_hook)
{
	struct fixture *f = *state;
	char value[4000 + 16];
	int i;

	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", "grant=get_env " FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	for (i = 0; i < 5; i++) {
		(void)snprintf(value, sizeof(value), "A%d=%04000d", i, 1);
		assert_int_equal(pam_putenv(f->pamh, value), 0);
	}
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SYSTEM_ERR);
	assert_logged(f, "do not fit into one request: too_long");
}

/* --- the user --- */

TEST(user_is_asked_for_where_pam_says_so)
{
	static const enum hook hooks[] = { HOOK_AUTHENTICATE,
		HOOK_PRELIMINARY };
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hooks); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		answer(f, PAM_PERM_DENIED);
		f->conv.answers[0] = "joe";
		fixture_line(f, fixture_line_type(hooks[i]), FIXTURE_MODULE);
		fixture_start(f, NULL);
		assert_int_equal(fixture_call(f, hooks[i], 0),
		    PAM_PERM_DENIED);
		peer_join(&f->peer);
		assert_int_equal(f->conv.calls, 1);
		decode_hook(f, 0);
		assert_string_equal(item(ITEM_USER), "joe");
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(user_that_nobody_gives)
{
	static const struct {
		int code, want;
	} cases[] = {
		{ PAM_CONV_ERR, PAM_CONV_ERR },
		{ PAM_CONV_AGAIN, PAM_CONV_ERR },
		{ PAM_SUCCESS, PAM_CONV_ERR },	/* and no answer */
	};
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		f->conv.code = cases[i].code;
		fixture_line(f, "auth", FIXTURE_MODULE);
		fixture_start(f, NULL);
		assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0),
		    cases[i].want);
		assert_logged(f, "pam_get_user failed");
		assert_logged(f, " conv_err in ");
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(user_is_not_asked_for_elsewhere)
{
	static const enum hook hooks[] = { HOOK_SET_CREDENTIALS, HOOK_ACCOUNT,
		HOOK_OPEN_SESSION, HOOK_CLOSE_SESSION };
	static const char *const users[] = { NULL, "" };
	struct fixture *f;
	void *own;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hooks); i++) {
		for (j = 0; j < ARRAY_LEN(users); j++) {
			assert_int_equal(fixture_setup(&own), 0);
			f = own;
			fixture_line(f, fixture_line_type(hooks[i]),
			    FIXTURE_MODULE);
			fixture_start(f, users[j]);
			assert_int_equal(fixture_call(f, hooks[i], 0),
			    PAM_USER_UNKNOWN);
			assert_int_equal(f->conv.calls, 0);
			assert_logged(f, "names no user");
			assert_int_equal(fixture_teardown(&own), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(request_says_who_asks),
		FIXTURE(request_has_the_items_that_are_set),
		FIXTURE(flags_travel_as_they_are),
		FIXTURE(change_of_password_is_two_hooks),
		FIXTURE(result_may_come_in_pieces),
		UNIT(bad_items_end_the_hook),
		FIXTURE(long_item_ends_the_hook),
		FIXTURE(bad_user_prompt_is_left_out),
		FIXTURE(environment_travels_under_get_env),
		UNIT(environment_that_does_not_fit_ends_the_hook),
		FIXTURE(request_that_is_too_long_ends_the_hook),
		UNIT(user_is_asked_for_where_pam_says_so),
		UNIT(user_that_nobody_gives),
		UNIT(user_is_not_asked_for_elsewhere),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
