/* SPDX-License-Identifier: MIT */

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <security/pam_ext.h>

#include "text.h"

static void	log_format(const struct log *, int, const char *, va_list)
		    __attribute__((format(printf, 3, 0)));

static void
log_write(const struct log *log, int priority, const char *says,
    const char *text, size_t len)
{
	char line[LOG_LINE_MAX];

	(void)text_for_log(line, sizeof(line), text, len);
	pam_syslog(log->pamh, priority, "%s %s%s: %s", hook_word(log->hook),
	    log->module != NULL ? log->module : "(no module)", says, line);
}

static void
log_format(const struct log *log, int priority, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	log_write(log, priority, "", text, strlen(text));
}

void
log_module(const struct log *log, int priority, const char *text, size_t len)
{
	log_write(log, priority, " says", text, len);
}

void
log_line(const struct log *log, int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_format(log, priority, fmt, ap);
	va_end(ap);
}

void
log_debug(const struct log *log, const char *fmt, ...)
{
	va_list ap;

	if (!log->debug)
		return;
	va_start(ap, fmt);
	log_format(log, LOG_DEBUG, fmt, ap);
	va_end(ap);
}
