// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTimeConf } from "./time_conf.ts";
import { closedRules, concerns, decideTimeConf, nextTime, type TimeQuestion } from "./time_conf_policy.ts";

const conf = (text: string) => parseTimeConf(new TextEncoder().encode(`${text}\n`), "time.conf");

/** Alice at the console on Monday 2026-08-03 at noon, in Berlin. */
const NOON: TimeQuestion = {
  service: "login",
  tty: "/dev/tty1",
  user: "alice",
  at: Temporal.Instant.from("2026-08-03T12:00:00+02:00"),
  timeZone: "Europe/Berlin",
};
const NEVER = "!Al0000-2400";

function allows(text: string, question: Partial<TimeQuestion>, netgroups: readonly string[] = []): boolean {
  return decideTimeConf({ ...NOON, ...question }, conf(text), new Set(netgroups)).allow;
}

/** Which of the names a pattern for users refuses. */
function refused(pattern: string, ...names: string[]): string[] {
  return names.filter((user) => !allows(`*;*;${pattern};${NEVER}`, { user }));
}

/** The minutes of a day at which logins are open, as `first-last`. */
function openOn(date: string, times: string): string[] {
  const spans: [number, number][] = [];
  for (let minute = 0; minute < 1440; minute++) {
    const at = Temporal.PlainDate.from(date).toZonedDateTime("UTC").add({ minutes: minute }).toInstant();
    if (!allows(`*;*;*;${times}`, { at, timeZone: "UTC" })) continue;
    const last = spans.at(-1);
    if (last?.[1] === minute - 1) last[1] = minute;
    else spans.push([minute, minute]);
  }
  const show = (minute: number) =>
    `${Math.floor(minute / 60)}`.padStart(2, "0") + `${minute % 60}`.padStart(2, "0");
  return spans.map(([first, last]) => `${show(first)}-${show(last)}`);
}

const [SATURDAY, SUNDAY, MONDAY, TUESDAY] = ["2026-08-01", "2026-08-02", "2026-08-03", "2026-08-04"] as const;

Deno.test("decideTimeConf() ends hours before their last minute on one day, and with it over midnight", () => {
  assert.deepEqual(openOn(MONDAY, "Mo0800-1800"), ["0800-1759"]);
  assert.deepEqual(openOn(TUESDAY, "Mo0800-1800"), []);
  assert.deepEqual(openOn(MONDAY, "Mo2200-0600"), ["2200-2359"]);
  assert.deepEqual(openOn(TUESDAY, "Mo2200-0600"), ["0000-0600"]);
  assert.deepEqual(openOn(SUNDAY, "Sa2200-0600"), ["0000-0600"]);
  assert.deepEqual(openOn(MONDAY, "Mo0900-0900"), ["0900-2359"]);
  assert.deepEqual(openOn(TUESDAY, "Mo0900-0900"), ["0000-0900"]);
  assert.deepEqual(openOn(TUESDAY, "Mo0000-0000"), ["0000-0000"]);
  assert.deepEqual(openOn(MONDAY, "Mo0000-2400"), ["0000-2359"]);
});

Deno.test("decideTimeConf() knows weekdays and week-ends, days that are not meant, and `!`", () => {
  assert.deepEqual(openOn(SATURDAY, "Wd0800-0900"), ["0800-0859"]);
  assert.deepEqual(openOn(MONDAY, "Wd0800-0900"), []);
  assert.deepEqual(openOn(MONDAY, "AlMo0000-2400"), []);
  assert.deepEqual(openOn(MONDAY, "MoMo0000-2400"), []);
  assert.deepEqual(openOn(MONDAY, "!MoMo0000-2400"), ["0000-2359"]);
  assert.deepEqual(openOn(MONDAY, "!Mo0100-2300"), ["0000-0059", "2300-2359"]);
  assert.deepEqual(openOn(MONDAY, "Mo0100-0200|Mo0300-0400&!Mo0330-0400"), ["0100-0159", "0300-0329"]);
  // From left to right: (0100 or 0300) and 0100.
  assert.deepEqual(openOn(MONDAY, "Mo0100-0200|Mo0300-0400&Mo0100-0200"), ["0100-0159"]);
});

Deno.test("decideTimeConf() compares names with one `*` for any text", () => {
  assert.deepEqual(refused("*", "alice", ""), ["alice", ""]);
  assert.deepEqual(refused("a*e", "alice", "ae", "a", "alic", "xalice"), ["alice", "ae"]);
  assert.deepEqual(refused("ab*b", "ab", "abb", "abx"), ["ab", "abb"]);
  assert.deepEqual(refused("a**", "a", "a*", "ab", "ab*"), ["a*", "ab*"]);
  assert.deepEqual(refused("alice", "alice", "Alice", "alices", "alic"), ["alice"]);
  assert.deepEqual(refused("alice|bob&!alice", "alice", "bob", "carol"), ["bob"]);
});

Deno.test("decideTimeConf() knows a terminal without its first folder", () => {
  const ttys = ["tty1", "/dev/tty1", "/tty1", "/dev/pts/0", "pts/0", "", "ssh", undefined];
  const closed = (pattern: string) => ttys.filter((tty) => !allows(`*;${pattern};*;${NEVER}`, { tty }));
  assert.deepEqual(closed("tty1"), ["tty1", "/dev/tty1", "/tty1"]);
  assert.deepEqual(closed("pts/*"), ["/dev/pts/0", "pts/0"]);
  assert.deepEqual(closed("/dev/tty1"), []);
  assert.deepEqual(closed("!tty*&!pts*"), ["", "ssh", undefined]);
  // pam_time reads on in front of the name.
  assert.deepEqual(closed("*/tty1"), ["/dev/tty1", "/tty1"]);
});

Deno.test("decideTimeConf() refuses if one rule does, and says which", () => {
  const text = `*;*;*;Al0000-2400\nsshd;*;*;${NEVER}\nlogin;*;alice;Al0800-1200\n*;*;*;${NEVER}`;
  assert.deepEqual(decideTimeConf(NOON, conf(text)), {
    allow: false,
    reason: "time.conf:3: Closed on Monday 2026-08-03 12:00 (Europe/Berlin)",
  });
  assert.deepEqual(decideTimeConf(NOON, conf("")), { allow: true, reason: "" });
  assert.equal(allows(`*;*;;${NEVER}`, {}), true);
  assert.equal(allows("*;*;*;", {}), false);
});

Deno.test("decideTimeConf() takes netgroups as it is told, and closedRules() says which it needs", () => {
  const text = `*;*;@ops;${NEVER}\nsshd;*;@admins;${NEVER}\n*;*;@night;Al0000-2400\n*;*;@ops;${NEVER}`;
  assert.deepEqual(closedRules(NOON, conf(text)).map(({ users }) => users), [{ netgroup: "ops" }, {
    netgroup: "ops",
  }]);
  const [ops] = closedRules(NOON, conf(text));
  assert.deepEqual([[], ["ops"]].map((names) => concerns(ops!, NOON, new Set(names))), [false, true]);
  assert.equal(allows(text, {}), true);
  assert.equal(allows(text, {}, ["ops"]), false);
  assert.equal(allows(text, {}, ["admins", "night"]), true);
});

/** When it opens next after noon on Monday 2026-08-03. */
function next(text: string, netgroups: readonly string[] = []): string | undefined {
  return nextTime(NOON, conf(text), new Set(netgroups))?.toPlainDateTime().toString({
    smallestUnit: "minute",
  });
}

Deno.test("nextTime() finds the next minute at which all rules for the user are open", () => {
  assert.equal(next("*;*;*;Al0800-1000"), "2026-08-04T08:00");
  assert.equal(next("*;*;*;Wk1800-1200"), "2026-08-03T18:00");
  assert.equal(next("*;*;*;!Al1100-1300"), "2026-08-03T13:00");
  assert.equal(next("*;*;*;!Al1100-1100"), undefined);
  assert.equal(next("*;*;*;!Mo1000-0500"), "2026-08-04T05:01");
  assert.equal(next("*;*;*;Al1875-2000"), "2026-08-03T19:00");
  assert.equal(next("*;*;*;Mo0800-1000"), "2026-08-10T08:00");
  assert.equal(
    next("*;*;*;Al0800-1400\n*;*;@ops;Al1330-1500\n*;*;bob;!Al0000-2400", ["ops"]),
    "2026-08-03T13:30",
  );
  assert.equal(next(`*;*;*;${NEVER}`), undefined);
  assert.equal(next("*;*;*;Al2400-2500"), undefined);
});

Deno.test("nextTime() knows the days on which the clock is changed", () => {
  const spring = { ...NOON, at: Temporal.Instant.from("2026-03-29T00:30:00Z") };
  assert.equal(
    nextTime(spring, conf("*;*;*;Su0200-0230|Su0300-0400"))?.toString(),
    "2026-03-29T03:00:00+02:00[Europe/Berlin]",
  );
  assert.equal(
    nextTime(spring, conf("*;*;*;Su0230-0400"))?.toString(),
    "2026-03-29T03:00:00+02:00[Europe/Berlin]",
  );
  const autumn = { ...NOON, at: Temporal.Instant.from("2026-10-25T00:45:00Z") };
  assert.equal(
    nextTime(autumn, conf("*;*;*;Su0200-0230"))?.toString(),
    "2026-10-25T02:00:00+01:00[Europe/Berlin]",
  );
});

Deno.test("nextTime() gives up where it would take long", () => {
  const days = ["Mo", "Tu", "We", "Th", "Fr"];
  const minutes = Array.from({ length: 50 }, (_, i) => `${days[i % 5]}00${10 + i}-00${10 + i}`);
  assert.equal(next(Array.from({ length: 60 }, () => `*;*;*;${minutes.join("&")}`).join("\n")), undefined);
});

Deno.test("nextTime() is right by asking minute for minute", () => {
  const clock = fc.constantFrom("0000", "0130", "0200", "0230", "0300", "0875", "1200", "1730", "2400");
  const day = fc.constantFrom("Mo", "Sa", "Su", "Wk", "Al", "AlSu");
  const hours = fc.tuple(fc.constantFrom("", "!"), day, clock, clock).map(([not, day, from, to]) =>
    `${not}${day}${from}-${to}`
  );
  const line = fc.array(fc.tuple(hours, fc.constantFrom("&", "|")), { minLength: 1, maxLength: 3 })
    .map((parts) => `*;*;*;${parts.flat().slice(0, -1).join("")}`);
  const moment = fc.tuple(fc.constantFrom("2026-03-28", "2026-10-24", "2026-08-01"), fc.nat(3 * 1440));
  let found = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 2 }), moment, (lines, [date, minutes]) => {
      const rules = conf(lines.join("\n"));
      const start = Temporal.PlainDate.from(date).toZonedDateTime(NOON.timeZone).add({ minutes });
      const openAt = (at: Temporal.ZonedDateTime) =>
        decideTimeConf({ ...NOON, at: at.toInstant() }, rules).allow;
      if (openAt(start)) return;
      const answer = nextTime({ ...NOON, at: start.toInstant() }, rules);
      let [at, steps] = [start, 0];
      while (!openAt(at) && steps++ < 2 * 1440) at = at.add({ minutes: 1 });
      if (openAt(at)) {
        found++;
        assert.equal(answer?.toString(), at.toString());
      } else {
        assert.ok(answer === undefined || Temporal.ZonedDateTime.compare(answer, at) > 0);
      }
    }),
    { seed: 4, numRuns: 60 },
  );
  assert.ok(found > 10, `only ${found}`);
});
