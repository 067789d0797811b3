// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { onTerminal, quoted, ROOT } from "./program.ts";

const SCRIPT =
  `import { ask } from "file://${ROOT}/sdk/command/question.ts"; console.error(ask("Shall it be?"));`;
const ASK = `${join(ROOT, "scripts", "deno")} run -A --config ${join(ROOT, "deno.json")} ${
  quoted(`data:application/typescript,${encodeURIComponent(SCRIPT)}`)
}`;

for (
  const [typed, expected] of [
    ["y\n", "yes"],
    ["YES\n", "yes"],
    ["n\n", "no"],
    ["\n", "no"],
    ["yesterday\n", "no"],
    ["\x04", "no"],
  ] as const
) {
  Deno.test(`ask() takes ${JSON.stringify(typed)} for ${expected}`, async () => {
    const { text } = await onTerminal(ASK, { typed });
    assert.match(text, new RegExp(`Shall it be\\? \\[y/N\\] \n?${expected}\n$`));
  });
}

Deno.test("ask() asks the terminal, and not what is piped in", async () => {
  const { text } = await onTerminal(`echo n | ${ASK} | cat`, { typed: "y\n" });
  assert.match(text, /Shall it be\? \[y\/N\] \n?yes\n$/);
});

Deno.test("ask() finds nobody where there is no terminal", async () => {
  const { stderr } = await new Deno.Command("setsid", {
    args: ["--wait", "bash", "-c", `echo y | ${ASK}`],
    stdin: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "nobody\n");
});
