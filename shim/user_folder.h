/* SPDX-License-Identifier: MIT */

/*
 * The folder of user files, as a whole: room for one more file of a user, and
 * for its content. Whose a file is stands in front of its name: UID-NAME.
 */
#ifndef USER_FOLDER_H
#define USER_FOLDER_H

#include <stdbool.h>

#include "call.h"

/* "4294967295-" and a name. */
#define USER_FOLDER_NAME_MAX	(11 + LIMIT_USER_FILE_NAME_MAX + 1)
/* A file on its way; no name of a user file begins with a dot. */
#define USER_FOLDER_TMP		".tmp-"
/* Entries that are looked at: the files of some hundred users. */
#define USER_FOLDER_LOOK_MAX	50000

struct user_folder {
	int	fd;
	uid_t	uid;	/* of the user */
	gid_t	gid;	/* of the user's files; (gid_t)-1: as it comes */
	bool	locked;
};

/*
 * Before a new file: removes files of the user until there is room for one
 * more, those first that their owner has made too long, then the oldest. The
 * folder is locked then, so that others do not reckon with the same room.
 * False: the reason is noted, step says what failed.
 */
bool	user_folder_make_room(struct call *, struct user_folder *);

/* For who locked it; closing is not enough where a thread has forked. */
void	user_folder_unlock(struct user_folder *);

/*
 * Where there is no space left: removes files that their owners have made
 * longer than any is written, and says so in the log. False: the reason is
 * noted.
 */
bool	user_folder_reclaim(struct call *, const struct user_folder *);

#endif /* USER_FOLDER_H */
