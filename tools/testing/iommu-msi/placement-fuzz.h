/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One case of placement-fuzz.c: what the rule is asked, and the ranges that are in its
 * way.
 */
#ifndef __PLACEMENT_FUZZ_H
#define __PLACEMENT_FUZZ_H

#include <stdbool.h>

/* Sums of IOVAs do not wrap in it. An unsigned long has 64 bits here. */
#define u128 unsigned __int128

/* An aperture has at most so many slots: the window's 256, and as many again */
#define FUZZ_SLOTS 600
#define FUZZ_RANGES 24

enum fuzz_kind {
	FUZZ_TAKEN,
	FUZZ_PLACE,
	FUZZ_OLD_PLACE,
	FUZZ_UNREACHABLE,
	FUZZ_CLAIMED,
	FUZZ_KINDS,
};

/* In the first space or in the second one, which has to agree (struct placement::also) */
struct fuzz_range {
	enum fuzz_kind kind;
	int space;
	unsigned long start;
	unsigned long last;
};

struct fuzz_space {
	unsigned long first;
	unsigned long last;
	unsigned long avoid_start;
	unsigned long avoid_last;
	bool below_4g;
};

struct fuzz_case {
	unsigned long slot_size;
	unsigned long window_start;
	unsigned long window_last;
	bool from_top;
	bool only_reachable;
	/* The walk is interrupted when it begins this step, 0 for never */
	unsigned int interrupt_at;
	int spaces;
	struct fuzz_space space[2];
	int ranges;
	struct fuzz_range range[FUZZ_RANGES];
};

/* placement-case.c: cases by a seed, and what makes them readable */
void fuzz_make(struct fuzz_case *c, unsigned long seed);
void fuzz_shrink(struct fuzz_case *c,
		 const char *(*check)(const struct fuzz_case *c));
void fuzz_print(const struct fuzz_case *c);

/* placement-model.c: the right answer, a byte for each slot */
int model_find(const struct fuzz_case *c, unsigned long *iova);

#endif
