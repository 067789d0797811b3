// SPDX-License-Identifier: MIT
/**
 * What root's shell holds open when it starts `pam-deno` is not for what `pam-deno` starts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO, ROOT } from "./program.ts";

/** Runs a command with more open than it was meant to have. */
async function withMore(...command: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `exec 5</etc/hostname 77</etc/hostname; exec "$@"`, "bash", ...command],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const LOOK = `const { stdout } = await new Deno.Command("/bin/ls", { args: ["/proc/self/fd"] }).output();
  console.log(new TextDecoder().decode(stdout).trim().split("\\n").join(" "));`;

const deno = (program: string) =>
  withMore(Deno.execPath(), "eval", "--no-check", "--config", join(ROOT, "deno.json"), program);

Deno.test("keepDescriptors() keeps from children what this process was started with", async () => {
  const { stdout: before } = await deno(LOOK);
  assert.match(before, /\b5\b.* 77$/m, "bash opened nothing, so nothing is tried here");
  const path = JSON.stringify(join(ROOT, "sdk/supervisor/descriptors.ts"));
  const { stdout, stderr } = await deno(
    `import { keepDescriptors } from ${path}; keepDescriptors(); ${LOOK}`,
  );
  assert.equal(stdout, "0 1 2 3\n", stderr);
});

Deno.test("what check asks modules with gets nothing that check was started with", async () => {
  const path = JSON.stringify(join(ROOT, "sdk/check/probing.ts"));
  const { stdout, stderr } = await deno(
    `import { Prober } from ${path}; using prober = new Prober({ libDir: "/tmp", cacheDir: "/tmp" }); ${LOOK}`,
  );
  assert.equal(stdout, "0 1 2 3\n", stderr);
});

Deno.test({
  name: "add lets go of what it was started with before it starts anything",
  ignore: Deno.uid() !== 0,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "pam-deno-descriptors-" });
    try {
      // In place of the first program that it starts, which asks whether a user id is free: one that says what it was handed on.
      const [spy, seen, module] = ["getent", "seen", "gate.ts"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      Deno.writeTextFileSync(spy, `#!/bin/sh\necho 0 /proc/$$/fd/* >>${seen}\nexit 2\n`, { mode: 0o755 });
      Deno.writeTextFileSync(module, "export default 1;\n");
      const folders = ["config", "runtime", "state", "keep", "cache", "unit", "pam"]
        .flatMap((name) => [`--${name}-dir`, join(folder, name)]);
      const mounted = `mount --bind "$1" "$(readlink -f /usr/bin/getent)"; shift; exec "$@"`;
      const isolated = ["unshare", "--mount", "--propagation", "private", "bash", "-c", mounted, "bash", spy];
      const { stderr } = await withMore(...isolated, PAM_DENO, "add", "--yes", ...folders, module);
      const said = Deno.readTextFileSync(seen);
      assert.match(said, /\/fd\/0 /, stderr);
      assert.doesNotMatch(said, /\/fd\/(?:5|77)\b/);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
