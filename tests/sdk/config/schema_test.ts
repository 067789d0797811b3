// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import fc from "fast-check";
import { configSchema, publishedSchema, type Schema } from "../../../scripts/gen/config_schema.ts";
import { parseModuleConfig } from "../../../sdk/config/config.ts";

const ROOT = new URL("../../../", import.meta.url);
const FILE = "docs/pam-deno.schema.json";
const published: Schema = JSON.parse(Deno.readTextFileSync(new URL(FILE, ROOT)));
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(published);

/** What the parser says of a file; `undefined` if it takes it. */
function complaint(config: unknown): string | undefined {
  try {
    parseModuleConfig(JSON.stringify(config), "a", "a.jsonc");
    return undefined;
  } catch (error) {
    assert.equal((error as Error).name, "ConfigError", String(error));
    return (error as Error).message;
  }
}

const module = "/srv/module.ts";
const good: Record<string, unknown>[] = [
  { module },
  { module: "npm:policy@1.0.0" },
  { module: "npm:@a/b@1.0.0-rc.1+x" },
  { module: "jsr:@a/b@1.0.0" },
  { module: "../policy/module.ts", $schema: "file:///usr/share/pam-deno/pam-deno.schema.json" },
  {
    module,
    permissions: {
      read: ["/srv/rules", "/srv/two words"],
      write: false,
      net: ["a", "*.b:1", "[::1]:2", "unix:/run/x"],
    },
  },
  { module, permissions: { env: ["TZ"], sys: ["hostname"], run: [], ffi: false } },
  { module, permissions: { read: [{ option: "r" }] }, options: { r: "/srv" } },
  { module, permissions: { read: true, run: ["/bin/ls"] }, dangerous: ["read", "run"] },
  { module, options: { a: 1, b: [true], c: { d: null } }, state: true, workers: 16 },
  { module, credentials: { ldap: "/etc/pam-deno/secrets/ldap" }, run_as: "policy" },
  {
    module,
    run_as: 61_190,
    limits: { hooks: 1, heap_mib: 16, memory_mib: 80, tasks: 4096, descriptors: 65_536 },
  },
];
for (const config of good) {
  Deno.test(`parser and JSON Schema take ${JSON.stringify(config)}`, () => {
    assert.equal(complaint(config), undefined);
    assert.ok(validate(config), JSON.stringify(validate.errors));
  });
}

const bad: unknown[] = [
  null,
  [],
  "module",
  {},
  { module: "" },
  { module: 1 },
  { module: "npm:policy" },
  { module: "npm:policy@^1.0.0" },
  { module: "npm:policy@latest" },
  { module: "jsr:policy@1.0.0" },
  { module: "https://example.org/x.ts" },
  { module, extra: 1 },
  { module, $schema: 1 },
  { module, permissions: [] },
  { module, permissions: { all: true } },
  { module, permissions: { import: [] } },
  { module, permissions: { read: "/srv" } },
  { module, permissions: { read: ["/"] } },
  { module, permissions: { read: [[]] } },
  { module, limits: [] },
  { module, credentials: [] },
  { module, permissions: { read: ["srv"] } },
  { module, permissions: { read: ["/a,/b"] } },
  { module, permissions: { read: [""] } },
  { module, permissions: { read: [{ option: "" }] } },
  { module, permissions: { read: [{ opt: "a" }] } },
  { module, permissions: { net: ["http://a"] } },
  { module, permissions: { net: ["a b"] } },
  { module, permissions: { net: ["unix:run"] } },
  { module, permissions: { env: ["A*"] } },
  { module, permissions: { sys: ["umask"] } },
  { module, permissions: { run: true } },
  { module, permissions: { ffi: true } },
  { module, options: [] },
  { module, options: 1 },
  { module, state: "yes" },
  { module, credentials: { ".a": "/x" } },
  { module, credentials: { a: "x" } },
  { module, credentials: { a: "/x/../y" } },
  { module, credentials: { a: "/x y" } },
  { module, credentials: { a: 1 } },
  { module, run_as: "" },
  { module, run_as: "a b" },
  { module, run_as: "%i" },
  { module, run_as: -1 },
  { module, run_as: 1.5 },
  { module, run_as: 4_294_967_295 },
  { module, workers: 0 },
  { module, workers: 17 },
  { module, workers: "1" },
  { module, limits: { hooks: 0 } },
  { module, limits: { hooks: 1.5 } },
  { module, limits: { heap: 1 } },
  { module, limits: { memory_mib: 79 } },
  { module, dangerous: "run" },
  { module, dangerous: ["all"] },
];
for (const config of bad) {
  Deno.test(`parser and JSON Schema refuse ${JSON.stringify(config)}`, () => {
    assert.notEqual(complaint(config), undefined);
    assert.equal(validate(config), false);
  });
}

/** What only whoever knows the meaning can see. */
const meaningless: Record<string, unknown>[] = [
  { module, permissions: { read: ["/a/../b"] } },
  { module, permissions: { net: ["a:0"] } },
  { module, permissions: { env: ["LD_PRELOAD"] } },
  { module, permissions: { read: [{ option: "r" }] } },
  { module, permissions: { read: true } },
  { module, permissions: { run: ["/bin/ls"] } },
  { module, dangerous: ["run"] },
  { module, run_as: "root" },
  { module, limits: { heap_mib: 512 } },
  { module, options: { a: { state: "x" } } },
];
for (const config of meaningless) {
  Deno.test(`the parser refuses what the JSON Schema cannot: ${JSON.stringify(config)}`, () => {
    assert.notEqual(complaint(config), undefined);
    assert.ok(validate(config), JSON.stringify(validate.errors));
  });
}

const word = fc.oneof(
  fc.constantFrom(
    "/srv",
    "/",
    "a.example:1",
    "unix:/run/x",
    "TZ",
    "hostname",
    "root",
    "npm:a@1.0.0",
    "",
    "/a,b",
  ),
  fc.string({ maxLength: 8 }),
);
/** Mostly what is good, so that whole files are. */
const mostly = <T>(good: fc.Arbitrary<T>, other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: other });
const scopes = mostly(
  fc.oneof(
    fc.array(fc.constantFrom("/srv", "a.example", "TZ", "hostname"), { maxLength: 1 }),
    fc.constant(false),
  ),
  fc.oneof(fc.array(fc.oneof(word, fc.record({ option: word })), { maxLength: 3 }), fc.constant(true), word),
);
const number = (max: number) =>
  mostly(fc.integer({ min: 1, max }), fc.oneof(fc.integer(), fc.double(), word));
const anyConfig = fc.record({
  module: mostly(fc.constant(module), word),
  permissions: fc.dictionary(
    mostly(
      fc.constantFrom("read", "write", "net", "env", "sys"),
      fc.constantFrom("run", "ffi", "all"),
    ) as fc.Arbitrary<
      string
    >,
    scopes,
    { maxKeys: 2 },
  ),
  options: mostly(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 2 }), fc.jsonValue()),
  state: mostly(fc.boolean(), word),
  credentials: mostly(
    fc.dictionary(fc.constantFrom("a", "b-c"), fc.constantFrom("/a", "/b/c")),
    fc.dictionary(word, word),
  ),
  run_as: mostly(fc.constantFrom<unknown>("policy", 1000), word),
  workers: number(16),
  limits: fc.dictionary(fc.constantFrom("hooks", "waiting", "tasks", "heap_mib"), number(128), {
    maxKeys: 2,
  }),
  dangerous: mostly(fc.constant([]), fc.oneof(fc.array(word, { maxLength: 2 }), fc.constant(["run"]), word)),
}, { requiredKeys: ["module"] });

Deno.test("whatever the parser takes, the JSON Schema takes; whatever is wrong, the parser says where", () => {
  let taken = 0;
  fc.assert(
    fc.property(anyConfig, (config) => {
      // As it comes out of a file: `__proto__` is a key like any other there, and -0 is 0.
      const value = JSON.parse(JSON.stringify(config));
      const said = complaint(value);
      if (said === undefined) taken++;
      else for (const line of said.split("\n")) assert.match(line, /^a\.jsonc:\d+:\d+: ./);
      if (said === undefined) assert.ok(validate(value), JSON.stringify(validate.errors));
    }),
    { numRuns: Number(Deno.env.get("PROPERTY_RUNS") ?? 2000) },
  );
  assert.ok(taken > 50, `${taken} taken`);
});

Deno.test("the published JSON Schema is that of the definition, without the notes", () => {
  assert.deepEqual(published, JSON.parse(publishedSchema()));
  assert.ok(!/"(?:service|unit)":/.test(JSON.stringify(published)));
});

/** All keys that the schema names, with where they stand. */
function* keys(schema: Schema, at = ""): Iterable<[string, Schema]> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    yield [`${at}${key}`, inner];
    yield* keys(inner, `${at}${key}.`);
  }
}

Deno.test("every key is described, and what may be left out says its default", () => {
  for (const [key, schema] of keys(configSchema())) {
    assert.match(schema.description ?? "", /\.$/, key);
    const isOptional = !["module", "$schema", "run_as"].includes(key) && !key.startsWith("permissions.");
    if (isOptional) assert.notEqual(schema.default, undefined, key);
    if (schema.type === "integer") {
      assert.ok(schema.minimum !== undefined && schema.maximum !== undefined, key);
    }
  }
});

Deno.test("every example of a key is what the parser takes", () => {
  let count = 0;
  for (const [key, { examples = [] }] of keys(configSchema())) {
    for (const example of examples) {
      const config: Record<string, unknown> = key.startsWith("permissions.")
        ? {
          module,
          options: { rules: "/srv/rules" },
          permissions: { [key.slice("permissions.".length)]: example },
          ...key.endsWith("run") || key.endsWith("ffi")
            ? { dangerous: [key.slice("permissions.".length)] }
            : {},
        }
        : { module, state: true, [key]: example };
      if (key === "dangerous") config.permissions = { run: ["/usr/bin/id"] };
      assert.equal(complaint(config), undefined, `${key}: ${JSON.stringify(example)}`);
      assert.ok(validate(config), `${key}: ${JSON.stringify(validate.errors)}`);
      count++;
    }
  }
  assert.ok(count >= 12);
});
