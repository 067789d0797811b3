// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { makeLauncher, planLaunch } from "../../../sdk/supervisor/launch.ts";
import { makeFolder } from "../worker/harness.ts";

const OPTIONS = { entry: "/w/worker.js", permissions: {}, cache: "/w/.cache", heapMib: 64 };

Deno.test("makeLauncher() runs Deno under a name that node:child_process does not know", () => {
  using folder = makeFolder();
  const { program } = makeLauncher(folder.path);
  assert.equal(basename(program).includes("deno run"), false);
  assert.notEqual(basename(program), "deno");
  assert.equal(Deno.realPathSync(program), Deno.realPathSync(Deno.execPath()));
});

Deno.test("makeLauncher() takes away what setpriv can take away", () => {
  using folder = makeFolder();
  const { prefix, warnings } = makeLauncher(folder.path);
  assert.deepEqual(warnings, []);
  assert.deepEqual(prefix.slice(1, 4), ["--pdeathsig", "TERM", "--no-new-privs"]);
  assert.equal(prefix.includes("--bounding-set=-all"), Deno.uid() === 0);
  assert.equal(prefix.at(-1), "--");
});

Deno.test("planLaunch() gives nothing that was not granted", () => {
  using folder = makeFolder();
  const launcher = makeLauncher(folder.path);
  const { command, args, env, expected } = planLaunch(launcher, OPTIONS);
  assert.deepEqual([command, ...args], [
    ...launcher.isolation,
    ...launcher.prefix,
    join(folder.path, "pam-deno-worker"),
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    "--v8-flags=--max-old-space-size=64,--max-semi-space-size=2",
    "/w/worker.js",
  ]);
  assert.deepEqual(
    expected.commandLine,
    [command, ...args].slice(launcher.isolation.length + launcher.prefix.length),
  );
  assert.deepEqual(env, { DENO_DIR: "/w/.cache", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" });
});

// A worker needs no permission to listen without an address, on a port that the kernel picks.
const LISTEN = `
  import net from "node:net";
  import process from "node:process";
  const { TCP } = process.binding("tcp_wrap");
  const server = new TCP(1);
  const place = {};
  server.listen(1);
  server.getsockname(place);
  net.createServer((socket) => socket.end("leaked")).listen({ fd: server.fdForIpc() });
  console.log(place.port);
`;

Deno.test("planLaunch() keeps a module without `net` from being called over the network, where it can", async () => {
  using folder = makeFolder();
  const launcher = makeLauncher(folder.path);
  const entry = join(folder.path, "listen.js");
  Deno.writeTextFileSync(entry, LISTEN);
  const reached = async (permissions: { net?: string[] }) => {
    const { command, args, env } = planLaunch(launcher, {
      ...OPTIONS,
      permissions,
      entry,
      cache: folder.path,
    });
    await using child = new Deno.Command(command, { args: [...args], env, stdout: "piped" }).spawn();
    const { value } = await child.stdout.values().next();
    try {
      using connection = await Deno.connect({ port: Number(new TextDecoder().decode(value)) });
      return new TextDecoder().decode(await new Response(connection.readable).bytes());
    } catch (error) {
      assert.ok(error instanceof Deno.errors.ConnectionRefused, String(error));
      return "refused";
    }
  };
  assert.equal(await reached({ net: ["ldap.example.org:636"] }), "leaked");
  assert.equal(await reached({}), launcher.isolation.length > 0 ? "refused" : "leaked");
  const unshare = new Deno.Command("unshare", { args: ["--net", "true"], stderr: "null" }).outputSync();
  assert.equal(launcher.isolation.length > 0, unshare.success && Deno.uid() === 0);
});

Deno.test("planLaunch() gives exactly the flags that were granted", () => {
  using folder = makeFolder();
  const permissions = { read: ["/srv/a", "/srv/b"], net: ["ldap.example.org:636"] };
  const { args } = planLaunch(makeLauncher(folder.path), { ...OPTIONS, permissions });
  assert.deepEqual(args.filter((word) => word.startsWith("--allow")), [
    "--allow-read=/srv/a,/srv/b",
    "--allow-net=ldap.example.org:636",
  ]);
});

Deno.test("planLaunch() hands on the variables that were granted, and nothing that could change Deno", () => {
  using folder = makeFolder();
  Deno.env.set("LDAP_URI", "ldaps://ldap.example.org");
  Deno.env.set("LDAP_OTHER", "x");
  Deno.env.set("DENO_DIR_OF_TEST", "x");
  try {
    const { env } = planLaunch(makeLauncher(folder.path), {
      ...OPTIONS,
      permissions: { env: ["LDAP_URI", "NOT_SET"] },
    });
    assert.deepEqual(Object.keys(env).sort(), ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "LDAP_URI", "NO_COLOR"]);
    assert.equal(env.LDAP_URI, "ldaps://ldap.example.org");
  } finally {
    for (const name of ["LDAP_URI", "LDAP_OTHER", "DENO_DIR_OF_TEST"]) Deno.env.delete(name);
  }
});
