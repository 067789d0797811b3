/* SPDX-License-Identifier: MIT */

/*
 * A worker that does what a script says: a process of its own that listens in
 * the place of a module's socket and speaks frames, good ones and bad ones.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../shim/channel.h"
#include "../../shim/message_gen.h"

#define PEER_STEPS_MAX	256
#define PEER_ARENA_MAX	(512 * 1024)
#define PEER_HEARD_MAX	128

enum peer_step_kind {
	PEER_ACCEPT,		/* the next connection */
	PEER_HEAR,		/* reads a frame and keeps it */
	PEER_SAY,		/* writes octets */
	PEER_SAY_SLOWLY,	/* the same one by one, with pauses */
	PEER_SLEEP,
	PEER_SHUT,		/* hangs up after what was said */
	PEER_RESET,		/* hangs up with the request unread */
	PEER_DIE,		/* SIGKILL */
	PEER_FLOOD		/* the same frame until the shim hangs up */
};

struct peer_step {
	enum peer_step_kind	kind;
	size_t			at, len;	/* in the arena */
	int			ms;
};

/* Shared with the process: what it heard. */
struct peer_heard {
	unsigned	n;
	unsigned	connections;
	size_t		len[PEER_HEARD_MAX];
	uint8_t		frame[PEER_HEARD_MAX][CHANNEL_FRAME_MAX];
};

struct peer {
	pid_t			 pid;		/* 0: none */
	struct peer_step	 steps[PEER_STEPS_MAX];
	size_t			 n_steps;
	bool			 again;		/* the script, for ever */
	struct wire_writer	 w;		/* into the arena */
	uint8_t			 arena[PEER_ARENA_MAX];
	struct peer_heard	*heard;
};

void	peer_init(struct peer *);
void	peer_free(struct peer *);

/* Parts of the script. The first connection is accepted by itself. */
#define peer_accept(peer)	peer_step((peer), PEER_ACCEPT)
#define peer_hear(peer)		peer_step((peer), PEER_HEAR)
void	peer_say(struct peer *, const void *, size_t);
void	peer_say_slowly(struct peer *, const void *, size_t, int ms);
void	peer_sleep(struct peer *, int ms);
void	peer_step(struct peer *, enum peer_step_kind);

/* Makes a step of the frame that was encoded at mark. */
void	peer_said(struct peer *, size_t mark, enum wire_error);

/* Frames, encoded when the script is written. */
void	peer_say_code(struct peer *, int code);
void	peer_say_result(struct peer *, const struct message_result *);
void	peer_say_fault(struct peer *, enum fault, const char *message);
void	peer_say_converse(struct peer *, const struct message_converse *);
void	peer_say_get_token(struct peer *, enum token, const char *prompt);
void	peer_say_lookup(struct peer *, enum message_tag);
void	peer_say_lookup_netgroup(struct peer *, const char *netgroup);
void	peer_say_lookup_processes(struct peer *,
	    const struct message_lookup_processes *);
void	peer_say_text(struct peer *, enum style, const char *text);
void	peer_say_log(struct peer *, enum level, const char *text);

/* A result without effects. */
void	peer_result(struct message_result *, int code);
struct wire_str peer_str(const char *);

/* Binds to the path and starts; the script is not to be changed any more. */
void	peer_start(struct peer *, const char *path, int backlog);

/* Waits for the process. It must have done the whole script. */
void	peer_join(struct peer *);
/* Ends it in the middle. */
void	peer_stop(struct peer *);

/* The tag and body of frame i that it heard. */
uint8_t	peer_heard(const struct peer *, unsigned i, struct wire_bytes *body);

#endif /* PEER_H */
