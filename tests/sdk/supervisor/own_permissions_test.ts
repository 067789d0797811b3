// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { LIBC_PATHS } from "../../../sdk/supervisor/libc.ts";
import { ROOT } from "../worker/harness.ts";

const SCRIPT = join(ROOT, "sdk", "supervisor", "own_permissions.sh");

/** What `own_permissions` prints and complains about. */
function ask(...words: string[]): { code: number; flags: string[]; complaint: string } {
  const { code, stdout, stderr } = new Deno.Command("sh", {
    args: ["-c", '. "$0"; own_permissions "$@"', SCRIPT, "/lib/deno", "/lib", ...words],
    cwd: "/srv",
  }).outputSync();
  const decoder = new TextDecoder();
  return { code, flags: decoder.decode(stdout).trim().split("\n"), complaint: decoder.decode(stderr) };
}

for (const command of ["serve", "supervise", "supervise-alone"]) {
  Deno.test(`own_permissions gives ${command} libc, setpriv and no blanket permission to run, write or connect`, () => {
    const { code, flags } = ask(command, "--workers-dir", "/run/w/x");
    assert.equal(code, 0);
    assert.deepEqual(
      flags.filter((flag) => /^--allow-(?:all|run|write|ffi|net|sys|import)$|^-A/.test(flag)),
      [],
    );
    assert.deepEqual(flags.filter((flag) => /^--allow-(?:net|import)/.test(flag)), []);
    const ffi = flags.find((flag) => flag.startsWith("--allow-ffi="))!.slice("--allow-ffi=".length);
    assert.ok(LIBC_PATHS.includes(ffi), ffi);
    assert.match(flags.find((flag) => flag.startsWith("--allow-run="))!, /\/setpriv(?:,|$)/);
  });
}

Deno.test("own_permissions gives supervise exactly this", () => {
  const { flags } = ask("supervise", "--workers-dir", "/run/w/x", "x");
  const [, libc] = flags[0]!.split("=");
  assert.deepEqual(flags, [
    `--allow-ffi=${libc}`,
    "--allow-env",
    "--allow-sys=uid,gid",
    "--v8-flags=--max-old-space-size=64,--max-semi-space-size=1",
    "--allow-run=/usr/bin/setpriv",
    "--allow-read=/etc/pam-deno,/var/lib/pam-deno,/var/cache/pam-deno,/lib,/run/w/x,/lib/deno,/usr/bin/setpriv",
    "--allow-write=/run/w/x",
  ]);
});

Deno.test("own_permissions takes the folders that the command is given", () => {
  const { flags } = ask("serve", "--runtime-dir=/tmp/run", "--config-dir", "config", "--keep-dir", "/k");
  assert.equal(flags.at(-1), "--allow-write=/tmp/run,/srv/config/hooks,/k");
});

Deno.test("own_permissions refuses a folder with a comma in its name, which would be two", () => {
  const { code, complaint } = ask("serve", "--runtime-dir", "/tmp/run,/etc");
  assert.notEqual(code, 0);
  assert.equal(complaint, "pam-deno: --runtime-dir: a comma cannot be in a folder's name: /tmp/run,/etc\n");
});

Deno.test("own_permissions knows no other command", () => {
  assert.notEqual(ask("add").code, 0);
});
