// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PERMISSION_KINDS, type ToldPermissions } from "../../../sdk/worker/permissions.ts";

const FILE = join(import.meta.dirname!, "..", "..", "..", "sdk", "worker", "permissions.ts");

/** What a process started with `flags` finds wrong when it was told of `told`. */
async function problems(flags: string[], told: ToldPermissions): Promise<string[]> {
  const script = `import { permissionProblems } from ${JSON.stringify(`file://${FILE}`)};
console.log(JSON.stringify(permissionProblems(${JSON.stringify(told)})));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      ...flags,
      `data:text/javascript,${encodeURIComponent(script)}`,
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("permissionProblems() finds nothing in a process without permissions that was told of none", async () => {
  // The file itself is a static import: it needs no permission to be read.
  assert.deepEqual(await problems([], {}), []);
});

Deno.test("permissionProblems() finds nothing in a process with exactly what it was told", async () => {
  const told = {
    read: ["/srv/rules", "/var/lib/pam-deno"],
    write: ["/var/lib/pam-deno"],
    net: ["ldap.example.org:636", "*.example.net", "[2001:db8::1]:389", "192.0.2.7"],
    env: ["TZ"],
    sys: ["hostname"],
  };
  const flags = Object.entries(told).map(([kind, scopes]) => `--allow-${kind}=${scopes.join(",")}`);
  assert.deepEqual(await problems(flags, told), []);
});

for (const kind of PERMISSION_KINDS.filter((kind) => kind !== "import")) {
  Deno.test(`permissionProblems() finds a blanket "${kind}"`, async () => {
    assert.ok((await problems([`--allow-${kind}`], {})).includes(`holds all of "${kind}"`));
  });
}

Deno.test("permissionProblems() finds every kind under --allow-all", async () => {
  const found = await problems(["--allow-all"], {});
  for (const kind of PERMISSION_KINDS) assert.ok(found.includes(`holds all of "${kind}"`), kind);
});

Deno.test("permissionProblems() finds a blanket grant with holes in it", async () => {
  const found = await problems(["--allow-read", "--deny-read=/etc/shadow"], {});
  assert.ok(found.includes('holds all of "read"'), found.join("; "));
});

Deno.test("permissionProblems() finds a blanket grant where a part was told", async () => {
  assert.deepEqual(
    (await problems(["--allow-net"], { net: ["a.example:1"] }))[0],
    'holds all of "net" instead of a part',
  );
});

Deno.test("permissionProblems() takes a blanket grant that was told, and finds a part in its place", async () => {
  assert.deepEqual(await problems(["--allow-read"], { read: true }), []);
  assert.deepEqual(await problems(["--allow-read=/srv"], { read: true }), ['does not hold all of "read"']);
  assert.deepEqual(await problems(["--allow-read"], { write: true }), [
    'holds all of "read"',
    'holds "read" for /',
    'holds "read" for /etc/shadow',
    'holds "read" for /proc/self/environ',
    'does not hold all of "write"',
  ]);
});

Deno.test("permissionProblems() knows Unix sockets and what is dangerous by its name", async () => {
  const told = { net: ["unix:/run/x.sock"], run: ["/bin/ls"], ffi: ["/lib/x.so"] };
  const flags = Object.entries(told).map(([kind, scopes]) => `--allow-${kind}=${scopes.join(",")}`);
  assert.deepEqual(await problems(flags, told), []);
  assert.deepEqual(await problems(flags, { ...told, net: ["unix:/run/y.sock"] }), [
    'does not hold "net" for unix:/run/y.sock',
  ]);
});

Deno.test("permissionProblems() finds a part that nobody is granted alone", async () => {
  assert.deepEqual(await problems(["--allow-read=/etc"], {}), ['holds "read" for /etc/shadow']);
  assert.deepEqual(await problems(["--allow-read=/etc"], { read: ["/etc"] }), []);
  assert.deepEqual(await problems(["--allow-run=/bin/sh"], {}), ['holds "run" for /bin/sh']);
  assert.deepEqual(await problems(["--allow-sys=uid"], {}), ['holds "sys" for uid']);
});

Deno.test("permissionProblems() finds what is missing", async () => {
  assert.deepEqual(await problems([], { read: ["/srv/rules"] }), ['does not hold "read" for /srv/rules']);
});

Deno.test("permissionProblems() refuses a kind that it does not know", async () => {
  assert.deepEqual(await problems([], { hrtime: ["x"] }), [
    'was told of a permission "hrtime" that there is not',
  ]);
});
