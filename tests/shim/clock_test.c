/* SPDX-License-Identifier: MIT */

/* The two clocks of a hook, and how soon a dead worker is noticed. */

#include <security/pam_modules.h>

#include "fixture.h"

/* What the issue allows between the death of a worker and the code. */
#define NOTICED_MAX_MS	100
/* Other processes may hold up this one: the best of these counts. */
#define TRIES		3

static struct message_converse ask = { .n_messages = 1 };

static int
setup(void **state)
{
	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	return fixture_setup(state);
}

static void
say_and_start(struct fixture *f, int before_ms, int after_ms)
{
	peer_hear(&f->peer);
	peer_sleep(&f->peer, before_ms);
	peer_say_converse(&f->peer, &ask);
	peer_hear(&f->peer);
	peer_sleep(&f->peer, after_ms);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = "1";
}

TEST(budget_stands_still_while_a_person_thinks)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 1200;
	say_and_start(f, 0, 0);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT,
	    "timeout=1s grant=prompt " FIXTURE_MODULE), PAM_SUCCESS);
}

TEST(budget_goes_on_afterwards)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 100;
	say_and_start(f, 150, 150);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT,
	    "timeout=200ms grant=prompt " FIXTURE_MODULE), PAM_SERVICE_ERR);
	assert_logged(f, "did not answer in time");
	assert_int_equal(f->conv.calls, 1);
}

TEST(people_have_a_limit_of_their_own)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 60;
	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = "1";
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "prompt_timeout=50ms "
	    "grant=prompt " FIXTURE_MODULE), PAM_SERVICE_ERR);
	assert_logged(f, "broken_off, service_err in ");
	assert_logged(f, "more than prompt_timeout= allows");
	assert_int_equal(f->peer.heard->n, 1);
}

TEST(limit_of_people_is_for_all_prompts_together)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 40;
	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	peer_hear(&f->peer);
	peer_say_text(&f->peer, STYLE_TEXT_INFO, "and");
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = "1";
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, "prompt_timeout=70ms "
	    "grant=prompt " FIXTURE_MODULE), PAM_SERVICE_ERR);
	assert_logged(f, "more than prompt_timeout= allows");
}

TEST(user_and_token_are_asked_for_by_that_clock)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 600;
	f->conv.answers[0] = "joe";
	f->conv.answers[1] = "s3cret";
	peer_hear(&f->peer);
	peer_say_get_token(&f->peer, TOKEN_AUTHTOK, NULL);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_PERM_DENIED);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "auth", "timeout=500ms grant=authtok " FIXTURE_MODULE);
	fixture_start(f, NULL);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0),
	    PAM_PERM_DENIED);
	peer_join(&f->peer);
	assert_int_equal(f->conv.calls, 2);
}

TEST(user_may_take_too_long)
{
	struct fixture *f = *state;

	f->conv.delay_ms = 60;
	f->conv.answers[0] = "joe";
	fixture_line(f, "auth", "prompt_timeout=50ms " FIXTURE_MODULE);
	fixture_start(f, NULL);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0),
	    PAM_SERVICE_ERR);
	assert_logged(f, "more than prompt_timeout= allows");
}

/* --- a worker that dies --- */

static void
before_it_accepts(struct peer *peer)
{
	/* the first step comes behind the first accept */
	peer_step(peer, PEER_DIE);
}

static void
before_it_reads(struct peer *peer)
{
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void
while_it_works(struct peer *peer)
{
	peer_hear(peer);
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void
in_its_result(struct peer *peer)
{
	peer_hear(peer);
	peer_say(peer, "\0\0\0\x10\x48", 5);
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void
behind_a_text(struct peer *peer)
{
	peer_hear(peer);
	peer_say_text(peer, STYLE_TEXT_INFO, "wait");
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void
behind_an_answer(struct peer *peer)
{
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_PASSWD);
	peer_hear(peer);
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void
behind_an_answer_it_never_read(struct peer *peer)
{
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_PASSWD);
	peer_sleep(peer, 50);
	peer_step(peer, PEER_DIE);
}

static void (*const deaths[])(struct peer *) = { before_it_accepts,
	before_it_reads, while_it_works, in_its_result, behind_a_text,
	behind_an_answer, behind_an_answer_it_never_read };

static int64_t
time_death(void (*script)(struct peer *))
{
	struct fixture *f;
	void *state;
	int64_t began, took;

	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	script(&f->peer);
	peer_start(&f->peer, f->socket, 5);
	began = fixture_now_ms();
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SERVICE_ERR);
	took = fixture_now_ms() - began;
	assert_logged(f, "broken_off, service_err in ");
	assert_int_equal(fixture_teardown(&state), 0);
	return took;
}

TEST(dead_worker_is_noticed_at_once_in_every_state)
{
	int64_t took, best;
	size_t i;
	int try;

	(void)state;
	for (i = 0; i < ARRAY_LEN(deaths); i++) {
		best = INT64_MAX;
		for (try = 0; try < TRIES; try++) {
			took = time_death(deaths[i]);
			if (took < best)
				best = took;
		}
		/* the script itself sleeps for 50 ms at most */
		assert_in_range(best, 0, 50 + NOTICED_MAX_MS);
	}
}

#define CLOCK(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLOCK(budget_stands_still_while_a_person_thinks),
		CLOCK(budget_goes_on_afterwards),
		CLOCK(people_have_a_limit_of_their_own),
		CLOCK(limit_of_people_is_for_all_prompts_together),
		CLOCK(user_and_token_are_asked_for_by_that_clock),
		CLOCK(user_may_take_too_long),
		UNIT(dead_worker_is_noticed_at_once_in_every_state),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
