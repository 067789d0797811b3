// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { accountModule, Folder, ROOT } from "../scene.ts";
import { onTerminal, PAM_DENO, pamDeno, quoted, type Run } from "../../sdk/command/program.ts";

/** The figure of the command: 50 users and a week in quarter hours, from the command line to the picture, in ms. */
const WEEK_MAX_MS = 5_000;
/** Other programs may be busy while a test runs: the best of so many tries counts. */
const TRIES = 3;

const TIME_OF_DAY = join(ROOT, "examples", "time-of-day");
const OFFICE = ["tz=Europe/Berlin", "days=mon-fri", "hours=08:30-18:00"].map((word) => `--option=${word}`);
const MONDAY = ["--from=2026-08-03", "--tz=Europe/Berlin"];

const simulate = (...words: string[]): Promise<Run> => pamDeno(["simulate", ...words]);

interface JsonRun {
  readonly from: string;
  readonly to: string;
  readonly cells: number;
  readonly outcome?: number;
  readonly change?: string | null;
}

interface Json {
  readonly cells: number;
  readonly outcomes: readonly {
    readonly code: string;
    readonly texts: readonly string[];
    readonly cells: number;
  }[];
  readonly changes: Readonly<Record<string, number>>;
  readonly rows: readonly { readonly user: string; readonly runs: readonly JsonRun[] }[];
}

const documentOf = ({ stdout }: Run) => JSON.parse(stdout) as Json;

/** The clock on a wall in Berlin, by another way than that of the module and of the command. */
const berlin = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Berlin",
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function isOpen(at: Date): boolean {
  const parts = new Map(berlin.formatToParts(at).map(({ type, value }) => [type, value]));
  const time = `${parts.get("hour")}:${parts.get("minute")}`;
  return !["Sat", "Sun"].includes(parts.get("weekday")!) && time >= "08:30" && time < "18:00";
}

Deno.test("simulate asks 33,600 questions in 5 s, says how far it is, and every answer is right", async () => {
  using folder = new Folder();
  const staff = (i: number) => i % 3 === 0 || i === 7;
  const users = Array.from(
    { length: 50 },
    (_, i) => ({ name: `user${i}`, groups: [staff(i) ? "staff" : "ops"] }),
  );
  const file = folder.write("users.json", JSON.stringify(users));
  const words = [TIME_OF_DAY, ...OFFICE, "--option=for=@staff", `--users=${file}`, ...MONDAY, "--json"];
  const times: number[] = [];
  let run!: Run;
  while (times.length < TRIES && !times.some((ms) => ms <= WEEK_MAX_MS)) {
    const began = performance.now();
    run = await simulate(...words);
    times.push(Math.round(performance.now() - began));
  }
  console.log(`    50 users, a week in quarter hours: ${times.join(", ")} ms of at most ${WEEK_MAX_MS}`);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stderr, /^pam-deno: asking account, \d+ % of 33600 questions, \w{3} 2026-08-0\d$/m);
  const { cells, rows, outcomes } = documentOf(run);
  assert.equal(cells, 33_600);
  let compared = 0;
  for (const [i, { user, runs }] of rows.entries()) {
    assert.equal(user, `user${i}`);
    for (const { from, to, cells, outcome } of runs) {
      const begin = Date.parse(from);
      assert.equal(Date.parse(to) - begin, cells * 900_000);
      for (let cell = 0; cell < cells; cell++) {
        const at = new Date(begin + cell * 900_000);
        const expected = staff(i) && isOpen(at) ? "success" : "perm_denied";
        assert.equal(outcomes[outcome!]!.code, expected, `${user} ${at.toISOString()}`);
        compared++;
      }
    }
  }
  assert.equal(compared, 33_600);
  assert.equal(outcomes.reduce((sum, { cells }) => sum + cells, 0), 33_600);
  assert.ok(Math.min(...times) <= WEEK_MAX_MS, `${times.join(", ")} ms`);
});

Deno.test("simulate is right in the week in which clocks are put back", async () => {
  const words = [TIME_OF_DAY, ...OFFICE, "--user=alice:staff", "--tz=Europe/Berlin"];
  const { cells, rows, outcomes } = documentOf(await simulate(...words, "--from=2026-10-19", "--json"));
  assert.equal(cells, 6 * 96 + 100);
  const open = rows[0]!.runs.filter(({ outcome }) => outcomes[outcome!]!.code === "success");
  assert.deepEqual(
    open.map(({ from, cells }) => `${from} ${cells}`),
    [19, 20, 21, 22, 23].map((day) => `2026-10-${day}T08:30:00+02:00 38`),
  );
  const after = documentOf(await simulate(...words, "--from=2026-10-25", "--days=2", "--json"));
  assert.equal(after.rows[0]!.runs[0]!.from, "2026-10-25T00:00:00+02:00");
  const monday = after.rows[0]!.runs.find(({ outcome }) => after.outcomes[outcome!]!.code === "success");
  assert.equal(monday?.from, "2026-10-26T08:30:00+01:00");
});

Deno.test("simulate draws letters into a pipe, and nothing else", async () => {
  const { status, stdout, stderr } = await simulate(TIME_OF_DAY, ...OFFICE, "--user=alice:staff", ...MONDAY);
  assert.equal(status, 0, stderr);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout + stderr, /\x1b/);
  assert.match(stdout, /^Mon 08-03 \.{17}#{19}\.{12}$/m);
  assert.match(stdout, /^Sat 08-08 \.{48}$/m);
  assert.match(stdout, /^# success +190 28\.3 % {2}the login goes on$/m);
  assert.match(
    stdout,
    /^ +\d+ perm_denied "Logins are closed for you until 2026-08-04 08:30 \(Europe\/Berlin\)"$/m,
  );
});

Deno.test("simulate fits 40 columns, and colours nothing where NO_COLOR is set", async () => {
  const words = [TIME_OF_DAY, ...OFFICE, "--user=alice:staff", "--user=bob:staff", ...MONDAY];
  const command = [PAM_DENO, "simulate", ...words].map(quoted).join(" ");
  const plain = await onTerminal(`${command} 2>/dev/null`, { columns: 40, env: { NO_COLOR: "1" } });
  assert.equal(plain.status, 0, plain.text);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(plain.text, /\x1b/);
  assert.match(plain.text, /^Mon 08-03 \.{8}\/#{9}\.{6}$/m);
  const whole = plain.text.split("\n").filter((line) => !line.includes(ROOT));
  assert.deepEqual(whole.filter((line) => line.length > 40), []);
  const coloured = await onTerminal(`${command} 2>/dev/null`, { columns: 40 });
  // deno-lint-ignore no-control-regex
  assert.match(coloured.text, /\x1b\[30;42m#########\x1b\[0m/);
});

Deno.test("simulate says on a terminal how far it is, in a line that it takes away again", async () => {
  const slow = accountModule(`await new Promise((done) => setTimeout(done, 20)); return "success";`);
  using folder = new Folder({ "module.ts": slow });
  const words = [join(folder.path, "module.ts"), "--user=alice:a", "--days=1", "--step=15m"];
  const { text, status } = await onTerminal([PAM_DENO, "simulate", ...words].map(quoted).join(" "));
  assert.equal(status, 0, text);
  const shown = text.split("\r\x1b[K").map((part) => part.trim()).filter((part) => /^asking/.test(part));
  assert.ok(shown.length >= 3, text);
  assert.match(shown[0]!, /^asking account, \d+ % of 96 questions, \w{3} \d{4}-\d\d-\d\d …/);
});

Deno.test("simulate shows what other options would change, and fails for it only if told to", async () => {
  const words = [TIME_OF_DAY, ...OFFICE, "--user=alice:staff", ...MONDAY, "--compare"];
  const later = ["tz=Europe/Berlin", "days=mon-fri", "hours=10:00-20:00"].map((word) =>
    `--compare-option=${word}`
  );
  const shown = await simulate(...words, ...later);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^Mon 08-03 t{17}x{3}#{16}\+{4}t{8}$/m);
  assert.match(shown.stdout, /^\+ becomes allowed +40 /m);
  assert.match(shown.stdout, /^x becomes refused +30 /m);
  const json = await simulate(...words, ...later, "--json", "--fail-on-change");
  assert.equal(json.status, 1);
  assert.match(json.stderr, /^pam-deno: \d+ of 672 answers change$/m);
  const { changes, rows } = documentOf(json);
  assert.deepEqual([changes["allowed"], changes["refused"], changes["code"]], [40, 30, 0]);
  const gained = rows[0]!.runs.filter(({ change }) => change === "allowed");
  assert.deepEqual(
    gained.map(({ from, cells }) => `${from} ${cells}`),
    [3, 4, 5, 6, 7].map((day) => `2026-08-0${day}T18:00:00+02:00 8`),
  );
});

Deno.test("simulate shows what another version would change", async () => {
  using folder = new Folder({
    "one.ts": accountModule('return "success";'),
    "two.ts": accountModule('return context.user === "bob" ? "acct_expired" : "success";'),
  });
  const [one, two] = ["one.ts", "two.ts"].map((name) => join(folder.path, name));
  const words = [one!, "--user=alice:a", "--user=bob:a", "--days=1", "--step=1h", "--fail-on-change"];
  const same = await simulate(...words, `--compare-with=${one}`);
  assert.equal(same.status, 0, same.stderr);
  assert.match(same.stdout, /^Nothing changes\.$/m);
  const other = await simulate(...words, `--compare-with=${two}`);
  assert.equal(other.status, 1);
  assert.match(other.stdout, /^bob\n.*\n.* x{24}\n\nNothing changes for 1 other login\.$/m);
  assert.match(other.stdout, /^24 success -> acct_expired$/m);
});

Deno.test("simulate gives a module what it declares, with its options, and no more", async () => {
  const text = `import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "npm:valibot@^1.5.0";
export default defineModule({
  options: v.object({ list: v.string() }),
  permissions: { read: [{ option: "list" }] },
  async account({ options, user, deny }) {
    const may = await Deno.readTextFile("/etc/hostname").then(() => "more", () => "no more");
    const names = (await Deno.readTextFile(options.list)).trim().split("\\n");
    return names.includes(user) ? "success" : deny("perm_denied", may);
  },
}) as PamModule;\n`;
  using folder = new Folder({ "module.ts": text, "list": "alice\n" });
  // As root the module is asked as somebody else.
  Deno.chmodSync(folder.path, 0o755);
  const words = [
    join(folder.path, "module.ts"),
    `--option=list=${folder.path}/list`,
    "--days=1",
    "--step=12h",
    "--json",
  ];
  const run = await simulate(...words, "--user=alice:a", "--user=bob:a");
  assert.equal(run.status, 0, run.stderr);
  const { outcomes, rows } = documentOf(run);
  assert.deepEqual(rows.map(({ runs }) => runs.map(({ outcome }) => outcomes[outcome!]!.code)), [
    ["success"],
    ["perm_denied"],
  ]);
  assert.deepEqual(outcomes.map(({ texts }) => texts), [[], ["no more"]]);
});

Deno.test("simulate asks about users as this machine knows them, or says that it does not", async () => {
  const tell = `const entry = await context.lookup.passwd();
    return context.deny("perm_denied", \`\${entry?.uid} \${entry?.home} \${(await context.lookup.groups())[0]}\`);`;
  using folder = new Folder({ "module.ts": accountModule(tell) });
  const words = [join(folder.path, "module.ts"), "--days=1", "--step=24h"];
  const run = await simulate(...words, "--user=root", "--user=nobody-of-this-name");
  assert.match(run.stdout, /perm_denied "0 \/root root"/);
  assert.match(run.stdout, /perm_denied "1000 \/home\/nobody-of-this-name/);
  assert.match(run.stderr, /^pam-deno: this machine has no user nobody-of-this-name: taken for one/m);
  const own = await simulate(...words);
  assert.match(own.stdout, new RegExp(`perm_denied "${Deno.uid()} `));
});

Deno.test("simulate prints what docs/running.md shows", async () => {
  const text = Deno.readTextFileSync(join(ROOT, "docs", "running.md"));
  const [, command, shown] = /^```sh\n(pam-deno simulate time-of-day [^]*?)```\n\n```\n([^]*?)```$/m.exec(
    text,
  )!;
  const words = command!.replaceAll("\\\n", " ").trim().split(/\s+/).slice(2);
  const run = await simulate(...words.map((word) => word === "time-of-day" ? TIME_OF_DAY : word));
  assert.equal(run.status, 0, run.stderr);
  const printed = run.stdout.replaceAll(TIME_OF_DAY, "time-of-day");
  assert.equal(printed.slice(0, printed.indexOf("\nChanges, and how often:")), shown);
});

Deno.test("simulate writes the page beside the picture", async () => {
  using folder = new Folder();
  const file = join(folder.path, "week.html");
  const run = await simulate(TIME_OF_DAY, ...OFFICE, "--user=alice:staff", ...MONDAY, `--html=${file}`);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^Mon 08-03/m);
  assert.match(run.stderr, /week\.html has the picture as a page$/m);
  assert.match(
    Deno.readTextFileSync(file),
    /^<!doctype html>[\s\S]*alice, Mon 2026-08-03 08:30 to 18:00: success/,
  );
});
