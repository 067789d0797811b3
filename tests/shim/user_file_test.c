/* SPDX-License-Identifier: MIT */

/* Files for the user, as a module may write them. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "user_files.h"

/* Another hook on the same handle, with this result. */
static int
run_again(struct fixture *f)
{
	peer_free(&f->peer);
	peer_init(&f->peer);
	(void)unlink(f->socket);
	return files_hook(f, HOOK_OPEN_SESSION, FILES_LINE);
}

TEST(file_is_the_users_alone)
{
	struct fixture *f = *state;
	struct stat st;
	mode_t before;
	int code;

	files_set("cache", FILES_SECRET);
	files_set_tty();
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &files_result);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "session", "debug=yes " FILES_LINE);
	fixture_start(f, files_owner.pw_name);
	before = umask(0777);
	code = fixture_call(f, HOOK_OPEN_SESSION, 0);
	assert_int_equal(umask(before), 0777);
	assert_int_equal(code, PAM_SUCCESS);
	assert_int_equal(lstat(files_path(f, "cache"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, files_owner.pw_uid);
	if (geteuid() == 0)
		assert_int_equal(st.st_gid, files_owner.pw_gid);
	assert_file(files_path(f, "cache"), FILES_SECRET, strlen(FILES_SECRET));
	assert_int_equal(files_count(f), 1);
	assert_string_equal(files_tty(f), "pts/9");
	assert_logged_not(f, FILES_SECRET);
}

TEST(file_is_replaced_in_one_step)
{
	struct fixture *f = *state;
	char kept[FILES_PATH_MAX];

	files_put(files_path(f, "cache"), "old", 1000);
	(void)snprintf(kept, sizeof(kept), "%s/kept", f->dir);
	assert_int_equal(link(files_path(f, "cache"), kept), 0);
	files_set("cache", "new");
	assert_int_equal(files_hook(f, HOOK_SET_CREDENTIALS, FILES_LINE),
	    PAM_SUCCESS);
	assert_file(files_path(f, "cache"), "new", 3);
	assert_file(kept, "old", 3);
	assert_int_equal(files_count(f), 1);
}

TEST(longest_and_empty_contents)
{
	static uint8_t content[LIMIT_USER_FILE_MAX];
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7);
	files_set_bytes("cache", content, sizeof(content));
	files_set("none", "");
	assert_int_equal(files_hook(f, HOOK_AUTHENTICATE, FILES_LINE),
	    PAM_SUCCESS);
	assert_file(files_path(f, "cache"), content, sizeof(content));
	assert_file(files_path(f, "none"), "", 0);
}

TEST(files_are_deleted)
{
	struct fixture *f = *state;

	files_put(files_path(f, "cache"), "old", 1000);
	files_put(files_path(f, "cache2"), "other", 1000);
	files_set("cache", NULL);
	files_set("never", NULL);
	assert_int_equal(files_hook(f, HOOK_CLOSE_SESSION, FILES_LINE),
	    PAM_SUCCESS);
	assert_false(files_there(f, "cache"));
	assert_true(files_there(f, "cache2"));
	assert_int_equal(files_count(f), 1);
}

TEST(link_in_its_place_is_replaced)
{
	struct fixture *f = *state;
	char other[FILES_PATH_MAX];
	struct stat st;

	(void)snprintf(other, sizeof(other), "%s/other", f->dir);
	files_put(other, "theirs", 1000);
	assert_int_equal(symlink(other, files_path(f, "cache")), 0);
	files_set("cache", "new");
	assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
	    PAM_SUCCESS);
	assert_int_equal(lstat(files_path(f, "cache"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_file(other, "theirs", 6);
}

TEST(oldest_makes_room)
{
	struct fixture *f = *state;
	char name[FILES_PATH_MAX];
	int i;

	for (i = 0; i < USER_FILES_PER_USER; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		/* n7 is the oldest */
		files_put(files_path(f, name), "x", i == 7 ? 500 : 1000 + i);
	}
	/* not this user's, however alike and however old */
	(void)snprintf(name, sizeof(name), "%s/%lu0-n", f->user_files,
	    (unsigned long)files_owner.pw_uid);
	files_put(name, "x", 1);
	(void)snprintf(name, sizeof(name), "%s/1-%lu-n", f->user_files,
	    (unsigned long)files_owner.pw_uid);
	files_put(name, "x", 1);
	files_set("n3", "replaced");
	assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
	    PAM_SUCCESS);
	assert_int_equal(files_count(f), USER_FILES_PER_USER + 2);
	assert_true(files_there(f, "n7"));

	peer_result(&files_result, PAM_SUCCESS);
	files_set("new", "1");
	files_set("newer", "2");
	assert_int_equal(run_again(f), PAM_SUCCESS);
	assert_int_equal(files_count(f), USER_FILES_PER_USER + 2);
	assert_false(files_there(f, "n7"));
	assert_false(files_there(f, "n0"));
	assert_true(files_there(f, "n1"));
	assert_true(files_there(f, "new") && files_there(f, "newer"));
	assert_file(files_path(f, "n3"), "replaced", 8);
}

TEST(what_was_left_behind_goes_once_it_is_old)
{
	struct fixture *f = *state;
	char stale[FILES_PATH_MAX], fresh[FILES_PATH_MAX];

	(void)snprintf(stale, sizeof(stale), "%s/.tmp-1-2.000000003",
	    f->user_files);
	(void)snprintf(fresh, sizeof(fresh), "%s/.tmp-%d-2.000000003",
	    f->user_files, (int)getpid());
	files_put(stale, "x", time(NULL) - 7200);
	files_put(fresh, "x", time(NULL));
	files_set("cache", "new");
	assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
	    PAM_SUCCESS);
	assert_int_equal(access(stale, F_OK), -1);
	assert_file(fresh, "x", 1);
	assert_int_equal(files_count(f), 2);
}

TEST(low_descriptors_stay_the_applications)
{
	struct fixture *f = *state;
	int kept = dup(STDIN_FILENO), code;

	files_set("cache", "new");
	assert_true(kept >= 0);
	assert_int_equal(close(STDIN_FILENO), 0);
	code = files_hook(f, HOOK_OPEN_SESSION, FILES_LINE);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	(void)close(kept);
	assert_int_equal(code, PAM_SUCCESS);
	assert_file(files_path(f, "cache"), "new", 3);
}

/* --- the folder in the hook --- */

static const struct {
	enum hook	 hook;
	const char	*words;
	bool		 told;
} lines[] = {
	{ HOOK_OPEN_SESSION, FIXTURE_MODULE, false },
	{ HOOK_OPEN_SESSION, "grant=user_file:* " FIXTURE_MODULE, false },
	{ HOOK_OPEN_SESSION, "grant=user_file:../a " FIXTURE_MODULE, false },
	{ HOOK_ACCOUNT, "grant=user_file:cache " FIXTURE_MODULE, false },
	{ HOOK_PRELIMINARY, "grant=user_file:cache " FIXTURE_MODULE, false },
	{ HOOK_OPEN_SESSION, "grant=prompt,user_file:cache " FIXTURE_MODULE,
	    true },
	{ HOOK_CLOSE_SESSION, "grant=user_file:c* " FIXTURE_MODULE, true },
	{ HOOK_AUTHENTICATE, "grant=user_file:cache " FIXTURE_MODULE, true },
	{ HOOK_SET_CREDENTIALS, "grant=user_file:cache " FIXTURE_MODULE, true },
};

TEST(folder_is_told_under_its_grant)
{
	static struct message_hook told;
	struct wire_bytes body;
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(files_setup(&own), 0);
		f = own;
		peer_result(&files_result, PAM_IGNORE);
		(void)files_hook(f, lines[i].hook, lines[i].words);
		assert_int_equal(peer_heard(&f->peer, 0, &body), MESSAGE_HOOK);
		assert_int_equal(message_hook_decode(&told, body.p, body.len),
		    WIRE_OK);
		assert_int_equal(told.has_user_files, lines[i].told);
		if (lines[i].told) {
			assert_int_equal(told.user_files.len,
			    strlen(f->user_files));
			assert_memory_equal(told.user_files.s, f->user_files,
			    told.user_files.len);
		}
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

#define FILES(name) \
	cmocka_unit_test_setup_teardown(test_##name, files_setup, \
	    fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILES(file_is_the_users_alone),
		FILES(file_is_replaced_in_one_step),
		FILES(longest_and_empty_contents),
		FILES(files_are_deleted),
		FILES(link_in_its_place_is_replaced),
		FILES(oldest_makes_room),
		FILES(what_was_left_behind_goes_once_it_is_old),
		FILES(low_descriptors_stay_the_applications),
		UNIT(folder_is_told_under_its_grant),
	};

	return cmocka_run_group_tests_name("user file", tests, NULL, NULL);
}
