// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { ASKING, moduleText, OFFICE_HOURS, Scratch, type Told } from "./trying.ts";

/** Keeps a word in authenticate or account, and says in setCredentials and openSession whether it is there. */
const KEEPING = moduleText(
  `{
  authenticate({ data }) {
    data.set(seen, "authenticate");
    return "success";
  },
  account({ data }) {
    data.set(seen, "account");
    return "success";
  },
  setCredentials({ data, log, continuity }) {
    log.info("{continuity} {kept}", { continuity, kept: data.get(seen) ?? "nothing" });
    return "success";
  },
  openSession({ data, log, continuity }) {
    log.info("{continuity} {kept}", { continuity, kept: data.get(seen) ?? "nothing" });
    return "success";
  },
}`,
  `import { dataKey } from "@pam-deno/sdk";
import * as v from "valibot";
const seen = dataKey("seen", v.string());`,
);
const CONFIG = '{ "imports": { "valibot": "npm:valibot@^1.5.0" } }';

/** The lines of the log that steps of these calls wrote. */
const logged = ({ steps }: Told, ...calls: string[]) =>
  steps.filter((step) => calls.includes(step["hook"] as string)).flatMap((step) =>
    (step["log"] as { text: string }[]).map(({ text }) => text)
  );

Deno.test("try --as sshd-publickey calls what sshd calls, in the processes in which it does", async () => {
  using scratch = new Scratch({ "keeping.ts": KEEPING, "deno.json": CONFIG });
  const told = await scratch.told([
    join(scratch.path, "keeping.ts"),
    "--as",
    "sshd-publickey",
    "--user",
    "alice",
  ]);
  assert.equal(told["outcome"], "passed", JSON.stringify(told));
  assert.equal(told.code, "success");
  assert.deepEqual(told.steps.map(({ hook, process }) => `${hook} in ${process}`), [
    "account in monitor",
    "setCredentials in monitor",
    "openSession in monitor",
    "setCredentials in session",
    "closeSession in monitor",
    "setCredentials in monitor",
  ]);
  const pids = new Set(told.steps.map(({ pid }) => pid));
  assert.equal(pids.size, 2);
  // A fork has its parent's handle, with the module data on it.
  assert.deepEqual(logged(told, "setCredentials"), [
    "same account",
    "same account",
    "same account",
  ]);
});

Deno.test("a child that asks loses its data, but what root's worker carries over (needs root)", {
  ignore: Deno.uid() !== 0,
}, async () => {
  using scratch = new Scratch({ "keeping.ts": KEEPING, "deno.json": CONFIG });
  const told = await scratch.told([
    ...[join(scratch.path, "keeping.ts"), "--as", "sshd-keyboard-interactive", "--user", "root"],
  ]);
  assert.equal(told["outcome"], "passed", JSON.stringify(told));
  assert.deepEqual(logged(told, "setCredentials", "openSession").slice(0, 2), [
    "resumed account",
    "resumed account",
  ]);
});

Deno.test("sshd's password method answers a hidden question with the password, and fails one that shows", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const told = await scratch.told([
    ...[join(scratch.path, "asking.ts"), "--as", "sshd-password", "--user", "alice"],
  ]);
  assert.equal(told["outcome"], "refused");
  assert.equal(told["refused_by"], 1);
  assert.equal(told.code, "service_err");
  assert.match(told["verdict"] as string, /^refused: authenticate in monitor gave service_err/);
  assert.match(told.steps[0]!.failure!.cause, /conv_err/);
  assert.equal(told.status, 1);
});

Deno.test("what refuses in account ends the login, and nothing comes behind it", async () => {
  using scratch = new Scratch();
  const { status, stdout } = await scratch.run([
    ...[OFFICE_HOURS, "--as", "cron", "--user", "alice", "--now", "2026-11-20T23:00Z"],
    ...["--option", "open=08:00", "--option", "close=18:00"],
  ]);
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.match(lines[0]!, /^cron: .*office-hours\/module\.ts$/);
  assert.match(lines[1]!, /^ 1\. account cron [0-9]+ perm_denied \(silent\)$/);
  assert.match(lines.at(-1)!, /^refused: account in cron gave perm_denied$/);
  assert.equal(lines.filter((line) => /^ \d/.test(line)).length, 1);
});

Deno.test("login asks for the name through PAM, and a person answers at the others", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const told = await scratch.told([
    ...[
      join(scratch.path, "asking.ts"),
      "--as",
      "login",
      "--user",
      "alice",
      "--answer",
      "blue",
      "--answer",
      "grün",
    ],
  ]);
  assert.equal(told["outcome"], "passed", JSON.stringify(told));
  assert.deepEqual(told.steps[0]!.prompts.map(({ text, by }) => [text, by]), [
    ["workstation login: ", "application"],
    ["Colour? ", "option"],
    ["Secret? ", "option"],
  ]);
});
