/* SPDX-License-Identifier: MIT */

/* What goes with a refusal: a message for the person, and a delay. */

#include <security/pam_modules.h>

#include "fixture.h"

#define M	FIXTURE_MODULE

/* The result of the test, filled in by its case. */
static struct message_result m;

static int
hook_with_result(struct fixture *f, enum hook hook, const char *words)
{
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	return fixture_hook(f, hook, words);
}

static unsigned delay_us;

static void
keep_delay(int code, unsigned us, void *data)
{
	(void)code;
	(void)data;
	delay_us = us;
}

TEST(delay_is_asked_for_with_a_refusal)
{
	union {
		void (*function)(int, unsigned, void *);
		const void *item;
	} delay = { .function = keep_delay };
	struct fixture *f = *state;

	fixture_line(f, "auth", M);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(pam_set_item(f->pamh, PAM_FAIL_DELAY, delay.item), 0);
	peer_result(&m, PAM_AUTH_ERR);
	m.fail_delay_us = LIMIT_FAIL_DELAY_MAX_US;
	delay_us = 0;
	assert_int_equal(hook_with_result(f, HOOK_AUTHENTICATE, M),
	    PAM_AUTH_ERR);
	/* libpam makes it up to half as long or half as much longer */
	assert_in_range(delay_us, LIMIT_FAIL_DELAY_MAX_US / 2,
	    LIMIT_FAIL_DELAY_MAX_US / 2 * 3);
}

TEST(message_of_a_refusal_is_shown)
{
	struct fixture *f = *state;

	peer_result(&m, PAM_PERM_DENIED);
	m.has_message = true;
	m.message = peer_str("Closed\x1b[2J at 100 %s.");
	assert_int_equal(hook_with_result(f, HOOK_ACCOUNT, M),
	    PAM_PERM_DENIED);
	assert_int_equal(f->conv.n_seen, 1);
	assert_int_equal(f->conv.seen[0].style, PAM_ERROR_MSG);
	assert_string_equal(f->conv.seen[0].text, "Closed[2J at 100 %s.");
	assert_logged(f, "5 pam_deno(test:account): account " M
	    ": perm_denied in ");
	assert_logged(f, "for user " FIXTURE_USER);
}

TEST(message_of_a_refusal_is_not_shown_silently)
{
	struct fixture *f = *state;

	peer_result(&m, PAM_PERM_DENIED);
	m.has_message = true;
	m.message = peer_str("Closed.");
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", M);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, PAM_SILENT),
	    PAM_PERM_DENIED);
	assert_int_equal(f->conv.calls, 0);
}

TEST(application_that_shows_nothing_changes_nothing)
{
	struct fixture *f = *state;

	f->conv.code = PAM_CONV_ERR;
	peer_result(&m, PAM_PERM_DENIED);
	m.has_message = true;
	m.message = peer_str("Closed.");
	assert_int_equal(hook_with_result(f, HOOK_ACCOUNT, "debug=yes " M),
	    PAM_PERM_DENIED);
	assert_logged(f, "did not show a text: conv_err");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(delay_is_asked_for_with_a_refusal),
		FIXTURE(message_of_a_refusal_is_shown),
		FIXTURE(message_of_a_refusal_is_not_shown_silently),
		FIXTURE(application_that_shows_nothing_changes_nothing),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
