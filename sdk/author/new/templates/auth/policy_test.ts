// SPDX-License-Identifier: MIT
import { assert, assertEquals, assertThrows } from "@std/assert";
import { hashOf, isSame, parsePins } from "./policy.ts";

const SALT = new Uint8Array(16).fill(7);
const octets = (text: string) => new TextEncoder().encode(text);
const line = (user: string, salt = "07".repeat(16), hash = "ab".repeat(32)) => `${user} ${salt} ${hash}`;

Deno.test("parsePins() reads a user a line", () => {
  const pins = parsePins(`# by enroll.ts\n\n${line("alice")}\n  ${line("bob")}\n`);
  assertEquals([...pins.keys()], ["alice", "bob"]);
  assertEquals(pins.get("alice"), { salt: SALT, hash: new Uint8Array(32).fill(0xab) });
  assertEquals(parsePins(""), new Map());
});

for (
  const [what, text, complaint] of [
    ["no hash", "alice 00", "line 1: write USER SALT HASH"],
    ["a PIN in clear", "alice 1234 5678", "line 1: write USER SALT HASH"],
    ["a short salt", line("alice", "07"), "line 1: write USER SALT HASH"],
    ["one word too many", `${line("alice")} x`, "line 1: write USER SALT HASH"],
    ["a user twice", `${line("alice")}\n${line("alice")}`, "line 2: the user has a PIN already"],
  ] as const
) {
  Deno.test(`parsePins() refuses ${what}, and says nothing of what is there`, () => {
    assertThrows(() => parsePins(text), SyntaxError, complaint);
  });
}

Deno.test("a hash is that of one PIN and one salt", async () => {
  const right = await hashOf(octets("4711"), SALT);
  assert(isSame(right, await hashOf(octets("4711"), SALT)));
  for (
    const [pin, salt] of [["4712", SALT], ["471", SALT], ["", SALT], ["4711", new Uint8Array(16)]] as const
  ) {
    assert(!isSame(right, await hashOf(octets(pin), salt)), pin);
  }
});

Deno.test("isSame() sees every octet", () => {
  const one = new Uint8Array(32);
  for (let i = 0; i < one.length; i++) {
    const other = one.slice();
    other[i] = 1;
    assert(!isSame(one, other), String(i));
  }
  assert(isSame(one, one.slice()));
  assert(!isSame(one, one.slice(1)));
});
