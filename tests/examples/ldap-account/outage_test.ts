// SPDX-License-Identifier: MIT
// What ldap-account answers while slapd is away, from its cache and without it, through the real libpam.
import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeTransaction } from "@pam-deno/sdk/testing";
import module, { close } from "../../../examples/ldap-account/module.ts";
import { Harness, ROOT } from "../../integration/harness.ts";
import { assertSeen } from "../../integration/scene.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { configure, Folder, LATER, login, PATIENT } from "./scenes.ts";
import { PEOPLE, person, Slapd, USERS } from "./slapd.ts";

const ENTRIES = [
  USERS,
  person("leaver"),
  person("banned"),
  person("shunned"),
  person("sshd-only", { authorizedService: "sshd" }),
].join("");
const UNAVAILABLE = { code: "authinfo_unavail", shown: [LATER] } as const;
const STALE_MS_MAX = 10_000;
/** Less than what the supervisor waits before it kills. */
const LEAVE_MS_MAX = 2500;

let folder: Folder;
let certificates: Certificates;
let slapd: Slapd;
let harness: Harness;

Deno.test.beforeAll(async () => {
  folder = new Folder();
  certificates = await makeCertificates(folder.path);
  const { good, ca } = certificates;
  slapd = await Slapd.start({ certificate: good, ca, entries: ENTRIES });
  harness = new Harness();
  const server = `localhost:${slapd.tlsPort}`;
  const options = { server, ca, base: PEOPLE, cache_file: { state: "cache.db" }, ...PATIENT };
  configure(harness, options, { state: true });
  await harness.serve();
});

Deno.test.afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await slapd?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

/** Runs something while slapd is away. */
async function without(run: () => Promise<void>): Promise<void> {
  await slapd.stop();
  try {
    await run();
  } finally {
    await slapd.start();
  }
}

const CACHE = ["cache=8h"];

Deno.test("account goes on when slapd was killed and is back", async () => {
  for (let times = 0; times < 3; times++) {
    assertSeen(await login(harness, "alice"), { code: "success" });
    await without(async () => {
      const refused = await login(harness, "alice");
      assertSeen(refused, {
        ...UNAVAILABLE,
        log: /err .*cannot be checked: .*No directory server can be asked/,
      });
    });
  }
  assertSeen(await login(harness, "alice"), { code: "success" });
});

Deno.test("account does not keep a worker from leaving", async () => {
  assertSeen(await login(harness, "alice"), { code: "success" });
  const began = performance.now();
  await harness.stop();
  assert.ok(performance.now() - began < LEAVE_MS_MAX, `it took ${performance.now() - began} ms`);
  await harness.serve();
});

Deno.test("account answers from the cache what it answered last, and says so in the log", async () => {
  const before = [["alice", "success"], ["expired", "acct_expired"], ["nobody", "user_unknown"]] as const;
  for (const [user, code] of before) assert.equal((await login(harness, user, { args: CACHE })).code, code);
  await without(async () => {
    assertSeen(await login(harness, "alice", { args: CACHE }), {
      code: "success",
      log: /warning .*Allowed from the cache, \d s old/,
    });
    assertSeen(await login(harness, "expired", { args: CACHE }), {
      code: "acct_expired",
      shown: ["error_msg Your account has expired"],
      log: /Refused from the cache, \d s old, expired/,
    });
    assertSeen(await login(harness, "nobody", { args: CACHE }), {
      code: "user_unknown",
      log: /Refused from the cache/,
    });
    assertSeen(await login(harness, "leaver", { args: CACHE }), {
      ...UNAVAILABLE,
      log: /and the cache has no answer/,
    });
    // The same from a worker that knows nothing but the file.
    const [worker] = harness.pids("ldap-account").workers;
    Deno.kill(worker!, "SIGKILL");
    await harness.worker("ldap-account", [worker!]);
    assertSeen(await login(harness, "alice", { args: CACHE }), {
      code: "success",
      log: /Allowed from the cache/,
    });
    // A line without a cache, or with other rules, has no answer.
    assertSeen(await login(harness, "alice"), UNAVAILABLE);
    assertSeen(await login(harness, "alice", { args: [...CACHE, "check=expire"] }), UNAVAILABLE);
  });
});

Deno.test("account brings nobody back whom the directory has refused since", async () => {
  for (const user of ["leaver", "banned"]) {
    assertSeen(await login(harness, user, { args: CACHE }), { code: "success" });
  }
  await slapd.modify(`dn: uid=leaver,${PEOPLE}\nchangetype: delete\n`);
  await slapd.set("banned", "pwdAccountLockedTime", "000001010000Z");
  assertSeen(await login(harness, "leaver", { args: CACHE }), { code: "user_unknown" });
  assertSeen(await login(harness, "banned", { args: CACHE }), {
    code: "perm_denied",
    shown: ["error_msg Your account is locked"],
  });
  await without(async () => {
    const [worker] = harness.pids("ldap-account").workers;
    Deno.kill(worker!, "SIGKILL");
    await harness.worker("ldap-account", [worker!]);
    assertSeen(await login(harness, "leaver", { args: CACHE }), {
      code: "user_unknown",
      log: /from the cache/,
    });
    const banned = {
      code: "perm_denied",
      shown: ["error_msg Your account is locked"],
      log: /from the cache/,
    } as const;
    assertSeen(await login(harness, "banned", { args: CACHE }), banned);
  });
});

Deno.test("account brings nobody back by another spelling or another line", async () => {
  const lines = [
    CACHE,
    [...CACHE, "ignore_case"],
    [...CACHE, "check=lock"],
    [...CACHE, "check=lock,expire", "lockout=1h"],
  ];
  const spellings = ["shunned", "SHUNNED", "Shunned", "shunned ", "\uff53hunned"];
  const allowed = async () => {
    const found: string[] = [];
    for (const args of lines) {
      for (const user of spellings) {
        if ((await login(harness, user, { args })).code === "success") {
          found.push(`${user} ${args.join(" ")}`);
        }
      }
    }
    return found;
  };
  assert.deepEqual(await allowed(), [
    "shunned cache=8h",
    ...["shunned", "SHUNNED", "Shunned"].map((user) => `${user} cache=8h ignore_case`),
    "shunned cache=8h check=lock",
    "shunned cache=8h check=lock,expire lockout=1h",
  ]);
  await slapd.set("shunned", "pwdAccountLockedTime", "000001010000Z");
  assert.equal((await login(harness, "SHUNNED", { args: lines[1]! })).code, "perm_denied");
  await without(async () => {
    assert.deepEqual(await allowed(), []);
    assert.equal((await login(harness, "shunned", { args: lines[1]! })).code, "perm_denied");
  });
  await slapd.set("shunned", "pwdAccountLockedTime");
  assert.equal((await allowed()).length, 6);
  await slapd.modify(`dn: uid=shunned,${PEOPLE}\nchangetype: delete\n`);
  assert.equal((await login(harness, "shunned", { args: lines[2]! })).code, "user_unknown");
  await without(async () => assert.deepEqual(await allowed(), []));
});

Deno.test("account remembers services apart when it asks for them", async () => {
  const args = [...CACHE, "check=service"];
  assertSeen(await login(harness, "sshd-only", { args, service: "sshd" }), { code: "success" });
  await without(async () => {
    assertSeen(await login(harness, "sshd-only", { args, service: "sshd" }), { code: "success" });
    assertSeen(await login(harness, "sshd-only", { args, service: "login" }), UNAVAILABLE);
  });
});

Deno.test("account uses no answer that is older than the line allows", async () => {
  const args = ["cache=2s"];
  // An answer is as old as its question.
  const since = performance.now();
  assertSeen(await login(harness, "alice", { args }), { code: "success" });
  await without(async () => {
    while ((await login(harness, "alice", { args })).code === "success") {
      assert.ok(performance.now() - since < STALE_MS_MAX, "the answer does not grow old");
    }
    assertSeen(await login(harness, "alice", { args }), {
      ...UNAVAILABLE,
      log: /and the cache has no answer/,
    });
    assert.ok(performance.now() - since > 2000);
  });
});

Deno.test("account believes no cache behind a clock that was set back, and none beyond its limit", async () => {
  const configured = {
    server: `localhost:${slapd.tlsPort}`,
    ca: certificates.ca,
    base: PEOPLE,
    cache_file: join(folder.path, "kit.db"),
  };
  try {
    using transaction = new FakeTransaction(module, {
      configured,
      options: CACHE,
      now: "2026-08-03T12:00:00Z",
    });
    const run = async () => (await transaction.run("account")).code;
    assert.equal(await run(), "success");
    await slapd.stop();
    transaction.now = "2026-08-03T19:59:00Z";
    assert.equal(await run(), "success");
    transaction.now = "2026-08-03T13:00:00Z";
    assert.equal(await run(), "authinfo_unavail");
    transaction.now = "2026-08-03T11:00:00Z";
    assert.equal(await run(), "authinfo_unavail");
    transaction.now = "2026-08-03T20:01:00Z";
    assert.equal(await run(), "authinfo_unavail");
  } finally {
    close();
    await slapd.start();
  }
});

/** Runs bad_disk.ts on a file system of its own, and gives the codes that it printed, and what was logged. */
async function onBadDisk(
  trouble: "full" | "readonly",
): Promise<{ codes: readonly string[]; logged: string }> {
  const place = join(folder.path, trouble);
  Deno.mkdirSync(place);
  const script = join(ROOT, "tests/examples/ldap-account/bad_disk.ts");
  const mount = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" run -A "$3" "$4" "$1"';
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", mount, "sh", place, Deno.execPath(), script, trouble],
    cwd: ROOT,
    env: { LD_PRELOAD: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return {
    codes: new TextDecoder().decode(stdout).trim().split("\n"),
    logged: new TextDecoder().decode(stderr),
  };
}

for (
  const [trouble, log] of [
    ["full", /cannot be written to the cache .*full[^]*was deleted: it could not be told of a denial/],
    ["readonly", /is not believed any more: it can neither be told of a denial nor be deleted/],
  ] as const
) {
  Deno.test({
    name: `account lets nobody back in whose denial was lost on a ${trouble} disk (needs root)`,
    ignore: Deno.uid() !== 0,
    async fn() {
      const { codes, logged } = await onBadDisk(trouble);
      const lost = ["authinfo_unavail", "authinfo_unavail"];
      assert.deepEqual(codes, ["success", "success", "perm_denied", ...lost, "success", "success"], logged);
      assert.match(logged, log);
    },
  });
}
