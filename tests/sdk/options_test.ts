// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { knownNames } from "../../sdk/known_names.ts";
import { OPTIONS_CACHE_MAX, OptionsParser } from "../../sdk/options.ts";
import type { StandardSchema } from "../../sdk/standard_schema.ts";
import { configuredWords, wordsOf } from "../../sdk/words.ts";
import { said } from "./codes.ts";

const LIBRARIES: Record<string, StandardSchema> = {
  valibot: v.object({
    tz: v.optional(v.string(), "UTC"),
    strict: v.optional(v.literal(true)),
    hosts: v.optional(v.union([v.array(v.string()), v.pipe(v.string(), v.transform((host) => [host]))]), []),
  }),
  zod: z.object({
    tz: z.string().default("UTC"),
    strict: z.literal(true).optional(),
    hosts: z.union([z.array(z.string()), z.string().transform((host) => [host])]).default([]),
  }),
  arktype: type({ tz: "string = 'UTC'", "strict?": "true", hosts: type("string[]").default(() => []) }),
};

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`options: ${library} parses words and knows its names`, () => {
    const parser = new OptionsParser(schema);
    assert.deepEqual([...parser.known!].sort(), ["hosts", "strict", "tz"]);
    assert.deepEqual(parser.parse([]).value, { tz: "UTC", hosts: [] });
    assert.deepEqual(parser.parse(["tz=Europe/Berlin", "strict", "hosts=a", "hosts=b=c"]).value, {
      tz: "Europe/Berlin",
      strict: true,
      hosts: ["a", "b=c"],
    });
  });

  Deno.test(`options: ${library} refuses with the option's name and a reason`, () => {
    const { value, error } = new OptionsParser(schema).parse(["tz"]);
    assert.equal(value, undefined);
    assert.match(error!, /^option "tz": .*string/);
  });

  Deno.test(`options: ${library} never sees a name that reaches a prototype`, () => {
    const parser = new OptionsParser(schema);
    const { value, warnings } = parser.parse([
      "__proto__=x",
      "__proto__=y",
      "constructor=z",
      "prototype",
      "toString=1",
    ]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(warnings.length, 4);
    assert.deepEqual(Object.keys(value as object).sort(), ["hosts", "tz"]);
  });
}

Deno.test("options: a validator that takes any name gets all but the dangerous ones", () => {
  for (
    const schema of [
      v.looseObject({}),
      v.record(v.string(), v.any()),
      z.looseObject({}),
      z.record(z.string(), z.any()),
      type("object"),
    ]
  ) {
    const parser = new OptionsParser(schema);
    assert.equal(parser.known, undefined);
    const { value, warnings } = parser.parse(["a=1", "__proto__=x", "=2", "b"]);
    assert.deepEqual({ ...value as object }, { a: "1", b: true });
    assert.deepEqual(warnings, [
      'option "__proto__" is unknown and ignored',
      'option "" is unknown and ignored',
    ]);
  }
});

Deno.test("knownNames() looks through pipes, variants, unions and intersections", () => {
  const a = v.object({ kind: v.literal("a"), x: v.string() });
  const b = v.strictObject({ kind: v.literal("b"), y: v.string() });
  assert.deepEqual(knownNames(v.variant("kind", [a, b])), new Set(["kind", "x", "y"]));
  assert.deepEqual(knownNames(v.union([a, v.intersect([a, b])])), new Set(["kind", "x", "y"]));
  assert.deepEqual(knownNames(v.pipe(a, v.check(() => true))), new Set(["kind", "x"]));
  assert.equal(knownNames(v.union([a, v.looseObject({})])), undefined);
  const za = z.object({ x: z.string() });
  assert.deepEqual(knownNames(z.union([za, z.strictObject({ y: z.string() })])), new Set(["x", "y"]));
  assert.deepEqual(knownNames(za.transform((value) => value.x)), new Set(["x"]));
  assert.deepEqual(
    knownNames(z.object({ when: z.date() })),
    new Set(["when"]),
    "no JSON Schema: the shape tells",
  );
  assert.equal(knownNames(z.looseObject({ when: z.date() })), undefined);
  assert.deepEqual(knownNames(type({ x: "string" }).or({ y: "string" })), new Set(["x", "y"]));
  assert.equal(knownNames(v.string()), undefined);
});

Deno.test("options: an unknown name is ignored, logged, and the nearest one suggested", () => {
  const parser = new OptionsParser(LIBRARIES.valibot!);
  const { value, warnings } = parser.parse(["tzz=UTC", "colour=red"]);
  assert.deepEqual(value, { tz: "UTC", hosts: [] });
  assert.deepEqual(warnings, [
    'option "tzz" is unknown and ignored (did you mean "tz"?)',
    'option "colour" is unknown and ignored',
  ]);
});

Deno.test("options: the pam.d line goes over the configuration", () => {
  const parser = new OptionsParser(LIBRARIES.valibot!, {
    tz: "Asia/Tokyo",
    strict: true,
    hosts: ["a"],
    colour: 3,
  });
  const { value, warnings } = parser.parse(["tz=UTC"]);
  assert.deepEqual(value, { tz: "UTC", strict: true, hosts: ["a"] });
  assert.deepEqual(warnings, ['configured option "colour" is unknown and ignored']);
  assert.deepEqual(parser.parse([]).value, { tz: "Asia/Tokyo", strict: true, hosts: ["a"] });
});

Deno.test("options: the names that pam_get_authtok() reads are libpam's own", () => {
  const parser = new OptionsParser(v.object({}));
  assert.deepEqual(
    parser.parse(["use_first_pass", "try_first_pass", "use_authtok", "authtok_type=X"]).warnings,
    [],
  );
  assert.throws(() => new OptionsParser(v.object({ use_authtok: v.optional(v.literal(true)) })), {
    name: "TypeError",
    message: said('the option "use_authtok" is libpam\'s own (pam_get_authtok(3)): give it another name'),
  });
});

Deno.test("options: a reason never holds a configured value", () => {
  const schema = v.object({
    bind_password: v.pipe(v.string(), v.regex(/^long/)),
    pin: v.pipe(v.string(), v.regex(/^9/)),
  });
  const { error } = new OptionsParser(schema, { bind_password: "hunter22" }).parse(["pin=12"]);
  assert.match(error!, /^option "bind_password": .*\[configured\].*; option "pin": .*12/);
  assert.ok(!error!.includes("hunter22"));
  const short = new OptionsParser(schema, { bind_password: "long", pin: "77" }).parse([]);
  assert.ok(!short.error!.includes("77"), "a short value is cut out of the reason about its own option");
  const thrower: StandardSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        throw new Error(`cannot use ${(value as { key: string }).key}`);
      },
    },
  };
  assert.equal(
    new OptionsParser(thrower, { key: "hunter22" }).parse([]).error,
    "options: cannot use [configured]",
  );
});

Deno.test("options: an asynchronous validator is refused", () => {
  const { error } = new OptionsParser(v.objectAsync({}) as unknown as StandardSchema).parse([]);
  assert.equal(error, "options: the validator is asynchronous: take one that validates synchronously");
});

Deno.test("options: the same list is validated once, and the cache has an end", () => {
  let calls = 0;
  const counting = v.pipe(v.looseObject({}), v.check(() => ++calls > 0));
  const parser = new OptionsParser(counting);
  assert.equal(parser.parse(["a=1", "b"]), parser.parse(["a=1", "b"]));
  assert.equal(calls, 1);
  parser.parse(["a=1b"]);
  assert.equal(calls, 2, "another list with the same letters is another list");
  for (let i = 0; i < OPTIONS_CACHE_MAX; i++) parser.parse([`n=${i}`]);
  calls = 0;
  parser.parse([`n=${OPTIONS_CACHE_MAX - 1}`]);
  assert.equal(calls, 0);
  parser.parse(["a=1", "b"]);
  assert.equal(calls, 1, "the oldest has made room");
});

Deno.test("options: what is frozen on the outside alone is frozen all the way down too", () => {
  const users = v.pipe(v.string(), v.transform((text) => text.split(",")));
  const circle: unknown[] = [];
  circle.push(circle);
  const options = v.pipe(
    v.object({ users }),
    v.transform((made) => Object.freeze({ ...made, circle })),
  );
  const { value } = new OptionsParser(options).parse(["users=anna,bert"]);
  assert.throws(() => (value as { users: string[] }).users.push("mallory"), TypeError);
});

Deno.test("options: what the validator made is frozen, all the way down, but for objects of a class", () => {
  const schema = v.pipe(
    v.object({}),
    v.transform(() => ({ list: [{ a: 1 }], zone: new Map([[1, 2]]) })),
  );
  const value = new OptionsParser(schema).parse([]).value as {
    list: { a: number }[];
    zone: Map<number, number>;
  };
  assert.ok(Object.isFrozen(value) && Object.isFrozen(value.list) && Object.isFrozen(value.list[0]));
  assert.ok(!Object.isFrozen(value.zone));
});

Deno.test("wordsOf() makes strings, flags and lists", () => {
  assert.deepEqual({ ...wordsOf(["a=1", "b", "c=", "d=1", "d=2", "d=3", "b", "e=x=y"]) }, {
    a: "1",
    b: true,
    c: "",
    d: ["1", "2", "3"],
    e: "x=y",
  });
  assert.equal(Object.getPrototypeOf(wordsOf([])), null);
  assert.deepEqual(Object.keys(wordsOf(["__proto__=x"])), ["__proto__"]);
});

Deno.test("wordsOf() refuses a name both with and without a value", () => {
  for (const list of [["a", "a=1"], ["a=1", "a"], ["a=1", "a=2", "a"]]) {
    assert.throws(() => wordsOf(list), {
      name: "SyntaxError",
      message: 'option "a" stands both with and without a value',
    });
  }
  const { error } = new OptionsParser(v.object({ a: v.string() })).parse(["a", "a=1"]);
  assert.equal(error, 'options: option "a" stands both with and without a value');
});

Deno.test("configuredWords() makes words of what JSON has, and refuses the rest", () => {
  const words = configuredWords({ a: "1", b: 2, c: true, d: false, e: null, f: ["x", 3], g: [] });
  assert.deepEqual({ ...words }, { a: "1", b: "2", c: true, f: ["x", "3"], g: [] });
  assert.throws(() => configuredWords({ a: { b: 1 } }), {
    name: "TypeError",
    message: said(
      'the configured option "a" is an object: ' +
        "an option is a string, a number, true, false or a list of strings",
    ),
  });
  assert.throws(() => configuredWords({ a: [{}] }), /the configured option "a" is a list of something else/);
});

Deno.test("options: a huge list of words is parsed in a moment", () => {
  const parser = new OptionsParser(LIBRARIES.valibot!);
  const list = Array.from({ length: 64 }, (_, i) => `${"tz".repeat(16)}${i}=${"x".repeat(900)}`);
  const started = performance.now();
  assert.equal(parser.parse(list).warnings.length, 64);
  assert.ok(performance.now() - started < 500);
});
