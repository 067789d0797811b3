// SPDX-License-Identifier: MIT
/**
 * A small definition in its second version, with every kind of field: what the generator makes of it is in `small/`.
 *
 * @module
 */

import type { Definition } from "../../sdk/wire/types.ts";

/** The definition. */
export const SMALL = {
  version: 2,
  limits: { FRAME_MAX: 200, NAME_MAX: 10, BLOB_MAX: 20, LIST_MAX: 3 },
  enums: { colour: { red: 0, green: 5, darkBlue: 31 } },
  messages: {
    greet: {
      tag: 0x01,
      from: "shim",
      since: 1,
      doc: "Opens every connection.",
      fields: {
        version: { kind: "version", doc: "The version." },
        mark: { kind: "fixed", len: 3, doc: "Three octets." },
        name: { kind: "line", max: "NAME_MAX", doc: "A name." },
        nick: { kind: "text", max: "NAME_MAX", optional: true, since: 2, doc: "Another name." },
        size: { kind: "u16", since: 2, doc: "A size." },
      },
    },
    paint: {
      tag: 0x80,
      from: "worker",
      since: 1,
      doc: "Paints. This sentence is here so that the comment in the header takes more than one line.",
      fields: {
        colour: { kind: "enum", of: "colour", doc: "The colour." },
        again: { kind: "bool", doc: "Whether it is done again." },
        small: { kind: "u8", doc: "An octet." },
        large: { kind: "u32", doc: "Four octets." },
        score: { kind: "i64", optional: true, doc: "Eight octets." },
        blob: { kind: "bytes", max: "BLOB_MAX", doc: "Octets." },
        spots: {
          kind: "list",
          max: "LIST_MAX",
          doc: "Spots.",
          of: {
            colour: { kind: "enum", of: "colour", optional: true, doc: "The colour of a spot." },
            secret: { kind: "secret", max: "BLOB_MAX", optional: true, doc: "What is under it." },
            depth: { kind: "u8", since: 2, doc: "How deep." },
          },
        },
      },
    },
    stop: { tag: 0x81, from: "worker", since: 2, doc: "Stops.", fields: {} },
  },
} as const satisfies Definition;
