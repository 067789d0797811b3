/* SPDX-License-Identifier: MIT */

#include "effects.h"

#include <string.h>

#include "data.h"
#include "user_file.h"

static bool
effects_beyond(struct call *call, const char *what, struct wire_str name,
    const char *grant)
{
	return reason_set(&call->why, FAILURE_PROTOCOL, "the result %s %.*s, "
	    "which the grant %s does not cover", what, (int)name.len, name.s,
	    grant);
}

static struct wire_str
effects_str(const char *s)
{
	struct wire_str str = { .s = s, .len = strlen(s) };

	return str;
}

static bool
effects_is_refusal(uint8_t code)
{
	return code != CODE_SUCCESS && code != CODE_IGNORE &&
	    code != CODE_NEW_AUTHTOK_REQD;
}

static bool
effects_check_code(struct call *call, const struct message_result *m)
{
	if (!hook_allows(call->hook, m->code))
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "is %s, which is not a code of this hook",
		    code_token(m->code));
	if (m->has_message && !effects_is_refusal(m->code))
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "%s has the message of a refusal", code_token(m->code));
	if (m->code != CODE_SUCCESS && m->code != CODE_NEW_AUTHTOK_REQD &&
	    (m->n_items > 0 || m->n_environment > 0 || m->n_tokens > 0 ||
	    m->n_user_files > 0))
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "%s sets items, environment, tokens or user files",
		    code_token(m->code));
	if (m->data_action != DATA_ACTION_SET && m->data.len > 0)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "has module data, but does not set them");
	if (m->fail_delay_us > LIMIT_FAIL_DELAY_MAX_US)
		return reason_set(&call->why, FAILURE_PROTOCOL, "the result "
		    "asks for a delay of more than %d microseconds",
		    LIMIT_FAIL_DELAY_MAX_US);
	return true;
}

static bool
effects_check_items(struct call *call, const struct message_result *m)
{
	uint8_t item;
	size_t i;

	for (i = 0; i < m->n_items; i++) {
		item = m->items[i].item;
		if (!grants_have_item(&call->args.grants, item))
			return effects_beyond(call, "sets item",
			    effects_str(item_word(item)), "set_item:NAME");
		if (item == ITEM_USER && m->items[i].value.len == 0)
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result sets an empty user");
	}
	return true;
}

static bool
effects_check_environment(struct call *call, const struct message_result *m)
{
	struct wire_str name;
	size_t i;

	for (i = 0; i < m->n_environment; i++) {
		name = m->environment[i].name;
		if (!grants_env_name(name))
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result sets a variable with a name that is "
			    "none");
		if (grants_env_denied(name))
			return effects_beyond(call, "sets variable", name,
			    "env:NAME (whatever its name)");
		if (!grants_have_env(&call->args.grants, name))
			return effects_beyond(call, "sets variable", name,
			    "env:NAME");
	}
	return true;
}

static bool
effects_check_tokens(struct call *call, const struct message_result *m)
{
	size_t i;

	if (m->n_tokens > 0 &&
	    !grants_have(&call->args.grants, GRANT_SET_AUTHTOK))
		return effects_beyond(call, "sets",
		    effects_str("a token"), "set_authtok");
	for (i = 0; i < m->n_tokens; i++) {
		if (memchr(m->tokens[i].value.p, '\0',
		    m->tokens[i].value.len) != NULL)
			return reason_set(&call->why, FAILURE_PROTOCOL,
			    "the result sets a token with a NUL in it");
	}
	return true;
}

bool
effects_check(struct call *call, const struct message_result *m)
{
	return effects_check_code(call, m) && effects_check_items(call, m) &&
	    effects_check_environment(call, m) &&
	    effects_check_tokens(call, m) && user_file_check(call, m);
}

static bool
effects_failed(struct call *call, const char *what, int code)
{
	/* protocol, since that class answers system_err in every hook */
	return reason_set(&call->why, FAILURE_PROTOCOL, "libpam did not take "
	    "%s of the result: %s", what, code_token((unsigned)code));
}

/* pam_set_item(3) with a value that is not terminated; libpam copies it. */
static int
effects_set_item(struct call *call, uint8_t item, const void *value,
    size_t len)
{
	int code;

	memcpy(call->out, value, len);
	call->out[len] = '\0';
	code = pam_set_item(call->pamh, item, call->out);
	explicit_bzero(call->out, len);
	return code;
}

/* To set, to set empty and to delete are three things to pam_putenv(3). */
static int
effects_put_env(struct call *call, const struct message_result_environment *v)
{
	char *p = (char *)call->out;
	size_t len = v->name.len;
	int code;

	memcpy(p, v->name.s, len);
	p[len] = '\0';
	/* deleting what is not there would be an error */
	if (!v->has_value && pam_getenv(call->pamh, p) == NULL)
		return PAM_SUCCESS;
	if (v->has_value) {
		p[len++] = '=';
		memcpy(p + len, v->value.s, v->value.len);
		len += v->value.len;
		p[len] = '\0';
	}
	code = pam_putenv(call->pamh, p);
	explicit_bzero(call->out, len);
	return code;
}

static bool
effects_apply_items(struct call *call, const struct message_result *m)
{
	size_t i;
	int code;

	for (i = 0; i < m->n_items; i++) {
		code = effects_set_item(call, m->items[i].item,
		    m->items[i].value.s, m->items[i].value.len);
		if (code != PAM_SUCCESS)
			return effects_failed(call,
			    item_word(m->items[i].item), code);
	}
	for (i = 0; i < m->n_environment; i++) {
		code = effects_put_env(call, &m->environment[i]);
		if (code != PAM_SUCCESS)
			return effects_failed(call, "a variable", code);
	}
	for (i = 0; i < m->n_tokens; i++) {
		code = effects_set_item(call, m->tokens[i].token,
		    m->tokens[i].value.p, m->tokens[i].value.len);
		if (code != PAM_SUCCESS)
			return effects_failed(call, "a token", code);
	}
	return true;
}

bool
effects_apply(struct call *call, const struct message_result *m)
{
	int code;

	/* first, since they are the likeliest to fail */
	if (!user_file_apply(call, m) || !effects_apply_items(call, m))
		return false;
	code = data_apply(call, m->data_action, m->data);
	if (code != PAM_SUCCESS)
		return effects_failed(call, "the module data", code);
	if (m->fail_delay_us == 0)
		return true;
	code = pam_fail_delay(call->pamh, m->fail_delay_us);
	if (code != PAM_SUCCESS)
		return effects_failed(call, "the delay", code);
	return true;
}
