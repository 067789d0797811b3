// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertShown,
  FakeTransaction,
  runHook,
} from "@pam-deno/sdk/testing";
import { machineZone } from "./machine_zone.ts";
import module from "./module.ts";
import { RULES_FILE_MAX } from "./rules.ts";

const MONDAY_NOON = "2026-08-03T12:00:00+02:00";
const NEVER = "!Al0000-2400";
const UNUSABLE = "Logins cannot be checked now; the administrator finds the reason in the system log";

/** A time.conf in a folder of its own, gone at the end. */
class TimeConfFile implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "time.conf");
  readonly options = [`time_conf=${this.path}`, "tz=Europe/Berlin"];

  constructor(text: string | Uint8Array) {
    this.write(text);
  }

  /** Writes it in place, as `echo >` does. */
  write(text: string | Uint8Array): void {
    Deno.writeFileSync(this.path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    Deno.chmodSync(this.path, 0o644);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

Deno.test("account answers by time.conf for service, tty, user and time", async () => {
  using file = new TimeConfFile("sshd;ssh;!root;Wk0800-1800\nlogin;tty*;*;Wd0000-2400\n");
  const { options } = file;
  using transaction = new FakeTransaction(module, {
    options,
    now: "2026-08-03T17:59:59+02:00",
    service: "sshd",
    user: "alice",
    items: { tty: "ssh" },
  });
  const open = await transaction.run("account");
  assertCode(open, "success");
  assertLogged(open, `Rules read from ${JSON.stringify(file.path)} rules=2`, "info");
  transaction.advance({ seconds: 1 });
  const closed = await transaction.run("account");
  assertCode(closed, "perm_denied");
  assertShown(closed, "Logins are closed for you until 2026-08-04 08:00 (Europe/Berlin)", "error_msg");
  assertLogged(closed, `${file.path}:1: Closed on Monday 2026-08-03 18:00 (Europe/Berlin)`, "info");

  const code = async (scene: { service: string; user?: string; tty?: string }) => {
    const { tty, ...who } = scene;
    const items = tty === undefined ? {} : { tty };
    return (await runHook(module, "account", { options, now: MONDAY_NOON, items, ...who })).code;
  };
  assert.equal(await code({ service: "login", tty: "/dev/tty1" }), "perm_denied");
  assert.equal(await code({ service: "login", tty: "/dev/pts/1" }), "success");
  assert.equal(await code({ service: "login" }), "success");
  assert.equal(await code({ service: "cron", tty: "tty1" }), "success");
});

Deno.test("account asks for netgroups only where the answer depends on them, and for no user that is not there", async () => {
  using file = new TimeConfFile(
    `*;*;@ops;Al0800-1000\n*;*;@;${NEVER}\n*;*;@night;Al0000-2400\nsshd;*;@x;${NEVER}\n`,
  );
  const users = {
    alice: { netgroups: ["ops"] },
    bob: { netgroups: ["night", "x"] },
    eve: "system_err",
  } as const;
  const run = (user: string, now = MONDAY_NOON) =>
    runHook(module, "account", { options: file.options, user, users, now });
  assertCode(await run("alice"), "perm_denied");
  assertCode(await run("bob"), "success");
  assertCode(await run("not-there"), "success");
  // A netgroup that cannot be asked lets nobody in; nobody asks while every rule is open.
  const failed = await run("eve");
  assertCode(failed, "service_err");
  assertFailure(failed, "threw");
  assertCode(await run("eve", "2026-08-03T09:00:00+02:00"), "success");
});

Deno.test("account asks for no netgroup behind the rule that refuses, and lets no question get in the way of it", async () => {
  using file = new TimeConfFile(`*;*;*;Al0800-1000\n*;*;@ops;${NEVER}\n`);
  const run = (user: string) =>
    runHook(module, "account", {
      options: file.options,
      user,
      users: { alice: {}, eve: "system_err" },
      now: MONDAY_NOON,
    });
  const alice = await run("alice");
  assertCode(alice, "perm_denied");
  assertShown(alice, "Logins are closed for you until 2026-08-04 08:00 (Europe/Berlin)", "error_msg");
  // Whether eve is in @ops is of use to the text alone.
  const eve = await run("eve");
  assertCode(eve, "perm_denied");
  assertShown(eve, "Logins are closed for you", "error_msg");
});

Deno.test("account does not say when logins open again if netgroups take too long to tell", async () => {
  using file = new TimeConfFile(`*;*;*;Al0800-1000\n*;*;@ops;${NEVER}\n`);
  const now = performance.now.bind(performance);
  let ms = now();
  // Every look at the clock takes a second.
  performance.now = () => ms += 1000;
  try {
    const seen = await runHook(module, "account", { options: file.options, now: MONDAY_NOON });
    assertCode(seen, "perm_denied");
    assertShown(seen, "Logins are closed for you", "error_msg");
  } finally {
    performance.now = now;
  }
});

Deno.test("account takes the machine's time zone or the one that it is told", async () => {
  using file = new TimeConfFile("*;*;*;Al1200-1201\n");
  const noon = (zone: string) =>
    Temporal.PlainDateTime.from("2026-08-03T12:00:30").toZonedDateTime(zone).toInstant().toString();
  const code = async (options: string[], zone: string) =>
    (await runHook(module, "account", { options: [`time_conf=${file.path}`, ...options], now: noon(zone) }))
      .code;
  assert.equal(await code(["localtime=/etc/localtime"], machineZone("/etc/localtime")), "success");
  assert.equal(await code(["tz=Asia/Kathmandu"], "Asia/Kathmandu"), "success");
  assert.equal(await code(["tz=Asia/Kathmandu"], "Asia/Tokyo"), "perm_denied");
});

Deno.test("account refuses with service_err and a place while time.conf is broken, and recovers by itself", async () => {
  using file = new TimeConfFile("*;*;*;Al0000-2400\n");
  using transaction = new FakeTransaction(module, { options: file.options, now: MONDAY_NOON });
  assertCode(await transaction.run("account"), "success");
  const broken: [string | Uint8Array, RegExp][] = [
    ["*;*;*;Al0000-2400\n*;*;alice\n", /time\.conf:2:1: Cannot use a rule with 3 fields/],
    ["*;*;{user};A10800-1800\n", /time\.conf:1:12: times: Cannot read the days of "A10800-1800"/],
    ["*;*;alice {bob};Al0000-2400\n", /time\.conf:1:5: users: Cannot read the list "alice \{bob\}"/],
    ["*;*;*;Al0000-2400", /time\.conf:1:7: Cannot use the last line/],
    ["*;*;\0;Al0000-2400\n", /time\.conf:1:5: Cannot read a NUL byte/],
    [Uint8Array.of(0x2a, 0x3b, 0xff, 0xfe, 0x0a), /time\.conf:1:1: Cannot use a rule with 2 fields/],
    [
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0x0a, 0x1b, 0x0a),
      /time\.conf:1:1: Cannot use a rule with 1 field/,
    ],
    ["#".repeat(RULES_FILE_MAX + 1), /time\.conf: Cannot read the rules: at most 262144 bytes are read/],
  ];
  for (const [text, cause] of broken) {
    file.write(text);
    const result = await transaction.run("account");
    assertCode(result, "service_err");
    assert.equal(result.failure, undefined, "the module answers by itself");
    assertShown(result, UNUSABLE, "error_msg");
    assertLogged(result, cause, "error");
  }
  // Octets that are not UTF-8 are harmless in a comment.
  file.write(Uint8Array.of(0x23, 0xff, 0xfe, 0x0a));
  assertCode(await transaction.run("account"), "success");
  Deno.removeSync(file.path);
  const missing = await transaction.run("account");
  assertCode(missing, "service_err");
  assertLogged(
    missing,
    `${file.path}: Cannot find the rules file: write it, or correct "time_conf="`,
    "error",
  );
});

Deno.test({
  name: "account says where permissions are given if it has none for time.conf or the time zone",
  permissions: { read: ["/etc/passwd"] },
  async fn() {
    const refused = await runHook(module, "account", {
      options: ["time_conf=/etc/security/time.conf", "localtime=/etc/localtime"],
      now: MONDAY_NOON,
    });
    assertCode(refused, "service_err");
    assertLogged(
      refused,
      /^\/etc\/security\/time\.conf: Cannot read the rules: grant it under "permissions"/,
      "error",
    );
  },
});

Deno.test("account does not take time_conf= beside other options but a time zone", async () => {
  const cases: [string[], RegExp][] = [
    [
      ["time_conf=/x", "hours=08:00-18:00"],
      /Cannot take "hours=" beside "time_conf=": write it into the time.conf/,
    ],
    [["time_conf=/x", "rules=/y"], /Cannot take "time_conf=" beside "rules=": remove one of them/],
    [
      ["time_conf=/x"],
      /Cannot do without a time zone: write "localtime=\/etc\/localtime" for the machine's, or "tz=/,
    ],
    [
      ["time_conf=/x", "tz=UTC", "localtime=/etc/localtime"],
      /Cannot take "localtime=" beside "tz=": remove one of them/,
    ],
    [
      ["rules=/x", "localtime=/etc/localtime"],
      /Cannot take "localtime=" beside "rules=": remove one of them/,
    ],
    [["localtime=/etc/localtime", "hours=08:00-18:00"], /Cannot take "localtime=" without "time_conf="/],
    [["time_conf=x", "tz=UTC"], /Cannot read "time_conf=": write the absolute path of the time.conf/],
    [["time_conf=/x", "time_conf=/y"], /Cannot read "time_conf=": write it once/],
    [["time_conf=/x", "tz=Mars"], /Cannot find the time zone "Mars"/],
    [["conffile=/x"], /Unknown option: the options are rules, time_conf, localtime, tz/],
  ];
  for (const [options, cause] of cases) {
    const result = await runHook(module, "account", { options, now: MONDAY_NOON });
    assertCode(result, "service_err");
    assertFailure(result, "misconfigured", cause);
  }
});

Deno.test("account does not know a user without a name", async () => {
  using file = new TimeConfFile("");
  assertCode(await runHook(module, "account", { options: file.options, user: "" }), "user_unknown");
});

Deno.test("authenticate denies when account does, and otherwise ignores: it vouches for nobody", async () => {
  using file = new TimeConfFile("*;*;alice;Al0800-1800\n");
  const night = "2026-08-03T18:00:00+02:00";
  const office = ["tz=Europe/Berlin", "hours=08:00-18:00", "for=alice"];
  for (const options of [file.options, office, [...office, "otherwise=allow"]]) {
    const run = (now: string) => runHook(module, "authenticate", { options, user: "alice", now });
    const open = await run(MONDAY_NOON);
    assertCode(open, "ignore");
    assert.equal(open.handled, true);
    const closed = await run(night);
    assertCode(closed, "perm_denied");
    assertShown(closed, /^Logins are closed for you until 2026-08-04 08:00/, "error_msg");
  }
  const users = { alice: {} };
  assertCode(
    await runHook(module, "authenticate", { options: office, user: "not-there", users, now: MONDAY_NOON }),
    "user_unknown",
  );
  file.write("broken\n");
  const broken = await runHook(module, "authenticate", { options: file.options, now: MONDAY_NOON });
  assertCode(broken, "service_err");
  assertShown(broken, UNUSABLE);
  assertNotLogged(
    await runHook(module, "authenticate", { options: office, user: "alice", users, now: MONDAY_NOON }),
  );
});
