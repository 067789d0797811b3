// SPDX-License-Identifier: MIT
/**
 * A vector: one scenario, one frame. The grammar is in `tests/vectors/README.md`.
 *
 * @module
 */

import { type Body, octetTokens, type Part, u16, u32 } from "./body.ts";

/** What a reader must make of a frame. */
export type Expect =
  | "ok"
  | "truncated"
  | "trailing"
  | "too_long"
  | "bad_utf8"
  | "bad_tag"
  | "bad_value"
  | "bad_version";

/** A message that vectors are made of. */
export interface Subject {
  /** Its name. */
  readonly message: string;
  /** Its tag. */
  readonly tag: number;
  /** The least that can be in it. */
  readonly min: Body;
  /** Something of everything: what is truncated and corrupted. */
  readonly typical: Body;
  /** The most that can be in it. */
  readonly max: Body;
}

/** One scenario. */
export interface Vector {
  /** The name of the file without its ending. */
  readonly name: string;
  /** The message, `none` if the frame has no known tag. */
  readonly message: string;
  /** What a reader must make of it. */
  readonly expect: Expect;
  /** What is going on. */
  readonly comment: string;
  /** Names and values, in order; only when `expect` is `ok`. */
  readonly fields: readonly (readonly [string, string])[];
  /** All octets, length word and all. */
  readonly octets: readonly number[];
}

/** Octets on a line of a vector. */
const TOKENS_PER_LINE = 16;

/** A frame of a tag and a body; its length word tells the truth unless `length` says otherwise. */
export function frame(tag: number, body: readonly number[], length = 1 + body.length): number[] {
  return [...u32(length), tag, ...body];
}

/** The octets of `parts`. */
export function octetsOf(parts: readonly Part[]): number[] {
  return parts.flatMap((part) => part.octets);
}

/** The text of a vector's file. */
export function vectorText(vector: Vector): string {
  const head = [
    `message: ${vector.message}`,
    `expect: ${vector.expect}`,
    `comment: ${vector.comment}`,
    ...vector.fields.map(([name, value]) => `field.${name}: ${value}`),
  ];
  const tokens = octetTokens(vector.octets);
  const lines: string[] = [];
  for (let i = 0; i < tokens.length; i += TOKENS_PER_LINE) {
    lines.push(tokens.slice(i, i + TOKENS_PER_LINE).join(" "));
  }
  return [...head, "", ...lines, ""].join("\n");
}

/** A vector that decodes. */
export function okVector(subject: Subject, name: string, comment: string, body: Body): Vector {
  return {
    name: `${subject.message}_${name}`,
    message: subject.message,
    expect: "ok",
    comment,
    fields: body.parts.flatMap(({ name, shown }) => shown === undefined ? [] : [[name, shown] as const]),
    octets: frame(subject.tag, octetsOf(body.parts)),
  };
}

/** `items[0].value` as part of a file's name. */
function slug(name: string): string {
  return name.replace(/\[(\d+)\]\./g, "_$1_");
}

/** A vector of the typical body with `octets` in the place of part `index`. */
function corrupt(
  { message, tag, typical }: Subject,
  index: number,
  octets: readonly number[],
  what: string,
  expect: Expect,
  comment: string,
): Vector {
  const { parts } = typical;
  const body = [...octetsOf(parts.slice(0, index)), ...octets, ...octetsOf(parts.slice(index + 1))];
  const name = `${message}_${what}_${slug(parts[index]!.name)}`;
  return { name, message, expect, comment, fields: [], octets: frame(tag, body) };
}

function truncations({ message, tag, typical }: Subject): Vector[] {
  return typical.parts.flatMap((part, index) => {
    const before = octetsOf(typical.parts.slice(0, index));
    const cut = (where: string, body: readonly number[], comment: string): Vector => ({
      name: `${message}_truncated_${where}_${slug(part.name)}`,
      message,
      expect: "truncated",
      comment,
      fields: [],
      octets: frame(tag, body),
    });
    const at = cut("at", before, `the body ends where ${part.name} should begin`);
    if (part.octets.length < 2) return [at];
    const most = part.octets.slice(0, -1);
    return [at, cut("in", [...before, ...most], `the body ends one octet short of the end of ${part.name}`)];
  });
}

/** The characters of a string that is one too long; the frame stays within its own limit. */
function overLength(max: number): number[] {
  return [...u16(max + 1), ...Array<number>(max + 1).fill(0x61)];
}

function string(octets: readonly number[]): number[] {
  return [...u16(octets.length), ...octets];
}

function corruptions(subject: Subject): Vector[] {
  return subject.typical.parts.flatMap((part, index): Vector[] => {
    // What the first element is tried with need not be tried with the second, unless another form of it stands there.
    if (/\[[1-9]\d*\]/.test(part.name) && part.shown !== "absent") return [];
    const put = (octets: readonly number[], what: string, expect: Expect, comment: string) =>
      corrupt(subject, index, octets, what, expect, comment);
    const { kind, name, max } = part;
    switch (kind) {
      case "bool":
        return [
          put([2], "bool_2", "bad_value", `${name} is 2`),
          put([255], "bool_255", "bad_value", `${name} is 255`),
        ];
      case "enum":
        return part.foreign.map((octet) =>
          put([octet], `enum_${octet}`, "bad_value", `${name} has no value ${octet}`)
        );
      case "line":
      case "text": {
        const [octet, what] = kind === "line" ? [0x0a, "newline"] : [0x00, "nul"];
        return [
          put(overLength(max), "too_long", "too_long", `${name} has ${max + 1} octets, ${max} are allowed`),
          put(string([0x61, 0xc3]), "bad_utf8", "bad_utf8", `${name} ends inside a character`),
          put(
            string([0x61, octet, 0x62]),
            what,
            "bad_value",
            `${name} holds U+00${octet === 0 ? "00" : "0A"}`,
          ),
        ];
      }
      case "octets":
        return [
          put(overLength(max), "too_long", "too_long", `${name} has ${max + 1} octets, ${max} are allowed`),
        ];
      case "count":
        return [
          put(u16(max + 1), "too_many", "too_long", `${name} has ${max + 1} elements, ${max} are allowed`),
          put(u16(65535), "far_too_many", "too_long", `${name} has 65535 elements, ${max} are allowed`),
        ];
      case "version":
        return [0, 2, 255].map((version) =>
          put([version], `version_${version}`, "bad_version", `version ${version} is not served`)
        );
      case "integer":
      case "fixed":
        return [];
    }
  });
}

/** What every message is tried with. */
export function vectorsOf(subject: Subject): Vector[] {
  const { message, tag, min, typical, max } = subject;
  const trailing = (what: string, octets: readonly number[], comment: string): Vector => ({
    name: `${message}_${what}`,
    message,
    expect: "trailing",
    comment,
    fields: [],
    octets,
  });
  const body = octetsOf(typical.parts);
  return [
    okVector(subject, "ok_min", "the least that can be in it", min),
    okVector(subject, "ok_typical", "something of everything", typical),
    okVector(subject, "ok_max", "every field at its limit, as far as a frame holds it", max),
    trailing("trailing", frame(tag, [...body, 0]), "an octet behind the last field"),
    trailing("trailing_frame", [...frame(tag, body), 0], "an octet behind the frame"),
    ...truncations(subject),
    ...corruptions(subject),
  ];
}
