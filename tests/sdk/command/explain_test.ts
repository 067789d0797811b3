// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { pageText } from "../../../sdk/command/explain.ts";
import { docsLink } from "../../../sdk/coded.ts";
import { ERROR_CODES, type ErrorCode } from "../../../sdk/error_codes.ts";
import { onTerminal, PAM_DENO, pamDeno } from "./program.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

Deno.test("pam-deno explain shows the page of a code, as people come by it", async () => {
  for (const word of ["broken-off", "broken_off", "[broken-off]", docsLink("broken-off")]) {
    const { status, stdout, stderr } = await pamDeno(["explain", word]);
    assert.deepEqual([status, stderr], [0, ""], word);
    assert.match(
      stdout,
      /^broken-off\n\nThe module hung up.*\n\nWhat happened\n\n.*`service_err`.*\n\nWhy\n\n/,
    );
    assert.match(stdout, /\n\nSee also\n\n- busy: too many hooks were in flight\n/);
  }
});

Deno.test("pam-deno explain without a code lists all of them, a line each", async () => {
  const { status, stdout } = await pamDeno(["explain"]);
  assert.equal(status, 0);
  const listed = [...stdout.matchAll(/^ {2}(\S+): /gm)].map(([, code]) => code);
  assert.deepEqual(listed.toSorted(), CODES.toSorted());
});

Deno.test("pam-deno explain suggests the code that was meant, and says how to find one", async () => {
  const near = await pamDeno(["explain", "deny-throwm"]);
  assert.deepEqual([near.status, near.stdout], [2, ""]);
  assert.match(near.stderr, /There is no code "deny-throwm": did you mean "deny-thrown"\?/);
  const far = await pamDeno(["explain", "xyzzy"]);
  assert.match(far.stderr, /There is no code "xyzzy": `pam-deno explain` lists all of them\./);
});

Deno.test("pam-deno explain --json gives one document", async () => {
  const { stdout } = await pamDeno(["explain", "--json", "busy"]);
  const { code, group, summary, docs, text } = JSON.parse(stdout);
  assert.deepEqual([code, group, summary, docs], ["busy", ...ERROR_CODES.busy, docsLink("busy")]);
  assert.match(text, /^# busy\n/);
  assert.equal(JSON.parse((await pamDeno(["explain", "--json"])).stdout).codes.length, CODES.length);
});

Deno.test("pam-deno explain fits 40 columns, but for code", async () => {
  const { text } = await onTerminal(`${PAM_DENO} explain not-awaited`, { columns: 40 });
  const lines = text.split(/\r?\n/);
  assert.ok(lines.includes("    // wrong"), text);
  // deno-lint-ignore no-control-regex
  const prose = lines.map((line) => line.replaceAll(/\x1b\[\d+m/g, "")).filter((line) =>
    !line.startsWith("    ")
  );
  assert.deepEqual(prose.filter((line) => line.length > 40), []);
  assert.ok(prose.length > 20);
});

Deno.test("pageText() joins paragraphs, names links, leaves code alone, and uses colour for headings only", () => {
  const page =
    "# a\n\nOne\ntwo [b](b.md).\n\n```ts\n// wrong\n\nconst a = [1](2);\n```\n\n## See also\n\n- [b](b.md): x\n  y\n- c\n";
  const options = { wrapped: (text: string) => text, colour: false };
  assert.equal(
    pageText(page, options),
    "a\n\nOne two b.\n\n    // wrong\n\n    const a = [1](2);\n\nSee also\n\n- b: x y\n- c\n",
  );
  assert.equal(pageText("# a\n\nb\n", { ...options, colour: true }), "\u001b[1ma\u001b[22m\n\nb\n");
});
