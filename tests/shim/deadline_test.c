/* SPDX-License-Identifier: MIT */

#include "../../shim/deadline.h"

#include <poll.h>

#include "test.h"

/* A wait is at least this long; how much longer is the machine's affair. */
static void
wait_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

TEST(counts_down)
{
	struct deadline d;

	(void)state;
	deadline_start(&d, 1000);
	assert_in_range(deadline_left_ms(&d), 1, 1000);
	wait_ms(30);
	assert_in_range(deadline_left_ms(&d), 1, 971);
	assert_in_range(deadline_spent_ms(&d), 29, 100000);
}

TEST(ends_at_zero)
{
	struct deadline d;

	(void)state;
	deadline_start(&d, 5);
	wait_ms(20);
	assert_int_equal(deadline_left_us(&d), 0);
	assert_int_equal(deadline_left_ms(&d), 0);
}

TEST(stands_still)
{
	struct deadline d;
	int64_t left;

	(void)state;
	deadline_start(&d, 1000);
	deadline_pause(&d);
	left = deadline_left_us(&d);
	wait_ms(30);
	assert_true(deadline_left_us(&d) == left);
	deadline_resume(&d, DEADLINE_SYSTEM);
	assert_in_range(deadline_left_us(&d), 1, left);
	assert_in_range(deadline_spent_ms(&d), 29, 100000);
	assert_int_equal(deadline_human_ms(&d), 0);
}

TEST(adds_up_people)
{
	struct deadline d;
	int i;

	(void)state;
	deadline_start(&d, 1);
	for (i = 0; i < 2; i++) {
		deadline_pause(&d);
		wait_ms(20);
		deadline_resume(&d, DEADLINE_HUMAN);
	}
	assert_in_range(deadline_human_ms(&d), 40, 100000);
}

TEST(rounds_up_what_is_left)
{
	struct deadline d;

	(void)state;
	/* 0 would mean that nothing is left, and to poll(2) not to wait */
	deadline_start(&d, 100000);
	d.end_us = d.began_us + 100000000;
	deadline_pause(&d);
	d.end_us = d.paused_us + 1;
	assert_int_equal(deadline_left_ms(&d), 1);
	assert_int_equal(deadline_left_us(&d), 1);
}

TEST(longest_budget_does_not_overflow)
{
	struct deadline d;

	(void)state;
	deadline_start(&d, UINT32_MAX);
	assert_in_range(deadline_left_ms(&d), UINT32_MAX - 1000, UINT32_MAX);
	deadline_pause(&d);
	d.end_us = INT64_MAX - 1000;
	assert_int_equal(deadline_left_ms(&d), UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(counts_down),
		UNIT(ends_at_zero),
		UNIT(stands_still),
		UNIT(adds_up_people),
		UNIT(rounds_up_what_is_left),
		UNIT(longest_budget_does_not_overflow),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
