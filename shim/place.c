/* SPDX-License-Identifier: MIT */

#include "place.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

void
place_caller(struct place_caller *caller)
{
	uid_t saved;

	/* cannot fail: the pointers are ours */
	(void)getresuid(&caller->uid, &caller->euid, &saved);
	/*
	 * A daemon of root that took another euid for a while is privileged,
	 * and so is a program with a set-id bit or file capabilities: what
	 * their user owns must not decide for them.
	 */
	caller->secure = getauxval(AT_SECURE) != 0;
	caller->trusts_itself = caller->euid != 0 &&
	    caller->uid == caller->euid && saved == caller->euid &&
	    !caller->secure;
}

static enum place
place_lstat(const char *path, struct stat *st, struct reason *why)
{
	if (lstat(path, st) == 0)
		return PLACE_GOOD;
	switch (errno) {
	case ENOENT:
		return PLACE_ABSENT;
	case EACCES:
	case EPERM:
		(void)reason_set(why, FAILURE_UNREACHABLE, "%s cannot be "
		    "reached (%s): the application runs without privilege, or "
		    "SELinux, AppArmor or a sandbox forbids it", path,
		    reason_errno(errno));
		return PLACE_BAD;
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		(void)reason_set(why, FAILURE_MISCONFIGURED, "%s is not a "
		    "usable path (%s): mend runtime_dir= or config_dir=", path,
		    reason_errno(errno));
		return PLACE_BAD;
	default:
		(void)reason_set(why, reason_is_starved(errno) ?
		    FAILURE_STARVED : FAILURE_UNREACHABLE,
		    "%s cannot be looked at: %s (%d)", path,
		    reason_errno(errno), errno);
		return PLACE_BAD;
	}
}

static bool
place_owned(const char *path, const struct stat *st,
    const struct place_caller *caller, struct reason *why)
{
	if (st->st_uid == 0 ||
	    (caller->trusts_itself && st->st_uid == caller->euid))
		return true;
	return reason_set(why, FAILURE_MISCONFIGURED, "%s belongs to uid %lu, "
	    "not to root: whoever owns it could answer for the module; "
	    "chown root, once you know who made it", path,
	    (unsigned long)st->st_uid);
}

static bool
place_writable(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/*
 * Nobody else can rename what is in a directory of root with the sticky bit,
 * so it may stand above. In the last one a stranger could still make what has
 * vanished for a moment: there the bit does not help.
 */
static bool
place_dir(const char *path, const struct stat *st, bool last,
    const struct place_caller *caller, struct reason *why)
{
	if (S_ISLNK(st->st_mode))
		return reason_set(why, FAILURE_MISCONFIGURED, "%s is a "
		    "symbolic link: write the path it leads to into "
		    "runtime_dir= or config_dir=", path);
	if (!S_ISDIR(st->st_mode))
		return reason_set(why, FAILURE_MISCONFIGURED,
		    "%s is not a directory", path);
	if (!place_owned(path, st, caller, why))
		return false;
	if (!place_writable(st) || (!last && st->st_uid == 0 &&
	    (st->st_mode & S_ISVTX) != 0))
		return true;
	return reason_set(why, FAILURE_MISCONFIGURED, "%s has mode %04o: "
	    "others than its owner could put something in its place; "
	    "chmod go-w", path, (unsigned)(st->st_mode & 07777));
}

enum place
place_dirs(const char *dir, bool from_root,
    const struct place_caller *caller, struct reason *why)
{
	char path[PLACE_PATH_MAX];
	size_t len = strlen(dir), i;
	struct stat st;
	enum place place;

	if (len >= sizeof(path)) {
		(void)reason_set(why, FAILURE_MISCONFIGURED, "%.80s… is "
		    "longer than a path here can be: use a shorter one", dir);
		return PLACE_BAD;
	}
	memcpy(path, dir, len + 1);
	if (from_root) {
		if ((place = place_lstat("/", &st, why)) != PLACE_GOOD)
			return place;
		if (!place_dir("/", &st, false, caller, why))
			return PLACE_BAD;
	}
	for (i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		path[i] = '\0';
		if ((place = place_lstat(path, &st, why)) != PLACE_GOOD)
			return place;
		if (!place_dir(path, &st, i == len, caller, why))
			return PLACE_BAD;
		path[i] = dir[i];
	}
	return PLACE_GOOD;
}

enum place
place_socket(const char *path, const struct place_caller *caller,
    struct reason *why)
{
	struct stat st;
	enum place place;

	if ((place = place_lstat(path, &st, why)) != PLACE_GOOD)
		return place;
	if (!S_ISSOCK(st.st_mode)) {
		(void)reason_set(why, FAILURE_MISCONFIGURED, "%s is not a "
		    "socket: remove it and start the module's worker again",
		    path);
		return PLACE_BAD;
	}
	if (!place_owned(path, &st, caller, why))
		return PLACE_BAD;
	if (place_writable(&st)) {
		(void)reason_set(why, FAILURE_MISCONFIGURED, "%s has mode "
		    "%04o: others than its owner could ask the module; chmod "
		    "0600", path, (unsigned)(st.st_mode & 07777));
		return PLACE_BAD;
	}
	return PLACE_GOOD;
}

enum place
place_link(const char *path, const struct place_caller *caller,
    struct reason *why)
{
	struct stat st;
	enum place place;

	if ((place = place_lstat(path, &st, why)) != PLACE_GOOD)
		return place;
	return place_owned(path, &st, caller, why) ? PLACE_GOOD : PLACE_BAD;
}

enum place
place_marker(const char *path, const struct place_caller *caller,
    struct reason *why)
{
	struct stat st;
	enum place place;

	if ((place = place_lstat(path, &st, why)) != PLACE_GOOD)
		return place;
	if (!S_ISREG(st.st_mode)) {
		(void)reason_set(why, FAILURE_MISCONFIGURED,
		    "%s is not a regular file", path);
		return PLACE_BAD;
	}
	return place_owned(path, &st, caller, why) ? PLACE_GOOD : PLACE_BAD;
}
