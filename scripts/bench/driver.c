/* SPDX-License-Identifier: MIT */
/*
 * Times account management through libpam, as an application does it.
 *
 *	driver transactions CONFDIR USER ROUNDS SERVICE/EVERY ...
 *	driver decisions CONFDIR USER SERVICE CALLERS MILLISECONDS
 *
 * `transactions` runs pam_start_confdir, pam_acct_mgmt and pam_end for every
 * SERVICE in turn, ROUNDS times, a slow one in every EVERYth round only, and
 * prints "SERVICE COUNT P50 P99", times in nanoseconds.  `decisions` counts
 * pam_acct_mgmt on handles that stay open, one in each of CALLERS processes,
 * and prints decisions per second.  Anything but PAM_SUCCESS ends either.
 */
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#define WARM_UP_ROUNDS 50
#define SERVICES_MAX 16
#define CALLERS_MAX 256

struct service {
	const char *name;
	unsigned every;
	size_t n;
	int64_t *times;
};

struct shared {
	_Atomic unsigned ready;
	_Atomic unsigned go;
	_Atomic unsigned stop;
	_Atomic uint64_t counts[CALLERS_MAX];
};

static int
refuse_conversation(int n, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)n;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

static const struct pam_conv conversation = { refuse_conversation, NULL };

static int64_t
now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(1, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
check(int code, const char *what, const char *service)
{
	if (code != PAM_SUCCESS)
		errx(1, "%s: %s returned %d", service, what, code);
}

static int64_t
transaction(const char *confdir, const char *user, const char *service)
{
	pam_handle_t *pamh = NULL;
	int64_t start = now_ns();

	check(pam_start_confdir(service, user, &conversation, confdir, &pamh),
	    "pam_start_confdir", service);
	check(pam_acct_mgmt(pamh, 0), "pam_acct_mgmt", service);
	check(pam_end(pamh, PAM_SUCCESS), "pam_end", service);
	return now_ns() - start;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static unsigned
number(const char *word, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word == '\0' || *end != '\0' || value == 0 || value > max)
		errx(2, "not a number from 1 to %lu: %s", max, word);
	return (unsigned)value;
}

static void
parse_service(struct service *service, char *word, unsigned rounds)
{
	char *slash = strchr(word, '/');

	if (slash == NULL)
		errx(2, "SERVICE/EVERY, not %s", word);
	*slash = '\0';
	service->name = word;
	service->every = number(slash + 1, rounds);
	service->n = 0;
	service->times = calloc(rounds, sizeof(*service->times));
	if (service->times == NULL)
		err(1, NULL);
}

static int
transactions(const char *confdir, const char *user, unsigned rounds, int n,
    char **words)
{
	struct service services[SERVICES_MAX];
	unsigned round;
	int i;

	if (n > SERVICES_MAX)
		errx(2, "at most %d services", SERVICES_MAX);
	for (i = 0; i < n; i++)
		parse_service(&services[i], words[i], rounds);
	for (round = 0; round < WARM_UP_ROUNDS; round++)
		for (i = 0; i < n; i++)
			if (round % services[i].every == 0)
				transaction(confdir, user, services[i].name);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < n; i++)
			if (round % services[i].every == 0)
				services[i].times[services[i].n++] =
				    transaction(confdir, user,
				    services[i].name);
	for (i = 0; i < n; i++) {
		struct service *s = &services[i];

		qsort(s->times, s->n, sizeof(*s->times), compare);
		printf("%s %zu %lld %lld\n", s->name, s->n,
		    (long long)s->times[s->n / 2],
		    (long long)s->times[s->n * 99 / 100]);
		free(s->times);
	}
	return 0;
}

static int
caller(struct shared *shared, unsigned self, const char *confdir,
    const char *user, const char *service)
{
	pam_handle_t *pamh = NULL;
	uint64_t count = 0;

	check(pam_start_confdir(service, user, &conversation, confdir, &pamh),
	    "pam_start_confdir", service);
	check(pam_acct_mgmt(pamh, 0), "pam_acct_mgmt", service);
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->go) == 0)
		usleep(1000);
	for (; atomic_load(&shared->stop) == 0; count++)
		check(pam_acct_mgmt(pamh, 0), "pam_acct_mgmt", service);
	atomic_store(&shared->counts[self], count);
	check(pam_end(pamh, PAM_SUCCESS), "pam_end", service);
	return 0;
}

static int
decisions(const char *confdir, const char *user, const char *service,
    unsigned callers, unsigned milliseconds)
{
	struct shared *shared;
	uint64_t total = 0;
	int64_t start, elapsed;
	unsigned i;
	int status, failed = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < callers; i++) {
		pid_t pid = fork();

		if (pid == -1)
			err(1, "fork");
		if (pid == 0)
			_exit(caller(shared, i, confdir, user, service));
	}
	for (i = 0; atomic_load(&shared->ready) < callers; i++) {
		if (i == 10000)
			errx(1, "%s: the callers did not get ready", service);
		usleep(1000);
	}
	start = now_ns();
	atomic_store(&shared->go, 1);
	usleep(milliseconds * 1000);
	atomic_store(&shared->stop, 1);
	elapsed = now_ns() - start;
	for (i = 0; i < callers; i++)
		if (wait(&status) == -1 || status != 0)
			failed = 1;
	for (i = 0; i < callers; i++)
		total += atomic_load(&shared->counts[i]);
	if (failed)
		errx(1, "%s: a caller failed", service);
	printf("%.0f\n", (double)total * 1e9 / (double)elapsed);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc >= 6 && strcmp(argv[1], "transactions") == 0)
		return transactions(argv[2], argv[3], number(argv[4], 1000000),
		    argc - 5, argv + 5);
	if (argc == 7 && strcmp(argv[1], "decisions") == 0)
		return decisions(argv[2], argv[3], argv[4],
		    number(argv[5], CALLERS_MAX), number(argv[6], 60000));
	errx(2, "usage: driver transactions | decisions, see driver.c");
}
