// SPDX-License-Identifier: MIT
/**
 * The fingerprint of a definition: what two ends compare to see whether they were made from the same one.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Definition, FieldShape } from "../../sdk/wire/types.ts";

/** Octets of a fingerprint. */
export const FINGERPRINT_SIZE = 8;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON without white space, the keys of every object sorted by UTF-16 unit. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const object = value as { readonly [key: string]: Json };
  const members = Object.keys(object).sort().map((key) =>
    `${JSON.stringify(key)}:${canonicalJson(object[key]!)}`
  );
  return `{${members.join(",")}}`;
}

/** Fields as an array, because their order is part of the layout. */
function layout(fields: Readonly<Record<string, FieldShape>>): Json {
  return Object.entries(fields).map(([name, field]) => {
    const { doc: _, of, ...rest } = field;
    const inner: Record<string, Json> = of === undefined
      ? {}
      : { of: typeof of === "string" ? of : layout(of) };
    return { name, ...rest as Record<string, Json>, ...inner };
  });
}

/** What is hashed: the definition as canonical JSON, each `doc` left out, fields as arrays of objects that have a `name`. */
export function canonicalDefinition(definition: Definition): string {
  const messages = Object.entries(definition.messages).map(([name, { tag, from, since, fields }]) =>
    [name, { tag, from, since, fields: layout(fields) }] as const
  );
  return canonicalJson({
    version: definition.version,
    limits: definition.limits,
    enums: definition.enums,
    messages: Object.fromEntries(messages),
  });
}

/** The first octets of the SHA-256 of the canonical definition. */
export function fingerprint(definition: Definition): Uint8Array {
  const hash = createHash("sha256").update(canonicalDefinition(definition)).digest();
  return new Uint8Array(hash.subarray(0, FINGERPRINT_SIZE));
}

/** `sdk/wire/fingerprint_gen.ts`: a constant, because a worker should not load a hash to start. */
export function fingerprintModule(definition: Definition): string {
  const octets = [...fingerprint(definition)].map((octet) => `0x${octet.toString(16).padStart(2, "0")}`);
  return `// SPDX-License-Identifier: MIT
// Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit: change the definition, then run \`deno task gen\`.
/**
 * The fingerprint of the protocol's definition.
 *
 * @module
 */

/** First octets of the SHA-256 of the definition, as PROTOCOL.md says it. */
export const FINGERPRINT: Uint8Array = Uint8Array.of(${octets.join(", ")});
`;
}
