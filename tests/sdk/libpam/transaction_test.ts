// SPDX-License-Identifier: MIT
import {
  CODES,
  codeToken,
  type CredentialsVerb,
  ITEMS,
  LibpamError,
  type PamCode,
  type PamItem,
  ServiceDirectory,
  Transaction,
} from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { FLAGS } from "../../../sdk/tokens.ts";
import { allTypes, buildProbe, serviceOf, start } from "./probe.ts";
import { behind } from "../codes.ts";

// libpam keeps these from the application: a neutral stack refuses, an unfinished one freezes.
const SEEN_AS: Partial<Record<PamCode, PamCode>> = { ignore: "perm_denied" };

function codesWithout(...left: PamCode[]): PamCode[] {
  return (Object.keys(CODES) as PamCode[]).filter((code) => !left.includes(code));
}

Deno.test("Transaction.account() returns every code that a module can return", () => {
  for (const code of codesWithout("conv_again", "incomplete")) {
    using services = serviceOf("pam_debug.so", [`acct=${code}`]);
    using transaction = start(services);
    assert.equal(transaction.account(), SEEN_AS[code] ?? code, code);
  }
});

Deno.test("Transaction returns the code of each hook from its own function", () => {
  using services = serviceOf("pam_debug.so", [
    "auth=maxtries",
    "cred=cred_expired",
    "acct=acct_expired",
    "open_session=session_err",
    "close_session=system_err",
    "prechauthtok=try_again",
    "chauthtok=authtok_lock_busy",
  ]);
  const calls: [PamCode, (transaction: Transaction) => PamCode][] = [
    ["maxtries", (transaction) => transaction.authenticate()],
    ["cred_expired", (transaction) => transaction.setCredentials()],
    ["acct_expired", (transaction) => transaction.account()],
    ["session_err", (transaction) => transaction.openSession()],
    ["system_err", (transaction) => transaction.closeSession()],
    ["try_again", (transaction) => transaction.changePassword()],
  ];
  for (const [code, call] of calls) {
    using transaction = start(services);
    assert.equal(call(transaction), code);
  }
  services.write("probe", allTypes("pam_debug.so", ["chauthtok=authtok_lock_busy"]));
  using transaction = start(services);
  assert.equal(transaction.changePassword(), "authtok_lock_busy");
});

Deno.test("Transaction passes the flags of each function", () => {
  using services = ServiceDirectory.create();
  const probe = buildProbe(services.path);
  services.write("probe", allTypes(probe));
  using transaction = start(services);
  const flags = (call: () => PamCode): number => {
    assert.equal(call(), "success");
    return Number(transaction.getEnvironment("FLAGS"));
  };
  const verbs = ["establish", "delete", "reinitialize", "refresh"] as const satisfies CredentialsVerb[];
  for (const verb of verbs) {
    assert.equal(flags(() => transaction.setCredentials(verb)), FLAGS[`${verb}_cred`]);
    assert.equal(
      flags(() => transaction.setCredentials(verb, { silent: true })),
      FLAGS[`${verb}_cred`] | FLAGS.silent,
    );
  }
  assert.equal(flags(() => transaction.setCredentials()), FLAGS.establish_cred);
  assert.equal(flags(() => transaction.account()), 0);
  assert.equal(flags(() => transaction.account({ silent: true })), FLAGS.silent);
  assert.equal(
    flags(() => transaction.account({ silent: false, disallowNullAuthtok: true })),
    FLAGS.disallow_null_authtok,
  );
  assert.equal(flags(() => transaction.openSession({ silent: true })), FLAGS.silent);
  assert.equal(flags(() => transaction.closeSession()), 0);
  assert.equal(
    flags(() => transaction.changePassword({ silent: true, changeExpiredAuthtok: true })),
    FLAGS.silent | FLAGS.change_expired_authtok | FLAGS.update_authtok,
  );
});

Deno.test("Transaction.setCredentials() rejects a verb that is none", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = start(services);
  assert.throws(
    () => transaction.setCredentials("toString" as CredentialsVerb),
    /^TypeError: Cannot 'toString'/,
  );
});

Deno.test("Transaction.start() refuses a service without a file, and says where it looked", () => {
  using services = ServiceDirectory.create();
  assert.throws(
    () => start(services, { service: "absent" }),
    (error) =>
      error instanceof LibpamError && error.code === "abort" && error.call === "pam_start_confdir" &&
      error.message.includes(`${services.path}/absent`) && error.message.endsWith(behind("libpam-refused")) &&
      error.errorCode === "libpam-refused" && behind("libpam-refused").endsWith(error.docs),
  );
});

Deno.test("Transaction.start() falls back on the service 'other', as libpam does", () => {
  using services = ServiceDirectory.create();
  services.write("other", allTypes("pam_debug.so", ["acct=acct_expired"]));
  using transaction = start(services, { service: "absent" });
  assert.equal(transaction.account(), "acct_expired");
});

Deno.test("Transaction returns module_unknown for a module that is not there", () => {
  using services = serviceOf("/nowhere/pam_absent.so");
  using transaction = start(services);
  assert.equal(transaction.account(), "module_unknown");
});

Deno.test("Transaction.start() without a confdir takes the machine's own stacks", () => {
  using transaction = Transaction.start({ service: "other", user: "nobody" });
  assert.equal(transaction.getItem("service"), "other");
});

Deno.test("Transaction.start() rejects NUL in service, user and confdir", () => {
  using services = serviceOf("pam_permit.so");
  for (const name of ["service", "user", "confdir"] as const) {
    assert.throws(
      () => start(services, { [name]: "a\0b" }),
      /^TypeError: Cannot pass .* NUL at byte 1 \[libpam-misused\]/,
    );
  }
  assert.throws(() => start(services, { user: Uint8Array.of(0xff, 0, 1) }), /NUL at byte 1/);
});

Deno.test("Transaction sets and reads every item, in UTF-8", () => {
  using services = serviceOf("pam_permit.so");
  const values = Object.fromEntries(
    Object.keys(ITEMS).map((name) => [name, name === "service" ? "probe" : `${name} Zoë 東京 🔑`]),
  ) as Record<PamItem, string>;
  using transaction = start(services, { items: values });
  for (const name of Object.keys(ITEMS) as PamItem[]) {
    assert.equal(transaction.getItem(name), values[name]);
    if (name === "service") continue;
    transaction.setItem(name, "");
    assert.equal(transaction.getItem(name), "");
    transaction.setItem(name, undefined);
    assert.equal(transaction.getItem(name), undefined);
  }
});

Deno.test("Transaction.start() leaves the items unset that it was not given", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = Transaction.start({ service: "probe", confdir: services.path });
  for (const name of Object.keys(ITEMS) as PamItem[]) {
    assert.equal(transaction.getItem(name), name === "service" ? "probe" : undefined, name);
  }
});

Deno.test("Transaction.setItem() passes bytes that are not UTF-8, getItem() shows U+FFFD for them", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = start(services, { items: { rhost: Uint8Array.of(0x61, 0xff) } });
  assert.equal(transaction.getItem("rhost"), "a\ufffd");
});

Deno.test("Transaction.setItem() refuses NUL, a name that is no item, and a transaction without a service", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = start(services);
  assert.throws(() => transaction.setItem("rhost", "a\0b"), TypeError);
  assert.throws(() => transaction.setItem("authtok" as PamItem, "secret"), TypeError);
  assert.throws(() => transaction.setItem("service", undefined), TypeError);
  assert.throws(() => start(services, { items: { service: undefined as unknown as string } }), TypeError);
  assert.equal(transaction.getItem("service"), "probe");
});

Deno.test("Transaction.setItem() with another service takes another stack", () => {
  using services = serviceOf("pam_permit.so");
  services.write("strict", allTypes("pam_debug.so", ["acct=acct_expired"]));
  using transaction = start(services);
  assert.equal(transaction.account(), "success");
  transaction.setItem("service", "STRICT");
  assert.equal(transaction.getItem("service"), "strict");
  assert.equal(transaction.account(), "acct_expired");
});

Deno.test("Transaction keeps set, set to nothing and deleted apart in the environment", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = start(services, { environment: { LANG: "de_DE.UTF-8" } });
  assert.deepEqual(transaction.environment, { LANG: "de_DE.UTF-8" });
  transaction.setEnvironment("CITY", "東京=Tokyo");
  transaction.setEnvironment("EMPTY", "");
  assert.deepEqual(transaction.environment, { LANG: "de_DE.UTF-8", CITY: "東京=Tokyo", EMPTY: "" });
  assert.equal(transaction.getEnvironment("EMPTY"), "");
  assert.equal(transaction.getEnvironment("CITY"), "東京=Tokyo");
  assert.equal(transaction.getEnvironment("ABSENT"), undefined);
  assert.equal(transaction.deleteEnvironment("EMPTY"), true);
  assert.equal(transaction.deleteEnvironment("EMPTY"), false);
  assert.equal(transaction.deleteEnvironment("LANG"), true);
  assert.deepEqual(transaction.environment, { CITY: "東京=Tokyo" });
});

Deno.test("Transaction refuses names of variables that mean something else to pam_putenv", () => {
  using services = serviceOf("pam_permit.so");
  using transaction = start(services, { environment: { LANG: "C" } });
  for (const name of ["", "A=B", "LANG=", "A\0B"]) {
    assert.throws(() => transaction.setEnvironment(name, "x"), TypeError, JSON.stringify(name));
    assert.throws(() => transaction.deleteEnvironment(name), TypeError, JSON.stringify(name));
  }
  assert.throws(() => transaction.setEnvironment("A", "x\0y"), TypeError);
  assert.throws(() => transaction.setEnvironment("A", Uint8Array.of(0)), TypeError);
  assert.deepEqual(transaction.environment, { LANG: "C" });
});

Deno.test("Transaction.environment has what pam_env set", () => {
  using services = ServiceDirectory.create();
  Deno.writeTextFileSync(`${services.path}/pam_env.conf`, "GREETING DEFAULT=hello\n");
  services.write("probe", allTypes("pam_env.so", [`conffile=${services.path}/pam_env.conf`, "readenv=0"]));
  using transaction = start(services);
  assert.equal(transaction.openSession(), "success");
  assert.deepEqual(transaction.environment, { GREETING: "hello" });
});

Deno.test("Transaction runs pam_warn, which reads all items and wants nothing", () => {
  using services = ServiceDirectory.create();
  services.write("probe", [
    { type: "account", control: "optional", module: "pam_warn.so" },
    { type: "account", control: "required", module: "pam_permit.so" },
  ]);
  using transaction = start(services, { items: { tty: "tty1", rhost: "192.0.2.7" } });
  assert.equal(transaction.account(), "success");
});

Deno.test("Transaction.end() tells the modules the status, and PAM_DATA_SILENT", () => {
  using services = ServiceDirectory.create();
  const probe = buildProbe(services.path);
  const log = `${services.path}/statuses`;
  services.write("probe", allTypes(probe, [`cleanup=${log}`]));
  const statuses: [(transaction: Transaction) => unknown, number][] = [
    [(transaction) => transaction.end(), CODES.success],
    [(transaction) => transaction.end("perm_denied"), CODES.perm_denied],
    [(transaction) => transaction.end("success", { silent: true }), 0x4000_0000],
    [(transaction) => transaction.end("auth_err", { silent: true }), 0x4000_0000 | CODES.auth_err],
    [(transaction) => transaction[Symbol.dispose](), CODES.success],
  ];
  for (const [end, status] of statuses) {
    Deno.writeTextFileSync(log, "");
    const transaction = start(services);
    assert.equal(transaction.authenticate(), "success");
    end(transaction);
    assert.equal(Deno.readTextFileSync(log), `${status.toString(16)}\n`);
  }
});

Deno.test("Transaction.end() tells the modules the last code if it is told none", () => {
  using services = ServiceDirectory.create();
  const probe = buildProbe(services.path);
  const log = `${services.path}/statuses`;
  services.write("probe", [
    { type: "auth", control: "required", module: probe, args: [`cleanup=${log}`] },
    { type: "account", control: "required", module: "pam_debug.so", args: ["acct=acct_expired"] },
  ]);
  {
    using transaction = start(services);
    assert.equal(transaction.authenticate(), "success");
    assert.equal(transaction.account(), "acct_expired");
  }
  assert.equal(Deno.readTextFileSync(log), `${CODES.acct_expired.toString(16)}\n`);
});

Deno.test("Transaction throws on every use after the end, and may be disposed of again", () => {
  using services = serviceOf("pam_permit.so");
  const transaction = start(services);
  assert.equal(transaction.end(), "success");
  const uses: (() => unknown)[] = [
    () => transaction.authenticate(),
    () => transaction.setCredentials(),
    () => transaction.account(),
    () => transaction.openSession(),
    () => transaction.closeSession(),
    () => transaction.changePassword(),
    () => transaction.getItem("user"),
    () => transaction.setItem("user", "root"),
    () => transaction.environment,
    () => transaction.getEnvironment("A"),
    () => transaction.setEnvironment("A", ""),
    () => transaction.deleteEnvironment("A"),
    () => transaction.end(),
  ];
  for (const use of uses) {
    assert.throws(use, /^Error: Cannot .*: the transaction has ended \[libpam-misused\]/, String(use));
  }
  transaction[Symbol.dispose]();
});

Deno.test("Transaction records the delays that modules ask for, and does not wait", () => {
  using services = ServiceDirectory.create();
  services.write("probe", [
    { type: "auth", control: "optional", module: "pam_faildelay.so", args: ["delay=20000000"] },
    { type: "auth", control: "required", module: "pam_debug.so", args: ["auth=maxtries"] },
  ]);
  const began = performance.now();
  using transaction = start(services, { failDelay: "record" });
  assert.equal(transaction.authenticate(), "maxtries");
  assert.ok(performance.now() - began < 5000, "libpam waited");
  assert.equal(transaction.delays.length, 1);
  const [delay] = transaction.delays;
  assert.equal(delay?.code, "maxtries");
  // Linux-PAM takes up to a half away or adds it.
  assert.ok(delay.microseconds >= 10_000_000 && delay.microseconds <= 30_000_000, String(delay.microseconds));
});

Deno.test("Transaction waits for the delays by default, and records none", () => {
  using services = ServiceDirectory.create();
  services.write("probe", [
    { type: "auth", control: "optional", module: "pam_faildelay.so", args: ["delay=200000"] },
    { type: "auth", control: "required", module: "pam_deny.so" },
  ]);
  const began = performance.now();
  using transaction = start(services);
  assert.equal(transaction.authenticate(), "auth_err");
  assert.ok(performance.now() - began >= 95, "libpam did not wait");
  assert.deepEqual(transaction.delays, []);
});

Deno.test("codeToken() names every code of Linux-PAM and refuses other numbers", () => {
  for (const [token, code] of Object.entries(CODES)) assert.equal(codeToken(code), token);
  for (const code of [-1, 32, 1.5, NaN]) assert.throws(() => codeToken(code), RangeError);
});
