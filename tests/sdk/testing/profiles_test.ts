// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dataKey, defineModule, type Hook, type PamModule } from "@pam-deno/sdk";
import {
  formatProfile,
  HOOKS_OF_CALLS,
  type Profile,
  PROFILE_DATA,
  PROFILE_SCENE,
  type ProfileName,
  profileOf,
  PROFILES,
  type ProfileStep,
  profileText,
  runProfile,
} from "@pam-deno/sdk/testing";
import * as v from "valibot";
import { said } from "../codes.ts";

const NAMES = Object.keys(PROFILES) as ProfileName[];
const ALL: readonly [ProfileName, Profile][] = NAMES.map((name) => [name, PROFILE_DATA[name]]);

const trail = dataKey("trail", v.array(v.string()));

/** Notes in the data that it was asked, and logs who was asked before. */
function trailing() {
  const note = (hook: Hook) =>
  // deno-lint-ignore no-explicit-any -- one handler for every hook
  ({ data, log, continuity }: any): any => {
    const before = data.get(trail) ?? [];
    log.info(`${hook} ${continuity} ${before.length}`);
    data.set(trail, [...before, hook]);
    return "success";
  };
  return defineModule({
    authenticate: note("authenticate"),
    account: note("account"),
    setCredentials: note("setCredentials"),
    openSession: note("openSession"),
    closeSession: note("closeSession"),
    changePassword: { preliminary: note("preliminary"), update: note("update") },
  });
}

const logged = async (name: ProfileName, options = {}) =>
  (await runProfile(trailing(), name, options)).log.map(({ text }) => text);

Deno.test("profiles: there are the 14 of the manual, each with a line that says what it is", () => {
  assert.equal(NAMES.length, 14);
  for (const name of NAMES) assert.match(PROFILES[name], /^[a-z]\S*.{20,}[^.]$/, name);
});

Deno.test("profiles: all that a step names is there, and every call has a hook", () => {
  for (const [name, { steps, processes, handles }] of ALL) {
    assert.ok(steps.length > 0, name);
    for (const step of steps as readonly ProfileStep[]) {
      assert.ok(Object.hasOwn(processes, step.process), `${name}: ${step.process}`);
      assert.ok(Object.hasOwn(handles, step.handle ?? "main"), `${name}: ${step.handle}`);
      assert.ok(HOOKS_OF_CALLS[step.call].length > 0, `${name}: ${step.call}`);
    }
    for (const { parent } of Object.values(processes)) {
      assert.ok(parent === undefined || Object.hasOwn(processes, parent), `${name}: ${parent}`);
    }
    const texts = JSON.stringify({ steps, handles }).match(/(?<=":")[^"]*\{\w+\}[^"]*/g) ?? [];
    for (const text of texts) assert.doesNotMatch(profileText(text, PROFILE_SCENE), /[{}]/);
  }
});

Deno.test("profileOf() suggests the nearest name, and lists all where none is near", () => {
  assert.throws(
    () => profileOf("sshd-keybord-interactive"),
    {
      name: "TypeError",
      message: said(
        'There is no profile "sshd-keybord-interactive" (did you mean "sshd-keyboard-interactive"?)',
      ),
    },
  );
  assert.throws(
    () => profileOf("ftp"),
    /There is no profile "ftp": write one of sshd-publickey, .*manager \[kit-misused\]/,
  );
  assert.throws(() => profileOf("constructor"), TypeError);
});

Deno.test("runProfile() refuses a name that is none, also from plain JavaScript", async () => {
  await assert.rejects(runProfile(trailing(), "sudoo" as ProfileName), /did you mean "sudo"\?/);
});

Deno.test("profileText() refuses a word that no scene has", () => {
  assert.throws(() => profileText("{shoes}", PROFILE_SCENE), /\{shoes\}, which is no word of a scene/);
});

Deno.test("runProfile(): data of sshd's child reach the session once, and those of the session's child nobody", async () => {
  assert.deepEqual(await logged("sshd-keyboard-interactive"), [
    "authenticate none 0",
    "account same 1",
    "setCredentials resumed 2",
    "openSession same 3",
    "setCredentials same 4",
    "closeSession same 4",
    "setCredentials same 5",
  ]);
});

Deno.test("runProfile(): a changed password after the key is a transaction of its own", async () => {
  const lines = await logged("sshd-publickey", { expired: true });
  assert.deepEqual(lines.slice(4, 6), ["preliminary none 0", "update same 1"]);
  assert.deepEqual(await logged("sshd-expired-password"), [
    ...["authenticate none 0", "account same 1", "setCredentials same 2", "openSession same 3"],
    ...["setCredentials same 4", "preliminary none 0", "update same 1"],
    ...["closeSession same 4", "setCredentials same 5"],
  ]);
});

Deno.test("runProfile(): keyboard-interactive has it changed in the child that authenticated", async () => {
  const lines = await logged("sshd-keyboard-interactive", { expired: true });
  assert.deepEqual(lines.slice(2, 5), ["preliminary same 2", "update same 3", "setCredentials resumed 4"]);
});

Deno.test("runProfile(): a password that has expired is the end where nobody can change it", async () => {
  for (const name of ["cron", "polkit", "display-manager"] as const) {
    const { outcome, refusedBy } = await runProfile(trailing(), name, { expired: true });
    assert.deepEqual([outcome, refusedBy?.hook], ["refused", "account"], name);
  }
});

Deno.test("runProfile(): sudo is about its caller first, and then about the target", async () => {
  const { steps } = await runProfile(trailing(), "sudo", { user: "carol", target: "backup" });
  assert.deepEqual(steps.map(({ user }) => user), ["carol", "carol", ...Array(4).fill("backup")]);
  const cached = await runProfile(trailing(), "sudo-cached");
  assert.deepEqual(cached.steps.map(({ hook }) => hook)[0], "account");
  assert.equal(cached.steps[0]?.continuity, "none");
});

/** Asks two questions, and answers with what came of it. */
const asking = defineModule({
  grants: { auth: ["prompt"] },
  async authenticate({ conversation, log, deny }) {
    // What was hidden would not be in a log.
    const tell = (answer: string) => answer === "correct horse" ? "the password" : "something else";
    const hidden = await conversation.promptHidden("Code: ").then(
      (secret) => secret.use((octets) => tell(new TextDecoder().decode(octets))),
      () => "nothing",
    );
    const shown = await conversation.prompt("Ticket: ").then(tell, () => "nothing");
    log.info(`hidden: ${hidden}`);
    log.info(`shown: ${shown}`);
    return hidden === "nothing" ? deny("auth_err", "No code") : "success";
  },
});

Deno.test("runProfile(): sshd's password method gives the password to whatever is hidden", async () => {
  const seen = await runProfile(asking, "sshd-password");
  assert.deepEqual(seen.log.map(({ text }) => text), ["hidden: the password", "shown: nothing"]);
  assert.deepEqual(seen.prompted, []);
  assert.equal(seen.outcome, "passed");
});

Deno.test("runProfile(): the person answers where the application asks one", async () => {
  const seen = await runProfile(asking, "sshd-keyboard-interactive", {
    conversation: [{ prompt: "Code: ", echo: false, answer: "4711" }, {
      prompt: "Ticket: ",
      answer: "OPS-7",
    }],
  });
  assert.deepEqual(seen.log.map(({ text }) => text), ["hidden: something else", "shown: something else"]);
  assert.deepEqual(seen.prompted.map(({ text }) => text), ["Code: ", "Ticket: "]);
});

Deno.test("runProfile(): a question that the script does not expect fails the test, with all that was seen", async () => {
  const conversation = [{ prompt: "Colour: ", answer: "blue" }];
  await assert.rejects(
    runProfile(asking, "login", { conversation }),
    /expected .*"Colour: " and not prompt_echo_off "Code: "[^]*All that was seen:/,
  );
});

Deno.test("runProfile(): where nobody may be asked sudo ends, whatever the module makes of it", async () => {
  const lenient = defineModule({
    grants: { auth: ["prompt"] },
    authenticate: async ({ conversation }) =>
      await conversation.prompt("Sure? ").then(() => "success" as const, () => "success" as const),
  });
  const { outcome, refusedBy } = await runProfile(lenient, "sudo-non-interactive");
  assert.deepEqual([outcome, refusedBy?.hook], ["refused", "authenticate"]);
  assert.equal((await runProfile(lenient, "sudo")).outcome, "passed");
});

Deno.test("runProfile(): libpam asks for the name at login, and the module sees it then", async () => {
  const seen = await runProfile(trailing(), "login", { user: "carol", host: "desk" });
  assert.deepEqual(seen.prompted.map(({ text }) => text), ["desk login: "]);
  assert.deepEqual(seen.steps.map(({ user }) => user), [undefined, ...Array(4).fill("carol")]);
});

Deno.test("runProfile(): items, real users and flags are the application's", async () => {
  const seen: unknown[] = [];
  const module = defineModule({
    account({ service, items, caller, silent }) {
      seen.push([service, items.rhost, items.ruser, items.tty, caller.uid, caller.euid, silent]);
      return "success";
    },
  });
  const users = { alice: { uid: 1007 } };
  for (const name of ["sshd-publickey", "sudo", "su", "cron", "locker"] as const) {
    await runProfile(module, name, { users });
  }
  assert.deepEqual(seen, [
    ["sshd", "192.0.2.7", undefined, "ssh", 0, 0, false],
    ["sudo", undefined, "alice", "/dev/pts/0", 1007, 0, true],
    ["su", undefined, "bob", "/dev/pts/0", 1001, 0, false],
    ["cron", undefined, undefined, "cron", 0, 0, true],
    ["common-auth", "localhost", "alice", ":0", 1007, 1007, false],
  ]);
});

/** The profiles in which a module is refused. */
async function refusedIn(module: PamModule): Promise<ProfileName[]> {
  const seen = await Promise.all(NAMES.map((name) => runProfile(module, name)));
  return seen.filter(({ outcome }) => outcome === "refused").map(({ profile }) => profile);
}

Deno.test("runProfile(): a refusal of setCredentials counts where the application lets it", async () => {
  const module = defineModule({ authenticate: () => "success", setCredentials: () => "cred_err" });
  assert.deepEqual(await refusedIn(module), [
    ...["sshd-keyboard-interactive", "su", "login", "cron", "display-manager"] as const,
  ]);
});

Deno.test("runProfile(): where authenticate ignored in the same process nobody asks what setCredentials says", async () => {
  const module = defineModule({ setCredentials: () => "cred_err" });
  assert.deepEqual(await refusedIn(module), ["sshd-keyboard-interactive", "cron"]);
});

Deno.test("runProfile(): after session_err sudo goes on, after perm_denied it does not", async () => {
  const answering = (code: "session_err" | "perm_denied") => defineModule({ openSession: () => code });
  const soft = await runProfile(answering("session_err"), "sudo");
  assert.equal(soft.outcome, "passed");
  assert.deepEqual(soft.steps.at(-1)?.step.flags, ["delete_cred", "silent"]);
  assert.equal((await runProfile(answering("perm_denied"), "sudo")).outcome, "refused");
});

Deno.test("runProfile(): the PAM environment of sshd's child reaches the session", async () => {
  const module = defineModule({
    grants: { auth: ["env:TICKET"] },
    authenticate({ environment }) {
      environment.set("TICKET", "7");
      return "success";
    },
  });
  const { environment } = await runProfile(module, "sshd-keyboard-interactive");
  assert.equal(environment.TICKET, "7");
  assert.equal(environment.SSH_AUTH_INFO_0, "keyboard-interactive/pam\n");
});

Deno.test("runProfile(): a token that another module has left is there", async () => {
  const module = defineModule({
    grants: { auth: ["authtok"] },
    async authenticate({ authtok, log }) {
      using token = await authtok();
      log.info("{octets} octets", { octets: token.use((bytes) => bytes.length) });
      return "ignore";
    },
  });
  const left = await runProfile(module, "su", { tokens: { authtok: "abc" } });
  assert.deepEqual([left.log[0]?.text, left.prompted], ["3 octets", []]);
  const asked = await runProfile(module, "su");
  assert.deepEqual(asked.prompted.map(({ text }) => text), ["Password: "]);
});

Deno.test("formatProfile() tells of every hook, and of nothing secret", async () => {
  const text = formatProfile(await runProfile(asking, "su", { password: "swordfish" }));
  assert.match(text, /^su: passed\n1\. authenticate in su about alice, data none: success\n/);
  assert.match(
    text,
    /3\. setCredentials \(establish_cred\) in su .*: success, as the module does not define it/,
  );
  assert.doesNotMatch(text.replaceAll(/logged: .*\n.*/g, ""), /swordfish/);
});
