// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { configFile } from "../../../sdk/config/layout.ts";
import { bundleFile, readRecord } from "../../../sdk/install/record.ts";
import { startRegistry } from "./registry.ts";
import { builtPrograms, makeSite, moduleText } from "./site.ts";

// Their own packages come from the machine's registry, before there is another.
await builtPrograms();

/** A module as a package of npm has it: JavaScript, with the SDK as a dependency that no registry here has. */
const POLICY = `import { defineModule } from "@pam-deno/sdk";
import { code } from "helper";
export default defineModule({ account: () => code });
`;

Deno.test("addModule() installs a package of npm with its dependencies, and keeps what they were", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  await registry.npm({ name: "helper", version: "1.2.3", type: "module", main: "x.js" }, {
    "x.js": `export const code = "perm_denied";`,
  });
  await registry.npm(
    {
      name: "@acme/pam-deno-gate",
      version: "2.0.0",
      type: "module",
      exports: { ".": { types: "./x.d.ts", import: "./dist/policy.js" } },
      dependencies: { helper: "^1.0.0" },
      peerDependencies: { "@pam-deno/sdk": "^0.1.0" },
    },
    { "dist/policy.js": POLICY },
  );
  const { name, sha256 } = await site.add("npm:@acme/pam-deno-gate@2.0.0");
  assert.equal(name, "gate");
  const code = Deno.readTextFileSync(bundleFile(site.layout, name, sha256));
  assert.match(code, /^\/\/ npm\/helper\/1\.2\.3\/x\.js$/m);
  assert.match(code, /^\/\/ module\/dist\/policy\.js$/m);
  assert.match(code, /^\/\/ sdk\/sdk\/module\.ts$/m);
  assert.equal(code.includes("127.0.0.1"), false);
  const lock = Deno.readTextFileSync(join(site.layout.stateDir, "modules/gate", `${sha256}.lock`));
  assert.match(lock, /"helper@1\.2\.3"/);
  assert.equal(readRecord(site.layout, name)!.current.specifier, "npm:@acme/pam-deno-gate@2.0.0");
  assert.match(
    Deno.readTextFileSync(configFile(site.layout, name)),
    /"module": "npm:@acme\/pam-deno-gate@2\.0\.0"/,
  );
});

Deno.test("addModule() installs a package of JSR, whichever way it names the SDK", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  await registry.jsr("@acme/words", "1.1.0", { "mod.ts": `export const code = "perm_denied" as const;\n` });
  await registry.jsr("@acme/gate", "1.0.0", {
    "mod.ts": `import { defineModule, type PamModule } from "jsr:@pam-deno/sdk@^7.3";
import { PamError } from "npm:@pam-deno/sdk@7";
import { code } from "jsr:@acme/words@1";
console.debug(PamError.name);
export default defineModule({ account: () => code }) as PamModule;
`,
  });
  const { name, sha256 } = await site.add("jsr:@acme/gate@1.0.0");
  const code = Deno.readTextFileSync(bundleFile(site.layout, name, sha256));
  assert.match(code, /^\/\/ jsr\/@acme\/words\/1\.1\.0\/mod\.ts$/m);
  assert.match(code, /^\/\/ sdk\/sdk\/module\.ts$/m);
  assert.equal(code.includes("127.0.0.1"), false);
});

Deno.test("addModule() makes the same bytes of a package, whatever registry it came from", async () => {
  const hashes: string[] = [];
  for (let i = 0; i < 2; i++) {
    await using registry = startRegistry();
    using site = await makeSite();
    await registry.npm({ name: "helper", version: "1.0.0", type: "module", main: "x.js" }, {
      "x.js": `export const code = "success";`,
    });
    await registry.npm({ name: "gate", version: "1.0.0", main: "m.js", dependencies: { helper: "1.0.0" } }, {
      "m.js": POLICY,
    });
    hashes.push((await site.add("npm:gate@1.0.0")).sha256);
  }
  assert.equal(hashes[0], hashes[1]);
});

Deno.test("addModule() upgrades a package under its name, and honours a module's lockfile", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  const helper = (version: string, code: string) =>
    registry.npm({ name: "helper", version, type: "module", main: "x.js" }, {
      "x.js": `export const code = "${code}";`,
    });
  await helper("1.0.0", "success");
  const folder = site.source("gate", {
    "deno.json": `{ "exports": "./module.ts", "imports": { "helper": "npm:helper@^1.0.0" } }`,
    "module.ts": POLICY,
  });
  const first = await site.add(folder);
  const lock = join(site.layout.stateDir, "modules/gate", `${first.sha256}.lock`);
  Deno.copyFileSync(lock, join(folder, "deno.lock"));
  await helper("1.9.0", "perm_denied");
  assert.equal((await site.add(folder)).sha256, first.sha256);
  Deno.removeSync(join(folder, "deno.lock"));
  const third = await site.add(folder);
  assert.match(Deno.readTextFileSync(bundleFile(site.layout, "gate", third.sha256)), /npm\/helper\/1\.9\.0/);
});

Deno.test("addModule() says what a registry does not have, and what it has been given instead", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  await assert.rejects(site.add("npm:gone@1.0.0"), /npm:gone@1\.0\.0: no registry has it/);
  await assert.rejects(site.add("jsr:@acme/gone@1.0.0"), /@acme\/gone/);
  await registry.npm({ name: "gate", version: "1.0.0", main: "m.js" }, { "m.js": "export default 1;" });
  await assert.rejects(
    site.add("npm:gate@1.0.1"),
    /npm:gate has no version 1\.0\.1; some that it has: 1\.0\.0/,
  );
  registry.serve("/npm/gate/-/1.0.0.tgz", "something else");
  await assert.rejects(site.add("npm:gate@1.0.0"), /what was downloaded is not what the registry describes/);
});

/** Ways in which a dependency could get a file of the machine into a bundle. */
const SECRET = "a secret that no bundle may have in it";
const attacks: [string, (secret: string) => string][] = [
  ["an absolute path", (secret) => `import t from ${JSON.stringify(secret)} with { type: "text" };`],
  ["a file: URL", (secret) => `import t from ${JSON.stringify(`file://${secret}`)} with { type: "text" };`],
  [
    "a path out of its folder",
    (secret) =>
      `import t from ${JSON.stringify(`${"../".repeat(24)}${secret.slice(1)}`)} with { type: "text" };`,
  ],
  ["octets", (secret) => `import t from ${JSON.stringify(secret)} with { type: "bytes" };`],
  [
    "a name that the bundler puts together",
    (secret) =>
      `const { default: t } = await import(${JSON.stringify(secret.slice(0, 5))} + ${
        JSON.stringify(secret.slice(5))
      }, { with: { type: "text" } });`,
  ],
  ["JSON", (secret) => `import t from ${JSON.stringify(secret)} with { type: "json" };`],
  ["a package's own symbolic link", () => `import t from "./linked.txt" with { type: "text" };`],
];

/** All bytes below a folder that hold the secret. */
function holders(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory, isFile }) => {
    const path = join(folder, name);
    if (isDirectory) return holders(path);
    return isFile && Deno.readTextFileSync(path).includes(SECRET) ? [path] : [];
  });
}

for (const [what, attack] of attacks) {
  Deno.test({
    name: `addModule() gets nothing of a file of root's into a bundle by ${what} in a dependency`,
    ignore: Deno.uid() !== 0,
    async fn() {
      await using registry = startRegistry();
      using site = await makeSite();
      const secret = join(site.path, "shadow");
      Deno.writeTextFileSync(secret, JSON.stringify(SECRET), { mode: 0o600 });
      const link = { name: "package/linked.txt", type: "2", target: secret } as const;
      await registry.npm(
        { name: "helper", version: "1.0.0", type: "module", main: "x.js" },
        { "x.js": `${attack(secret)}\nconsole.debug(t);\nexport const code = "success";` },
        [link],
      );
      const folder = site.source("gate", {
        "deno.json": `{ "exports": "./module.ts", "imports": { "helper": "npm:helper@1.0.0" } }`,
        "module.ts": POLICY,
      });
      await assert.rejects(site.add(folder), { name: "InstallError" });
      assert.deepEqual(holders(site.layout.stateDir), []);
      assert.deepEqual(holders(site.layout.configDir), []);
      // The same in the module itself, whose folder has a link too.
      Deno.symlinkSync(secret, join(folder, "linked.txt"));
      Deno.writeTextFileSync(
        join(folder, "module.ts"),
        `${attack(secret)}\nconsole.debug(t);\n${moduleText()}`,
      );
      await assert.rejects(site.add(folder), { name: "InstallError" });
      assert.deepEqual(holders(site.layout.stateDir), []);
      // Without the attack it can be added, so that was what was refused.
      Deno.writeTextFileSync(join(folder, "module.ts"), moduleText());
      await site.add(folder);
    },
  });
}

Deno.test("addModule() gets nothing of /etc/shadow into a bundle by a dependency", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  await registry.npm(
    { name: "gate", version: "1.0.0", main: "m.js" },
    { "m.js": `import t from "/etc/shadow" with { type: "text" };\nconsole.debug(t);\nexport default 1;` },
  );
  await assert.rejects(site.add("npm:gate@1.0.0"), /\/etc\/shadow/);
  assert.deepEqual(Object.values(site.installed()).filter((text) => text !== ""), []);
});

Deno.test("addModule() does not fetch from the machine's own services", async () => {
  await using registry = startRegistry();
  using site = await makeSite();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(SECRET),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}/credentials`;
    await registry.npm(
      { name: "gate", version: "1.0.0", main: "m.js" },
      { "m.js": `import t from "${url}" with { type: "text" };\nconsole.debug(t);\nexport default 1;` },
    );
    await assert.rejects(site.add("npm:gate@1.0.0"), { name: "InstallError" });
  } finally {
    await server.shutdown();
  }
});
