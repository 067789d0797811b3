/* SPDX-License-Identifier: MIT */

#include "callback_lookup.h"

#include <string.h>

#include "items.h"
#include "lookup.h"
#include "message_gen.h"
#include "process.h"
#include "reply.h"

/* What /proc said of a process that was asked for. */
struct seen_process {
	enum process_state	state;
	int64_t			started;
};

/* What a look-up answers that found nothing to send. */
static bool
callback_reply_lookup(struct call *call, enum lookup status, const char *what)
{
	switch (status) {
	case LOOKUP_ABSENT:
		return reply_absent(call);
	case LOOKUP_STARVED:
		log_line(&call->log, LOG_ERR, "looking up the user's %s "
		    "needs more descriptors or memory than there are, or is "
		    "over a limit" LOG_SEE("look-up-failed"), what);
		return reply_failed(call, PAM_BUF_ERR);
	case LOOKUP_FORBIDDEN:
		log_line(&call->log, LOG_ERR, "the application may not read "
		    "the user's %s" LOG_SEE("look-up-failed"), what);
		return reply_failed(call, PAM_PERM_DENIED);
	default:
		log_line(&call->log, LOG_ERR, "looking up the user's %s "
		    "failed: it is unreadable, or does not fit the protocol"
		    LOG_SEE("look-up-failed"), what);
		return reply_failed(call, PAM_SYSTEM_ERR);
	}
}

static bool
callback_lookup_passwd(struct call *call, const char *user)
{
	struct message_passwd m;
	struct lookup_buffer b;
	struct wire_writer w;
	enum lookup status;

	lookup_buffer_init(&b);
	wire_writer_init(&w, call->out, sizeof(call->out));
	status = lookup_passwd(user, &m, &b);
	if (status == LOOKUP_FOUND && message_passwd_encode(&w, &m) != WIRE_OK)
		status = LOOKUP_FAILED;
	lookup_buffer_free(&b);
	deadline_resume(&call->deadline, DEADLINE_SYSTEM);
	if (status != LOOKUP_FOUND)
		return callback_reply_lookup(call, status, "passwd entry");
	return reply_send(call, &w);
}

static bool
callback_lookup_groups(struct call *call, const char *user)
{
	struct lookup_groups *g;
	struct wire_writer w;
	enum lookup status;

	wire_writer_init(&w, call->out, sizeof(call->out));
	status = lookup_groups(user, &g);
	if (status == LOOKUP_FOUND &&
	    message_groups_encode(&w, &g->m) != WIRE_OK)
		status = LOOKUP_FAILED;
	lookup_groups_free(g);
	deadline_resume(&call->deadline, DEADLINE_SYSTEM);
	if (status != LOOKUP_FOUND)
		return callback_reply_lookup(call, status, "groups");
	return reply_send(call, &w);
}

static bool
callback_lookup_ageing(struct call *call, const char *user)
{
	struct message_ageing m;
	struct lookup_buffer b;
	struct wire_writer w;
	enum lookup status;

	lookup_buffer_init(&b);
	wire_writer_init(&w, call->out, sizeof(call->out));
	status = lookup_ageing(user, &m, &b);
	if (status == LOOKUP_FOUND && message_ageing_encode(&w, &m) != WIRE_OK)
		status = LOOKUP_FAILED;
	lookup_buffer_free(&b);
	deadline_resume(&call->deadline, DEADLINE_SYSTEM);
	if (status != LOOKUP_FOUND)
		return callback_reply_lookup(call, status, "shadow entry");
	return reply_send(call, &w);
}

static bool
callback_lookup_netgroup(struct call *call, const char *user,
    const struct channel_frame *frame)
{
	struct message_lookup_netgroup m;
	struct message_member member;
	struct wire_writer w;
	enum wire_error error;
	enum lookup status;

	error = message_lookup_netgroup_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "lookup_netgroup", error);
	if (user == NULL)
		return reply_failed(call, PAM_USER_UNKNOWN);
	deadline_pause(&call->deadline);
	status = lookup_netgroup(m.netgroup, user);
	deadline_resume(&call->deadline, DEADLINE_SYSTEM);
	if (status == LOOKUP_STARVED)
		return callback_reply_lookup(call, status, "netgroups");
	member.member = status == LOOKUP_FOUND;
	wire_writer_init(&w, call->out, sizeof(call->out));
	(void)message_member_encode(&w, &member);
	return reply_send(call, &w);
}

static bool
callback_lookup_user(struct call *call, const struct channel_frame *frame)
{
	const char *user;

	/* read again: a module of the same stack may have set it in between */
	user = items_get_user(call);
	if (frame->tag == MESSAGE_LOOKUP_NETGROUP)
		return callback_lookup_netgroup(call, user, frame);
	if (frame->len != 0)
		return reply_malformed(call, "look-up", WIRE_TRAILING);
	if (user == NULL)
		return reply_absent(call);
	deadline_pause(&call->deadline);
	switch (frame->tag) {
	case MESSAGE_LOOKUP_PASSWD:
		return callback_lookup_passwd(call, user);
	case MESSAGE_LOOKUP_GROUPS:
		return callback_lookup_groups(call, user);
	default:
		return callback_lookup_ageing(call, user);
	}
}

/* How often the clock is looked at: the kernel counts a process's threads. */
#define PROCESSES_CLOCK_EVERY	16

/* Each number is looked at once: what it says is the same for all of them. */
static enum process_state
callback_read_process(const struct message_lookup_processes *asked, size_t at,
    struct seen_process *seen)
{
	uint32_t pid = asked->processes[at].pid;
	struct process process;
	size_t i;

	for (i = 0; i < at; i++) {
		if (asked->processes[i].pid != pid)
			continue;
		seen[at] = seen[i];
		return seen[at].state;
	}
	seen[at].state = process_look(pid, &process);
	seen[at].started = seen[at].state == PROCESS_RUNS ?
	    process.started : 0;
	return seen[at].state;
}

/* LOOKUP_FAILED as soon as /proc does not say: never that one has ended. */
static enum lookup
callback_read_processes(struct call *call,
    const struct message_lookup_processes *asked, struct wire_writer *w)
{
	struct seen_process seen[LIMIT_PROCESSES_MAX];
	struct message_processes m;
	struct process self;
	size_t i;

	if (call->caller.euid != 0)
		return LOOKUP_FORBIDDEN;
	if (!process_self(&self))
		return LOOKUP_FAILED;
	m.n_processes = asked->n_processes;
	for (i = 0; i < m.n_processes; i++) {
		if (i % PROCESSES_CLOCK_EVERY == 0 &&
		    deadline_left_us(&call->deadline) == 0)
			return LOOKUP_STARVED;	/* of time */
		if (callback_read_process(asked, i, seen) == PROCESS_UNKNOWN)
			return LOOKUP_FAILED;
		m.processes[i].running = seen[i].state == PROCESS_RUNS &&
		    seen[i].started == asked->processes[i].started;
	}
	wire_writer_init(w, call->out, sizeof(call->out));
	(void)message_processes_encode(w, &m);
	return LOOKUP_FOUND;
}

static bool
callback_lookup_processes(struct call *call, const struct channel_frame *frame)
{
	struct message_lookup_processes m;
	struct wire_writer w;
	enum wire_error error;

	error = message_lookup_processes_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reply_malformed(call, "lookup_processes", error);
	switch (callback_read_processes(call, &m, &w)) {
	case LOOKUP_FOUND:
		return reply_send(call, &w);
	case LOOKUP_STARVED:
		return reason_set(&call->why, FAILURE_BROKEN_OFF,
		    "the time was up before all processes of the request "
		    "had been looked at");
	case LOOKUP_FORBIDDEN:
		log_line(&call->log, LOG_ERR, "only root may ask which "
		    "processes run, and the application is not"
		    LOG_SEE("look-up-failed"));
		return reply_failed(call, PAM_PERM_DENIED);
	default:
		log_line(&call->log, LOG_ERR, "/proc does not say which "
		    "processes run: mount it, and show it to the application"
		    LOG_SEE("look-up-failed"));
		return reply_failed(call, PAM_SYSTEM_ERR);
	}
}

bool
callback_lookup(struct call *call, const struct channel_frame *frame)
{
	switch (frame->tag) {
	case MESSAGE_LOOKUP_PROCESSES:
		return callback_lookup_processes(call, frame);
	case MESSAGE_LOOKUP_AGEING:
		if (!grants_have(&call->args.grants, GRANT_SHADOW))
			return reply_not_granted(call, "lookup_ageing",
			    "shadow");
		return callback_lookup_user(call, frame);
	default:
		return callback_lookup_user(call, frame);
	}
}
