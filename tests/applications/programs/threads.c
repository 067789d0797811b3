/* SPDX-License-Identifier: MIT */
/*
 * An application with many handles at once: each thread does one transaction
 * after the other, in turn for a service that lets in and one that does not.
 * Prints how many calls there were, and how many did not end as they should.
 *
 * usage: threads THREADS TRANSACTIONS SERVICE_IN SERVICE_OUT
 */

#include <security/pam_appl.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64

static atomic_int	calls, wrong;
static long		transactions;
static const char	*services[2];

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

static void
expect(int code, int wanted)
{
	calls++;
	if (code != wanted)
		wrong++;
}

static void *
work(void *data)
{
	const struct pam_conv	conv = { refuse, NULL };
	pam_handle_t		*in, *out;

	for (long i = 0; i < transactions; i++) {
		/* Two handles of one thread are open at the same time. */
		expect(pam_start(services[0], "alice", &conv, &in), 0);
		expect(pam_start(services[1], "bob", &conv, &out), 0);
		expect(pam_acct_mgmt(out, 0), PAM_ACCT_EXPIRED);
		expect(pam_acct_mgmt(in, 0), PAM_SUCCESS);
		expect(pam_open_session(in, 0), PAM_SUCCESS);
		expect(pam_end(out, PAM_ACCT_EXPIRED), 0);
		expect(pam_close_session(in, 0), PAM_SUCCESS);
		expect(pam_end(in, PAM_SUCCESS), 0);
	}
	return data;
}

int
main(int argc, char **argv)
{
	pthread_t	threads[THREADS_MAX];
	long		count;

	if (argc != 5)
		return 2;
	count = strtol(argv[1], NULL, 10);
	transactions = strtol(argv[2], NULL, 10);
	services[0] = argv[3];
	services[1] = argv[4];
	if (count < 1 || count > THREADS_MAX || transactions < 1)
		return 2;
	for (long i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	}
	for (long i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	printf("%d calls, %d wrong\n", calls, wrong);
	return wrong == 0 ? 0 : 1;
}
