/* SPDX-License-Identifier: MIT */

#include "reach.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>

#include "data.h"
#include "link.h"

#define REACH_WAIT_STEP_MS	10
#define US_PER_MS		1000

static bool
reach_path(struct call *call, char *path, size_t size)
{
	int n;

	n = snprintf(path, size, "%s/%s.sock", call->args.runtime_dir,
	    call->args.module);
	if (n > 0 && (size_t)n < size)
		return true;
	return reason_set(&call->why, FAILURE_MISCONFIGURED, "the path of the "
	    "socket, %d octets in %s, is longer than the %zu that one can "
	    "have: use a shorter runtime_dir= or name", n,
	    call->args.runtime_dir, size - 1);
}

/* Waits a little for a worker to come back; false once that is enough. */
static bool
reach_wait(struct call *call, int64_t *began_us)
{
	int64_t left = deadline_left_us(&call->deadline);

	if (*began_us < 0) {
		if (data_has_waited(call))
			return false;
		data_set_waited(call);
		*began_us = left;
	}
	if (*began_us - left >= REACH_WAIT_MAX_MS * US_PER_MS)
		return false;
	(void)poll(NULL, 0, REACH_WAIT_STEP_MS);
	/* the last errno stands: a budget that ends here is not load */
	return deadline_left_us(&call->deadline) > 0;
}

/* The class of an errno of socket(2) or connect(2). */
static enum reach
reach_failed(struct call *call, const char *path, int error)
{
	const char *hint = "";
	enum failure class = FAILURE_UNREACHABLE;

	switch (error) {
	case ENOENT:
		hint = ": there is no socket; is the worker's unit running?";
		break;
	case ECONNREFUSED:
		hint = ": nobody listens; is the worker's unit running?";
		break;
	case EACCES:
	case EPERM:
	case EAFNOSUPPORT:
		hint = ": the application runs without privilege, or SELinux, "
		    "AppArmor or a sandbox forbids it";
		break;
	case EAGAIN:
		/* a full backlog is load, and load must not look absent */
		class = FAILURE_BROKEN_OFF;
		hint = ": no room in the backlog until the time was up; the "
		    "workers are too busy or stopped";
		break;
	default:
		if (reason_is_starved(error)) {
			class = FAILURE_STARVED;
			hint = ": the application has no descriptors or "
			    "memory left";
		}
		break;
	}
	(void)reason_set(&call->why, class, "connecting to %s failed with %s "
	    "(%d)%s", path, reason_errno(error), error, hint);
	return error == ENOENT || error == ECONNREFUSED ? REACH_NOBODY :
	    REACH_FAILED;
}

enum reach
reach_worker(struct call *call)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int64_t began_us = -1;
	enum place place;
	int error;

	if (!reach_path(call, path, sizeof(path)))
		return REACH_FAILED;
	place = place_dirs(call->args.runtime_dir, true, &call->caller,
	    &call->why);
	if (place == PLACE_ABSENT)
		(void)reason_set(&call->why, FAILURE_UNREACHABLE, "%s does "
		    "not exist: is pam-deno installed and running?",
		    call->args.runtime_dir);
	if (place != PLACE_GOOD)
		return REACH_FAILED;
	do {
		place = place_socket(path, &call->caller, &call->why);
		if (place == PLACE_BAD)
			return REACH_FAILED;
		error = ENOENT;
		if (place == PLACE_GOOD && channel_connect(&call->channel,
		    path, &call->deadline, &error))
			return REACH_CONNECTED;
	} while ((error == ENOENT || error == ECONNREFUSED) &&
	    reach_wait(call, &began_us));
	return reach_failed(call, path, error);
}

bool
reach_may_ignore(struct call *call)
{
	char marker[PLACE_PATH_MAX];
	enum place place;

	(void)snprintf(marker, sizeof(marker), "%s/" PLACE_MARKER,
	    call->args.runtime_dir);
	place = place_marker(marker, &call->caller, &call->why);
	if (place == PLACE_ABSENT)
		return reason_set(&call->why, FAILURE_UNREACHABLE, "nobody "
		    "answers, and on_unreachable=ignore does not apply: %s "
		    "is not there, so this may not be the real directory",
		    marker);
	if (place != PLACE_GOOD)
		return false;
	return link_check(&call->args, false, &call->caller, &call->why);
}
