/* SPDX-License-Identifier: MIT */

/*
 * Look-ups where the databases are slow, broken or full. They are this file's:
 * the linker wraps the functions of the C library in the shim's objects.
 */

#include "../../shim/lookup.h"

#include <errno.h>
#include <grp.h>
#include <paths.h>
#include <pwd.h>
#include <shadow.h>
#include <unistd.h>

#include "test.h"

#define HASH		"$y$not-for-the-worker"
#define BLOCKS_MAX	64

int	__wrap_getpwnam_r(const char *, struct passwd *, char *, size_t,
	    struct passwd **);
int	__wrap_getgrgid_r(gid_t, struct group *, char *, size_t,
	    struct group **);
int	__wrap_getspnam_r(const char *, struct spwd *, char *, size_t,
	    struct spwd **);
int	__wrap_getgrouplist(const char *, gid_t, gid_t *, int *);
int	__wrap_innetgr(const char *, const char *, const char *,
	    const char *);
void	*__wrap_malloc(size_t);
void	__wrap_free(void *);
void	*__real_malloc(size_t);
void	__real_free(void *);

/* What the databases do. */
static size_t entry_len;	/* ERANGE below */
static int error;		/* of every look-up, so often; -1: always */
static int error_times;
static int quiet_error;		/* errno of a look-up that does not fail */
static bool empty;		/* no such entry */
static bool no_shadow;		/* no such shadow entry */
static char password[64];	/* of the passwd entry */
static int n_groups;
static char hash[64], group_name[512];
static int calls;

/* Blocks of the shim, and whether one was given back with the hash in it. */
static struct {
	void	*p;
	size_t	 size;
} blocks[BLOCKS_MAX];
static unsigned n_blocks, n_freed;
static bool unwiped;

void *
__wrap_malloc(size_t size)
{
	void *p = __real_malloc(size);

	assert_true(n_blocks < BLOCKS_MAX);
	blocks[n_blocks].p = p;
	blocks[n_blocks++].size = size;
	return p;
}

void
__wrap_free(void *p)
{
	unsigned i;

	for (i = 0; p != NULL && i < n_blocks; i++) {
		if (blocks[i].p != p)
			continue;
		if (memmem(p, blocks[i].size, HASH, strlen(HASH)) != NULL)
			unwiped = true;
		blocks[i].p = NULL;
		n_freed++;
	}
	__real_free(p);
}

static int
answer(char *p, size_t len, const char *text)
{
	calls++;
	if (error_times != 0) {
		if (error_times > 0)
			error_times--;
		return error;
	}
	if (len < entry_len || len <= strlen(text))
		return ERANGE;
	errno = quiet_error;
	(void)snprintf(p, len, "%s", text);
	return 0;
}

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *p, size_t len,
    struct passwd **result)
{
	static char home[] = "/home/joe", shell[] = "/bin/sh";
	int failed = answer(p, len, name);

	*result = failed == 0 && !empty ? entry : NULL;
	entry->pw_name = p;
	entry->pw_passwd = password;
	entry->pw_uid = 7;
	entry->pw_gid = 8;
	entry->pw_dir = home;
	entry->pw_shell = shell;
	return failed;
}

int
__wrap_getgrgid_r(gid_t gid, struct group *entry, char *p, size_t len,
    struct group **result)
{
	int failed = answer(p, len, group_name);

	*result = failed == 0 && gid != 0 ? entry : NULL;
	entry->gr_name = p;
	return failed;
}

int
__wrap_getspnam_r(const char *name, struct spwd *entry, char *p, size_t len,
    struct spwd **result)
{
	int failed = answer(p, len, hash);

	(void)name;
	*result = failed == 0 && !empty && !no_shadow ? entry : NULL;
	memset(entry, 0, sizeof(*entry));
	entry->sp_pwdp = p;
	entry->sp_max = -1;
	entry->sp_lstchg = 19000;
	return failed;
}

int
__wrap_getgrouplist(const char *name, gid_t gid, gid_t *groups, int *n)
{
	int i, room = *n;

	(void)name;
	(void)gid;
	errno = quiet_error;
	*n = n_groups;
	for (i = 0; i < n_groups && i < room; i++)
		groups[i] = (gid_t)i;
	return n_groups > room ? -1 : n_groups;
}

int
__wrap_innetgr(const char *netgroup, const char *host, const char *user,
    const char *domain)
{
	assert_null(host);
	assert_null(domain);
	errno = quiet_error;
	return strcmp(netgroup, "ops") == 0 && strcmp(user, "joe") == 0;
}

static struct lookup_buffer buffer;
static struct message_passwd passwd;
static struct message_ageing ageing;

static int
setup(void **state)
{
	(void)state;
	entry_len = 0;
	error = error_times = quiet_error = calls = 0;
	empty = no_shadow = unwiped = false;
	n_groups = 3;
	n_blocks = n_freed = 0;
	(void)snprintf(hash, sizeof(hash), HASH);
	(void)snprintf(password, sizeof(password), "x");
	(void)snprintf(group_name, sizeof(group_name), "users");
	lookup_buffer_init(&buffer);
	return 0;
}

/* Whatever happened: all was given back, and nothing with the hash in it. */
static int
teardown(void **state)
{
	(void)state;
	lookup_buffer_free(&buffer);
	return n_freed == n_blocks && !unwiped ? 0 : -1;
}

TEST(buffer_grows_with_the_entry)
{
	(void)state;
	entry_len = 100000;
	assert_int_equal(lookup_passwd("joe", &passwd, &buffer), LOOKUP_FOUND);
	assert_memory_equal(passwd.name.s, "joe", 3);
	assert_in_range(buffer.len, 100000, LOOKUP_BUFFER_MAX);
	assert_in_range(calls, 2, 8);
}

TEST(buffer_grows_to_its_limit)
{
	(void)state;
	entry_len = LOOKUP_BUFFER_MAX + 1;
	assert_int_equal(lookup_ageing("joe", &ageing, &buffer),
	    LOOKUP_STARVED);
	assert_in_range(calls, 2, 8);
}

TEST(interrupted_look_ups_go_on)
{
	(void)state;
	error = EINTR;
	error_times = 20;
	assert_int_equal(lookup_passwd("joe", &passwd, &buffer), LOOKUP_FOUND);
	assert_int_equal(calls, 21);
}

TEST(errors_of_a_database)
{
	static const struct {
		int error;
		enum lookup status;
	} cases[] = {
		{ 0, LOOKUP_ABSENT }, { ENOENT, LOOKUP_ABSENT },
		{ ESRCH, LOOKUP_ABSENT }, { EMFILE, LOOKUP_STARVED },
		{ ENFILE, LOOKUP_STARVED }, { ENOMEM, LOOKUP_STARVED },
		{ EACCES, LOOKUP_FORBIDDEN }, { EPERM, LOOKUP_FORBIDDEN },
		{ EIO, LOOKUP_FAILED }, { EAGAIN, LOOKUP_FAILED },
	};
	bool unreadable = access(_PATH_SHADOW, R_OK) != 0;
	struct lookup_groups *g;
	enum lookup status;
	size_t i;

	(void)state;
	empty = true;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		error = cases[i].error;
		error_times = -1;
		/* what may not be read is not "not there" */
		status = cases[i].status == LOOKUP_ABSENT && unreadable ?
		    LOOKUP_FORBIDDEN : cases[i].status;
		assert_int_equal(lookup_passwd("joe", &passwd, &buffer),
		    cases[i].status);
		assert_int_equal(lookup_ageing("joe", &ageing, &buffer),
		    status);
		assert_int_equal(lookup_groups("joe", &g), cases[i].status);
		lookup_groups_free(g);
		assert_int_equal(lookup_user("joe"), cases[i].status);
	}
}

TEST(ageing_is_all_that_leaves_shadow)
{
	static const struct {
		const char *hash;
		bool locked, empty;
	} cases[] = {
		{ HASH, false, false }, { "!" HASH, true, false },
		{ "*", true, false }, { "!", true, false },
		{ "", false, true }, { "x", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(hash, sizeof(hash), "%s", cases[i].hash);
		assert_int_equal(lookup_ageing("joe", &ageing, &buffer),
		    LOOKUP_FOUND);
		assert_int_equal(ageing.locked, cases[i].locked);
		assert_int_equal(ageing.empty, cases[i].empty);
		assert_true(ageing.last_change == 19000 && ageing.max == -1);
	}
	/* a buffer that grows leaves nothing behind either */
	(void)snprintf(hash, sizeof(hash), HASH);
	assert_int_equal(lookup_ageing("joe", &ageing, &buffer), LOOKUP_FOUND);
	entry_len = 5000;
	assert_int_equal(lookup_ageing("joe", &ageing, &buffer), LOOKUP_FOUND);
}

TEST(passwords_of_passwd_do_not_age)
{
	static const struct {
		const char *password;
		enum lookup status;
		bool locked, empty;
	} cases[] = {
		{ "x", LOOKUP_ABSENT, false, false },
		{ "*NP*", LOOKUP_ABSENT, false, false },
		{ "##joe", LOOKUP_ABSENT, false, false },
		{ "##jo", LOOKUP_FOUND, false, false },
		{ "#joe", LOOKUP_FOUND, false, false },
		{ HASH, LOOKUP_FOUND, false, false },
		{ "*", LOOKUP_FOUND, true, false },
		{ "!x", LOOKUP_FOUND, true, false },
		{ "", LOOKUP_FOUND, false, true },
	};
	bool unreadable = access(_PATH_SHADOW, R_OK) != 0;
	size_t i;

	(void)state;
	no_shadow = true;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(password, sizeof(password), "%s",
		    cases[i].password);
		memset(&ageing, 0, sizeof(ageing));
		assert_int_equal(lookup_ageing("joe", &ageing, &buffer),
		    unreadable ? LOOKUP_FORBIDDEN : cases[i].status);
		if (unreadable || cases[i].status != LOOKUP_FOUND)
			continue;
		assert_int_equal(ageing.locked, cases[i].locked);
		assert_int_equal(ageing.empty, cases[i].empty);
		assert_true(ageing.last_change == -1 && ageing.min == -1 &&
		    ageing.max == -1 && ageing.warn == -1 &&
		    ageing.inactive == -1 && ageing.expire == -1);
	}
}

TEST(groups_with_and_without_names)
{
	struct lookup_groups *g;

	(void)state;
	assert_int_equal(lookup_groups("joe", &g), LOOKUP_FOUND);
	assert_int_equal(g->m.n_groups, 3);
	assert_int_equal(g->m.groups[0].gid, 0);
	assert_false(g->m.groups[0].has_name);
	assert_int_equal(g->m.groups[2].gid, 2);
	assert_true(g->m.groups[2].has_name);
	assert_memory_equal(g->m.groups[2].name.s, "users", 5);
	lookup_groups_free(g);
}

TEST(more_groups_than_the_limit_are_not_fewer)
{
	struct lookup_groups *g;

	(void)state;
	/* what the C library does where a source fails and another does not */
	quiet_error = ENOMEM;
	assert_int_equal(lookup_groups("joe", &g), LOOKUP_STARVED);
	lookup_groups_free(g);
	quiet_error = 0;
	n_groups = LIMIT_GROUPS_MAX;
	assert_int_equal(lookup_groups("joe", &g), LOOKUP_FOUND);
	assert_int_equal(g->m.n_groups, LIMIT_GROUPS_MAX);
	lookup_groups_free(g);
	n_groups = LIMIT_GROUPS_MAX + 1;
	assert_int_equal(lookup_groups("joe", &g), LOOKUP_STARVED);
	lookup_groups_free(g);
	n_groups = LIMIT_GROUPS_MAX;
	memset(group_name, 'g', 100);
	group_name[100] = '\0';
	assert_int_equal(lookup_groups("joe", &g), LOOKUP_STARVED);
	lookup_groups_free(g);
}

TEST(netgroups)
{
	/* not terminated, as off the wire */
	struct wire_str ops = { .s = "opsy", .len = 3 };

	(void)state;
	assert_int_equal(lookup_netgroup(ops, "joe"), LOOKUP_FOUND);
	assert_int_equal(lookup_netgroup(ops, "jane"), LOOKUP_ABSENT);
	quiet_error = EMFILE;
	assert_int_equal(lookup_netgroup(ops, "joe"), LOOKUP_FOUND);
	assert_int_equal(lookup_netgroup(ops, "jane"), LOOKUP_STARVED);
	quiet_error = 0;
	ops.len = 4;
	assert_int_equal(lookup_netgroup(ops, "joe"), LOOKUP_ABSENT);
}

#define LOOKUP(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOKUP(buffer_grows_with_the_entry),
		LOOKUP(buffer_grows_to_its_limit),
		LOOKUP(interrupted_look_ups_go_on),
		LOOKUP(errors_of_a_database),
		LOOKUP(ageing_is_all_that_leaves_shadow),
		LOOKUP(passwords_of_passwd_do_not_age),
		LOOKUP(groups_with_and_without_names),
		LOOKUP(more_groups_than_the_limit_are_not_fewer),
		LOOKUP(netgroups),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
