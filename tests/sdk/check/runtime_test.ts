// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { judgeUnits, readProperties } from "../../../sdk/check/units.ts";
import { ROOT, Scene } from "./scene.ts";

/** An installation whose program is laid out as the package does it. */
function packaged(): Scene {
  const scene = new Scene();
  const lib = scene.at("lib");
  Deno.mkdirSync(lib);
  for (const name of ["worker.js", "supervise.js", "pam-deno.js", "bundler.js"]) {
    // What a program is told by is in each of the three bundles; worker.js is the one that is always built.
    Deno.copyFileSync(join(ROOT, "build", "worker.js"), join(lib, name));
    Deno.chmodSync(join(lib, name), 0o644);
  }
  Deno.linkSync(Deno.realPathSync(Deno.execPath()), join(lib, "deno"));
  Deno.symlinkSync("deno", join(lib, "pam-deno-worker"));
  Deno.writeTextFileSync(join(lib, "esbuild"), "#!/bin/sh\necho 0.25.5\n");
  Deno.chmodSync(join(lib, "esbuild"), 0o755);
  Deno.mkdirSync(scene.at("cache", "runtime"), { recursive: true });
  return Object.assign(scene, { layout: { ...scene.layout, libDir: lib } });
}

/** Breaks something of the program, and mends it again. */
function program(what: string, id: string, says: RegExp, breakIt: (lib: string) => void): void {
  Deno.test(`checkInstallation() finds ${id}: ${what}`, async () => {
    await using scene = packaged();
    breakIt(scene.at("lib"));
    const found = await scene.finds(id);
    assert.match(`${found.where} ${found.what}`, says);
    assert.match(found.remedy, /reinstall|chown/);
  });
}

Deno.test("checkInstallation() finds nothing wrong with a program that is whole", async () => {
  await using scene = packaged();
  assert.deepEqual(await scene.check(), []);
});

for (const name of ["worker.js", "supervise.js", "pam-deno.js", "bundler.js", "esbuild"]) {
  program(`no ${name}`, "runtime-missing", new RegExp(`${name} there is no such file`), (lib) => {
    Deno.removeSync(join(lib, name));
  });
}
program("another version", "runtime-version", /it is pam_deno 9\.9\.9.* this program is pam_deno/, (lib) => {
  const text = Deno.readTextFileSync(join(lib, "worker.js"));
  Deno.writeTextFileSync(
    join(lib, "worker.js"),
    text.replace(/pam_deno [0-9.]+ protocol/, "pam_deno 9.9.9 protocol"),
  );
});
program("something else", "runtime-version", /supervise.js it does not say which version/, (lib) => {
  Deno.writeTextFileSync(join(lib, "supervise.js"), "console.log(1);");
});
program(
  "a program that others can write",
  "file-unsafe",
  /supervise.js others than root can change/,
  (lib) => {
    Deno.chmodSync(join(lib, "supervise.js"), 0o666);
  },
);
program("a folder that others can write", "place-unsafe", /lib can be written to by others/, (lib) => {
  Deno.chmodSync(lib, 0o777);
});
program(
  "a Deno that is none",
  "program-version",
  /deno asked for its version it says hello, not deno/,
  (lib) => {
    Deno.removeSync(join(lib, "deno"));
    Deno.writeTextFileSync(join(lib, "deno"), "#!/bin/sh\necho hello\n");
    Deno.chmodSync(join(lib, "deno"), 0o755);
  },
);
program("an esbuild that does not run", "program-broken", /esbuild it cannot be run/, (lib) => {
  Deno.chmodSync(join(lib, "esbuild"), 0o644);
});
program(
  "an esbuild that fails",
  "program-version",
  /esbuild asked for its version it says nothing/,
  (lib) => {
    Deno.writeTextFileSync(join(lib, "esbuild"), "#!/bin/sh\nexit 1\n");
  },
);
program("a worker program that is another", "worker-program", /has to be a link to .*deno/, (lib) => {
  Deno.removeSync(join(lib, "pam-deno-worker"));
  Deno.symlinkSync("esbuild", join(lib, "pam-deno-worker"));
});
program("no compiled code", "cache-missing", /workers start more slowly/, (lib) => {
  Deno.removeSync(join(dirname(lib), "cache", "runtime"));
});

Deno.test("judgeUnits() finds nothing wrong with units that are well", () => {
  const socket = readProperties(
    "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nResult=success\n",
  );
  const service = readProperties(
    "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=static\n",
  );
  assert.deepEqual(judgeUnits("hours", socket, service), []);
  const ids = (over: Record<string, string>, other: Record<string, string> = {}) =>
    judgeUnits("hours", { ...socket, ...over }, { ...service, ...other }).map(({ id }) => id);
  assert.deepEqual(ids({ LoadState: "not-found" }), ["unit-missing"]);
  assert.deepEqual(ids({ ActiveState: "failed", Result: "resources" }), ["unit-inactive"]);
  assert.deepEqual(ids({ UnitFileState: "disabled" }), ["unit-not-enabled"]);
  assert.deepEqual(ids({}, { ActiveState: "failed" }), ["unit-failed"]);
  assert.deepEqual(ids({}, { NeedDaemonReload: "yes" }), ["unit-not-reloaded"]);
});
