// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import type { Policy } from "./policy.ts";
import { LineOptions, type LineWords, parsePolicy, RulesError } from "./rules.ts";
import { parseDates, parseDays, parseSpan, parseTimeZone, parseWho } from "./words.ts";

const FILE = "/etc/hours.jsonc";

/** The message with which a rules file is refused. */
function refusal(text: string): string {
  try {
    parsePolicy(text, FILE);
  } catch (error) {
    assert.ok(error instanceof RulesError);
    return error.message;
  }
  throw new assert.AssertionError({ message: `parsePolicy() took ${text}` });
}

const withRule = (rule: unknown) => JSON.stringify({ timeZone: "UTC", rules: [rule] });
const span = (text: string) => {
  const { start, end } = parseSpan(text);
  return [start, end].map((time) => time.toString({ smallestUnit: "minute" }));
};

Deno.test("parseSpan() reads hours within a day, over midnight and up to 24:00", () => {
  assert.deepEqual(span("08:00-18:00"), ["08:00", "18:00"]);
  assert.deepEqual(span(" 22:30-06:15 "), ["22:30", "06:15"]);
  assert.deepEqual(span("00:00-24:00"), ["00:00", "00:00"]);
  assert.deepEqual(span("23:59-00:00"), ["23:59", "00:00"]);
});

Deno.test("parseSpan() refuses everything else and says how hours are written", () => {
  const bad = [
    "",
    "8-18",
    "8:00-18:00",
    "08:00",
    "08:00-",
    "08:00-25:00",
    "24:00-08:00",
    "08:60-09:00",
    "08:00-24:01",
  ];
  for (const text of [...bad, "08:00-09:00-10:00", "08:00:00-09:00:00", "08:00–18:00"]) {
    assert.throws(() => parseSpan(text), {
      name: "SyntaxError",
      message: `Cannot read the hours "${text}": write HH:MM-HH:MM, as in "08:00-18:00"`,
    });
  }
  assert.throws(() => parseSpan("08:00-08:00"), {
    message: 'Cannot tell what "08:00-08:00" means: write "00:00-24:00" for a whole day',
  });
});

Deno.test("parseDays() reads single days, ranges, ranges over the end of the week and lists", () => {
  assert.deepEqual(parseDays("mon"), [1]);
  assert.deepEqual(parseDays("mon-fri"), [1, 2, 3, 4, 5]);
  assert.deepEqual(parseDays("sat-mon"), [1, 6, 7]);
  assert.deepEqual(parseDays("wed-tue"), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(parseDays("fri-fri"), [5]);
  assert.deepEqual(parseDays("mon, wed,sat-sun"), [1, 3, 6, 7]);
  assert.deepEqual(parseDays("mon,mon-sun"), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(parseDays("daily"), [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("parseDays() refuses what is not a day", () => {
  for (const text of ["", "Mon", "monday", "mon-", "-fri", "mon-tue-wed", "mon,", "1-5", "daily-fri"]) {
    assert.throws(() => parseDays(text), {
      name: "SyntaxError",
      message:
        `Cannot read the days "${text}": write mon, tue, wed, thu, fri, sat, sun, "mon-fri", or "daily"`,
    });
  }
});

Deno.test("parseDates() reads days and ranges, of one year and of every year", () => {
  const show = (text: string) => {
    const { every, first, last } = parseDates(text);
    return [every, String(first), String(last)];
  };
  assert.deepEqual(show("2026-12-24"), ["once", "2026-12-24", "2026-12-24"]);
  assert.deepEqual(show("2026-12-24..2027-01-06"), ["once", "2026-12-24", "2027-01-06"]);
  assert.deepEqual(show("12-25"), ["year", "12-25", "12-25"]);
  assert.deepEqual(show("12-24..01-02"), ["year", "12-24", "01-02"]);
  assert.deepEqual(show("02-29"), ["year", "02-29", "02-29"]);
});

Deno.test("parseDates() refuses days that no calendar has, and ranges that end before they start", () => {
  const bad = ["", "2026-02-29", "02-30", "13-01", "2026-1-1", "2026-12-24..12-26", "2026-12-26..2026-12-24"];
  for (const text of [...bad, "12-24...12-26", "12-24..12-25..12-26", "24.12.", "2026-12-24T00:00"]) {
    assert.throws(() => parseDates(text), {
      name: "SyntaxError",
      message:
        `Cannot read the dates "${text}": write YYYY-MM-DD, or MM-DD for every year, and "first..last" for several days`,
    });
  }
});

Deno.test("parseTimeZone() takes IANA names, in the spelling of the database", () => {
  assert.equal(parseTimeZone("Europe/Berlin"), "Europe/Berlin");
  assert.equal(parseTimeZone("europe/berlin"), "Europe/Berlin");
  for (const text of ["", "Europe/Berln", "CEST", "2026-08-03T00:00[Europe/Berlin]"]) {
    assert.throws(() => parseTimeZone(text), {
      name: "SyntaxError",
      message: `Cannot find the time zone "${text}": write its IANA name, as in "Europe/Berlin"`,
    });
  }
});

Deno.test("parseWho() takes users, groups and everybody, and refuses what looks like a mistake", () => {
  for (
    const text of [
      "alice",
      "@staff",
      "*",
      "alice@example.org",
      "ACME\\alice",
      "@domain admins".replace(" ", "_"),
    ]
  ) {
    assert.equal(parseWho(text), text);
  }
  for (
    const text of ["", "@", "@@staff", "!alice", "ali*", " alice", "@*", "a b"].filter((text) =>
      text !== "ali*"
    )
  ) {
    assert.throws(
      () => parseWho(text),
      /^SyntaxError: Cannot read the name ".*": write a user, "@group", or "\*"/,
    );
  }
});

Deno.test("parsePolicy() reads a whole file with comments, trailing commas and defaults", () => {
  const policy = parsePolicy(
    `// who may log in
    {
      "timeZone": "Europe/Berlin", /* where the office is */
      "rules": [
        { "for": "root,@admins", "open": "always" },
        { "name": "staff", "for": ["@staff"], "except": "bob", "open": { "mon-fri": "08:00-18:00", "sat": [] } },
      ],
      "exceptions": [{ "dates": ["12-25", "2026-12-24..2026-12-31"], "open": "never" }],
    }`,
    FILE,
  );
  assert.equal(policy.timeZone, "Europe/Berlin");
  assert.equal(policy.otherwise, "deny");
  assert.deepEqual(policy.rules.map(({ name }) => name), ["rule 1", "staff"]);
  assert.deepEqual(policy.rules[0], { name: "rule 1", for: ["root", "@admins"], except: [], open: "always" });
  assert.deepEqual(policy.rules[1]?.except, ["bob"]);
  const open = policy.rules[1]?.open;
  assert.ok(Array.isArray(open));
  assert.deepEqual(open.map(({ days, spans }) => [days, spans.length]), [[[1, 2, 3, 4, 5], 1], [[6], 0]]);
  assert.equal(policy.exceptions[0]?.name, "exception 1");
  assert.deepEqual(policy.exceptions[0]?.for, ["*"]);
  assert.deepEqual(policy.exceptions[0]?.spans, []);
  assert.equal(policy.exceptions[0]?.dates.length, 2);
});

Deno.test("parsePolicy() names the file, the place, the key and the remedy", () => {
  assert.equal(refusal(""), "/etc/hours.jsonc:1:1: Cannot parse the file: value expected");
  assert.equal(
    refusal('{\n  "timeZone": UTC\n}'),
    "/etc/hours.jsonc:2:15: Cannot parse the file: invalid symbol (and 1 more, first on line 3)",
  );
  assert.equal(
    refusal(
      '{ "timeZone": "UTC",\n "rules": [{ "for": "*", "open": "always" }],\n "timeZone": "Asia/Tokyo" }',
    ),
    '/etc/hours.jsonc:3:2: Cannot use the key "timeZone" twice: remove one of them',
  );
  assert.equal(
    refusal(
      '{ "timeZone": "UTC",\n  "rules": [{ "for": "*", "open": { "mon": "08:00-18:00", "mon": "20:00-22:00" } }] }',
    ),
    '/etc/hours.jsonc:2:59: Cannot use the key "mon" twice: remove one of them',
  );
  assert.equal(
    refusal(withRule({ for: "*", opne: "always" })),
    '/etc/hours.jsonc:1:28: rules[0].open: Missing key "open": the keys here are name, for, except, open, timeZone' +
      " (and 1 more, first on line 1)",
  );
  assert.equal(
    refusal(withRule({ for: "*", open: "always", excpet: "bob" })),
    '/etc/hours.jsonc:1:64: rules[0].excpet: Unknown key "excpet": the keys here are name, for, except, open, timeZone',
  );
  assert.equal(
    refusal(withRule({ for: "*", open: "sometimes" })),
    '/etc/hours.jsonc:1:46: rules[0].open: Cannot read "open": write "always", "never", or { "mon-fri": ["08:00-18:00"] }',
  );
  assert.equal(
    refusal(withRule({ for: "*", open: { montag: "08:00-18:00" } })),
    "/etc/hours.jsonc:1:56: rules[0].open.montag: " +
      'Cannot read the days "montag": write mon, tue, wed, thu, fri, sat, sun, "mon-fri", or "daily"',
  );
  assert.equal(
    refusal(withRule({ for: "*", open: { "mon-fri": ["08:00-18:00", "8-9"] } })),
    '/etc/hours.jsonc:1:57: rules[0].open["mon-fri"]: Cannot read the hours "8-9": write HH:MM-HH:MM, as in "08:00-18:00"',
  );
});

Deno.test("parsePolicy() refuses values of the wrong shape with a remedy", () => {
  const cases: [string, RegExp][] = [
    [
      "7",
      /^\/etc\/hours.jsonc:1:1: Cannot read 7: write an object with the keys timeZone, rules, exceptions, otherwise$/,
    ],
    ["[]", /timeZone: Missing key "timeZone"/],
    ["{}", /timeZone: Missing key "timeZone"/],
    ['{ "timeZone": "Europe/Berln", "rules": [] }', /timeZone: Cannot find the time zone "Europe\/Berln"/],
    ['{ "timeZone": "UTC", "rules": [] }', /rules: Cannot do without a rule: write at least one/],
    ['{ "timeZone": "UTC", "rules": {} }', /rules: Cannot read "rules": write a list of objects/],
    [withRule({ for: [], open: "always" }), /rules\[0\]\.for: Cannot use an empty list/],
    [withRule({ for: "", open: "always" }), /rules\[0\]\.for: Cannot read the name ""/],
    [
      withRule({ for: 7, open: "always" }),
      /rules\[0\]\.for: Cannot read who is meant: write a text or a list of texts/,
    ],
    [
      withRule({ for: "*", open: {} }),
      /rules\[0\]\.open: Cannot use empty hours: write "never" if that is meant/,
    ],
    [withRule({ for: "*", open: [] }), /rules\[0\]\.open: Cannot read "open"/],
    [
      withRule({ for: "*", open: { mon: 8 } }),
      /rules\[0\]\.open\.mon: Cannot read the hours: write a text or a list/,
    ],
    [
      withRule({ for: "*", open: "always", timeZone: "Mars" }),
      /rules\[0\]\.timeZone: Cannot find the time zone "Mars"/,
    ],
    [withRule({ for: "*", open: "always", name: "" }), /rules\[0\]\.name: Cannot take an empty name/],
    [
      '{ "timeZone": "UTC", "rules": [{ "for": "*", "open": "always" }], "otherwise": "ignore" }',
      /otherwise: Cannot read "otherwise": write "allow" or "deny"$/,
    ],
    [
      '{ "timeZone": "UTC", "rules": [{ "for": "*", "open": "always" }], "exceptions": [{ "dates": "02-30", "open": [] }] }',
      /exceptions\[0\]\.dates: Cannot read the dates "02-30"/,
    ],
    [
      '{ "timeZone": "UTC", "rules": [{ "for": "*", "open": "always" }], "exceptions": [{ "dates": "12-25" }] }',
      /exceptions\[0\]\.open: Missing key "open"/,
    ],
  ];
  for (const [text, expected] of cases) assert.match(refusal(text), expected, text);
});

Deno.test("RulesError has every problem with its place", () => {
  try {
    parsePolicy('{\n  "timeZone": "Mars",\n  "rules": [{ "for": "*", "open": "maybe" }]\n}', FILE);
    assert.fail("parsePolicy() took a broken file");
  } catch (error) {
    assert.ok(error instanceof RulesError);
    assert.deepEqual(error.problems.map(({ key, line, column }) => [key, line, column]), [
      ["timeZone", 2, 15],
      ["rules[0].open", 3, 35],
    ]);
  }
});

Deno.test("parsePolicy() throws nothing but RulesError, whatever the file holds", () => {
  const names = fc.constantFrom(
    "timeZone",
    "rules",
    "exceptions",
    "otherwise",
    "for",
    "open",
    "dates",
    "mon",
    "__proto__",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>("UTC", "*", "always", "never", "08:00-18:00", "12-25", null, true, 1, ""),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(names, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const text = fc.oneof(value.map((value) => JSON.stringify(value)), fc.string());
  fc.assert(fc.property(text, (text) => {
    try {
      parsePolicy(text, FILE);
    } catch (error) {
      assert.ok(error instanceof RulesError, String(error));
      assert.ok(error.message.startsWith(`${FILE}:`), error.message);
    }
  }));
});

/** What the words of a line come to. */
const line = (words: LineWords) => v.safeParse(LineOptions, words);
const policyOf = (words: LineWords): Policy => {
  const options = v.parse(LineOptions, words);
  assert.ok("policy" in options);
  return options.policy;
};
const complaint = (words: unknown) => line(words as LineWords).issues?.[0].message;

Deno.test("LineOptions reads a rules file's path, or hours from the line itself", () => {
  assert.deepEqual(line({ rules: "/etc/hours.jsonc" }).output, { rules: "/etc/hours.jsonc" });
  const policy = policyOf({
    tz: "Europe/Berlin",
    days: "mon-fri,sun",
    hours: ["08:00-12:00", "13:00-17:00,20:00-22:00"],
    for: ["@staff", "carol"],
    except: "bob",
    closed: "12-25,2026-12-24..2026-12-31",
    otherwise: "allow",
  });
  const [rule] = policy.rules;
  assert.equal(policy.otherwise, "allow");
  assert.deepEqual(rule?.for, ["@staff", "carol"]);
  assert.deepEqual(rule?.except, ["bob"]);
  assert.ok(Array.isArray(rule?.open));
  assert.deepEqual(rule.open[0]?.days, [1, 2, 3, 4, 5, 7]);
  assert.equal(rule.open[0]?.spans.length, 3);
  assert.equal(policy.exceptions[0]?.dates.length, 2);
});

Deno.test("LineOptions means everybody, daily, and deny where the line is silent", () => {
  const policy = policyOf({ tz: "UTC", hours: "08:00-18:00" });
  assert.deepEqual(policy.rules[0]?.for, ["*"]);
  assert.deepEqual(policy.exceptions, []);
  assert.equal(policy.otherwise, "deny");
  assert.ok(Array.isArray(policy.rules[0]?.open));
  assert.deepEqual(policy.rules[0]?.open[0]?.days, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("LineOptions refuses what is unknown, missing, contradictory or not a value", () => {
  assert.equal(
    complaint({ tz: "UTC", hours: "08:00-18:00", excpet: "bob" }),
    "Unknown option: the options are rules, time_conf, localtime, tz, days, hours, for, except, closed, otherwise",
  );
  assert.equal(complaint({}), 'Cannot do without "tz=": write the time zone, as in "tz=Europe/Berlin"');
  assert.equal(complaint({ tz: "UTC" }), 'Cannot do without "hours=": write them, as in "hours=08:00-18:00"');
  assert.equal(
    complaint({ rules: "/etc/hours.jsonc", tz: "UTC" }),
    'Cannot take "tz=" beside "rules=": write it into the rules file',
  );
  for (const rules of ["hours.jsonc", "/etc/", "", "/etc/a\0b"]) {
    assert.equal(complaint({ rules }), 'Cannot read "rules=": write the absolute path of the rules file');
  }
  assert.equal(
    complaint({ rules: ["/a", "/b"] }),
    'Cannot read "rules=": write it once, with the path of the rules file',
  );
  assert.equal(
    complaint({ tz: ["UTC", "UTC"], hours: "08:00-18:00" }),
    "Cannot read the time zone: write a text",
  );
  assert.equal(
    complaint({ tz: "UTC", hours: true }),
    "Cannot read the hours: write a text or a list of texts",
  );
  assert.match(complaint({ tz: "UTC", hours: "08:00-18:00," }) ?? "", /^Cannot read the hours ""/);
  assert.match(complaint({ tz: "UTC", hours: "8-18" }) ?? "", /^Cannot read the hours "8-18"/);
  assert.match(
    complaint({ tz: "UTC", hours: "08:00-18:00", days: "weekdays" }) ?? "",
    /^Cannot read the days "weekdays"/,
  );
  assert.match(
    complaint({ tz: "UTC", hours: "08:00-18:00", otherwise: "ignore" }) ?? "",
    /write "allow" or "deny"$/,
  );
});
