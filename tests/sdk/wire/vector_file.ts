// SPDX-License-Identifier: MIT
/**
 * Reads the files of `tests/vectors`; README.md there has the grammar. Refuses what the grammar does not have.
 *
 * @module
 */

import { ENUMS, LENGTH_SIZE, MESSAGES, WIRE_ERROR_KINDS } from "../../../sdk/wire/mod.ts";
import type { FieldShape, Message, WireErrorKind } from "../../../sdk/wire/mod.ts";

/** The folder of the vectors. */
export const FOLDER: URL = new URL("../../vectors/", import.meta.url);

/** A file of `tests/vectors`. */
export interface VectorFile {
  /** The name of the message, or `none`. */
  readonly message: string;
  /** What a reader must make of it. */
  readonly expect: "ok" | WireErrorKind;
  /** The lines of the fields. */
  readonly fields: readonly string[];
  /** All octets. */
  readonly octets: Uint8Array<ArrayBuffer>;
}

const EXPECTATIONS: readonly string[] = ["ok", ...WIRE_ERROR_KINDS];

function value(line: string | undefined, key: string): string {
  if (line?.startsWith(`${key}: `)) return line.slice(key.length + 2);
  throw new SyntaxError(`A line with the key '${key}' is wanted: it is '${line}'`);
}

function octetsOf(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  const octets = lines.join(" ").split(" ").filter((token) => token !== "").flatMap((token) => {
    const match = /^([0-9a-f]{2})(?:\*(\d+))?$/.exec(token);
    if (match === null) throw new SyntaxError(`An octet is wanted: it is '${token}'`);
    return Array<number>(Number(match[2] ?? 1)).fill(parseInt(match[1]!, 16));
  });
  return Uint8Array.from(octets);
}

/** Parses the text of a file. */
export function parseVector(text: string): VectorFile {
  const lines = text.split("\n");
  const message = value(lines[0], "message");
  const expect = value(lines[1], "expect");
  value(lines[2], "comment");
  const end = lines.indexOf("");
  const fields = lines.slice(3, end);
  if (message !== "none" && !Object.hasOwn(MESSAGES, message)) {
    throw new SyntaxError(`A message is wanted: it is '${message}'`);
  }
  if (!EXPECTATIONS.includes(expect)) throw new SyntaxError(`An expectation is wanted: it is '${expect}'`);
  if (end < 0) throw new SyntaxError("An empty line behind the header is wanted");
  for (const line of fields) {
    if (!/^field\.[\w.[\]]+: ./.test(line)) throw new SyntaxError(`A field is wanted: it is '${line}'`);
  }
  if (expect !== "ok" && fields.length > 0) throw new SyntaxError("Fields are only for 'ok'");
  return { message, expect: expect as VectorFile["expect"], fields, octets: octetsOf(lines.slice(end + 1)) };
}

/** Every file, by name. */
export function readVectors(): [string, VectorFile][] {
  return [...Deno.readDirSync(FOLDER)]
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => {
      try {
        return [name, parseVector(Deno.readTextFileSync(new URL(name, FOLDER)))];
      } catch (error) {
        throw new SyntaxError(`tests/vectors/${name}`, { cause: error });
      }
    });
}

const RUN_MIN = 17;

function shownOctets(octets: Uint8Array): string {
  const hex = [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
  return `[${
    hex.replace(
      /\b([0-9a-f]{2})(?: \1\b)+/g,
      (run, octet) => (run.length + 1) / 3 < RUN_MIN ? run : `${octet}*${(run.length + 1) / 3}`,
    )
  }]`;
}

function shownString(text: string): string {
  const octets = new TextEncoder().encode(text);
  const escape = (octet: number) =>
    octet < 0x20 || octet > 0x7e || octet === 0x22 || octet === 0x5c
      ? `\\x${octet.toString(16).padStart(2, "0")}`
      : String.fromCharCode(octet);
  if (octets.length >= RUN_MIN && octets.every((octet) => octet === octets[0])) {
    return `"${escape(octets[0]!)}"*${octets.length}`;
  }
  return `"${[...octets].map(escape).join("")}"`;
}

function shownFields(
  fields: Readonly<Record<string, FieldShape>>,
  values: Readonly<Record<string, unknown>>,
  at: string,
): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const value = values[name];
    const line = (text: string) => `field.${at}${name}: ${text}`;
    if (value === undefined) return [line("absent")];
    if (Array.isArray(value)) {
      const of = field.of as Readonly<Record<string, FieldShape>>;
      return [
        line(String(value.length)),
        ...value.flatMap((v, i) => shownFields(of, v, `${at}${name}[${i}].`)),
      ];
    }
    if (value instanceof Uint8Array) return [line(shownOctets(value))];
    if (typeof value !== "string") return [line(String(value))];
    if (field.kind !== "enum") return [line(shownString(value))];
    if (!Object.hasOwn(ENUMS[field.of as keyof typeof ENUMS], value)) {
      throw new RangeError(`${value} is no token`);
    }
    return [line(value)];
  });
}

/** The fields of a message as a vector shows them. */
export function show(message: Message): string[] {
  return shownFields(MESSAGES[message.type].fields, message as unknown as Record<string, unknown>, "");
}

/** `octets` behind a length word that tells the truth. */
export function framed(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(LENGTH_SIZE + octets.length);
  new DataView(frame.buffer).setUint32(0, octets.length);
  frame.set(octets, LENGTH_SIZE);
  return frame;
}
