/* SPDX-License-Identifier: MIT */

/* Files for the user, asked for by workers good and bad. */

#include "../../shim/user_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "fixture.h"

#define M		FIXTURE_MODULE
#define GRANTED		"grant=user_file:cache,user_file:n*,set_item:tty " M
#define PATH_LEN_MAX	(FIXTURE_PATH_MAX + 128)
#define SECRET		"s3cret-content"

/* The result of the test, and whose files it writes. */
static struct message_result m;
static struct passwd owner;

/* Root writes somebody else's files; others can write their own only. */
static int
setup(void **state)
{
	const struct passwd *entry = geteuid() == 0 ? getpwnam("nobody") :
	    getpwuid(geteuid());
	struct fixture *f;

	if (entry == NULL || fixture_setup(state) != 0)
		return -1;
	owner = *entry;
	f = *state;
	(void)fixture_user_files(f);
	peer_result(&m, PAM_SUCCESS);
	return 0;
}

static void
set_bytes(const char *name, const void *content, size_t len)
{
	struct message_result_user_files *file;

	file = &m.user_files[m.n_user_files++];
	file->name = peer_str(name);
	file->has_content = content != NULL;
	file->content.p = content;
	file->content.len = len;
}

/* NULL deletes. */
static void
set(const char *name, const char *content)
{
	set_bytes(name, content, content == NULL ? 0 : strlen(content));
}

static int
run_hook(struct fixture *f, enum hook hook, const char *words)
{
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, fixture_line_type(hook), words);
	if (f->pamh == NULL)
		fixture_start(f, owner.pw_name);
	return fixture_hook(f, hook, words);
}

/* Another hook on the same handle, with this result. */
static int
run_again(struct fixture *f)
{
	peer_free(&f->peer);
	peer_init(&f->peer);
	(void)unlink(f->socket);
	return run_hook(f, HOOK_OPEN_SESSION, GRANTED);
}

static const char *
path_of(const struct fixture *f, const char *name)
{
	static char path[PATH_LEN_MAX];

	(void)snprintf(path, sizeof(path), "%s/%lu-%s", f->user_files,
	    (unsigned long)owner.pw_uid, name);
	return path;
}

static bool
is_there(const struct fixture *f, const char *name)
{
	struct stat st;

	return lstat(path_of(f, name), &st) == 0;
}

static void
assert_content(const char *path, const void *want, size_t len)
{
	static char content[LIMIT_USER_FILE_MAX + 1];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail_msg("%s is not there", path);
	assert_int_equal(read(fd, content, sizeof(content)), len);
	assert_memory_equal(content, want, len);
	(void)close(fd);
}

/* A file that stands in the folder already. */
static void
put(const char *path, const char *content, time_t when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(futimens(fd, times), 0);
	(void)close(fd);
}

static unsigned
count_files(const struct fixture *f)
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

static const char *
tty(struct fixture *f)
{
	const void *value = NULL;

	assert_int_equal(pam_get_item(f->pamh, PAM_TTY, &value), PAM_SUCCESS);
	return value != NULL ? value : "(none)";
}

static void
set_tty(void)
{
	m.n_items = 1;
	m.items[0].item = ITEM_TTY;
	m.items[0].value = peer_str("pts/9");
}

/* --- what it does --- */

TEST(file_is_the_users_alone)
{
	struct fixture *f = *state;
	mode_t before = umask(0777);
	struct stat st;
	int code;

	set("cache", SECRET);
	set_tty();
	code = run_hook(f, HOOK_OPEN_SESSION, "debug=yes " GRANTED);
	assert_int_equal(umask(before), 0777);
	assert_int_equal(code, PAM_SUCCESS);
	assert_int_equal(lstat(path_of(f, "cache"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, owner.pw_uid);
	if (geteuid() == 0)
		assert_int_equal(st.st_gid, owner.pw_gid);
	assert_content(path_of(f, "cache"), SECRET, strlen(SECRET));
	assert_int_equal(count_files(f), 1);
	assert_string_equal(tty(f), "pts/9");
	assert_logged_not(f, SECRET);
}

TEST(file_is_replaced_in_one_step)
{
	struct fixture *f = *state;
	char kept[PATH_LEN_MAX];

	put(path_of(f, "cache"), "old", 1000);
	(void)snprintf(kept, sizeof(kept), "%s/kept", f->dir);
	assert_int_equal(link(path_of(f, "cache"), kept), 0);
	set("cache", "new");
	assert_int_equal(run_hook(f, HOOK_SET_CREDENTIALS, GRANTED),
	    PAM_SUCCESS);
	assert_content(path_of(f, "cache"), "new", 3);
	assert_content(kept, "old", 3);
	assert_int_equal(count_files(f), 1);
}

TEST(longest_and_empty_contents)
{
	static uint8_t content[LIMIT_USER_FILE_MAX];
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7);
	set_bytes("cache", content, sizeof(content));
	set("none", "");
	assert_int_equal(run_hook(f, HOOK_AUTHENTICATE, GRANTED), PAM_SUCCESS);
	assert_content(path_of(f, "cache"), content, sizeof(content));
	assert_content(path_of(f, "none"), "", 0);
}

TEST(files_are_deleted)
{
	struct fixture *f = *state;

	put(path_of(f, "cache"), "old", 1000);
	put(path_of(f, "cache2"), "other", 1000);
	set("cache", NULL);
	set("never", NULL);
	assert_int_equal(run_hook(f, HOOK_CLOSE_SESSION, GRANTED), PAM_SUCCESS);
	assert_false(is_there(f, "cache"));
	assert_true(is_there(f, "cache2"));
	assert_int_equal(count_files(f), 1);
}

TEST(link_in_its_place_is_replaced)
{
	struct fixture *f = *state;
	char other[PATH_LEN_MAX];
	struct stat st;

	(void)snprintf(other, sizeof(other), "%s/other", f->dir);
	put(other, "theirs", 1000);
	assert_int_equal(symlink(other, path_of(f, "cache")), 0);
	set("cache", "new");
	assert_int_equal(run_hook(f, HOOK_OPEN_SESSION, GRANTED), PAM_SUCCESS);
	assert_int_equal(lstat(path_of(f, "cache"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_content(other, "theirs", 6);
}

TEST(oldest_makes_room)
{
	struct fixture *f = *state;
	char name[PATH_LEN_MAX];
	int i;

	for (i = 0; i < USER_FILES_PER_USER; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		/* n7 is the oldest */
		put(path_of(f, name), "x", i == 7 ? 500 : 1000 + i);
	}
	/* not this user's, however alike and however old */
	(void)snprintf(name, sizeof(name), "%s/%lu0-n", f->user_files,
	    (unsigned long)owner.pw_uid);
	put(name, "x", 1);
	(void)snprintf(name, sizeof(name), "%s/1-%lu-n", f->user_files,
	    (unsigned long)owner.pw_uid);
	put(name, "x", 1);
	set("n3", "replaced");
	assert_int_equal(run_hook(f, HOOK_OPEN_SESSION, GRANTED), PAM_SUCCESS);
	assert_int_equal(count_files(f), USER_FILES_PER_USER + 2);
	assert_true(is_there(f, "n7"));

	peer_result(&m, PAM_SUCCESS);
	set("new", "1");
	set("newer", "2");
	assert_int_equal(run_again(f), PAM_SUCCESS);
	assert_int_equal(count_files(f), USER_FILES_PER_USER + 2);
	assert_false(is_there(f, "n7"));
	assert_false(is_there(f, "n0"));
	assert_true(is_there(f, "n1"));
	assert_true(is_there(f, "new") && is_there(f, "newer"));
	assert_content(path_of(f, "n3"), "replaced", 8);
}

TEST(what_was_left_behind_goes_once_it_is_old)
{
	struct fixture *f = *state;
	char stale[PATH_LEN_MAX], fresh[PATH_LEN_MAX];

	(void)snprintf(stale, sizeof(stale), "%s/.tmp-1-2.000000003",
	    f->user_files);
	(void)snprintf(fresh, sizeof(fresh), "%s/.tmp-%d-2.000000003",
	    f->user_files, (int)getpid());
	put(stale, "x", time(NULL) - 7200);
	put(fresh, "x", time(NULL));
	set("cache", "new");
	assert_int_equal(run_hook(f, HOOK_OPEN_SESSION, GRANTED), PAM_SUCCESS);
	assert_int_equal(access(stale, F_OK), -1);
	assert_content(fresh, "x", 1);
	assert_int_equal(count_files(f), 2);
}

TEST(low_descriptors_stay_the_applications)
{
	struct fixture *f = *state;
	int kept = dup(STDIN_FILENO), code;

	set("cache", "new");
	assert_true(kept >= 0);
	assert_int_equal(close(STDIN_FILENO), 0);
	code = run_hook(f, HOOK_OPEN_SESSION, GRANTED);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	(void)close(kept);
	assert_int_equal(code, PAM_SUCCESS);
	assert_content(path_of(f, "cache"), "new", 3);
}

/* --- the folder in the hook --- */

static const struct {
	enum hook	 hook;
	const char	*words;
	bool		 told;
} lines[] = {
	{ HOOK_OPEN_SESSION, M, false },
	{ HOOK_OPEN_SESSION, "grant=user_file:* " M, false },
	{ HOOK_OPEN_SESSION, "grant=user_file:../a " M, false },
	{ HOOK_ACCOUNT, "grant=user_file:cache " M, false },
	{ HOOK_PRELIMINARY, "grant=user_file:cache " M, false },
	{ HOOK_OPEN_SESSION, "grant=prompt,user_file:cache " M, true },
	{ HOOK_CLOSE_SESSION, "grant=user_file:c* " M, true },
	{ HOOK_AUTHENTICATE, "grant=user_file:cache " M, true },
	{ HOOK_SET_CREDENTIALS, "grant=user_file:cache " M, true },
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
		assert_int_equal(setup(&own), 0);
		f = own;
		peer_result(&m, PAM_IGNORE);
		(void)run_hook(f, lines[i].hook, lines[i].words);
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

/* --- what it refuses, and then does nothing at all --- */

static void
assert_refused(struct fixture *f, enum hook hook, const char *words,
    const char *logged)
{
	set_tty();
	assert_int_equal(run_hook(f, hook, words), PAM_SYSTEM_ERR);
	assert_logged(f, "protocol, system_err in ");
	assert_logged(f, logged);
	assert_string_equal(tty(f), "(none)");
	assert_logged_not(f, SECRET);
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
		assert_int_equal(setup(&own), 0);
		f = own;
		set("cache", SECRET);
		set(names[i], i % 2 == 0 ? SECRET : NULL);
		assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
		    "a name that is none");
		assert_int_equal(count_files(f), 0);
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
	    "grant=set_item:tty " M, "user file n1, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "n1", true,
	    "grant=set_item:tty " M, "user file n1, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "cache2", false, GRANTED,
	    "user file cache2, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SUCCESS, "cach", true, GRANTED,
	    "user file cach, which the grant" },
	{ HOOK_ACCOUNT, PAM_SUCCESS, "cache", false, GRANTED,
	    "user file cache, which the grant" },
	{ HOOK_PRELIMINARY, PAM_SUCCESS, "cache", false, GRANTED,
	    "user file cache, which the grant" },
	{ HOOK_OPEN_SESSION, PAM_SESSION_ERR, "cache", false, GRANTED,
	    "tokens or user files" },
	{ HOOK_OPEN_SESSION, PAM_IGNORE, "cache", false, GRANTED,
	    "tokens or user files" },
	{ HOOK_AUTHENTICATE, PAM_AUTH_ERR, "cache", true, GRANTED,
	    "tokens or user files" },
};

TEST(files_beyond_the_grants)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(setup(&own), 0);
		f = own;
		put(path_of(f, "cach"), "kept", 1000);
		peer_result(&m, refused[i].code);
		set(refused[i].name, refused[i].deletes ? NULL : SECRET);
		assert_refused(f, refused[i].hook, refused[i].words,
		    refused[i].logged);
		assert_int_equal(count_files(f), 1);
		assert_content(path_of(f, "cach"), "kept", 4);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(one_file_twice)
{
	struct fixture *f = *state;

	set("cache", SECRET);
	set("n", "x");
	set("cache", NULL);
	assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
	    "writes user file cache twice");
	assert_int_equal(count_files(f), 0);
}

static void
is_missing(struct fixture *f)
{
	assert_int_equal(rmdir(f->user_files), 0);
}

static void
is_a_link(struct fixture *f)
{
	char other[PATH_LEN_MAX];

	(void)snprintf(other, sizeof(other), "%s/elsewhere", f->dir);
	assert_int_equal(rename(f->user_files, other), 0);
	assert_int_equal(symlink(other, f->user_files), 0);
}

static void
is_a_file(struct fixture *f)
{
	is_missing(f);
	put(f->user_files, "", 1000);
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
	assert_int_equal(chown(f->user_files, owner.pw_uid, 0), 0);
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
		assert_int_equal(setup(&own), 0);
		f = own;
		folders[i].prepare(f);
		set("cache", SECRET);
		assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
		    folders[i].logged);
		assert_false(is_there(f, "cache"));
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(user_that_nobody_knows)
{
	struct fixture *f = *state;
	static char unknown[] = "no-such-user-here";

	owner.pw_name = unknown;
	set("cache", SECRET);
	assert_refused(f, HOOK_OPEN_SESSION, GRANTED, "the user is not known");
	assert_int_equal(count_files(f), 0);
}

TEST(somebody_elses_files_without_privilege)
{
	struct fixture *f = *state;
	static char other[] = "root";

	if (geteuid() == 0)
		skip();
	owner.pw_name = other;
	set("cache", SECRET);
	assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
	    "only root can give files to others");
	assert_int_equal(count_files(f), 0);
}

TEST(later_one_that_fails_is_named)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(path_of(f, "n"), 0700), 0);
	set("cache", SECRET);
	set("n", SECRET);
	assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
	    "user file n: writing it failed with EISDIR");
	assert_true(is_there(f, "cache"));
	/* nothing on its way is left */
	assert_int_equal(count_files(f), 2);
}

TEST(folder_is_not_deleted_for_a_file)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(path_of(f, "n"), 0700), 0);
	set("n", NULL);
	assert_refused(f, HOOK_OPEN_SESSION, GRANTED,
	    "user file n: deleting it failed with EISDIR");
	assert_true(is_there(f, "n"));
}

/* The log is a file too: a limit for one is above what the hook logs. */
TEST(limit_of_the_application_ends_no_process)
{
	static char content[LIMIT_USER_FILE_MAX];
	struct fixture *f = *state;
	struct rlimit before, little;
	int code;

	set_bytes("cache", content, sizeof(content));
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "session", GRANTED);
	fixture_start(f, owner.pw_name);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = sizeof(content) - 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	code = fixture_call(f, HOOK_OPEN_SESSION, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, PAM_SYSTEM_ERR);
	assert_logged(f, "user file cache: writing it failed with EFBIG");
	assert_int_equal(count_files(f), 0);
}

#define FILES(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, fixture_teardown)

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
		UNIT(bad_names),
		UNIT(files_beyond_the_grants),
		FILES(one_file_twice),
		UNIT(folders_that_are_not_in_order),
		FILES(user_that_nobody_knows),
		FILES(somebody_elses_files_without_privilege),
		FILES(later_one_that_fails_is_named),
		FILES(folder_is_not_deleted_for_a_file),
		FILES(limit_of_the_application_ends_no_process),
	};

	return cmocka_run_group_tests_name("user file", tests, NULL, NULL);
}
