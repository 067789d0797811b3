// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { gives, isRefusedVariable } from "../../sdk/grants.ts";
import { REFUSED_VARIABLES } from "../../sdk/refused_variables.ts";

Deno.test("gives() matches words, and prefixes of variables and user files only", () => {
  assert.ok(gives(["prompt"], "prompt"));
  assert.ok(!gives(["prompt"], "prompts"));
  assert.ok(gives(["env:KRB*"], "env:KRB5CCNAME"));
  assert.ok(gives(["env:KRB*"], "env:KRB*"));
  assert.ok(gives(["env:KRB*"], "env:KRB5*"));
  assert.ok(!gives(["env:KRB5*"], "env:KRB*"));
  assert.ok(!gives(["env:KRB5CCNAME"], "env:KRB5*"));
  assert.ok(!gives(["env:A"], "env:B"));
  assert.ok(gives(["user_file:ticket"], "user_file:ticket"));
  assert.ok(gives(["user_file:tick*"], "user_file:ticket-*"));
  assert.ok(!gives(["user_file:ticket-*"], "user_file:ticket"));
  assert.ok(!gives(["env:ticket*"], "user_file:ticket"));
  assert.ok(!gives(["set_item:*"], "set_item:user"));
  assert.ok(!gives(["*"], "prompt"));
  assert.ok(!gives([], "prompt"));
});

Deno.test("isRefusedVariable() knows names and prefixes", () => {
  for (const name of ["PATH", "LD_PRELOAD", "LD_", "PYTHONPATH", "HOME", "GLIBC_TUNABLES"]) {
    assert.ok(isRefusedVariable(name));
  }
  for (const name of ["PATHS", "LANG", "KRB5CCNAME", "path", "XLD_PRELOAD"]) {
    assert.ok(!isRefusedVariable(name));
  }
});

Deno.test("the list of refused variables is the shim's", async () => {
  const source = await Deno.readTextFile(new URL("../../shim/grants.c", import.meta.url));
  const table = /grants_denied(?:\[\w*\])+ = \{(.*?)\};/s.exec(source);
  assert.ok(table !== null, "shim/grants.c holds the table grants_denied");
  const words = [...table[1]!.replace(/\/\*.*?\*\//gs, "").matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
  assert.deepEqual([...REFUSED_VARIABLES].sort(), words.sort());
});
