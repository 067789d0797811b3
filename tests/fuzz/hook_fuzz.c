/* SPDX-License-Identifier: MIT */

/*
 * A hostile worker: what it says, from the first octet of its first frame to
 * the end of the connection, to a hook that the real libpam runs. The first
 * octet of the input picks the hook, the second the pam.d line and the
 * application; the rest is the worker's.
 */

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include "../../shim/hook.h"
#include "../../shim/user_file.h"
#include "fuzz.h"

/* What mkdtemp(3) replaces. */
#define SIX_X	"XX" "XX" "XX"

#define SAID_MAX	65536
#define BUDGET_MS	50
#define PATH_LEN_MAX	512

/* Bits of the second octet. */
#define WITH_GRANTS	0x01
#define SILENT		0x02
#define CONV_FAILS	0x04
#define CONV_IS_EMPTY	0x08
#define CONV_IS_LONG	0x10

int	trampoline_hook(pam_handle_t *, enum hook, int, int, const char **);

static char confdir[] = "/tmp/pam-deno-fuzz." SIX_X;
static const uint8_t *said;
static size_t said_len;
static enum hook wanted;
static uint8_t options;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
write_service(const char *name, const char *so, const char *words)
{
	static const char *const types[] = { "auth", "account", "session",
		"password" };
	char path[PATH_LEN_MAX];
	FILE *file;
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/%s", confdir, name);
	check((file = fopen(path, "w")) != NULL);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		check(fprintf(file, "%s required %s %s\n", types[i], so,
		    words) > 0);
	check(fclose(file) == 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_all(void)
{
	(void)nftw(confdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/*
 * The files for the user are the user's, whatever the worker called them, few,
 * and none is on its way any more.
 */
static void
check_user_files(void)
{
	char path[PATH_LEN_MAX], prefix[32];
	const struct dirent *entry;
	unsigned n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/" USER_FILE_DIR, confdir);
	(void)snprintf(prefix, sizeof(prefix), "%u-f", (unsigned)geteuid());
	check((d = opendir(path)) != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		check(strncmp(entry->d_name, prefix, strlen(prefix)) == 0);
		n++;
	}
	(void)closedir(d);
	check(n <= USER_FILES_PER_USER);
}

static void
prepare(void)
{
	static bool done;
	char so[PATH_LEN_MAX], granted[2 * PATH_LEN_MAX];
	ssize_t n;

	if (done)
		return;
	done = true;
	check(mkdtemp(confdir) != NULL);
	(void)atexit(remove_all);
	n = readlink("/proc/self/exe", so, sizeof(so) - 32);
	check(n > 0);
	so[n] = '\0';
	memcpy(strrchr(so, '/'), "/trampoline.so", sizeof("/trampoline.so"));
	(void)snprintf(granted, sizeof(granted), "%s/" USER_FILE_DIR, confdir);
	check(mkdir(granted, 0711) == 0);
	(void)snprintf(granted, sizeof(granted), "runtime_dir=%s "
	    "grant=prompt,authtok,set_authtok,get_env,"
	    "shadow,env:MY_*,env:L*,set_item:user,set_item:tty,set_item:rhost,"
	    "set_item:ruser,set_item:user_prompt,set_item:xdisplay,"
	    "set_item:authtok_type,user_file:f* fuzzed a=b", confdir);
	write_service("granted", so, granted);
	write_service("bare", so, "fuzzed");
	write_service("other", so, "fuzzed");
}

static int
converse(int n, const struct pam_message **m, struct pam_response **responses,
    void *data)
{
	static char longer[LIMIT_TOKEN_MAX + 2];
	int i;

	(void)data;
	check(n > 0 && n <= LIMIT_MESSAGES_MAX);
	if ((options & CONV_FAILS) != 0)
		return PAM_CONV_ERR;
	if ((options & CONV_IS_EMPTY) != 0)
		return PAM_SUCCESS;
	memset(longer, 'l', sizeof(longer) - 1);
	check((*responses = calloc((size_t)n, sizeof(**responses))) != NULL);
	for (i = 0; i < n; i++) {
		/* what reaches a terminal */
		check(strlen(m[i]->msg) <= LIMIT_TEXT_MAX);
		check(strchr(m[i]->msg, '\x1b') == NULL);
		if (m[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
		    m[i]->msg_style == PAM_PROMPT_ECHO_ON)
			(*responses)[i].resp = strdup(
			    (options & CONV_IS_LONG) != 0 ? longer : "answer");
		else
			check((options & SILENT) == 0);
	}
	return PAM_SUCCESS;
}

static void
no_delay(int code, unsigned us, void *data)
{
	(void)code;
	(void)data;
	check(us <= LIMIT_FAIL_DELAY_MAX_US / 2 * 3);
}

static void
check_result(const struct call *call, bool answered)
{
	if (answered)
		check(hook_allows(call->hook, (unsigned)call->code));
	else
		check(call->why.text[0] != '\0');
	check(pam_getenv(call->pamh, "LD_PRELOAD") == NULL);
	if (call->args.grants.user_files)
		check_user_files();
}

__attribute__((visibility("default"))) int
trampoline_hook(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	struct call call;
	int pair[2];
	bool answered = false;

	if (hook == HOOK_PRELIMINARY && wanted == HOOK_UPDATE)
		return PAM_SUCCESS;
	hook_begin(&call, pamh, hook, flags);
	check(args_parse(&call.args, hook, argc, argv, &call.log, &call.why));
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	call.channel.fd = pair[0];
	check(send(pair[1], said, said_len, MSG_DONTWAIT) ==
	    (ssize_t)said_len);
	(void)shutdown(pair[1], SHUT_WR);
	deadline_start(&call.deadline, BUDGET_MS);
	answered = hook_tx(&call) && hook_wait(&call);
	check_result(&call, answered);
	hook_end(&call);
	(void)close(pair[1]);
	return answered ? call.code : failure_code(call.why.class, hook);
}

static void
run(pam_handle_t *pamh, int flags)
{
	switch (wanted) {
	case HOOK_AUTHENTICATE:
		(void)pam_authenticate(pamh, flags);
		break;
	case HOOK_SET_CREDENTIALS:
		(void)pam_setcred(pamh, flags);
		break;
	case HOOK_ACCOUNT:
		(void)pam_acct_mgmt(pamh, flags);
		break;
	case HOOK_OPEN_SESSION:
		(void)pam_open_session(pamh, flags);
		break;
	case HOOK_CLOSE_SESSION:
		(void)pam_close_session(pamh, flags);
		break;
	default:
		(void)pam_chauthtok(pamh, flags);
		break;
	}
}

void
test_one(const uint8_t *p, size_t len)
{
	union {
		void (*function)(int, unsigned, void *);
		const void *item;
	} delay = { .function = no_delay };
	struct pam_conv conv = { .conv = converse };
	pam_handle_t *pamh = NULL;

	prepare();
	if (len < 2 || len > SAID_MAX)
		return;
	wanted = (enum hook)(1 + p[0] % HOOK_COUNT);
	options = p[1];
	said = p + 2;
	said_len = len - 2;
	check(pam_start_confdir((options & WITH_GRANTS) != 0 ? "granted" :
	    "bare", "root", &conv, confdir, &pamh) == PAM_SUCCESS);
	(void)pam_set_item(pamh, PAM_FAIL_DELAY, delay.item);
	run(pamh, (options & SILENT) != 0 ? PAM_SILENT : 0);
	(void)pam_end(pamh, PAM_SUCCESS);
}
