/* SPDX-License-Identifier: MIT */

#include "items.h"

#include <stdlib.h>
#include <string.h>

#include "conversation.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

static const uint8_t items_read_list[] = {
	ITEM_SERVICE, ITEM_USER, ITEM_TTY, ITEM_RHOST, ITEM_RUSER,
	ITEM_USER_PROMPT, ITEM_XDISPLAY, ITEM_AUTHTOK_TYPE,
};

static const char *
items_get(const struct call *call, uint8_t item)
{
	const void *value = NULL;

	if (pam_get_item(call->pamh, item, &value) != PAM_SUCCESS)
		return NULL;
	return value;
}

const char *
items_get_user(const struct call *call)
{
	return items_get(call, ITEM_USER);
}

static bool
items_ask_user(struct call *call)
{
	const char *user = NULL;
	int code;

	deadline_pause(&call->deadline);
	code = pam_get_user(call->pamh, &user, NULL);
	deadline_resume(&call->deadline, DEADLINE_HUMAN);
	if (code == PAM_SUCCESS)
		return true;
	code = conversation_refusal(code);
	call->code = hook_allows(call->hook, (unsigned)code) ? code :
	    PAM_SYSTEM_ERR;
	log_line(&call->log, LOG_NOTICE, "%s in %u ms: pam_get_user failed "
	    "with %s", code_token((unsigned)call->code),
	    deadline_spent_ms(&call->deadline), code_token((unsigned)code));
	return false;
}

bool
items_user(struct call *call)
{
	const char *user;

	if ((call->hook == HOOK_AUTHENTICATE ||
	    call->hook == HOOK_PRELIMINARY || call->hook == HOOK_UPDATE) &&
	    !items_ask_user(call))
		return false;
	user = items_get_user(call);
	if (user != NULL && *user != '\0')
		return true;
	call->code = PAM_USER_UNKNOWN;
	log_line(&call->log, LOG_NOTICE, "user_unknown in %u ms: the "
	    "application names no user",
	    deadline_spent_ms(&call->deadline));
	return false;
}

/* A line of UTF-8 without control characters, as the protocol wants it. */
static bool
items_is_line(struct wire_str value)
{
	size_t i;

	if (value.len > LIMIT_ITEM_MAX ||
	    !wire_utf8((const uint8_t *)value.s, value.len))
		return false;
	for (i = 0; i < value.len; i++) {
		if ((uint8_t)value.s[i] < 0x20 || value.s[i] == 0x7f)
			return false;
	}
	return true;
}

bool
items_read(struct call *call, struct message_hook *m)
{
	struct wire_str value;
	uint8_t item;
	size_t i;

	m->n_items = 0;
	for (i = 0; i < ARRAY_LEN(items_read_list); i++) {
		item = items_read_list[i];
		if ((value.s = items_get(call, item)) == NULL)
			continue;
		value.len = strlen(value.s);
		if (!items_is_line(value)) {
			/* prompts end in newlines; nobody decides by them */
			if (item == ITEM_USER_PROMPT)
				continue;
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "item %s is longer than %d octets, not UTF-8, or "
			    "has control characters", item_word(item),
			    LIMIT_ITEM_MAX);
		}
		m->items[m->n_items].item = item;
		m->items[m->n_items].value = value;
		m->n_items++;
	}
	return true;
}

/*
 * A variable that does not fit ends the hook: were it left out, whoever can
 * plant variables could hide one from the module.
 */
static bool
items_read_variable(struct call *call, struct message_hook *m,
    const char *variable)
{
	struct wire_str name, value;

	name.s = variable;
	name.len = strcspn(variable, "=");
	value.s = variable + name.len + (variable[name.len] == '=');
	value.len = strlen(value.s);
	if (m->n_environment == LIMIT_ENV_MAX)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the PAM "
		    "environment has more than %d variables", LIMIT_ENV_MAX);
	if (name.len == 0 || name.len > LIMIT_ENV_NAME_MAX ||
	    !items_is_line(name) || value.len > LIMIT_ENV_VALUE_MAX ||
	    !wire_utf8((const uint8_t *)value.s, value.len))
		return reason_set(&call->why, FAILURE_PROTOCOL, "variable "
		    "%.*s of the PAM environment is longer than %d octets, or "
		    "not UTF-8", (int)(name.len > LIMIT_ENV_NAME_MAX ?
		    LIMIT_ENV_NAME_MAX : name.len), name.s,
		    LIMIT_ENV_VALUE_MAX);
	m->environment[m->n_environment].name = name;
	m->environment[m->n_environment].value = value;
	m->n_environment++;
	return true;
}

bool
items_read_env(struct call *call, struct message_hook *m, char ***list)
{
	char **variable;

	m->n_environment = 0;
	*list = NULL;
	if (!grants_have(&call->args.grants, GRANT_GET_ENV))
		return true;
	if ((*list = pam_getenvlist(call->pamh)) == NULL)
		return reason_set(&call->why, FAILURE_STARVED,
		    "libpam gave no copy of the PAM environment");
	for (variable = *list; *variable != NULL; variable++) {
		if (!items_read_variable(call, m, *variable))
			return false;
	}
	return true;
}

void
items_free_env(char **list)
{
	char **variable;

	if (list == NULL)
		return;
	for (variable = list; *variable != NULL; variable++) {
		explicit_bzero(*variable, strlen(*variable));
		free(*variable);
	}
	free(list);
}
