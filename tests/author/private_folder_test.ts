// SPDX-License-Identifier: MIT
/** What authors' commands leave behind, and where they do not put it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO } from "../sdk/command/program.ts";
import { accountModule, Folder } from "./scene.ts";

/** The module's own loop, which says when it has begun by a file, where it may write one. */
const ENDLESS = accountModule("for (;;) await new Promise((resolve) => setTimeout(resolve, 10));");
const SLOW_TEST = `import module from "./module.ts";
Deno.test("it takes long", async () => { console.error(module); await new Promise((r) => setTimeout(r, 60_000)); });
`;

/** How long until there is a temporary folder of the command's, and until it has ended; in ms. */
const SOON_MS = 30_000;

async function until(isSo: () => boolean): Promise<void> {
  for (const late = performance.now() + SOON_MS; !isSo();) {
    assert.ok(performance.now() < late, "it took too long");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const COMMANDS: Readonly<Record<string, { words: readonly string[]; sign: string }>> = {
  "needs": { words: [], sign: "pam-deno-needs-" },
  "simulate": { words: ["--user", "root"], sign: "pam-deno-rehearsal-" },
  "try": { words: ["--in-memory", "--user", "root"], sign: "pam-deno-rehearsal-" },
};

for (const [command, { words, sign }] of Object.entries(COMMANDS)) {
  Deno.test(`${command} that a signal ends leaves nothing behind`, async () => {
    using folder = new Folder({ "module.ts": ENDLESS, "module_test.ts": SLOW_TEST });
    using temporary = new Folder();
    for (const { path } of [folder, temporary]) Deno.chmodSync(path, 0o755);
    await using child = new Deno.Command(PAM_DENO, {
      args: [command, join(folder.path, "module.ts"), ...words],
      env: { TMPDIR: temporary.path },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const left = () => [...Deno.readDirSync(temporary.path)].map(({ name }) => name);
    await until(() => left().some((name) => name.startsWith(sign)));
    child.kill("SIGINT");
    const { code } = await child.status;
    assert.equal(code, 130);
    await until(() => left().length === 0);
  });

  Deno.test(`${command} takes no folder of another user's for its own (needs root)`, {
    ignore: Deno.uid() !== 0,
  }, async () => {
    using folder = new Folder({ "module.ts": ENDLESS, "module_test.ts": SLOW_TEST });
    using temporary = new Folder();
    Deno.chownSync(temporary.path, 1234, 1234);
    const { code, stderr } = await new Deno.Command("timeout", {
      args: ["60", PAM_DENO, command, join(folder.path, "module.ts"), ...words],
      env: { TMPDIR: temporary.path },
      stdin: "null",
    }).output();
    assert.match(new TextDecoder().decode(stderr), /belongs to uid 1234/);
    assert.equal(code, 1);
    assert.deepEqual([...Deno.readDirSync(temporary.path)], []);
  });
}
