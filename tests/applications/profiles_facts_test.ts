// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type ProfileName, type ProfileResult, PROFILES, runProfile } from "../../sdk/testing/mod.ts";
import prober from "./modules/prober.ts";
import { assertAsRecorded, type Probed } from "./profiles_facts.ts";
import type { SeenHook } from "./recorded.ts";

/** What a stage would have seen of a program that does just what the replay says. */
function asSeen({ steps }: ProfileResult, parentOf: (process: string) => string | undefined): SeenHook[] {
  return steps.map(({ result, pid, process }) => {
    const probed: Probed = JSON.parse(result.log.at(-1)!.text);
    const ppid = steps.find((step) => step.process === parentOf(process))?.pid ?? 1;
    return { ...probed, primitive: "", sender: { pid, ppid, uid: 0, command: "it" } } as SeenHook;
  });
}

/** Those with one process, and how the session's child of sshd is started. */
const parentOf = (process: string) => process === "session" || process === "asking" ? "monitor" : undefined;

Deno.test("assertAsRecorded() takes a program that does what its profile says", async () => {
  for (const name of ["sshd-keyboard-interactive", "sudo", "login", "polkit"] as const) {
    const replayed = await runProfile(prober, name);
    assertAsRecorded(replayed, asSeen(replayed, parentOf));
  }
});

Deno.test("assertAsRecorded() notices every field, a process and a call that is otherwise", async () => {
  const replayed = await runProfile(prober, "sudo");
  const seen = asSeen(replayed, parentOf);
  const [first] = seen;
  assert.ok(first !== undefined);
  const others: Record<string, unknown> = {
    hook: "account",
    service: "su",
    user: "bob",
    tty: "ssh",
    rhost: "192.0.2.1",
    ruser: "bob",
    userPrompt: "login: ",
    xdisplay: ":0",
    silent: false,
    continuity: "same",
    trail: ["account"],
    environment: { HOME: "/" },
    answers: { hidden: "conv_err", shown: "password" },
    disallowNullAuthtok: true,
    caller: { ...first.caller, uid: 0 },
  };
  for (const [field, value] of Object.entries(others)) {
    const changed = [{ ...first, [field]: value } as SeenHook, ...seen.slice(1)];
    assert.throws(() => assertAsRecorded(replayed, changed), /as recorded and as replayed/, field);
  }
  const apart = [{ ...first, caller: { ...first.caller, pid: 7 } }, ...seen.slice(1)];
  assert.throws(() => assertAsRecorded(replayed, apart), /the calls, as recorded/);
  assert.throws(() => assertAsRecorded(replayed, seen.slice(1)), /the calls, as recorded/);
  assert.throws(() => assertAsRecorded(replayed, [...seen, first]), /the calls, as recorded/);
});

Deno.test("the prober writes one line for each hook of every profile", async () => {
  for (const name of Object.keys(PROFILES) as ProfileName[]) {
    const { steps, problems } = await runProfile(prober, name);
    assert.deepEqual(problems, [], name);
    for (const { result } of steps) assert.match(result.log.at(-1)!.text, /^\{"as":"prober".*\}$/, name);
  }
});
