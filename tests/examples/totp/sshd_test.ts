// SPDX-License-Identifier: MIT
// The module totp under a real sshd: keyboard-interactive asks for codes, and the password method is refused before anything counts.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Sshd } from "../../applications/ssh.ts";
import { ROOT, scene, shareStage } from "../../applications/stage.ts";
import { PASSWORD } from "../../applications/view.ts";
import { pamLines } from "../readme.ts";
import { type Authenticator, enrolled } from "./authenticator.ts";

const ALICE = "(alice@127.0.0.1)";
const CODE = "One-time code: ";
const REST = ["account required pam_unix.so", "session optional pam_unix.so"];
const LINES = pamLines("totp");
/** As the README has it: a code is asked for once the password was right. */
const BEHIND = ["auth requisite pam_unix.so nodelay", ...LINES.map((line) => `${line} failures=1`), ...REST];
/** The other way round, and whoever is wrong is asked for both. */
const BEFORE = [...LINES, "auth required pam_unix.so nodelay", ...REST];

let device: Authenticator;
let sshd: Sshd;
const stage = shareStage(async (stage) => {
  const [alice, dave] = await Promise.all(["alice", "dave"].map(enrolled));
  device = alice!.device;
  stage.write("/etc/pam-deno/totp-secrets", `${alice!.line}\n${dave!.line}\n`, 0o600);
  stage.module("totp", join(ROOT, "examples/totp/module.ts"), {
    state: true,
    credentials: { "totp-secrets": "/etc/pam-deno/totp-secrets" },
    options: { secrets: { credential: "totp-secrets" }, database: { state: "totp.db" } },
  });
  stage.pam("sshd", BEHIND);
  sshd = await Sshd.start(stage, ["DenyUsers dave"]);
});

/** Waits for a line of the log, and gives all of it. */
async function toldBy(line: RegExp): Promise<string> {
  const { lines } = await stage().take(({ lines }) => lines.some(({ text }) => line.test(text)));
  return lines.map(({ text }) => text).join("\n");
}

scene("sshd's password method is refused early, and the log says what to set", async () => {
  const steps = [["alice@127.0.0.1's password: ", PASSWORD]] as const;
  for (let i = 0; i < 2; i++) {
    const { code, stdout } = await sshd.connect({ user: "alice", by: "password", command: "id -un", steps });
    assert.equal(code, 255);
    assert.match(stdout, /Permission denied/);
    const told = await toldBy(/^pam_deno.*KbdInteractiveAuthentication yes/);
    assert.ok(!told.includes(PASSWORD), told);
  }
});

scene("sshd's keyboard-interactive asks for password and code, and takes a code once", async () => {
  // The line counts one failure, and strangers have none: they are not asked.
  for (let i = 0; i < 2; i++) {
    const steps = [[`${ALICE} Password: `, "not the password"]] as const;
    const { code, stdout } = await sshd.connect({
      user: "alice",
      by: "keyboard-interactive",
      command: "id",
      steps,
    });
    assert.equal(code, 255);
    assert.ok(!stdout.includes(CODE), stdout);
  }
  const code = await device.fresh();
  const steps = [[`${ALICE} Password: `, PASSWORD], [`${ALICE} ${CODE}`, code]] as const;
  const visit = { user: "alice", by: "keyboard-interactive", command: "id -un", steps } as const;
  const first = await sshd.connect(visit);
  assert.equal(first.code, 0, first.stdout);
  assert.match(first.stdout, /\nalice\n$/);
  const second = await sshd.connect(visit);
  assert.equal(second.code, 255);
  assert.match(second.stdout, /Permission denied/);
  const told = await toldBy(/^pam_deno.*was used/);
  assert.ok(!told.includes(code), told);
  assert.ok(!stage().served.includes(device.secret));
});

scene(
  "sshd: who does not exist, or may not come in, is asked like who has a secret, and told the same",
  async () => {
    stage().pam("sshd", BEFORE);
    const seen: string[] = [];
    const users = ["bob", "alice", "dave", "nosuchuser"];
    for (const user of users) {
      const asked = `(${user}@127.0.0.1) `;
      const steps = [[`${asked}${CODE}`, "000000"], [`${asked}Password: `, PASSWORD]] as const;
      const { code, stdout } = await sshd.connect({ user, by: "keyboard-interactive", command: "id", steps });
      assert.equal(code, 255);
      seen.push(stdout.replaceAll(user, "USER"));
    }
    assert.deepEqual(seen, users.map(() => seen[0]));
    const told = await toldBy(/^pam_deno.*there is no such user/);
    assert.doesNotMatch(told, /^pam_deno.*nosuchuser/m);
    // What sshd answers in place of dave's code is no failure of dave's.
    assert.match(told, /^pam_deno.*"dave" is not taken: sshd does not let this user in/m);
    stage().pam("sshd", BEHIND);
  },
);
