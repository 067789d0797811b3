// SPDX-License-Identifier: MIT
/**
 * The stage itself: what happens on it touches nothing else, and ends with it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { until } from "./process.ts";
import { RECORDER, scene, Stage } from "./stage.ts";
import { PASSWORD } from "./view.ts";

/** What of the machine must not change: sums of its databases and stacks, its mounts, and what is in the places of a stage. */
async function machine(): Promise<Record<string, string>> {
  const files = [...Deno.readDirSync("/etc/pam.d")].map(({ name }) => `/etc/pam.d/${name}`).sort();
  const { stdout } = await new Deno.Command("sha256sum", {
    args: ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/sudoers", ...files],
  }).output();
  const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort().join(" ");
  return {
    sums: new TextDecoder().decode(stdout),
    mounts: Deno.readTextFileSync("/proc/self/mountinfo"),
    devices: names("/dev"),
    jobs: names("/var/spool/cron/crontabs"),
    stamps: names("/var/lib/sudo"),
  };
}

scene(
  "a stage: two at once, each with its own people, modules and log, and nothing of the machine's",
  async () => {
    const before = await machine();
    {
      await using first = await Stage.open();
      await using second = await Stage.open();
      for (const [stage, code] of [[first, "success"], [second, "acct_expired"]] as const) {
        stage.module("recorder", RECORDER);
        stage.pam("try", [`account required pam_deno.so recorder answer=account:${code}`]);
        await stage.serve();
      }
      second.edit("/etc/passwd", (text) => text.replaceAll("alice", "zoe"));
      const ask = (stage: Stage, user: string) => stage.run(["pamtester", "try", user, "acct_mgmt"]);
      const [allowed, refused] = await Promise.all([ask(first, "alice"), ask(second, "zoe")]);
      assert.deepEqual([allowed.code, refused.code], [0, 1]);
      assert.deepEqual((await first.take()).hooks.map(({ user }) => user), ["alice"]);
      assert.deepEqual((await second.take()).hooks.map(({ user }) => user), ["zoe"]);
      assert.deepEqual((await first.take()).lines, []);
      const { stdout } = await first.run(["cat", "/etc/passwd", "/proc/mounts"]);
      assert.doesNotMatch(stdout, /zoe/);
    }
    assert.deepEqual(await machine(), before);
  },
);

scene("a stage: what was started on it ends with it, and its folder goes", async () => {
  await using stage = await Stage.open();
  const folder = stage.outside("/");
  await stage.run(["sh", "-c", "setsid sleep 4711 >/dev/null 2>&1 &"]);
  const beside = stage.start(["sleep", "4712"]);
  const sleepers = () =>
    [...Deno.readDirSync("/proc")].filter(({ name }) => {
      try {
        const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
        return words[0] === "sleep" && /^471[12]$/.test(words[1] ?? "");
      } catch {
        return false;
      }
    }).length;
  await until(() => sleepers() === 2, () => `both of them: ${sleepers()}`);
  await stage[Symbol.asyncDispose]();
  await beside.end();
  assert.equal(sleepers(), 0);
  assert.throws(() => Deno.statSync(folder), Deno.errors.NotFound);
});

scene("a stage: a dialogue says which text did not come", async () => {
  await using stage = await Stage.open();
  const early = await stage.dialogue(["sh", "-c", "echo Name:; exit 3"], [["Name:", ""], [
    "Password: ",
    PASSWORD,
  ]]);
  assert.deepEqual([early.code, early.stderr], [125, "dialogue: ended before: Password: \n"]);
  const late = await stage.dialogue(["sleep", "30"], [["Name: ", "alice"]], { ms: 1000 });
  assert.deepEqual([late.code, late.stderr], [124, "dialogue: not in time: Name: \n"]);
  const { code, stdout } = await stage.dialogue(["sh", "-c", 'read -r word; echo "<$word>"; exit 3'], [], {
    ms: 1000,
  });
  assert.equal(code, 124, stdout);
});

scene("a stage: a module that does not start is said with all that the supervisor printed", async () => {
  await using stage = await Stage.open();
  stage.module("recorder", RECORDER, { nonsense: true });
  await assert.rejects(stage.serve(), /recorder\.jsonc.*"nonsense"/);
});
