// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { compare } from "../../../sdk/author/simulate/comparison.ts";
import { pictureOf, pictureOfComparison } from "../../../sdk/author/simulate/picture.ts";
import { ANSWERS_SHOWN, counted, drawPicture, percent } from "../../../sdk/author/simulate/terminal.ts";
import type { Simulation } from "../../../sdk/author/simulate/simulation.ts";
import { defineModule } from "../../../mod.ts";
import { wrap } from "../../../sdk/command/wrap.ts";
import { type Scene, simulating } from "./asking.ts";

/** Open in UTC from one hour to before another, for everybody; Saturdays nobody has a say. */
const open = (from: number, to: number, text = "Closed") =>
  defineModule({
    account({ now, deny }) {
      const { hour, minute, dayOfWeek } = now.toZonedDateTimeISO("UTC");
      if (dayOfWeek === 6) return "ignore";
      const time = hour + minute / 60;
      return time >= from && time < to ? "success" : deny("perm_denied", text);
    },
  });

const draw = (simulation: Simulation, width = 80, colour = false) =>
  drawPicture(pictureOf(simulation), { width, colour, wrap });

const WEEK_END: Scene = { from: "2026-08-07", days: 2, step: "15m", users: { alice: {}, bob: {} } };

Deno.test("drawPicture() draws a line for each day, a legend and the answers", async () => {
  const text = draw(await simulating(open(8.5, 18), WEEK_END));
  assert.equal(
    text,
    `module, account, no options
2026-08-07 to 2026-08-08, UTC, every 15 min
2 users, service sshd: 384 questions

alice, bob
          0     3     6     9     12    15    18    21
Fri 08-07 .................###################............
Sat 08-08 ------------------------------------------------

# success      76 19.8 %  the login goes on
- ignore      192 50.0 %  left to the other lines of the stack
. perm_denied 116 30.2 %  refused

Answers, and how often:
192 ignore
116 perm_denied "Closed"
 76 success`,
  );
});

Deno.test("drawPicture() takes as many columns for an hour as fit, and marks one with several answers", async () => {
  const simulation = await simulating(open(8.5, 18), WEEK_END);
  const line = (width: number) => draw(simulation, width).split("\n").find((line) => line.startsWith("Fri"))!;
  assert.equal(line(40), "Fri 08-07 ......../#########......");
  assert.match(draw(simulation, 40), /^\/ several of them in one column$/m);
  assert.equal(line(120).length, 10 + 96);
  assert.equal(line(120).indexOf("#"), 10 + 34);
  for (const width of [40, 57, 80, 120]) {
    const longest = Math.max(...draw(simulation, width).split("\n").map((line) => line.length));
    assert.ok(longest <= width, `${longest} columns of ${width}`);
  }
});

Deno.test("drawPicture() gives a day of 25 hours 25 columns and hours of its own, also in 40 columns", async () => {
  const simulation = await simulating(open(0, 24), { from: "2026-10-24", days: 3, tz: "Europe/Berlin" });
  const days = draw(simulation, 40).split("\n").slice(5, 11);
  assert.deepEqual(days, [
    "alice",
    "          0     6     12    18",
    "Sat 10-24 ##----------------------",
    "          0      6     12    18",
    "Sun 10-25 --####################### 25 h",
    "          0     6     12    18",
  ]);
});

Deno.test("drawPicture() has the hours of a day on which clocks change above it whatever the step is", async () => {
  const scene = { from: "2026-03-29", days: 1, tz: "Europe/Berlin" };
  for (const step of ["15m", "1h", "6h"]) {
    const text = draw(await simulating(defineModule({ account: () => "success" }), { ...scene, step }), 40);
    assert.match(text, /^ {10}0 {4}6 {5}12 {4}18\nSun 03-29 #{23} 23 h$/m, step);
  }
});

Deno.test("drawPicture() says the same with colours as without", async () => {
  const simulation = await simulating(open(8.5, 18), WEEK_END);
  const coloured = draw(simulation, 80, true);
  // deno-lint-ignore no-control-regex
  assert.match(coloured, /\x1b\[30;42m#+\x1b\[0m/);
  // deno-lint-ignore no-control-regex
  assert.equal(coloured.replaceAll(/\x1b\[[0-9;]*m/g, ""), draw(simulation, 80, false));
});

Deno.test("drawPicture() names those together who are answered alike, with their places where these differ", async () => {
  const module = defineModule({
    account: ({ user, service }) => user === "carol" || service === "login" ? "perm_denied" : "success",
  });
  const users = { alice: {}, bob: {}, carol: {} };
  const rows = Object.keys(users).flatMap((user) => [
    { user, service: "sshd", rhost: "192.0.2.7" },
    { user, service: "login" },
  ]);
  const text = draw(await simulating(module, { users, rows }));
  assert.match(text, /^3 users, 2 services, from 192\.0\.2\.7: 144 questions$/m);
  assert.match(text, /^alice, bob \(sshd from 192\.0\.2\.7\)\n/m);
  assert.match(text, /^alice, bob, carol \(login\); carol \(sshd from 192\.0\.2\.7\)\n/m);
});

Deno.test("drawPicture() gives each code and each class of failure a letter of its own", async () => {
  const codes = [
    "success",
    "new_authtok_reqd",
    "ignore",
    "perm_denied",
    "acct_expired",
    "auth_err",
    "buf_err",
    "conv_err",
  ];
  const module = defineModule({
    account({ now }) {
      const { hour } = now.toZonedDateTimeISO("UTC");
      if (hour === 8) throw new Error("gone");
      return (hour === 9 ? "nonsense" : codes[hour] ?? "success") as "success";
    },
  });
  const picture = pictureOf(await simulating(module));
  assert.equal(picture.marks.length, 10);
  assert.equal(new Set(picture.marks.map(({ glyph }) => glyph)).size, 10);
  assert.deepEqual(picture.marks.map(({ tone }) => tone).filter((tone) => tone === "failed").length, 2);
});

Deno.test("drawPicture() lists so many answers, and counts the others", async () => {
  const module = defineModule({ account: ({ now, deny }) => deny("perm_denied", `At ${now}`) });
  const text = draw(await simulating(module, { days: 2 }));
  assert.equal(text.match(/perm_denied "At/g)?.length, ANSWERS_SHOWN);
  assert.match(text, /^and 28 more, 28 times: --html and --json have all of them$/m);
});

Deno.test("drawPicture() lets nothing through that moves a cursor or turns what is read", async () => {
  const module = defineModule({ account: ({ deny }) => deny("perm_denied", "\x1b[2J\u202eevil\nline two") });
  const users = { "al\u202eice": {} };
  const text = draw(await simulating(module, { users }));
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.match(text, /"\[2J\?evil \| line two"/);
});

Deno.test("compare() tells what becomes allowed, refused, another code and another text", async () => {
  const before = await simulating(open(8, 16), WEEK_END);
  const later = await simulating(open(10, 18), WEEK_END);
  const text = drawPicture(pictureOfComparison(compare(before, later)), { width: 80, colour: false, wrap });
  assert.match(text, /^Fri 08-07 \.{16}xxxx#{12}\+{4}\.{12}$/m);
  assert.match(text, /^Sat 08-08 \.{48}$/m);
  assert.match(text, /^\+ becomes allowed +16 /m);
  assert.match(
    text,
    /^Changes, and how often:\n16 perm_denied "Closed" -> success\n16 success -> perm_denied "Closed"$/m,
  );
  const polite = await simulating(open(8, 16, "Closed, sorry"), WEEK_END);
  const words = drawPicture(pictureOfComparison(compare(before, polite)), { width: 80, colour: false, wrap });
  assert.match(words, /^Fri 08-07 t{16}#{16}t{16}$/m);
  const silent = await simulating(defineModule({ account: () => "ignore" }), WEEK_END);
  const codes = drawPicture(pictureOfComparison(compare(before, silent)), { width: 80, colour: false, wrap });
  assert.match(codes, /^Fri 08-07 ~{48}$/m);
  const same = drawPicture(pictureOfComparison(compare(before, before)), { width: 80, colour: false, wrap });
  assert.match(same, /^Nothing changes\.$/m);
  assert.doesNotMatch(same, /^Fri|how often/m);
});

Deno.test("percent() rounds nothing away", () => {
  assert.deepEqual(
    [percent(0, 9), percent(1, 33_600), percent(33_599, 33_600), percent(9, 9), percent(1, 3)],
    [
      "0 %",
      "0.1 %",
      "99.9 %",
      "100 %",
      "33.3 %",
    ],
  );
  assert.deepEqual([counted(1, "user"), counted(2, "user")], ["1 user", "2 users"]);
});
