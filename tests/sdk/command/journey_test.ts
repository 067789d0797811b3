// SPDX-License-Identifier: MIT
/**
 * The commands one after the other, as an administrator gives them, in folders of their own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { layoutWith } from "../../../sdk/config/layout.ts";
import { change } from "../../../sdk/install/journal.ts";
import { Command } from "../supervisor/site.ts";
import { onTerminal, PAM_DENO, pamDeno, quoted } from "./program.ts";

const NEEDS_ROOT = { ignore: Deno.uid() !== 0 };

/** Folders for everything that `pam-deno` has, and the source of a module. */
class Place implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "pam-deno-journey-" });
  readonly args: readonly string[];

  constructor() {
    // Whoever bundles is another user, and must get here.
    Deno.chmodSync(this.path, 0o755);
    const folders = ["config", "runtime", "state", "keep", "cache", "unit", "pam"];
    for (const name of folders) Deno.mkdirSync(this.at(name), { mode: 0o755 });
    Deno.mkdirSync(this.at("source"), { mode: 0o755 });
    this.write("success");
    this.args = folders.flatMap((name) => [`--${name}-dir`, this.at(name)]);
  }

  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** The module's main file. */
  get module(): string {
    return this.at("source", "policy.ts");
  }

  /** Makes the module answer `code`. */
  write(code: string): void {
    Deno.writeTextFileSync(
      this.module,
      `import { defineModule, type PamModule } from "@pam-deno/sdk";
      export default defineModule({ account: () => ${JSON.stringify(code)} }) as PamModule;\n`,
    );
  }

  run(...words: string[]) {
    return pamDeno([...words, ...this.args]);
  }

  /** All files, with when they were changed. */
  files(): string[] {
    const found: string[] = [];
    const look = (folder: string) => {
      for (const { name, isDirectory } of Deno.readDirSync(folder)) {
        const path = join(folder, name);
        if (isDirectory) look(path);
        else if (name !== ".lock") found.push(`${path} ${Deno.lstatSync(path).mtime?.getTime()}`);
      }
    };
    for (const name of ["config", "state", "unit"]) look(this.at(name));
    return found.sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test(
  "an administrator adds, serves, sees, reloads, upgrades, rolls back and removes a module",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    const added = await place.run("add", place.module, "--yes", "--name", "policy");
    assert.equal(added.status, 0, added.stderr);
    assert.match(
      added.stdout,
      /^account \[success=1 default=ignore\] pam_succeed_if\.so quiet uid = 0\naccount required \S*pam_deno\.so .*policy\n$/,
    );
    assert.match(added.stderr, /^Add policy$/m);

    const lines = await place.run("lines", "policy", "a=b", "two words", "[x]");
    assert.equal(lines.status, 0, lines.stderr);
    assert.equal(lines.stdout, added.stdout.replace("policy\n", "policy a=b [two words] [[x\\]]\n"));
    assert.equal(lines.stderr, "");

    const idle = await place.run("status");
    assert.equal(idle.status, 1);
    assert.match(idle.stdout, /policy.*STOPPED/);
    const nobody = await place.run("reload");
    assert.equal(nobody.status, 1);
    assert.match(nobody.stderr, /^pam-deno: nothing serves modules here/);

    await using server = new Command(["serve", ...place.args]);
    await server.printed(/^ready policy \(account\) in \d+ ms\n {2}account required /m);
    // Whoever was told that it is ready is not told that it starts.
    const serving = await place.run("status");
    assert.equal(serving.status, 0, serving.stdout);
    assert.match(serving.stdout, /policy.*serving/);
    const { modules: [module] } = JSON.parse((await place.run("status", "--json", "policy")).stdout);
    assert.equal(module.state, "serving");
    assert.equal(module.home, "serve");

    const reloaded = await place.run("reload");
    assert.deepEqual(reloaded, { status: 0, stdout: "reloaded policy\n", stderr: "" });
    const misspelt = await place.run("reload", "polcy");
    assert.equal(misspelt.status, 1);
    assert.match(misspelt.stderr, /no module polcy is configured in .* \(did you mean "policy"\?\)/);

    place.write("perm_denied");
    const upgraded = await place.run("add", place.module, "--yes", "--name", "policy");
    assert.equal(upgraded.status, 0, upgraded.stderr);
    assert.match(upgraded.stderr, /^Change policy$/m);
    assert.match(upgraded.stderr, /It may do no more than before/);
    assert.notEqual(await bundle(place), module.installed.sha256);
    const back = await place.run("rollback", "policy", "--yes", "--to", module.installed.sha256.slice(0, 8));
    assert.equal(back.status, 0, back.stderr);
    assert.equal(await bundle(place), module.installed.sha256);

    Deno.writeTextFileSync(place.at("pam", "sshd"), lines.stdout);
    const named = await place.run("remove", "policy", "--yes");
    assert.equal(named.status, 1);
    assert.match(named.stderr, /sshd:2/);
    Deno.removeSync(place.at("pam", "sshd"));
    const removed = await place.run("remove", "policy", "--yes");
    assert.equal(removed.status, 0, removed.stderr);
    assert.match(removed.stdout, /^removed /);
    assert.equal((await place.run("status")).stdout, "No module is configured or installed.\n");
  },
);

/** Leaves what a command leaves that is killed while it changes the module `policy`. */
function interrupt(place: Place): void {
  const layout = layoutWith({ stateDir: place.at("state"), configDir: place.at("config") });
  const path = place.at("config", "modules", "policy.jsonc");
  const about = { name: "policy", running: false, unitChanged: false };
  change(layout, about, [{ path, kind: "file", content: "half" }]);
}

Deno.test(
  "pam-deno reload puts back what an interrupted command left, check and serve tell of it",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    const file = place.at("config", "modules", "policy.jsonc");
    const before = Deno.readTextFileSync(file);
    interrupt(place);
    assert.notEqual(Deno.readTextFileSync(file), before);
    const checked = await place.run("check");
    assert.match(checked.stdout, /pending\.json\n[^]*?do: [^]*?`pam-deno\s+reload`[^]*?\(change-pending\)/);
    const idle = await place.run("reload");
    assert.deepEqual(idle, {
      status: 0,
      stdout: "put back what an interrupted command left of policy\n",
      stderr: "",
    });
    assert.equal(Deno.readTextFileSync(file), before);

    Deno.copyFileSync(place.module, place.at("source", "other.ts"));
    assert.equal((await place.run("add", place.at("source", "other.ts"), "--yes")).status, 0);
    interrupt(place);
    await using server = new Command(["serve", ...place.args]);
    await server.printed(
      /pending\.json: a command that installs is at work, or was interrupted: .*`pam-deno reload`/,
    );
    await server.printed(/^ready other /m);
    assert.doesNotMatch(server.stdout, /^ready policy/m);
    const reloaded = await place.run("reload");
    assert.equal(reloaded.status, 0, reloaded.stderr);
    assert.match(reloaded.stdout, /^put back .* of policy\n/);
    await server.printed(/^ready policy /m);
    assert.equal(Deno.readTextFileSync(file), before);
  },
);

Deno.test(
  "pam-deno rollback --yes works at three in the morning, with a configuration that nobody can read",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    const file = place.at("config", "modules", "policy.jsonc");
    const first = Deno.readTextFileSync(file);
    const sha256 = await bundle(place);
    place.write("perm_denied");
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    Deno.copyFileSync(place.module, place.at("source", "other.ts"));
    assert.equal((await place.run("add", place.at("source", "other.ts"), "--yes")).status, 0);
    const broken = `${first}} oops`;
    Deno.writeTextFileSync(file, broken);
    await using server = new Command(["serve", ...place.args]);
    await server.printed(/^ready other /m);
    await server.printed(/policy\.jsonc:\d+:\d+: /);

    const back = await place.run("rollback", "--yes", "policy");
    assert.equal(back.status, 0, back.stderr);
    assert.equal(Deno.readTextFileSync(file), first);
    assert.equal(await bundle(place), sha256);
    assert.equal((await place.run("status", "policy")).status, 0);
    assert.match(back.stderr.replace(/\s+/g, " "), /policy\.jsonc:\d+:\d+: .* it is kept as \S+\.broken~/);
    assert.equal(Deno.readTextFileSync(`${file}.broken~`), broken);
    // And in turn to what was there before, with the configuration that it had when it was right.
    const again = await place.run("rollback", "--yes", "policy");
    assert.equal(again.status, 0, again.stderr);
    assert.notEqual(await bundle(place), sha256);
    assert.equal(Deno.readTextFileSync(file), first);
  },
);

async function bundle(place: Place): Promise<string> {
  const { stdout } = await place.run("status", "--json", "policy");
  return JSON.parse(stdout).modules[0].installed.sha256;
}

Deno.test(
  "what changes anything asks at the terminal, and changes nothing unless the answer is yes",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    const before = place.files();
    const command = `${PAM_DENO} ${["add", place.module, ...place.args].map(quoted).join(" ")}`;
    for (const typed of ["n\n", "\n", "\x04"]) {
      const { status, text } = await onTerminal(command, { typed, columns: 40 });
      assert.equal(status, 3, text);
      assert.match(text, /Do this to policy\? \[y\/N\]/);
      assert.match(text, /pam-deno: nothing was changed\n$/);
      assert.deepEqual(place.files(), before);
    }
    const { status, text } = await onTerminal(command, { typed: "y\n" });
    assert.equal(status, 0, text);
    assert.match(text, /account required /);
    assert.notDeepEqual(place.files(), before);
  },
);

Deno.test(
  "without a terminal and without --yes nothing is changed, and the remedy is said",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    const empty = place.files();
    const added = await place.run("add", place.module);
    assert.equal(added.status, 3);
    assert.equal(added.stdout, "");
    assert.match(added.stderr, /^Add policy$/m);
    assert.match(added.stderr, /pam-deno: nothing was changed: there is no terminal to ask at; .* --yes\n$/);
    assert.deepEqual(place.files(), empty);
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    place.write("perm_denied");
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    const full = place.files();
    for (const words of [["rollback", "policy"], ["remove", "policy"]]) {
      const { status, stdout, stderr } = await place.run(...words);
      assert.equal(status, 3, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /there is no terminal to ask at/);
      assert.deepEqual(place.files(), full);
    }
  },
);

Deno.test(
  "pam-deno add takes a bundle with the hash in a file, and refuses it with another",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    const sha256 = await bundle(place);
    const file = place.at("source", "ready.js");
    Deno.copyFileSync(place.at("state", "modules", "policy", `${sha256}.js`), file);
    Deno.writeTextFileSync(`${file}.sha256`, `${sha256}  ready.js\n`);
    const added = await place.run("add", file, "--yes", "--sha256", `${file}.sha256`);
    assert.equal(added.status, 0, added.stderr);
    const other = await place.run("add", file, "--yes", "--name", "other", "--sha256", "0".repeat(64));
    assert.equal(other.status, 1);
    assert.match(other.stderr, new RegExp(sha256));
  },
);

Deno.test(
  "pam-deno check prints findings for people and for programs, and fits 40 columns",
  NEEDS_ROOT,
  async () => {
    using place = new Place();
    assert.equal((await place.run("add", place.module, "--yes")).status, 0);
    Deno.writeTextFileSync(
      place.at("pam", "sshd"),
      `account required pam_deno.so config_dir=${place.at("config")} polcy\n`,
    );
    const people = await place.run("check");
    assert.equal(people.status, 1);
    assert.match(people.stdout, /sshd:1/);
    assert.match(people.stdout, /polcy/);
    const programs = await place.run("check", "--json", "--strict");
    assert.equal(programs.status, 1);
    const { findings, errors } = JSON.parse(programs.stdout);
    assert.ok(errors > 0);
    assert.ok(findings.some(({ where }: { where: string }) => where.endsWith("sshd:1")));
    const { text } = await onTerminal(`${PAM_DENO} ${["check", ...place.args].map(quoted).join(" ")}`, {
      columns: 40,
    });
    const wide = text.replaceAll("\r\x1b[K", "\n").split("\n").filter((line) =>
      line.length > 40 && line.trim().includes(" ")
    );
    assert.deepEqual(wide, []);
  },
);
