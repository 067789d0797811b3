/* SPDX-License-Identifier: MIT */

/*
 * Written by a test from tests/generator/small.ts. Do not edit:
 * change the definition, then run `UPDATE_GOLDEN=1 deno test`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#include "tokens_gen.h"

const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE] = {
	0x8e, 0xb6, 0x0a, 0x1b, 0xf0, 0xf8, 0xcb, 0x6e
};
