/* SPDX-License-Identifier: MIT */

/* Tokens and look-ups, through the real libpam and the user database. */

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "../../shim/process.h"
#include "fixture.h"

#define NOBODY_KNOWN	"no-such-user-here"
#define AUTHTOK		"grant=authtok " FIXTURE_MODULE

/* One look-up for the user; returns the tag and body of the answer. */
static uint8_t
look_up(struct fixture *f, enum message_tag tag, const char *user,
    const char *words, struct wire_bytes *body)
{
	peer_hear(&f->peer);
	peer_say_lookup(&f->peer, tag);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", words);
	fixture_start(f, user);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	return peer_heard(&f->peer, 1, body);
}

static void
assert_str(struct wire_str str, const char *want)
{
	assert_int_equal(str.len, strlen(want));
	assert_memory_equal(str.s, want, str.len);
}

TEST(passwd_entry)
{
	struct fixture *f = *state;
	const struct passwd *want = getpwnam(FIXTURE_USER);
	struct message_passwd m;
	struct wire_bytes body;

	assert_non_null(want);
	assert_int_equal(look_up(f, MESSAGE_LOOKUP_PASSWD, FIXTURE_USER,
	    FIXTURE_MODULE, &body), MESSAGE_PASSWD);
	assert_int_equal(message_passwd_decode(&m, body.p, body.len), WIRE_OK);
	assert_str(m.name, want->pw_name);
	assert_int_equal(m.uid, want->pw_uid);
	assert_int_equal(m.gid, want->pw_gid);
	assert_str(m.home, want->pw_dir);
	assert_str(m.shell, want->pw_shell);
}

TEST(groups)
{
	struct fixture *f = *state;
	gid_t want[LIMIT_GROUPS_MAX];
	static struct message_groups m;
	struct wire_bytes body;
	const struct group *group;
	int n = LIMIT_GROUPS_MAX, i;

	assert_true(getgrouplist(FIXTURE_USER, 0, want, &n) > 0);
	assert_int_equal(look_up(f, MESSAGE_LOOKUP_GROUPS, FIXTURE_USER,
	    FIXTURE_MODULE, &body), MESSAGE_GROUPS);
	assert_int_equal(message_groups_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.n_groups, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(m.groups[i].gid, want[i]);
		group = getgrgid(want[i]);
		assert_int_equal(m.groups[i].has_name, group != NULL);
		if (group != NULL)
			assert_str(m.groups[i].name, group->gr_name);
	}
}

TEST(ageing_without_the_hash)
{
	struct fixture *f = *state;
	const struct spwd *want = getspnam(FIXTURE_USER);
	struct message_ageing m;
	struct message_failed failed;
	struct wire_bytes body;
	uint8_t tag;

	tag = look_up(f, MESSAGE_LOOKUP_AGEING, FIXTURE_USER,
	    "grant=shadow " FIXTURE_MODULE, &body);
	/* without privilege there may be none, or one that NSS makes up */
	if (want == NULL) {
		assert_int_equal(tag, MESSAGE_FAILED);
		assert_int_equal(message_failed_decode(&failed, body.p,
		    body.len), WIRE_OK);
		assert_int_equal(failed.code, PAM_PERM_DENIED);
		return;
	}
	assert_int_equal(tag, MESSAGE_AGEING);
	assert_int_equal(body.len, 6 * 8 + 2);
	assert_int_equal(message_ageing_decode(&m, body.p, body.len), WIRE_OK);
	assert_true(m.last_change == want->sp_lstchg);
	assert_true(m.min == want->sp_min);
	assert_true(m.max == want->sp_max);
	assert_true(m.warn == want->sp_warn);
	assert_true(m.inactive == want->sp_inact);
	assert_true(m.expire == want->sp_expire);
	assert_int_equal(m.locked, want->sp_pwdp[0] == '!' ||
	    want->sp_pwdp[0] == '*');
	assert_int_equal(m.empty, want->sp_pwdp[0] == '\0');
}

TEST(nobody_is_absent)
{
	static const enum message_tag tags[] = { MESSAGE_LOOKUP_PASSWD,
		MESSAGE_LOOKUP_GROUPS, MESSAGE_LOOKUP_AGEING };
	struct wire_bytes body;
	void *own;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(tags); i++) {
		if (tags[i] == MESSAGE_LOOKUP_AGEING && geteuid() != 0)
			continue;
		assert_int_equal(fixture_setup(&own), 0);
		assert_int_equal(look_up(own, tags[i], NOBODY_KNOWN,
		    "grant=shadow " FIXTURE_MODULE, &body), MESSAGE_ABSENT);
		assert_int_equal(body.len, 0);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

TEST(netgroup)
{
	struct fixture *f = *state;
	struct message_member m;
	struct wire_bytes body;

	peer_hear(&f->peer);
	peer_say_lookup_netgroup(&f->peer, "no-such-netgroup");
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_MEMBER);
	assert_int_equal(message_member_decode(&m, body.p, body.len), WIRE_OK);
	assert_false(m.member);
}

static void
ask_for_processes(struct fixture *f,
    const struct message_lookup_processes *asked)
{
	peer_hear(&f->peer);
	peer_say_lookup_processes(&f->peer, asked);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, FIXTURE_MODULE),
	    PAM_SUCCESS);
}

TEST(processes_that_run_are_told_to_root_only)
{
	static struct message_lookup_processes asked;
	static struct message_processes m;
	struct fixture *f = *state;
	struct message_failed failed;
	struct process self;
	struct wire_bytes body;
	size_t i;

	assert_true(process_self(&self));
	asked.n_processes = LIMIT_PROCESSES_MAX;
	for (i = 0; i < asked.n_processes; i++) {
		asked.processes[i].pid = self.pid;
		asked.processes[i].started = self.started + (i % 3 != 0);
	}
	ask_for_processes(f, &asked);
	if (geteuid() != 0) {
		assert_int_equal(peer_heard(&f->peer, 1, &body),
		    MESSAGE_FAILED);
		assert_int_equal(message_failed_decode(&failed, body.p,
		    body.len), WIRE_OK);
		assert_int_equal(failed.code, PAM_PERM_DENIED);
		assert_logged(f, "only root may ask which processes run");
		assert_logged(f, " [look-up-failed] https://");
		return;
	}
	assert_int_equal(peer_heard(&f->peer, 1, &body), MESSAGE_PROCESSES);
	assert_int_equal(message_processes_decode(&m, body.p, body.len),
	    WIRE_OK);
	assert_int_equal(m.n_processes, LIMIT_PROCESSES_MAX);
	for (i = 0; i < m.n_processes; i++)
		assert_int_equal(m.processes[i].running, i % 3 == 0);
}

TEST(no_processes_are_an_answer)
{
	static const struct message_lookup_processes asked;
	struct fixture *f = *state;
	struct wire_bytes body;

	ask_for_processes(f, &asked);
	assert_int_equal(peer_heard(&f->peer, 1, &body), geteuid() == 0 ?
	    MESSAGE_PROCESSES : MESSAGE_FAILED);
}

TEST(unknown_names_are_not_logged)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_PERM_DENIED);
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", FIXTURE_MODULE);
	fixture_start(f, NOBODY_KNOWN);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_PERM_DENIED);
	peer_join(&f->peer);
	assert_logged(f, " for an unknown user\n");
	assert_logged_not(f, NOBODY_KNOWN);
}

/* --- tokens --- */

static uint8_t
get_token(struct fixture *f, enum hook hook, enum token token,
    const char *prompt, struct wire_bytes *body)
{
	peer_hear(&f->peer);
	peer_say_get_token(&f->peer, token, prompt);
	peer_hear(&f->peer);
	peer_say_code(&f->peer, PAM_PERM_DENIED);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, hook, AUTHTOK), PAM_PERM_DENIED);
	return peer_heard(&f->peer, 1, body);
}

static void
assert_token(struct fixture *f, unsigned i, const char *want)
{
	struct message_token m;
	struct wire_bytes body;

	assert_int_equal(peer_heard(&f->peer, i, &body), MESSAGE_TOKEN);
	assert_int_equal(message_token_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.value.len, strlen(want));
	assert_memory_equal(m.value.p, want, m.value.len);
}

TEST(token_is_asked_for_by_libpam_once)
{
	struct fixture *f = *state;
	int i;

	peer_hear(&f->peer);
	for (i = 0; i < 2; i++) {
		peer_say_get_token(&f->peer, TOKEN_AUTHTOK, NULL);
		peer_hear(&f->peer);
	}
	peer_say_code(&f->peer, PAM_SUCCESS);
	peer_start(&f->peer, f->socket, 5);
	f->conv.answers[0] = "s3cret";
	assert_int_equal(fixture_hook(f, HOOK_AUTHENTICATE, "debug=yes "
	    AUTHTOK), PAM_SUCCESS);
	assert_int_equal(f->conv.calls, 1);
	assert_int_equal(f->conv.seen[0].style, PAM_PROMPT_ECHO_OFF);
	assert_token(f, 1, "s3cret");
	assert_token(f, 2, "s3cret");
	assert_logged_not(f, "s3cret");
}

TEST(token_with_a_prompt_of_the_module)
{
	struct fixture *f = *state;
	struct wire_bytes body;

	f->conv.answers[0] = "1";
	assert_int_equal(get_token(f, HOOK_AUTHENTICATE, TOKEN_AUTHTOK,
	    "One-time \x1b[1mcode\xc2\x85 %s: ", &body), MESSAGE_TOKEN);
	assert_string_equal(f->conv.seen[0].text, "One-time [1mcode %s: ");
}

TEST(old_token_when_a_password_changes)
{
	struct fixture *f = *state;
	struct wire_bytes body;

	f->conv.answers[0] = "old one";
	assert_int_equal(get_token(f, HOOK_PRELIMINARY, TOKEN_OLDAUTHTOK, NULL,
	    &body), MESSAGE_TOKEN);
	assert_token(f, 1, "old one");
}

TEST(token_that_nobody_gives)
{
	struct fixture *f = *state;
	struct message_failed m;
	struct wire_bytes body;

	f->conv.code = PAM_CONV_ERR;
	assert_int_equal(get_token(f, HOOK_AUTHENTICATE, TOKEN_AUTHTOK, NULL,
	    &body), MESSAGE_FAILED);
	assert_int_equal(message_failed_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.code, PAM_AUTHTOK_ERR);
}

TEST(token_that_is_too_long)
{
	struct fixture *f = *state;
	struct message_failed m;
	struct wire_bytes body;
	char longer[LIMIT_TOKEN_MAX + 2];

	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	f->conv.answers[0] = longer;
	assert_int_equal(get_token(f, HOOK_AUTHENTICATE, TOKEN_AUTHTOK, NULL,
	    &body), MESSAGE_FAILED);
	assert_int_equal(message_failed_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.code, PAM_CONV_ERR);
}

TEST(no_token_where_there_is_none)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_get_token(&f->peer, TOKEN_AUTHTOK, NULL);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_SET_CREDENTIALS, AUTHTOK),
	    PAM_SYSTEM_ERR);
	assert_int_equal(f->conv.calls, 0);
	assert_logged(f, "there is no token in this hook");
}

TEST(malformed_get_token)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say(&f->peer, "\0\0\0\3\x42\x09", 7);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_AUTHENTICATE, AUTHTOK),
	    PAM_SYSTEM_ERR);
	assert_logged(f, "malformed get_token: bad_value");
}

TEST(no_grant_of_tokens_on_other_lines)
{
	struct fixture *f = *state;

	peer_hear(&f->peer);
	peer_say_get_token(&f->peer, TOKEN_AUTHTOK, NULL);
	peer_start(&f->peer, f->socket, 5);
	assert_int_equal(fixture_hook(f, HOOK_ACCOUNT, AUTHTOK),
	    PAM_SYSTEM_ERR);
	assert_logged(f, "3 pam_deno(test:account): account " FIXTURE_MODULE
	    ": grant authtok is not given: it exists on auth and password "
	    "lines only");
	assert_logged(f, "get_token without the grant authtok");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(passwd_entry),
		FIXTURE(groups),
		FIXTURE(ageing_without_the_hash),
		UNIT(nobody_is_absent),
		FIXTURE(netgroup),
		FIXTURE(processes_that_run_are_told_to_root_only),
		FIXTURE(no_processes_are_an_answer),
		FIXTURE(unknown_names_are_not_logged),
		FIXTURE(token_is_asked_for_by_libpam_once),
		FIXTURE(token_with_a_prompt_of_the_module),
		FIXTURE(old_token_when_a_password_changes),
		FIXTURE(token_that_nobody_gives),
		FIXTURE(token_that_is_too_long),
		FIXTURE(no_token_where_there_is_none),
		FIXTURE(malformed_get_token),
		FIXTURE(no_grant_of_tokens_on_other_lines),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
