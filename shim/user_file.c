/* SPDX-License-Identifier: MIT */

#include "user_file.h"

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
#include "user_folder.h"

#define USER_FILE_TMP_MAX	64
#define USER_FILE_TRIES		8
/* To chown(2) these mean "as it is": the file would stay root's. */
#define USER_FILE_NO_UID	((uid_t)-1)
#define USER_FILE_NO_GID	((gid_t)-1)

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
user_file_owner(struct call *call, struct user_folder *folder)
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
	if (m.uid == USER_FILE_NO_UID || m.gid == USER_FILE_NO_GID)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "writes user files, but the user's passwd entry has uid "
		    "%lu and gid %lu, which are nobody's",
		    (unsigned long)m.uid, (unsigned long)m.gid);
	folder->uid = m.uid;
	folder->gid = m.gid;
	if (call->caller.euid == 0)
		return true;
	/* it need not be in the group; a file has the one that it is in */
	folder->gid = USER_FILE_NO_GID;
	if (call->caller.euid == folder->uid)
		return true;
	return reason_set(&call->why, FAILURE_PROTOCOL, "the result writes "
	    "files of uid %lu, and the application is uid %lu: only root can "
	    "give files to others", (unsigned long)folder->uid,
	    (unsigned long)call->caller.euid);
}

static bool
user_file_open_dir(struct call *call, struct user_folder *folder)
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
	folder->fd = descriptor_open(AT_FDCWD, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (folder->fd >= 0)
		return true;
	return reason_set(&call->why, FAILURE_PROTOCOL, "%s cannot be opened: "
	    "%s (%d)", path, reason_errno(errno), errno);
}

/*
 * Makes a file of its own name, which nobody else removes: a process in
 * another namespace may have the same number.
 */
static int
user_file_create(const struct user_folder *folder,
    char tmp[USER_FILE_TMP_MAX])
{
	struct timespec now;
	int fd, tries, error;

	for (tries = 0; tries < USER_FILE_TRIES; tries++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		(void)snprintf(tmp, USER_FILE_TMP_MAX,
		    USER_FOLDER_TMP "%ld-%lld.%09ld", (long)getpid(),
		    (long long)now.tv_sec, now.tv_nsec);
		fd = openat(folder->fd, tmp, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && (errno == EEXIST || errno == EINTR))
			continue;
		if (fd < 0 || (fd = descriptor_raise(fd)) >= 0)
			return fd;
		error = errno;
		(void)unlinkat(folder->fd, tmp, 0);
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
user_file_fill(int fd, const struct user_folder *folder,
    struct wire_bytes content)
{
	size_t done = 0;
	ssize_t n;

	if (!user_file_fits(content.len) || fchmod(fd, 0600) != 0 ||
	    fchown(fd, folder->uid, folder->gid) != 0)
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
user_file_write(const struct user_folder *folder, const char *target,
    struct wire_bytes content)
{
	char tmp[USER_FILE_TMP_MAX];
	int fd = user_file_create(folder, tmp), error;
	bool filled;

	if (fd < 0)
		return false;
	filled = user_file_fill(fd, folder, content);
	error = errno;
	/* where a file system tells late that there was no room */
	if (close(fd) != 0 && filled && errno != EINTR) {
		filled = false;
		error = errno;
	}
	if (filled && renameat(folder->fd, tmp, folder->fd, target) == 0)
		return true;
	if (filled)
		error = errno;
	(void)unlinkat(folder->fd, tmp, 0);
	errno = error;
	return false;
}

/* Once more where a user has used up the space, and it can be had back. */
static bool
user_file_put(struct call *call, const struct user_folder *folder,
    const char *target, const struct message_result_user_files *file)
{
	if (user_file_write(folder, target, file->content))
		return true;
	if (errno == ENOSPC || errno == EDQUOT) {
		if (!user_folder_reclaim(call, folder))
			return false;
		if (user_file_write(folder, target, file->content))
			return true;
	}
	return user_file_failed(call, file->name, "writing it");
}

static bool
user_file_set(struct call *call, struct user_folder *folder,
    const struct message_result_user_files *file)
{
	char target[USER_FOLDER_NAME_MAX];
	struct stat st;

	(void)snprintf(target, sizeof(target), "%lu-%.*s",
	    (unsigned long)folder->uid, (int)file->name.len, file->name.s);
	if (!file->has_content) {
		if (unlinkat(folder->fd, target, 0) == 0 || errno == ENOENT)
			return true;
		return user_file_failed(call, file->name, "deleting it");
	}
	if (fstatat(folder->fd, target, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return user_file_failed(call, file->name,
			    "looking at it");
		if (!user_folder_make_room(call, folder))
			return false;
	}
	return user_file_put(call, folder, target, file);
}

bool
user_file_apply(struct call *call, const struct message_result *m)
{
	struct user_folder folder = { .fd = -1 };
	bool done = true;
	size_t i;

	if (m->n_user_files == 0)
		return true;
	if (!user_file_owner(call, &folder) ||
	    !user_file_open_dir(call, &folder))
		return false;
	for (i = 0; i < m->n_user_files && done; i++)
		done = user_file_set(call, &folder, &m->user_files[i]);
	user_folder_unlock(&folder);
	(void)close(folder.fd);
	return done;
}
