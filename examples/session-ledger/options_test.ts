// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { LIMIT_MAX, LineOptions } from "./options.ts";

const FILE = "/var/lib/ledger/sessions.db";

function read(words: Record<string, unknown>) {
  return v.parse(LineOptions, words);
}

function complaint(words: Record<string, unknown>): string | undefined {
  return v.safeParse(LineOptions, words).issues?.[0].message;
}

Deno.test("LineOptions reads what the words mean", () => {
  const redis = {
    store: "rediss://redis.example.org:6380/2",
    limit: "3",
    group_limit: ["staff:10", "guests:2,interns:1"],
    services: "SSHD,login",
    root: "counted",
    unavailable: "allow",
    host: "web-1",
    host_gone: "30m",
    prefix: "fleet",
    username: "ledger",
    password_file: "/run/credentials/redis",
    ca: "/etc/ssl/redis.crt",
  };
  assert.deepEqual(read(redis), {
    store: "rediss://redis.example.org:6380/2",
    limit: 3,
    groupLimits: [{ group: "staff", max: 10 }, { group: "guests", max: 2 }, { group: "interns", max: 1 }],
    services: ["sshd", "login"],
    root: "counted",
    unavailable: "allow",
    host: "web-1",
    hostGoneMs: 1_800_000,
    prefix: "fleet",
    username: "ledger",
    passwordFile: "/run/credentials/redis",
    ca: "/etc/ssl/redis.crt",
  });
});

Deno.test("LineOptions refuses whoever comes while the ledger is away, and leaves root out, unless it is told otherwise", () => {
  const { limit, groupLimits, services, root, unavailable, hostGoneMs, prefix } = read({ store: FILE });
  assert.deepEqual(
    { limit, groupLimits, services, root, unavailable, hostGoneMs, prefix },
    {
      limit: undefined,
      groupLimits: [],
      services: [],
      root: "exempt",
      unavailable: "deny",
      hostGoneMs: undefined,
      prefix: "session-ledger",
    },
  );
  assert.equal(read({ store: "redis://h", host_gone: "never" }).hostGoneMs, undefined);
});

Deno.test("LineOptions refuses what it cannot read, with a remedy", () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{}, /^Cannot do without "store": write \{ "state": "sessions.db" \}/],
    [{ store: "sessions.db" }, /^Cannot read "store"/],
    [{ store: "/var/lib/" }, /^Cannot read "store"/],
    [{ store: "redis://" }, /^Cannot read "store"/],
    [{ store: "redis://h/database" }, /^Cannot read "store"/],
    [{ store: "redis://h?db=1" }, /^Cannot read "store"/],
    [{ store: "http://h" }, /^Cannot read "store"/],
    [
      { store: "redis://:secret@h" },
      /^Cannot take a name or a password in "store": write them into "username"/,
    ],
    [{ store: FILE, limt: "3" }, /^Unknown option: the options are store, limit, group_limit/],
    [{ store: FILE, limit: "0" }, /^Cannot read "limit": write a whole number from 1 to/],
    [{ store: FILE, limit: "3.5" }, /^Cannot read "limit"/],
    [{ store: FILE, limit: String(LIMIT_MAX + 1) }, /^Cannot read "limit"/],
    [{ store: FILE, limit: ["3", "4"] }, /^Cannot read "limit": write it once/],
    [{ store: FILE, limit: true }, /^Cannot read "limit": write it once/],
    [{ store: FILE, group_limit: "staff" }, /^Cannot read "group_limit": write GROUP:NUMBER/],
    [{ store: FILE, group_limit: "staff:0" }, /^Cannot read "group_limit": write a whole number/],
    [{ store: FILE, group_limit: ["staff:1", "staff:2"] }, /^Cannot take two limits for the group "staff"/],
    [{ store: FILE, services: "sshd,,login" }, /^Cannot read "services"/],
    [{ store: FILE, root: "yes" }, /^Cannot read "root": write "exempt" or "counted"/],
    [{ store: FILE, unavailable: "ignore" }, /^Cannot read "unavailable": write "deny" or "allow"/],
    [{ store: FILE, host_gone: "1h" }, /^Cannot take "host_gone" with a file/],
    [{ store: FILE, password_file: "/p" }, /^Cannot take "password_file" with a file/],
    [{ store: "redis://h", host_gone: "30" }, /^Cannot read "host_gone"/],
    [{ store: "redis://h", host_gone: "30s" }, /^Cannot read "host_gone"/],
    [{ store: "redis://h", host_gone: "31d" }, /^Cannot read "host_gone"/],
    [{ store: "redis://h", host: "a b" }, /^Cannot read "host"/],
    [{ store: "redis://h", prefix: "{a}" }, /^Cannot read "prefix"/],
    [{ store: "redis://h", password_file: "secret" }, /^Cannot read "password_file": write an absolute path/],
    [{ store: "redis://h", ca: "/ca" }, /^Cannot take "ca" without TLS/],
  ];
  for (const [words, expected] of cases) {
    assert.match(complaint(words) ?? "", expected, JSON.stringify(words));
  }
});

Deno.test("LineOptions never repeats a password that stands in the wrong place", () => {
  for (
    const store of [
      "redis://:geheim@h",
      "redis://u:geheim@h/x",
      "rediss://geheim@h",
      "redis://h?password=geheim",
    ]
  ) {
    assert.doesNotMatch(complaint({ store }) ?? "", /geheim/);
    assert.notEqual(complaint({ store }), undefined);
  }
});

Deno.test("LineOptions throws nothing, whatever the words are", () => {
  const names = fc.constantFrom("store", "limit", "group_limit", "services", "host_gone", "host", "ca", "x");
  const value = fc.oneof(
    fc.string(),
    fc.constant(true),
    fc.array(fc.string()),
    fc.constantFrom(FILE, "redis://h", "3", "staff:3", "1h"),
  );
  fc.assert(
    fc.property(fc.dictionary(names, value), (words) => {
      const { success, output } = v.safeParse(LineOptions, words);
      if (success) assert.ok(output.limit === undefined || output.limit >= 1);
    }),
    { seed: 4 },
  );
});
