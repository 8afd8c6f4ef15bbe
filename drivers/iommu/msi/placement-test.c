// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the placement rule, as a table.
 */
#include "test.h"

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
	struct msi_range old_places;
	struct msi_range avoid;
	unsigned long slot_size;
	unsigned int aperture_bits;
	bool below_4g;
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
		.name = "place_that_is_being_left_takes_second",
		.old_places = { WINDOW_START, WINDOW_START + 0xfff },
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
};

KUNIT_ARRAY_PARAM_DESC(msi_placement, msi_placement_cases, name);

static void msi_placement_test(struct kunit *test)
{
	const struct msi_placement_case *param = test->param_value;
	struct rb_root_cached old_places = RB_ROOT_CACHED;
	struct rb_root_cached places = RB_ROOT_CACHED;
	struct msi_test_owner owner = {};
	struct msi_placement placement = {
		.ops = &msi_test_owner_ops,
		.owner = &owner,
		.places = &places,
		.old_places = &old_places,
		.slot_size = param->slot_size ?: SZ_4K,
		.window = { WINDOW_START, WINDOW_LAST },
		.last = TOP(param->aperture_bits ?: 48),
		.below_4g = param->below_4g,
		.avoid_start = param->avoid.last ? param->avoid.start : 1,
		.avoid_last = param->avoid.last,
	};
	unsigned long iova = 0;
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(param->taken); i++)
		if (param->taken[i].last)
			msi_test_insert(test, &owner.taken,
					param->taken[i].start,
					param->taken[i].last);
	if (param->claimed.last)
		msi_test_insert(test, &owner.claimed, param->claimed.start,
				param->claimed.last);
	if (param->places.last)
		msi_test_insert(test, &places, param->places.start,
				param->places.last);
	if (param->old_places.last)
		msi_test_insert(test, &old_places, param->old_places.start,
				param->old_places.last);

	rc = msi_placement_find(&placement, &iova);
	KUNIT_EXPECT_EQ(test, rc, param->iova ? 0 : -ENOSPC);
	KUNIT_EXPECT_EQ(test, iova, param->iova);
	KUNIT_EXPECT_EQ(test, owner.searched_all, param->searches_all);
}

static void msi_placement_fills_every_slot_once(struct kunit *test)
{
	struct rb_root_cached old_places = RB_ROOT_CACHED;
	struct rb_root_cached places = RB_ROOT_CACHED;
	struct msi_test_owner owner = {};
	struct msi_placement placement = {
		.ops = &msi_test_owner_ops,
		.owner = &owner,
		.places = &places,
		.old_places = &old_places,
		.slot_size = SZ_4K,
		.window = { WINDOW_START, WINDOW_LAST },
		.last = TOP(48),
		.avoid_start = 1,
	};
	unsigned long iova;
	int i;

	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, 0, msi_placement_find(&placement, &iova));
		KUNIT_ASSERT_NULL(test,
				  interval_tree_iter_first(&places, iova,
							   iova + SZ_4K - 1));
		msi_test_insert(test, &places, iova, iova + SZ_4K - 1);
	}
}

static struct kunit_case msi_placement_test_cases[] = {
	KUNIT_CASE_PARAM(msi_placement_test, msi_placement_gen_params),
	KUNIT_CASE(msi_placement_fills_every_slot_once),
	{}
};

static struct kunit_suite msi_placement_suite = {
	.name = "iommu_msi_placement",
	.test_cases = msi_placement_test_cases,
};

kunit_test_suites(&msi_placement_suite);

MODULE_DESCRIPTION("KUnit tests of the placement of MSI doorbells");
MODULE_LICENSE("GPL");
