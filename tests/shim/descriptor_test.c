/* SPDX-License-Identifier: MIT */

#include "../../shim/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

TEST(low_ones_are_left_free)
{
	int kept = dup(STDIN_FILENO), fd, low;

	(void)state;
	assert_true(kept >= 3);
	assert_int_equal(close(STDIN_FILENO), 0);
	fd = descriptor_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
	low = fcntl(STDIN_FILENO, F_GETFD);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(low, -1);
	assert_true(fd >= 3);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* one that is high enough stays as it is */
	assert_int_equal(descriptor_raise(fd), fd);
	(void)close(fd);
	(void)close(kept);
}

TEST(no_room_above)
{
	struct rlimit before, little;
	int kept = dup(STDIN_FILENO), fd, error, low;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	little = before;
	little.rlim_cur = 3;
	assert_int_equal(close(STDIN_FILENO), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &little), 0);
	fd = descriptor_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
	error = errno;
	low = fcntl(STDIN_FILENO, F_GETFD);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	(void)close(kept);
	assert_int_equal(fd, -1);
	assert_int_equal(error, EMFILE);
	assert_int_equal(low, -1);
}

TEST(what_is_not_there)
{
	(void)state;
	assert_int_equal(descriptor_open(AT_FDCWD, "/no/such/file", O_RDONLY),
	    -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(descriptor_raise(-1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(low_ones_are_left_free),
		UNIT(no_room_above),
		UNIT(what_is_not_there),
	};

	return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
