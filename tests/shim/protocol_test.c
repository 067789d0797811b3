/* SPDX-License-Identifier: MIT */

/* What no worker may say: the class protocol, in every hook. */

#include <security/pam_modules.h>

#include "failing.h"

#define SAYS(name, ...) \
	SCRIPT(name) \
	{ \
		static const uint8_t octets[] = { __VA_ARGS__ }; \
		peer_hear(peer); \
		peer_say(peer, octets, sizeof(octets)); \
	}

#define RESULT_0 \
	0, 0, 0, 18, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

SAYS(says_nothing_in_a_frame, 0, 0, 0, 0)
SAYS(says_too_much, 0, 0, 0x40, 1)
SAYS(says_an_unknown_tag, 0, 0, 0, 1, 0x7f)
SAYS(says_a_tag_of_the_shim, 0, 0, 0, 1, 0x07)
SAYS(says_a_bad_result, 0, 0, 0, 3, 0x48, 0, 0)
SAYS(says_code_32, 0, 0, 0, 18, 0x48, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0)
SAYS(says_a_long_result, 0, 0, 0, 19, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0)
SAYS(says_a_bad_fault, 0, 0, 0, 2, 0x49, 9)
SAYS(says_http, 'H', 'T', 'T', 'P', '/', '1', '.', '1')
SAYS(says_two_results, RESULT_0, RESULT_0)
SAYS(says_one_octet_more, RESULT_0, 0)
SAYS(says_more_behind_a_fault, 0, 0, 0, 4, 0x49, 3, 0, 0, 1)

SCRIPT(wants_to_resume)
{
	peer_hear(peer);
	peer_say_code(peer, PAM_INCOMPLETE);
}

SCRIPT(wants_the_conversation_again)
{
	peer_hear(peer);
	peer_say_code(peer, PAM_CONV_AGAIN);
}

SCRIPT(says_abort)
{
	peer_hear(peer);
	peer_say_code(peer, PAM_ABORT);
}

SCRIPT(asks_without_grant)
{
	struct message_converse m = { .n_messages = 1 };

	m.messages[0].style = STYLE_PROMPT_ECHO_OFF;
	m.messages[0].text = peer_str("Password: ");
	peer_hear(peer);
	peer_say_converse(peer, &m);
}

SCRIPT(asks_nothing)
{
	struct message_converse m = { .n_messages = 1 };

	m.messages[0].style = STYLE_TEXT_INFO;
	m.messages[0].text = peer_str("hello");
	peer_hear(peer);
	peer_say_converse(peer, &m);
}

SCRIPT(wants_the_token)
{
	peer_hear(peer);
	peer_say_get_token(peer, TOKEN_AUTHTOK, NULL);
}

SCRIPT(wants_the_shadow_entry)
{
	peer_hear(peer);
	peer_say_lookup(peer, MESSAGE_LOOKUP_AGEING);
}

SCRIPT(shows_a_prompt_as_a_text)
{
	peer_hear(peer);
	peer_say_text(peer, STYLE_PROMPT_ECHO_ON, "Password: ");
}

SCRIPT(shows_too_many_texts)
{
	int i;

	peer_hear(peer);
	for (i = 0; i <= LIMIT_TEXTS_MAX; i++)
		peer_say_text(peer, STYLE_TEXT_INFO, "again");
}

SCRIPT(asks_too_often)
{
	int i;

	peer_hear(peer);
	for (i = 0; i <= LIMIT_REQUESTS_MAX; i++)
		peer_say_lookup(peer, MESSAGE_LOOKUP_PASSWD);
}

SAYS(says_a_bad_converse, 0, 0, 0, 2, 0x41, 0)
SAYS(says_a_long_lookup, 0, 0, 0, 2, 0x43, 0)
SAYS(says_a_bad_netgroup, 0, 0, 0, 4, 0x4a, 0, 1, 0)
SAYS(says_too_many_processes, 0, 0, 0, 3, 0x4b, 2, 1)
SAYS(says_a_bad_text, 0, 0, 0, 2, 0x46, 4)
SAYS(says_a_bad_log, 0, 0, 0, 5, 0x47, 3, 0, 1, '\n')

#define M	FIXTURE_MODULE

static const struct failing table[] = {
	{ FAILURE_PROTOCOL, says_nothing_in_a_frame, M, "truncated" },
	{ FAILURE_PROTOCOL, says_too_much, M, "too_long" },
	{ FAILURE_PROTOCOL, says_an_unknown_tag, M, "0x7f" },
	{ FAILURE_PROTOCOL, says_a_tag_of_the_shim, M, "0x07" },
	{ FAILURE_PROTOCOL, says_a_bad_result, M, "malformed result" },
	{ FAILURE_PROTOCOL, says_code_32, M, "malformed result: bad_value" },
	{ FAILURE_PROTOCOL, says_a_long_result, M,
	    "malformed result: trailing" },
	{ FAILURE_PROTOCOL, says_a_bad_fault, M, "malformed fault" },
	{ FAILURE_PROTOCOL, says_http, M, "too_long" },
	{ FAILURE_PROTOCOL, says_two_results, M, "more behind the end" },
	{ FAILURE_PROTOCOL, says_one_octet_more, M, "more behind the end" },
	{ FAILURE_PROTOCOL, says_more_behind_a_fault, M,
	    "more behind the end" },
	{ FAILURE_PROTOCOL, wants_to_resume, M, "incomplete" },
	{ FAILURE_PROTOCOL, wants_the_conversation_again, M, "conv_again" },
	{ FAILURE_PROTOCOL, says_abort, M, "abort" },
	{ FAILURE_PROTOCOL, asks_without_grant, M, "grant=prompt" },
	{ FAILURE_PROTOCOL, asks_nothing, "grant=prompt " M,
	    "without a prompt" },
	{ FAILURE_PROTOCOL, wants_the_token, M, "grant=authtok" },
	{ FAILURE_PROTOCOL, wants_the_shadow_entry, M, "grant=shadow" },
	{ FAILURE_PROTOCOL, shows_a_prompt_as_a_text, "grant=prompt " M,
	    "style of a prompt" },
	{ FAILURE_PROTOCOL, shows_too_many_texts, M, "more than 16 texts" },
	{ FAILURE_PROTOCOL, asks_too_often, M, "more than 64 requests" },
	{ FAILURE_PROTOCOL, says_a_bad_converse, "grant=prompt " M,
	    "malformed converse: truncated" },
	{ FAILURE_PROTOCOL, says_a_long_lookup, M, "malformed look-up" },
	{ FAILURE_PROTOCOL, says_a_bad_netgroup, M,
	    "malformed lookup_netgroup: bad_value" },
	{ FAILURE_PROTOCOL, says_too_many_processes, M,
	    "malformed lookup_processes: too_long" },
	{ FAILURE_PROTOCOL, says_a_bad_text, M, "malformed text" },
	{ FAILURE_PROTOCOL, says_a_bad_log, M, "malformed log" },
};

int
main(void)
{
	return failing_main("protocol", table, ARRAY_LEN(table), NULL);
}
