/* SPDX-License-Identifier: MIT */

/*
 * A private world for one test: directories in their proper place, a service
 * file for the real libpam, the shim as it was built, the lines that it
 * writes to the system log, and an application with a scripted conversation.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <security/pam_appl.h>

#include "peer.h"
#include "test.h"

#define FIXTURE_MODULE	"office-hours"
#define FIXTURE_USER	"root"
/* What a hook answered that answered ignore: pam_debug.so is next. */
#define FIXTURE_IGNORED	PAM_MODULE_UNKNOWN

#define FIXTURE_PATH_MAX	256
#define FIXTURE_LOG_MAX		65536
#define FIXTURE_SEEN_MAX	64

/* One message that the application was given. */
struct fixture_seen {
	int	style;
	char	text[PAM_MAX_MSG_SIZE];
	int	call;		/* of the conversation, from 1 */
};

/* What the application does in its conversation. */
struct fixture_conv {
	const char	*answers[FIXTURE_SEEN_MAX];	/* NULL: no answer */
	unsigned	 n_answers;		/* taken so far */
	int		 code;
	int		 delay_ms;
	bool		 no_array;		/* success without answers */
	int		 calls;
	struct fixture_seen seen[FIXTURE_SEEN_MAX];
	unsigned	 n_seen;
};

struct fixture {
	char		 dir[FIXTURE_PATH_MAX / 2];
	char		 run[FIXTURE_PATH_MAX];
	char		 etc[FIXTURE_PATH_MAX];
	char		 pam_d[FIXTURE_PATH_MAX];
	char		 user_files[FIXTURE_PATH_MAX];
	char		 log_path[FIXTURE_PATH_MAX];
	char		 so[FIXTURE_PATH_MAX];
	char		 socket[FIXTURE_PATH_MAX];
	char		 log[FIXTURE_LOG_MAX];
	pam_handle_t	*pamh;
	struct fixture_conv conv;
	struct peer	 peer;
};

/* For cmocka_unit_test_setup_teardown(). */
int	fixture_setup(void **state);
int	fixture_teardown(void **state);

/* Makes config_dir/hooks/NAME list these hooks. */
void	fixture_link(struct fixture *, const char *name, const char *hooks);

/*
 * Writes the service file: one line of the type with these words behind the
 * shim and its directories, and one that shows an ignore.
 */
void	fixture_line(struct fixture *, const char *type, const char *words);

/*
 * Lets the service functions be trampoline_hook() of this program; before
 * fixture_line().
 */
void	fixture_use_trampoline(struct fixture *);

/* Makes the folder of user files in runtime_dir; returns its path. */
const char *fixture_user_files(struct fixture *);

/* Starts a transaction. */
void	fixture_start(struct fixture *, const char *user);

/*
 * Calls the service function of the hook on its type of line, with a link that
 * defines all hooks, and waits for the peer to end.
 */
int	fixture_hook(struct fixture *, enum hook, const char *words);

/* The same on the handle that is there; the peer goes on. */
int	fixture_call(struct fixture *, enum hook, int flags);

/* The log so far. */
const char *fixture_log(struct fixture *);
#define assert_logged(f, part)		assert_contains(fixture_log(f), part)
#define assert_logged_not(f, part) \
	assert_contains_not(fixture_log(f), part)

const char *fixture_line_type(enum hook);

/* Milliseconds of the monotonic clock. */
int64_t	fixture_now_ms(void);

#define FIXTURE(name) \
	cmocka_unit_test_setup_teardown(test_##name, fixture_setup, \
	    fixture_teardown)

#endif /* FIXTURE_H */
