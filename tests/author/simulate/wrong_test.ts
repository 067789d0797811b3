// SPDX-License-Identifier: MIT
// What `pam-deno simulate` says when it cannot be done.
import assert from "node:assert/strict";
import { join } from "node:path";
import { docsLink } from "../../../sdk/coded.ts";
import { pamDeno, type Run } from "../../sdk/command/program.ts";
import { accountModule, Folder, ROOT } from "../scene.ts";

const TIME_OF_DAY = join(ROOT, "examples", "time-of-day");
const OFFICE = ["tz=Europe/Berlin", "days=mon-fri", "hours=08:30-18:00"].map((word) => `--option=${word}`);

const simulate = (...words: string[]): Promise<Run> => pamDeno(["simulate", ...words]);

/** Whom and when two of the modules never answer. */
const AT_SIX = 'if (context.user === "bob" && context.now.toZonedDateTimeISO("UTC").hour === 6)';

const MODULES = {
  "types.ts": accountModule('return "sucess";'),
  "throws.ts": accountModule('return "success";', 'throw new Error("gone wrong");'),
  "plain.ts": accountModule('return "success";'),
  "turns.ts": accountModule('return context.now.epochMilliseconds / 60_000 % 2 ? "success" : "ignore";'),
  "nothing.ts": "export const x = 1;\n",
  "session.ts": accountModule('return "success";').replace("account", "openSession"),
  "prints.ts": accountModule(
    `Deno.stdout.writeSync(new TextEncoder().encode('{"result":{"outcomes":[],"rows":[[9,9]]}}\\n')); return "success";`,
  ),
  "waits.ts": accountModule(`${AT_SIX} await new Promise(() => {}); return "success";`),
  "loops.ts": accountModule(`${AT_SIX} for (;;); return "success";`),
};

/** What is wrong, what it says, and the status. `$` is the folder with the modules. */
const WRONG: readonly [words: readonly string[], says: RegExp, status: number][] = [
  [
    ["$/types.ts"],
    /types\.ts: it does not type-check[\s\S]*"sucess"[\s\S]*types\.ts:3:[\s\S]*\[types-wrong\]/,
    1,
  ],
  [["$/throws.ts"], /throws\.ts: .*gone wrong.*at throws\.ts:2:/, 1],
  [["$/nothing.ts"], /nothing\.ts: .*no default export: end its file with/, 1],
  [
    ["$/session.ts"],
    /session\.ts: it has no handler for account, .*: try --hook openSession\n.*\[simulation-refused\]/,
    1,
  ],
  [
    ["$/prints.ts"],
    /prints\.ts: its process gave an answer that is none: the module must not print.*\n.*\[simulation-refused\]/,
    1,
  ],
  [["$/nowhere.ts"], /nowhere\.ts: there is no such file or folder/, 1],
  [
    [TIME_OF_DAY, "--option=ours=1"],
    /--option: option "ours": Unknown option: the options are rules, .*\n.*\[options-refused\]/,
    2,
  ],
  [
    [TIME_OF_DAY, ...OFFICE, "--option=hours=1"],
    /--option: option "hours": Cannot read the hours "1".*\n.*\[options-refused\]/,
    2,
  ],
  [
    ["$/plain.ts", "--option=hours=7"],
    /--option: option "hours" is unknown and ignored: take it out\n.*\[option-unknown\]/,
    2,
  ],
  [
    ["$/turns.ts", "--days=70", "--step=1m", "--html=$/page.html"],
    /page\.html: 100800 rectangles are too many for a page, .*: take fewer users or days, or a longer --step$/m,
    1,
  ],
  [[TIME_OF_DAY, "--from=2026-02-30"], /--from 2026-02-30: there is no such day/, 2],
  [[TIME_OF_DAY, "--user=alice", "--user=alice"], /the user "alice" is named twice/, 2],
  [[TIME_OF_DAY, "--service=a", "--service=a"], /--service a: it is named twice/, 2],
  [[TIME_OF_DAY, "--rhost="], /--rhost "": it is empty/, 2],
  [
    [TIME_OF_DAY, "--users=$/none.csv"],
    /none\.csv: there is no such file: check --users\n.*\[users-not-read\]/,
    1,
  ],
  [
    [TIME_OF_DAY, "--users=$/types.ts"],
    /types\.ts: it is no CSV: Invalid Opening Quote.* at line 1.*\n.*\[users-not-read\]/,
    1,
  ],
  [[TIME_OF_DAY, "--html=$/no/page.html"], /no\/page\.html: there is no folder .*\/no: make it/, 1],
  [[TIME_OF_DAY, "--compare"], /--compare: there is nothing to compare with: add --compare-option/, 2],
  [[TIME_OF_DAY, "--fail-on-change"], /--fail-on-change: there is nothing to compare with/, 2],
  [[TIME_OF_DAY, "--hook=acount"], /Did you mean "account"\?/, 2],
  [
    [TIME_OF_DAY, "--step=1m", "--days=366", "--service=a", "--service=b"],
    /1054080 questions, of at most 1000000/,
    2,
  ],
];

for (const [words, says, expected] of WRONG) {
  const title = words.map((word) => word.replace(ROOT, "").replace("$/", "")).join(" ");
  Deno.test(`simulate says what is wrong with ${title}`, async () => {
    using folder = new Folder(MODULES);
    const { status, stdout, stderr } = await simulate(...words.map((word) => word.replace("$", folder.path)));
    assert.match(stderr, says);
    assert.equal(status, expected, stderr);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /this is a mistake in pam-deno/);
  });
}

Deno.test("simulate gives up on a hook that waits or loops for ever, and says when that was", async () => {
  using folder = new Folder(MODULES);
  const asked = async (name: string) =>
    await simulate(
      join(folder.path, name),
      "--user=alice:a",
      "--user=bob:b",
      "--from=2026-08-03",
      "--tz=UTC",
    );
  const [waits, loops] = await Promise.all([asked("waits.ts"), asked("loops.ts")]);
  assert.match(
    waits.stderr,
    /account was not answered within 5 s about bob, sshd, at 2026-08-03T06:00:00\+00:00: .* waits for something .* 49 of 1344.*\n.*\[simulation-late\]/,
  );
  assert.match(
    loops.stderr,
    /account was not answered within 5 s about somebody at 2026-08-03T0[0-6]:.*, or soon after: .* It loops without an end.*\n.*\[simulation-late\]/,
  );
  for (const { status, stdout } of [waits, loops]) assert.deepEqual([status, stdout], [1, ""]);
});

Deno.test("simulate leaves no process and no file behind when it fails in the middle", async () => {
  const slow = "await new Promise((done) => setTimeout(done, 200));";
  using folder = new Folder({
    "slow.ts": accountModule(`${slow} return "success";`),
    "wrong.ts": accountModule(`${slow} return "sucess";`),
    "throws.ts": MODULES["throws.ts"],
  });
  using place = new Folder();
  Deno.chmodSync(place.path, 0o1777);
  const asked = (...words: string[]) =>
    pamDeno(["simulate", ...words, "--user=alice:a"], { TMPDIR: place.path });
  const [slowly, wrong, throws] = ["slow.ts", "wrong.ts", "throws.ts"].map((name) => join(folder.path, name));
  for (const words of [[wrong!], [slowly!, `--compare-with=${throws}`]]) {
    const { status, stderr } = await asked(...words);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /does not type-check|gone wrong/);
    assert.deepEqual([...Deno.readDirSync(place.path)].map(({ name }) => name), []);
    assert.deepEqual(processesOf(place.path), []);
  }
});

/** The command lines that name a place. */
function processesOf(place: string): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).flatMap(({ name }) => {
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      return line.includes(place) ? [line] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

Deno.test("simulate says what is wrong as JSON where that is asked for", async () => {
  const { status, stdout } = await simulate(TIME_OF_DAY, "--option=ours=1", "--json");
  assert.equal(status, 2);
  const { error } = JSON.parse(stdout);
  assert.equal(error.kind, "misused");
  assert.deepEqual([error.code, error.docs], ["options-refused", docsLink("options-refused")]);
  assert.match(error.message, /Unknown option/);
});
