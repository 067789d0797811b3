// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { dataKey, defineModule, Secret } from "../../mod.ts";
import type { Data } from "../../sdk/data.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { said } from "./codes.ts";
import { bytesOf, resultOf, runHook, type Seen } from "./run_hook.ts";

async function withData(work: (data: Data) => void, blob?: string | Uint8Array): Promise<Seen> {
  const module = defineModule({
    account({ data }) {
      work(data);
      return "success";
    },
  });
  const data = typeof blob === "string" ? bytesOf(blob) : blob;
  const seen = await runHook(module, "account", data === undefined ? {} : { data });
  resultOf(seen);
  return seen;
}

const text = dataKey("text", v.string());
const date = dataKey("date", v.pipe(v.string(), v.transform((value) => Temporal.PlainDate.from(value))));

Deno.test("data: a value goes through JSON, and transforms read it back", async () => {
  const seen = await withData((data) => {
    assert.equal(data.get(date), undefined);
    data.set(date, Temporal.PlainDate.from("2026-05-01"));
    assert.equal(data.get(date)?.toString(), "2026-05-01");
    data.set(text, "ü");
  });
  const { data, data_action } = resultOf(seen);
  assert.equal(data_action, "set");
  assert.equal(new TextDecoder().decode(data), '{"date":"2026-05-01","text":"ü"}');
  await withData((data) => assert.equal(data.get(date)?.day, 1), data);
});

Deno.test("data: works with zod and arktype", async () => {
  const list = dataKey("list", z.array(z.number()));
  const mode = dataKey("mode", type("'open'|'closed'"));
  const seen = await withData((data) => {
    data.set(list, [1, 2]);
    data.set(mode, "open");
    assert.deepEqual(data.get(list), [1, 2]);
    assert.equal(data.get(mode), "open");
  });
  assert.equal(new TextDecoder().decode(resultOf(seen).data), '{"list":[1,2],"mode":"open"}');
});

Deno.test("data: keep, set and delete are three things", async () => {
  const kept = resultOf(await withData((data) => void data.get(text), '{"text":"x"}'));
  assert.deepEqual([kept.data_action, kept.data.length], ["keep", 0]);
  const other = resultOf(await withData((data) => data.delete(text), '{"text":"x","other":1}'));
  assert.deepEqual([other.data_action, new TextDecoder().decode(other.data)], ["set", '{"other":1}']);
  const gone = resultOf(await withData((data) => data.delete(text), '{"text":"x"}'));
  assert.deepEqual([gone.data_action, gone.data.length], ["delete", 0]);
  const never = resultOf(await withData((data) => data.delete(text)));
  assert.equal(never.data_action, "keep");
});

Deno.test("data: a value that is no longer valid reads as undefined, and the log names it without its value", async () => {
  const deep = dataKey("deep", v.object({ list: v.array(v.string()) }));
  const seen = await withData((data) => {
    assert.equal(data.get(text), undefined);
    assert.equal(data.get(deep), undefined);
  }, '{"text":424242,"deep":{"list":["a",424242]}}');
  assert.equal(resultOf(seen).data_action, "keep");
  assert.deepEqual(seen.logs, [
    'warning: module data "text" is not valid any more and reads as undefined',
    'warning: module data "deep.list.1" is not valid any more and reads as undefined',
  ]);
});

for (const blob of ["", "{", "[1]", "null", "3", new Uint8Array([0xff, 0xfe])]) {
  Deno.test(`data: a blob ${Deno.inspect(blob)} reads as empty and is logged`, async () => {
    const seen = await withData((data) => assert.equal(data.get(text), undefined), blob);
    assert.equal(resultOf(seen).code, "success");
    assert.deepEqual(seen.logs, ["warning: the module data is not an object in JSON: it reads as empty"]);
  });
}

Deno.test("data: no name reaches a prototype", async () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const seen = await withData((data) => {
    for (const name of names) {
      const key = dataKey(name, v.object({ polluted: v.boolean() }));
      assert.equal(data.get(key), undefined);
      data.set(key, { polluted: true });
      assert.deepEqual(data.get(key), { polluted: true });
    }
  });
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  const blob = resultOf(seen).data;
  assert.deepEqual(Object.keys(JSON.parse(new TextDecoder().decode(blob))), names);
  await withData((data) => {
    const key = dataKey("__proto__", v.object({ polluted: v.boolean() }));
    assert.deepEqual(data.get(key), { polluted: true });
  }, blob);
});

Deno.test("data: all values together are at most DATA_MAX, and a value too many changes nothing", async () => {
  const big = dataKey("big", v.string());
  const fits = LIMITS.DATA_MAX - '{"big":""}'.length;
  const seen = await withData((data) => {
    data.set(big, "x".repeat(fits));
    assert.throws(() => data.set(text, ""), {
      name: "RangeError",
      message: said("module data would be 4106 bytes of JSON: at most 4096 (DATA_MAX)"),
    });
    assert.throws(() => data.set(big, "x".repeat(fits + 1)), RangeError);
    assert.throws(() => data.set(big, "\u0001".repeat(fits)), RangeError);
    assert.equal(data.get(big)?.length, fits);
    assert.equal(data.get(text), undefined);
  });
  assert.equal(resultOf(seen).data.length, LIMITS.DATA_MAX);
});

Deno.test("data: what JSON does not have is refused", async () => {
  const any = dataKey("any", v.any());
  await withData((data) => {
    const message = said('data.set("any") takes a value that JSON has: use delete() for undefined');
    for (const value of [undefined, () => 1, Symbol("x")]) {
      assert.throws(() => data.set(any, value), { name: "TypeError", message });
    }
    const holds = {
      name: "TypeError",
      message: said('data.set("any") holds a Secret: module data outlives its hook'),
    };
    assert.throws(() => data.set(any, new Secret(new Uint8Array(1))), holds);
    assert.throws(() => data.set(any, { deep: [new Secret(new Uint8Array(1))] }), holds);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    assert.throws(() => data.set(any, circle), TypeError);
    assert.throws(() => data.set(any, 1n), TypeError);
  });
});

Deno.test("data: what is read back does not share anything with what was written", async () => {
  const list = dataKey("list", v.array(v.string()));
  await withData((data) => {
    const value = ["a"];
    data.set(list, value);
    value.push("b");
    assert.deepEqual(data.get(list), ["a"]);
  });
});

Deno.test("continuity says whether module data came", async () => {
  const shown: string[] = [];
  const module = defineModule({
    account({ continuity }) {
      shown.push(continuity);
      return "success";
    },
  });
  await runHook(module, "account");
  await runHook(module, "account", { data: bytesOf("{}") });
  assert.deepEqual(shown, ["none", "same"]);
});

Deno.test("dataKey() refuses a bad name or validator", () => {
  for (const name of ["", "x".repeat(65), "ü".repeat(33), 3 as unknown as string]) {
    assert.throws(() => dataKey(name, v.string()), {
      name: "RangeError",
      message: /takes a name of 1 to 64 bytes/,
    });
  }
  assert.equal(dataKey("x".repeat(64), v.string()).name.length, 64);
  assert.throws(() => dataKey("x", {} as never), { name: "TypeError", message: /follows Standard Schema/ });
});
