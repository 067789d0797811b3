/* SPDX-License-Identifier: MIT */

/*
 * The pam.d line: an octet that picks the hook, and words with NUL or newline
 * between them.
 */

#include <security/pam_modules.h>

#include <stdlib.h>
#include <string.h>

#include "../../shim/args.h"
#include "fuzz.h"

#define WORDS_MAX	192

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static struct wire_str
str(const char *s)
{
	struct wire_str word = { .s = s, .len = strlen(s) };

	return word;
}

/* What holds for every line that is accepted. */
static void
check_args(const struct shim_args *args, enum hook hook)
{
	size_t i;

	check(args_is_name(args->module));
	check(args->timeout_ms >= 1 &&
	    args->timeout_ms <= ARGS_DURATION_MAX_MS);
	check(args->prompt_timeout_ms >= 1 &&
	    args->prompt_timeout_ms <= ARGS_DURATION_MAX_MS);
	check(args->runtime_dir[0] == '/' && args->config_dir[0] == '/');
	check(strstr(args->runtime_dir, "/..") == NULL ||
	    strstr(args->runtime_dir, "/../") == NULL);
	check(args->instance == NULL || args_is_name(args->instance));
	check(args->n_options <= LIMIT_OPTIONS_MAX);
	for (i = 0; i < args->n_options; i++)
		check(strlen(args->options[i]) <= LIMIT_OPTION_MAX);
	check(args->grants.n <= LIMIT_GRANTS_MAX);
	for (i = 0; i < args->grants.n; i++)
		check(args->grants.list[i].len <= LIMIT_GRANT_MAX);
	check(!grants_have_item(&args->grants, ITEM_SERVICE));
	check(!grants_have_env(&args->grants, str("LD_PRELOAD")));
	check(!grants_have_env(&args->grants, str("PATH")));
	check(!grants_have_user_file(&args->grants, str("../a")));
	check(!grants_have_user_file(&args->grants, str(".a")));
	check(hook != HOOK_ACCOUNT || (!args->grants.user_files &&
	    !grants_have(&args->grants, GRANT_AUTHTOK)));
}

void
test_one(const uint8_t *p, size_t len)
{
	struct shim_args args;
	struct reason why = { .text = "" };
	struct log log = { .pamh = NULL };
	const char *argv[WORDS_MAX];
	char *words;
	enum hook hook;
	size_t i;
	int argc = 0;

	if (len < 1)
		return;
	hook = (enum hook)(1 + p[0] % HOOK_COUNT);
	/* each word in a block of its own length would be slower, not better */
	if ((words = malloc(len)) == NULL)
		return;
	memcpy(words, p + 1, len - 1);
	words[len - 1] = '\0';
	argv[argc++] = words;
	for (i = 0; i + 1 < len && argc < WORDS_MAX; i++) {
		if (words[i] != '\n' && words[i] != '\0')
			continue;
		words[i] = '\0';
		argv[argc++] = words + i + 1;
	}
	if (args_parse(&args, hook, argc, argv, &log, &why))
		check_args(&args, hook);
	else
		check(why.class == FAILURE_MISCONFIGURED && why.text[0] != 0);
	free(words);
}
