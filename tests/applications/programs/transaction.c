/* SPDX-License-Identifier: MIT */
/*
 * An application that does what its arguments say, one after the other, and
 * prints a line for each call: its process, the call, and the code.
 *
 *	start:SERVICE:USER	a new handle; the one before is left as it is
 *	auth acct cred open close delete passwd end
 *				calls of that handle
 *	pid			nothing: the line tells the process
 *	( ... )			what a child does, which leaves without pam_end;
 *				its parent waits for it
 *
 * Nobody is there to answer questions.
 */

#define _GNU_SOURCE

#include <sys/wait.h>

#include <security/pam_appl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
refuse(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)n;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

static int
start(const char *word, pam_handle_t **pamh)
{
	static const struct pam_conv	conv = { refuse, NULL };
	char				service[64], user[64];

	if (sscanf(word, "start:%63[^:]:%63s", service, user) != 2)
		exit(2);
	return pam_start(service, user, &conv, pamh);
}

static int
call(const char *word, pam_handle_t **pamh)
{
	if (strncmp(word, "start:", 6) == 0)
		return start(word, pamh);
	if (strcmp(word, "pid") == 0)
		return PAM_SUCCESS;
	if (strcmp(word, "auth") == 0)
		return pam_authenticate(*pamh, 0);
	if (strcmp(word, "acct") == 0)
		return pam_acct_mgmt(*pamh, 0);
	if (strcmp(word, "cred") == 0)
		return pam_setcred(*pamh, PAM_ESTABLISH_CRED);
	if (strcmp(word, "delete") == 0)
		return pam_setcred(*pamh, PAM_DELETE_CRED);
	if (strcmp(word, "open") == 0)
		return pam_open_session(*pamh, 0);
	if (strcmp(word, "close") == 0)
		return pam_close_session(*pamh, 0);
	if (strcmp(word, "passwd") == 0)
		return pam_chauthtok(*pamh, 0);
	if (strcmp(word, "end") == 0)
		return pam_end(*pamh, PAM_SUCCESS);
	exit(2);
}

/* The word behind the parenthesis that closes what begins here. */
static char **
behind(char **words)
{
	for (int depth = 1; *words != NULL; words++) {
		if (strcmp(*words, "(") == 0)
			depth++;
		else if (strcmp(*words, ")") == 0 && --depth == 0)
			return words + 1;
	}
	exit(2);
}

int
main(int argc, char **argv)
{
	pam_handle_t	*pamh = NULL;
	int		status;
	pid_t		child;

	(void)argc;
	for (char **word = argv + 1; *word != NULL; word++) {
		if (strcmp(*word, ")") == 0) {
			_exit(0);
		} else if (strcmp(*word, "(") == 0) {
			child = fork();
			if (child == 0)
				continue;
			if (waitpid(child, &status, 0) != child || status != 0)
				return 1;
			word = behind(word + 1) - 1;
		} else {
			status = call(*word, &pamh);
			printf("%d %s %d\n", (int)getpid(), *word, status);
			(void)fflush(stdout);
		}
	}
	return 0;
}
