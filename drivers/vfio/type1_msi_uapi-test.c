// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the report of a type1 container's doorbells if some are added or
 * removed meanwhile, or if a driver pins them: no program can cause this at will.
 */
#include <linux/iommu.h>
#include <uapi/linux/vfio_msi.h>

#include "../iommu/msi/test.h"
#include "vfio_iommu_type1_msi.h"

/* A capability that was sized for some doorbells, and the memory behind it */
struct caps {
	struct vfio_iommu_type1_info_cap_msi cap;
	struct iommu_msi_doorbell doorbells[3];
};

static const struct iommu_msi_doorbell untouched = { .index = ~0U };

static struct caps *two_doorbells(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct caps *caps;
	unsigned int i;

	mt->irq.doorbells[1] = SECOND_PHYS;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 2, msi_test_count(mt));

	caps = kunit_kzalloc(test, sizeof(*caps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, caps);
	for (i = 0; i < ARRAY_SIZE(caps->doorbells); i++)
		caps->doorbells[i] = untouched;
	return caps;
}

static void capability_is_not_filled_beyond_its_end(struct kunit *test)
{
	struct caps *caps = two_doorbells(test);
	struct msi_test *mt = test->priv;

	/* The second one was added after the doorbells were counted */
	vfio_msi_fill_cap(mt->space, &caps->cap, 1);
	KUNIT_EXPECT_EQ(test, 1, caps->cap.num_doorbells);
	KUNIT_EXPECT_EQ(test, 0, caps->doorbells[0].index);
	KUNIT_EXPECT_EQ(test, WINDOW_START, caps->doorbells[0].iova);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &caps->doorbells[1],
			   sizeof(untouched));
}

static void capability_names_no_doorbell_that_has_gone(struct kunit *test)
{
	struct caps *caps = two_doorbells(test);
	struct msi_test *mt = test->priv;

	vfio_msi_fill_cap(mt->space, &caps->cap, 3);
	KUNIT_EXPECT_EQ(test, 2, caps->cap.num_doorbells);
	KUNIT_EXPECT_EQ(test, 1, caps->doorbells[1].index);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &caps->doorbells[2],
			   sizeof(untouched));
}

static void free_regions(struct list_head *regions)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, regions, list)
		kfree(region);
	INIT_LIST_HEAD(regions);
}

static void relocatable_doorbell_is_in_no_region(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	LIST_HEAD(regions);

	KUNIT_EXPECT_EQ(test, 0, vfio_msi_list_pinned(NULL, &regions));
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, vfio_msi_list_pinned(mt->space, &regions));
	KUNIT_EXPECT_TRUE(test, list_empty(&regions));
}

static void doorbell_that_the_user_fixed_is_in_no_region(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	LIST_HEAD(regions);

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_1G));
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_EQ(test, 0, vfio_msi_list_pinned(mt->space, &regions));
	KUNIT_EXPECT_TRUE(test, list_empty(&regions));
}

static void doorbell_that_a_driver_pins_is_in_a_region(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };
	struct iommu_resv_region *region;
	LIST_HEAD(regions);

	msi_test_never_rewrite(test);
	msi_test_attach_with_vector(test, &desc);
	KUNIT_ASSERT_EQ(test, 0, vfio_msi_list_pinned(mt->space, &regions));
	KUNIT_ASSERT_TRUE(test, list_is_singular(&regions));
	region = list_first_entry(&regions, struct iommu_resv_region, list);
	KUNIT_EXPECT_EQ(test, WINDOW_START, region->start);
	KUNIT_EXPECT_EQ(test, SZ_4K, region->length);
	KUNIT_EXPECT_EQ(test, IOMMU_RESV_RESERVED, region->type);
	free_regions(&regions);

	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0, vfio_msi_list_pinned(mt->space, &regions));
	KUNIT_EXPECT_TRUE(test, list_empty(&regions));
}

static void doorbell_that_is_at_two_places_is_in_two_regions(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_resv_region *region;
	struct iommu_doorbell *doorbell;
	struct interval_tree_node *old;
	LIST_HEAD(regions);

	msi_test_attach(test);
	doorbell = mt->space->doorbells[0];
	old = &doorbell->places[!doorbell->at].node;
	old->start = SZ_1G;
	old->last = SZ_1G + SZ_4K - 1;
	interval_tree_insert(old, &mt->space->places);
	doorbell->moving = true;
	KUNIT_ASSERT_EQ(test, 0, vfio_msi_list_pinned(mt->space, &regions));
	KUNIT_ASSERT_EQ(test, 2, list_count_nodes(&regions));
	region = list_first_entry(&regions, struct iommu_resv_region, list);
	KUNIT_EXPECT_EQ(test, WINDOW_START, region->start);
	region = list_last_entry(&regions, struct iommu_resv_region, list);
	KUNIT_EXPECT_EQ(test, SZ_1G, region->start);
	KUNIT_EXPECT_EQ(test, SZ_4K, region->length);
	free_regions(&regions);
}

static struct kunit_case type1_msi_uapi_cases[] = {
	KUNIT_CASE(capability_is_not_filled_beyond_its_end),
	KUNIT_CASE(capability_names_no_doorbell_that_has_gone),
	KUNIT_CASE(relocatable_doorbell_is_in_no_region),
	KUNIT_CASE(doorbell_that_the_user_fixed_is_in_no_region),
	KUNIT_CASE(doorbell_that_a_driver_pins_is_in_a_region),
	KUNIT_CASE(doorbell_that_is_at_two_places_is_in_two_regions),
	{},
};

static struct kunit_suite type1_msi_uapi_suite = {
	.name = "vfio_type1_msi_uapi",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = type1_msi_uapi_cases,
};

kunit_test_suites(&type1_msi_uapi_suite);

MODULE_DESCRIPTION("KUnit tests of VFIO's report of MSI doorbells");
MODULE_LICENSE("GPL");
