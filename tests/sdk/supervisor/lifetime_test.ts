// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Client, decide, hookMessage } from "../worker/client.ts";
import { STUBBORN } from "../worker/modules.ts";
import { Command, gone, isThere, MODULE, Site, workers } from "./site.ts";

Deno.test("pam-deno serve replaces a worker that is killed, and keeps the callers waiting meanwhile", async () => {
  using site = new Site();
  site.add("hours");
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  const [pid] = workers(site);
  Deno.kill(pid!, "SIGKILL");
  await gone([pid!]);
  const answer = await decide(site.socket("hours"));
  assert.equal(answer?.type, "result");
  await command.printed(/error hours: Worker \d+ of hours ended by SIGKILL.* \[worker-ended\]/);
  await command.printed(/info hours: A new worker is ready/);
  assert.notEqual(workers(site)[0], pid);
});

Deno.test("pam-deno serve replaces a worker with an unhandled rejection at once", async () => {
  using site = new Site();
  site.add(
    "hours",
    `export default defineModule({ account({ user }) { if (user === "bad") Promise.reject(new Error("x")); return "success"; } });`,
  );
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    await decide(site.socket("hours"), { user: "bad" });
    const answer = await decide(site.socket("hours"));
    assert.equal(answer?.type, "result");
    const took = performance.now() - begin;
    assert.ok(took < 1_500, `the next decision came after ${took} ms`);
  }
  await command.printed(/ended with status 1/);
});

Deno.test("pam-deno serve never waits for more than a second before it starts a worker again", async () => {
  using site = new Site();
  site.add("hours", `export default defineModule({ account() { Deno.exit(3); } });`);
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await decide(site.socket("hours")).catch(() => undefined));
  assert.deepEqual(answers.map((answer) => answer?.type), Array(8).fill(undefined));
  const begin = performance.now();
  await decide(site.socket("hours")).catch(() => undefined);
  assert.ok(performance.now() - begin < 1_500);
});

Deno.test("pam-deno serve leaves no process when it is killed, and starts again in the same place", async () => {
  using site = new Site();
  site.add("hours");
  let pids: number[];
  {
    await using command = new Command(site.args);
    await command.printed(/ready hours/);
    pids = workers(site);
    await command.end("SIGKILL");
  }
  await gone(pids);
  assert.equal(Deno.lstatSync(site.socket("hours")).isSocket, true);
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  assert.equal((await decide(site.socket("hours")))?.type, "result");
});

Deno.test("pam-deno serve lets what is in flight finish even when it is killed itself", async () => {
  using site = new Site();
  site.add(
    "hours",
    `export default defineModule({ async account({ lookup }) { await lookup.passwd(); return "success"; } });`,
  );
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  const pids = workers(site);
  using client = await Client.connect(site.socket("hours"));
  await client.send(hookMessage());
  await client.receive();
  await command.end("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await client.send({ type: "absent" });
  assert.equal((await client.receive())?.type, "result");
  await gone(pids);
});

Deno.test("pam-deno serve ends what a killed supervisor left behind, even if it will not go", async () => {
  using site = new Site();
  site.add(
    "hours",
    `${STUBBORN}
    ${MODULE}`,
  );
  let pids: number[];
  {
    await using command = new Command(site.args);
    await command.printed(/ready hours/);
    pids = workers(site);
    await command.end("SIGKILL");
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(pids.map(isThere), [true], "the module ignores SIGTERM");
  await using command = new Command(site.args);
  await command.printed(/Worker \d+ was left behind by a supervisor that was killed: killed/);
  await gone(pids);
  await command.printed(/ready hours/);
  // The new worker will not go either: a second signal means it.
  Deno.kill(command.pid, "SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const begin = performance.now();
  assert.equal((await command.end("SIGTERM")).code, 0);
  assert.ok(performance.now() - begin < 2_000);
});

Deno.test("pam-deno serve leaves a worker no descriptor with which it could write to a file", async () => {
  using site = new Site();
  site.add("hours");
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  const [pid] = workers(site);
  const files: string[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    const target = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    if (!target.startsWith("/") || target === "/dev/null") continue;
    const flags = parseInt(
      Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`).match(/^flags:\s*(\d+)/m)![1]!,
      8,
    );
    files.push(`${target} ${flags & 3}`);
  }
  assert.ok(files.some((file) => file.includes("v8_code_cache")), files.join("\n"));
  assert.deepEqual(files.filter((file) => !file.endsWith(" 0")), []);
});

Deno.test("pam-deno serve stops while it is still starting", async () => {
  using site = new Site();
  site.add("loops", `for (;;);`);
  await using command = new Command(site.args);
  for (let i = 0; i < 200 && workers(site).length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const begin = performance.now();
  assert.equal((await command.end("SIGTERM")).code, 0);
  assert.ok(performance.now() - begin < 3_000);
  await gone(workers(site));
});
