// SPDX-License-Identifier: MIT
/**
 * What comes of each template, as its author has it: format, lint with the plugin, types, tests, and whether it can be published and
 * added.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { NAMES, NEEDS_ROOT, TEMPLATE_LINES } from "./lines.ts";
import { Place, run, withStandIn } from "./place.ts";
import { PAM_DENO } from "../../sdk/command/program.ts";

/** The longest name that there may be: what is formatted with it is formatted with any. */
const LONGEST = "m".repeat(64);

for (const template of NAMES) {
  Deno.test(`a module of the template ${template} is checked as its workflow does it, and can be published`, async () => {
    using place = new Place();
    const folder = await place.begun(LONGEST, "--template", template);
    const format = await run([Deno.execPath(), "fmt", "--check"], { cwd: folder });
    assert.equal(format.status, 0, format.stderr);
    withStandIn(folder);
    await run([Deno.execPath(), "fmt", "deno.json"], { cwd: folder });
    const { status, stdout, stderr } = await run([Deno.execPath(), "task", "check"], { cwd: folder });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^ok \| [1-9]\d* passed \| 0 failed/m);
    const published = [...stderr.matchAll(/^ +file:.*\/(\S+) \(/gm)].map(([, file]) => file).sort();
    const programs = template === "auth" ? ["enroll.ts"] : [];
    assert.deepEqual(
      published,
      ["LICENSE", "README.md", "deno.json", "module.ts", "pam.d", "policy.ts", ...programs].sort(),
    );
  });
}

Deno.test("what is published of a module is checked once more when it is published", async () => {
  using place = new Place();
  const folder = await place.begun("late-shift");
  withStandIn(folder);
  const publish = () => run([Deno.execPath(), "publish", "--dry-run", "--allow-dirty"], { cwd: folder });
  const published = await publish();
  assert.equal(published.status, 0, published.stderr);
  const file = join(folder, "module.ts");
  Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace(" as PamModule;", ";"));
  const { status, stderr } = await publish();
  assert.equal(status, 1);
  assert.match(stderr, /missing-explicit-type|missing explicit type/);
});

Deno.test("the plugin that a template names finds what is wrong in it", async () => {
  using place = new Place();
  const folder = await place.begun("late-shift");
  const file = join(folder, "module.ts");
  const text = Deno.readTextFileSync(file);
  Deno.writeTextFileSync(file, text.replace("return deny(", "throw deny("));
  const { status, stderr } = await run([Deno.execPath(), "lint"], { cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr, /error\[pam-deno\/return-deny\]: `deny` is returned, never thrown/);
  assert.match(stderr, /hint: Write `return deny\(…\)`/);
});

Deno.test({
  name: "pam-deno add takes a module of each template, and prints the lines of its pam.d (needs root)",
  ...NEEDS_ROOT,
  async fn() {
    using place = new Place();
    const places = ["config", "runtime", "state", "keep", "cache", "unit", "pam"].flatMap((name) => {
      Deno.mkdirSync(place.at(name));
      return [`--${name}-dir`, place.at(name)];
    });
    for (const template of NAMES) {
      const folder = await place.begun(`my-${template}`, "--template", template);
      const { status, stdout, stderr } = await run([PAM_DENO, "add", "--yes", folder, ...places]);
      assert.equal(status, 0, stderr);
      assert.match(stderr, /nothing: no file, no network, no program|pins/);
      // Where this shim and these folders are stands on the line where they are not the usual ones.
      const printed = stdout.replaceAll(/\S+(?=pam_deno\.so)| \w+_dir=\S+/g, "");
      const own = Deno.readTextFileSync(join(folder, "pam.d")).replaceAll(/ +/g, " ");
      for (const line of TEMPLATE_LINES[template]) {
        const words = line.replace("NAME", `my-${template}`);
        assert.ok(printed.includes(words), printed);
        assert.ok(own.includes(words), own);
      }
    }
  },
});
