// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { canonicalDefinition, canonicalJson, fingerprint } from "../../scripts/gen/fingerprint.ts";
import { DEFINITION } from "../../scripts/gen_wire.ts";
import { FINGERPRINT } from "../../sdk/wire/mod.ts";
import type { Definition } from "../../sdk/wire/types.ts";

const TINY: Definition = {
  version: 1,
  limits: { FRAME_MAX: 9 },
  enums: { e: { b: 2, a: 1 } },
  messages: {
    m: {
      tag: 1,
      from: "shim",
      since: 1,
      doc: "M.",
      fields: { z: { kind: "enum", of: "e", doc: "Z." }, a: { kind: "u8", doc: "A." } },
    },
  },
};

/** By hand, from section 5 of PROTOCOL.md. */
const CANONICAL = '{"enums":{"e":{"a":1,"b":2}},"limits":{"FRAME_MAX":9},"messages":{"m":{"fields":[' +
  '{"kind":"enum","name":"z","of":"e"},{"kind":"u8","name":"a"}],"from":"shim","since":1,"tag":1}},"version":1}';

function changed(change: (definition: Definition) => Definition): boolean {
  return fingerprint(change(TINY)).toString() !== fingerprint(TINY).toString();
}

function withFields(fields: Definition["messages"][string]["fields"], doc = "M."): Definition {
  return { ...TINY, messages: { m: { ...TINY.messages.m!, doc, fields } } };
}

Deno.test("canonicalDefinition() writes what PROTOCOL.md says", () => {
  assert.equal(canonicalDefinition(TINY), CANONICAL);
});

Deno.test("fingerprint() is the head of the SHA-256 of the canonical definition", () => {
  const hash = createHash("sha256").update(CANONICAL).digest();
  assert.deepEqual([...fingerprint(TINY)], [...hash.subarray(0, 8)]);
});

Deno.test("fingerprint() changes with the layout", () => {
  const { z, a } = TINY.messages.m!.fields;
  assert(changed(() => withFields({ a: a!, z: z! })));
  assert(changed(() => withFields({ z: z!, b: a! })));
  assert(changed(() => withFields({ z: z!, a: { ...a!, optional: true } })));
  assert(changed((definition) => ({ ...definition, limits: { FRAME_MAX: 10 } })));
  assert(changed((definition) => ({ ...definition, enums: { e: { a: 1, b: 3 } } })));
  assert(changed((definition) => ({ ...definition, version: 2 })));
});

Deno.test("fingerprint() does not change with prose or with the order of what has none", () => {
  const { z, a } = TINY.messages.m!.fields;
  assert(!changed(() => withFields({ z: { ...z!, doc: "Other." }, a: a! }, "Other.")));
  assert(!changed((definition) => ({ ...definition, enums: { e: { a: 1, b: 2 } } })));
});

Deno.test("canonicalJson() sorts keys and escapes strings", () => {
  assert.equal(
    canonicalJson({ b: [true, null, 'a"'], a: { d: -1, c: "é" } }),
    '{"a":{"c":"é","d":-1},"b":[true,null,"a\\""]}',
  );
});

Deno.test("FINGERPRINT is that of schema.ts", () => {
  assert.deepEqual(FINGERPRINT, fingerprint(DEFINITION));
});
