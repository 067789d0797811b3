/* SPDX-License-Identifier: MIT */

/*
 * Shows the fields of a message in the notation of the vectors, one line
 * each. Written by hand, field by field: a second opinion on what the
 * generator made of the definition.
 */

#ifndef DUMP_H
#define DUMP_H

#include "any_message.h"
#include "dump_value.h"

/* A field outside of lists that may be absent. */
#define DUMP_OPTIONAL(KIND, m, name) do { \
	if ((m)->has_##name) \
		DUMP_##KIND(NULL, 0, #name, (m)->name); \
	else \
		DUMP_ABSENT(NULL, 0, #name); \
} while (0)

static inline void
dump_hook(struct dump *d, const struct message_hook *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "version", m->version);
	dump_name(d, NULL, 0, "fingerprint");
	dump_octets(d, m->fingerprint, sizeof(m->fingerprint));
	DUMP_ENUM(NULL, 0, "hook", "hook", m->hook);
	DUMP_INT(NULL, 0, "flags", m->flags);
	DUMP_INT(NULL, 0, "budget_ms", m->budget_ms);
	DUMP_INT(NULL, 0, "pid", m->pid);
	DUMP_INT(NULL, 0, "uid", m->uid);
	DUMP_INT(NULL, 0, "euid", m->euid);
	DUMP_OPTIONAL(INT, m, started);
	DUMP_OPTIONAL(INT, m, parent_pid);
	DUMP_OPTIONAL(INT, m, parent_started);
	DUMP_STR(NULL, 0, "module", m->module);
	DUMP_OPTIONAL(STR, m, instance);
	DUMP_INT(NULL, 0, "grants", m->n_grants);
	for (i = 0; i < m->n_grants; i++)
		DUMP_STR("grants", i, "grant", m->grants[i].grant);
	DUMP_INT(NULL, 0, "options", m->n_options);
	for (i = 0; i < m->n_options; i++)
		DUMP_STR("options", i, "option", m->options[i].option);
	DUMP_INT(NULL, 0, "items", m->n_items);
	for (i = 0; i < m->n_items; i++) {
		DUMP_ENUM("items", i, "item", "item", m->items[i].item);
		DUMP_STR("items", i, "value", m->items[i].value);
	}
	DUMP_INT(NULL, 0, "environment", m->n_environment);
	for (i = 0; i < m->n_environment; i++) {
		DUMP_STR("environment", i, "name", m->environment[i].name);
		DUMP_STR("environment", i, "value", m->environment[i].value);
	}
	DUMP_OPTIONAL(OCTETS, m, data);
	DUMP_OPTIONAL(STR, m, user_files);
}

static inline void
dump_answers(struct dump *d, const struct message_answers *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "answers", m->n_answers);
	for (i = 0; i < m->n_answers; i++) {
		if (m->answers[i].has_answer)
			DUMP_OCTETS("answers", i, "answer",
			    m->answers[i].answer);
		else
			DUMP_ABSENT("answers", i, "answer");
	}
}

static inline void
dump_token(struct dump *d, const struct message_token *m)
{
	DUMP_OCTETS(NULL, 0, "value", m->value);
}

static inline void
dump_passwd(struct dump *d, const struct message_passwd *m)
{
	DUMP_STR(NULL, 0, "name", m->name);
	DUMP_INT(NULL, 0, "uid", m->uid);
	DUMP_INT(NULL, 0, "gid", m->gid);
	DUMP_STR(NULL, 0, "home", m->home);
	DUMP_STR(NULL, 0, "shell", m->shell);
}

static inline void
dump_groups(struct dump *d, const struct message_groups *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "groups", m->n_groups);
	for (i = 0; i < m->n_groups; i++) {
		DUMP_INT("groups", i, "gid", m->groups[i].gid);
		if (m->groups[i].has_name)
			DUMP_STR("groups", i, "name", m->groups[i].name);
		else
			DUMP_ABSENT("groups", i, "name");
	}
}

static inline void
dump_ageing(struct dump *d, const struct message_ageing *m)
{
	DUMP_INT(NULL, 0, "last_change", m->last_change);
	DUMP_INT(NULL, 0, "min", m->min);
	DUMP_INT(NULL, 0, "max", m->max);
	DUMP_INT(NULL, 0, "warn", m->warn);
	DUMP_INT(NULL, 0, "inactive", m->inactive);
	DUMP_INT(NULL, 0, "expire", m->expire);
	DUMP_BOOL(NULL, 0, "locked", m->locked);
	DUMP_BOOL(NULL, 0, "empty", m->empty);
}

static inline void
dump_absent(struct dump *d, const struct message_absent *m)
{
	(void)d;
	(void)m;
}

static inline void
dump_failed(struct dump *d, const struct message_failed *m)
{
	DUMP_ENUM(NULL, 0, "code", "code", m->code);
}

static inline void
dump_member(struct dump *d, const struct message_member *m)
{
	DUMP_BOOL(NULL, 0, "member", m->member);
}

static inline void
dump_processes(struct dump *d, const struct message_processes *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "processes", m->n_processes);
	for (i = 0; i < m->n_processes; i++)
		DUMP_BOOL("processes", i, "running", m->processes[i].running);
}

static inline void
dump_converse(struct dump *d, const struct message_converse *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "messages", m->n_messages);
	for (i = 0; i < m->n_messages; i++) {
		DUMP_ENUM("messages", i, "style", "style",
		    m->messages[i].style);
		DUMP_STR("messages", i, "text", m->messages[i].text);
	}
}

static inline void
dump_get_token(struct dump *d, const struct message_get_token *m)
{
	DUMP_ENUM(NULL, 0, "token", "token", m->token);
	DUMP_OPTIONAL(STR, m, prompt);
}

static inline void
dump_lookup_passwd(struct dump *d, const struct message_lookup_passwd *m)
{
	(void)d;
	(void)m;
}

static inline void
dump_lookup_groups(struct dump *d, const struct message_lookup_groups *m)
{
	(void)d;
	(void)m;
}

static inline void
dump_lookup_ageing(struct dump *d, const struct message_lookup_ageing *m)
{
	(void)d;
	(void)m;
}

static inline void
dump_lookup_netgroup(struct dump *d, const struct message_lookup_netgroup *m)
{
	DUMP_STR(NULL, 0, "netgroup", m->netgroup);
}

static inline void
dump_lookup_processes(struct dump *d, const struct message_lookup_processes *m)
{
	size_t i;

	DUMP_INT(NULL, 0, "processes", m->n_processes);
	for (i = 0; i < m->n_processes; i++) {
		DUMP_INT("processes", i, "pid", m->processes[i].pid);
		DUMP_INT("processes", i, "started", m->processes[i].started);
	}
}

static inline void
dump_text(struct dump *d, const struct message_text *m)
{
	DUMP_ENUM(NULL, 0, "style", "style", m->style);
	DUMP_STR(NULL, 0, "text", m->text);
}

static inline void
dump_log(struct dump *d, const struct message_log *m)
{
	DUMP_ENUM(NULL, 0, "level", "level", m->level);
	DUMP_STR(NULL, 0, "text", m->text);
}

static inline void
dump_result(struct dump *d, const struct message_result *m)
{
	size_t i;

	DUMP_ENUM(NULL, 0, "code", "code", m->code);
	DUMP_OPTIONAL(STR, m, message);
	DUMP_ENUM(NULL, 0, "data_action", "action", m->data_action);
	DUMP_OCTETS(NULL, 0, "data", m->data);
	DUMP_INT(NULL, 0, "fail_delay_us", m->fail_delay_us);
	DUMP_INT(NULL, 0, "items", m->n_items);
	for (i = 0; i < m->n_items; i++) {
		DUMP_ENUM("items", i, "item", "item", m->items[i].item);
		DUMP_STR("items", i, "value", m->items[i].value);
	}
	DUMP_INT(NULL, 0, "environment", m->n_environment);
	for (i = 0; i < m->n_environment; i++) {
		DUMP_STR("environment", i, "name", m->environment[i].name);
		if (m->environment[i].has_value)
			DUMP_STR("environment", i, "value",
			    m->environment[i].value);
		else
			DUMP_ABSENT("environment", i, "value");
	}
	DUMP_INT(NULL, 0, "tokens", m->n_tokens);
	for (i = 0; i < m->n_tokens; i++) {
		DUMP_ENUM("tokens", i, "token", "token", m->tokens[i].token);
		DUMP_OCTETS("tokens", i, "value", m->tokens[i].value);
	}
	DUMP_INT(NULL, 0, "user_files", m->n_user_files);
	for (i = 0; i < m->n_user_files; i++) {
		DUMP_STR("user_files", i, "name", m->user_files[i].name);
		if (m->user_files[i].has_content)
			DUMP_OCTETS("user_files", i, "content",
			    m->user_files[i].content);
		else
			DUMP_ABSENT("user_files", i, "content");
	}
}

static inline void
dump_fault(struct dump *d, const struct message_fault *m)
{
	DUMP_ENUM(NULL, 0, "fault", "fault", m->fault);
	DUMP_STR(NULL, 0, "message", m->message);
}

#define DUMP_MESSAGE(name, TAG) \
	case MESSAGE_##TAG: \
		dump_##name(d, &m->name); \
		break;

static inline void
dump_message(struct dump *d, uint8_t tag, const union any_message *m)
{
	d->len = 0;
	d->p[0] = '\0';
	switch (tag) {
		MESSAGES(DUMP_MESSAGE)
	}
}

#endif /* DUMP_H */
