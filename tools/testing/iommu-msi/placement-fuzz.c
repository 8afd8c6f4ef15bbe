// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the placement rule of MSI doorbells: drivers/iommu/msi/placement.c,
 * compiled with the kernel's interval trees for user space, must give the same
 * result as a naive model for the same case, within a limited number of steps.
 *
 *   placement-fuzz [--seed S] [--cases N]
 *
 * Case number i is generated from seed S + i. A failure prints the seed of its
 * case, with which "--seed" and "--cases 1" repeat it, and the case, reduced to
 * what it needs to fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/interval_tree.h>

#include "placement.h"
#include "placement-fuzz.h"

/* The window, 63 candidates below 4 GiB, and one for each bit of an IOVA */
#define MAX_PROBES (MSI_PLACEMENT_WINDOW_SLOTS + 63 + 64)

/* The owner of a space: its ranges, and the number of questions to it */
struct fuzz_owner {
	struct rb_root_cached tree[FUZZ_KINDS];
	unsigned int interrupt_at;
	unsigned int steps;
	unsigned int questions;
};

static struct fuzz_owner owners[2];

static bool fuzz_first_taken(void *data, unsigned long *start,
			     unsigned long *last)
{
	struct fuzz_owner *owner = data;
	struct interval_tree_node *node;

	owner->questions++;
	node = interval_tree_iter_first(&owner->tree[FUZZ_TAKEN], *start,
					*last);
	if (!node)
		return false;
	*start = node->start;
	*last = node->last;
	return true;
}

static bool fuzz_is_claimed(void *data, unsigned long start, unsigned long last)
{
	struct fuzz_owner *owner = data;

	return interval_tree_iter_first(&owner->tree[FUZZ_CLAIMED], start,
					last);
}

static bool fuzz_interrupted(void *data)
{
	struct fuzz_owner *owner = data;

	/* After too many steps, the walk is taken for an endless one */
	return ++owner->steps == owner->interrupt_at ||
	       owner->steps > 4 * FUZZ_RANGES;
}

static const struct msi_placement_ops fuzz_ops = {
	.first_taken = fuzz_first_taken,
	.is_claimed = fuzz_is_claimed,
	.interrupted = fuzz_interrupted,
};

static void fuzz_fill_trees(const struct fuzz_case *c)
{
	static struct interval_tree_node nodes[FUZZ_RANGES];
	const struct fuzz_range *r = c->range;
	int i;

	memset(owners, 0, sizeof(owners));
	for (i = 0; i < c->ranges; i++, r++) {
		nodes[i].start = r->start;
		nodes[i].last = r->last;
		interval_tree_insert(&nodes[i],
				     &owners[r->space].tree[r->kind]);
	}
}

static void fuzz_fill_placement(const struct fuzz_case *c, int i,
				struct msi_placement *p)
{
	const struct fuzz_space *space = &c->space[i];
	struct fuzz_owner *owner = &owners[i];

	*p = (struct msi_placement){
		.ops = &fuzz_ops,
		.owner = owner,
		.places = &owner->tree[FUZZ_PLACE],
		.unreachable = &owner->tree[FUZZ_UNREACHABLE],
		.slot_size = c->slot_size,
		.window_start = c->window_start,
		.window_last = c->window_last,
		.first = space->first,
		.last = space->last,
		.below_4g = space->below_4g,
		.from_top = c->from_top,
		.only_reachable = c->only_reachable,
		.avoid_start = space->avoid_start,
		.avoid_last = space->avoid_last,
	};
}

/* Returns a description of the error in the result for @c, NULL if there is none */
static const char *fuzz_check(const struct fuzz_case *c)
{
	unsigned long iova = 0, expected = 0;
	struct msi_placement p[2];
	unsigned int steps;
	int rc, model;

	fuzz_fill_trees(c);
	fuzz_fill_placement(c, 0, &p[0]);
	fuzz_fill_placement(c, 1, &p[1]);
	p[0].also = c->spaces == 2 ? &p[1] : NULL;

	rc = msi_placement_find(&p[0], &iova);
	model = model_find(c, &expected);
	if (rc != model)
		return rc == -EINTR ? "the walk does not end" :
				      "the result differs from the model's";
	if (iova != expected)
		return "the IOVA differs from the model's";

	/* Each of two passes meets each range once, and the end */
	steps = owners[0].steps;
	if (steps > 2 * (c->ranges + c->spaces + 1))
		return "too many steps";
	if (owners[0].questions > 2 * MAX_PROBES + steps)
		return "too many questions to the owner";

	owners[0].steps = 0;
	owners[0].interrupt_at = c->interrupt_at;
	iova = 0;
	rc = msi_placement_find(&p[0], &iova);
	if (c->interrupt_at && c->interrupt_at <= steps) {
		model = -EINTR;
		expected = 0;
	}
	return rc == model && iova == expected ?
		       NULL :
		       "interrupted at the wrong step";
}

static int fuzz_report(struct fuzz_case *c, unsigned long seed)
{
	unsigned long iova = 0, expected = 0;
	struct msi_placement p[2];
	int rc, model;

	fuzz_shrink(c, fuzz_check);
	printf("# seed %lu: %s\n", seed, fuzz_check(c));
	fuzz_print(c);
	fuzz_fill_trees(c);
	fuzz_fill_placement(c, 0, &p[0]);
	fuzz_fill_placement(c, 1, &p[1]);
	p[0].also = c->spaces == 2 ? &p[1] : NULL;
	rc = msi_placement_find(&p[0], &iova);
	model = model_find(c, &expected);
	printf("# the rule: %d, %#lx; the model: %d, %#lx\n", rc, iova, model,
	       expected);
	return 1;
}

/* Kinds of cases, to detect a generator that makes only easy ones */
struct fuzz_summary {
	unsigned long full;
	unsigned long walked;
	unsigned long unreachable;
};

static void fuzz_count(struct fuzz_summary *summary, const struct fuzz_case *c)
{
	unsigned long iova;

	summary->walked += owners[0].steps > 0;
	summary->full += model_find(c, &iova) != 0;
	summary->unreachable +=
		!RB_EMPTY_ROOT(&owners[0].tree[FUZZ_UNREACHABLE].rb_root);
}

int main(int argc, char **argv)
{
	unsigned long seed = 1, cases = 1000000, i;
	struct fuzz_summary summary = {};
	static struct fuzz_case c;
	int arg;

	for (arg = 1; arg + 1 < argc; arg += 2) {
		if (!strcmp(argv[arg], "--seed"))
			seed = strtoul(argv[arg + 1], NULL, 0);
		else if (!strcmp(argv[arg], "--cases"))
			cases = strtoul(argv[arg + 1], NULL, 0);
		else
			break;
	}
	if (arg != argc) {
		fprintf(stderr, "usage: %s [--seed S] [--cases N]\n", argv[0]);
		return 2;
	}
	for (i = 0; i < cases; i++) {
		fuzz_make(&c, seed + i);
		if (fuzz_check(&c))
			return fuzz_report(&c, seed + i);
		fuzz_count(&summary, &c);
	}
	printf("# seed %lu, %lu cases: %lu full, %lu walked, %lu partly unreachable\n",
	       seed, cases, summary.full, summary.walked, summary.unreachable);
	return 0;
}
