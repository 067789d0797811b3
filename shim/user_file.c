/* SPDX-License-Identifier: MIT */

#include "user_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "items.h"
#include "lookup.h"

/* "4294967295-" and a name. */
#define USER_FILE_PATH_MAX	(11 + LIMIT_USER_FILE_NAME_MAX + 1)
/* A file on its way; no name of a user file begins with a dot. */
#define USER_FILE_TMP		".tmp-"
#define USER_FILE_TMP_MAX	64
#define USER_FILE_TRIES		8
/* What a process left behind that was killed on the way. */
#define USER_FILE_STALE_S	3600
/* Entries of the folder that are looked at. */
#define USER_FILE_LOOK_MAX	1000000

struct user_file_place {
	int	dir;	/* the folder */
	uid_t	uid;
	gid_t	gid;
};

/* What a look through the folder found of one user. */
struct user_file_found {
	unsigned	n;
	struct timespec	oldest;
	char		name[USER_FILE_PATH_MAX];
};

bool
user_file_dir(const struct call *call, char path[PLACE_PATH_MAX])
{
	if (!call->args.grants.user_files)
		return false;
	(void)snprintf(path, PLACE_PATH_MAX, "%s/" USER_FILE_DIR,
	    call->args.runtime_dir);
	return true;
}

static bool
user_file_twice(const struct message_result *m, size_t at)
{
	struct wire_str name = m->user_files[at].name;
	size_t i;

	for (i = 0; i < at; i++) {
		if (m->user_files[i].name.len == name.len &&
		    memcmp(m->user_files[i].name.s, name.s, name.len) == 0)
			return true;
	}
	return false;
}

bool
user_file_check(struct call *call, const struct message_result *m)
{
	struct wire_str name;
	size_t i;

	for (i = 0; i < m->n_user_files; i++) {
		name = m->user_files[i].name;
		if (!grants_user_file_name(name))
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result writes a user file with a name that "
			    "is none");
		if (!grants_have_user_file(&call->args.grants, name))
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result writes user file %.*s, which the "
			    "grant user_file:NAME does not cover",
			    (int)name.len, name.s);
		if (user_file_twice(m, i))
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result writes user file %.*s twice",
			    (int)name.len, name.s);
	}
	return true;
}

/* protocol, since that class answers system_err in every hook */
static bool
user_file_failed(struct call *call, struct wire_str name, const char *step)
{
	return reason_set(&call->why, FAILURE_PROTOCOL, "user file %.*s: %s "
	    "failed with %s (%d)", (int)name.len, name.s, step,
	    reason_errno(errno), errno);
}

/* Whose the files are. */
static bool
user_file_owner(struct call *call, struct user_file_place *place)
{
	const char *user = items_get_user(call);
	enum lookup status = LOOKUP_ABSENT;
	struct message_passwd m;
	struct lookup_buffer b;

	lookup_buffer_init(&b);
	if (user != NULL) {
		deadline_pause(&call->deadline);
		status = lookup_passwd(user, &m, &b);
		deadline_resume(&call->deadline, DEADLINE_SYSTEM);
	}
	lookup_buffer_free(&b);
	if (status != LOOKUP_FOUND)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "writes user files, but the user %s",
		    status == LOOKUP_ABSENT ? "is not known" :
		    "could not be looked up");
	place->uid = m.uid;
	place->gid = m.gid;
	if (call->caller.euid == 0)
		return true;
	/* it need not be in the group; a file has the one that it is in */
	place->gid = (gid_t)-1;
	if (call->caller.euid == place->uid)
		return true;
	return reason_set(&call->why, FAILURE_PROTOCOL, "the result writes "
	    "files of uid %lu, and the application is uid %lu: only root can "
	    "give files to others", (unsigned long)place->uid,
	    (unsigned long)call->caller.euid);
}

static bool
user_file_open_dir(struct call *call, struct user_file_place *place)
{
	char path[PLACE_PATH_MAX];

	/* it is there: files were covered by a grant */
	(void)user_file_dir(call, path);
	switch (place_dirs(path, false, &call->caller, &call->why)) {
	case PLACE_GOOD:
		break;
	case PLACE_ABSENT:
		return reason_set(&call->why, FAILURE_PROTOCOL, "%s, where "
		    "user files are, does not exist: run systemd-tmpfiles "
		    "--create, or mkdir -m 0711 as root", path);
	default:
		call->why.class = FAILURE_PROTOCOL;
		return false;
	}
	/* nobody but its owner could have put another one there since */
	place->dir = descriptor_open(AT_FDCWD, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (place->dir >= 0)
		return true;
	return reason_set(&call->why, FAILURE_PROTOCOL, "%s cannot be opened: "
	    "%s (%d)", path, reason_errno(errno), errno);
}

static bool
user_file_is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* One entry of the folder: counted, or removed if it was left behind. */
static void
user_file_look_at(int dir, const char *name, const char *prefix,
    struct user_file_found *found)
{
	bool stale = strncmp(name, USER_FILE_TMP, strlen(USER_FILE_TMP)) == 0;
	struct stat st;

	if ((!stale && strncmp(name, prefix, strlen(prefix)) != 0) ||
	    strlen(name) >= sizeof(found->name) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (stale) {
		if (st.st_mtime < time(NULL) - USER_FILE_STALE_S)
			(void)unlinkat(dir, name, 0);
		return;
	}
	if (found->n++ > 0 && !user_file_is_older(&st.st_mtim, &found->oldest))
		return;
	found->oldest = st.st_mtim;
	memcpy(found->name, name, strlen(name) + 1);
}

/* Looks through the folder; false and errno if it cannot be read. */
static bool
user_file_find(const struct user_file_place *place,
    struct user_file_found *found)
{
	struct dirent *entry;
	char prefix[USER_FILE_PATH_MAX];
	DIR *d;
	int fd, i, error = 0;

	found->n = 0;
	(void)snprintf(prefix, sizeof(prefix), "%lu-",
	    (unsigned long)place->uid);
	fd = descriptor_open(place->dir, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return false;
	if ((d = fdopendir(fd)) == NULL) {
		error = errno;
		(void)close(fd);
		errno = error;
		return false;
	}
	for (i = 0; i < USER_FILE_LOOK_MAX; i++) {
		errno = 0;
		if ((entry = readdir(d)) == NULL) {
			error = errno;
			break;
		}
		user_file_look_at(place->dir, entry->d_name, prefix, found);
	}
	(void)closedir(d);
	errno = error;
	return error == 0;
}

/* Before a file that is new: the oldest makes room for it. */
static bool
user_file_make_room(struct call *call, const struct user_file_place *place,
    struct wire_str name, const char *target)
{
	struct user_file_found found;
	struct stat st;

	if (fstatat(place->dir, target, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (errno != ENOENT)
		return user_file_failed(call, name, "looking at it");
	if (!user_file_find(place, &found))
		return user_file_failed(call, name, "reading the folder");
	if (found.n < USER_FILES_PER_USER ||
	    unlinkat(place->dir, found.name, 0) == 0 || errno == ENOENT)
		return true;
	return user_file_failed(call, name, "removing the oldest one");
}

/*
 * Makes a file of its own name, which nobody else removes: a process in
 * another namespace may have the same number.
 */
static int
user_file_create(const struct user_file_place *place,
    char tmp[USER_FILE_TMP_MAX])
{
	struct timespec now;
	int fd, tries, error;

	for (tries = 0; tries < USER_FILE_TRIES; tries++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		(void)snprintf(tmp, USER_FILE_TMP_MAX,
		    USER_FILE_TMP "%ld-%lld.%09ld", (long)getpid(),
		    (long long)now.tv_sec, now.tv_nsec);
		fd = openat(place->dir, tmp, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && (errno == EEXIST || errno == EINTR))
			continue;
		if (fd < 0 || (fd = descriptor_raise(fd)) >= 0)
			return fd;
		error = errno;
		(void)unlinkat(place->dir, tmp, 0);
		errno = error;
		return -1;
	}
	return -1;
}

/* write(2) beyond the limit would raise SIGXFSZ in the application. */
static bool
user_file_fits(size_t len)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < len) {
		errno = EFBIG;
		return false;
	}
	return true;
}

/* Owner and mode come first: whoever could open it before finds it empty. */
static bool
user_file_fill(int fd, const struct user_file_place *place,
    struct wire_bytes content)
{
	size_t done = 0;
	ssize_t n;

	if (!user_file_fits(content.len) || fchmod(fd, 0600) != 0 ||
	    fchown(fd, place->uid, place->gid) != 0)
		return false;
	while (done < content.len) {
		n = write(fd, content.p + done, content.len - done);
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0) {
			errno = ENOSPC;
			return false;
		}
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

static bool
user_file_write(const struct user_file_place *place, const char *target,
    struct wire_bytes content)
{
	char tmp[USER_FILE_TMP_MAX];
	int fd = user_file_create(place, tmp), error;
	bool filled;

	if (fd < 0)
		return false;
	filled = user_file_fill(fd, place, content);
	error = errno;
	/* where a file system tells late that there was no room */
	if (close(fd) != 0 && filled && errno != EINTR) {
		filled = false;
		error = errno;
	}
	if (filled && renameat(place->dir, tmp, place->dir, target) == 0)
		return true;
	if (filled)
		error = errno;
	(void)unlinkat(place->dir, tmp, 0);
	errno = error;
	return false;
}

static bool
user_file_set(struct call *call, const struct user_file_place *place,
    const struct message_result_user_files *file)
{
	char target[USER_FILE_PATH_MAX];

	(void)snprintf(target, sizeof(target), "%lu-%.*s",
	    (unsigned long)place->uid, (int)file->name.len, file->name.s);
	if (!file->has_content) {
		if (unlinkat(place->dir, target, 0) == 0 || errno == ENOENT)
			return true;
		return user_file_failed(call, file->name, "deleting it");
	}
	if (!user_file_make_room(call, place, file->name, target))
		return false;
	if (user_file_write(place, target, file->content))
		return true;
	return user_file_failed(call, file->name, "writing it");
}

bool
user_file_apply(struct call *call, const struct message_result *m)
{
	struct user_file_place place = { .dir = -1 };
	bool done = true;
	size_t i;

	if (m->n_user_files == 0)
		return true;
	if (!user_file_owner(call, &place) || !user_file_open_dir(call, &place))
		return false;
	for (i = 0; i < m->n_user_files && done; i++)
		done = user_file_set(call, &place, &m->user_files[i]);
	(void)close(place.dir);
	return done;
}
