// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../mod.ts";
import type { Caller } from "../../sdk/caller.ts";
import type { Ageing, Lookup } from "../../sdk/lookup.ts";
import { resultOf, runHook } from "./run_hook.ts";

async function look(
  work: (lookup: Lookup<"shadow">) => Promise<void>,
  caller: Partial<Caller> = {},
): Promise<void> {
  const module = defineModule({
    grants: { account: ["shadow"] },
    async account({ lookup }) {
      await work(lookup as Lookup<"shadow">);
      return "success";
    },
  });
  resultOf(await runHook(module, "account", { caller }));
}

Deno.test("lookup.passwd() gives the entry without the message around it", async () => {
  const entry = { name: "anna", uid: 1000, gid: 100, home: "/home/anna", shell: "/bin/sh" };
  await look(async (lookup) => assert.deepEqual(await lookup.passwd(), entry), {
    lookupPasswd: () => Promise.resolve({ type: "passwd", ...entry }),
  });
  await look(async (lookup) => assert.equal(await lookup.passwd(), undefined));
});

Deno.test("lookup.groups() gives names, and none for an unknown user", async () => {
  const groups = [{ gid: 100, name: "users" }, { gid: 4242 }, { gid: 27, name: "sudo" }];
  await look(async (lookup) => assert.deepEqual(await lookup.groups(), ["users", "sudo"]), {
    lookupGroups: () => Promise.resolve(groups),
  });
  await look(async (lookup) => assert.deepEqual(await lookup.groups(), []));
});

Deno.test("a look-up is made once in a hook", async () => {
  let calls = 0;
  await look(async (lookup) => {
    await Promise.all([lookup.groups(), lookup.groups()]);
    await lookup.groups();
  }, { lookupGroups: () => Promise.resolve((calls++, [])) });
  assert.equal(calls, 1);
});

const FIELDS = {
  last_change: 20000,
  min: 0,
  max: 99999,
  warn: 7,
  inactive: -1,
  expire: -1,
  locked: false,
  empty: false,
};

async function ageingOf(fields: Partial<typeof FIELDS>): Promise<Ageing> {
  let shown: Ageing | undefined;
  await look(async (lookup) => void (shown = await lookup.ageing()), {
    lookupAgeing: () => Promise.resolve({ ...FIELDS, ...fields }),
  });
  return shown!;
}

Deno.test("lookup.ageing() turns days into dates, and empty fields into undefined", async () => {
  const ageing = await ageingOf({ expire: 20454 });
  assert.equal(ageing.lastChange?.toString(), "2024-10-04");
  assert.equal(ageing.expires?.toString(), "2026-01-01");
  assert.deepEqual([ageing.minDays, ageing.maxDays, ageing.warnDays, ageing.inactiveDays], [
    0,
    99999,
    7,
    undefined,
  ]);
  assert.deepEqual([ageing.changeRequired, ageing.locked, ageing.empty], [false, false, false]);
});

Deno.test("lookup.ageing() knows day 0, and days that no calendar has", async () => {
  const must = await ageingOf({ last_change: 0 });
  assert.deepEqual([must.changeRequired, must.lastChange], [true, undefined]);
  const zero = await ageingOf({ expire: 0 });
  assert.equal(zero.expires?.toString(), "1970-01-01");
  for (const day of [100_000_001, Number.MAX_SAFE_INTEGER, -2, Number.MIN_SAFE_INTEGER]) {
    const odd = await ageingOf({ last_change: day, expire: day });
    assert.deepEqual([odd.lastChange, odd.expires, odd.changeRequired], [undefined, undefined, false]);
  }
  assert.equal((await ageingOf({ expire: 100_000_000 })).expires?.year, 275760);
});
