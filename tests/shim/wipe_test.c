/* SPDX-License-Identifier: MIT */

/*
 * What is left of secrets: after each hook the stack that it used is searched.
 * The real libpam calls the shim in this program, by a trampoline.
 */

#include <security/pam_modules.h>

#include "../../shim/hook.h"
#include "fixture.h"

/* All secrets begin like this, which is nowhere else on the stack. */
#define SECRET		"s3cret-"
#define SECRET_LEN	7
/* More than the shim uses; see "make stack". */
#define STACK_LEN	(64 * 1024)

int	trampoline_hook(pam_handle_t *, enum hook, int, int, const char **);

static unsigned n_found;
static char expected[] = SECRET;

/* Reads what is below this frame, where the frames of the hook were. */
__attribute__((noinline, no_sanitize("address"))) static unsigned
search_stack(void)
{
	volatile char here = 0;
	const volatile char *p = &here;
	unsigned found = 0;
	size_t i, j;

	/* a compiler that knew where p points would read nothing below it */
	__asm__ volatile("" : "+r"(p));
	for (i = SECRET_LEN; i < STACK_LEN; i++) {
		for (j = 0; j < SECRET_LEN; j++) {
			if (p[-(ptrdiff_t)i + (ptrdiff_t)j] != expected[j])
				break;
		}
		found += j == SECRET_LEN;
	}
	return found;
}

__attribute__((visibility("default"))) int
trampoline_hook(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	int code = hook_run(pamh, hook, flags, argc, argv);

	n_found += search_stack();
	return code;
}

static int
setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	fixture_use_trampoline(*state);
	(void)fixture_user_files(*state);
	n_found = 0;
	return 0;
}

static void
ask_and_get(struct peer *peer)
{
	struct message_converse ask = { .n_messages = 1 };

	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	peer_hear(peer);
	peer_say_converse(peer, &ask);
	peer_hear(peer);
	peer_say_get_token(peer, TOKEN_AUTHTOK, NULL);
	peer_hear(peer);
}

static void
say_secrets(struct peer *peer, int code)
{
	struct message_result m;

	peer_result(&m, code);
	m.n_tokens = 1;
	m.tokens[0].token = TOKEN_AUTHTOK;
	m.tokens[0].value.p = (const uint8_t *)SECRET "set";
	m.tokens[0].value.len = SECRET_LEN + 3;
	m.data_action = DATA_ACTION_SET;
	m.data.p = (const uint8_t *)SECRET "data";
	m.data.len = SECRET_LEN + 4;
	m.n_user_files = 1;
	m.user_files[0].name = peer_str("cache");
	m.user_files[0].has_content = true;
	m.user_files[0].content.p = (const uint8_t *)SECRET "file";
	m.user_files[0].content.len = SECRET_LEN + 4;
	peer_say_result(peer, &m);
}

#define WORDS \
	"grant=prompt,authtok,set_authtok,user_file:cache " FIXTURE_MODULE

static void
run(struct fixture *f, const char *words, int want)
{
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = SECRET "answer";
	f->conv.answers[1] = SECRET "token";
	assert_int_equal(fixture_hook(f, HOOK_AUTHENTICATE, words), want);
	assert_int_equal(n_found, 0);
}

/* The search itself finds what a hook would leave behind. */
__attribute__((noinline)) static void
leave_behind(void)
{
	volatile char left[4096];
	size_t i;

	for (i = 0; i < sizeof(SECRET); i++)
		left[1024 + i] = SECRET[i];
	assert_int_equal(left[1024], SECRET[0]);
}

TEST(search_finds_what_is_there)
{
	(void)state;
	leave_behind();
	assert_true(search_stack() > 0);
}

TEST(success_leaves_no_secret)
{
	struct fixture *f = *state;

	ask_and_get(&f->peer);
	say_secrets(&f->peer, PAM_SUCCESS);
	run(f, WORDS, PAM_SUCCESS);
}

TEST(data_that_are_sent_leave_none)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	say_secrets(&f->peer, PAM_SUCCESS);
	peer_accept(&f->peer);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_AUTH_ERR);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "auth", WORDS);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0), PAM_SUCCESS);
	assert_int_equal(fixture_call(f, HOOK_AUTHENTICATE, 0), PAM_AUTH_ERR);
	peer_join(&f->peer);
	assert_int_equal(n_found, 0);
}

TEST(refused_result_leaves_none)
{
	struct fixture *f = *state;

	ask_and_get(&f->peer);
	say_secrets(&f->peer, PAM_AUTH_ERR);
	run(f, WORDS, PAM_SYSTEM_ERR);
}

TEST(worker_that_vanishes_leaves_none)
{
	struct fixture *f = *state;

	ask_and_get(&f->peer);
	peer_step(&f->peer, PEER_DIE);
	run(f, WORDS, PAM_SERVICE_ERR);
}

TEST(person_who_is_late_leaves_none)
{
	struct fixture *f = *state;
	struct message_converse ask = { .n_messages = 1 };

	ask.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	ask.messages[0].text = peer_str("?");
	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	f->conv.delay_ms = 30;
	run(f, "prompt_timeout=10ms " WORDS, PAM_SERVICE_ERR);
}

#define WIPE(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(search_finds_what_is_there),
		WIPE(success_leaves_no_secret),
		WIPE(data_that_are_sent_leave_none),
		WIPE(refused_result_leaves_none),
		WIPE(worker_that_vanishes_leaves_none),
		WIPE(person_who_is_late_leaves_none),
	};

	return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
