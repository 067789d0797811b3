// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { RedisStore } from "../../../examples/session-ledger/redis_store.ts";
import { SqliteStore } from "../../../examples/session-ledger/sqlite_store.ts";
import type { Session, Store } from "../../../examples/session-ledger/store.ts";
import { ROOT } from "../../integration/harness.ts";
import { RedisServer } from "./redis_server.ts";

const SCRIPT = join(ROOT, "examples/session-ledger/report.ts");

const ALICE: Session = {
  id: "a".repeat(32),
  host: "web-1",
  service: "sshd",
  user: "alice",
  tty: "ssh",
  rhost: "192.0.2.7",
  pid: 812,
  started: 5200,
  opened: Date.parse("2026-01-01T08:00:00Z"),
  scopes: ["user:alice"],
};
const CAROL: Session = {
  id: "c".repeat(32),
  host: "web-2",
  service: "login",
  user: "carol\x1b[2J",
  rhost: "",
  pid: 7,
  opened: Date.parse("2026-01-01T09:00:00Z"),
  scopes: [],
};
const OPEN = `\
OPENED                USER       SERVICE  TTY  FROM       HOST   PID  ID
2026-01-01T08:00:00Z  alice      sshd     ssh  192.0.2.7  web-1  812  ${ALICE.id}
2026-01-01T09:00:00Z  carol?[2J  login    -    -          web-2  7    ${CAROL.id}
`;

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

async function run(permissions: readonly string[], ...words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, SCRIPT, ...words],
    env: { LD_PRELOAD: "", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

async function fill(store: Store): Promise<void> {
  for (const session of [ALICE, CAROL]) await store.admit({ session, limits: [], dead: [] }, soon());
}

Deno.test("report.ts shows the sessions in SQLite, with no permission but to read them", async () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "sessions.db");
  const store = new SqliteStore(path);
  try {
    await fill(store);
    const read = [`--allow-read=${folder}`];
    assert.deepEqual(await run(read, path), { code: 0, stdout: OPEN, stderr: "" });
    const { stdout: json } = await run(read, "--json", path);
    assert.deepEqual(JSON.parse(json), [ALICE, CAROL]);

    const removed = await run([...read, `--allow-write=${folder}`], "--remove", ALICE.id, path);
    assert.match(removed.stdout, /alice/);
    assert.deepEqual(await store.all(soon()), [CAROL]);
    const { stdout: ended } = await run(read, "--ended", path);
    assert.match(ended, /^OPENED +ENDED +HOW +USER .*\n2026-01-01T08:00:00Z +\S+ +removed +alice /);
    await run([...read, `--allow-write=${folder}`], "--remove-host", "web-2", path);
    assert.deepEqual(await store.all(soon()), []);
  } finally {
    store.close();
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test({
  name: "report.ts leaves a database of another user to its owner (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "sessions.db");
    const store = new SqliteStore(path);
    try {
      await fill(store);
      store.close();
      for (const file of [folder, path]) Deno.chownSync(file, 61_190, 61_190);
      assert.match((await run(["-A"], "--remove", ALICE.id, path)).stdout, /alice/);
      assert.match((await run(["-A"], path)).stdout, /carol/);
      // While root has it open, the module may open it, too.
      const roots = new SqliteStore(path);
      await roots.end(CAROL.id, "removed", 0, soon());
      const owners = [...Deno.readDirSync(folder)].map((
        { name },
      ) => [name, Deno.statSync(join(folder, name)).uid]);
      roots.close();
      const names = ["sessions.db", "sessions.db-shm", "sessions.db-wal"];
      assert.deepEqual(new Map(owners as [string, number][]), new Map(names.map((name) => [name, 61_190])));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test("report.ts shows the sessions in Redis", async () => {
  await using server = await RedisServer.start({ tls: true });
  const { store: url, passwordFile, ca, port } = server;
  const place = { store: url, passwordFile, ca, prefix: "fleet", host: undefined, hostGoneMs: undefined };
  const store = new RedisStore({ ...place, username: undefined }, "web-1");
  try {
    await fill(store);
    const permissions = [`--allow-read=${passwordFile},${ca}`, `--allow-net=127.0.0.1:${port}`];
    const words = ["--prefix", "fleet", "--password-file", passwordFile, "--ca", ca, url];
    assert.deepEqual(await run(permissions, ...words), { code: 0, stdout: OPEN, stderr: "" });
    await run(permissions, "--remove-host", "web-2", ...words);
    assert.deepEqual(await store.all(soon()), [ALICE]);
  } finally {
    store.close();
  }
});

Deno.test("report.ts says what is wrong, and ends with 1", async () => {
  const cases: [string[], RegExp][] = [
    [[], /^There must be one STORE\nusage: report\.ts/],
    [["--jsno", "/x"], /Unknown option '--jsno'/],
    [["/does/not/exist.db"], /^No such file or directory .*'\/does\/not\/exist\.db'/],
    [["--remove", "a", "/does/not/exist.db"], /^No such file or directory /],
    [["/proc"], /^\/proc is not a file/],
    [["redis://127.0.0.1:1"], /^redis:\/\/127\.0\.0\.1:1: .*look whether Redis is there/],
  ];
  for (const [words, expected] of cases) {
    const { code, stdout, stderr } = await run(["-A"], ...words);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  }
  assert.match((await run([], "--help")).stdout, /^usage: report\.ts/);
});
