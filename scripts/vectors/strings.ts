// SPDX-License-Identifier: MIT
/**
 * What may be in a string, tried in the last field of `log` (a `line`) and of `text` (a `text`).
 *
 * @module
 */

import { quoted, u16 } from "./body.ts";
import { type Expect, frame, type Vector } from "./vector.ts";

/** Octets that are not well-formed UTF-8, with a word for the file's name. */
const BAD_UTF8: readonly (readonly [string, string, readonly number[]])[] = [
  ["lone_continuation", "a continuation octet without a first one", [0x80]],
  ["lone_continuation_high", "the last continuation octet without a first one", [0xbf]],
  ["overlong_2_low", "U+0000 in two octets", [0xc0, 0x80]],
  ["overlong_2_high", "U+007F in two octets", [0xc1, 0xbf]],
  ["overlong_3_low", "U+0000 in three octets", [0xe0, 0x80, 0x80]],
  ["overlong_3_high", "U+07FF in three octets", [0xe0, 0x9f, 0xbf]],
  ["overlong_4_low", "U+0000 in four octets", [0xf0, 0x80, 0x80, 0x80]],
  ["overlong_4_high", "U+FFFF in four octets", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["surrogate_first", "U+D800", [0xed, 0xa0, 0x80]],
  ["surrogate_last", "U+DFFF", [0xed, 0xbf, 0xbf]],
  ["surrogate_pair", "U+10000 as two surrogates (CESU-8)", [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
  ["above_last", "U+110000", [0xf4, 0x90, 0x80, 0x80]],
  ["octet_f5", "a first octet that would begin U+140000", [0xf5, 0x80, 0x80, 0x80]],
  ["octet_f8", "a first octet of five", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["octet_fe", "an octet that is nowhere in UTF-8", [0xfe]],
  ["octet_ff", "an octet that is nowhere in UTF-8", [0xff]],
  ["cut_2", "a sequence of two cut by the end", [0xc3]],
  ["cut_3", "a sequence of three cut by the end", [0xe2, 0x82]],
  ["cut_4", "a sequence of four cut by the end", [0xf0, 0x9f, 0x98]],
  ["cut_by_ascii", "a sequence of three cut by a letter", [0xe2, 0x82, 0x61]],
  ["cut_by_first", "a sequence of two cut by another", [0xc3, 0xc3, 0xa9]],
  ["third_too_high", "the third octet is no continuation", [0xe2, 0x82, 0xc0]],
  ["fourth_too_low", "the fourth octet is no continuation", [0xf0, 0x9f, 0x98, 0x7f]],
];

/** Strings at the edges of what is well-formed. */
const GOOD: readonly (readonly [string, string, string])[] = [
  ["two_octets", "the first and the last of two octets", "\u0080\u07ff"],
  ["three_octets", "the first and the last of three octets", "\u0800\uffff"],
  ["around_surrogates", "the neighbours of the surrogates", "\ud7ff\ue000"],
  ["four_octets", "the first and the last of four octets", "\u{10000}\u{10ffff}"],
  ["byte_order_mark", "U+FEFF in front is a character like others", "\ufeffa"],
  ["c1_control", "U+0085 is no control character of ours", "\u0085"],
  ["quote_and_backslash", "nothing is escaped on the wire", '"\\"'],
  ["long_not_ascii", "long, with one character of two octets at the end", `${"a".repeat(200)}\u00e9`],
];

interface Place {
  readonly message: string;
  readonly tag: number;
  readonly first: readonly [octet: number, field: string, token: string];
}

const LINE: Place = { message: "log", tag: 0x47, first: [6, "level", "info"] };
const TEXT: Place = { message: "text", tag: 0x46, first: [4, "style", "text_info"] };

function vector(
  place: Place,
  name: string,
  expect: Expect,
  comment: string,
  octets: readonly number[],
): Vector {
  const { message, tag, first } = place;
  const body = [first[0], ...u16(octets.length), ...octets];
  const text = expect === "ok"
    ? quoted(new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(octets)))
    : "";
  const fields = expect === "ok" ? [[first[1], first[2]], ["text", text]] as const : [];
  return { name: `${message}_${name}`, message, expect, comment, fields, octets: frame(tag, body) };
}

const encode = (text: string) => [...new TextEncoder().encode(text)];

/** Vectors of strings. */
export function stringVectors(): Vector[] {
  const both = [LINE, TEXT];
  const controls = [0x00, 0x01, 0x09, 0x0d, 0x1b, 0x1f, 0x7f];
  const hex = (octet: number) => octet.toString(16).padStart(2, "0");
  return [
    ...both.flatMap((place) =>
      BAD_UTF8.map(([name, comment, octets]) =>
        vector(place, `bad_utf8_${name}`, "bad_utf8", comment, [0x61, ...octets])
      )
    ),
    ...both.flatMap((place) =>
      GOOD.map(([name, comment, text]) => vector(place, `ok_${name}`, "ok", comment, encode(text)))
    ),
    ...controls.map((octet) =>
      vector(LINE, `control_${hex(octet)}`, "bad_value", `U+00${hex(octet).toUpperCase()} in a line`, [
        0x61,
        octet,
        0x62,
      ])
    ),
    ...controls.slice(1).map((octet) =>
      vector(TEXT, `ok_control_${hex(octet)}`, "ok", `U+00${hex(octet).toUpperCase()} in a text`, [
        0x61,
        octet,
        0x62,
      ])
    ),
    vector(LINE, "control_long", "bad_value", "a control character at the end of a long line", [
      ...Array<number>(300).fill(0x61),
      0x0a,
    ]),
    vector(LINE, "control_behind_utf8", "bad_value", "a control character behind a character of two octets", [
      0xc3,
      0xa9,
      0x1b,
    ]),
    vector(LINE, "bad_utf8_behind_control", "bad_utf8", "not UTF-8 at all, which is judged first", [
      0x0a,
      0xff,
    ]),
    vector(TEXT, "bad_utf8_behind_nul", "bad_utf8", "not UTF-8 at all, which is judged first", [0x00, 0xff]),
  ];
}
