// SPDX-License-Identifier: MIT
/**
 * Refuses a definition that cannot be written down in C and TypeScript, naming the place in the definition.
 *
 * @module
 */

import type { Definition, FieldShape, MessageShape } from "../../sdk/wire/types.ts";
import { macroCase } from "./c_code.ts";

/** A definition that the generator refuses; the message begins with the path in the definition. */
export class DefinitionError extends Error {
  /** `path` is as one would write it in TypeScript, `MESSAGES.hook.fields.user`. */
  constructor(path: string, complaint: string) {
    super(`${path}: ${complaint}`);
    this.name = "DefinitionError";
  }
}

const U16_MAX = 0xffff;

/** Enumerations are sets of 32 bits in C. */
const ENUM_VALUE_MAX = 31;

/** Octets of the kinds that always have the same length. */
const SIZES: Readonly<Record<string, number>> = {
  version: 1,
  u8: 1,
  u16: 2,
  u32: 4,
  i64: 8,
  bool: 1,
  enum: 1,
};

const STRINGS: ReadonlySet<string> = new Set(["line", "text", "bytes", "secret"]);

/** Keywords of C11, C++ and TypeScript, and what the generated code uses itself. */
const RESERVED: ReadonlySet<string> = new Set(
  ("alignas alignof asm auto bool break case catch char class const continue default delete do double else enum " +
    "export extern false float for goto if inline int long namespace new null nullptr operator private protected " +
    "public register restrict return short signed sizeof static struct switch template this throw true try type " +
    "typedef typeof union unsigned using virtual void volatile while with i m r start w").split(" "),
);

function own(table: Readonly<Record<string, unknown>>, key: string): boolean {
  return Object.hasOwn(table, key);
}

function checkName(path: string, name: string): void {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
    throw new DefinitionError(path, `'${name}' is not a name: use lower case, digits and single underscores`);
  }
  if (RESERVED.has(name)) throw new DefinitionError(path, `'${name}' is a reserved word: use another`);
}

/** Names of members that the generator makes must not be names of fields. */
function checkMembers(path: string, fields: Readonly<Record<string, FieldShape>>): void {
  for (const [name, field] of Object.entries(fields)) {
    const made = field.kind === "list" ? `n_${name}` : field.optional ? `has_${name}` : undefined;
    if (made !== undefined && own(fields, made)) {
      throw new DefinitionError(`${path}.${made}`, `the C structure has a member '${made}' for '${name}'`);
    }
  }
}

function checkMax(path: string, definition: Definition, field: FieldShape): number {
  if (field.max === undefined || !own(definition.limits, field.max)) {
    throw new DefinitionError(`${path}.max`, `'${field.max}' is not in LIMITS`);
  }
  const max = definition.limits[field.max]!;
  if (max > U16_MAX) {
    throw new DefinitionError(`${path}.max`, `${field.max} is ${max}, a u16 carries at most ${U16_MAX}`);
  }
  return max;
}

/** What a field takes on the wire: at the least, and the least with one value (string or element) at its limit. */
interface Size {
  readonly min: number;
  readonly max: number;
}

function checkKind(path: string, definition: Definition, field: FieldShape, inList: boolean): Size {
  const { kind } = field;
  if (own(SIZES, kind)) {
    if (kind === "enum" && (typeof field.of !== "string" || !own(definition.enums, field.of))) {
      throw new DefinitionError(`${path}.of`, `'${String(field.of)}' is not in ENUMS`);
    }
    return { min: SIZES[kind]!, max: SIZES[kind]! };
  }
  if (STRINGS.has(kind)) return { min: 2, max: 2 + checkMax(path, definition, field) };
  if (kind === "fixed") {
    const len = field.len;
    if (!Number.isInteger(len) || len! < 1 || len! > U16_MAX) {
      throw new DefinitionError(`${path}.len`, `${len} is not a length from 1 to ${U16_MAX}`);
    }
    return { min: len!, max: len! };
  }
  if (kind !== "list") throw new DefinitionError(`${path}.kind`, `'${kind}' is not a kind`);
  if (inList) throw new DefinitionError(`${path}.kind`, "a list in a list is not provided for");
  if (field.optional) {
    throw new DefinitionError(`${path}.optional`, "a list is never optional: leave it empty");
  }
  checkMax(path, definition, field);
  if (typeof field.of !== "object" || Object.keys(field.of).length === 0) {
    throw new DefinitionError(`${path}.of`, "an element has at least one field");
  }
  const element = checkFields(`${path}.of`, definition, field.of, true);
  return { min: 2, max: 2 + element.max };
}

const FIELD_KEYS: ReadonlySet<string> = new Set(["doc", "kind", "optional", "since", "of", "max", "len"]);

function checkField(path: string, definition: Definition, field: FieldShape, inList: boolean): Size {
  for (const key of Object.keys(field)) {
    if (!FIELD_KEYS.has(key)) throw new DefinitionError(`${path}.${key}`, "a field has no such key");
  }
  if (!field.doc?.endsWith(".")) {
    throw new DefinitionError(`${path}.doc`, "a sentence is wanted, with its period");
  }
  checkSince(path, definition, field.since ?? 1);
  const { min, max } = checkKind(path, definition, field, inList);
  return field.optional ? { min: 1, max: 1 + max } : { min, max };
}

function checkSince(path: string, definition: Definition, since: number): void {
  if (!Number.isInteger(since) || since < 1 || since > definition.version) {
    throw new DefinitionError(`${path}.since`, `${since} is not a version from 1 to ${definition.version}`);
  }
}

function checkFields(
  path: string,
  definition: Definition,
  fields: Readonly<Record<string, FieldShape>>,
  inList: boolean,
): Size {
  let min = 0;
  let spread = 0;
  checkMembers(path, fields);
  Object.entries(fields).forEach(([name, field], index) => {
    checkName(`${path}.${name}`, name);
    if (field.kind === "version" && (inList || index !== 0 || field.optional || field.since)) {
      throw new DefinitionError(
        `${path}.${name}.kind`,
        "a version is the first field of its message, in every version",
      );
    }
    const size = checkField(`${path}.${name}`, definition, field, inList);
    min += size.min;
    spread = Math.max(spread, size.max - size.min);
  });
  return { min, max: min + spread };
}

function checkMessage(path: string, definition: Definition, message: MessageShape): void {
  if (!Number.isInteger(message.tag) || message.tag < 1 || message.tag > 0xff) {
    throw new DefinitionError(`${path}.tag`, `${message.tag} is not a tag from 1 to 255`);
  }
  if (message.from !== "shim" && message.from !== "worker") {
    throw new DefinitionError(`${path}.from`, `'${message.from}' is neither 'shim' nor 'worker'`);
  }
  if (!message.doc?.endsWith(".")) {
    throw new DefinitionError(`${path}.doc`, "a sentence is wanted, with its period");
  }
  checkSince(path, definition, message.since);
  const size = checkFields(`${path}.fields`, definition, message.fields, false);
  const frameMax = definition.limits.FRAME_MAX!;
  if (1 + size.max > frameMax) {
    throw new DefinitionError(
      path,
      `with its longest field alone it takes ${1 + size.max} octets, FRAME_MAX is ${frameMax}`,
    );
  }
}

function checkTables(definition: Definition): void {
  for (const [name, limit] of Object.entries(definition.limits)) {
    if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(name)) {
      throw new DefinitionError(`LIMITS.${name}`, `'${name}' is not the name of a limit: use upper case`);
    }
    if (!Number.isInteger(limit) || limit < 1 || limit > 0x7fff_ffff) {
      throw new DefinitionError(`LIMITS.${name}`, `${limit} is not a limit from 1 to 2147483647`);
    }
  }
  if (!own(definition.limits, "FRAME_MAX")) throw new DefinitionError("LIMITS.FRAME_MAX", "there is none");
  const constants = new Map<string, string>();
  for (const [name, table] of Object.entries(definition.enums)) {
    checkName(`ENUMS.${name}`, name);
    const seen = new Map<number, string>();
    for (const [token, value] of Object.entries(table)) {
      const path = `ENUMS.${name}.${token}`;
      if (!/^[a-z][A-Za-z0-9_]*$/.test(token)) throw new DefinitionError(path, `'${token}' is not a token`);
      if (!Number.isInteger(value) || value < 0 || value > ENUM_VALUE_MAX) {
        throw new DefinitionError(path, `${value} is not a value from 0 to ${ENUM_VALUE_MAX}`);
      }
      if (seen.has(value)) throw new DefinitionError(path, `${value} is already '${seen.get(value)}'`);
      seen.set(value, token);
      const constant = `${macroCase(name)}_${macroCase(token)}`;
      if (constants.has(constant)) {
        throw new DefinitionError(path, `${constant} is already the constant of ${constants.get(constant)}`);
      }
      constants.set(constant, path);
    }
    if (seen.size === 0) throw new DefinitionError(`ENUMS.${name}`, "it has no tokens");
  }
}

/**
 * Checks a definition.
 *
 * @throws {DefinitionError} What is wrong first.
 */
export function checkDefinition(definition: Definition): void {
  if (!Number.isInteger(definition.version) || definition.version < 1 || definition.version > 0xff) {
    throw new DefinitionError("VERSION", `${definition.version} is not a version from 1 to 255`);
  }
  checkTables(definition);
  const tags = new Map<number, string>();
  const structs = new Map<string, string>();
  for (const [name, message] of Object.entries(definition.messages)) {
    const path = `MESSAGES.${name}`;
    checkName(path, name);
    checkMessage(path, definition, message);
    if (tags.has(message.tag)) {
      throw new DefinitionError(
        `${path}.tag`,
        `${message.tag} is already the tag of '${tags.get(message.tag)}'`,
      );
    }
    tags.set(message.tag, name);
    const made = [
      name,
      ...Object.entries(message.fields).filter(([, f]) => f.kind === "list").map(([f]) => `${name}_${f}`),
    ];
    for (const struct of made) {
      if (structs.has(struct)) {
        throw new DefinitionError(
          path,
          `struct message_${struct} is already made for '${structs.get(struct)}'`,
        );
      }
      structs.set(struct, name);
    }
  }
}
