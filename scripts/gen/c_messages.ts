// SPDX-License-Identifier: MIT
/**
 * Writes `message_gen.h` and `message_gen.c`: for each message a structure, an encoder and a decoder that read like the layout in
 * PROTOCOL.md.
 *
 * @module
 */

import type { Definition, FieldShape, MessageShape } from "../../sdk/wire/types.ts";
import { banner, comment, enumeration, fill, macroCase, type Origin } from "./c_code.ts";

type Fields = Readonly<Record<string, FieldShape>>;

/** The members' types; a list and a `fixed` are arrays and treated apart. */
const TYPES: Readonly<Record<string, string>> = {
  version: "uint8_t",
  u8: "uint8_t",
  u16: "uint16_t",
  u32: "uint32_t",
  i64: "int64_t",
  bool: "bool",
  enum: "uint8_t",
  line: "struct wire_str",
  text: "struct wire_str",
  bytes: "struct wire_bytes",
  secret: "struct wire_bytes",
};

function members(message: string, fields: Fields): string {
  const lines: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (field.optional) lines.push(`\tbool has_${name};`);
    if (field.kind === "list") {
      lines.push(fill("\t", [`struct message_${message}_${name}`, `${name}[LIMIT_${field.max}];`], "\t    "));
      lines.push(`\tsize_t n_${name};`);
    } else if (field.kind === "fixed") {
      lines.push(`\tuint8_t ${name}[${field.len}];`);
    } else {
      lines.push(`\t${TYPES[field.kind]} ${name};`);
    }
  }
  // ISO C has no empty structures.
  return (lines.length > 0 ? lines : ["\tuint8_t empty;"]).join("\n");
}

function structs(name: string, message: MessageShape): string {
  const parts: string[] = [];
  for (const [field, { kind, of }] of Object.entries(message.fields)) {
    if (kind === "list") {
      parts.push(`struct message_${name}_${field} {\n${members(name, of as Fields)}\n};\n`);
    }
  }
  const about = `0x${message.tag.toString(16).padStart(2, "0")}, from the ${message.from}: ${message.doc}`;
  parts.push(`${comment(about)}\nstruct message_${name} {\n${members(name, message.fields)}\n};\n`);
  return parts.join("\n");
}

/** `message_gen.h`. */
export function messageHeader(definition: Definition, origin: Origin): string {
  const entries = Object.entries(definition.messages);
  return [
    banner(origin),
    "#ifndef MESSAGE_GEN_H\n#define MESSAGE_GEN_H\n",
    '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#include "tokens_gen.h"\n#include "wire.h"\n',
    enumeration(
      "message_tag",
      entries.map(([name, { tag }]) => [`MESSAGE_${macroCase(name)}`, tag] as const),
    ).replace(/= (\d+)/g, (_, tag) => `= 0x${Number(tag).toString(16).padStart(2, "0")}`),
    "/* Calls X(name, TAG) for every message. */",
    [
      "#define MESSAGES(X)",
      ...entries.map(([name]) => `\tX(${name}, ${macroCase(name)})`),
    ].join(" \\\n"),
    "",
    ...entries.map(([name, message]) => structs(name, message)),
    comment(
      "A decoder takes the body of a frame, all of it. Strings point into the body. On error the structure is not to be used.",
    ),
    ...entries.map(([name]) => prototype("decode", name, ";")),
    "",
    comment("An encoder appends a whole frame, length word and all, or nothing."),
    ...entries.map(([name]) => prototype("encode", name, ";")),
    "\n#endif /* MESSAGE_GEN_H */\n",
  ].join("\n");
}

function prototype(verb: "decode" | "encode", name: string, end: string): string {
  const named = end !== ";";
  const words = verb === "decode"
    ? [`struct message_${name} *${named ? "m" : ""},`, "const uint8_t *body,", `size_t len)${end}`]
    : [
      `struct wire_writer *${named ? "w" : ""},`,
      `const struct message_${name} *${named ? "m" : ""})${end}`,
    ];
  const start = `message_${name}_${verb}(`;
  return fill(named ? start : `enum wire_error ${start}`, words, "    ");
}

/** The arguments of a getter or putter behind the value. */
function bounds(field: FieldShape): string {
  if (field.kind === "enum") return `, ENUM_${macroCase(field.of as string)}`;
  if (field.kind === "fixed") return `, ${field.len}`;
  return field.max === undefined ? "" : `, LIMIT_${field.max}`;
}

/** `secret` is `bytes` on the wire; only whoever holds the buffer can wipe it. */
function verb(field: FieldShape): string {
  return field.kind === "secret" ? "bytes" : field.kind === "list" ? "count" : field.kind;
}

/** The conditions that read one field, each on lines of its own at `tabs`; `at` is `m->` or `m->list[i].`. */
function getters(name: string, field: FieldShape, at: string, tabs: string): string[] {
  const value = field.kind === "fixed" ? `${at}${name}` : `&${at}${field.kind === "list" ? "n_" : ""}${name}`;
  const words = `!wire_get_${verb(field)}(&r, ${value}${bounds(field)})`.split(/(?<=,) /);
  // Room for what follows a condition: `) ||` at most.
  const room = (text: string) => text.replaceAll("~", "");
  const condition = (indent: string, next: string) =>
    room(fill(indent, [...words.slice(0, -1), `${words.at(-1)}~~~~`], next)).trimStart();
  if (!field.optional) return [condition(`${tabs}    `, `${tabs}\t`)];
  return [
    `!wire_get_bool(&r, &${at}has_${name})`,
    `(${at}has_${name} &&\n${tabs}\t${condition(`${tabs}\t`, `${tabs}\t    `)})`,
  ];
}

function chain(conditions: readonly string[], tabs: string): string {
  return `${tabs}if (${conditions.join(` ||\n${tabs}    `)})\n${tabs}\treturn r.error;`;
}

function decoder(name: string, message: MessageShape): string {
  const lines: string[] = [];
  let pending: string[] = [];
  const flush = () => {
    if (pending.length > 0) lines.push(chain(pending, "\t"));
    pending = [];
  };
  for (const [fieldName, field] of Object.entries(message.fields)) {
    pending.push(...getters(fieldName, field, "m->", "\t"));
    if (field.kind !== "list") continue;
    flush();
    const inner = Object.entries(field.of as Fields)
      .flatMap(([n, f]) => getters(n, f, `m->${fieldName}[i].`, "\t\t"));
    lines.push(`\tfor (i = 0; i < m->n_${fieldName}; i++) {\n${chain(inner, "\t\t")}\n\t}`);
  }
  flush();
  const counts = Object.values(message.fields).some((field) => field.kind === "list");
  return [
    "enum wire_error",
    prototype("decode", name, ""),
    "{",
    "\tstruct wire_reader r;",
    ...(counts ? ["\tsize_t i;"] : []),
    "",
    "\tmemset(m, 0, sizeof(*m));",
    "\twire_reader_init(&r, body, len);",
    ...lines,
    "\treturn wire_get_end(&r);",
    "}\n",
  ].join("\n");
}

function putters(name: string, field: FieldShape, at: string, tabs: string): string[] {
  const put = fill(`${tabs}${field.optional ? "\t" : ""}wire_put_${verb(field)}(`, [
    "w,",
    ...`${at}${name}${bounds(field)});`.split(/(?<=,) /),
  ], `${tabs}${field.optional ? "\t" : ""}    `);
  if (!field.optional) return [put];
  return [`${tabs}wire_put_bool(w, ${at}has_${name});`, `${tabs}if (${at}has_${name})`, put];
}

function encoder(name: string, message: MessageShape): string {
  const lines: string[] = [];
  for (const [fieldName, field] of Object.entries(message.fields)) {
    if (field.kind !== "list") {
      lines.push(...putters(fieldName, field, "m->", "\t"));
      continue;
    }
    lines.push(
      fill("\tif (wire_put_count(", ["w,", `m->n_${fieldName},`, `LIMIT_${field.max})) {`], "\t\t"),
      `\t\tfor (i = 0; i < m->n_${fieldName}; i++) {`,
      ...Object.entries(field.of as Fields).flatMap(([n, f]) =>
        putters(n, f, `m->${fieldName}[i].`, "\t\t\t")
      ),
      "\t\t}",
      "\t}",
    );
  }
  const counts = Object.values(message.fields).some((field) => field.kind === "list");
  return [
    "enum wire_error",
    prototype("encode", name, ""),
    "{",
    `\tsize_t ${counts ? "i, " : ""}start = wire_begin(w, MESSAGE_${macroCase(name)});`,
    "",
    ...(lines.length > 0 ? lines : ["\t(void)m;"]),
    "\treturn wire_end(w, start);",
    "}\n",
  ].join("\n");
}

/** `message_gen.c`. */
export function messageSource(definition: Definition, origin: Origin): string {
  return [
    banner(origin),
    "#include <string.h>\n",
    '#include "message_gen.h"\n',
    ...Object.entries(definition.messages).flatMap(([name, message]) => [
      decoder(name, message),
      encoder(name, message),
    ]),
  ].join("\n").trimEnd() + "\n";
}
