// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import type { LineType } from "../../../sdk/hooks.ts";
import { DECLARATION } from "../../../sdk/supervisor/probe.ts";

const declares = (grants: unknown) => v.is(DECLARATION, { hooks: ["account"], permissions: {}, grants });

Deno.test("DECLARATION takes every grant that there is on a line", () => {
  const all = ["prompt", "get_env", "shadow", "set_item:user", "env:KRB5CCNAME", "env:APP_*"];
  const tokens = ["authtok", "set_authtok"];
  const files = ["user_file:token", "user_file:ticket-*", "user_file:A.b_c-1"];
  assert.ok(declares({ auth: [...all, ...tokens, ...files], account: all }));
  assert.ok(declares({ session: [...all, ...files], password: [...all, ...tokens] }));
  assert.ok(declares({}));
});

Deno.test("DECLARATION takes nothing that could not stand behind grant=, or not on that line", () => {
  const words = [
    "",
    "promt",
    "prompt ",
    "prompt,shadow",
    "env:",
    "env:*",
    "env:A B",
    "env:LD_PRELOAD",
    "shadow\n",
  ];
  const items = ["set_item:service", "set_item:", "set_item:user]"];
  const files = ["user_file:", "user_file:*", "user_file:a b", "user_file:../a", "user_file:\x1b[2J"];
  for (const line of ["auth", "account", "session", "password"] satisfies LineType[]) {
    for (const word of [...words, ...items, ...files, 1]) {
      assert.ok(!declares({ [line]: [word] }), `${line} ${word}`);
    }
  }
  for (const line of ["account", "password"]) assert.ok(!declares({ [line]: ["user_file:token"] }), line);
  for (const line of ["account", "session"]) assert.ok(!declares({ [line]: ["authtok"] }), line);
  assert.ok(!declares({ auth: Array.from({ length: 33 }, (_, i) => `env:A${i}`) }));
  assert.ok(!declares({ other: [] }));
});
