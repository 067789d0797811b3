/* SPDX-License-Identifier: MIT */

/*
 * The two clocks of a hook. The service budget runs while the worker works;
 * it stands still while a person thinks in the application's conversation and
 * while libpam or NSS is busy. What people take is added up apart.
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdint.h>

struct deadline {
	int64_t	began_us;	/* monotonic: when the hook began */
	int64_t	end_us;		/* monotonic: when the budget is used up */
	int64_t	paused_us;	/* monotonic: when it stopped, or 0 */
	int64_t	human_us;	/* what people have taken so far */
};

/* Why the budget stands still. */
enum deadline_pause {
	DEADLINE_SYSTEM,	/* libpam or NSS */
	DEADLINE_HUMAN		/* a person may be asked */
};

void		deadline_start(struct deadline *, uint32_t budget_ms);
void		deadline_pause(struct deadline *);
void		deadline_resume(struct deadline *, enum deadline_pause);

/* What is left of the budget; 0 once it is used up. */
int64_t		deadline_left_us(const struct deadline *);
uint32_t	deadline_left_ms(const struct deadline *);

/* What the hook took until now, people included, and people alone. */
uint32_t	deadline_spent_ms(const struct deadline *);
uint32_t	deadline_human_ms(const struct deadline *);

#endif
