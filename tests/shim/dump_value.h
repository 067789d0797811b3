/* SPDX-License-Identifier: MIT */

/* Shows one field of a message in the notation of the vectors. */

#ifndef DUMP_VALUE_H
#define DUMP_VALUE_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/tokens_gen.h"
#include "../../shim/wire.h"

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

#endif /* DUMP_VALUE_H */
