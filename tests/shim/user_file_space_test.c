/* SPDX-License-Identifier: MIT */

/* Files for the user where their owners have left no space. */

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "user_files.h"

#define SPACE		(1024 * 1024)

/* Writes to a file of the owner, as its owner does, until nothing goes in. */
static int
grow(const char *path)
{
	static char octets[4096];
	int fd = open(path, O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	while (write(fd, octets, sizeof(octets)) > 0)
		;
	return fd;
}

/* A file system that its owners have filled, with one of them going on. */
static void
fill(struct fixture *f, bool behind_the_end)
{
	int fd;

	assert_int_equal(mount("user", f->user_files, "tmpfs", 0,
	    "size=1m,mode=0711"), 0);
	files_put(files_path(f, "n1"), "small", 1000);
	files_put(files_path(f, "n2"), "x", 2000);
	assert_int_equal(chown(files_path(f, "n2"), files_owner.pw_uid, 0), 0);
	if (!behind_the_end) {
		(void)close(grow(files_path(f, "n2")));
		return;
	}
	assert_true((fd = open(files_path(f, "n2"), O_WRONLY)) >= 0);
	assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0,
	    SPACE - 2 * 4096), 0);
	(void)close(fd);
	files_put(files_path(f, "n3"), "x", 3000);
}

TEST(grown_files_give_the_space_back)
{
	static char content[LIMIT_USER_FILE_MAX];
	char logged[64];
	struct fixture *f;
	void *own;
	int i;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (i = 0; i < 2; i++) {
		assert_int_equal(files_setup(&own), 0);
		f = own;
		fill(f, i == 1);
		files_set_bytes("cache", content, sizeof(content));
		assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
		    PAM_SUCCESS);
		(void)snprintf(logged, sizeof(logged), "uid %lu had made",
		    (unsigned long)files_owner.pw_uid);
		assert_logged(f, logged);
		assert_false(files_there(f, "n2"));
		assert_file(files_path(f, "n1"), "small", 5);
		assert_file(files_path(f, "cache"), content, sizeof(content));
		assert_int_equal(umount(f->user_files), 0);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

/* The one that is held open gives back what it has, too. */
TEST(held_files_are_emptied)
{
	struct fixture *f = *state;
	struct stat st;
	int fd;

	if (geteuid() != 0)
		skip();
	fill(f, false);
	assert_true((fd = open(files_path(f, "n2"), O_RDONLY)) >= 0);
	files_set("cache", "new");
	assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
	    PAM_SUCCESS);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == 0 && st.st_blocks == 0);
	(void)close(fd);
	assert_int_equal(umount(f->user_files), 0);
}

TEST(no_space_without_a_grown_file)
{
	struct fixture *f = *state;
	char name[FILES_PATH_MAX];
	int i;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mount("user", f->user_files, "tmpfs", 0,
	    "size=32k,mode=0711"), 0);
	for (i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		files_put(files_path(f, name), "x", 1000);
	}
	files_set("cache", FILES_SECRET);
	assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
	    PAM_SYSTEM_ERR);
	assert_logged(f, "user file cache: writing it failed with ENOSPC");
	assert_int_equal(files_count(f), 8);
	assert_int_equal(umount(f->user_files), 0);
}

/* Mounts of its own. */
static int
setup(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	return unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : -1;
}

#define FILES(name) \
	cmocka_unit_test_setup_teardown(test_##name, files_setup, \
	    fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(grown_files_give_the_space_back),
		FILES(held_files_are_emptied),
		FILES(no_space_without_a_grown_file),
	};

	return cmocka_run_group_tests_name("user file space", tests, setup,
	    NULL);
}
