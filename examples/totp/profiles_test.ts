// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES, runProfile } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import module from "./module.ts";
import { codeAt, Files, NOON } from "./scene.ts";

/** Those in which nobody can be asked with an answer that shows; sshd's password method is one. */
const UNASKED: readonly ProfileName[] = ["sshd-password", "sshd-expired-password", "sudo-non-interactive"];

/** A person with an authenticator, and what is around them; a code counts once, so each application has files of its own. */
const scene = (files: Files) => ({
  now: NOON,
  configured: { secrets: files.secrets, database: files.database },
  conversation: () => [codeAt(NOON)],
});

Deno.test("the module survives every application that can ask, and is refused where it cannot", async () => {
  for (const name of Object.keys(PROFILES) as ProfileName[]) {
    using files = new Files();
    await assertSurvives(module, [name], { ...scene(files), refused: UNASKED });
  }
});

Deno.test("sshd's password method gives no code away, nor is its password taken for one", async () => {
  using files = new Files();
  const { prompted, steps } = await runProfile(module, "sshd-password", scene(files));
  assert.deepEqual(prompted, []);
  assert.equal(steps[0]?.result.code, "conv_err");
});
