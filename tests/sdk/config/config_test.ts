// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { parseModuleConfig } from "../../../sdk/config/config.ts";
import { dangers } from "../../../sdk/config/dangers.ts";

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
    state: undefined,
    credentials: [],
    run_as: undefined,
    workers: 1,
    limits: {
      hooks: 256,
      waiting: 1024,
      waiting_per_person: 16,
      heap_mib: 128,
      memory_mib: 256,
      tasks: 128,
      descriptors: 2048,
    },
    dangerous: [],
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
    `1:21: "zzzzzzzz" is not a key that can stand here: known are $schema, module, permissions, options, state, credentials, run_as, workers, limits, dangerous`,
  ],
  [
    "all at once: unknown keys, wrong values and what they mean",
    `{ "module": "npm:x@1", "aa": 1, "bb": 2,\n "limits": { "x": 1, "y": 2 }, "workers": 0,\n "permissions": { "read": ["/"], "run": ["/a"] }, "dangerous": ["net"] }`,
    `1:13: "npm:x@1" has "1" for a version: what is served must be one exact thing; write all three numbers, as in "npm:x@1.2.3"
1:24: "aa" is not a key that can stand here: known are $schema, module, permissions, options, state, credentials, run_as, workers, limits, dangerous
1:33: "bb" is not a key that can stand here: known are $schema, module, permissions, options, state, credentials, run_as, workers, limits, dangerous
2:14: "x" is not a key that can stand here: known are hooks, waiting, waiting_per_person, heap_mib, memory_mib, tasks, descriptors
2:22: "y" is not a key that can stand here: known are hooks, waiting, waiting_per_person, heap_mib, memory_mib, tasks, descriptors
2:43: "workers": expected >=1, found 0
3:28: "/" is the whole file system: name what is to be read
3:34: dangerous: with this the module may start programs, which do whatever its user can, out of its permissions: /a; take it out, or, if that is meant, add "dangerous": ["run"]`,
  ],
  [
    "a key that stands twice",
    `{ "module": "x.ts", "module": "y.ts" }`,
    `1:21: the key "module" stands here twice`,
  ],
  [
    "a package without a version",
    `{ "module": "jsr:@example/policy" }`,
    `1:13: "jsr:@example/policy" has no version: what is served must be one exact thing; write all three numbers, as in "jsr:@example/policy@1.2.3"`,
  ],
  [
    "a range of versions",
    `{ "module": "npm:@example/policy@^1.0.0" }`,
    `1:13: "npm:@example/policy@^1.0.0" has "^1.0.0" for a version: what is served must be one exact thing; write all three numbers, as in "npm:@example/policy@1.2.3"`,
  ],
  [
    "a package that npm cannot have",
    `{ "module": "npm:@1.0.0" }`,
    `1:13: "npm:@1.0.0" does not name a package: write it as "npm:NAME@1.2.3"`,
  ],
  [
    "a module on the web",
    `{ "module": "https://example.org/policy.ts" }`,
    `1:13: "https://example.org/policy.ts" is neither a path nor a package: write a path, npm:NAME@VERSION or jsr:@SCOPE/NAME@VERSION`,
  ],
  [
    "blanket permissions",
    `{ "module": "x.ts", "permissions": { "read": true, "net": true } }`,
    `1:38: dangerous: with this the module may read every file that its user can read; list what it is for, or, if that is meant, add "dangerous": ["read","net"]
1:52: dangerous: with this the module may connect to every host, and so may tell everything it knows to anybody; list what it is for, or, if that is meant, add "dangerous": ["read","net"]`,
  ],
  [
    "programs and libraries without the words",
    `{ "module": "x.ts", "permissions": { "run": ["/usr/bin/id"], "ffi": ["/lib/libc.so.6"] } }`,
    `1:38: dangerous: with this the module may start programs, which do whatever its user can, out of its permissions: /usr/bin/id; take it out, or, if that is meant, add "dangerous": ["run","ffi"]
1:62: dangerous: with this the module may call into C, which does whatever its user can, out of its permissions: /lib/libc.so.6; take it out, or, if that is meant, add "dangerous": ["run","ffi"]`,
  ],
  [
    "root",
    `{ "module": "x.ts", "run_as": "root" }`,
    `1:21: dangerous: with this the module runs as root: a mistake of its author, or of Deno, is root's; leave it out, or, if that is meant, add "dangerous": ["root"]`,
  ],
  [
    "uid 0",
    `{ "module": "x.ts", "run_as": 0 }`,
    `1:21: dangerous: with this the module runs as root: a mistake of its author, or of Deno, is root's; leave it out, or, if that is meant, add "dangerous": ["root"]`,
  ],
  [
    "a user that there cannot be",
    `{ "module": "x.ts", "run_as": "a user" }`,
    `1:31: "run_as": expected the name of a user or a uid, found "a user"`,
  ],
  [
    "dangerous words that allow nothing, or are none",
    `{ "module": "x.ts", "dangerous": ["run", "root"] }`,
    `1:35: "run" allows nothing here: take it out
1:42: "root" allows nothing here: take it out`,
  ],
  [
    "a misspelt dangerous word",
    `{ "module": "x.ts", "dangerous": ["rum"] }`,
    `1:35: "rum" is not a word for something dangerous: did you mean "run"?`,
  ],
  [
    "programs and libraries that are not named",
    `{ "module": "x.ts", "permissions": { "run": true, "ffi": true, "all": true } }`,
    `1:45: "run" cannot be granted for all there is: list what it is for
1:58: "ffi" cannot be granted for all there is: list what it is for
1:64: "all" is refused: it would switch the sandbox off`,
  ],
  [
    "a permission of the wrong type",
    `{ "module": "x.ts", "permissions": { "read": "/srv", "run": [1] } }`,
    `1:46: expected a list of words, or of { "option": "NAME" }, or true or false
1:61: expected a list of words, or of { "option": "NAME" }`,
  ],
  [
    "credentials with bad names and paths",
    `{ "module": "x.ts", "credentials": { ".x": "/srv/x", "a": "/srv/../x", "b": "/srv/%i", "c": 1 } }`,
    `1:38: ".x" is not the name of a credential: use at most 64 letters, digits and _.-, no point first
1:59: "a": "/srv/../x" is not the path of a credential: write an absolute path of letters, digits and _.@+-
1:77: "b": "/srv/%i" is not the path of a credential: write an absolute path of letters, digits and _.@+-
1:93: "c": 1 is not the path of a credential: write an absolute path of letters, digits and _.@+-`,
  ],
  [
    "options that stand for what is not there",
    `{ "module": "x.ts", "options": { "db": { "state": "a.db" }, "key": { "credential": "k" } } }`,
    `1:40: there is no state folder for "a.db": add "state": true
1:68: there is no credential "k": add "credentials": { "k": "/PATH" }`,
  ],
  [
    "options that lead out of the state folder, or to a credential of another name",
    `{ "module": "x.ts", "state": true, "credentials": { "ldap": "/srv/ldap" }, "options": {\n "db": { "state": "../x" },\n "key": { "credential": "ldpa" } } }`,
    `2:8: "../x" is not the name of a file: use letters, digits and _.-, or "." for the folder
3:9: there is no credential "ldpa": did you mean "ldap"?`,
  ],
  [
    "a heap and connections that do not fit",
    `{ "module": "x.ts", "limits": { "heap_mib": 256, "hooks": 4096 } }`,
    `1:31: 4096 hooks and 1024 that wait do not fit into "descriptors": 2048: make that at least 5248
1:45: a heap of 256 MiB does not fit into "memory_mib": 256: make that at least 320`,
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
3:16: "a:0" is not \`HOST\`, \`HOST:PORT\` or \`unix:/PATH\`
4:11: "LD_PRELOAD" would change the worker itself and is never handed on
4:25: "A*" is not the name of one environment variable
5:11: "all" is not one of cpus, getPriority, gid, homedir, hostname, loadavg, networkInterfaces, osRelease, osUptime, setPriority, statfs, systemMemoryInfo, uid, userInfo, username`,
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
1:45: "heap" is not a key that can stand here: known are hooks, waiting, waiting_per_person, heap_mib, memory_mib, tasks, descriptors
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

Deno.test("parseModuleConfig() keeps a package as it is written", () => {
  for (
    const module of [
      "npm:policy@1.0.0",
      "npm:@a/b.c@1.0.0-rc.1",
      "jsr:@example/policy@1.2.3+build.5",
      "jsr:/@a/b@1.0.0",
    ]
  ) {
    assert.equal(parse(JSON.stringify({ module })).module, module);
  }
});

Deno.test("parseModuleConfig() grants the state folder and the credentials, and puts their paths into options", () => {
  const config = parse(`{
    "module": "x.ts",
    "state": true,
    "credentials": { "ldap": "/etc/pam-deno/secrets/ldap" },
    "permissions": { "read": ["/srv/rules"] },
    "options": {
      "ledger": { "state": "ledger.db" }, "folder": { "state": "." }, "password": { "credential": "ldap" },
      "other": { "state": 1 }, "both": { "state": "a", "credential": "b" }
    }
  }`);
  const state = "/var/lib/pam-deno-state/office-hours";
  const path = "/run/credentials/pam-deno@office-hours.service/ldap";
  assert.equal(config.state, state);
  assert.deepEqual(config.credentials, [{ name: "ldap", source: "/etc/pam-deno/secrets/ldap", path }]);
  assert.deepEqual(config.permissions, { read: [path, "/srv/rules", state], write: [state] });
  assert.deepEqual(JSON.parse(JSON.stringify(config.options)), {
    ledger: `${state}/ledger.db`,
    folder: state,
    password: path,
    other: { state: 1 },
    both: { state: "a", credential: "b" },
  });
});

Deno.test("parseModuleConfig() takes the places of another home", () => {
  const places = { state: "/srv/kept/a", credentials: "/srv/run/a" };
  const text = `{ "module": "x.ts", "state": true, "credentials": { "k": "/srv/k" } }`;
  const config = parseModuleConfig(text, "a", FILE, places);
  assert.deepEqual(config.permissions, { read: ["/srv/kept/a", "/srv/run/a/k"], write: ["/srv/kept/a"] });
});

Deno.test("parseModuleConfig() lets an option give a scope that lies in the state folder", () => {
  const { permissions } = parse(`{
    "module": "x.ts", "state": true, "options": { "db": { "state": "a.db" } },
    "permissions": { "write": [{ "option": "db" }] }
  }`);
  const state = "/var/lib/pam-deno-state/office-hours";
  assert.deepEqual(permissions, { read: [state], write: [state, `${state}/a.db`] });
});

Deno.test("parseModuleConfig() takes what is dangerous with its word, and dangers() warns of it", () => {
  const config = parse(`{
    "module": "x.ts",
    "permissions": { "run": ["/usr/bin/id"], "read": true, "env": true },
    "run_as": "root",
    "dangerous": ["root", "run", "read", "env"]
  }`);
  assert.deepEqual(config.permissions, { run: ["/usr/bin/id"], read: true, env: true });
  assert.deepEqual(dangers(config), [
    "Dangerous (read): this module may read every file that its user can read",
    "Dangerous (env): this module may read and set every variable of its process, those that Deno itself reads included",
    "Dangerous (run): this module may start programs, which do whatever its user can, out of its permissions: /usr/bin/id",
    "Dangerous (root): this module runs as root: a mistake of its author, or of Deno, is root's",
  ]);
});

Deno.test("dangers() has nothing to say of what is scoped", () => {
  const config = parse(`{
    "module": "x.ts", "run_as": 61190, "state": true,
    "permissions": { "read": ["/srv"], "net": ["a.example"], "run": [], "ffi": false }
  }`);
  assert.deepEqual(dangers(config), []);
  assert.equal(config.run_as, 61_190);
});

Deno.test("parseModuleConfig() leaves a blanket grant alone when there is a state folder too", () => {
  const { permissions } = parse(
    `{ "module": "x.ts", "state": true, "permissions": { "read": true }, "dangerous": ["read"] }`,
  );
  assert.deepEqual(permissions, { read: true, write: ["/var/lib/pam-deno-state/office-hours"] });
});

Deno.test("parseModuleConfig() names thousands of unknown keys without taking long", () => {
  const keys = Array.from({ length: 5000 }, (_, i) => `"k${i}": 1`).join(", ");
  const began = performance.now();
  assert.equal(complaint(`{ "module": "x.ts", ${keys} }`).split("\n").length, 5000);
  assert.ok(performance.now() - began < 5_000);
});
