/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One case of placement-fuzz.c: the input of the rule, with the ranges that it has to
 * avoid.
 */
#ifndef __PLACEMENT_FUZZ_H
#define __PLACEMENT_FUZZ_H

#include <stdbool.h>

/* Sums of IOVAs do not wrap in this type. An unsigned long has 64 bits here. */
#define u128 unsigned __int128

/* Maximum number of slots of an aperture: more than twice the window's 256 */
#define FUZZ_SLOTS 600
#define FUZZ_RANGES 24

enum fuzz_kind {
	FUZZ_TAKEN,
	FUZZ_PLACE,
	FUZZ_UNREACHABLE,
	FUZZ_CLAIMED,
	FUZZ_KINDS,
};

/* In the first space or in the second one, see struct msi_placement::also */
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
	/* The walk is interrupted at the beginning of this step; 0 for never */
	unsigned int interrupt_at;
	int spaces;
	struct fuzz_space space[2];
	int ranges;
	struct fuzz_range range[FUZZ_RANGES];
};

/* placement-case.c: generate a case from a seed, shrink and print it */
void fuzz_make(struct fuzz_case *c, unsigned long seed);
void fuzz_shrink(struct fuzz_case *c,
		 const char *(*check)(const struct fuzz_case *c));
void fuzz_print(const struct fuzz_case *c);

/* placement-model.c: the correct result, by a map with a byte for each slot */
int model_find(const struct fuzz_case *c, unsigned long *iova);

#endif
