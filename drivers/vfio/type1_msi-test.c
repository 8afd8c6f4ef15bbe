// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of a type1 container's doorbells when a group is added whose IOMMU
 * has a smaller aperture, or that has reserved ranges; and of a container with the
 * domains of two IOMMUs. The emulated machines of the self tests have only one
 * IOMMU, without such ranges.
 */
#include <linux/iommu.h>

#include "../iommu/msi/test.h"
#include "vfio_iommu_type1_msi.h"

/* The owner of test.c, and a group that is about to be added */
struct type1_msi_test {
	struct msi_test base;
	struct list_head regions;
	struct iommu_resv_region region;
	struct iommu_domain_geometry geometry;
};

static int type1_msi_test_init(struct kunit *test)
{
	struct type1_msi_test *tt;

	tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tt);
	INIT_LIST_HEAD(&tt->regions);
	list_add(&tt->region.list, &tt->regions);
	tt->region.type = IOMMU_RESV_RESERVED;
	tt->region.start = SZ_1G;
	tt->region.length = SZ_64K;
	tt->geometry.aperture_end = TOP(48);
	return msi_test_init(test, &tt->base);
}

static int type1_msi_evade(struct type1_msi_test *tt)
{
	return vfio_msi_evade(tt->base.space, &tt->regions, &tt->geometry);
}

static void type1_msi_reserve_window(struct type1_msi_test *tt)
{
	tt->region.start = WINDOW_START;
	tt->region.length = WINDOW_LAST - WINDOW_START + 1;
}

/* The container's ranges exclude the group's reserved regions */
static void type1_msi_take_region(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_insert(test, &tt->base.owner.taken, tt->region.start,
			tt->region.start + tt->region.length - 1);
}

static void doorbell_stays_if_nothing_is_in_its_way(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_msi_evade(NULL, &tt->regions, &tt->geometry));
}

static void doorbell_is_relocated_from_a_reserved_range(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_attach(test);
	type1_msi_reserve_window(tt);
	type1_msi_take_region(test);
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, SZ_4G - SZ_64M);
}

static void pinned_doorbell_in_a_reserved_range_fails(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(tt->base.space, 0, WINDOW_START));
	type1_msi_reserve_window(tt);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE, type1_msi_evade(tt));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	/* The group is accepted when the doorbell is placed automatically again */
	iommu_msi_place_auto(tt->base.space, 0);
	type1_msi_take_region(test);
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
}

static void relaxable_and_sw_msi_ranges_are_ignored(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(tt->base.space, 0, WINDOW_START));
	type1_msi_reserve_window(tt);
	tt->region.type = IOMMU_RESV_SW_MSI;
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	tt->region.type = IOMMU_RESV_DIRECT_RELAXABLE;
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	tt->region.type = IOMMU_RESV_MSI;
	KUNIT_EXPECT_EQ(test, -EADDRINUSE, type1_msi_evade(tt));
}

static void doorbell_is_relocated_into_a_smaller_aperture(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(tt->base.space, 0, 1UL << 40));
	tt->geometry.aperture_end = TOP(32);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE, type1_msi_evade(tt));
	iommu_msi_place_auto(tt->base.space, 0);
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);

	tt->geometry.aperture_start = SZ_1G;
	KUNIT_EXPECT_EQ(test, 0, type1_msi_evade(tt));
	KUNIT_EXPECT_LE(test, SZ_1G, msi_test_state(test).iova);
}

static void domains_of_two_iommus_agree_on_the_doorbell(struct kunit *test)
{
	struct type1_msi_test *tt = test->priv;
	struct msi_test *mt = &tt->base;
	struct msi_desc first = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc second = { .dev = mt->dev2, .nvec_used = 1 };
	unsigned long place;

	msi_test_attach_with_vector(test, &first);
	mt->domain2.domain.geometry.aperture_end = TOP(32);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	place = msi_test_state(test).iova;

	/* Each domain maps it only when it has a vector of its own */
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain2.domain, &second,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 2);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, place + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, place + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&first);
	iommu_dma_release_msi(&second);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
}

static struct kunit_case type1_msi_cases[] = {
	KUNIT_CASE(doorbell_stays_if_nothing_is_in_its_way),
	KUNIT_CASE(doorbell_is_relocated_from_a_reserved_range),
	KUNIT_CASE(pinned_doorbell_in_a_reserved_range_fails),
	KUNIT_CASE(relaxable_and_sw_msi_ranges_are_ignored),
	KUNIT_CASE(doorbell_is_relocated_into_a_smaller_aperture),
	KUNIT_CASE(domains_of_two_iommus_agree_on_the_doorbell),
	{},
};

static struct kunit_suite type1_msi_suite = {
	.name = "vfio_type1_msi",
	.init = type1_msi_test_init,
	.exit = msi_space_test_exit,
	.test_cases = type1_msi_cases,
};

kunit_test_suites(&type1_msi_suite);

MODULE_DESCRIPTION("KUnit tests of MSI doorbells in VFIO type1 containers");
MODULE_LICENSE("GPL");
