/* SPDX-License-Identifier: MIT */

/* The frames that a scripted worker says. */

#include "peer.h"
#include "test.h"

void
peer_say_result(struct peer *peer, const struct message_result *m)
{
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_result_encode(&peer->w, m));
}

void
peer_say_code(struct peer *peer, int code)
{
	struct message_result m;

	peer_result(&m, code);
	peer_say_result(peer, &m);
}

void
peer_say_fault(struct peer *peer, enum fault fault, const char *message)
{
	struct message_fault m = { .fault = (uint8_t)fault,
		.message = peer_str(message) };
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_fault_encode(&peer->w, &m));
}

void
peer_say_converse(struct peer *peer, const struct message_converse *m)
{
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_converse_encode(&peer->w, m));
}

void
peer_say_get_token(struct peer *peer, enum token token, const char *prompt)
{
	struct message_get_token m = { .token = (uint8_t)token,
		.has_prompt = prompt != NULL };
	size_t mark = peer->w.len;

	if (prompt != NULL)
		m.prompt = peer_str(prompt);
	peer_said(peer, mark, message_get_token_encode(&peer->w, &m));
}

void
peer_say_lookup(struct peer *peer, enum message_tag tag)
{
	uint8_t frame[] = { 0, 0, 0, 1, (uint8_t)tag };

	peer_say(peer, frame, sizeof(frame));
}

void
peer_say_lookup_netgroup(struct peer *peer, const char *netgroup)
{
	struct message_lookup_netgroup m = { .netgroup = peer_str(netgroup) };
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_lookup_netgroup_encode(&peer->w, &m));
}

void
peer_say_lookup_processes(struct peer *peer,
    const struct message_lookup_processes *m)
{
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_lookup_processes_encode(&peer->w, m));
}

void
peer_say_text(struct peer *peer, enum style style, const char *text)
{
	struct message_text m = { .style = (uint8_t)style,
		.text = peer_str(text) };
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_text_encode(&peer->w, &m));
}

void
peer_say_log(struct peer *peer, enum level level, const char *text)
{
	struct message_log m = { .level = (uint8_t)level,
		.text = peer_str(text) };
	size_t mark = peer->w.len;

	peer_said(peer, mark, message_log_encode(&peer->w, &m));
}
