// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { decide, nextOpening, type Policy } from "./policy.ts";
import { parsePolicy } from "./rules.ts";

const week = (open: unknown, timeZone = "Europe/Berlin", exceptions: unknown[] = []): Policy =>
  parsePolicy(JSON.stringify({ timeZone, rules: [{ for: ["*"], open }], exceptions }), "test.jsonc");

const ask = (at: string, user = "alice", groups: string[] = []) => ({
  at: Temporal.Instant.from(at),
  user,
  groups,
});

const allowed = (policy: Policy, at: string, user?: string, groups?: string[]): boolean =>
  decide(ask(at, user, groups), policy).allow;

/** Asserts for each instant whether the policy is open: `"2026-08-03T08:00:00+02:00": true`. */
function assertOpen(policy: Policy, expected: Record<string, boolean>): void {
  const got = Object.fromEntries(Object.keys(expected).map((at) => [at, allowed(policy, at)]));
  assert.deepEqual(got, expected);
}

Deno.test("decide() opens with the first and closes behind the last moment of the hours", () => {
  assertOpen(week({ mon: "08:00-18:00" }), {
    "2026-08-03T07:59:59.999999999+02:00": false,
    "2026-08-03T08:00:00+02:00": true,
    "2026-08-03T17:59:59.999999999+02:00": true,
    "2026-08-03T18:00:00+02:00": false,
    "2026-08-02T12:00:00+02:00": false,
    "2026-08-04T12:00:00+02:00": false,
  });
});

Deno.test("decide() takes 24:00 as the end of the day and 00:00 as its start", () => {
  const policy = week({ tue: ["00:00-01:00", "23:00-24:00"], thu: "00:00-24:00" });
  assertOpen(policy, {
    "2026-08-03T23:59:59+02:00": false,
    "2026-08-04T00:00:00+02:00": true,
    "2026-08-04T01:00:00+02:00": false,
    "2026-08-04T23:00:00+02:00": true,
    "2026-08-04T23:59:59+02:00": true,
    "2026-08-05T00:00:00+02:00": false,
    "2026-08-05T23:59:59+02:00": false,
    "2026-08-06T00:00:00+02:00": true,
    "2026-08-06T23:59:59+02:00": true,
    "2026-08-07T00:00:00+02:00": false,
  });
});

Deno.test("decide() lets hours over midnight belong to the day on which they start", () => {
  assertOpen(week({ fri: "22:00-06:00" }), {
    "2026-08-07T05:00:00+02:00": false,
    "2026-08-07T21:59:59+02:00": false,
    "2026-08-07T22:00:00+02:00": true,
    "2026-08-08T00:00:00+02:00": true,
    "2026-08-08T05:59:59+02:00": true,
    "2026-08-08T06:00:00+02:00": false,
    "2026-08-08T22:00:00+02:00": false,
  });
});

Deno.test("decide() carries hours over the end of the week, the year and February", () => {
  assertOpen(week({ sun: "22:00-06:00" }), {
    "2026-08-10T05:59:59+02:00": true,
    "2026-08-10T06:00:00+02:00": false,
  });
  assertOpen(week({ thu: "22:00-06:00" }), {
    "2026-12-31T22:00:00+01:00": true,
    "2027-01-01T05:59:59+01:00": true,
    "2027-01-01T06:00:00+01:00": false,
  });
  const february = week({ daily: "10:00-11:00" }, "UTC", [{ dates: "02-28", open: "22:00-06:00" }]);
  assertOpen(february, {
    "2028-02-29T05:59:59Z": true,
    "2028-02-29T06:00:00Z": false,
    "2027-03-01T05:59:59Z": true,
    "2027-02-28T10:30:00Z": false,
  });
});

Deno.test("decide() joins several hours of a day, also when they overlap", () => {
  assertOpen(week({ "mon-fri": ["08:00-12:00", "13:00-17:00"], mon: "11:00-13:30" }), {
    "2026-08-03T12:30:00+02:00": true,
    "2026-08-04T11:59:59+02:00": true,
    "2026-08-04T12:00:00+02:00": false,
    "2026-08-04T13:00:00+02:00": true,
    "2026-08-04T17:00:00+02:00": false,
  });
});

Deno.test("decide() never reaches hours that the clock leaps over in spring", () => {
  assertOpen(week({ sun: "01:00-02:30" }), {
    "2026-03-29T01:59:59+01:00": true,
    "2026-03-29T03:00:00+02:00": false,
  });
  assertOpen(week({ sun: "02:30-05:00" }), {
    "2026-03-29T01:59:59+01:00": false,
    "2026-03-29T03:00:00+02:00": true,
    "2026-03-29T05:00:00+02:00": false,
  });
  assertOpen(week({ sun: "02:15-02:45" }), {
    "2026-03-29T01:59:59.999999999+01:00": false,
    "2026-03-29T03:00:00+02:00": false,
    "2026-03-29T03:30:00+02:00": false,
    "2026-04-05T02:15:00+02:00": true,
  });
});

Deno.test("decide() is open both times when the clock shows the hours twice in autumn", () => {
  assertOpen(week({ sun: "02:15-02:45" }), {
    "2026-10-25T02:14:59+02:00": false,
    "2026-10-25T02:15:00+02:00": true,
    "2026-10-25T02:45:00+02:00": false,
    "2026-10-25T02:14:59+01:00": false,
    "2026-10-25T02:15:00+01:00": true,
    "2026-10-25T02:44:59+01:00": true,
    "2026-10-25T02:45:00+01:00": false,
  });
  assertOpen(week({ sat: "22:00-02:30" }), {
    "2026-10-25T02:29:59+02:00": true,
    "2026-10-25T02:59:59+02:00": false,
    "2026-10-25T02:00:00+01:00": true,
    "2026-10-25T02:30:00+01:00": false,
  });
});

Deno.test("decide() reads the wall clock in zones with other changes: New York, Lord Howe, Havana, Santiago", () => {
  assertOpen(week({ sun: "02:00-03:30" }, "America/New_York"), {
    "2026-03-08T01:59:59-05:00": false,
    "2026-03-08T03:00:00-04:00": true,
    "2026-03-08T03:30:00-04:00": false,
  });
  // Half an hour: 02:00 becomes 02:30 in October, 02:00 becomes 01:30 in April.
  assertOpen(week({ sun: "01:45-02:15" }, "Australia/Lord_Howe"), {
    "2026-10-04T01:59:59+10:30": true,
    "2026-10-04T02:30:00+11:00": false,
    "2026-04-05T01:45:00+11:00": true,
    "2026-04-05T01:30:00+10:30": false,
    "2026-04-05T01:45:00+10:30": true,
    "2026-04-05T02:15:00+10:30": false,
  });
  // The first hour of this Sunday comes twice.
  assertOpen(week({ sun: "00:30-01:00" }, "America/Havana"), {
    "2026-11-01T00:30:00-04:00": true,
    "2026-11-01T00:00:00-05:00": false,
    "2026-11-01T00:30:00-05:00": true,
    "2026-11-01T01:00:00-05:00": false,
  });
  // This Sunday has no midnight: its first moment is 01:00.
  assertOpen(week({ sat: "22:00-00:30", sun: "00:45-01:15" }, "America/Santiago"), {
    "2026-09-05T23:59:59-04:00": true,
    "2026-09-06T01:00:00-03:00": true,
    "2026-09-06T01:15:00-03:00": false,
  });
});

Deno.test("decide() counts the days of the policy's zone, not of UTC", () => {
  const at = "2026-08-02T12:00:00Z";
  assert.equal(allowed(week({ mon: "02:00-02:01" }, "Pacific/Kiritimati"), at), true);
  assert.equal(allowed(week({ sun: "01:00-01:01" }, "Pacific/Pago_Pago"), at), true);
  // Samoa had no Friday 30 December 2011. The hours of its evening run on after the midnight that follows, as the wall clock says.
  assertOpen(week({ fri: "22:00-06:00" }, "Pacific/Apia"), {
    "2011-12-29T22:00:00-10:00": false,
    "2011-12-31T05:59:59+14:00": true,
    "2011-12-31T06:00:00+14:00": false,
  });
});

Deno.test("decide() takes the hours of an exception in place of the weekday's", () => {
  const policy = week({ daily: "08:00-18:00" }, "Europe/Berlin", [
    { name: "Christmas Eve", dates: "12-24", open: "08:00-12:00" },
    { name: "holidays", dates: ["12-24..12-26", "2026-12-28"], open: "never" },
    { name: "stocktaking", dates: "2026-12-29", open: "always" },
  ]);
  assertOpen(policy, {
    "2026-12-24T11:59:59+01:00": true,
    "2026-12-24T12:00:00+01:00": false,
    "2026-12-25T10:00:00+01:00": false,
    "2026-12-27T10:00:00+01:00": true,
    "2026-12-28T10:00:00+01:00": false,
    "2027-12-28T10:00:00+01:00": true,
    "2026-12-29T00:00:00+01:00": true,
    "2026-12-29T23:59:59+01:00": true,
    "2026-12-30T00:00:00+01:00": false,
  });
});

Deno.test("decide() leaves the morning of an exception to the hours that began the evening before", () => {
  const policy = week({ daily: "22:00-06:00" }, "Europe/Berlin", [
    { dates: "12-25", open: "never" },
    { dates: "12-31", open: "20:00-03:00" },
  ]);
  assertOpen(policy, {
    "2026-12-25T05:59:59+01:00": true,
    "2026-12-25T06:00:00+01:00": false,
    "2026-12-25T22:00:00+01:00": false,
    "2026-12-26T05:59:59+01:00": false,
    "2026-12-26T22:00:00+01:00": true,
    "2026-12-31T05:59:59+01:00": true,
    "2026-12-31T20:00:00+01:00": true,
    "2027-01-01T02:59:59+01:00": true,
    "2027-01-01T03:00:00+01:00": false,
  });
});

Deno.test("decide() knows dates of every year over its end, and the leap day as a leap day only", () => {
  const winter = week({ daily: "08:00-18:00" }, "UTC", [{ dates: "12-24..01-02", open: "never" }]);
  assertOpen(winter, {
    "2026-12-23T12:00:00Z": true,
    "2026-12-24T12:00:00Z": false,
    "2026-12-31T12:00:00Z": false,
    "2027-01-02T12:00:00Z": false,
    "2027-01-03T12:00:00Z": true,
  });
  const leap = week({ daily: "08:00-18:00" }, "UTC", [{ dates: "02-29", open: "never" }]);
  assertOpen(leap, {
    "2028-02-29T12:00:00Z": false,
    "2027-02-28T12:00:00Z": true,
    "2027-03-01T12:00:00Z": true,
  });
  const once = week({ daily: "08:00-18:00" }, "UTC", [{ dates: "2026-12-30..2027-01-02", open: "never" }]);
  assertOpen(once, {
    "2026-12-29T12:00:00Z": true,
    "2026-12-30T12:00:00Z": false,
    "2027-01-02T12:00:00Z": false,
    "2027-01-03T12:00:00Z": true,
    "2027-12-31T12:00:00Z": true,
  });
});

const POLICY = parsePolicy(
  `{
    "timeZone": "Europe/Berlin",
    "rules": [
      { "name": "administrators", "for": ["root", "@admins"], "open": "always" },
      { "name": "leavers", "for": ["mallory", "@left"], "open": "never" },
      { "name": "night shift", "for": ["@night"], "except": ["bob"], "open": { "daily": "22:00-06:00" } },
      { "name": "branch", "for": ["@tokyo"], "open": { "mon-fri": "09:00-17:00" }, "timeZone": "Asia/Tokyo" },
      { "name": "staff", "for": ["@staff", "carol"], "open": { "mon-fri": "08:00-18:00" } },
    ],
    "exceptions": [
      { "name": "outing", "dates": "2026-08-03", "for": ["@staff"], "except": ["bob"], "open": "never" },
    ],
  }`,
  "policy.jsonc",
);
const DAY = "2026-08-04T12:00:00+02:00";
const NIGHT = "2026-08-04T23:00:00+02:00";
const OUTING = "2026-08-03T12:00:00+02:00";

Deno.test("decide() takes the first rule that is for the user", () => {
  const by = (user: string, groups: string[], at = DAY) => {
    const { allow, rule } = decide(ask(at, user, groups), POLICY);
    return [allow, rule?.name];
  };
  assert.deepEqual(by("root", []), [true, "administrators"]);
  assert.deepEqual(by("root", [], NIGHT), [true, "administrators"]);
  assert.deepEqual(by("dave", ["staff", "admins"], NIGHT), [true, "administrators"]);
  assert.deepEqual(by("mallory", ["staff"]), [false, "leavers"]);
  assert.deepEqual(by("mallory", ["staff", "admins"]), [true, "administrators"]);
  assert.deepEqual(by("alice", ["night", "staff"]), [false, "night shift"]);
  assert.deepEqual(by("alice", ["night", "staff"], NIGHT), [true, "night shift"]);
  assert.deepEqual(by("bob", ["night", "staff"]), [true, "staff"]);
  assert.deepEqual(by("carol", []), [true, "staff"]);
  assert.deepEqual(by("dave", []), [false, undefined]);
});

Deno.test("decide() does not take a user for a group of the same name, nor letters for their capitals", () => {
  assert.equal(allowed(POLICY, DAY, "staff"), false);
  assert.equal(allowed(POLICY, DAY, "dave", ["carol"]), false);
  assert.equal(allowed(POLICY, DAY, "Carol"), false);
  assert.equal(allowed(POLICY, NIGHT, "@admins"), false);
});

Deno.test("decide() limits an exception to whom it is for, and never to the rules that know no calendar", () => {
  assert.equal(allowed(POLICY, OUTING, "alice", ["staff"]), false);
  assert.equal(allowed(POLICY, OUTING, "bob", ["staff"]), true);
  assert.equal(allowed(POLICY, OUTING, "carol"), true);
  assert.equal(allowed(POLICY, OUTING, "alice", ["staff", "admins"]), true);
});

Deno.test("decide() reads a rule with a time zone of its own there", () => {
  assert.equal(allowed(POLICY, "2026-08-04T09:00:00+09:00", "kim", ["tokyo"]), true);
  assert.equal(allowed(POLICY, DAY, "kim", ["tokyo"]), false);
});

Deno.test(`decide() allows whom no rule is for only with "otherwise": "allow"`, () => {
  assert.equal(allowed({ ...POLICY, otherwise: "allow" }, DAY, "dave"), true);
  assert.equal(allowed({ ...POLICY, otherwise: "allow" }, DAY, "mallory"), false);
});

Deno.test("decide() says why", () => {
  const why = (at: string, user: string, groups: string[]) => decide(ask(at, user, groups), POLICY).reason;
  assert.equal(why(DAY, "root", []), 'Rule "administrators" is always open');
  assert.equal(why(DAY, "mallory", []), 'Rule "leavers" is never open');
  assert.equal(why(DAY, "dave", []), 'No rule is for this user, and "otherwise" is "deny"');
  assert.equal(
    why(DAY, "alice", ["staff"]),
    'Rule "staff" is open from Tuesday 2026-08-04 08:00 to Tuesday 2026-08-04 18:00 (Europe/Berlin)',
  );
  assert.equal(
    why("2026-08-08T23:59:59+02:00", "alice", ["staff"]),
    'Rule "staff" is closed on Saturday 2026-08-08 23:59 (Europe/Berlin)',
  );
  assert.equal(
    why(OUTING, "alice", ["staff"]),
    'Rule "staff" is closed on Monday 2026-08-03 12:00 (Europe/Berlin) because of "outing"',
  );
});

Deno.test("nextOpening() finds the next hours, over weekends, exceptions and changes of the clock", () => {
  const next = (at: string, policy: Policy, user = "alice", groups: string[] = []) =>
    nextOpening(ask(at, user, groups), policy)?.toString({ timeZoneName: "never" });
  const office = week({ "mon-fri": ["08:00-12:00", "13:00-18:00"] }, "Europe/Berlin", [
    { dates: "12-24..12-26", open: "never" },
  ]);
  assert.equal(next("2026-08-04T12:00:00+02:00", office), "2026-08-04T13:00:00+02:00");
  assert.equal(next("2026-08-07T18:00:00+02:00", office), "2026-08-10T08:00:00+02:00");
  assert.equal(next("2026-12-23T18:00:00+01:00", office), "2026-12-28T08:00:00+01:00");
  // Leapt over: the first moment behind the gap. Shown twice: the second time.
  assert.equal(next("2026-03-29T01:00:00+01:00", week({ sun: "02:30-05:00" })), "2026-03-29T03:00:00+02:00");
  assert.equal(next("2026-10-25T02:50:00+02:00", week({ sat: "22:00-02:30" })), "2026-10-25T02:00:00+01:00");
  assert.equal(next("2026-10-25T02:50:00+02:00", week({ sun: "02:15-02:45" })), "2026-10-25T02:15:00+01:00");
});

Deno.test("nextOpening() finds nothing for who is never let in, who may log in already, and beyond SEARCH_DAYS", () => {
  assert.equal(nextOpening(ask(DAY, "mallory"), POLICY), undefined);
  assert.equal(nextOpening(ask(DAY, "dave"), POLICY), undefined);
  assert.equal(nextOpening(ask(DAY, "carol"), POLICY), undefined);
  const closed = week({ daily: "08:00-18:00" }, "UTC", [{ dates: "2026-07-01..2026-08-31", open: "never" }]);
  assert.equal(nextOpening(ask("2026-07-31T12:00:00Z"), closed), undefined);
  assert.equal(
    nextOpening(ask("2026-08-01T12:00:00Z"), closed)?.toInstant().toString(),
    "2026-09-01T08:00:00Z",
  );
});
