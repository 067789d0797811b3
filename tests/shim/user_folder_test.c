/* SPDX-License-Identifier: MIT */

/* Room in the folder of user files: for many at once, and with many files. */

#include "../../shim/user_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../shim/user_file.h"
#include "test.h"

/* What mkdtemp(3) replaces. */
#define SIX_X		"XX" "XX" "XX"
#define UID		4711
#define WRITERS		16
#define EACH		20
#define LONG_MS		60000

static char path[64];
static struct call call;
static struct user_folder folder;

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/pam-deno-test." SIX_X);
	if (mkdtemp(path) == NULL)
		return -1;
	memset(&call, 0, sizeof(call));
	deadline_start(&call.deadline, LONG_MS);
	folder.fd = open(path, O_RDONLY | O_DIRECTORY);
	folder.uid = UID;
	folder.locked = false;
	return folder.fd < 0 ? -1 : 0;
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(folder.fd);
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file that was changed so many seconds after the epoch. */
static bool
put(unsigned long uid, int number, off_t size, time_t when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "%lu-n%d", uid, number);
	fd = openat(folder.fd, name, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, size) != 0 || futimens(fd, times) != 0)
		return false;
	return close(fd) == 0;
}

static bool
there(int number)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%d-n%d", UID, number);
	return faccessat(folder.fd, name, F_OK, 0) == 0;
}

static unsigned
count(void)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

TEST(grown_files_go_before_the_oldest)
{
	int i;

	(void)state;
	for (i = 0; i < USER_FILES_PER_USER; i++)
		assert_true(put(UID, i, i == 40 ? LIMIT_USER_FILE_MAX + 1 :
		    LIMIT_USER_FILE_MAX, 1000 + i));
	assert_true(user_folder_make_room(&call, &folder));
	assert_int_equal(count(), USER_FILES_PER_USER - 1);
	assert_false(there(40));
	assert_true(put(UID, 40, 0, 5000));
	assert_true(user_folder_make_room(&call, &folder));
	assert_false(there(0));
	assert_true(there(40) && there(1));
}

TEST(files_too_many_go)
{
	int i;

	(void)state;
	for (i = 0; i < USER_FILES_PER_USER + 40; i++)
		assert_true(put(UID, i, 0, 10000 - i));
	assert_true(put(UID + 1, 0, 0, 1));
	assert_true(user_folder_make_room(&call, &folder));
	assert_int_equal(count(), USER_FILES_PER_USER);
	for (i = 0; i < USER_FILES_PER_USER + 40; i++)
		assert_int_equal(there(i), i < USER_FILES_PER_USER - 1);
}

/* Each process with a descriptor of its own, as hooks have. */
static void
write_many(int writer)
{
	int i;

	for (i = 0; i < EACH; i++) {
		folder.fd = open(path, O_RDONLY | O_DIRECTORY);
		folder.locked = false;
		/* as long as it takes: this is about the count */
		while (!folder.locked) {
			deadline_start(&call.deadline, LONG_MS);
			if (!user_folder_make_room(&call, &folder))
				_exit(1);
		}
		if (!put(UID, writer * EACH + i, 0, 1000 + i))
			_exit(2);
		user_folder_unlock(&folder);
		(void)close(folder.fd);
	}
	_exit(0);
}

TEST(many_at_once_keep_to_the_limit)
{
	pid_t writers[WRITERS];
	int i, status;

	(void)state;
	for (i = 0; i < WRITERS; i++) {
		assert_true((writers[i] = fork()) >= 0);
		if (writers[i] == 0)
			write_many(i);
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count(), USER_FILES_PER_USER);
}

/* Who has stopped while it has the lock holds nobody up. */
TEST(lock_that_is_never_given_back)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY), i;

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (i = 0; i < USER_FILES_PER_USER; i++)
		assert_true(put(UID, i, 0, 1000 + i));
	assert_true(user_folder_make_room(&call, &folder));
	assert_false(folder.locked);
	assert_false(there(0));
	user_folder_unlock(&folder);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_true(user_folder_make_room(&call, &folder));
	assert_true(folder.locked);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	user_folder_unlock(&folder);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	(void)close(fd);
}

TEST(more_entries_than_are_looked_at)
{
	int i;

	(void)state;
	for (i = 0; i < USER_FOLDER_LOOK_MAX; i++)
		assert_true(put((unsigned long)(10000 + i), 0, 0, 1000));
	assert_false(user_folder_make_room(&call, &folder));
	assert_int_equal(call.why.class, FAILURE_PROTOCOL);
	assert_contains(call.why.text, "more than 50000 entries");
	deadline_start(&call.deadline, 0);
	assert_false(user_folder_make_room(&call, &folder));
	assert_contains(call.why.text, "before the deadline");
	assert_false(user_folder_reclaim(&call, &folder));
	assert_contains(call.why.text, "before the deadline");
}

#define FOLDER(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER(grown_files_go_before_the_oldest),
		FOLDER(files_too_many_go),
		FOLDER(many_at_once_keep_to_the_limit),
		FOLDER(lock_that_is_never_given_back),
		FOLDER(more_entries_than_are_looked_at),
	};

	return cmocka_run_group_tests_name("user folder", tests, NULL, NULL);
}
