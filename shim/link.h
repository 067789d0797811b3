/* SPDX-License-Identifier: MIT */

/*
 * The link of a module, config_dir/hooks/NAME: that it is there makes the
 * module known, its target lists the hooks that the module defines.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "place.h"
#include "reason.h"

/* Where links are, in config_dir. */
#define LINK_DIR	"hooks"

/*
 * Reads the list; bit n of *defined is the hook with number n. Who made the
 * link is not looked at yet: link_check() does, and nothing may be answered to
 * libpam before it did.
 */
bool	link_read(const struct shim_args *, uint32_t *defined,
	    struct reason *);

/* Checks the place of the link; "/" has been checked if not from_root. */
bool	link_check(const struct shim_args *, bool from_root,
	    const struct place_caller *, struct reason *);

#endif /* LINK_H */
