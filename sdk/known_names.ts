// SPDX-License-Identifier: MIT
/**
 * The names of the options that a validator knows.
 *
 * @module
 */

import type { StandardSchema } from "./standard_schema.ts";

type Names = ReadonlySet<string> | undefined;
type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

/** The names of all `parts`; none if one of them takes any name. */
function union(parts: readonly unknown[], namesOf: (part: unknown) => Names): Names {
  const all = new Set<string>();
  for (const part of parts) {
    const names = namesOf(part);
    if (names === undefined) return undefined;
    for (const name of names) all.add(name);
  }
  return all;
}

/** Names in a JSON Schema of an object, or of several of which one, any or all hold. */
function namesInJsonSchema(schema: unknown): Names {
  if (!isFields(schema)) return undefined;
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const parts = schema[key];
    if (Array.isArray(parts) && schema.properties === undefined) return union(parts, namesInJsonSchema);
  }
  const { properties, additionalProperties, patternProperties } = schema;
  if (!isFields(properties) || patternProperties !== undefined) return undefined;
  if (additionalProperties !== undefined && additionalProperties !== false) return undefined;
  return new Set(Object.keys(properties));
}

/**
 * What a validator says about itself in the convention for JSON Schema; `undefined` if it does not, or
 * cannot.
 */
function jsonSchemaOf(schema: StandardSchema): unknown {
  const standard = schema["~standard"] as { readonly jsonSchema?: { readonly input?: unknown } };
  const input = standard.jsonSchema?.input;
  if (typeof input !== "function") return undefined;
  try {
    return input.call(standard.jsonSchema, { target: "draft-2020-12" });
  } catch {
    return undefined;
  }
}

/** Names in valibot's `entries`, also under a pipe, and in the parts of a variant, union or intersection. */
function namesInEntries(schema: unknown): Names {
  if (!isFields(schema)) return undefined;
  const { type, entries, options } = schema;
  if (type === "variant" || type === "union" || type === "intersect") {
    return Array.isArray(options) ? union(options, namesInEntries) : undefined;
  }
  return (type === "object" || type === "strict_object") && isFields(entries)
    ? new Set(Object.keys(entries))
    : undefined;
}

/** Names in zod's `shape`, if the object takes no others. */
function namesInShape(schema: unknown): Names {
  if (!isFields(schema) || !isFields(schema.shape)) return undefined;
  const { def } = schema;
  return isFields(def) && def.catchall === undefined ? new Set(Object.keys(schema.shape)) : undefined;
}

/**
 * The names that `schema` knows, from its JSON Schema if it offers one, else as valibot and zod keep them;
 * `undefined` if it takes any name, or does not say.
 */
export function knownNames(schema: StandardSchema): ReadonlySet<string> | undefined {
  return namesInJsonSchema(jsonSchemaOf(schema)) ?? namesInEntries(schema) ?? namesInShape(schema);
}
