// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of doorbells in domains with slots, and of the banks of a provider
 * (struct iommu_msi_provider), which are in such domains.
 */
#include <linux/iommu.h>
#include <linux/iommu-msi-provider.h>

#include "test.h"

#define SLOT SZ_16M
#define LAST_SLOT (SZ_4G - SLOT)

struct msi_bank_test {
	struct msi_test base;
	struct iommu_msi_rewriter driver;
	const struct iommu_msi_provider *old;
};

static int bank_walk(struct device *dev, irq_msi_doorbell_fn_t fn, void *data)
{
	int rc = fn(DOORBELL_PHYS, sizeof(u32), data);

	return rc ?: fn(SECOND_PHYS, sizeof(u32), data);
}

static bool bank_is_own(struct device *dev)
{
	return true;
}

static const struct iommu_msi_provider bank_provider = {
	.walk_banks = bank_walk,
	.has_own_banks = bank_is_own,
};

static void bank_rewrite(struct iommu_msi_rewriter *driver,
			 struct iommu_msi_rewrite *rewrite)
{
	iommu_msi_rewrite(rewrite);
}

static void cut_into_slots(struct msi_test_domain *td, unsigned int bits,
			   unsigned long slot_size)
{
	td->domain.geometry.aperture_end = TOP(bits);
	td->domain.geometry.slot_size = slot_size;
}

/* The user's device has a driver that would rewrite messages */
static int bank_test_init(struct kunit *test)
{
	struct msi_bank_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);
	struct msi_test *mt;

	KUNIT_ASSERT_NOT_NULL(test, bt);
	mt = &bt->base;
	msi_test_init(test, mt);
	bt->old = iommu_msi_set_provider(&bank_provider);
	dev_set_msi_domain(mt->dev, NULL);
	cut_into_slots(&mt->domain, 32, SLOT);
	mt->dev->iommu = &mt->param;
	bt->driver.rewrite = bank_rewrite;
	iommu_msi_register_rewriter(mt->dev, &bt->driver);
	return 0;
}

static void bank_test_exit(struct kunit *test)
{
	struct msi_bank_test *bt = test->priv;

	msi_space_test_exit(test);
	iommu_msi_set_provider(bt->old);
}

static struct iommu_msi_state bank_state(struct kunit *test,
					 unsigned long wanted)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state = {};
	unsigned long index = wanted;

	KUNIT_ASSERT_TRUE(test,
			  iommu_msi_next_state(mt->space, &index, &state));
	KUNIT_ASSERT_EQ(test, index, wanted);
	return state;
}

/* Attach as an owner that knows the domain's slots in advance */
static void bank_attach(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
	msi_test_attach(test);
}

static void banks_are_counted(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_EXPECT_EQ(test, 2, iommu_msi_count_doorbells(mt->dev));
}

static void banks_take_whole_slots_from_the_top(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_geometry geometry;
	unsigned long i;

	bank_attach(test);
	for (i = 0; i < 2; i++) {
		struct iommu_msi_state state = bank_state(test, i);

		KUNIT_EXPECT_EQ(test, state.iova, LAST_SLOT - i * SLOT);
		KUNIT_EXPECT_EQ(test, state.length, SLOT);
		KUNIT_EXPECT_TRUE(test, state.pinned);
		KUNIT_EXPECT_FALSE(test, state.mapped);
	}
	iommu_msi_get_geometry(mt->space, &geometry);
	KUNIT_EXPECT_EQ(test, geometry.granule, SLOT);
}

static void bank_is_relocated_when_slots_become_known(struct kunit *test)
{
	/* This reserves before the domain joins */
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, LAST_SLOT);
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).length, SLOT);
}

static void message_is_sent_to_the_start_of_a_slot(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	bank_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc, SECOND_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, SECOND_PHYS),
			LAST_SLOT - SLOT + SECOND_PHYS % SZ_4K);
	KUNIT_EXPECT_EQ(test,
			msi_test_phys(&mt->domain, LAST_SLOT - SLOT + 0x80),
			SECOND_PHYS);
	KUNIT_EXPECT_TRUE(test, bank_state(test, 1).mapped);
	KUNIT_EXPECT_FALSE(test, bank_state(test, 0).mapped);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_FALSE(test, bank_state(test, 1).mapped);
}

static void map_into_the_slot_of_a_bank_fails(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	bank_attach(test);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, SZ_4G - SZ_4K,
					    SZ_4G - 1));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, LAST_SLOT);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, 0,
					    LAST_SLOT - SLOT - 1));
}

static void request_places_a_bank_that_has_no_vectors(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	bank_attach(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_place_fixed(mt->space, 0, SLOT + SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SLOT));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, SLOT);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mt->space, 0, 2 * SLOT));
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, DOORBELL_PHYS),
			SLOT + 0x40);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, 2 * SLOT));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, 2 * SLOT);
}

static void request_that_fits_no_slot_refuses_the_device(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, SLOT + SZ_4K));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, 0, msi_test_count(mt));
}

static void bank_without_a_hole_refuses_vectors(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	/* One slot is free; of the next one only the first bytes are */
	msi_test_insert(test, &mt->owner.taken, 0, 5 * SLOT - 1);
	msi_test_insert(test, &mt->owner.taken, 6 * SLOT + 7, TOP(32));
	bank_attach(test);
	KUNIT_EXPECT_EQ(test, 1, msi_test_count(mt));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, 5 * SLOT);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&mt->domain.domain, &desc, SECOND_PHYS));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_dma_release_msi(&desc);
}

static void domain_with_larger_slots_relocates_banks(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	cut_into_slots(&mt->domain2, 32, SZ_1G);
	bank_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).length, SZ_1G);
	KUNIT_EXPECT_EQ(test, 0, bank_state(test, 0).iova % SZ_1G);
	KUNIT_EXPECT_EQ(test, bank_state(test, 1).length, SZ_1G);
	KUNIT_EXPECT_NE(test, bank_state(test, 0).iova,
			bank_state(test, 1).iova);
}

static void domain_without_room_has_no_banks(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	/* Its one slot begins at IOVA 0 */
	cut_into_slots(&mt->domain2, 28, SZ_256M);
	bank_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_EXPECT_EQ(test, 0, msi_test_count(mt));
	msi_test_enter(test, &mt->domain2, mt->dev);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&mt->domain2.domain, &desc,
				      DOORBELL_PHYS));
}

static void domain_without_room_for_vectors_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	cut_into_slots(&mt->domain2, 28, SZ_256M);
	bank_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_EXPECT_EQ(test, 2, msi_test_count(mt));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, LAST_SLOT);
	KUNIT_EXPECT_EQ(test, bank_state(test, 1).length, SLOT);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, LAST_SLOT + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
}

static void bank_leaves_what_no_device_reaches(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	bank_attach(test);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_evade(mt->space, SZ_2G, SZ_4G - 1));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, SZ_2G - SLOT);
	KUNIT_EXPECT_EQ(test, bank_state(test, 1).iova, SZ_2G - 2 * SLOT);

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_evade(mt->space, SZ_1G, SZ_4G - 1));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, SZ_2G - SLOT);
	KUNIT_EXPECT_EQ(test, bank_state(test, 1).iova, SZ_2G - 2 * SLOT);
	iommu_dma_release_msi(&desc);
}

static void bank_that_finds_no_other_place_is_not_reserved(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	/* One slot is left, apart from the one at IOVA 0 */
	bank_attach(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_evade(mt->space, 2 * SLOT, SZ_4G - 1));
	KUNIT_EXPECT_EQ(test, 1, msi_test_count(mt));
	KUNIT_EXPECT_EQ(test, bank_state(test, 0).iova, SLOT);
}

static void banks_are_own_if_the_provider_says_so(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_EXPECT_TRUE(test, iommu_msi_has_own_banks(mt->dev));
	/* An MSI domain enumerates the doorbells of this device */
	KUNIT_EXPECT_FALSE(test, iommu_msi_has_own_banks(mt->dev2));
	iommu_msi_set_provider(NULL);
	KUNIT_EXPECT_FALSE(test, iommu_msi_has_own_banks(mt->dev));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_count_doorbells(mt->dev));
}

static void granule_is_a_page_again_without_slots(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_geometry geometry;

	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
	iommu_msi_leave(&mt->domain.domain);
	iommu_msi_get_geometry(mt->space, &geometry);
	KUNIT_EXPECT_EQ(test, geometry.granule, SZ_4K);
}

static struct kunit_case msi_window_cases[] = {
	KUNIT_CASE(banks_are_counted),
	KUNIT_CASE(banks_take_whole_slots_from_the_top),
	KUNIT_CASE(bank_is_relocated_when_slots_become_known),
	KUNIT_CASE(message_is_sent_to_the_start_of_a_slot),
	KUNIT_CASE(map_into_the_slot_of_a_bank_fails),
	KUNIT_CASE(request_places_a_bank_that_has_no_vectors),
	KUNIT_CASE(request_that_fits_no_slot_refuses_the_device),
	KUNIT_CASE(bank_without_a_hole_refuses_vectors),
	KUNIT_CASE(domain_with_larger_slots_relocates_banks),
	KUNIT_CASE(domain_without_room_has_no_banks),
	KUNIT_CASE(domain_without_room_for_vectors_is_refused),
	KUNIT_CASE(bank_leaves_what_no_device_reaches),
	KUNIT_CASE(bank_that_finds_no_other_place_is_not_reserved),
	KUNIT_CASE(banks_are_own_if_the_provider_says_so),
	KUNIT_CASE(granule_is_a_page_again_without_slots),
	{},
};

static struct kunit_suite msi_window_suite = {
	.name = "iommu_msi_window",
	.init = bank_test_init,
	.exit = bank_test_exit,
	.test_cases = msi_window_cases,
};

kunit_test_suites(&msi_window_suite);

MODULE_DESCRIPTION("KUnit tests of MSI doorbells in windows of slots");
MODULE_LICENSE("GPL");
