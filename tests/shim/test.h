/* SPDX-License-Identifier: MIT */

/* What every C test of the shim begins with. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* The test "test_NAME": what it says in words, in snake case. */
#define TEST(name)	static void test_##name(void **state)
#define UNIT(name)	cmocka_unit_test(test_##name)

/* Fails with both texts, which cmocka's own check does not show at length. */
#define assert_contains(text, part) \
	do { \
		if (strstr((text), (part)) == NULL) \
			fail_msg("no \"%s\" in:\n%s", (part), (text)); \
	} while (0)
#define assert_contains_not(text, part) \
	do { \
		if (strstr((text), (part)) != NULL) \
			fail_msg("\"%s\" is in:\n%s", (part), (text)); \
	} while (0)

#endif /* TEST_H */
