/* SPDX-License-Identifier: MIT */

/*
 * Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit:
 * change the definition, then run `deno task gen`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#ifndef TOKENS_GEN_H
#define TOKENS_GEN_H

#include <stdbool.h>
#include <stdint.h>

/* Lengths are in octets, without a terminator. */
#define LIMIT_FRAME_MAX 16384
#define LIMIT_MODULE_MAX 64
#define LIMIT_ITEM_MAX 1024
#define LIMIT_ITEMS_MAX 8
#define LIMIT_GRANT_MAX 80
#define LIMIT_GRANTS_MAX 32
#define LIMIT_OPTION_MAX 1024
#define LIMIT_OPTIONS_MAX 64
#define LIMIT_TEXT_MAX 511
#define LIMIT_TOKEN_MAX 511
#define LIMIT_TOKENS_MAX 2
#define LIMIT_MESSAGES_MAX 32
#define LIMIT_ENV_NAME_MAX 64
#define LIMIT_ENV_VALUE_MAX 4096
#define LIMIT_ENV_MAX 64
#define LIMIT_DATA_MAX 4096
#define LIMIT_NAME_MAX 256
#define LIMIT_PATH_MAX 1024
#define LIMIT_GROUPS_MAX 512
#define LIMIT_PROCESSES_MAX 512
#define LIMIT_USER_FILES_MAX 4
#define LIMIT_USER_FILE_NAME_MAX 64
#define LIMIT_USER_FILE_MAX 8192
#define LIMIT_LOG_MAX 1024
#define LIMIT_FAULT_MAX 511
#define LIMIT_REQUESTS_MAX 64
#define LIMIT_TEXTS_MAX 16
#define LIMIT_LOG_LINES_MAX 32
#define LIMIT_FAIL_DELAY_MAX_US 30000000

#define WIRE_VERSION 1
#define WIRE_FINGERPRINT_SIZE 8
#define WIRE_FINGERPRINT_TEXT "078a8d9246dde2ab"
extern const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE];

/* Bit n of ENUM_X is set if n is a value of enum x. */
enum hook {
	HOOK_AUTHENTICATE = 1,
	HOOK_SET_CREDENTIALS = 2,
	HOOK_ACCOUNT = 3,
	HOOK_OPEN_SESSION = 4,
	HOOK_CLOSE_SESSION = 5,
	HOOK_PRELIMINARY = 6,
	HOOK_UPDATE = 7
};
#define ENUM_HOOK 0x000000feU

enum code {
	CODE_SUCCESS = 0,
	CODE_OPEN_ERR = 1,
	CODE_SYMBOL_ERR = 2,
	CODE_SERVICE_ERR = 3,
	CODE_SYSTEM_ERR = 4,
	CODE_BUF_ERR = 5,
	CODE_PERM_DENIED = 6,
	CODE_AUTH_ERR = 7,
	CODE_CRED_INSUFFICIENT = 8,
	CODE_AUTHINFO_UNAVAIL = 9,
	CODE_USER_UNKNOWN = 10,
	CODE_MAXTRIES = 11,
	CODE_NEW_AUTHTOK_REQD = 12,
	CODE_ACCT_EXPIRED = 13,
	CODE_SESSION_ERR = 14,
	CODE_CRED_UNAVAIL = 15,
	CODE_CRED_EXPIRED = 16,
	CODE_CRED_ERR = 17,
	CODE_NO_MODULE_DATA = 18,
	CODE_CONV_ERR = 19,
	CODE_AUTHTOK_ERR = 20,
	CODE_AUTHTOK_RECOVER_ERR = 21,
	CODE_AUTHTOK_LOCK_BUSY = 22,
	CODE_AUTHTOK_DISABLE_AGING = 23,
	CODE_TRY_AGAIN = 24,
	CODE_IGNORE = 25,
	CODE_ABORT = 26,
	CODE_AUTHTOK_EXPIRED = 27,
	CODE_MODULE_UNKNOWN = 28,
	CODE_BAD_ITEM = 29,
	CODE_CONV_AGAIN = 30,
	CODE_INCOMPLETE = 31
};
#define ENUM_CODE 0xffffffffU

enum item {
	ITEM_SERVICE = 1,
	ITEM_USER = 2,
	ITEM_TTY = 3,
	ITEM_RHOST = 4,
	ITEM_RUSER = 8,
	ITEM_USER_PROMPT = 9,
	ITEM_XDISPLAY = 11,
	ITEM_AUTHTOK_TYPE = 13
};
#define ENUM_ITEM 0x00002b1eU

enum token {
	TOKEN_AUTHTOK = 6,
	TOKEN_OLDAUTHTOK = 7
};
#define ENUM_TOKEN 0x000000c0U

enum style {
	STYLE_PROMPT_ECHO_OFF = 1,
	STYLE_PROMPT_ECHO_ON = 2,
	STYLE_ERROR_MSG = 3,
	STYLE_TEXT_INFO = 4
};
#define ENUM_STYLE 0x0000001eU

enum data_action {
	DATA_ACTION_KEEP = 0,
	DATA_ACTION_SET = 1,
	DATA_ACTION_DELETE = 2
};
#define ENUM_DATA_ACTION 0x00000007U

enum fault {
	FAULT_BUSY = 1,
	FAULT_NO_COMMON_VERSION = 2,
	FAULT_THREW = 3,
	FAULT_PROTOCOL = 4,
	FAULT_MISCONFIGURED = 5
};
#define ENUM_FAULT 0x0000003eU

enum level {
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_INFO = 6,
	LEVEL_DEBUG = 7
};
#define ENUM_LEVEL 0x000000d8U

/* Hooks are numbered from 1 to HOOK_COUNT. */
#define HOOK_COUNT 7
#define HOOK_BIT(hook) (UINT32_C(1) << (hook))

/* Classes of failure. */
enum failure {
	FAILURE_UNREACHABLE = 0,
	FAILURE_BROKEN_OFF = 1,
	FAILURE_THREW = 2,
	FAILURE_PROTOCOL = 3,
	FAILURE_MISCONFIGURED = 4,
	FAILURE_STARVED = 5
};

#define FAILURE_COUNT 6

/* The code that a failure is for a hook; PAM_SYSTEM_ERR if either is none. */
int failure_code(enum failure, enum hook);
/* Whether a handler of the hook may return the code. */
bool hook_allows(enum hook, unsigned code);
/*
 * What a hook answers that the module does not define. defined holds
 * HOOK_BIT(HOOK_X) for each hook X that it does.
 */
int hook_undefined_code(enum hook, uint32_t defined);

/* Words for the log and for hooks/NAME; "unknown" if there is none. */
const char *hook_word(enum hook);
const char *code_token(unsigned code);
const char *failure_word(enum failure);
const char *item_word(unsigned item);

#endif /* TOKENS_GEN_H */
