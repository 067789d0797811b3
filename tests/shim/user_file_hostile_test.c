/* SPDX-License-Identifier: MIT */

/* Files for the user that a worker may not write, and how writing fails. */

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "user_files.h"

static void
assert_refused(struct fixture *f, enum hook hook, const char *words,
    const char *logged)
{
	/* an item would be refused with such a code itself */
	if (files_result.code == PAM_SUCCESS)
		files_set_tty();
	assert_int_equal(files_hook(f, hook, words), PAM_SYSTEM_ERR);
	assert_logged(f, "protocol, system_err in ");
	assert_logged(f, logged);
	assert_string_equal(files_tty(f), "(none)");
	assert_logged_not(f, FILES_SECRET);
}

TEST(bad_names)
{
	static const char *const names[] = { "", ".", "..", "../cache", "/",
		"/etc/passwd", "n/a", ".n", "-n", "_n", "n a", "n\\", "n%n",
		"n\xc3\xa4", "n*", ".tmp-1", "n:", "~n" };
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(files_setup(&own), 0);
		f = own;
		files_set("cache", FILES_SECRET);
		files_set(names[i], i % 2 == 0 ? FILES_SECRET : NULL);
		assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
		    "a name that is none");
		assert_int_equal(files_count(f), 0);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

static const struct {
	enum hook	 hook;
	int		 code;
	const char	*name;
	bool		 deletes;
	const char	*words, *logged;
} refused[] = {
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "n1", false,
	    "grant=set_item:tty " FIXTURE_MODULE,
	    "user file n1, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "n1", true,
	    "grant=set_item:tty " FIXTURE_MODULE,
	    "user file n1, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "cache2", false, FILES_LINE,
	    "user file cache2, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "cach", true, FILES_LINE,
	    "user file cach, which the grant" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, "cache", false, FILES_LINE,
	    "user file cache, which the grant" },
	{ HOOK_PRELIMINARY, PAM_SUCCESS, "cache", false, FILES_LINE,
	    "user file cache, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SESSION_ERR, "cache", false, FILES_LINE,
	    "tokens or user files" },
	{ HOOK_OPEN_SESSION, PAM_IGNORE, "cache", false, FILES_LINE,
	    "tokens or user files" },
	{ HOOK_AUTHENTICATE, PAM_AUTH_ERR, "cache", true, FILES_LINE,
	    "tokens or user files" },
};

TEST(files_beyond_the_grants)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(files_setup(&own), 0);
		f = own;
		files_put(files_path(f, "cach"), "kept", 1000);
		peer_result(&files_result, refused[i].code);
		files_set(refused[i].name,
		    refused[i].deletes ? NULL : FILES_SECRET);
		assert_refused(f, refused[i].hook, refused[i].words,
		    refused[i].logged);
		assert_int_equal(files_count(f), 1);
		assert_file(files_path(f, "cach"), "kept", 4);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(one_file_twice)
{
	struct fixture *f = *state;

	files_set("cache", FILES_SECRET);
	files_set("n", "x");
	files_set("cache", NULL);
	assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
	    "writes user file cache twice");
	assert_int_equal(files_count(f), 0);
}

static void
is_missing(struct fixture *f)
{
	assert_int_equal(rmdir(f->user_files), 0);
}

static void
is_a_link(struct fixture *f)
{
	char other[FILES_PATH_MAX];

	(void)snprintf(other, sizeof(other), "%s/elsewhere", f->dir);
	assert_int_equal(rename(f->user_files, other), 0);
	assert_int_equal(symlink(other, f->user_files), 0);
}

static void
is_a_file(struct fixture *f)
{
	is_missing(f);
	files_put(f->user_files, "", 1000);
}

static void
is_writable(struct fixture *f)
{
	assert_int_equal(chmod(f->user_files, 01777), 0);
}

static void
is_the_groups(struct fixture *f)
{
	assert_int_equal(chmod(f->user_files, 0730), 0);
}

static void
is_a_strangers(struct fixture *f)
{
	assert_int_equal(chown(f->user_files, files_owner.pw_uid, 0), 0);
}

static const struct {
	void		(*prepare)(struct fixture *);
	bool		 needs_root;
	const char	*logged;
} folders[] = {
	{ is_missing, false, "does not exist" },
	{ is_a_link, false, "/user is a symbolic link" },
	{ is_a_file, false, "/user is not a directory" },
	{ is_writable, false, "/user has mode 1777" },
	{ is_the_groups, false, "/user has mode 0730" },
	{ is_a_strangers, true, "/user belongs to uid " },
};

TEST(folders_that_are_not_in_order)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		if (folders[i].needs_root && geteuid() != 0)
			continue;
		assert_int_equal(files_setup(&own), 0);
		f = own;
		folders[i].prepare(f);
		files_set("cache", FILES_SECRET);
		assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
		    folders[i].logged);
		assert_false(files_there(f, "cache"));
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(user_that_nobody_knows)
{
	struct fixture *f = *state;
	static char unknown[] = "no-such-user-here";

	files_owner.pw_name = unknown;
	files_set("cache", FILES_SECRET);
	assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
	    "the user is not known");
	assert_int_equal(files_count(f), 0);
}

/* Root may give files away, nobody else. */
TEST(somebody_elses_files)
{
	struct fixture *f = *state;
	static char root[] = "root", other[] = "daemon";

	files_owner.pw_name = geteuid() == 0 ? other : root;
	files_set("cache", FILES_SECRET);
	if (geteuid() == 0) {
		assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
		    PAM_SUCCESS);
		assert_int_equal(files_count(f), 1);
		return;
	}
	assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
	    "only root can give files to others");
	assert_int_equal(files_count(f), 0);
}

TEST(later_one_that_fails_is_named)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(files_path(f, "n"), 0700), 0);
	files_set("cache", FILES_SECRET);
	files_set("n", FILES_SECRET);
	assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
	    "user file n: writing it failed with EISDIR");
	assert_true(files_there(f, "cache"));
	/* nothing on its way is left */
	assert_int_equal(files_count(f), 2);
}

TEST(folder_is_not_deleted_for_a_file)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(files_path(f, "n"), 0700), 0);
	files_set("n", NULL);
	assert_refused(f, HOOK_OPEN_SESSION, FILES_LINE,
	    "user file n: deleting it failed with EISDIR");
	assert_true(files_there(f, "n"));
}

/* The log is a file too: a limit for one is above what the hook logs. */
TEST(limit_of_the_application_ends_no_process)
{
	static char content[LIMIT_USER_FILE_MAX];
	struct fixture *f = *state;
	struct rlimit before, little;
	int code;

	files_set_bytes("cache", content, sizeof(content));
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &files_result);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "session", FILES_LINE);
	fixture_start(f, files_owner.pw_name);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = sizeof(content) - 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	code = fixture_call(f, HOOK_OPEN_SESSION, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, PAM_SYSTEM_ERR);
	assert_logged(f, "user file cache: writing it failed with EFBIG");
	assert_int_equal(files_count(f), 0);
}

#define FILES(name) \
	cmocka_unit_test_setup_teardown(test_##name, files_setup, \
	    fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(bad_names),
		UNIT(files_beyond_the_grants),
		FILES(one_file_twice),
		UNIT(folders_that_are_not_in_order),
		FILES(user_that_nobody_knows),
		FILES(somebody_elses_files),
		FILES(later_one_that_fails_is_named),
		FILES(folder_is_not_deleted_for_a_file),
		FILES(limit_of_the_application_ends_no_process),
	};

	return cmocka_run_group_tests_name("user file hostile", tests, NULL,
	    NULL);
}
