// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {
  missingPermissions,
  permissionFlags,
  resolvePermissions,
  scopeError,
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

Deno.test("scopeError() refuses what could smuggle a second scope or a flag", () => {
  for (const scope of ["/a,/", "/a\n/", "/a\0", ""]) {
    assert.notEqual(scopeError("read", scope), undefined, JSON.stringify(scope));
  }
  for (const scope of ["a,b", "a b", "-x", "a/8", "http://a", "a:65536"]) {
    assert.notEqual(scopeError("net", scope), undefined, JSON.stringify(scope));
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
