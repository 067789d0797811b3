// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  checkPlace,
  lockRuntimeDir,
  makeRuntimeDir,
  MARKER,
  replaceLink,
  USER_FILES,
} from "../../../sdk/config/place.ts";
import { bindModuleSocket } from "../../../sdk/supervisor/socket.ts";
import { makeFolder } from "../worker/harness.ts";

Deno.test("checkPlace() takes a folder of one's own below /tmp", () => {
  using folder = makeFolder();
  checkPlace(folder.path);
});

for (const mode of [0o775, 0o757]) {
  Deno.test(`checkPlace() refuses a folder with a parent of mode ${mode.toString(8)}`, () => {
    using folder = makeFolder();
    const inner = join(folder.path, "inner");
    Deno.mkdirSync(inner);
    Deno.chmodSync(folder.path, mode);
    assert.throws(() => checkPlace(inner), {
      name: "PlaceError",
      message:
        `${folder.path} can be written to by others: the shim does not trust it; chmod go-w ${folder.path}`,
    });
  });
}

Deno.test("checkPlace() refuses what is no folder", () => {
  using folder = makeFolder();
  const file = join(folder.path, "file");
  Deno.writeTextFileSync(file, "");
  assert.throws(() => checkPlace(file), /file is not a folder$/);
});

Deno.test("makeRuntimeDir() leaves the marker, and takes its own again", () => {
  using folder = makeFolder();
  const path = join(folder.path, "run");
  makeRuntimeDir(path);
  makeRuntimeDir(path);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o755);
  assert.equal(Deno.lstatSync(join(path, MARKER)).isFile, true);
});

Deno.test("makeRuntimeDir() makes the folder of user files, in which nobody can look around", () => {
  using folder = makeFolder();
  const path = join(folder.path, "run");
  const before = Deno.umask(0o077);
  try {
    makeRuntimeDir(path);
  } finally {
    Deno.umask(before);
  }
  const files = join(path, USER_FILES);
  Deno.writeTextFileSync(join(files, "1000-token"), "OPS-7");
  Deno.chmodSync(files, 0o777);
  makeRuntimeDir(path);
  const { isDirectory, mode, uid } = Deno.lstatSync(files);
  assert.deepEqual([isDirectory, mode! & 0o7777, uid], [true, 0o711, Deno.uid()]);
  assert.equal(Deno.readTextFileSync(join(files, "1000-token")), "OPS-7");
});

Deno.test("makeRuntimeDir() refuses a link, a file and a stranger's folder in place of the user files", () => {
  using folder = makeFolder();
  const path = join(folder.path, USER_FILES);
  const refuses = () => {
    assert.throws(
      () => makeRuntimeDir(folder.path),
      { name: "PlaceError", message: `${path} is not a folder of the user who runs this: remove it` },
    );
  };
  Deno.symlinkSync("/tmp", path);
  refuses();
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "");
  refuses();
  if (Deno.uid() !== 0) return;
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  Deno.chownSync(path, 65534, 65534);
  refuses();
});

Deno.test("makeRuntimeDir() refuses a marker that is a link", () => {
  using folder = makeFolder();
  Deno.symlinkSync("/etc/hostname", join(folder.path, MARKER));
  assert.throws(
    () => makeRuntimeDir(folder.path),
    /is not a regular file of the user who runs this: remove it$/,
  );
});

Deno.test("lockRuntimeDir() refuses a second holder until the first is gone", () => {
  using folder = makeFolder();
  const lock = lockRuntimeDir(folder.path);
  assert.throws(() => lockRuntimeDir(folder.path), {
    name: "PlaceError",
    message:
      `Another supervisor serves ${folder.path}: stop it first, or name another folder with --runtime-dir`,
  });
  lock.close();
  lockRuntimeDir(folder.path).close();
});

Deno.test("replaceLink() makes a link and replaces one, never following it", () => {
  using folder = makeFolder();
  const path = join(folder.path, "link");
  replaceLink("account", path);
  replaceLink("account,openSession", path);
  assert.equal(Deno.readLinkSync(path), "account,openSession");
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["link"]);
});

Deno.test("bindModuleSocket() binds a listening socket that only its owner may use, and removes it", async () => {
  using folder = makeFolder();
  using socket = bindModuleSocket(folder.path, "office-hours");
  assert.equal(socket.path, join(folder.path, "office-hours.sock"));
  const { isSocket, mode } = Deno.lstatSync(socket.path);
  assert.equal(isSocket, true);
  assert.equal(mode! & 0o777, 0o600);
  (await Deno.connect({ transport: "unix", path: socket.path })).close();
  socket[Symbol.dispose]();
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("bindModuleSocket() replaces a socket that was left over, and what a failed start left", () => {
  using folder = makeFolder();
  const first = bindModuleSocket(folder.path, "a");
  using second = bindModuleSocket(folder.path, "a");
  // The first must not take the second's place away.
  first[Symbol.dispose]();
  assert.equal(Deno.lstatSync(second.path).isSocket, true);
});

Deno.test("bindModuleSocket() refuses a file in its place", () => {
  using folder = makeFolder();
  Deno.writeTextFileSync(join(folder.path, "a.sock"), "");
  assert.throws(
    () => bindModuleSocket(folder.path, "a"),
    /a\.sock is in the way: it is not a socket; remove it$/,
  );
});

Deno.test("bindModuleSocket() refuses a path that is too long for a socket", () => {
  using folder = makeFolder();
  const path = join(folder.path, "x".repeat(100));
  Deno.mkdirSync(path);
  assert.throws(
    () => bindModuleSocket(path, "a"),
    /may have 107 bytes, .* use a shorter --runtime-dir$/,
  );
});
