// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { configFile, hookLink } from "../../../sdk/config/layout.ts";
import { addModule } from "../../../sdk/install/add.ts";
import { formatPlan } from "../../../sdk/install/plan.ts";
import { bundleFile, readRecord } from "../../../sdk/install/record.ts";
import { removeModule } from "../../../sdk/install/remove.ts";
import { rollbackModule } from "../../../sdk/install/rollback.ts";
import { dropInFile } from "../../../sdk/install/unit.ts";
import { makeFolder } from "./folders.ts";
import { makeSite, moduleText, type Site } from "./site.ts";

const CONFIG = `{ "exports": "./module.ts" }`;
const gate = (site: Site, code = "success", extra = "") =>
  site.source("gate", { "deno.json": CONFIG, "module.ts": moduleText(code, extra) });

Deno.test("addModule() installs a folder: bundle, record, configuration and hook link", async () => {
  using site = await makeSite();
  const { layout } = site;
  const result = await site.add(gate(site));
  const { sha256, accepted, started, selfTest } = result;
  assert.deepEqual([result.name, accepted, started, selfTest], ["gate", true, false, undefined]);
  const bytes = Deno.readFileSync(bundleFile(layout, "gate", sha256));
  assert.equal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), sha256);
  const map = /sourceMappingURL=(\S+)/.exec(new TextDecoder().decode(bytes))![1]!;
  assert.ok(Deno.readTextFileSync(join(layout.stateDir, "modules/gate", map)).includes("module/module.ts"));
  assert.equal(Deno.readLinkSync(hookLink(layout, "gate")), "account");
  const text = Deno.readTextFileSync(configFile(layout, "gate"));
  assert.match(text, /^\/\/ The module gate/);
  const { current, previous } = readRecord(layout, "gate")!;
  assert.deepEqual([current.sha256, current.configuration, current.specifier, previous], [
    sha256,
    text,
    join(site.path, "src/gate/module.ts"),
    [],
  ]);
  assert.deepEqual(current.declaration, { hooks: ["account"], grants: {}, permissions: {} });
  assert.throws(() => Deno.statSync(join(layout.stateDir, "stage")), Deno.errors.NotFound);
});

Deno.test("addModule() gives what was declared, with scopes out of options, and lines with grants", async () => {
  using site = await makeSite();
  const file = site.source("ledger", {
    "deno.json": CONFIG,
    "module.ts": `import { defineModule, type PamModule } from "@pam-deno/sdk";
const options = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }),
  jsonSchema: { input: () => ({ type: "object", properties: { rules: { type: "string" }, host: { type: "string" } } }) } } };
export default defineModule({
  options: options as never,
  grants: { account: ["prompt"], session: ["env:KRB5CCNAME", "user_file:krb5-*"] },
  permissions: { read: ["/etc/motd", { option: "rules" }], net: [{ option: "host" }] } as never,
  account: () => "success",
  openSession: () => "success",
}) as unknown as PamModule;
`,
  });
  const { pamLines, breakGlass, plan } = await site.add(file, { options: { rules: "/etc/rules.json" } });
  assert.deepEqual(plan.permissions.added, [`read "/etc/motd"`, `read "/etc/rules.json"`]);
  assert.deepEqual(plan.warnings.filter((warning) => warning.includes("host")).length, 1);
  assert.match(pamLines[0]!, /^account required .*pam_deno\.so .*grant=prompt ledger$/);
  assert.match(
    pamLines[1]!,
    /^session required .*pam_deno\.so .*grant=env:KRB5CCNAME,user_file:krb5-\* ledger$/,
  );
  assert.deepEqual(plan.grants.session?.added, ["env:KRB5CCNAME", "user_file:krb5-*"]);
  assert.deepEqual(breakGlass, [
    "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
    "session [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
  ]);
  const text = Deno.readTextFileSync(configFile(site.layout, "ledger"));
  const said = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""));
  assert.deepEqual(said.permissions, { read: ["/etc/motd", { option: "rules" }] });
  assert.deepEqual(said.options, { rules: "/etc/rules.json" });
});

Deno.test("addModule() shows what an upgrade widens, and keeps the administrator's file otherwise", async () => {
  using site = await makeSite();
  const { layout } = site;
  const first = await site.add(gate(site));
  const file = configFile(layout, "gate");
  const own = Deno.readTextFileSync(file).replace(
    `"permissions": {}`,
    `"permissions": { "read": ["/etc/hostname"] }, // ours\n  "workers": 2`,
  );
  Deno.writeTextFileSync(file, own);
  const second = await site.add(
    gate(site, "perm_denied", `grants: { account: ["prompt"] }, permissions: { read: ["/etc/motd"] },`),
  );
  assert.notEqual(first.sha256, second.sha256);
  assert.deepEqual(second.plan.permissions, {
    added: [`read "/etc/motd"`],
    removed: [],
    kept: [`read "/etc/hostname"`],
  });
  assert.deepEqual(second.plan.grants.account, { added: ["prompt"], removed: [], kept: [] });
  const lines = formatPlan(second.plan);
  const at = lines.indexOf("THIS LETS IT DO MORE THAN BEFORE:");
  assert.deepEqual(lines.slice(at, at + 3), [
    "THIS LETS IT DO MORE THAN BEFORE:",
    `  + read "/etc/motd"`,
    "  + prompt, if its account lines are given it",
  ]);
  assert.ok(at < lines.indexOf("Hooks"));
  const text = Deno.readTextFileSync(file);
  assert.ok(text.includes("// ours") && text.includes(`"workers": 2`), text);
  assert.ok(text.indexOf("/etc/hostname") < text.indexOf("/etc/motd"), text);
  // Whoever goes back gets the file as it was when the old bundle was last served.
  assert.equal(readRecord(layout, "gate")!.previous[0]!.configuration, own);
});

Deno.test("addModule() changes nothing if the answer is no", async () => {
  using site = await makeSite();
  await site.add(gate(site));
  const before = site.installed();
  const { accepted, pamLines } = await site.add(gate(site, "perm_denied"), {}, false);
  assert.equal(accepted, false);
  assert.equal(pamLines.length, 1);
  assert.deepEqual(site.installed(), before);
});

Deno.test("addModule() changes nothing if the answer is no, the first time either", async () => {
  using site = await makeSite();
  await site.add(gate(site), {}, false);
  assert.deepEqual(Object.values(site.installed()).filter((text) => text !== ""), []);
});

Deno.test("addModule() installs a ready bundle by its hash without any network", async () => {
  using site = await makeSite();
  using other = await makeSite();
  const { sha256 } = await site.add(gate(site));
  const ready = join(other.path, "policy.js");
  Deno.copyFileSync(bundleFile(site.layout, "gate", sha256), ready);
  const result = await other.add(ready, { sha256 });
  assert.deepEqual([result.name, result.sha256], ["policy", sha256]);
  assert.deepEqual(Deno.readFileSync(bundleFile(other.layout, "policy", sha256)), Deno.readFileSync(ready));
});

Deno.test("addModule() refuses a ready bundle with another hash, or with imports left in it", async () => {
  using site = await makeSite();
  const ready = join(site.path, "policy.js");
  Deno.writeTextFileSync(ready, `import "./other.js";\nexport default 1;\n`);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", Deno.readFileSync(ready))).toHex();
  await assert.rejects(site.add(ready, { sha256: "0".repeat(64) }), {
    name: "InstallError",
    message: `${ready}: its SHA-256 is ${sha256}, not ${"0".repeat(64)}: it is not the bundle that was meant`,
  });
  await assert.rejects(
    site.add(ready, { sha256 }),
    /the bundle still imports "\.\/other\.js": only `node:` may be imported at run time/,
  );
  assert.deepEqual(Object.values(site.installed()).filter((text) => text !== ""), []);
});

Deno.test("addModule() makes the same bytes in two folders, and under two users", async () => {
  using one = await makeSite();
  using two = await makeSite();
  const files = {
    "deno.json": CONFIG,
    "module.ts":
      `import rules from "./rules.json" with { type: "json" };\nconsole.debug(rules);\n${moduleText()}`,
    "rules.json": "[1]",
  };
  const [a, b] = [
    await one.add(one.source("gate", files)),
    await two.add(two.source("elsewhere/gate", files)),
  ];
  assert.equal(a.sha256, b.sha256);
  const map = (site: Site) =>
    /sourceMappingURL=(\S+)/.exec(Deno.readTextFileSync(bundleFile(site.layout, "gate", a.sha256)))![1];
  assert.equal(map(one), map(two));
});

const bad: [string, Record<string, string>, RegExp][] = [
  [
    "does not load",
    { "module.ts": `throw new Error("no\\u001b[2J way");` },
    /it does not load: it threw while it was loaded: Error: no.{1,2}\[2J way/,
  ],
  ["has no default export", { "module.ts": "export const x = 1;" }, /module "gate" has no default export/],
  ["exports something else", { "module.ts": "export default 1;" }, /its default export is a number/],
  [
    "reads a file when it is loaded",
    { "module.ts": `Deno.readTextFileSync("/etc/hostname");` },
    /NotCapable|Requires read/,
  ],
  ["never ends loading", { "module.ts": `${moduleText()}for (;;);` }, /it did not load within 5000 ms/],
  ["has a syntax error", { "module.ts": "export default {{;" }, /gate\/module\.ts/],
  ["imports what is not there", { "module.ts": `import "./gone.ts";` }, /gate\/(?:module|gone)\.ts/],
  [
    "names no main file",
    { "deno.json": "{}", "module.ts": moduleText() },
    /no deno\.json in it says which file is the module/,
  ],
  [
    "asks for the whole file system",
    { "module.ts": moduleText("success", `permissions: { read: ["/"] },`) },
    /asks for a permission that cannot be granted: "\/" is the whole file system/,
  ],
];

for (const [what, files, message] of bad) {
  Deno.test(`addModule() refuses a module that ${what}, and leaves nothing`, async () => {
    using site = await makeSite();
    await assert.rejects(site.add(site.source("gate", { "deno.json": CONFIG, ...files })), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\/state\/stage\//, "it names a folder that is gone");
      assert.equal(error.message.includes("\u001b"), false, "it moves the cursor");
      return true;
    });
    assert.deepEqual(Object.values(site.installed()).filter((text) => text !== ""), []);
  });
}

Deno.test("addModule() refuses names that cannot be a module's, or are taken", async () => {
  using site = await makeSite();
  const folder = gate(site);
  await assert.rejects(site.add(folder, { name: "../x" }), /"\.\.\/x" is not the name of a module/);
  await assert.rejects(site.add(folder, { name: "use_authtok" }), /is a word of libpam's own/);
  await site.add(folder);
  const other = site.source("other/gate", { "deno.json": CONFIG, "module.ts": moduleText("perm_denied") });
  await assert.rejects(
    site.add(other),
    /gate is there already, and is .*: to put this in its place, say --name gate/,
  );
  assert.equal(
    (await site.add(other, { name: "gate" })).plan.upgradeFrom?.specifier,
    join(folder, "module.ts"),
  );
});

Deno.test("addModule() refuses what is not there, and specifiers without an exact version", async () => {
  using site = await makeSite();
  await assert.rejects(site.add(join(site.path, "gone.ts")), /gone\.ts: there is no such file or folder/);
  for (const specifier of ["npm:gate", "npm:gate@^1", "jsr:@acme/gate@1", "npm:gate@latest"]) {
    await assert.rejects(
      site.add(specifier),
      /what is served must be one exact thing; write all three numbers, as in/,
    );
  }
  await assert.rejects(site.add("https://example.com/x.ts"), /is neither a path nor a package/);
});

Deno.test("addModule() refuses a configuration that is wrong, and folders that others can change", async () => {
  using site = await makeSite();
  const folder = gate(site);
  Deno.mkdirSync(join(site.layout.configDir, "modules"), { recursive: true });
  Deno.writeTextFileSync(configFile(site.layout, "gate"), `{ "modul": "x" }`);
  await assert.rejects(
    site.add(folder, { name: "gate" }),
    /gate\.jsonc:1:3: "modul" .*did you mean "module"\?/,
  );
  Deno.removeSync(configFile(site.layout, "gate"));
  Deno.chmodSync(join(site.layout.configDir, "modules"), 0o777);
  await assert.rejects(site.add(folder), { name: "PlaceError" });
});

Deno.test("addModule() refuses to run beside another", async () => {
  using site = await makeSite();
  const folder = gate(site);
  await site.add(folder);
  using lock = Deno.openSync(join(site.layout.stateDir, ".lock"), { write: true });
  assert.ok(lock.tryLockSync(true));
  await assert.rejects(site.add(folder), /another pam-deno command is changing what is installed/);
});

Deno.test("addModule() mends a damaged record", async () => {
  using site = await makeSite();
  const { sha256 } = await site.add(gate(site));
  Deno.writeTextFileSync(join(site.layout.stateDir, "modules/gate/installed.json"), "{");
  const { plan } = await site.add(gate(site), { name: "gate" });
  assert.match(
    plan.warnings[0]!,
    /What was installed before is not known any more: .*installed\.json: damaged/,
  );
  assert.equal(readRecord(site.layout, "gate")!.current.sha256, sha256);
});

Deno.test("addModule() copies regular files only, and says so if a link was needed", async () => {
  using site = await makeSite();
  using outside = makeFolder();
  Deno.writeTextFileSync(join(outside.path, "secret.ts"), "export const secret = 1;");
  const folder = site.source("gate", {
    "deno.json": CONFIG,
    "module.ts": `import "./linked.ts";\n${moduleText()}`,
  });
  Deno.symlinkSync(join(outside.path, "secret.ts"), join(folder, "linked.ts"));
  await new Deno.Command("mkfifo", { args: [join(folder, "pipe")] }).output();
  await assert.rejects(site.add(folder), /Symbolic links are not followed: .*gate\/linked\.ts/);
});

Deno.test("addModule() leaves a drop-in of what is granted for systemd where there are units, and removes it", async () => {
  using site = await makeSite();
  const { layout } = site;
  Deno.mkdirSync(layout.unitDir);
  const file = dropInFile(layout, "gate");
  await site.add(gate(site));
  assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
  await site.add(gate(site, "success", `permissions: { net: ["ldap.example.org:636"] },`));
  assert.match(Deno.readTextFileSync(file), /^PrivateNetwork=no$/m);
  await rollbackModule({ layout, name: "gate" }, {
    progress: () => {},
    confirm: () => Promise.resolve(true),
  });
  assert.throws(() => Deno.statSync(file), Deno.errors.NotFound);
  await site.add(gate(site, "success", `permissions: { net: ["ldap.example.org:636"] },`));
  await removeModule({ layout, name: "gate" }, { progress: () => {}, confirm: () => Promise.resolve(true) });
  assert.deepEqual([...Deno.readDirSync(layout.unitDir)], []);
});

Deno.test("addModule() refuses dangerous words that nothing asks for, and root unless it is said", async () => {
  using site = await makeSite();
  await assert.rejects(
    site.add(gate(site), { dangerous: ["run"] }),
    /--dangerous run: the module does not ask for it/,
  );
  const { plan } = await site.add(gate(site), { dangerous: ["root"] });
  assert.deepEqual(plan.dangerous.added, ["root"]);
  assert.match(plan.configuration, /"run_as": "root"/);
});

Deno.test("addModule() does not write over a configuration that was changed while it asked", async () => {
  using site = await makeSite();
  const { layout } = site;
  await site.add(gate(site));
  const file = configFile(layout, "gate");
  const own = Deno.readTextFileSync(file).replace("{", "{ // ours");
  const adding = addModule({ layout, specifier: gate(site, "perm_denied"), start: false }, {
    progress: () => {},
    confirm: () => {
      Deno.writeTextFileSync(file, own);
      return Promise.resolve(true);
    },
  });
  await assert.rejects(adding, /gate\.jsonc was changed meanwhile/);
  assert.equal(Deno.readTextFileSync(file), own);
});

Deno.test("addModule() makes what others have to read readable, whatever the mask of modes is", async () => {
  using site = await makeSite();
  const { layout } = site;
  const mask = Deno.umask(0o077);
  try {
    await site.add(gate(site));
    assert.equal(Deno.umask(), 0o077);
  } finally {
    Deno.umask(mask);
  }
  for (
    const folder of [
      layout.stateDir,
      join(layout.stateDir, "modules/gate"),
      layout.configDir,
      join(layout.configDir, "hooks"),
    ]
  ) {
    assert.equal(Deno.statSync(folder).mode! & 0o777, 0o755, folder);
  }
  for (const { name } of Deno.readDirSync(join(layout.stateDir, "modules/gate"))) {
    assert.equal(Deno.statSync(join(layout.stateDir, "modules/gate", name)).mode! & 0o777, 0o644, name);
  }
  assert.equal(Deno.statSync(configFile(layout, "gate")).mode! & 0o777, 0o644);
});
