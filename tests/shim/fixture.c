/* SPDX-License-Identifier: MIT */

#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_modules.h>

#define HOOKS_ALL \
	"authenticate,setCredentials,account,openSession,closeSession," \
	"preliminary,update"

static void	fixture_path(char *, const char *, const char *);

static void
fixture_path(char *to, const char *dir, const char *name)
{
	int n = snprintf(to, FIXTURE_PATH_MAX, "%s/%s", dir, name);

	assert_true(n > 0 && n < FIXTURE_PATH_MAX);
}

static void
fixture_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* build/tests/NAME stands beside build/pam_deno.so. */
static void
fixture_find_so(struct fixture *f)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int i;

	assert_true(n > 0);
	self[n] = '\0';
	for (i = 0; i < 2; i++) {
		slash = strrchr(self, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	fixture_path(f->so, self, "pam_deno.so");
	assert_int_equal(access(f->so, R_OK), 0);
}

int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[FIXTURE_PATH_MAX];

	assert_non_null(f);
	*state = f;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/pam-deno-test."
	    "XX" "XX" "XX");
	assert_non_null(mkdtemp(f->dir));
	fixture_path(f->run, f->dir, "run");
	fixture_path(f->etc, f->dir, "etc");
	fixture_path(f->pam_d, f->dir, "pam.d");
	fixture_path(f->log_path, f->dir, "log");
	fixture_path(f->socket, f->run, FIXTURE_MODULE ".sock");
	assert_int_equal(mkdir(f->run, 0755), 0);
	assert_int_equal(mkdir(f->etc, 0755), 0);
	assert_int_equal(mkdir(f->pam_d, 0755), 0);
	fixture_path(path, f->etc, "hooks");
	assert_int_equal(mkdir(path, 0755), 0);
	fixture_path(path, f->run, ".pam-deno");
	fixture_write(path, "");
	fixture_path(path, f->pam_d, "other");
	fixture_write(path, "auth required pam_deny.so\n"
	    "account required pam_deny.so\npassword required pam_deny.so\n"
	    "session required pam_deny.so\n");
	fixture_write(f->log_path, "");
	assert_int_equal(setenv("PAM_DENO_TEST_SYSLOG", f->log_path, 1), 0);
	fixture_find_so(f);
	fixture_link(f, FIXTURE_MODULE, HOOKS_ALL);
	peer_init(&f->peer);
	return 0;
}

void
fixture_use_trampoline(struct fixture *f)
{
	char *slash = strrchr(f->so, '/');

	(void)snprintf(slash, sizeof(f->so) - (size_t)(slash - f->so),
	    "/tests/trampoline.so");
	assert_int_equal(access(f->so, R_OK), 0);
}

const char *
fixture_user_files(struct fixture *f)
{
	fixture_path(f->user_files, f->run, "user");
	assert_int_equal(mkdir(f->user_files, 0711), 0);
	return f->user_files;
}

static int
fixture_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pamh != NULL)
		(void)pam_end(f->pamh, PAM_SUCCESS);
	peer_free(&f->peer);
	(void)unsetenv("PAM_DENO_TEST_SYSLOG");
	(void)nftw(f->dir, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

void
fixture_link(struct fixture *f, const char *name, const char *hooks)
{
	char dir[FIXTURE_PATH_MAX], path[FIXTURE_PATH_MAX];

	fixture_path(dir, f->etc, "hooks");
	fixture_path(path, dir, name);
	(void)unlink(path);
	assert_int_equal(symlink(hooks, path), 0);
}

void
fixture_line(struct fixture *f, const char *type, const char *words)
{
	char path[FIXTURE_PATH_MAX], text[8192];

	(void)snprintf(text, sizeof(text),
	    "%s [default=die success=done ignore=ignore] %s runtime_dir=%s "
	    "config_dir=%s %s\n"
	    "%s required pam_debug.so auth=module_unknown "
	    "cred=module_unknown acct=module_unknown "
	    "open_session=module_unknown close_session=module_unknown "
	    "prechauthtok=module_unknown chauthtok=module_unknown\n",
	    type, f->so, f->run, f->etc, words, type);
	fixture_path(path, f->pam_d, "test");
	fixture_write(path, text);
}

static void
fixture_record(struct fixture_conv *conv, const struct pam_message *m)
{
	struct fixture_seen *seen;

	assert_true(conv->n_seen < FIXTURE_SEEN_MAX);
	seen = &conv->seen[conv->n_seen++];
	seen->style = m->msg_style;
	seen->call = conv->calls;
	(void)snprintf(seen->text, sizeof(seen->text), "%s", m->msg);
}

static int
fixture_converse(int n, const struct pam_message **m,
    struct pam_response **responses, void *data)
{
	struct fixture_conv *conv = data;
	const char *answer;
	int i;

	conv->calls++;
	for (i = 0; i < n; i++)
		fixture_record(conv, m[i]);
	if (conv->delay_ms > 0)
		(void)poll(NULL, 0, conv->delay_ms);
	if (conv->code != PAM_SUCCESS || conv->no_array)
		return conv->code;
	*responses = calloc((size_t)n, sizeof(**responses));
	for (i = 0; i < n; i++) {
		if (m[i]->msg_style != PAM_PROMPT_ECHO_OFF &&
		    m[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		answer = conv->answers[conv->n_answers++];
		if (answer != NULL)
			(*responses)[i].resp = strdup(answer);
	}
	return PAM_SUCCESS;
}

void
fixture_start(struct fixture *f, const char *user)
{
	struct pam_conv conv = { .conv = fixture_converse,
		.appdata_ptr = &f->conv };

	assert_int_equal(pam_start_confdir("test", user, &conv, f->pam_d,
	    &f->pamh), PAM_SUCCESS);
}

const char *
fixture_line_type(enum hook hook)
{
	switch (hook) {
	case HOOK_AUTHENTICATE:
	case HOOK_SET_CREDENTIALS:
		return "auth";
	case HOOK_ACCOUNT:
		return "account";
	case HOOK_OPEN_SESSION:
	case HOOK_CLOSE_SESSION:
		return "session";
	default:
		return "password";
	}
}

int
fixture_call(struct fixture *f, enum hook hook, int flags)
{
	switch (hook) {
	case HOOK_AUTHENTICATE:
		return pam_authenticate(f->pamh, flags);
	case HOOK_SET_CREDENTIALS:
		return pam_setcred(f->pamh, flags);
	case HOOK_ACCOUNT:
		return pam_acct_mgmt(f->pamh, flags);
	case HOOK_OPEN_SESSION:
		return pam_open_session(f->pamh, flags);
	case HOOK_CLOSE_SESSION:
		return pam_close_session(f->pamh, flags);
	default:
		return pam_chauthtok(f->pamh, flags);
	}
}

int
fixture_hook(struct fixture *f, enum hook hook, const char *words)
{
	int code;

	/* libpam calls update only after preliminary has succeeded */
	if (hook == HOOK_UPDATE)
		fixture_link(f, FIXTURE_MODULE, "update");
	fixture_line(f, fixture_line_type(hook), words);
	if (f->pamh == NULL)
		fixture_start(f, FIXTURE_USER);
	code = fixture_call(f, hook, 0);
	peer_join(&f->peer);
	return code;
}

const char *
fixture_log(struct fixture *f)
{
	FILE *log = fopen(f->log_path, "r");
	size_t n;

	assert_non_null(log);
	n = fread(f->log, 1, sizeof(f->log) - 1, log);
	f->log[n] = '\0';
	(void)fclose(log);
	return f->log;
}

int64_t
fixture_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
