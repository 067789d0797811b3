// SPDX-License-Identifier: MIT
/**
 * Files for pam_time and who asks when, picked by hand: what a generator may miss.
 *
 * @module
 */

import type { Asked, TimeCase } from "./time_cases.ts";

const ALICE = { service: "login", tty: "tty1", user: "alice" };

function at(moment: string): number {
  return Temporal.ZonedDateTime.from(moment).epochMilliseconds / 1000;
}

function edge(
  text: string,
  zone: string,
  asked: readonly (Partial<Asked> & { when: string })[],
  broken = false,
): TimeCase {
  return {
    text,
    zone,
    broken,
    asked: asked.map(({ when, ...who }) => ({ ...ALICE, ...who, at: at(`${when}[${zone}]`) })),
  };
}

/** A week around one Monday, at the given times. */
function week(...times: string[]): { when: string }[] {
  const monday = new Temporal.PlainDate(2026, 8, 3);
  return Array.from({ length: 8 }, (_, ahead) => monday.add({ days: ahead }).toString())
    .flatMap((date) => times.map((time) => ({ when: `${date}T${time}` })));
}

function users(...names: string[]): { user: string; when: string }[] {
  return names.map((user) => ({ user, when: "2026-08-03T12:00:00" }));
}

function ttys(...names: string[]): { tty: string; when: string }[] {
  return names.map((tty) => ({ tty, when: "2026-08-03T12:00:00" }));
}

/** Every ten minutes of the hours in which the clock is changed. */
function around(day: string, zone: string): { when: string }[] {
  const midnight = Temporal.PlainDate.from(day).toZonedDateTime(zone);
  return Array.from({ length: 6 * 7 }, (_, i) => {
    const moment = midnight.add({ minutes: i * 10 - 60 });
    return { when: `${moment.toPlainDateTime()}${moment.offset}` };
  });
}

const NEVER = "Al0000-0000&!Al0000-0000";

export const EDGES: readonly TimeCase[] = [
  edge("", "Etc/UTC", week("12:00:00")),
  edge("\n \n#\n# login;*;*;!Al0000-2400", "Etc/UTC", week("12:00:00")),
  edge(
    "*;*;*;Al0800-1800\n",
    "Europe/Berlin",
    week("07:59:59", "08:00:00", "17:59:59", "18:00:00", "18:00:59"),
  ),
  edge(
    "*;*;*;Wk2200-0600\n",
    "Europe/Berlin",
    week("21:59:59", "22:00:00", "00:00:00", "06:00:59", "06:01:00"),
  ),
  edge(
    "*;*;*;Sa2200-0600\n",
    "Asia/Kathmandu",
    week("21:59:59", "22:00:00", "23:59:59", "06:00:59", "06:01:00"),
  ),
  edge("*;*;*;Su0900-0900\n", "Etc/UTC", week("08:59:59", "09:00:00", "09:00:59", "09:01:00")),
  edge("*;*;*;Mo0000-0000\n", "Etc/UTC", week("00:00:00", "00:00:59", "00:01:00", "23:59:59")),
  edge("*;*;*;Mo0000-2400\n", "Etc/UTC", week("00:00:00", "23:59:59")),
  edge("*;*;*;Mo2400-0100\n", "Etc/UTC", week("00:00:00", "01:00:59", "01:01:00", "23:59:59")),
  edge("*;*;*;AlMo0000-2400\n*;*;*;MoWk0000-2400|Wd0000-2400\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;MoMo0000-2400\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;!MoMo0000-2400\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;MoMo\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;WkWdAl0000-2400\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;AlFrSa0000-2400|Fr0900-1000\n", "Etc/UTC", week("09:30:00")),
  edge("*;*;*;!Mo0000-2400&!Tu1100-1300|Tu1230-1231\n", "Etc/UTC", week("12:00:00", "12:30:00")),
  edge("*;*;*;mO0000-2400\n", "Etc/UTC", week("12:00:00")),
  edge("*;*;*;Al8-1800\n", "Etc/UTC", week("00:07:59", "00:08:00", "17:59:00")),
  edge("*;*;*;Al-1800\n", "Etc/UTC", week("00:00:00", "18:00:00")),
  edge("*;*;*;Al0000-18005\n", "Etc/UTC", week("17:00:00", "19:00:00")),
  edge("*;*;*;\n", "Etc/UTC", week("12:00:00")),
  edge(`;;*;*;*;${NEVER}\n`, "Etc/UTC", week("12:00:00")),
  edge(`*;*;*;${NEVER}\r\n`, "Etc/UTC", week("12:00:00")),
  edge(
    `lo\\\ngin;*;al\\\nice;\\\n${NEVER} # \\\n*;*;bob;${NEVER}\n`,
    "Etc/UTC",
    users("alice", "bob", "al ice"),
  ),
  // The first that closes is not the last: every rule counts.
  edge("*;*;*;Al0000-2400\n*;*;alice;!Al0000-2400\n*;*;*;Al0000-2400\n", "Etc/UTC", users("alice", "bob")),
  edge(`*;*;alice|bob&!alice;${NEVER}\n`, "Etc/UTC", users("alice", "bob", "root")),
  edge(`*;*;!alice&!bob|root;${NEVER}\n`, "Etc/UTC", users("alice", "bob", "root", "nobody-of-this-name")),
  edge(`*;*;a*e;${NEVER}\n`, "Etc/UTC", users("alice", "ae", "a", "axe", "alic", "al\u00efe", "A*e", "a*e")),
  edge(`*;*;ab*b;${NEVER}\n`, "Etc/UTC", users("ab", "abb", "abxb", "abx")),
  edge(`*;*;a*b*;${NEVER}\n`, "Etc/UTC", users("ab", "ab*", "axb*", "a*b*", "a*bx")),
  edge(`*;*;m*ller;${NEVER}\n`, "Etc/UTC", users("m\u00fcller", "mller", "ller", "\u{1f600}")),
  edge(`*;*;alice@;${NEVER}\n`, "Etc/UTC", users("alice", "alice@")),
  edge(`*;*;!@ops;${NEVER}\n`, "Etc/UTC", users("alice", "ops", "root")),
  edge(`*;*;@ops;${NEVER}\n`, "Etc/UTC", users("alice", "bob", "root", "nobody-of-this-name")),
  edge(`*;*; @shifts ;${NEVER}\n`, "Etc/UTC", users("alice", "bob", "al", "nobody-of-this-name")),
  edge(`*;*;@everybody;${NEVER}\n`, "Etc/UTC", users("alice", "m\u00fcller", "nobody-of-this-name")),
  edge(`*;*;@nobody;${NEVER}\n*;*;@no-such;${NEVER}\n*;*;@;${NEVER}\n`, "Etc/UTC", users("alice", "bob")),
  edge(`*;*;@ops|@night;${NEVER}\n`, "Etc/UTC", users("alice", "bob")),
  edge(`@login;*;*;${NEVER}\n`, "Etc/UTC", users("alice")),
  edge(
    `*;tty1;*;${NEVER}\n`,
    "Etc/UTC",
    ttys("tty1", "/dev/tty1", "/tty1", "//tty1", "dev/tty1", "TTY1", ""),
  ),
  edge(`*;/dev/tty1;*;${NEVER}\n`, "Etc/UTC", ttys("tty1", "/dev/tty1", "/dev//dev/tty1")),
  edge(
    `*;*/tty1|*dev/pts/0;*;${NEVER}\n`,
    "Etc/UTC",
    ttys("tty1", "/dev/tty1", "/tty1", "/dev/pts/0", "pts/0"),
  ),
  edge(`*;pts/*;*;${NEVER}\n`, "Etc/UTC", ttys("/dev/pts/12", "pts/0", "/pts/0", "pts", "/")),
  edge(`*;!tty*;*;${NEVER}\n`, "Etc/UTC", [
    ...ttys("", "/", "/dev/", "tty", "ssh", ":0", "cron"),
    { service: "login", user: "alice", when: "2026-08-03T12:00:00" },
  ]),
  edge(`*;;*;${NEVER}\n`, "Etc/UTC", ttys("", "tty1")),
  edge(
    `LOGIN|su*&!su-l;*;*;${NEVER}\n`,
    "Etc/UTC",
    ["login", "LOGIN", "su", "su-l", "sudo"].map((service) => ({
      service,
      when: "2026-08-03T12:00:00",
    })),
  ),
  edge(`*;*;*;${NEVER}\n`, "Etc/UTC", users("")),
  edge(`${"# rule\n".repeat(5000)}*;*;bob;${NEVER}\n`, "Etc/UTC", users("alice", "bob")),
  edge(`*;*;${"alice|".repeat(166)}bo;${NEVER}\n`, "Etc/UTC", users("alice", "bo", "bob")),
  edge(`*;*;${"alice|".repeat(166)}bob;${NEVER}\n`, "Etc/UTC", users("alice", "bob")),
  edge(`*;*;${"alice|".repeat(166)}bobb;${NEVER}\n`, "Etc/UTC", users("alice", "bobb"), true),
  // The clock is put forward and back; in Lord Howe by half an hour.
  edge("*;*;*;Al0200-0300\n", "Europe/Berlin", around("2026-03-29", "Europe/Berlin")),
  edge("*;*;*;Su0230-0231|Sa2300-0159\n", "Europe/Berlin", around("2026-10-25", "Europe/Berlin")),
  edge("*;*;*;Al0130-0200\n", "America/New_York", around("2026-11-01", "America/New_York")),
  edge("*;*;*;Al0145-0215\n", "Australia/Lord_Howe", around("2026-04-05", "Australia/Lord_Howe")),
  edge("*;*;*;Al0145-0215\n", "Australia/Lord_Howe", around("2026-10-04", "Australia/Lord_Howe")),
  edge("*;*;*;We0200-0300|Su0200-0300\n", "Africa/Casablanca", around("2026-02-15", "Africa/Casablanca")),
  // Years with and without a leap day, and clocks that are far off.
  edge("*;*;*;SuSa0000-2400\n", "Etc/UTC", [
    { when: "2028-02-29T23:59:59" },
    { when: "2028-03-01T00:00:00" },
    { when: "1999-12-31T23:59:59" },
    { when: "2037-12-31T23:59:59" },
    { when: "1970-01-01T00:00:01" },
    { when: "2105-02-07T06:28:16" },
  ]),
  // Broken: pam_time goes on without the rule, which is refused here.
  edge(`login;*;alice\n*;*;bob;${NEVER}\n`, "Etc/UTC", users("alice", "bob"), true),
  edge(`*;*;bob;${NEVER}`, "Etc/UTC", users("alice", "bob"), true),
  edge("*;*;*;Al0800 - 1800\n", "Etc/UTC", week("12:00:00"), true),
];
