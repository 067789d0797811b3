/* SPDX-License-Identifier: MIT */

/* Processes and their starts, of which some pretend to be others. */

#include "../../shim/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"
#include "test.h"

#define STRANGER	54321
/* Fields 3 to 22 of a stat file. */
#define FIELDS_BUT_ONE	" S 7 8 9 -1 -1 10 11 12 13 14 15 16 17 18 19 -5 3 0 "
#define FIELDS		FIELDS_BUT_ONE "4242 "

static int
setup(void **state)
{
	(void)state;
	proc_reset();
	return 0;
}

/* --- the text --- */

TEST(names_may_hold_anything)
{
	static const char *const names[] = { "sshd", "", ")", "(", ") (",
		") S 1 2 3", "a) R 9 (b", "((", "))", " ", "1 (x) S 2 " };
	struct process p;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(text, sizeof(text), "123 (%s)" FIELDS "0 0\n",
		    names[i]);
		assert_true(process_parse(text, &p));
		assert_int_equal(p.pid, 123);
		assert_int_equal(p.state, 'S');
		assert_int_equal(p.parent, 7);
		assert_int_equal(p.threads, 3);
		assert_int_equal(p.started, 4242);
	}
}

TEST(texts_that_are_none)
{
	static const char *const texts[] = { "", "1", "1 ", "1 (", "1 (a",
		"1 (a)", "1 (a) ", "1 (a) S", "1 (a) S ", "1 (a) S 7",
		"x (a)" FIELDS, "-1 (a)" FIELDS, " 1 (a)" FIELDS,
		"4294967296 (a)" FIELDS, "1 a" FIELDS, "1 (a)S 7 8",
		"1 (a) SS" FIELDS, "1 (a) S x" FIELDS, "1 (a) S -1" FIELDS,
		"1 (a)" FIELDS_BUT_ONE, "1 (a)" FIELDS_BUT_ONE "4242",
		"1 (a)" FIELDS_BUT_ONE "x ", "1 (a)" FIELDS_BUT_ONE "-1 ",
		"1 (a)" FIELDS_BUT_ONE "99999999999999999999999999 " };
	struct process p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (process_parse(texts[i], &p))
			fail_msg("taken: %s", texts[i]);
	}
}

/* --- processes --- */

static enum process_state
state_of(uint32_t pid, int64_t started)
{
	struct process p;
	enum process_state state = process_look(pid, &p);

	return state == PROCESS_RUNS && p.started != started ? PROCESS_GONE :
	    state;
}

TEST(this_process)
{
	struct process p, again;

	(void)state;
	assert_true(process_self(&p));
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.parent, proc_real_parent());
	assert_int_equal(p.state, 'R');
	assert_true(p.started > 0);
	assert_int_equal(prctl(PR_SET_NAME, ") S 1 (2) ("), 0);
	assert_true(process_self(&again));
	assert_int_equal(again.parent, p.parent);
	assert_true(again.started == p.started);
	assert_int_equal(state_of(p.pid, p.started), PROCESS_RUNS);
	/* the number alone is not the process */
	assert_int_equal(state_of(p.pid, p.started + 1), PROCESS_GONE);
	assert_int_equal(state_of(p.pid, -p.started), PROCESS_GONE);
}

TEST(numbers_that_no_process_has)
{
	static const uint32_t pids[] = { 0, UINT32_C(0x7fffffff),
		UINT32_C(0x80000000), UINT32_C(0xffffffff) };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pids); i++)
		assert_int_equal(state_of(pids[i], 1), PROCESS_GONE);
}

/* The start of a process, as this test reads it. */
static int64_t
start_of(pid_t pid)
{
	char path[64], text[1024];
	struct process p;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_true((fd = open(path, O_RDONLY)) >= 0);
	assert_true((n = read(fd, text, sizeof(text) - 1)) > 0);
	(void)close(fd);
	text[n] = '\0';
	assert_true(process_parse(text, &p));
	return p.started;
}

/* Seconds since boot, which are not read from a stat file. */
static double
uptime(void)
{
	FILE *file = fopen("/proc/uptime", "r");
	double s = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lf", &s), 1);
	(void)fclose(file);
	return s;
}

TEST(a_child_ends)
{
	int64_t started;
	siginfo_t info;
	pid_t child;
	int go[2];
	char octet;

	(void)state;
	assert_int_equal(pipe(go), 0);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		(void)close(go[1]);
		_exit(read(go[0], &octet, 1) == 0 ? 0 : 1);
	}
	(void)close(go[0]);
	started = start_of(child);
	assert_in_range(started / sysconf(_SC_CLK_TCK), uptime() - 60,
	    uptime() + 1);
	assert_int_equal(state_of((uint32_t)child, started),
	    PROCESS_RUNS);
	/* it ends, and nobody has taken its status yet */
	(void)close(go[1]);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT),
	    0);
	assert_int_equal(start_of(child), started);
	assert_int_equal(state_of((uint32_t)child, started),
	    PROCESS_GONE);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(state_of((uint32_t)child, started),
	    PROCESS_GONE);
}

static void *
wait_for_end(void *fd)
{
	char octet;

	_exit(read(*(const int *)fd, &octet, 1) == 0 ? 0 : 1);
}

/* Its first thread has ended; another goes on until go is closed. */
static pid_t
start_without_first_thread(int go[2])
{
	pthread_t thread;
	pid_t child;

	assert_int_equal(pipe(go), 0);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		(void)close(go[1]);
		if (pthread_create(&thread, NULL, wait_for_end, &go[0]) != 0)
			_exit(1);
		pthread_exit(NULL);
	}
	(void)close(go[0]);
	return child;
}

TEST(first_thread_that_ends_is_not_the_process)
{
	siginfo_t info;
	struct process p;
	pid_t child;
	int go[2], i;

	(void)state;
	child = start_without_first_thread(go);
	for (i = 0, p.state = 0; i < 5000 && p.state != 'Z'; i++) {
		(void)poll(NULL, 0, 1);
		assert_int_equal(process_look((uint32_t)child, &p),
		    PROCESS_RUNS);
	}
	assert_int_equal(p.state, 'Z');
	assert_int_equal(p.threads, 2);
	(void)close(go[1]);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT),
	    0);
	assert_int_equal(process_look((uint32_t)child, &p), PROCESS_GONE);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

TEST(hidden_processes_have_not_ended)
{
	static const int errors[] = { ENOENT, EACCES, EPERM, EMFILE, EIO };
	struct process p;
	char path[64];
	size_t i;

	(void)state;
	assert_true(process_self(&p));
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	for (i = 0; i < ARRAY_LEN(errors); i++) {
		proc_hidden = path;
		proc_hidden_error = errors[i];
		assert_int_equal(state_of((uint32_t)getpid(), 1),
		    PROCESS_UNKNOWN);
		proc_hidden = "/proc/self/stat";
		assert_false(process_self(&p));
	}
}

/* --- parents --- */

enum { KNOWN = 1, UNKNOWN = 2, BROKEN = 3 };

/* Runs it in a child, whose exit status it is. */
static int
in_child(int (*run)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(run());
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return BROKEN;
	return WEXITSTATUS(status);
}

static int
ask_for_parent(void)
{
	struct process self, parent;

	if (!process_self(&self))
		return BROKEN;
	if (!process_parent(&self, &parent))
		return UNKNOWN;
	return parent.pid == (uint32_t)proc_real_parent() &&
	    parent.started > 0 && parent.started <= self.started ?
	    KNOWN : BROKEN;
}

/* A parent that is a stranger's, and one whose files say that it is not. */
static int
be_a_stranger(void)
{
	if (setgid(STRANGER) != 0 || setuid(STRANGER) != 0)
		return BROKEN;
	return in_child(ask_for_parent);
}

static int
be_an_undumpable_stranger(void)
{
	char path[64];
	struct stat st;

	if (setgid(STRANGER) != 0 || setuid(STRANGER) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		return BROKEN;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	if (stat(path, &st) != 0 || st.st_uid != 0)
		return BROKEN;
	return in_child(ask_for_parent);
}

TEST(parent_of_root)
{
	(void)state;
	assert_int_equal(in_child(ask_for_parent),
	    geteuid() == 0 ? KNOWN : UNKNOWN);
}

TEST(parent_of_a_stranger)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(be_a_stranger), UNKNOWN);
	assert_int_equal(in_child(be_an_undumpable_stranger), UNKNOWN);
}

TEST(parent_that_ends_meanwhile)
{
	(void)state;
	proc_new_parent_after = 0;
	assert_int_equal(in_child(ask_for_parent), UNKNOWN);
	proc_new_parent_after = 1;
	assert_int_equal(in_child(ask_for_parent), UNKNOWN);
}

#define SET_UP(name)	cmocka_unit_test_setup(test_##name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SET_UP(names_may_hold_anything),
		SET_UP(texts_that_are_none),
		SET_UP(this_process),
		SET_UP(numbers_that_no_process_has),
		SET_UP(a_child_ends),
		SET_UP(first_thread_that_ends_is_not_the_process),
		SET_UP(hidden_processes_have_not_ended),
		SET_UP(parent_of_root),
		SET_UP(parent_of_a_stranger),
		SET_UP(parent_that_ends_meanwhile),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
