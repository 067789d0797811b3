// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { FAILURES } from "../sdk/hooks.ts";

const ROOT = join(import.meta.dirname!, "..");
const README = Deno.readTextFileSync(join(ROOT, "README.md"));
/** The folder in which the README's reader works, and what each run of the test puts in its place. */
const FOLDER = "/tmp/policy";
const START_MAX_MS = 30_000;

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocks(): Block[] {
  return [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/** The file that a block names in its first line. */
function named(file: string): string {
  const first = `// ${file}\n`;
  const found = blocks().find(({ text }) => text.startsWith(first));
  assert.ok(found, `README.md has no block for ${file}`);
  return found.text.slice(first.length);
}

/** The one command of the README that has `word` in it. */
function command(word: string): string {
  const found = blocks().filter(({ language, text }) => language === "sh" && text.includes(word));
  assert.equal(found.length, 1, `README.md has ${found.length} commands with ${word}`);
  return found[0]!.text;
}

async function shell(text: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", text],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${text}\n${said}${new TextDecoder().decode(stderr)}`);
  return said;
}

async function untilReady(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let said = "";
  for (let read; !(/^ready .*\n.*\n/m.test(said)) && !(read = await reader.read()).done;) {
    said += decoder.decode(read.value, { stream: true });
  }
  await reader.cancel();
  return said;
}

Deno.test("README.md begins with the module of examples/office-hours", () => {
  const file = Deno.readTextFileSync(join(ROOT, "examples/office-hours/module.ts"));
  assert.equal(named("examples/office-hours/module.ts"), file.slice(file.indexOf("import ")));
});

Deno.test("README.md leads an author from a file to a decision", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-readme-" });
  await Deno.chmod(folder, 0o755);
  const here = (text: string) => text.replaceAll(FOLDER, folder);
  await Deno.mkdir(join(folder, "modules"));
  for (const file of ["remote.ts", "modules/remote.jsonc", "remote_test.ts", "decide.ts"]) {
    await Deno.writeTextFile(join(folder, file), here(named(`${FOLDER}/${file}`)));
  }
  assert.match(await shell(here(command("remote_test.ts"))), /1 passed \| 0 failed/);
  const supervisor = new Deno.Command("sh", {
    args: ["-c", `exec ${here(command("scripts/pam-deno serve"))}`],
    cwd: ROOT,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const late = setTimeout(() => supervisor.kill("SIGTERM"), START_MAX_MS);
  try {
    const said = await untilReady(supervisor.stdout);
    assert.match(said, /^ready remote \(account\) in \d+ ms\n +account required .*pam_deno\.so .* remote\n/m);
    const expected = blocks().find(({ language, text }) => language === "" && text.startsWith("root ::1"));
    assert.equal(await shell(here(command("decide.ts"))), expected?.text);
  } finally {
    clearTimeout(late);
    supervisor.kill("SIGTERM");
    await supervisor.status;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("README.md has the codes of every class of failure", () => {
  const table = /<!-- begin failures -->([\s\S]*?)<!-- end failures -->/.exec(README)?.[1] ?? "";
  for (const [name, codes] of Object.entries(FAILURES)) {
    const row = table.split("\n").find((line) => line.startsWith(`| ${name} `));
    assert.ok(row, `the table has no row for ${name}`);
    const found = [...row.matchAll(/`(\w+)`/g)].map(([, code]) => code);
    const password = codes.preliminary === codes.update ? [codes.update] : [codes.preliminary, codes.update];
    assert.equal(codes.authenticate, codes.account);
    assert.equal(codes.openSession, codes.closeSession);
    assert.deepEqual(found, [codes.account, codes.setCredentials, codes.openSession, ...password], name);
  }
});
