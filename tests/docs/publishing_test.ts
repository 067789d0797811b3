// SPDX-License-Identifier: MIT
/**
 * Does what docs/publishing.md says, in its order, with registries of its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { bundleSubject } from "../../sdk/author/bundle.ts";
import { Rehearsal } from "../../sdk/author/rehearsal.ts";
import { findSubject } from "../../sdk/author/subject.ts";
import { readPackage } from "../../scripts/publish/package.ts";
import type { Package } from "../../scripts/publish/rules.ts";
import { startRegistry } from "../sdk/install/registry.ts";
import type { Registry } from "../sdk/install/registry.ts";
import { makeSite } from "../sdk/install/site.ts";
import { type Block, Page, ROOT, shell } from "./page.ts";

const PAGE = new Page("docs/publishing.md");
const FOLDER = "/tmp/curfew";
const CHECKOUT = "/home/you/pam-deno";
const NAME = "@example/pam-deno-curfew";

/** The folders that `pam-deno` has on a machine. */
const PLACES = ["config", "runtime", "state", "keep", "cache", "unit", "pam"] as const;

/** A folder in which the steps of the page are taken. */
class Workshop implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-publish-" }));

  constructor() {
    // What bundles is another user.
    Deno.chmodSync(this.path, 0o755);
    for (const name of PLACES) Deno.mkdirSync(join(this.path, "machine", name), { recursive: true });
  }

  /** A text of the page, with this folder in place of the reader's. */
  here(text: string): string {
    return text.replaceAll(FOLDER, join(this.path, "curfew")).replaceAll(CHECKOUT, ROOT);
  }

  write({ file, text }: Pick<Block, "file" | "text">): void {
    const path = this.here(file!);
    assert.ok(path.startsWith(this.path), `${file}: the page writes outside ${FOLDER}`);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, this.here(text));
  }

  /** The folder of the module as the page has it in version `version`. */
  at(version: "1.0.0" | "2.0.0"): string {
    const second = PAGE.blocks.findIndex(({ text }) => text.includes("/etc/curfew"));
    for (const [i, block] of PAGE.blocks.entries()) {
      if (block.file !== undefined && (version === "2.0.0" || i < second)) this.write(block);
    }
    return join(this.path, "curfew");
  }

  /** A command of an installed `pam-deno`, in folders of this one. */
  onMachine(command: string): string {
    assert.match(command, /^pam-deno \w+/);
    const places = PLACES.map((name) => `--${name}-dir ${join(this.path, "machine", name)}`).join(" ");
    return `${command.trim().replace(/^pam-deno/, "env LD_PRELOAD= scripts/pam-deno")} ${places}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Without what differs from run to run: hashes, sizes, and what programs say of work that takes them long. */
function plain(text: string): string {
  return text.replaceAll("\r", "")
    .replaceAll(/^(?:Check|Download|Initialize) .*\n/gm, "")
    .replaceAll(/^pam-deno: [a-z ]+\n/gm, "")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "SHA256")
    .replaceAll(/\([\d.]+K?B\)/g, "(SIZE)")
    .trimEnd();
}

/** Asserts that `printed` is what the page shows, in which a line `…` stands for any lines or none. */
function assertPrinted(printed: string, shown: string): void {
  const lines = plain(shown).split("\n").map((line) =>
    line === "…" ? "(?:.*\\n)*?" : `${RegExp.escape(line)}\\n`
  );
  const message = `The page shows:\n${plain(shown)}\nprinted was:\n${plain(printed)}`;
  assert.match(`${plain(printed)}\n`, new RegExp(`^${lines.join("")}$`), message);
}

/** What the page shows behind the command with `word` in it. */
function shownBehind(word: string): string {
  const at = PAGE.blocks.findIndex(({ language, text }) => language === "sh" && text.includes(word));
  assert.equal(PAGE.blocks[at + 1]?.language, "", `${word}: the page does not show what is printed`);
  return PAGE.blocks[at + 1]!.text;
}

/** Runs a command of the page in the reader's folder, and compares what it prints. */
async function runPage(workshop: Workshop, word: string): Promise<void> {
  const { out, err } = await shell(workshop.here(PAGE.command(word)));
  assertPrinted(err + out, workshop.here(shownBehind(word)));
}

/** Publishes a module on the registry as JSR does: what `deno publish` lists, with the names of imports resolved. */
async function publish(registry: Registry, { files }: Package): Promise<void> {
  const { version, imports } = JSON.parse(files.get("deno.json")!);
  const resolved = [...files].map(([path, text]) => [
    path,
    path.endsWith(".ts") ? text.replace('"@pam-deno/sdk"', JSON.stringify(imports["@pam-deno/sdk"])) : text,
  ]);
  await registry.jsr(NAME, version, Object.fromEntries(resolved), "./module.ts");
}

Deno.test("docs/publishing.md: what would be published is what it shows, and the comments pass", async () => {
  using workshop = new Workshop();
  workshop.at("1.0.0");
  Deno.writeTextFileSync(join(workshop.path, "curfew", "module_test.ts"), "// A test\n");
  await runPage(workshop, "publish --dry-run");
  await runPage(workshop, "doc --lint");
  // The second version can be published too.
  const { files } = await readPackage(workshop.at("2.0.0"));
  assert.deepEqual([...files.keys()].sort(), ["README.md", "deno.json", "hours.json", "module.ts"]);
});

Deno.test("docs/publishing.md: without 'as PamModule' the default export is a slow type", async () => {
  using workshop = new Workshop();
  const module = join(workshop.at("1.0.0"), "module.ts");
  Deno.writeTextFileSync(module, Deno.readTextFileSync(module).replace("}) as PamModule;", "});"));
  await assert.rejects(readPackage(dirname(module)), /unsupported-default-export-expr/);
  assert.ok(PAGE.text.includes("`unsupported-default-export-expr`"));
});

Deno.test("docs/publishing.md: without publish.include, tests and deno.lock go out", async () => {
  using workshop = new Workshop();
  const folder = workshop.at("1.0.0");
  const { publish: _, ...manifest } = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(manifest));
  for (const name of ["module_test.ts", "deno.lock", "secret.txt"]) {
    Deno.writeTextFileSync(join(folder, name), name === "deno.lock" ? '{ "version": "5" }\n' : "\n");
  }
  const { files } = await readPackage(folder);
  for (const name of ["module_test.ts", "deno.lock", "secret.txt"]) assert.ok(files.has(name), name);
});

const DATA = `import { defineModule, type PamModule } from "@pam-deno/sdk";
import rules from "./rules.json" with { type: "json" };
import text from "./notice.txt" with { type: "text" };
const name = ["./", "late.ts"].join("");
const said = async (work: () => unknown): Promise<string> => {
  try {
    return String(await work());
  } catch (error) {
    return (error as Error).name + ": " + (error as Error).message;
  }
};
export default defineModule({
  async account({ log }) {
    log.info("rules {it}", { it: JSON.stringify(rules) });
    log.info("text {it}", { it: text });
    log.info("late {it}", { it: await said(async () => (await import("./late.ts")).default) });
    log.info("name {it}", { it: await said(() => import(name)) });
    log.info("url {it}", { it: await said(() => Deno.readTextFileSync(new URL("./rules.json", import.meta.url))) });
    return "success";
  },
}) as PamModule;
`;

/** Bundles a module of these files, and runs its `account` as a worker would, without any permission. */
async function rehearse(files: Readonly<Record<string, string>>): Promise<string[]> {
  using workshop = new Workshop();
  const folder = join(workshop.path, "data");
  const manifest = { exports: "./module.ts", imports: { "@pam-deno/sdk": "jsr:@pam-deno/sdk@^0.1.0" } };
  for (const [path, text] of Object.entries({ ...files, "deno.json": JSON.stringify(manifest) })) {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(join(folder, path), text);
  }
  const into = join(workshop.path, "into");
  Deno.mkdirSync(into);
  const layout = { libDir: join(ROOT, "build"), sdkDir: ROOT, cacheDir: join(workshop.path, "cache") };
  const bundle = await bundleSubject(findSubject(folder), layout, into);
  const options = { layout, bundle, word: "data", name: "data", permissions: {} };
  await using rehearsal = await Rehearsal.start(options);
  const { log } = await rehearsal.run("hook", { hook: "account", scene: {} });
  return log.map(({ text }) => text);
}

const FILES = {
  "module.ts": DATA,
  "rules.json": '{ "from": 6 }\n',
  "notice.txt": "Closed\n",
  "late.ts": "export default 5;\n",
};

Deno.test("docs/publishing.md: what is imported is in the bundle, and what is read is not", async () => {
  const said = await rehearse(FILES);
  assert.deepEqual(said.slice(0, 3), ['rules "{\\"from\\":6}"', 'text "Closed\\n"', 'late "5"']);
  assert.match(
    said[3]!,
    /^name "(?:TypeError: )+A module may not import .* at run time: only its bundle and node: are there \[import-refused\] \S+"$/,
  );
  assert.match(said[4]!, /^url "(?:NotFound|NotCapable): /);
});

Deno.test("docs/publishing.md: octets are refused, and so is what escapes", async () => {
  const bytes = { "seed.bin": "\u0000", "module.ts": `import "./seed.bin" with { type: "bytes" };\n${DATA}` };
  await assert.rejects(rehearse({ ...FILES, ...bytes }), /import attribute type of "bytes" is unsupported/);
  const threads = { "module.ts": `import "node:worker_threads";\n${DATA}` };
  await assert.rejects(rehearse({ ...FILES, ...threads }), /node:worker_threads, which no module may: /);
});

Deno.test(
  {
    name:
      "docs/publishing.md: add from JSR shows what the next version asks, and rollback goes back (needs root)",
    ignore: Deno.uid() !== 0,
    async fn() {
      using workshop = new Workshop();
      // Deno looks for the SDK's packages where they are, and for the module on the registry.
      const versions = {
        "1.0.0": await readPackage(workshop.at("1.0.0")),
        "2.0.0": await readPackage(workshop.at("2.0.0")),
      };
      const own = Deno.env.get("NPM_CONFIG_REGISTRY");
      await using registry = startRegistry();
      const npm = own === undefined ? "env -u NPM_CONFIG_REGISTRY" : `env NPM_CONFIG_REGISTRY=${own}`;
      const run = async (command: string) => await shell(`${npm} ${workshop.onMachine(command)}`);
      for (const version of ["1.0.0", "2.0.0"] as const) {
        await publish(registry, versions[version]);
        const { out, err } = await run(`${PAGE.command(`curfew@${version}`).trim()} --yes --no-start`);
        assertPrinted(err + out, shownBehind(`curfew@${version}`));
      }
      const configured = Deno.readTextFileSync(join(workshop.path, "machine/config/modules/curfew.jsonc"));
      assert.match(configured, /"read": \[\s*"\/etc\/curfew"\s*\]/);
      // As is said of a version that was yanked.
      await run(`${PAGE.command("rollback").trim()} --yes`);
      const back = Deno.readTextFileSync(join(workshop.path, "machine/config/modules/curfew.jsonc"));
      assert.match(back, /"module": "jsr:@example\/pam-deno-curfew@1\.0\.0"/);
    },
  },
);

Deno.test("docs/publishing.md: a yanked version can still be added by its exact number", async () => {
  using workshop = new Workshop();
  using site = await makeSite();
  const published = await readPackage(workshop.at("1.0.0"));
  await using registry = startRegistry();
  await publish(registry, published);
  const versions = { "1.0.0": { yanked: true } };
  registry.serve(`/jsr/${NAME}/meta.json`, JSON.stringify({ latest: null, versions }));
  const { name } = await site.add(`jsr:${NAME}@1.0.0`);
  assert.equal(name, "curfew");
});

Deno.test("docs/publishing.md: a bundle is handed on by its hash, and no other is taken", async () => {
  using workshop = new Workshop();
  using first = await makeSite();
  using second = await makeSite();
  const published = await readPackage(workshop.at("1.0.0"));
  await using registry = startRegistry();
  await publish(registry, published);
  const { name, sha256 } = await first.add(`jsr:${NAME}@1.0.0`);
  const bundle = join(first.layout.stateDir, "modules", name, `${sha256}.js`);
  assert.match(PAGE.command("--sha256"), /\/modules\/curfew\/SHA256\.js --sha256 SHA256$/m);
  assert.equal((await second.add(bundle, { name, sha256 })).sha256, sha256);
  await assert.rejects(
    second.add(bundle, { name, sha256: "0".repeat(64) }),
    /it is not the bundle that was meant/,
  );
});

/** Runs `deno pack` as the page does, with the machine's own registry of npm, and publishes what came of it there. */
async function packForNpm(registry: Registry, folder: string, own: string | undefined): Promise<string[]> {
  const { NPM_CONFIG_REGISTRY: _, ...env } = Deno.env.toObject();
  const command = PAGE.command("pack --no-source-maps").replaceAll(FOLDER, folder);
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: ROOT,
    clearEnv: true,
    env: own === undefined ? env : { ...env, NPM_CONFIG_REGISTRY: own },
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  await shell(`tar -xzf ${folder}/curfew.tgz -C ${folder}`);
  const at = join(folder, "package");
  const { "package.json": manifest, ...files } = Object.fromEntries(
    [...Deno.readDirSync(at)].map(({ name }) => [name, Deno.readTextFileSync(join(at, name))]),
  );
  await registry.npm(JSON.parse(manifest!), files);
  return Object.keys(files);
}

/** How a source may name the SDK, and how `deno pack` writes that. */
const NAMES_OF_SDK = [["@pam-deno/sdk", "@pam-deno/sdk"], [
  "jsr:@pam-deno/sdk@^0",
  "@jsr/pam-deno__sdk",
]] as const;

Deno.test("docs/publishing.md: deno pack makes a package of npm that can be added, however it names the SDK", async () => {
  const own = Deno.env.get("NPM_CONFIG_REGISTRY");
  const { files } = await readPackage(ROOT);
  const { version } = JSON.parse(files.get("deno.json")!);
  for (const [name, packedAs] of NAMES_OF_SDK) {
    using workshop = new Workshop();
    using site = await makeSite();
    const folder = workshop.at("2.0.0");
    // As it will be when the SDK is on JSR.
    const { links: _, ...manifest } = JSON.parse(Deno.readTextFileSync(join(folder, "deno.json")));
    Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(manifest));
    const module = Deno.readTextFileSync(join(folder, "module.ts"));
    Deno.writeTextFileSync(join(folder, "module.ts"), module.replace('"@pam-deno/sdk"', `"${name}"`));
    await using registry = startRegistry();
    await registry.jsr("@pam-deno/sdk", version, Object.fromEntries(files));
    const packed = await packForNpm(registry, folder, own);
    assert.ok(packed.includes("hours.json") && packed.includes("module.d.ts"), packed.join());
    const code = Deno.readTextFileSync(join(folder, "package/module.js"));
    assert.ok(code.includes(`from "${packedAs}"`), code);
    assert.doesNotMatch(code, /sourceMappingURL/);
    const added = await site.add(`npm:${NAME}@2.0.0`);
    assert.equal(added.name, "curfew");
    const place = join(site.layout.stateDir, "modules", added.name, `${added.sha256}.js`);
    assert.match(Deno.readTextFileSync(place), /^\/\/ sdk\/sdk\/module\.ts$/m);
    assert.deepEqual(site.plans.at(-1)!.permissions.added, ['read "/etc/curfew"']);
  }
});

Deno.test("docs/publishing.md: the workflow has what provenance needs, and no token", () => {
  const workflow = PAGE.blocks.find(({ language }) => language === "yaml")!.text;
  assert.match(workflow, /^permissions: \{\}$/m);
  assert.match(workflow, /^ {6}id-token: write$/m);
  assert.doesNotMatch(workflow, /token:\s*\$|secrets\./);
  assert.match(workflow, /run: deno publish$/m);
});
