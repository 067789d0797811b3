// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleFile } from "../../../sdk/install/record.ts";
import { findHome } from "../../../sdk/install/home.ts";
import { isPending, lockState } from "../../../sdk/install/journal.ts";
import { recover } from "../../../sdk/install/recover.ts";
import { ADD_PROGRAM } from "./add_program.ts";
import { ROOT } from "./folders.ts";
import { contents, makeSite, moduleText, type Site } from "./site.ts";

/** Kills `add` this many times at random moments around the writing. */
const RANDOM_KILLS = 24;
/** From the beginning of the writing to its end takes about as long, in ms. */
const WRITING_MS = 80;

/** All that is installed, without what differs from one time to the next. */
function state(site: Site): Record<string, string> {
  const all = { ...contents(site.layout.configDir), ...contents(join(site.layout.stateDir, "modules")) };
  return Object.fromEntries(
    Object.entries(all).map((
      [path, text],
    ) => [path, text.replace(/"installed": "[^"]*"/g, `"installed": ""`)]),
  );
}

/** Starts `add` in a process of its own. */
function start(site: Site, specifier: string, sha256?: string): Deno.ChildProcess {
  const options = JSON.stringify({ layout: site.layout, specifier, sha256, name: "gate", start: false });
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "-A",
      "--config",
      join(ROOT, "deno.json"),
      ADD_PROGRAM,
      options,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** Kills it `delay` ms after it has come to `step`, if it is still there. */
async function killAt(child: Deno.ChildProcess, step: string, delay: number): Promise<boolean> {
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (!text.split("\n").slice(0, -1).includes(step)) continue;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    try {
      child.kill("SIGKILL");
    } catch {
      // It has done all already.
    }
    break;
  }
  return (await child.status).signal === "SIGKILL";
}

/** Whatever ran for it ends with it. */
async function assertNobodyLeft({ path }: Site): Promise<void> {
  const left = () =>
    [...Deno.readDirSync("/proc")].filter(({ name }) => {
      try {
        return /^\d+$/.test(name) && Number(name) !== Deno.pid &&
          Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(path);
      } catch {
        return false;
      }
    }).map(({ name }) => name);
  for (let i = 0; i < 100 && left().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(left(), []);
}

/** What the next command does first. */
async function recoverSite({ layout }: Site): Promise<void> {
  using _lock = lockState(layout);
  await recover(layout, findHome(layout));
  assert.equal(isPending(layout), false);
  assert.throws(() => Deno.statSync(join(layout.stateDir, "stage")), Deno.errors.NotFound);
}

interface Scene {
  readonly site: Site;
  readonly folder: string;
  readonly ready: string;
  readonly sha256: string;
  readonly before: Record<string, string>;
  readonly after: Record<string, string>;
}

/** A module that is installed in one version, and what another would make of it. */
async function makeScene(site: Site): Promise<Scene> {
  const files = (code: string, extra = "") => ({
    "deno.json": `{ "exports": "./module.ts" }`,
    "module.ts": moduleText(code, extra),
  });
  const folder = site.source("gate", files("success"));
  await site.add(folder);
  const before = state(site);
  site.source(
    "gate",
    files("perm_denied", `permissions: { read: ["/etc/motd"] }, openSession: () => "success",`),
  );
  const { sha256 } = await site.add(folder);
  const ready = join(site.path, "ready.js");
  Deno.copyFileSync(bundleFile(site.layout, "gate", sha256), ready);
  await goBack(site, before);
  await site.add(ready, { sha256, name: "gate" });
  const after = state(site);
  await goBack(site, before);
  return { site, folder, ready, sha256, before, after };
}

/** Restores what was installed, from outside. */
function goBack(site: Site, before: Record<string, string>): Promise<void> {
  for (const folder of [site.layout.configDir, join(site.layout.stateDir, "modules")]) {
    Deno.removeSync(folder, { recursive: true });
  }
  for (const [path, text] of Object.entries(before)) {
    if (path.endsWith("/")) Deno.mkdirSync(path, { recursive: true });
    else if (text.startsWith("-> ")) Deno.symlinkSync(text.slice(3), path);
    else {
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeTextFileSync(
        path,
        text.replace(`"installed": ""`, `"installed": "2026-01-01T00:00:00.000Z"`),
      );
    }
  }
  return Promise.resolve();
}

function assertOldOrNew({ site, before, after }: Scene, when: string): "old" | "new" {
  const now = state(site);
  const paths = JSON.stringify(Object.keys(now).sort());
  if (paths === JSON.stringify(Object.keys(before).sort())) {
    assert.deepEqual(now, before, when);
    return "old";
  }
  assert.deepEqual(now, after, when);
  return "new";
}

Deno.test("addModule() leaves what was there if it is killed at any of its steps", async () => {
  using site = await makeSite();
  const scene = await makeScene(site);
  for (const step of ["bundling", "loading it without permissions"]) {
    for (const delay of [0, 60]) {
      assert.equal(await killAt(start(site, scene.folder), step, delay), true);
      await assertNobodyLeft(site);
      await recoverSite(site);
      assert.equal(assertOldOrNew(scene, `${step} + ${delay} ms`), "old");
    }
  }
});

Deno.test(`addModule() leaves the old or the new, never a mix, if it is killed ${RANDOM_KILLS} times while it writes`, async () => {
  using site = await makeSite();
  const scene = await makeScene(site);
  const seen = { old: 0, new: 0, undone: 0 };
  for (let i = 0; i < RANDOM_KILLS; i++) {
    const delay = (i / RANDOM_KILLS) * WRITING_MS;
    await killAt(start(site, scene.ready, scene.sha256), "writing", delay);
    if (isPending(site.layout)) seen.undone++;
    await recoverSite(site);
    seen[assertOldOrNew(scene, `after ${delay} ms`)]++;
    await goBack(site, scene.before);
  }
  assert.ok(seen.old > 0, JSON.stringify(seen));
});

/** Links and folders count in what is written: each one is a moment to be killed in. */
Deno.test("recover() puts everything back, wherever a change was interrupted", async () => {
  using site = await makeSite();
  const scene = await makeScene(site);
  // strace would show the same moments: after each of the calls that change something.
  const renames = ["renameSync", "removeSync", "linkSync", "symlinkSync", "openSync"] as const;
  let moments = 0;
  for (let moment = 1;; moment++) {
    let calls = 0;
    const own = renames.map((name) => [name, Deno[name]] as const);
    class Interrupted extends Error {}
    for (const [name, call] of own) {
      Object.defineProperty(Deno, name, {
        configurable: true,
        writable: true,
        value: (...args: unknown[]) => {
          const target = String(
            args.at(name === "linkSync" || name === "renameSync" || name === "symlinkSync" ? 1 : 0),
          );
          const counts = target.startsWith(site.path) && !target.includes("/stage/") &&
            (name !== "openSync" || (args[1] as Deno.OpenOptions | undefined)?.createNew);
          // From the moment on nothing is done any more, as if the machine had stopped.
          if (counts && ++calls >= moment) throw new Interrupted();
          return (call as (...args: unknown[]) => unknown)(...args);
        },
      });
    }
    let finished = false;
    try {
      await site.add(scene.ready, { sha256: scene.sha256, name: "gate" });
      finished = true;
    } catch (error) {
      assert.ok(error instanceof Error);
    } finally {
      for (const [name, call] of own) {
        Object.defineProperty(Deno, name, { configurable: true, writable: true, value: call });
      }
    }
    if (finished) break;
    moments++;
    await recoverSite(site);
    assertOldOrNew(scene, `at moment ${moment}`);
    await goBack(site, scene.before);
  }
  assert.ok(moments >= 15, `${moments} moments`);
});
