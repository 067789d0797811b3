// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertShown,
  FakeTransaction,
  type FakeTransactionOptions,
} from "@pam-deno/sdk/testing";
import module from "./module.ts";
import { SqliteStore } from "./sqlite_store.ts";
import type { EndedSession, Session } from "./store.ts";

const NOW = "2026-01-01T08:00:00Z";
const LATER = "Sessions cannot be counted now; the administrator finds the reason in the system log";

/** The users of the machine. */
const users = {
  alice: { uid: 1001, groups: ["alice", "staff"] },
  bob: { uid: 1002, groups: ["bob", "staff"] },
  carol: { uid: 1003, groups: ["carol"] },
  root: { uid: 0, groups: ["root", "staff"] },
};

/** A ledger in a folder of its own, gone at the end. */
class Folder implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "sessions.db");
  #pid = 100;

  /** A transaction in a process of its own, which `running` does not name. */
  login(scene: FakeTransactionOptions = {}): FakeTransaction {
    const pid = ++this.#pid;
    return new FakeTransaction(module, {
      name: "session-ledger",
      configured: { store: this.path, limit: 2 },
      service: "sshd",
      user: "alice",
      items: { tty: "ssh", rhost: "192.0.2.7" },
      users,
      now: NOW,
      pid,
      started: 10 * pid,
      ...scene,
    });
  }

  async open(): Promise<readonly Session[]> {
    const store = new SqliteStore(this.path, { readOnly: true });
    try {
      return await store.all(AbortSignal.timeout(5000));
    } finally {
      store.close();
    }
  }

  async ended(): Promise<readonly EndedSession[]> {
    const store = new SqliteStore(this.path, { readOnly: true });
    try {
      return await store.history(100, AbortSignal.timeout(5000));
    } finally {
      store.close();
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** The processes of the first `count` logins. */
function processes(count: number) {
  return Array.from({ length: count }, (_, i) => ({ pid: 101 + i, started: 1010 + 10 * i }));
}

Deno.test("openSession records service, user, tty, rhost, process and time, and closeSession the end", async () => {
  using folder = new Folder();
  using transaction = folder.login();
  const result = await transaction.run("openSession");
  assertCode(result, "success");
  assertLogged(result, /^Opened session "[0-9a-f]{32}" of "alice"$/, "info");
  const [session] = await folder.open();
  assert.deepEqual({ ...session, id: "", host: "" }, {
    id: "",
    host: "",
    service: "sshd",
    user: "alice",
    tty: "ssh",
    rhost: "192.0.2.7",
    pid: 101,
    started: 1010,
    opened: Temporal.Instant.from(NOW).epochMilliseconds,
    scopes: ["user:alice"],
  });
  transaction.advance({ minutes: 5 });
  const end = await transaction.run("closeSession");
  assertCode(end, "success");
  assertLogged(end, /^Closed session "[0-9a-f]{32}" of "alice" after 300 s$/, "info");
  assert.deepEqual(await folder.open(), []);
  const [ended] = await folder.ended();
  assert.equal(ended?.how, "closed");
  assert.equal(ended?.ended, Temporal.Instant.from("2026-01-01T08:05:00Z").epochMilliseconds);
});

Deno.test("openSession refuses with perm_denied, and a text, whoever is at the limit", async () => {
  using folder = new Folder();
  const running = processes(9);
  using one = folder.login({ running });
  using two = folder.login({ running });
  using three = folder.login({ running });
  using bob = folder.login({ running, user: "bob" });
  assertCode(await one.run("openSession"), "success");
  assertCode(await two.run("openSession"), "success");
  const refused = await three.run("openSession");
  assertCode(refused, "perm_denied");
  assertShown(refused, "You may have 2 sessions open, and have 2: close one and try again", "error_msg");
  assertLogged(refused, 'Refused a session of "alice": 2 of 2 are open for "user:alice"', "info");
  assertCode(await bob.run("openSession"), "success");
  // The application closes what was refused: nobody else's session ends by that.
  assertCode(await three.run("closeSession"), "success");
  assertCode(await three.run("openSession"), "perm_denied");
  assertCode(await two.run("closeSession"), "success");
  assertCode(await three.run("openSession"), "success");
  assert.equal((await folder.open()).length, 3);
});

Deno.test("openSession refuses by the limit of a group, and leaves root out", async () => {
  using folder = new Folder();
  const scene = { configured: { store: folder.path, group_limit: "staff:1" }, running: processes(9) };
  using alice = folder.login(scene);
  using bob = folder.login({ ...scene, user: "bob" });
  using carol = folder.login({ ...scene, user: "carol" });
  using root = folder.login({ ...scene, user: "root" });
  using counted = folder.login({ ...scene, user: "root", options: ["root=counted"] });
  assertCode(await alice.run("openSession"), "success");
  const refused = await bob.run("openSession");
  assertCode(refused, "perm_denied");
  assertShown(refused, "The members of staff may have 1 session open together, and have 1: try again later");
  assertCode(await carol.run("openSession"), "success");
  assertCode(await root.run("openSession"), "success");
  assertCode(await counted.run("openSession"), "perm_denied");
  assert.deepEqual((await folder.open()).map(({ user }) => user).sort(), ["alice", "carol", "root"]);
});

Deno.test("openSession counts the services it is told to, and records the others", async () => {
  using folder = new Folder();
  const scene = {
    configured: { store: folder.path, limit: 1, services: ["sshd", "login"] },
    running: processes(9),
  };
  using cron = folder.login({ ...scene, service: "cron" });
  using again = folder.login({ ...scene, service: "cron" });
  using ssh = folder.login(scene);
  using login = folder.login({ ...scene, service: "login" });
  assertCode(await cron.run("openSession"), "success");
  assertCode(await again.run("openSession"), "success");
  assertCode(await ssh.run("openSession"), "success");
  assertCode(await login.run("openSession"), "perm_denied");
  assert.equal((await folder.open()).length, 3);
});

Deno.test("openSession ends the sessions whose process is gone, and gives their place away", async () => {
  using folder = new Folder();
  using dead = folder.login();
  using alive = folder.login({ running: processes(9) });
  const running = processes(9).slice(1);
  using next = folder.login({ running });
  using full = folder.login({ running });
  await dead.run("openSession");
  await alive.run("openSession");
  const result = await next.run("openSession");
  assertCode(result, "success");
  assertLogged(result, /^Ended 1 sessions whose processes are gone: "[0-9a-f]{32}"$/);
  assertCode(await full.run("openSession"), "perm_denied");
  assert.deepEqual((await folder.open()).map(({ pid }) => pid).sort(), [102, 103]);
  assert.deepEqual((await folder.ended()).map(({ pid, how }) => [pid, how]), [[101, "reaped"]]);
  // Its application comes back from the dead: there is nothing to close.
  assertCode(await dead.run("closeSession"), "success");
});

Deno.test("openSession counts sessions that nobody can be asked about", async () => {
  using folder = new Folder();
  using one = folder.login({ uid: 1001 });
  using two = folder.login({ uid: 1001 });
  using three = folder.login({ uid: 1001 });
  using four = folder.login({ running: [] });
  assertCode(await one.run("openSession"), "success");
  const asked = await two.run("openSession");
  assertCode(asked, "success");
  assertCode(await three.run("openSession"), "perm_denied");
  assertCode(await four.run("openSession"), "perm_denied");
  assert.deepEqual((await folder.open()).map(({ started }) => started), [undefined, undefined]);
  // A session with a process, asked about by an application that gets no answer.
  using other = folder.login({ user: "bob" });
  using unprivileged = folder.login({ user: "bob", uid: 1002 });
  assertCode(await other.run("openSession"), "success");
  const result = await unprivileged.run("openSession");
  assertCode(result, "success");
  assertLogged(result, /^Cannot ask which processes run: their sessions stay open/, "warning");
  assert.equal((await folder.open()).filter(({ user }) => user === "bob").length, 2);
});

Deno.test("openSession counts once what one handle opens twice, and anew in another process or for another user", async () => {
  using folder = new Folder();
  const running = processes(9);
  using transaction = folder.login({ running });
  for (let i = 0; i < 3; i++) assertCode(await transaction.run("openSession"), "success");
  assert.equal((await folder.open()).length, 1);
  assertCode(await transaction.run("closeSession"), "success");
  assertCode(await transaction.run("closeSession"), "success");
  assert.equal((await folder.open()).length, 0);
  assertCode(await transaction.run("openSession"), "success");
  transaction.setItem("user", "bob");
  assertCode(await transaction.run("openSession"), "success");
  assert.deepEqual((await folder.open()).map(({ user }) => user).sort(), ["alice", "bob"]);
});

Deno.test("closeSession finds by process what another handle of it opened, and nothing else", async () => {
  using folder = new Folder();
  using opener = folder.login({ pid: 7, started: 70 });
  await opener.run("openSession");
  using other = folder.login({ running: [{ pid: 7, started: 70 }] });
  assertCode(await other.run("closeSession"), "success");
  assert.equal((await folder.open()).length, 1, "another process");
  using twin = folder.login({ pid: 7, started: 70, items: { tty: "ssh" } });
  assertCode(await twin.run("closeSession"), "success");
  assert.equal((await folder.open()).length, 0);
});

Deno.test("closeSession without an open ends what a process opened that is gone", async () => {
  using folder = new Folder();
  using opener = folder.login();
  await opener.run("openSession");
  using closer = folder.login({ running: [] });
  const result = await closer.run("closeSession");
  assertCode(result, "success");
  assertLogged(result, 'No open session of "alice" to close');
  assert.deepEqual((await folder.ended()).map(({ how }) => how), ["reaped"]);
});

Deno.test("openSession says user_unknown for a user, or groups, that the database does not have", async () => {
  using folder = new Folder();
  using nobody = folder.login({ user: "nobody-of-this-name" });
  assertCode(await nobody.run("openSession"), "user_unknown");
  const lost = { mallory: { uid: 1009, groups: [] } };
  using mallory = folder.login({ user: "mallory", users: lost, options: ["group_limit=staff:1"] });
  assertCode(await mallory.run("openSession"), "user_unknown");
  using failing = folder.login({ users: { alice: "system_err" } });
  assertFailure(await failing.run("openSession"), "threw");
});

Deno.test("openSession counts under the name that the database has", async () => {
  using folder = new Folder();
  const scene = { running: processes(9), users: { ...users, ALICE: { ...users.alice, name: "alice" } } };
  for (const user of ["alice", "ALICE", "Alice"]) {
    using transaction = folder.login({ ...scene, user, users: { ...scene.users, Alice: scene.users.ALICE } });
    assertCode(await transaction.run("openSession"), user === "Alice" ? "perm_denied" : "success");
  }
});

Deno.test("openSession refuses while the ledger cannot be kept, unless root or the administrator says otherwise", async () => {
  using folder = new Folder();
  const missing = join(folder.path, "..", "missing");
  const scene = { configured: { store: join(missing, "sessions.db"), limit: 1 }, running: processes(9) };
  using alice = folder.login(scene);
  const refused = await alice.run("openSession");
  assertCode(refused, "perm_denied");
  assertShown(refused, LATER, "error_msg");
  assertLogged(
    refused,
    /^Refused a session of "alice": ".*sessions\.db: Cannot keep sessions: .*grant the module/,
    "error",
  );
  using root = folder.login({ ...scene, user: "root" });
  const exempt = await root.run("openSession");
  assertCode(exempt, "success");
  assertLogged(exempt, /^Session "[0-9a-f]{32}" of "root" is open and not in the ledger: /, "error");
  using counted = folder.login({ ...scene, user: "root", options: ["root=counted"] });
  assertCode(await counted.run("openSession"), "perm_denied");
  using allowed = folder.login({ ...scene, options: ["unavailable=allow"] });
  assertCode(await allowed.run("openSession"), "success");
  const end = await root.run("closeSession");
  assertCode(end, "success");
  assertLogged(end, /^The end of a session of "root" is not in the ledger yet: /, "error");
  // It is there again: what was let in is recorded late, and counts.
  Deno.mkdirSync(missing);
  assertCode(await alice.run("openSession"), "perm_denied");
  const store = new SqliteStore(join(missing, "sessions.db"));
  try {
    assert.deepEqual((await store.all(AbortSignal.timeout(5000))).map(({ user, pid }) => [user, pid]), [[
      "alice",
      104,
    ]]);
  } finally {
    store.close();
  }
});

Deno.test("openSession refuses whom it has recorded too late, and frees the place", async () => {
  using folder = new Folder();
  const scene = { running: processes(9), configured: { store: folder.path, limit: 1 } };
  using late = folder.login(scene);
  using next = folder.login(scene);
  const hangUp = new AbortController();
  const { admit } = SqliteStore.prototype;
  // The application hangs up when the session is recorded, and before it is told.
  SqliteStore.prototype.admit = async function (...args) {
    const admission = await admit.apply(this, args);
    hangUp.abort();
    return admission;
  };
  try {
    assertFailure(await late.run("openSession", { hangUp: hangUp.signal }), "broken_off");
  } finally {
    SqliteStore.prototype.admit = admit;
  }
  assert.deepEqual((await folder.open()).map(({ pid }) => pid), [101], "it was recorded");
  assertCode(await next.run("openSession"), "success");
  assert.deepEqual((await folder.open()).map(({ pid }) => pid), [102]);
});

Deno.test("closeSession does not log a name that the user database does not have", async () => {
  using folder = new Folder();
  const users = {};
  using stranger = folder.login({ user: "correct horse", users });
  const nothing = await stranger.run("closeSession");
  assertCode(nothing, "success");
  assertLogged(nothing, "No open session to close, of a user that nobody knows");
  const configured = { store: join(folder.path, "missing", "sessions.db") };
  using away = folder.login({ user: "correct horse", users, configured });
  const failed = await away.run("closeSession");
  assertCode(failed, "success");
  assertLogged(failed, /^The end of a session is not in the ledger yet: /, "error");
  for (const { log } of [nothing, failed]) assert.ok(!JSON.stringify(log).includes("horse"));
});

Deno.test("openSession goes by the limit, whatever the clock does", async () => {
  using folder = new Folder();
  const running = processes(9);
  using one = folder.login({ running });
  using two = folder.login({ running, now: "2025-01-01T00:00:00Z" });
  using three = folder.login({ running, now: "1999-01-01T00:00:00Z" });
  assertCode(await one.run("openSession"), "success");
  assertCode(await two.run("openSession"), "success");
  assertCode(await three.run("openSession"), "perm_denied");
  one.now = "2020-01-01T00:00:00Z";
  assertLogged(await one.run("closeSession"), /after 0 s$/);
  assertCode(await three.run("openSession"), "success");
});

Deno.test("openSession fails closed when its options are wrong", async () => {
  using folder = new Folder();
  using transaction = folder.login({ options: ["limt=1"] });
  const result = await transaction.run("openSession");
  assertCode(result, "service_err");
  assertFailure(result, "misconfigured", /Unknown option/);
});
