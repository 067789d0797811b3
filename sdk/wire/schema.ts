// SPDX-License-Identifier: MIT
/**
 * The wire protocol between the shim and a worker: its one definition, data only. TypeScript types are inferred from it
 * (`types.ts`), the codec walks it (`codec.ts`), and `deno task gen` writes the C half and the tables of PROTOCOL.md from it.
 *
 * A change of what stands here is a change of the protocol: tags are never used again, a field that is new says `since`.
 *
 * @module
 */

import { HOOKS } from "../hooks.ts";
import { CODES, ITEMS, STYLES, TOKENS } from "../tokens.ts";
import { WORKER_MESSAGES } from "./worker_messages.ts";

/** The version that this definition describes. A worker serves this one and the one before it. */
export const VERSION = 1;

/** Never a version: whoever begins with it asks whether a worker is there, and is told `no_common_version`. */
export const NO_VERSION = 0;

/** Every limit of the protocol, by name. Lengths are in bytes of UTF-8, without a terminator. */
export const LIMITS = {
  /** A frame without its length word: the tag and the body. */
  FRAME_MAX: 16384,
  /** The name of a module, the first bare word of the pam.d line. */
  MODULE_MAX: 64,
  /** The value of an item. */
  ITEM_MAX: 1024,
  /** Items in a message. */
  ITEMS_MAX: 8,
  /** A grant, `env:` with its name at the longest. */
  GRANT_MAX: 80,
  /** Grants on a line. */
  GRANTS_MAX: 32,
  /** A module option on the pam.d line. */
  OPTION_MAX: 1024,
  /** Module options on a line. */
  OPTIONS_MAX: 64,
  /** A text or question: PAM_MAX_MSG_SIZE less the terminator. */
  TEXT_MAX: 511,
  /** An answer or token: PAM_MAX_RESP_SIZE less the terminator. */
  TOKEN_MAX: 511,
  /** Tokens in a result. */
  TOKENS_MAX: 2,
  /** Messages in one call of the conversation: PAM_MAX_NUM_MSG. */
  MESSAGES_MAX: 32,
  /** The name of a PAM environment variable. */
  ENV_NAME_MAX: 64,
  /** The value of a PAM environment variable. */
  ENV_VALUE_MAX: 4096,
  /** Variables in a message. */
  ENV_MAX: 64,
  /** Module data. */
  DATA_MAX: 4096,
  /** A login name in a passwd entry, or a group name. */
  NAME_MAX: 256,
  /** A home directory or shell. */
  PATH_MAX: 1024,
  /** Groups of a user. */
  GROUPS_MAX: 512,
  /** Processes in one question about them. */
  PROCESSES_MAX: 512,
  /** User files in a result. */
  USER_FILES_MAX: 4,
  /** The name of a user file. */
  USER_FILE_NAME_MAX: 64,
  /** The content of a user file. */
  USER_FILE_MAX: 8192,
  /** A log line. */
  LOG_MAX: 1024,
  /** The message of a fault. */
  FAULT_MAX: 511,
  /** Requests that a worker may make in one hook. */
  REQUESTS_MAX: 64,
  /** Texts that a worker may show in one hook; sshd dies of more than 32 that wait. */
  TEXTS_MAX: 16,
  /** Log lines of one hook that reach the system log; the rest are counted. */
  LOG_LINES_MAX: 32,
  /** The longest delay after failure that a worker may ask for, in microseconds. */
  FAIL_DELAY_MAX_US: 30_000_000,
} as const;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** Enumerations: one octet on the wire, a token in TypeScript. Any other value is refused. */
export const ENUMS = {
  hook: HOOKS,
  code: CODES,
  item: ITEMS,
  token: TOKENS,
  style: STYLES,
  /** What to do with the module data when the hook has ended. */
  data_action: { keep: 0, set: 1, delete: 2 },
  /** Why a worker gave no result. `busy` and `no_common_version` are class `broken_off`. */
  fault: { busy: 1, no_common_version: 2, threw: 3, protocol: 4, misconfigured: 5 },
  /** Levels of a log line: LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG of syslog(3). */
  level: { error: 3, warning: 4, info: 6, debug: 7 },
} as const;

/** The name of an enumeration. */
export type EnumName = keyof typeof ENUMS;

/**
 * The kind of a field.
 *
 * - `version`: an octet, the version that the message is written in; one that is not served is refused
 * - `u8`, `u16`, `u32`: unsigned integers, big-endian; `bool`: an octet, 0 or 1
 * - `i64`: a signed integer, two's complement, big-endian, within ±(2⁵³ − 1) so that a JavaScript number holds it exactly
 * - `enum`: an octet out of a table of {@linkcode ENUMS}
 * - `line`: u16 length and UTF-8 without control characters (U+0000–U+001F, U+007F)
 * - `text`: u16 length and UTF-8 without U+0000
 * - `bytes`: u16 length and octets; `secret`: the same, wiped after use
 * - `fixed`: exactly `len` octets without a length
 * - `list`: u16 count and elements
 *
 * An optional field is preceded by a `bool` that says whether it is there.
 */
export type FieldDef =
  & {
    /** A sentence for PROTOCOL.md. */
    readonly doc: string;
    /** Preceded by a `bool` that says whether the field is there. */
    readonly optional?: true;
    /** The version that brought the field. */
    readonly since?: number;
  }
  & (
    | { readonly kind: "version" | "u8" | "u16" | "u32" | "i64" | "bool" }
    | { readonly kind: "enum"; readonly of: EnumName }
    | { readonly kind: "line" | "text" | "bytes" | "secret"; readonly max: LimitName }
    | { readonly kind: "fixed"; readonly len: number }
    | { readonly kind: "list"; readonly max: LimitName; readonly of: Readonly<Record<string, FieldDef>> }
  );

/** A message: one direction, one tag, its fields in order. */
export interface MessageDef {
  /** The octet behind the length. */
  readonly tag: number;
  /** Who sends it. */
  readonly from: "shim" | "worker";
  /** The version that brought the message. */
  readonly since: number;
  /** A paragraph for PROTOCOL.md. */
  readonly doc: string;
  /** The body, in order. */
  readonly fields: Readonly<Record<string, FieldDef>>;
}

/** Every message; what a worker sends stands in `worker_messages.ts`. */
export const MESSAGES = {
  hook: {
    tag: 0x01,
    from: "shim",
    since: 1,
    doc: "Opens every connection: greeting and question in one. The first two fields never change.",
    fields: {
      version: { kind: "version", doc: "The version that the rest of this connection is written in." },
      fingerprint: { kind: "fixed", len: 8, doc: "The fingerprint of the sender's definition." },
      hook: { kind: "enum", of: "hook", doc: "Which service function libpam called." },
      flags: { kind: "u32", doc: "Its flags, as libpam passed them." },
      budget_ms: { kind: "u32", doc: "What is left of the service budget, in milliseconds." },
      pid: { kind: "u32", doc: "Process id of the application." },
      uid: { kind: "u32", doc: "Real user id of the application." },
      euid: { kind: "u32", doc: "Effective user id of the application." },
      started: {
        kind: "i64",
        optional: true,
        doc:
          "Start time of the application, in clock ticks since boot; of a privileged one only, for a module with setCredentials, openSession or closeSession.",
      },
      parent_pid: {
        kind: "u32",
        optional: true,
        doc: "Its parent; only if both are root's, and neither was made root's by a set-uid program.",
      },
      parent_started: {
        kind: "i64",
        optional: true,
        doc: "Start time of its parent; there if its parent is.",
      },
      module: { kind: "line", max: "MODULE_MAX", doc: "The name of the module on the pam.d line." },
      instance: {
        kind: "line",
        max: "MODULE_MAX",
        optional: true,
        doc: "The `instance=` of the pam.d line, which keeps its module data apart.",
      },
      grants: {
        kind: "list",
        max: "GRANTS_MAX",
        doc: "The grants of the pam.d line that are valid there.",
        of: { grant: { kind: "line", max: "GRANT_MAX", doc: "One grant." } },
      },
      options: {
        kind: "list",
        max: "OPTIONS_MAX",
        doc: "The words behind the module's name.",
        of: { option: { kind: "text", max: "OPTION_MAX", doc: "One word." } },
      },
      items: {
        kind: "list",
        max: "ITEMS_MAX",
        doc: "The items that are set.",
        of: {
          item: { kind: "enum", of: "item", doc: "Which item." },
          value: { kind: "line", max: "ITEM_MAX", doc: "Its value." },
        },
      },
      environment: {
        kind: "list",
        max: "ENV_MAX",
        doc: "The PAM environment; empty without the grant `get_env`.",
        of: {
          name: { kind: "line", max: "ENV_NAME_MAX", doc: "The variable." },
          value: { kind: "text", max: "ENV_VALUE_MAX", doc: "Its value." },
        },
      },
      data: { kind: "bytes", max: "DATA_MAX", optional: true, doc: "The module data of this handle." },
      user_files: {
        kind: "line",
        max: "PATH_MAX",
        optional: true,
        doc: "The folder of user files, if the line grants a `user_file:`.",
      },
    },
  },
  answers: {
    tag: 0x02,
    from: "shim",
    since: 1,
    doc: "Answers `converse`, position by position.",
    fields: {
      answers: {
        kind: "list",
        max: "MESSAGES_MAX",
        doc: "One element for each message.",
        of: {
          answer: {
            kind: "secret",
            max: "TOKEN_MAX",
            optional: true,
            doc: "What the person typed; absent for texts.",
          },
        },
      },
    },
  },
  token: {
    tag: 0x03,
    from: "shim",
    since: 1,
    doc: "Answers `get_token`.",
    fields: { value: { kind: "secret", max: "TOKEN_MAX", doc: "The authentication token." } },
  },
  passwd: {
    tag: 0x04,
    from: "shim",
    since: 1,
    doc: "Answers `lookup_passwd`.",
    fields: {
      name: { kind: "line", max: "NAME_MAX", doc: "Login name as the database spells it." },
      uid: { kind: "u32", doc: "User id." },
      gid: { kind: "u32", doc: "Primary group id." },
      home: { kind: "text", max: "PATH_MAX", doc: "Home directory." },
      shell: { kind: "text", max: "PATH_MAX", doc: "Login shell." },
    },
  },
  groups: {
    tag: 0x05,
    from: "shim",
    since: 1,
    doc: "Answers `lookup_groups`.",
    fields: {
      groups: {
        kind: "list",
        max: "GROUPS_MAX",
        doc: "Primary and supplementary groups.",
        of: {
          gid: { kind: "u32", doc: "Group id." },
          name: { kind: "line", max: "NAME_MAX", optional: true, doc: "Group name, if the id has one." },
        },
      },
    },
  },
  ageing: {
    tag: 0x06,
    from: "shim",
    since: 1,
    doc: "Answers `lookup_ageing`: the fields of shadow(5), in days; -1 is an empty field. Never the hash.",
    fields: {
      last_change: { kind: "i64", doc: "Day of the last change since 1970-01-01; 0 must change now." },
      min: { kind: "i64", doc: "Days before which the password may not be changed." },
      max: { kind: "i64", doc: "Days after which the password must be changed." },
      warn: { kind: "i64", doc: "Days of warning before that." },
      inactive: { kind: "i64", doc: "Days after that until the account is disabled." },
      expire: { kind: "i64", doc: "Day on which the account expires since 1970-01-01." },
      locked: { kind: "bool", doc: "The hash starts with `!` or `*`." },
      empty: { kind: "bool", doc: "The password is empty." },
    },
  },
  absent: { tag: 0x07, from: "shim", since: 1, doc: "Answers a look-up that found nothing.", fields: {} },
  failed: {
    tag: 0x08,
    from: "shim",
    since: 1,
    doc: "Answers a request that could not be carried out.",
    fields: { code: { kind: "enum", of: "code", doc: "The code that libpam gave." } },
  },
  member: {
    tag: 0x09,
    from: "shim",
    since: 1,
    doc: "Answers `lookup_netgroup`.",
    fields: { member: { kind: "bool", doc: "Whether the user is a member." } },
  },
  processes: {
    tag: 0x0a,
    from: "shim",
    since: 1,
    doc: "Answers `lookup_processes`, position by position.",
    fields: {
      processes: {
        kind: "list",
        max: "PROCESSES_MAX",
        doc: "One element for each process.",
        of: { running: { kind: "bool", doc: "Whether this very process is there, and has not ended." } },
      },
    },
  },
  ...WORKER_MESSAGES,
} as const satisfies Record<string, MessageDef>;
