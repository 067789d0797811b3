// SPDX-License-Identifier: MIT
/**
 * The messages as TypeScript types, inferred from the definition; no code.
 *
 * @module
 */

import type { ENUMS, MESSAGES } from "./schema.ts";

/** A field of any definition, also a test's own; {@linkcode Definition}. */
export interface FieldShape {
  /** A sentence for PROTOCOL.md. */
  readonly doc: string;
  /** How it is written. */
  readonly kind: string;
  /** Preceded by a `bool` that says whether it is there. */
  readonly optional?: true;
  /** The version that brought it. */
  readonly since?: number;
  /** An `enum`'s table, or the fields of a list's element. */
  readonly of?: string | Readonly<Record<string, FieldShape>>;
  /** The name of the limit of its length or count. */
  readonly max?: string;
  /** The length of a `fixed` in octets. */
  readonly len?: number;
}

/** A message of any definition. */
export interface MessageShape {
  /** The octet behind the length. */
  readonly tag: number;
  /** Who sends it. */
  readonly from: "shim" | "worker";
  /** The version that brought it. */
  readonly since: number;
  /** A paragraph for PROTOCOL.md. */
  readonly doc: string;
  /** Its body, in order. */
  readonly fields: Readonly<Record<string, FieldShape>>;
}

/** A whole definition: what `schema.ts` exports, as data that the codec and the generator can walk. */
export interface Definition {
  /** The version described. */
  readonly version: number;
  /** Limits by name. `FRAME_MAX` must be among them. */
  readonly limits: Readonly<Record<string, number>>;
  /** Enumerations by name. */
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Messages by name. */
  readonly messages: Readonly<Record<string, MessageShape>>;
}

type Fields = Readonly<Record<string, FieldShape>>;

/** The keys of `F` that may be missing: optional ones, and those that an older version has not. */
type MayMiss<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K
    : F[K] extends { readonly since: infer S } ? (S extends 1 ? never : K)
    : never;
}[keyof F];

type Value<F extends FieldShape> = F extends
  { readonly kind: "enum"; readonly of: infer E extends keyof typeof ENUMS } ? keyof typeof ENUMS[E]
  : F extends { readonly kind: "list"; readonly of: infer E extends Fields } ? readonly Body<E>[]
  : F extends { readonly kind: "line" | "text" } ? string
  : F extends { readonly kind: "bytes" | "secret" | "fixed" } ? Uint8Array
  : F extends { readonly kind: "bool" } ? boolean
  : number;

type Flat<T> = { readonly [K in keyof T]: T[K] };

/** The values of the fields `F`. */
export type Body<F extends Fields> = Flat<
  & { [K in Exclude<keyof F, MayMiss<F>>]: Value<F[K]> }
  & { [K in MayMiss<F>]?: Value<F[K]> | undefined }
>;

/** The name of a message. */
export type MessageName = keyof typeof MESSAGES;

/** The message called `N`, `type` being its name. */
export type MessageOf<N extends MessageName> = N extends MessageName
  ? Flat<{ readonly type: N } & Body<typeof MESSAGES[N]["fields"]>>
  : never;

/** Any message; `type` tells which. */
export type Message = MessageOf<MessageName>;

/** The names of the messages that `S` sends. */
export type NameFrom<S extends "shim" | "worker"> = {
  [N in MessageName]: typeof MESSAGES[N]["from"] extends S ? N : never;
}[MessageName];

/** Any message that `S` sends. */
export type MessageFrom<S extends "shim" | "worker"> = MessageOf<NameFrom<S>>;
