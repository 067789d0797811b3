// SPDX-License-Identifier: MIT
/**
 * A hostile module tries to get at the machine, and is refused: one test for each attempt. Workers are started as `pam-deno serve`
 * starts them, by root with a user for each module.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { play, shareHarness } from "../integration/scene.ts";
import { ATTEMPTS } from "./modules/attempts.ts";

/** Said by whoever refuses: Deno, the kernel, or the worker's own guard. A mistake in an attempt says something else. */
const REFUSED =
  /^text_info refused: .*(?:Requires \w+ access|requires unscoped|may not|EPERM|Permission denied|Failed to create cache storage directory|queryA UNKNOWN|import callback was not specified|asking gives denied|"?state"?: ?"(?:denied|prompt)"|none of 3 to 255 answers)/;

/** Deno reports a missing permission for UDP outside the attempt: what counts is that nothing arrives. */
const SILENT = "node:dgram: send over UDP";

const VICTIM = "victim";
const HOSTILE = "hostile";

const harness = shareHarness((harness) => {
  harness.configure(HOSTILE, join(import.meta.dirname!, "modules", "hostile.ts"));
  harness.configure(
    VICTIM,
    `import { defineModule } from "@pam-deno/sdk";\nexport default defineModule({ account: () => "success" });`,
  );
});

/** What an attempt is pointed at. */
function target(name: string): string {
  const { configDir, runtimeDir } = harness();
  if (/another process|signal|kill by/.test(name)) return String(harness().pids(VICTIM).workers[0]);
  if (/its own socket/.test(name)) return harness().socket(HOSTILE);
  if (/socket of another|list the sockets/.test(name)) return harness().socket(VICTIM);
  if (/the state of another/.test(name)) return join("/var/lib/pam-deno-state", VICTIM, "state.db");
  if (/the configuration of another/.test(name)) return join(configDir, "modules", `${VICTIM}.jsonc`);
  if (/the bundle of another/.test(name)) {
    return fileIn(join(runtimeDir, "workers", VICTIM), /^[0-9a-f]{64}\.js$/);
  }
  if (/read the code cache/.test(name)) return fileIn(join(runtimeDir, "workers", ".cache"), /cache/);
  if (/of another module|from disk/.test(name)) return join(runtimeDir, "workers", VICTIM, "worker.js");
  return address;
}

/** A file that is really there: what cannot be read must not be missing. */
function fileIn(folder: string, pattern: RegExp): string {
  const found = [...Deno.readDirSync(folder)].find(({ name, isFile }) => isFile && pattern.test(name));
  assert.ok(found, `nothing in ${folder} is like ${pattern}`);
  return join(folder, found.name);
}

let address = "";
let server: Deno.HttpServer<Deno.NetAddr> | undefined;
let datagrams = 0;
const receiver = createSocket("udp4", () => datagrams++);

Deno.test.beforeAll(async () => {
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("caught"));
  const { port } = server.addr;
  address = `127.0.0.1:${port}`;
  await new Promise<void>((resolve) => receiver.bind(port, "127.0.0.1", resolve));
});

Deno.test.afterAll(async () => {
  receiver.close();
  await server?.shutdown();
});

for (const name of Object.keys(ATTEMPTS)) {
  Deno.test(`a module cannot ${name}`, async () => {
    const seen = await play(harness(), {
      module: HOSTILE,
      hook: "account",
      args: [`try=${name}`, `at=${target(name)}`],
    });
    assert.equal(seen.code, "perm_denied", `${name}: ${seen.shown.join(" ")} ${JSON.stringify(seen.log)}`);
    if (name === SILENT) return assert.equal(datagrams, 0);
    assert.match(seen.shown.join("\n"), REFUSED, `${name}: ${seen.shown.join("\n")}`);
  });
}

Deno.test("all that a hostile module tried left the other module serving, and nothing on disk", async () => {
  assert.equal((await play(harness(), { module: VICTIM, hook: "account" })).code, "success");
  for (
    const path of [
      "/tmp/pam-deno-attempt",
      "/tmp/pam-deno-attempt.sock",
      "/tmp/pam-deno-attempt.db",
      "/dev/shm/pam-deno-attempt",
    ]
  ) {
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound, path);
  }
  const { runtimeDir } = harness();
  const files = [...Deno.readDirSync(join(runtimeDir, "workers", HOSTILE))].map(({ name }) => name);
  assert.ok(!files.includes("attempt") && files.includes("worker.js"), files.join(" "));
});
