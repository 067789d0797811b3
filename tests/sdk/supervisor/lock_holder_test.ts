// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { lockRuntimeDir } from "../../../sdk/config/place.ts";
import { lockHolder } from "../../../sdk/supervisor/lock_holder.ts";
import { makeFolder, ROOT } from "../worker/harness.ts";

/** A user that has nothing here. */
const STRANGER = 60_124;

Deno.test("lockHolder() names who holds the lock, and nobody else", () => {
  using folder = makeFolder();
  assert.equal(lockHolder(folder.path), undefined);
  const lock = lockRuntimeDir(folder.path);
  assert.equal(lockHolder(folder.path), Deno.pid);
  lock.close();
  assert.equal(lockHolder(folder.path), undefined);
});

const SOURCE = `
import { lockRuntimeDir } from ${JSON.stringify(join(ROOT, "sdk/config/place.ts"))};
import { lockHolder } from ${JSON.stringify(join(ROOT, "sdk/supervisor/lock_holder.ts"))};
const [own, strange] = Deno.args;
lockRuntimeDir(own).close();
const held = strange + "/.lock";
Deno.writeTextFileSync(held, "");
const same = Deno.statSync(own + "/.lock").ino === Deno.statSync(held).ino;
const hold = async (path, prefix) => {
  const words = [...prefix, "flock", "--exclusive", path, "sh", "-c", "echo held; exec cat"];
  const child = new Deno.Command(words[0], { args: words.slice(1), stdin: "piped", stdout: "piped" }).spawn();
  await child.stdout.getReader().read();
  const found = lockHolder(own);
  await child.stdin.close();
  await child.status;
  return found === undefined ? "nobody" : "somebody";
};
const stranger = ["setpriv", "--reuid=${STRANGER}", "--regid=${STRANGER}", "--clear-groups", "--"];
Deno.chmodSync(own + "/.lock", 0o666);
console.log(JSON.stringify({
  same,
  elsewhere: await hold(held, []),
  here: await hold(own + "/.lock", []),
  byStranger: await hold(own + "/.lock", stranger),
}));
Deno.exit();
`;

/** Two new file systems number their first files alike. */
const SCRIPT = `
set -e
mount -t tmpfs -o mode=0755 pam-deno-test "$1/own"
mount -t tmpfs -o mode=0755 pam-deno-test "$1/strange"
exec "$2" run --quiet --allow-all --no-lock --config "$3/deno.json" "$1/look.ts" "$1/own" "$1/strange"
`;

Deno.test({
  name: "lockHolder() is not taken in by a file of the same number elsewhere, nor by another user's lock",
  ignore: Deno.uid() !== 0,
  fn() {
    using folder = makeFolder();
    Deno.chmodSync(folder.path, 0o755);
    for (const name of ["own", "strange"]) Deno.mkdirSync(join(folder.path, name));
    Deno.writeTextFileSync(join(folder.path, "look.ts"), SOURCE);
    const { stdout, stderr } = new Deno.Command("unshare", {
      args: ["--mount", "--", "sh", "-c", SCRIPT, "look", folder.path, Deno.execPath(), ROOT],
      env: { NO_COLOR: "1" },
    }).outputSync();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      same: true,
      elsewhere: "nobody",
      here: "somebody",
      byStranger: "nobody",
    });
  },
});
