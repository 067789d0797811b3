/* SPDX-License-Identifier: MIT */

#include "user_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "user_file.h"

/* What a process left behind that was killed on the way. */
#define FOLDER_STALE_S		300
/* Looks at the clock are dear beside looks at a name. */
#define FOLDER_CLOCK_EVERY	256
/* How often and in what steps the lock is waited for: 40 ms. */
#define FOLDER_LOCK_TRIES	20
#define FOLDER_LOCK_STEP_MS	2
/* Files that one look can choose to remove, and lines in the log. */
#define FOLDER_VICTIMS		16
#define FOLDER_LOOKS		4
#define FOLDER_LINES_MAX	16
#define BLOCK_OCTETS		512

/* A file of the user that may have to go. */
struct victim {
	bool		grown;
	struct timespec	when;
	char		name[USER_FOLDER_NAME_MAX];
};

/* What is looked for, and found. */
struct look {
	struct call	*call;
	int		 dir;
	char		 prefix[USER_FOLDER_NAME_MAX];	/* empty: all users */
	unsigned	 n;		/* files of the user */
	unsigned	 n_victims;
	struct victim	 victims[FOLDER_VICTIMS];	/* in order */
	unsigned	 n_removed;
};

typedef void look_visitor(struct look *, const char *name,
    const struct stat *);

/* protocol, since that class answers system_err in every hook */
static bool
folder_failed(struct call *call, const char *what, int error)
{
	return reason_set(&call->why, FAILURE_PROTOCOL, "the folder of user "
	    "files: %s failed with %s (%d)", what, reason_errno(error), error);
}

/*
 * The owner may have written more than the shim does, at its end or, with
 * fallocate(2), behind it.
 */
static bool
folder_is_grown(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_size > LIMIT_USER_FILE_MAX ||
	    (int64_t)st->st_blocks * BLOCK_OCTETS >
	    LIMIT_USER_FILE_MAX + (int64_t)st->st_blksize);
}

static bool
victim_goes_before(const struct victim *a, const struct victim *b)
{
	if (a->grown != b->grown)
		return a->grown;
	return a->when.tv_sec < b->when.tv_sec ||
	    (a->when.tv_sec == b->when.tv_sec &&
	    a->when.tv_nsec < b->when.tv_nsec);
}

/* Keeps those that go first, in this order. */
static void
look_for_victims(struct look *look, const char *name, const struct stat *st)
{
	struct victim v = { .grown = folder_is_grown(st),
		.when = st->st_mtim };
	unsigned at;

	look->n++;
	memcpy(v.name, name, strlen(name) + 1);
	at = look->n_victims;
	if (at == FOLDER_VICTIMS &&
	    !victim_goes_before(&v, &look->victims[--at]))
		return;
	for (; at > 0 && victim_goes_before(&v, &look->victims[at - 1]); at--)
		look->victims[at] = look->victims[at - 1];
	look->victims[at] = v;
	if (look->n_victims < FOLDER_VICTIMS)
		look->n_victims++;
}

/* Emptied first: whoever holds it open would keep its memory. */
static void
look_for_grown(struct look *look, const char *name, const struct stat *st)
{
	int fd;

	if (!folder_is_grown(st))
		return;
	fd = descriptor_open(look->dir, name,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		if (ftruncate(fd, 0) != 0)
			log_debug(&look->call->log, "a user file could not "
			    "be emptied: %s", reason_errno(errno));
		(void)close(fd);
	}
	if (unlinkat(look->dir, name, 0) != 0)
		return;
	if (look->n_removed++ < FOLDER_LINES_MAX)
		log_line(&look->call->log, LOG_WARNING, "uid %lu had made a "
		    "user file longer than %d octets; it was removed, for "
		    "there was no space left", (unsigned long)st->st_uid,
		    LIMIT_USER_FILE_MAX);
}

/* One entry: left behind and removed, or the visitor's. */
static void
look_at(struct look *look, const char *name, look_visitor *visit)
{
	bool tmp = strncmp(name, USER_FOLDER_TMP,
	    strlen(USER_FOLDER_TMP)) == 0;
	struct stat st;

	if (!tmp && strncmp(name, look->prefix, strlen(look->prefix)) != 0)
		return;
	if (strlen(name) >= USER_FOLDER_NAME_MAX || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 ||
	    fstatat(look->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (!tmp || look->prefix[0] == '\0')
		visit(look, name, &st);
	if (tmp && st.st_mtime < time(NULL) - FOLDER_STALE_S)
		(void)unlinkat(look->dir, name, 0);
}

/* Bounded: with many entries the hook fails, rather than holds a login up. */
static bool
look_through(struct look *look, DIR *d, look_visitor *visit)
{
	const struct dirent *entry;
	unsigned n;

	for (n = 0;; n++) {
		errno = 0;
		if ((entry = readdir(d)) == NULL)
			break;
		if (n == USER_FOLDER_LOOK_MAX)
			return reason_set(&look->call->why, FAILURE_PROTOCOL,
			    "the folder of user files has more than %d "
			    "entries: delete what nobody needs",
			    USER_FOLDER_LOOK_MAX);
		if (n % FOLDER_CLOCK_EVERY == FOLDER_CLOCK_EVERY - 1 &&
		    deadline_left_us(&look->call->deadline) == 0)
			return reason_set(&look->call->why, FAILURE_PROTOCOL,
			    "the folder of user files has too many entries to "
			    "look at before the deadline: delete what nobody "
			    "needs");
		look_at(look, entry->d_name, visit);
	}
	return errno == 0 ? true :
	    folder_failed(look->call, "reading it", errno);
}

/* Looks through the folder; false: the reason is noted. */
static bool
look_run(struct look *look, look_visitor *visit)
{
	int fd = descriptor_open(look->dir, ".", O_RDONLY | O_DIRECTORY);
	int error;
	bool done;
	DIR *d;

	if (fd < 0)
		return folder_failed(look->call, "opening it", errno);
	if ((d = fdopendir(fd)) == NULL) {
		error = errno;
		(void)close(fd);
		return folder_failed(look->call, "opening it", error);
	}
	done = look_through(look, d, visit);
	(void)closedir(d);
	return done;
}

/*
 * Only who may read the folder can hold the lock, but who started a set-uid
 * program can stop it while it does: so nobody waits for it for long, and
 * without it there may be a file too many until the next one comes.
 */
static void
folder_lock(struct call *call, struct user_folder *folder)
{
	int tries;

	for (tries = 0; !folder->locked && tries < FOLDER_LOCK_TRIES; tries++) {
		if (tries > 0 && deadline_left_us(&call->deadline) == 0)
			return;
		if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
			folder->locked = true;
		else if (errno != EWOULDBLOCK && errno != EINTR)
			return;
		else
			(void)poll(NULL, 0, FOLDER_LOCK_STEP_MS);
	}
}

void
user_folder_unlock(struct user_folder *folder)
{
	if (folder->locked)
		(void)flock(folder->fd, LOCK_UN);
	folder->locked = false;
}

/* Removes what was chosen until one more fits. */
static bool
folder_remove(struct call *call, const struct look *look, unsigned *n)
{
	unsigned i;

	*n = look->n;
	for (i = 0; i < look->n_victims && *n >= USER_FILES_PER_USER; i++) {
		if (unlinkat(look->dir, look->victims[i].name, 0) != 0 &&
		    errno != ENOENT)
			return folder_failed(call, "removing the oldest file "
			    "of the user", errno);
		--*n;
	}
	return true;
}

bool
user_folder_make_room(struct call *call, struct user_folder *folder)
{
	struct look look = { .call = call, .dir = folder->fd };
	unsigned n = USER_FILES_PER_USER, looks;

	folder_lock(call, folder);
	(void)snprintf(look.prefix, sizeof(look.prefix), "%lu-",
	    (unsigned long)folder->uid);
	/* what is too many even then, later hooks remove */
	for (looks = 0; looks < FOLDER_LOOKS && n >= USER_FILES_PER_USER;
	    looks++) {
		look.n = look.n_victims = 0;
		if (!look_run(&look, look_for_victims) ||
		    !folder_remove(call, &look, &n))
			return false;
	}
	return true;
}

bool
user_folder_reclaim(struct call *call, const struct user_folder *folder)
{
	struct look look = { .call = call, .dir = folder->fd };

	return look_run(&look, look_for_grown);
}
