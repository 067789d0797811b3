/* SPDX-License-Identifier: MIT */

/*
 * Written by a test from tests/generator/small.ts. Do not edit:
 * change the definition, then run `UPDATE_GOLDEN=1 deno test`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#ifndef TOKENS_GEN_H
#define TOKENS_GEN_H

#include <stdbool.h>
#include <stdint.h>

/* Lengths are in octets, without a terminator. */
#define LIMIT_FRAME_MAX 200
#define LIMIT_NAME_MAX 10
#define LIMIT_BLOB_MAX 20
#define LIMIT_LIST_MAX 3

#define WIRE_VERSION 2
#define WIRE_FINGERPRINT_SIZE 8
#define WIRE_FINGERPRINT_TEXT "8eb60a1bf0f8cb6e"
extern const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE];

/* Bit n of ENUM_X is set if n is a value of enum x. */
enum colour {
	COLOUR_RED = 0,
	COLOUR_GREEN = 5,
	COLOUR_DARK_BLUE = 31
};
#define ENUM_COLOUR 0x80000021U

#endif /* TOKENS_GEN_H */
