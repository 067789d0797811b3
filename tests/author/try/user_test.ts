// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO } from "../../sdk/command/program.ts";
import { ASKING, OFFICE_HOURS, Scratch } from "./trying.ts";

/** Somebody who owns nothing. */
const NOBODY = 65_534;

/** The packages that Deno has here, for somebody else to read. */
async function lendPackages(home: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  const cache = join(home, "cache");
  Deno.mkdirSync(cache);
  const lend = `cp -a --reflink=auto "$1/npm" "$1/dl" "$2" && chown -R ${NOBODY}:${NOBODY} "$2"`;
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", lend, "sh", denoDir, cache] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return cache;
}

Deno.test(
  "somebody who is not root tries hooks and applications (needs root)",
  { ignore: Deno.uid() !== 0 },
  async () => {
    using scratch = new Scratch({ "asking.ts": ASKING });
    Deno.chmodSync(scratch.path, 0o755);
    const tmp = join(scratch.path, "tmp");
    Deno.mkdirSync(tmp);
    Deno.chownSync(tmp, NOBODY, NOBODY);
    const cache = await lendPackages(scratch.path);
    const run = async (words: readonly string[]) => {
      const { code, stdout, stderr } = await new Deno.Command("setpriv", {
        args: [
          `--reuid=${NOBODY}`,
          `--regid=${NOBODY}`,
          "--clear-groups",
          "--",
          PAM_DENO,
          "try",
          ...words,
          "--json",
        ],
        clearEnv: true,
        env: {
          PATH: Deno.env.get("PATH")!,
          HOME: scratch.path,
          DENO_DIR: cache,
          TMPDIR: tmp,
          NO_COLOR: "1",
          DENO_NO_UPDATE_CHECK: "1",
        },
        stdin: "null",
      }).output();
      assert.deepEqual([...Deno.readDirSync(tmp)], [], "something was left behind");
      const text = new TextDecoder();
      assert.equal(code, 0, text.decode(stderr));
      return JSON.parse(text.decode(stdout).trimEnd().split("\n").at(-1)!);
    };
    const noon = ["--now", "2026-11-20T12:00Z", "--option", "open=08:00", "--option", "close=18:00"];
    const told = await run([OFFICE_HOURS, ...noon]);
    assert.deepEqual([told.code, told.login.user], ["success", "nobody"]);
    const asked = await run([join(scratch.path, "asking.ts"), "--answer", "blue", "--answer", "grün"]);
    assert.equal(asked.code, "success");
    const replayed = await run([OFFICE_HOURS, ...noon, "--as", "sshd-keyboard-interactive"]);
    assert.equal(replayed.outcome, "passed");
    assert.equal(new Set(replayed.steps.map(({ pid }: { pid: number }) => pid)).size, 3);
  },
);

Deno.test(
  "root's module runs as a user that nobody is, and root is told of a folder that is closed to it (needs root)",
  {
    ignore: Deno.uid() !== 0,
  },
  async () => {
    const text = `import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({ permissions: { sys: ["uid"] }, account({ log }) {
  log.info("{uid}", { uid: Deno.uid() });
  return "success";
} }) as PamModule;\n`;
    using scratch = new Scratch({ "who.ts": text });
    const told = await scratch.told([join(scratch.path, "who.ts"), "--user", "root"]);
    const [{ text: uid }] = told["log"] as [{ text: string }];
    assert.ok(Number(uid) >= 61_184 && Number(uid) <= 65_519, uid);
    Deno.chmodSync(scratch.path, 0o700);
    const { status, stderr } = await scratch.run([join(scratch.path, "who.ts"), "--user", "root"]);
    assert.equal(status, 1);
    assert.match(stderr, /is closed to the users that workers run as/);
  },
);
