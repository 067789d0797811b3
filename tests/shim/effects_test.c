/* SPDX-License-Identifier: MIT */

/* What a result may do to the login, and what it may not. */

#include <security/pam_modules.h>
#include <unistd.h>

#include "fixture.h"

#define M	FIXTURE_MODULE

/* The result of the test, filled in by its case. */
static struct message_result m;

static int
hook_with_result(struct fixture *f, enum hook hook, const char *words)
{
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	return fixture_hook(f, hook, words);
}

static void
set_item(enum item item, const char *value)
{
	m.items[m.n_items].item = (uint8_t)item;
	m.items[m.n_items++].value = peer_str(value);
}

/* NULL deletes. */
static void
set_env(const char *name, const char *value)
{
	struct message_result_environment *v;

	v = &m.environment[m.n_environment++];
	v->name = peer_str(name);
	v->has_value = value != NULL;
	if (value != NULL)
		v->value = peer_str(value);
}

static void
set_token(enum token token, const void *value, size_t len)
{
	m.tokens[m.n_tokens].token = (uint8_t)token;
	m.tokens[m.n_tokens].value.p = value;
	m.tokens[m.n_tokens++].value.len = len;
}

static const char *
item(struct fixture *f, int number)
{
	const void *value = NULL;

	assert_int_equal(pam_get_item(f->pamh, number, &value), PAM_SUCCESS);
	return value != NULL ? value : "(null)";
}

TEST(sets_every_item_under_its_grant)
{
	struct fixture *f = *state;

	peer_result(&m, PAM_SUCCESS);
	set_item(ITEM_USER, "joe");
	set_item(ITEM_TTY, "pts/9");
	set_item(ITEM_RHOST, "");
	set_item(ITEM_RUSER, "jane");
	set_item(ITEM_USER_PROMPT, "who? ");
	set_item(ITEM_XDISPLAY, ":1");
	set_item(ITEM_AUTHTOK_TYPE, "LDAP");
	assert_int_equal(hook_with_result(f, HOOK_OPEN_SESSION,
	    "grant=set_item:user,set_item:tty,set_item:rhost,set_item:ruser "
	    "grant=set_item:user_prompt,set_item:xdisplay "
	    "grant=set_item:authtok_type " M), PAM_SUCCESS);
	assert_string_equal(item(f, PAM_USER), "joe");
	assert_string_equal(item(f, PAM_TTY), "pts/9");
	assert_string_equal(item(f, PAM_RHOST), "");
	assert_string_equal(item(f, PAM_RUSER), "jane");
	assert_string_equal(item(f, PAM_USER_PROMPT), "who? ");
	assert_string_equal(item(f, PAM_XDISPLAY), ":1");
	assert_string_equal(item(f, PAM_AUTHTOK_TYPE), "LDAP");
}

TEST(variables_are_set_set_empty_and_deleted)
{
	struct fixture *f = *state;

	fixture_line(f, "session", "grant=env:MY_*,env:KRB5CCNAME " M);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(pam_putenv(f->pamh, "MY_OLD=1"), 0);
	assert_int_equal(pam_putenv(f->pamh, "MY_KEPT=1"), 0);
	peer_result(&m, PAM_SUCCESS);
	set_env("MY_NEW", "a=b\nc");
	set_env("MY_EMPTY", "");
	set_env("MY_OLD", NULL);
	set_env("MY_NEVER", NULL);
	set_env("KRB5CCNAME", "FILE:/tmp/x");
	assert_int_equal(hook_with_result(f, HOOK_OPEN_SESSION,
	    "grant=env:MY_*,env:KRB5CCNAME " M), PAM_SUCCESS);
	assert_string_equal(pam_getenv(f->pamh, "MY_NEW"), "a=b\nc");
	assert_string_equal(pam_getenv(f->pamh, "MY_EMPTY"), "");
	assert_null(pam_getenv(f->pamh, "MY_OLD"));
	assert_null(pam_getenv(f->pamh, "MY_NEVER"));
	assert_string_equal(pam_getenv(f->pamh, "MY_KEPT"), "1");
	assert_string_equal(pam_getenv(f->pamh, "KRB5CCNAME"), "FILE:/tmp/x");
}

TEST(longest_variable_fits)
{
	struct fixture *f = *state;
	char name[LIMIT_ENV_NAME_MAX + 1], value[LIMIT_ENV_VALUE_MAX + 1];

	memset(name, 'N', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	peer_result(&m, PAM_SUCCESS);
	set_env(name, value);
	assert_int_equal(hook_with_result(f, HOOK_ACCOUNT, "grant=env:N* " M),
	    PAM_SUCCESS);
	assert_string_equal(pam_getenv(f->pamh, name), value);
}

/* The next line of the stack shows what it got of the token. */
TEST(token_reaches_the_next_module)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_MAX + 16], line[2048];
	FILE *file;

	peer_result(&m, PAM_SUCCESS);
	set_token(TOKEN_AUTHTOK, "s3cret", 6);
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_accept(&f->peer);
	peer_hear(&f->peer);
	peer_say_get_token(&f->peer, TOKEN_AUTHTOK, NULL);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	(void)snprintf(line, sizeof(line), "auth required %s runtime_dir=%s "
	    "config_dir=%s grant=set_authtok " M "\nauth required %s "
	    "runtime_dir=%s config_dir=%s grant=authtok " M
	    " use_first_pass\n", f->so, f->run, f->etc, f->so, f->run, f->etc);
	(void)snprintf(path, sizeof(path), "%s/test", f->pam_d);
	assert_non_null(file = fopen(path, "w"));
	assert_true(fputs(line, file) >= 0);
	assert_int_equal(fclose(file), 0);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_int_equal(f->conv.calls, 0);
	assert_int_equal(f->peer.heard->len[2], 4 + 1 + 2 + 6);
	assert_memory_equal(f->peer.heard->frame[2] + 7, "s3cret", 6);
	assert_logged_not(f, "s3cret");
}

/* --- results that are refused, and then do nothing at all --- */

static void
needs_item(void)
{
	set_item(ITEM_TTY, "pts/9");
	set_item(ITEM_USER, "root");
}

static void
sets_service(void)
{
	set_item(ITEM_SERVICE, "sudo");
}

static void
empties_user(void)
{
	set_item(ITEM_TTY, "pts/9");
	set_item(ITEM_USER, "");
}

static void
needs_env(void)
{
	set_env("MY_VAR", "1");
	set_env("YOUR_VAR", "1");
}

static void
deletes_env(void)
{
	set_env("YOUR_VAR", NULL);
}

static void
sets_preload(void)
{
	set_env("MY_VAR", "1");
	set_env("LD_PRELOAD", "/tmp/x.so");
}

static void
names_no_variable(void)
{
	set_env("MY_VAR=1 MY_OTHER", "1");
}

static void
sets_token(void)
{
	set_token(TOKEN_OLDAUTHTOK, "old", 3);
}

static void
sets_token_with_nul(void)
{
	set_token(TOKEN_AUTHTOK, "a\0b", 3);
}

static void
waits_too_long(void)
{
	m.fail_delay_us = LIMIT_FAIL_DELAY_MAX_US + 1;
}

static void
has_message(void)
{
	m.has_message = true;
	m.message = peer_str("well");
}

static void
has_data(void)
{
	m.data.p = (const uint8_t *)"x";
	m.data.len = 1;
}

static const struct {
	enum hook	 hook;
	int		 code;
	void		(*effect)(void);
	const char	*words, *logged;
} refused[] = {
	{ HOOK_ACCOUNT, PAM_SUCCESS, needs_item, "grant=set_item:tty " M,
	    "sets item user" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, sets_service, "grant=set_item:service " M,
	    "sets item service" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, empties_user,
	    "grant=set_item:tty,set_item:user " M, "empty user" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, needs_env, "grant=env:MY_* " M,
	    "sets variable YOUR_VAR" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, deletes_env, "grant=env:MY_* " M,
	    "sets variable YOUR_VAR" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, sets_preload,
	    "grant=env:MY_*,env:LD_* " M, "whatever its name" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, names_no_variable, "grant=env:MY_* " M,
	    "a name that is none" },
	{ HOOK_AUTHENTICATE, PAM_SUCCESS, sets_token, "grant=authtok " M,
	    "set_authtok" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, sets_token, "grant=set_authtok " M,
	    "set_authtok" },
	{ HOOK_AUTHENTICATE, PAM_SUCCESS, sets_token_with_nul,
	    "grant=set_authtok " M, "a NUL in it" },
	{ HOOK_ACCOUNT, PAM_PERM_DENIED, needs_item,
	    "grant=set_item:tty,set_item:user " M, "perm_denied sets items" },
	{ HOOK_ACCOUNT, PAM_IGNORE, needs_env,
	    "grant=env:MY_*,env:YOUR_* " M, "ignore sets items" },
	{ HOOK_AUTHENTICATE, PAM_AUTH_ERR, sets_token,
	    "grant=set_authtok " M, "auth_err sets items" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, has_message, M, "success has the" },
	{ HOOK_ACCOUNT, PAM_IGNORE, has_message, M, "ignore has the" },
	{ HOOK_ACCOUNT, PAM_NEW_AUTHTOK_REQD, has_message, M,
	    "new_authtok_reqd has the" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, has_data, M, "module data" },
	{ HOOK_ACCOUNT, PAM_PERM_DENIED, waits_too_long, M, "a delay" },
};

TEST(refused_results_have_no_effect)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		peer_result(&m, refused[i].code);
		refused[i].effect();
		assert_int_equal(hook_with_result(f, refused[i].hook,
		    refused[i].words), PAM_SYSTEM_ERR);
		assert_logged(f, "protocol, system_err in ");
		assert_logged(f, refused[i].logged);
		assert_string_equal(item(f, PAM_TTY), "(null)");
		assert_string_equal(item(f, PAM_USER), FIXTURE_USER);
		assert_string_equal(item(f, PAM_SERVICE), "test");
		assert_null(pam_getenv(f->pamh, "MY_VAR"));
		assert_int_equal(f->conv.calls, 0);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(effects_come_with_new_authtok_reqd_too)
{
	struct fixture *f = *state;

	peer_result(&m, PAM_NEW_AUTHTOK_REQD);
	set_env("MY_VAR", "1");
	assert_int_equal(hook_with_result(f, HOOK_ACCOUNT, "grant=env:MY_* " M),
	    PAM_NEW_AUTHTOK_REQD);
	assert_string_equal(pam_getenv(f->pamh, "MY_VAR"), "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(sets_every_item_under_its_grant),
		FIXTURE(variables_are_set_set_empty_and_deleted),
		FIXTURE(longest_variable_fits),
		FIXTURE(token_reaches_the_next_module),
		UNIT(refused_results_have_no_effect),
		FIXTURE(effects_come_with_new_authtok_reqd_too),
	};

	return cmocka_run_group_tests_name("effects", tests, NULL, NULL);
}
