// SPDX-License-Identifier: MIT
// Codes of errors that no author can make by a mistake in a handler, each brought about where it comes from.
import assert from "node:assert/strict";
import { defineModule, PamError, type PamModule } from "../../mod.ts";
import { codeIn, docsLink } from "../../sdk/coded.ts";
import { codeOf } from "../../sdk/failure_codes.ts";
import { type LoadedModule, loadModule } from "../../sdk/load.ts";
import { FLAGS } from "../../sdk/tokens.ts";
import { selfTest } from "../../sdk/worker/self_test.ts";
import { bytesOf, runHook, untyped } from "./run_hook.ts";

const GOOD = defineModule({ account: () => "success" });

Deno.test("data-unreadable: a blob that is not JSON", async () => {
  const module = untyped({
    account: ({ data }: { data: { get(key: unknown): unknown } }) => {
      data.get({ name: "x" });
      return "success";
    },
  });
  const { codes } = await runHook(module, "account", { data: bytesOf("{") });
  assert.deepEqual(codes, ["data-unreadable"]);
});

Deno.test("several-verbs: setCredentials with two of them", async () => {
  const module = defineModule({ setCredentials: () => "success" });
  const flags = FLAGS.establish_cred | FLAGS.delete_cred;
  assert.deepEqual((await runHook(module, "setCredentials", { flags })).codes, ["several-verbs"]);
});

Deno.test("shim-older: a shim that does not name the folder of user files", async () => {
  const module = defineModule({
    grants: { session: ["user_file:token"] },
    openSession({ userFiles }) {
      userFiles.set("token", "x");
      return "success";
    },
  });
  const { codes } = await runHook(module, "openSession", { userFiles: null });
  assert.ok(codes.every((code) => code === "shim-older") && codes.length > 0, codes.join());
});

Deno.test("runtime-failed: the handlers of a module cannot be read", async () => {
  const handlers = {
    get(): never {
      throw new Error("broken");
    },
  };
  const broken = { ...loadModule(GOOD, { name: "x" }), handlers } as unknown as LoadedModule;
  assert.deepEqual((await runHook(broken, "account")).codes, ["runtime-failed"]);
});

function codeOfLoading(module: unknown, configured: Record<string, unknown> = {}): string | undefined {
  try {
    loadModule(module, { name: "x", configured });
  } catch (error) {
    return codeOf(error);
  }
}

Deno.test("module-format: a module of a format to come", () => {
  assert.equal(codeOfLoading({ ...GOOD, pamModule: 2 }), "module-format");
  assert.equal(codeOfLoading(GOOD), undefined);
});

Deno.test("configured-option-invalid: an object as an option", () => {
  assert.equal(codeOfLoading(GOOD, { rules: {} }), "configured-option-invalid");
});

Deno.test("declaration-changed, configured-option-refused: what a worker finds before it serves", () => {
  const declared = (module: PamModule) => {
    const { hooks, grants, permissions } = loadModule(module, { name: "x" });
    return { hooks, grants, permissions } as unknown as Parameters<typeof selfTest>[1];
  };
  const other = declared(defineModule({ openSession: () => "success" }));
  const problems = selfTest(loadModule(GOOD, { name: "x", configured: { tz: "UTC" } }), other);
  assert.deepEqual(problems.map(codeIn), ["declaration-changed", "configured-option-refused"]);
});

Deno.test("runtime-damaged: a worker whose requests arrive as something else", () => {
  const { stringify } = JSON;
  let calls = 0;
  JSON.stringify = () => String(calls++);
  try {
    assert.deepEqual(selfTest(loadModule(GOOD, { name: "x" })).map(codeIn), ["runtime-damaged"]);
  } finally {
    JSON.stringify = stringify;
  }
});

/** Runs a program with `confine()` and the like in a process of its own, and gives what it wrote to both streams. */
async function said(program: string): Promise<string> {
  const source = program.replaceAll("SDK", new URL("../../sdk", import.meta.url).href);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      `data:application/typescript,${encodeURIComponent(source)}`,
    ],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("import-refused: code that is not in the bundle", async () => {
  const text = await said(`
    const { confine } = await import("SDK/worker/confine.ts");
    confine();
    for (const name of ["data:text/javascript,0", "node:inspector"]) {
      await import(name).catch((error) => console.log(error.message));
    }
    try { new Worker("data:text/javascript,0"); } catch (error) { console.log(error.message); }
  `);
  const codes = text.trim().split("\n").map(codeIn);
  assert.deepEqual(codes, ["import-refused", "import-refused", "import-refused"], text);
});

Deno.test("started-by-hand: a worker that nobody lets go on", async () => {
  const text = await said(`
    const { prepare } = await import("SDK/worker/main.ts");
    prepare({ read: undefined });
    console.log("it went on");
  `);
  assert.match(text, / \[started-by-hand\] https:/);
  assert.doesNotMatch(text, /it went on/);
});

Deno.test("libpam-missing: a machine without it", async () => {
  const text = await said(`
    Deno.dlopen = () => { throw new Error("cannot open shared object file"); };
    const { openLibpam } = await import("SDK/libpam/mod.ts");
    try { openLibpam(); } catch (error) { console.log(error.message, error.cause.message); }
  `);
  assert.match(text, / \[libpam-missing\] https:\S+ cannot open shared object file$/m);
});

Deno.test("PamError leads to the page about what becomes of a handler that does not catch it", () => {
  const error = new PamError("conv_err", "nobody is there");
  assert.equal(error.message, "nobody is there: conv_err");
  assert.equal(error.docs, docsLink("pam-error-not-caught"));
});
