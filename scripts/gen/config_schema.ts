// SPDX-License-Identifier: MIT
/**
 * Makes the JSON Schema of a module's configuration file out of its one definition, `sdk/config/schema.ts`.
 *
 * @module
 */

import { toJsonSchema } from "@valibot/to-json-schema";
import { ANY_OBJECT, type KeyNotes, SCHEMA } from "../../sdk/config/schema.ts";

/** A part of a JSON Schema, with the notes of the definition that the reference shows and the published schema leaves out. */
export interface Schema extends Partial<KeyNotes> {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/** Notes that are no words of JSON Schema. */
const OWN_NOTES = ["unit", "service"];

/** The schema with all its notes. */
export function configSchema(): Schema {
  return toJsonSchema(SCHEMA, {
    errorMode: "throw",
    typeMode: "input",
    overrideSchema: ({ valibotSchema }) => {
      return (valibotSchema as unknown) === ANY_OBJECT ? { type: "object" } : undefined;
    },
  }) as Schema;
}

/** The schema as it is published. */
export function publishedSchema(): string {
  const { $schema, ...rest } = withoutNotes(configSchema()) as Record<string, unknown>;
  const schema = {
    $schema,
    title: "pam-deno.conf(5)",
    description: "The configuration of one module of pam-deno, modules/NAME.jsonc",
    ...rest,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** A value without our own notes. What is below `properties` is named by keys, which may be called like a note. */
function withoutNotes(value: unknown, named = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNotes(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => named || !OWN_NOTES.includes(key))
      .map(([key, inner]) => [
        key,
        key === "examples" || key === "default" ? inner : withoutNotes(inner, key === "properties"),
      ]),
  );
}
