// SPDX-License-Identifier: MIT
/**
 * account-ageing where systemd has put its worker into a sandbox: it sees /run/nologin come and go, which is there while a machine
 * boots, before the first module can be asked.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pamLines } from "../examples/readme.ts";
import { debianPackage } from "../packaging/built.ts";
import { ROOT } from "./debian.ts";
import { Machine } from "./machine.ts";
import { addModule, ALICE, askAccount, installPackage, makeUsers, service } from "./site.ts";

const NAME = "account-ageing";

Deno.test({
  name: "account-ageing sees nologin come and go from its sandbox (needs root)",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await makeUsers(machine, [ALICE]);
    await addModule(machine, NAME, join(ROOT, "examples", NAME, "module.ts"));
    await service(machine, "gate", pamLines(NAME));
    const ask = async (what: string) => {
      const { code, stdout, stderr } = await askAccount(machine, "gate", ALICE);
      return { open: code === 0, told: `${what}: ${stdout}${stderr}` };
    };
    const assertOpen = async (what: string) => {
      const { open, told } = await ask(what);
      assert.ok(open, told);
    };
    const assertClosed = async (what: string, text: string) => {
      const { open, told } = await ask(what);
      assert.ok(!open && told.includes(text), told);
    };
    const comeAndGo = async () => {
      for (const file of ["/run/nologin", "/etc/nologin"]) {
        await assertOpen(`before ${file}`);
        await machine.write(file, "Down until eight\n");
        await assertClosed(file, "Down until eight");
        await machine.must(["rm", file]);
        await assertOpen(`after ${file}`);
      }
    };
    await comeAndGo();
    await machine.write("/etc/nologin", "Only root may read this\n");
    await machine.must(["chmod", "0600", "/etc/nologin"]);
    await assertClosed("an unreadable file", "Logins are closed now");
    assert.equal((await askAccount(machine, "gate", "root")).code, 0);
    await machine.must(["rm", "/etc/nologin"]);

    // A worker that starts while the file is there, as during boot.
    await machine.write("/run/nologin", "System is booting up\n");
    await machine.must(["systemctl", "restart", `pam-deno@${NAME}.service`]);
    await assertClosed("a worker started later", "System is booting up");
    await machine.must(["rm", "/run/nologin"]);
    await comeAndGo();
  },
});
