// SPDX-License-Identifier: MIT
/**
 * A fresh Debian 12, the package, the README's five commands, and people who log in.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Machine, type Output } from "./machine.ts";
import { fiveCommands } from "./readme.ts";
import { debianPackage } from "../packaging/built.ts";
import { ALICE, makeUsers, OPEN, ownProcesses, PASSWORD, service, ssh } from "./site.ts";

const BOB = "bob";
const MODULE = "time-of-day";
const UNIT = `pam-deno@${MODULE}.service`;
const SOCKET = `pam-deno@${MODULE}.socket`;

/** What `systemd-analyze security` may say of a module without grants. */
const EXPOSURE_MAX = 2.0;

/** Words of the example that admit nobody. */
const CLOSED = "tz=UTC hours=00:00-24:00 closed=2000-01-01..2999-12-31";

/** What the example tells whom it does not let in. */
const REASON = /Logins are closed for you/;

Deno.test({
  name: "a fresh Debian: from the package to logins that the example decides, and back",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    const file = await debianPackage();
    await makeUsers(machine, [ALICE, BOB]);

    await t.step("the README's five commands lead to a login that the example decides", async () => {
      await machine.copy(file, `/root/${file.split("/").at(-1)}`);
      const commands = fiveCommands();
      assert.equal(commands.length, 5);
      const outputs: Output[] = [];
      for (const command of commands) {
        const output = await machine.run(["sh", "-c", `cd /root && ${command}`]);
        console.log(`# ${command}\n${output.stdout}${output.stderr}`);
        outputs.push(output);
      }
      assert.deepEqual(outputs.map(({ code }) => code), [0, 0, 0, 0, 1]);
      assert.match(outputs[4]!.stderr, REASON);
      assert.equal(await machine.property(UNIT, "ActiveState"), "active");
    });

    await t.step("the units are clean, and the sandbox is tight", async () => {
      const { code, stdout, stderr } = await machine.run(["systemd-analyze", "verify", UNIT, SOCKET]);
      assert.deepEqual({ code, said: stdout + stderr }, { code: 0, said: "" });
      const rows: unknown = JSON.parse(
        await machine.must(["systemd-analyze", "security", "--json=short", "--no-pager", UNIT]),
      );
      assert.ok(Array.isArray(rows));
      const overall = await machine.must(["systemd-analyze", "security", "--no-pager", UNIT]);
      const exposure = Number(/Overall exposure level for .*: ([0-9.]+)/.exec(overall)?.[1]);
      console.log(`systemd-analyze security: ${exposure}`);
      assert.ok(exposure <= EXPOSURE_MAX, overall);
    });

    await t.step("nothing of ours runs as root, and nothing has a capability", async () => {
      const found = (await ownProcesses(machine)).filter(({ unit }) => unit === UNIT);
      assert.equal(found.length, 2, "a supervisor and a worker");
      for (const { status } of found) {
        const uids = new Set(status.Uid!.split("\t"));
        assert.equal(uids.size, 1);
        assert.ok(Number([...uids][0]) >= 61184, status.Uid);
        assert.match(status.CapPrm! + status.CapEff + status.CapBnd + status.CapAmb, /^0+$/);
        assert.equal(status.NoNewPrivs, "1");
        assert.equal(status.Seccomp, "2");
      }
      const all = await ownProcesses(machine);
      assert.deepEqual(all.filter(({ status }) => status.Uid!.startsWith("0\t")), []);
    });

    await t.step("sshd asks it: allowed, and denied with the reason", async () => {
      await line(machine, "sshd", OPEN);
      const allowed = await ssh(machine, ALICE, "id -un");
      assert.equal(allowed.stdout, `${ALICE}\n`, allowed.stderr);
      await line(machine, "sshd", CLOSED);
      const denied = await ssh(machine, ALICE, "id -un");
      console.log(denied.stderr.trim());
      assert.notEqual(denied.code, 0);
      assert.equal(denied.stdout, "");
      assert.match(denied.stderr, REASON);
    });

    await t.step("su asks it: root and another user, allowed and denied", async () => {
      await line(machine, "su", OPEN);
      const asBob = (stdin: string) =>
        machine.run(["runuser", "-u", BOB, "--", "su", ALICE, "-c", "id -un"], { stdin });
      assert.equal((await asBob(`${PASSWORD}\n`)).stdout, `${ALICE}\n`);
      assert.equal(await machine.must(["su", ALICE, "-c", "id -un"]), ALICE);
      await line(machine, "su", CLOSED);
      for (const denied of [await asBob(`${PASSWORD}\n`), await machine.run(["su", ALICE, "-c", "id -un"])]) {
        assert.notEqual(denied.code, 0);
        assert.equal(denied.stdout, "");
        assert.match(denied.stderr, REASON);
      }
    });

    await t.step("a reboot brings the sockets before anybody can log in", async () => {
      await line(machine, "su", OPEN);
      await machine.reboot();
      assert.equal(await machine.must(["su", ALICE, "-c", "id -un"]), ALICE);
      const since = async (unit: string) =>
        Number(await machine.property(unit, "ActiveEnterTimestampMonotonic"));
      const socket = await since(SOCKET);
      assert.ok(socket > 0);
      for (const unit of ["sockets.target", "ssh.service", "systemd-user-sessions.service"]) {
        assert.ok(socket <= await since(unit), `${SOCKET} came after ${unit}`);
      }
    });

    await t.step("a removal is refused while a line needs it, and leaves logins working", async () => {
      const refused = await machine.run(["dpkg", "--remove", "pam-deno"]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /\/etc\/pam\.d\/su:/);
      assert.equal(await machine.must(["su", ALICE, "-c", "id -un"]), ALICE);
      for (const name of ["su", "sshd"]) {
        await line(machine, name);
      }
      await machine.must(["dpkg", "--purge", "pam-deno"]);
      assert.equal(await machine.must(["su", ALICE, "-c", "id -un"]), ALICE);
      assert.equal((await ssh(machine, ALICE, "id -un")).stdout, `${ALICE}\n`);
      const left = await machine.must(
        "find / -xdev -path /proc -prune -o -path /root -prune -o -path /var/cache/man -prune -o -name '*pam[-_]deno*' -print",
      );
      assert.equal(left, "");
      assert.deepEqual(await ownProcesses(machine), []);
    });
  },
});

/** Our lines, and those that keep root out of them. */
const OURS = /pam_deno|pam_succeed_if\.so quiet uid = 0/;

/** Makes the example's line the first account line of a service, or takes it out. */
async function line(machine: Machine, name: string, words?: string): Promise<void> {
  const path = `/etc/pam.d/${name}`;
  const lines = (await machine.must(["cat", path])).split("\n").filter((text) => !OURS.test(text));
  const ours = words === undefined ? [] : [`account required pam_deno.so ${MODULE} ${words}`];
  await service(machine, name, [...ours, ...lines]);
}
