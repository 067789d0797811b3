/* SPDX-License-Identifier: MIT */

/*
 * Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit:
 * change the definition, then run `deno task gen`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#include <string.h>

#include "message_gen.h"

enum wire_error
message_hook_decode(struct message_hook *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_version(&r, &m->version) ||
	    !wire_get_fixed(&r, m->fingerprint, 8) ||
	    !wire_get_enum(&r, &m->hook, ENUM_HOOK) ||
	    !wire_get_u32(&r, &m->flags) ||
	    !wire_get_u32(&r, &m->budget_ms) ||
	    !wire_get_u32(&r, &m->pid) ||
	    !wire_get_u32(&r, &m->uid) ||
	    !wire_get_u32(&r, &m->euid) ||
	    !wire_get_bool(&r, &m->has_started) ||
	    (m->has_started &&
		!wire_get_i64(&r, &m->started)) ||
	    !wire_get_bool(&r, &m->has_parent_pid) ||
	    (m->has_parent_pid &&
		!wire_get_u32(&r, &m->parent_pid)) ||
	    !wire_get_bool(&r, &m->has_parent_started) ||
	    (m->has_parent_started &&
		!wire_get_i64(&r, &m->parent_started)) ||
	    !wire_get_line(&r, &m->module, LIMIT_MODULE_MAX) ||
	    !wire_get_bool(&r, &m->has_instance) ||
	    (m->has_instance &&
		!wire_get_line(&r, &m->instance, LIMIT_MODULE_MAX)) ||
	    !wire_get_count(&r, &m->n_grants, LIMIT_GRANTS_MAX))
		return r.error;
	for (i = 0; i < m->n_grants; i++) {
		if (!wire_get_line(&r, &m->grants[i].grant, LIMIT_GRANT_MAX))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_options, LIMIT_OPTIONS_MAX))
		return r.error;
	for (i = 0; i < m->n_options; i++) {
		if (!wire_get_text(&r, &m->options[i].option,
			LIMIT_OPTION_MAX))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_items, LIMIT_ITEMS_MAX))
		return r.error;
	for (i = 0; i < m->n_items; i++) {
		if (!wire_get_enum(&r, &m->items[i].item, ENUM_ITEM) ||
		    !wire_get_line(&r, &m->items[i].value, LIMIT_ITEM_MAX))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_environment, LIMIT_ENV_MAX))
		return r.error;
	for (i = 0; i < m->n_environment; i++) {
		if (!wire_get_line(&r, &m->environment[i].name,
			LIMIT_ENV_NAME_MAX) ||
		    !wire_get_text(&r, &m->environment[i].value,
			LIMIT_ENV_VALUE_MAX))
			return r.error;
	}
	if (!wire_get_bool(&r, &m->has_data) ||
	    (m->has_data &&
		!wire_get_bytes(&r, &m->data, LIMIT_DATA_MAX)) ||
	    !wire_get_bool(&r, &m->has_user_files) ||
	    (m->has_user_files &&
		!wire_get_line(&r, &m->user_files, LIMIT_PATH_MAX)))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_hook_encode(struct wire_writer *w, const struct message_hook *m)
{
	size_t i, start = wire_begin(w, MESSAGE_HOOK);

	wire_put_version(w, m->version);
	wire_put_fixed(w, m->fingerprint, 8);
	wire_put_enum(w, m->hook, ENUM_HOOK);
	wire_put_u32(w, m->flags);
	wire_put_u32(w, m->budget_ms);
	wire_put_u32(w, m->pid);
	wire_put_u32(w, m->uid);
	wire_put_u32(w, m->euid);
	wire_put_bool(w, m->has_started);
	if (m->has_started)
		wire_put_i64(w, m->started);
	wire_put_bool(w, m->has_parent_pid);
	if (m->has_parent_pid)
		wire_put_u32(w, m->parent_pid);
	wire_put_bool(w, m->has_parent_started);
	if (m->has_parent_started)
		wire_put_i64(w, m->parent_started);
	wire_put_line(w, m->module, LIMIT_MODULE_MAX);
	wire_put_bool(w, m->has_instance);
	if (m->has_instance)
		wire_put_line(w, m->instance, LIMIT_MODULE_MAX);
	if (wire_put_count(w, m->n_grants, LIMIT_GRANTS_MAX)) {
		for (i = 0; i < m->n_grants; i++) {
			wire_put_line(w, m->grants[i].grant, LIMIT_GRANT_MAX);
		}
	}
	if (wire_put_count(w, m->n_options, LIMIT_OPTIONS_MAX)) {
		for (i = 0; i < m->n_options; i++) {
			wire_put_text(w, m->options[i].option,
			    LIMIT_OPTION_MAX);
		}
	}
	if (wire_put_count(w, m->n_items, LIMIT_ITEMS_MAX)) {
		for (i = 0; i < m->n_items; i++) {
			wire_put_enum(w, m->items[i].item, ENUM_ITEM);
			wire_put_line(w, m->items[i].value, LIMIT_ITEM_MAX);
		}
	}
	if (wire_put_count(w, m->n_environment, LIMIT_ENV_MAX)) {
		for (i = 0; i < m->n_environment; i++) {
			wire_put_line(w, m->environment[i].name,
			    LIMIT_ENV_NAME_MAX);
			wire_put_text(w, m->environment[i].value,
			    LIMIT_ENV_VALUE_MAX);
		}
	}
	wire_put_bool(w, m->has_data);
	if (m->has_data)
		wire_put_bytes(w, m->data, LIMIT_DATA_MAX);
	wire_put_bool(w, m->has_user_files);
	if (m->has_user_files)
		wire_put_line(w, m->user_files, LIMIT_PATH_MAX);
	return wire_end(w, start);
}

enum wire_error
message_answers_decode(struct message_answers *m, const uint8_t *body,
    size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_count(&r, &m->n_answers, LIMIT_MESSAGES_MAX))
		return r.error;
	for (i = 0; i < m->n_answers; i++) {
		if (!wire_get_bool(&r, &m->answers[i].has_answer) ||
		    (m->answers[i].has_answer &&
			!wire_get_bytes(&r, &m->answers[i].answer,
			    LIMIT_TOKEN_MAX)))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_answers_encode(struct wire_writer *w, const struct message_answers *m)
{
	size_t i, start = wire_begin(w, MESSAGE_ANSWERS);

	if (wire_put_count(w, m->n_answers, LIMIT_MESSAGES_MAX)) {
		for (i = 0; i < m->n_answers; i++) {
			wire_put_bool(w, m->answers[i].has_answer);
			if (m->answers[i].has_answer)
				wire_put_bytes(w, m->answers[i].answer,
				    LIMIT_TOKEN_MAX);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_token_decode(struct message_token *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_bytes(&r, &m->value, LIMIT_TOKEN_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_token_encode(struct wire_writer *w, const struct message_token *m)
{
	size_t start = wire_begin(w, MESSAGE_TOKEN);

	wire_put_bytes(w, m->value, LIMIT_TOKEN_MAX);
	return wire_end(w, start);
}

enum wire_error
message_passwd_decode(struct message_passwd *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_line(&r, &m->name, LIMIT_NAME_MAX) ||
	    !wire_get_u32(&r, &m->uid) ||
	    !wire_get_u32(&r, &m->gid) ||
	    !wire_get_text(&r, &m->home, LIMIT_PATH_MAX) ||
	    !wire_get_text(&r, &m->shell, LIMIT_PATH_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_passwd_encode(struct wire_writer *w, const struct message_passwd *m)
{
	size_t start = wire_begin(w, MESSAGE_PASSWD);

	wire_put_line(w, m->name, LIMIT_NAME_MAX);
	wire_put_u32(w, m->uid);
	wire_put_u32(w, m->gid);
	wire_put_text(w, m->home, LIMIT_PATH_MAX);
	wire_put_text(w, m->shell, LIMIT_PATH_MAX);
	return wire_end(w, start);
}

enum wire_error
message_groups_decode(struct message_groups *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_count(&r, &m->n_groups, LIMIT_GROUPS_MAX))
		return r.error;
	for (i = 0; i < m->n_groups; i++) {
		if (!wire_get_u32(&r, &m->groups[i].gid) ||
		    !wire_get_bool(&r, &m->groups[i].has_name) ||
		    (m->groups[i].has_name &&
			!wire_get_line(&r, &m->groups[i].name,
			    LIMIT_NAME_MAX)))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_groups_encode(struct wire_writer *w, const struct message_groups *m)
{
	size_t i, start = wire_begin(w, MESSAGE_GROUPS);

	if (wire_put_count(w, m->n_groups, LIMIT_GROUPS_MAX)) {
		for (i = 0; i < m->n_groups; i++) {
			wire_put_u32(w, m->groups[i].gid);
			wire_put_bool(w, m->groups[i].has_name);
			if (m->groups[i].has_name)
				wire_put_line(w, m->groups[i].name,
				    LIMIT_NAME_MAX);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_ageing_decode(struct message_ageing *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_i64(&r, &m->last_change) ||
	    !wire_get_i64(&r, &m->min) ||
	    !wire_get_i64(&r, &m->max) ||
	    !wire_get_i64(&r, &m->warn) ||
	    !wire_get_i64(&r, &m->inactive) ||
	    !wire_get_i64(&r, &m->expire) ||
	    !wire_get_bool(&r, &m->locked) ||
	    !wire_get_bool(&r, &m->empty))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_ageing_encode(struct wire_writer *w, const struct message_ageing *m)
{
	size_t start = wire_begin(w, MESSAGE_AGEING);

	wire_put_i64(w, m->last_change);
	wire_put_i64(w, m->min);
	wire_put_i64(w, m->max);
	wire_put_i64(w, m->warn);
	wire_put_i64(w, m->inactive);
	wire_put_i64(w, m->expire);
	wire_put_bool(w, m->locked);
	wire_put_bool(w, m->empty);
	return wire_end(w, start);
}

enum wire_error
message_absent_decode(struct message_absent *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	return wire_get_end(&r);
}

enum wire_error
message_absent_encode(struct wire_writer *w, const struct message_absent *m)
{
	size_t start = wire_begin(w, MESSAGE_ABSENT);

	(void)m;
	return wire_end(w, start);
}

enum wire_error
message_failed_decode(struct message_failed *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->code, ENUM_CODE))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_failed_encode(struct wire_writer *w, const struct message_failed *m)
{
	size_t start = wire_begin(w, MESSAGE_FAILED);

	wire_put_enum(w, m->code, ENUM_CODE);
	return wire_end(w, start);
}

enum wire_error
message_member_decode(struct message_member *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_bool(&r, &m->member))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_member_encode(struct wire_writer *w, const struct message_member *m)
{
	size_t start = wire_begin(w, MESSAGE_MEMBER);

	wire_put_bool(w, m->member);
	return wire_end(w, start);
}

enum wire_error
message_processes_decode(struct message_processes *m, const uint8_t *body,
    size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_count(&r, &m->n_processes, LIMIT_PROCESSES_MAX))
		return r.error;
	for (i = 0; i < m->n_processes; i++) {
		if (!wire_get_bool(&r, &m->processes[i].running))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_processes_encode(struct wire_writer *w,
    const struct message_processes *m)
{
	size_t i, start = wire_begin(w, MESSAGE_PROCESSES);

	if (wire_put_count(w, m->n_processes, LIMIT_PROCESSES_MAX)) {
		for (i = 0; i < m->n_processes; i++) {
			wire_put_bool(w, m->processes[i].running);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_converse_decode(struct message_converse *m, const uint8_t *body,
    size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_count(&r, &m->n_messages, LIMIT_MESSAGES_MAX))
		return r.error;
	for (i = 0; i < m->n_messages; i++) {
		if (!wire_get_enum(&r, &m->messages[i].style, ENUM_STYLE) ||
		    !wire_get_text(&r, &m->messages[i].text, LIMIT_TEXT_MAX))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_converse_encode(struct wire_writer *w, const struct message_converse *m)
{
	size_t i, start = wire_begin(w, MESSAGE_CONVERSE);

	if (wire_put_count(w, m->n_messages, LIMIT_MESSAGES_MAX)) {
		for (i = 0; i < m->n_messages; i++) {
			wire_put_enum(w, m->messages[i].style, ENUM_STYLE);
			wire_put_text(w, m->messages[i].text, LIMIT_TEXT_MAX);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_get_token_decode(struct message_get_token *m, const uint8_t *body,
    size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->token, ENUM_TOKEN) ||
	    !wire_get_bool(&r, &m->has_prompt) ||
	    (m->has_prompt &&
		!wire_get_text(&r, &m->prompt, LIMIT_TEXT_MAX)))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_get_token_encode(struct wire_writer *w,
    const struct message_get_token *m)
{
	size_t start = wire_begin(w, MESSAGE_GET_TOKEN);

	wire_put_enum(w, m->token, ENUM_TOKEN);
	wire_put_bool(w, m->has_prompt);
	if (m->has_prompt)
		wire_put_text(w, m->prompt, LIMIT_TEXT_MAX);
	return wire_end(w, start);
}

enum wire_error
message_lookup_passwd_decode(struct message_lookup_passwd *m,
    const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	return wire_get_end(&r);
}

enum wire_error
message_lookup_passwd_encode(struct wire_writer *w,
    const struct message_lookup_passwd *m)
{
	size_t start = wire_begin(w, MESSAGE_LOOKUP_PASSWD);

	(void)m;
	return wire_end(w, start);
}

enum wire_error
message_lookup_groups_decode(struct message_lookup_groups *m,
    const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	return wire_get_end(&r);
}

enum wire_error
message_lookup_groups_encode(struct wire_writer *w,
    const struct message_lookup_groups *m)
{
	size_t start = wire_begin(w, MESSAGE_LOOKUP_GROUPS);

	(void)m;
	return wire_end(w, start);
}

enum wire_error
message_lookup_ageing_decode(struct message_lookup_ageing *m,
    const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	return wire_get_end(&r);
}

enum wire_error
message_lookup_ageing_encode(struct wire_writer *w,
    const struct message_lookup_ageing *m)
{
	size_t start = wire_begin(w, MESSAGE_LOOKUP_AGEING);

	(void)m;
	return wire_end(w, start);
}

enum wire_error
message_text_decode(struct message_text *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->style, ENUM_STYLE) ||
	    !wire_get_text(&r, &m->text, LIMIT_TEXT_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_text_encode(struct wire_writer *w, const struct message_text *m)
{
	size_t start = wire_begin(w, MESSAGE_TEXT);

	wire_put_enum(w, m->style, ENUM_STYLE);
	wire_put_text(w, m->text, LIMIT_TEXT_MAX);
	return wire_end(w, start);
}

enum wire_error
message_log_decode(struct message_log *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->level, ENUM_LEVEL) ||
	    !wire_get_line(&r, &m->text, LIMIT_LOG_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_log_encode(struct wire_writer *w, const struct message_log *m)
{
	size_t start = wire_begin(w, MESSAGE_LOG);

	wire_put_enum(w, m->level, ENUM_LEVEL);
	wire_put_line(w, m->text, LIMIT_LOG_MAX);
	return wire_end(w, start);
}

enum wire_error
message_result_decode(struct message_result *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->code, ENUM_CODE) ||
	    !wire_get_bool(&r, &m->has_message) ||
	    (m->has_message &&
		!wire_get_text(&r, &m->message, LIMIT_TEXT_MAX)) ||
	    !wire_get_enum(&r, &m->data_action, ENUM_DATA_ACTION) ||
	    !wire_get_bytes(&r, &m->data, LIMIT_DATA_MAX) ||
	    !wire_get_u32(&r, &m->fail_delay_us) ||
	    !wire_get_count(&r, &m->n_items, LIMIT_ITEMS_MAX))
		return r.error;
	for (i = 0; i < m->n_items; i++) {
		if (!wire_get_enum(&r, &m->items[i].item, ENUM_ITEM) ||
		    !wire_get_line(&r, &m->items[i].value, LIMIT_ITEM_MAX))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_environment, LIMIT_ENV_MAX))
		return r.error;
	for (i = 0; i < m->n_environment; i++) {
		if (!wire_get_line(&r, &m->environment[i].name,
			LIMIT_ENV_NAME_MAX) ||
		    !wire_get_bool(&r, &m->environment[i].has_value) ||
		    (m->environment[i].has_value &&
			!wire_get_text(&r, &m->environment[i].value,
			    LIMIT_ENV_VALUE_MAX)))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_tokens, LIMIT_TOKENS_MAX))
		return r.error;
	for (i = 0; i < m->n_tokens; i++) {
		if (!wire_get_enum(&r, &m->tokens[i].token, ENUM_TOKEN) ||
		    !wire_get_bytes(&r, &m->tokens[i].value,
			LIMIT_TOKEN_MAX))
			return r.error;
	}
	if (!wire_get_count(&r, &m->n_user_files, LIMIT_USER_FILES_MAX))
		return r.error;
	for (i = 0; i < m->n_user_files; i++) {
		if (!wire_get_line(&r, &m->user_files[i].name,
			LIMIT_USER_FILE_NAME_MAX) ||
		    !wire_get_bool(&r, &m->user_files[i].has_content) ||
		    (m->user_files[i].has_content &&
			!wire_get_bytes(&r, &m->user_files[i].content,
			    LIMIT_USER_FILE_MAX)))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_result_encode(struct wire_writer *w, const struct message_result *m)
{
	size_t i, start = wire_begin(w, MESSAGE_RESULT);

	wire_put_enum(w, m->code, ENUM_CODE);
	wire_put_bool(w, m->has_message);
	if (m->has_message)
		wire_put_text(w, m->message, LIMIT_TEXT_MAX);
	wire_put_enum(w, m->data_action, ENUM_DATA_ACTION);
	wire_put_bytes(w, m->data, LIMIT_DATA_MAX);
	wire_put_u32(w, m->fail_delay_us);
	if (wire_put_count(w, m->n_items, LIMIT_ITEMS_MAX)) {
		for (i = 0; i < m->n_items; i++) {
			wire_put_enum(w, m->items[i].item, ENUM_ITEM);
			wire_put_line(w, m->items[i].value, LIMIT_ITEM_MAX);
		}
	}
	if (wire_put_count(w, m->n_environment, LIMIT_ENV_MAX)) {
		for (i = 0; i < m->n_environment; i++) {
			wire_put_line(w, m->environment[i].name,
			    LIMIT_ENV_NAME_MAX);
			wire_put_bool(w, m->environment[i].has_value);
			if (m->environment[i].has_value)
				wire_put_text(w, m->environment[i].value,
				    LIMIT_ENV_VALUE_MAX);
		}
	}
	if (wire_put_count(w, m->n_tokens, LIMIT_TOKENS_MAX)) {
		for (i = 0; i < m->n_tokens; i++) {
			wire_put_enum(w, m->tokens[i].token, ENUM_TOKEN);
			wire_put_bytes(w, m->tokens[i].value, LIMIT_TOKEN_MAX);
		}
	}
	if (wire_put_count(w, m->n_user_files, LIMIT_USER_FILES_MAX)) {
		for (i = 0; i < m->n_user_files; i++) {
			wire_put_line(w, m->user_files[i].name,
			    LIMIT_USER_FILE_NAME_MAX);
			wire_put_bool(w, m->user_files[i].has_content);
			if (m->user_files[i].has_content)
				wire_put_bytes(w, m->user_files[i].content,
				    LIMIT_USER_FILE_MAX);
		}
	}
	return wire_end(w, start);
}

enum wire_error
message_fault_decode(struct message_fault *m, const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_enum(&r, &m->fault, ENUM_FAULT) ||
	    !wire_get_line(&r, &m->message, LIMIT_FAULT_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_fault_encode(struct wire_writer *w, const struct message_fault *m)
{
	size_t start = wire_begin(w, MESSAGE_FAULT);

	wire_put_enum(w, m->fault, ENUM_FAULT);
	wire_put_line(w, m->message, LIMIT_FAULT_MAX);
	return wire_end(w, start);
}

enum wire_error
message_lookup_netgroup_decode(struct message_lookup_netgroup *m,
    const uint8_t *body, size_t len)
{
	struct wire_reader r;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_line(&r, &m->netgroup, LIMIT_NAME_MAX))
		return r.error;
	return wire_get_end(&r);
}

enum wire_error
message_lookup_netgroup_encode(struct wire_writer *w,
    const struct message_lookup_netgroup *m)
{
	size_t start = wire_begin(w, MESSAGE_LOOKUP_NETGROUP);

	wire_put_line(w, m->netgroup, LIMIT_NAME_MAX);
	return wire_end(w, start);
}

enum wire_error
message_lookup_processes_decode(struct message_lookup_processes *m,
    const uint8_t *body, size_t len)
{
	struct wire_reader r;
	size_t i;

	memset(m, 0, sizeof(*m));
	wire_reader_init(&r, body, len);
	if (!wire_get_count(&r, &m->n_processes, LIMIT_PROCESSES_MAX))
		return r.error;
	for (i = 0; i < m->n_processes; i++) {
		if (!wire_get_u32(&r, &m->processes[i].pid) ||
		    !wire_get_i64(&r, &m->processes[i].started))
			return r.error;
	}
	return wire_get_end(&r);
}

enum wire_error
message_lookup_processes_encode(struct wire_writer *w,
    const struct message_lookup_processes *m)
{
	size_t i, start = wire_begin(w, MESSAGE_LOOKUP_PROCESSES);

	if (wire_put_count(w, m->n_processes, LIMIT_PROCESSES_MAX)) {
		for (i = 0; i < m->n_processes; i++) {
			wire_put_u32(w, m->processes[i].pid);
			wire_put_i64(w, m->processes[i].started);
		}
	}
	return wire_end(w, start);
}
