// SPDX-License-Identifier: MIT
/** The folder of user files is a file system of its own, whatever those who own files in it do, and logins do without it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { debianPackage } from "../packaging/built.ts";
import { Machine } from "./machine.ts";
import { addModule, ALICE, installPackage, makeUsers, service } from "./site.ts";

const NAME = "keepsake";
const SERVICE = "visit";
const SOCKET = `pam-deno@${NAME}.socket`;
const FOLDER = "/run/pam-deno/user";
const UNIT = "run-pam\\x2ddeno-user.mount";
const OPTIONS = ["nosuid", "nodev", "noexec", "size=16384k", "nr_inodes=16384", "mode=711"];

/** Opens a session through libpam, and says whether that went well. */
async function visit(machine: Machine, user: string): Promise<boolean> {
  return (await machine.run(["pamtester", SERVICE, user, "open_session"])).code === 0;
}

async function assertMounted(machine: Machine): Promise<void> {
  const said = await machine.must(["findmnt", "--noheadings", "--output", "FSTYPE,OPTIONS", FOLDER]);
  const [type, options] = said.trim().split(/\s+/) as [string, string];
  assert.equal(type, "tmpfs");
  for (const option of OPTIONS) assert.ok(options.split(",").includes(option), `${option} in ${options}`);
  assert.equal(await machine.must(["stat", "-c", "%a %U:%G", FOLDER]), "711 root:root");
}

Deno.test({
  name: "user files have a file system of their own, which their owners may fill",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await makeUsers(machine, [ALICE, "bob"]);
    const note = `${FOLDER}/${(await machine.must(["id", "-u", ALICE])).trim()}-note`;

    await t.step("it is there from the installation on, and its unit is clean", async () => {
      await assertMounted(machine);
      const { code, stdout, stderr } = await machine.run(["systemd-analyze", "verify", UNIT]);
      assert.deepEqual({ code, said: stdout + stderr }, { code: 0, said: "" });
    });

    await t.step("the shim leaves files there", async () => {
      await addModule(machine, NAME, join(import.meta.dirname!, "modules", `${NAME}.ts`));
      await service(machine, SERVICE, [
        "auth required pam_permit.so",
        "account required pam_permit.so",
        `session required pam_deno.so grant=user_file:note ${NAME}`,
      ]);
      assert.ok(await visit(machine, ALICE));
      assert.equal(await machine.must(["stat", "-c", "%a %U", note]), `600 ${ALICE}`);
    });

    await t.step("who fills it takes nothing from /run", async () => {
      const free = async () => Number((await machine.must("df --output=avail /run | tail -1")).trim());
      const before = await free();
      const filled = await machine.run([
        "runuser",
        "-u",
        ALICE,
        "--",
        "dd",
        "if=/dev/zero",
        "bs=1M",
        `of=${note}`,
      ]);
      assert.match(filled.stderr, /No space left on device/);
      // Others write there, too: a file that large is not among it.
      assert.ok(Math.abs(before - await free()) < 1024, `${before} KiB were free`);
      await machine.must("dd if=/dev/zero bs=1M count=1 of=/run/of-root && rm /run/of-root");
      await machine.must(["runuser", "-u", ALICE, "--", "truncate", "--size=0", note]);
      assert.ok(await visit(machine, "bob"));
    });

    await t.step("it is there after the machine was started again, before the first socket", async () => {
      await machine.reboot();
      await assertMounted(machine);
      assert.ok(await visit(machine, ALICE));
      const moment = async (unit: string) =>
        Number(await machine.property(unit, "ActiveEnterTimestampMonotonic"));
      const [mounted, listening] = [await moment(UNIT), await moment(SOCKET)];
      assert.ok(mounted > 0 && mounted <= listening, `${mounted} ${listening}`);
    });

    await t.step("where it cannot be mounted, the folder does", async () => {
      await machine.write(`/etc/systemd/system/${UNIT}.d/wrong.conf`, "[Mount]\nType=no-such-type\n");
      await machine.reboot(true);
      assert.equal(await machine.property(UNIT, "ActiveState"), "failed");
      assert.equal(await machine.property(SOCKET, "ActiveState"), "active");
      assert.equal(await machine.must(["stat", "-c", "%a %U:%G", FOLDER]), "711 root:root");
      assert.ok(await visit(machine, ALICE));
    });

    await t.step("files that are there stay in sight until the next start", async () => {
      await machine.must(`rm -r '/etc/systemd/system/${UNIT}.d' && systemctl daemon-reload`);
      await machine.must(["systemctl", "restart", SOCKET]);
      assert.equal(await machine.property(UNIT, "ConditionResult"), "no");
      assert.equal(await machine.must(["stat", "-c", "%U", note]), `${ALICE}`);
      await machine.reboot();
      await assertMounted(machine);
    });

    await t.step("whoever has a file open does not keep the package from being removed", async () => {
      assert.ok(await visit(machine, ALICE));
      const holder = machine.spawn([
        "runuser",
        "-u",
        ALICE,
        "--",
        "sh",
        "-c",
        `exec 3<${note}; echo open; cat`,
      ]);
      const reader = holder.stdout.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value), "open\n");
      await machine.must(`rm /etc/pam.d/${SERVICE} && dpkg -r pam-deno`);
      assert.equal((await machine.run(["test", "-e", "/run/pam-deno"])).code, 1);
      assert.equal((await machine.run(["findmnt", FOLDER])).code, 1);
      await holder.stdin.close();
      await holder.status;
      await reader.cancel();
      await holder.stderr.cancel();
    });
  },
});
