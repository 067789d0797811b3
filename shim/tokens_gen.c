/* SPDX-License-Identifier: MIT */

/*
 * Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit:
 * change the definition, then run `deno task gen`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#include <security/pam_modules.h>

#include <syslog.h>

#include "tokens_gen.h"

/* The platform's headers are the judge of our tables. */
_Static_assert((int)CODE_SUCCESS == PAM_SUCCESS, "success");
_Static_assert((int)CODE_OPEN_ERR == PAM_OPEN_ERR, "open_err");
_Static_assert((int)CODE_SYMBOL_ERR == PAM_SYMBOL_ERR, "symbol_err");
_Static_assert((int)CODE_SERVICE_ERR == PAM_SERVICE_ERR, "service_err");
_Static_assert((int)CODE_SYSTEM_ERR == PAM_SYSTEM_ERR, "system_err");
_Static_assert((int)CODE_BUF_ERR == PAM_BUF_ERR, "buf_err");
_Static_assert((int)CODE_PERM_DENIED == PAM_PERM_DENIED, "perm_denied");
_Static_assert((int)CODE_AUTH_ERR == PAM_AUTH_ERR, "auth_err");
_Static_assert((int)CODE_CRED_INSUFFICIENT == PAM_CRED_INSUFFICIENT,
    "cred_insufficient");
_Static_assert((int)CODE_AUTHINFO_UNAVAIL == PAM_AUTHINFO_UNAVAIL,
    "authinfo_unavail");
_Static_assert((int)CODE_USER_UNKNOWN == PAM_USER_UNKNOWN, "user_unknown");
_Static_assert((int)CODE_MAXTRIES == PAM_MAXTRIES, "maxtries");
_Static_assert((int)CODE_NEW_AUTHTOK_REQD == PAM_NEW_AUTHTOK_REQD,
    "new_authtok_reqd");
_Static_assert((int)CODE_ACCT_EXPIRED == PAM_ACCT_EXPIRED, "acct_expired");
_Static_assert((int)CODE_SESSION_ERR == PAM_SESSION_ERR, "session_err");
_Static_assert((int)CODE_CRED_UNAVAIL == PAM_CRED_UNAVAIL, "cred_unavail");
_Static_assert((int)CODE_CRED_EXPIRED == PAM_CRED_EXPIRED, "cred_expired");
_Static_assert((int)CODE_CRED_ERR == PAM_CRED_ERR, "cred_err");
_Static_assert((int)CODE_NO_MODULE_DATA == PAM_NO_MODULE_DATA,
    "no_module_data");
_Static_assert((int)CODE_CONV_ERR == PAM_CONV_ERR, "conv_err");
_Static_assert((int)CODE_AUTHTOK_ERR == PAM_AUTHTOK_ERR, "authtok_err");
_Static_assert((int)CODE_AUTHTOK_RECOVER_ERR == PAM_AUTHTOK_RECOVERY_ERR,
    "authtok_recover_err");
_Static_assert((int)CODE_AUTHTOK_LOCK_BUSY == PAM_AUTHTOK_LOCK_BUSY,
    "authtok_lock_busy");
_Static_assert((int)CODE_AUTHTOK_DISABLE_AGING == PAM_AUTHTOK_DISABLE_AGING,
    "authtok_disable_aging");
_Static_assert((int)CODE_TRY_AGAIN == PAM_TRY_AGAIN, "try_again");
_Static_assert((int)CODE_IGNORE == PAM_IGNORE, "ignore");
_Static_assert((int)CODE_ABORT == PAM_ABORT, "abort");
_Static_assert((int)CODE_AUTHTOK_EXPIRED == PAM_AUTHTOK_EXPIRED,
    "authtok_expired");
_Static_assert((int)CODE_MODULE_UNKNOWN == PAM_MODULE_UNKNOWN,
    "module_unknown");
_Static_assert((int)CODE_BAD_ITEM == PAM_BAD_ITEM, "bad_item");
_Static_assert((int)CODE_CONV_AGAIN == PAM_CONV_AGAIN, "conv_again");
_Static_assert((int)CODE_INCOMPLETE == PAM_INCOMPLETE, "incomplete");
_Static_assert((int)ITEM_SERVICE == PAM_SERVICE, "service");
_Static_assert((int)ITEM_USER == PAM_USER, "user");
_Static_assert((int)ITEM_TTY == PAM_TTY, "tty");
_Static_assert((int)ITEM_RHOST == PAM_RHOST, "rhost");
_Static_assert((int)ITEM_RUSER == PAM_RUSER, "ruser");
_Static_assert((int)ITEM_USER_PROMPT == PAM_USER_PROMPT, "user_prompt");
_Static_assert((int)ITEM_XDISPLAY == PAM_XDISPLAY, "xdisplay");
_Static_assert((int)ITEM_AUTHTOK_TYPE == PAM_AUTHTOK_TYPE, "authtok_type");
_Static_assert((int)TOKEN_AUTHTOK == PAM_AUTHTOK, "authtok");
_Static_assert((int)TOKEN_OLDAUTHTOK == PAM_OLDAUTHTOK, "oldauthtok");
_Static_assert((int)STYLE_PROMPT_ECHO_OFF == PAM_PROMPT_ECHO_OFF,
    "prompt_echo_off");
_Static_assert((int)STYLE_PROMPT_ECHO_ON == PAM_PROMPT_ECHO_ON,
    "prompt_echo_on");
_Static_assert((int)STYLE_ERROR_MSG == PAM_ERROR_MSG, "error_msg");
_Static_assert((int)STYLE_TEXT_INFO == PAM_TEXT_INFO, "text_info");
_Static_assert(PAM_SILENT == 0x8000, "silent");
_Static_assert(PAM_DISALLOW_NULL_AUTHTOK == 0x1, "disallow_null_authtok");
_Static_assert(PAM_ESTABLISH_CRED == 0x2, "establish_cred");
_Static_assert(PAM_DELETE_CRED == 0x4, "delete_cred");
_Static_assert(PAM_REINITIALIZE_CRED == 0x8, "reinitialize_cred");
_Static_assert(PAM_REFRESH_CRED == 0x10, "refresh_cred");
_Static_assert(PAM_CHANGE_EXPIRED_AUTHTOK == 0x20, "change_expired_authtok");
_Static_assert(PAM_UPDATE_AUTHTOK == 0x2000, "update_authtok");
_Static_assert(PAM_PRELIM_CHECK == 0x4000, "prelim_check");
_Static_assert((int)LEVEL_ERROR == LOG_ERR, "error");
_Static_assert((int)LEVEL_WARNING == LOG_WARNING, "warning");
_Static_assert((int)LEVEL_INFO == LOG_INFO, "info");
_Static_assert((int)LEVEL_DEBUG == LOG_DEBUG, "debug");
_Static_assert(_PAM_RETURN_VALUES == 32,
    "libpam has codes that sdk/tokens.ts lacks");
_Static_assert(LIMIT_TEXT_MAX == PAM_MAX_MSG_SIZE - 1, "TEXT_MAX");
_Static_assert(LIMIT_TOKEN_MAX == PAM_MAX_RESP_SIZE - 1, "TOKEN_MAX");
_Static_assert(LIMIT_MESSAGES_MAX == PAM_MAX_NUM_MSG, "MESSAGES_MAX");

#define CODE_COUNT 32
#define ITEM_COUNT 14

const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE] = {
	0x07, 0x8a, 0x8d, 0x92, 0x46, 0xdd, 0xe2, 0xab
};

#define CODE_BIT(code) (UINT32_C(1) << (code))

/* Codes that any hook may return. */
static const uint32_t common_codes =
    CODE_BIT(CODE_SUCCESS) | CODE_BIT(CODE_IGNORE) |
    CODE_BIT(CODE_PERM_DENIED) | CODE_BIT(CODE_USER_UNKNOWN) |
    CODE_BIT(CODE_AUTHINFO_UNAVAIL) | CODE_BIT(CODE_CONV_ERR) |
    CODE_BIT(CODE_SERVICE_ERR) | CODE_BIT(CODE_SYSTEM_ERR) |
    CODE_BIT(CODE_BUF_ERR);

/* Codes that a hook may return beside the common ones. */
static const uint32_t hook_codes[HOOK_COUNT + 1] = {
	[HOOK_AUTHENTICATE] = CODE_BIT(CODE_AUTH_ERR) |
	    CODE_BIT(CODE_CRED_INSUFFICIENT) | CODE_BIT(CODE_MAXTRIES),
	[HOOK_SET_CREDENTIALS] = CODE_BIT(CODE_CRED_UNAVAIL) |
	    CODE_BIT(CODE_CRED_EXPIRED) | CODE_BIT(CODE_CRED_ERR),
	[HOOK_ACCOUNT] = CODE_BIT(CODE_ACCT_EXPIRED) |
	    CODE_BIT(CODE_AUTH_ERR) | CODE_BIT(CODE_NEW_AUTHTOK_REQD),
	[HOOK_OPEN_SESSION] = CODE_BIT(CODE_SESSION_ERR),
	[HOOK_CLOSE_SESSION] = CODE_BIT(CODE_SESSION_ERR),
	[HOOK_PRELIMINARY] = CODE_BIT(CODE_TRY_AGAIN) |
	    CODE_BIT(CODE_AUTHTOK_LOCK_BUSY) | CODE_BIT(CODE_AUTHTOK_ERR),
	[HOOK_UPDATE] = CODE_BIT(CODE_AUTHTOK_ERR) |
	    CODE_BIT(CODE_AUTHTOK_RECOVER_ERR) |
	    CODE_BIT(CODE_AUTHTOK_LOCK_BUSY) |
	    CODE_BIT(CODE_AUTHTOK_DISABLE_AGING)
};

static const uint8_t failure_codes[FAILURE_COUNT][HOOK_COUNT + 1] = {
	[FAILURE_UNREACHABLE] = {
		[HOOK_AUTHENTICATE] = CODE_AUTHINFO_UNAVAIL,
		[HOOK_SET_CREDENTIALS] = CODE_CRED_UNAVAIL,
		[HOOK_ACCOUNT] = CODE_AUTHINFO_UNAVAIL,
		[HOOK_OPEN_SESSION] = CODE_AUTHINFO_UNAVAIL,
		[HOOK_CLOSE_SESSION] = CODE_AUTHINFO_UNAVAIL,
		[HOOK_PRELIMINARY] = CODE_TRY_AGAIN,
		[HOOK_UPDATE] = CODE_AUTHTOK_ERR
	},
	[FAILURE_BROKEN_OFF] = {
		[HOOK_AUTHENTICATE] = CODE_SERVICE_ERR,
		[HOOK_SET_CREDENTIALS] = CODE_CRED_ERR,
		[HOOK_ACCOUNT] = CODE_SERVICE_ERR,
		[HOOK_OPEN_SESSION] = CODE_SERVICE_ERR,
		[HOOK_CLOSE_SESSION] = CODE_SERVICE_ERR,
		[HOOK_PRELIMINARY] = CODE_TRY_AGAIN,
		[HOOK_UPDATE] = CODE_AUTHTOK_ERR
	},
	[FAILURE_THREW] = {
		[HOOK_AUTHENTICATE] = CODE_SERVICE_ERR,
		[HOOK_SET_CREDENTIALS] = CODE_SERVICE_ERR,
		[HOOK_ACCOUNT] = CODE_SERVICE_ERR,
		[HOOK_OPEN_SESSION] = CODE_SERVICE_ERR,
		[HOOK_CLOSE_SESSION] = CODE_SERVICE_ERR,
		[HOOK_PRELIMINARY] = CODE_SERVICE_ERR,
		[HOOK_UPDATE] = CODE_SERVICE_ERR
	},
	[FAILURE_PROTOCOL] = {
		[HOOK_AUTHENTICATE] = CODE_SYSTEM_ERR,
		[HOOK_SET_CREDENTIALS] = CODE_SYSTEM_ERR,
		[HOOK_ACCOUNT] = CODE_SYSTEM_ERR,
		[HOOK_OPEN_SESSION] = CODE_SYSTEM_ERR,
		[HOOK_CLOSE_SESSION] = CODE_SYSTEM_ERR,
		[HOOK_PRELIMINARY] = CODE_SYSTEM_ERR,
		[HOOK_UPDATE] = CODE_SYSTEM_ERR
	},
	[FAILURE_MISCONFIGURED] = {
		[HOOK_AUTHENTICATE] = CODE_SERVICE_ERR,
		[HOOK_SET_CREDENTIALS] = CODE_SERVICE_ERR,
		[HOOK_ACCOUNT] = CODE_SERVICE_ERR,
		[HOOK_OPEN_SESSION] = CODE_SERVICE_ERR,
		[HOOK_CLOSE_SESSION] = CODE_SERVICE_ERR,
		[HOOK_PRELIMINARY] = CODE_SERVICE_ERR,
		[HOOK_UPDATE] = CODE_SERVICE_ERR
	},
	[FAILURE_STARVED] = {
		[HOOK_AUTHENTICATE] = CODE_BUF_ERR,
		[HOOK_SET_CREDENTIALS] = CODE_BUF_ERR,
		[HOOK_ACCOUNT] = CODE_BUF_ERR,
		[HOOK_OPEN_SESSION] = CODE_BUF_ERR,
		[HOOK_CLOSE_SESSION] = CODE_BUF_ERR,
		[HOOK_PRELIMINARY] = CODE_BUF_ERR,
		[HOOK_UPDATE] = CODE_BUF_ERR
	}
};

static const char hook_words[HOOK_COUNT + 1][15] = {
	[HOOK_AUTHENTICATE] = "authenticate",
	[HOOK_SET_CREDENTIALS] = "setCredentials",
	[HOOK_ACCOUNT] = "account",
	[HOOK_OPEN_SESSION] = "openSession",
	[HOOK_CLOSE_SESSION] = "closeSession",
	[HOOK_PRELIMINARY] = "preliminary",
	[HOOK_UPDATE] = "update"
};

static const char code_tokens[CODE_COUNT][22] = {
	[CODE_SUCCESS] = "success",
	[CODE_OPEN_ERR] = "open_err",
	[CODE_SYMBOL_ERR] = "symbol_err",
	[CODE_SERVICE_ERR] = "service_err",
	[CODE_SYSTEM_ERR] = "system_err",
	[CODE_BUF_ERR] = "buf_err",
	[CODE_PERM_DENIED] = "perm_denied",
	[CODE_AUTH_ERR] = "auth_err",
	[CODE_CRED_INSUFFICIENT] = "cred_insufficient",
	[CODE_AUTHINFO_UNAVAIL] = "authinfo_unavail",
	[CODE_USER_UNKNOWN] = "user_unknown",
	[CODE_MAXTRIES] = "maxtries",
	[CODE_NEW_AUTHTOK_REQD] = "new_authtok_reqd",
	[CODE_ACCT_EXPIRED] = "acct_expired",
	[CODE_SESSION_ERR] = "session_err",
	[CODE_CRED_UNAVAIL] = "cred_unavail",
	[CODE_CRED_EXPIRED] = "cred_expired",
	[CODE_CRED_ERR] = "cred_err",
	[CODE_NO_MODULE_DATA] = "no_module_data",
	[CODE_CONV_ERR] = "conv_err",
	[CODE_AUTHTOK_ERR] = "authtok_err",
	[CODE_AUTHTOK_RECOVER_ERR] = "authtok_recover_err",
	[CODE_AUTHTOK_LOCK_BUSY] = "authtok_lock_busy",
	[CODE_AUTHTOK_DISABLE_AGING] = "authtok_disable_aging",
	[CODE_TRY_AGAIN] = "try_again",
	[CODE_IGNORE] = "ignore",
	[CODE_ABORT] = "abort",
	[CODE_AUTHTOK_EXPIRED] = "authtok_expired",
	[CODE_MODULE_UNKNOWN] = "module_unknown",
	[CODE_BAD_ITEM] = "bad_item",
	[CODE_CONV_AGAIN] = "conv_again",
	[CODE_INCOMPLETE] = "incomplete"
};

static const char item_words[ITEM_COUNT][13] = {
	[ITEM_SERVICE] = "service",
	[ITEM_USER] = "user",
	[ITEM_TTY] = "tty",
	[ITEM_RHOST] = "rhost",
	[ITEM_RUSER] = "ruser",
	[ITEM_USER_PROMPT] = "user_prompt",
	[ITEM_XDISPLAY] = "xdisplay",
	[ITEM_AUTHTOK_TYPE] = "authtok_type"
};

static const char failure_words[FAILURE_COUNT][14] = {
	[FAILURE_UNREACHABLE] = "unreachable",
	[FAILURE_BROKEN_OFF] = "broken_off",
	[FAILURE_THREW] = "threw",
	[FAILURE_PROTOCOL] = "protocol",
	[FAILURE_MISCONFIGURED] = "misconfigured",
	[FAILURE_STARVED] = "starved"
};

/* Whether the number is that of a hook, whatever the caller made of it. */
static bool
is_hook(enum hook hook)
{
	return (unsigned)hook >= 1 && (unsigned)hook <= HOOK_COUNT;
}

int
failure_code(enum failure failure, enum hook hook)
{
	if ((unsigned)failure >= FAILURE_COUNT || !is_hook(hook))
		return CODE_SYSTEM_ERR;
	return failure_codes[failure][hook];
}

bool
hook_allows(enum hook hook, unsigned code)
{
	if (!is_hook(hook) || code >= 32)
		return false;
	return ((common_codes | hook_codes[hook]) & CODE_BIT(code)) != 0;
}

int
hook_undefined_code(enum hook hook, uint32_t defined)
{
	switch ((int)hook) {
	case HOOK_SET_CREDENTIALS:
		if (defined & HOOK_BIT(HOOK_AUTHENTICATE))
			return CODE_SUCCESS;
		break;
	case HOOK_CLOSE_SESSION:
		if (defined & HOOK_BIT(HOOK_OPEN_SESSION))
			return CODE_SUCCESS;
		break;
	case HOOK_PRELIMINARY:
		if (defined & HOOK_BIT(HOOK_UPDATE))
			return CODE_SUCCESS;
		break;
	}
	return CODE_IGNORE;
}

const char *
hook_word(enum hook hook)
{
	return is_hook(hook) ? hook_words[hook] : "unknown";
}

const char *
code_token(unsigned code)
{
	return code < CODE_COUNT ? code_tokens[code] : "unknown";
}

const char *
failure_word(enum failure failure)
{
	if ((unsigned)failure >= FAILURE_COUNT)
		return "unknown";
	return failure_words[failure];
}

const char *
item_word(unsigned item)
{
	if (item < ITEM_COUNT && item_words[item][0] != '\0')
		return item_words[item];
	return "unknown";
}
