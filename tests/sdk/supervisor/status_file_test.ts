// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type ModuleStatus,
  readStatus,
  STATUS_BYTES_MAX,
  StatusError,
  writeStatus,
} from "../../../sdk/supervisor/status_file.ts";

const STATUS: ModuleStatus = {
  name: "office-hours",
  supervisor: 4_711,
  since: "2026-11-20T10:00:00.000Z",
  written: "2026-11-20T12:00:00.000Z",
  bundle: "ab".repeat(32),
  workers: [{ pid: 4_712, state: "ready", started: "2026-11-20T10:00:00.100Z", inFlight: 2 }],
  restarts: 1,
  reloads: 2,
  lastFailure: "ended by SIGKILL",
  hooks: { account: { codes: { success: 3, perm_denied: 1 }, p50Ms: 0.2, p99Ms: 1.5 } },
};

function makeFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("readStatus() gives what writeStatus() wrote, and undefined where nothing was", () => {
  using folder = makeFolder();
  const path = join(folder.path, "status.json");
  assert.equal(readStatus(path), undefined);
  writeStatus(path, STATUS);
  assert.deepEqual(readStatus(path), STATUS);
  const { lastFailure: _, ...well } = STATUS;
  writeStatus(path, { ...well, restarts: 0 });
  assert.deepEqual(readStatus(path), { ...well, restarts: 0 });
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["status.json"]);
  assert.equal(Deno.statSync(path).mode! & 0o133, 0);
});

Deno.test("writeStatus() writes what readStatus() takes, however long a failure is told", () => {
  using folder = makeFolder();
  const path = join(folder.path, "status.json");
  writeStatus(path, { ...STATUS, lastFailure: "x".repeat(100_000) });
  assert.equal(readStatus(path)?.lastFailure?.length, 1_024);
});

Deno.test("writeStatus() follows no link, neither in the file's place nor in its temporary one's", () => {
  using folder = makeFolder();
  const [path, victim] = [join(folder.path, "status.json"), join(folder.path, "victim")];
  Deno.writeTextFileSync(victim, "untouched");
  Deno.symlinkSync(victim, path);
  Deno.symlinkSync(victim, `${path}.new`);
  writeStatus(path, STATUS);
  assert.equal(Deno.readTextFileSync(victim), "untouched");
  assert.ok(Deno.lstatSync(path).isFile);
});

Deno.test("readStatus() follows no link, waits for nobody, and reads no endless file", async () => {
  using folder = makeFolder();
  const at = (name: string) => join(folder.path, name);
  writeStatus(at("whole"), STATUS);
  Deno.symlinkSync(at("whole"), at("link"));
  Deno.symlinkSync("/dev/zero", at("endless"));
  Deno.mkdirSync(at("folder"));
  assert.ok((await new Deno.Command("mkfifo", { args: [at("pipe")] }).output()).success);
  Deno.writeTextFileSync(at("long"), JSON.stringify(STATUS) + " ".repeat(STATUS_BYTES_MAX));
  using _socket = Deno.listen({ transport: "unix", path: at("socket") });
  const expected = {
    link: /symbolic link/,
    endless: /symbolic link/,
    folder: /regular file/,
    pipe: /regular file/,
    socket: /cannot be opened/,
    long: /more than/,
  };
  for (const [name, message] of Object.entries(expected)) {
    assert.throws(() => readStatus(at(name)), (error: Error) => {
      assert.ok(error instanceof StatusError, `${name}: ${error}`);
      assert.match(error.message, message);
      assert.ok(error.message.includes(at(name)));
      return true;
    });
  }
});

Deno.test("readStatus() refuses what no supervisor writes, and does not quote it", () => {
  using folder = makeFolder();
  const path = join(folder.path, "status.json");
  const [hook] = Object.values(STATUS.hooks);
  const bad: Record<string, unknown> = {
    "no object": "\u001b[2Jforged",
    "nothing": {},
    "a forged bundle": { ...STATUS, bundle: "\u001b[2Jforged" },
    "a forged time": { ...STATUS, written: "\u001b[2Jforged" },
    "a forged hook": { ...STATUS, hooks: { "\u001b[2Jforged": hook } },
    "a forged code": { ...STATUS, hooks: { account: { codes: { "\u001b[2Jforged": 1 } } } },
    "a forged state": { ...STATUS, workers: [{ ...STATUS.workers[0], state: "\u001b[2Jforged" }] },
    "too many workers": { ...STATUS, workers: Array(129).fill(STATUS.workers[0]) },
    "pid 0": { ...STATUS, supervisor: 0 },
    "pid -1": { ...STATUS, supervisor: -1 },
    "a count below 0": { ...STATUS, restarts: -1 },
    "a count beyond all": { ...STATUS, reloads: 1e300 },
    "a long text": { ...STATUS, lastFailure: "forged".repeat(1_000) },
  };
  for (const [what, value] of Object.entries(bad)) {
    Deno.writeTextFileSync(path, JSON.stringify(value));
    assert.throws(() => readStatus(path), (error: Error) => {
      assert.ok(error instanceof StatusError, `${what}: ${error}`);
      assert.doesNotMatch(error.message, /forged/, what);
      return true;
    }, what);
  }
  Deno.writeTextFileSync(path, '{"forged');
  assert.throws(() => readStatus(path), StatusError);
  Deno.writeFileSync(path, new Uint8Array([0xff, 0xfe, 0x00]));
  assert.throws(() => readStatus(path), StatusError);
});

Deno.test("readStatus() leaves out what it does not know", () => {
  using folder = makeFolder();
  const path = join(folder.path, "status.json");
  Deno.writeTextFileSync(path, JSON.stringify({ ...STATUS, mood: "fine" }));
  assert.deepEqual(readStatus(path), STATUS);
});
