// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases of placement-fuzz.c: generated from a seed, shrunk, printed. An
 * aperture has few slots, of any size, at any address: at 0, around 4 GiB, or at
 * the end of all IOVAs.
 */
#include <stdio.h>

#include <linux/sizes.h>

#include "placement-fuzz.h"

static unsigned long fuzz_state;

/* Sebastiano Vigna's splitmix64, which is in the public domain */
static unsigned long fuzz_random(void)
{
	unsigned long z = fuzz_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0..@limit-1 */
static unsigned long below(unsigned long limit)
{
	return fuzz_random() % limit;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static unsigned long clip(u128 iova)
{
	return iova > ~0UL ? ~0UL : iova;
}

/* An IOVA at slot @slot of the aperture, or a byte beside its edge */
static unsigned long near_slot(const struct fuzz_case *c, u128 slot)
{
	u128 iova = c->space[0].first / c->slot_size + slot;

	iova *= c->slot_size;
	if (one_in(4))
		iova++;
	else if (iova && one_in(4))
		iova--;
	return clip(iova);
}

static unsigned int count_slots(const struct fuzz_case *c)
{
	return c->space[0].last / c->slot_size -
	       c->space[0].first / c->slot_size + 1;
}

/* Aperture, slot size and window */

static unsigned long fuzz_base(unsigned long slot_size)
{
	switch (below(6)) {
	case 0:
		return 0;
	case 1:
		return SZ_4G - clip((u128)slot_size * below(FUZZ_SLOTS));
	case 2:
		return SZ_4G - SZ_64M * (1 + below(63)) -
		       slot_size * below(FUZZ_SLOTS);
	case 3:
		return -(slot_size * below(FUZZ_SLOTS));
	case 4:
		return 0x8000000;
	default:
		return fuzz_random() >> below(64);
	}
}

static void fuzz_make_aperture(struct fuzz_case *c)
{
	static const unsigned char bits[] = { 12, 14, 16, 24, 25, 26, 27, 30 };
	unsigned int slots = 1 + below(one_in(3) ? FUZZ_SLOTS - 1 : 40);
	struct fuzz_space *space = &c->space[0];
	u128 end;

	c->slot_size =
		1UL << (one_in(4) ? 12 + below(52) : bits[below(sizeof(bits))]);
	space->first = fuzz_base(c->slot_size);
	if (!one_in(4))
		space->first &= -c->slot_size;
	end = (u128)space->first + (u128)slots * c->slot_size;
	if (one_in(4))
		end -= below(c->slot_size);
	space->last = one_in(8) && end > ~0UL ? ~0UL : clip(end - 1);
	space->below_4g = one_in(8);
}

static void fuzz_make_window(struct fuzz_case *c)
{
	unsigned int slots = count_slots(c);

	c->window_start = 0x8000000;
	c->window_last = 0x80fffff;
	switch (below(4)) {
	case 0:
		c->window_start = near_slot(c, below(slots));
		c->window_last = near_slot(c, below(slots + 1)) - 1;
		break;
	case 1:
		c->window_start = below(2) ? 0 : c->space[0].first;
		c->window_last = below(2) ? ~0UL : c->space[0].last;
		break;
	case 2:
		/* No window */
		c->window_start = 1;
		c->window_last = 0;
	}
}

/* Obstacles */

static void fuzz_add(struct fuzz_case *c, enum fuzz_kind kind, int space,
		     unsigned long start, unsigned long last)
{
	if (start > last || c->ranges == FUZZ_RANGES)
		return;
	c->range[c->ranges++] = (struct fuzz_range){
		.kind = kind,
		.space = space,
		.start = start,
		.last = last,
	};
}

static void fuzz_add_any(struct fuzz_case *c)
{
	unsigned int slots = count_slots(c);
	unsigned int slot = below(slots), length = below(4);
	unsigned long start = near_slot(c, slot);

	if (one_in(3))
		length = below(slots + 1);
	fuzz_add(c, below(FUZZ_KINDS), below(c->spaces), start,
		 length ? near_slot(c, slot + length) - 1 :
			  clip((u128)start + below(c->slot_size)));
}

/* Everything except a few holes must not be overlapped */
static void fuzz_crowd(struct fuzz_case *c)
{
	unsigned int slots = count_slots(c), slot = 0;
	unsigned long start = 0, last;

	while (c->ranges < FUZZ_RANGES / 2 && !one_in(5)) {
		slot += below(slots);
		if (slot >= slots)
			break;
		last = near_slot(c, slot) - 1;
		fuzz_add(c, below(FUZZ_CLAIMED), below(c->spaces), start, last);
		slot += 1 + below(2);
		start = near_slot(c, slot);
	}
	fuzz_add(c, FUZZ_TAKEN, 0, start, ~0UL);
}

static void fuzz_make_avoid(struct fuzz_case *c, struct fuzz_space *space)
{
	unsigned int slot = below(count_slots(c));

	space->avoid_start = 1;
	space->avoid_last = 0;
	if (!one_in(4))
		return;
	space->avoid_start = near_slot(c, slot);
	space->avoid_last = near_slot(c, slot + below(4));
}

static void fuzz_make_also(struct fuzz_case *c)
{
	struct fuzz_space *also = &c->space[1];
	unsigned int slots = count_slots(c);

	*also = (struct fuzz_space){ .last = ~0UL, .below_4g = one_in(8) };
	c->spaces = one_in(3) ? 2 : 1;
	if (one_in(3))
		also->first = near_slot(c, below(slots));
	if (one_in(3))
		also->last = near_slot(c, below(slots));
	fuzz_make_avoid(c, also);
}

/* Generate the case of @seed */
void fuzz_make(struct fuzz_case *c, unsigned long seed)
{
	unsigned int i, n;

	fuzz_state = seed;
	c->ranges = 0;
	fuzz_make_aperture(c);
	fuzz_make_window(c);
	fuzz_make_avoid(c, &c->space[0]);
	fuzz_make_also(c);
	c->only_reachable = one_in(8);
	c->from_top = one_in(4);
	c->interrupt_at = one_in(4) ? 1 + below(8) : 0;
	if (one_in(2))
		fuzz_crowd(c);
	n = below(8);
	for (i = 0; i < n; i++)
		fuzz_add_any(c);
}

/* Shrinking */

/* Apply simplification number @step, in place. Returns false if there is none. */
static bool fuzz_simplify(struct fuzz_case *c, unsigned int step)
{
	int i;

	switch (step) {
	case 0:
		c->spaces = 1;
		return true;
	case 1:
		c->only_reachable = false;
		return true;
	case 2:
		c->interrupt_at = 0;
		return true;
	case 3:
		c->window_start = 1;
		c->window_last = 0;
		return true;
	case 4:
	case 5:
		c->space[step - 4].below_4g = false;
		return true;
	case 6:
	case 7:
		c->space[step - 6].avoid_start = 1;
		c->space[step - 6].avoid_last = 0;
		return true;
	case 8:
		c->from_top = false;
		return true;
	}
	step -= 9;
	if (step >= c->ranges)
		return false;
	c->ranges--;
	for (i = step; i < c->ranges; i++)
		c->range[i] = c->range[i + 1];
	return true;
}

static bool fuzz_equal(const struct fuzz_case *a, const struct fuzz_case *b)
{
	return a->ranges == b->ranges && a->spaces == b->spaces &&
	       a->only_reachable == b->only_reachable &&
	       a->from_top == b->from_top &&
	       a->interrupt_at == b->interrupt_at &&
	       a->window_start == b->window_start &&
	       a->window_last == b->window_last &&
	       a->space[0].below_4g == b->space[0].below_4g &&
	       a->space[1].below_4g == b->space[1].below_4g &&
	       a->space[0].avoid_start == b->space[0].avoid_start &&
	       a->space[1].avoid_start == b->space[1].avoid_start;
}

/* Remove from @c everything that is not needed for its failure */
void fuzz_shrink(struct fuzz_case *c,
		 const char *(*check)(const struct fuzz_case *c))
{
	struct fuzz_case simpler;
	unsigned int step = 0;

	for (;;) {
		simpler = *c;
		if (!fuzz_simplify(&simpler, step))
			return;
		if (fuzz_equal(&simpler, c) || !check(&simpler)) {
			step++;
			continue;
		}
		*c = simpler;
		step = 0;
	}
}

static void fuzz_print_space(const struct fuzz_case *c, int i)
{
	const struct fuzz_space *space = &c->space[i];

	printf("# space %d: aperture %#lx..%#lx", i, space->first, space->last);
	if (space->avoid_start <= space->avoid_last)
		printf(" avoid %#lx..%#lx", space->avoid_start,
		       space->avoid_last);
	printf("%s\n", space->below_4g ? " below 4 GiB" : "");
}

void fuzz_print(const struct fuzz_case *c)
{
	static const char *const names[FUZZ_KINDS] = { "taken", "place",
						       "unreachable",
						       "claimed" };
	int i;

	printf("# slot size %#lx, window %#lx..%#lx", c->slot_size,
	       c->window_start, c->window_last);
	if (c->interrupt_at)
		printf(", interrupted at step %u", c->interrupt_at);
	if (c->from_top)
		printf(", from the top");
	printf("%s\n", c->only_reachable ? ", only reachable" : "");
	for (i = 0; i < c->spaces; i++)
		fuzz_print_space(c, i);
	for (i = 0; i < c->ranges; i++)
		if (c->range[i].space < c->spaces)
			printf("# space %d: %s %#lx..%#lx\n", c->range[i].space,
			       names[c->range[i].kind], c->range[i].start,
			       c->range[i].last);
}
