/* SPDX-License-Identifier: MIT */

/*
 * The user in passwd, group, shadow and netgroup. This is off the usual path:
 * buffers are on the heap, and wiped, for the one of shadow(5) holds the hash.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stdbool.h>

#include "message_gen.h"

/* The longest entry: a group has all its members in it. */
#define LOOKUP_BUFFER_MAX	(1024 * 1024)

struct lookup_buffer {
	char	*p;	/* NULL: none yet */
	size_t	 len;
};

/* Groups of one user, with room for their names. */
struct lookup_groups {
	struct message_groups	m;
	unsigned		gids[LIMIT_GROUPS_MAX];
	char			names[LIMIT_FRAME_MAX];
};

enum lookup {
	LOOKUP_FOUND,
	LOOKUP_ABSENT,
	LOOKUP_STARVED,		/* no descriptor or memory, or over a limit */
	LOOKUP_FORBIDDEN,	/* the application may not read it */
	LOOKUP_FAILED
};

void		lookup_buffer_init(struct lookup_buffer *);
void		lookup_buffer_free(struct lookup_buffer *);

/* Strings of the messages point into the buffer. */
enum lookup	lookup_passwd(const char *user, struct message_passwd *,
		    struct lookup_buffer *);

/* Absent only where the password should stand in shadow(5). */
enum lookup	lookup_ageing(const char *user, struct message_ageing *,
		    struct lookup_buffer *);

/* Groups are on the heap: they would be half the stack of a hook. */
enum lookup	lookup_groups(const char *user, struct lookup_groups **);
void		lookup_groups_free(struct lookup_groups *);

/* Whether there is such a user; a mistyped name may be a password. */
enum lookup	lookup_user(const char *user);

/*
 * Whether the user is in the netgroup, on any host and in any domain. The C
 * library does not tell a database that is out of reach from one without the
 * netgroup: both are LOOKUP_ABSENT. Where the process lacks what it takes to
 * ask, it is LOOKUP_STARVED.
 */
enum lookup	lookup_netgroup(struct wire_str netgroup, const char *user);

#endif /* LOOKUP_H */
