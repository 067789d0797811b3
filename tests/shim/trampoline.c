/* SPDX-License-Identifier: MIT */

/*
 * A PAM module whose hooks are in the program that calls libpam: so a test or a
 * fuzzer can look inside the shim while libpam believes it calls a module.
 */

#include <security/pam_modules.h>

#include "../../shim/tokens_gen.h"

#define EXPORT	__attribute__((visibility("default"))) int

/* What the program defines. */
int	trampoline_hook(pam_handle_t *, enum hook, int flags, int argc,
	    const char **argv);

EXPORT
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return trampoline_hook(pamh, HOOK_AUTHENTICATE, flags, argc, argv);
}

EXPORT
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return trampoline_hook(pamh, HOOK_SET_CREDENTIALS, flags, argc, argv);
}

EXPORT
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return trampoline_hook(pamh, HOOK_ACCOUNT, flags, argc, argv);
}

EXPORT
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return trampoline_hook(pamh, HOOK_OPEN_SESSION, flags, argc, argv);
}

EXPORT
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return trampoline_hook(pamh, HOOK_CLOSE_SESSION, flags, argc, argv);
}

EXPORT
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return trampoline_hook(pamh, (flags & PAM_PRELIM_CHECK) != 0 ?
	    HOOK_PRELIMINARY : HOOK_UPDATE, flags, argc, argv);
}
