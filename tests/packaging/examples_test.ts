// SPDX-License-Identifier: MIT
/** The examples of the package, on a machine that has nothing but the package: no network, no systemd. */

import assert from "node:assert/strict";
import { addWordsIn, MODULES } from "../examples/readme.ts";
import { debianPackage } from "./built.ts";
import { Root } from "./root.ts";
import { install } from "./site.ts";

Deno.test({
  name: "every example is added without a network, as the README beside it says (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using root = await Root.make();
    await install(root, await debianPackage());
    for (const name of MODULES) {
      const folder = `/usr/share/pam-deno/examples/${name}`;
      const words = addWordsIn(await root.must(["cat", `${folder}/README.md`]), folder);
      const lines = await root.must(["pam-deno", ...words, "--yes"]);
      assert.match(lines, new RegExp(`^(?:auth|account|session) required pam_deno\\.so .*\\b${name}$`, "m"));
      const sum = (await root.must(["cat", `${folder}/${name}.sha256`])).trim();
      assert.ok(root.has(`/var/lib/pam-deno/modules/${name}/${sum}.js`), name);
      const configuration = await root.must(["cat", `/etc/pam-deno/modules/${name}.jsonc`]);
      assert.ok(configuration.includes(`"module": "${folder}/${name}.js"`), configuration);
    }
  },
});
