// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { debianPackage } from "../packaging/built.ts";
import { Machine } from "./machine.ts";
import { askAccount, installPackage, service } from "./site.ts";

const FOLDER = "/root/gate";
const BUNDLE = /served\.$/m;

/** A module in a folder, as an administrator writes it: nothing is downloaded for it. */
function source(code: string, more = ""): string {
  return `import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({ ${more} account: () => "${code}" }) as PamModule;
`;
}

async function write(machine: Machine, code: string, more = ""): Promise<void> {
  await machine.must(["mkdir", "-p", FOLDER]);
  await machine.write(`${FOLDER}/deno.json`, `{ "exports": "./module.ts" }\n`);
  await machine.write(`${FOLDER}/module.ts`, source(code, more));
}

const DROP_IN = "/etc/systemd/system/pam-deno@gate.service.d/50-pam-deno.conf";

Deno.test({
  name: "pam-deno add, upgrade, rollback and remove change what systemd serves, without a network",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await write(machine, "success");
    const added = await machine.run(["pam-deno", "add", "--yes", FOLDER]);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, BUNDLE);
    assert.doesNotMatch(added.stderr, /WARNING/);
    assert.match(
      added.stdout,
      /^account \[success=1 default=ignore\] pam_succeed_if\.so quiet uid = 0\naccount required pam_deno\.so gate$/m,
    );
    await service(machine, "gate", ["account required pam_deno.so gate"]);
    assert.equal((await askAccount(machine, "gate", "root")).code, 0);
    assert.equal(await machine.property("pam-deno@gate.service", "UnitFileState"), "enabled");
    assert.equal(await machine.property("pam-deno@gate.socket", "UnitFileState"), "enabled");
    const first = await machine.property("pam-deno@gate.service", "MainPID");
    const limits = await machine.must(["cat", `/proc/${first}/limits`]);
    assert.match(limits, /^Max file size +4194304 +4194304 /m, "nothing was granted to write");

    // Another bundle with the same permissions: nothing of what the old one may have started goes on.
    await write(machine, "perm_denied");
    await machine.must(["pam-deno", "add", "--yes", FOLDER]);
    assert.notEqual((await askAccount(machine, "gate", "root")).code, 0);
    const second = await machine.property("pam-deno@gate.service", "MainPID");
    assert.notEqual(second, first);

    // The same bundle once more: it is reloaded, and the service itself goes on.
    await machine.must(["pam-deno", "reload", "gate"]);
    assert.equal(await machine.property("pam-deno@gate.service", "MainPID"), second);

    // A network: the unit's sandbox opens as well, which takes a new process.
    await write(machine, "success", `permissions: { net: ["ldap.example.org:636"] },`);
    const widened = await machine.run(["pam-deno", "add", "--yes", FOLDER]);
    assert.equal(widened.code, 0, widened.stderr);
    assert.match(widened.stderr, /THIS LETS IT DO MORE THAN BEFORE:\n +\+ net "ldap\.example\.org:636"/);
    await machine.must(["test", "-f", DROP_IN]);
    assert.equal(await machine.property("pam-deno@gate.service", "PrivateNetwork"), "no");
    assert.equal((await askAccount(machine, "gate", "root")).code, 0);

    // What does not start is put back, and what was there goes on.
    const crash = `${
      source("perm_denied")
    }if (/worker[^/]*\\.js$/.test(Deno.mainModule)) throw new Error("not today");\n`;
    await machine.write(`${FOLDER}/module.ts`, crash);
    const failed = await machine.run(["pam-deno", "add", "--yes", FOLDER]);
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /gate was not changed: /);
    assert.equal((await askAccount(machine, "gate", "root")).code, 0);

    await machine.must(["pam-deno", "rollback", "--yes", "gate"]);
    assert.notEqual((await askAccount(machine, "gate", "root")).code, 0);
    assert.notEqual((await machine.run(["test", "-e", DROP_IN])).code, 0);
    assert.equal(await machine.property("pam-deno@gate.service", "PrivateNetwork"), "yes");

    const refused = await machine.run(["pam-deno", "remove", "--yes", "gate"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /\/etc\/pam\.d\/gate:1/);
    await machine.must(["rm", "/etc/pam.d/gate"]);
    await machine.must(["pam-deno", "remove", "--yes", "gate"]);
    assert.equal(await machine.property("pam-deno@gate.service", "ActiveState"), "inactive");
    for (
      const path of [
        "/run/pam-deno/gate.sock",
        "/etc/pam-deno/modules/gate.jsonc",
        "/etc/pam-deno/hooks/gate",
        "/var/lib/pam-deno/modules/gate",
      ]
    ) {
      assert.notEqual((await machine.run(["test", "-e", path])).code, 0, path);
    }
  },
});
