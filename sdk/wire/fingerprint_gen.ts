// SPDX-License-Identifier: MIT
// Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit: change the definition, then run `deno task gen`.
/**
 * The fingerprint of the protocol's definition.
 *
 * @module
 */

/** First octets of the SHA-256 of the definition, as PROTOCOL.md says it. */
export const FINGERPRINT: Uint8Array = Uint8Array.of(0x07, 0x8a, 0x8d, 0x92, 0x46, 0xdd, 0xe2, 0xab);
