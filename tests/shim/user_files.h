/* SPDX-License-Identifier: MIT */

/* What both tests of user files need: results with them, and the folder. */
#ifndef USER_FILES_H
#define USER_FILES_H

#include <pwd.h>
#include <time.h>

#include "../../shim/user_file.h"
#include "fixture.h"

#define FILES_LINE \
	"grant=user_file:cache,user_file:n*,set_item:tty " FIXTURE_MODULE
#define FILES_PATH_MAX	(FIXTURE_PATH_MAX + 128)
#define FILES_SECRET	"s3cret-content"

/* The result of the test, and whose files it writes. */
extern struct message_result files_result;
extern struct passwd files_owner;

/*
 * Root writes somebody else's files; others can write their own only. The
 * result is a success without effects.
 */
int	files_setup(void **state);

/* A file of the result; NULL deletes. */
void	files_set(const char *name, const char *content);
void	files_set_bytes(const char *name, const void *content, size_t);

/* An effect of the result that comes behind the files, and what came of it. */
void	files_set_tty(void);
const char *files_tty(struct fixture *);

/* Runs the hook for the owner, with a worker that has this result. */
int	files_hook(struct fixture *, enum hook, const char *words);

/* The owner's file; valid until the next call. */
const char *files_path(const struct fixture *, const char *name);
bool	files_there(const struct fixture *, const char *name);
unsigned files_count(const struct fixture *);

/* Puts a file there, and checks one. */
void	files_put(const char *path, const char *content, time_t);
void	assert_file(const char *path, const void *want, size_t);

#endif /* USER_FILES_H */
