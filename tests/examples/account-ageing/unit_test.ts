// SPDX-License-Identifier: MIT
/**
 * What the module's unit shows of /run: all of it, as it is now. A file that is bound alone would be the one that was there when the
 * module was started: /run/nologin is there during boot, and comes again at shutdown.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseModuleConfig } from "../../../sdk/config/config.ts";
import { unitDropIn } from "../../../sdk/install/unit.ts";
import module from "../../../examples/account-ageing/module.ts";

/** The drop-in for what the module declares, with `file` as its option. */
function dropIn(file?: string): string {
  const read = module.permissions.read!.flatMap((scope) => typeof scope === "string" ? [scope] : file ?? []);
  const config = { module: "/srv/module.ts", permissions: { read } };
  return unitDropIn(parseModuleConfig(JSON.stringify(config), "account-ageing", "account-ageing.jsonc")) ??
    "";
}

Deno.test("the module's unit shows /run as it is, and not files of it as they were", () => {
  const lines = dropIn().split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("TemporaryFileSystem=")), [
    "TemporaryFileSystem=",
    "TemporaryFileSystem=/var:ro,mode=0755",
  ]);
  assert.ok(!lines.some((line) => /^Bind.*(?:nologin|"-\/etc)/.test(line)), lines.join("\n"));
});

Deno.test("the module's unit shows a file elsewhere as it was, so that its folder has to be granted", () => {
  assert.match(dropIn("/var/lib/site/closed"), /^BindReadOnlyPaths="-\/var\/lib\/site\/closed"$/m);
});
