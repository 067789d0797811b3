/* SPDX-License-Identifier: MIT */

#include "args.h"

#include <string.h>

#include "place.h"
#include "wire.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define MS_PER_S	1000
#define ARGS_WANTS_PATH	\
	"a path from /, at most 255 octets, without //, . and .."

/* Reads the value of one shim option; false if it is a bad one. */
typedef bool args_reader(struct shim_args *, const char *);

static args_reader args_timeout, args_prompt_timeout, args_on_unreachable;
static args_reader args_debug, args_runtime_dir, args_config_dir;
static args_reader args_instance;

/* In the order of pam_deno(8); grant= comes by itself, it needs the hook. */
static const struct {
	const char	*name;
	args_reader	*reader;
	const char	*wants;
} args_table[] = {
	{ "timeout=", args_timeout, "1ms to 600s, such as 5s" },
	{ "prompt_timeout=", args_prompt_timeout, "1ms to 600s, such as 120s" },
	{ "on_unreachable=", args_on_unreachable, "ignore" },
	{ "debug=", args_debug, "yes or no" },
	{ "runtime_dir=", args_runtime_dir, ARGS_WANTS_PATH },
	{ "config_dir=", args_config_dir, ARGS_WANTS_PATH },
	{ "instance=", args_instance, "a name of a-z, 0-9, _ and -" },
};

static const char *
args_skip_prefix(const char *word, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(word, prefix, n) == 0 ? word + n : NULL;
}

bool
args_is_name(const char *s)
{
	size_t i;
	char c;

	for (i = 0; (c = s[i]) != '\0'; i++) {
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			continue;
		if (i > 0 && (c == '_' || c == '-'))
			continue;
		return false;
	}
	return i > 0 && i <= LIMIT_MODULE_MAX;
}

/* An integer and its unit, "5s" or "250ms". */
static bool
args_duration(const char *s, uint32_t *ms)
{
	uint32_t n = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint32_t)(*s - '0');
		if (n > ARGS_DURATION_MAX_MS)
			return false;
	}
	if (strcmp(s, "s") == 0)
		n *= MS_PER_S;
	else if (strcmp(s, "ms") != 0)
		return false;
	if (n < 1 || n > ARGS_DURATION_MAX_MS)
		return false;
	*ms = n;
	return true;
}

/*
 * From the root, without empty, "." or ".." parts: then every prefix of it is
 * an ancestor, and place.c can look at each.
 */
static bool
args_is_path(const char *s)
{
	size_t n;

	if (*s != '/' || strlen(s) > PLACE_DIR_MAX)
		return false;
	while (*s == '/') {
		s++;
		n = strcspn(s, "/");
		if (n == 0 || (n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += n;
	}
	return true;
}

static bool
args_timeout(struct shim_args *args, const char *value)
{
	return args_duration(value, &args->timeout_ms);
}

static bool
args_prompt_timeout(struct shim_args *args, const char *value)
{
	return args_duration(value, &args->prompt_timeout_ms);
}

static bool
args_on_unreachable(struct shim_args *args, const char *value)
{
	args->ignore_unreachable = strcmp(value, "ignore") == 0;
	return args->ignore_unreachable;
}

static bool
args_debug(struct shim_args *args, const char *value)
{
	args->debug = strcmp(value, "yes") == 0;
	return args->debug || strcmp(value, "no") == 0;
}

static bool
args_runtime_dir(struct shim_args *args, const char *value)
{
	args->runtime_dir = value;
	return args_is_path(value);
}

static bool
args_config_dir(struct shim_args *args, const char *value)
{
	args->config_dir = value;
	return args_is_path(value);
}

static bool
args_instance(struct shim_args *args, const char *value)
{
	args->instance = value;
	return args_is_name(value);
}

/* What pam_get_authtok(3) looks for in our argv is not ours to read. */
static bool
args_is_libpams(const char *word)
{
	return strcmp(word, "use_first_pass") == 0 ||
	    strcmp(word, "try_first_pass") == 0 ||
	    strcmp(word, "use_authtok") == 0 ||
	    strcmp(word, "authtok_type") == 0 ||
	    args_skip_prefix(word, "authtok_type=") != NULL;
}

static bool
args_grants(struct shim_args *args, const char *value, const struct log *log,
    struct reason *why)
{
	enum grant_status status;
	struct wire_str word;

	for (;; value += word.len + 1) {
		word.s = value;
		word.len = strcspn(value, ",");
		if (word.len > 0) {
			status = grants_add(&args->grants, log->hook, word);
			if (status == GRANT_TOO_MANY)
				return reason_set(why, FAILURE_MISCONFIGURED,
				    "more than %d grants on the line",
				    LIMIT_GRANTS_MAX);
			if (status != GRANT_GIVEN)
				log_line(log, LOG_ERR,
				    "grant %.*s is not given: %s"
				    LOG_SEE("grant-unknown"),
				    (int)word.len, word.s,
				    grant_status_text(status));
		}
		if (word.s[word.len] == '\0')
			return true;
	}
}

static bool
args_shim_option(struct shim_args *args, const char *word,
    const struct log *log, struct reason *why)
{
	const char *value;
	size_t i;

	if ((value = args_skip_prefix(word, "grant=")) != NULL)
		return args_grants(args, value, log, why);
	for (i = 0; i < ARRAY_LEN(args_table); i++) {
		value = args_skip_prefix(word, args_table[i].name);
		if (value == NULL)
			continue;
		if (args_table[i].reader(args, value))
			return true;
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "%s is not a value of that option: it takes %s", word,
		    args_table[i].wants);
	}
	log_line(log, LOG_ERR, "unknown shim option %s is ignored; options of "
	    "the module stand behind its name" LOG_SEE("shim-option-unknown"),
	    word);
	return true;
}

static bool
args_module_option(struct shim_args *args, const char *word,
    struct reason *why)
{
	size_t len = strlen(word);

	if (args->n_options == LIMIT_OPTIONS_MAX)
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "more than %d options behind the name of the module",
		    LIMIT_OPTIONS_MAX);
	if (len > LIMIT_OPTION_MAX)
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "option %zu of the module is longer than %d octets",
		    args->n_options + 1, LIMIT_OPTION_MAX);
	if (!wire_utf8((const uint8_t *)word, len))
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "option %zu of the module is not UTF-8",
		    args->n_options + 1);
	args->options[args->n_options++] = word;
	return true;
}

static void
args_defaults(struct shim_args *args)
{
	args->timeout_ms = ARGS_TIMEOUT_MS;
	args->prompt_timeout_ms = ARGS_PROMPT_TIMEOUT_MS;
	args->debug = false;
	args->ignore_unreachable = false;
	args->runtime_dir = ARGS_RUNTIME_DIR;
	args->config_dir = ARGS_CONFIG_DIR;
	args->module = NULL;
	args->instance = NULL;
	args->n_options = 0;
	grants_init(&args->grants);
}

/* The first word that is neither an option of the shim nor libpam's. */
static const char *
args_find_module(int argc, const char **argv, int *at)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (strchr(argv[i], '=') == NULL && !args_is_libpams(argv[i])) {
			*at = i;
			return argv[i];
		}
	}
	*at = argc;
	return NULL;
}

bool
args_parse(struct shim_args *args, enum hook hook, int argc,
    const char **argv, struct log *log, struct reason *why)
{
	int i, module_at;

	log->hook = hook;
	args_defaults(args);
	args->module = args_find_module(argc, argv, &module_at);
	if (args->module == NULL)
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "the pam.d line names no module: add the name of one "
		    "behind pam_deno.so");
	if (!args_is_name(args->module))
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "%.80s is not the name of a module: a-z, 0-9, _ and -, "
		    "at most %d", args->module, LIMIT_MODULE_MAX);
	log->module = args->module;
	for (i = 0; i < argc; i++) {
		if (i == module_at || args_is_libpams(argv[i]))
			continue;
		if (i < module_at ?
		    !args_shim_option(args, argv[i], log, why) :
		    !args_module_option(args, argv[i], why))
			return false;
	}
	log->debug = args->debug;
	return true;
}
