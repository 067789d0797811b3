// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../mod.ts";
import type { Caller } from "../../sdk/caller.ts";
import type { Ageing, Lookup } from "../../sdk/lookup.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { said } from "./codes.ts";
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

Deno.test("lookup.inNetgroup() asks once for each netgroup of a hook", async () => {
  const asked: string[] = [];
  await look(async (lookup) => {
    assert.deepEqual(await Promise.all(["ops", "dev", "ops"].map((name) => lookup.inNetgroup(name))), [
      true,
      false,
      true,
    ]);
    assert.equal(await lookup.inNetgroup("ops"), true);
  }, { lookupNetgroup: (name) => Promise.resolve((asked.push(name), name === "ops")) });
  assert.deepEqual(asked, ["ops", "dev"]);
});

Deno.test("lookup.inNetgroup() refuses what is no name", async () => {
  await look(async (lookup) => {
    for (const name of ["", "a\nb", "a\0b", "\ud800", "x".repeat(257), "ä".repeat(129), undefined as never]) {
      assert.throws(() => lookup.inNetgroup(name), {
        name: "RangeError",
        message: /1 to 256 bytes \(NAME_MAX\)/,
      });
    }
    assert.equal(await lookup.inNetgroup("x".repeat(256)), false);
  });
});

Deno.test("lookup.running() asks each time, and hands over nothing but ids and times", async () => {
  const asked: unknown[] = [];
  const lookupProcesses: Caller["lookupProcesses"] = (processes) => {
    asked.push(processes);
    return Promise.resolve(processes.map(({ pid }) => pid === 7));
  };
  await look(async (lookup) => {
    const opened = [{ pid: 7, started: 100, user: "anna" }, { pid: 0xffff_ffff, started: 0 }];
    assert.deepEqual(await lookup.running(opened), [true, false]);
    assert.deepEqual(await lookup.running([]), []);
  }, { lookupProcesses });
  assert.deepEqual(asked, [[{ pid: 7, started: 100 }, { pid: 0xffff_ffff, started: 0 }], []]);
});

Deno.test("lookup.running() refuses too many, and what cannot be a process", async () => {
  await look(async (lookup) => {
    const one = { pid: 1, started: 1 };
    const many = Array.from({ length: LIMITS.PROCESSES_MAX }, () => one);
    assert.equal((await lookup.running(many)).length, LIMITS.PROCESSES_MAX);
    assert.throws(() => lookup.running([...many, one]), {
      name: "RangeError",
      message: said("lookup.running() takes at most 512 processes (PROCESSES_MAX), not 513"),
    });
    const wrong = [{ pid: 0 }, { pid: -1 }, { pid: 1.5 }, { pid: 2 ** 32 }, { started: -1 }, {
      started: 2 ** 53,
    }];
    for (const part of [...wrong, { pid: "1" }, { started: undefined }]) {
      assert.throws(
        () => lookup.running([{ ...one, ...part } as typeof one]),
        /takes \{ pid, started \} of a process/,
      );
    }
    assert.throws(() => lookup.running(one as never), TypeError);
  });
});

Deno.test("lookup.running() rejects an answer that is not as long as the question", async () => {
  await look(
    async (lookup) => {
      await assert.rejects(lookup.running([{ pid: 1, started: 1 }]), /1 processes, 2 were answered/);
    },
    { lookupProcesses: () => Promise.resolve([true, true]) },
  );
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

Deno.test("lookup.ageing() tells the numbers as they are, also those that mean nothing", async () => {
  const numbers = { last_change: -2147483648, min: -2, max: 2147483647, warn: -1, inactive: -7, expire: 0 };
  const { fields } = await ageingOf(numbers);
  const { last_change: lastChange, ...others } = numbers;
  assert.deepEqual(fields, { lastChange, ...others });
  assert.ok(Object.isFrozen(fields));
});
