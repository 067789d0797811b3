/* SPDX-License-Identifier: MIT */

/* What a worker gets to read of the PAM handle: items and environment. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stdbool.h>

#include "call.h"
#include "message_gen.h"

/*
 * Makes sure that there is a user. In authenticate, preliminary and update
 * this asks for one if the application gave none. False: call->code is what
 * the hook returns, and it has been logged.
 */
bool	items_user(struct call *);

/* The user, or NULL; libpam's string, good until the next pam_set_item(3). */
const char *items_get_user(const struct call *);

/* Puts the items that are set into the message; they point into libpam. */
bool	items_read(struct call *, struct message_hook *);

/*
 * Puts the PAM environment into the message. *list is what items_free_env()
 * wants back once the message is encoded, success or not.
 */
bool	items_read_env(struct call *, struct message_hook *, char ***list);
void	items_free_env(char **list);

#endif /* ITEMS_H */
