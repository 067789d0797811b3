// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Harness, ROOT, SHIM } from "../../integration/harness.ts";
import { assertSeen, newService, type Seen, shareHarness, tell, watch } from "../../integration/scene.ts";
import { NETGROUPS_MAX } from "../../../examples/time-of-day/time_conf.ts";
import { configurations, shimLine } from "../readme.ts";

const NAME = "time-of-day";
const ALWAYS = "*;*;*;Al0000-2400\n";
const NEVER = "*;*;*;!Al0000-2400\n";
const CLOSED = "error_msg Logins are closed for you";
const UNUSABLE =
  "error_msg Logins cannot be checked now; the administrator finds the reason in the system log";
/** A user that is neither root nor any module's. */
const STRANGER = 60_124;
const STARTED_MS_MAX = 30_000;

let folder = "";
const conf = () => join(folder, "time.conf");
const link = () => join(folder, "localtime");

/** Writes time.conf as a careful editor does: beside it, and renamed. */
function write(text: string): void {
  Deno.writeTextFileSync(`${conf()}.new`, text);
  Deno.chmodSync(`${conf()}.new`, 0o644);
  Deno.renameSync(`${conf()}.new`, conf());
}

function linkTo(zone: string): void {
  Deno.symlinkSync(`/usr/share/zoneinfo/${zone}`, `${link()}.new`);
  Deno.renameSync(`${link()}.new`, link());
}

Deno.test.beforeAll(() => {
  folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  Deno.chmodSync(folder, 0o755);
  write(ALWAYS);
  linkTo("Etc/UTC");
});

const shared = shareHarness((harness) => {
  const [{ module: _, ...config } = {}] = configurations(NAME, {
    "/etc/security/time.conf": conf(),
    "/etc/localtime": link(),
  });
  harness.configure(NAME, join(ROOT, "examples", NAME, "module.ts"), config);
});

Deno.test.afterAll(() => Deno.removeSync(folder, { recursive: true }));

const EVERYBODY = { user: "nobody", tty: "tty1" };

/** Asks for the account by the README's line. */
async function account({ user, tty } = EVERYBODY): Promise<Seen> {
  const harness = shared();
  const service = newService();
  harness.stack(service, [shimLine(NAME, "account")]);
  await using transaction = harness.start(service, { user, items: { tty } });
  return await watch(harness, service, transaction, (transaction) => transaction.account());
}

Deno.test("the README's line and configuration take pam_time's place", async () => {
  write(ALWAYS);
  assertSeen(await account(), { code: "success" });
  write("*;*;bob;Al0000-2400\n*;tty*;nob*;!Al0000-2400\n");
  assertSeen(await account(), {
    code: "perm_denied",
    log: /time\.conf:2: Closed on /,
    shown: [CLOSED],
  });
  assertSeen(await account({ user: "nobody", tty: "pts/1" }), { code: "success" });
  // pam_time does not look the user up.
  assertSeen(await account({ user: "nobody-of-this-name", tty: "tty1" }), {
    code: "perm_denied",
    shown: [CLOSED],
  });
});

Deno.test("a time.conf that is written in place is seen at once, however often", async () => {
  for (let i = 0; i < 20; i++) {
    // Both have the same length; some of the changes are within one tick of the kernel's clock.
    Deno.writeTextFileSync(conf(), i % 2 === 0 ? "*;*;*;!Al0000-2400\n" : "*;*;*;Al0000-2400 \n");
    assert.equal((await account()).code, i % 2 === 0 ? "perm_denied" : "success", `change ${i}`);
  }
});

Deno.test("a broken time.conf refuses everybody with its place in the log, and its repair opens again", async () => {
  write("# comment\n*;*;alice;Al08:00-18:00\n");
  assertSeen(await account(), {
    code: "service_err",
    log: /^err account .*time\.conf:2:11: times: Cannot read the times of "Al08:00-18:00": write days/,
    shown: [UNUSABLE],
  });
  Deno.removeSync(conf());
  assertSeen(await account(), {
    code: "service_err",
    log: /^err account .*time\.conf: Cannot find the rules file/,
    shown: [UNUSABLE],
  });
  write(ALWAYS);
  assertSeen(await account(), { code: "success" });
});

Deno.test("as many netgroups as a file may name are asked for, and a file with more names its line", async () => {
  const rules = Array.from({ length: NETGROUPS_MAX + 1 }, (_, i) => `*;*;@group${i};!Al0000-2400\n`);
  write(rules.slice(1).join(""));
  assertSeen(await account(), { code: "success" });
  // The refusal of one more, and the text of it, ask for no more than that.
  write(`${rules.slice(1).join("")}*;*;nobody;!Al0000-2400\n`);
  assertSeen(await account(), { code: "perm_denied", shown: [CLOSED] });
  write(rules.join(""));
  assertSeen(await account(), {
    code: "service_err",
    log: /^err account .*time\.conf:65:5: users: Cannot use more than 64 netgroups in a file/,
    shown: [UNUSABLE],
  });
  write(ALWAYS);
});

Deno.test("the machine's time zone is that of its link, also after it was changed", async () => {
  const now = Temporal.Now.zonedDateTimeISO("Asia/Kathmandu");
  const [from, to] = [now.subtract({ minutes: 30 }), now.add({ minutes: 30 })].map((time) =>
    time.toPlainTime().toString({ smallestUnit: "minute" }).replace(":", "")
  );
  write(`*;*;*;Al${from}-${to}\n`);
  linkTo("Asia/Kathmandu");
  assertSeen(await account(), { code: "success" });
  linkTo("Etc/UTC");
  const closed = await account();
  assert.equal(closed.code, "perm_denied");
  assert.match(
    closed.shown[0]!,
    /^error_msg Logins are closed for you until \d{4}-\d\d-\d\d \d\d:\d\d \(Etc\/UTC\)$/,
  );
  Deno.removeSync(link());
  assertSeen(await account(), {
    code: "service_err",
    log: /localtime: Cannot tell the machine's time zone: it is no link that can be read; .*"tz="/,
    shown: [UNUSABLE],
  });
  linkTo("Etc/UTC");
});

Deno.test({
  name:
    "a time.conf that its worker may not read, or that belongs to somebody else, refuses everybody (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    write(ALWAYS);
    Deno.chmodSync(conf(), 0o600);
    assertSeen(await account(), {
      code: "service_err",
      log:
        /time\.conf: Cannot read the rules: the file must be readable for the user that the module runs as/,
      shown: [UNUSABLE],
    });
    Deno.chmodSync(conf(), 0o644);
    Deno.chownSync(conf(), 65534, 65534);
    assertSeen(await account(), {
      code: "service_err",
      log: /time\.conf: Cannot trust the rules: the file belongs to user 65534, not to root; run chown root/,
      shown: [UNUSABLE],
    });
    write(ALWAYS);
    assertSeen(await account(), { code: "success" });
  },
});

/** Authenticates with `time-of-day` on the first line and `others` behind it, and asks for credentials if that succeeds. */
async function authenticate(...others: string[]): Promise<Seen & { credentials: string | undefined }> {
  const harness = shared();
  const service = newService();
  harness.stack(service, [
    { type: "auth", module: NAME },
    ...others.map((module) => ({ type: "auth" as const, control: "required" as const, module })),
  ]);
  await using transaction = harness.start(service, { items: { tty: "tty1" } });
  const seen = await watch(harness, service, transaction, (transaction) => transaction.authenticate());
  return { ...seen, credentials: seen.code === "success" ? transaction.setCredentials() : undefined };
}

Deno.test("on an auth line it denies while logins are closed, and leaves it to others who somebody is", async () => {
  write(NEVER);
  assertSeen(await authenticate("pam_permit.so"), { code: "perm_denied", shown: [CLOSED] });
  write(ALWAYS);
  const open = await authenticate("pam_permit.so");
  assertSeen(open, { code: "success" });
  assert.equal(open.credentials, "success");
  assertSeen(await authenticate("pam_deny.so"), { code: "auth_err" });
});

Deno.test("a stack in which all ignore lets nobody in: the time of day is not enough", async () => {
  write(ALWAYS);
  const alone = await authenticate();
  assertSeen(alone, { code: "perm_denied" });
  // It is libpam that refuses: the module has nothing against it.
  assert.deepEqual(alone.log.map(tell).filter((line) => /Closed on|perm_denied|^err /.test(line)), []);
});

Deno.test({
  name: "a locker without privilege does not reach the module, and stays locked (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    write(ALWAYS);
    const harness: Harness = shared();
    const { args = [] } = harness.line({ type: "auth", module: NAME });
    const program = `
      import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
      const [shim, ...args] = Deno.args;
      using services = ServiceDirectory.create();
      services.write("locker", [
        { type: "auth", control: "required", module: shim, args },
        { type: "auth", control: "required", module: "pam_permit.so" },
      ]);
      using transaction = Transaction.start({ service: "locker", user: "nobody", confdir: services.path, failDelay: "record" });
      console.log(transaction.authenticate());
    `;
    const cache = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
    try {
      Deno.chownSync(cache, STRANGER, STRANGER);
      const file = join(cache, "locker.ts");
      Deno.writeTextFileSync(file, program);
      Deno.chmodSync(file, 0o644);
      const ids = [`--reuid=${STRANGER}`, `--regid=${STRANGER}`, "--clear-groups", "--"];
      const run = [
        Deno.execPath(),
        "run",
        "--quiet",
        "-A",
        "--no-lock",
        "--no-check",
        `--config=${join(ROOT, "deno.json")}`,
      ];
      const { stdout, stderr } = await new Deno.Command("setpriv", {
        args: [...ids, ...run, file, SHIM, ...args],
        env: { DENO_DIR: join(cache, "deno"), NO_COLOR: "1", LD_PRELOAD: "" },
        signal: AbortSignal.timeout(STARTED_MS_MAX),
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "authinfo_unavail\n", new TextDecoder().decode(stderr));
    } finally {
      Deno.removeSync(cache, { recursive: true });
    }
  },
});
