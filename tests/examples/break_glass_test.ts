// SPDX-License-Identifier: MIT
// The lines by which READMEs and pam.d files of examples lead root past a module, with the module away and in a stack of their own:
// a line that leads past another says success to nobody, so that one behind it must.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Harness, ROOT, SHIM } from "../integration/harness.ts";
import { type ExampleName, pamLines } from "./readme.ts";

const NAMES = ["account-ageing", "session-ledger", "time-of-day"] as const;

/** The lines of an example's pam.d file from the one for root on, whether they are comments or not. */
function glassLines(name: ExampleName): string[] {
  const lines = Deno.readTextFileSync(join(ROOT, "examples", name, "pam.d")).split("\n");
  const from = lines.slice(lines.findIndex((line) => line.includes("pam_succeed_if.so")));
  const end = from.findIndex((line) => !/^#?(?:account|session) /.test(line));
  return from.slice(0, end < 0 ? undefined : end).map((line) => line.replace("#", ""));
}

/** Asks for the account, or a session, by `lines`. */
async function ask(harness: Harness, lines: readonly string[], user: string): Promise<string> {
  const shim = [SHIM, `runtime_dir=${harness.runtimeDir}`, `config_dir=${harness.configDir}`].join(" ");
  const stack = lines.map((line) => line.replace("pam_deno.so", shim));
  Deno.writeTextFileSync(join(harness.services.path, "glass"), `${stack.join("\n")}\n`);
  await using transaction = harness.start("glass", { user });
  return lines[0]!.startsWith("session") ? transaction.openSession() : transaction.account();
}

for (const name of NAMES) {
  Deno.test({
    name: `the lines of ${name} for root let root in, and nobody else, while the module is away (needs root)`,
    ignore: Deno.uid() !== 0,
    async fn() {
      await using harness = new Harness();
      const lines = glassLines(name);
      assert.equal(lines.length, 3, lines.join("\n"));
      assert.equal(await ask(harness, lines, "root"), "success");
      assert.notEqual(await ask(harness, lines, "nobody"), "success");
      // Without the last one nobody says success.
      assert.equal(await ask(harness, lines.slice(0, -1), "root"), "perm_denied");
    },
  });
}

Deno.test({
  name:
    "the account lines of account-ageing's README let root in with the module and without it (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using harness = new Harness();
    const file = join(harness.configDir, "closed");
    const lines = pamLines("account-ageing").filter((line) => line.startsWith("account"))
      .map((line) => line.includes("pam_deno.so") ? `${line} file=${file}` : line);
    assert.equal(await ask(harness, lines, "root"), "success");
    assert.notEqual(await ask(harness, lines, "nobody"), "success");
    const permissions = { read: ["/run", "/etc/nologin", harness.configDir] };
    harness.configure("account-ageing", join(ROOT, "examples", "account-ageing", "module.ts"), {
      permissions,
    });
    await harness.serve();
    assert.equal(await ask(harness, lines, "root"), "success");
    assert.equal(await ask(harness, lines, "nobody"), "success");
    Deno.writeTextFileSync(file, "Down until eight\n");
    assert.equal(await ask(harness, lines, "root"), "success");
    // pam_permit.so behind the module's refusal does not undo it.
    assert.equal(await ask(harness, lines, "nobody"), "auth_err");
  },
});
