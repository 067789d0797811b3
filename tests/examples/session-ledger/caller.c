/* SPDX-License-Identifier: MIT */
/*
 * An application with one session: opens it when it reads a line "o", closes
 * it when it reads a line "c", and prints what libpam said, a number for each
 * line. With an "f" in front, a child of it does so, and ends. It ends when its
 * standard input does, without closing anything.
 *
 * usage: caller CONFDIR SERVICE USER TTY
 */

#define _GNU_SOURCE

#include <security/pam_appl.h>

#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int
say_nothing(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int
call(pam_handle_t *pamh, char letter)
{
	return letter == 'o' ? pam_open_session(pamh, 0) :
	    pam_close_session(pamh, 0);
}

/* A child says its code by how it ends: who hears it knows it is gone. */
static int
call_in_child(pam_handle_t *pamh, char letter)
{
	int	status;
	pid_t	child;

	child = fork();
	if (child == 0)
		_exit(call(pamh, letter));
	if (child == -1 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	const struct pam_conv	conv = { say_nothing, NULL };
	pam_handle_t		*pamh;
	char			line[16];

	if (argc != 5)
		return 2;
	if (pam_start_confdir(argv[2], argv[3], &conv, argv[1], &pamh) !=
	    PAM_SUCCESS || pam_set_item(pamh, PAM_TTY, argv[4]) != PAM_SUCCESS)
		return 3;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		printf("%d\n", line[0] == 'f' ? call_in_child(pamh, line[1]) :
		    call(pamh, line[0]));
		fflush(stdout);
	}
	return 0;
}
