// SPDX-License-Identifier: MIT
/**
 * Logins through sshd that are let in: which hooks run, in which processes, and what the person is asked.
 *
 * @module
 */

import assert from "node:assert/strict";
import { order, pick, type SeenHook } from "./recorded.ts";
import { Sshd } from "./ssh.ts";
import { stack } from "./stack.ts";
import { ASKER, READER, RECORDER, scene, shareStage } from "./stage.ts";
import { PASSWORD } from "./view.ts";

let sshd: Sshd;
const stage = shareStage(async (stage) => {
  stage.module("recorder", RECORDER);
  stage.module("second", RECORDER);
  stage.module("asker", ASKER);
  stage.module("reader", READER);
  stage.pam("sshd", stack());
  sshd = await Sshd.start(stage);
});

/** The hooks of the session of every login: the second setCredentials is the child's. */
const SESSION = [
  "setCredentials establish",
  "openSession",
  "setCredentials establish",
  "closeSession",
  "setCredentials delete",
];

/** Everything that the recorder sees of a login that was let in; the last is the third setCredentials. */
async function login(): Promise<readonly SeenHook[]> {
  const done = (shim: readonly string[]) =>
    shim.filter((line) => line.startsWith("setcred setCredentials recorder: ")).length === 3;
  return (await stage().take(({ shim }) => done(shim))).hooks;
}

/** The processes of hooks in the order in which they come: `a`, `b` … */
function processes(hooks: readonly SeenHook[]): string {
  const pids = [...new Set(hooks.map(({ caller }) => caller.pid))];
  return hooks.map(({ caller }) => "abcd"[pids.indexOf(caller.pid)]).join("");
}

function assertCommon(hooks: readonly SeenHook[]): void {
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "service", "user", "tty", "rhost", "ruser"), {
      service: "sshd",
      user: "alice",
      tty: "ssh",
      rhost: "127.0.0.1",
      ruser: undefined,
    });
    assert.deepEqual(hook.caller, { ...hook.caller, uid: 0, euid: 0 });
    assert.equal(hook.sender.pid, hook.caller.pid);
    // Only closeSession comes with PAM_SILENT.
    assert.equal(hook.silent, hook.hook === "closeSession", hook.hook);
  }
}

scene(
  "sshd: with a public key there is no authenticate; the monitor does all but one setCredentials",
  async () => {
    const { code, stdout } = await sshd.connect({ user: "alice", by: "publickey", command: "id -un" });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "alice\n" });
    const hooks = await login();
    assert.deepEqual(order(hooks), ["account", ...SESSION]);
    assertCommon(hooks);
    assert.equal(processes(hooks), "aaabaa");
    // The child has the handle of its parent as it was when it was forked, and takes what it adds with it.
    const [, , open, child, close] = hooks;
    assert.equal(child!.sender.ppid, open!.caller.pid);
    assert.deepEqual(child!.trail, ["account", "setCredentials", "openSession"]);
    assert.deepEqual(close!.trail, ["account", "setCredentials", "openSession"]);
    assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", ...Array(5).fill("same")]);
  },
);

scene("sshd: with a password everything is in the monitor, and an empty one must not do", async () => {
  const steps = [["alice@127.0.0.1's password: ", PASSWORD]] as const;
  const { code, stdout } = await sshd.connect({ user: "alice", by: "password", command: "id -un", steps });
  assert.equal(code, 0);
  assert.match(stdout, /\nalice\n$/);
  const hooks = await login();
  assert.deepEqual(order(hooks), ["authenticate", "account", ...SESSION]);
  assertCommon(hooks);
  assert.equal(processes(hooks), "aaaabaa");
  assert.deepEqual(hooks.map(({ disallowNullAuthtok }) => disallowNullAuthtok).slice(0, 2), [true, false]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", ...Array(6).fill("same")]);
});

scene("sshd: keyboard-interactive asks in a child of the monitor, which leaves", async () => {
  const steps = [["(alice@127.0.0.1) Password: ", PASSWORD]] as const;
  const { code, stdout } = await sshd.connect({
    user: "alice",
    by: "keyboard-interactive",
    command: "id -un",
    steps,
  });
  assert.equal(code, 0);
  assert.match(stdout, /\nalice\n$/);
  const hooks = await login();
  assert.deepEqual(order(hooks), ["authenticate", "account", ...SESSION]);
  assertCommon(hooks);
  assert.equal(processes(hooks), "aabbcbb");
  const [asked, , monitor, , child] = hooks;
  assert.equal(asked!.sender.ppid, monitor!.caller.pid);
  assert.equal(child!.sender.ppid, monitor!.caller.pid);
  assert.equal(asked!.disallowNullAuthtok, true);
});

scene("sshd: keyboard-interactive carries the questions of a module, shown and hidden", async () => {
  stage().pam("sshd", ["auth requisite pam_deno.so debug=yes grant=prompt asker wants=blue", ...stack()]);
  const steps = [
    ["(alice@127.0.0.1) Colour: ", "blue"],
    ["(alice@127.0.0.1) Again, unseen: ", "blue"],
    ["(alice@127.0.0.1) Password: ", PASSWORD],
  ] as const;
  const { code, stdout } = await sshd.connect({
    user: "alice",
    by: "keyboard-interactive",
    command: "id -un",
    steps,
  });
  stage().pam("sshd", stack());
  assert.equal(code, 0);
  assert.match(stdout, /Colour: blue\n[^]*Again, unseen: \n[^]*Password: \nalice\n$/);
  assert.deepEqual(order(await login()), ["authenticate", "account", ...SESSION]);
});

scene(
  "sshd: two modules of a stack have data of their own, and a login on a terminal has the tty ssh",
  async () => {
    const second = (["account", "session"] as const).map((type) =>
      `${type} required pam_deno.so second as=second`
    );
    stage().pam("sshd", [...second, ...stack()]);
    const { code, stdout } = await sshd.connect({
      user: "alice",
      by: "publickey",
      steps: [["$ ", "tty"], ["$ ", "exit"]],
    });
    stage().pam("sshd", stack());
    assert.equal(code, 0);
    assert.match(stdout, /\/dev\/pts\/1\n/);
    const hooks = await login();
    assertCommon(hooks);
    const of = (as: string) => hooks.filter((hook) => hook.as === as);
    assert.deepEqual(order(of("second")), ["account", "openSession", "closeSession"]);
    assert.deepEqual(of("second").map(({ trail }) => trail.length), [0, 1, 2]);
    assert.deepEqual(order(of("recorder")), ["account", ...SESSION]);
  },
);

scene(
  "sshd: texts of account come before a login by key, those of openSession only on a terminal",
  async () => {
    stage().pam(
      "sshd",
      stack({
        account: "[text=account:Backup at two]",
        session: "[text=openSession:Welcome] [text=closeSession:Bye]",
      }),
    );
    const plain = await sshd.connect({ user: "alice", by: "publickey", command: "id -un" });
    assert.deepEqual([plain.code, plain.stdout], [0, "Backup at two\nalice\n"]);
    await login();
    const onTerminal = await sshd.connect({ user: "alice", by: "publickey", steps: [["$ ", "exit"]] });
    stage().pam("sshd", stack());
    assert.match(onTerminal.stdout, /^Backup at two\n[^]*Welcome\n[^]*\$ exit\n/);
    assert.doesNotMatch(onTerminal.stdout, /Bye/);
    await login();
  },
);

scene("sshd: a user who does not exist is asked for, and the module still called", async () => {
  stage().pam("sshd", ["auth required pam_deno.so debug=yes recorder", "auth required pam_unix.so nodelay"]);
  for (const by of ["password", "keyboard-interactive"] as const) {
    const steps = [["assword: ", PASSWORD]] as const;
    const { code, stdout } = await sshd.connect({ user: "nosuchuser", by, command: "id", steps });
    assert.equal(code, 255);
    assert.match(stdout, /Permission denied \(publickey,password,keyboard-interactive\)/);
    const { hooks } = await stage().take();
    assert.deepEqual(hooks.map((hook) => pick(hook, "hook", "user")), [
      { hook: "authenticate", user: "nosuchuser" },
    ]);
  }
  stage().pam("sshd", stack());
});

scene(
  "sshd: instead of the password of a user who does not exist the module reads one that nobody types",
  async () => {
    stage().pam("sshd", [
      "auth optional pam_deno.so grant=authtok reader",
      "auth required pam_unix.so try_first_pass nodelay",
      "account required pam_unix.so",
      "session required pam_permit.so",
    ]);
    const octets = PASSWORD.length;
    for (
      const { user, by, typed } of [
        { user: "alice", by: "password", typed: true },
        { user: "nosuchuser", by: "password", typed: false },
        { user: "alice", by: "keyboard-interactive", typed: true },
        { user: "nosuchuser", by: "keyboard-interactive", typed: false },
      ] as const
    ) {
      const { code } = await sshd.connect({ user, by, command: "true", steps: [["assword: ", PASSWORD]] });
      assert.equal(code, user === "alice" ? 0 : 255);
      const { lines } = await stage().take();
      const said = lines.map(({ text }) => text).filter((text) => text.includes(" reader says: "));
      assert.deepEqual(said, [
        `pam_deno(sshd:auth): authenticate reader says: a password of ${octets} octets, typed: ${typed}`,
      ]);
    }
    stage().pam("sshd", stack());
  },
);
