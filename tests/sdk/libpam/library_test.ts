// SPDX-License-Identifier: MIT
import { CODES, openLibpam, type PamCode, ServiceDirectory, strerror } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { runDeno, serviceOf, start } from "./probe.ts";

const USE = `import { strerror } from "@pam-deno/sdk/libpam"; console.log(strerror("success").text);`;

Deno.test("strerror() has a text of its own for every code", () => {
  const texts = (Object.keys(CODES) as PamCode[]).map((code) => {
    const explanation = strerror(code);
    assert.deepEqual(strerror(CODES[code]), explanation);
    assert.equal(explanation.code, code);
    return explanation.text;
  });
  assert.equal(new Set(texts).size, texts.length);
  assert.ok(!texts.includes("Unknown PAM error"), texts.join());
});

Deno.test("strerror() refuses what is not a code", () => {
  for (const code of [32, -1, "nonsense", "toString"]) {
    assert.throws(() => strerror(code as PamCode), RangeError);
  }
});

Deno.test("openLibpam() closes libpam at the end of the scope, and the next use opens it again", () => {
  for (let round = 0; round < 3; round++) {
    using _libpam = openLibpam();
    using services = serviceOf("pam_permit.so");
    using transaction = start(services);
    assert.equal(transaction.account(), "success");
  }
});

Deno.test("openLibpam() does not close libpam under a transaction", () => {
  using services = serviceOf("pam_permit.so");
  const libpam = openLibpam();
  const transaction = start(services);
  assert.throws(
    () => libpam[Symbol.dispose](),
    /^Error: Cannot close libpam: 1 transactions have not been ended \[libpam-misused\]/,
  );
  assert.equal(transaction.account(), "success");
  transaction.end();
  libpam[Symbol.dispose]();
  libpam[Symbol.dispose]();
});

Deno.test("openLibpam() leaves nothing behind for the resource sanitizer", async () => {
  using directory = ServiceDirectory.create();
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  await Deno.writeTextFile(
    `${directory.path}/leak_test.ts`,
    `import { openLibpam, strerror } from "@pam-deno/sdk/libpam";
     Deno.test("clean", () => { using _libpam = openLibpam(); strerror("success"); });`,
  );
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--sanitize-resources", "--config", config, `${directory.path}/leak_test.ts`],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stdout));
});

Deno.test("importing the client opens nothing and needs no permission", async () => {
  const { code, stdout } = await runDeno(`import "@pam-deno/sdk/libpam"; console.log("imported");`, {
    permissions: [],
  });
  assert.equal(code, 0);
  assert.equal(stdout, "imported\n");
});

Deno.test("without --allow-ffi the first use throws Deno's own error", async () => {
  const program = `import { strerror } from "@pam-deno/sdk/libpam";
    try { strerror("success"); } catch (error) { console.log(error instanceof Deno.errors.NotCapable, error.cause); }`;
  const { stdout } = await runDeno(program, { permissions: [] });
  assert.equal(stdout, "true undefined\n");
});

Deno.test("--allow-ffi is the only permission that a transaction needs", async () => {
  using services = serviceOf("pam_permit.so");
  const program = `import { Transaction } from "@pam-deno/sdk/libpam";
    using transaction = Transaction.start({ service: "probe", user: "nobody", confdir: "${services.path}" });
    console.log(transaction.account());`;
  const { stdout, stderr } = await runDeno(program, { permissions: ["--allow-ffi"] });
  assert.equal(stdout, "success\n", stderr);
});

Deno.test("a libpam that cannot be opened is an error with the remedy and the cause", async () => {
  using directory = ServiceDirectory.create();
  await Deno.writeTextFile(`${directory.path}/libpam.so.0`, "this is not a library");
  const { code, stderr } = await runDeno(USE, { env: { LD_LIBRARY_PATH: directory.path } });
  assert.notEqual(code, 0);
  assert.match(
    stderr,
    /Error: Cannot open 'libpam\.so\.0': install Linux-PAM, on Debian the package libpam0g/,
  );
  assert.match(stderr, /Caused by.*(file too short|invalid ELF header)/s);
});
