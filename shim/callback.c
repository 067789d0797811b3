/* SPDX-License-Identifier: MIT */

#include "callback.h"

#include <string.h>

#include <security/pam_ext.h>

#include "callback_lookup.h"
#include "conversation.h"
#include "message_gen.h"
#include "reply.h"

static bool
callback_converse_is_legal(struct call *call,
    const struct message_converse *m)
{
	size_t i;

	for (i = 0; i < m->n_messages; i++) {
		if (conversation_is_prompt(m->messages[i].style))
			return true;
	}
	return reason_set(&call->why, FAILURE_PROTOCOL, "the worker sent a "
	    "converse without a prompt in it");
}

static bool
callback_reply_answers(struct call *call, const struct conversation *c,
    const int *at, size_t n)
{
	struct message_answers m;
	struct wire_writer w;
	size_t i;

	m.n_answers = n;
	for (i = 0; i < n; i++) {
		m.answers[i].has_answer = at[i] >= 0 && conversation_is_prompt(
		    (uint8_t)c->message[at[i]].msg_style);
		if (m.answers[i].has_answer)
			m.answers[i].answer = conversation_answer(c, at[i]);
	}
	wire_writer_init(&w, call->out, sizeof(call->out));
	if (message_answers_encode(&w, &m) != WIRE_OK)
		return reply_not_sent(call, &w);
	return reply_send(call, &w);
}

static bool
callback_converse(struct call *call, const struct channel_frame *frame)
{
	struct message_converse m;
	struct conversation c;
	enum wire_error error;
	int at[LIMIT_MESSAGES_MAX], code;
	bool served;
	size_t i;

	if (!grants_have(&call->args.grants, GRANT_PROMPT))
		return reply_not_granted(call, "converse", "prompt");
	error = message_converse_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "converse", error);
	if (!callback_converse_is_legal(call, &m))
		return false;
	conversation_init(&c);
	for (i = 0; i < m.n_messages; i++)
		conversation_add(&c, call, m.messages[i].style,
		    m.messages[i].text, &at[i]);
	code = conversation_run(&c, call);
	if (!conversation_in_time(call))
		served = false;
	else if (code == PAM_SUCCESS)
		served = callback_reply_answers(call, &c, at, m.n_messages);
	else
		served = reply_failed(call, code);
	conversation_end(&c, call);
	return served;
}

static bool
callback_reply_token(struct call *call, const char *value)
{
	struct message_token m;
	struct wire_writer w;

	m.value.p = (const uint8_t *)value;
	m.value.len = strnlen(value, LIMIT_TOKEN_MAX + 1);
	wire_writer_init(&w, call->out, sizeof(call->out));
	if (message_token_encode(&w, &m) != WIRE_OK)
		return reply_not_sent(call, &w);
	return reply_send(call, &w);
}

/* libpam wipes the tokens before pam_sm_setcred(3): it would ask for one. */
static bool
callback_has_tokens(enum hook hook)
{
	return hook == HOOK_AUTHENTICATE || hook == HOOK_PRELIMINARY ||
	    hook == HOOK_UPDATE;
}

static bool
callback_get_token(struct call *call, const struct channel_frame *frame)
{
	struct message_get_token m;
	const char *value = NULL;
	struct conversation c;
	enum wire_error error;
	int at = -1, code;

	if (!grants_have(&call->args.grants, GRANT_AUTHTOK))
		return reply_not_granted(call, "get_token", "authtok");
	if (!callback_has_tokens(call->hook))
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent get_token, but there is no token in this hook");
	error = message_get_token_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "get_token", error);
	conversation_init(&c);
	if (m.has_prompt)
		conversation_add(&c, call, STYLE_PROMPT_ECHO_OFF, m.prompt,
		    &at);
	deadline_pause(&call->deadline);
	code = pam_get_authtok(call->pamh, m.token, &value,
	    at >= 0 ? c.message[at].msg : NULL);
	deadline_resume(&call->deadline, DEADLINE_HUMAN);
	conversation_end(&c, call);
	if (!conversation_in_time(call))
		return false;
	if (code == PAM_SUCCESS && value != NULL)
		return callback_reply_token(call, value);
	return reply_failed(call, conversation_refusal(code));
}

static bool
callback_text(struct call *call, const struct channel_frame *frame)
{
	struct message_text m;
	enum wire_error error;

	error = message_text_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "text", error);
	if (m.style != STYLE_ERROR_MSG && m.style != STYLE_TEXT_INFO)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent a text in the style of a prompt");
	if (++call->n_texts > LIMIT_TEXTS_MAX)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent more than %d texts", LIMIT_TEXTS_MAX);
	conversation_show(call, m.style, m.text);
	return conversation_in_time(call);
}

static bool
callback_log(struct call *call, const struct channel_frame *frame)
{
	struct message_log m;
	enum wire_error error;

	error = message_log_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "log", error);
	if (++call->n_log_lines > LIMIT_LOG_LINES_MAX)
		return true;
	/* the levels of the protocol are the numbers of syslog(3) */
	log_module(&call->log, m.level, m.text.s, m.text.len);
	return true;
}

void
callback_log_dropped(const struct call *call)
{
	if (call->n_log_lines > LIMIT_LOG_LINES_MAX)
		log_line(&call->log, LOG_WARNING, "%u more lines of the module "
		    "were dropped", call->n_log_lines - LIMIT_LOG_LINES_MAX);
}

bool
callback_serve(struct call *call, const struct channel_frame *frame)
{
	switch (frame->tag) {
	case MESSAGE_TEXT:
		return callback_text(call, frame);
	case MESSAGE_LOG:
		return callback_log(call, frame);
	case MESSAGE_CONVERSE:
	case MESSAGE_GET_TOKEN:
	case MESSAGE_LOOKUP_PASSWD:
	case MESSAGE_LOOKUP_GROUPS:
	case MESSAGE_LOOKUP_AGEING:
	case MESSAGE_LOOKUP_NETGROUP:
	case MESSAGE_LOOKUP_PROCESSES:
		break;
	default:
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent a frame with the tag 0x%02x, which is not its to "
		    "send", frame->tag);
	}
	if (++call->n_requests > LIMIT_REQUESTS_MAX)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent more than %d requests", LIMIT_REQUESTS_MAX);
	switch (frame->tag) {
	case MESSAGE_CONVERSE:
		return callback_converse(call, frame);
	case MESSAGE_GET_TOKEN:
		return callback_get_token(call, frame);
	default:
		return callback_lookup(call, frame);
	}
}
