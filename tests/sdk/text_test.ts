// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { nearest, suggestion } from "../../sdk/nearest.ts";
import { byteLength, clip, isLine, line } from "../../sdk/text.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

Deno.test("byteLength() is the length of UTF-8, also of what is not well-formed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => byteLength(text) === encoder.encode(text).length),
  );
  assert.equal(byteLength("\ud800a\udc00"), 7);
});

Deno.test("clip() keeps within the limit, cuts between characters, and shows that it cut", () => {
  const texts = fc.string({ unit: "binary", maxLength: 80 });
  fc.assert(fc.property(texts, fc.integer({ min: 3, max: 90 }), (text, max) => {
    const clipped = clip(text, max);
    const bytes = encoder.encode(clipped);
    assert.ok(bytes.length <= max);
    assert.equal(decoder.decode(bytes), clipped);
    assert.ok(!clipped.includes("\0"));
    const whole = text.toWellFormed().replaceAll("\0", "\ufffd");
    if (byteLength(whole) <= max) return assert.equal(clipped, whole);
    assert.ok(clipped.endsWith("…"));
    assert.ok(whole.startsWith(clipped.slice(0, -1)));
    assert.ok(bytes.length > max - 4, "no more is cut than has to be");
  }));
});

Deno.test("clip() and line() take no time over a huge text", () => {
  const huge = "ä\n".repeat(20_000_000);
  const started = performance.now();
  assert.equal(byteLength(clip(huge, 511)), 510);
  assert.ok(byteLength(line(huge, 1024)) <= 1024);
  assert.ok(performance.now() - started < 200);
});

Deno.test("line() leaves nothing that a terminal or a log could take for more than text", () => {
  assert.equal(line("  a\n\tb\r\n\r\nc\u001b[0m\u009b\u202e\u2066\0d  ", 100), "a | b | c?[0m????d");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => isLine(line(text, 1024))));
});

Deno.test("isLine() wants well-formed text without control characters", () => {
  for (const text of ["", "a b", "ä🙂", "\u0085"]) assert.ok(isLine(text));
  for (const text of ["\n", "a\0", "\x7f", "\ud800", "a\x1f"]) assert.ok(!isLine(text));
});

Deno.test("nearest() finds what was meant, and does not guess wildly", () => {
  const hooks = ["authenticate", "account", "openSession"];
  assert.equal(nearest("acount", hooks), "account");
  assert.equal(nearest("Account", hooks), "account");
  assert.equal(nearest("acocunt", hooks), "account");
  assert.equal(nearest("open_session", hooks), "openSession");
  assert.equal(nearest("password", hooks), undefined);
  assert.equal(nearest("q", ["n", "tz"]), undefined);
  assert.equal(nearest("x".repeat(10_000_000), hooks), undefined);
  assert.equal(suggestion("acount", hooks), ' (did you mean "account"?)');
  assert.equal(suggestion("password", hooks), "");
});
