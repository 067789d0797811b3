// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { decide } from "../worker/client.ts";
import { makeFolder, ROOT } from "../worker/harness.ts";
import { Command, gone, MODULE, Site, workers } from "./site.ts";
import { behind } from "../codes.ts";

Deno.test("pam-deno serve serves every module, says what line to use, and tidies up at SIGTERM", async () => {
  using site = new Site();
  site.add("hours");
  site.add(
    "vault",
    `export default defineModule({
      grants: { session: ["prompt", "env:VAULT_*"] },
      account: () => "perm_denied",
      openSession: () => "success",
      closeSession: () => "success",
    });`,
  );
  await using command = new Command(site.args);
  await command.printed(/ready hours .*\n.*account/);
  await command.printed(/ready vault .*\n.*\n.*session/);
  const shim = join(ROOT, "build", "pam_deno.so");
  const dirs = `runtime_dir=${site.run} config_dir=${site.config}`;
  // Whichever is ready first is told first.
  const blocks = command.stdout.replaceAll(/ in \d+ ms/g, " in N ms").split(/^(?=ready)/m).sort();
  assert.deepEqual(blocks, [
    `ready hours (account) in N ms
  account required ${shim} ${dirs} hours
`,
    `ready vault (account, openSession, closeSession) in N ms
  account required ${shim} ${dirs} vault
  session required ${shim} ${dirs} grant=prompt,env:VAULT_* vault
`,
  ]);
  assert.equal(Deno.readLinkSync(join(site.config, "hooks", "hours")), "account");
  assert.equal(Deno.readLinkSync(join(site.config, "hooks", "vault")), "account,openSession,closeSession");
  assert.equal(Deno.lstatSync(join(site.run, ".pam-deno")).isFile, true);
  assert.equal(Deno.lstatSync(site.socket("hours")).mode! & 0o777, 0o600);
  const hours = await decide(site.socket("hours"));
  const vault = await decide(site.socket("vault"));
  assert.deepEqual([hours, vault].map((answer) => answer?.type === "result" && answer.code), [
    "success",
    "perm_denied",
  ]);
  const pids = workers(site);
  assert.equal(pids.length, 2);
  assert.equal((await command.end("SIGTERM")).code, 0);
  assert.deepEqual(
    [...Deno.readDirSync(site.run)].map(({ name }) => name).filter((name) => name.includes("sock")),
    [],
  );
  await gone(pids);
});

Deno.test("pam-deno serve refuses a runtime directory that another one serves, and leaves it alone", async () => {
  using site = new Site();
  site.add("hours");
  await using first = new Command(site.args);
  await first.printed(/ready hours/);
  await using second = new Command(site.args);
  assert.equal((await second.end()).code, 1);
  assert.equal(
    second.stderr,
    `pam-deno: Another supervisor serves ${site.run}: stop it first, or name another folder with --runtime-dir\n` +
      `pam-deno:${behind("already-served")}\n`,
  );
  assert.equal((await decide(site.socket("hours")))?.type, "result");
});

Deno.test("pam-deno serve serves the others when one module cannot be served, and says why", async () => {
  using site = new Site();
  site.add("good");
  site.add("unknown-key", MODULE, { permisions: {} });
  site.add("no-module", `export default {};`);
  site.add("throws", `throw new Error("at the top");`);
  site.add("loops", `for (;;);`);
  site.add("reads", `Deno.readTextFileSync("/etc/hostname");\n${MODULE}`);
  site.add(
    "needs",
    `export default defineModule({ permissions: { read: ["/srv/rules"], net: ["ldap.example.org:636"] }, account: () => "success" });`,
  );
  site.add(
    "forges",
    `Deno.stdout.writeSync(new TextEncoder().encode('{"hooks":["account","evil"]}\\n')); Deno.exit(0);`,
  );
  await using command = new Command(site.args);
  await command.printed(/ready good/);
  const file = (name: string) => join(site.config, "modules", `${name}.jsonc`);
  for (
    const expected of [
      `error pam-deno: ${file("unknown-key")}:1:`,
      `"permisions" is not a key that can stand here: did you mean "permissions"?`,
      `error pam-deno: no-module: `,
      `error pam-deno: throws: `,
      `at the top`,
      `error pam-deno: loops: it did not load within 5000 ms: a module must not wait or loop at its top level`,
      `error pam-deno: reads: `,
      `Requires read access to "/etc/hostname"`,
      `error pam-deno: ${
        file("needs")
      }: the module needs permissions that it is not granted: look at them, and add to "permissions": "read": ["/srv/rules"], "net": ["ldap.example.org:636"]`,
      `error pam-deno: forges: what it declares cannot be read: its main file must not print or exit when it is loaded`,
    ]
  ) await command.printed(new RegExp(RegExp.escape(expected)));
  assert.deepEqual([...Deno.readDirSync(join(site.config, "hooks"))].map(({ name }) => name), ["good"]);
  assert.equal((await decide(site.socket("good")))?.type, "result");
  assert.equal((await command.end("SIGTERM")).code, 0);
});

Deno.test("pam-deno serve fails if no module can be served", async () => {
  using site = new Site();
  site.add("bad", `throw new Error("no");`);
  await using command = new Command(site.args);
  assert.equal((await command.end()).code, 1);
});

Deno.test("pam-deno serve forgets the hooks of a module that is not configured any more", async () => {
  using site = new Site();
  site.add("hours");
  Deno.mkdirSync(join(site.config, "hooks"));
  Deno.symlinkSync("account", join(site.config, "hooks", "removed"));
  // A supervisor that was killed while it bundled left this.
  Deno.mkdirSync(join(site.run, "workers", ".stage-1"), { recursive: true, mode: 0o711 });
  await using command = new Command(site.args);
  await command.printed(/ready hours/);
  const left = [...Deno.readDirSync(join(site.run, "workers"))].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.startsWith(".stage")), []);
  assert.deepEqual([...Deno.readDirSync(join(site.config, "hooks"))].map(({ name }) => name), ["hours"]);
});

Deno.test("pam-deno serve gives a module exactly what its file grants, options included", async () => {
  using site = new Site();
  const rules = join(site.config, "rules.txt");
  Deno.writeTextFileSync(rules, "perm_denied");
  site.add(
    "rules",
    `import * as v from "valibot";
    export default defineModule({
      options: v.object({ rules: v.string() }),
      permissions: { read: [{ option: "rules" }] },
      account({ options, user }) {
        return user === "other" ? (Deno.readTextFileSync("/etc/hostname"), "success") : Deno.readTextFileSync(options.rules);
      },
    });`,
    { permissions: { read: [{ option: "rules" }] }, options: { rules } },
  );
  await using command = new Command(site.args);
  await command.printed(/ready rules/);
  const answer = await decide(site.socket("rules"));
  assert.equal(answer?.type === "result" ? answer.code : JSON.stringify(answer), "perm_denied");
  const other = await decide(site.socket("rules"), { user: "other" });
  assert.match(other?.type === "fault" ? other.message : "", /Requires read access to "\/etc\/hostname"/);
});

Deno.test("pam-deno serve writes priorities for a journal", async () => {
  using site = new Site();
  site.add("hours", `console.warn("a warning");\n${MODULE}`);
  await using command = new Command(site.args, { JOURNAL_STREAM: "1:1" });
  await command.printed(/^<4>hours: a warning$/m);
});

Deno.test("pam-deno serve says which folder is missing", async () => {
  using folder = makeFolder();
  await using command = new Command([
    "serve",
    "--config-dir",
    folder.path,
    "--runtime-dir",
    join(folder.path, "run"),
  ]);
  assert.equal((await command.end()).code, 1);
  assert.equal(
    command.stderr,
    `pam-deno: ${folder.path}/modules: there is no such folder: make it, with a file NAME.jsonc for each module\n` +
      `pam-deno:${behind("config-invalid")}\n`,
  );
});
