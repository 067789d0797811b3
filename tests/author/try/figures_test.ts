// SPDX-License-Identifier: MIT
/**
 * How long `pam-deno try` takes: what is promised is what it can do, so the best of several runs counts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO } from "../../sdk/command/program.ts";
import { CLOSED, moduleText, OFFICE_HOURS, Scratch } from "./trying.ts";

/** From the command to its answer, and from a save to the next one; in ms. */
const ONCE_MAX_MS = 700;
const SAVED_MAX_MS = 300;
/** How often it is tried, unless it was fast enough before: other programs may have had the machine. */
const RUNS_MAX = 25;

const busy = () => `load ${Deno.readTextFileSync("/proc/loadavg").trim()}`;

/** The best of several runs, and how many there were. */
async function best(boundMs: number, run: () => Promise<number>): Promise<{ ms: number; text: string }> {
  const all: number[] = [];
  while (all.length < RUNS_MAX && !(all.length >= 3 && Math.min(...all) <= boundMs)) all.push(await run());
  const ms = Math.min(...all);
  return { ms, text: `best ${Math.round(ms)} ms of ${all.map(Math.round).join(", ")}; ${busy()}` };
}

/** Runs it until its first line is there. */
async function firstLine(scratch: Scratch, words: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = new Deno.Command(PAM_DENO, {
    args: ["try", ...words],
    env: { TMPDIR: scratch.path, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const ms = performance.now() - began;
  assert.match(new TextDecoder().decode(value), /^perm_denied/);
  while (!(await reader.read()).done);
  assert.equal((await child.status).code, 0);
  return ms;
}

Deno.test(`try answers within ${ONCE_MAX_MS} ms of the command`, async () => {
  using scratch = new Scratch();
  const { ms, text } = await best(ONCE_MAX_MS, () => firstLine(scratch, [OFFICE_HOURS, ...CLOSED]));
  console.log(`    one hook: ${text}`);
  assert.ok(ms <= ONCE_MAX_MS, text);
});

Deno.test(`try --watch answers within ${SAVED_MAX_MS} ms of a save`, async () => {
  const deciding = (number: number) => moduleText('{ account: () => "success" }', `// ${number}`);
  using scratch = new Scratch({ "module.ts": deciding(0) });
  const file = join(scratch.path, "module.ts");
  const child = new Deno.Command(PAM_DENO, {
    args: ["try", file, "--user", "alice", "--watch", "--json"],
    env: { TMPDIR: scratch.path, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    assert.match(new TextDecoder().decode((await reader.read()).value), /"code":"success"/);
    let saves = 0;
    const { ms, text } = await best(SAVED_MAX_MS, async () => {
      // The author thinks, and the types of what was saved before have been checked.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const began = performance.now();
      Deno.writeTextFileSync(file, deciding(++saves));
      assert.match(new TextDecoder().decode((await reader.read()).value), /"code":"success"/);
      return performance.now() - began;
    });
    console.log(`    after a save: ${text}`);
    assert.ok(ms <= SAVED_MAX_MS, text);
  } finally {
    child.kill("SIGINT");
    while (!(await reader.read()).done);
    await child.status;
  }
});
