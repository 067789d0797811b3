// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { MessageParser } from "ldapts";
import { checkMessage, Messages, NotLdap, Unasked } from "./frames.ts";

const RUNS = { seed: 20_261_120, numRuns: 20_000 };
const element = (tag: number, ...content: number[][]): number[] => {
  const octets = content.flat();
  return [
    tag,
    ...octets.length < 0x80 ? [octets.length] : [0x82, octets.length >> 8, octets.length & 0xff],
    ...octets,
  ];
};
const text = (value: string) => element(0x04, [...new TextEncoder().encode(value)]);
const message = (operation: number[], ...more: number[][]) =>
  element(0x30, element(0x02, [7]), operation, ...more);
const attribute = (name: string, ...values: string[]) =>
  element(0x30, text(name), element(0x31, ...values.map(text)));
const entry = message(
  element(
    0x64,
    text("uid=alice,o=x"),
    element(0x30, attribute("uid", "alice"), attribute("host", "a", "b"), attribute("x")),
  ),
);
const control = element(0xa0, element(0x30, text("1.2.3"), element(0x01, [0xff]), text("value")));
const done = message(element(0x65, element(0x0a, [0]), text(""), text("")), control);
const reference = message(element(0x73, text("ldap://other/")));
const bind = message(element(0x61, element(0x0a, [49]), text(""), text("no")));
const extended = message(element(0x78, element(0x0a, [0]), text(""), text(""), element(0x8a, [0x31])));
const ALL = [entry, done, reference, bind, extended];

Deno.test("checkMessage() takes what servers send", () => {
  for (const octets of ALL) checkMessage(Uint8Array.from(octets));
});

Deno.test("checkMessage() refuses what has another form", () => {
  const cases = [
    [],
    [0x30],
    [0x30, 0x00],
    [0x30, 0x80, 0x00, 0x00],
    [...entry, 0],
    element(0x31, element(0x02, [7]), element(0x65, element(0x0a, [0]), text(""), text(""))),
    message(element(0x63, text("a request"))),
    message(element(0x64, text("uid=alice,o=x"))),
    message(element(0x64, text("uid=alice,o=x"), [0x30, 0x7f])),
    message(element(0x64, text("x"), element(0x30, element(0x30, text("uid"), [0x31, 0x7f])))),
    message(element(0x64, text("x"), element(0x30, element(0x04, text("uid"), [0x31, 0x7f])))),
    message(
      element(0x64, text("x"), element(0x30, element(0x30, text("uid"), element(0x31, element(0x02, [1]))))),
    ),
    message(element(0x65, element(0x0a, []), text(""), text(""))),
    message(element(0x65, element(0x0a, [0]), text(""))),
    message(element(0x65, element(0x0a, [0]), text(""), text("")), text("more")),
    element(0x30, element(0x02, [1, 2, 3, 4, 5]), element(0x73, text("x"))),
    element(0x30, element(0x02, [7]), [0x65, 0x84, 0xff, 0xff, 0xff, 0xff]),
  ];
  for (const octets of cases) {
    assert.throws(() => checkMessage(Uint8Array.from(octets)), NotLdap, octets.join());
  }
});

Deno.test("checkMessage() refuses attributes that would stand in the place of an entry's name", () => {
  for (const [name, refused] of [["dn", true], ["__proto__", true], ["DN", false], ["dnx", false]] as const) {
    const octets = Uint8Array.from(
      message(element(0x64, text("o=x"), element(0x30, attribute(name, "o=y")))),
    );
    if (refused) assert.throws(() => checkMessage(octets), Unasked, name);
    else checkMessage(octets);
  }
});

Deno.test("Messages puts together what comes in pieces, octet by octet too", () => {
  const stream = Uint8Array.from(ALL.flat());
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const messages = new Messages();
      const found: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        found.push(...messages.push(stream.slice(at, at + size)));
        at += size;
      }
      assert.deepEqual(found.map((octets) => [...octets]), ALL);
    }),
    { ...RUNS, numRuns: 500 },
  );
});

Deno.test("Messages refuses a stream that is none, or a message that is too long, at its first octets", () => {
  for (const octets of [[0x48], [0x30, 0x84, 0x00, 0x10, 0x00, 0x01], [0x30, 0x80], [0x30, 0x85]]) {
    assert.throws(() => new Messages().push(Uint8Array.from(octets)), NotLdap, octets.join());
  }
});

Deno.test("ldapts comes to an end with every message that checkMessage() takes", () => {
  let taken = 0;
  const change = fc.record({
    at: fc.nat(),
    octet: fc.constantFrom(0, 1, 2, 4, 10, 0x30, 0x31, 0x64, 0x65, 0x7f, 0x80, 0x84, 0xff),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (original, changes) => {
        const octets = [...original];
        for (const { at, octet } of changes) octets[at % octets.length] = octet;
        try {
          checkMessage(Uint8Array.from(octets));
        } catch (error) {
          assert.ok(error instanceof NotLdap || error instanceof Unasked);
          return;
        }
        taken++;
        const parser = new MessageParser();
        parser.on("error", () => {});
        parser.read(Buffer.from(octets), new Map());
      },
    ),
    RUNS,
  );
  assert.ok(taken > 1000, `only ${taken} messages were taken`);
});
