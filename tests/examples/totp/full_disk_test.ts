// SPDX-License-Identifier: MIT
// The module totp on a disk that is full: nobody gets in, nothing can be tried for free, and all is well when there is room again.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Harness, ROOT } from "../../integration/harness.ts";
import { play, type Seen } from "../../integration/scene.ts";
import { enrolled } from "./authenticator.ts";

const USER = "nobody";
const FAILURES = 3;
const LATER = "error_msg Codes cannot be checked now; the administrator finds the reason in the system log";
/** Attempts for which there may be room left behind the end of a file. */
const ROOM_MAX = 20;

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, env: { LD_PRELOAD: "" } }).output();
  assert.ok(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A small disk, gone at the end. */
async function smallDisk(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "pam-deno-disk-" });
  await run("mount", "-t", "tmpfs", "-o", "size=512k,mode=1777", "pam-deno-test", path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", "--lazy", path);
      await Deno.remove(path);
    },
  };
}

/** Takes all the room that is left. */
function fill(file: string): void {
  const chunk = new Uint8Array(4096);
  try {
    while (true) Deno.writeFileSync(file, chunk, { append: true });
  } catch (error) {
    assert.match(String(error), /No space left/);
  }
}

Deno.test({
  name: "a full disk lets nobody in and looks at no code (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using disk = await smallDisk();
    await using harness = new Harness();
    const { device, line } = await enrolled(USER);
    const secrets = join(harness.configDir, "totp-secrets");
    Deno.writeTextFileSync(secrets, line, { mode: 0o600 });
    const database = join(disk.path, "totp.db");
    harness.configure("totp", join(ROOT, "examples", "totp", "module.ts"), {
      credentials: { "totp-secrets": secrets },
      permissions: { read: [disk.path], write: [disk.path] },
      options: { secrets: { credential: "totp-secrets" }, database },
    });
    await harness.serve();
    const login = (answer: string): Promise<Seen> =>
      play(harness, {
        module: "totp",
        hook: "authenticate",
        options: ["grant=prompt"],
        args: [`failures=${FAILURES}`],
        user: USER,
        conversation: (messages) =>
          messages.map(({ style }) => style === "prompt_echo_on" ? answer : undefined),
      });
    const code = await device.fresh();
    assert.equal((await login(device.wrong())).code, "auth_err");

    const filler = join(disk.path, "filler");
    fill(filler);
    const codes: string[] = [];
    while (codes.at(-1) !== "service_err" && codes.length < ROOM_MAX) {
      codes.push((await login(device.wrong())).code);
    }
    assert.equal(codes.at(-1), "service_err", codes.join());
    assert.ok(codes.filter((code) => code === "auth_err").length < FAILURES, codes.join());
    for (const answer of [code, device.wrong(), code]) {
      const seen = await login(answer);
      assert.equal(seen.code, "service_err");
      assert.deepEqual(seen.shown.slice(-1), [LATER]);
      const told = seen.log.map(({ level, text }) => `${level} ${text}`).join("\n");
      assert.match(told, /^err .*totp\.db: .*(database or disk is full|disk I\/O error)/m);
    }

    Deno.removeSync(filler);
    // If there was room for them, the wrong codes count.
    const expected = 1 + codes.length - 1 < FAILURES ? "success" : "maxtries";
    assert.equal((await login(code)).code, expected);
  },
});
