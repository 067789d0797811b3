// SPDX-License-Identifier: MIT
/**
 * Everything that can be seen without running the program: formatting, lint, types, docs, freshness of what is generated,
 * tidiness. Runs it all, also behind a failure, and prints the output of what failed.
 *
 * Usage: `deno task check [NAME…]`
 *
 * @module
 */

import { readTree } from "./tidy/tree.ts";

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** What mends it, where that is not obvious from the output. */
  readonly remedy?: string;
}

/** At once; more gains nothing on the two cores that tests run on. */
const PARALLEL = 2;

const root = new URL("..", import.meta.url).pathname;
const deno = Deno.execPath();
const script = (name: string, ...args: string[]) => [deno, "run", "-A", `scripts/${name}.ts`, ...args];

async function checks(): Promise<Check[]> {
  const tree = await readTree(root.replace(/\/$/, ""));
  const paths = (pattern: RegExp) => [...tree.files.keys()].filter((path) => pattern.test(path));
  const shell = [...tree.files.values()]
    .filter(({ path, text }) => /\.sh$/.test(path) || /^#!.*\b(?:ba)?sh\b/.test(text))
    .map(({ path }) => path);
  const { exports, workspace } = JSON.parse(await Deno.readTextFile("deno.json"));
  const entries = Object.values<string>(exports);
  const modules = workspace.map((folder: string) => `${folder}/module.ts`);
  const handWritten = paths(/^(shim|tests|scripts)\/.*(?<!_gen)\.[ch]$/);
  // The slow ones first.
  return [
    { name: "types", command: [deno, "check", "--quiet", ...paths(/\.ts$/)] },
    { name: "publish", command: script("publish") },
    { name: "api", command: script("publish/api", "--check"), remedy: "deno task api, if it is meant" },
    { name: "docs", command: [deno, "doc", "--lint", ...entries, ...modules] },
    { name: "links", command: script("docs", "--check") },
    { name: "examples", command: script("examples", ...entries) },
    { name: "lint", command: [deno, "lint"] },
    { name: "format", command: [deno, "fmt", "--check"], remedy: "deno fmt" },
    { name: "generated", command: script("gen", "--check"), remedy: "deno task gen" },
    { name: "format C", command: script("format_c", ...handWritten) },
    { name: "headers", command: ["make", "--silent", "-C", "shim", "headers"] },
    { name: "shell", command: ["shellcheck", ...shell] },
    { name: "tidy", command: script("tidy") },
    { name: "versions", command: script("versions") },
    { name: "lockfile", command: [deno, "install", "--frozen"], remedy: "deno install --frozen=false" },
  ];
}

async function run({ name, command, remedy }: Check): Promise<boolean> {
  const [program = "", ...args] = command;
  const began = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1", CI: "true" },
    stdin: "null",
  }).output().catch((error: unknown) => ({
    success: false,
    stdout: new Uint8Array(),
    stderr: new TextEncoder().encode(`${error}: scripts/setup installs what is missing\n`),
  }));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${success ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds} s`);
  if (success) return true;
  for (const output of [stdout, stderr]) {
    const text = new TextDecoder().decode(output).trimEnd();
    if (text !== "") console.log(text.replace(/^/gm, "  "));
  }
  if (remedy !== undefined) console.log(`  mend it with: ${remedy}`);
  return false;
}

if (import.meta.main) {
  Deno.chdir(root);
  const known = await checks();
  const unknown = Deno.args.find((name) => !known.some((check) => check.name === name));
  if (unknown !== undefined) {
    console.error(
      `check: unknown check '${unknown}': one of ${known.map(({ name }) => `'${name}'`).join(", ")}`,
    );
    Deno.exit(2);
  }
  const waiting = known.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!await run(check)) failed.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  console.log(failed.length === 0 ? "check: all is well" : `check: failed: ${failed.join(", ")}`);
  Deno.exit(failed.length === 0 ? 0 : 1);
}
