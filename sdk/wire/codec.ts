// SPDX-License-Identifier: MIT
/**
 * Encodes and decodes messages. The definition is walked once, when this file is loaded; what is left for each message is a row
 * of small functions, one per field.
 *
 * @module
 */

import { Reader, type StringKind, Writer } from "./cursor.ts";
import { WireError } from "./errors.ts";
import { ENUMS, LIMITS, MESSAGES, VERSION } from "./schema.ts";
import type { Definition, FieldShape, Message, MessageFrom, MessageShape } from "./types.ts";

/** How to decode. */
export interface DecodeOptions<S extends "shim" | "worker" = "shim" | "worker"> {
  /** Refuses a message of the other side as `bad_tag`. */
  readonly from?: S;
  /** The version the connection is in. A `hook` says its own. Default: {@linkcode VERSION}. */
  readonly version?: number;
}

/** A message of any definition. */
export interface AnyMessage {
  /** The name of the message. */
  readonly type: string;
  /** Its fields. */
  readonly [field: string]: unknown;
}

/** What {@linkcode compileCodec} makes. */
export interface Codec {
  /** The versions that are served: the definition's and the one before. */
  readonly versions: readonly number[];
  /** A message as a whole frame with its length word. */
  encode(message: AnyMessage, version?: number): Uint8Array<ArrayBuffer>;
  /** The message in a frame without its length word. */
  decode(frame: Uint8Array, options?: DecodeOptions): AnyMessage;
}

type Values = Record<string, unknown>;
type Read = (reader: Reader) => unknown;
type Write = (writer: Writer, value: unknown) => void;

interface FieldCodec {
  readonly name: string;
  readonly optional: boolean;
  readonly read: Read;
  readonly write: Write;
}

interface MessageCodec {
  readonly name: string;
  readonly tag: number;
  readonly from: "shim" | "worker";
  readonly secret: boolean;
  /** The version is the body's first octet. */
  readonly greets: boolean;
  readonly fields: readonly FieldCodec[];
  /** Fields that a later version brought: their values cannot be sent in this one. */
  readonly later: readonly string[];
}

function kindCodec(definition: Definition, field: FieldShape, version: number): [Read, Write] {
  const max = field.max === undefined ? 0 : definition.limits[field.max]!;
  switch (field.kind) {
    case "version":
      return [(r) => r.version([version]), (w, value) => w.version([version], value)];
    case "u8":
      return [(r) => r.u8(), (w, value) => w.u8(value)];
    case "u16":
      return [(r) => r.u16(), (w, value) => w.u16(value)];
    case "u32":
      return [(r) => r.u32(), (w, value) => w.u32(value)];
    case "i64":
      return [(r) => r.i64(), (w, value) => w.i64(value)];
    case "bool":
      return [(r) => r.bool(), (w, value) => w.bool(value)];
    case "enum": {
      const numbers = new Map(Object.entries(definition.enums[field.of as string]!));
      const tokens: (string | undefined)[] = Array(256).fill(undefined);
      for (const [token, number] of numbers) tokens[number] = token;
      return [(r) => r.enum(tokens), (w, value) => w.enum(numbers, value)];
    }
    case "line":
    case "text": {
      const kind: StringKind = field.kind;
      return [(r) => r.string(kind, max), (w, value) => w.string(kind, value, max)];
    }
    case "bytes":
    case "secret":
      return [(r) => r.bytes(max), (w, value) => w.bytes(value, max)];
    case "fixed":
      return [(r) => r.fixed(field.len!), (w, value) => w.fixed(value, field.len!)];
    case "list":
      return listCodec(definition, field, max, version);
    default:
      throw new TypeError(`Cannot compile a field of kind '${field.kind}'`);
  }
}

function listCodec(definition: Definition, field: FieldShape, max: number, version: number): [Read, Write] {
  const { fields, later } = fieldCodecs(definition, field.of as Record<string, FieldShape>, version);
  const read = (reader: Reader) => {
    const count = reader.count(max);
    const elements: Values[] = [];
    for (let i = 0; i < count; i++) {
      const element: Values = {};
      try {
        readFields(reader, fields, element);
      } catch (error) {
        throw located(error, `[${i}]`);
      }
      elements.push(element);
    }
    return elements;
  };
  const write = (writer: Writer, value: unknown) => {
    if (!Array.isArray(value)) throw new WireError("bad_value", "an array is wanted");
    const count = value.length;
    writer.count(count, max);
    for (let i = 0; i < count; i++) {
      try {
        writeFields(writer, fields, later, value[i]);
      } catch (error) {
        throw located(error, `[${i}]`);
      }
    }
  };
  return [read, write];
}

function fieldCodecs(
  definition: Definition,
  fields: Readonly<Record<string, FieldShape>>,
  version: number,
): { fields: FieldCodec[]; later: string[] } {
  const now: FieldCodec[] = [];
  const later: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if ((field.since ?? 1) > version) {
      later.push(name);
      continue;
    }
    const [read, write] = kindCodec(definition, field, version);
    now.push({ name, optional: field.optional === true, read, write });
  }
  return { fields: now, later };
}

function located(error: unknown, part: string): unknown {
  return error instanceof WireError ? error.within(part) : error;
}

function readFields(reader: Reader, fields: readonly FieldCodec[], into: Values): void {
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    try {
      if (!field.optional || reader.bool()) into[field.name] = field.read(reader);
    } catch (error) {
      throw located(error, field.name);
    }
  }
}

function writeFields(
  writer: Writer,
  fields: readonly FieldCodec[],
  later: readonly string[],
  values: unknown,
): void {
  if (typeof values !== "object" || values === null) throw new WireError("bad_value", "an object is wanted");
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    const value = (values as Values)[field.name];
    try {
      if (field.optional) writer.bool(value !== undefined);
      if (!field.optional || value !== undefined) field.write(writer, value);
    } catch (error) {
      throw located(error, field.name);
    }
  }
  for (let i = 0; i < later.length; i++) {
    if ((values as Values)[later[i]!] !== undefined) {
      throw new WireError("bad_version", "this version has no such field").within(later[i]!);
    }
  }
}

function holdsSecret(fields: Readonly<Record<string, FieldShape>>): boolean {
  return Object.values(fields).some((field) =>
    field.kind === "secret" || (typeof field.of === "object" && holdsSecret(field.of))
  );
}

function messageCodec(
  definition: Definition,
  name: string,
  shape: MessageShape,
  version: number,
): MessageCodec {
  return {
    name,
    tag: shape.tag,
    from: shape.from,
    secret: holdsSecret(shape.fields),
    greets: Object.values(shape.fields)[0]?.kind === "version",
    ...fieldCodecs(definition, shape.fields, version),
  };
}

/** Makes the codec of a definition. The definition must have passed `deno task gen`, which checks it. */
export function compileCodec(definition: Definition): Codec {
  const versions = [definition.version, definition.version - 1].filter((version) => version >= 1);
  const byTag = new Map<number, (MessageCodec | undefined)[]>();
  const byName = new Map<number, Map<string, MessageCodec>>();
  for (const version of versions) {
    const tags: (MessageCodec | undefined)[] = Array(256).fill(undefined);
    const names = new Map<string, MessageCodec>();
    for (const [name, shape] of Object.entries(definition.messages)) {
      if (shape.since > version) continue;
      const codec = messageCodec(definition, name, shape, version);
      tags[shape.tag] = codec;
      names.set(name, codec);
    }
    byTag.set(version, tags);
    byName.set(version, names);
  }
  const latest = { tags: byTag.get(definition.version)!, names: byName.get(definition.version)! };
  const frameMax = definition.limits.FRAME_MAX!;
  const writer = new Writer(frameMax);

  function unserved(version: unknown): WireError {
    return new WireError("bad_version", `version ${version} is not served, ${versions.join(" and ")} are`);
  }

  function encode(message: AnyMessage, version?: number): Uint8Array<ArrayBuffer> {
    const spoken = version ??
      (latest.names.get(message.type)?.greets ? message.version as number : definition.version);
    const names = spoken === definition.version ? latest.names : byName.get(spoken);
    if (names === undefined) throw unserved(spoken);
    const codec = names.get(message.type);
    if (codec === undefined) {
      throw new WireError("bad_tag", `version ${spoken} has no message '${message.type}'`);
    }
    try {
      writer.begin(codec.tag);
      writeFields(writer, codec.fields, codec.later, message);
      return writer.finish();
    } catch (error) {
      throw located(error, codec.name);
    } finally {
      if (codec.secret) writer.wipe();
    }
  }

  function decode(frame: Uint8Array, options?: DecodeOptions): AnyMessage {
    if (frame.length === 0) throw new WireError("truncated", "a frame of no octets has no tag");
    if (frame.length > frameMax) {
      throw new WireError("too_long", `a frame of ${frame.length} octets is over ${frameMax}`);
    }
    const tag = frame[0]!;
    const version = options?.version ?? definition.version;
    const tags = version === definition.version ? latest.tags : byTag.get(version);
    if (tags === undefined) throw unserved(version);
    let codec = tags[tag];
    if (codec === undefined || (options?.from !== undefined && codec.from !== options.from)) {
      throw new WireError("bad_tag", `version ${version} has no message of tag ${tag}`);
    }
    if (codec.greets && options?.version === undefined && frame.length > 1 && frame[1] !== version) {
      codec = byTag.get(frame[1]!)?.[tag] ?? codec;
    }
    const reader = new Reader(frame, 1);
    const message: Values = { type: codec.name };
    try {
      readFields(reader, codec.fields, message);
      reader.end();
    } catch (error) {
      throw located(error, codec.name);
    }
    return message as AnyMessage;
  }

  return { versions, encode, decode };
}

const codec = compileCodec({ version: VERSION, limits: LIMITS, enums: ENUMS, messages: MESSAGES });

/** The versions that a worker serves: this one and the one before. */
export const VERSIONS: readonly number[] = codec.versions;

/**
 * Encodes a message as a whole frame, length word and all, in `version` ({@linkcode VERSION} unless told otherwise; a `hook` says
 * its own).
 *
 * @throws {WireError} `too_long` above a limit, `bad_utf8` for half a surrogate pair, `bad_value` for a value that its kind does
 * not admit, `bad_version` for a version that is not served or a field that it has not.
 */
export function encode(message: Message, version?: number): Uint8Array<ArrayBuffer> {
  return codec.encode(message as unknown as AnyMessage, version);
}

/**
 * Decodes a frame without its length word. `bytes` and `secret` are copies; whoever gave the frame wipes it.
 *
 * @throws {WireError} What is wrong, as {@linkcode WireError.kind}.
 */
export function decode<S extends "shim" | "worker" = "shim" | "worker">(
  frame: Uint8Array,
  options?: DecodeOptions<S>,
): MessageFrom<S> {
  return codec.decode(frame, options) as unknown as MessageFrom<S>;
}
