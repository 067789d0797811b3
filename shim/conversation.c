/* SPDX-License-Identifier: MIT */

#include "conversation.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

bool
conversation_is_prompt(uint8_t style)
{
	return style == STYLE_PROMPT_ECHO_OFF || style == STYLE_PROMPT_ECHO_ON;
}

int
conversation_refusal(int code)
{
	if (code <= PAM_SUCCESS || code >= _PAM_RETURN_VALUES)
		return PAM_CONV_ERR;
	switch (code) {
	case PAM_IGNORE:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_CONV_AGAIN:
	case PAM_INCOMPLETE:
		return PAM_CONV_ERR;
	default:
		return code;
	}
}

void
conversation_init(struct conversation *c)
{
	c->n = 0;
	c->used = 0;
	c->responses = NULL;
}

void
conversation_add(struct conversation *c, struct call *call, uint8_t style,
    struct wire_str text, int *at)
{
	char *room = (char *)call->out + c->used;
	size_t size = sizeof(call->out) - c->used;

	*at = -1;
	if ((call->flags & PAM_SILENT) != 0 && !conversation_is_prompt(style))
		return;
	/* cannot be: a frame has room for its texts and three octets each */
	if (c->n == LIMIT_MESSAGES_MAX || size <= text.len)
		return;
	c->used += text_for_person(room, size, text.s, text.len) + 1;
	c->message[c->n].msg_style = style;
	c->message[c->n].msg = room;
	c->list[c->n] = &c->message[c->n];
	*at = (int)c->n++;
}

/* Every prompt has an answer that fits; texts have none that matters. */
static bool
conversation_is_answered(const struct conversation *c)
{
	const char *answer;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!conversation_is_prompt((uint8_t)c->message[i].msg_style))
			continue;
		answer = c->responses != NULL ? c->responses[i].resp : NULL;
		if (answer == NULL ||
		    strnlen(answer, LIMIT_TOKEN_MAX + 1) > LIMIT_TOKEN_MAX)
			return false;
	}
	return true;
}

int
conversation_run(struct conversation *c, struct call *call)
{
	const struct pam_conv *conv;
	const void *item = NULL;
	int code;

	if (c->n == 0)
		return PAM_SUCCESS;
	if (pam_get_item(call->pamh, PAM_CONV, &item) != PAM_SUCCESS ||
	    (conv = item) == NULL || conv->conv == NULL)
		return PAM_CONV_ERR;
	deadline_pause(&call->deadline);
	code = conv->conv((int)c->n, c->list, &c->responses,
	    conv->appdata_ptr);
	deadline_resume(&call->deadline, DEADLINE_HUMAN);
	if (code != PAM_SUCCESS) {
		/*
		 * After an error the answers are undefined: some applications
		 * have freed them.
		 */
		c->responses = NULL;
		return conversation_refusal(code);
	}
	return conversation_is_answered(c) ? PAM_SUCCESS : PAM_CONV_ERR;
}

struct wire_bytes
conversation_answer(const struct conversation *c, int at)
{
	struct wire_bytes answer;

	answer.p = (const uint8_t *)c->responses[at].resp;
	answer.len = strlen(c->responses[at].resp);
	return answer;
}

void
conversation_end(struct conversation *c, struct call *call)
{
	char *answer;
	size_t i;

	explicit_bzero(call->out, c->used);
	c->used = 0;
	if (c->responses == NULL)
		return;
	for (i = 0; i < c->n; i++) {
		if ((answer = c->responses[i].resp) == NULL)
			continue;
		explicit_bzero(answer, strlen(answer));
		free(answer);
	}
	free(c->responses);
	c->responses = NULL;
}

void
conversation_show(struct call *call, uint8_t style, struct wire_str text)
{
	struct conversation c;
	int at, code;

	conversation_init(&c);
	conversation_add(&c, call, style, text, &at);
	code = conversation_run(&c, call);
	conversation_end(&c, call);
	if (code != PAM_SUCCESS)
		log_debug(&call->log, "the application did not show a text: "
		    "%s", code_token((unsigned)code));
}

bool
conversation_in_time(struct call *call)
{
	uint32_t took = deadline_human_ms(&call->deadline);

	if (took <= call->args.prompt_timeout_ms)
		return true;
	return reason_set(&call->why, FAILURE_BROKEN_OFF, "the person took "
	    "%u ms, more than prompt_timeout= allows", took);
}
