// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import process from "node:process";
import { type Expectation, mistrust, mistrustSoon } from "../../../sdk/supervisor/proc.ts";
import { Client, decide, hookMessage } from "../worker/client.ts";
import { startWorker } from "../worker/harness.ts";
import { STUBBORN } from "../worker/modules.ts";
import { clearRecords, logged, records } from "../worker/records.ts";

const MODULE = `export default defineModule({ account: () => "success" });`;

Deno.test("WorkerProcess finds out that its arguments were rewritten, kills the worker, and the module never ran", async () => {
  clearRecords();
  await using worker = await startWorker(`console.log("the module runs");\n${MODULE}`, {
    // As a library would that adds the permissions of who uses it to what it takes for a `deno run`.
    change: (launch) => {
      const at = launch.args.indexOf("--quiet");
      return { ...launch, args: launch.args.toSpliced(at, 0, "--allow-all") };
    },
  });
  const cause = await worker.exit;
  assert.match(
    worker.process.distrusted ?? "",
    /^its argument list was rewritten: argument 2 is --allow-all instead of --quiet$/,
  );
  assert.match(cause, /^ended by SIGKILL: it is not what was started: its argument list was rewritten/);
  assert.equal(worker.process.ready, false);
  assert.deepEqual(records.filter((line) => line.includes("the module runs")), []);
});

Deno.test("mistrust() finds another program, another user and privileges", async () => {
  await using worker = await startWorker(MODULE);
  await worker.ready;
  const { pid } = worker.process;
  const commandLine = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
  const right: Expectation = {
    commandLine,
    executable: Deno.realPathSync(Deno.execPath()),
    uid: Deno.uid()!,
    noNewPrivs: true,
    noCapabilities: Deno.uid() === 0,
  };
  assert.deepEqual(mistrust(pid, right), { problem: undefined });
  assert.match(
    mistrust(pid, { ...right, executable: "/bin/true" })?.problem ?? "",
    /^it executes .*, not \/bin\/true$/,
  );
  assert.match(mistrust(pid, { ...right, uid: 12345 })?.problem ?? "", /^it runs as uid /);
  assert.match(
    mistrust(pid, { ...right, commandLine: [...commandLine, "-A"] })?.problem ?? "",
    /is missing instead of -A$/,
  );
  assert.match(
    mistrust(pid, { ...right, commandLine: commandLine.slice(0, -1) })?.problem ?? "",
    /instead of nothing$/,
  );
  const own = { ...right, commandLine: Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1) };
  assert.equal(mistrust(Deno.pid, own)?.problem, "it may gain privileges");
});

Deno.test("mistrust() says nothing of a process that is gone", async () => {
  const child = new Deno.Command("/bin/true").spawn();
  await child.status;
  const expected = { commandLine: [], executable: "", uid: 0, noNewPrivs: true, noCapabilities: true };
  assert.equal(mistrust(child.pid, expected), undefined);
});

Deno.test("WorkerProcess kills a worker whose handler loops for ever, and logs the hooks in flight", async () => {
  await using worker = await startWorker(
    `export default defineModule({ async account({ user, lookup }) { if (user === "loop") for (;;); await lookup.passwd(); return "success"; } });`,
    { patience: { budgetMs: 0, beyondMs: 1_500 } },
  );
  await worker.ready;
  using other = await Client.connect(worker.path);
  await other.send(hookMessage());
  await other.receive();
  // A beat must have told of the hook that waits.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(await decide(worker.path, { user: "loop" }).catch(() => undefined), undefined);
  assert.match(
    await worker.exit,
    /^ended by SIGKILL: it stopped beating for \d+ ms, as a handler in an endless loop does; hooks in flight at its last beat: 1$/,
  );
});

Deno.test("WorkerProcess kills a worker that ignores SIGTERM", async () => {
  await using worker = await startWorker(`${STUBBORN}\n${MODULE}`);
  await worker.ready;
  worker.process.drain(200);
  assert.equal(await worker.exit, "ended by SIGKILL: it did not leave within 200 ms");
});

Deno.test("WorkerProcess takes nothing but its words from standard output", async () => {
  clearRecords();
  await using worker = await startWorker(`
    const write = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
    write("READY\\nready \\nready now\\nbeat -1\\nleaving soon\\n" + "x".repeat(10_000) + "\\n");
    ${MODULE}`);
  await worker.ready;
  await logged(
    /warning .*worker\.test: Standard output is for the worker's own words: what the module prints there is dropped/,
  );
  assert.equal(records.filter((line) => line.includes("Standard output")).length, 1);
});

Deno.test("WorkerProcess kills a worker that floods its standard output", async () => {
  await using worker = await startWorker(`
    export default defineModule({ account() {
      for (let i = 0; i < 100; i++) Deno.stdout.writeSync(new Uint8Array(1_000).fill(65));
      return "success";
    } });`);
  await worker.ready;
  await decide(worker.path).catch(() => undefined);
  assert.equal(await worker.exit, "ended by SIGKILL: it printed more than 65536 bytes on standard output");
});

Deno.test("WorkerProcess counts lines with nothing in them as what they are", async () => {
  clearRecords();
  const source = (stream: string) => `
    const empty = new Uint8Array(65_536).fill(10);
    export default defineModule({ async account() {
      for (let i = 0; i < 4; i++) Deno.${stream}.writeSync(empty);
      return "success";
    } });`;
  await using loud = await startWorker(source("stdout"));
  await loud.ready;
  await decide(loud.path).catch(() => undefined);
  assert.equal(await loud.exit, "ended by SIGKILL: it printed more than 65536 bytes on standard output");
  await using worker = await startWorker(source("stderr"));
  await worker.ready;
  assert.equal((await decide(worker.path))?.type, "result");
  await logged(/warning .*\d{5,} lines on standard error were dropped/);
});

Deno.test("WorkerProcess costs little while a worker prints lines with nothing in them without end", async () => {
  await using worker = await startWorker(`
    const empty = new Uint8Array(65_536).fill(10);
    export default defineModule({ async account() {
      for (const end = Date.now() + 2_000; Date.now() < end;) Deno.stderr.writeSync(empty);
      return "success";
    } });`);
  await worker.ready;
  const { user, system } = process.cpuUsage();
  assert.equal((await decide(worker.path))?.type, "result");
  const spent = process.cpuUsage({ user, system });
  const ms = (spent.user + spent.system) / 1_000;
  assert.ok(ms < 700, `${ms} ms of the processor for 2 s`);
});

Deno.test("WorkerProcess lets go of the pipes of a worker whose children hold them", {
  ignore: Deno.uid() !== 0,
}, async () => {
  const pipes = () =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => isPipe(`/proc/self/fd/${name}`)).length;
  const before = pipes();
  await using worker = await startWorker(MODULE, {
    // The shell's child has the worker's pipes, and outlives it.
    change: (launch) => {
      const [command, ...args] = [launch.command, ...launch.args];
      return {
        ...launch,
        command: "/bin/bash",
        args: ["-c", `/usr/bin/sleep 5 & exec "$@"`, "bash", command, ...args],
      };
    },
  });
  await worker.ready;
  worker.process.kill("is not needed");
  assert.equal(await worker.exit, "ended by SIGKILL: it is not needed");
  for (let i = 0; i < 50 && pipes() > before; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(pipes(), before);
});

Deno.test("mistrust() does not read an argument list to its end that is endless, and none that nobody asked for", async () => {
  const long = "x".repeat(100_000);
  const child = new Deno.Command("/bin/bash", { args: ["-c", "read", long, long, long], stdin: "piped" })
    .spawn();
  const right = {
    executable: Deno.realPathSync("/bin/bash"),
    uid: Deno.uid()!,
    noNewPrivs: false,
    noCapabilities: false,
  };
  const verdict = await mistrustSoon(child.pid, { ...right, commandLine: ["/bin/bash"] });
  assert.equal(verdict?.problem, "its argument list was rewritten: it is too long to be read");
  assert.deepEqual(mistrust(child.pid, right), { problem: undefined });
  await child.stdin.close();
  await child.status;
});

Deno.test("WorkerProcess takes its words for noise when there are too many of them", async () => {
  await using worker = await startWorker(`
    const beats = new TextEncoder().encode("beat 1\\n".repeat(5_000));
    export default defineModule({ account() {
      for (let i = 0; i < 200; i++) Deno.stdout.writeSync(beats);
      return "success";
    } });`);
  await worker.ready;
  await decide(worker.path).catch(() => undefined);
  assert.equal(await worker.exit, "ended by SIGKILL: it printed more than 65536 bytes on standard output");
});

Deno.test("WorkerProcess kills a worker that uses more memory than it may, and says which key is in the way", async () => {
  await using worker = await startWorker(
    `const kept = [];
    export default defineModule({ async account({ lookup }) {
      for (let i = 0; i < 24; i++) kept.push(new Uint8Array(8 * 1024 * 1024).fill(1));
      await lookup.passwd();
      return "success";
    } });`,
    { memoryMib: 96 },
  );
  await worker.ready;
  using client = await Client.connect(worker.path);
  await client.send(hookMessage());
  assert.match(
    await worker.exit,
    /^ended by SIGKILL: it used \d+ MiB of memory, and "memory_mib" under "limits" is 96$/,
  );
});

Deno.test("WorkerProcess lets a worker neither forge log lines nor flood the log", async () => {
  clearRecords();
  await using worker = await startWorker(`
    const write = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text));
    write("<3>\\u001b[2Jforged\\rline\\u2028more\\n");
    for (let i = 0; i < 2_000; i++) write("line " + i + "\\n");
    ${MODULE}`);
  await worker.ready;
  const line = await logged(/forged/);
  assert.equal(line, "error pam-deno.worker.test: \ufffd[2Jforged\ufffdline\ufffdmore");
  await logged(/\d+ lines on standard error were dropped/);
  assert.ok(records.length < 700, `${records.length} lines were logged`);
});

Deno.test("WorkerProcess believes `ready` of no process that it did not verify", async () => {
  await using worker = await startWorker(
    `Deno.stdout.writeSync(new TextEncoder().encode("ready\\n"));\n${MODULE}`,
    {
      change: (launch) => ({ ...launch, expected: { ...launch.expected, uid: 12345 } }),
    },
  );
  await assert.rejects(worker.ready, /it runs as uid/);
});

Deno.test("WorkerProcess serves a module that changes the title of its process", async () => {
  await using worker = await startWorker(
    `import process from "node:process";\nprocess.title = "deno run -A";\n${MODULE}`,
  );
  await worker.ready;
  assert.equal((await decide(worker.path))?.type, "result");
});

Deno.test("WorkerProcess tells of a program that cannot be started", async () => {
  await using worker = await startWorker(MODULE, {
    change: (launch) => ({ ...launch, command: "/nonexistent/program" }),
  });
  assert.match(await worker.exit, /^could not be started: /);
});

function isPipe(path: string): boolean {
  try {
    return Deno.readLinkSync(path).startsWith("pipe:");
  } catch {
    return false;
  }
}
