// SPDX-License-Identifier: MIT
/**
 * The messages that the shim sends.
 *
 * @module
 */

import { Body, lengths } from "./body.ts";
import type { Subject } from "./vector.ts";

const FINGERPRINT = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

/** No hook, item, … has these numbers: below, in a hole, above, far above. */
const NO_HOOK = [0, 8, 255];
const NO_ITEM = [0, 5, 6, 10, 14, 32, 33, 255];
const NO_CODE = [32, 33, 255];

const I64_MAX = 9007199254740991n;

const A = (length: number) => "a".repeat(length);
const octets = (length: number) => Array<number>(length).fill(0x61);

/** `numbers` are flags, budget_ms, pid, uid and euid. */
function asked(hook: number, word: string, numbers: readonly number[]): Body {
  return new Body()
    .version("version", 1)
    .fixed("fingerprint", FINGERPRINT)
    .enum("hook", hook, word, NO_HOOK)
    .u32("flags", numbers[0]!)
    .u32("budget_ms", numbers[1]!)
    .u32("pid", numbers[2]!)
    .u32("uid", numbers[3]!)
    .u32("euid", numbers[4]!);
}

/** A hook whose process is not told more about. */
function greeting(hook: number, word: string, numbers: readonly number[], module: string): Body {
  return asked(hook, word, numbers)
    .absent("started")
    .absent("parent_pid")
    .absent("parent_started")
    .line("module", module, 64)
    .absent("instance");
}

/** The start of a process, its parent and the parent's start. */
function started(body: Body, own: bigint, parent: number, parents: bigint): Body {
  return body
    .present("started")
    .i64("started", own)
    .present("parent_pid")
    .u32("parent_pid", parent)
    .present("parent_started")
    .i64("parent_started", parents);
}

function hookMin(): Body {
  return greeting(1, "authenticate", [0, 0, 0, 0, 0], "")
    .count("grants", 0, 32)
    .count("options", 0, 64)
    .count("items", 0, 8)
    .count("environment", 0, 64)
    .absent("data")
    .absent("user_files");
}

function hookTypical(): Body {
  const asks = asked(3, "account", [0x8001, 5000, 0x0123_4567, 1000, 0x89ab_cdef]);
  return started(asks, 0x01_2345_6789n, 0x0123_4566, 77n)
    .line("module", "office-hours", 64)
    .present("instance")
    .line("instance", "second", 64)
    .count("grants", 2, 32)
    .line("grants[0].grant", "prompt", 80)
    .line("grants[1].grant", "env:LANG", 80)
    .count("options", 2, 64)
    .text("options[0].option", "tz=Europe/Berlin", 1024)
    .text("options[1].option", "title=two\nlines", 1024)
    .count("items", 2, 8)
    .enum("items[0].item", 1, "service", NO_ITEM)
    .line("items[0].value", "sshd", 1024)
    .enum("items[1].item", 2, "user", NO_ITEM)
    .line("items[1].value", "j\u00fcrgen", 1024)
    .count("environment", 1, 64)
    .line("environment[0].name", "LANG", 64)
    .text("environment[0].value", "C.UTF-8", 4096)
    .present("data")
    .octets("data", [0x00, 0x7b, 0xff], 4096)
    .present("user_files")
    .line("user_files", "/run/pam-deno/user", 1024);
}

/** Exactly 16,384 octets: what the long fields leave goes to the first items. */
function hookMax(): Body {
  const body = started(asked(7, "update", Array<number>(5).fill(0xffff_ffff)), I64_MAX, 0xffff_ffff, I64_MAX)
    .line("module", A(64), 64)
    .present("instance")
    .line("instance", A(64), 64);
  body.count("grants", 32, 32);
  for (let i = 0; i < 32; i++) body.line(`grants[${i}].grant`, A(80), 80);
  body.count("options", 64, 64);
  for (let i = 0; i < 64; i++) body.text(`options[${i}].option`, "", 1024);
  // 31 + 23 + 66 + 67 + 2626 + 130 octets are used; 322 for the environment, 4099 for data, 1027 for the folder and 26 for
  // what stands around the items follow.
  const left = 16384 - (31 + 23 + 66 + 67 + 2626 + 130 + 322 + 4099 + 1027 + 26);
  body.count("items", 8, 8);
  const items = [[1, "service"], [2, "user"], [3, "tty"], [4, "rhost"], [8, "ruser"], [9, "user_prompt"], [
    11,
    "xdisplay",
  ], [13, "authtok_type"]] as const;
  const long = lengths(left, 8, 1024);
  items.forEach(([number, token], i) => {
    body.enum(`items[${i}].item`, number, token, []).line(`items[${i}].value`, A(long[i]!), 1024);
  });
  body.count("environment", 64, 64);
  for (let i = 0; i < 64; i++) {
    body.line(`environment[${i}].name`, A(i === 0 ? 64 : 0), 64).text(`environment[${i}].value`, "", 4096);
  }
  return body.present("data").octets("data", octets(4096), 4096)
    .present("user_files").line("user_files", A(1024), 1024);
}

/** What `hook_ok_max` has no room for. */
export function hookLong(): Body {
  return greeting(6, "preliminary", [1, 2, 3, 4, 5], "m")
    .count("grants", 0, 32)
    .count("options", 1, 64)
    .text("options[0].option", A(1024), 1024)
    .count("items", 0, 8)
    .count("environment", 2, 64)
    .line("environment[0].name", A(64), 64)
    .text("environment[0].value", A(4096), 4096)
    .line("environment[1].name", A(64), 64)
    .text("environment[1].value", A(4096), 4096)
    .absent("data")
    .absent("user_files");
}

function answers(values: readonly (readonly number[] | undefined)[]): Body {
  const body = new Body().count("answers", values.length, 32);
  values.forEach((value, i) => {
    const name = `answers[${i}].answer`;
    if (value === undefined) body.absent(name);
    else body.present(name).octets(name, value, 511);
  });
  return body;
}

function passwd(name: string, uid: number, gid: number, home: string, shell: string): Body {
  return new Body()
    .line("name", name, 256)
    .u32("uid", uid)
    .u32("gid", gid)
    .text("home", home, 1024)
    .text("shell", shell, 1024);
}

function groups(list: readonly (readonly [number, string | undefined])[]): Body {
  const body = new Body().count("groups", list.length, 512);
  list.forEach(([gid, name], i) => {
    body.u32(`groups[${i}].gid`, gid);
    if (name === undefined) body.absent(`groups[${i}].name`);
    else body.present(`groups[${i}].name`).line(`groups[${i}].name`, name, 256);
  });
  return body;
}

function ageing(values: readonly bigint[], locked: boolean, empty: boolean): Body {
  const body = new Body();
  ["last_change", "min", "max", "warn", "inactive", "expire"].forEach((name, i) =>
    body.i64(name, values[i]!)
  );
  return body.bool("locked", locked).bool("empty", empty);
}

/** The largest integer that travels. */

function processes(running: readonly boolean[]): Body {
  const body = new Body().count("processes", running.length, 512);
  running.forEach((one, i) => body.bool(`processes[${i}].running`, one));
  return body;
}

/** What the shim sends. */
export const FROM_SHIM: readonly Subject[] = [
  { message: "hook", tag: 0x01, min: hookMin(), typical: hookTypical(), max: hookMax() },
  {
    message: "answers",
    tag: 0x02,
    min: answers([]),
    typical: answers([[0x70, 0x00, 0xff], undefined]),
    max: answers(Array.from({ length: 32 }, (_, i) => octets(i < 31 ? 511 : 444))),
  },
  {
    message: "token",
    tag: 0x03,
    min: new Body().octets("value", [], 511),
    typical: new Body().octets("value", [0x73, 0x33, 0xc3, 0x28], 511),
    max: new Body().octets("value", octets(511), 511),
  },
  {
    message: "passwd",
    tag: 0x04,
    min: passwd("", 0, 0, "", ""),
    typical: passwd("alice", 1000, 100, "/home/alice", "/bin/sh"),
    max: passwd(A(256), 0xffff_ffff, 0xffff_ffff, A(1024), A(1024)),
  },
  {
    message: "groups",
    tag: 0x05,
    min: groups([]),
    typical: groups([[1000, "alice"], [4242, undefined]]),
    max: groups(
      lengths(16384 - 1 - 2 - 512 * 7, 512, 256).map((length) => [0xffff_ffff, A(length)] as const),
    ),
  },
  {
    message: "ageing",
    tag: 0x06,
    min: ageing(Array<bigint>(6).fill(-I64_MAX), false, false),
    typical: ageing([19_700n, 0n, 99_999n, 7n, -1n, 4_294_967_296n], true, false),
    max: ageing(Array<bigint>(6).fill(I64_MAX), true, true),
  },
  { message: "absent", tag: 0x07, min: new Body(), typical: new Body(), max: new Body() },
  {
    message: "failed",
    tag: 0x08,
    min: new Body().enum("code", 0, "success", NO_CODE),
    typical: new Body().enum("code", 19, "conv_err", NO_CODE),
    max: new Body().enum("code", 31, "incomplete", NO_CODE),
  },
  {
    message: "member",
    tag: 0x09,
    min: new Body().bool("member", false),
    typical: new Body().bool("member", true),
    max: new Body().bool("member", true),
  },
  {
    message: "processes",
    tag: 0x0a,
    min: processes([]),
    typical: processes([true, false]),
    max: processes(Array<boolean>(512).fill(true)),
  },
];
