// SPDX-License-Identifier: MIT
/**
 * The unit's half of the sandbox: what the kernel refuses to a program that has all of Deno's permissions, and what each grant opens.
 * Deno's half, with nothing of the kernel's, is in tests/sdk/config/flags_alone_test.ts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseModuleConfig } from "../../sdk/config/config.ts";
import { unitDropIn } from "../../sdk/install/unit.ts";
import type { Attempt, Tried } from "./attempt.ts";
import { ROOT } from "./debian.ts";
import { Machine } from "./machine.ts";
import { debianPackage } from "../packaging/built.ts";
import { ALICE, installPackage, makeUsers } from "./site.ts";
import { join } from "node:path";

const NAME = "probe";
const UNIT = `pam-deno@${NAME}.service`;
const DROP_INS = `/etc/systemd/system/${UNIT}.d`;
const FOLDER = "/usr/lib/pam-deno-probe";
const OWN = `/run/pam-deno-workers/${NAME}`;
const STATE = "/var/lib/pam-deno-state";
/** An address inside that is not the loopback's. */
const AWAY = "192.0.2.1";
const AWAY_NAME = "away.example";
const BUS = "/run/dbus/system_bus_socket";
const SSH_PORT = 22;
const EPERM = 1;
const SIGKILL = 9;

/** The probe, as somebody starts it. */
const PROBE = [
  ...["/usr/lib/pam-deno/deno", "run", "-A", "--quiet", "--no-prompt", "--no-config", "--no-lock"],
  ...["--no-remote", "--no-npm", `${FOLDER}/probe.js`],
];

/** What cannot be had outside either, for another reason: systemd-nspawn's, or arguments that mean nothing. */
const REFUSED_TO_ROOT = [
  "/proc/sys/kernel/hostname",
  "unshare(CLONE_NEWUSER)",
  "io_uring_setup",
  "process_vm_readv",
];

/** Lets the unit start the probe instead of a supervisor. */
const INSTEAD = `[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecReload=
ExecStart=
ExecStart=${PROBE.join(" ")} %I
`;

Deno.test({
  name: "the unit alone refuses what Deno's permissions refuse, and grants open it no further than they say",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await makeUsers(machine, [ALICE]);
    await prepare(machine);
    const sshd = await machine.property("ssh.service", "MainPID");

    const attempts: readonly Attempt[] = [
      ...words("read", ["/etc/shadow", "/root/key", `/home/${ALICE}/note`, "/srv/rules/r"]),
      ...words("read", ["/var/lib/pam-deno/modules/other/bundle.js", `${STATE}/other/ledger`]),
      ...words("read", ["/proc/1/environ", `/proc/${sshd}/cmdline`, "/proc/meminfo", "/sys/kernel/notes"]),
      ...words("list", ["/run/pam-deno", "/var/lib/private", "/root", "/tmp", "/var/tmp", "/var/log"]),
      ...words("write", ["/etc/x", "/usr/x", "/var/x", "/run/x", "/tmp/x", "/var/tmp/x", "/dev/shm/x"]),
      ...words("write", ["/x", "/srv/open/x", "/usr/local/open/x", "/proc/sys/kernel/hostname"]),
      ...words("write", [`/var/lib/pam-deno/modules/${NAME}/x`, "/var/cache/pam-deno/runtime/x"]),
      ...words("execute", [OWN]),
      ...words("run", ["/usr/bin/su - -c id", "/usr/bin/mount -t tmpfs x /usr", "/usr/bin/sudo -n id"]),
      ...words("connect", [`127.0.0.1:${SSH_PORT}`, `${AWAY}:${SSH_PORT}`]),
      ...words("listen", ["0"]),
      ...words("udp", ["53"]),
      ...words("unix", [
        "/run/pam-deno/other.sock",
        "/run/pam-deno/probe.sock",
        "/run/dbus/system_bus_socket",
      ]),
      ...words("unix", ["/run/systemd/journal/stdout", "/run/systemd/private"]),
      ...words("kill", ["1", sshd]),
      ...words("call", ["setuid(0)", "unshare(CLONE_NEWUSER)", "chroot(/)", "mount a tmpfs"]),
      ...words("call", ["personality(PER_LINUX32)", "a netlink socket", "a packet socket", "ptrace"]),
      ...words("call", ["io_uring_setup", "process_vm_readv"]),
    ];

    await t.step("without grants: nothing but its own folder", async () => {
      const tried = await probe(machine, {}, attempts);
      assert.deepEqual(tried.filter(({ got }) => got !== undefined), []);
      const calls = tried.filter(({ what, at }) => what === "call" && !at.endsWith("socket"));
      for (const { at, refused } of calls) assert.equal(refused, `Error: errno ${EPERM}`, at);
      const own = await probe(machine, {}, [
        ...words("write", [`${OWN}/x`]),
        ...words("run", ["/usr/bin/id -u"]),
        ...words("list", ["/run", "/var", "/var/lib"]),
      ]);
      assert.deepEqual(own.filter(({ refused }) => refused !== undefined), []);
      assert.ok(Number(JSON.parse(own[1]!.got!)) >= 61184, own[1]!.got);
      assert.deepEqual(own.slice(2).map(({ got }) => got), [
        '"pam-deno-workers systemd"',
        '"cache lib"',
        '"pam-deno"',
      ]);
    });

    await t.step("one address: that one, no other, and nobody can call", async () => {
      const [near, far, listen, shadow, write] = await probe(
        machine,
        { permissions: { net: [`127.0.0.1:${SSH_PORT}`] } },
        [
          ...words("connect", [`127.0.0.1:${SSH_PORT}`, `${AWAY}:${SSH_PORT}`]),
          ...words("listen", ["8080"]),
          ...words("read", ["/etc/shadow"]),
          ...words("write", ["/var/tmp/x"]),
        ],
      );
      assert.equal(near!.refused, undefined);
      for (const tried of [far, listen, shadow, write]) assert.ok(tried!.refused, JSON.stringify(tried));
    });

    await t.step("a name: it is looked up and reached, and nobody can call", async () => {
      const tried = await probe(machine, { permissions: { net: [`${AWAY_NAME}:${SSH_PORT}`] } }, [
        ...words("connect", [`${AWAY_NAME}:${SSH_PORT}`]),
        ...words("listen", ["8080"]),
        ...words("read", ["/etc/shadow"]),
      ]);
      assert.deepEqual(
        tried.map(({ got }) => got !== undefined),
        [true, false, false],
        JSON.stringify(tried),
      );
    });

    await t.step("all of the network, as a danger: calls and is called, and reads no more", async () => {
      const tried = await probe(machine, { permissions: { net: true }, dangerous: ["net"] }, [
        ...words("connect", [`${AWAY}:${SSH_PORT}`]),
        ...words("listen", ["8080"]),
        ...words("udp", ["53"]),
        ...words("read", ["/etc/shadow"]),
      ]);
      assert.deepEqual(
        tried.map(({ got }) => got !== undefined),
        [true, true, true, false],
        JSON.stringify(tried),
      );
    });

    await t.step("one Unix socket: that one, and no network", async () => {
      const tried = await probe(machine, { permissions: { net: [`unix:${BUS}`] } }, [
        ...words("unix", [BUS, "/run/pam-deno/other.sock"]),
        ...words("connect", [`127.0.0.1:${SSH_PORT}`]),
      ]);
      assert.deepEqual(tried.map(({ got }) => got !== undefined), [true, false, false]);
    });

    await t.step("a folder to read: that folder, and not to write", async () => {
      const tried = await probe(machine, { permissions: { read: ["/srv/rules"] } }, [
        ...words("read", ["/srv/rules/r", "/srv/open/other"]),
        ...words("write", ["/srv/rules/x"]),
      ]);
      assert.deepEqual(tried.map(({ got }) => got !== undefined), [true, false, false]);
    });

    await t.step("a folder to write: that folder, and what is written there cannot be run", async () => {
      const tried = await probe(machine, { permissions: { write: ["/srv/open"] } }, [
        ...words("write", ["/srv/open/mine", "/srv/rules/x"]),
        ...words("execute", ["/srv/open"]),
      ]);
      assert.deepEqual(tried.map(({ got }) => got !== undefined), [true, false, false]);
    });

    await t.step("a state folder: its own, not another's, and nothing in it can be run", async () => {
      const tried = await probe(machine, { state: true }, [
        ...words("write", [`${STATE}/${NAME}/ledger`, `${STATE}/other/ledger`]),
        ...words("read", [`${STATE}/other/ledger`]),
        ...words("execute", [`${STATE}/${NAME}`]),
      ]);
      assert.deepEqual(tried.map(({ got }) => got !== undefined), [true, false, false, false]);
    });

    await t.step("a credential: as it was given, not where it comes from", async () => {
      const tried = await probe(
        machine,
        { credentials: { key: "/root/key" } },
        words("read", [`/run/credentials/${UNIT}/key`, "/root/key"]),
      );
      assert.deepEqual(tried.map(({ got }) => got), ['"secret"', undefined]);
    });

    await t.step("more processes than the unit may have: refused", async () => {
      const [tried] = await probe(machine, {}, words("sleepers", ["1000"]));
      assert.match(tried!.refused ?? "", /Resource temporarily unavailable/);
    });

    await t.step("more memory than the unit may have: killed, and nobody else is", async () => {
      const others = await machine.property("ssh.service", "MainPID");
      await assert.rejects(probe(machine, {}, words("fill", ["2000"])));
      assert.equal(await machine.property(UNIT, "ExecMainStatus"), `${SIGKILL}`);
      assert.equal(await machine.property("ssh.service", "MainPID"), others);
      assert.equal(
        await machine.must(["systemctl", "is-system-running"]).catch(() => "degraded"),
        "degraded",
      );
      await machine.must(["systemctl", "reset-failed", UNIT]);
    });

    await t.step("outside of the unit the same attempts get what they want", async () => {
      const harmless = attempts.filter(({ what }) => !["kill", "run", "execute"].includes(what));
      const said = await machine.must([...PROBE, btoa(JSON.stringify(harmless))]);
      const tried = parse(said);
      assert.equal(tried.length, harmless.length, said);
      const refused = tried.filter(({ refused }) => refused !== undefined).map(({ at }) => at);
      assert.deepEqual(refused, REFUSED_TO_ROOT, said);
      assert.ok(
        tried.every(({ what, refused }) => what !== "call" || refused !== `Error: errno ${EPERM}`),
        said,
      );
    });
  },
});

function words(what: Attempt["what"], places: readonly string[]): Attempt[] {
  return places.map((at) => ({ what, at }));
}

/** Makes what there is to get, each readable or writable for whoever comes so far. */
async function prepare(machine: Machine): Promise<void> {
  await machine.must(["mkdir", "-p", FOLDER]);
  const program = join(machine.root, FOLDER, "probe.js");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=deno", "-o", program, join(ROOT, "tests/boot/modules/probe.ts")],
    cwd: ROOT,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  await machine.write("/var/lib/pam-deno/modules/other/bundle.js", "other");
  await machine.write(`/var/lib/pam-deno/modules/${NAME}/bundle.js`, "own");
  await machine.write("/srv/rules/r", "rule");
  await machine.write("/srv/open/other", "other");
  await machine.write("/root/key", "secret");
  await machine.write(`/home/${ALICE}/note`, "note");
  await machine.must(`
    mkdir -p /usr/local/open ${STATE}/other /var/lib/private/pam-deno-state
    chmod 0777 /srv/open /srv/rules /usr/local/open ${STATE}/other /root /home/${ALICE}
    echo other >${STATE}/other/ledger && chmod 0666 ${STATE}/other/ledger
    ip addr add ${AWAY}/32 dev lo
    echo "${AWAY} ${AWAY_NAME}" >>/etc/hosts
    systemctl start pam-deno@other.socket
  `);
}

/** Runs attempts under the unit, opened as a module with this configuration is. */
async function probe(
  machine: Machine,
  configuration: Readonly<Record<string, unknown>>,
  attempts: readonly Attempt[],
): Promise<Tried[]> {
  const text = JSON.stringify({ module: "/nowhere/module.ts", ...configuration });
  const dropIn = unitDropIn(parseModuleConfig(text, NAME, `/etc/pam-deno/modules/${NAME}.jsonc`));
  await machine.must(["mkdir", "-p", DROP_INS]);
  await machine.write(`${DROP_INS}/50-pam-deno.conf`, dropIn ?? "");
  const argument = btoa(JSON.stringify(attempts));
  await machine.write(`${DROP_INS}/90-instead.conf`, INSTEAD.replace("%I", argument));
  await machine.must(["systemctl", "daemon-reload"]);
  const cursor = await machine.must(
    "journalctl --sync; journalctl -n 0 --show-cursor --no-pager | sed -n 's/^-- cursor: //p'",
  );
  await machine.must(["systemctl", "start", UNIT]);
  await machine.must(["journalctl", "--sync"]);
  const said = await machine.must([
    "journalctl",
    `--after-cursor=${cursor}`,
    "-o",
    "cat",
    "-u",
    UNIT,
    "--no-pager",
  ]);
  const tried = parse(said);
  assert.equal(tried.length, attempts.length, said);
  return tried;
}

function parse(said: string): Tried[] {
  const lines = said.split("\n").filter((line) => line.startsWith("tried "));
  return lines.map((line) => JSON.parse(line.slice("tried ".length)) as Tried);
}
