/* SPDX-License-Identifier: MIT */

/* One hook on its way: all that its steps share, on the stack of hook_run(). */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <security/pam_modules.h>

#include "args.h"
#include "channel.h"
#include "deadline.h"
#include "log.h"
#include "place.h"
#include "reason.h"

struct call {
	pam_handle_t		*pamh;
	enum hook		 hook;
	uint32_t		 flags;
	int			 code;	/* for libpam; a refusal until proven */
	struct reason		 why;	/* of a failure */
	struct log		 log;
	struct shim_args	 args;
	struct deadline		 deadline;
	struct place_caller	 caller;
	uint32_t		 defined;	/* by the module: 1 << hook */
	unsigned		 n_requests;
	unsigned		 n_texts;
	unsigned		 n_log_lines;
	struct channel		 channel;
	/* One frame to send, or the texts of one conversation; kept wiped. */
	uint8_t			 out[CHANNEL_FRAME_MAX];
};

#endif /* CALL_H */
