// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleModule } from "../../../sdk/install/bundle.ts";
import { DenoToolError } from "../../../sdk/install/deno_tool.ts";
import { throwawayBundler } from "../../../sdk/supervisor/throwaway_bundler.ts";
import { makeFolder, ROOT, writeModule } from "../worker/harness.ts";

const ignore = Deno.uid() !== 0;

const USER = { uid: 64_777, gid: 64_777, groups: [] };

/** A folder with a staged source in it. */
function stage(source: string): Disposable & { readonly path: string } {
  const folder = makeFolder();
  Deno.writeTextFileSync(join(folder.path, "main.ts"), source, { mode: 0o600 });
  return folder;
}

Deno.test({
  name: "throwawayBundler() gives the same bundle as root would make, packages included",
  ignore,
  async fn() {
    using folder = makeFolder();
    Deno.chmodSync(folder.path, 0o755);
    const entry = writeModule(
      folder.path,
      `import * as v from "valibot";
      export default defineModule({ options: v.object({}), account: () => "success" });`,
    );
    const run = throwawayBundler(USER)!;
    const [one, other] = [join(folder.path, "one"), join(folder.path, "other")];
    for (const path of [one, other]) Deno.mkdirSync(path);
    const bundle = await bundleModule({ entry, sdk: ROOT, into: one, run });
    assert.equal(bundle.sha256, (await bundleModule({ entry, sdk: ROOT, into: other })).sha256);
    assert.equal(Deno.lstatSync(bundle.file).isFile, true);
  },
});

for (const file of ["/etc/shadow", "/root/.profile"]) {
  Deno.test({
    name: `throwawayBundler() can get nothing of ${file} into a bundle, which root would`,
    ignore,
    async fn() {
      const source = `import text from ${JSON.stringify(file)} with { type: "text" };\nconsole.log(text);\n`;
      using folder = stage(source);
      Deno.chmodSync(folder.path, 0o755);
      const run = throwawayBundler(USER)!;
      const args = [
        "bundle",
        "--quiet",
        `--output=${join(folder.path, "out.js")}`,
        "--sourcemap=linked",
        "main.ts",
      ];
      await assert.rejects(run(args, folder.path), (error: Error) => {
        assert.ok(error instanceof DenoToolError);
        assert.match(error.message, /Permission denied/);
        return true;
      });
    },
  });
}
