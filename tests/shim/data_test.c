/* SPDX-License-Identifier: MIT */

/* Module data over several hooks of one handle, through the real libpam. */

#include <security/pam_modules.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define M	FIXTURE_MODULE

/* The next connection: hears the request, answers with this action. */
static void
script(struct fixture *f, int code, enum data_action action,
    const char *data, size_t len)
{
	struct message_result m;

	if (f->peer.n_steps > 0)
		peer_accept(&f->peer);
	peer_result(&m, code);
	m.data_action = (uint8_t)action;
	m.data.p = (const uint8_t *)data;
	m.data.len = len;
	peer_hear(&f->peer);
	peer_say_result(&f->peer, &m);
}

static void
assert_data(struct fixture *f, unsigned i, const char *data, size_t len)
{
	struct message_hook m;
	struct wire_bytes body;

	assert_int_equal(peer_heard(&f->peer, i, &body), MESSAGE_HOOK);
	assert_int_equal(message_hook_decode(&m, body.p, body.len), WIRE_OK);
	assert_int_equal(m.has_data, data != NULL);
	if (data == NULL)
		return;
	assert_int_equal(m.data.len, len);
	assert_memory_equal(m.data.p, data, len);
}

static void
start(struct fixture *f, const char *words)
{
	peer_start(&f->peer, f->socket, 5);
	fixture_line(f, "account", words);
	fixture_start(f, FIXTURE_USER);
}

TEST(kept_set_replaced_and_deleted)
{
	struct fixture *f = *state;
	unsigned i;

	script(f, PAM_SUCCESS, DATA_ACTION_SET, "a\0b", 3);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	script(f, PAM_PERM_DENIED, DATA_ACTION_SET, "longer", 6);
	script(f, PAM_SUCCESS, DATA_ACTION_SET, "", 0);
	script(f, PAM_IGNORE, DATA_ACTION_DELETE, "", 0);
	script(f, PAM_SUCCESS, DATA_ACTION_DELETE, "", 0);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	start(f, M);
	for (i = 0; i < 7; i++)
		(void)fixture_call(f, HOOK_ACCOUNT, 0);
	peer_join(&f->peer);
	assert_data(f, 0, NULL, 0);
	assert_data(f, 1, "a\0b", 3);
	assert_data(f, 2, "a\0b", 3);
	assert_data(f, 3, "longer", 6);
	assert_data(f, 4, "", 0);
	assert_data(f, 5, NULL, 0);
	assert_data(f, 6, NULL, 0);
}

TEST(longest_data_fit)
{
	static const char longest[LIMIT_DATA_MAX] = { 'x' };
	struct fixture *f = *state;

	script(f, PAM_SUCCESS, DATA_ACTION_SET, longest, sizeof(longest));
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	start(f, M);
	(void)fixture_call(f, HOOK_ACCOUNT, 0);
	(void)fixture_call(f, HOOK_ACCOUNT, 0);
	peer_join(&f->peer);
	assert_data(f, 1, longest, sizeof(longest));
}

TEST(shared_by_the_lines_of_a_module)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_MAX + 16];
	FILE *file;

	script(f, PAM_SUCCESS, DATA_ACTION_SET, "from account", 12);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	start(f, M);
	(void)snprintf(path, sizeof(path), "%s/test", f->pam_d);
	assert_int_equal(pam_end(f->pamh, PAM_SUCCESS), PAM_SUCCESS);
	assert_non_null(file = fopen(path, "a"));
	assert_true(fprintf(file, "session required %s runtime_dir=%s "
	    "config_dir=%s timeout=3s " M " other=options\n", f->so, f->run,
	    f->etc) > 0);
	assert_int_equal(fclose(file), 0);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	assert_int_equal(fixture_call(f, HOOK_OPEN_SESSION, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_data(f, 1, "from account", 12);
}

TEST(apart_by_module_and_by_instance)
{
	static const char *const lines[] = { M, "instance=two " M };
	struct fixture *f = *state;
	char path[FIXTURE_PATH_MAX + 16], text[2048];
	size_t i, n = 0;
	FILE *file;

	script(f, PAM_SUCCESS, DATA_ACTION_SET, "one", 3);
	script(f, PAM_SUCCESS, DATA_ACTION_SET, "two", 3);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	peer_start(&f->peer, f->socket, 5);
	for (i = 0; i < ARRAY_LEN(lines); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "account required %s runtime_dir=%s config_dir=%s %s\n",
		    f->so, f->run, f->etc, lines[i]);
	(void)snprintf(path, sizeof(path), "%s/test", f->pam_d);
	assert_non_null(file = fopen(path, "w"));
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	fixture_start(f, FIXTURE_USER);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_data(f, 0, NULL, 0);
	assert_data(f, 1, NULL, 0);
	assert_data(f, 2, "one", 3);
	assert_data(f, 3, "two", 3);
}

TEST(not_stored_by_a_result_that_is_refused)
{
	struct fixture *f = *state;

	script(f, PAM_INCOMPLETE, DATA_ACTION_SET, "bad", 3);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	start(f, M);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SYSTEM_ERR);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_data(f, 1, NULL, 0);
}

/* sudo and su end the handle in a child too, with PAM_DATA_SILENT. */
TEST(handle_may_end_in_a_child_and_in_its_parent)
{
	struct fixture *f = *state;
	pid_t child;
	int status = -1;

	script(f, PAM_SUCCESS, DATA_ACTION_SET, "kept", 4);
	script(f, PAM_SUCCESS, DATA_ACTION_KEEP, "", 0);
	start(f, M);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(pam_end(f->pamh, PAM_SUCCESS | PAM_DATA_SILENT));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(f->peer.heard->connections, 1);
	assert_int_equal(fixture_call(f, HOOK_ACCOUNT, 0), PAM_SUCCESS);
	peer_join(&f->peer);
	assert_data(f, 1, "kept", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE(kept_set_replaced_and_deleted),
		FIXTURE(longest_data_fit),
		FIXTURE(shared_by_the_lines_of_a_module),
		FIXTURE(apart_by_module_and_by_instance),
		FIXTURE(not_stored_by_a_result_that_is_refused),
		FIXTURE(handle_may_end_in_a_child_and_in_its_parent),
	};

	return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
