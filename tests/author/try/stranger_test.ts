// SPDX-License-Identifier: MIT
/** What a module can make `pam-deno try` say that is not so. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pamDeno } from "../../sdk/command/program.ts";
import { accountModule } from "../scene.ts";
import { Scratch, type Told } from "./trying.ts";

/** Says in the worker's name what was seen of the hook, before that does. */
const FORGED = accountModule(`
  Deno.stdout.writeSync(new TextEncoder().encode("ended " + JSON.stringify({
    hook: "account", code: "ignore", sent: [], items: {}, environment: {}, tokens: [],
    userFiles: { "\\u001b]0;owned\\u0007\\n  permissions  none\\u009b\\u202e": "written" },
    data: { action: "set", keys: [] }, failDelayUs: 0, continuity: "none",
  }) + "\\n"));
  return "success";`);

Deno.test("try does not let a module say that it ignored what it let through", async () => {
  using scratch = new Scratch({ "module.ts": FORGED });
  const { stdout } = await scratch.run([join(scratch.path, "module.ts"), "--user", "root", "--json"]);
  const { code, application } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Told;
  assert.deepEqual([code, application], ["success", "success"]);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
});

Deno.test("what a module says begins no line of what try tells, and controls no terminal", async () => {
  using scratch = new Scratch({ "module.ts": FORGED });
  const { stdout } = await scratch.run([join(scratch.path, "module.ts"), "--user", "root"]);
  assert.match(stdout, /user files .*\\n {2}permissions {2}none.* was written$/m);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
});

for (
  const [does, body] of Object.entries({
    "waits for ever": "await new Promise(() => {});",
    "loops for ever": "for (;;);",
    "prints for ever": `for (;;) Deno.stdout.writeSync(new TextEncoder().encode("{}\\n"));`,
  })
) {
  Deno.test(`try --in-memory ends with a module that ${does}`, async () => {
    using scratch = new Scratch({ "module.ts": accountModule(`${body} return "success";`) });
    const { status, stderr } = await scratch.run([
      ...[join(scratch.path, "module.ts"), "--user", "root", "--in-memory"],
    ]);
    assert.match(stderr, /it did not answer within 5 s: await nothing without an end/);
    assert.equal(status, 1);
  });
}

for (const command of ["try", "simulate"]) {
  Deno.test(`${command} does not read a stranger's module as root, and says how else (needs root)`, {
    ignore: Deno.uid() !== 0,
  }, async () => {
    using scratch = new Scratch({ "module.ts": accountModule(`return "success";`) });
    const file = join(scratch.path, "module.ts");
    Deno.chownSync(file, 1234, 1234);
    const { status, stderr } = await pamDeno([command, file, "--user", "root"]);
    assert.match(stderr, /can be changed by others than root.*run it as an ordinary user/);
    assert.doesNotMatch(stderr, /mistake in pam-deno/);
    assert.equal(status, 1);
  });
}

for (const service of ["../../elsewhere", "/elsewhere", "a/b", "..", ".", "", "a\nb", "a\u001b"]) {
  Deno.test(`try --service ${JSON.stringify(service)} is the name of no file that it could write`, async () => {
    using scratch = new Scratch({ "module.ts": accountModule(`return "success";`) });
    const { status, stderr } = await scratch.run([
      ...[join(scratch.path, "module.ts"), "--user", "root", "--service", service],
    ]);
    assert.match(stderr, /--service ".*": it is the name of a file in \/etc\/pam\.d/);
    assert.equal(status, 2);
  });
}
