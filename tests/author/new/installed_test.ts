// SPDX-License-Identifier: MIT
/**
 * `pam-deno new` as the package has it: one bundled file, and the SDK beside it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { Staging } from "../../../scripts/package/files.ts";
import { stageSdk } from "../../../scripts/package/sdk.ts";
import { filesOf } from "../../../sdk/author/new/new_module.ts";
import { ROOT } from "../../sdk/command/program.ts";
import { NAMES } from "./lines.ts";
import { Place, run, withStandIn } from "./place.ts";

/** The program and the SDK in a folder such as /usr/lib/pam-deno; how the program is started there. */
async function install(lib: string): Promise<string[]> {
  Deno.mkdirSync(lib);
  await stageSdk(new Staging(lib), ROOT, "sdk");
  await buildBundle(lib, "pam-deno", "sdk/command/main.ts");
  const flags = ["--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock"];
  const allowed = [`--allow-read=${lib},.`, "--allow-write=.", "--allow-env", "--allow-sys=uid"];
  return [Deno.execPath(), "run", "--quiet", ...flags, ...allowed, join(lib, "pam-deno.js")];
}

Deno.test("the installed program makes the same modules, which work with the SDK that is installed", async () => {
  using place = new Place();
  const lib = place.at("lib");
  const program = await install(lib);
  Deno.mkdirSync(place.at("work"));
  for (const template of NAMES) {
    const words = ["new", `my-${template}`, "--template", template, "--config-dir", lib];
    const { status, stderr } = await run([...program, ...words], { cwd: place.at("work") });
    assert.equal(status, 0, stderr);
    const expected = filesOf({
      name: `my-${template}`,
      template,
      parent: "",
      sdk: join(lib, "sdk"),
      year: new Date().getFullYear(),
    });
    for (const [path, text] of Object.entries(expected)) {
      assert.equal(Deno.readTextFileSync(place.at("work", `my-${template}`, path)), text, path);
    }
  }
  const folder = place.at("work", "my-session");
  withStandIn(folder);
  const lint = await run([Deno.execPath(), "lint"], { cwd: folder });
  assert.equal(lint.status, 0, lint.stderr);
  const tested = await run([Deno.execPath(), "task", "test"], { cwd: folder });
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /^ok \| 11 passed \| 0 failed/m);
});
