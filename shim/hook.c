/* SPDX-License-Identifier: MIT */

/*
 * This code runs inside sshd, sudo, login and every other application that
 * uses PAM, often as root. The rules that it follows everywhere in shim/:
 *
 *  1. It MUST NOT fork, create a thread, or use thread-local storage,
 *     constructors, atexit(3) or a mutable static.
 *  2. It MUST NOT touch a signal disposition or mask, nor change uid, groups,
 *     cwd, umask, locale, limits or environment of the process.
 *  3. It MUST NOT read the environment, write to descriptors 0 to 2, or call
 *     openlog(3).
 *  4. Its descriptors MUST be close-on-exec and at least 3, and MUST be closed
 *     before it returns.
 *  5. It MUST return within the budget, which stands still only while libpam,
 *     NSS or a person is busy; a person has a limit of its own.
 *  6. It MUST treat every octet of the worker as hostile: a limit on
 *     everything, nothing of it in a format, no effect without its grant, and
 *     no effect at all before the whole result has been checked.
 *  7. It MUST NOT send anything to a socket before its place has been checked,
 *     and MUST NOT act on an answer before the place of the module's link has
 *     been checked too.
 *  8. It MUST NOT send a request twice.
 *  9. It MUST take EOF, ECONNRESET and EPIPE as an answer at once.
 * 10. It MUST wipe every buffer that may have held a secret, on every path.
 * 11. It MUST answer a refusal for anything that it does not understand; the
 *     variable that becomes the code starts as one.
 * 12. On the usual path, a request and its result, it MUST NOT allocate.
 */

#include "hook.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "callback.h"
#include "conversation.h"
#include "data.h"
#include "effects.h"
#include "items.h"
#include "link.h"
#include "lookup.h"
#include "message_gen.h"
#include "process.h"
#include "reach.h"
#include "user_file.h"

/* " for user NAME" in a log line. */
#define HOOK_WHOM_MAX	(LIMIT_NAME_MAX + 16)

void
hook_begin(struct call *call, pam_handle_t *pamh, enum hook hook, int flags)
{
	call->pamh = pamh;
	call->hook = hook;
	call->flags = (uint32_t)flags;
	call->code = PAM_SYSTEM_ERR;
	call->why.class = FAILURE_PROTOCOL;
	call->why.text[0] = '\0';
	call->log.pamh = pamh;
	call->log.hook = hook;
	call->log.module = NULL;
	call->log.debug = false;
	call->defined = 0;
	call->n_requests = 0;
	call->n_texts = 0;
	call->n_log_lines = 0;
	channel_init(&call->channel);
	deadline_start(&call->deadline, ARGS_TIMEOUT_MS);
	place_caller(&call->caller);
}

void
hook_end(struct call *call)
{
	channel_close(&call->channel);
	channel_wipe(&call->channel);
}

/* People type passwords at the user prompt: only known names are logged. */
static void
hook_whom(const struct call *call, char whom[HOOK_WHOM_MAX])
{
	const char *user = items_get_user(call);

	if (user == NULL || *user == '\0') {
		whom[0] = '\0';
		return;
	}
	switch (lookup_user(user)) {
	case LOOKUP_FOUND:
		(void)snprintf(whom, HOOK_WHOM_MAX, " for user %.*s",
		    LIMIT_NAME_MAX, user);
		break;
	case LOOKUP_ABSENT:
		(void)snprintf(whom, HOOK_WHOM_MAX, " for an unknown user");
		break;
	default:
		(void)snprintf(whom, HOOK_WHOM_MAX, " for a user whose "
		    "look-up failed");
		break;
	}
}

/* Words that the module has options for, which the worker parses. */
static void
hook_put_args(const struct shim_args *args, struct message_hook *m)
{
	size_t i;

	m->module.s = args->module;
	m->module.len = strlen(args->module);
	m->has_instance = args->instance != NULL;
	if (m->has_instance) {
		m->instance.s = args->instance;
		m->instance.len = strlen(args->instance);
	}
	m->n_grants = args->grants.n;
	for (i = 0; i < args->grants.n; i++)
		m->grants[i].grant = args->grants.list[i];
	m->n_options = args->n_options;
	for (i = 0; i < args->n_options; i++) {
		m->options[i].option.s = args->options[i];
		m->options[i].option.len = strlen(args->options[i]);
	}
}

bool
hook_tx(struct call *call)
{
	struct message_hook m;
	struct wire_writer w;
	enum wire_error error;
	char user_files[PLACE_PATH_MAX], **environment = NULL;
	bool sent = false;

	m.version = WIRE_VERSION;
	memcpy(m.fingerprint, wire_fingerprint, sizeof(m.fingerprint));
	m.hook = (uint8_t)call->hook;
	m.flags = call->flags;
	m.pid = (uint32_t)getpid();
	m.uid = call->caller.uid;
	m.euid = call->caller.euid;
	process_fill(call, &m);
	hook_put_args(&call->args, &m);
	m.has_user_files = user_file_dir(call, user_files);
	m.user_files.s = user_files;
	m.user_files.len = m.has_user_files ? strlen(user_files) : 0;
	data_read(call, &m);
	wire_writer_init(&w, call->out, sizeof(call->out));
	if (!items_read(call, &m) || !items_read_env(call, &m, &environment))
		goto out;
	m.budget_ms = deadline_left_ms(&call->deadline);
	if ((error = message_hook_encode(&w, &m)) != WIRE_OK) {
		(void)reason_set(&call->why, FAILURE_PROTOCOL, "options, "
		    "items, environment and module data do not fit into one "
		    "request: %s", wire_error_name(error));
		goto out;
	}
	sent = channel_send(&call->channel, w.p, w.len, &call->deadline,
	    &call->why);
out:
	/* a frame that was refused half-way has left its octets behind */
	explicit_bzero(w.p, sent ? w.len : w.cap);
	items_free_env(environment);
	return sent;
}

static bool
hook_no_more(struct call *call)
{
	if (!channel_has_more(&call->channel))
		return true;
	return reason_set(&call->why, FAILURE_PROTOCOL, "the worker sent more "
	    "behind the end of the hook");
}

static bool
hook_result(struct call *call, const struct channel_frame *frame)
{
	struct message_result m;
	enum wire_error error;

	error = message_result_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent a malformed result: %s", wire_error_name(error));
	if (!hook_no_more(call) || !effects_check(call, &m) ||
	    !effects_apply(call, &m))
		return false;
	call->code = m.code;
	/* the worker need not wait for a person who reads */
	channel_close(&call->channel);
	if (m.has_message)
		conversation_show(call, STYLE_ERROR_MSG, m.message);
	return true;
}

static bool
hook_fault(struct call *call, const struct channel_frame *frame)
{
	struct message_fault m;
	enum wire_error error;
	enum failure class;

	error = message_fault_decode(&m, frame->body, frame->len);
	if (error != WIRE_OK)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the worker "
		    "sent a malformed fault: %s", wire_error_name(error));
	if (!hook_no_more(call))
		return false;
	switch (m.fault) {
	case FAULT_BUSY:
	case FAULT_NO_COMMON_VERSION:
		class = FAILURE_BROKEN_OFF;
		break;
	case FAULT_THREW:
		class = FAILURE_THREW;
		break;
	case FAULT_MISCONFIGURED:
		class = FAILURE_MISCONFIGURED;
		break;
	default:
		class = FAILURE_PROTOCOL;
		break;
	}
	return reason_set(&call->why, class, "the worker says%s: %.*s",
	    m.fault == FAULT_BUSY ? " busy" :
	    m.fault == FAULT_NO_COMMON_VERSION ? " no common version" : "",
	    (int)m.message.len, m.message.s);
}

bool
hook_wait(struct call *call)
{
	struct channel_frame frame;

	for (;;) {
		if (!channel_recv(&call->channel, &frame, &call->deadline,
		    &call->why))
			return false;
		switch (frame.tag) {
		case MESSAGE_RESULT:
			return hook_result(call, &frame);
		case MESSAGE_FAULT:
			return hook_fault(call, &frame);
		default:
			if (!callback_serve(call, &frame))
				return false;
		}
	}
}

/* Answers for a hook that the module does not define. */
static bool
hook_undefined(struct call *call)
{
	if (!link_check(&call->args, true, &call->caller, &call->why))
		return false;
	call->code = hook_undefined_code(call->hook, call->defined);
	if (call->code == PAM_IGNORE)
		log_line(&call->log, LOG_NOTICE, "ignore: the module does not "
		    "define this hook, so this line does nothing for it");
	else
		log_debug(&call->log, "%s: the module does not define this "
		    "hook", code_token((unsigned)call->code));
	return true;
}

static void
hook_log_code(const struct call *call)
{
	uint32_t ms = deadline_spent_ms(&call->deadline);
	const char *token = code_token((unsigned)call->code);
	char whom[HOOK_WHOM_MAX];

	if (call->code == PAM_SUCCESS || call->code == PAM_IGNORE ||
	    call->code == PAM_NEW_AUTHTOK_REQD) {
		log_debug(&call->log, "%s in %u ms", token, ms);
		return;
	}
	hook_whom(call, whom);
	log_line(&call->log, LOG_NOTICE, "%s in %u ms%s", token, ms, whom);
}

/* What to read about a failure. A cause of the worker's has its own behind. */
static const char *
hook_see(const struct reason *why)
{
	static const char *const see[FAILURE_COUNT] = {
		[FAILURE_UNREACHABLE] = LOG_SEE("unreachable"),
		[FAILURE_BROKEN_OFF] = LOG_SEE("broken-off"),
		[FAILURE_THREW] = LOG_SEE("threw"),
		[FAILURE_PROTOCOL] = LOG_SEE("protocol"),
		[FAILURE_MISCONFIGURED] = LOG_SEE("misconfigured"),
		[FAILURE_STARVED] = LOG_SEE("starved"),
	};

	return strstr(why->text, "] " LOG_PAGES) == NULL ? see[why->class] : "";
}

/* The code of a failure, logged. */
static int
hook_fail(struct call *call, bool ignored)
{
	uint32_t ms = deadline_spent_ms(&call->deadline);
	int code = failure_code(call->why.class, call->hook);
	char whom[HOOK_WHOM_MAX];

	if (ignored)
		code = PAM_IGNORE;
	hook_whom(call, whom);
	log_line(&call->log, LOG_ERR, "%s, %s%s in %u ms%s: %s%s",
	    failure_word(call->why.class), code_token((unsigned)code),
	    ignored ? " by on_unreachable=ignore" : "", ms, whom,
	    call->why.text, hook_see(&call->why));
	return code;
}

/* The whole way. False: the hook failed, *ignored says whether that counts. */
static bool
hook_answer(struct call *call, int argc, const char **argv, bool *ignored)
{
	if (!args_parse(&call->args, call->hook, argc, argv, &call->log,
	    &call->why))
		return false;
	deadline_start(&call->deadline, call->args.timeout_ms);
	if (!link_read(&call->args, &call->defined, &call->why))
		return false;
	if ((call->defined & UINT32_C(1) << call->hook) == 0)
		return hook_undefined(call);
	if (!items_user(call))
		return true;
	if (!conversation_in_time(call))
		return false;
	switch (reach_worker(call)) {
	case REACH_CONNECTED:
		break;
	case REACH_NOBODY:
		*ignored = call->args.ignore_unreachable &&
		    reach_may_ignore(call);
		return false;
	default:
		return false;
	}
	/* the place of the link is looked at while the worker works */
	if (!hook_tx(call) ||
	    !link_check(&call->args, false, &call->caller, &call->why) ||
	    !hook_wait(call))
		return false;
	callback_log_dropped(call);
	hook_log_code(call);
	return true;
}

int
hook_run(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	struct call call;
	bool ignored = false;

	hook_begin(&call, pamh, hook, flags);
	if (!hook_answer(&call, argc, argv, &ignored)) {
		channel_close(&call.channel);
		callback_log_dropped(&call);
		call.code = hook_fail(&call, ignored);
	}
	hook_end(&call);
	return call.code;
}
