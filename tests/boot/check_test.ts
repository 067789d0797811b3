// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { Finding } from "../../sdk/check/finding.ts";
import { debianPackage } from "../packaging/built.ts";
import { Machine } from "./machine.ts";
import { addExample, installPackage, OPEN, service } from "./site.ts";

interface Found {
  readonly code: number;
  readonly findings: readonly Finding[];
}

async function look(machine: Machine): Promise<Found> {
  const { code, stdout, stderr } = await machine.run(["pam-deno", "check", "--strict", "--json"]);
  assert.ok(stdout.startsWith("{"), stderr);
  return { code, findings: JSON.parse(stdout).findings };
}

/** The configuration of a module, with options that admit everybody at any time. */
async function configured(machine: Machine, name: string): Promise<string> {
  const text = await machine.must(["cat", `/etc/pam-deno/modules/${name}.jsonc`]);
  return text.replace(/\}\s*$/, ', "options": { "tz": "UTC", "hours": "00:00-24:00" } }\n');
}

const BREAK_GLASS = "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0";
const LINES = [BREAK_GLASS, `account required pam_deno.so hours ${OPEN}`, "account required pam_permit.so"];

Deno.test({
  name: "pam-deno check finds nothing in what the package and add leave, and names what was broken since",
  ignore: Deno.uid() !== 0,
  fn: async (t) => {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await addExample(machine, "hours");
    await service(machine, "hours", LINES);
    const well = await look(machine);
    assert.deepEqual(well, { code: 0, findings: [] });
    await t.step("the profile of pam-auth-update", async () => {
      await addExample(machine, "site");
      await machine.write("/etc/pam-deno/modules/site.jsonc", await configured(machine, "site"));
      await machine.must(["pam-deno", "reload", "site"]);
      await machine.must(["pam-auth-update", "--package", "--enable", "pam-deno"]);
      await machine.must("grep -q 'pam_deno.so site' /etc/pam.d/common-account");
      assert.deepEqual(await look(machine), { code: 0, findings: [] });
    });

    const unit = "pam-deno@hours.socket";
    const dropIn = "/etc/systemd/system/pam-deno@hours.service.d";
    const broken: readonly [id: string, breakIt: string, mendIt: string][] = [
      ["unit-not-enabled", `systemctl disable ${unit}`, `systemctl enable ${unit}`],
      [
        "unit-inactive",
        `systemctl stop ${unit} pam-deno@hours.service`,
        `systemctl start ${unit} pam-deno@hours.service`,
      ],
      [
        "socket-missing",
        `systemctl stop ${unit} pam-deno@hours.service`,
        `systemctl start ${unit} pam-deno@hours.service`,
      ],
      [
        "drop-in-stale",
        `mkdir -p ${dropIn} && printf '[Service]\\nProtectSystem=no\\n' >${dropIn}/50-pam-deno.conf && systemctl daemon-reload`,
        "pam-deno reload hours",
      ],
      ["link-missing", "mv /etc/pam-deno/hooks/hours /root/link", "mv /root/link /etc/pam-deno/hooks/hours"],
      ["marker-missing", "rm /run/pam-deno/.pam-deno", "systemd-tmpfiles --create"],
      [
        "shim-functions",
        "cp --remove-destination /lib/*/security/pam_rootok.so /lib/*-linux-gnu/security/pam_deno.so",
        "",
      ],
    ];
    for (const [id, breakIt, mendIt] of broken) {
      await t.step(`${id}: ${breakIt.slice(0, 60)}`, async () => {
        await machine.must(breakIt);
        const { code, findings } = await look(machine);
        assert.equal(code, 1);
        assert.ok(findings.some((one) => one.id === id), JSON.stringify(findings, null, 2));
        if (mendIt === "") return;
        await machine.must(mendIt);
        assert.deepEqual(await look(machine), { code: 0, findings: [] });
      });
    }
  },
});
