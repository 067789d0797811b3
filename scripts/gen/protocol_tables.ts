// SPDX-License-Identifier: MIT
/**
 * Writes the tables of PROTOCOL.md, which stand between `<!-- gen:NAME -->` and `<!-- /gen:NAME -->`.
 *
 * @module
 */

import type { Definition, FieldShape, MessageShape } from "../../sdk/wire/types.ts";
import type { HookTables } from "./c_tokens.ts";
import { canonicalDefinition, fingerprint } from "./fingerprint.ts";

type Fields = Readonly<Record<string, FieldShape>>;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, "0")}`;
}

/** The first column: `optional line`, `list of`. */
function kindWords(field: FieldShape): string {
  const kind = field.kind === "enum"
    ? `enum ${field.of}`
    : field.kind === "fixed"
    ? `octets[${field.len}]`
    : field.kind;
  return field.optional ? `optional ${kind}` : kind;
}

type Row = readonly [kind: string, name: string, limit: string, since: string];

function fieldRows(fields: Fields, indent: string): Row[] {
  return Object.entries(fields).flatMap(([name, field]): Row[] => {
    const since = field.since === undefined || field.since === 1 ? "" : `since ${field.since}`;
    const row: Row = [indent + kindWords(field), indent + name, field.max ?? "", since];
    return field.kind === "list" ? [row, ...fieldRows(field.of as Fields, `${indent}  `)] : [row];
  });
}

/** A layout in columns: kind, name, limit, version. */
function layout(message: MessageShape): string {
  const rows: Row[] = [["u8", `tag = ${hex(message.tag)}`, "", ""], ...fieldRows(message.fields, "")];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `    ${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")}`.trimEnd()).join(
    "\n",
  );
}

function fieldDocs(fields: Fields, at: string): string[] {
  return Object.entries(fields).flatMap(([name, field]) => [
    `- \`${at}${name}\`: ${field.doc}`,
    ...(field.kind === "list" ? fieldDocs(field.of as Fields, `${at}${name}[].`) : []),
  ]);
}

/** The section of each message: its text, its layout, its fields. */
export function messageTables(definition: Definition, from?: "shim" | "worker"): string {
  const parts = Object.entries(definition.messages)
    .filter(([, message]) => from === undefined || message.from === from)
    .map(([name, message]) => {
      const since = message.since === 1 ? "" : `, since version ${message.since}`;
      const docs = fieldDocs(message.fields, "");
      return [
        `### ${name} (${hex(message.tag)}, from the ${message.from}${since})`,
        message.doc,
        layout(message),
        ...(docs.length > 0 ? [docs.join("\n")] : []),
      ].join("\n\n");
    });
  return parts.join("\n\n");
}

function limitTable(definition: Definition, docs: ReadonlyMap<string, string>): string {
  const rows = Object.entries(definition.limits).map(([name, value]) => {
    const doc = docs.get(name);
    if (doc === undefined) throw new Error(`LIMITS.${name} has no doc comment: PROTOCOL.md needs one`);
    return [code(name), value.toLocaleString("en"), doc];
  });
  return table(["limit", "value", "of"], rows);
}

/** The doc comments of `LIMITS`, out of the source of `schema.ts`. */
export function limitDocs(source: string): Map<string, string> {
  const block = /export const LIMITS = \{([\s\S]*?)\n\} as const;/.exec(source)?.[1] ?? "";
  const docs = block.matchAll(/\/\*\* (.+?) \*\/\s+([A-Z][A-Z0-9_]*):/g);
  return new Map([...docs].map(([, doc, name]) => [name!, doc!]));
}

function enumTables(definition: Definition): string {
  return Object.entries(definition.enums).map(([name, tokens]) => {
    const values = Object.entries(tokens).map(([token, value]) => `${value} ${code(token)}`);
    return `- **${name}**: ${values.join(", ")}`;
  }).join("\n");
}

function codeTable(tables: HookTables): string {
  const rows = Object.keys(tables.hooks).map((hook) => [
    code(hook),
    tables.codes[hook as keyof typeof tables.codes].map(code).join(" "),
  ]);
  return [`Any hook: ${tables.common.map(code).join(" ")}`, table(["hook", "beside those"], rows)].join(
    "\n\n",
  );
}

function failureTable(tables: HookTables): string {
  const hooks = Object.keys(tables.hooks);
  const rows = Object.entries(tables.failures).map(([name, codes]) => [
    `*${name.replaceAll("_", " ")}*`,
    ...hooks.map((hook) => code(codes[hook as keyof typeof codes])),
  ]);
  return table(["class", ...hooks.map(code)], rows);
}

function undefinedTable(tables: HookTables): string {
  const rows = Object.entries(tables.undefinedHooks).map((
    [hook, { with: partner, then }],
  ) => [code(hook), code(partner), code(then)]);
  return table(["hook", "if the list has", "code"], rows);
}

/** The text between each pair of markers, by name. */
export function protocolParts(
  definition: Definition,
  tables: HookTables,
  schemaSource: string,
): Map<string, string> {
  const octets = [...fingerprint(definition)].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
  const length = new TextEncoder().encode(canonicalDefinition(definition)).length;
  return new Map([
    [
      "version",
      `This is version ${definition.version}. Its fingerprint is \`${octets}\`, of ${
        length.toLocaleString("en")
      } octets.`,
    ],
    ["limits", limitTable(definition, limitDocs(schemaSource))],
    ["enums", enumTables(definition)],
    ["from-shim", messageTables(definition, "shim")],
    ["from-worker", messageTables(definition, "worker")],
    ["codes", codeTable(tables)],
    ["failures", failureTable(tables)],
    ["undefined", undefinedTable(tables)],
  ]);
}

/** `text` with what stands between its markers replaced; every part must have its place, and every place its part. */
export function fillMarkers(text: string, parts: ReadonlyMap<string, string>): string {
  const left = new Set(parts.keys());
  const filled = text.replace(/<!-- gen:([\w-]+) -->\n[\s\S]*?<!-- \/gen:\1 -->/g, (_, name: string) => {
    if (!left.delete(name)) throw new Error(`PROTOCOL.md: 'gen:${name}' is unknown or there twice`);
    return `<!-- gen:${name} -->\n${parts.get(name)}\n<!-- /gen:${name} -->`;
  });
  if (left.size > 0) throw new Error(`PROTOCOL.md: there is no place 'gen:${[...left][0]}'`);
  return filled;
}
