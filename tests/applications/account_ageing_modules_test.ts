// SPDX-License-Identifier: MIT
/**
 * examples/account-ageing under sshd, in place of the account lines of pam_unix and pam_nologin: warnings, passwords that have
 * expired, accounts that have, and closed logins.
 *
 * @module
 */

import assert from "node:assert/strict";
import { decisions, deploy, readmeLines, said, told } from "./deployed.ts";
import { type Method, Sshd } from "./ssh.ts";
import { scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const METHODS: readonly Method[] = ["publickey", "password", "keyboard-interactive"];
const DAY_MS = 86_400_000;
const FRESH = "battery staple 42";
const CHANGE: readonly Step[] = [
  ["Current password: ", PASSWORD],
  ["New password: ", FRESH],
  ["Retype new password: ", FRESH],
];

let sshd: Sshd;
let shadow: string;
const stage = shareStage(async (stage) => {
  deploy(stage, "account-ageing");
  const lines = [
    "auth required pam_unix.so nodelay",
    // Root is asked about, too: what the module says to root is seen here.
    ...readmeLines("account-ageing").filter((line) => !line.includes("pam_succeed_if.so")),
    "password required pam_unix.so sha512",
    "session required pam_permit.so",
  ];
  for (const service of ["sshd", "passwd"]) stage.pam(service, lines);
  shadow = stage.read("/etc/shadow");
  sshd = await Sshd.start(stage);
});

/** Gives users other fields behind the password: last change, least, most, warning, inactive, expiry. */
function age(fields: Readonly<Record<string, string>> = {}): void {
  let text = shadow;
  for (const [user, ageing] of Object.entries(fields)) {
    text = text.replace(new RegExp(`^(${user}:[^:]*):.*$`, "m"), `$1:${ageing}:`);
  }
  stage().write("/etc/shadow", text, 0o640);
}

/** The day of shadow(5) that was so many days ago. */
const daysAgo = (days: number) => Math.floor(Date.now() / DAY_MS) - days;

/** Comes, and says `in` if that was allowed. */
async function come(user: string, by: Method, { password = PASSWORD, steps = [] as readonly Step[] } = {}) {
  const asked: readonly Step[] = by === "publickey" ? [] : [["assword: ", password]];
  const { code, stdout } = await sshd.connect({
    user,
    by,
    command: "echo in",
    steps: [...asked, ...steps],
  });
  return { code, stdout, isIn: /^in$/m.test(stdout) };
}

/** Comes to all three at once. */
async function comeByAll(user: string) {
  return await Promise.all(METHODS.map((by) => come(user, by)));
}

async function decided(count: number) {
  return await stage().take((seen) => told(seen).length >= count);
}

/** Asserts which of two passwords is the user's now. */
async function assertPassword(user: string, right: string, wrong: string): Promise<void> {
  const [yes, no] = await Promise.all([right, wrong].map((password) => come(user, "password", { password })));
  assert.deepEqual([yes!.isIn, no!.isIn], [true, false], `${yes!.stdout}${no!.stdout}`);
  assert.match(no!.stdout, /Permission denied/);
  assert.deepEqual(told(await stage().take()), ["account account-ageing: success"]);
}

scene("account-ageing: sshd lets in whose password expires soon, and says when", async () => {
  age({ alice: `${daysAgo(87)}:0:90:7::` });
  for (const { code, stdout, isIn } of await comeByAll("alice")) {
    assert.deepEqual({ code, isIn }, { code: 0, isIn: true }, stdout);
    assert.match(stdout, /^Your password expires in 3 days$/m);
  }
  assert.deepEqual(told(await decided(3)), Array(3).fill("account account-ageing: success"));
});

scene("account-ageing: sshd says nothing to whose password is good for long", async () => {
  age();
  const { code, stdout } = await come("bob", "publickey");
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "in\n" });
  assert.deepEqual(told(await decided(1)), ["account account-ageing: success"]);
});

scene("account-ageing: sshd refuses an account that has expired, and the person reads why", async () => {
  age({ bob: `${daysAgo(200)}:0:90:7:30:` });
  const [expired, inactive] = await Promise.all([comeByAll("dave"), comeByAll("bob")]);
  for (const { code, stdout, isIn } of expired) {
    assert.deepEqual({ code, isIn }, { code: 255, isIn: false }, stdout);
    assert.match(stdout, /^(?:\(.*\) )?Your account has expired: ask the administrator$/m);
  }
  for (const { code, stdout, isIn } of inactive) {
    assert.deepEqual({ code, isIn }, { code: 255, isIn: false }, stdout);
    assert.match(stdout, /^(?:\(.*\) )?Your password expired too long ago: ask the administrator$/m);
  }
  const seen = await decided(6);
  assert.deepEqual(told(seen), Array(6).fill("account account-ageing: acct_expired"));
  assert.deepEqual(said(seen, "account-ageing").sort(), [
    ...Array(3).fill('"bob" is refused: "inactive"'),
    ...Array(3).fill('"dave" is refused: "account_expired"'),
  ]);
});

scene(
  "account-ageing: sshd's keyboard-interactive has an expired password changed, and goes on",
  async () => {
    const demands = {
      carol: {
        ageing: "0:0:99999:7::",
        text: /You must choose a new password now: the administrator demands it/,
      },
      bob: { ageing: `${daysAgo(91)}:0:90:7::`, text: /Your password has expired: choose a new one now/ },
    };
    age({ carol: demands.carol.ageing, bob: demands.bob.ageing });
    for (const [user, { text }] of Object.entries(demands)) {
      const { code, stdout, isIn } = await come(user, "keyboard-interactive", { steps: CHANGE });
      assert.deepEqual({ code, isIn }, { code: 0, isIn: true }, stdout);
      assert.match(stdout, text);
      const seen = await decided(3);
      assert.deepEqual(told(seen), [
        "account account-ageing: new_authtok_reqd",
        "preliminary account-ageing: success",
        "update account-ageing: ignore",
      ]);
      // All in the child that asks; pam_unix behind us has done it.
      assert.equal(new Set(decisions(seen).map(({ pid }) => pid)).size, 1);
      const done = `pam_unix(sshd:chauthtok): password changed for ${user}`;
      assert.ok(seen.lines.some(({ text }) => text === done), JSON.stringify(seen.lines));
      await assertPassword(user, FRESH, PASSWORD);
    }
  },
);

scene("account-ageing: who keeps the expired password does not get in", async () => {
  age();
  const same = [["New password: ", PASSWORD], ["Retype new password: ", PASSWORD]] as const;
  const steps: Step[] = [CHANGE[0]!, ...same, ["The password has not been changed.", "\x03"]];
  const { code, stdout, isIn } = await come("carol", "keyboard-interactive", { steps });
  assert.notEqual(code, 0);
  assert.ok(!isIn, stdout);
  const seen = await decided(3);
  assert.equal(told(seen)[2], "update account-ageing: ignore");
  assert.match(stage().read("/etc/shadow"), /^carol:[^:]*:0:/m);
});

for (const by of ["publickey", "password"] as const) {
  scene(`account-ageing: with ${by} sshd runs passwd(1), which asks anew`, async () => {
    age();
    const asked: Step[] = by === "password" ? [["password: ", PASSWORD]] : [];
    const { stdout } = await sshd.connect({ user: "carol", by, steps: [...asked, ...CHANGE] });
    assert.match(stdout, /You must choose a new password now: the administrator demands it/);
    assert.match(stdout, /passwd: password updated successfully/);
    const seen = await decided(3);
    // The transaction of passwd(1) knows nothing of the login: it goes by the entry.
    assert.deepEqual(told(seen), [
      "account account-ageing: new_authtok_reqd",
      "preliminary account-ageing: success",
      "update account-ageing: ignore",
    ]);
    assert.equal(new Set(decisions(seen).map(({ pid }) => pid)).size, 2);
    await assertPassword("carol", FRESH, PASSWORD);

    age();
    const { code, stdout: shown, isIn } = await come("carol", by);
    assert.deepEqual({ code, isIn }, { code: 1, isIn: false }, shown);
    assert.match(shown, /Password change required but no TTY available\./);
    assert.deepEqual(told(await decided(1)), ["account account-ageing: new_authtok_reqd"]);
  });
}

scene("account-ageing: while /run/nologin is there sshd lets only root in, and shows its text", async () => {
  age();
  stage().write("/run/nologin", "Back at six\n");
  try {
    const refused = await comeByAll("alice");
    for (const { code, stdout, isIn } of refused) {
      assert.deepEqual({ code, isIn }, { code: 255, isIn: false }, stdout);
      assert.match(stdout, /^(?:\(.*\) )?Back at six$/m);
    }
    assert.deepEqual(told(await decided(3)), Array(3).fill("account account-ageing: auth_err"));
    for (const { code, stdout, isIn } of await comeByAll("root")) {
      assert.deepEqual({ code, isIn }, { code: 0, isIn: true }, stdout);
      assert.match(stdout, /^Back at six$/m);
    }
    assert.deepEqual(told(await decided(3)), Array(3).fill("account account-ageing: success"));
  } finally {
    Deno.removeSync(stage().outside("/run/nologin"));
  }
  assert.ok((await come("alice", "publickey")).isIn);
  assert.deepEqual(told(await decided(1)), ["account account-ageing: success"]);
});
