/* SPDX-License-Identifier: MIT */

/* Runs a target under libFuzzer. */

#include "fuzz.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	test_one(data, len);
	return 0;
}
