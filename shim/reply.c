/* SPDX-License-Identifier: MIT */

#include "reply.h"

#include <string.h>

#include "message_gen.h"

bool
reply_malformed(struct call *call, const char *message,
    enum wire_error error)
{
	return reason_set(&call->why, FAILURE_PROTOCOL, "the worker sent a "
	    "malformed %s: %s", message, wire_error_name(error));
}

bool
reply_not_granted(struct call *call, const char *message,
    const char *grant)
{
	return reason_set(&call->why, FAILURE_PROTOCOL, "the worker sent %s "
	    "without the grant %s: write grant=%s on the pam.d line if the "
	    "module may do that", message, grant, grant);
}

bool
reply_send(struct call *call, const struct wire_writer *w)
{
	bool sent;

	sent = channel_send(&call->channel, w->p, w->len, &call->deadline,
	    &call->why);
	explicit_bzero(w->p, w->len);
	return sent;
}

bool
reply_failed(struct call *call, int code)
{
	struct message_failed m = { .code = (uint8_t)code };
	struct wire_writer w;

	wire_writer_init(&w, call->out, sizeof(call->out));
	(void)message_failed_encode(&w, &m);
	return reply_send(call, &w);
}

bool
reply_not_sent(struct call *call, const struct wire_writer *w)
{
	explicit_bzero(w->p, w->cap);
	return reply_failed(call, PAM_CONV_ERR);
}

bool
reply_absent(struct call *call)
{
	struct message_absent m = { 0 };
	struct wire_writer w;

	wire_writer_init(&w, call->out, sizeof(call->out));
	(void)message_absent_encode(&w, &m);
	return reply_send(call, &w);
}
