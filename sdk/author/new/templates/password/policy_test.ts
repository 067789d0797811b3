// SPDX-License-Identifier: MIT
import { assert, assertEquals } from "@std/assert";
import { contains, faultOf } from "./policy.ts";

const octets = (text: string) => new TextEncoder().encode(text);
const SCENE = { user: "alice", demands: { length: 12, different: 6 } };

for (
  const [password, fault] of [
    ["correct horse battery", undefined],
    ["zwölf Zeichen", undefined],
    ["short", "Your new password needs at least 12 characters"],
    ["ééééééabcdef", undefined],
    ["ééééééabcde", "Your new password needs at least 12 characters"],
    ["abababababab", "Your new password needs at least 6 different characters"],
    ["the name is aLiCe", "Your new password has your name in it"],
    ["", "Your new password needs at least 12 characters"],
  ] as const
) {
  Deno.test(`${JSON.stringify(password)} is ${fault === undefined ? "good enough" : "refused"}`, () => {
    assertEquals(faultOf(octets(password), SCENE), fault);
  });
}

Deno.test("no fault has the password in it, and a longer password is never worse for its length", () => {
  for (let length = 0; length < 40; length++) {
    const password = Array.from({ length }, (_, i) => String.fromCharCode(0x21 + (i * 7) % 90)).join("");
    const fault = faultOf(octets(password), SCENE);
    assertEquals(fault === undefined, length >= 12, password);
    assert(password === "" || !fault?.includes(password), password);
  }
});

Deno.test("contains() does not look at the case of letters, and an empty name is in nothing", () => {
  assert(contains(octets("xALICEy"), octets("alice")));
  assert(!contains(octets("alic"), octets("alice")));
  assert(!contains(octets("anything"), octets("")));
});
