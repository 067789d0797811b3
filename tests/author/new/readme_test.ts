// SPDX-License-Identifier: MIT
/**
 * What the README of a new module tells its author to type.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Output } from "../../../sdk/command/output.ts";
import { parseWords } from "../../../sdk/command/program.ts";
import { ROOT } from "../../sdk/command/program.ts";
import { NAMES } from "./lines.ts";
import { Place, run } from "./place.ts";

/** What the trial of each template comes to, and what of it is told. */
const TRIALS = {
  account: [/^perm_denied {2}account,/, /"Logins are closed until 2026-01-13 08:00 \(Europe\/Berlin\)"/],
  session: [/^success {2}openSession, alice .* from 203\.0\.113\.9$/m, /TMOUT=900/],
  auth: [/^success {2}authenticate, alice/, /"PIN: "/],
  password: [
    /^(?:success|authtok_err) {2}changePassword, alice/,
    /"Your new password needs at least 12 characters/,
  ],
} as const;

/** The commands of the `sh` blocks in a folder's README. */
function commandsIn(folder: string): string[] {
  const text = Deno.readTextFileSync(join(folder, "README.md"));
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block!.trim().split("\n"));
}

for (const template of NAMES) {
  Deno.test(`the README of the template ${template} has commands that there are, and its trial ends as it says`, async () => {
    using place = new Place();
    const folder = await place.begun(`my-${template}`, "--template", template);
    const commands = commandsIn(folder);
    const { tasks } = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
    for (const command of commands) {
      const [program, ...words] = command.split(" ");
      if (program === "pam-deno") assert.ok(parseWords(words, new Output()), command);
      else if (words[0] === "task") assert.ok(words[1]! in tasks, command);
      else assert.match(command, /^deno run enroll\.ts alice \| install -m 600 /);
    }
    const trial = commands.find((command) => command.startsWith("pam-deno try "));
    assert.ok(trial);
    const shell = ["bash", "-ec", `PATH=${join(ROOT, "scripts")}:$PATH; ${trial}`];
    const { status, stdout, stderr } = await run(shell, { cwd: folder });
    assert.equal(status, 0, stdout + stderr);
    for (const expected of TRIALS[template]) assert.match(stdout, expected);
  });
}
