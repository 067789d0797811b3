/* SPDX-License-Identifier: MIT */

/* What the pam.d line lets the module do to the login. */
#ifndef GRANTS_H
#define GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"
#include "tokens_gen.h"
#include "wire.h"

enum grant {
	GRANT_PROMPT = 1 << 0,
	GRANT_AUTHTOK = 1 << 1,
	GRANT_SET_AUTHTOK = 1 << 2,
	GRANT_GET_ENV = 1 << 3,
	GRANT_SHADOW = 1 << 4
};

struct grants {
	uint32_t	words;		/* enum grant */
	uint32_t	items;		/* 1 << number of the item */
	bool		user_files;	/* any user_file: */
	struct wire_str	list[LIMIT_GRANTS_MAX];	/* as written, each once */
	size_t		n;
};

/* What became of one word of grant=. */
enum grant_status {
	GRANT_GIVEN,
	GRANT_UNKNOWN,		/* no such grant */
	GRANT_ELSEWHERE,	/* for auth and password lines only */
	GRANT_BAD_NAME,		/* env: without a name, or with a bad one */
	GRANT_BARE_STAR,	/* env:* */
	GRANT_DENIED,		/* a variable of the deny list */
	GRANT_NO_FILES,		/* for auth and session lines only */
	GRANT_BAD_FILE,		/* user_file: without a name, or a bad one */
	GRANT_ALL_FILES,	/* user_file:* */
	GRANT_TOO_MANY		/* more than LIMIT_GRANTS_MAX */
};

void	grants_init(struct grants *);

/* Adds one word as it stands on a line that serves the hook. */
enum grant_status grants_add(struct grants *, enum hook, struct wire_str word);

/* What to tell the administrator about a word that was not given. */
const char *grant_status_text(enum grant_status);

bool	grants_have(const struct grants *, enum grant);
bool	grants_have_item(const struct grants *, unsigned item);

/* Whether env:NAME or env:PREFIX* covers the variable; minds the deny list. */
bool	grants_have_env(const struct grants *, struct wire_str name);

/* [A-Za-z_][A-Za-z0-9_]*, at most LIMIT_ENV_NAME_MAX. */
bool	grants_env_name(struct wire_str);

/* Whether the variable is refused whatever the grant. */
bool	grants_env_denied(struct wire_str);

/* Whether user_file:NAME or user_file:PREFIX* covers the file. */
bool	grants_have_user_file(const struct grants *, struct wire_str name);

/* [A-Za-z0-9][A-Za-z0-9._-]*, at most LIMIT_USER_FILE_NAME_MAX. */
bool	grants_user_file_name(struct wire_str);

#endif /* GRANTS_H */
