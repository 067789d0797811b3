/* SPDX-License-Identifier: MIT */

/*
 * Module data: one blob per module and instance on the PAM handle, wiped when
 * it is replaced and when the handle ends.
 */
#ifndef DATA_H
#define DATA_H

#include <stdbool.h>

#include "call.h"
#include "message_gen.h"

/* Puts the data into the message if there is any; it points into the blob. */
void	data_read(const struct call *, struct message_hook *);

/* Carries out a data_action. Returns libpam's code. */
int	data_apply(const struct call *, uint8_t action, struct wire_bytes);

/* Whether this handle has waited for a worker already; notes that it has. */
bool	data_has_waited(const struct call *);
void	data_set_waited(const struct call *);

#endif /* DATA_H */
