// SPDX-License-Identifier: MIT
/**
 * What `add` and `serve` leave is right, and what the libpam of this machine does with it is what was said.
 *
 * @module
 */

import { Transaction } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkInstallation } from "../../../sdk/check/check.ts";
import { type Finding, formatFindings } from "../../../sdk/check/finding.ts";
import { within } from "../worker/client.ts";
import { ROOT } from "./scene.ts";
import { makeSite, type Site } from "../install/site.ts";

const EXAMPLE = join(ROOT, "examples", "time-of-day");
const PATIENCE_MS = 30_000;

/** A running `pam-deno serve`. */
async function startServe({ layout }: Site, name: string): Promise<AsyncDisposable> {
  const folders =
    (["configDir", "runtimeDir", "stateDir", "keepDir", "cacheDir", "unitDir", "libDir"] as const)
      .flatMap((folder) => [`--${folder.replace("Dir", "-dir")}`, layout[folder]]);
  const main = join(ROOT, "sdk", "command", "main.ts");
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "-A",
      `--config=${join(ROOT, "deno.json")}`,
      main,
      "serve",
      ...folders,
    ],
    env: { LD_PRELOAD: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const ready = Promise.withResolvers<void>();
  const collected = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      if (said.includes(`ready ${name} (`)) ready.resolve();
    }
    ready.reject(new Error(`serve has ended:\n${said}`));
  }));
  ready.promise.catch(() => {});
  await within(PATIENCE_MS, ready.promise, `ready ${name}`);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, collected]);
    },
  };
}

function bad(findings: readonly Finding[]): string {
  const found = findings.filter(({ severity }) => severity !== "note");
  return found.length > 0 ? formatFindings(found) : "";
}

Deno.test("checkInstallation() is content with the example as add and serve leave it, and with a right pam.d", async () => {
  using site = await makeSite();
  const { layout } = site;
  const { pamLines, breakGlass } = await site.add(EXAMPLE, { name: "hours" });
  await using _serve = await startServe(site, "hours");
  const options = "tz=Europe/Berlin days=mon-sun hours=00:00-24:00";
  Deno.mkdirSync(layout.pamDirs[0]!, { recursive: true });
  const demo = join(layout.pamDirs[0]!, "demo");
  const shim = join(ROOT, "build", "pam_deno.so");
  const ofAccount = (all: readonly string[]) => all.filter((line) => /^account /.test(line));
  const lines = ofAccount(pamLines).map((line) => line.replace(/\S*pam_deno\.so/, shim));
  const around = ofAccount(breakGlass);
  const write = (...all: string[]) => Deno.writeTextFileSync(demo, `${all.join("\n")}\n`);
  const look = () => checkInstallation({ layout, securityDirs: [] });
  const decide = (user: string) => {
    using transaction = Transaction.start({ service: "demo", user, confdir: layout.pamDirs[0]! });
    return transaction.account();
  };

  write(around[0]!, `${lines[0]} ${options}`, "account required pam_permit.so");
  assert.equal(bad(await look()), "");
  assert.deepEqual([decide("root"), decide("nobody")], ["success", "success"]);

  // Without the last line root is lost, as libpam itself says.
  write(around[0]!, `${lines[0]} ${options}`);
  assert.ok((await look()).some(({ id }) => id === "break-glass-broken"));
  assert.deepEqual([decide("root"), decide("nobody")], ["perm_denied", "success"]);

  write(
    around[0]!,
    `${lines[0]} ${options.replace("Berlin", "Berlim")}`,
    "account required pam_permit.so",
  );
  const refused = (await look()).find(({ id }) => id === "options-refused");
  assert.match(refused?.what ?? "", /tz/);
  assert.equal(refused?.where, `${demo}:2`);
  assert.equal(decide("nobody"), "service_err");
});
