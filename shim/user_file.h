/* SPDX-License-Identifier: MIT */

/*
 * Files that a module leaves for the user: RUNTIME_DIR/user/UID-NAME, owned by
 * the user, mode 0600, put in its place in one step. The user id is that of the
 * hook's user and no part of what the worker says.
 */
#ifndef USER_FILE_H
#define USER_FILE_H

#include <stdbool.h>

#include "call.h"
#include "message_gen.h"

/* The folder in runtime_dir; root's, like runtime_dir. */
#define USER_FILE_DIR	"user"

/* The files of a user; for one more the oldest goes. */
#define USER_FILES_PER_USER	64

/* The folder, if the line has a grant for files in it. */
bool	user_file_dir(const struct call *, char path[PLACE_PATH_MAX]);

/* False: the reason is noted, and nothing of the result may be used. */
bool	user_file_check(struct call *, const struct message_result *);

/*
 * Writes and deletes the files. False: the reason is noted, and names the file;
 * those in front of it are written.
 */
bool	user_file_apply(struct call *, const struct message_result *);

#endif /* USER_FILE_H */
