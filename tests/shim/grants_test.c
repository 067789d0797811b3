/* SPDX-License-Identifier: MIT */

#include "../../shim/grants.h"

#include <security/pam_modules.h>

#include "peer.h"
#include "test.h"

static struct grants grants;

static enum grant_status
add(enum hook hook, const char *word)
{
	return grants_add(&grants, hook, peer_str(word));
}

static int
setup(void **state)
{
	(void)state;
	grants_init(&grants);
	return 0;
}

TEST(words)
{
	(void)state;
	assert_false(grants_have(&grants, GRANT_PROMPT));
	assert_int_equal(add(HOOK_ACCOUNT, "prompt"), GRANT_GIVEN);
	assert_int_equal(add(HOOK_ACCOUNT, "get_env"), GRANT_GIVEN);
	assert_int_equal(add(HOOK_ACCOUNT, "shadow"), GRANT_GIVEN);
	assert_true(grants_have(&grants, GRANT_PROMPT));
	assert_true(grants_have(&grants, GRANT_GET_ENV));
	assert_true(grants_have(&grants, GRANT_SHADOW));
	assert_false(grants_have(&grants, GRANT_AUTHTOK));
	assert_int_equal(grants.n, 3);
}

TEST(unknown_words)
{
	static const char *const words[] = { "Prompt", "prompts", "promp",
		"prompt ", "binary", "set_item", "set_item:",
		"set_item:service", "set_item:conv",
		"set_item:users", "set_item:authtok", "env",
		"all", "*" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(words); i++)
		assert_int_equal(add(HOOK_AUTHENTICATE, words[i]),
		    GRANT_UNKNOWN);
	assert_int_equal(grants.n, 0);
	assert_int_equal(grants.words, 0);
	assert_int_equal(grants.items, 0);
}

TEST(tokens_on_auth_and_password_lines_only)
{
	int hook;
	enum grant_status want;

	(void)state;
	for (hook = 1; hook <= HOOK_COUNT; hook++) {
		want = hook == HOOK_ACCOUNT || hook == HOOK_OPEN_SESSION ||
		    hook == HOOK_CLOSE_SESSION ? GRANT_ELSEWHERE : GRANT_GIVEN;
		grants_init(&grants);
		assert_int_equal(add((enum hook)hook, "authtok"), want);
		assert_int_equal(add((enum hook)hook, "set_authtok"), want);
		assert_int_equal(grants_have(&grants, GRANT_AUTHTOK),
		    want == GRANT_GIVEN);
		assert_int_equal(grants_have(&grants, GRANT_SET_AUTHTOK),
		    want == GRANT_GIVEN);
	}
}

TEST(items)
{
	static const struct {
		const char *word;
		unsigned item;
	} items[] = {
		{ "set_item:user", PAM_USER }, { "set_item:tty", PAM_TTY },
		{ "set_item:rhost", PAM_RHOST },
		{ "set_item:ruser", PAM_RUSER },
		{ "set_item:user_prompt", PAM_USER_PROMPT },
		{ "set_item:xdisplay", PAM_XDISPLAY },
		{ "set_item:authtok_type", PAM_AUTHTOK_TYPE },
	};
	unsigned item;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(items); i++) {
		grants_init(&grants);
		assert_int_equal(add(HOOK_ACCOUNT, items[i].word),
		    GRANT_GIVEN);
		for (item = 0; item < 64; item++)
			assert_int_equal(grants_have_item(&grants, item),
			    item == items[i].item);
	}
}

TEST(env_names_and_prefixes)
{
	(void)state;
	assert_int_equal(add(HOOK_ACCOUNT, "env:KRB5CCNAME"), GRANT_GIVEN);
	assert_int_equal(add(HOOK_ACCOUNT, "env:MY_*"), GRANT_GIVEN);
	assert_true(grants_have_env(&grants, peer_str("KRB5CCNAME")));
	assert_false(grants_have_env(&grants, peer_str("KRB5CCNAMES")));
	assert_false(grants_have_env(&grants, peer_str("KRB5CCNAM")));
	assert_true(grants_have_env(&grants, peer_str("MY_")));
	assert_true(grants_have_env(&grants, peer_str("MY_VAR")));
	assert_false(grants_have_env(&grants, peer_str("MYVAR")));
	assert_false(grants_have_env(&grants, peer_str("MY_A=B")));
	assert_false(grants_have_env(&grants, peer_str("MY_*")));
	assert_false(grants_have_env(&grants, peer_str("")));
}

TEST(env_bad_names)
{
	static const char *const bad[] = { "env:", "env:1A", "env:A-B",
		"env:A B", "env:A=B", "env:A*B", "env:**", "env:A**", "env:*A",
		"env:\xc3\x84", "env:A\n", "env:env:A" };
	char word[5 + LIMIT_ENV_NAME_MAX + 1 + 1] = "env:";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(add(HOOK_ACCOUNT, bad[i]), GRANT_BAD_NAME);
	assert_int_equal(add(HOOK_ACCOUNT, "env:*"), GRANT_BARE_STAR);
	memset(word + 4, 'A', LIMIT_ENV_NAME_MAX);
	assert_int_equal(add(HOOK_ACCOUNT, word), GRANT_GIVEN);
	memset(word + 4, 'A', LIMIT_ENV_NAME_MAX + 1);
	assert_int_equal(add(HOOK_ACCOUNT, word), GRANT_BAD_NAME);
}

TEST(env_deny_list)
{
	static const char *const denied[] = { "LD_PRELOAD", "LD_LIBRARY_PATH",
		"LD_AUDIT", "LD_", "GLIBC_TUNABLES", "GCONV_PATH", "PATH",
		"IFS", "ENV", "BASH_ENV", "SHELL", "HOME", "PYTHONPATH",
		"PYTHONSTARTUP", "PERL5LIB", "PERL5OPT", "RUBYOPT",
		"NODE_OPTIONS", "DENO_DIR", "TMPDIR", "USER", "LOGNAME",
		"SUDO_USER", "GIT_SSH_COMMAND", "TERMINFO", "TERMINFO_DIRS",
		"PROMPT_COMMAND", "PS0", "PS1", "PS4", "PSQLRC", "LOCPATH",
		"MALLOC_TRACE", "KRB5_CONFIG" };
	static const char *const allowed[] = { "KRB5CCNAME", "LANG", "TZ",
		"XDG_SESSION_TYPE", "PATHS", "MYPATH", "LDAP_URI", "HOMEPAGE",
		"SHELLY", "path", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR" };
	struct wire_str name;
	char word[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(denied); i++) {
		name = peer_str(denied[i]);
		assert_true(grants_env_denied(name));
		(void)snprintf(word, sizeof(word), "env:%s", denied[i]);
		assert_int_equal(add(HOOK_ACCOUNT, word), GRANT_DENIED);
	}
	for (i = 0; i < ARRAY_LEN(allowed); i++)
		assert_false(grants_env_denied(peer_str(allowed[i])));
	/* a prefix does not reach what the list denies */
	assert_int_equal(add(HOOK_ACCOUNT, "env:L*"), GRANT_GIVEN);
	assert_int_equal(add(HOOK_ACCOUNT, "env:LD_*"), GRANT_GIVEN);
	assert_true(grants_have_env(&grants, peer_str("LANG")));
	assert_false(grants_have_env(&grants, peer_str("LD_PRELOAD")));
}

TEST(user_files_and_prefixes)
{
	(void)state;
	assert_false(grants.user_files);
	assert_int_equal(add(HOOK_OPEN_SESSION, "user_file:krb5cc"),
	    GRANT_GIVEN);
	assert_int_equal(add(HOOK_OPEN_SESSION, "user_file:app-1.*"),
	    GRANT_GIVEN);
	assert_true(grants.user_files);
	assert_true(grants_have_user_file(&grants, peer_str("krb5cc")));
	assert_false(grants_have_user_file(&grants, peer_str("krb5cc2")));
	assert_false(grants_have_user_file(&grants, peer_str("krb5c")));
	assert_true(grants_have_user_file(&grants, peer_str("app-1.")));
	assert_true(grants_have_user_file(&grants, peer_str("app-1.x")));
	assert_false(grants_have_user_file(&grants, peer_str("app-1./x")));
	assert_false(grants_have_user_file(&grants, peer_str("app-1.*")));
	assert_false(grants_have_user_file(&grants, peer_str("app-1")));
	assert_false(grants_have_user_file(&grants, peer_str("")));
	assert_false(grants_have_env(&grants, peer_str("krb5cc")));
}

TEST(user_files_with_bad_names)
{
	static const char *const bad[] = { "user_file:", "user_file:.a",
		"user_file:-a", "user_file:_a", "user_file:a/b",
		"user_file:../a", "user_file:a b", "user_file:a*b",
		"user_file:**", "user_file:a**", "user_file:*a",
		"user_file:\xc3\x84", "user_file:a\n", "user_file:user_file:a",
		"user_file:a\\b", "user_file:a%s" };
	char word[10 + LIMIT_USER_FILE_NAME_MAX + 1 + 1] = "user_file:";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(add(HOOK_AUTHENTICATE, bad[i]),
		    GRANT_BAD_FILE);
	assert_int_equal(add(HOOK_AUTHENTICATE, "user_file:*"),
	    GRANT_ALL_FILES);
	memset(word + 10, 'a', LIMIT_USER_FILE_NAME_MAX + 1);
	assert_int_equal(add(HOOK_AUTHENTICATE, word), GRANT_BAD_FILE);
	assert_false(grants.user_files);
	word[10 + LIMIT_USER_FILE_NAME_MAX] = '\0';
	assert_int_equal(add(HOOK_AUTHENTICATE, word), GRANT_GIVEN);
}

TEST(user_files_on_auth_and_session_lines_only)
{
	int hook;
	enum grant_status want;

	(void)state;
	for (hook = 1; hook <= HOOK_COUNT; hook++) {
		want = hook == HOOK_ACCOUNT || hook == HOOK_PRELIMINARY ||
		    hook == HOOK_UPDATE ? GRANT_NO_FILES : GRANT_GIVEN;
		grants_init(&grants);
		assert_int_equal(add((enum hook)hook, "user_file:a"), want);
		assert_int_equal(grants.user_files, want == GRANT_GIVEN);
		assert_int_equal(grants_have_user_file(&grants, peer_str("a")),
		    want == GRANT_GIVEN);
	}
}

TEST(each_once)
{
	(void)state;
	assert_int_equal(add(HOOK_ACCOUNT, "prompt"), GRANT_GIVEN);
	assert_int_equal(add(HOOK_ACCOUNT, "prompt"), GRANT_GIVEN);
	assert_int_equal(grants.n, 1);
}

TEST(too_many)
{
	char words[LIMIT_GRANTS_MAX][24];
	int i;

	(void)state;
	for (i = 0; i < LIMIT_GRANTS_MAX; i++) {
		(void)snprintf(words[i], sizeof(words[i]), "env:A%d", i);
		assert_int_equal(add(HOOK_ACCOUNT, words[i]), GRANT_GIVEN);
	}
	assert_int_equal(add(HOOK_ACCOUNT, "prompt"), GRANT_TOO_MANY);
	assert_false(grants_have(&grants, GRANT_PROMPT));
	assert_int_equal(add(HOOK_ACCOUNT, "env:A3"), GRANT_GIVEN);
}

#define SET_UP(name)	cmocka_unit_test_setup(test_##name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SET_UP(words),
		SET_UP(unknown_words),
		SET_UP(tokens_on_auth_and_password_lines_only),
		SET_UP(items),
		SET_UP(env_names_and_prefixes),
		SET_UP(env_bad_names),
		SET_UP(env_deny_list),
		SET_UP(user_files_and_prefixes),
		SET_UP(user_files_with_bad_names),
		SET_UP(user_files_on_auth_and_session_lines_only),
		SET_UP(each_once),
		SET_UP(too_many),
	};

	return cmocka_run_group_tests_name("grants", tests, NULL, NULL);
}
