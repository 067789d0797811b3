// SPDX-License-Identifier: MIT
/**
 * Logins through sshd that are refused: what the person reads, and what is not asked any more.
 *
 * @module
 */

import assert from "node:assert/strict";
import { order } from "./recorded.ts";
import { type Method, Sshd } from "./ssh.ts";
import { stack, type Words } from "./stack.ts";
import { ASKER, RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const METHODS: readonly Method[] = ["publickey", "password", "keyboard-interactive"];

let sshd: Sshd;
const stage = shareStage(async (stage) => {
  stage.module("recorder", RECORDER);
  stage.module("asker", ASKER);
  sshd = await Sshd.start(stage);
});

/** Comes with the right password or key; `last` is the hook of the recorder at which it is over. */
async function attempt(
  by: Method,
  words: Words,
  last: string,
  { user = "alice", lines = stack(words) } = {},
) {
  stage().pam("sshd", lines);
  const steps: Step[] = by === "publickey" ? [] : [["assword: ", PASSWORD]];
  const output = await sshd.connect({ user, by, command: "echo in", steps });
  const seen = await stage().take(({ hooks }) => order(hooks).includes(last));
  assert.doesNotMatch(output.stdout, /^in$/m);
  return { ...output, ...seen };
}

/** The hooks in front of account. */
const before = (by: Method) => by === "publickey" ? [] : ["authenticate"];

for (const by of METHODS) {
  scene(`sshd: account refuses ${by}, and the person reads why`, async () => {
    const account = "[deny=account:perm_denied:Not today, alice]";
    const { code, stdout, hooks, shim } = await attempt(by, { account }, "account");
    assert.equal(code, 255);
    assert.match(stdout, /^Not today, alice$/m);
    assert.match(stdout, /Connection closed|Permission denied/);
    assert.deepEqual(order(hooks), [...before(by), "account"]);
    assert.match(shim.at(-1)!, /^account account recorder: perm_denied in \d+ ms for user alice$/);
  });

  scene(`sshd: openSession refuses ${by} for too many sessions: it ends before anything is run`, async () => {
    const session = "[deny=openSession:perm_denied:Two sessions are enough]";
    const { code, stdout, hooks } = await attempt(by, { session }, "setCredentials delete");
    assert.equal(code, 254);
    assert.match(stdout, /^Two sessions are enough$/m);
    assert.deepEqual(order(hooks), [
      ...before(by),
      "account",
      "setCredentials establish",
      "openSession",
      "setCredentials establish",
      "setCredentials delete",
    ]);
  });

  scene(`sshd: an account that has expired is refused behind us with ${by}`, async () => {
    const { code, stdout, hooks, lines } = await attempt(by, {}, "account", { user: "dave" });
    assert.equal(code, 255);
    assert.match(stdout, /^Your account has expired; please contact your system administrator\.$/m);
    assert.deepEqual(order(hooks), [...before(by), "account"]);
    assert.ok(
      lines.some(({ text }) => text === "pam_unix(sshd:account): account dave has expired (account expired)"),
    );
  });

  scene(`sshd: our acct_expired is as good as pam_unix's with ${by}`, async () => {
    const account = "[deny=account:acct_expired:Your contract has ended]";
    const { code, stdout, shim } = await attempt(by, { account }, "account");
    assert.equal(code, 255);
    assert.match(stdout, /^Your contract has ended$/m);
    assert.match(shim.at(-1)!, /acct_expired/);
  });
}

for (const by of METHODS.slice(1)) {
  scene(`sshd: authenticate refuses ${by}, and nothing else is asked`, async () => {
    const auth = "[deny=authenticate:auth_err:No]";
    const { code, stdout, hooks } = await attempt(by, { auth }, "authenticate");
    assert.equal(code, 255);
    assert.match(stdout, /Permission denied/);
    assert.deepEqual(order(hooks), ["authenticate"]);
  });
}

scene("sshd: keyboard-interactive shows why authenticate refused when it asks the next time", async () => {
  const lines = ["auth required pam_deno.so grant=prompt asker wants=blue", ...stack()];
  stage().pam("sshd", lines);
  const { code, stdout } = await sshd.connect({
    user: "alice",
    by: "keyboard-interactive",
    command: "echo in",
    steps: [["Colour: ", "blue"], ["Again, unseen: ", "red"], ["Password: ", PASSWORD]],
  });
  assert.equal(code, 255);
  assert.match(stdout, /That is not the colour\nPassword: \n.*Permission denied/);
  assert.doesNotMatch(stdout, /^in$/m);
  await stage().take();
});

scene(
  "sshd: the password method has no answer to a question that shows: refused, and the log says why",
  async () => {
    const lines = ["auth required pam_deno.so debug=yes grant=prompt asker wants=blue", ...stack()];
    const { code, lines: log, shim } = await attempt("password", {}, "authenticate", { lines });
    assert.equal(code, 255);
    assert.ok(log.some(({ text }) => text.endsWith(`asker says: no answer: "conv_err"`)));
    assert.match(shim[0]!, /^auth authenticate asker: conv_err in \d+ ms for user alice$/);
  },
);

scene("sshd: with a key a module that would ask is not asked: there is no authenticate", async () => {
  stage().pam("sshd", ["auth required pam_deno.so grant=prompt asker wants=blue", ...stack()]);
  const { code, stdout } = await sshd.connect({ user: "alice", by: "publickey", command: "echo in" });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "in\n" });
  await stage().take(({ hooks }) => order(hooks).includes("setCredentials delete"));
});

for (
  const { by, code, why } of [
    { by: "publickey", code: 0, why: "sshd takes it for a warning" },
    { by: "password", code: 0, why: "sshd takes it for a warning there, too" },
    { by: "keyboard-interactive", code: 255, why: "sshd gives up there" },
  ] as const
) {
  scene(
    `sshd: setCredentials that fails ${code === 0 ? "ends no" : "ends a"} login with ${by}: ${why}`,
    async () => {
      stage().pam("sshd", stack({ auth: "answer=setCredentials:cred_err" }));
      const steps: Step[] = by === "publickey" ? [] : [["assword: ", PASSWORD]];
      const output = await sshd.connect({ user: "alice", by, command: "echo in", steps });
      assert.equal(output.code, code);
      assert.equal(/^in$/m.test(output.stdout), code === 0);
      const { shim } = await stage().take(({ hooks }) => order(hooks).includes("setCredentials establish"));
      assert.ok(shim.some((line) => /setCredentials recorder: cred_err/.test(line)), shim.join("\n"));
    },
  );
}
