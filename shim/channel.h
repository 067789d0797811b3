/* SPDX-License-Identifier: MIT */

/* One connection to a worker: frames each way within the budget. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "reason.h"
#include "wire.h"

/* A frame at its longest, length word and all. */
#define CHANNEL_FRAME_MAX	(WIRE_LENGTH_SIZE + LIMIT_FRAME_MAX)

struct channel {
	int	fd;		/* -1: none */
	size_t	start, end;	/* what of the buffer is still to be read */
	size_t	high;		/* what of it has ever been used */
	unsigned	eager;	/* how often to look before sleeping */
	uint8_t	in[CHANNEL_FRAME_MAX];
};

/* What the worker sent: points into the buffer until the next channel_recv. */
struct channel_frame {
	uint8_t		tag;
	const uint8_t	*body;
	size_t		len;
};

void	channel_init(struct channel *);

/*
 * Connects. False: *error says why, EAGAIN if the budget passed before there
 * was room in the backlog.
 */
bool	channel_connect(struct channel *, const char *path,
	    const struct deadline *, int *error);

/* Sends a whole frame, once. A worker that has hung up may have answered. */
bool	channel_send(struct channel *, const uint8_t *, size_t,
	    const struct deadline *, struct reason *);

/* Waits for the next frame. */
bool	channel_recv(struct channel *, struct channel_frame *,
	    const struct deadline *, struct reason *);

/* Whether octets have been received behind the last frame. */
bool	channel_has_more(const struct channel *);

/* Hangs up. What was received stays readable until channel_wipe(). */
void	channel_close(struct channel *);
void	channel_wipe(struct channel *);

#endif /* CHANNEL_H */
