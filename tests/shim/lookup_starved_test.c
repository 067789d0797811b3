/* SPDX-License-Identifier: MIT */

/*
 * Look-ups under limits that the caller of a set-uid program has set. The
 * databases are files in an /etc of this test's own; each question is asked in
 * a process of its own, for the C library remembers what it could not load.
 */

#include "../../shim/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#define SANITIZED	__has_feature(address_sanitizer)
#else
#define SANITIZED	0
#endif

#define MANY		20000
#define USER		"joe"
#define OPS		4711
#define BROKEN		99
#define NOFILE_MAX	24
/* Fine where the entries are read, and up to where there is room. */
#define AS_FINE		(16 * 1024)
#define AS_FINE_STEPS	64
#define AS_ROOM		(64 * 1024 * 1024)

static void
write_database(const char *path, const char *before, const char *last)
{
	FILE *file = fopen(path, "w");
	int i;

	assert_non_null(file);
	assert_true(fputs(before, file) >= 0);
	/* long lines want memory */
	for (i = 0; i < MANY && strstr(path, "group") != NULL; i++)
		assert_true(fprintf(file, strstr(path, "net") != NULL ?
		    "(,u%d,) " : "u%d,", i) > 0);
	assert_true(fputs(last, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* An /etc of its own for this process and its children. */
static int
setup(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("etc", "/etc", "tmpfs", 0, "mode=0755") != 0)
		return -1;
	/* a second source says "not found" whatever happened to the first */
	write_database("/etc/nsswitch.conf", "passwd: files systemd\n"
	    "shadow: files systemd\ngroup: files systemd\n",
	    "netgroup: files\n");
	write_database("/etc/passwd", "root:x:0:0::/:/bin/sh\n",
	    USER ":x:4700:4700::/:/bin/sh\n");
	write_database("/etc/shadow", "root:*:::::::\n",
	    USER ":*:19000::90::::\n");
	write_database("/etc/group", "first:x:4700:\nops:x:4711:", USER "\n");
	write_database("/etc/netgroup", "ops ", "(," USER ",)\n");
	return 0;
}

static int
ask_netgroup(void)
{
	struct wire_str ops = { .s = "ops", .len = 3 };

	return (int)lookup_netgroup(ops, USER);
}

/* LOOKUP_ABSENT if the group is not among them. */
static int
ask_groups(void)
{
	struct lookup_groups *g;
	enum lookup status = lookup_groups(USER, &g);
	bool has = false;
	size_t i;

	for (i = 0; status == LOOKUP_FOUND && i < g->m.n_groups; i++)
		has |= g->m.groups[i].gid == OPS && g->m.groups[i].has_name;
	return (int)(status == LOOKUP_FOUND && !has ? LOOKUP_ABSENT : status);
}

static int
ask_ageing(void)
{
	struct message_ageing m;
	struct lookup_buffer b;
	enum lookup status;

	lookup_buffer_init(&b);
	status = lookup_ageing(USER, &m, &b);
	lookup_buffer_free(&b);
	return (int)status;
}

static int (*const questions[])(void) = { ask_netgroup, ask_groups,
	ask_ageing };

/* What the question gives under the limit, asked twice; 0: no limit. */
static int
ask_under(__rlimit_resource_t resource, rlim_t value, int (*ask)(void))
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };
	int status = -1, first, second;
	pid_t child = fork();

	if (child == 0) {
		if (value != 0 && setrlimit(resource, &limit) != 0)
			_exit(BROKEN);
		first = ask();
		second = ask();
		/* the worse of the two */
		_exit(first == LOOKUP_ABSENT ? first : second);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

/* Never "not found", whether there is an answer or a refusal; how many. */
static unsigned
count_starved(__rlimit_resource_t resource, rlim_t from, rlim_t step,
    unsigned steps, int (*ask)(void))
{
	unsigned starved = 0, i;
	int got;

	for (i = 0; i < steps; i++) {
		got = ask_under(resource, from + i * step, ask);
		if (got != LOOKUP_FOUND && got != LOOKUP_STARVED)
			fail_msg("%d at a limit of %llu", got,
			    (unsigned long long)(from + i * step));
		starved += got == LOOKUP_STARVED;
	}
	return starved;
}

TEST(few_descriptors_hide_nothing)
{
	unsigned starved;
	size_t q;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (q = 0; q < ARRAY_LEN(questions); q++) {
		assert_int_equal(ask_under(RLIMIT_NOFILE, 0, questions[q]),
		    LOOKUP_FOUND);
		starved = count_starved(RLIMIT_NOFILE, 3, 1, NOFILE_MAX,
		    questions[q]);
		assert_in_range(starved, 1, NOFILE_MAX - 1);
	}
}

#if !SANITIZED
/* What this process has mapped, in octets. */
static rlim_t
mapped(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	(void)fclose(file);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

TEST(little_memory_hides_nothing)
{
	rlim_t least = mapped();
	unsigned starved = 0;
	size_t q;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (q = 0; q < ARRAY_LEN(questions); q++) {
		starved += count_starved(RLIMIT_AS, least, AS_FINE,
		    AS_FINE_STEPS, questions[q]);
		assert_int_equal(ask_under(RLIMIT_AS, least + AS_ROOM,
		    questions[q]), LOOKUP_FOUND);
	}
	assert_true(starved > 0);
}
#endif

TEST(nobody_is_a_member_of_what_is_not_there)
{
	struct wire_str ops = { .s = "opsnot", .len = 6 };

	(void)state;
	assert_int_equal(lookup_netgroup(ops, USER), LOOKUP_ABSENT);
	assert_int_equal(lookup_user("no-such-user-here"), LOOKUP_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(few_descriptors_hide_nothing),
#if !SANITIZED
		/* the sanitizer maps more than any limit */
		UNIT(little_memory_hides_nothing),
#endif
		UNIT(nobody_is_a_member_of_what_is_not_there),
	};

	return cmocka_run_group_tests_name("lookup starved", tests, setup,
	    NULL);
}
