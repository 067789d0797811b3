/* SPDX-License-Identifier: MIT */

/* The shim is a guest: the process is after a hook as it was before. */

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "fixture.h"

#define FDS_MAX		256
#define TEXT_MAX	4096

extern char **environ;

struct host {
	struct {
		void	(*handler)(int);
		int	flags;
		char	mask[NSIG];
	} actions[NSIG];
	char			mask[NSIG];
	char			fds[TEXT_MAX];
	char			cwd[TEXT_MAX];
	char			locale[TEXT_MAX];
	char			environment[TEXT_MAX * 4];
	char			**environ_at;
	mode_t			umask;
	uid_t			uids[3];
	gid_t			gids[3];
	struct rlimit		limits[RLIM_NLIMITS];
	unsigned		alarm;
	char			comm[64];
};

static void
list_fds(char *text, size_t size)
{
	struct stat st;
	size_t n = 0;
	int fd;

	text[0] = '\0';
	for (fd = 0; fd < FDS_MAX; fd++) {
		if (fstat(fd, &st) == 0)
			n += (size_t)snprintf(text + n, size - n,
			    "%d:%lu:%d ", fd, (unsigned long)st.st_ino,
			    fcntl(fd, F_GETFL));
	}
}

static void
list_signals(const sigset_t *set, char members[NSIG])
{
	int i;

	for (i = 1; i < NSIG; i++)
		members[i] = sigismember(set, i) == 1;
}

static void
look_at_signals(struct host *host)
{
	struct sigaction action;
	sigset_t mask;
	int i;

	for (i = 1; i < NSIG; i++) {
		if (sigaction(i, NULL, &action) != 0)
			continue;
		host->actions[i].handler = action.sa_handler;
		host->actions[i].flags = action.sa_flags;
		list_signals(&action.sa_mask, host->actions[i].mask);
	}
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	list_signals(&mask, host->mask);
}

static void
look(struct host *host)
{
	size_t n = 0;
	char **variable;
	FILE *comm;
	int i;

	memset(host, 0, sizeof(*host));
	look_at_signals(host);
	list_fds(host->fds, sizeof(host->fds));
	assert_non_null(getcwd(host->cwd, sizeof(host->cwd)));
	(void)snprintf(host->locale, sizeof(host->locale), "%s",
	    setlocale(LC_ALL, NULL));
	for (variable = environ; *variable != NULL; variable++)
		n += (size_t)snprintf(host->environment + n,
		    sizeof(host->environment) - n, "%s\n", *variable);
	host->environ_at = environ;
	host->umask = umask(0);
	(void)umask(host->umask);
	(void)getresuid(&host->uids[0], &host->uids[1], &host->uids[2]);
	(void)getresgid(&host->gids[0], &host->gids[1], &host->gids[2]);
	for (i = 0; i < RLIM_NLIMITS; i++)
		(void)getrlimit((__rlimit_resource_t)i, &host->limits[i]);
	host->alarm = alarm(0) > 0;
	(void)alarm(host->alarm ? 1000 : 0);
	assert_non_null(comm = fopen("/proc/self/comm", "r"));
	assert_non_null(fgets(host->comm, sizeof(host->comm), comm));
	(void)fclose(comm);
}

static void
assert_same(const struct host *before, const struct host *after)
{
	assert_string_equal(after->fds, before->fds);
	assert_string_equal(after->cwd, before->cwd);
	assert_string_equal(after->locale, before->locale);
	assert_string_equal(after->environment, before->environment);
	assert_memory_equal(after, before, sizeof(*after));
}

static void
thread_count_is_one(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	int n = 0;

	assert_non_null(tasks);
	while ((entry = readdir(tasks)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(tasks);
	assert_int_equal(n, 1);
}

/* --- what a worker does in the meantime --- */

static void
succeeds(struct peer *peer)
{
	peer_hear(peer);
	peer_say_code(peer, PAM_SUCCESS);
}

static void
does_much(struct peer *peer)
{
	struct message_converse ask = { .n_messages = 1 };
	struct message_result m;

	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	peer_hear(peer);
	peer_say_log(peer, LEVEL_INFO, "line");
	peer_say_text(peer, STYLE_TEXT_INFO, "text");
	peer_say_converse(peer, &ask);
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_PASSWD);
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_GROUPS);
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_AGEING);
	peer_hear(peer);
	peer_result(&m, PAM_SUCCESS);
	m.data_action = DATA_ACTION_SET;
	m.data.p = (const uint8_t *)"data";
	m.data.len = 4;
	m.n_environment = 1;
	m.environment[0].name = peer_str("MY_VAR");
	m.environment[0].has_value = true;
	m.environment[0].value = peer_str("1");
	peer_say_result(peer, &m);
}

static void
hangs_up(struct peer *peer)
{
	peer_step(peer, PEER_RESET);
}

static void
is_late(struct peer *peer)
{
	peer_hear(peer);
	peer_sleep(peer, 80);
}

static void
talks_nonsense(struct peer *peer)
{
	peer_hear(peer);
	peer_say(peer, "\0\0\0\1\x7f", 5);
}

#define WORDS	"timeout=2s grant=prompt,shadow,get_env,env:MY_* "

static const struct {
	void		(*script)(struct peer *);	/* NULL: nobody */
	const char	*words;
	int		 code;
} cases[] = {
	{ succeeds, WORDS FIXTURE_MODULE, PAM_SUCCESS },
	{ does_much, WORDS FIXTURE_MODULE, PAM_SUCCESS },
	{ hangs_up, WORDS FIXTURE_MODULE, PAM_SERVICE_ERR },
	{ is_late, "timeout=40ms " FIXTURE_MODULE, PAM_SERVICE_ERR },
	{ talks_nonsense, FIXTURE_MODULE, PAM_SYSTEM_ERR },
	{ NULL, "timeout=40ms " FIXTURE_MODULE, PAM_AUTHINFO_UNAVAIL },
	{ NULL, "timeout=40ms on_unreachable=ignore " FIXTURE_MODULE,
	    FIXTURE_IGNORED },
	{ NULL, "ofice-hours", PAM_SERVICE_ERR },
	{ NULL, "", PAM_SERVICE_ERR },
};

static void
prepare(struct fixture *f, size_t i)
{
	if (cases[i].script != NULL) {
		cases[i].script(&f->peer);
		peer_start(&f->peer, f->socket, 5);
	}
	f->conv.answers[0] = "1";
	fixture_line(f, "account", cases[i].words);
	fixture_start(f, FIXTURE_USER);
}

TEST(nothing_of_the_process_changes)
{
	static struct host before, after;
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		prepare(f, i);
		look(&before);
		assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0),
		    cases[i].code);
		look(&after);
		assert_same(&before, &after);
		thread_count_is_one();
		peer_join(&f->peer);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

/* A child without standard descriptors; its status is the result. */
static int
run_without_standard_descriptors(struct fixture *f, int want)
{
	char before[TEXT_MAX], after[TEXT_MAX];
	int status = 0, fd;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		for (fd = 0; fd < 3; fd++)
			(void)close(fd);
		list_fds(before, sizeof(before));
		if (fixture_call(f, HOOK_ACCOUNT, 0) != want)
			_exit(1);
		list_fds(after, sizeof(after));
		_exit(strcmp(before, after) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(descriptors_0_to_2_stay_closed)
{
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		prepare(f, i);
		assert_int_equal(run_without_standard_descriptors(f,
		    cases[i].code), 0);
		peer_join(&f->peer);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(sigpipe_kills_nobody)
{
	struct fixture *f = *state;
	struct message_converse ask = { .n_messages = 1 };

	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	peer_step(&f->peer, PEER_SHUT);
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = "1";
	f->conv.delay_ms = 50;
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "grant=prompt "
	    FIXTURE_MODULE), PAM_SERVICE_ERR);
}

/* An application that blocks all signals, as some do at the end. */
TEST(blocked_signals_do_not_block_the_deadline)
{
	struct fixture *f = *state;
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	is_late(&f->peer);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "timeout=40ms "
	    FIXTURE_MODULE), PAM_SERVICE_ERR);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

TEST(environment_of_the_process_is_not_read)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("PAM_DENO_RUNTIME_DIR", "/nowhere", 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nowhere", 1), 0);
	assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
	succeeds(&f->peer);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
	(void)unsetenv("PAM_DENO_RUNTIME_DIR");
	(void)unsetenv("XDG_RUNTIME_DIR");
	(void)unsetenv("TMPDIR");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(nothing_of_the_process_changes),
		UNIT(descriptors_0_to_2_stay_closed),
		FIXTURE(sigpipe_kills_nobody),
		FIXTURE(blocked_signals_do_not_block_the_deadline),
		FIXTURE(environment_of_the_process_is_not_read),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
