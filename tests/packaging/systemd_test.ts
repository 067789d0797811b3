// SPDX-License-Identifier: MIT
/** Install, upgrade, remove and purge where systemd runs: in which order, and what happens when something is in the way. */

import assert from "node:assert/strict";
import { Machine } from "../boot/machine.ts";
import { debianPackage, EARLIER, earlierPackage } from "./built.ts";
import { addSite, install, installSession, OpenSession, SHIM, SITE, writeService } from "./site.ts";

const UNIT = `pam-deno@${SITE}.service`;
const SOCKET = `pam-deno@${SITE}.socket`;
const SERVICE = "held";

/** Boots a machine with the package `deb`, the module, a user and a service. */
async function boot(deb: string): Promise<Machine> {
  const machine = await Machine.boot();
  try {
    await install(machine, deb);
    await installSession(machine);
    await addSite(machine);
    await writeService(machine, SERVICE);
    await machine.must("useradd alice && useradd mallory");
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

/** What the module says of a user, through libpam. */
async function ask(machine: Machine, user: string): Promise<boolean> {
  return (await machine.run(["pamtester", SERVICE, user, "acct_mgmt"])).code === 0;
}

async function sum(machine: Machine, file: string): Promise<string> {
  return (await machine.must(["sha256sum", file])).split(" ")[0]!;
}

/** Seconds since 1970, to the microsecond. */
async function startedAt(machine: Machine): Promise<number> {
  const said = await machine.must([
    "systemctl",
    "show",
    "--timestamp=us+utc",
    "-P",
    "ActiveEnterTimestamp",
    UNIT,
  ]);
  const [, day, time] = said.split(" ");
  return Temporal.Instant.from(`${day}T${time}Z`).epochMilliseconds / 1000;
}

Deno.test({
  name: "an upgrade restarts the workers, then takes the new shim; a session of the old one closes well",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using machine = await boot(await earlierPackage());
    assert.match(await machine.must(["dpkg-query", "-W", "pam-deno"]), new RegExp(EARLIER));
    const [oldShim, oldPid] = [await sum(machine, SHIM), await machine.property(UNIT, "MainPID")];
    const socket = await machine.must(["stat", "-c", "%i", `/run/pam-deno/${SITE}.sock`]);
    const session = await OpenSession.open((words) => machine.spawn(words), SERVICE, "alice");

    await install(machine, await debianPackage());

    assert.notEqual(await sum(machine, SHIM), oldShim);
    assert.equal(await sum(machine, SHIM), await sum(machine, `${SHIM}.dist`));
    assert.notEqual(await machine.property(UNIT, "MainPID"), oldPid);
    const activated = Number(await machine.must(["stat", "-c", "%.Z", SHIM]));
    assert.ok(await startedAt(machine) < activated, "the new shim came before the new workers");
    assert.equal(await machine.must(["stat", "-c", "%i", `/run/pam-deno/${SITE}.sock`]), socket);
    const maps = await machine.must("cat /proc/$(pidof session)/maps");
    assert.match(maps, /pam_deno\.so \(deleted\)/);
    assert.equal(await session.close(), "closed: Success\n");
    assert.ok(await ask(machine, "alice"));
    assert.ok(!await ask(machine, "mallory"));
  },
});

Deno.test({
  name: "an upgrade keeps the old shim when a worker does not come up, until it does",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using machine = await boot(await earlierPackage());
    const old = await sum(machine, SHIM);
    const bundle =
      `/var/lib/pam-deno/modules/${SITE}/$(cd /var/lib/pam-deno/modules/${SITE} && ls | grep -E '^[0-9a-f]{64}[.]js$')`;
    await machine.must(`cp ${bundle} /root/kept && echo '// changed' >>${bundle}`);

    const said = await install(machine, await debianPackage());
    assert.match(said, /pam-deno: not running after the restart: pam-deno@site\.service\n/);
    assert.match(said, /pam_deno\.so stays the one of before.*\n.*run: dpkg-reconfigure pam-deno\n/);
    assert.equal(await sum(machine, SHIM), old);
    assert.equal(await machine.must(["dpkg-query", "-W", "-f=${db:Status-Abbrev}", "pam-deno"]), "ii");

    await machine.must(
      `cp /root/kept ${bundle} && systemctl restart ${UNIT} && dpkg-reconfigure -fnoninteractive pam-deno`,
    );
    assert.equal(await sum(machine, SHIM), await sum(machine, `${SHIM}.dist`));
    assert.ok(await ask(machine, "alice"));
  },
});

Deno.test({
  name: "an upgrade that may not restart services keeps the old shim",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using machine = await boot(await earlierPackage());
    const [old, pid] = [await sum(machine, SHIM), await machine.property(UNIT, "MainPID")];
    await machine.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755);
    const said = await install(machine, await debianPackage());
    assert.match(said, /policy-rc\.d does not let packages restart services: .* pam-deno@site\.service/);
    assert.equal(await sum(machine, SHIM), old);
    assert.equal(await machine.property(UNIT, "MainPID"), pid);
    assert.ok(await ask(machine, "alice"));
  },
});

Deno.test({
  name: "removing the package stops its units, adding it again serves its modules, purging leaves nothing",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    const deb = await debianPackage();
    await using machine = await boot(deb);

    await t.step("it stays while a line by hand needs it, and so do its modules", async () => {
      const { code, stderr } = await machine.run(["dpkg", "-r", "pam-deno"]);
      assert.notEqual(code, 0);
      assert.match(stderr, /^ {2}\/etc\/pam\.d\/held:2: account required pam_deno\.so site$/m);
      assert.match(stderr, /^ {2}\/etc\/pam\.d\/held:3: session required pam_deno\.so site$/m);
      assert.ok(await ask(machine, "alice"));
      assert.ok(!await ask(machine, "mallory"));
    });

    await t.step("it is removed, and login goes on", async () => {
      await machine.must(["pam-auth-update", "--package", "--enable", "pam-deno"]);
      assert.match(await machine.must(["cat", "/etc/pam.d/common-account"]), /pam_deno\.so site/);
      await machine.must("sed -i s/^account/-account/\\;s/^session/-session/ /etc/pam.d/held");
      await machine.must(["dpkg", "-r", "pam-deno"]);
      assert.doesNotMatch(await machine.must("cat /etc/pam.d/common-*"), /pam_deno/);
      assert.equal(await machine.property(UNIT, "ActiveState"), "inactive");
      assert.equal(await machine.property(SOCKET, "ActiveState"), "inactive");
      assert.equal(
        await machine.must(
          `ls /lib/${Deno.build.arch}-linux-gnu/security /usr/lib | grep -c pam.deno || true`,
        ),
        "0",
      );
      await machine.must(["pamtester", "su", "alice", "acct_mgmt", "open_session", "close_session"]);
    });

    await t.step("it is installed again, and serves what it served", async () => {
      await install(machine, deb);
      await machine.must("sed -i s/^-// /etc/pam.d/held");
      assert.equal(await machine.property(SOCKET, "ActiveState"), "active");
      assert.ok(await ask(machine, "alice"));
      assert.ok(!await ask(machine, "mallory"));
    });

    await t.step("it is purged, and nothing is left", async () => {
      await machine.must("rm /etc/pam.d/held && dpkg -P pam-deno");
      const left = await machine.must(
        "find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /tmp \\) -prune -o -name '*pam[-_]deno*' -print; ls -d /run/pam-deno* || true",
      );
      assert.equal(left, "");
      assert.equal(await machine.must(["systemctl", "list-units", "--all", "--no-legend", "pam-deno*"]), "");
      await machine.must(["pamtester", "su", "alice", "acct_mgmt"]);
    });
  },
});
