// SPDX-License-Identifier: MIT
// What the READMEs of the examples tell an administrator to type: the very command is run, the very configuration is served, and
// `pam-deno check` looks at the very lines.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { LINE_TYPES } from "../../sdk/hooks.ts";
import { OptionsParser } from "../../sdk/options.ts";
import type { PamModule } from "../../mod.ts";
import { ROOT } from "../integration/harness.ts";
import { PAM_DENO, type Run } from "../sdk/command/program.ts";
import { Command } from "../sdk/supervisor/site.ts";
import { makeCertificates } from "./ldap-account/certificates.ts";
import {
  addWords,
  configurations,
  type ExampleName,
  MODULES,
  optionNames,
  pamLines,
  readme,
  type Replaced,
  shimLines,
} from "./readme.ts";

/** Where the READMEs suppose the tree to be. */
const TREE = "/usr/local/src/pam-deno";
const FOLDERS = ["config", "runtime", "state", "keep", "cache", "pam"];
const TYPES = [...new Set(Object.values(LINE_TYPES))];

/** What there is to say against lines on purpose: those of credentials let people in without a token. */
const FOUND: { readonly [N in ExampleName]?: readonly string[] } = { credentials: ["refusal-ignored"] };

/** A machine's folders, and files in place of those that the READMEs name. */
class Machine implements Disposable {
  readonly path: string;
  readonly words: readonly string[];
  readonly replaced: Replaced;

  private constructor(path: string, ca: string) {
    this.path = path;
    for (const name of FOLDERS) Deno.mkdirSync(join(path, name), { mode: 0o755 });
    // Where there is no folder of units, none are made: `serve` runs the modules.
    this.words = [...FOLDERS, "unit"].flatMap((name) => [`--${name}-dir`, join(path, name)]);
    this.replaced = {
      [TREE]: ROOT,
      "/etc/pam-deno/client-secret": this.#secret("client-secret", "not a secret\n"),
      "/etc/pam-deno/secrets/ldap": this.#secret("bind-password", "not a secret\n"),
      "/etc/pam-deno/totp-secrets": this.#secret("totp", "alice GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"),
      "/etc/pam-deno/ldap-ca.pem": ca,
    };
  }

  static async make(): Promise<Machine> {
    const path = Deno.makeTempDirSync({ prefix: "pam-deno-readme-" });
    // Whoever bundles is another user, and must get here.
    Deno.chmodSync(path, 0o755);
    return new Machine(path, (await makeCertificates(path)).ca);
  }

  #secret(name: string, text: string): string {
    const file = join(this.path, name);
    Deno.writeTextFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** The configuration of a module. */
  file(name: ExampleName): string {
    return join(this.path, "config", "modules", `${name}.jsonc`);
  }

  /** Runs `pam-deno` from the top of the tree. */
  async run(...words: string[]): Promise<Run> {
    const { code, stdout, stderr } = await new Deno.Command("setsid", {
      args: ["--wait", PAM_DENO, ...words, ...this.words],
      cwd: ROOT,
      env: { NO_COLOR: "1", COLUMNS: "", LD_PRELOAD: "" },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { status: code, stdout: text(stdout), stderr: text(stderr) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The grants of a line, sorted. */
function grantsOf(words: readonly string[]): string[] {
  return words.flatMap((word) => word.startsWith("grant=") ? word.slice("grant=".length).split(",") : [])
    .sort();
}

/** Everything in `part` is in `whole`, too. */
function assertWithin(part: unknown, whole: unknown, what: string): void {
  if (Array.isArray(part) && Array.isArray(whole)) {
    const said = whole.map((value) => JSON.stringify(value));
    for (const value of part) {
      assert.ok(said.includes(JSON.stringify(value)), `${what}: ${JSON.stringify(value)}`);
    }
  } else if (typeof part === "object" && part !== null && typeof whole === "object" && whole !== null) {
    for (const [key, value] of Object.entries(part)) {
      assertWithin(value, (whole as Record<string, unknown>)[key] ?? {}, `${what}.${key}`);
    }
  } else if (Array.isArray(whole)) assert.deepEqual([part], whole, what);
  else assert.deepEqual(part, whole, what);
}

/** The names of the options that a module's validator knows; those that refuse all others do not tell the SDK. */
function knownNames({ options }: PamModule): string[] {
  const { entries } = options as { entries?: Record<string, unknown> };
  const known = new OptionsParser(options).known ?? (entries && Object.keys(entries));
  assert.ok(known !== undefined, "the validator does not say what it knows");
  return [...known];
}

/** Adds a module as its README says, puts the README's configuration in place, and writes a service with the README's lines. */
async function install(machine: Machine, name: ExampleName): Promise<void> {
  const words = addWords(name, machine.replaced);
  assert.deepEqual(words.slice(0, 2), ["add", `examples/${name}`]);
  const added = await machine.run(...words, "--yes");
  assert.equal(added.status, 0, added.stderr);

  const [expected] = configurations(name, machine.replaced);
  const left = parse(Deno.readTextFileSync(machine.file(name)));
  assertWithin(left, expected, `what add leaves is in the README's configuration of ${name}`);
  Deno.writeTextFileSync(machine.file(name), JSON.stringify(expected));
  const same = Object.keys(left).sort().join() === Object.keys(expected!).sort().join();
  if (!same) {
    assert.ok(readme(name).includes(`Then \`pam-deno reload ${name}\``), `${name}: what is reloaded?`);
  }

  const printed = added.stdout.trim().split("\n").filter((line) => line.includes("pam_deno.so"))
    .map((line) => line.split(" "));
  for (const { type, options, module } of shimLines(name)) {
    const line = printed.find(([of]) => of === type);
    assert.ok(line !== undefined, `add prints no line of type ${type} for ${name}`);
    assert.deepEqual(grantsOf(line), grantsOf(options), `${name} ${type}`);
    assert.equal(line.at(-1), module);
  }
  // libpam does not find this shim by its name alone, nor does it find these folders.
  const shim = printed[0]!.slice(2).filter((word) => /pam_deno\.so$|^(?:runtime|config)_dir=/.test(word));
  const lines = pamLines(name).map((line) => line.replace("pam_deno.so", shim.join(" ")));
  const stack = TYPES.flatMap((type) => {
    const own = lines.filter((line) => line.startsWith(type));
    const root = added.stdout.split("\n").filter((line) => line.startsWith(`${type} [success=1 `));
    const glass = own.length === 1 ? root : [];
    const unix = `${type} required pam_unix.so`;
    return type === "password"
      ? [...glass, ...own, unix]
      : [unix, ...glass, ...own, `${type} required pam_permit.so`];
  });
  Deno.writeTextFileSync(join(machine.path, "pam", name), `${stack.join("\n")}\n`);
}

Deno.test({
  name:
    "pam-deno adds, serves and checks every example as its README says, and finds nothing wrong (needs root)",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    using machine = await Machine.make();
    for (const name of MODULES) await t.step(`add ${name}`, () => install(machine, name));
    await using server = new Command(["serve", ...machine.words], { LD_PRELOAD: "" });
    for (const name of MODULES) await server.printed(new RegExp(`^ready ${name} \\(`, "m"));
    for (const name of MODULES) {
      await t.step(`check ${name}`, async () => {
        const reloaded = await machine.run("reload", name);
        assert.equal(reloaded.status, 0, reloaded.stderr);
        const checked = await machine.run("check", "--json", name);
        assert.equal(checked.status, 0, checked.stdout + checked.stderr);
        const { findings } = JSON.parse(checked.stdout) as { findings: { id: string }[] };
        assert.deepEqual(findings.map(({ id }) => id), FOUND[name] ?? [], checked.stdout);
      });
    }
  },
});

for (const name of MODULES) {
  Deno.test(`the README of ${name} has a table of its options, and of no others`, async () => {
    const { default: module } = await import(join(ROOT, "examples", name, "module.ts")) as {
      default: PamModule;
    };
    assert.deepEqual(optionNames(name), knownNames(module).sort());
  });

  Deno.test(`the README of ${name} supposes the tree in one place, and names programs that are there`, () => {
    const text = readme(name);
    for (const { module } of configurations(name)) {
      assert.equal(module, `${TREE}/examples/${name}/module.ts`);
    }
    for (const [, program] of text.matchAll(/^deno run (?:-\S+ )*(\S+)/gm)) {
      assert.ok(Deno.statSync(join(ROOT, program!)).isFile, program);
    }
  });
}
