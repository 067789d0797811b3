/* SPDX-License-Identifier: MIT */

#include "../../shim/args.h"

#include "test.h"

static struct shim_args args;
static struct reason why;
static struct log logger;

#define PARSE(hook, ...) \
	parse(hook, (const char *[]){ __VA_ARGS__ }, \
	    (int)ARRAY_LEN(((const char *[]){ __VA_ARGS__ })))

static bool
parse(enum hook hook, const char **argv, int argc)
{
	memset(&args, 0xa5, sizeof(args));
	memset(&why, 0, sizeof(why));
	memset(&logger, 0, sizeof(logger));
	return args_parse(&args, hook, argc, argv, &logger, &why);
}

static void
assert_misconfigured(bool parsed, const char *part)
{
	assert_false(parsed);
	assert_int_equal(why.class, FAILURE_MISCONFIGURED);
	assert_contains(why.text, part);
}

TEST(defaults)
{
	(void)state;
	assert_true(PARSE(HOOK_ACCOUNT, "hours"));
	assert_string_equal(args.module, "hours");
	assert_int_equal(args.timeout_ms, 5000);
	assert_int_equal(args.prompt_timeout_ms, 120000);
	assert_false(args.debug);
	assert_false(args.ignore_unreachable);
	assert_string_equal(args.runtime_dir, "/run/pam-deno");
	assert_string_equal(args.config_dir, "/etc/pam-deno");
	assert_null(args.instance);
	assert_int_equal(args.n_options, 0);
	assert_int_equal(args.grants.n, 0);
}

TEST(every_option_turned)
{
	(void)state;
	assert_true(PARSE(HOOK_ACCOUNT, "timeout=250ms", "prompt_timeout=9s",
	    "on_unreachable=ignore", "debug=yes", "runtime_dir=/a/b",
	    "config_dir=/c", "instance=two", "grant=prompt,shadow",
	    "grant=get_env", "hours"));
	assert_int_equal(args.timeout_ms, 250);
	assert_int_equal(args.prompt_timeout_ms, 9000);
	assert_true(args.ignore_unreachable);
	assert_true(args.debug);
	assert_true(logger.debug);
	assert_string_equal(args.runtime_dir, "/a/b");
	assert_string_equal(args.config_dir, "/c");
	assert_string_equal(args.instance, "two");
	assert_int_equal(args.grants.n, 3);
	assert_int_equal(args.grants.words,
	    GRANT_PROMPT | GRANT_SHADOW | GRANT_GET_ENV);
}

TEST(first_word_without_equals_is_the_module)
{
	(void)state;
	assert_true(PARSE(HOOK_ACCOUNT, "timeout=1s", "hours", "timeout=2s",
	    "strict", "grant=prompt", ""));
	assert_string_equal(args.module, "hours");
	assert_string_equal(logger.module, "hours");
	assert_int_equal(args.timeout_ms, 1000);
	assert_int_equal(args.n_options, 4);
	assert_string_equal(args.options[0], "timeout=2s");
	assert_string_equal(args.options[1], "strict");
	assert_string_equal(args.options[2], "grant=prompt");
	assert_string_equal(args.options[3], "");
	assert_int_equal(args.grants.n, 0);
}

TEST(words_of_libpam_are_nobodys)
{
	(void)state;
	assert_true(PARSE(HOOK_UPDATE, "use_first_pass", "try_first_pass",
	    "authtok_type=UNIX", "use_authtok", "hours", "use_authtok",
	    "a=b", "use_first_pass", "authtok_type=", "authtok_type"));
	assert_string_equal(args.module, "hours");
	assert_int_equal(args.n_options, 1);
	assert_string_equal(args.options[0], "a=b");
}

TEST(no_module)
{
	(void)state;
	assert_misconfigured(parse(HOOK_ACCOUNT, NULL, 0), "names no module");
	assert_misconfigured(PARSE(HOOK_ACCOUNT, "timeout=1s"),
	    "names no module");
	assert_misconfigured(PARSE(HOOK_AUTHENTICATE, "use_first_pass"),
	    "names no module");
	assert_null(logger.module);
}

/* LIMIT_MODULE_MAX letters. */
#define LONGEST \
	"a2345678901234567890123456789012345678901234567890123456789012_4"

TEST(names_of_modules)
{
	static const char *const good[] = { "a", "0", "office-hours", "a_b-c9",
		LONGEST };
	static const char *const bad[] = { "", "-a", "_a", "A", "a.b", "a/b",
		"../etc", "a b", "h\xc3\xa9", "a\n",
		LONGEST "x" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++)
		assert_true(PARSE(HOOK_ACCOUNT, good[i]));
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(args_is_name(bad[i]));
		assert_misconfigured(PARSE(HOOK_ACCOUNT, bad[i]),
		    "is not the name of a module");
	}
}

TEST(durations)
{
	static const struct {
		const char *word;
		uint32_t ms;
	} good[] = {
		{ "timeout=1ms", 1 }, { "timeout=600s", 600000 },
		{ "timeout=600000ms", 600000 }, { "timeout=05s", 5000 },
	};
	static const char *const bad[] = { "timeout=", "timeout=5",
		"timeout=s", "timeout=0s", "timeout=0ms", "timeout=601s",
		"timeout=600001ms", "timeout=-1s", "timeout=1.5s",
		"timeout=5 s", "timeout=5sec", "timeout=5m", "timeout=0x5s",
		"timeout=99999999999999999999s", "timeout=4294967297s",
		"prompt_timeout=forever" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(PARSE(HOOK_ACCOUNT, good[i].word, "hours"));
		assert_int_equal(args.timeout_ms, good[i].ms);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_misconfigured(PARSE(HOOK_ACCOUNT, bad[i], "hours"),
		    bad[i]);
		assert_contains(why.text, "1ms to 600s");
	}
}

TEST(bad_values)
{
	static const char *const bad[] = { "on_unreachable=", "debug=",
		"on_unreachable=success", "on_unreachable=Ignore", "debug=1",
		"debug=true", "runtime_dir=", "runtime_dir=run",
		"runtime_dir=/", "runtime_dir=/run/", "runtime_dir=//run",
		"runtime_dir=/run/../tmp", "runtime_dir=/run/.",
		"runtime_dir=/./run", "config_dir=etc", "config_dir=/etc/..",
		"instance=", "instance=A", "instance=a:b" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_misconfigured(PARSE(HOOK_ACCOUNT, bad[i], "hours"),
		    bad[i]);
	assert_true(PARSE(HOOK_ACCOUNT, "runtime_dir=/..a/.b./c", "hours"));
}

TEST(long_directory)
{
	char word[400];

	(void)state;
	(void)snprintf(word, sizeof(word), "config_dir=/%0254d", 7);
	assert_true(PARSE(HOOK_ACCOUNT, word, "hours"));
	(void)snprintf(word, sizeof(word), "config_dir=/%0255d", 7);
	assert_misconfigured(PARSE(HOOK_ACCOUNT, word, "hours"),
	    "is not a value");
}

TEST(unknown_option_is_left_out)
{
	(void)state;
	assert_true(PARSE(HOOK_ACCOUNT, "time_out=9s", "=", "a=b", "hours"));
	assert_int_equal(args.timeout_ms, 5000);
	assert_int_equal(args.n_options, 0);
}

TEST(too_many_options)
{
	const char *argv[1 + LIMIT_OPTIONS_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(argv); i++)
		argv[i] = "hours";
	assert_true(parse(HOOK_ACCOUNT, argv, LIMIT_OPTIONS_MAX + 1));
	assert_int_equal(args.n_options, LIMIT_OPTIONS_MAX);
	assert_misconfigured(parse(HOOK_ACCOUNT, argv, LIMIT_OPTIONS_MAX + 2),
	    "more than 64 options");
}

TEST(long_option)
{
	char option[LIMIT_OPTION_MAX + 2];

	(void)state;
	memset(option, 'x', sizeof(option));
	option[LIMIT_OPTION_MAX] = '\0';
	assert_true(PARSE(HOOK_ACCOUNT, "hours", option));
	option[LIMIT_OPTION_MAX] = 'x';
	option[LIMIT_OPTION_MAX + 1] = '\0';
	assert_misconfigured(PARSE(HOOK_ACCOUNT, "hours", "a", option),
	    "option 2 of the module is longer than 1024 octets");
}

TEST(option_that_is_not_utf8)
{
	(void)state;
	assert_misconfigured(PARSE(HOOK_ACCOUNT, "hours", "a=\xff"),
	    "option 1 of the module is not UTF-8");
}

TEST(too_many_grants)
{
	char word[1024] = "grant=";
	size_t n = strlen(word);
	int i;

	(void)state;
	for (i = 0; i < LIMIT_GRANTS_MAX; i++)
		n += (size_t)snprintf(word + n, sizeof(word) - n,
		    "env:A%d,", i);
	assert_true(PARSE(HOOK_ACCOUNT, word, "hours"));
	assert_int_equal(args.grants.n, LIMIT_GRANTS_MAX);
	assert_misconfigured(PARSE(HOOK_ACCOUNT, word, "grant=env:B", "hours"),
	    "more than 32 grants");
}

TEST(empty_grants)
{
	(void)state;
	assert_true(PARSE(HOOK_ACCOUNT, "grant=", "grant=,,prompt,,", "hours"));
	assert_int_equal(args.grants.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(defaults),
		UNIT(every_option_turned),
		UNIT(first_word_without_equals_is_the_module),
		UNIT(words_of_libpam_are_nobodys),
		UNIT(no_module),
		UNIT(names_of_modules),
		UNIT(durations),
		UNIT(bad_values),
		UNIT(long_directory),
		UNIT(unknown_option_is_left_out),
		UNIT(too_many_options),
		UNIT(long_option),
		UNIT(option_that_is_not_utf8),
		UNIT(too_many_grants),
		UNIT(empty_grants),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
