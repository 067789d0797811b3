// SPDX-License-Identifier: MIT
/**
 * Deno's half of the sandbox alone: what is tried here, the user of the worker may do, and no unit is there to refuse it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Command, Site } from "../supervisor/site.ts";
import { decide } from "../worker/client.ts";

/** A module that tries what the user's name says, and refuses with what came of it. */
const PROBE = `
const ATTEMPTS = {
  read: (at) => Deno.readTextFileSync(at),
  write: (at) => Deno.writeTextFileSync(at, "was here"),
  env: (at) => Deno.env.get(at) ?? "nothing",
  sys: (at) => Deno[at](),
  tcp: async (at) => (await Deno.connect({ hostname: "127.0.0.1", port: Number(at) })).close(),
  unix: async (at) => (await Deno.connect({ transport: "unix", path: at })).close(),
  run: (at) => new TextDecoder().decode(new Deno.Command(at, { args: ["-u"], clearEnv: true }).outputSync().stdout),
  ffi: (at) => Deno.dlopen(at, { getuid: { parameters: [], result: "u32" } }).symbols.getuid(),
};
export default defineModule({
  async account({ user, deny }) {
    const [what, at] = user.split(" ");
    try {
      const got = await ATTEMPTS[what](at);
      return deny("perm_denied", "got " + (got ?? "it"));
    } catch (error) {
      return deny("auth_err", error.name + ": " + error.message.slice(0, 80));
    }
  },
});`;

/** A site that workers with users of their own reach. */
function openSite(): Site {
  const site = new Site();
  Deno.chmodSync(dirname(site.config), 0o755);
  return site;
}

/** What came of an attempt. */
async function attempt(site: Site, what: string, at: string | number): Promise<string> {
  const answer = await decide(site.socket("probe"), { user: `${what} ${at}` });
  if (answer?.type !== "result") throw new Error(JSON.stringify(answer));
  return answer.message ?? JSON.stringify(answer);
}

Deno.test("Deno's flags alone let a module do what it is granted, and refuse the rest", async () => {
  using site = openSite();
  const [open, closed] = ["open", "closed"].map((name) => join(site.config, name));
  for (const folder of [open!, closed!]) {
    Deno.mkdirSync(folder);
    Deno.chmodSync(folder, 0o777);
    Deno.writeTextFileSync(join(folder, "file"), `${folder} is readable`);
    Deno.writeTextFileSync(join(folder, "written"), "");
    Deno.chmodSync(join(folder, "written"), 0o666);
  }
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using otherTcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using _unix = Deno.listen({ transport: "unix", path: join(open!, "socket") });
  using _otherUnix = Deno.listen({ transport: "unix", path: join(closed!, "socket") });
  for (const folder of [open!, closed!]) Deno.chmodSync(join(folder, "socket"), 0o666);
  const ports = [tcp, otherTcp].map(({ addr }) => (addr as Deno.NetAddr).port);
  site.add("probe", PROBE, {
    permissions: {
      read: [join(open!, "file")],
      write: [join(open!, "written")],
      env: ["PROBE_TOLD"],
      sys: ["hostname"],
      net: [`127.0.0.1:${ports[0]}`, `unix:${join(open!, "socket")}`],
    },
  });
  await using command = new Command(site.args, { PROBE_TOLD: "yes", PROBE_KEPT: "no" });
  await command.printed(/ready probe/);
  const cases: [what: string, granted: string | number, got: string, refused: string | number][] = [
    ["read", join(open!, "file"), `got ${open} is readable`, join(closed!, "file")],
    ["write", join(open!, "written"), "got it", join(closed!, "written")],
    ["env", "PROBE_TOLD", "got yes", "PROBE_KEPT"],
    ["sys", "hostname", `got ${Deno.hostname()}`, "osRelease"],
    ["tcp", ports[0]!, "got it", ports[1]!],
    ["unix", join(open!, "socket"), "got it", join(closed!, "socket")],
  ];
  for (const [what, granted, got, refused] of cases) {
    assert.equal(await attempt(site, what, granted), got, what);
    assert.match(await attempt(site, what, refused), /^NotCapable: Requires /, what);
  }
  assert.match(await attempt(site, "write", join(open!, "file")), /^NotCapable: Requires write/);
  assert.match(await attempt(site, "run", "/usr/bin/id"), /^NotCapable: Requires run/);
  assert.match(await attempt(site, "ffi", "libc.so.6"), /^NotCapable: Requires ffi/);
  assert.equal(Deno.readTextFileSync(join(open!, "written")), "was here");
  assert.equal(Deno.readTextFileSync(join(closed!, "written")), "");
});

Deno.test("a module that is granted a program runs it, as the user that it has itself, and every start warns of it", async () => {
  using site = openSite();
  site.add("probe", PROBE, { permissions: { run: ["/usr/bin/id"] }, dangerous: ["run"] });
  await using command = new Command(site.args);
  await command.printed(/ready probe/);
  await command.printed(
    /Dangerous \(run\): this module may start programs, which do whatever its user can, out of its permissions: \/usr\/bin\/id/,
  );
  const [, said] = /^got (\d+)\n$/.exec(await attempt(site, "run", "/usr/bin/id")) ?? [];
  const worker = Deno.readTextFileSync(`/proc/${workerOf(site)}/status`);
  assert.equal(said, /^Uid:\t(\d+)/m.exec(worker)![1]);
  if (Deno.uid() === 0) assert.notEqual(said, "0");
  assert.match(await attempt(site, "run", "/usr/bin/ls"), /^NotCapable: Requires run/);
});

Deno.test("a module that is granted a program without the word for it is not served", async () => {
  using site = openSite();
  site.add("probe", PROBE, { permissions: { run: ["/usr/bin/id"] } });
  await using command = new Command(site.args);
  assert.equal((await command.end()).code, 1);
  assert.match(
    command.stderr,
    /probe\.jsonc:1:\d+: dangerous: with this the module may start programs, .*: \/usr\/bin\/id; take it out, or, if that is meant, add "dangerous": \["run"\]/,
  );
});

Deno.test("a module that may do everything of a kind is served, and every start warns of it", async () => {
  using site = openSite();
  const file = join(site.config, "file");
  Deno.writeTextFileSync(file, "readable");
  site.add("probe", PROBE, { permissions: { read: true, env: true }, dangerous: ["read", "env"] });
  await using command = new Command(site.args, { PROBE_KEPT: "no" });
  await command.printed(/ready probe/);
  await command.printed(/Dangerous \(read\): .*\n(?:.*\n)*?.*Dangerous \(env\): /);
  assert.equal(await attempt(site, "read", file), "got readable");
  // All variables of its process: those of the supervisor are not among them.
  assert.equal(await attempt(site, "env", "PROBE_KEPT"), "got nothing");
  assert.match(await attempt(site, "write", file), /^NotCapable: Requires write/);
});

Deno.test("a module keeps things in its state folder, reads its credential, and finds both by its options", async () => {
  using site = openSite();
  const secret = join(site.config, "secret");
  Deno.writeTextFileSync(secret, "hush", { mode: 0o600 });
  const keep = join(site.config, "keep");
  site.add(
    "probe",
    `import * as v from "valibot";
    export default defineModule({
      options: v.object({ file: v.string(), key: v.string() }),
      account({ options, deny }) {
        const before = (() => { try { return Deno.readTextFileSync(options.file); } catch { return ""; } })();
        Deno.writeTextFileSync(options.file, before + Deno.readTextFileSync(options.key));
        return deny("perm_denied", Deno.readTextFileSync(options.file));
      },
    });`,
    {
      state: true,
      credentials: { key: secret },
      options: { file: { state: "file" }, key: { credential: "key" } },
    },
  );
  await using command = new Command([...site.args, "--keep-dir", keep]);
  await command.printed(/ready probe/);
  assert.equal(await attempt(site, "", ""), "hush");
  assert.equal(await attempt(site, "", ""), "hushhush");
  assert.equal(Deno.readTextFileSync(join(keep, "probe", "file")), "hushhush");
  if (Deno.uid() === 0) assert.notEqual(Deno.statSync(join(keep, "probe")).uid, 0);
  assert.equal(Deno.statSync(join(keep, "probe")).mode! & 0o077, 0);
});

/** The process id of the only worker of a site. */
function workerOf(site: Site): number {
  const found = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return /^\d+$/.test(name) &&
        Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(
          join(site.run, "workers", "probe", "worker.js"),
        );
    } catch {
      return false;
    }
  });
  assert.equal(found.length, 1);
  return Number(found[0]);
}
