// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Place } from "../../../examples/session-ledger/options.ts";
import { RedisStore } from "../../../examples/session-ledger/redis_store.ts";
import { SqliteStore } from "../../../examples/session-ledger/sqlite_store.ts";
import { HISTORY_MAX, type Session, type Store } from "../../../examples/session-ledger/store.ts";
import { RedisServer } from "./redis_server.ts";
import { eventually } from "./scene.ts";

/** Fires when a test must give up. */
function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

let sessions = 0;

/** A session that no other test has. */
function session(given: Partial<Session> = {}): Session {
  const id = (++sessions).toString(16).padStart(32, "0");
  const { user = "alice" } = given;
  return {
    id,
    host: "here",
    service: "sshd",
    user,
    tty: "ssh",
    rhost: "192.0.2.7",
    pid: 1000 + sessions,
    started: 5000 + sessions,
    opened: 1_767_225_600_000 + sessions,
    scopes: [`user:${user}`],
    ...given,
  };
}

/** Two views of one store, as two workers have it. */
interface Stores extends AsyncDisposable {
  readonly one: Store;
  readonly two: Store;
}

function sqlite(): Promise<Stores> {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "sessions.db");
  const [one, two] = [new SqliteStore(path), new SqliteStore(path)];
  return Promise.resolve({
    one,
    two,
    [Symbol.asyncDispose]() {
      one.close();
      two.close();
      return Deno.remove(folder, { recursive: true });
    },
  });
}

function placeOf(server: RedisServer, more: Partial<Place> = {}): Place {
  const { store, passwordFile } = server;
  const none = { host: undefined, hostGoneMs: undefined, username: undefined, ca: undefined };
  return { store, passwordFile, prefix: "test", ...none, ...more };
}

async function redis(): Promise<Stores> {
  const server = await RedisServer.start();
  const [one, two] = [new RedisStore(placeOf(server), "here"), new RedisStore(placeOf(server), "here")];
  return {
    one,
    two,
    async [Symbol.asyncDispose]() {
      one.close();
      two.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const [name, make] of [["SqliteStore", sqlite], ["RedisStore", redis]] as const) {
  Deno.test(`${name} keeps what it is told of a session, until it ends`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    const full = session({ ruser: "bob", scopes: ["user:alice", "group:staff"] });
    const { tty: _tty, rhost: _rhost, started: _started, ...least } = session({
      scopes: [],
      user: 'a"{}\u{1F600}',
    });
    for (const session of [full, least]) {
      assert.deepEqual(await one.admit({ session, limits: [], dead: [] }, soon()), {
        reached: undefined,
        reaped: [],
      });
    }
    assert.deepEqual(await two.all(soon()), [full, least]);
    assert.deepEqual(new Set(await two.ofHost(soon())), new Set([full, least]));
    assert.deepEqual(await two.end(full.id, "closed", full.opened + 5, soon()), full);
    assert.equal(await one.end(full.id, "closed", full.opened + 6, soon()), undefined, "twice");
    assert.equal(await one.end("f".repeat(32), "closed", 0, soon()), undefined, "never open");
    assert.deepEqual(await one.all(soon()), [least]);
    const [ended] = await one.history(10, soon());
    assert.deepEqual(ended, { ...full, ended: full.opened + 5, how: "closed" });
    assert.equal((await one.history(10, soon())).length, 1);
  });

  Deno.test(`${name} counts by scope, and says which limit is reached`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    const limits = [{ scope: "user:alice", max: 2 }, { scope: "group:staff", max: 3 }];
    const open = async (user: string) => {
      const request = { session: session({ user, scopes: [`user:${user}`, "group:staff"] }), dead: [] };
      const own = limits.map((limit) =>
        limit.scope.startsWith("user:") ? { ...limit, scope: `user:${user}` } : limit
      );
      return (await two.admit({ ...request, limits: own }, soon())).reached;
    };
    assert.equal(await open("alice"), undefined);
    assert.equal(await open("alice"), undefined);
    assert.deepEqual(await open("alice"), { scope: "user:alice", max: 2, open: 2 });
    assert.equal(await open("bob"), undefined);
    assert.deepEqual(await open("carol"), { scope: "group:staff", max: 3, open: 3 });
    const [first] = await one.all(soon());
    assert.ok(first !== undefined);
    await one.end(first.id, "closed", 0, soon());
    assert.equal(await open("carol"), undefined, "a place is free");
    assert.equal((await one.all(soon())).length, 3);
  });

  Deno.test(`${name} records a session once, however often it is asked, also at the limit`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    const request = { session: session(), limits: [{ scope: "user:alice", max: 1 }], dead: [] };
    for (const store of [one, two, one]) {
      assert.equal((await store.admit(request, soon())).reached, undefined);
    }
    assert.equal((await one.all(soon())).length, 1);
    const other = await two.admit({ ...request, session: session() }, soon());
    assert.deepEqual(other.reached, { scope: "user:alice", max: 1, open: 1 });
  });

  Deno.test(`${name} ends the dead and gives their place away in one step`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    const limits = [{ scope: "user:alice", max: 1 }];
    const [dead, next] = [session(), session()];
    await one.admit({ session: dead, limits, dead: [] }, soon());
    const gone = { session: next, limits, dead: [dead.id, "f".repeat(32)] };
    assert.deepEqual(await two.admit(gone, soon()), { reached: undefined, reaped: [dead.id] });
    assert.deepEqual(await one.all(soon()), [next]);
    assert.deepEqual((await one.history(1, soon()))[0], { ...dead, ended: next.opened, how: "reaped" });
  });

  Deno.test(`${name} offers all sessions of the wanted scopes, and some others, as candidates`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    for (let i = 0; i < 100; i++) {
      await one.admit(
        { session: session({ user: i % 10 === 0 ? "alice" : "bob" }), limits: [], dead: [] },
        soon(),
      );
    }
    const found = await two.candidates(["user:alice", "group:none"], soon());
    assert.equal(found.filter(({ user }) => user === "alice").length, 10);
    assert.ok(found.length > 10 && found.length <= 10 + 64, String(found.length));
    assert.equal(new Set(found.map(({ id }) => id)).size, found.length, "each once");
  });

  Deno.test(`${name} never lets more in than the limit, whoever asks at once`, async () => {
    await using stores = await make();
    const { one, two } = stores;
    const limits = [{ scope: "user:alice", max: 7 }];
    const answers = await Promise.all(
      Array.from(
        { length: 60 },
        (_, i) => (i % 2 === 0 ? one : two).admit({ session: session(), limits, dead: [] }, soon()),
      ),
    );
    assert.equal(answers.filter(({ reached }) => reached === undefined).length, 7);
    assert.equal((await one.all(soon())).length, 7);
  });
}

Deno.test("SqliteStore keeps the last sessions that ended, and no more", async () => {
  const folder = Deno.makeTempDirSync();
  const store = new SqliteStore(join(folder, "sessions.db"));
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const last = session();
    await store.admit({ session: last, limits: [], dead: [] }, soon());
    const database = new DatabaseSync(join(folder, "sessions.db"));
    database.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${HISTORY_MAX + 5})
      INSERT INTO ended SELECT i, 'x', 'h', 's', 'u', NULL, NULL, NULL, 1, 1, 1, '[]', 1, 'closed' FROM n`,
    );
    database.close();
    await store.end(last.id, "closed", 7, soon());
    const kept = await store.history(2 * HISTORY_MAX, soon());
    assert.equal(kept.length, HISTORY_MAX);
    assert.equal(kept[0]?.id, last.id);
  } finally {
    store.close();
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("RedisStore counts the sessions of all hosts, and ends the dead of its own only", async () => {
  await using server = await RedisServer.start();
  const [here, there] = [new RedisStore(placeOf(server), "here"), new RedisStore(placeOf(server), "there")];
  try {
    const limits = [{ scope: "user:alice", max: 1 }];
    const far = session({ host: "there" });
    await there.admit({ session: far, limits, dead: [] }, soon());
    assert.deepEqual(await here.candidates(["user:alice"], soon()), []);
    assert.deepEqual(await here.ofHost(soon()), []);
    const answer = await here.admit({ session: session(), limits, dead: [far.id] }, soon());
    assert.deepEqual(answer, { reached: { scope: "user:alice", max: 1, open: 1 }, reaped: [] });
    assert.deepEqual(await here.all(soon()), [far]);
  } finally {
    here.close();
    there.close();
  }
});

Deno.test("RedisStore does not count the sessions of a host that is gone, and does again when it is back", async () => {
  await using server = await RedisServer.start();
  const place = placeOf(server, { hostGoneMs: 60_000 });
  const [here, there] = [new RedisStore(place, "here"), new RedisStore(place, "there")];
  try {
    const limits = [{ scope: "user:alice", max: 1 }];
    const far = session({ host: "there" });
    await there.admit({ session: far, limits, dead: [] }, soon());
    const until = Number(await server.ask("HGET", "{test}:hosts", "there"));
    assert.ok(Math.abs(until - Date.now() - 60_000) < 10_000, `gone at ${until}`);
    // As if its time were over.
    await server.ask("HSET", "{test}:hosts", "there", String(Date.now() - 1));
    const near = session();
    assert.equal((await here.admit({ session: near, limits, dead: [] }, soon())).reached, undefined);
    assert.equal((await here.all(soon())).length, 2, "nothing is lost");
    // It says something again.
    await there.admit({ session: far, limits: [], dead: [] }, soon());
    await here.end(near.id, "closed", 0, soon());
    const next = await here.admit({ session: session(), limits, dead: [] }, soon());
    assert.deepEqual(next.reached, { scope: "user:alice", max: 1, open: 1 });
  } finally {
    here.close();
    there.close();
  }
});

Deno.test("RedisStore says by itself that its host is there, for as long as it is", async () => {
  await using server = await RedisServer.start();
  const place = placeOf(server, { hostGoneMs: 2000 });
  const [here, there] = [new RedisStore(placeOf(server), "here"), new RedisStore(place, "there")];
  try {
    const limits = [{ scope: "user:alice", max: 1 }];
    await there.admit({ session: session({ host: "there" }), limits, dead: [] }, soon());
    const until = async () => Number(await server.ask("HGET", "{test}:hosts", "there"));
    const first = await until();
    const open = async () =>
      (await here.admit({ session: session(), limits, dead: [] }, soon())).reached === undefined;
    await eventually("its time is over, had it said nothing", () => Date.now() > first + 500);
    assert.ok(await until() > first);
    assert.equal(await open(), false);
    there.close();
    await eventually("it is gone", open);
  } finally {
    here.close();
    there.close();
  }
});

Deno.test("RedisStore says so when something else is kept under its prefix", async () => {
  await using server = await RedisServer.start();
  const store = new RedisStore(placeOf(server), "here");
  try {
    await server.ask("HSET", "{test}:open", "x", '{"id":"x"}');
    await assert.rejects(
      store.all(soon()),
      /Cannot read what is kept under "\{test\}:": something else writes there/,
    );
  } finally {
    store.close();
  }
});

Deno.test("RedisStore keeps its connection when one of those who wait gives up", async () => {
  await using server = await RedisServer.start();
  const store = new RedisStore(placeOf(server), "here");
  const connections = async () => {
    const list = await server.ask("CLIENT", "LIST");
    return list.split("\n").filter((line) => line.includes("cmd=eval")).map((line) =>
      /^id=(\d+)/.exec(line)?.[1]
    );
  };
  try {
    await store.all(soon());
    const before = await connections();
    assert.equal(before.length, 1);
    server.signal("SIGSTOP");
    const hangUp = new AbortController();
    const [gone, waiting] = [store.all(hangUp.signal), store.all(soon())];
    hangUp.abort();
    await assert.rejects(gone, /It did not answer in time/);
    server.signal("SIGCONT");
    assert.deepEqual(await waiting, []);
    assert.deepEqual(await connections(), before);
  } finally {
    store.close();
  }
});

Deno.test("RedisStore finds Redis again that was started anew while nobody asked", async () => {
  await using server = await RedisServer.start();
  const store = new RedisStore(placeOf(server), "here");
  try {
    const kept = session();
    await store.admit({ session: kept, limits: [], dead: [] }, soon());
    await server.kill();
    await assert.rejects(store.all(soon()), /look whether Redis is there/);
    await server.run();
    assert.deepEqual(await store.all(soon()), [kept]);
    await server.kill();
    await server.run();
    assert.deepEqual(await store.all(soon()), [kept]);
  } finally {
    store.close();
  }
});
