// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS, ROOT } from "./program.ts";

const LAUNCH = join(ROOT, "sdk", "command", "launch.sh");
const OWN = join(ROOT, "sdk", "supervisor", "own_permissions.sh");

/** The flags of Deno for a command line, as `sh` finds them. */
async function flags(words: readonly string[]): Promise<string[]> {
  const script = `. "$1"; . "$2"; shift 2; launch_flags "$@"`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", OWN, LAUNCH, Deno.execPath(), "/usr/lib/pam-deno", ...words],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

/** What a program that was started with these flags can do of some things that it should not. */
async function powers(allowed: readonly string[]): Promise<string[]> {
  const program = `
    const tries = {
      scratch: () => Deno.removeSync(Deno.makeTempDirSync()),
      write: () => Deno.removeSync(Deno.makeTempDirSync({ dir: "/var/tmp" })),
      run: () => new Deno.Command("id").outputSync(),
      net: () => Deno.listen({ port: 0 }),
      passwords: () => Deno.readTextFileSync("/etc/passwd"),
      proc: () => Deno.readTextFileSync("/proc/1/status"),
    };
    console.log(Object.keys(tries).filter((name) => {
      try { tries[name](); return true; } catch (error) { if (error.name === "NotCapable") return false; throw error; }
    }).join(" "));`;
  const data = `data:application/javascript,${encodeURIComponent(program)}`;
  // Under the captured log there is a variable with which Deno starts nothing for who may not do everything.
  const { code, stdout, stderr } = await new Deno.Command("env", {
    args: [
      "-u",
      "LD_PRELOAD",
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      ...allowed,
      data,
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split(" ");
}

Deno.test("pam-deno status may look at everything and change nothing", async () => {
  assert.deepEqual(await powers(await flags(["status"])), ["passwords"]);
});

Deno.test("pam-deno check may besides have a folder of its own for those that it asks", async () => {
  assert.deepEqual(await powers(await flags(["check"])), ["scratch", "passwords"]);
});

Deno.test("pam-deno simulate may besides start what it needs, and write a page where it is told to", async () => {
  assert.deepEqual(await powers(await flags(["simulate", "module.ts"])), ["scratch", "run", "passwords"]);
  const write = (await flags(["simulate", "module.ts", "--html", "week.html"])).find((flag) =>
    flag.startsWith("--allow-write=")
  );
  assert.ok(write?.split(",").includes(join(Deno.cwd(), "week.html")), write);
});

Deno.test("pam-deno try may besides have a folder of its own for what it tries", async () => {
  assert.deepEqual(await powers(await flags(["try"])), ["scratch", "passwords"]);
});

for (const command of ["status", "check"]) {
  Deno.test(`pam-deno ${command} may knock at the sockets that are there, and at nothing else`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
    try {
      const sockets = ["a", "b"].map((name) => join(folder, `${name}.sock`));
      using listeners = new DisposableStack();
      for (const path of sockets) listeners.use(Deno.listen({ transport: "unix", path }));
      await Deno.writeTextFile(join(folder, "file.sock"), "");
      const given = await flags([command, "--runtime-dir", folder]);
      const scopes = (kind: string) =>
        given.find((flag) => flag.startsWith(`--allow-${kind}=`))?.split("=")[1]?.split(",");
      assert.deepEqual(scopes("net"), sockets.map((path) => `unix:${path}`));
      assert.deepEqual(scopes("write")?.filter((path) => path.startsWith(folder)), sockets);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

for (
  const words of [["lines", "policy"], ["explain", "busy"], ["help"], ["completion", "bash", "re"], [
    "--version",
  ], []]
) {
  Deno.test(`pam-deno ${words.join(" ")} may read its own folders and nothing else`, async () => {
    assert.deepEqual(await powers(await flags(words)), [""]);
  });
}

Deno.test("pam-deno new may besides write where it is called", async () => {
  const given = await flags(["new", "policy"]);
  assert.deepEqual(given.filter((flag) => flag.startsWith("--allow-write")), ["--allow-write=."]);
  assert.deepEqual(await powers(given), [""]);
});

Deno.test("launch_flags gives all permissions to nothing but what changes the machine or runs tests", async () => {
  const all: string[] = [];
  for (const command of [...COMMANDS, "help", "completion", "frobnicate"]) {
    if ((await flags([command])).includes("--allow-all")) all.push(command);
  }
  assert.deepEqual(all, ["add", "needs", "reload", "remove", "rollback"]);
});

Deno.test("launch_flags finds the command behind options, and what they name", async () => {
  const behind = await flags(["--config-dir", "add", "--debug", "lines", "policy", "--state-dir=/state"]);
  const read = behind.find((flag) => flag.startsWith("--allow-read="))!.split("=")[1]!.split(",");
  assert.ok(!behind.includes("--allow-all"));
  assert.ok(read.includes(join(Deno.cwd(), "add")));
  assert.ok(read.includes("/state"));
  assert.ok(!read.includes("/etc/pam-deno"));
  assert.ok(read.includes("/run/pam-deno"));
});

Deno.test("a folder with a comma in its name widens no permission: pam-deno does not start", async () => {
  const { code, stderr } = await new Deno.Command(join(ROOT, "scripts", "pam-deno"), {
    args: ["lines", "policy", "--config-dir", "/tmp,/etc"],
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /--config-dir: a comma cannot be in a folder's name/);
});
