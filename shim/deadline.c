/* SPDX-License-Identifier: MIT */

#include "deadline.h"

#include <time.h>

#define US_PER_S	1000000
#define US_PER_MS	1000
#define NS_PER_US	1000

static int64_t
deadline_now_us(void)
{
	struct timespec ts;

	/* cannot fail: the clock exists since Linux 2.6 and &ts is ours */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / NS_PER_US;
}

static uint32_t
deadline_ms(int64_t us)
{
	int64_t ms = (us + US_PER_MS - 1) / US_PER_MS;

	if (ms < 0)
		return 0;
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void
deadline_start(struct deadline *d, uint32_t budget_ms)
{
	d->began_us = deadline_now_us();
	d->end_us = d->began_us + (int64_t)budget_ms * US_PER_MS;
	d->paused_us = 0;
	d->human_us = 0;
}

void
deadline_pause(struct deadline *d)
{
	d->paused_us = deadline_now_us();
}

void
deadline_resume(struct deadline *d, enum deadline_pause why)
{
	int64_t took = deadline_now_us() - d->paused_us;

	d->paused_us = 0;
	d->end_us += took;
	if (why == DEADLINE_HUMAN)
		d->human_us += took;
}

int64_t
deadline_left_us(const struct deadline *d)
{
	int64_t now = d->paused_us != 0 ? d->paused_us : deadline_now_us();

	return d->end_us > now ? d->end_us - now : 0;
}

uint32_t
deadline_left_ms(const struct deadline *d)
{
	return deadline_ms(deadline_left_us(d));
}

uint32_t
deadline_spent_ms(const struct deadline *d)
{
	/* rounded down: a decision of 180 microseconds took "0 ms" */
	return deadline_ms(deadline_now_us() - d->began_us - US_PER_MS + 1);
}

uint32_t
deadline_human_ms(const struct deadline *d)
{
	return deadline_ms(d->human_us);
}
