// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";

/**
 * A file of mistakes: an expected message stands above its line, `…` in it is whatever the compiler writes
 * there.
 */
interface Snippet {
  readonly name: string;
  readonly expected: ReadonlyMap<number, readonly string[]>;
}

const SNIPPETS = new URL("types/", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);
const EXPECTED = /^\s*\/\/ error: (.*)$/;

async function readSnippets(into: string): Promise<Snippet[]> {
  const snippets: Snippet[] = [];
  for await (const { name } of Deno.readDir(SNIPPETS)) {
    const text = await Deno.readTextFile(new URL(name, SNIPPETS));
    const expected = new Map<number, string[]>();
    let above: string[] = [];
    text.split("\n").forEach((line, index) => {
      const found = EXPECTED.exec(line);
      if (found !== null) above.push(found[1]!);
      else if (above.length > 0) {
        expected.set(index + 1, above);
        above = [];
      }
    });
    snippets.push({ name: name.replace(/\.txt$/, ""), expected });
    await Deno.writeTextFile(`${into}/${name.replace(/\.txt$/, "")}`, text);
  }
  return snippets.sort((a, b) => a.name.localeCompare(b.name));
}

/** The lines of each diagnostic, under `FILE:LINE`. */
async function diagnose(directory: string, snippets: readonly Snippet[]): Promise<Map<string, string[][]>> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "check",
      "--quiet",
      "--config",
      CONFIG.pathname,
      ...snippets.map(({ name }) => `${directory}/${name}`),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const found = new Map<string, string[][]>();
  for (const block of new TextDecoder().decode(stderr).split(/^(?=TS\d+ \[ERROR\]: )/m)) {
    const at = /at file:\/\/\S*\/(\S+\.ts):(\d+):\d+/.exec(block);
    if (!block.startsWith("TS") || at === null) continue;
    const lines = block.slice(0, at.index).replace(/^TS\d+ \[ERROR\]:/, "").split("\n").map((line) =>
      line.trim()
    );
    const key = `${at[1]}:${at[2]}`;
    found.set(key, [...found.get(key) ?? [], lines]);
  }
  return found;
}

function matches(line: string, expected: string): boolean {
  const parts = expected.split("…").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".+")}$`).test(line);
}

Deno.test("mistakes in a module are compile errors that name the remedy", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "pam-deno-types-" });
  try {
    const snippets = await readSnippets(directory);
    assert.ok(snippets.length > 10, "the snippets were found");
    const found = await diagnose(directory, snippets);
    for (const { name, expected } of snippets) {
      await t.step(name, () => {
        for (const [line, messages] of expected) {
          const diagnostics = found.get(`${name}:${line}`) ?? [];
          for (const message of messages) {
            const hit = diagnostics.some((lines) => lines.some((text) => matches(text, message)));
            assert.ok(hit, `line ${line} expects "${message}", and has ${JSON.stringify(diagnostics)}`);
          }
          assert.equal(diagnostics.length, messages.length, `diagnostics of line ${line}`);
        }
        const lines = [...found.keys()].filter((key) => key.startsWith(`${name}:`));
        assert.deepEqual(lines.sort(), [...expected.keys()].map((line) => `${name}:${line}`).sort());
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
