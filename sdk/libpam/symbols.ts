// SPDX-License-Identifier: MIT
/**
 * The table of libpam's functions, each parameter with its C prototype, and the numbers of pam_appl.h that are not in
 * `tokens.ts`.
 *
 * @module
 */

/** The file that holds libpam: its soname, looked up by the dynamic linker. */
export const LIBPAM = "libpam.so.0";

/** `PAM_FAIL_DELAY`: the item that holds the application's own function to wait after a failure. */
export const FAIL_DELAY_ITEM = 10;

/** `PAM_DATA_SILENT`: told to the cleanup functions of module data. */
export const DATA_SILENT = 0x4000_0000;

/** `PAM_MAX_NUM_MSG`: messages in one call of the conversation. */
export const CONVERSATION_MESSAGES_MAX = 32;

const SERVICE_FUNCTION = {
  parameters: [
    "pointer", // pam_handle_t *pamh
    "i32", // int flags
  ],
  result: "i32",
} as const;

const BACKGROUND = { ...SERVICE_FUNCTION, nonblocking: true } as const;

/** libpam's functions as `Deno.dlopen` wants them. Those that end in `_background` run on a thread of their own. */
export const SYMBOLS = {
  pam_start: {
    parameters: [
      "buffer", // const char *service_name
      "buffer", // const char *user
      "buffer", // const struct pam_conv *pam_conversation
      "buffer", // pam_handle_t **pamh
    ],
    result: "i32",
  },
  pam_start_confdir: {
    parameters: [
      "buffer", // const char *service_name
      "buffer", // const char *user
      "buffer", // const struct pam_conv *pam_conversation
      "buffer", // const char *confdir
      "buffer", // pam_handle_t **pamh
    ],
    result: "i32",
    optional: true, // Linux-PAM 1.4.0 and later
  },
  pam_end: {
    parameters: [
      "pointer", // pam_handle_t *pamh
      "i32", // int pam_status
    ],
    result: "i32",
  },
  pam_authenticate: SERVICE_FUNCTION,
  pam_setcred: SERVICE_FUNCTION,
  pam_acct_mgmt: SERVICE_FUNCTION,
  pam_open_session: SERVICE_FUNCTION,
  pam_close_session: SERVICE_FUNCTION,
  pam_chauthtok: SERVICE_FUNCTION,
  pam_authenticate_background: { name: "pam_authenticate", ...BACKGROUND },
  pam_setcred_background: { name: "pam_setcred", ...BACKGROUND },
  pam_acct_mgmt_background: { name: "pam_acct_mgmt", ...BACKGROUND },
  pam_open_session_background: { name: "pam_open_session", ...BACKGROUND },
  pam_close_session_background: { name: "pam_close_session", ...BACKGROUND },
  pam_chauthtok_background: { name: "pam_chauthtok", ...BACKGROUND },
  pam_get_item: {
    parameters: [
      "pointer", // const pam_handle_t *pamh
      "i32", // int item_type
      "buffer", // const void **item
    ],
    result: "i32",
  },
  pam_set_item: {
    parameters: [
      "pointer", // pam_handle_t *pamh
      "i32", // int item_type
      "buffer", // const void *item
    ],
    result: "i32",
  },
  pam_set_item_function: {
    name: "pam_set_item",
    parameters: [
      "pointer", // pam_handle_t *pamh
      "i32", // int item_type
      "function", // const void *item
    ],
    result: "i32",
  },
  pam_getenv: {
    parameters: [
      "pointer", // pam_handle_t *pamh
      "buffer", // const char *name
    ],
    result: "pointer", // const char *
  },
  pam_putenv: {
    parameters: [
      "pointer", // pam_handle_t *pamh
      "buffer", // const char *name_value
    ],
    result: "i32",
  },
  pam_getenvlist: {
    parameters: [
      "pointer", // pam_handle_t *pamh
    ],
    result: "pointer", // char **
  },
  pam_strerror: {
    parameters: [
      "pointer", // pam_handle_t *pamh
      "i32", // int errnum
    ],
    result: "pointer", // const char *
  },
  dlsym: {
    parameters: [
      "pointer", // void *handle
      "buffer", // const char *symbol
    ],
    result: "pointer", // void *
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The conversation function of struct pam_conv; see pam_conv(3). */
export const CONVERSATION_FUNCTION = {
  parameters: [
    "i32", // int num_msg
    "pointer", // const struct pam_message **msg
    "pointer", // struct pam_response **resp
    "usize", // void *appdata_ptr
  ],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** The application's own function to wait after a failure; see pam_fail_delay(3). */
export const FAIL_DELAY_FUNCTION = {
  parameters: [
    "i32", // int retval
    "u32", // unsigned usec_delay
    "usize", // void *appdata_ptr
  ],
  result: "void",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** calloc(3) of the allocator that the whole process uses. */
export const CALLOC = {
  parameters: [
    "usize", // size_t nmemb
    "usize", // size_t size
  ],
  result: "pointer", // void *
} as const satisfies Deno.ForeignFunction;

/** free(3) of the same allocator. */
export const FREE = {
  parameters: [
    "pointer", // void *ptr
  ],
  result: "void",
} as const satisfies Deno.ForeignFunction;
