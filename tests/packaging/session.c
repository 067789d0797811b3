/* SPDX-License-Identifier: MIT */
/*
 * An application that opens a session, keeps it until its standard input ends,
 * and closes it. Prints the code of each as libpam names it.
 *
 * usage: session SERVICE USER <PIPE
 */

#include <security/pam_appl.h>

#include <stdio.h>
#include <stdlib.h>

static int
say_nothing(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

int
main(int argc, char **argv)
{
	const struct pam_conv conversation = { say_nothing, NULL };
	pam_handle_t *handle;
	int code;

	if (argc != 3)
		return 2;
	code = pam_start(argv[1], argv[2], &conversation, &handle);
	if (code != PAM_SUCCESS)
		return 1;
	code = pam_open_session(handle, 0);
	printf("opened: %s\n", pam_strerror(handle, code));
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	code = pam_close_session(handle, 0);
	printf("closed: %s\n", pam_strerror(handle, code));
	pam_end(handle, code);
	return 0;
}
