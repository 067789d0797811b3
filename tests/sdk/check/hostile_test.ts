// SPDX-License-Identifier: MIT
/**
 * Whatever stands in pam.d, in configuration or in state: there are findings, and never an exception or a long wait.
 *
 * @module
 */

import fc from "fast-check";
import assert from "node:assert/strict";
import { Scene } from "./scene.ts";

/** How long a look may take with all that, in ms; it takes a tenth of it. */
const PATIENCE_MS = 20_000;

const noise = (size: number) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
};

Deno.test("checkInstallation() stands whatever may be in pam.d", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  const at = (name: string) => scene.at("pam.d", name);
  Deno.writeFileSync(at("noise"), noise(900_000));
  Deno.writeFileSync(
    at("long"),
    new TextEncoder().encode(`account required pam_deno.so hours ${"x".repeat(1_000_000)}`),
  );
  Deno.writeFileSync(at("longer"), noise(3_000_000));
  Deno.writeTextFileSync(at("words"), `account required pam_deno.so ${"a ".repeat(400_000)}`);
  Deno.writeTextFileSync(at("brackets"), `account ${"[a\\]".repeat(200_000)} pam_deno.so hours`);
  Deno.writeTextFileSync(at("controls"), `account [${"success=1 ".repeat(90_000)}] pam_deno.so hours`);
  Deno.writeTextFileSync(at("backslash"), "\\");
  Deno.writeTextFileSync(at("joined"), "account \\\n".repeat(100_000));
  Deno.writeTextFileSync(
    at("self"),
    "@include self\naccount include self\naccount required pam_deno.so hours\n",
  );
  for (const [a, b] of [["one", "two"], ["two", "one"]] as const) {
    Deno.writeTextFileSync(
      at(a),
      `account include ${b}\n`.repeat(50) + "account required pam_deno.so hours\n",
    );
  }
  // Twelve files of which each includes the next one ten times.
  for (let i = 0; i < 12; i++) {
    Deno.writeTextFileSync(at(`deep${i}`), `account include deep${i + 1}\n`.repeat(10));
  }
  Deno.writeTextFileSync(at("deep12"), "account [success=3] pam_deno.so hours\n");
  Deno.writeTextFileSync(at("absolute"), "@include /dev/zero\naccount required pam_deno.so hours\n");
  Deno.symlinkSync(at("loop"), at("loop"));
  Deno.mkdirSync(at("folder"));
  Deno.symlinkSync("/dev/zero", at("endless"));
  new Deno.Command("mkfifo", { args: [at("pipe")] }).outputSync();
  scene.pam("escapes", "account required SHIM \u001b]0;owned\u0007 hours");

  const begin = performance.now();
  const findings = await scene.check();
  assert.ok(performance.now() - begin < PATIENCE_MS, `${Math.round(performance.now() - begin)} ms`);
  const ids = (service: string) =>
    new Set(findings.filter(({ where }) => where.includes(`/pam.d/${service}`)).map(({ id }) => id));
  assert.ok(ids("longer").has("unreadable"));
  assert.ok(ids("long:").has("pam-line-too-long"));
  assert.ok(ids("words").has("module-options-too-many") || ids("words").has("pam-line-too-long"));
  assert.ok(ids("controls").has("control-broken") || ids("controls").has("jump-too-far"));
  assert.ok(ids("self").has("stack-broken"));
  assert.ok(ids("deep").has("stack-broken"));
  assert.ok(ids("absolute").has("stack-broken"));
  assert.ok(ids("escapes").has("module-unknown"));
  for (const { where, what, remedy } of findings) {
    assert.ok(!/[\p{Cc}]/u.test(where + what + remedy), JSON.stringify(what));
    assert.ok(what.length <= 2_048 && where.length <= 512);
  }
});

Deno.test("checkInstallation() stands any text in pam.d", async () => {
  await using scene = new Scene();
  const word = fc.oneof(
    fc.constantFrom(
      "account",
      "@include",
      "-auth",
      "[success=2 default=die]",
      "required",
      "substack",
      "demo",
      "pam_deno.so",
    ),
    fc.constantFrom("[", "]", "\\", "\\\n", "#", "\n", "\0", "\r", "grant=env:*,,", "timeout=", "=", "hours"),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const property = fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (words) => {
    Deno.writeTextFileSync(scene.at("pam.d", "demo"), words.join(" "));
    const findings = await scene.check();
    assert.deepEqual(
      findings.filter(({ id, what }) => id === "unreadable" && /TypeError|undefined/.test(what)),
      [],
    );
  });
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("checkInstallation() stands files of any kind where others belong", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  const swap = (path: string, make: (path: string) => void) => {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    make(path);
  };
  const places = [
    scene.at("config", "modules", "hours.jsonc"),
    scene.at("state", "modules", "hours", "installed.json"),
    scene.at("state", "modules", "hours"),
    scene.at("run", "hours.sock"),
    scene.at("run", "workers"),
    scene.at("config", "hooks"),
    scene.at("config", "modules"),
    scene.at("pam.d"),
    scene.at("cache"),
  ];
  const kinds: readonly ((path: string) => void)[] = [
    (path) => Deno.mkdirSync(path),
    (path) => Deno.symlinkSync(path, path),
    (path) => Deno.writeFileSync(path, noise(10_000)),
    (path) => void new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  ];
  for (const place of places) {
    for (const make of kinds) {
      swap(place, make);
      assert.ok((await scene.check()).length > 0, place);
    }
    swap(place, (path) => Deno.mkdirSync(path));
  }
});
