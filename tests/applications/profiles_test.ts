// SPDX-License-Identifier: MIT
/**
 * The profiles of the test kit against the real programs: the same module runs under both, and sees the same, field by field.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Hook, PROFILE_DATA, type ProfileName, PROFILES, runProfile } from "../../sdk/testing/mod.ts";
import prober from "./modules/prober.ts";
import { assertAsRecorded, greetings } from "./profiles_facts.ts";
import { answering, assertUnpacked, PROGRAMS } from "./profiles_programs.ts";
import { Sshd } from "./ssh.ts";
import { scene, shareStage } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

let sshd: Sshd;
const programs = PROGRAMS(() => sshd);
const stage = shareStage(async (stage) => {
  await assertUnpacked();
  stage.module("prober", join(import.meta.dirname!, "modules", "prober.ts"));
  stage.edit("/etc/sudoers", (text) => `${text}Defaults noninteractive_auth\n`);
  stage.write("/run/came/.keep", "");
  Deno.chmodSync(stage.outside("/run/came"), 0o777);
  // The greeter's own.
  stage.pam("greetd-greeter", stack([]).filter((line) => !line.includes(" prober")));
  sshd = await Sshd.start(stage);
});

function stack(words: readonly string[]): string[] {
  return ["auth", "account", "password", "session"].flatMap((type) => [
    `${type} required pam_deno.so grant=prompt,get_env${type === "auth" ? ",set_item:user" : ""} prober ${
      words.join(" ")
    }`,
    `${type} required pam_permit.so`,
  ]);
}

/** A profile in memory and its program, with the same module on the same line. */
async function both(name: ProfileName, words: readonly string[], answer: string = PASSWORD) {
  using _ = answering(answer);
  const expired = PROFILE_DATA[name].expired === true;
  const isAnswer = (word: string) => word.startsWith("answer=");
  const options = expired
    ? [
      ...words.filter((word) => !isAnswer(word)),
      `${words.find(isAnswer) ?? "answer="},account:new_authtok_reqd`,
    ]
    : words;
  const replayed = await runProfile(prober, name, {
    name: "prober",
    options,
    rhost: "127.0.0.1",
    host: Deno.hostname(),
    users: {
      alice: { uid: PEOPLE.alice!.uid, home: "/run/home/alice" },
      bob: { uid: PEOPLE.bob!.uid, home: "/run/home/bob" },
    },
    password: PASSWORD,
    conversation: (messages) => messages.map(({ style }) => style.startsWith("prompt") ? answer : undefined),
  });
  const [services, drive] = programs[name];
  for (const service of services) stage().pam(service, stack(options));
  const came = await drive(stage(), replayed);
  assertAsRecorded(replayed, came.seen.hooks);
  assert.equal(came.passed, replayed.outcome === "passed", `${name} ${words}: ${came.output}`);
  return { replayed, came };
}

for (const name of Object.keys(PROFILES) as ProfileName[]) {
  scene(`profiles: ${name} is what the program does, asks and shows`, async () => {
    const { replayed, came } = await both(name, []);
    assert.deepEqual(greetings([came.output]), greetings(replayed.shown.map(({ text }) => text)));
  });
}

const REFUSALS: Readonly<Partial<Record<Hook, readonly string[]>>> = {
  authenticate: ["auth_err"],
  account: ["perm_denied", "new_authtok_reqd"],
  setCredentials: ["cred_err"],
  openSession: ["perm_denied", "session_err"],
  closeSession: ["session_err"],
  preliminary: ["try_again"],
  update: ["authtok_err"],
};

for (const name of Object.keys(PROFILES) as ProfileName[]) {
  if (PROFILE_DATA[name].expired) continue;
  scene(`profiles: ${name} ends where the program does when a hook refuses`, async (t) => {
    const { steps } = await runProfile(prober, name, { options: ["ask=no"] });
    for (const hook of new Set(steps.map((step) => step.hook))) {
      for (const code of REFUSALS[hook] ?? []) {
        const words = ["ask=no", `answer=${hook}:${code}`];
        await t.step(words[1]!, async () => void await both(name, words));
      }
    }
  });
}

for (const name of Object.keys(PROFILES) as ProfileName[]) {
  if (!PROFILE_DATA[name].steps.some(({ call }) => call === "authenticate")) continue;
  scene(`profiles: ${name} with a module that changes the user`, async () => {
    await both(name, ["ask=no", "become=bob"]);
  });
}

for (const name of Object.keys(PROFILES) as ProfileName[]) {
  if (!PROFILE_DATA[name].steps.some(({ call }) => call === "setCredentials")) continue;
  scene(`profiles: ${name} where authenticate ignores, and setCredentials refuses`, async () => {
    await both(name, ["ask=no", "answer=authenticate:ignore,setCredentials:cred_err"]);
  });
}

const isFull = (name: ProfileName) =>
  PROFILE_DATA[name].steps.some(({ conversation, when }) => conversation === "full" && when === undefined);

for (const [what, answer] of [["empty", ""], ["too long", "x".repeat(512)]] as const) {
  for (const name of (Object.keys(PROFILES) as ProfileName[]).filter(isFull)) {
    scene(`profiles: ${name} where answers are ${what}`, async () => void await both(name, [], answer));
  }
}
