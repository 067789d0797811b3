// SPDX-License-Identifier: MIT
/**
 * time-of-day with pam_time's file, in the unit that the package has: what its sandbox lets it see of /etc.
 *
 * @module
 */

import { parse } from "jsonc-parser";
import assert from "node:assert/strict";
import { addWords, configurations, pamLines } from "../examples/readme.ts";
import { debianPackage } from "../packaging/built.ts";
import { Machine, type Output } from "./machine.ts";
import { askAccount, installPackage, service } from "./site.ts";

const SERVICE = "timed";
const CONF = "/etc/security/time.conf";
const NAME = "time-of-day";
const FOLDER = `/usr/share/pam-deno/examples/${NAME}`;
const FILE = `${FOLDER}/${NAME}.js`;

Deno.test({
  name: "the unit of time-of-day sees a time.conf that is replaced, whose it is, and the machine's time zone",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    const ask = async (): Promise<Output> => await askAccount(machine, SERVICE, "root");
    const write = async (text: string) => {
      await machine.write(`${CONF}.new`, text);
      await machine.must(`chmod 644 ${CONF}.new && mv ${CONF}.new ${CONF}`);
    };
    await write("*;*;*;Al0000-2400\n");

    await t.step("the README's command leaves the README's configuration", async () => {
      // The package has the example as one file.
      const [add, , ...flags] = addWords(NAME);
      await machine.must(["pam-deno", add!, "--yes", FILE, "--sha256", `${FOLDER}/${NAME}.sha256`, ...flags]);
      const text = await machine.must(["cat", `/etc/pam-deno/modules/${NAME}.jsonc`]);
      const { options, permissions } = parse(text);
      const [expected] = configurations(NAME);
      assert.deepEqual({ options, permissions }, {
        options: expected?.options,
        permissions: expected?.permissions,
      });
    });

    await t.step("the README's line answers by the file, which may be replaced", async () => {
      await service(machine, SERVICE, pamLines(NAME));
      assert.equal((await ask()).code, 0);
      for (let i = 0; i < 3; i++) {
        await write("*;*;*;!Al0000-2400\n");
        const closed = await ask();
        assert.notEqual(closed.code, 0);
        assert.match(closed.stdout + closed.stderr, /Logins are closed for you/);
        await write("*;*;*;Al0000-2400\n");
        assert.equal((await ask()).code, 0);
      }
    });

    await t.step(
      "root's file is root's also in the unit's own table of users, and nobody else's is",
      async () => {
        await machine.must(["chown", "nobody", CONF]);
        const refused = await ask();
        assert.notEqual(refused.code, 0);
        assert.match(refused.stdout + refused.stderr, /Logins cannot be checked now/);
        await machine.must(["chown", "root", CONF]);
        assert.equal((await ask()).code, 0);
      },
    );

    await t.step("a change of the machine's time zone counts at once", async () => {
      const now = Temporal.Now.zonedDateTimeISO("Asia/Kathmandu");
      const [from, to] = [now.subtract({ minutes: 30 }), now.add({ minutes: 30 })].map((time) =>
        time.toPlainTime().toString({ smallestUnit: "minute" }).replace(":", "")
      );
      await write(`*;*;*;Al${from}-${to}\n`);
      for (const [zone, code] of [["Asia/Kathmandu", 0], ["Etc/UTC", 1], ["Asia/Kathmandu", 0]] as const) {
        await machine.must(
          `ln -s /usr/share/zoneinfo/${zone} /etc/localtime.new && mv -T /etc/localtime.new /etc/localtime`,
        );
        assert.equal((await ask()).code, code, zone);
      }
    });

    await t.step("check has nothing against it", async () => {
      const { stdout, stderr } = await machine.run(["pam-deno", "check", "--strict"]);
      assert.ok(!/time_conf|localtime/.test(stdout + stderr), stdout + stderr);
    });
  },
});
