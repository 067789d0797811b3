/* SPDX-License-Identifier: MIT */

/* Why a hook failed: its class, and the sentence that the log will show. */
#ifndef REASON_H
#define REASON_H

#include <stdbool.h>

#include "tokens_gen.h"

/* Longer sentences are cut; the longest has two paths in it. */
#define REASON_MAX 640

struct reason {
	enum failure	class;
	char		text[REASON_MAX];
};

/*
 * Notes why. Always returns false, so that a step can end with
 * "return reason_set(…)". Foreign text goes through %s or %.*s only; control
 * characters are taken out when the sentence is logged.
 */
bool	reason_set(struct reason *, enum failure, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* Whether the errno says that the application has run out of something. */
bool	reason_is_starved(int error);

/*
 * The name of an errno in the C locale, "ENOENT"; strerror(3) would depend on
 * the application's locale and is not safe beside its threads.
 */
const char *reason_errno(int error);

#endif /* REASON_H */
