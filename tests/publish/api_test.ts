// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { readDoc, undocumented } from "../../scripts/examples.ts";
import { API_FILE, declarations, readApi } from "../../scripts/publish/api.ts";

const ROOT = Deno.realPathSync(join(import.meta.dirname!, "../.."));

Deno.test("the public API is the one that was looked at: tests/publish/api_gen.txt", async () => {
  const message = "The public API has changed: if that is meant, run deno task api";
  assert.equal(await readApi(ROOT), Deno.readTextFileSync(API_FILE), message);
});

Deno.test("declarations() keeps what a program sees, and no comment", () => {
  const text = "/**\n * It.\n */ export interface It {\n  /** How many. */ readonly many: number;\n}\n";
  assert.equal(declarations(text), "export interface It {\n  readonly many: number;\n}");
});

/** The API of a package with this main file. */
async function apiOf(text: string): Promise<string> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-api-test-" }));
  try {
    const manifest = { name: "@example/one", version: "0.1.0", license: "MIT", exports: "./mod.ts" };
    Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(manifest));
    Deno.writeTextFileSync(join(folder, "mod.ts"), text);
    return await readApi(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("readApi() tells a renamed export, another type and another value of a table, and no other comment", async () => {
  const before =
    'export const WORDS = ["a", "b"] as const;\nexport function f(a: string): number { return 1; }\n';
  const api = await apiOf(before);
  assert.match(api, /readonly \["a", "b"\]/);
  assert.equal(await apiOf(`/** About. */\n${before.replace("return 1", "return 2")}`), api);
  for (
    const [old, other] of [["function f", "function g"], ["a: string", "a: number"], [
      '"b"]',
      '"c"]',
    ]] as const
  ) {
    assert.notEqual(await apiOf(before.replace(old, other)), api, other);
  }
});

Deno.test("every export of every entry point has prose and an example that runs", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  const entries = Object.values<string>(exports).map((path) => join(ROOT, path));
  const json = await readDoc(entries);
  assert.deepEqual([...undocumented(json, `file://${ROOT}/`)], []);
  const names = Object.values(json.nodes).flatMap(({ symbols }) => symbols);
  assert.ok(names.length >= 100, `${names.length} exports were looked at`);
});
