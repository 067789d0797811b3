/* SPDX-License-Identifier: MIT */

/*
 * Who may answer for a module is a matter of place: only root could have made
 * the directories above the socket, and the socket. The same holds for the
 * links that say which modules there are.
 *
 * Owner: root. A process without privilege may own them too, so that all can
 * be tried without root. Not writable by group or others; above the last
 * directory, one of root with the sticky bit counts as not writable, since
 * nobody else can rename or remove what is in it.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "reason.h"

/* The file in runtime_dir that on_unreachable=ignore depends on. */
#define PLACE_MARKER	".pam-deno"

/* The longest runtime_dir or config_dir. */
#define PLACE_DIR_MAX	255
/* Room for one, a folder in it, the name of a module and a suffix. */
#define PLACE_PATH_MAX	384

/* Whom the process is; the owner of files that it may trust beside root. */
struct place_caller {
	uid_t	uid, euid;
	bool	trusts_itself;	/* no privilege, now or to come back to */
	bool	secure;		/* AT_SECURE: made what it is by its file */
};

enum place {
	PLACE_GOOD,
	PLACE_ABSENT,	/* ENOENT; nothing is noted */
	PLACE_BAD	/* the reason is noted */
};

void		place_caller(struct place_caller *);

/*
 * Checks a directory (args_is_path() holds) and everything above it; "/" only
 * if from_root, a hook needs that once.
 */
enum place	place_dirs(const char *dir, bool from_root,
		    const struct place_caller *, struct reason *);

/* Checks the inode of a socket. */
enum place	place_socket(const char *path, const struct place_caller *,
		    struct reason *);

/* Checks who made a symbolic link; its mode says nothing. */
enum place	place_link(const char *path, const struct place_caller *,
		    struct reason *);

/* Checks a marker: a regular file. */
enum place	place_marker(const char *path, const struct place_caller *,
		    struct reason *);

#endif /* PLACE_H */
