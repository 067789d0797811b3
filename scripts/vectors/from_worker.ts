// SPDX-License-Identifier: MIT
/**
 * The messages that a worker sends.
 *
 * @module
 */

import { Body, lengths } from "./body.ts";
import type { Subject } from "./vector.ts";

const NO_CODE = [32, 33, 255];
const NO_ITEM = [0, 5, 7, 12, 14, 45, 255];
const NO_TOKEN = [0, 5, 8, 38, 39, 255];
const NO_STYLE = [0, 5, 7, 35, 255];
const NO_ACTION = [3, 32, 255];
const NO_FAULT = [0, 6, 33, 255];
const NO_LEVEL = [0, 2, 5, 8, 35, 255];

const A = (length: number) => "a".repeat(length);
const octets = (length: number) => Array<number>(length).fill(0x61);

function converse(messages: readonly (readonly [number, string, string])[]): Body {
  const body = new Body().count("messages", messages.length, 32);
  messages.forEach(([style, token, text], i) => {
    body.enum(`messages[${i}].style`, style, token, NO_STYLE).text(`messages[${i}].text`, text, 511);
  });
  return body;
}

function end(code: number, token: string): Body {
  return new Body().enum("code", code, token, NO_CODE);
}

function resultMin(): Body {
  return end(0, "success")
    .absent("message")
    .enum("data_action", 0, "keep", NO_ACTION)
    .octets("data", [], 4096)
    .u32("fail_delay_us", 0)
    .count("items", 0, 8)
    .count("environment", 0, 64)
    .count("tokens", 0, 2)
    .count("user_files", 0, 4);
}

function resultTypical(): Body {
  const body = end(12, "new_authtok_reqd")
    .present("message")
    .text("message", "Only by day.\nAsk the desk.", 511)
    .enum("data_action", 1, "set", NO_ACTION)
    .octets("data", [0x00, 0x01, 0xfe], 4096)
    .u32("fail_delay_us", 2_000_000)
    .count("items", 1, 8)
    .enum("items[0].item", 2, "user", NO_ITEM)
    .line("items[0].value", "alice", 1024)
    .count("environment", 2, 64)
    .line("environment[0].name", "LANG", 64)
    .present("environment[0].value")
    .text("environment[0].value", "", 4096)
    .line("environment[1].name", "TZ", 64)
    .absent("environment[1].value")
    .count("tokens", 1, 2)
    .enum("tokens[0].token", 6, "authtok", NO_TOKEN)
    .octets("tokens[0].value", [0x68, 0x75, 0x6e, 0xff], 511)
    .count("user_files", 2, 4)
    .line("user_files[0].name", "krb5cc", 64)
    .present("user_files[0].content")
    .octets("user_files[0].content", [0x05, 0x04, 0x00, 0xff], 8192)
    .line("user_files[1].name", "old", 64)
    .absent("user_files[1].content");
  return body;
}

/** Exactly 16,384 octets: what the long fields leave goes to the first values of the environment. */
function resultMax(): Body {
  const body = end(31, "incomplete")
    .present("message")
    .text("message", A(511), 511)
    .enum("data_action", 2, "delete", NO_ACTION)
    .octets("data", octets(4096), 4096)
    .u32("fail_delay_us", 0xffff_ffff)
    .count("items", 8, 8);
  for (let i = 0; i < 8; i++) {
    body.enum(`items[${i}].item`, 13, "authtok_type", NO_ITEM).line(`items[${i}].value`, A(1024), 1024);
  }
  // 4618 octets up to fail_delay_us, 8218 for items, 1030 for tokens, 278 for user files; 64 variables take 2 + 64 * 5
  // without a character.
  const left = 16384 - (1 + 4618 + 8218 + 1030 + 278 + 322 + 64);
  body.count("environment", 64, 64);
  lengths(left, 64, 4096).forEach((length, i) => {
    body.line(`environment[${i}].name`, A(i === 0 ? 64 : 0), 64)
      .present(`environment[${i}].value`)
      .text(`environment[${i}].value`, A(length), 4096);
  });
  body.count("tokens", 2, 2)
    .enum("tokens[0].token", 6, "authtok", NO_TOKEN)
    .octets("tokens[0].value", octets(511), 511)
    .enum("tokens[1].token", 7, "oldauthtok", NO_TOKEN)
    .octets("tokens[1].value", octets(511), 511)
    .count("user_files", 4, 4);
  for (let i = 0; i < 4; i++) {
    body.line(`user_files[${i}].name`, A(64), 64)
      .present(`user_files[${i}].content`)
      .octets(`user_files[${i}].content`, [], 8192);
  }
  return body;
}

/** What `result_ok_max` has no room for. */
export function resultLong(): Body {
  return end(6, "perm_denied")
    .absent("message")
    .enum("data_action", 0, "keep", NO_ACTION)
    .octets("data", [], 4096)
    .u32("fail_delay_us", 30_000_000)
    .count("items", 0, 8)
    .count("environment", 2, 64)
    .line("environment[0].name", A(64), 64)
    .present("environment[0].value")
    .text("environment[0].value", A(4096), 4096)
    .line("environment[1].name", A(64), 64)
    .present("environment[1].value")
    .text("environment[1].value", A(4096), 4096)
    .count("tokens", 0, 2)
    .count("user_files", 0, 4);
}

/** A user file that nothing has room beside in `result_ok_max`. */
export function resultFile(): Body {
  return end(0, "success")
    .absent("message")
    .enum("data_action", 0, "keep", NO_ACTION)
    .octets("data", [], 4096)
    .u32("fail_delay_us", 0)
    .count("items", 0, 8)
    .count("environment", 0, 64)
    .count("tokens", 0, 2)
    .count("user_files", 1, 4)
    .line("user_files[0].name", A(64), 64)
    .present("user_files[0].content")
    .octets("user_files[0].content", octets(8192), 8192);
}

function netgroup(name: string): Body {
  return new Body().line("netgroup", name, 256);
}

function processes(asked: readonly (readonly [pid: number, started: bigint])[]): Body {
  const body = new Body().count("processes", asked.length, 512);
  asked.forEach(([pid, started], i) => {
    body.u32(`processes[${i}].pid`, pid).i64(`processes[${i}].started`, started);
  });
  return body;
}

function empty(message: string, tag: number): Subject {
  return { message, tag, min: new Body(), typical: new Body(), max: new Body() };
}

function styled(number: number, style: string, text: string): Body {
  return new Body().enum("style", number, style, NO_STYLE).text("text", text, 511);
}

function levelled(number: number, level: string, text: string): Body {
  return new Body().enum("level", number, level, NO_LEVEL).line("text", text, 1024);
}

function faulted(number: number, fault: string, message: string): Body {
  return new Body().enum("fault", number, fault, NO_FAULT).line("message", message, 511);
}

/** What a worker sends. */
export const FROM_WORKER: readonly Subject[] = [
  {
    message: "converse",
    tag: 0x41,
    min: converse([]),
    typical: converse([[4, "text_info", "Hello."], [1, "prompt_echo_off", "Code: "]]),
    max: converse(
      lengths(16384 - 1 - 2 - 32 * 3, 32, 511).map((length) => [2, "prompt_echo_on", A(length)] as const),
    ),
  },
  {
    message: "get_token",
    tag: 0x42,
    min: new Body().enum("token", 6, "authtok", NO_TOKEN).absent("prompt"),
    typical: new Body().enum("token", 6, "authtok", NO_TOKEN).present("prompt").text(
      "prompt",
      "Password: ",
      511,
    ),
    max: new Body().enum("token", 7, "oldauthtok", NO_TOKEN).present("prompt").text("prompt", A(511), 511),
  },
  empty("lookup_passwd", 0x43),
  empty("lookup_groups", 0x44),
  empty("lookup_ageing", 0x45),
  {
    message: "text",
    tag: 0x46,
    min: styled(1, "prompt_echo_off", ""),
    typical: styled(3, "error_msg", "Closed.\tCome back."),
    max: styled(4, "text_info", A(511)),
  },
  {
    message: "log",
    tag: 0x47,
    min: levelled(3, "error", ""),
    typical: levelled(6, "info", "allowed on \u2122uesday"),
    max: levelled(7, "debug", A(1024)),
  },
  { message: "result", tag: 0x48, min: resultMin(), typical: resultTypical(), max: resultMax() },
  {
    message: "fault",
    tag: 0x49,
    min: faulted(1, "busy", ""),
    typical: faulted(3, "threw", "policy.ts:8:9: Error: no such day"),
    max: faulted(5, "misconfigured", A(511)),
  },
  {
    message: "lookup_netgroup",
    tag: 0x4a,
    min: netgroup(""),
    typical: netgroup("ops-\u00e4"),
    max: netgroup(A(256)),
  },
  {
    message: "lookup_processes",
    tag: 0x4b,
    min: processes([]),
    typical: processes([[0x0123_4567, 0x01_2345_6789n], [1, -1n]]),
    max: processes(
      Array.from({ length: 512 }, () => [0xffff_ffff, 9007199254740991n] as const),
    ),
  },
];
