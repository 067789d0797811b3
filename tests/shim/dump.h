/* SPDX-License-Identifier: MIT */

/*
 * Shows the fields of a message in the notation of the vectors, one line
 * each. Written by hand, field by field: a second opinion on what the
 * generator made of the definition.
 */

#ifndef DUMP_H
#define DUMP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "any_message.h"

/* From here on, octets that repeat are written as 61*4096. */
#define DUMP_RUN_MIN 17

struct dump {
	char *p;
	size_t len, cap;
};

static inline void dump_put(struct dump *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static inline void
dump_put(struct dump *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(d->p + d->len, d->cap - d->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= d->cap - d->len) {
		fprintf(stderr, "dump: the buffer is too small\n");
		abort();
	}
	d->len += (size_t)n;
}

/* The name of a field; list is NULL outside of a list. */
static inline void
dump_name(struct dump *d, const char *list, size_t i, const char *name)
{
	if (list == NULL)
		dump_put(d, "field.%s: ", name);
	else
		dump_put(d, "field.%s[%zu].%s: ", list, i, name);
}

static inline size_t
dump_run(const uint8_t *p, size_t len)
{
	size_t n = 1;

	while (n < len && p[n] == p[0])
		n++;
	return n;
}

static inline void
dump_octets(struct dump *d, const uint8_t *p, size_t len)
{
	size_t i, n;

	dump_put(d, "[");
	for (i = 0; i < len; i += n) {
		n = dump_run(p + i, len - i);
		dump_put(d, "%s%02x", i == 0 ? "" : " ", p[i]);
		if (n >= DUMP_RUN_MIN)
			dump_put(d, "*%zu", n);
		else
			n = 1;
	}
	dump_put(d, "]\n");
}

static inline void
dump_str(struct dump *d, struct wire_str v)
{
	const uint8_t *p = (const uint8_t *)v.s;
	size_t i, len = v.len;
	int run = len >= DUMP_RUN_MIN && dump_run(p, len) == len;

	dump_put(d, "\"");
	for (i = 0; i < (run ? 1 : len); i++) {
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\')
			dump_put(d, "\\x%02x", p[i]);
		else
			dump_put(d, "%c", p[i]);
	}
	dump_put(d, "\"");
	if (run)
		dump_put(d, "*%zu", len);
	dump_put(d, "\n");
}

static inline const char *
dump_token_of(const char *of, uint8_t v)
{
	static const char *const tokens[] = {
		[6] = "authtok",
		[7] = "oldauthtok",
	};
	static const char *const styles[] = {
		[1] = "prompt_echo_off",
		[2] = "prompt_echo_on",
		[3] = "error_msg",
		[4] = "text_info",
	};
	static const char *const actions[] = {
		[0] = "keep",
		[1] = "set",
		[2] = "delete",
	};
	static const char *const faults[] = {
		[1] = "busy",
		[2] = "no_common_version",
		[3] = "threw",
		[4] = "protocol",
		[5] = "misconfigured",
	};
	static const char *const levels[] = {
		[3] = "error",
		[4] = "warning",
		[6] = "info",
		[7] = "debug",
	};

	if (strcmp(of, "hook") == 0)
		return hook_word((enum hook)v);
	if (strcmp(of, "code") == 0)
		return code_token(v);
	if (strcmp(of, "item") == 0)
		return item_word(v);
	if (strcmp(of, "token") == 0)
		return tokens[v];
	if (strcmp(of, "style") == 0)
		return styles[v];
	if (strcmp(of, "action") == 0)
		return actions[v];
	if (strcmp(of, "fault") == 0)
		return faults[v];
	return levels[v];
}

/* One line each; list is NULL outside of a list. */
#define DUMP_INT(list, i, name, v) \
	(dump_name(d, list, i, name), \
	    dump_put(d, "%" PRId64 "\n", (int64_t)(v)))
#define DUMP_BOOL(list, i, name, v) \
	(dump_name(d, list, i, name), dump_put(d, (v) ? "true\n" : "false\n"))
#define DUMP_ENUM(list, i, name, of, v) \
	(dump_name(d, list, i, name), dump_put(d, "%s\n", dump_token_of(of, v)))
#define DUMP_STR(list, i, name, v) (dump_name(d, list, i, name), dump_str(d, v))
#define DUMP_OCTETS(list, i, name, v) \
	(dump_name(d, list, i, name), dump_octets(d, (v).p, (v).len))
#define DUMP_ABSENT(list, i, name) \
	(dump_name(d, list, i, name), dump_put(d, "absent\n"))

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
	DUMP_STR(NULL, 0, "module", m->module);
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
	if (m->has_data)
		DUMP_OCTETS(NULL, 0, "data", m->data);
	else
		DUMP_ABSENT(NULL, 0, "data");
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
	if (m->has_prompt)
		DUMP_STR(NULL, 0, "prompt", m->prompt);
	else
		DUMP_ABSENT(NULL, 0, "prompt");
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
	if (m->has_message)
		DUMP_STR(NULL, 0, "message", m->message);
	else
		DUMP_ABSENT(NULL, 0, "message");
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
