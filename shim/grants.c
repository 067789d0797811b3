/* SPDX-License-Identifier: MIT */

#include "grants.h"

#include <string.h>

#include <security/pam_modules.h>

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define ENV_PREFIX	"env:"
#define ITEM_PREFIX	"set_item:"
#define FILE_PREFIX	"user_file:"
/* The longest pattern of the deny list and its NUL. */
#define GRANTS_DENIED_MAX	20

static const struct {
	const char	*word;
	enum grant	 grant;
	bool		 token;	/* auth and password lines only */
} grants_words[] = {
	{ "prompt",		GRANT_PROMPT,		false },
	{ "authtok",		GRANT_AUTHTOK,		true },
	{ "set_authtok",	GRANT_SET_AUTHTOK,	true },
	{ "get_env",		GRANT_GET_ENV,		false },
	{ "shadow",		GRANT_SHADOW,		false },
};

/* PAM_SERVICE is not among them: setting it reloads the stack in mid-login. */
static const unsigned grants_items[] = {
	PAM_USER, PAM_TTY, PAM_RHOST, PAM_RUSER, PAM_USER_PROMPT,
	PAM_XDISPLAY, PAM_AUTHTOK_TYPE,
};

/*
 * Variables that no grant covers: what the loader, the C library, a shell, an
 * interpreter or a helper program takes code, a search path or an identity
 * from. A trailing '*' is a prefix. The list is for the session of the user
 * and for set-uid programs that keep their environment, so it is wide.
 */
static const char grants_denied[][GRANTS_DENIED_MAX] = {
	/* the dynamic loader and the C library */
	"LD_*", "DYLD_*", "_RLD*", "LDR_*", "LIBPATH", "SHLIB_PATH",
	"GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "LOCPATH", "NLSPATH",
	"MALLOC_*", "RES_OPTIONS", "RESOLV_*", "HOSTALIASES", "LOCALDOMAIN",
	"NIS_PATH", "TZDIR", "TMPDIR", "TERMINFO*", "TERMCAP", "TERMPATH",
	/* shells */
	"PATH", "IFS", "ENV", "BASH_*", "BASHOPTS", "SHELLOPTS", "SHELL",
	"CDPATH", "PS*", "PROMPT_COMMAND", "GLOBIGNORE", "HISTFILE", "INPUTRC",
	"FPATH", "ZDOTDIR", "NULLCMD", "READNULLCMD", "KSH_*", "FCEDIT",
	/* who one is and where one lives */
	"HOME", "USER", "LOGNAME", "MAIL", "SUDO_*", "DOAS_*",
	/* interpreters */
	"PYTHON*", "PERL*", "RUBY*", "GEM_*", "NODE_*", "NPM_*", "DENO_*",
	"BUN_*", "LUA_*", "PHP_*", "PHPRC", "TCL*", "TK_*", "GUILE_*",
	"JAVA_*", "JDK_*", "_JAVA_*", "CLASSPATH", "DOTNET_*", "R_*",
	/* programs that other programs start, and their plugins */
	"EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESS*", "GIT_*",
	"SSH_ASKPASS*", "GTK_*", "GIO_*", "GDK_*", "QT_*", "OPENSSL_*",
	"KRB5_*", "SYSTEMD_*", "PKCS11_*", "GST_*", "VIMINIT", "EXINIT",
};

void
grants_init(struct grants *g)
{
	g->words = 0;
	g->items = 0;
	g->user_files = false;
	g->n = 0;
}

static bool
grants_equal(struct wire_str word, const char *s)
{
	return word.len == strlen(s) && memcmp(word.s, s, word.len) == 0;
}

static bool
grants_skip_prefix(struct wire_str *word, const char *prefix)
{
	size_t n = strlen(prefix);

	if (word->len < n || memcmp(word->s, prefix, n) != 0)
		return false;
	word->s += n;
	word->len -= n;
	return true;
}

/* A pattern is a name, or a prefix with a '*' behind it. */
static bool
grants_match(struct wire_str pattern, struct wire_str name)
{
	if (pattern.len > 0 && pattern.s[pattern.len - 1] == '*')
		return name.len >= pattern.len - 1 &&
		    memcmp(name.s, pattern.s, pattern.len - 1) == 0;
	return name.len == pattern.len &&
	    memcmp(name.s, pattern.s, name.len) == 0;
}

bool
grants_env_name(struct wire_str name)
{
	size_t i;
	char c;

	if (name.len == 0 || name.len > LIMIT_ENV_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		c = name.s[i];
		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    c == '_' || (i > 0 && c >= '0' && c <= '9'))
			continue;
		return false;
	}
	return true;
}

bool
grants_env_denied(struct wire_str name)
{
	struct wire_str pattern;
	size_t i;

	for (i = 0; i < ARRAY_LEN(grants_denied); i++) {
		pattern.s = grants_denied[i];
		pattern.len = strlen(grants_denied[i]);
		if (grants_match(pattern, name))
			return true;
	}
	return false;
}

static enum grant_status
grants_check_env(struct wire_str pattern)
{
	bool prefix = pattern.len > 0 && pattern.s[pattern.len - 1] == '*';

	if (prefix && pattern.len == 1)
		return GRANT_BARE_STAR;
	if (prefix)
		pattern.len--;
	if (!grants_env_name(pattern))
		return GRANT_BAD_NAME;
	/* a prefix may reach over allowed names too: each is checked in use */
	if (!prefix && grants_env_denied(pattern))
		return GRANT_DENIED;
	return GRANT_GIVEN;
}

static bool
grants_is_alphanumeric(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9');
}

bool
grants_user_file_name(struct wire_str name)
{
	size_t i;
	char c;

	if (name.len == 0 || name.len > LIMIT_USER_FILE_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		c = name.s[i];
		if (grants_is_alphanumeric(c) ||
		    (i > 0 && (c == '.' || c == '_' || c == '-')))
			continue;
		return false;
	}
	return true;
}

static bool
grants_has_user_files(enum hook hook)
{
	return hook == HOOK_AUTHENTICATE || hook == HOOK_SET_CREDENTIALS ||
	    hook == HOOK_OPEN_SESSION || hook == HOOK_CLOSE_SESSION;
}

static enum grant_status
grants_set_user_file(struct grants *g, enum hook hook, struct wire_str pattern)
{
	bool prefix = pattern.len > 0 && pattern.s[pattern.len - 1] == '*';

	if (prefix && pattern.len == 1)
		return GRANT_ALL_FILES;
	if (prefix)
		pattern.len--;
	if (!grants_user_file_name(pattern))
		return GRANT_BAD_FILE;
	if (!grants_has_user_files(hook))
		return GRANT_NO_FILES;
	g->user_files = true;
	return GRANT_GIVEN;
}

static bool
grants_has_tokens(enum hook hook)
{
	return hook == HOOK_AUTHENTICATE || hook == HOOK_SET_CREDENTIALS ||
	    hook == HOOK_PRELIMINARY || hook == HOOK_UPDATE;
}

static enum grant_status
grants_set_item(struct grants *g, struct wire_str name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(grants_items); i++) {
		if (grants_equal(name, item_word(grants_items[i]))) {
			g->items |= UINT32_C(1) << grants_items[i];
			return GRANT_GIVEN;
		}
	}
	return GRANT_UNKNOWN;
}

static enum grant_status
grants_set(struct grants *g, enum hook hook, struct wire_str word)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(grants_words); i++) {
		if (!grants_equal(word, grants_words[i].word))
			continue;
		if (grants_words[i].token && !grants_has_tokens(hook))
			return GRANT_ELSEWHERE;
		g->words |= (uint32_t)grants_words[i].grant;
		return GRANT_GIVEN;
	}
	if (grants_skip_prefix(&word, ENV_PREFIX))
		return grants_check_env(word);
	if (grants_skip_prefix(&word, ITEM_PREFIX))
		return grants_set_item(g, word);
	if (grants_skip_prefix(&word, FILE_PREFIX))
		return grants_set_user_file(g, hook, word);
	return GRANT_UNKNOWN;
}

enum grant_status
grants_add(struct grants *g, enum hook hook, struct wire_str word)
{
	enum grant_status status;
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (g->list[i].len == word.len &&
		    memcmp(g->list[i].s, word.s, word.len) == 0)
			return GRANT_GIVEN;
	}
	/* before it takes effect: what is not in the list is not given */
	if (g->n == LIMIT_GRANTS_MAX)
		return GRANT_TOO_MANY;
	status = grants_set(g, hook, word);
	if (status == GRANT_GIVEN)
		g->list[g->n++] = word;
	return status;
}

const char *
grant_status_text(enum grant_status status)
{
	switch (status) {
	case GRANT_GIVEN:
		return "it is given";
	case GRANT_UNKNOWN:
		return "there is no such grant; see pam_deno(8)";
	case GRANT_ELSEWHERE:
		return "it exists on auth and password lines only";
	case GRANT_BAD_NAME:
		return "env: wants the name of a variable, "
		    "A-Z, a-z, 0-9 and _, with at most one * at its end";
	case GRANT_BARE_STAR:
		return "env:* would be every variable; name them, or a prefix";
	case GRANT_DENIED:
		return "no module may set this variable";
	case GRANT_NO_FILES:
		return "it exists on auth and session lines only";
	case GRANT_BAD_FILE:
		return "user_file: wants the name of a file, A-Z, a-z, 0-9 "
		    "and, not in front, . _ -, with at most one * at its end";
	case GRANT_ALL_FILES:
		return "user_file:* would be every file; name them, or a "
		    "prefix";
	case GRANT_TOO_MANY:
		return "there are too many grants on the line";
	}
	return "it is not valid";
}

bool
grants_have(const struct grants *g, enum grant grant)
{
	return (g->words & (uint32_t)grant) != 0;
}

bool
grants_have_item(const struct grants *g, unsigned item)
{
	return item < 32 && (g->items & (UINT32_C(1) << item)) != 0;
}

bool
grants_have_env(const struct grants *g, struct wire_str name)
{
	struct wire_str pattern;
	size_t i;

	if (!grants_env_name(name) || grants_env_denied(name))
		return false;
	for (i = 0; i < g->n; i++) {
		pattern = g->list[i];
		if (grants_skip_prefix(&pattern, ENV_PREFIX) &&
		    grants_match(pattern, name))
			return true;
	}
	return false;
}

bool
grants_have_user_file(const struct grants *g, struct wire_str name)
{
	struct wire_str pattern;
	size_t i;

	if (!grants_user_file_name(name))
		return false;
	for (i = 0; i < g->n; i++) {
		pattern = g->list[i];
		if (grants_skip_prefix(&pattern, FILE_PREFIX) &&
		    grants_match(pattern, name))
			return true;
	}
	return false;
}
