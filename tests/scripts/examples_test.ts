// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { readDoc, undocumented } from "../../scripts/examples.ts";

const EXAMPLE = " *\n * @example\n * ```ts\n * const one = 1;\n * ```\n";
const ENTRY = `/**\n * An entry point.\n${EXAMPLE} * @module\n */\n`;
const GOOD = `/**\n * Says what it is.\n${EXAMPLE} */\n`;

/** What the check finds in entry points with these texts, as `file:line: message`; `deno doc` reads them. */
async function found(files: Readonly<Record<string, string>>, entries = ["mod.ts"]): Promise<string[]> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const json = await readDoc(entries.map((name) => `${folder}/${name}`));
    return [...undocumented(json, `file://${folder}/`)].map(({ path, line, message }) =>
      `${path}:${line}: ${message}`
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The check finds one thing in `text`, and it starts with `start`. */
async function finds(text: string, start: string): Promise<void> {
  const findings = await found({ "mod.ts": text });
  assert.equal(findings.length, 1, findings.join("\n"));
  assert.ok(findings[0]?.startsWith(start), findings[0]);
}

Deno.test("undocumented() takes prose and an example on every kind of export", async () => {
  const exports = [
    "export type A = string;",
    "export interface B {\n  /** Its size. */\n  readonly size: number;\n}",
    "export const C = 1;",
    "export function d(): void {}",
    "export class E {}",
  ];
  const text = ENTRY + exports.map((code) => GOOD + code).join("\n");
  assert.deepEqual(await found({ "mod.ts": text }), []);
});

Deno.test("undocumented() finds an export without an example, in the file that declares it", async () => {
  const findings = await found({
    "mod.ts": `${ENTRY}export type { A } from "./a.ts";`,
    "a.ts": "\n/** Says what it is. */\nexport type A = string;\n",
  });
  assert.equal(findings.length, 1);
  assert.match(
    findings[0] ?? "",
    /^a\.ts:3: 'A' has no example that runs: add '@example' with a ```ts block/,
  );
});

Deno.test("undocumented() does not count examples that are not run", async () => {
  for (const fence of ["ts ignore", "text", "sh"]) {
    const doc = GOOD.replace("```ts", `\`\`\`${fence}`);
    await finds(`${ENTRY}${doc}export const A = 1;`, "mod.ts:18: 'A' has no example that runs");
  }
});

Deno.test("undocumented() finds an export without prose", async () => {
  const doc = GOOD.replace(" * Says what it is.\n *\n", "");
  await finds(`${ENTRY}${doc}export const A = 1;`, "mod.ts:16: 'A' has no prose in its doc comment");
  const findings = await found({ "mod.ts": `${ENTRY}${GOOD}export const B = 1;\nexport const A = 1;` });
  assert.match(findings.join("\n"), /^mod\.ts:19: 'A' has no doc comment: say what it is.*\n.*no example/);
});

Deno.test("undocumented() wants one example for the overloads of a function", async () => {
  const overloads = `${GOOD}export function f(a: string): void;
/** The same for a number. */
export function f(a: number): void;
export function f(_: unknown): void {}`;
  assert.deepEqual(await found({ "mod.ts": ENTRY + overloads }), []);
});

Deno.test("undocumented() finds an entry point without an example", async () => {
  await finds(
    "/**\n * Words.\n *\n * @module\n */\n",
    "mod.ts:1: an entry point without an example that runs",
  );
});

Deno.test("undocumented() reports what two entry points share once", async () => {
  const findings = await found({
    "mod.ts": `${ENTRY}export { A } from "./a.ts";`,
    "other.ts": `${ENTRY}export { A } from "./a.ts";`,
    "a.ts": "/** Says what it is. */\nexport const A = 1;\n",
  }, ["mod.ts", "other.ts"]);
  assert.equal(findings.length, 1, findings.join("\n"));
  assert.match(findings[0] ?? "", /^a\.ts:2: /);
});

Deno.test("undocumented() refuses a layout of JSON that it does not know", () => {
  assert.throws(() => [...undocumented({ version: 3, nodes: {} }, "file:///")], {
    name: "TypeError",
    message: /printed version 3.*adapt scripts\/examples\.ts/,
  });
});

Deno.test("readDoc() says what deno doc said of an entry point that is not there", async () => {
  await assert.rejects(readDoc(["not-there.ts"]), /deno doc --json (failed|printed fewer)/);
});
