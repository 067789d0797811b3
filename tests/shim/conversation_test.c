/* SPDX-License-Identifier: MIT */

/* What people see and answer, through the conversation of an application. */

#include <security/pam_modules.h>

#include "fixture.h"

#define ASK	"grant=prompt " FIXTURE_MODULE

static struct message_converse ask;
static struct message_answers answers;

static void
add(enum style style, const char *text)
{
	ask.messages[ask.n_messages].style = (uint8_t)style;
	ask.messages[ask.n_messages++].text = peer_str(text);
}

/* Asks what was added; the second frame that the peer hears is the answer. */
static int
converse(struct fixture *f, int flags)
{
	int code;

	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", ASK);
	fixture_start(f, FIXTURE_USER);
	code = fixture_call(f, HOOK_ACCOUNT, flags);
	peer_join(&f->peer);
	return code;
}

static void
decode_answers(struct fixture *f)
{
	struct wire_bytes body;

	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_ANSWERS);
	assert_int_equal(message_answers_decode(&answers, body.p, body.len),
	    WIRE_OK);
}

/* NULL: the message has no answer. */
static void
assert_answer(size_t i, const char *want)
{
	assert_int_equal(answers.answers[i].has_answer, want != NULL);
	if (want == NULL)
		return;
	assert_int_equal(answers.answers[i].answer.len, strlen(want));
	assert_memory_equal(answers.answers[i].answer.p, want, strlen(want));
}

static void
assert_failed(struct fixture *f, int code)
{
	struct message_failed m;
	struct wire_bytes body;

	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_FAILED);
	assert_int_equal(message_failed_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.code, code);
}

static int
setup(void **state)
{
	memset(&ask, 0, sizeof(ask));
	return fixture_setup(state);
}

TEST(several_messages_in_one_call)
{
	struct fixture *f = *state;

	add(STYLE_TEXT_INFO, "Two questions.");
	add(STYLE_PROMPT_ECHO_OFF, "Code: ");
	add(STYLE_ERROR_MSG, "Mind the step.");
	add(STYLE_PROMPT_ECHO_ON, "Colour: ");
	f->conv.answers[0] = "123456";
	f->conv.answers[1] = "gr\xc3\xbcn";
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_int_equal(f->conv.calls, 1);
	assert_int_equal(f->conv.n_seen, 4);
	assert_int_equal(f->conv.seen[0].style, PAM_TEXT_INFO);
	assert_string_equal(f->conv.seen[0].text, "Two questions.");
	assert_int_equal(f->conv.seen[1].style, PAM_PROMPT_ECHO_OFF);
	assert_string_equal(f->conv.seen[1].text, "Code: ");
	assert_int_equal(f->conv.seen[2].style, PAM_ERROR_MSG);
	assert_int_equal(f->conv.seen[3].style, PAM_PROMPT_ECHO_ON);
	decode_answers(f);
	assert_int_equal(answers.n_answers, 4);
	assert_answer(0, NULL);
	assert_answer(1, "123456");
	assert_answer(2, NULL);
	assert_answer(3, "gr\xc3\xbcn");
	assert_logged_not(f, "123456");
}

TEST(silence_drops_texts_and_keeps_prompts)
{
	struct fixture *f = *state;

	add(STYLE_TEXT_INFO, "One question.");
	add(STYLE_PROMPT_ECHO_OFF, "Code: ");
	add(STYLE_ERROR_MSG, "Mind the step.");
	f->conv.answers[0] = "1";
	assert_int_equal(converse(f, PAM_SILENT), PAM_SUCCESS);
	assert_int_equal(f->conv.n_seen, 1);
	assert_string_equal(f->conv.seen[0].text, "Code: ");
	decode_answers(f);
	assert_int_equal(answers.n_answers, 3);
	assert_answer(0, NULL);
	assert_answer(1, "1");
	assert_answer(2, NULL);
}

TEST(prompts_are_stripped_and_no_formats)
{
	struct fixture *f = *state;

	add(STYLE_PROMPT_ECHO_ON, "\x1b]0;root\x07" "a\xc2\x9b" "b %s%n\n\t: ");
	f->conv.answers[0] = "%s";
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_string_equal(f->conv.seen[0].text, "]0;rootab %s%n\n\t: ");
	decode_answers(f);
	assert_answer(0, "%s");
}

TEST(as_many_and_as_long_as_can_be)
{
	struct fixture *f = *state;
	char text[LIMIT_TEXT_MAX + 1], longest[LIMIT_TOKEN_MAX + 1];
	size_t i;

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(longest, 'l', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	add(STYLE_PROMPT_ECHO_OFF, text);
	f->conv.answers[0] = longest;
	for (i = 1; i < LIMIT_MESSAGES_MAX; i++) {
		add(STYLE_PROMPT_ECHO_OFF, "?");
		f->conv.answers[i] = "";
	}
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_int_equal(f->conv.n_seen, LIMIT_MESSAGES_MAX);
	assert_string_equal(f->conv.seen[0].text, text);
	decode_answers(f);
	assert_int_equal(answers.n_answers, LIMIT_MESSAGES_MAX);
	assert_answer(0, longest);
	assert_answer(LIMIT_MESSAGES_MAX - 1, "");
}

TEST(answers_that_do_not_fit_in_a_frame)
{
	struct fixture *f = *state;
	char longest[LIMIT_TOKEN_MAX + 1];
	size_t i;

	memset(longest, 'l', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i < LIMIT_MESSAGES_MAX; i++) {
		add(STYLE_PROMPT_ECHO_OFF, "?");
		f->conv.answers[i] = longest;
	}
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_failed(f, PAM_CONV_ERR);
}

TEST(answer_that_is_too_long)
{
	struct fixture *f = *state;
	char longer[LIMIT_TOKEN_MAX + 2];

	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	add(STYLE_PROMPT_ECHO_OFF, "?");
	f->conv.answers[0] = longer;
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_failed(f, PAM_CONV_ERR);
}

TEST(answer_that_is_missing)
{
	struct fixture *f = *state;

	add(STYLE_PROMPT_ECHO_OFF, "?");
	add(STYLE_PROMPT_ECHO_OFF, "?");
	f->conv.answers[0] = "1";
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_failed(f, PAM_CONV_ERR);
}

TEST(answers_that_are_all_missing)
{
	struct fixture *f = *state;

	add(STYLE_PROMPT_ECHO_OFF, "?");
	f->conv.no_array = true;
	assert_int_equal(converse(f, 0), PAM_SUCCESS);
	assert_failed(f, PAM_CONV_ERR);
}

TEST(codes_of_the_application)
{
	static const struct {
		int code, want;
	} cases[] = {
		{ PAM_CONV_ERR, PAM_CONV_ERR },
		{ PAM_BUF_ERR, PAM_BUF_ERR },
		{ PAM_ABORT, PAM_ABORT },
		{ PAM_CONV_AGAIN, PAM_CONV_ERR },
		{ PAM_INCOMPLETE, PAM_CONV_ERR },
		/* a module that hands on a code must not open a door */
		{ PAM_IGNORE, PAM_CONV_ERR },
		{ PAM_NEW_AUTHTOK_REQD, PAM_CONV_ERR },
		{ -1, PAM_CONV_ERR },
		{ 32, PAM_CONV_ERR },
	};
	struct fixture *f;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(setup(&own), 0);
		f = own;
		add(STYLE_PROMPT_ECHO_OFF, "?");
		f->conv.code = cases[i].code;
		assert_int_equal(converse(f, 0), PAM_SUCCESS);
		assert_failed(f, cases[i].want);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(texts_are_shown_at_once)
{
	struct fixture *f = *state;
	int i;

	peer_hear(&f->peer);
	for (i = 0; i < LIMIT_TEXTS_MAX; i++)
		peer_say_text(&f->peer, i == 0 ? STYLE_ERROR_MSG :
		    STYLE_TEXT_INFO, "wait\x07 %d\n");
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_OPEN_SESSION, FIXTURE_MODULE),
	    PAM_SUCCESS);
	assert_int_equal(f->conv.calls, LIMIT_TEXTS_MAX);
	assert_int_equal(f->conv.seen[0].style, PAM_ERROR_MSG);
	assert_int_equal(f->conv.seen[1].style, PAM_TEXT_INFO);
	assert_string_equal(f->conv.seen[1].text, "wait %d\n");
}

TEST(texts_under_silence_and_failing_texts)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_text(&f->peer, STYLE_TEXT_INFO, "hello");
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_accept(&f->peer);
	peer_hear(&f->peer);
	peer_say_text(&f->peer, STYLE_TEXT_INFO, "hello");
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", FIXTURE_MODULE);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, PAM_SILENT),
	    PAM_SUCCESS);
	assert_int_equal(f->conv.calls, 0);
	f->conv.code = PAM_CONV_ERR;
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	assert_int_equal(f->conv.calls, 1);
}

TEST(worker_dies_while_a_person_thinks)
{
	struct fixture *f = *state;

	add(STYLE_PROMPT_ECHO_OFF, "?");
	f->conv.answers[0] = "1";
	f->conv.delay_ms = 30;
	peer_hear(&f->peer);
	peer_say_converse(&f->peer, &ask);
	peer_step(&f->peer, PEER_DIE);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, ASK), PAM_SERVICE_ERR);
	assert_logged(f, "hung up");
}

TEST(log_lines_pass_at_their_level)
{
	struct fixture *f = *state;
	int i;

	peer_hear(&f->peer);
	peer_say_log(&f->peer, LEVEL_ERROR, "no \xc2\x9b rules %s%n");
	peer_say_log(&f->peer, LEVEL_WARNING, "old rules");
	for (i = 2; i < LIMIT_LOG_LINES_MAX + 3; i++)
		peer_say_log(&f->peer, LEVEL_DEBUG, "line");
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
	assert_logged(f, "3 pam_deno(test:account): account " FIXTURE_MODULE
	    " says: no  rules %s%n\n");
	assert_logged(f, "4 pam_deno(test:account): account " FIXTURE_MODULE
	    " says: old rules\n");
	assert_logged(f, "7 pam_deno(test:account): account " FIXTURE_MODULE
	    " says: line\n");
	assert_logged(f, "3 more lines of the module were dropped");
}

#define TALK(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TALK(several_messages_in_one_call),
		TALK(silence_drops_texts_and_keeps_prompts),
		TALK(prompts_are_stripped_and_no_formats),
		TALK(as_many_and_as_long_as_can_be),
		TALK(answers_that_do_not_fit_in_a_frame),
		TALK(answer_that_is_too_long),
		TALK(answer_that_is_missing),
		TALK(answers_that_are_all_missing),
		UNIT(codes_of_the_application),
		TALK(texts_are_shown_at_once),
		TALK(texts_under_silence_and_failing_texts),
		TALK(worker_dies_while_a_person_thinks),
		TALK(log_lines_pass_at_their_level),
	};

	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
