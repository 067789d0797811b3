/* SPDX-License-Identifier: MIT */

/*
 * One call of the application's conversation. Messages are built here, never
 * by pam_prompt(3), which would read foreign text as a format.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>

#include <security/pam_appl.h>

#include "call.h"

struct conversation {
	struct pam_message		 message[LIMIT_MESSAGES_MAX];
	const struct pam_message	*list[LIMIT_MESSAGES_MAX];
	size_t				 n;
	size_t				 used;	/* octets of call->out */
	struct pam_response		*responses;
};

void	conversation_init(struct conversation *);

/*
 * Adds a message without its control characters; the text is kept in call->out.
 * Under PAM_SILENT texts are left out: *at is the position of the message, or
 * -1 if it is not shown.
 */
void	conversation_add(struct conversation *, struct call *, uint8_t style,
	    struct wire_str text, int *at);

/*
 * Calls the application unless there is nothing to show, while the budget
 * stands still. Returns its code, never PAM_CONV_AGAIN; PAM_CONV_ERR if a
 * prompt was left without a usable answer.
 */
int	conversation_run(struct conversation *, struct call *);

/* The answer to the prompt at a position, after PAM_SUCCESS. */
struct wire_bytes	conversation_answer(const struct conversation *,
			    int at);

/* Wipes texts and answers. Must follow conversation_run(). */
void	conversation_end(struct conversation *, struct call *);

/* One text by itself; whether the application showed it does not matter. */
void	conversation_show(struct call *, uint8_t style, struct wire_str text);

/* False once people have taken more than prompt_timeout. */
bool	conversation_in_time(struct call *);

bool	conversation_is_prompt(uint8_t style);

/*
 * The code of a conversation that failed, as libpam or the application gave
 * it: never one that could let somebody in if it was handed on, nor one that
 * asks to be resumed.
 */
int	conversation_refusal(int code);

#endif /* CONVERSATION_H */
