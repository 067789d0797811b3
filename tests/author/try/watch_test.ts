// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO } from "../../sdk/command/program.ts";
import { moduleText, Scratch, type Told } from "./trying.ts";

/** How long an answer is waited for on a busy machine, in ms. */
const PATIENCE_MS = 30_000;

/** `pam-deno try --watch --json`, line by line. */
class Watching implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly tmp: string;

  constructor(scratch: Scratch, words: readonly string[]) {
    this.tmp = join(scratch.path, "tmp");
    Deno.mkdirSync(this.tmp);
    this.#child = new Deno.Command(PAM_DENO, {
      args: ["try", "--watch", "--json", ...words],
      env: { TMPDIR: this.tmp, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** The next object. */
  async next(): Promise<Told> {
    let timer;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer came")), PATIENCE_MS);
    });
    const { value, done } = await Promise.race([this.#lines.next(), late]);
    clearTimeout(timer);
    assert.ok(!done, "it ended");
    return JSON.parse(value);
  }

  /** Ends it as control-C does, and gives how that went. */
  async end(signal: Deno.Signal = "SIGINT"): Promise<Deno.CommandStatus> {
    this.#child.kill(signal);
    while (!(await this.#lines.next()).done);
    return await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

const deciding = (code: string) => moduleText(`{ account: () => "${code}" }`, `// ${code}`);

Deno.test("try --watch tries again when a file is saved, however an editor writes it", async () => {
  using scratch = new Scratch({ "module.ts": deciding("success") });
  const file = join(scratch.path, "module.ts");
  await using watching = new Watching(scratch, [file, "--user", "alice"]);
  assert.equal((await watching.next()).code, "success");
  Deno.writeTextFileSync(file, deciding("perm_denied"));
  assert.equal((await watching.next()).code, "perm_denied");
  Deno.renameSync(scratch.write("module.ts.new", deciding("auth_err")), file);
  assert.equal((await watching.next()).code, "auth_err");
  Deno.writeTextFileSync(file, "export default {");
  assert.match((await watching.next()).error!.message, /cannot be bundled/);
  // Several saves at once are one.
  for (const code of ["ignore", "buf_err", "user_unknown"]) Deno.writeTextFileSync(file, deciding(code));
  assert.equal((await watching.next()).code, "user_unknown");
  Deno.writeTextFileSync(file, deciding("success"));
  assert.equal((await watching.next()).code, "success");
  await watching.end();
});

Deno.test("try --watch watches every file of the module", async () => {
  using scratch = new Scratch({
    "deno.json": '{ "exports": "./module.ts" }',
    "module.ts": moduleText("{ account: () => code() }", 'import { code } from "./policy/code.ts";'),
    "policy/code.ts": 'export const code = () => "success" as const;\n',
  });
  await using watching = new Watching(scratch, [scratch.path, "--user", "alice"]);
  assert.equal((await watching.next()).code, "success");
  scratch.write("policy/code.ts", 'export const code = () => "perm_denied" as const;\n');
  assert.equal((await watching.next()).code, "perm_denied");
  await watching.end();
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} ends try, and leaves neither files nor processes`, async () => {
    using scratch = new Scratch({ "module.ts": deciding("success") });
    await using watching = new Watching(scratch, [join(scratch.path, "module.ts"), "--user", "alice"]);
    await watching.next();
    assert.equal([...Deno.readDirSync(watching.tmp)].length, 1);
    const status = await watching.end(signal);
    assert.equal(status.success, false);
    assert.deepEqual([...Deno.readDirSync(watching.tmp)], []);
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args="] }).output();
    const left = new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(watching.tmp));
    assert.deepEqual(left, []);
  });
}
