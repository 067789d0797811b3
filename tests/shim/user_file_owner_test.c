/* SPDX-License-Identifier: MIT */

/* Files for a user whose passwd entry is broken. */

#include <security/pam_modules.h>

#include "../../shim/hook.h"
#include "user_files.h"

int	trampoline_hook(pam_handle_t *, enum hook, int, int, const char **);
int	__wrap_getpwnam_r(const char *, struct passwd *, char *, size_t,
	    struct passwd **);
int	__real_getpwnam_r(const char *, struct passwd *, char *, size_t,
	    struct passwd **);

/* What the database says instead, if told. */
static bool no_uid, no_gid;

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *p, size_t len,
    struct passwd **result)
{
	int error = __real_getpwnam_r(name, entry, p, len, result);

	if (no_uid)
		entry->pw_uid = (uid_t)-1;
	if (no_gid)
		entry->pw_gid = (gid_t)-1;
	return error;
}

int
trampoline_hook(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, hook, flags, argc, argv);
}

/* chown(2) would leave them root's. */
TEST(owners_that_are_none)
{
	struct fixture *f;
	void *own;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(files_setup(&own), 0);
		f = own;
		fixture_use_trampoline(f);
		no_uid = i == 0;
		no_gid = i == 1;
		files_set("cache", FILES_SECRET);
		assert_int_equal(files_hook(f, HOOK_OPEN_SESSION, FILES_LINE),
		    PAM_SYSTEM_ERR);
		assert_logged(f, "which are nobody's");
		no_uid = no_gid = false;
		assert_int_equal(files_count(f), 0);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(owners_that_are_none),
	};

	return cmocka_run_group_tests_name("user file owner", tests, NULL,
	    NULL);
}
