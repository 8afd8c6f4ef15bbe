// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the placement rule: a table of IOVAs that doorbells get, and the
 * number of steps of the search. Like the rule itself they need no MSI space.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "placement.h"

#define WINDOW_START 0x8000000UL
#define WINDOW_LAST 0x80fffffUL
#define TOP(bits) ((1UL << (bits)) - 1)
/* The window, 63 candidates below 4 GiB, and one for each bit of a 64-bit IOVA */
#define MAX_PROBES (MSI_PLACEMENT_WINDOW_SLOTS + 63 + 64)

/* An owner that counts the questions to it */
struct msi_placement_owner {
	struct rb_root_cached taken;
	struct rb_root_cached claimed;
	/* The walk is interrupted after this number of steps; 0 for never */
	unsigned int interrupt_at;
	unsigned int questions;
	unsigned int steps;
};

/* A rule and an owner; by default an empty space of 48 bits */
struct msi_placement_env {
	struct msi_placement_owner owner;
	struct rb_root_cached places;
	struct rb_root_cached unreachable;
	struct msi_placement placement;
};

static bool msi_placement_first_taken(void *data, unsigned long *start,
				      unsigned long *last)
{
	struct msi_placement_owner *owner = data;
	struct interval_tree_node *node;

	owner->questions++;
	node = interval_tree_iter_first(&owner->taken, *start, *last);
	if (!node)
		return false;
	*start = node->start;
	*last = node->last;
	return true;
}

static bool msi_placement_is_claimed(void *data, unsigned long start,
				     unsigned long last)
{
	struct msi_placement_owner *owner = data;

	return interval_tree_iter_first(&owner->claimed, start, last);
}

static bool msi_placement_interrupted(void *data)
{
	struct msi_placement_owner *owner = data;

	return ++owner->steps == owner->interrupt_at;
}

static const struct msi_placement_ops msi_placement_test_ops = {
	.first_taken = msi_placement_first_taken,
	.is_claimed = msi_placement_is_claimed,
	.interrupted = msi_placement_interrupted,
};

static struct msi_placement_env *msi_placement_env(struct kunit *test)
{
	struct msi_placement_env *env;

	env = kunit_kzalloc(test, sizeof(*env), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, env);
	env->placement = (struct msi_placement){
		.ops = &msi_placement_test_ops,
		.owner = &env->owner,
		.places = &env->places,
		.unreachable = &env->unreachable,
		.slot_size = SZ_4K,
		.window_start = WINDOW_START,
		.window_last = WINDOW_LAST,
		.last = TOP(48),
		.avoid_start = 1,
	};
	return env;
}

static void msi_placement_insert(struct kunit *test,
				 struct rb_root_cached *root,
				 unsigned long start, unsigned long last)
{
	struct interval_tree_node *node;

	node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	node->start = start;
	node->last = last;
	interval_tree_insert(node, root);
}

/* The placement rule */

struct msi_range {
	unsigned long start;
	unsigned long last;
};

struct msi_placement_case {
	const char *name;
	struct msi_range taken[4];
	struct msi_range claimed;
	struct msi_range places;
	struct msi_range unreachable;
	struct msi_range avoid;
	unsigned long slot_size;
	unsigned int aperture_bits;
	bool below_4g;
	bool from_top;
	bool only_reachable;
	/* Expected; IOVA 0 stands for -ENOSPC */
	unsigned long iova;
	bool searches_all;
};

static const struct msi_placement_case msi_placement_cases[] = {
	{
		.name = "empty_space_takes_first_legacy_slot",
		.iova = WINDOW_START,
	},
	{
		.name = "slots_of_64k_take_first_legacy_slot",
		.slot_size = SZ_64K,
		.iova = WINDOW_START,
	},
	{
		.name = "user_page_in_first_slot_takes_second",
		.taken = { { WINDOW_START, WINDOW_START + 0xfff } },
		.iova = WINDOW_START + SZ_4K,
	},
	{
		.name = "user_byte_in_first_slot_of_16k_takes_second",
		.slot_size = SZ_16K,
		.taken = { { WINDOW_START + 0x3fff, WINDOW_START + 0x3fff } },
		.iova = WINDOW_START + SZ_16K,
	},
	{
		.name = "only_last_legacy_slot_free_takes_it",
		.taken = { { 0, WINDOW_LAST - SZ_4K } },
		.iova = WINDOW_LAST - SZ_4K + 1,
	},
	{
		.name = "taken_window_goes_below_4g",
		.taken = { { WINDOW_START, WINDOW_LAST } },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "each_step_below_4g_is_tried",
		.taken = { { SZ_64M + SZ_4K, TOP(48) } },
		.iova = SZ_64M,
	},
	{
		.name = "all_below_4g_taken_goes_to_top_of_36_bits",
		.taken = { { 0, SZ_4G - 1 } },
		.aperture_bits = 36,
		.iova = TOP(36) + 1 - 2 * SZ_4K,
	},
	{
		.name = "all_below_4g_taken_goes_to_top_of_44_bits",
		.taken = { { 0, SZ_4G - 1 } },
		.aperture_bits = 44,
		.iova = TOP(44) + 1 - 2 * SZ_4K,
	},
	{
		.name = "packed_from_top_finds_distance_behind",
		.taken = { { 0, SZ_4G - 1 }, { TOP(48) + 1 - SZ_1G, TOP(48) } },
		.iova = TOP(48) + 1 - SZ_4K - SZ_1G,
	},
	{
		.name = "aperture_of_32_bits_stays_below",
		.taken = { { WINDOW_START, WINDOW_LAST } },
		.aperture_bits = 32,
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "all_candidates_taken_finds_highest_hole",
		.taken = { { 0, 0x12344fff },
			   { 0x12346000, 0x5000ffff },
			   { 0x50011000, TOP(48) } },
		.iova = 0x50010000,
		.searches_all = true,
	},
	{
		.name = "last_hole_too_small_for_slot_finds_next",
		.slot_size = SZ_64K,
		.taken = { { 0, 0x1234ffff },
			   { 0x12360000, 0x5000ffff },
			   { 0x50018000, TOP(48) } },
		.iova = 0x12350000,
		.searches_all = true,
	},
	{
		.name = "unaligned_hole_of_slot_size_is_none",
		.slot_size = SZ_64K,
		.taken = { { 0, 0x12347fff }, { 0x12358000, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "full_space_is_enospc",
		.taken = { { 0, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "iova_0_is_never_used",
		.taken = { { SZ_4K, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "narrow_msi_never_goes_above_4g",
		.taken = { { 0, SZ_4G - 1 } },
		.below_4g = true,
		.searches_all = true,
	},
	{
		.name = "narrow_msi_finds_last_hole_below_4g",
		.taken = { { 0, 0x12344fff }, { 0x12346000, SZ_4G - 1 } },
		.below_4g = true,
		.iova = 0x12345000,
		.searches_all = true,
	},
	{
		.name = "claimed_window_goes_below_4g",
		.claimed = { WINDOW_START, WINDOW_LAST },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "everything_claimed_takes_first_candidate",
		.claimed = { 0, TOP(48) },
		.iova = WINDOW_START,
	},
	{
		.name = "other_doorbell_in_first_slot_takes_second",
		.places = { WINDOW_START, WINDOW_START + 0xfff },
		.iova = WINDOW_START + SZ_4K,
	},
	{
		.name = "wanted_range_is_avoided",
		.avoid = { WINDOW_START - SZ_1M, WINDOW_LAST + SZ_1M },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "search_avoids_wanted_range_and_doorbell",
		.taken = { { 0, 0x11fff }, { 0x16000, TOP(48) } },
		.avoid = { 0x14000, 0x14fff },
		.places = { 0x15000, 0x15fff },
		.iova = 0x13000,
		.searches_all = true,
	},
	{
		.name = "unreachable_window_goes_below_4g",
		.unreachable = { 0, SZ_1G },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "unreachable_candidate_is_skipped",
		.taken = { { WINDOW_START, WINDOW_LAST } },
		.unreachable = { SZ_4G - SZ_128M, SZ_4G - 1 },
		.iova = SZ_4G - 3 * SZ_64M,
	},
	{
		.name = "claimed_candidate_goes_before_unreachable",
		.taken = { { 0, WINDOW_START - 1 } },
		.claimed = { WINDOW_START, WINDOW_LAST },
		.unreachable = { WINDOW_LAST + 1, TOP(48) },
		.iova = WINDOW_START,
	},
	{
		.name = "reachable_hole_goes_before_unreachable_candidate",
		.taken = { { 0, 0x12344fff }, { 0x12346000, SZ_4G - 1 } },
		.unreachable = { SZ_4G, TOP(48) },
		.iova = 0x12345000,
		.searches_all = true,
	},
	{
		.name = "nothing_reachable_takes_first_candidate",
		.unreachable = { 0, TOP(48) },
		.iova = WINDOW_START,
		.searches_all = true,
	},
	{
		.name = "nothing_reachable_takes_unclaimed_candidate",
		.claimed = { WINDOW_START, WINDOW_LAST },
		.unreachable = { 0, TOP(48) },
		.iova = SZ_4G - SZ_64M,
		.searches_all = true,
	},
	{
		.name = "nothing_reachable_takes_highest_hole",
		.taken = { { 0, 0x12344fff }, { 0x12346000, TOP(48) } },
		.unreachable = { 0x10000000, 0x1fffffff },
		.iova = 0x12345000,
		.searches_all = true,
	},
	{
		.name = "nothing_reachable_is_enospc_if_asked_for",
		.unreachable = { 0, TOP(48) },
		.only_reachable = true,
		.searches_all = true,
	},
	{
		.name = "from_top_takes_last_slot",
		.slot_size = SZ_16M,
		.aperture_bits = 32,
		.from_top = true,
		.iova = SZ_4G - SZ_16M,
	},
	{
		.name = "from_top_grows_down",
		.slot_size = SZ_16M,
		.taken = { { SZ_4G - SZ_16M, SZ_4G - SZ_16M } },
		.places = { SZ_4G - 2 * SZ_16M, SZ_4G - SZ_16M - 1 },
		.aperture_bits = 32,
		.from_top = true,
		.iova = SZ_4G - 3 * SZ_16M,
	},
	{
		.name = "from_top_goes_below_unreachable_slots",
		.slot_size = SZ_16M,
		.unreachable = { 0xe0000000, 0xffffffff },
		.aperture_bits = 32,
		.from_top = true,
		.iova = 0xdf000000,
	},
	{
		.name = "from_top_prefers_unclaimed_slots",
		.slot_size = SZ_1G,
		.claimed = { SZ_1G * 2UL, TOP(32) },
		.aperture_bits = 32,
		.from_top = true,
		.iova = SZ_1G,
	},
	{
		.name = "from_top_of_one_slot_is_enospc",
		.slot_size = SZ_256M,
		.aperture_bits = 28,
		.from_top = true,
	},
	{
		.name = "from_top_searches_what_lies_below_its_candidates",
		.slot_size = SZ_4K,
		.taken = { { 0, 0x12344fff }, { 0x12346000, TOP(32) } },
		.aperture_bits = 32,
		.from_top = true,
		.iova = 0x12345000,
		.searches_all = true,
	},
};

KUNIT_ARRAY_PARAM_DESC(msi_placement, msi_placement_cases, name);

static void msi_placement_insert_range(struct kunit *test,
				       struct rb_root_cached *root,
				       const struct msi_range *range)
{
	if (range->last)
		msi_placement_insert(test, root, range->start, range->last);
}

static void msi_placement_test(struct kunit *test)
{
	const struct msi_placement_case *param = test->param_value;
	struct msi_placement_env *env = msi_placement_env(test);
	struct msi_placement *placement = &env->placement;
	unsigned long iova = 0;
	int i, rc;

	placement->slot_size = param->slot_size ?: SZ_4K;
	placement->last = TOP(param->aperture_bits ?: 48);
	placement->below_4g = param->below_4g;
	placement->from_top = param->from_top;
	placement->only_reachable = param->only_reachable;
	if (param->avoid.last) {
		placement->avoid_start = param->avoid.start;
		placement->avoid_last = param->avoid.last;
	}
	for (i = 0; i < ARRAY_SIZE(param->taken); i++)
		msi_placement_insert_range(test, &env->owner.taken,
					   &param->taken[i]);
	msi_placement_insert_range(test, &env->owner.claimed, &param->claimed);
	msi_placement_insert_range(test, &env->places, &param->places);
	msi_placement_insert_range(test, &env->unreachable,
				   &param->unreachable);

	rc = msi_placement_find(placement, &iova);
	KUNIT_EXPECT_EQ(test, rc, param->iova ? 0 : -ENOSPC);
	KUNIT_EXPECT_EQ(test, iova, param->iova);
	KUNIT_EXPECT_EQ(test, env->owner.steps > 0, param->searches_all);
}

static void msi_placement_fills_every_slot_once(struct kunit *test)
{
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;
	int i;

	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				msi_placement_find(&env->placement, &iova));
		KUNIT_ASSERT_NULL(test,
				  interval_tree_iter_first(&env->places, iova,
							   iova + SZ_4K - 1));
		msi_placement_insert(test, &env->places, iova,
				     iova + SZ_4K - 1);
	}
}

/* Two spaces */

static void place_for_two_spaces_is_free_in_both(struct kunit *test)
{
	struct msi_placement_env *also = msi_placement_env(test);
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;

	env->placement.also = &also->placement;
	msi_placement_insert(test, &env->owner.taken, 0, 0x12344fff);
	msi_placement_insert(test, &also->owner.taken, 0x12347000, TOP(48));
	msi_placement_insert(test, &also->places, 0x12346000, 0x12346fff);
	KUNIT_EXPECT_EQ(test, 0, msi_placement_find(&env->placement, &iova));
	KUNIT_EXPECT_EQ(test, iova, 0x12345000UL);

	msi_placement_insert(test, &env->places, 0x12345000, 0x12345fff);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			msi_placement_find(&env->placement, &iova));
}

/* Cost */

KUNIT_DEFINE_ACTION_WRAPPER(msi_placement_kvfree, kvfree, const void *);

/* @count mappings of a page, each followed by a hole of a page */
static void msi_placement_map(struct kunit *test, struct rb_root_cached *taken,
			      unsigned int count)
{
	struct interval_tree_node *nodes;
	unsigned int i;

	nodes = kvcalloc(count, sizeof(*nodes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nodes);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, msi_placement_kvfree,
						  nodes));
	for (i = 0; i < count; i++) {
		nodes[i].start = SZ_4G + i * SZ_8K;
		nodes[i].last = nodes[i].start + SZ_4K - 1;
		interval_tree_insert(&nodes[i], taken);
	}
}

/* All candidates are taken, and @count mappings leave as many holes */
static void msi_placement_crowd(struct kunit *test,
				struct msi_placement_env *env,
				unsigned int count)
{
	unsigned long end = SZ_4G + count * SZ_8K;

	msi_placement_insert(test, &env->owner.taken, 0, SZ_4G - 1);
	msi_placement_map(test, &env->owner.taken, count);
	msi_placement_insert(test, &env->owner.taken, end, ULONG_MAX);
}

static const unsigned int msi_placement_counts[] = { 100, 100000 };

static void msi_placement_count_desc(const unsigned int *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u_mappings", *count);
}

KUNIT_ARRAY_PARAM(msi_placement_count, msi_placement_counts,
		  msi_placement_count_desc);

/* Only the window's first slots are taken: the number of mappings is irrelevant */
static void probes_do_not_depend_on_mappings(struct kunit *test)
{
	const unsigned int *count = test->param_value;
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;

	msi_placement_map(test, &env->owner.taken, *count);
	msi_placement_insert(test, &env->owner.taken, WINDOW_START,
			     WINDOW_START + SZ_16K - 1);
	KUNIT_EXPECT_EQ(test, 0, msi_placement_find(&env->placement, &iova));
	KUNIT_EXPECT_EQ(test, iova, WINDOW_START + SZ_16K);
	KUNIT_EXPECT_EQ(test, env->owner.questions, 5);
	KUNIT_EXPECT_EQ(test, env->owner.steps, 0);
}

/* A step for each mapping, and one for each of the two ranges around them */
static void walk_of_holes_without_a_slot_is_linear(struct kunit *test)
{
	const unsigned int *count = test->param_value;
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;

	msi_placement_crowd(test, env, *count);
	env->placement.slot_size = SZ_64K;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			msi_placement_find(&env->placement, &iova));
	KUNIT_EXPECT_EQ(test, env->owner.steps, *count + 2);
	KUNIT_EXPECT_LE(test, env->owner.questions,
			MAX_PROBES + env->owner.steps);
}

static void unreachable_doubles_the_cost_at_most(struct kunit *test)
{
	const unsigned int *count = test->param_value;
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;

	msi_placement_crowd(test, env, *count);
	env->placement.slot_size = SZ_64K;
	msi_placement_insert(test, &env->unreachable, SZ_1G, SZ_2G);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			msi_placement_find(&env->placement, &iova));
	/* Each range that is not carried adds at most two steps */
	KUNIT_EXPECT_LE(test, env->owner.steps, 2 * (*count + 2) + 2);
	KUNIT_EXPECT_LE(test, env->owner.questions,
			2 * MAX_PROBES + env->owner.steps);
}

static void signal_ends_the_walk(struct kunit *test)
{
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova = 1;

	msi_placement_crowd(test, env, 1000);
	env->placement.slot_size = SZ_64K;
	env->owner.interrupt_at = 10;
	KUNIT_EXPECT_EQ(test, -EINTR,
			msi_placement_find(&env->placement, &iova));
	KUNIT_EXPECT_EQ(test, env->owner.steps, 10);
	KUNIT_EXPECT_EQ(test, iova, 1UL);
}

static void signal_ends_the_second_walk(struct kunit *test)
{
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova;

	/* One step for the range that is not carried, then the second walk begins */
	msi_placement_insert(test, &env->unreachable, 0, ULONG_MAX);
	msi_placement_crowd(test, env, 1000);
	env->placement.slot_size = SZ_64K;
	env->owner.interrupt_at = 10;
	KUNIT_EXPECT_EQ(test, -EINTR,
			msi_placement_find(&env->placement, &iova));
	KUNIT_EXPECT_EQ(test, env->owner.steps, 10);
}

/* Windows that a user chose */

struct msi_window_case {
	const char *name;
	struct msi_range window;
	struct msi_range taken;
	unsigned long slot_size;
	/* Confine doorbells to the window */
	bool only;
	/* Expected; IOVA 0 stands for -ENOSPC */
	unsigned long iova;
	/* Most questions to the owner */
	unsigned int questions;
};

static const struct msi_window_case msi_window_cases[] = {
	{
		.name = "window_without_hole_is_enospc_at_once",
		.window = { SZ_4G, SZ_4G + SZ_1T - 1 },
		.taken = { SZ_4G, SZ_4G + SZ_1T - 1 },
		.only = true,
		.questions = MAX_PROBES + 1,
	},
	{
		.name = "window_to_the_very_end_without_hole_is_enospc_at_once",
		.window = { SZ_4G, ULONG_MAX },
		.taken = { SZ_4G, ULONG_MAX },
		.only = true,
		.questions = MAX_PROBES + 1,
	},
	{
		.name = "window_of_everything_without_hole_is_enospc_at_once",
		.window = { 0, ULONG_MAX },
		.taken = { 0, ULONG_MAX },
		.only = true,
		.questions = MAX_PROBES + 1,
	},
	{
		.name = "window_of_everything_takes_second_slot",
		.window = { 0, ULONG_MAX },
		.only = true,
		.iova = SZ_4K,
		.questions = 1,
	},
	{
		.name = "last_slot_of_all_is_found",
		.window = { ULONG_MAX - SZ_4K + 1, ULONG_MAX },
		.only = true,
		.iova = ULONG_MAX - SZ_4K + 1,
		.questions = 1,
	},
	{
		.name = "last_slot_of_all_is_found_by_the_walk",
		.window = { 0, ULONG_MAX },
		.taken = { 0, ULONG_MAX - SZ_4K },
		.only = true,
		.iova = ULONG_MAX - SZ_4K + 1,
		.questions = MAX_PROBES + 2,
	},
	{
		.name = "half_a_slot_at_the_very_end_is_none",
		.window = { ULONG_MAX - SZ_2K + 1, ULONG_MAX },
		.only = true,
		.questions = 1,
	},
	{
		.name = "unaligned_window_that_rounds_up_to_0_is_none",
		.window = { ULONG_MAX - 1, ULONG_MAX },
		.slot_size = SZ_64K,
		.only = true,
		.questions = 1,
	},
	{
		.name = "window_smaller_than_slot_is_none",
		.window = { SZ_1G, SZ_1G + SZ_4K - 1 },
		.slot_size = SZ_64K,
		.only = true,
		.questions = 1,
	},
	{
		.name = "slot_of_half_of_everything_takes_upper_half",
		.window = { 0, ULONG_MAX },
		.slot_size = 1UL << 63,
		.only = true,
		.iova = 1UL << 63,
		.questions = 1,
	},
	{
		.name = "slot_256_of_the_window_is_a_candidate",
		.window = { SZ_1T, 2 * SZ_1T - 1 },
		.taken = { SZ_1T, SZ_1T + 255 * SZ_4K - 1 },
		.only = true,
		.iova = SZ_1T + 255 * SZ_4K,
		.questions = 256,
	},
	{
		.name = "behind_slot_256_candidates_at_the_top_are_next",
		.window = { SZ_1T, 2 * SZ_1T - 1 },
		.taken = { SZ_1T, SZ_1T + 256 * SZ_4K - 1 },
		.only = true,
		.iova = 2 * SZ_1T - 2 * SZ_4K,
		.questions = 257,
	},
	{
		.name = "first_256_slots_are_those_within_the_aperture",
		.window = { 0, SZ_4K * 1000 },
		.taken = { 0, SZ_4K * 256 - 1 },
		.only = true,
		.iova = SZ_4K * 256,
		.questions = 256,
	},
	{
		.name = "window_that_does_not_confine_is_tried_first",
		.window = { SZ_1T, 2 * SZ_1T - 1 },
		.iova = SZ_1T,
		.questions = 1,
	},
	{
		.name = "empty_window_goes_below_4g",
		.window = { 1, 0 },
		.iova = SZ_4G - SZ_64M,
		.questions = 1,
	},
};

KUNIT_ARRAY_PARAM_DESC(msi_window, msi_window_cases, name);

static void msi_window_test(struct kunit *test)
{
	const struct msi_window_case *param = test->param_value;
	struct msi_placement_env *env = msi_placement_env(test);
	unsigned long iova = 0;
	int rc;

	env->placement.slot_size = param->slot_size ?: SZ_4K;
	env->placement.window_start = param->window.start;
	env->placement.window_last = param->window.last;
	env->placement.first = param->only ? param->window.start : 0;
	env->placement.last = param->only ? param->window.last : ULONG_MAX;
	msi_placement_insert_range(test, &env->owner.taken, &param->taken);

	rc = msi_placement_find(&env->placement, &iova);
	KUNIT_EXPECT_EQ(test, rc, param->iova ? 0 : -ENOSPC);
	KUNIT_EXPECT_EQ(test, iova, param->iova);
	KUNIT_EXPECT_LE(test, env->owner.questions, param->questions);
}

static struct kunit_case msi_placement_test_cases[] = {
	KUNIT_CASE_PARAM(msi_placement_test, msi_placement_gen_params),
	KUNIT_CASE(msi_placement_fills_every_slot_once),
	KUNIT_CASE(place_for_two_spaces_is_free_in_both),
	KUNIT_CASE_PARAM(probes_do_not_depend_on_mappings,
			 msi_placement_count_gen_params),
	KUNIT_CASE_PARAM(walk_of_holes_without_a_slot_is_linear,
			 msi_placement_count_gen_params),
	KUNIT_CASE_PARAM(unreachable_doubles_the_cost_at_most,
			 msi_placement_count_gen_params),
	KUNIT_CASE(signal_ends_the_walk),
	KUNIT_CASE(signal_ends_the_second_walk),
	KUNIT_CASE_PARAM(msi_window_test, msi_window_gen_params),
	{}
};

static struct kunit_suite msi_placement_suite = {
	.name = "iommu_msi_placement",
	.test_cases = msi_placement_test_cases,
};

kunit_test_suites(&msi_placement_suite);

MODULE_DESCRIPTION("KUnit tests of the placement of MSI doorbells");
MODULE_LICENSE("GPL");
