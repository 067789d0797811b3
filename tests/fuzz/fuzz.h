/* SPDX-License-Identifier: MIT */

/* What a target has and an engine calls. */

#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input; aborts if it finds something. */
void test_one(const uint8_t *data, size_t len);

#endif /* FUZZ_H */
