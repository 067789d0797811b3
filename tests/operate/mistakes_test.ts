// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { Command } from "../sdk/supervisor/site.ts";
import { account } from "./home.ts";
import { Installation } from "./installation.ts";

const ignore = Deno.uid() !== 0;

Deno.test({
  name: "what is wrong with some modules is said with file and remedy, and the others are served",
  ignore,
  async fn() {
    using site = new Installation();
    const { layout } = site;
    const state = (name: string) => join(layout.stateDir, "modules", name);
    await site.install("good");
    await site.install("workers", undefined, { workers: 2 });
    const sha256 = await site.install("hash");
    Deno.writeTextFileSync(join(state("hash"), `${sha256}.js`), "// another\n");
    await site.install("record");
    Deno.writeTextFileSync(join(state("record"), "installed.json"), `{"current":1}`);
    await site.install("syntax");
    site.configure("syntax", `{ "module": "/m.ts"\n "workers": 2 }`);
    await site.install("needs", undefined, {}, {
      hooks: ["account"],
      grants: {},
      permissions: { read: ["/srv/rules"] },
    });
    await site.install("throws", `throw new Error("at the top");`);
    await site.install("nothing", `export {};`);
    await site.install("changed", `export default defineModule({ openSession: () => "success" });`);
    await site.install("place");
    Deno.mkdirSync(site.socket("place"));
    await site.install("owner");
    Deno.chownSync(join(layout.configDir, "modules", "owner.jsonc"), 12_345, null);
    site.configure("package", `{ "module": "npm:@example/policy@1.0.0" }`);
    // As an earlier supervisor that was killed would leave it.
    using stale = Deno.listen({ transport: "unix", path: site.socket("good") });
    assert.equal(stale.addr.transport, "unix");
    await using command = new Command(["serve", ...site.words]);
    for (
      const said of [
        /error pam-deno: hash: .*\.js: its SHA-256 is [0-9a-f]{64}: it is not the file that was installed/,
        /error pam-deno: record: .*installed\.json: damaged .*: run `pam-deno add` again/,
        /error pam-deno: .*syntax\.jsonc:2:2: /,
        /error pam-deno: .*needs\.jsonc: the module needs permissions that it is not granted: .*"read": \["\/srv\/rules"\]/,
        /error throws: .*at the top/,
        /error pam-deno: throws: .*the worker ended with status/,
        /error nothing: .*default/,
        /error changed: .*its hooks are .* and were .* when it was installed/,
        /error pam-deno: place: .*place\.sock is in the way: it is not a socket; remove it/,
        /error pam-deno: .*owner\.jsonc: others can change this file: chown it to root/,
        /error pam-deno: .*package\.jsonc: npm:@example\/policy@1\.0\.0 is not installed: run `pam-deno add npm:@example\/policy@1\.0\.0 --name package`/,
        /ready good \(account\)/,
        /ready workers \(account\)/,
      ]
    ) await command.printed(said);
    const args = [`runtime_dir=${layout.runtimeDir}`, `config_dir=${layout.configDir}`];
    for (const module of ["good", "workers"]) {
      assert.equal(await account({ args, module, user: "denied" }), "perm_denied");
      assert.equal(await account({ args, module, user: "nobody" }), "success");
    }
    // Never "success", whatever is the matter.
    for (
      const module of ["hash", "record", "syntax", "needs", "throws", "nothing", "changed", "place", "owner"]
    ) {
      const code = await account({ args: [...args, "timeout=1s"], module, user: "nobody" });
      assert.ok(["service_err", "authinfo_unavail"].includes(code), `${module}: ${code}`);
    }
  },
});

for (
  const { name, harm, said } of [
    {
      name: "a runtime directory of somebody else",
      harm: (site: Installation) => Deno.chownSync(site.layout.runtimeDir, 12_345, null),
      said: /pam-deno: .*\/run belongs to uid 12345: the shim trusts only folders of root/,
    },
    {
      name: "a configuration that others can change",
      harm: (site: Installation) => Deno.chmodSync(join(site.layout.configDir, "modules"), 0o777),
      said: /pam-deno: .*\/config\/modules can be written to by others: .*chmod go-w/,
    },
    {
      name: "hook links that others can change",
      harm: (site: Installation) => Deno.chmodSync(join(site.layout.configDir, "hooks"), 0o777),
      said: /pam-deno: .*\/config\/hooks can be written to by others: .*chmod go-w/,
    },
    {
      name: "a marker that is a link",
      harm: (site: Installation) => {
        Deno.removeSync(join(site.layout.runtimeDir, ".pam-deno"));
        Deno.symlinkSync("/etc/hostname", join(site.layout.runtimeDir, ".pam-deno"));
      },
      said: /pam-deno: .*\.pam-deno is not a regular file of the user who runs this: remove it/,
    },
  ]
) {
  Deno.test({
    name: `pam-deno serve does not start with ${name}, and says what to do`,
    ignore,
    async fn() {
      using site = new Installation();
      await site.install("good");
      harm(site);
      await using command = new Command(["serve", ...site.words]);
      assert.equal((await command.end()).code, 1);
      assert.match(command.stderr, said);
    },
  });
}

Deno.test({
  name: "pam-deno serve names the folder that keeps workers from their files",
  ignore,
  async fn() {
    using site = new Installation();
    await site.install("good");
    Deno.chmodSync(site.path, 0o700);
    await using command = new Command(["serve", ...site.words]);
    assert.equal((await command.end()).code, 1);
    assert.match(
      command.stderr,
      new RegExp(
        `error pam-deno: good: ${site.path} is closed to the users that workers run as, .*: chmod o\\+x ${site.path}, or put it elsewhere`,
      ),
    );
  },
});
