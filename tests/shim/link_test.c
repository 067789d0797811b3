/* SPDX-License-Identifier: MIT */

#include "../../shim/link.h"

#include <sys/stat.h>
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

static struct shim_args args;

static void
use_args(const struct fixture *f, const char *module)
{
	memset(&args, 0, sizeof(args));
	args.config_dir = f->etc;
	args.module = module;
}

TEST(link_lists_hooks)
{
	struct fixture *f = *state;
	uint32_t defined = 0;

	use_args(f, FIXTURE_MODULE);
	assert_true(link_read(&args, &defined, &why));
	assert_int_equal(defined, 0xfe);
	fixture_link(f, FIXTURE_MODULE, "account,openSession");
	assert_true(link_read(&args, &defined, &why));
	assert_int_equal(defined, 1 << HOOK_ACCOUNT | 1 << HOOK_OPEN_SESSION);
	fixture_link(f, FIXTURE_MODULE, "update");
	assert_true(link_read(&args, &defined, &why));
	assert_int_equal(defined, 1 << HOOK_UPDATE);
}

TEST(link_lists_something_else)
{
	static const char *const bad[] = { "accounts", "account,", ",account",
		"account, update", "Account", "account,,update",
		"/etc/passwd" };
	struct fixture *f = *state;
	char longest[300];
	uint32_t defined;
	size_t i;

	use_args(f, FIXTURE_MODULE);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		fixture_link(f, FIXTURE_MODULE, bad[i]);
		assert_false(link_read(&args, &defined, &why));
		assert_int_equal(why.class, FAILURE_MISCONFIGURED);
		assert_contains(why.text, "lists the hook");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	fixture_link(f, FIXTURE_MODULE, longest);
	assert_false(link_read(&args, &defined, &why));
	assert_contains(why.text, "more than all hooks");
}

TEST(link_is_missing)
{
	struct fixture *f = *state;
	uint32_t defined;

	fixture_link(f, "office-hour", "account");
	fixture_link(f, "quota", "account");
	use_args(f, "ofice-hours");
	assert_false(link_read(&args, &defined, &why));
	assert_int_equal(why.class, FAILURE_MISCONFIGURED);
	assert_contains(why.text, "did you mean ");
	assert_contains(why.text, FIXTURE_MODULE);
	assert_contains(why.text, "office-hour");
	assert_contains_not(why.text, "quota");
	use_args(f, "something-else");
	assert_false(link_read(&args, &defined, &why));
	assert_contains(why.text, "no module of this name");
	assert_contains_not(why.text, "did you mean");
}

TEST(link_is_no_link)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_MAX + 32];
	uint32_t defined;

	(void)snprintf(path, sizeof(path), "%s/hooks/dir", f->etc);
	assert_int_equal(mkdir(path, 0755), 0);
	use_args(f, "dir");
	assert_false(link_read(&args, &defined, &why));
	assert_int_equal(why.class, FAILURE_MISCONFIGURED);
	assert_contains(why.text, "is not a symbolic link");
}

TEST(link_of_a_stranger)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 32];

	use_args(f, FIXTURE_MODULE);
	assert_true(link_check(&args, true, &caller, &why));
	(void)snprintf(path, sizeof(path), "%s/hooks/" FIXTURE_MODULE,
	    f->etc);
	caller = estranged(path);
	assert_false(link_check(&args, true, &caller, &why));
	assert_int_equal(why.class, FAILURE_MISCONFIGURED);
	assert_contains(why.text, "not to root");
}

TEST(links_in_a_writable_directory)
{
	struct fixture *f = *state;
	struct place_caller caller = lenient();
	char path[FIXTURE_PATH_MAX + 32];

	use_args(f, FIXTURE_MODULE);
	(void)snprintf(path, sizeof(path), "%s/hooks", f->etc);
	assert_int_equal(chmod(path, 0777), 0);
	assert_false(link_check(&args, true, &caller, &why));
	assert_contains(why.text, "mode 0777");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(f->etc, 0775), 0);
	assert_false(link_check(&args, true, &caller, &why));
	assert_contains(why.text, "mode 0775");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(link_lists_hooks),
		FIXTURE(link_lists_something_else),
		FIXTURE(link_is_missing),
		FIXTURE(link_is_no_link),
		FIXTURE(link_of_a_stranger),
		FIXTURE(links_in_a_writable_directory),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
