/* SPDX-License-Identifier: MIT */
/*
 * An application that splits as its arguments say, and tells on standard
 * output what it did and what it was shown.
 *
 * usage: splitter CONFDIR WORD...
 *
 * start=SERVICE,USER   ends the handle, if there is one, and starts another
 * user=NAME            sets PAM_USER
 * authenticate account setcred open close chauthtok
 *                      calls libpam and prints "NAME CODE"
 * env=NAME=VALUE       sets a variable, of libpam and of the process
 * ids=REAL,EFFECTIVE   changes the user ids; the saved one stays root's
 * next=PID             makes the next child have this id
 * pid                  prints "pid N"
 * tick                 waits until the clock of start times has moved on
 * pause                prints "pause" and waits for a line of standard input
 * { ... }              does so in a child, which exits, and waits for it
 */

#include <security/pam_appl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Two ticks of the clock that start times are told in, and some. */
#define TICKS_MS	30
#define NAME_MAX_LEN	256

static pam_handle_t *pamh;
static const char *confdir;

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

/* Prints texts, and answers nothing. */
static int
show(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	int i;

	(void)data;
	for (i = 0; i < n; i++)
		printf("%s\n", messages[i]->msg);
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static void
start(const char *argument)
{
	static const struct pam_conv conv = { show, NULL };
	char service[NAME_MAX_LEN];
	const char *comma = strchr(argument, ',');

	if (comma == NULL || comma - argument >= NAME_MAX_LEN)
		die(argument);
	if (pamh != NULL)
		(void)pam_end(pamh, PAM_SUCCESS);
	(void)snprintf(service, sizeof(service), "%.*s",
	    (int)(comma - argument), argument);
	if (pam_start_confdir(service, comma + 1, &conv, confdir, &pamh) !=
	    PAM_SUCCESS)
		die("pam_start_confdir");
}

static void
set_variable(const char *pair)
{
	char *copy = strdup(pair);

	/* putenv(3) keeps what it is given */
	if (copy == NULL || putenv(copy) != 0 ||
	    pam_putenv(pamh, pair) != PAM_SUCCESS)
		die("putenv");
}

static void
set_ids(const char *argument)
{
	unsigned real, effective;

	if (sscanf(argument, "%u,%u", &real, &effective) != 2 ||
	    setresuid(real, effective, 0) != 0)
		die("setresuid");
}

static void
set_next(const char *argument)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");
	char *end;
	long pid = strtol(argument, &end, 10);

	if (*end != '\0' || pid < 2)
		die(argument);
	if (file == NULL || fprintf(file, "%ld", pid - 1) < 0 ||
	    fclose(file) != 0)
		die("ns_last_pid");
}

static void
tick(void)
{
	struct timespec pause = { .tv_nsec = TICKS_MS * 1000000L };

	while (nanosleep(&pause, &pause) != 0)
		;
}

static void
wait_for_line(void)
{
	char line[2];

	printf("pause\n");
	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(2);
}

static void
call(const char *name)
{
	int code;

	if (strcmp(name, "authenticate") == 0)
		code = pam_authenticate(pamh, 0);
	else if (strcmp(name, "account") == 0)
		code = pam_acct_mgmt(pamh, 0);
	else if (strcmp(name, "setcred") == 0)
		code = pam_setcred(pamh, PAM_ESTABLISH_CRED);
	else if (strcmp(name, "open") == 0)
		code = pam_open_session(pamh, 0);
	else if (strcmp(name, "close") == 0)
		code = pam_close_session(pamh, 0);
	else if (strcmp(name, "chauthtok") == 0)
		code = pam_chauthtok(pamh, 0);
	else {
		fprintf(stderr, "unknown word: %s\n", name);
		exit(2);
	}
	printf("%s %d\n", name, code);
}

static void
do_word(const char *word)
{
	if (strncmp(word, "start=", 6) == 0)
		start(word + 6);
	else if (strncmp(word, "user=", 5) == 0)
		(void)pam_set_item(pamh, PAM_USER, word + 5);
	else if (strncmp(word, "env=", 4) == 0)
		set_variable(word + 4);
	else if (strncmp(word, "ids=", 4) == 0)
		set_ids(word + 4);
	else if (strncmp(word, "next=", 5) == 0)
		set_next(word + 5);
	else if (strcmp(word, "pid") == 0)
		printf("pid %ld\n", (long)getpid());
	else if (strcmp(word, "tick") == 0)
		tick();
	else if (strcmp(word, "pause") == 0)
		wait_for_line();
	else
		call(word);
}

/* The word behind the brace that closes the one before `at`. */
static int
skip(char **words, int at)
{
	int depth = 1;

	for (; depth > 0; at++) {
		if (words[at] == NULL)
			exit(2);
		if (strcmp(words[at], "{") == 0)
			depth++;
		else if (strcmp(words[at], "}") == 0)
			depth--;
	}
	return at;
}

int
main(int argc, char **argv)
{
	pid_t child;
	int at, status;

	if (argc < 2)
		return 2;
	confdir = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (at = 2; argv[at] != NULL; at++) {
		if (strcmp(argv[at], "}") == 0)
			_exit(0);
		if (strcmp(argv[at], "{") != 0) {
			do_word(argv[at]);
			continue;
		}
		if ((child = fork()) < 0)
			die("fork");
		if (child == 0)
			continue;
		if (waitpid(child, &status, 0) != child || status != 0)
			die("child");
		at = skip(argv, at + 1) - 1;
	}
	return 0;
}
