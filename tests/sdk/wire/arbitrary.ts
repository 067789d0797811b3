// SPDX-License-Identifier: MIT
/**
 * Random messages and random damage, for fast-check.
 *
 * @module
 */

import fc from "fast-check";
import { ENUMS, type FieldShape, LIMITS, type Message, MESSAGES, VERSION } from "../../../sdk/wire/mod.ts";

/** Short more often than long, so that a frame is seldom full. */
const SHORT = 12;

// deno-lint-ignore no-control-regex -- what a line must not hold
const CONTROL = /[\u0000-\u001f\u007f]/g;

const encoder = new TextEncoder();

function string(max: number, forbidden: RegExp): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", maxLength: Math.min(SHORT, max) })
    .map((text) => text.toWellFormed().replace(forbidden, "~"))
    .filter((text) => encoder.encode(text).length <= max);
}

function octets(max: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength: Math.min(SHORT, max) }).map((octets) => Uint8Array.from(octets));
}

function value(field: FieldShape): fc.Arbitrary<unknown> {
  const max = field.max === undefined ? 0 : LIMITS[field.max as keyof typeof LIMITS];
  switch (field.kind) {
    case "version":
      return fc.constant(VERSION);
    case "u8":
      return fc.nat(0xff);
    case "u16":
      return fc.nat(0xffff);
    case "u32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "i64":
      return fc.maxSafeInteger();
    case "bool":
      return fc.boolean();
    case "enum":
      return fc.constantFrom(...Object.keys(ENUMS[field.of as keyof typeof ENUMS]));
    case "line":
      return fc.oneof(
        string(max, CONTROL),
        fc.nat(Math.min(max, 300)).map((n) => "x".repeat(n)),
      );
    case "text":
      return string(max, /\0/g);
    case "bytes":
    case "secret":
      return octets(max);
    case "fixed":
      return fc.uint8Array({ minLength: field.len!, maxLength: field.len! }).map((o) => Uint8Array.from(o));
    case "list":
      return fc.array(fields(field.of as Readonly<Record<string, FieldShape>>), {
        maxLength: Math.min(5, max),
      });
    default:
      throw new TypeError(`No arbitrary for the kind '${field.kind}': add one`);
  }
}

function fields(shape: Readonly<Record<string, FieldShape>>): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(shape);
  const requiredKeys = names.filter((name) => !shape[name]!.optional);
  const values = Object.fromEntries(names.map((name) => [name, value(shape[name]!)]));
  // Without a prototype by default, which deepEqual would notice.
  return fc.record(values, { requiredKeys, noNullPrototype: true });
}

/** Any valid message. */
export const message: fc.Arbitrary<Message> = fc.oneof(
  ...Object.entries(MESSAGES).map(([type, shape]) =>
    fields(shape.fields).map((values) => ({ type, ...values }) as unknown as Message)
  ),
);

/** A change of some octets. */
export type Damage = (octets: Uint8Array) => Uint8Array;

/** Values that are near the edge of something. */
const edge = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x0a, 0x1f, 0x20, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff),
  fc.nat(0xff),
);

const change: fc.Arbitrary<Damage> = fc.tuple(fc.nat(), edge).map(([at, octet]) => (octets) => {
  const changed = octets.slice();
  if (changed.length > 0) changed[at % changed.length] = octet;
  return changed;
});

const cut: fc.Arbitrary<Damage> = fc.nat().map((at) => (octets) => octets.slice(0, at % (octets.length + 1)));

const insert: fc.Arbitrary<Damage> = fc.tuple(fc.nat(), fc.array(edge, { maxLength: 4 }))
  .map(([at, more]) => (octets) => {
    const place = at % (octets.length + 1);
    return Uint8Array.from([...octets.subarray(0, place), ...more, ...octets.subarray(place)]);
  });

const remove: fc.Arbitrary<Damage> = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 }))
  .map(([at, count]) => (octets) => {
    const place = at % (octets.length + 1);
    return Uint8Array.from([...octets.subarray(0, place), ...octets.subarray(place + count)]);
  });

/** One to four changes. */
export const damage: fc.Arbitrary<Damage> = fc
  .array(fc.oneof({ arbitrary: change, weight: 4 }, cut, insert, remove), { minLength: 1, maxLength: 4 })
  .map((changes) => (octets) => changes.reduce((changed, next) => next(changed), octets));
