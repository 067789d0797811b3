// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { StatusDocument } from "../../sdk/status/document.ts";
import { Machine } from "./machine.ts";
import { debianPackage } from "../packaging/built.ts";
import { addExample, askAccount, installPackage, OPEN, service } from "./site.ts";

type Shown = StatusDocument["modules"][number];

async function look(machine: Machine): Promise<{ code: number; module: Shown | undefined }> {
  const { code, stdout } = await machine.run(["pam-deno", "status", "--json", "hours"]);
  const { format, modules: [module] } = JSON.parse(stdout) as StatusDocument;
  assert.equal(format, 1);
  return { code, module };
}

/** Waits until the status is as `wanted`. */
async function becomes(machine: Machine, title: string, wanted: (module: Shown) => boolean, ms = 10_000) {
  let found: Shown | undefined;
  await machine.until(title, async () => {
    found = (await look(machine)).module;
    return found !== undefined && wanted(found);
  }, ms);
  return found!;
}

const SHUT = `
const libc = Deno.dlopen("/lib/" + Deno.build.arch + "-linux-gnu/libc.so.6", {
  syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
}).symbols;
const [PIDFD_OPEN, PIDFD_GETFD, LISTEN_FDS_START, SHUT_RD] = [434n, 438n, 3n, 0];
const process = libc.syscall(PIDFD_OPEN, BigInt(Deno.args[0]), 0n, 0n);
const socket = libc.syscall(PIDFD_GETFD, process, LISTEN_FDS_START, 0n);
Deno.exit(libc.shutdown(Number(socket), SHUT_RD) === 0 ? 0 : 1);
`;

/** Shuts the socket of a service through the descriptor that its main process was handed over. */
async function shutSocket(machine: Machine, pid: number): Promise<void> {
  await machine.write("/root/shut.ts", SHUT);
  const run = ["/usr/lib/pam-deno/deno", "run", "--quiet", "-A", "--no-config", "--no-lock"];
  await machine.must([...run, "/root/shut.ts", String(pid)]);
}

Deno.test({
  name: "pam-deno status shows a module that systemd runs, fails to run, and does not run",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    const { code, module } = await look(machine);
    assert.deepEqual([code, module?.state], [1, "unknown"]);
    await addExample(machine, "hours");
    await service(machine, "hours", [`account required pam_deno.so hours ${OPEN}`]);
    for (let i = 0; i < 3; i++) assert.equal((await askAccount(machine, "hours", "root")).code, 0);
    const serving = await becomes(
      machine,
      "its hooks are counted",
      ({ status }) => "account" in (status?.hooks ?? {}),
    );
    assert.deepEqual([serving.state, serving.home, serving.notes], ["serving", "systemd", []]);
    assert.deepEqual(serving.status!.hooks["account"]?.codes, { success: 3 });
    assert.deepEqual(
      { ...serving.unit, restarts: 0 },
      { active: "active", sub: "running", result: "success", restarts: 0, listening: true },
    );
    assert.equal(serving.log, "journalctl -u pam-deno@hours");
    assert.equal(serving.installed?.sha256, serving.status!.bundle);
    const first = serving.status!.supervisor.pid;
    assert.equal(await machine.property("pam-deno@hours.service", "MainPID"), String(first));
    assert.match(await machine.must(["pam-deno", "status"]), /supervisor +process \d+ of systemd, for /);

    // A module with native code can shut the socket that systemd holds for it, and a new worker does not open it.
    await shutSocket(machine, first);
    const shut = await becomes(machine, "nobody answers", ({ state }) => state !== "serving");
    assert.equal(shut.state, "failing");
    assert.match(shut.notes.join(), /nobody answers at its socket .*`pam-deno reload hours`/);
    await machine.run(["systemctl", "reload", "pam-deno@hours.service"]);
    assert.equal((await look(machine)).module?.state, "failing");
    await machine.must(["pam-deno", "reload", "hours"]);
    assert.equal((await askAccount(machine, "hours", "root")).code, 0);
    const revived = await becomes(machine, "it is served again", ({ state }) => state === "serving");
    const { supervisor } = revived.status!;
    // What is all right is reloaded, and the service itself goes on.
    await machine.must(["pam-deno", "reload", "hours"]);
    assert.equal(await machine.property("pam-deno@hours.service", "MainPID"), String(supervisor.pid));

    await machine.must(["kill", "-STOP", String(supervisor.pid)]);
    const stale = await becomes(machine, "its status is old", ({ state }) => state !== "serving");
    assert.equal(stale.state, "stale");
    // The watchdog ends it, and systemd starts another.
    const again = await becomes(machine, "it is served again", ({ state }) => state === "serving", 30_000);
    assert.notEqual(again.status!.supervisor.pid, supervisor.pid);
    assert.ok(again.unit!.restarts >= 1);

    await machine.must(["systemctl", "stop", "pam-deno@hours.socket", "pam-deno@hours.service"]);
    const stopped = await look(machine);
    assert.deepEqual([stopped.code, stopped.module?.state], [1, "stopped"]);
    assert.match(stopped.module!.notes.join(), /systemctl enable --now pam-deno@hours\.socket/);

    const [file] = (await machine.must("ls /var/lib/pam-deno/modules/hours/*.js")).split("\n");
    await machine.must(["sh", "-c", `echo '// changed' >> ${file}`]);
    await machine.run([
      "systemctl",
      "start",
      "--no-block",
      "pam-deno@hours.socket",
      "pam-deno@hours.service",
    ]);
    const failing = await becomes(machine, "it fails", ({ state }) => state === "failing");
    assert.match(failing.notes.join(), /exit-code|does not come up/);
  },
});
