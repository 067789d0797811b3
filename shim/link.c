/* SPDX-License-Identifier: MIT */

#include "link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"

/* Room for the words of all hooks with commas, and to spare. */
#define LINK_TARGET_MAX		256
/* Names that are compared with a misspelt one, and how many are told. */
#define LINK_SUGGEST_LOOK_MAX	1024
#define LINK_SUGGEST_MAX	3
/* A name this many edits away is a typing error. */
#define LINK_SUGGEST_EDITS	2

static bool
link_path(const struct shim_args *args, const char *name, char *path,
    size_t size, struct reason *why)
{
	int n;

	n = snprintf(path, size, "%s/" LINK_DIR "%s%s", args->config_dir,
	    *name != '\0' ? "/" : "", name);
	if (n > 0 && (size_t)n < size)
		return true;
	return reason_set(why, FAILURE_MISCONFIGURED, "config_dir=%.80s… is "
	    "longer than a path can be: use a shorter one", args->config_dir);
}

static size_t
link_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two names of modules: a letter more, less or another. */
static size_t
link_edits(const char *a, const char *b)
{
	size_t row[LIMIT_MODULE_MAX + 1], i, j, above, corner;
	size_t len = strlen(b);

	for (j = 0; j <= len; j++)
		row[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		corner = row[0];
		row[0] = i + 1;
		for (j = 0; j < len; j++) {
			above = row[j + 1];
			row[j + 1] = a[i] == b[j] ? corner : 1 +
			    link_min(corner, link_min(above, row[j]));
			corner = above;
		}
	}
	return row[len];
}

/* Names of the directory that the misspelt one may have been meant for. */
static size_t
link_near(const char *module, DIR *d, char *near, size_t size)
{
	struct dirent *entry;
	size_t looked, told = 0, len = 0;

	for (looked = 0; looked < LINK_SUGGEST_LOOK_MAX; looked++) {
		if (told == LINK_SUGGEST_MAX || (entry = readdir(d)) == NULL)
			break;
		if (!args_is_name(entry->d_name) ||
		    link_edits(module, entry->d_name) > LINK_SUGGEST_EDITS)
			continue;
		len += (size_t)snprintf(near + len, size - len, "%s%s",
		    told++ == 0 ? "" : ", ", entry->d_name);
	}
	return told;
}

/* Notes that there is no such module, and which names are near. */
static bool
link_suggest(const struct shim_args *args, const char *dir,
    struct reason *why)
{
	char near[LINK_SUGGEST_MAX * (LIMIT_MODULE_MAX + 2) + 1] = "";
	size_t told = 0;
	DIR *d;
	int fd = descriptor_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY);

	if (fd >= 0 && (d = fdopendir(fd)) != NULL) {
		told = link_near(args->module, d, near, sizeof(near));
		(void)closedir(d);
	} else if (fd >= 0)
		(void)close(fd);
	return reason_set(why, FAILURE_MISCONFIGURED, "no module of this name "
	    "in %s%s%s%s: mend the pam.d line, or run pam-deno add", dir,
	    told > 0 ? " (did you mean " : "", near, told > 0 ? "?)" : "");
}

static bool
link_parse(const char *path, const char *list, uint32_t *defined,
    struct reason *why)
{
	const char *word = list;
	size_t len;
	int hook;

	*defined = 0;
	for (;; word += len + 1) {
		len = strcspn(word, ",");
		for (hook = HOOK_AUTHENTICATE; hook <= HOOK_UPDATE; hook++) {
			const char *known = hook_word((enum hook)hook);

			if (strlen(known) == len &&
			    memcmp(known, word, len) == 0)
				break;
		}
		if (hook > HOOK_UPDATE)
			return reason_set(why, FAILURE_MISCONFIGURED,
			    "%s lists the hook %.*s, which this shim does not "
			    "know: run pam-deno add again", path, (int)len,
			    word);
		*defined |= UINT32_C(1) << hook;
		if (word[len] == '\0')
			return true;
	}
}

bool
link_read(const struct shim_args *args, uint32_t *defined,
    struct reason *why)
{
	char path[PLACE_PATH_MAX], target[LINK_TARGET_MAX];
	ssize_t n;

	if (!link_path(args, args->module, path, sizeof(path), why))
		return false;
	n = readlink(path, target, sizeof(target));
	if (n >= 0 && (size_t)n < sizeof(target)) {
		target[n] = '\0';
		return link_parse(path, target, defined, why);
	}
	if (n >= 0)
		return reason_set(why, FAILURE_MISCONFIGURED, "%s lists more "
		    "than all hooks: run pam-deno add again", path);
	switch (errno) {
	case ENOENT:
		if (!link_path(args, "", path, sizeof(path), why))
			return false;
		return link_suggest(args, path, why);
	case EINVAL:
		return reason_set(why, FAILURE_MISCONFIGURED, "%s is not a "
		    "symbolic link: remove it and run pam-deno add again",
		    path);
	default:
		return reason_set(why, reason_is_starved(errno) ?
		    FAILURE_STARVED : FAILURE_MISCONFIGURED,
		    "%s cannot be read: %s (%d)%s", path, reason_errno(errno),
		    errno, errno == EACCES ? ": the application runs without "
		    "privilege, or SELinux, AppArmor or a sandbox forbids it" :
		    "");
	}
}

bool
link_check(const struct shim_args *args, bool from_root,
    const struct place_caller *caller, struct reason *why)
{
	char path[PLACE_PATH_MAX];
	enum place place;

	if (!link_path(args, "", path, sizeof(path), why))
		return false;
	place = place_dirs(path, from_root, caller, why);
	if (place == PLACE_GOOD) {
		if (!link_path(args, args->module, path, sizeof(path), why))
			return false;
		place = place_link(path, caller, why);
	}
	if (place == PLACE_ABSENT)
		(void)reason_set(why, FAILURE_MISCONFIGURED, "%s has gone "
		    "while it was in use: the module was removed", path);
	return place == PLACE_GOOD;
}
