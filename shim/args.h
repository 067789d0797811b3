/* SPDX-License-Identifier: MIT */

/*
 * The pam.d line: TYPE CONTROL pam_deno.so [shim options] MODULE [module
 * options]. Shim options hold a '='; the first word without one names the
 * module; what stands behind it is the module's. Words that libpam reads out
 * of the same arguments (use_first_pass …) are neither, wherever they stand.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grants.h"
#include "log.h"
#include "reason.h"

#define ARGS_TIMEOUT_MS		5000		/* timeout= */
#define ARGS_PROMPT_TIMEOUT_MS	120000		/* prompt_timeout= */
#define ARGS_DURATION_MAX_MS	600000		/* of either */
#define ARGS_RUNTIME_DIR	"/run/pam-deno"
#define ARGS_CONFIG_DIR		"/etc/pam-deno"

struct shim_args {
	uint32_t	 timeout_ms;
	uint32_t	 prompt_timeout_ms;
	bool		 debug;
	bool		 ignore_unreachable;
	const char	*runtime_dir;
	const char	*config_dir;
	const char	*module;
	const char	*instance;	/* NULL: none */
	struct grants	 grants;
	const char	*options[LIMIT_OPTIONS_MAX];
	size_t		 n_options;
};

/*
 * Reads the line. What it keeps points into argv. Unknown options and grants
 * are logged and left out; all else that is wrong is FAILURE_MISCONFIGURED.
 * Fills in the module and the debug switch of the log as soon as it knows them.
 */
bool	args_parse(struct shim_args *, enum hook, int argc, const char **argv,
	    struct log *, struct reason *);

/* [a-z0-9][a-z0-9_-]{0,63} */
bool	args_is_name(const char *);

#endif /* ARGS_H */
