// SPDX-License-Identifier: MIT
/**
 * The real program of each profile, driven as its replay says that a person would: they wait for the questions of the replay, in its
 * order, and answer each with the password.
 *
 * @module
 */

import { join } from "node:path";
import type { ProfileName, ProfileResult } from "../../sdk/testing/mod.ts";
import { until } from "./process.ts";
import type { Seen } from "./recorded.ts";
import type { Method, Sshd } from "./ssh.ts";
import { ROOT, type Stage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

/** What came of a program. */
export interface Came {
  /** All that it showed. */
  readonly output: string;
  /** Whether the person was let in, or the password changed. */
  readonly passed: boolean;
  /** What was seen of its hooks. */
  readonly seen: Seen;
}

/** What the person answers to the questions of the module. */
let typed: string = PASSWORD;

/** Lets the person answer questions of the module otherwise than with the password. */
export function answering(text: string): Disposable {
  typed = text;
  return { [Symbol.dispose]: () => typed = PASSWORD };
}

type Driver = (stage: Stage, replayed: ProfileResult) => Promise<Came>;

/** How long a program may wait for a step, and how long its hooks may take to be written down, in milliseconds. */
const PATIENCE = { ms: 10_000 };
const HOOKS_MS = 5_000;

/** Programs that were unpacked by `scripts/setup`. */
const UNPACKED = join(ROOT, "build", "tools", "applications");

/** Fails if they were not. */
export async function assertUnpacked(): Promise<void> {
  for (const name of ["greetd", "polkitd", "xsecurelock"]) {
    const folder = join(UNPACKED, name);
    if (await Deno.stat(folder).catch(() => undefined)) continue;
    throw new Error(`${folder} is not there: run 'scripts/setup'`);
  }
}

const HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1";
const AUTHPROTO = "/usr/libexec/xsecurelock/authproto_pam";

/** What the person does when they are in: what is typed is not what is shown then. */
const ECHO = 'echo came" "in';
const CAME = /^came in$/m;

/** The questions of a replay, with the answers. */
function answers({ prompted }: ProfileResult): Step[] {
  return prompted.map(({ text }) => [text, typed]);
}

/** All hooks of the replay, or what there is. */
async function seenOf(stage: Stage, { steps }: ProfileResult): Promise<Seen> {
  return await stage.take(({ hooks }) => hooks.length >= steps.length, HOOKS_MS).catch(() => stage.take());
}

/** Somebody on a terminal of their own. */
async function atTerminal(
  stage: Stage,
  replayed: ProfileResult,
  command: readonly string[],
  { as, steps = answers(replayed), passed = CAME }: {
    readonly as?: string;
    readonly steps?: readonly Step[];
    readonly passed?: RegExp;
  },
): Promise<Came> {
  const { stdout } = await stage.dialogue(command, steps, { ...PATIENCE, ...as === undefined ? {} : { as } });
  return { output: stdout, passed: passed.test(stdout), seen: await seenOf(stage, replayed) };
}

/** A driver of sshd for one method. */
export function overSsh(sshd: () => Sshd, by: Method): Driver {
  return async (stage, replayed) => {
    const isChanged = replayed.steps.some(({ step }) => step.process === "passwd");
    const isIn = replayed.outcome === "passed" && !isChanged;
    const { stdout } = await sshd().connect({
      user: "alice",
      by,
      steps: [
        ...by === "password" ? [["password: ", PASSWORD]] as const : [],
        ...answers(replayed),
        ...isIn ? [["$ ", `${ECHO}; exit`]] as const : [],
      ],
      ...PATIENCE,
    });
    const passed = isChanged ? /password updated successfully/ : CAME;
    return { output: stdout, passed: passed.test(stdout), seen: await seenOf(stage, replayed) };
  };
}

const sudo = (...words: string[]): Driver => (stage, replayed) =>
  atTerminal(stage, replayed, ["sudo", ...words, "echo", "came", "in"], { as: "alice" });

/** One sudo that asks, and a second one, of which the hooks count: the time stamp is the terminal's. */
const sudoAgain: Driver = async (stage, replayed) => {
  const first: Step = ["[sudo] password for alice: ", PASSWORD];
  stage.pam("sudo-first", ["auth required pam_unix.so nodelay", "account required pam_permit.so"]);
  const asked = stage.read("/etc/pam.d/sudo");
  stage.write("/run/second", asked);
  stage.write("/etc/pam.d/sudo", stage.read("/etc/pam.d/sudo-first"));
  const wait = "until test -e /run/home/alice/again; do sleep 0.02; done";
  const command = ["sh", "-c", `sudo true && touch /run/home/alice/once; ${wait}; sudo echo came in`];
  const came = atTerminal(stage, replayed, command, { as: "alice", steps: [first, ...answers(replayed)] });
  const once = stage.outside("/run/home/alice/once");
  await until(async () => await Deno.stat(once).then(() => true, () => false), () => "the first sudo");
  stage.write("/etc/pam.d/sudo", asked);
  stage.write("/run/home/alice/again", "");
  try {
    return await came;
  } finally {
    for (const name of ["once", "again"]) await Deno.remove(stage.outside(`/run/home/alice/${name}`));
  }
};

const su: Driver = (stage, replayed) =>
  atTerminal(stage, replayed, ["su", "alice", "-c", "echo came in"], { as: "bob" });

const passwd: Driver = (stage, replayed) =>
  atTerminal(stage, replayed, ["passwd"], { as: "alice", passed: /password updated successfully/ });

const login: Driver = (stage, replayed) => {
  const steps = answers(replayed).map(([text], i): Step => [text, i === 0 ? "alice" : typed]);
  const close = steps.findIndex(([text]) => text.startsWith("closeSession "));
  const at = close < 0 ? steps.length : close;
  if (replayed.outcome === "passed") steps.splice(at, 0, ["$ ", `${ECHO}; exit`]);
  // It asks again, and again: the person gives up.
  else if (replayed.refusedBy?.hook === "authenticate") {
    steps.push(...Array<Step>(4).fill(["login: ", "\x04"]));
  }
  return atTerminal(stage, replayed, ["login"], { steps });
};

const cron: Driver = async (stage, replayed) => {
  const file = "/var/spool/cron/crontabs/alice";
  const marker = "/run/came/in";
  stage.write(file, `@reboot touch ${marker}\n`, 0o600);
  const { gid } = Deno.statSync(stage.outside("/var/spool/cron/crontabs"));
  Deno.chownSync(stage.outside(file), PEOPLE.alice!.uid, gid);
  await using started = stage.start(["cron", "-f"]);
  const seen = await seenOf(stage, replayed);
  await Deno.remove(stage.outside(file));
  // With it, the next cron would take itself for a second one since the machine has started.
  await Deno.remove(stage.outside("/run/crond.reboot"));
  const passed = await Deno.remove(stage.outside(marker)).then(() => true, () => false);
  return { output: started.printed, passed, seen };
};

/** polkitd is not there: the helper says so when PAM has answered, in place of `SUCCESS`. */
const polkit: Driver = async (stage, replayed) => {
  const helper = `/run/programs${HELPER}`;
  await Deno.mkdir(join(stage.outside(helper), ".."), { recursive: true });
  await Deno.copyFile(join(UNPACKED, "polkitd", HELPER), stage.outside(helper));
  await Deno.chmod(stage.outside(helper), 0o4755);
  const stdin = ["cookie", ...answers(replayed).map(([, answer]) => answer)].map((line) => `${line}\n`).join(
    "",
  );
  const { stdout, stderr } = await stage.run([helper, "alice"], { as: "bob", stdin, ...PATIENCE });
  const passed = /Error getting authority/.test(stderr);
  return { output: stdout, passed, seen: await seenOf(stage, replayed) };
};

/** alice without privilege, but for the one that lets her come to the socket of the module. */
const TO_SOCKET = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];

const locker: Driver = async (stage, replayed) => {
  const packet = (type: string, text: string) => `${type} ${text.length}\n${text}\n`;
  const stdin = replayed.prompted
    .map(({ style }) => packet(style === "prompt_echo_off" ? "p" : "u", typed)).join("");
  const alice = ["--reuid", "alice", "--regid", `${PEOPLE.alice!.uid}`, "--init-groups"];
  const { code, stdout } = await stage.run(
    ["setpriv", ...alice, ...TO_SOCKET, "--", join(UNPACKED, "xsecurelock", AUTHPROTO)],
    { stdin, env: { USER: "alice", LOGNAME: "alice", DISPLAY: ":0" }, ...PATIENCE },
  );
  return { output: stdout, passed: code === 0, seen: await seenOf(stage, replayed) };
};

const greetd: Driver = async (stage, replayed) => {
  const log = "/run/greeter.log";
  const marker = "/run/came/in";
  await Deno.remove(stage.outside(log)).catch(() => {});
  const greeter = join(import.meta.dirname!, "programs/greeter.ts");
  const words = [
    Deno.execPath(),
    "run",
    "-A",
    "--no-config",
    greeter,
    "alice",
    typed,
    log,
    `touch ${marker}`,
  ];
  stage.write("/run/greeter.sh", `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")}\n`, 0o755);
  const config = `[terminal]
vt = "none"
[general]
source_profile = false
[default_session]
command = "/run/greeter.sh"
user = "root"
`;
  stage.write("/etc/greetd/config.toml", config);
  await using _ = stage.start([join(UNPACKED, "greetd", "usr", "sbin", "greetd")], {
    env: { TERM: "linux" },
  });
  const seen = await seenOf(stage, replayed);
  const passed = await Deno.remove(stage.outside(marker)).then(() => true, () => false);
  return { output: await Deno.readTextFile(stage.outside(log)).catch(() => ""), passed, seen };
};

/** The services that a program asks, and how it is driven. */
export const PROGRAMS = (sshd: () => Sshd): Readonly<Record<ProfileName, readonly [string[], Driver]>> => ({
  "sshd-publickey": [["sshd", "passwd"], overSsh(sshd, "publickey")],
  "sshd-password": [["sshd", "passwd"], overSsh(sshd, "password")],
  "sshd-keyboard-interactive": [["sshd"], overSsh(sshd, "keyboard-interactive")],
  "sshd-expired-password": [["sshd", "passwd"], overSsh(sshd, "password")],
  "sudo": [["sudo"], sudo()],
  "sudo-cached": [["sudo"], sudoAgain],
  "sudo-non-interactive": [["sudo"], sudo("-n")],
  "su": [["su"], su],
  "login": [["login"], login],
  "cron": [["cron"], cron],
  "passwd": [["passwd"], passwd],
  "locker": [["common-auth"], locker],
  "polkit": [["polkit-1"], polkit],
  "display-manager": [["greetd"], greetd],
});
