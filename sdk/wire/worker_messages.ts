// SPDX-License-Identifier: MIT
/**
 * What a worker sends: the part of the protocol's definition (`schema.ts`) with the tags from 0x41 on.
 *
 * @module
 */

import type { MessageDef } from "./schema.ts";

/** Every message of a worker. */
export const WORKER_MESSAGES = {
  converse: {
    tag: 0x41,
    from: "worker",
    since: 1,
    doc: "Calls the application's conversation once with several messages. Needs the grant `prompt`.",
    fields: {
      messages: {
        kind: "list",
        max: "MESSAGES_MAX",
        doc: "At least one, of which at least one is a prompt.",
        of: {
          style: { kind: "enum", of: "style", doc: "How to show it." },
          text: { kind: "text", max: "TEXT_MAX", doc: "What to show." },
        },
      },
    },
  },
  get_token: {
    tag: 0x42,
    from: "worker",
    since: 1,
    doc: "Calls pam_get_authtok(3). Needs the grant `authtok`.",
    fields: {
      token: { kind: "enum", of: "token", doc: "Which token." },
      prompt: { kind: "text", max: "TEXT_MAX", optional: true, doc: "What to ask if there is none yet." },
    },
  },
  lookup_passwd: {
    tag: 0x43,
    from: "worker",
    since: 1,
    doc: "Looks up the passwd entry of the user.",
    fields: {},
  },
  lookup_groups: { tag: 0x44, from: "worker", since: 1, doc: "Looks up the groups of the user.", fields: {} },
  lookup_ageing: {
    tag: 0x45,
    from: "worker",
    since: 1,
    doc: "Looks up the ageing fields of the user's shadow entry. Needs the grant `shadow`.",
    fields: {},
  },
  text: {
    tag: 0x46,
    from: "worker",
    since: 1,
    doc: "Shows a text at once; dropped under PAM_SILENT. Has no answer.",
    fields: {
      style: { kind: "enum", of: "style", doc: "`error_msg` or `text_info`." },
      text: { kind: "text", max: "TEXT_MAX", doc: "What to show." },
    },
  },
  log: {
    tag: 0x47,
    from: "worker",
    since: 1,
    doc: "Writes a line to the system log. Has no answer.",
    fields: {
      level: { kind: "enum", of: "level", doc: "The level." },
      text: { kind: "line", max: "LOG_MAX", doc: "The line." },
    },
  },
  result: {
    tag: 0x48,
    from: "worker",
    since: 1,
    doc: "Ends the hook: the code and every effect. Checked as a whole before any effect is applied.",
    fields: {
      code: { kind: "enum", of: "code", doc: "What the hook returns to libpam." },
      message: {
        kind: "text",
        max: "TEXT_MAX",
        optional: true,
        doc: "Text of a refusal, shown as `error_msg`; refused with another code than a refusal's.",
      },
      data_action: { kind: "enum", of: "data_action", doc: "What to do with the module data." },
      data: { kind: "bytes", max: "DATA_MAX", doc: "The new module data; empty unless the action is `set`." },
      fail_delay_us: { kind: "u32", doc: "Delay after failure in microseconds; 0 asks for none." },
      items: {
        kind: "list",
        max: "ITEMS_MAX",
        doc: "Items to set. Need the grant `set_item:NAME`.",
        of: {
          item: { kind: "enum", of: "item", doc: "Which item; never `service`." },
          value: { kind: "line", max: "ITEM_MAX", doc: "Its value." },
        },
      },
      environment: {
        kind: "list",
        max: "ENV_MAX",
        doc: "Variables to set or delete. Need the grant `env:NAME`.",
        of: {
          name: { kind: "line", max: "ENV_NAME_MAX", doc: "The variable." },
          value: {
            kind: "text",
            max: "ENV_VALUE_MAX",
            optional: true,
            doc: "Its value, which may be empty; absent deletes the variable.",
          },
        },
      },
      tokens: {
        kind: "list",
        max: "TOKENS_MAX",
        doc: "Tokens for later modules. Need the grant `set_authtok`.",
        of: {
          token: { kind: "enum", of: "token", doc: "Which token." },
          value: { kind: "secret", max: "TOKEN_MAX", doc: "Its value." },
        },
      },
      user_files: {
        kind: "list",
        max: "USER_FILES_MAX",
        doc: "Files of the user to write or delete. Need the grant `user_file:NAME`.",
        of: {
          name: { kind: "line", max: "USER_FILE_NAME_MAX", doc: "The file, without the user id in front." },
          content: {
            kind: "secret",
            max: "USER_FILE_MAX",
            optional: true,
            doc: "Its content; absent deletes the file.",
          },
        },
      },
    },
  },
  fault: {
    tag: 0x49,
    from: "worker",
    since: 1,
    doc: "Ends the hook without a result.",
    fields: {
      fault: { kind: "enum", of: "fault", doc: "Why." },
      message: { kind: "line", max: "FAULT_MAX", doc: "For the log." },
    },
  },
  lookup_netgroup: {
    tag: 0x4a,
    from: "worker",
    since: 1,
    doc: "Asks whether the user is in a netgroup, as innetgr(3) says.",
    fields: { netgroup: { kind: "line", max: "NAME_MAX", doc: "The netgroup, without an `@`." } },
  },
  lookup_processes: {
    tag: 0x4b,
    from: "worker",
    since: 1,
    doc: "Asks which processes still run. Only a privileged application answers it.",
    fields: {
      processes: {
        kind: "list",
        max: "PROCESSES_MAX",
        doc: "The processes.",
        of: {
          pid: { kind: "u32", doc: "Process id." },
          started: { kind: "i64", doc: "Start time, in clock ticks since boot." },
        },
      },
    },
  },
} as const satisfies Record<string, MessageDef>;
