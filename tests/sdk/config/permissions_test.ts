// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  isHeld,
  missingPermissions,
  permissionFlags,
  resolvePermissions,
  scopeError,
  SYS_GRANTABLE,
  usesNetwork,
} from "../../../sdk/config/permissions.ts";

Deno.test("resolvePermissions() puts the values of options in, without doubles, in order", () => {
  const { permissions, problems, unset } = resolvePermissions(
    { read: [{ option: "rules" }, "/a"], net: [{ option: "url" }] },
    { rules: ["/b", "/a"] },
  );
  assert.deepEqual(permissions, { read: ["/a", "/b"] });
  assert.deepEqual(problems, []);
  assert.deepEqual(unset, ["url"]);
});

Deno.test("resolvePermissions() checks what an option puts in", () => {
  const { permissions, problems } = resolvePermissions({ read: [{ option: "rules" }] }, { rules: "/" });
  assert.deepEqual(permissions, {});
  assert.deepEqual(problems, [{
    kind: "read",
    index: 0,
    problem: `"/" is the whole file system: name what is to be read`,
  }]);
});

Deno.test("permissionFlags() gives one flag for each kind, in one order", () => {
  assert.deepEqual(permissionFlags({ net: ["b:1", "a:2"], read: ["/x"], env: [] }), [
    "--allow-read=/x",
    "--allow-net=b:1,a:2",
  ]);
  assert.deepEqual(permissionFlags({}), []);
});

Deno.test("permissionFlags() gives a blanket flag for all there is", () => {
  assert.deepEqual(permissionFlags({ net: true, run: ["/usr/bin/id"], read: ["/x"] }), [
    "--allow-read=/x",
    "--allow-net",
    "--allow-run=/usr/bin/id",
  ]);
});

Deno.test("Deno takes a flag for each kind of system information that can be granted", async () => {
  const [flag] = permissionFlags({ sys: SYS_GRANTABLE });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--no-lock", flag!, "data:text/javascript,"],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  for (const kind of ["umask", "inspector"]) assert.notEqual(scopeError("sys", kind), undefined);
});

Deno.test("resolvePermissions() gives what a Unix socket needs: the connection, and the path to read and write", () => {
  const { permissions, problems } = resolvePermissions(
    { net: ["unix:/run/x.sock", "a:1"], write: ["/w"] },
    {},
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(permissions, {
    net: ["a:1", "unix:/run/x.sock"],
    read: ["/run/x.sock"],
    write: ["/run/x.sock", "/w"],
  });
  assert.equal(usesNetwork(permissions), true);
  assert.equal(usesNetwork({ net: ["unix:/run/x.sock"] }), false);
  assert.equal(usesNetwork({ net: true }), true);
  assert.equal(usesNetwork({}), false);
});

Deno.test("resolvePermissions() leaves all there is as it is", () => {
  const { permissions } = resolvePermissions({ net: ["unix:/run/x.sock"], read: true }, {});
  assert.deepEqual(permissions, { net: ["unix:/run/x.sock"], read: true, write: ["/run/x.sock"] });
  assert.equal(isHeld(permissions, "read"), true);
  assert.equal(isHeld(permissions, "env"), false);
});

Deno.test("resolvePermissions() takes no option from where objects come from", () => {
  assert.deepEqual(resolvePermissions({ read: [{ option: "constructor" }] }, {}).unset, ["constructor"]);
});

Deno.test("missingPermissions() takes all there is for everything, and misses it", () => {
  assert.deepEqual(missingPermissions({ read: ["/a"] }, { read: true }), []);
  assert.deepEqual(missingPermissions({ read: true }, { read: ["/a"] }), [`"read": true`]);
});

Deno.test("a Deno process connects to the Unix socket that it is granted, and to no other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-unix-" });
  try {
    const [granted, other] = [join(folder, "a.sock"), join(folder, "b.sock")];
    using _a = Deno.listen({ transport: "unix", path: granted });
    using _b = Deno.listen({ transport: "unix", path: other });
    const script = `const out = [];
for (const path of ${JSON.stringify([granted, other])}) {
  try { (await Deno.connect({ transport: "unix", path })).close(); out.push("connected"); }
  catch (error) { out.push(error.name); }
}
console.log(out.join(" "));`;
    const { permissions } = resolvePermissions({ net: [`unix:${granted}`] }, {});
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        ...permissionFlags(permissions),
        `data:text/javascript,${encodeURIComponent(script)}`,
      ],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "connected NotCapable\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("scopeError() refuses what could smuggle a second scope or a flag", () => {
  for (const scope of ["/a,/", "/a\n/", "/a\0", ""]) {
    assert.notEqual(scopeError("read", scope), undefined, JSON.stringify(scope));
  }
  for (const scope of ["LD_PRELOAD", "DENO_DIR", "PATH", "NOTIFY_SOCKET", "LISTEN_FDS", "A*", "A=B"]) {
    assert.notEqual(scopeError("env", scope), undefined, scope);
  }
  for (const scope of ["a,b", "a b", "-x", "a/8", "http://a", "a:65536"]) {
    assert.notEqual(scopeError("net", scope), undefined, JSON.stringify(scope));
  }
});

Deno.test("scopeError() refuses what reads as something else than it is", () => {
  const unreadable = [
    "/srv/a  nothing else",
    "/a\u200b",
    "/a\u202eb",
    "/a\u2028b",
    "/a\u0085b",
    "/a\ud800",
    "/a \u00a0b",
  ];
  for (const scope of unreadable) {
    assert.match(
      scopeError("read", scope) ?? "",
      /invisible character or several blanks/,
      JSON.stringify(scope),
    );
  }
  for (const scope of ["/srv/two words", "/srv/größe", "/srv/日本"]) {
    assert.equal(scopeError("read", scope), undefined);
  }
});

const covered: [string, string, string, boolean][] = [
  ["read", "/a", "/a", true],
  ["read", "/a", "/a/b", true],
  ["read", "/a/", "/a/b", true],
  ["read", "/a", "/ab", false],
  ["read", "/a/b", "/a", false],
  ["net", "a.example", "a.example:636", true],
  ["net", "a.example:636", "a.example", false],
  ["net", "a.example:636", "a.example:389", false],
  ["net", "*.example", "a.example:1", true],
  ["net", "*.example", "example", false],
  ["net", "[2001:db8::1]", "[2001:db8::1]:389", true],
  ["net", "unix:/run/a", "unix:/run/a", true],
  ["net", "unix:/run/a", "unix:/run/b", false],
  ["run", "/usr/bin/id", "/usr/bin/id", true],
  ["run", "/usr/bin", "/usr/bin/id", false],
  ["ffi", "/usr/lib/x", "/usr/lib/x/y.so", true],
  ["env", "A", "A", true],
  ["env", "A", "AB", false],
  ["sys", "uid", "gid", false],
];
for (const [kind, held, needed, expected] of covered) {
  Deno.test(`missingPermissions() says that ${kind} ${held} ${expected ? "covers" : "does not cover"} ${needed}`, () => {
    const missing = missingPermissions({ [kind]: [needed] }, { [kind]: [held] });
    assert.deepEqual(missing, expected ? [] : [`"${kind}": ["${needed}"]`]);
  });
}
