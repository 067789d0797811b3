/* SPDX-License-Identifier: MIT */

/* The six service functions: what libpam calls. */

#include <security/pam_modules.h>

#include "hook.h"

#define SERVICE_FUNCTION	__attribute__((visibility("default"))) int

/* --- authentication management --- */

SERVICE_FUNCTION
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, HOOK_AUTHENTICATE, flags, argc, argv);
}

SERVICE_FUNCTION
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return hook_run(pamh, HOOK_SET_CREDENTIALS, flags, argc, argv);
}

/* --- account management --- */

SERVICE_FUNCTION
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return hook_run(pamh, HOOK_ACCOUNT, flags, argc, argv);
}

/* --- session management --- */

SERVICE_FUNCTION
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, HOOK_OPEN_SESSION, flags, argc, argv);
}

SERVICE_FUNCTION
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, HOOK_CLOSE_SESSION, flags, argc, argv);
}

/* --- password management --- */

SERVICE_FUNCTION
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	/* libpam sets exactly one of the two, and lets no application do so */
	if ((flags & PAM_PRELIM_CHECK) != 0)
		return hook_run(pamh, HOOK_PRELIMINARY, flags, argc, argv);
	return hook_run(pamh, HOOK_UPDATE, flags, argc, argv);
}
