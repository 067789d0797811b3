// SPDX-License-Identifier: MIT
/**
 * A tiny builder of message bodies, octet by octet. It knows nothing of `schema.ts` or `codec.ts`: the vectors are a second
 * opinion on both, so every number in here and in the builders is written by hand, from PROTOCOL.md.
 *
 * @module
 */

/** What can be wrong with a part depends on this. */
export type PartKind =
  | "integer"
  | "bool"
  | "enum"
  | "line"
  | "text"
  | "octets"
  | "fixed"
  | "count"
  | "version";

/** One field, or the `bool` or count in front of it. */
export interface Part {
  /** Its path, `items[0].value`. */
  readonly name: string;
  /** What it is. */
  readonly kind: PartKind;
  /** What stands on the wire. */
  readonly octets: readonly number[];
  /** Its value as a vector shows it; `undefined` for a `bool` that only says that a field follows. */
  readonly shown: string | undefined;
  /** The limit of a length or count. */
  readonly max: number;
  /** Octets that are no value of an enumeration. */
  readonly foreign: readonly number[];
}

const encoder = new TextEncoder();

/** From here on, octets that repeat are written as `61*4096`. */
const RUN_MIN = 17;

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}

/** Two octets, big-endian. */
export function u16(value: number): number[] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** Four octets, big-endian. */
export function u32(value: number): number[] {
  return [...u16(Math.floor(value / 0x1_0000)), ...u16(value % 0x1_0000)];
}

/** Octets in the vectors' notation: `00 61*4096`. */
export function octetTokens(octets: readonly number[]): string[] {
  const tokens: string[] = [];
  for (let i = 0; i < octets.length;) {
    let run = 1;
    while (octets[i + run] === octets[i]) run++;
    if (run < RUN_MIN) run = 1;
    tokens.push(run === 1 ? hex(octets[i]!) : `${hex(octets[i]!)}*${run}`);
    i += run;
  }
  return tokens;
}

/** A string in the vectors' notation: `"caf\xc3\xa9"`, `"a"*1024`. */
export function quoted(text: string): string {
  const octets = encoder.encode(text);
  if (octets.length >= RUN_MIN && octets.every((octet) => octet === octets[0])) {
    return `${quoted(text[0]!)}*${octets.length}`;
  }
  const escaped = [...octets].map((octet) =>
    octet < 0x20 || octet > 0x7e || octet === 0x22 || octet === 0x5c
      ? `\\x${hex(octet)}`
      : String.fromCharCode(octet)
  );
  return `"${escaped.join("")}"`;
}

/** The body of a message, part by part. */
export class Body {
  /** What has been added. */
  readonly parts: Part[] = [];

  #add(
    name: string,
    kind: PartKind,
    octets: readonly number[],
    shown: string | undefined,
    max = 0,
    foreign: readonly number[] = [],
  ): this {
    this.parts.push({ name, kind, octets, shown, max, foreign });
    return this;
  }

  /** A version. */
  version(name: string, value: number): this {
    return this.#add(name, "version", [value], String(value));
  }

  /** Exactly these octets. */
  fixed(name: string, octets: readonly number[]): this {
    return this.#add(name, "fixed", octets, `[${octetTokens(octets).join(" ")}]`);
  }

  /** A u32. */
  u32(name: string, value: number): this {
    return this.#add(name, "integer", u32(value), String(value));
  }

  /** An i64 in two's complement. */
  i64(name: string, value: bigint): this {
    const octets = Array.from({ length: 8 }, (_, i) => Number(value >> BigInt(56 - 8 * i) & 0xffn));
    return this.#add(name, "integer", octets, String(value));
  }

  /** A bool. */
  bool(name: string, value: boolean): this {
    return this.#add(name, "bool", [value ? 1 : 0], String(value));
  }

  /** An octet out of an enumeration that has no values `foreign`. */
  enum(name: string, octet: number, token: string, foreign: readonly number[]): this {
    return this.#add(name, "enum", [octet], token, 0, foreign);
  }

  /** A string without control characters. */
  line(name: string, text: string, max: number): this {
    const octets = [...encoder.encode(text)];
    return this.#add(name, "line", [...u16(octets.length), ...octets], quoted(text), max);
  }

  /** A string without U+0000. */
  text(name: string, text: string, max: number): this {
    const octets = [...encoder.encode(text)];
    return this.#add(name, "text", [...u16(octets.length), ...octets], quoted(text), max);
  }

  /** Octets with their length. */
  octets(name: string, octets: readonly number[], max: number): this {
    return this.#add(
      name,
      "octets",
      [...u16(octets.length), ...octets],
      `[${octetTokens(octets).join(" ")}]`,
      max,
    );
  }

  /** The count of a list whose elements the caller adds. */
  count(name: string, count: number, max: number): this {
    return this.#add(name, "count", u16(count), String(count), max);
  }

  /** Says that an optional field follows. */
  present(name: string): this {
    return this.#add(name.replace(/\w+$/, "has_$&"), "bool", [1], undefined);
  }

  /** Says that an optional field is not there. */
  absent(name: string): this {
    return this.#add(name, "bool", [0], "absent");
  }
}

/** Lengths of `count` strings that take `total` octets together, none above `max`: the first ones as long as can be. */
export function lengths(total: number, count: number, max: number): number[] {
  let left = total;
  return Array.from({ length: count }, () => {
    const length = Math.min(left, max);
    left -= length;
    return length;
  });
}
