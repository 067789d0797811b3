/* SPDX-License-Identifier: MIT */
/*
 * An application that asks for the account of a user again and again, with a
 * handle of its own each time, until its standard input is closed. Prints a
 * line for each transaction: when it began (CLOCK_MONOTONIC, us), how long it
 * took (us), and the code.
 *
 * usage: caller SERVICE USER PAUSE_MS <PIPE
 */

#include <security/pam_appl.h>

#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int
say_nothing(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int64_t
now_us(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
ask(const char *service, const char *user)
{
	const struct pam_conv	conv = { say_nothing, NULL };
	pam_handle_t		*pamh;
	int			code;

	code = pam_start(service, user, &conv, &pamh);
	if (code != PAM_SUCCESS)
		return code;
	code = pam_acct_mgmt(pamh, PAM_SILENT);
	pam_end(pamh, code);
	return code;
}

int
main(int argc, char **argv)
{
	static char	buffer[1 << 16];
	struct pollfd	input = { .fd = 0, .events = POLLIN };
	int64_t		begin;
	long		pause_ms;
	char		*end;
	int		code;

	if (argc != 4)
		return 2;
	pause_ms = strtol(argv[3], &end, 10);
	if (*end != '\0' || pause_ms < 0 || pause_ms > INT_MAX)
		return 2;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	do {
		begin = now_us();
		code = ask(argv[1], argv[2]);
		printf("%lld %lld %d\n", (long long)begin,
		    (long long)(now_us() - begin), code);
	} while (poll(&input, 1, (int)pause_ms) == 0);
	return 0;
}
