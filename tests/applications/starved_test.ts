// SPDX-License-Identifier: MIT
// What the caller of a set-uid program can bring about with limits, by a rule that keeps members out.
import assert from "node:assert/strict";
import { join } from "node:path";
import { scene, shareStage } from "./stage.ts";

const KEEPER_OUT = join(import.meta.dirname!, "modules", "keeper_out.ts");
/** Members before bob: a long line wants memory. */
const MANY = 5000;
/** Limits around what su needs: open files, and KiB of address space. */
const LIMITS = [
  ...Array.from({ length: 10 }, (_, i) => `-n ${i + 4}`),
  ...Array.from({ length: 24 }, (_, i) => `-v ${3000 + 10 * i}`),
  ...Array.from({ length: 12 }, (_, i) => `-v ${3300 + 300 * i}`),
];

const stage = shareStage((stage) => {
  stage.module("keeper-out", KEEPER_OUT);
  const many = Array.from({ length: MANY }, (_, i) => `u${i}`);
  stage.write("/etc/netgroup", `banned ${many.map((name) => `(,${name},)`).join(" ")} (,bob,)\n`);
  stage.write("/etc/group", `${stage.read("/etc/group")}crew:x:3000:${many.join(",")},bob\n`);
});

/** Which of the limits let alice become `user`. */
async function letIn(user: string, limits: readonly string[]): Promise<string[]> {
  // at the same time: su waits for a second when it refuses
  const lines = limits.map((limit) =>
    `(ulimit ${limit}; exec su ${user} -c 'echo IN ${limit}') 2>/dev/null &`
  );
  const { stdout } = await stage().run(["sh", "-c", [...lines, "wait"].join("\n")], {
    as: "alice",
    ms: 60_000,
  });
  return [...stdout.matchAll(/^IN (.*)$/gm)].map(([, limit]) => limit!).sort();
}

for (const by of ["netgroup", "group"]) {
  scene(`su: no limit of its caller hides that somebody is in a ${by}`, async () => {
    stage().pam("su", [
      "auth required pam_permit.so",
      `account required pam_deno.so keeper-out by=${by}`,
      "session required pam_permit.so",
    ]);
    assert.deepEqual(await letIn("bob", LIMITS), []);
    // whoever is no member gets in, where there is room to find out
    assert.deepEqual(await letIn("carol", ["-n 64", "-v 65536"]), ["-n 64", "-v 65536"]);
  });
}
