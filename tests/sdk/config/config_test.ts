// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { listModules, parseModuleConfig, readModuleConfig } from "../../../sdk/config/config.ts";
import { makeFolder } from "../worker/harness.ts";

const FILE = "/etc/pam-deno/modules/office-hours.jsonc";
const parse = (text: string) => parseModuleConfig(text, "office-hours", FILE);

/** The complaint about `text`, without the file's name. */
function complaint(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.equal((error as Error).name, "ConfigError");
    return (error as Error).message.replaceAll(`${FILE}:`, "");
  }
  throw new Error("there was no complaint");
}

Deno.test("parseModuleConfig() fills in what is left out", () => {
  assert.deepEqual(parse(`{ "module": "/srv/policy/module.ts" }`), {
    name: "office-hours",
    file: FILE,
    module: "/srv/policy/module.ts",
    permissions: {},
    options: {},
    limits: { hooks: 256, waiting: 1024, waiting_per_person: 16, heap_mib: 128 },
  });
});

Deno.test("parseModuleConfig() takes a path from the folder of the file, comments and trailing commas", () => {
  const config = parse(`{
    // where it is
    "module": "../policy/module.ts",
    /* what it may do */
    "permissions": {
      "read": [{ "option": "rules" }, "/srv/b"],
      "net": ["ldap.example.org:636"],
      "write": false,
    },
    "options": { "rules": ["/srv/a", "/srv/b"], "tz": "UTC" },
    "limits": { "hooks": 8 },
  }`);
  assert.equal(config.module, "/etc/pam-deno/policy/module.ts");
  assert.deepEqual(config.permissions, { read: ["/srv/a", "/srv/b"], net: ["ldap.example.org:636"] });
  assert.deepEqual({ ...config.options }, { rules: ["/srv/a", "/srv/b"], tz: "UTC" });
  assert.equal(config.limits.hooks, 8);
});

const complaints: [string, string, string][] = [
  ["nothing", "", `1:1: not JSON with comments: value expected`],
  ["a list", "[]", `1:1: expected an object { … }, found a list`],
  ["bad JSON", `{\n  "module" "x"\n}`, `2:12: not JSON with comments: colon expected`],
  ["no module", `{}`, `1:1: the key "module" is missing`],
  ["a module that is no text", `{ "module": 3 }`, `1:13: "module": expected string, found 3`],
  [
    "an unknown key",
    `{\n  "module": "x.ts",\n  "permisions": {}\n}`,
    `3:3: "permisions" is not a key that can stand here: did you mean "permissions"?`,
  ],
  [
    "an unknown key that is like no other",
    `{ "module": "x.ts", "zzzzzzzz": 1 }`,
    `1:21: "zzzzzzzz" is not a key that can stand here: known are module, permissions, options, limits`,
  ],
  [
    "a key that comes later",
    `{ "module": "x.ts", "run_as": "pam" }`,
    `1:21: "run_as" is not supported by this version: remove it`,
  ],
  [
    "workers",
    `{ "module": "x.ts", "workers": 2 }`,
    `1:21: "workers" is not supported by this version: remove it`,
  ],
  [
    "dangerous",
    `{ "module": "x.ts", "dangerous": ["run"] }`,
    `1:21: "dangerous" is not supported by this version: remove it`,
  ],
  [
    "a key that stands twice",
    `{ "module": "x.ts", "module": "y.ts" }`,
    `1:21: the key "module" stands here twice`,
  ],
  [
    "a package",
    `{ "module": "jsr:@example/policy@1.0.0" }`,
    `1:13: "jsr:@example/policy@1.0.0" is not a path: serving a package needs \`pam-deno add\`, which this version has not`,
  ],
  [
    "a blanket permission",
    `{ "module": "x.ts", "permissions": { "read": true } }`,
    `1:46: a blanket permission is refused: list what "read" is for`,
  ],
  [
    "a permission that ends the sandbox",
    `{ "module": "x.ts", "permissions": { "run": true, "ffi": true, "all": true } }`,
    `1:45: "run" is refused: it lets a module start any program, which ends the sandbox
1:58: "ffi" is refused: it lets a module call into C, which ends the sandbox
1:71: "all" is refused: it would switch the sandbox off`,
  ],
  [
    "a misspelt permission",
    `{ "module": "x.ts", "permissions": { "raed": ["/srv"] } }`,
    `1:38: "raed" is not a kind of permission: did you mean "read"?`,
  ],
  [
    "scopes that are none",
    `{ "module": "x.ts", "permissions": {\n  "read": ["/", "srv", "/srv/../etc"],\n  "net": ["*", "a:0"],\n  "env": ["LD_PRELOAD", "A*"],\n  "sys": ["all"]\n} }`,
    `2:12: "/" is the whole file system: name what is to be read
2:17: "srv" is not an absolute path
2:24: "/srv/../etc" is written in a roundabout way: write /etc
3:11: "*" is every host: name the hosts
3:16: "a:0" is not \`HOST\` or \`HOST:PORT\`
4:11: "LD_PRELOAD" would change the worker itself and is never handed on
4:25: "A*" is not the name of one environment variable
5:11: "all" is not one of cpus, getPriority, gid, homedir, hostname, inspector, loadavg, networkInterfaces, osRelease, osUptime, setPriority, statfs, systemMemoryInfo, uid, umask, userInfo, username`,
  ],
  [
    "a scope taken from an option without a value",
    `{ "module": "x.ts", "permissions": { "read": [{ "option": "rules" }] } }`,
    `1:36: the option "rules" has no value in "options": what stands only on the pam.d line widens no permission; write the value here`,
  ],
  [
    "a limit out of range, and an unknown one",
    `{ "module": "x.ts", "limits": { "hooks": 0, "heap": 1, "waiting": 1.5 } }`,
    `1:42: "limits.hooks": expected >=1, found 0
1:45: "heap" is not a key that can stand here: known are hooks, waiting, waiting_per_person, heap_mib
1:67: "limits.waiting": expected a whole number, found 1.5`,
  ],
  [
    "options that are a list",
    `{ "module": "x.ts", "options": [] }`,
    `1:32: "options": expected an object, found a list`,
  ],
];

for (const [what, text, expected] of complaints) {
  Deno.test(`parseModuleConfig() refuses ${what}`, () => {
    assert.equal(complaint(text), expected);
  });
}

Deno.test("parseModuleConfig() keeps a key __proto__ of the options harmless", () => {
  const { options } = parse(`{ "module": "x.ts", "options": { "__proto__": { "polluted": true } } }`);
  assert.equal((options as { polluted?: boolean }).polluted, undefined);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

Deno.test("listModules() gives the modules in order, and what cannot be one", () => {
  using folder = makeFolder();
  const modules = join(folder.path, "modules");
  Deno.mkdirSync(modules);
  for (
    const name of ["b.jsonc", "a-1_x.jsonc", "Bad.jsonc", "c.json", "-d.jsonc", ".hidden.swp", "e.jsonc~"]
  ) {
    Deno.writeTextFileSync(join(modules, name), "{}");
  }
  assert.deepEqual(listModules(folder.path), {
    names: ["a-1_x", "b"],
    strange: ["-d.jsonc", "Bad.jsonc", "c.json"].map((name) => join(modules, name)),
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

Deno.test("readModuleConfig() refuses what is not a file of reasonable size", () => {
  using folder = makeFolder();
  Deno.mkdirSync(join(folder.path, "modules", "a.jsonc"), { recursive: true });
  Deno.writeTextFileSync(join(folder.path, "modules", "b.jsonc"), " ".repeat(65_537));
  for (const name of ["a", "b"]) {
    assert.throws(() => readModuleConfig(folder.path, name), /not a regular file of at most 65536 bytes$/);
  }
});
