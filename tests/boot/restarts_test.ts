// SPDX-License-Identifier: MIT
/**
 * What logins see of it when the service is restarted, reloaded, killed or upgraded: at most a short wait.
 *
 * @module
 */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { ROOT } from "./debian.ts";
import { Machine } from "./machine.ts";
import { debianPackage, earlierPackage } from "../packaging/built.ts";
import { addExample, addModule, installPackage, OPEN, ownProcesses, service } from "./site.ts";
import { type Asked, figures, installCaller, whileAsked } from "./stream.ts";

const MODULE = "hours";
const UNIT = `pam-deno@${MODULE}.service`;
const STREAM = { service: "stream", user: "root", callers: 2, pauseMs: 5 };

/** How long anybody may wait while the service restarts, in ms. */
const WAIT_MS_MAX = 500;

/** The same while a hook waits for a person, in ms: the unit gives it 3 s. */
const SITTER_MS_MAX = 3_000 + WAIT_MS_MAX;

/** How long anybody may wait for the next worker if those before were killed too, in ms: the back-off takes up to a second. */
const WORKER_KILLED_MS_MAX = 1_000 + WAIT_MS_MAX;

/** How long anybody may wait for the next supervisor, in ms: timers of systemd may be a quarter of a second late. */
const SUPERVISOR_KILLED_MS_MAX = 500 + WAIT_MS_MAX;

/** How long after a worker was killed its calls must have been answered, in ms. */
const KILLED_MS_MAX = 100;

/** From the start of five modules until all have answered, in ms. */
const START_MS_MAX = 2_000;

/** What an idle module may use, in MiB of PSS, supervisor and worker together. */
const PSS_MIB_MAX = 50;

/** The machine around may be busy with something else: how often times are measured at most before they count. */
const ROUNDS = 3;

/** The shim that is in use. */
const SHIM = "/usr/lib/pam-deno/shim/pam_deno.so";

/** Between two strokes against the service, in ms. */
const PAUSE_MS = 150;

const PAM_SUCCESS = 0;
/** What the failure table has for a call whose worker went away. */
const PAM_SERVICE_ERR = 3;

Deno.test({
  name: "logins go on while the service is restarted, reloaded, killed and upgraded",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    const later = await debianPackage();
    const earlier = await earlierPackage();
    await installPackage(machine, earlier);
    await installCaller(machine);
    await addExample(machine, MODULE);
    await service(machine, STREAM.service, [`account required pam_deno.so ${MODULE} ${OPEN}`]);

    await t.step("20 restarts: none refused, nobody waits long", async () => {
      await rounds("20 restarts", WAIT_MS_MAX, async () => {
        return await repeat(machine, 20, () => machine.must(["systemctl", "restart", UNIT]));
      });
    });

    await t.step("50 reloads: everybody gets the policy's answer", async () => {
      await rounds("50 reloads", WAIT_MS_MAX, async () => {
        return await repeat(machine, 50, () => machine.must(["systemctl", "reload", UNIT]));
      });
    });

    await t.step("20 kills of the worker: the policy's answer or the documented code, at once", async () => {
      await rounds("20 kills of the worker", WORKER_KILLED_MS_MAX, async () => {
        const kills: number[] = [];
        const asked = await repeat(machine, 20, async () => void kills.push(await kill(machine, "worker")));
        return answered(asked, kills);
      });
    });

    await t.step("10 kills of the supervisor: the same, and the socket stays", async () => {
      await rounds("10 kills of the supervisor", SUPERVISOR_KILLED_MS_MAX, async () => {
        const kills: number[] = [];
        const asked = await repeat(machine, 10, async () => {
          kills.push(await kill(machine, "supervisor"));
          await machine.until("it serves again", () => isActive(machine));
        });
        return answered(asked, kills);
      });
    });

    await t.step("an upgrade, shim and all: none refused, nobody waits long", async () => {
      await rounds("an upgrade", WAIT_MS_MAX, async () => {
        await machine.must(["dpkg", "--force-downgrade", "--install", `/root/${basename(earlier)}`]);
        const before = await machine.must(["sha256sum", SHIM]);
        const asked = await whileAsked(machine, STREAM, () => installPackage(machine, later));
        assert.notEqual(await machine.must(["sha256sum", SHIM]), before);
        return asked;
      });
    });

    await t.step("a restart while somebody sits at a prompt: nobody else is refused", async () => {
      await addModule(machine, "desk", join(ROOT, "tests/boot/modules/desk.ts"));
      const lines = ["auth required pam_deno.so grant=prompt desk", "account required pam_deno.so desk"];
      await service(machine, "desk", lines);
      await rounds("a restart with somebody at a prompt", SITTER_MS_MAX, async () => {
        const sitter = machine.spawn(["pamtester", "desk", "root", "authenticate"]);
        await shows(sitter, "Name of the desk");
        const asked = await whileAsked(machine, { ...STREAM, service: "desk" }, async () => {
          await machine.must(["systemctl", "restart", "pam-deno@desk.service"]);
        });
        await sitter.stdin.close();
        assert.notEqual((await sitter.status).code, 0, "who was asked gets no answer");
        return asked;
      });
    });

    await t.step("a supervisor that stands still is replaced", async () => {
      const pid = await machine.property(UNIT, "MainPID");
      await machine.must(["kill", "-STOP", pid]);
      await machine.until(
        "the watchdog bites",
        async () => await machine.property(UNIT, "MainPID") !== pid && await isActive(machine),
        30_000,
      );
      assert.match(await machine.journal(UNIT), /Watchdog timeout/);
    });

    await t.step("five modules start in time, and do not need much memory", async () => {
      const names = ["one", "two", "three", "four", "a-name-that-is-too-long-for-a-user"];
      for (const name of names) await addExample(machine, name);
      const units = names.map((name) => `pam-deno@${name}.service`);
      for (const name of names) {
        await service(machine, `ask-${name}`, [`account required pam_deno.so ${name} ${OPEN}`]);
      }
      await machine.must(["systemctl", "stop", UNIT, ...units]);
      const began = performance.now();
      await machine.must(["systemctl", "start", ...units]);
      const started = performance.now() - began;
      await Promise.all(names.map((name) => machine.must(["pamtester", `ask-${name}`, "root", "acct_mgmt"])));
      const answered = performance.now() - began;
      console.log(
        `five modules: started after ${started.toFixed(0)} ms, answered after ${answered.toFixed(0)} ms`,
      );
      assert.ok(answered <= START_MS_MAX, `${answered} ms`);
      const users = (await ownProcesses(machine)).filter(({ unit }) => units.includes(unit)).map((process) =>
        process.status.Uid
      );
      assert.equal(users.length, 2 * units.length);
      assert.equal(new Set(users).size, units.length, "each module has a user of its own");
      const sizes = await idleSizes(machine, units);
      console.log(`PSS of supervisor and worker, MiB: ${sizes.map((mib) => mib.toFixed(1)).join(" ")}`);
      assert.ok(Math.max(...sizes) <= PSS_MIB_MAX, `${sizes}`);
    });
  },
});

/** Does `stroke` so often while people log in. */
async function repeat(machine: Machine, times: number, stroke: () => Promise<unknown>): Promise<Asked[]> {
  return await whileAsked(machine, STREAM, async () => {
    for (let n = 0; n < times; n++) {
      await stroke();
      await pause(PAUSE_MS);
    }
  });
}

/** Waits until an application shows a text. */
async function shows(application: Deno.ChildProcess, text: string): Promise<void> {
  let shown = "";
  const chunks = [application.stdout, application.stderr].map((stream) =>
    stream.pipeThrough(new TextDecoderStream())
  );
  await Promise.race(chunks.map(async (stream) => {
    for await (const chunk of stream.values({ preventCancel: true })) {
      shown += chunk;
      if (shown.includes(text)) return;
    }
    await application.status;
    throw new Error(`it ended and had shown ${JSON.stringify(shown)}`);
  }));
}

/**
 * Does something up to {@linkcode ROUNDS} times, until nobody waited longer than `waitMsMax`. What was answered must be right each
 * time: a round either throws, or gives the calls of which all must have succeeded.
 */
async function rounds(
  title: string,
  waitMsMax: number,
  round: () => Promise<readonly Asked[]>,
): Promise<void> {
  const longest: number[] = [];
  while (longest.length < ROUNDS) {
    const asked = await round();
    const found = figures(asked);
    console.log(title, JSON.stringify(found));
    assert.deepEqual(found.codes, { [PAM_SUCCESS]: asked.length }, title);
    longest.push(found.max);
    if (found.max <= waitMsMax) return;
  }
  assert.fail(`${title}: somebody waited ${longest.join(", ")} ms`);
}

/** Kills, and gives when, in ms of the monotonic clock, which is one for all. */
async function kill(machine: Machine, whom: "worker" | "supervisor"): Promise<number> {
  await machine.must(["pamtester", STREAM.service, STREAM.user, "acct_mgmt"]);
  const main = await machine.property(UNIT, "MainPID");
  const pid = whom === "supervisor" ? main : await machine.must(["pgrep", "-P", main]);
  const at = await machine.must(`kill -KILL ${pid}; read up _ </proc/uptime; echo $up`);
  return Number(at) * 1000;
}

/** Checks the calls that were broken off by kills, and gives the others. */
function answered(asked: readonly Asked[], kills: readonly number[]): readonly Asked[] {
  const broken = asked.filter(({ code }) => code !== PAM_SUCCESS);
  const late = broken.map(({ atMs, tookMs }) =>
    Math.min(...kills.map((kill) => Math.abs(atMs + tookMs - kill)))
  );
  const latest = Math.max(0, ...late);
  console.log(
    `${kills.length} kills broke off ${broken.length} calls, at the latest after ${latest.toFixed(0)} ms`,
  );
  assert.ok(broken.every(({ code }) => code === PAM_SERVICE_ERR), JSON.stringify(figures(asked).codes));
  assert.ok(latest <= KILLED_MS_MAX, `${late}`);
  return asked.filter(({ code }) => code === PAM_SUCCESS);
}

async function isActive(machine: Machine): Promise<boolean> {
  return await machine.property(UNIT, "ActiveState") === "active";
}

/** What each unit's processes use when nothing is asked of them. */
async function idleSizes(machine: Machine, units: readonly string[]): Promise<number[]> {
  const all = await ownProcesses(machine);
  return await Promise.all(units.map(async (unit) => {
    const pids = all.filter((process) => process.unit === unit).map(({ pid }) => pid);
    assert.equal(pids.length, 2, unit);
    const rollups = await Promise.all(pids.map((pid) => machine.must(["cat", `/proc/${pid}/smaps_rollup`])));
    const kib = rollups.map((text) => Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]));
    return kib.reduce((sum, size) => sum + size) / 1024;
  }));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
