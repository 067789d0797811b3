// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { listModules, readModuleConfig } from "../../../sdk/config/config.ts";
import { makeFolder } from "../worker/harness.ts";

Deno.test("listModules() gives the modules in order, and what cannot be one", () => {
  using folder = makeFolder();
  const modules = join(folder.path, "modules");
  Deno.mkdirSync(modules);
  for (
    const name of [
      "b.jsonc",
      "a-1_x.jsonc",
      "Bad.jsonc",
      "c.json",
      "-d.jsonc",
      ".hidden.swp",
      "e.jsonc~",
      "pam-deno.jsonc",
    ]
  ) {
    Deno.writeTextFileSync(join(modules, name), "{}");
  }
  assert.deepEqual(listModules(folder.path), {
    names: ["a-1_x", "b"],
    strange: ["-d.jsonc", "Bad.jsonc", "c.json", "pam-deno.jsonc"].map((name) => join(modules, name)),
  });
});

Deno.test("listModules() says which folder is missing", () => {
  using folder = makeFolder();
  assert.throws(() => listModules(folder.path), {
    name: "ConfigError",
    message:
      `${folder.path}/modules: there is no such folder: make it, with a file NAME.jsonc for each module`,
  });
});

Deno.test("readModuleConfig() reads no module of a name that would look like somebody else's in a log or a path", () => {
  using folder = makeFolder();
  Deno.mkdirSync(join(folder.path, "modules"));
  Deno.writeTextFileSync(join(folder.path, "modules", "pam-deno.jsonc"), '{ "module": "/m.ts" }');
  Deno.writeTextFileSync(join(folder.path, "x.jsonc"), '{ "module": "/m.ts" }');
  for (const name of ["pam-deno", "../x"]) {
    assert.throws(() => readModuleConfig(folder.path, name), {
      name: "ConfigError",
      message: `"${name}" is not the name of a module: it has only a-z, 0-9, _ and -, and is not pam-deno`,
    });
  }
});

Deno.test("readModuleConfig() refuses what is not a file of reasonable size", () => {
  using folder = makeFolder();
  Deno.mkdirSync(join(folder.path, "modules", "a.jsonc"), { recursive: true });
  Deno.writeTextFileSync(join(folder.path, "modules", "b.jsonc"), " ".repeat(65_537));
  for (const name of ["a", "b"]) {
    assert.throws(() => readModuleConfig(folder.path, name), /not a regular file of at most 65536 bytes$/);
  }
});

Deno.test("readModuleConfig() says which file is missing", () => {
  using folder = makeFolder();
  assert.throws(() => readModuleConfig(folder.path, "a"), {
    name: "ConfigError",
    message: `${folder.path}/modules/a.jsonc: there is no such file: \`pam-deno add\` makes it`,
  });
});
