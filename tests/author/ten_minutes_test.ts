// SPDX-License-Identifier: MIT
/**
 * Follows README.md from nothing to a module that was added, in one shell, and counts commands and time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Page, ROOT } from "../docs/page.ts";
import { Place, run, withStandIn } from "./new/place.ts";

const COMMANDS_MAX = 6;
const MINUTES_MAX = 10;
const README = new Page("README.md");
/** Where the reader works. */
const FOLDER = "/tmp";
const MODULE = "late-shift";
/** Stands between what one command printed and what the next one did. */
const MARK = "\x1e";

/** The commands of the block, and what the README shows of the one that tries the module. */
function block(): { commands: string[]; shown: string } {
  const [, text = ""] = /<!-- begin six commands -->([\s\S]*?)<!-- end six commands -->/.exec(README.text) ??
    [];
  const [, commands = ""] = /```sh\n([\s\S]*?)```/.exec(text) ?? [];
  const after = README.text.slice(README.text.indexOf("<!-- end six commands -->"));
  const [, shown = ""] = /```\n([\s\S]*?)```/.exec(after) ?? [];
  return { commands: commands.trim().replaceAll(/\\\n\s*/g, " ").split("\n"), shown };
}

/** The folders of a machine, so that nothing of this one's is touched. */
function machine(place: Place): string {
  const names = ["config", "runtime", "state", "keep", "cache", "unit", "pam"];
  for (const name of names) Deno.mkdirSync(place.at("machine", name), { recursive: true });
  return names.map((name) => `--${name}-dir ${place.at("machine", name)}`).join(" ");
}

Deno.test("README.md has six commands, and shows what the fifth prints first", () => {
  const { commands, shown } = block();
  assert.equal(commands.length, COMMANDS_MAX);
  assert.match(shown, /^success {2}account, alice at login\n/);
});

Deno.test({
  name:
    `README.md leads from nothing to a module that was added in less than ${MINUTES_MAX} minutes (needs root)`,
  ignore: Deno.uid() !== 0,
  async fn() {
    using place = new Place();
    const { commands, shown } = block();
    const places = machine(place);
    const script = commands.map((command) => {
      const here = command.replaceAll(new RegExp(`${FOLDER}\\b`, "g"), place.path);
      return command.startsWith("pam-deno add ") ? `${here} ${places}` : here;
    });
    const [start = "", begin = "", ...rest] = script;
    const began = performance.now();
    const first = await run(["bash", "-ec", `${start}\n${begin}`], { cwd: ROOT });
    assert.equal(first.status, 0, first.stderr);
    // JSR's @std/assert cannot be had everywhere where these tests run.
    const folder = place.at(MODULE);
    withStandIn(folder);
    await run([Deno.execPath(), "fmt", "deno.json"], { cwd: folder });
    const before = Deno.readTextFileSync(join(folder, "policy.ts"));

    const marked = rest.join(`\nprintf '${MARK}'\n`);
    const { status, stdout, stderr } = await run(["bash", "-ec", `${start}\n${marked}`], { cwd: ROOT });
    const minutes = (performance.now() - began) / 60_000;
    assert.equal(status, 0, stdout + stderr);
    const [edited, tested, tried, added] = stdout.split(MARK);
    assert.equal(edited, "");
    assert.notEqual(Deno.readTextFileSync(join(folder, "policy.ts")), before);
    assert.match(tested!, /^ok \| 12 passed \| 0 failed/m);
    assert.match(stderr, /^Success Dry run complete$/m);
    assert.equal(tried!.split("\n")[0], shown.split("\n")[0]);
    assert.match(added!, /^account required \S*pam_deno\.so .*late-shift$/m);
    assert.equal(Deno.readLinkSync(place.at("machine", "config", "hooks", MODULE)), "account");
    console.log(`${commands.length} commands, ${(minutes * 60).toFixed(1)} s`);
    assert.ok(minutes < MINUTES_MAX, `${minutes} minutes`);
  },
});
