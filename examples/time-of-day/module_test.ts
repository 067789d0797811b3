// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertNotShown,
  assertShown,
  FakeTransaction,
  runHook,
} from "@pam-deno/sdk/testing";
import module from "./module.ts";
import { RULES_FILE_MAX } from "./rules.ts";

const OFFICE = ["tz=Europe/Berlin", "days=mon-fri", "hours=08:00-18:00"];
const MONDAY_NOON = "2026-08-03T12:00:00+02:00";
const SUNDAY_NOON = "2026-08-02T12:00:00+02:00";
const LATER = "Logins cannot be checked now; the administrator finds the reason in the system log";

/** A rules file in a folder of its own, gone at the end. */
class RulesFile implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "rules.jsonc");

  constructor(text: string) {
    this.write(text);
  }

  /** Replaces the file as a careful editor does: written beside it and renamed. */
  write(text: string): void {
    Deno.writeTextFileSync(`${this.path}.new`, text, { mode: 0o644 });
    Deno.chmodSync(`${this.path}.new`, 0o644);
    Deno.renameSync(`${this.path}.new`, this.path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

const everybody = (open: unknown) =>
  JSON.stringify({ timeZone: "Europe/Berlin", rules: [{ for: "*", open }] });

Deno.test("account allows and refuses by the hours of the pam.d line", async () => {
  using transaction = new FakeTransaction(module, { options: OFFICE, now: "2026-08-03T07:59:59+02:00" });
  const early = await transaction.run("account");
  assertCode(early, "perm_denied");
  assertShown(early, "Logins are closed for you until 2026-08-03 08:00 (Europe/Berlin)", "error_msg");
  assertLogged(early, 'Rule "pam.d line" is closed on Monday 2026-08-03 07:59 (Europe/Berlin)', "info");

  transaction.advance({ seconds: 1 });
  const open = await transaction.run("account");
  assertCode(open, "success");
  assertNotShown(open);
  assertNotLogged(open);

  transaction.now = "2026-08-03T17:59:59+02:00";
  assertCode(await transaction.run("account"), "success");
  transaction.advance({ seconds: 1 });
  const late = await transaction.run("account");
  assertCode(late, "perm_denied");
  assertShown(late, "Logins are closed for you until 2026-08-04 08:00 (Europe/Berlin)");
});

Deno.test("account shows nothing under PAM_SILENT", async () => {
  const result = await runHook(module, "account", { options: OFFICE, now: SUNDAY_NOON, flags: ["silent"] });
  assertCode(result, "perm_denied");
  assertNotShown(result);
});

Deno.test("account knows users and groups by the name that the database has", async () => {
  const options = ["tz=UTC", "hours=00:00-24:00", "for=@staff,carol", "except=mallory"];
  const users = {
    alice: { groups: ["alice", "staff"] },
    carol: {},
    dave: {},
    mallory: { groups: ["staff"] },
    // A directory that does not tell capitals from small letters.
    Mallory: { name: "mallory", groups: ["staff"] },
    // Lost by the database between the look-up of the entry and that of the groups.
    eve: { groups: [] },
  };
  const codes: Record<string, string> = {};
  for (const user of [...Object.keys(users), "nobody-of-this-name"]) {
    codes[user] = (await runHook(module, "account", { options, users, user })).code;
  }
  assert.deepEqual(codes, {
    alice: "success",
    carol: "success",
    dave: "perm_denied",
    mallory: "perm_denied",
    Mallory: "perm_denied",
    eve: "user_unknown",
    "nobody-of-this-name": "user_unknown",
  });
});

Deno.test("account looks nobody up for rules that name nobody, and fails closed when a look-up fails", async () => {
  const users = { alice: "system_err" } as const;
  assertCode(await runHook(module, "account", { options: OFFICE, now: MONDAY_NOON, users }), "success");
  const result = await runHook(module, "account", {
    options: [...OFFICE, "for=@staff"],
    now: MONDAY_NOON,
    users,
  });
  assertCode(result, "service_err");
  assertFailure(result, "threw");
});

Deno.test("account is misconfigured by options that do not parse, and by those it does not know", async () => {
  const cases: [string[], RegExp][] = [
    [[], /Cannot do without "tz=": write the time zone/],
    [["tz=Europe/Berln", "hours=08:00-18:00"], /Cannot find the time zone "Europe\/Berln"/],
    [["tz=UTC", "hours=8-18"], /Cannot read the hours "8-18": write HH:MM-HH:MM/],
    [["tz=UTC", "hours"], /Cannot read the hours: write a text or a list of texts/],
    [
      [...OFFICE, "excpet=mallory"],
      /excpet.*Unknown option: the options are rules, time_conf, localtime, tz, days, hours, for, except/,
    ],
    [["rules=/etc/hours.jsonc", "tz=UTC"], /Cannot take "tz=" beside "rules="/],
    [["rules=hours.jsonc"], /Cannot read "rules=": write the absolute path/],
  ];
  for (const [options, cause] of cases) {
    const result = await runHook(module, "account", { options, now: MONDAY_NOON });
    assertCode(result, "service_err");
    assertFailure(result, "misconfigured", cause);
  }
});

Deno.test("account reads the rules file, and reads it again only when it has changed", async () => {
  using file = new RulesFile(everybody({ "mon-fri": "08:00-18:00" }));
  using transaction = new FakeTransaction(module, { options: [`rules=${file.path}`], now: MONDAY_NOON });
  const first = await transaction.run("account");
  assertCode(first, "success");
  assertLogged(first, `Rules read from ${JSON.stringify(file.path)} rules=1 exceptions=0`, "info");
  assertNotLogged(await transaction.run("account"));

  file.write(everybody("never"));
  const changed = await transaction.run("account");
  assertCode(changed, "perm_denied");
  assertShown(changed, "Logins are closed for you");
  assertLogged(changed, /^Rules read from /);
  assertLogged(changed, 'Rule "rule 1" is never open');
});

Deno.test("account refuses with service_err while the rules file is broken, and recovers by itself", async () => {
  using file = new RulesFile(everybody("always"));
  using transaction = new FakeTransaction(module, { options: [`rules=${file.path}`], now: MONDAY_NOON });
  assertCode(await transaction.run("account"), "success");

  file.write(everybody({ "mon-fri": "8-18" }));
  for (const attempt of ["first", "second"]) {
    const broken = await transaction.run("account");
    assertCode(broken, "service_err");
    assert.equal(broken.failure, undefined, `${attempt} attempt: the module answers by itself`);
    assertShown(broken, LATER, "error_msg");
    assertLogged(
      broken,
      /rules\.jsonc:1:\d+: rules\[0\]\.open\["mon-fri"\]: Cannot read the hours "8-18"/,
      "error",
    );
  }

  file.write(`{ "timeZone": "UTC", "rules": [{ "for": "*", "open": {} }] }`);
  assertLogged(await transaction.run("account"), /Cannot use empty hours/, "error");
  file.write(everybody("always"));
  assertCode(await transaction.run("account"), "success");
});

Deno.test("account names the remedy for a rules file that cannot be read", async () => {
  using file = new RulesFile(everybody("always"));
  const refused = async (path: string) => {
    const result = await runHook(module, "account", { options: [`rules=${path}`], now: MONDAY_NOON });
    assertCode(result, "service_err");
    assertShown(result, LATER);
    return result;
  };
  const { path } = file;
  assertLogged(
    await refused(`${path}.missing`),
    `${path}.missing: Cannot find the rules file: write it, or correct "rules="`,
  );
  assertLogged(
    await refused(join(path, "..").replace(/\/$/, "")),
    /: Cannot read the rules: it must be a file$/,
    "error",
  );

  Deno.chmodSync(path, 0o664);
  assertLogged(
    await refused(path),
    `${path}: Cannot trust the rules: others than the owner may write them; run chmod go-w ${path}`,
  );
  Deno.chmodSync(path, 0o644);

  file.write(" ".repeat(RULES_FILE_MAX + 1));
  assertLogged(
    await refused(path),
    `${path}: Cannot read the rules: at most ${RULES_FILE_MAX} bytes are read`,
  );
});

Deno.test({
  name: "account says where the read permission is given if it has none",
  permissions: "none",
  async fn() {
    const result = await runHook(module, "account", { options: ["rules=/etc/hours.jsonc"] });
    assertCode(result, "service_err");
    assertLogged(
      result,
      '/etc/hours.jsonc: Cannot read the rules: grant it under "permissions": { "read": ["/etc/hours.jsonc"] } ' +
        "in the module's configuration",
      "error",
    );
  },
});

const EXAMPLE = join(import.meta.dirname!, "rules.jsonc");

Deno.test({
  name: "account needs no permission but to read its rules file and to know who it is",
  permissions: { read: [EXAMPLE], write: [EXAMPLE], sys: ["uid"] },
  async fn() {
    // A checkout may be writable for a group; one that is not may be somebody else's.
    if ((Deno.statSync(EXAMPLE).mode! & 0o022) !== 0) Deno.chmodSync(EXAMPLE, 0o644);
    const options = [`rules=${EXAMPLE}`];
    const users = { alice: { groups: ["staff"] }, root: {}, carl: { groups: ["staff", "interns"] } };
    const code = async (user: string, now: string) =>
      (await runHook(module, "account", { options, users, user, now })).code;
    assert.equal(await code("alice", MONDAY_NOON), "perm_denied");
    assert.equal(await code("alice", "2026-08-03T11:59:59+02:00"), "success");
    assert.equal(await code("alice", "2026-09-30T21:59:59+02:00"), "success");
    assert.equal(await code("alice", "2026-12-31T09:00:00+01:00"), "perm_denied");
    assert.equal(await code("root", "2026-12-31T09:00:00+01:00"), "success");
    assert.equal(await code("carl", "2026-08-03T11:59:59+02:00"), "perm_denied");
  },
});

Deno.test("the module declares what it needs, and leaves all hooks but two to the shim", async () => {
  assert.deepEqual(module.permissions, {
    read: [{ option: "rules" }, { option: "time_conf" }, { option: "localtime" }],
  });
  assert.deepEqual(module.grants, {});
  using transaction = new FakeTransaction(module, { options: OFFICE });
  for (const hook of ["openSession", "closeSession", "preliminary", "update"] as const) {
    const { code, handled } = await transaction.run(hook);
    assert.deepEqual([hook, code, handled], [hook, "ignore", false]);
  }
  const { code, handled } = await transaction.run("setCredentials");
  assert.deepEqual([code, handled], ["success", false]);
});
