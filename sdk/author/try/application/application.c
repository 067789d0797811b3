/* SPDX-License-Identifier: MIT */

/*
 * The application that `pam-deno try` plays: it calls libpam as sshd or sudo
 * do, forks where they fork, and hands every conversation on.
 *
 * What it is to do comes as lines of standard input, what comes of it goes to
 * standard output. Words are separated by a space; in a word everything but
 * letters, digits and "-._~=" stands as %XX. A value that may be missing is
 * "-", or "=" and the value. Standard error has what libpam and its modules
 * log, and before each line of standard output a line with LOG_MARK.
 *
 *	start HANDLE SERVICE [-|=USER] CONFDIR	done PID
 *	item HANDLE NUMBER [-|=VALUE]		done PID
 *	env HANDLE NAME=VALUE			done PID
 *	call HANDLE FUNCTION FLAGS		code NUMBER US US US WORD...
 *	end HANDLE FLAGS			done PID
 *	fork UID EUID				done PID, of the child
 *	leave					done PID, of its parent
 *
 * While a call is made it says `ask STYLE TEXT ...` and waits for
 * `answer [-|=TEXT] ...` or `refuse`. Behind a code are the microseconds of
 * the call, of conversations with a question and of those without, then the
 * items iNUMBER=VALUE, the environment eNAME=VALUE and the delay dUS.
 * What cannot be done is `failed TEXT`.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "line.h"

#define HANDLES_MAX	8
#define HANDLE_LEN	64

struct handle {
	char		 name[HANDLE_LEN];
	pam_handle_t	*pamh;
	long		 human_us;
	long		 shown_us;
	long		 delay_us;
};

static struct handle	 handles[HANDLES_MAX];

static const struct {
	const char	*name;
	int		(*call)(pam_handle_t *, int);
} functions[] = {
	{ "authenticate", pam_authenticate },
	{ "setCredentials", pam_setcred },
	{ "account", pam_acct_mgmt },
	{ "openSession", pam_open_session },
	{ "closeSession", pam_close_session },
	{ "changePassword", pam_chauthtok },
};

static const int items[] = {
	PAM_SERVICE, PAM_USER, PAM_TTY, PAM_RHOST, PAM_RUSER, PAM_USER_PROMPT,
	PAM_XDISPLAY, PAM_AUTHTOK_TYPE,
};

static long
application_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
application_done(void)
{
	(void)printf("done %ld", (long)getpid());
	line_said();
}

static bool
application_judge(const struct handle *handle, const char *what, int code)
{
	if (code == PAM_SUCCESS)
		return true;
	line_failed(what, pam_strerror(handle->pamh, code));
	return false;
}

static void
application_forget(struct pam_response *responses, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (responses[i].resp == NULL)
			continue;
		explicit_bzero(responses[i].resp, strlen(responses[i].resp));
		free(responses[i].resp);
	}
	free(responses);
}

static int
application_answers(struct pam_response *responses, int count)
{
	const char *value;
	int i;

	if (!line_read() || strcmp(line_words[0], "answer") != 0 ||
	    line_nwords != (size_t)count + 1)
		return PAM_CONV_ERR;
	for (i = 0; i < count; i++) {
		if ((value = line_value(line_words[i + 1])) == NULL)
			continue;
		if ((responses[i].resp = strdup(value)) == NULL)
			return PAM_BUF_ERR;
	}
	return PAM_SUCCESS;
}

static int
application_converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	struct handle *handle = data;
	struct pam_response *answers;
	long began = application_now();
	bool asks = false;
	int i, code;

	if (count < 1 || count > PAM_MAX_NUM_MSG || count >= LINE_WORDS_MAX)
		return PAM_CONV_ERR;
	if ((answers = calloc((size_t)count, sizeof(*answers))) == NULL)
		return PAM_BUF_ERR;
	(void)fputs("ask", stdout);
	for (i = 0; i < count; i++) {
		(void)printf(" %d ", messages[i]->msg_style);
		line_put("=");
		line_put(messages[i]->msg);
		asks |= messages[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
		    messages[i]->msg_style == PAM_PROMPT_ECHO_ON;
	}
	line_said();
	code = application_answers(answers, count);
	line_wipe();
	*(asks ? &handle->human_us : &handle->shown_us) +=
	    application_now() - began;
	if (code == PAM_SUCCESS)
		*responses = answers;
	else
		application_forget(answers, count);
	return code;
}

/* libpam would wait; how long is all that is of interest. */
static void
application_delay(int code, unsigned us, void *data)
{
	struct handle *handle = data;

	if (code != PAM_SUCCESS && (long)us > handle->delay_us)
		handle->delay_us = (long)us;
}

static struct handle *
application_find(const char *name)
{
	size_t i;

	for (i = 0; i < HANDLES_MAX; i++)
		if (handles[i].pamh != NULL &&
		    strcmp(handles[i].name, name) == 0)
			return &handles[i];
	return NULL;
}

static void
application_start(void)
{
	struct handle *handle = application_find(line_words[1]);
	struct pam_conv conv;
	int code;

	/* a process that does not go on with its parent's leaves it alone */
	for (size_t i = 0; handle == NULL && i < HANDLES_MAX; i++)
		if (handles[i].pamh == NULL)
			handle = &handles[i];
	if (handle == NULL ||
	    strlen(line_words[1]) >= sizeof(handle->name)) {
		line_failed("start", "too many handles");
		return;
	}
	memset(handle, 0, sizeof(*handle));
	memcpy(handle->name, line_words[1], strlen(line_words[1]) + 1);
	conv.conv = application_converse;
	conv.appdata_ptr = handle;
	code = pam_start_confdir(line_words[2], line_value(line_words[3]),
	    &conv, line_words[4], &handle->pamh);
	if (code == PAM_SUCCESS)
		code = pam_set_item(handle->pamh, PAM_FAIL_DELAY,
		    (const void *)(size_t)&application_delay);
	if (application_judge(handle, "pam_start", code))
		application_done();
}

static void
application_outcome(struct handle *handle, int code, long us)
{
	const void *value;
	char **environment;
	size_t i;

	(void)printf("code %d %ld %ld %ld", code, us, handle->human_us,
	    handle->shown_us);
	for (i = 0; i < sizeof(items) / sizeof(*items); i++) {
		value = NULL;
		if (pam_get_item(handle->pamh, items[i], &value) !=
		    PAM_SUCCESS || value == NULL)
			continue;
		(void)printf(" i%d=", items[i]);
		line_put(value);
	}
	environment = pam_getenvlist(handle->pamh);
	for (i = 0; environment != NULL && environment[i] != NULL; i++) {
		(void)fputs(" e", stdout);
		line_put(environment[i]);
		free(environment[i]);
	}
	free(environment);
	if (handle->delay_us > 0)
		(void)printf(" d%ld", handle->delay_us);
	line_said();
}

static void
application_call(struct handle *handle)
{
	size_t count = sizeof(functions) / sizeof(*functions), i;
	long began;
	int code;

	for (i = 0; i < count; i++)
		if (strcmp(functions[i].name, line_words[2]) == 0)
			break;
	if (i == count) {
		line_failed("call", "there is no such function");
		return;
	}
	handle->human_us = handle->shown_us = handle->delay_us = 0;
	began = application_now();
	code = functions[i].call(handle->pamh,
	    (int)strtol(line_words[3], NULL, 10));
	application_outcome(handle, code, application_now() - began);
}

/* The child goes on with what comes; its parent when it has gone. */
static void
application_fork(void)
{
	uid_t uid = (uid_t)strtol(line_words[1], NULL, 10);
	uid_t euid = (uid_t)strtol(line_words[2], NULL, 10);
	pid_t pid;

	(void)fflush(stdout);
	(void)fflush(stderr);
	switch (pid = fork()) {
	case -1:
		line_failed("fork", strerror(errno));
		return;
	case 0:
		if (setresuid(uid, euid, euid) != 0) {
			line_failed("setresuid", strerror(errno));
			return;
		}
		break;
	default:
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	application_done();
}

static void
application_change(struct handle *handle)
{
	int code;

	if (strcmp(line_words[0], "item") == 0)
		code = pam_set_item(handle->pamh,
		    (int)strtol(line_words[2], NULL, 10),
		    line_value(line_words[3]));
	else if (strcmp(line_words[0], "env") == 0)
		code = pam_putenv(handle->pamh, line_words[2]);
	else {
		code = pam_end(handle->pamh,
		    (int)strtol(line_words[2], NULL, 10));
		handle->pamh = NULL;
	}
	if (application_judge(handle, line_words[0], code))
		application_done();
}

static const struct {
	const char	*name;
	size_t		 words;
	void		(*alone)(void);
	void		(*with)(struct handle *);
} requests[] = {
	{ "start", 5, application_start, NULL },
	{ "fork", 3, application_fork, NULL },
	{ "call", 4, NULL, application_call },
	{ "item", 4, NULL, application_change },
	{ "env", 3, NULL, application_change },
	{ "end", 3, NULL, application_change },
};

static void
application_do(void)
{
	struct handle *handle;
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		if (strcmp(requests[i].name, line_words[0]) != 0 ||
		    requests[i].words != line_nwords)
			continue;
		if (requests[i].alone != NULL)
			requests[i].alone();
		else if ((handle = application_find(line_words[1])) != NULL)
			requests[i].with(handle);
		else
			line_failed(line_words[0], "no such handle");
		return;
	}
	line_failed(line_words[0], "no such request");
}

int
main(void)
{
	/* what is logged is written to standard error, too */
	openlog("pam-deno-try", LOG_PERROR, LOG_AUTHPRIV);
	line_open();
	application_done();
	while (line_read() && strcmp(line_words[0], "leave") != 0)
		application_do();
	return 0;
}
