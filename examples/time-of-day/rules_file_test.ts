// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { RULES_FILE_MAX } from "./rules.ts";
import { problemWith, RulesFiles } from "./rules_file.ts";

/** How long a file must be unchanged to be trusted without reading it again. */
const SETTLED_MS = 2000;
const PATIENCE_MS = 10_000;

/** A file in a folder of its own, and the rules in it: its text. */
class TextFile implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "rules");
  readonly files = new RulesFiles((bytes) => {
    this.parsed++;
    return new TextDecoder().decode(bytes);
  });
  parsed = 0;
  told: string[] = [];

  constructor(text: string) {
    this.write(text);
  }

  write(text: string): void {
    Deno.writeTextFileSync(this.path, text);
    Deno.chmodSync(this.path, 0o644);
  }

  get(): string {
    return this.files.get(this.path, (text) => this.told.push(text));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

Deno.test("RulesFiles sees every change in place, however soon it follows and however long the file stays", () => {
  using file = new TextFile("rules 0");
  for (let i = 0; i < 200; i++) {
    // As fast as possible: many of them are within one tick of the kernel's clock.
    file.write(`rules ${i % 10}`);
    assert.equal(file.get(), `rules ${i % 10}`);
  }
});

Deno.test("RulesFiles reads a file that has settled once, and tells of it once", async () => {
  using file = new TextFile("first");
  assert.equal(file.get(), "first");
  const deadline = performance.now() + PATIENCE_MS;
  const changed = Deno.statSync(file.path).ctime!.getTime();
  while (Date.now() - changed <= SETTLED_MS + 10) {
    assert.ok(performance.now() < deadline, "the clock stands still");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  file.get();
  const before = file.parsed;
  for (let i = 0; i < 5; i++) assert.equal(file.get(), "first");
  assert.equal(file.parsed, before);
  assert.deepEqual(file.told, ["first"]);
  file.write("other");
  assert.equal(file.get(), "other");
  assert.deepEqual(file.told, ["first", "other"]);
});

Deno.test({
  name: "RulesFiles trusts files of root and of its own user only (needs root)",
  ignore: Deno.uid() !== 0,
  fn() {
    using file = new TextFile("rules");
    assert.equal(file.get(), "rules");
    Deno.chownSync(file.path, 65534, 65534);
    assert.throws(
      () => file.get(),
      /Cannot trust the rules: the file belongs to user 65534, not to root; run chown root/,
    );
    Deno.chownSync(file.path, 0, 0);
    assert.equal(file.get(), "rules");
  },
});

Deno.test("RulesFiles refuses what is no file, what others may write, and what is too large", () => {
  using file = new TextFile("rules");
  assert.throws(() => file.files.get(join(file.path, ".."), () => {}), /it must be a file/);
  Deno.chmodSync(file.path, 0o646);
  assert.throws(() => file.get(), /others than the owner may write them; run chmod go-w/);
  file.write(" ".repeat(RULES_FILE_MAX));
  assert.equal(file.get().length, RULES_FILE_MAX);
  file.write(" ".repeat(RULES_FILE_MAX + 1));
  assert.throws(() => file.get(), /at most 262144 bytes are read/);
});

Deno.test({
  name: "RulesFiles reads the very file that it has found to be root's (needs root)",
  ignore: Deno.uid() !== 0,
  fn() {
    using file = new TextFile("root's");
    const other = `${file.path}.other`;
    const { statSync } = Deno;
    // Whoever may write in the folder puts another file in its place when it has been looked at.
    Deno.statSync = (path) => {
      const info = statSync(path);
      Deno.writeTextFileSync(other, "evil", { mode: 0o644 });
      Deno.chownSync(other, 65534, 65534);
      Deno.renameSync(other, file.path);
      return info;
    };
    try {
      assert.throws(() => file.get(), /Cannot trust the rules: the file belongs to user 65534/);
    } finally {
      Deno.statSync = statSync;
    }
    assert.equal(file.parsed, 0);
  },
});

Deno.test("RulesFiles does not wait for somebody to write into a pipe", async () => {
  using file = new TextFile("rules");
  Deno.removeSync(file.path);
  const { success } = await new Deno.Command("mkfifo", { args: [file.path] }).output();
  assert.ok(success);
  assert.throws(() => file.get(), /it must be a file/);
});

Deno.test("problemWith() names the remedy", () => {
  const problem = (error: unknown) => problemWith("/etc/x", "time_conf", error);
  assert.equal(
    problem(new Deno.errors.NotFound()),
    '/etc/x: Cannot find the rules file: write it, or correct "time_conf="',
  );
  assert.match(
    problem(new Deno.errors.NotCapable()),
    /grant it under "permissions": \{ "read": \["\/etc\/x"\] \}/,
  );
  assert.match(
    problem(new Deno.errors.PermissionDenied()),
    /must be readable for the user that the module runs as$/,
  );
  assert.equal(problem("odd"), "odd");
});
