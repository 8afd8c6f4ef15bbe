// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of MSI spaces: doorbells of devices behind a nested domain.
 */
#include <linux/iommu-msi-nesting.h>

#include "test.h"

static void pin(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev));
}

static void pinned_doorbell_is_mapped_before_first_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
}

static void map_over_pinned_doorbell_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
}

static void pinned_doorbell_is_placed_nowhere_else(struct kunit *test)
{
	const struct iommu_msi_window window = { SZ_256M, SZ_512M - 1 };
	struct msi_test *mt = test->priv;

	pin(test);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mt->space, 0, SZ_256M));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_window(mt->space, &window));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	/* Its current IOVA may be fixed */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, WINDOW_START));
	iommu_msi_place_auto(mt->space, 0);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
}

static void unpinned_doorbell_moves_again(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	iommu_msi_unpin_device(&mt->domain.domain, mt->dev);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_START));
	KUNIT_EXPECT_NE(test, msi_test_state(test).iova, WINDOW_START);
}

static void vectors_come_and_go_while_pinned(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	pin(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, DOORBELL_PHYS),
			WINDOW_START + 0x40);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
}

static void vector_stays_when_the_pin_goes(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach_with_vector(test, &desc);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev));
	iommu_msi_unpin_device(&mt->domain.domain, mt->dev);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).mapped);
}

static void pin_goes_with_the_reservation(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	/* Pinning twice counts once */
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev));
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
}

static void each_device_pins_for_itself(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev2));
	iommu_msi_unpin_device(&mt->domain.domain, mt->dev);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	iommu_msi_unpin_device(&mt->domain.domain, mt->dev2);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);
}

static void each_nest_parent_has_the_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	pin(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain2.domain, mt->dev));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			DOORBELL_PHYS);
}

static void failing_pin_leaves_nothing(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	mt->irq.doorbells[1] = DOORBELL_PHYS + SZ_64K;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_attach(test);
	/* The second one is out of reach, and the first is mapped by then */
	mt->domain.domain.geometry.aperture_end = WINDOW_START + SZ_4K - 1;
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev));
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	mt->domain.domain.geometry.aperture_end = TOP(48);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev));
}

static void unknown_doorbell_is_mapped_by_its_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	pin(test);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
}

static void unknown_doorbell_that_is_there_is_pinned(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev2, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_pin_device(&mt->domain.domain, mt->dev2));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	iommu_msi_unpin_device(&mt->domain.domain, mt->dev2);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).mapped);
}

static struct kunit_case msi_nesting_test_cases[] = {
	KUNIT_CASE(pinned_doorbell_is_mapped_before_first_vector),
	KUNIT_CASE(map_over_pinned_doorbell_is_refused),
	KUNIT_CASE(pinned_doorbell_is_placed_nowhere_else),
	KUNIT_CASE(unpinned_doorbell_moves_again),
	KUNIT_CASE(vectors_come_and_go_while_pinned),
	KUNIT_CASE(vector_stays_when_the_pin_goes),
	KUNIT_CASE(pin_goes_with_the_reservation),
	KUNIT_CASE(each_device_pins_for_itself),
	KUNIT_CASE(each_nest_parent_has_the_doorbell),
	KUNIT_CASE(failing_pin_leaves_nothing),
	KUNIT_CASE(unknown_doorbell_is_mapped_by_its_vector),
	KUNIT_CASE(unknown_doorbell_that_is_there_is_pinned),
	{}
};

static struct kunit_suite msi_nesting_test_suite = {
	.name = "iommu-msi-nesting",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = msi_nesting_test_cases,
};

kunit_test_suite(msi_nesting_test_suite);
