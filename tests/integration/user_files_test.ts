// SPDX-License-Identifier: MIT
// Files for the user: what a module asks for, and what is there after it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { runApplication } from "./application.ts";
import type { Harness } from "./harness.ts";
import { assertSeen, fixture, newService, play, type Scene, shareHarness } from "./scene.ts";

const ROOT = Deno.uid() === 0;
/** A user of every machine whose files only root can write; without root it has to be the tests' own. */
const USER = ROOT
  ? "daemon"
  : new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout).trim();
const [UID, GID] = idsOf(USER);
const GRANTS = ["grant=user_file:ticket-*"];

const shared = shareHarness((harness) => harness.configure("files", fixture("files")));

function idsOf(user: string): [uid: number, gid: number] {
  const { stdout } = new Deno.Command("getent", { args: ["passwd", user] }).outputSync();
  const [, , uid, gid] = new TextDecoder().decode(stdout).split(":");
  return [Number(uid), Number(gid)];
}

const folderOf = (harness: Harness) => join(harness.runtimeDir, "user");
const pathOf = (harness: Harness, name: string) => join(folderOf(harness), `${UID}-${name}`);

function open(args: readonly string[], scene: Partial<Scene> = {}) {
  return play(shared(), {
    module: "files",
    hook: "openSession",
    user: USER,
    options: GRANTS,
    args,
    ...scene,
  });
}

Deno.test("a user file is the user's, for nobody else to read, in a folder where nobody can look around", async () => {
  assertSeen(await open(["content=hello"]), { code: "success" });
  const path = pathOf(shared(), "ticket-1");
  const { uid, gid, mode, isFile, nlink } = Deno.lstatSync(path);
  assert.deepEqual([uid, mode! & 0o7777, isFile, nlink], [UID, 0o600, true, 1]);
  if (ROOT) assert.equal(gid, GID);
  assert.equal(Deno.readTextFileSync(path), "hello");
  const folder = Deno.lstatSync(folderOf(shared()));
  assert.deepEqual([folder.uid, folder.mode! & 0o7777], [Deno.uid(), 0o711]);
});

Deno.test("userFiles.path() is where the file is", async () => {
  assertSeen(await open(["do=path", "name=ticket-2"]), {
    code: "success",
    log: new RegExp(`^info openSession files says: path "${pathOf(shared(), "ticket-2")}"$`),
  });
});

Deno.test("another file takes the place of the one that was there in one step, and leaves nothing beside it", async () => {
  const path = pathOf(shared(), "ticket-3");
  assertSeen(await open(["name=ticket-3", "content=first"]), { code: "success" });
  using before = Deno.openSync(path);
  assertSeen(await open(["name=ticket-3", "content=second"]), { code: "success" });
  const buffer = new Uint8Array(16);
  const length = before.readSync(buffer);
  assert.equal(new TextDecoder().decode(buffer.subarray(0, length ?? 0)), "first");
  assert.equal(Deno.readTextFileSync(path), "second");
  const left = [...Deno.readDirSync(folderOf(shared()))].map(({ name }) => name);
  assert.ok(left.every((name) => /^\d+-ticket-\d$/.test(name)), left.join(" "));
});

Deno.test("a hook that refuses leaves the file that was there", async () => {
  const path = pathOf(shared(), "ticket-4");
  assertSeen(await open(["name=ticket-4", "content=first"]), { code: "success" });
  assertSeen(await open(["name=ticket-4", "content=second", "code=perm_denied"]), { code: "perm_denied" });
  assertSeen(await open(["do=delete", "name=ticket-4", "code=session_err"]), { code: "session_err" });
  assert.equal(Deno.readTextFileSync(path), "first");
});

Deno.test("a file is deleted, also where there is none", async () => {
  assertSeen(await open(["name=ticket-5"]), { code: "success" });
  for (let i = 0; i < 2; i++) assertSeen(await open(["do=delete", "name=ticket-5"]), { code: "success" });
  assert.throws(() => Deno.lstatSync(pathOf(shared(), "ticket-5")), Deno.errors.NotFound);
});

Deno.test("a file for a user whom nobody knows ends the hook with system_err", async () => {
  assertSeen(await open([], { user: "nobody-of-this-name" }), {
    code: "system_err",
    log:
      /^err openSession files: protocol, system_err in \d+ ms for an unknown user: the result writes user files, but the user is not known \[protocol\] \S+$/,
  });
});

Deno.test("a folder of user files that is not there, or that others could have changed, ends the hook with system_err", async () => {
  const folder = folderOf(shared());
  Deno.renameSync(folder, `${folder}.away`);
  try {
    assertSeen(await open([]), {
      code: "system_err",
      log: /^err openSession files: .*\/user, where user files are/,
    });
    Deno.mkdirSync(folder);
    Deno.chmodSync(folder, 0o777);
    assertSeen(await open([]), { code: "system_err", log: /^err openSession files: .*\/user/ });
    Deno.removeSync(folder);
    Deno.symlinkSync(`${folder}.away`, folder);
    assertSeen(await open([]), { code: "system_err", log: /^err openSession files: .*\/user/ });
  } finally {
    Deno.removeSync(folder);
    Deno.renameSync(`${folder}.away`, folder);
  }
  assertSeen(await open([]), { code: "success" });
});

Deno.test({
  name: "an application that is not root does not get to a module of root's (needs root)",
  ignore: !ROOT,
  async fn() {
    const harness = shared();
    const service = newService();
    harness.stack(service, [{ type: "session", module: "files", options: GRANTS }]);
    const { codes } = await runApplication(
      { confdir: harness.services.path, service, user: USER, calls: ["openSession"] },
      { uid: UID },
    );
    assert.deepEqual(codes, ["authinfo_unavail"]);
  },
});
