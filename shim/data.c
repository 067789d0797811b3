/* SPDX-License-Identifier: MIT */

#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All modules of a stack share the names of data; one of ours has a ':'. */
#define DATA_NAME	"pam_deno"
#define DATA_NAME_MAX	(sizeof(DATA_NAME) + 2 * (LIMIT_MODULE_MAX + 1))

struct data_blob {
	size_t	len;
	uint8_t	bytes[];
};

/* Only its address is used. */
static const char data_waited = 'w';

/*
 * pam_end(3) of a forked child comes here as well (PAM_DATA_SILENT), and so
 * does every replacement (PAM_DATA_REPLACE): all that may ever happen here is
 * that this process gives back its memory.
 */
static void
data_cleanup(pam_handle_t *pamh, void *data, int status)
{
	struct data_blob *blob = data;

	(void)pamh;
	(void)status;
	if (blob == NULL)
		return;
	explicit_bzero(blob, sizeof(*blob) + blob->len);
	free(blob);
}

static void
data_name(const struct call *call, char name[DATA_NAME_MAX])
{
	(void)snprintf(name, DATA_NAME_MAX, DATA_NAME ":%s%s%s",
	    call->args.module, call->args.instance != NULL ? ":" : "",
	    call->args.instance != NULL ? call->args.instance : "");
}

void
data_read(const struct call *call, struct message_hook *m)
{
	char name[DATA_NAME_MAX];
	const struct data_blob *blob;
	const void *data = NULL;

	data_name(call, name);
	m->has_data = false;
	/* success with NULL is what a deleted entry looks like */
	if (pam_get_data(call->pamh, name, &data) != PAM_SUCCESS ||
	    data == NULL)
		return;
	blob = data;
	m->has_data = true;
	m->data.p = blob->bytes;
	m->data.len = blob->len;
}

int
data_apply(const struct call *call, uint8_t action, struct wire_bytes bytes)
{
	char name[DATA_NAME_MAX];
	struct data_blob *blob;
	const void *old = NULL;
	int code;

	data_name(call, name);
	switch (action) {
	case DATA_ACTION_SET:
		/* always a new one: libpam frees the old before it stores */
		blob = malloc(sizeof(*blob) + bytes.len);
		if (blob == NULL)
			return PAM_BUF_ERR;
		blob->len = bytes.len;
		memcpy(blob->bytes, bytes.p, bytes.len);
		code = pam_set_data(call->pamh, name, blob, data_cleanup);
		if (code != PAM_SUCCESS)
			data_cleanup(NULL, blob, 0);
		return code;
	case DATA_ACTION_DELETE:
		if (pam_get_data(call->pamh, name, &old) != PAM_SUCCESS ||
		    old == NULL)
			return PAM_SUCCESS;
		return pam_set_data(call->pamh, name, NULL, NULL);
	default:
		return PAM_SUCCESS;
	}
}

bool
data_has_waited(const struct call *call)
{
	const void *data = NULL;

	return pam_get_data(call->pamh, DATA_NAME, &data) == PAM_SUCCESS &&
	    data != NULL;
}

void
data_set_waited(const struct call *call)
{
	const void *mark = &data_waited;

	/* without memory for it the next hook waits once more: harmless */
	(void)pam_set_data(call->pamh, DATA_NAME, (void *)(uintptr_t)mark,
	    NULL);
}
