// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { layoutWith } from "../../../sdk/config/layout.ts";
import { bundleModule } from "../../../sdk/install/bundle.ts";
import { bundleFromSources } from "../../../sdk/supervisor/from_sources.ts";
import { makeFolder, ROOT, writeModule } from "../worker/harness.ts";

const NEEDS_ROOT = { ignore: Deno.uid() !== 0 };
const UIDS = [65_501, 65_502];

/** Folders to bundle in, with the program that does it. */
class Place implements Disposable {
  readonly #folder = makeFolder();
  readonly path: string = Deno.realPathSync(this.#folder.path);
  readonly layout = layoutWith({ libDir: join(this.path, "lib"), sdkDir: ROOT });

  static async make(): Promise<Place> {
    const place = new Place();
    Deno.chmodSync(place.path, 0o755);
    for (const name of ["lib", "stages", "out", "source"]) Deno.mkdirSync(join(place.path, name));
    await buildBundle(place.layout.libDir, "bundler", "sdk/install/bundler.ts");
    return place;
  }

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** What bundleFromSources() is told. */
  options(path: string) {
    return { layout: this.layout, path, parent: this.at("stages"), into: this.at("out"), uids: UIDS };
  }

  write(text: string): string {
    const file = this.at("source", "module.ts");
    Deno.writeTextFileSync(file, text);
    return file;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("bundleFromSources() gives the same bundle as whoever bundles it without a throwaway user, packages included", async () => {
  using place = await Place.make();
  const entry = writeModule(
    place.at("source"),
    `import * as v from "valibot";
    export default defineModule({ options: v.object({}), account: () => "success" });`,
  );
  const { file, bytes, sha256 } = await bundleFromSources(place.options(entry));
  Deno.mkdirSync(place.at("other"));
  assert.equal(sha256, (await bundleModule({ entry, sdk: ROOT, into: place.at("other") })).sha256);
  assert.deepEqual(Deno.readFileSync(file), bytes);
  assert.equal(Deno.lstatSync(file).mode! & 0o777, 0o600);
  const [, map] = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(new TextDecoder().decode(bytes)) ?? [];
  assert.ok(Deno.lstatSync(place.at("out", map!)).isFile);
  assert.deepEqual([...Deno.readDirSync(place.at("stages"))], []);
});

Deno.test({
  name: "bundleFromSources() bundles what only root can read",
  ...NEEDS_ROOT,
  async fn() {
    using place = await Place.make();
    const entry = writeModule(
      place.at("source"),
      `export default defineModule({ account: () => "success" });`,
    );
    for (const { name } of Deno.readDirSync(place.at("source"))) {
      Deno.chmodSync(place.at("source", name), 0o600);
    }
    Deno.chmodSync(place.at("source"), 0o700);
    const { bytes } = await bundleFromSources(place.options(entry));
    assert.match(new TextDecoder().decode(bytes), /success/);
  },
});

for (const file of ["/etc/shadow", "/etc/passwd", "/root/.profile"]) {
  Deno.test({
    name: `bundleFromSources() can get nothing of ${file} into a bundle, which root would`,
    ...NEEDS_ROOT,
    async fn() {
      using place = await Place.make();
      const entry = place.write(
        `import text from ${JSON.stringify(file)} with { type: "text" };\nexport default text;\n`,
      );
      await assert.rejects(bundleFromSources(place.options(entry)), { name: "ProbeError" });
      Deno.removeSync(entry);
      Deno.symlinkSync(file, place.at("source", "link"));
      place.write(`import text from "./link" with { type: "text" };\nexport default text;\n`);
      await assert.rejects(bundleFromSources(place.options(entry)), { name: "ProbeError" });
      assert.deepEqual([...Deno.readDirSync(place.at("out"))], []);
    },
  });
}

Deno.test({
  name:
    "bundleFromSources() falls back to a user of its own, never to root, and says so, where it may not mount",
  ...NEEDS_ROOT,
  async fn() {
    using place = await Place.make();
    // The engine, where that user gets to it.
    const from = join(Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME")!, ".cache/deno"), "dl");
    const copy = (path: string) => {
      Deno.mkdirSync(dirname(place.at("lib/dl", path)), { recursive: true });
      Deno.copyFileSync(join(from, path), place.at("lib/dl", path));
    };
    for (const { name } of Deno.readDirSync(from)) {
      if (!name.startsWith("esbuild-")) continue;
      for (const { name: file } of Deno.readDirSync(join(from, name))) copy(join(name, file));
    }
    const secret = place.at("source", "secret");
    Deno.writeTextFileSync(secret, "x", { mode: 0o600 });
    const good = writeModule(
      place.at("source"),
      `export default defineModule({ account: () => "success" });`,
    );
    const bad = place.at("source", "bad.ts");
    Deno.writeTextFileSync(
      bad,
      `import text from ${JSON.stringify("/etc/shadow")} with { type: "text" };\nexport default text;\n`,
    );
    const program = `import { bundleFromSources } from ${
      JSON.stringify(join(ROOT, "sdk/supervisor/from_sources.ts"))
    };
      const options = ${JSON.stringify(place.options(good))};
      const { warnings } = await bundleFromSources(options);
      const refused = await bundleFromSources({ ...options, path: ${
      JSON.stringify(bad)
    } }).catch((e) => e.message);
      console.log(JSON.stringify({ warnings, refused }));`;
    const { stdout, stderr, success } = await new Deno.Command("setpriv", {
      args: [
        ...["--bounding-set=-sys_admin", "--inh-caps=-all", Deno.execPath(), "eval"],
        ...["--config", join(ROOT, "deno.json"), program],
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { warnings, refused } = JSON.parse(new TextDecoder().decode(stdout));
    assert.match(warnings.join(), /Mount namespaces are not usable here/);
    assert.match(refused, /\/etc\/shadow/);
  },
});
