// SPDX-License-Identifier: MIT
/**
 * What authenticate and account kept in the child of keyboard-interactive reaches the session in its parent, and nobody else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { order, pick, type SeenHook } from "./recorded.ts";
import { type Method, Sshd } from "./ssh.ts";
import { stack } from "./stack.ts";
import { RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

/** Only authenticate keeps something: what is there later came from it. */
const KEEP = { auth: "keep=authenticate", account: "keep=authenticate", session: "keep=authenticate" };

let sshd: Sshd;
const stage = shareStage(async (stage) => {
  stage.module("recorder", RECORDER);
  stage.module("fickle", join(import.meta.dirname!, "modules", "fickle.ts"));
  stage.pam("sshd", stack(KEEP));
  sshd = await Sshd.start(stage);
});

async function login(user: string, by: Method): Promise<readonly SeenHook[]> {
  const steps: Step[] = by === "publickey" ? [] : [["assword: ", PASSWORD]];
  const { code, stdout } = await sshd.connect({ user, by, command: "id -un", steps });
  assert.equal(code, 0, stdout);
  return (await stage().take(({ hooks }) => order(hooks).includes("setCredentials delete"))).hooks;
}

const continuity = (hooks: readonly SeenHook[]) =>
  hooks.map(({ hook, verb, continuity }) => `${verb ?? hook} ${continuity}`);

const KEPT = ["authenticate none", "account same"];

scene("sshd: what authenticate kept is resumed in openSession, and the same in closeSession", async () => {
  const hooks = await login("alice", "keyboard-interactive");
  assert.deepEqual(continuity(hooks), [
    ...KEPT,
    "establish resumed",
    "openSession resumed",
    "establish same",
    "closeSession same",
    "delete same",
  ]);
  for (const hook of hooks.slice(1)) assert.deepEqual(hook.trail, ["authenticate"]);
  assert.notEqual(hooks[0]!.caller.pid, hooks[3]!.caller.pid);
  assert.notEqual(hooks[0]!.caller.started, undefined);
});

scene("sshd: what is changed on the way is what openSession finds", async () => {
  stage().pam("sshd", stack());
  const hooks = await login("alice", "keyboard-interactive");
  stage().pam("sshd", stack(KEEP));
  const close = hooks.find(({ hook }) => hook === "closeSession");
  assert.deepEqual(pick(close, "continuity", "trail"), {
    continuity: "same",
    trail: ["authenticate", "account", "setCredentials", "openSession"],
  });
});

scene("sshd: with a key nothing is resumed, not even what a login before it left", async () => {
  // Whoever authenticates and does not come to a session leaves something behind.
  stage().pam("sshd", [...stack(KEEP).slice(0, 3), "account required pam_deny.so", ...stack(KEEP).slice(4)]);
  const steps: Step[] = [["assword: ", PASSWORD]];
  const refused = await sshd.connect({ user: "alice", by: "keyboard-interactive", command: "id", steps });
  assert.equal(refused.code, 255);
  assert.deepEqual(continuity((await stage().take()).hooks), KEPT);
  stage().pam("sshd", stack(KEEP));
  for (const user of ["alice", "bob"]) {
    const hooks = await login(user, "publickey");
    assert.deepEqual(
      hooks.map(({ continuity, trail }) => [continuity, trail.length]),
      Array(6).fill(["none", 0]),
    );
  }
});

scene("sshd: two logins at once have what is theirs", async () => {
  const users = ["alice", "bob"];
  stage().pam("sshd", stack());
  const visits = await Promise.all(users.map((user) =>
    sshd.connect({
      user,
      by: "keyboard-interactive",
      command: "sleep 0.3; id -un",
      steps: [["assword: ", PASSWORD]],
    })
  ));
  assert.deepEqual(visits.map(({ code }) => code), [0, 0]);
  const deletes = (hooks: readonly SeenHook[]) => hooks.filter(({ verb }) => verb === "delete").length;
  const { hooks } = await stage().take(({ hooks }) => deletes(hooks) === 2);
  stage().pam("sshd", stack(KEEP));
  for (const user of users) {
    const of = hooks.filter((hook) => hook.user === user);
    const open = of.find(({ hook }) => hook === "openSession");
    assert.deepEqual(open!.trail, ["authenticate", "account", "setCredentials"]);
    // All of it belongs to one login: the child that asked, and the monitor.
    assert.equal(new Set(of.map(({ caller }) => caller.pid)).size, 3);
  }
});

scene("sshd: it is given once: a second session of the process finds nothing", async () => {
  // After the session is open, what was kept is on the handle only. A new handle of the same process is cold.
  const hooks = await login("alice", "keyboard-interactive");
  assert.equal(
    hooks.filter(({ hook, continuity }) => hook === "openSession" && continuity === "resumed").length,
    1,
  );
  const again = await login("alice", "keyboard-interactive");
  assert.deepEqual(continuity(again), continuity(hooks));
  assert.deepEqual(again[3]!.trail, ["authenticate"]);
});

scene("sshd: what a user plants in an environment resumes nothing", async () => {
  const planted = "PAM_DENO_DATA=authenticate\nPAM_DENO_CONTINUITY=resumed\nPAMDENO=x\n";
  const home = "/run/home/alice";
  stage().write(`${home}/.pam_environment`, planted);
  stage().write(`${home}/.ssh/environment`, planted);
  stage().pam("sshd", [
    ...stack(KEEP).slice(0, -2),
    "session required pam_env.so user_readenv=1",
    ...stack(KEEP).slice(-2),
  ]);
  const hooks = await login("alice", "publickey");
  assert.deepEqual(hooks.map(({ continuity }) => continuity), Array(6).fill("none"));
  const { stdout } = await sshd.connect({
    user: "alice",
    by: "keyboard-interactive",
    command: "env",
    steps: [["assword: ", PASSWORD]],
  });
  // It is in the person's environment; nothing of ours is.
  assert.match(stdout, /^PAM_DENO_DATA=authenticate$/m);
  assert.doesNotMatch(stdout.replaceAll(/^PAM_?DENO.*$/mg, ""), /pam.?deno|recorder/i);
  await stage().take(({ hooks }) => order(hooks).includes("setCredentials delete"));
  stage().pam("sshd", stack(KEEP));
});

/** A program that waits until {@linkcode open} is called. */
const GATE = "/run/programs/gate";

function close(): void {
  stage().write(GATE, "#!/bin/sh\nuntil test -e /run/programs/open; do sleep 0.02; done\n", 0o755);
  Deno.removeSync(stage().outside("/run/programs/open"));
}

function open(): void {
  stage().write("/run/programs/open", "");
}

const VISIT = {
  user: "alice",
  by: "keyboard-interactive",
  command: `${GATE}; id -un`,
  steps: [["assword: ", PASSWORD]],
} as const;

scene("sshd: a worker that was replaced while the session is open finds what is on the handle", async () => {
  open();
  close();
  const visit = sshd.connect(VISIT);
  await stage().take(({ hooks }) => order(hooks).includes("openSession"));
  await stage().stop();
  await stage().serve();
  open();
  const { code, stdout } = await visit;
  assert.equal(code, 0);
  assert.match(stdout, /\nalice\n$/);
  const { hooks } = await stage().take(({ hooks }) => order(hooks).includes("setCredentials delete"));
  const closed = hooks.find(({ hook }) => hook === "closeSession");
  assert.deepEqual(pick(closed, "continuity", "trail"), { continuity: "same", trail: ["authenticate"] });
});

scene("sshd: a worker that was replaced between authenticate and openSession knows of nothing", async () => {
  open();
  close();
  const [unix, auth, , , , , ...session] = stack(KEEP);
  stage().pam("sshd", [
    unix!,
    auth!,
    `auth required pam_exec.so quiet ${GATE}`,
    "account required pam_permit.so",
    ...session,
  ]);
  const visit = sshd.connect(VISIT);
  await stage().take(({ hooks }) => order(hooks).includes("authenticate"));
  await stage().stop();
  await stage().serve();
  open();
  const { code, stdout } = await visit;
  stage().pam("sshd", stack(KEEP));
  assert.equal(code, 0);
  assert.match(stdout, /\nalice\n$/);
  const { hooks } = await stage().take(({ hooks }) => order(hooks).includes("setCredentials delete"));
  assert.deepEqual(continuity(hooks), [
    "establish none",
    "openSession none",
    "establish none",
    "closeSession none",
    "delete none",
  ]);
});

/** Attempts of one connection, in which pam_unix has the last word. */
interface Attempts {
  readonly methods: string;
  /** How often a person may try one of the methods. */
  readonly prompts?: number;
  readonly words: readonly string[];
  /** What the module does with the right word. */
  readonly right?: string;
  /** The hook that ends the test. */
  readonly last?: string;
}

async function attempt({ methods, prompts = 1, words, right = "store", last = "openSession" }: Attempts) {
  stage().pam("sshd", [
    `auth required pam_deno.so grant=authtok fickle right=${right}`,
    "auth required pam_unix.so use_first_pass nodelay",
    "account required pam_permit.so",
    "session required pam_deno.so fickle",
  ]);
  const { code, stdout } = await sshd.connect({
    user: "alice",
    by: "publickey",
    words: ["-o", `PreferredAuthentications=${methods}`, "-o", `NumberOfPasswordPrompts=${prompts}`],
    command: "id -un",
    steps: words.map((word) => ["assword: ", word]),
  });
  stage().pam("sshd", stack(KEEP));
  const { hooks } = await stage().take(({ hooks }) => order(hooks).includes(last));
  const asked = hooks.filter(({ hook }) => hook === "authenticate").length;
  assert.equal(asked, words.length, "the module was asked in every attempt");
  return { opened: code === 0 && /\nalice\n$/.test(stdout), hooks };
}

/** What openSession found, after the last attempt had succeeded. */
async function found(attempts: Attempts): Promise<readonly unknown[]> {
  const { opened, hooks } = await attempt(attempts);
  assert.ok(opened);
  const open = hooks.find(({ hook }) => hook === "openSession")!;
  return [open.continuity, ...open.trail];
}

const STALE = "stale: of a refused attempt";

scene(
  "sshd: what a refused attempt left is gone when the password method fails, and a key opens",
  async () => {
    const methods = "keyboard-interactive,password,publickey";
    assert.deepEqual(await found({ methods, words: [STALE, "refused"] }), ["none"]);
  },
);

scene("sshd: what a refused attempt left is gone when the password method stores nothing", async () => {
  const methods = "keyboard-interactive,password";
  assert.deepEqual(await found({ methods, words: [STALE, PASSWORD], right: "success" }), ["none"]);
});

scene("sshd: what a refused attempt left is gone when the module ignores the next", async () => {
  const methods = "keyboard-interactive";
  assert.deepEqual(await found({ methods, prompts: 2, words: [STALE, PASSWORD], right: "ignore" }), ["none"]);
});

scene("sshd: what the last attempt left goes before what a refused one left on the handle", async () => {
  // libpam answers setcred with the failure of the monitor's own attempt, whatever a child was told: nobody gets in.
  const { opened, hooks } = await attempt({
    methods: "password,keyboard-interactive",
    words: [STALE, PASSWORD],
    last: "setCredentials establish",
  });
  assert.ok(!opened);
  const found = hooks.map(({ hook, continuity, trail }) => [hook, continuity, ...trail]);
  assert.deepEqual(found, [
    ["authenticate", "none"],
    ["authenticate", "same", STALE],
    ["setCredentials", "resumed", PASSWORD],
  ]);
});

scene(
  "sshd: what a refused attempt left does not count for a module that has account, where a key opens",
  async () => {
    stage().pam("sshd", [
      "auth required pam_deno.so recorder keep=authenticate",
      "auth required pam_unix.so nodelay",
      // Nobody asks the module here: the monitor would take away what its child left.
      "account required pam_permit.so",
      "session required pam_deno.so recorder keep=authenticate",
    ]);
    const { code, stdout } = await sshd.connect({
      user: "alice",
      by: "publickey",
      words: ["-o", "PreferredAuthentications=keyboard-interactive,publickey"],
      command: "id -un",
      steps: [["assword: ", "wrong"]],
    });
    stage().pam("sshd", stack(KEEP));
    assert.equal(code, 0, stdout);
    const { hooks } = await stage().take(({ hooks }) => order(hooks).includes("closeSession"));
    assert.deepEqual(order(hooks).filter((hook) => /^(auth|open)/.test(hook)), [
      "authenticate",
      "openSession",
    ]);
    assert.deepEqual(
      hooks.map(({ continuity, trail }) => [continuity, trail.length]),
      Array(hooks.length).fill(["none", 0]),
    );
  },
);
