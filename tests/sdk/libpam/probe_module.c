/* SPDX-License-Identifier: MIT */
/*
 * A module for the tests of the libpam client: says what its line says, in one
 * call of the conversation, and notes in the PAM environment what it got.
 *
 *   say=STYLE:TEXT   a message, its style as a number; up to 40 of them
 *   claim=N          tells the conversation that there are N messages
 *   cleanup=FILE     keeps module data whose cleanup appends its status to FILE
 *
 * CODE is what the conversation returned, RESPONSES "none" or "some", ANSWER_N
 * the answer to message N, left unset for a NULL one.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

#define MESSAGES_MAX 40
#define VARIABLE_MAX 2048

#define EXPORT __attribute__((visibility("default")))

static void
note(pam_handle_t *pamh, const char *name, const char *value)
{
	char variable[VARIABLE_MAX];

	(void)snprintf(variable, sizeof(variable), "%s=%s", name, value);
	(void)pam_putenv(pamh, variable);
}

static void
note_number(pam_handle_t *pamh, const char *name, int value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", value);
	note(pamh, name, text);
}

static void
clean_up(pam_handle_t *pamh, void *data, int status)
{
	FILE *file = fopen(data, "a");

	(void)pamh;
	if (file != NULL) {
		(void)fprintf(file, "%x\n", (unsigned)status);
		(void)fclose(file);
	}
	free(data);
}

static void
say(pam_handle_t *pamh, const struct pam_message *messages, int n, int claim)
{
	const struct pam_message *pointers[MESSAGES_MAX];
	struct pam_response *responses = NULL;
	const struct pam_conv *conv = NULL;
	const void *item = NULL;
	char name[32];
	int code;

	for (int i = 0; i < n; i++)
		pointers[i] = &messages[i];
	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
		return;
	conv = item;
	code = conv->conv(claim, pointers, &responses, conv->appdata_ptr);
	note_number(pamh, "CODE", code);
	note(pamh, "RESPONSES", responses == NULL ? "none" : "some");
	if (responses == NULL)
		return;
	for (int i = 0; i < n; i++) {
		if (responses[i].resp == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "ANSWER_%d", i);
		note(pamh, name, responses[i].resp);
		free(responses[i].resp);
	}
	free(responses);
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct pam_message messages[MESSAGES_MAX];
	int n = 0, claim = -1;
	char *end, *path;

	(void)flags;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "say=", 4) == 0 && n < MESSAGES_MAX) {
			messages[n].msg_style = (int)strtol(argv[i] + 4, &end,
			    10);
			messages[n++].msg = end + 1;
		} else if (strncmp(argv[i], "claim=", 6) == 0) {
			claim = (int)strtol(argv[i] + 6, NULL, 10);
		} else if (strncmp(argv[i], "cleanup=", 8) == 0) {
			if ((path = strdup(argv[i] + 8)) == NULL ||
			    pam_set_data(pamh, "probe", path, clean_up) !=
				PAM_SUCCESS)
				return PAM_BUF_ERR;
		}
	}
	if (n > 0)
		say(pamh, messages, n, claim == -1 ? n : claim);
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)argc;
	(void)argv;
	note_number(pamh, "FLAGS", flags);
	return PAM_SUCCESS;
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return pam_sm_setcred(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return pam_sm_setcred(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return pam_sm_setcred(pamh, flags, argc, argv);
}

EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return pam_sm_setcred(pamh, flags, argc, argv);
}
