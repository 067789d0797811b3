/* SPDX-License-Identifier: MIT */

#include "user_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_modules.h>

struct message_result files_result;
struct passwd files_owner;

int
files_setup(void **state)
{
	const struct passwd *entry = geteuid() == 0 ? getpwnam("nobody") :
	    getpwuid(geteuid());
	struct fixture *f;

	if (entry == NULL || fixture_setup(state) != 0)
		return -1;
	files_owner = *entry;
	f = *state;
	(void)fixture_user_files(f);
	peer_result(&files_result, PAM_SUCCESS);
	return 0;
}

void
files_set_bytes(const char *name, const void *content, size_t len)
{
	struct message_result_user_files *file;

	file = &files_result.user_files[files_result.n_user_files++];
	file->name = peer_str(name);
	file->has_content = content != NULL;
	file->content.p = content;
	file->content.len = len;
}

void
files_set(const char *name, const char *content)
{
	files_set_bytes(name, content, content == NULL ? 0 : strlen(content));
}

int
files_hook(struct fixture *f, enum hook hook, const char *words)
{
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &files_result);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, fixture_line_type(hook), words);
	if (f->pamh == NULL)
		fixture_start(f, files_owner.pw_name);
	return fixture_hook(f, hook, words);
}

const char *
files_path(const struct fixture *f, const char *name)
{
	static char path[FILES_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%lu-%s", f->user_files,
	    (unsigned long)files_owner.pw_uid, name);
	return path;
}

bool
files_there(const struct fixture *f, const char *name)
{
	struct stat st;

	return lstat(files_path(f, name), &st) == 0;
}

void
assert_file(const char *path, const void *want, size_t len)
{
	static char content[LIMIT_USER_FILE_MAX + 1];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail_msg("%s is not there", path);
	assert_int_equal(read(fd, content, sizeof(content)), len);
	assert_memory_equal(content, want, len);
	(void)close(fd);
}

void
files_put(const char *path, const char *content, time_t when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(futimens(fd, times), 0);
	(void)close(fd);
}

unsigned
files_count(const struct fixture *f)
{
	const struct dirent *entry;
	DIR *d = opendir(f->user_files);
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

const char *
files_tty(struct fixture *f)
{
	const void *value = NULL;

	assert_int_equal(pam_get_item(f->pamh, PAM_TTY, &value), PAM_SUCCESS);
	return value != NULL ? value : "(none)";
}

void
files_set_tty(void)
{
	files_result.n_items = 1;
	files_result.items[0].item = ITEM_TTY;
	files_result.items[0].value = peer_str("pts/9");
}
