// SPDX-License-Identifier: MIT
/**
 * Runs the lint plugin over what docs/linting.md shows, and the compiler as well: bad code is code that compiles.
 *
 * @module
 */

import plugin from "@pam-deno/sdk/lint";
import assert from "node:assert/strict";
import { join } from "node:path";
import { Page, ROOT } from "./page.ts";

const PAGE = new Page("docs/linting.md");

/** The code of a rule's section that begins with a word in a comment. */
function code(rule: string, word: "bad" | "good"): string {
  const section = PAGE.sections.find(({ title }) => title === `pam-deno/${rule}`);
  const found = section?.blocks.filter(({ text }) => text.startsWith(`// ${word}\n`)) ?? [];
  assert.equal(found.length, 1, `${rule} has ${found.length} blocks that are ${word}`);
  return found[0]!.text;
}

Deno.test("docs/linting.md has a section for each rule and no other", () => {
  assert.deepEqual(
    PAGE.sections.map(({ title }) => title),
    Object.keys(plugin.rules).map((rule) => `pam-deno/${rule}`),
  );
});

for (const rule of Object.keys(plugin.rules)) {
  Deno.test(`docs/linting.md shows what ${rule} finds, and what it wants instead`, () => {
    const ids = (word: "bad" | "good") =>
      Deno.lint.runPlugin(plugin, "module.ts", code(rule, word)).map(({ id }) => id);
    assert.deepEqual(ids("bad"), [`pam-deno/${rule}`]);
    assert.deepEqual(ids("good"), []);
  });
}

Deno.test("what docs/linting.md shows compiles", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-linting-" });
  try {
    const files = Object.keys(plugin.rules).flatMap((rule) =>
      (["bad", "good"] as const).map((word) => {
        const file = join(folder, `${rule}_${word}.ts`);
        Deno.writeTextFileSync(file, code(rule, word));
        return file;
      })
    );
    const { code: status, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", join(ROOT, "deno.json"), ...files],
      env: { NO_COLOR: "1", LD_PRELOAD: "" },
    }).output();
    assert.equal(status, 0, new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
