// SPDX-License-Identifier: MIT
// Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit: change the definition, then run `deno task gen`.
/**
 * The fingerprint of the protocol's definition.
 *
 * @module
 */

/** First octets of the SHA-256 of the definition, as PROTOCOL.md says it. */
export const FINGERPRINT: Uint8Array = Uint8Array.of(0x7d, 0x89, 0xa2, 0x65, 0xf8, 0x6b, 0x58, 0x04);
