// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { Output } from "../../../sdk/command/output.ts";
import { Progress } from "../../../sdk/command/progress.ts";
import { wrap } from "../../../sdk/command/wrap.ts";
import { onTerminal, quoted, ROOT } from "./program.ts";

/** Runs a module of TypeScript from this tree. */
function deno(code: string): string {
  const script = `import { Output } from "file://${ROOT}/sdk/command/output.ts";\n${code}`;
  const data = `data:application/typescript,${encodeURIComponent(script)}`;
  return `${join(ROOT, "scripts", "deno")} run -A --config ${join(ROOT, "deno.json")} ${quoted(data)}`;
}

async function inShell(command: string) {
  const { code, stdout, stderr } = await new Deno.Command("setsid", {
    args: ["--wait", "bash", "-c", `set -o pipefail; ${command}`],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return {
    status: code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

Deno.test("Output goes on with the work when nobody reads the results", async () => {
  const code = `const output = new Output();
    for (let i = 0; i < 2000; i++) output.result("x".repeat(1000));
    output.note("the work is done");`;
  const { status, stderr } = await inShell(`${deno(code)} | head -c 1 > /dev/null`);
  assert.equal(stderr, "the work is done\n");
  assert.equal(status, 0);
});

Deno.test("Output writes all of it to a slow reader that does not block", async () => {
  const code = `const output = new Output(); output.result("x".repeat(3_000_000));`;
  const nonBlocking = `perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV' --`;
  const slow = 'n=0; while read -r -N 9999 part || [ -n "$part" ]; do n=$((n + ${#part})); done; echo $n';
  const { stdout, status } = await inShell(`${nonBlocking} ${deno(code)} | { ${slow}; }`);
  assert.equal(stdout.trim(), "3000001");
  assert.equal(status, 0);
});

Deno.test("Output takes the width of the terminal, and no less than 40 columns", async () => {
  const code = `const output = new Output(); output.result(\`width \${output.width}\`);`;
  assert.equal((await onTerminal(deno(code), { columns: 57 })).text, "width 57\n");
  assert.equal((await onTerminal(deno(code), { columns: 12 })).text, "width 40\n");
});

Deno.test("Output wraps for a terminal and leaves lines whole for a pipe", async () => {
  const words = "one two three ".repeat(10).trim();
  const code = `const output = new Output(); output.result(output.wrapped("${words}"));`;
  const { text } = await onTerminal(deno(code), { columns: 40 });
  assert.ok(text.trimEnd().split("\n").length > 3);
  assert.ok(text.split("\n").every((line) => line.length <= 40));
  assert.equal((await inShell(deno(code))).stdout, `${words}\n`);
});

Deno.test("wrap() indents what goes on, keeps short lines and long words", () => {
  assert.equal(wrap("  one two three four", 12), "  one two\n    three\n    four");
  assert.equal(wrap("short", 12), "short");
  assert.equal(
    wrap("/a/path/that/is/longer/than/that and more", 12),
    "/a/path/that/is/longer/than/that\n  and more",
  );
});

/** A stream that keeps what is written. */
class Sink {
  text = "";
  constructor(readonly terminal: boolean) {}
  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
  isTerminal(): boolean {
    return this.terminal;
  }
}

Deno.test("Progress without a terminal is silent for a second, then writes a line for each step", async () => {
  const [stdout, stderr] = [new Sink(false), new Sink(false)];
  {
    using progress = new Progress(new Output(stdout, stderr));
    progress.step("resolving");
    progress.step("bundling");
    assert.equal(stderr.text, "");
    while (stderr.text === "") await new Promise((resolve) => setTimeout(resolve, 10));
    progress.step("starting");
  }
  assert.equal(stderr.text, "pam-deno: bundling\npam-deno: starting\n");
  assert.equal(stdout.text, "");
});

Deno.test("Progress writes one line again on a terminal, and takes it away at the end", async () => {
  const code = `import { Progress } from "file://${ROOT}/sdk/command/progress.ts";
    { using progress = new Progress(new Output());
      progress.step("resolving");
      await new Promise((resolve) => setTimeout(resolve, 1200));
      progress.step("bundling a name that is longer than the terminal is wide"); }
    console.log("done");`;
  const { text } = await onTerminal(deno(code), { columns: 40 });
  const clear = "\r\x1b[K";
  const parts = text.split(clear);
  assert.deepEqual(parts, [
    "",
    "resolving …",
    "resolving … 1 s",
    "",
    "bundling a name that is longer than th…",
    "done\n",
  ]);
});
