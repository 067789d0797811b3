// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { docsLink } from "../../../sdk/coded.ts";
import { onTerminal, PAM_DENO, quoted } from "../../sdk/command/program.ts";
import { CLOSED, moduleText, OFFICE_HOURS, Scratch } from "./trying.ts";

/** What commands to a terminal begin with. */
const ESCAPE = "\x1b";

/** Modules that are wrong, with the status and what is said. */
const MODULES: Readonly<Record<string, readonly [text: string, status: number, says: RegExp]>> = {
  "that does not type-check": [
    moduleText('{ account: () => "success" }', 'const x: number = "a"; void x;'),
    1,
    /it does not type-check:\n.*TS2322.*string.*number.*module\.ts:2:7\n.*\npam-deno: \[types-wrong\] \S+\n$/s,
  ],
  "that is no TypeScript": [
    "export default {",
    1,
    /module\.ts: it cannot be bundled: .*module\.ts:1:17/s,
  ],
  "with a wrong export": [
    "export default { account: () => 0 };",
    1,
    /module\.ts: it cannot be served: .*default export .* defineModule\(\) did not make: end its file with/s,
  ],
  "that throws at load": [
    moduleText('{ account: () => "success" }', 'throw new Error("no table");'),
    1,
    /module\.ts: it cannot be served: it threw while it was loaded: Error: no table \| at \S+module\.ts:2:7 \[module-broken\] \S+$/m,
  ],
  "that asks for a permission that nobody gets": [
    moduleText('{ permissions: { read: ["/"] }, account: () => "success" }'),
    1,
    /a permission that it asks for cannot be granted: read: "\/" is the whole file system/,
  ],
  "that throws in a hook": [
    moduleText('{\n  account() {\n    throw new RangeError("no rule");\n  },\n}'),
    1,
    /failed +threw: account threw RangeError: no rule\n +at \S+module\.ts:5:11\n +mend the handler.*\n +\[handler-threw\] \S+\n/,
  ],
  "that returns a code of another hook": [
    moduleText('{ account: () => "session_err" as "success" }'),
    1,
    /^system_err.*failed +protocol: account returned "session_err", which is a code of openSession/s,
  ],
  "that loops": [
    moduleText("{ account() { for (;;) {} } }"),
    1,
    /failed +broken_off: .*its worker does not answer: it is held up\n +the handler does not give up the turn/,
  ],
  "that leaves a rejection behind": [
    moduleText('{ account() { void Promise.reject(new Error("lost")); return "success"; } }'),
    1,
    /afterwards +its worker ended.*logged +error.*Error: lost/s,
  ],
};

for (const [what, [text, status, says]] of Object.entries(MODULES)) {
  Deno.test(`try says of a module ${what} what is wrong, and where`, async () => {
    using scratch = new Scratch({ "module.ts": text });
    const words = [join(scratch.path, "module.ts"), "--user", "alice", "--timeout", "2s"];
    const run = await scratch.run(words);
    assert.match(run.stdout + run.stderr, says);
    assert.equal(run.status, status);
    assert.doesNotMatch(run.stdout + run.stderr, /mistake in pam-deno|pam-deno-try-/);
    assert.ok(!`${run.stdout}${run.stderr}`.includes(ESCAPE));
  });
}

Deno.test("an option that the module does not know is told, with the nearest one", async () => {
  using scratch = new Scratch();
  const { status, stderr, stdout } = await scratch.run([OFFICE_HOURS, ...CLOSED, "--option", "opne=09:00"]);
  assert.match(stdout, /^perm_denied/);
  assert.match(stderr, /pam-deno: .*opne.*did you mean "open"/);
  assert.equal(status, 1);
});

/** Command lines that are wrong. */
const WORDS: readonly (readonly [words: readonly string[], status: number, says: RegExp])[] = [
  [
    [OFFICE_HOURS, "--as", "sshd-pasword"],
    2,
    /There is no profile "sshd-pasword".*did you mean "sshd-password"/,
  ],
  [[OFFICE_HOURS, "--as", "su", "--hook", "account"], 2, /--as says what is called/],
  [[OFFICE_HOURS, "--hook", "acount"], 2, /There is no hook .acount.: did you mean .account./],
  [[OFFICE_HOURS, "--now", "tomorrow"], 2, /is no time: write it with its offset/],
  [[OFFICE_HOURS, "--now", "2026-12-24T23:30"], 2, /is no time: write it with its offset/],
  [[OFFICE_HOURS, "--item", "rhots=a"], 2, /There is no item .rhots.: did you mean .rhost./],
  [[OFFICE_HOURS, "--allow", "run=/bin/sh"], 2, /run.* cannot be allowed here/],
  [[OFFICE_HOURS, "--grant", "prompt,bogus"], 2, /--grant bogus: the grants are prompt, authtok, /],
  [["/nowhere/module.ts"], 1, /\/nowhere\/module\.ts: there is no such file/],
];

for (const [words, status, says] of WORDS) {
  Deno.test(`try refuses ${words.slice(-2).join(" ")} with one message`, async () => {
    using scratch = new Scratch();
    const run = await scratch.run(words);
    assert.equal(run.stdout, "");
    assert.match(run.stderr, says);
    assert.equal(run.status, status);
  });
}

Deno.test("try --json says in one line, too, why nothing could be tried", async () => {
  using scratch = new Scratch({ "module.ts": "export default 7;" });
  const told = await scratch.told([join(scratch.path, "module.ts"), "--user", "alice"]);
  assert.equal(told.error?.kind, "failed");
  assert.equal(told.error.code, "not-a-module");
  assert.match(told.error.docs, /\/docs\/errors\/not-a-module\.md$/);
  assert.match(told.error.message, /default export is a number/);
  assert.deepEqual([told.error.code, told.error.docs], ["not-a-module", docsLink("not-a-module")]);
  assert.equal(told.status, 1);
});

Deno.test("a folder for temporary files whose path is too long for a socket is told, and nothing is left in it", async () => {
  using scratch = new Scratch();
  const tmp = join(scratch.path, "t".repeat(100));
  Deno.mkdirSync(tmp);
  const run = await scratch.run([OFFICE_HOURS, ...CLOSED], { TMPDIR: tmp });
  assert.match(run.stderr, /^pam-deno: TMPDIR is too long .*\npam-deno: \[try-failed\] \S+\n$/);
  assert.deepEqual([run.status, run.stdout, [...Deno.readDirSync(tmp)].length], [1, "", 0]);
});

Deno.test("on a terminal of 40 columns no line is longer, and NO_COLOR takes the colour away", async () => {
  const command = [PAM_DENO, "try", OFFICE_HOURS, ...CLOSED].map(quoted).join(" ");
  const narrow = await onTerminal(command, { columns: 40, env: { NO_COLOR: "1" } });
  assert.equal(narrow.status, 0, narrow.text);
  assert.ok(!narrow.text.includes(`${ESCAPE}[3`), narrow.text);
  const long = narrow.text.split("\n").filter((line) => line.length > 40 && line.trim().includes(" "));
  assert.deepEqual(long, []);
  const coloured = await onTerminal(command, { columns: 100 });
  assert.ok(coloured.text.includes(`${ESCAPE}[31mperm_denied${ESCAPE}[0m`), coloured.text);
});
