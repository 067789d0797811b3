// SPDX-License-Identifier: MIT
/**
 * What is left when the module is not: root gets in by the break-glass line, nobody else does, and nobody waits long for that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Machine } from "./machine.ts";
import { debianPackage } from "../packaging/built.ts";
import { addExample, ALICE, installPackage, makeUsers, OPEN, PASSWORD, service } from "./site.ts";

const MODULE = "policy";
const UNIT = `pam-deno@${MODULE}.service`;
const SOCKET = `pam-deno@${MODULE}.socket`;
const CONFIG = `/etc/pam-deno/modules/${MODULE}.jsonc`;

/** The shim looks for a socket for 500 ms: how long a refusal may take when there is none, in ms, with everything around it. */
const ABSENT_MS_MAX = 1_500;

/** How often a broken module may be started in which time. */
const RESTARTS_MAX = 10;
const WATCHED_MS = 5_000;

/** How long a broken module may keep a booting machine closed, in ms. */
const OPEN_MS_MAX = 10_000;

/** The budget of the lines: how long a refusal may take when nobody answers, in ms, with everything around it. */
const SILENT_MS_MAX = 3_500;
const BUDGET = "timeout=2s";

/** What pamtester shows for PAM_AUTHINFO_UNAVAIL, and for PAM_SERVICE_ERR. */
const UNREACHABLE = /cannot retrieve authentication info/;
const BROKEN_OFF = /Error in service module/;

Deno.test({
  name: "when the module is gone or broken, root still gets in and nobody else does",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await makeUsers(machine, [ALICE]);
    await machine.must(["chpasswd"], { stdin: `root:${PASSWORD}\n` });
    await addExample(machine, MODULE);
    for (const name of ["su", "cron"]) {
      await machine.must(
        `pam-deno lines ${MODULE} ${OPEN} 2>/dev/null | sed -i '1r /dev/stdin' /etc/pam.d/${name}`,
      );
    }
    await service(machine, "ask", [`account required pam_deno.so ${BUDGET} ${MODULE} ${OPEN}`]);
    const text = await machine.must(["cat", CONFIG]);
    await machine.write(
      "/etc/cron.d/at-boot",
      `@reboot root touch /run/root-ran\n@reboot ${ALICE} touch /tmp/alice-ran\n`,
    );

    await t.step("while it is well, everybody gets in by su and cron", async () => {
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: true });
      assert.deepEqual(await whoGetsInByCron(machine), { root: true, alice: true });
    });

    await t.step("service and socket stopped: only root, at once, with the documented code", async () => {
      await machine.must(["systemctl", "stop", SOCKET, UNIT]);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: false });
      assert.deepEqual(await whoGetsInByCron(machine), { root: true, alice: false });
      await refused(machine, UNREACHABLE, ABSENT_MS_MAX);
    });

    await t.step("started again as the manual says, everybody gets in", async () => {
      await machine.must(["systemctl", "restart", SOCKET, UNIT]);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: true });
    });

    await t.step("only the service stopped: the next login starts it", async () => {
      await machine.must(["systemctl", "stop", UNIT]);
      await machine.must(["pamtester", "ask", ALICE, "acct_mgmt"]);
      assert.equal(await machine.property(UNIT, "ActiveState"), "active");
    });

    await t.step("a reload with a broken configuration fails, and the old worker goes on", async () => {
      await machine.write(CONFIG, `${text} oops`);
      const { code } = await machine.run(["systemctl", "reload", UNIT]);
      assert.notEqual(code, 0);
      assert.match(await machine.journal(UNIT), new RegExp(`${CONFIG}:\\d+:\\d+`));
      await machine.must(["pamtester", "ask", ALICE, "acct_mgmt"]);

      const { code: started } = await machine.run(["systemctl", "restart", UNIT]);
      assert.notEqual(started, 0);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: false });
      await refused(machine, BROKEN_OFF, SILENT_MS_MAX);

      await machine.write(CONFIG, text);
      await machine.must(["systemctl", "restart", UNIT]);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: true });
    });

    await t.step("while it is broken it is tried again, but not in a hurry", async () => {
      await machine.write(CONFIG, `${text} oops`);
      await machine.run(["systemctl", "restart", UNIT]);
      const before = Number(await machine.property(UNIT, "NRestarts"));
      await pause(WATCHED_MS);
      const restarts = Number(await machine.property(UNIT, "NRestarts")) - before;
      console.log(`restarts of a broken module in ${WATCHED_MS} ms: ${restarts}`);
      assert.ok(restarts >= 1 && restarts <= RESTARTS_MAX, `${restarts}`);
      await machine.write(CONFIG, text);
      await machine.must(["pamtester", "ask", ALICE, "acct_mgmt"]);
    });

    await t.step("a module that is broken when the machine boots does not keep root out", async () => {
      await machine.write(CONFIG, `${text} oops`);
      await machine.reboot(true);
      const ms =
        Number(await machine.property("systemd-user-sessions.service", "ActiveEnterTimestampMonotonic")) /
        1000;
      const began = Number(await machine.property("sockets.target", "ActiveEnterTimestampMonotonic")) / 1000;
      console.log(`logins were open ${(ms - began).toFixed(0)} ms after the sockets`);
      assert.ok(ms - began <= OPEN_MS_MAX, `${ms - began} ms`);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: false });
      await machine.write(CONFIG, text);
      await machine.must(["systemctl", "restart", UNIT]);
      assert.deepEqual(await whoGetsInBySu(machine), { root: true, alice: true });
    });
  },
});

interface GetsIn {
  readonly root: boolean;
  readonly alice: boolean;
}

/** An ordinary user becomes root with root's password, and root becomes an ordinary user. */
async function whoGetsInBySu(machine: Machine): Promise<GetsIn> {
  const root = await machine.run(["runuser", "-u", ALICE, "--", "su", "-c", "id -un"], {
    stdin: `${PASSWORD}\n`,
  });
  const alice = await machine.run(["su", ALICE, "-c", "id -un"]);
  return { root: root.stdout === "root\n", alice: alice.stdout === `${ALICE}\n` };
}

/** Cron runs what is to be run at boot once for each mark that it leaves: without it, again. */
async function whoGetsInByCron(machine: Machine): Promise<GetsIn> {
  await machine.must("rm -f /run/crond.reboot /run/root-ran /tmp/alice-ran && systemctl restart cron");
  const exists = async (path: string) => (await machine.run(["test", "-e", path])).code === 0;
  await machine.until("root's job is run", () => exists("/run/root-ran"));
  const logged = async () => /alice/.test(await machine.journal("cron.service"));
  await machine.until("cron has come to the other job", logged);
  // Both are started one after the other; cron waits for the account stack only.
  await pause(ABSENT_MS_MAX);
  return { root: await exists("/run/root-ran"), alice: await exists("/tmp/alice-ran") };
}

async function refused(machine: Machine, how: RegExp, ms: number): Promise<void> {
  const began = performance.now();
  const { code, stdout, stderr } = await machine.run(["pamtester", "ask", ALICE, "acct_mgmt"]);
  const took = performance.now() - began;
  console.log(`refused after ${took.toFixed(0)} ms: ${stderr.trim()}`);
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, how);
  assert.ok(took <= ms, `${took} ms`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
