/* SPDX-License-Identifier: MIT */

/* Lines of a hook in the system log, through pam_syslog(3) only. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

#include <security/pam_modules.h>

#include "tokens_gen.h"

/* Where the pages are; the worker makes the same links for its own codes. */
#define LOG_PAGES	"https://jsr.io/@pam-deno/sdk/"

/*
 * What stands behind a line about a failure, " [code] link"; the code is a
 * word of sdk/error_codes.ts.
 */
#define LOG_SEE(code)							\
	" [" code "] " LOG_PAGES PAM_DENO_VERSION "/docs/errors/" code ".md"

/* A line, longer than any that the shim or LIMIT_LOG_MAX can ask for. */
#define LOG_LINE_MAX 1280

struct log {
	pam_handle_t	*pamh;
	enum hook	 hook;
	const char	*module;	/* NULL until the pam.d line is read */
	bool		 debug;		/* debug=yes */
};

/* "HOOK MODULE: …" with control characters taken out. */
void	log_line(const struct log *, int priority, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* "HOOK MODULE says: …": what a module writes can not pass for the shim's. */
void	log_module(const struct log *, int priority, const char *, size_t);

/* The same as log_line() at LOG_DEBUG, and only under debug=yes. */
void	log_debug(const struct log *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

#endif /* LOG_H */
