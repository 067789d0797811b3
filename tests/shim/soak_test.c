/* SPDX-License-Identifier: MIT */

/*
 * soak_test [COUNT]: so many transactions in one process, 10,000 unless told,
 * after which there is no descriptor and no memory more than before.
 */

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "fixture.h"

#define COUNT		10000
#define KINDS		7
/* Until the caches of malloc(3) are full; a whole number of rounds. */
#define WARM_UP		(100 * KINDS)
#define FDS_MAX		256

static long count = COUNT;

/* Each way through the shim that may take something: one after the other. */
static void
script(struct peer *peer, int kind)
{
	struct message_converse ask = { .n_messages = 1 };
	struct message_result m;

	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	peer_result(&m, PAM_SUCCESS);
	peer_hear(peer);
	switch (kind) {
	case 0:
		peer_say_result(peer, &m);
		break;
	case 1:
		m.data_action = DATA_ACTION_SET;
		m.data.p = (const uint8_t *)"data";
		m.data.len = 4;
		m.n_environment = 1;
		m.environment[0].name = peer_str("MY_VAR");
		m.environment[0].has_value = true;
		m.environment[0].value = peer_str("1");
		peer_say_result(peer, &m);
		break;
	case 2:
		peer_say_converse(peer, &ask);
		peer_hear(peer);
		peer_say_lookup(peer, MESSAGE_LOOKUP_PASSWD);
		peer_hear(peer);
		peer_say_lookup(peer, MESSAGE_LOOKUP_GROUPS);
		peer_hear(peer);
		peer_say_lookup(peer, MESSAGE_LOOKUP_AGEING);
		peer_hear(peer);
		peer_say_result(peer, &m);
		break;
	case 3:
		peer_say_code(peer, PAM_PERM_DENIED);
		break;
	case 4:
		peer_say_fault(peer, FAULT_THREW, "no");
		break;
	case 5:
		peer_say(peer, "\0\0\0\1\x7f", 5);
		break;
	default:
		peer_step(peer, PEER_SHUT);
		break;
	}
}

static const int codes[KINDS] = { PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS,
	PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SYSTEM_ERR, PAM_SERVICE_ERR };

static int
count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < FDS_MAX; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
transaction(struct fixture *f, long i)
{
	fixture_start(f, FIXTURE_USER);
	f->conv.n_seen = f->conv.n_answers = 0;
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), codes[i % KINDS]);
	assert_int_equal(pam_end(f->pamh, PAM_SUCCESS), PAM_SUCCESS);
	f->pamh = NULL;
}

TEST(nothing_is_left_behind)
{
	struct fixture *f = *state;
	size_t octets;
	int kind, fds;
	long i;

	for (kind = 0; kind < KINDS; kind++) {
		if (kind > 0)
			peer_accept(&f->peer);
		script(&f->peer, kind);
	}
	f->peer.again = true;
	f->conv.answers[0] = "1";
	peer_start(&f->peer, f->socket, 64);
	fixture_line(f, "account", "grant=prompt,shadow,get_env,env:MY_* "
	    FIXTURE_MODULE);
	for (i = 0; i < (count < WARM_UP ? count : WARM_UP); i++)
		transaction(f, i);
	fds = count_fds();
	octets = mallinfo2().uordblks;
	for (i = 0; i < count || i % KINDS != 0; i++)
		transaction(f, i);
	assert_int_equal(count_fds(), fds);
	/*
	 * Chunks in the caches of malloc(3) count as used, so the figure moves
	 * a little. What one kind of transaction leaks each time is a chunk of
	 * at least 32 octets; "make valgrind" compares to the octet.
	 */
	assert_true(mallinfo2().uordblks < octets +
	    (size_t)count / KINDS * 16 + 1024);
}

#define THREADS		4

/* Handles of its own on a thread of its own; the result counts failures. */
static void *
run_thread(void *data)
{
	const struct fixture *f = data;
	struct pam_conv conv = { .conv = NULL };
	pam_handle_t *pamh;
	uintptr_t failures = 0;
	long i;

	for (i = 0; i < count / (THREADS * KINDS); i++) {
		if (pam_start_confdir("test", FIXTURE_USER, &conv, f->pam_d,
		    &pamh) != PAM_SUCCESS) {
			failures++;
			continue;
		}
		failures += pam_acct_mgmt(pamh, 0) != PAM_SUCCESS;
		failures += pam_acct_mgmt(pamh, PAM_SILENT) != PAM_SUCCESS;
		(void)pam_end(pamh, PAM_SUCCESS);
	}
	return (void *)failures;
}

TEST(threads_do_not_meet)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	void *failures = NULL;
	size_t i;

	script(&f->peer, 1);
	f->peer.again = true;
	peer_start(&f->peer, f->socket, 64);
	fixture_line(f, "account", "grant=get_env,env:MY_* " FIXTURE_MODULE);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_thread,
		    f), 0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(nothing_is_left_behind),
		FIXTURE(threads_do_not_meet),
	};

	if (argc > 1)
		count = strtol(argv[1], NULL, 10);
	if (count <= 0) {
		fprintf(stderr, "usage: soak_test [COUNT]\n");
		return 1;
	}
	return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
