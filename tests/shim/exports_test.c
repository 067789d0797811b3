/* SPDX-License-Identifier: MIT */

/* The shared object as it was built: what it shows and what it needs. */

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define STRIPPED_MAX	(80 * 1024)
#define OUTPUT_MAX	(1024 * 1024)

static char output[OUTPUT_MAX];

/* What a tool of binutils prints about the shared object. */
static const char *
run(const struct fixture *f, const char *tool, const char *option,
    const char *value)
{
	int fd[2], status = -1;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(fd), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)setenv("LC_ALL", "C", 1);
		(void)execlp(tool, tool, option, f->so, value, (char *)NULL);
		_exit(127);
	}
	(void)close(fd[1]);
	while ((n = read(fd[0], output + len, sizeof(output) - 1 - len)) > 0)
		len += (size_t)n;
	(void)close(fd[0]);
	output[len] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return output;
}

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

static const char *const functions[] = { "pam_sm_authenticate",
	"pam_sm_setcred", "pam_sm_acct_mgmt", "pam_sm_open_session",
	"pam_sm_close_session", "pam_sm_chauthtok" };

TEST(six_functions_can_be_found)
{
	static const char *const others[] = { "hook_run", "args_parse",
		"wire_fingerprint", "failure_code", "message_hook_encode" };
	struct fixture *f = *state;
	void *so = dlopen(f->so, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (so == NULL)
		fail_msg("%s", dlerror());
	for (i = 0; i < ARRAY_LEN(functions); i++)
		assert_non_null(dlsym(so, functions[i]));
	for (i = 0; i < ARRAY_LEN(others); i++)
		assert_null(dlsym(so, others[i]));
	assert_int_equal(dlclose(so), 0);
}

TEST(six_functions_are_all_that_is_shown)
{
	const char *text = run(*state, "nm", "-D", "--defined-only");
	size_t i;

	for (i = 0; i < ARRAY_LEN(functions); i++)
		assert_contains(text, functions[i]);
	assert_int_equal(count(text, "\n"), ARRAY_LEN(functions));
}

TEST(libc_and_libpam_are_all_that_is_needed)
{
	const char *text = run(*state, "readelf", "-dW", NULL);

	assert_contains(text, "[libpam.so.0]");
	assert_contains(text, "[libc.so.6]");
	assert_int_equal(count(text, "(NEEDED)"), 2);
	assert_contains_not(text, "RPATH");
	assert_contains_not(text, "RUNPATH");
	assert_contains_not(text, "TEXTREL");
	assert_contains(text, "NOW");
}

/* A version that a libpam in use lacks would make the line fail to load. */
TEST(old_libpams_have_all_versions)
{
	static const char *const known[] = { "LIBPAM_1.0",
		"LIBPAM_EXTENSION_1.0", "LIBPAM_EXTENSION_1.1" };
	const char *text = run(*state, "readelf", "-VW", NULL);
	size_t i, n = 0;
	char name[64];

	for (i = 0; i < ARRAY_LEN(known); i++) {
		(void)snprintf(name, sizeof(name), "Name: %s  ", known[i]);
		n += count(text, name);
	}
	assert_in_range(n, 1, ARRAY_LEN(known));
	assert_int_equal(count(text, "Name: LIBPAM"), n);
}

TEST(nothing_runs_or_changes_by_itself)
{
	/* what the compiler puts there itself, one word each */
	static const char *const sections[] = { " .init_array ",
		" .fini_array ", " .data ", " .bss " };
	const char *text = run(*state, "readelf", "-SW", NULL);
	const char *line, *size;
	size_t i;

	assert_contains_not(text, ".tdata");
	assert_contains_not(text, ".tbss");
	assert_contains_not(text, ".ctors");
	for (i = 0; i < ARRAY_LEN(sections); i++) {
		assert_non_null(line = strstr(text, sections[i]));
		assert_non_null(size = strstr(line, " 000008 "));
		assert_true(size < strchr(line, '\n'));
	}
}

TEST(stack_is_not_executable_and_relocations_are_read_only)
{
	const char *text = run(*state, "readelf", "-lW", NULL);

	assert_contains(text, "GNU_RELRO");
	assert_contains(text, "GNU_STACK");
	assert_contains_not(text, "RWE");
}

TEST(stripped_it_is_small)
{
	struct fixture *f = *state;
	char option[FIXTURE_PATH_MAX + 32];
	const char *path = option + 2;
	struct stat st;

	(void)snprintf(option, sizeof(option), "-o%s/stripped.so", f->dir);
	(void)run(f, "strip", option, NULL);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, STRIPPED_MAX);
}

/* For pam-deno check, and for whoever has nothing but the file. */
TEST(stripped_it_says_what_it_was_made_from)
{
	const struct fixture *f = *state;
	struct fixture copy = *f;
	char option[FIXTURE_PATH_MAX + 32];
	const char *text;

	(void)snprintf(copy.so, sizeof(copy.so), "%s/said.so", f->dir);
	(void)snprintf(option, sizeof(option), "-o%s", copy.so);
	(void)run(f, "strip", option, NULL);
	text = run(&copy, "strings", "-a", NULL);
	assert_contains(text, "pam_deno " PAM_DENO_VERSION " protocol ");
	assert_contains(text, " fingerprint " WIRE_FINGERPRINT_TEXT "\n");
}

TEST(no_path_of_the_building_machine)
{
	struct fixture *f = *state;
	const char *text = run(f, "strings", "-a", NULL);
	char *build = strstr(f->so, "/build/");

	assert_non_null(build);
	*build = '\0';
	assert_contains_not(text, f->so);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(six_functions_can_be_found),
		FIXTURE(six_functions_are_all_that_is_shown),
		FIXTURE(libc_and_libpam_are_all_that_is_needed),
		FIXTURE(old_libpams_have_all_versions),
		FIXTURE(nothing_runs_or_changes_by_itself),
		FIXTURE(stack_is_not_executable_and_relocations_are_read_only),
		FIXTURE(stripped_it_is_small),
		FIXTURE(stripped_it_says_what_it_was_made_from),
		FIXTURE(no_path_of_the_building_machine),
	};

	return cmocka_run_group_tests_name("exports", tests, NULL, NULL);
}
