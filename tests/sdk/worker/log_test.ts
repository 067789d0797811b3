// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { Secret } from "../../../mod.ts";
import { formatRecord } from "../../../sdk/worker/log.ts";
import { behind } from "../codes.ts";

function record(rawMessage: string, message: unknown[], properties: Record<string, unknown> = {}): LogRecord {
  return { category: ["pam-deno", "test"], level: "info", timestamp: 0, rawMessage, message, properties };
}

Deno.test("formatRecord() puts values in their places and the others behind", () => {
  const line = formatRecord(record("user {user}", ["user ", "alice", ""], { user: "alice", tty: "ssh" }));
  assert.equal(line, "user alice tty=ssh");
});

Deno.test("formatRecord() makes one line of whatever it gets", () => {
  assert.equal(formatRecord(record("", ["a\n  at b\u001b[2J\u0085\u2028c"])), "a | at b [2J c");
  // What turns the direction of writing makes a line look like another one.
  assert.equal(formatRecord(record("", ["a\u202eb\u2066\u2067c\u200f"])), "a b c ");
});

Deno.test("formatRecord() shows neither octets nor secrets nor what is named like one", () => {
  const properties = {
    bytes: new Uint8Array([1, 2, 3]),
    secret: new Secret(new TextEncoder().encode("hunter2")),
    password: "hunter2",
    authtok: "hunter2",
    nested: { inner: new Secret(new TextEncoder().encode("hunter2")) },
  };
  const line = formatRecord(record("x", ["x"], properties));
  assert.equal(
    line,
    "x bytes=[3 octets] secret=[redacted] password=[redacted] authtok=[redacted] nested={ inner: [secret] }",
  );
});

Deno.test("formatRecord() takes no time over a line of blanks", () => {
  const begin = performance.now();
  for (let i = 0; i < 50; i++) formatRecord(record("", [`x${" ".repeat(8_192)}y`]));
  assert.ok(performance.now() - begin < 500);
});

Deno.test("formatRecord() cuts a line that is too long", () => {
  const line = formatRecord(record("x", ["x".repeat(5_000)]));
  assert.equal(line.length, 2_001);
  assert.ok(line.endsWith("…"));
});

Deno.test("formatRecord() cuts a long line and leaves the code at its end", () => {
  const line = formatRecord(record("", ["x".repeat(5_000), `${behind("not-caught")}`]));
  assert.ok(line.endsWith(`xx…${behind("not-caught")}`), line);
  assert.ok(line.length < 2_200);
});
