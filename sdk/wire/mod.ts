// SPDX-License-Identifier: MIT
/**
 * The wire protocol for the worker, the test kit and tools; not part of the public SDK.
 *
 * @module
 */

export { compileCodec, decode, encode, VERSIONS } from "./codec.ts";
export type { AnyMessage, Codec, DecodeOptions } from "./codec.ts";
export { LENGTH_SIZE } from "./cursor.ts";
export { WIRE_ERROR_KINDS, WireError } from "./errors.ts";
export type { WireErrorKind } from "./errors.ts";
export { FINGERPRINT } from "./fingerprint_gen.ts";
export { FrameReader } from "./frame.ts";
export { ENUMS, LIMITS, MESSAGES, NO_VERSION, VERSION } from "./schema.ts";
export type { EnumName, FieldDef, LimitName, MessageDef } from "./schema.ts";
export type {
  Body,
  Definition,
  FieldShape,
  Message,
  MessageFrom,
  MessageName,
  MessageOf,
  MessageShape,
  NameFrom,
} from "./types.ts";
