// SPDX-License-Identifier: MIT
/**
 * What can be wrong with a frame, or with a message as a whole.
 *
 * @module
 */

import { Body, u16, u32 } from "./body.ts";
import { FROM_SHIM, hookLong } from "./from_shim.ts";
import { FROM_WORKER, resultFile, resultLong } from "./from_worker.ts";
import { type Expect, frame, octetsOf, okVector, type Subject, type Vector } from "./vector.ts";

const HOOK = FROM_SHIM.find(({ message }) => message === "hook")!;
const AGEING = FROM_SHIM.find(({ message }) => message === "ageing")!;
const RESULT = FROM_WORKER.find(({ message }) => message === "result")!;

function bad(
  name: string,
  message: string,
  expect: Expect,
  comment: string,
  octets: readonly number[],
): Vector {
  return { name, message, expect, comment, fields: [], octets };
}

function lengthWords(): Vector[] {
  const body = octetsOf(HOOK.min.parts);
  const full = frame(HOOK.tag, body);
  return [
    bad("frame_nothing", "none", "truncated", "not one octet", []),
    bad("frame_half_length", "none", "truncated", "the length word has two octets", full.slice(0, 2)),
    bad("frame_no_tag", "none", "truncated", "the length word and no more", full.slice(0, 4)),
    bad("frame_one_short", "none", "truncated", "the frame lacks its last octet", full.slice(0, -1)),
    bad("frame_length_0", "none", "truncated", "a frame of no octets has no tag", [0, 0, 0, 0]),
    bad("frame_length_0_then_more", "none", "truncated", "the length word is judged before what follows", [
      ...u32(0),
      0x07,
    ]),
    bad("frame_length_16385", "none", "too_long", "one more than FRAME_MAX", [...u32(16385), 0x07]),
    bad("frame_length_65536", "none", "too_long", "its low half is 0", [...u32(65536), 0x07]),
    bad("frame_length_2147483648", "none", "too_long", "negative, if it were signed", [
      ...u32(0x8000_0000),
      0x07,
    ]),
    bad("frame_length_4294967295", "none", "too_long", "the largest there is", [...u32(0xffff_ffff), 0x07]),
    bad("frame_length_little_endian", "none", "too_long", "the octets in the wrong order", [
      1,
      0,
      0,
      0,
      0x07,
    ]),
    bad("frame_two", "none", "trailing", "a second frame in the same buffer", [
      ...frame(0x07, []),
      ...frame(0x07, []),
    ]),
  ];
}

function tags(): Vector[] {
  return [0x00, 0x0b, 0x40, 0x4c, 0x81, 0xc8, 0xff].map((tag) =>
    bad(`frame_tag_${tag}`, "none", "bad_tag", `no message has the tag ${tag}`, frame(tag, []))
  );
}

/** Integers beyond what travels, in the first and the last field of `ageing`. */
function integers(): Vector[] {
  const values: readonly (readonly [string, bigint])[] = [
    ["above", 9007199254740992n],
    ["below", -9007199254740992n],
    ["highest", 0x7fff_ffff_ffff_ffffn],
    ["lowest", -0x8000_0000_0000_0000n],
  ];
  return values.flatMap(([word, value]) =>
    [0, 5].map((index) => {
      const { parts } = AGEING.typical;
      const octets = new Body().i64("x", value).parts[0]!.octets;
      const body = [...octetsOf(parts.slice(0, index)), ...octets, ...octetsOf(parts.slice(index + 1))];
      const { name } = parts[index]!;
      return bad(
        `ageing_i64_${word}_${name}`,
        "ageing",
        "bad_value",
        `${name} is ${value}`,
        frame(AGEING.tag, body),
      );
    })
  );
}

/** Which of two faults is found: the one in front, and a limit before what lies behind it. */
function order(): Vector[] {
  const log = (...octets: number[]) => frame(0x47, octets);
  return [
    bad(
      "order_too_long_then_truncated",
      "log",
      "too_long",
      "a length over its limit, and nothing behind it",
      [
        ...log(6, ...u16(1025)),
      ],
    ),
    bad(
      "order_truncated_then_bad_utf8",
      "log",
      "truncated",
      "three octets are promised, two that are not UTF-8 follow",
      [
        ...log(6, ...u16(3), 0xff, 0xff),
      ],
    ),
    bad("order_bad_value_then_truncated", "log", "bad_value", "no such level, and nothing behind it", log(1)),
    bad(
      "order_bad_value_then_trailing",
      "failed",
      "bad_value",
      "no such code, and an octet too many",
      frame(0x08, [32, 0]),
    ),
    bad("order_trailing_then_bad_value", "failed", "trailing", "the frame is judged before its body", [
      ...frame(0x08, [32]),
      0,
    ]),
    bad(
      "order_bad_version_then_truncated",
      "hook",
      "bad_version",
      "nothing behind the version",
      frame(0x01, [9]),
    ),
  ];
}

const long = (subject: Subject, body: Body) =>
  okVector(subject, "ok_long", "what ok_max has no room for", body);

/** Every item, style, … once is in the messages' own vectors; every code is here. */
function hooks(): Vector[] {
  const words = [
    "authenticate",
    "setCredentials",
    "account",
    "openSession",
    "closeSession",
    "preliminary",
    "update",
  ];
  return words.map((word, i) => {
    const body = new Body();
    body.parts.push(
      ...HOOK.min.parts.map((part) =>
        part.name === "hook" ? { ...part, octets: [i + 1], shown: word } : part
      ),
    );
    return okVector(
      HOOK,
      `ok_${word.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
      `the hook ${word}`,
      body,
    );
  });
}

/** Vectors of frames. */
export function frameVectors(): Vector[] {
  return [
    ...lengthWords(),
    ...tags(),
    ...integers(),
    ...order(),
    ...hooks(),
    long(HOOK, hookLong()),
    long(RESULT, resultLong()),
    okVector(RESULT, "ok_file", "the longest user file, which ok_max has no room for", resultFile()),
  ];
}
