/* SPDX-License-Identifier: MIT */

#include "../../shim/place.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define STRANGER	54321

static struct reason why;

/* Who owns the fixture may be trusted, whether the test runs as root or not. */
static struct place_caller
lenient(void)
{
	struct place_caller caller = { .uid = geteuid(), .euid = geteuid(),
		.trusts_itself = geteuid() != 0 };

	return caller;
}

/* To this caller the files of the test are a stranger's. */
static struct place_caller
estranged(const char *path)
{
	struct place_caller caller = lenient();

	caller.trusts_itself = false;
	if (geteuid() == 0)
		assert_int_equal(lchown(path, STRANGER, STRANGER), 0);
	return caller;
}

static void
make_socket(const char *path, mode_t mode)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(un.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(chmod(path, mode), 0);
	(void)close(fd);
}

static void
assert_refused(enum place place, enum failure class, const char *part,
    const char *path)
{
	assert_int_equal(place, PLACE_BAD);
	assert_int_equal(why.class, class);
	assert_contains(why.text, part);
	assert_contains(why.text, path);
}

TEST(good_directory)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();

	assert_int_equal(place_dirs(f->run, true, &caller, &why), PLACE_GOOD);
}

TEST(absent_directory)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/a/b", f->run);
	assert_int_equal(place_dirs(path, true, &caller, &why), PLACE_ABSENT);
}

TEST(writable_directory)
{
	static const mode_t modes[] = { 0775, 0757, 0777, 0770, 0720, 0702 };
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(f->run, modes[i]), 0);
		assert_refused(place_dirs(f->run, false, &caller, &why),
		    FAILURE_MISCONFIGURED, "chmod go-w", f->run);
	}
	/* and so anything below it */
	assert_int_equal(chmod(f->dir, 0777), 0);
	assert_int_equal(chmod(f->run, 0755), 0);
	assert_refused(place_dirs(f->run, false, &caller, &why),
	    FAILURE_MISCONFIGURED, "mode 0777", f->dir);
}

TEST(sticky_directory_above_counts_only_if_it_is_roots)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	enum place place;

	assert_int_equal(chmod(f->dir, 01777), 0);
	place = place_dirs(f->run, false, &caller, &why);
	if (geteuid() == 0)
		assert_int_equal(place, PLACE_GOOD);
	else
		assert_refused(place, FAILURE_MISCONFIGURED, "mode 1777",
		    f->dir);
	caller = estranged(f->dir);
	assert_refused(place_dirs(f->run, false, &caller, &why),
	    FAILURE_MISCONFIGURED, "not to root", f->dir);
}

TEST(sticky_directory_of_sockets_is_refused)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();

	assert_int_equal(chmod(f->run, 01777), 0);
	assert_refused(place_dirs(f->run, false, &caller, &why),
	    FAILURE_MISCONFIGURED, "mode 1777", f->run);
	assert_refused(place_dirs("/tmp", true, &caller, &why),
	    FAILURE_MISCONFIGURED, "mode 1777", "/tmp");
}

TEST(directory_of_a_stranger)
{
	struct fixture *f = *state;
	struct place_caller caller = estranged(f->dir);

	assert_refused(place_dirs(f->run, true, &caller, &why),
	    FAILURE_MISCONFIGURED, "not to root", f->dir);
}

TEST(directory_of_the_caller_itself)
{
	struct fixture *f = *state;
	struct place_caller caller = estranged(f->run);
	struct stat st;

	assert_int_equal(stat(f->run, &st), 0);
	caller.uid = caller.euid = st.st_uid;
	caller.trusts_itself = true;
	assert_int_equal(place_dirs(f->run, true, &caller, &why), PLACE_GOOD);
	caller.trusts_itself = false;
	assert_int_equal(place_dirs(f->run, true, &caller, &why), PLACE_BAD);
}

TEST(directory_that_is_none)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 16];

	assert_refused(place_dirs(f->log_path, true, &caller, &why),
	    FAILURE_MISCONFIGURED, "is not a directory", f->log_path);
	(void)snprintf(path, sizeof(path), "%s/run", f->log_path);
	assert_int_equal(place_dirs(path, true, &caller, &why), PLACE_BAD);
	assert_int_equal(why.class, FAILURE_MISCONFIGURED);
	(void)snprintf(path, sizeof(path), "%s/link", f->dir);
	assert_int_equal(symlink(f->run, path), 0);
	assert_refused(place_dirs(path, true, &caller, &why),
	    FAILURE_MISCONFIGURED, "is a symbolic link", path);
}

TEST(long_directory)
{
	struct place_caller caller = lenient();
	char path[PLACE_PATH_MAX + 8];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(place_dirs(path, true, &caller, &why), PLACE_BAD);
	assert_contains(why.text, "longer");
}

TEST(sockets)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();

	assert_int_equal(place_socket(f->socket, &caller, &why),
	    PLACE_ABSENT);
	make_socket(f->socket, 0600);
	assert_int_equal(place_socket(f->socket, &caller, &why), PLACE_GOOD);
	assert_int_equal(chmod(f->socket, 0660), 0);
	assert_refused(place_socket(f->socket, &caller, &why),
	    FAILURE_MISCONFIGURED, "0660", f->socket);
	assert_int_equal(chmod(f->socket, 01602), 0);
	assert_refused(place_socket(f->socket, &caller, &why),
	    FAILURE_MISCONFIGURED, "1602", f->socket);
	assert_int_equal(chmod(f->socket, 0600), 0);
	caller = estranged(f->socket);
	assert_refused(place_socket(f->socket, &caller, &why),
	    FAILURE_MISCONFIGURED, "not to root", f->socket);
}

TEST(what_is_no_socket)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 16];

	assert_refused(place_socket(f->log_path, &caller, &why),
	    FAILURE_MISCONFIGURED, "is not a socket", f->log_path);
	assert_refused(place_socket(f->run, &caller, &why),
	    FAILURE_MISCONFIGURED, "is not a socket", f->run);
	(void)snprintf(path, sizeof(path), "%s/link", f->run);
	make_socket(f->socket, 0600);
	assert_int_equal(symlink(f->socket, path), 0);
	assert_refused(place_socket(path, &caller, &why),
	    FAILURE_MISCONFIGURED, "is not a socket", path);
}

TEST(marker)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/" PLACE_MARKER, f->run);
	assert_int_equal(place_marker(path, &caller, &why), PLACE_GOOD);
	caller = estranged(path);
	assert_refused(place_marker(path, &caller, &why),
	    FAILURE_MISCONFIGURED, "not to root", path);
	caller = lenient();
	assert_refused(place_marker(f->run, &caller, &why),
	    FAILURE_MISCONFIGURED, "is not a regular file", f->run);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(place_marker(path, &caller, &why), PLACE_ABSENT);
}

/* A child that may not look into the directory; its status is the outcome. */
static int
place_socket_from_outside(const struct fixture *f)
{
	struct place_caller caller = lenient();
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && setuid(STRANGER) != 0)
			_exit(2);
		_exit(place_socket(f->socket, &caller, &why) == PLACE_BAD &&
		    why.class == FAILURE_UNREACHABLE &&
		    strstr(why.text, "EACCES") != NULL &&
		    strstr(why.text, "SELinux, AppArmor") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

TEST(directory_that_is_closed_to_the_application)
{
	struct fixture *f = *state;

	assert_int_equal(chmod(f->run, 0), 0);
	assert_int_equal(place_socket_from_outside(f), 0);
	assert_int_equal(chmod(f->run, 0700), 0);
}

/* A child of another identity; its status is whether it trusts itself. */
static int
trusts_itself_as(uid_t uid, uid_t euid)
{
	struct place_caller caller;
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (setresuid(uid, euid, uid) != 0)
			_exit(2);
		place_caller(&caller);
		_exit(caller.uid == uid && caller.euid == euid ?
		    caller.trusts_itself : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(only_who_has_no_privilege_trusts_itself)
{
	uid_t self = getuid();

	(void)state;
	assert_int_equal(trusts_itself_as(self, self), self != 0);
	if (self != 0)
		return;
	assert_int_equal(trusts_itself_as(STRANGER, STRANGER), 1);
	/* root that has set its euid aside can come back */
	assert_int_equal(trusts_itself_as(0, STRANGER), 0);
	assert_int_equal(trusts_itself_as(STRANGER, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(good_directory),
		FIXTURE(absent_directory),
		FIXTURE(writable_directory),
		FIXTURE(sticky_directory_above_counts_only_if_it_is_roots),
		FIXTURE(sticky_directory_of_sockets_is_refused),
		FIXTURE(directory_of_a_stranger),
		FIXTURE(directory_of_the_caller_itself),
		FIXTURE(directory_that_is_none),
		FIXTURE(long_directory),
		FIXTURE(sockets),
		FIXTURE(what_is_no_socket),
		FIXTURE(marker),
		FIXTURE(directory_that_is_closed_to_the_application),
		UNIT(only_who_has_no_privilege_trusts_itself),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
