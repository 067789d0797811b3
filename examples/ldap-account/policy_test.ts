// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Account, admits, type Check, decide, isLocked, parseTime } from "./policy.ts";

const RUNS = { seed: 20_261_120, numRuns: 2000 };
const NOW = Temporal.Instant.from("2026-08-03T12:00:00Z");
const TODAY = 20_668;
const EMPTY: Account = { dn: "uid=alice,o=x", host: [], service: [], expire: [], locked: [] };
const QUESTION = { now: NOW, hostnames: ["web1.example.org"], service: "sshd" };
const reasonOf = (account: Partial<Account>, ...checks: Check[]) => {
  const decision = decide({ ...EMPTY, ...account }, QUESTION, { checks: new Set(checks) });
  return decision.allow ? "allow" : decision.reason;
};

Deno.test("decide() looks at what is checked, and at nothing else", () => {
  const account = { host: ["!*"], service: ["!*"], expire: ["0"], locked: ["000001010000Z"] };
  assert.equal(reasonOf(account), "allow");
  assert.equal(reasonOf(account, "lock", "expire", "host", "service"), "locked");
  assert.equal(reasonOf(account, "expire", "host", "service"), "expired");
  assert.equal(reasonOf(account, "host", "service"), "host");
  assert.equal(reasonOf(account, "service"), "service");
});

Deno.test("decide() takes the first day of shadowExpire as the end, in UTC", () => {
  const cases = [
    [[], "allow"],
    [["-1"], "allow"],
    [[`${TODAY + 1}`], "allow"],
    [[`${TODAY}`], "expired"],
    [["0"], "expired"],
    [[" 1 "], "expired"],
    [["999999999999999"], "allow"],
    [["100000000"], "allow"],
    [["-2"], "unclear"],
    [["soon"], "unclear"],
    [["1.5"], "unclear"],
    [[""], "unclear"],
    [["-1", `${TODAY}`], "expired"],
  ] as const;
  for (const [expire, expected] of cases) {
    assert.equal(reasonOf({ expire }, "expire"), expected, expire.join());
  }
});

Deno.test("decide() says until when an account lasts", () => {
  const decision = decide({ ...EMPTY, expire: [`${TODAY + 1}`] }, QUESTION, {
    checks: new Set(["expire"] as const),
  });
  assert.deepEqual(decision.allow && decision.until?.toString(), "2026-08-04T00:00:00Z");
});

Deno.test("admits() lets a refusal win wherever it stands", () => {
  const names = ["web1.example.org", "web1"];
  const cases: [string[], boolean][] = [
    [[], false],
    [[""], false],
    [["!"], false],
    [["*"], true],
    [[" WEB1 "], true],
    [["web2"], false],
    [["web"], false],
    [["web*"], false],
    [["!web2"], false],
    [["*", "!web1"], false],
    [["!web1", "*"], false],
    [["*", "!WEB1.example.org"], false],
    [["*", "! web1"], false],
    [["*", "!web2"], true],
    [["web1", "!*"], false],
  ];
  for (const [rules, expected] of cases) assert.equal(admits(rules, names), expected, JSON.stringify(rules));
});

Deno.test("admits() is never opened by one more refusal", () => {
  const rule = fc.constantFrom("*", "a", "b", "!a", "!b", "!*", "", "A ", "!A");
  fc.assert(
    fc.property(fc.array(rule), rule, (rules, more) => {
      if (more.startsWith("!") && admits([...rules, more], ["a"])) assert.ok(admits(rules, ["a"]));
      assert.equal(admits(rules, ["a"]), admits(rules.toReversed(), ["a"]));
    }),
    RUNS,
  );
});

Deno.test("isLocked() counts from the lock, and takes what is no time for a lock", () => {
  const minutes = (minutes: number) => Temporal.Duration.from({ minutes });
  assert.ok(isLocked("20260803115500Z", NOW));
  assert.ok(isLocked("20200101000000Z", NOW));
  assert.ok(isLocked("20260803115500Z", NOW, minutes(6)));
  assert.ok(!isLocked("20260803115500Z", NOW, minutes(5)));
  assert.ok(isLocked("000001010000Z", NOW, minutes(5)));
  assert.ok(isLocked("20990101000000Z", NOW, minutes(5)));
  assert.ok(isLocked("yesterday", NOW, minutes(5)));
  assert.ok(isLocked("", NOW, minutes(5)));
});

Deno.test("parseTime() reads GeneralizedTime", () => {
  const cases = [
    ["20260803120000Z", "2026-08-03T12:00:00Z"],
    ["202608031200Z", "2026-08-03T12:00:00Z"],
    ["2026080312Z", "2026-08-03T12:00:00Z"],
    ["20260803120000.123456Z", "2026-08-03T12:00:00Z"],
    ["20260803140000+0200", "2026-08-03T12:00:00Z"],
    ["20260803100000-02", "2026-08-03T12:00:00Z"],
    ["20260803120000", undefined],
    ["20261303120000Z", undefined],
    ["20260230120000Z", undefined],
    ["now", undefined],
  ] as const;
  for (const [text, expected] of cases) assert.equal(parseTime(text)?.toString(), expected, text);
});
