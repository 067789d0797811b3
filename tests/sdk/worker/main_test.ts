// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Client, decide, hookMessage, within } from "./client.ts";
import { startWorker } from "./harness.ts";
import { clearRecords, logged, records } from "./records.ts";

const PATIENCE_MS = 5_000;

Deno.test("worker is ready, decides, and leaves with SIGTERM", async () => {
  await using worker = await startWorker(`export default defineModule({ account: () => "success" });`);
  await worker.ready;
  const answer = await decide(worker.path);
  assert.equal(answer?.type === "result" && answer.code, "success");
  worker.process.drain(PATIENCE_MS);
  assert.equal(await worker.exit, "left");
});

Deno.test("worker finishes what is in flight at SIGTERM, and who comes then is served by the next one", async () => {
  await using worker = await startWorker(`export default defineModule({
    async account({ lookup, user }) {
      if (user === "slow") await lookup.passwd();
      return "success";
    },
  });`);
  await worker.ready;
  using slow = await Client.connect(worker.path);
  await slow.send(hookMessage({ user: "slow" }));
  assert.equal((await slow.receive())?.type, "lookup_passwd");
  worker.process.drain(PATIENCE_MS);
  await worker.leaving;
  using late = await Client.connect(worker.path);
  await late.send(hookMessage());
  await slow.send({ type: "absent" });
  assert.equal((await slow.receive())?.type, "result");
  assert.equal(await worker.exit, "left");
  worker.another();
  assert.equal((await late.receive())?.type, "result");
});

for (
  const [what, broken] of [
    ["a rejection that nobody handles", `Promise.reject(new Error("unwatched"))`],
    ["an exception that nobody catches", `setTimeout(() => { throw new Error("unwatched"); })`],
  ] as const
) {
  Deno.test(`worker says that it leaves after ${what}, finishes the others, and ends with status 1`, async () => {
    clearRecords();
    await using worker = await startWorker(`export default defineModule({
      async account({ lookup, user }) {
        if (user === "bad") ${broken};
        else await lookup.passwd();
        return "success";
      },
    });`);
    await worker.ready;
    using other = await Client.connect(worker.path);
    await other.send(hookMessage());
    assert.equal((await other.receive())?.type, "lookup_passwd");
    assert.equal((await decide(worker.path, { user: "bad" }))?.type, "result");
    await within(PATIENCE_MS, worker.leaving, "leaving");
    await other.send({ type: "absent" });
    assert.equal((await other.receive())?.type, "result");
    assert.equal(await worker.exit, "ended with status 1");
    await logged(/error .*that nobody .*unwatched.*module\/module\.ts:.* \[not-caught\] https:/i);
  });
}

Deno.test("worker keeps its standard output for itself: console.log() of a module is a log line", async () => {
  clearRecords();
  await using worker = await startWorker(`console.log("at the top", { a: 1 });
    export default defineModule({ account() { console.error("in a hook"); return "success"; } });`);
  await worker.ready;
  await decide(worker.path);
  await logged(/^info .*at the top \{ a: 1 \}$/);
  await logged(/^error .*in a hook$/);
  assert.equal(records.filter((line) => line.includes("Standard output")).length, 0, records.join("\n"));
});

Deno.test("worker ends with a message if the module cannot be loaded", async () => {
  clearRecords();
  await using worker = await startWorker(`export default { account: () => "success" };`);
  assert.equal(await worker.exit, "ended with status 78");
  await logged(/error .*defineModule/);
});

Deno.test("worker runs not a line of the module if it holds more than it was told", async () => {
  clearRecords();
  await using worker = await startWorker(
    `console.log("the module runs"); export default defineModule({ account: () => "success" });`,
    {
      // As the trap does it, but hidden from the supervisor's own check.
      change: (launch) => {
        const args = launch.args.toSpliced(launch.args.indexOf("run") + 1, 0, "--allow-read");
        const commandLine = launch.expected.commandLine.toSpliced(2, 0, "--allow-read");
        return { ...launch, args, expected: { ...launch.expected, commandLine } };
      },
    },
  );
  assert.equal(await worker.exit, "ended with status 77");
  await logged(/This worker holds all of "read": it does not start \[permissions-not-as-told\]/);
  assert.deepEqual(records.filter((line) => line.includes("the module runs")), []);
});

Deno.test("worker runs not a line of the module if it holds less than it was told", async () => {
  clearRecords();
  await using worker = await startWorker(
    `console.log("the module runs"); export default defineModule({ account: () => "success" });`,
    {
      config: { permissions: { read: ["/srv/rules"] } },
      change: (launch) => ({
        ...launch,
        args: launch.args.filter((word) => !word.startsWith("--allow-read")),
        expected: {
          ...launch.expected,
          commandLine: launch.expected.commandLine.filter((word) => !word.startsWith("--allow-read")),
        },
      }),
    },
  );
  assert.equal(await worker.exit, "ended with status 77");
  await logged(/This worker does not hold "read" for \/srv\/rules: it does not start/);
  assert.deepEqual(records.filter((line) => line.includes("the module runs")), []);
});

Deno.test("worker's module can neither read /etc/shadow nor reach the network, run a program or look at the environment", async () => {
  await using worker = await startWorker(`
    // Not a literal: the bundler would try to follow it.
    const name = (...parts) => parts.join("");
    const attempts = {
      shadow: () => Deno.readTextFile("/etc/shadow"),
      write: () => Deno.writeTextFile("/tmp/pam-deno-attempt", ""),
      net: () => Deno.connect({ hostname: "127.0.0.1", port: 22 }),
      unix: () => Deno.connect({ transport: "unix", path: "/run/dbus/system_bus_socket" }),
      fetch: () => fetch("http://127.0.0.1:8080/"),
      run: () => new Deno.Command("/bin/true").output(),
      env: () => Deno.env.toObject(),
      kill: () => Deno.kill(Deno.ppid, "SIGKILL"),
      ffi: () => Deno.dlopen("libc.so.6", {}),
      import: () => import(name("file:///etc/", "shadow")),
      remote: () => import(name("https://example.com/", "x.js")),
      npm: () => import(name("npm:", "left-pad")),
      node: async () => (await import("node:fs/promises")).readFile("/etc/shadow"),
      child: async () => (await import("node:child_process")).execFileSync("/bin/true"),
      sys: () => Deno.hostname(),
      thread: () => new Promise((resolve, reject) => {
        const worker = new Worker("data:text/javascript,Deno.readTextFileSync('/etc/shadow')", { type: "module" });
        worker.onerror = (event) => { event.preventDefault(); worker.terminate(); reject(new Deno.errors.NotCapable(event.message)); };
      }),
    };
    export default defineModule({
      async account({ items, deny }) {
        try {
          await attempts[items.user]();
          return "success";
        } catch (error) {
          return deny("perm_denied", error.name + ": " + error.message);
        }
      },
    });`);
  await worker.ready;
  const attempts = [
    "shadow",
    "write",
    "net",
    "unix",
    "fetch",
    "run",
    "env",
    "kill",
    "ffi",
    "import",
    "remote",
    "npm",
    "node",
    "child",
    "sys",
    "thread",
  ];
  for (const user of attempts) {
    const answer = await decide(worker.path, { user });
    assert.equal(answer?.type, "result", `${user}: ${JSON.stringify(answer)}`);
    assert.equal(answer.code, "perm_denied", `${user} was possible`);
    assert.match(
      answer.message ?? "",
      /Requires|NotCapable|--no-npm|--no-remote|allow-|only its bundle|may not start/,
      user,
    );
  }
});

Deno.test("worker has only the descriptors it was given, a clean environment and no privileges", async () => {
  await using worker = await startWorker(`export default defineModule({ account: () => "success" });`);
  await worker.ready;
  const { pid } = worker.process;
  const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0").filter(Boolean).map((pair) =>
    pair.split("=")[0]
  );
  assert.deepEqual(environment.sort(), [
    "DENO_DIR",
    "DENO_NO_UPDATE_CHECK",
    "NO_COLOR",
  ]);
  assert.match(Deno.readTextFileSync(`/proc/${pid}/status`), /^NoNewPrivs:\t1$/m);
  const own = new Set(
    [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => link(`/proc/self/fd/${name}`)),
  );
  const shared = [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) =>
    link(`/proc/${pid}/fd/${name}`)
  )
    .filter((target) => own.has(target) && !target.startsWith("anon_inode") && target !== "/dev/null");
  // The listening socket, and nothing else that this process has too.
  assert.equal(shared.filter((target) => target.startsWith("socket:")).length, 1, shared.join(" "));
});

function link(path: string): string[] {
  try {
    return [Deno.readLinkSync(path)];
  } catch {
    return [];
  }
}

Deno.test("stack traces of a worker name the module's own files and lines", async () => {
  clearRecords();
  await using worker = await startWorker(`
    export default defineModule({
      account() {
        throw new Error("here");
      },
    });`);
  await worker.ready;
  const answer = await decide(worker.path);
  assert.equal(answer?.type === "fault" && answer.fault, "threw");
  await logged(/here.*module\/module\.ts:5:15/);
});

Deno.test("worker leaves at SIGTERM whatever its module has put in the place of what it needs for that", async () => {
  await using worker = await startWorker(`
    Deno.addSignalListener = () => {};
    Deno.exit = () => {};
    globalThis.queueMicrotask = () => {};
    Promise.prototype.then = () => {};
    export default defineModule({ account: () => "success" });`);
  await worker.ready;
  worker.process.drain(PATIENCE_MS);
  assert.equal(await worker.exit, "left");
});

Deno.test("worker that has used up its descriptors makes room for another one within a few beats, and says why", async () => {
  clearRecords();
  await using worker = await startWorker(
    `import process from "node:process";
    const kept = [];
    const { createPipe } = process.binding("pipe_wrap");
    setInterval(() => { try { for (;;) kept.push(createPipe()); } catch { /* There are no more. */ } }, 200);
    export default defineModule({ account: () => "success" });`,
    {
      change: (launch) => ({
        ...launch,
        command: "/usr/bin/prlimit",
        args: ["--nofile=64:64", "--", launch.command, ...launch.args],
      }),
    },
  );
  await worker.ready;
  await within(8_000, worker.leaving, "leaving");
  assert.equal(await worker.exit, "ended with status 1");
  await logged(
    /error .*test has used up its descriptors, so that callers cannot get in: close what handlers open, .* \[descriptors-used-up\]/,
  );
});
