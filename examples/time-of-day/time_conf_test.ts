// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { RulesError } from "./rules.ts";
import {
  FIELD_BYTES_MAX,
  NETGROUP_BYTES_MAX,
  NETGROUPS_MAX,
  parseTimeConf,
  type TimeRule,
} from "./time_conf.ts";

const FILE = "/etc/security/time.conf";
const LONG = FIELD_BYTES_MAX - 1;

/** The rules of a file that is written in latin1. */
function rules(text: string): readonly TimeRule[] {
  return parseTimeConf(Uint8Array.from(text, (octet) => octet.charCodeAt(0)), FILE).rules;
}

/** The message with which a file is refused. */
function refusal(text: string): string {
  try {
    rules(text);
  } catch (error) {
    assert.ok(error instanceof RulesError);
    return error.message;
  }
  throw new assert.AssertionError({ message: `parseTimeConf() took ${JSON.stringify(text)}` });
}

/** A logic list as it was understood: `|a &!b`. */
function list(logic: TimeRule["services"] | TimeRule["users"] | undefined): string {
  assert.ok(Array.isArray(logic));
  return logic.map(({ join, negated, value }) => `${join === "and" ? "&" : "|"}${negated ? "!" : ""}${value}`)
    .join(" ");
}

const users = (field: string) => rules(`*;*;${field};Al0000-2400\n`)[0]?.users;
const times = (field: string) => rules(`*;*;*;${field}\n`)[0]?.times.map(({ value }) => value);

Deno.test("parseTimeConf() reads the four fields of time.conf(5)'s examples", () => {
  const [first, second, ...more] = rules(
    "# games\n\nlogin ; tty* & !ttyp* ; !root ; !Al0000-2400\ngames ; * ; !waster ; Wd0000-2400 | Wk1800-0800\n",
  );
  assert.deepEqual(more, []);
  assert.deepEqual([first?.line, second?.line], [3, 4]);
  assert.deepEqual([list(first?.services), list(first?.ttys), list(first?.users)], [
    "|login",
    "|tty* &!ttyp*",
    "|!root",
  ]);
  assert.deepEqual(first?.times, [
    { join: "or", negated: true, value: { days: 0b1111111, start: 0, end: 2400 } },
  ]);
  assert.deepEqual(second?.times.map(({ join, value }) => [join, value.days, value.start, value.end]), [
    ["or", 0b1000001, 0, 2400],
    ["or", 0b0111110, 1800, 800],
  ]);
});

Deno.test("parseTimeConf() passes over blanks, comments and ends of line behind a backslash", () => {
  assert.deepEqual(rules(""), []);
  assert.deepEqual(rules(" \t\n# a;b\n#\\\n;;\n\\\n\n   "), []);
  assert.deepEqual(rules("# a comment without an end"), []);
  const [rule] = rules("\n lo\\\ngin\t;*; al\\\nice ;Al0000\\\n-2400 # to the end \\\n");
  assert.deepEqual([rule?.line, list(rule?.services), list(rule?.users)], [2, "|login", "|alice"]);
  assert.equal(rules(`;; *;*;*;Al0000-2400#${"x".repeat(5000)}\n`).length, 1);
  assert.equal(rules("*;*;*;Al0000-2400 # the end").length, 1);
});

Deno.test("parseTimeConf() works signs off as they come, and those behind the last word not at all", () => {
  assert.equal(list(users("alice|bob&!carol")), "|alice |bob &!carol");
  assert.equal(list(users("!!alice")), "|alice");
  assert.equal(list(users("! ! !alice &")), "|!alice");
  assert.equal(list(users("alice | !")), "|alice");
  assert.equal(list(users("")), "");
  // What cannot be in a name ends it; at an end of the field it is passed over.
  assert.equal(list(users("+alice@\r")), "|alice");
  assert.equal(list(users("!@ops")), "|!ops");
});

Deno.test("parseTimeConf() takes what follows an @ for the name of a netgroup", () => {
  assert.deepEqual(users(" @ops "), { netgroup: "ops" });
  assert.deepEqual(users("@ops  & !bob"), { netgroup: "ops & !bob" });
  assert.deepEqual(users("@caf\xc3\xa9"), { netgroup: "caf\u00e9" });
  assert.match(
    refusal("*;*;@caf\xe9;Al0000-2400\n"),
    /:1:5: users: Cannot read the name of the netgroup: write it in UTF-8$/,
  );
});

Deno.test("parseTimeConf() reads days that are named twice as not meant, and times of fewer digits", () => {
  assert.deepEqual(times("AlMo0000-2400"), [{ days: 0b1111101, start: 0, end: 2400 }]);
  assert.deepEqual(times("moWKTU0800-0700"), [{ days: 0b0111000, start: 800, end: 700 }]);
  assert.deepEqual(times("MoMo0800-1800 | MoMo"), [{ days: 0, start: 0, end: 0 }, {
    days: 0,
    start: 0,
    end: 0,
  }]);
  assert.deepEqual(times("Al8-1800"), [{ days: 0b1111111, start: 8, end: 1800 }]);
  assert.deepEqual(times("Al-18005"), [{ days: 0b1111111, start: 0, end: 1800 }]);
});

Deno.test("parseTimeConf() names line, column, field and remedy of the first mistake", () => {
  const cases: [string, string][] = [
    [
      "\nlogin;*;alice\n",
      '2:1: Cannot use a rule with 3 fields: write "services;ttys;users;times", as in "login;tty*;!root;Wk0800-1800"',
    ],
    ["login;#*;alice;Al0000-2400\n", "1:1: Cannot use a rule with 2 fields: write"],
    ["*;*;*;Al0000-2400;\n", "1:1: Cannot use a rule with 5 fields: write"],
    ["\r\n", "1:1: Cannot use a rule with 1 field: end lines with a newline alone"],
    ["\xef\xbb\xbf\n", "1:1: Cannot use a rule with 1 field: write"],
    [
      "*;*;alice bob;Al0000-2400\n",
      '1:5: users: Cannot read the list "alice bob": write "&" or "|" before "bob"',
    ],
    [
      "*;*;m\xfcller;Al0000-2400\n",
      '1:5: users: Cannot read the list "m\u00fcller": write "&" or "|" before "ller"',
    ],
    [
      "*;tty1 & | tty2;*;Al0000-2400\n",
      '1:3: ttys: Cannot read the list "tty1 & | tty2": write a word before "|"',
    ],
    ["&login;*;*;Al0000-2400\n", '1:1: services: Cannot read the list "&login": write a word before "&"'],
    [
      "*;*;*;\\\n Mon0800-1800\n",
      '1:7: times: Cannot read the days of "Mon0800-1800": write days and from when to when',
    ],
    ["*;*;*;0800-1800\n", '1:7: times: Cannot find a day in "0800-1800": write days'],
    ["*;*;*;Al0800\n", '1:7: times: Cannot read the times of "Al0800": write days'],
    ["*;*;*;Al08:00-18:00\n", '1:7: times: Cannot read the times of "Al08:00-18:00": write days'],
    ["*;*;*;Al0800-900\n", '1:7: times: Cannot read the times of "Al0800-900": write days'],
    ["#\n*;*;*;Al0000-2400", "2:7: Cannot use the last line: end it with a newline"],
    ["*;*;\0;Al0000-2400\n", "1:5: Cannot read a NUL byte: remove it"],
    ["# \0\n", "1:1: Cannot read a NUL byte: remove it"],
  ];
  for (const [text, message] of cases) {
    const found = refusal(text);
    assert.ok(found.startsWith(`${FILE}:${message}`), `${found}\nis not\n${FILE}:${message}`);
  }
  assert.match(refusal("a;b\n*;*;*;Al\nc;d\n"), /:1:1: .* \(and 2 more, first on line 2\)$/);
});

Deno.test("parseTimeConf() takes fields that pam_time's buffer holds, and refuses longer ones", () => {
  assert.equal(rules(`*;*;${"a".repeat(LONG)};Al0000-2400\n`).length, 1);
  assert.equal(rules(`${" ".repeat(LONG - 1)}*;*;*;Al0000-2400\n`).length, 1);
  const message = `Cannot read more than ${LONG} bytes in a field`;
  assert.ok(refusal(`*;*;${"a".repeat(LONG + 1)};Al0000-2400\n`).endsWith(`:1:5: ${message}`));
  assert.ok(refusal(`*;*;*;Al0000-2400${" ".repeat(LONG)}\n`).endsWith(`:1:7: ${message}`));
  assert.ok(refusal(`*;*;*;Al0000-2400${"\\\n".repeat(LONG)}\n`).includes(`:1:7: ${message}`));
});

Deno.test("parseTimeConf() takes as many netgroups as a hook may ask for, and no more", () => {
  const rule = (name: string) => `*;*;${name};Al0000-2400\n`;
  const named = Array.from({ length: NETGROUPS_MAX }, (_, i) => rule(`@group${i}`)).join("");
  // Twice the same, the one without a name, and users are no further netgroups.
  const more = ["@group0", "@", "alice"].map(rule).join("");
  assert.equal(rules(named + more).length, NETGROUPS_MAX + 3);
  assert.equal(
    refusal(named + more + rule("@one-more") + more),
    `${FILE}:${NETGROUPS_MAX + 4}:5: users: Cannot use more than 64 netgroups in a file: join some of them`,
  );
});

Deno.test("parseTimeConf() takes the names of netgroups that can be looked for", () => {
  const name = "a".repeat(NETGROUP_BYTES_MAX);
  assert.deepEqual(users(`@${name}`), { netgroup: name });
  for (const field of [`@${name}a`, "@a\x01", "@a\rb", "@\x7f"]) {
    assert.match(
      refusal(`*;*;${field};Al0000-2400\n`),
      /:1:5: users: Cannot look for a netgroup of this name/,
    );
  }
});

Deno.test("parseTimeConf() throws nothing but a RulesError with a place, whatever the file holds", () => {
  const word = fc.constantFrom(
    "login",
    "*",
    "Al0000-2400",
    "MoWk",
    "@ops",
    ";",
    ";",
    "&",
    "|",
    "!",
    "\n",
    "\\\n",
    "#",
    " ",
    "\0",
    "\xff",
  );
  const file = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(word, { maxLength: 60 }).map((words) =>
      Uint8Array.from(words.join(""), (octet) => octet.charCodeAt(0))
    ),
  );
  let taken = 0;
  fc.assert(
    fc.property(file, (bytes) => {
      try {
        taken += parseTimeConf(bytes, FILE).rules.length;
      } catch (error) {
        assert.ok(error instanceof RulesError, String(error));
        assert.match(error.message, /^\/etc\/security\/time\.conf:[1-9]\d*:[1-9]\d*: /);
      }
    }),
    { seed: 4, numRuns: 2000 },
  );
  assert.ok(taken > 0, "no file had a rule");
});
