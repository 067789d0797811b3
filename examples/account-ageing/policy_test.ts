// SPDX-License-Identifier: MIT
import type { AgeingFields } from "@pam-deno/sdk";
import assert from "node:assert/strict";
import { answerAccount, answerChange, dayOf, judge, type Verdict } from "./policy.ts";

const TODAY = 20_000;
const NEVER: AgeingFields = { lastChange: TODAY, min: -1, max: -1, warn: -1, inactive: -1, expire: -1 };
const LENIENT = { refuseLocked: false, disallowEmpty: false };
const VALID: Verdict = { is: "valid", daysLeft: undefined, tooEarly: false };

/** What is said of a password of `age` days. */
function aged(age: number, fields: Partial<AgeingFields>): Verdict {
  return judge({ ...NEVER, lastChange: TODAY - age, ...fields }, TODAY);
}

Deno.test("dayOf() counts days in UTC, also before 1970", () => {
  assert.equal(dayOf(Temporal.Instant.from("1970-01-01T00:00:00Z")), 0);
  assert.equal(dayOf(Temporal.Instant.from("2026-01-02T00:59:59+01:00")), 20454);
  assert.equal(dayOf(Temporal.Instant.from("2026-01-02T01:00:00+01:00")), 20455);
  assert.equal(dayOf(Temporal.Instant.from("1969-12-31T23:59:59Z")), -1);
});

Deno.test("judge() has an account expire on the day of its expiry", () => {
  const at = (expire: number) => judge({ ...NEVER, expire }, TODAY).is;
  assert.deepEqual([at(TODAY + 1), at(TODAY), at(TODAY - 1), at(1), at(0)], [
    "valid",
    "account_expired",
    "account_expired",
    "account_expired",
    "account_expired",
  ]);
  assert.deepEqual([at(-1), at(-2), at(-2147483648), at(2147483647)], [
    "valid",
    "account_expired",
    "account_expired",
    "valid",
  ]);
});

Deno.test("judge() lets the expiry of the account go before everything else", () => {
  assert.equal(judge({ ...NEVER, lastChange: 0, expire: TODAY }, TODAY).is, "account_expired");
  assert.equal(aged(500, { max: 90, inactive: 30, expire: TODAY }).is, "account_expired");
});

Deno.test("judge() demands a new password on day 0, whatever the limits say", () => {
  assert.deepEqual(judge({ ...NEVER, lastChange: 0 }, TODAY), { is: "must_change" });
  assert.equal(
    judge({ ...NEVER, lastChange: 0, max: 99999, inactive: 0, min: 99999 }, TODAY).is,
    "must_change",
  );
});

Deno.test("judge() lets a password be used until it is older than max, and changed until inactive is over too", () => {
  const limits = { max: 90, inactive: 14 };
  const by = [89, 90, 91, 104, 105].map((age) => aged(age, limits).is);
  assert.deepEqual(by, ["valid", "valid", "aged", "aged", "inactive"]);
  assert.equal(aged(100_000, { max: 90 }).is, "aged");
  assert.equal(aged(100_000, { inactive: 14 }).is, "valid");
  assert.deepEqual([0, 1].map((age) => aged(age, { max: 0, inactive: 0 }).is), ["valid", "inactive"]);
  // Longer to be inactive than to be used: the sum decides.
  assert.deepEqual([31, 395, 396].map((age) => aged(age, { max: 30, inactive: 365 }).is), [
    "aged",
    "aged",
    "inactive",
  ]);
});

Deno.test("judge() warns in the last warn days, and tells how many are left", () => {
  const left = (age: number, warn: number) => {
    const verdict = aged(age, { max: 90, warn });
    assert.equal(verdict.is, "valid");
    return verdict.is === "valid" ? verdict.daysLeft : undefined;
  };
  assert.deepEqual([82, 83, 84, 89, 90].map((age) => left(age, 7)), [undefined, undefined, 6, 1, 0]);
  assert.deepEqual([left(90, 0), left(90, -1), left(0, 400), left(90, -7)], [
    undefined,
    undefined,
    90,
    undefined,
  ]);
});

Deno.test("judge() takes a change in the future for a password that has just been changed", () => {
  assert.deepEqual(aged(-1, { max: 0, warn: 99999, min: 30 }), VALID);
  assert.deepEqual(judge({ ...NEVER, lastChange: 2147483647, max: 90 }, TODAY), VALID);
});

Deno.test("judge() takes an unknown last change for day -1, as pam_unix 1.5.2 does", () => {
  const unknown = (fields: Partial<AgeingFields>) => judge({ ...NEVER, lastChange: -1, ...fields }, TODAY).is;
  assert.deepEqual([unknown({}), unknown({ max: TODAY + 1 }), unknown({ max: TODAY })], [
    "valid",
    "valid",
    "aged",
  ]);
});

Deno.test("judge() counts with negative limits as they are", () => {
  assert.equal(aged(0, { max: -7 }).is, "aged");
  assert.equal(aged(0, { max: -7, inactive: -7 }).is, "inactive");
  assert.equal(aged(10, { max: 30, inactive: -100 }).is, "valid");
  assert.deepEqual(aged(0, { min: -7 }), VALID);
});

Deno.test("judge() says whether the password may be changed yet", () => {
  const early = [0, 6, 7].map((age) => {
    const verdict = aged(age, { min: 7 });
    return verdict.is === "valid" && verdict.tooEarly;
  });
  assert.deepEqual(early, [true, true, false]);
  // The last day is no exception: the limits contradict each other, and max wins when it is over.
  assert.deepEqual(aged(30, { min: 60, max: 30, warn: 7 }), { is: "valid", daysLeft: 0, tooEarly: true });
  assert.equal(aged(31, { min: 60, max: 30 }).is, "aged");
});

Deno.test("answerAccount() tells the days that are left, in words for none, one and more", () => {
  const warning = (daysLeft: number | undefined) => {
    const facts = { verdict: { ...VALID, daysLeft }, locked: false, empty: false };
    const answer = answerAccount(facts, LENIENT);
    return answer.code === "success" ? answer.warning : answer.code;
  };
  assert.deepEqual([undefined, 0, 1, 3].map(warning), [
    undefined,
    "Your password expires today",
    "Your password expires in 1 day",
    "Your password expires in 3 days",
  ]);
});

Deno.test("answerAccount() is as strict as it is told", () => {
  const facts = { verdict: VALID, locked: true, empty: true };
  const code = (refuseLocked: boolean, disallowEmpty: boolean) =>
    answerAccount(facts, { refuseLocked, disallowEmpty }).code;
  assert.deepEqual([code(false, false), code(true, false), code(false, true), code(true, true)], [
    "success",
    "perm_denied",
    "new_authtok_reqd",
    "perm_denied",
  ]);
});

Deno.test("answerAccount() says first that an account is over, then that it is locked, then that the password is", () => {
  const codes = (["account_expired", "inactive", "must_change", "aged"] as const).map((is) =>
    [false, true].map((refuseLocked) =>
      answerAccount({ verdict: { is }, locked: true, empty: false }, { refuseLocked, disallowEmpty: true })
        .code
    )
  );
  assert.deepEqual(codes, [
    ["acct_expired", "acct_expired"],
    ["acct_expired", "acct_expired"],
    ["new_authtok_reqd", "perm_denied"],
    ["new_authtok_reqd", "perm_denied"],
  ]);
});

Deno.test("answerChange() knows every case", () => {
  const codes = (verdict: Verdict) =>
    [[false, false], [false, true], [true, false], [true, true]].map(([onlyIfExpired, privileged]) =>
      answerChange(verdict, { onlyIfExpired: onlyIfExpired!, privileged: privileged! }).code
    );
  const table = {
    account_expired: codes({ is: "account_expired" }),
    inactive: codes({ is: "inactive" }),
    must_change: codes({ is: "must_change" }),
    aged: codes({ is: "aged" }),
    valid: codes(VALID),
    early: codes({ ...VALID, tooEarly: true }),
  };
  assert.deepEqual(table, {
    account_expired: ["perm_denied", "success", "perm_denied", "perm_denied"],
    inactive: ["perm_denied", "success", "perm_denied", "perm_denied"],
    must_change: ["success", "success", "success", "success"],
    aged: ["success", "success", "success", "success"],
    valid: ["success", "success", "ignore", "ignore"],
    early: ["authtok_err", "success", "ignore", "ignore"],
  });
});
