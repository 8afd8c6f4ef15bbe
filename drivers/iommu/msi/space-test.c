// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of MSI spaces: reserving IOVAs, mapping doorbells and counting
 * vectors.
 */
#include <kunit/test-bug.h>
#include <linux/device.h>

#include "test.h"

static void attach_reserves_but_does_not_map(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state;

	msi_test_attach(test);
	state = msi_test_state(test);
	KUNIT_EXPECT_EQ(test, state.iova, WINDOW_START);
	KUNIT_EXPECT_EQ(test, state.length, SZ_4K);
	KUNIT_EXPECT_FALSE(test, state.mapped);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, mt->domain.domain.type, IOMMU_DOMAIN_MIXED);
}

static void first_vector_maps_and_last_unmaps(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev, .nvec_used = 4 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 5);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_EQ(test, msi_test_message(&a, DOORBELL_PHYS),
			WINDOW_START + 0x40);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, mt->domain.prot,
			IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO);

	iommu_dma_release_msi(&a);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	iommu_dma_release_msi(&b);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	/* A message composed now must not use the old IOVA */
	KUNIT_EXPECT_EQ(test, msi_test_message(&a, DOORBELL_PHYS),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&a);
}

static void devices_share_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_device(mt->space, mt->dev2);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void range_of_registers_gets_place_per_page(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.doorbells[0] = 0xf0001ff8;
	mt->irq.sizes[0] = 0x10;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 2);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc, 0xf0002000));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + SZ_4K),
			0xf0002000);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START), 0);
	iommu_dma_release_msi(&desc);
}

static void registers_in_one_page_are_one_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	/* As GICv3's MBIs, and a range that ends in the page of the first one */
	mt->irq.doorbells[1] = DOORBELL_PHYS + 8;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.doorbells[2] = DOORBELL_PHYS - SZ_4K;
	mt->irq.sizes[2] = SZ_4K + sizeof(u32);
	mt->irq.count = 3;
	KUNIT_EXPECT_EQ(test, iommu_msi_count_doorbells(mt->dev), 2);
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 2);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void large_slot_maps_only_page_of_register(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	iommu_msi_space_destroy(mt->space);
	mt->space =
		iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mt->space);
	mt->irq.doorbells[0] = 0xf0003040;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc, 0xf0003040));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).length, SZ_64K);
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, 0xf0003040),
			WINDOW_START + 0x3040);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x3040),
			0xf0003040);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x2000),
			0);
	iommu_dma_release_msi(&desc);
}

static void map_over_unused_doorbell_moves_it(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, SZ_4G - SZ_64M);
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, WINDOW_START,
						      WINDOW_LAST));
}

static void map_over_used_doorbell_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_never_rewrite(test);
	msi_test_attach_with_vector(test, &desc);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
}

static void no_room_for_all_moves_none(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state;
	unsigned long index;

	mt->irq.doorbells[1] = DOORBELL_PHYS + SZ_64K;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_attach(test);
	/* One hole for two doorbells */
	msi_test_insert(test, &mt->owner.taken, 0, 0x12344fff);
	msi_test_insert(test, &mt->owner.taken, 0x12346000, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	for (index = 0; index < 2; index++) {
		KUNIT_ASSERT_TRUE(test, iommu_msi_next_state(mt->space, &index,
							     &state));
		KUNIT_EXPECT_EQ(test, state.iova, WINDOW_START + index * SZ_4K);
	}
}

static void full_space_refuses_device_and_keeps_nothing(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_insert(test, &mt->owner.taken, SZ_8K, ULONG_MAX);
	mt->irq.doorbells[1] = DOORBELL_PHYS + SZ_64K;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void failed_map_leaves_no_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	mt->domain.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_NULL(test, desc.iommu_msi_user);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_dma_release_msi(&desc);
}

static void doorbell_without_reservation_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS + SZ_64K));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
}

static void doorbell_that_only_others_reserved_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev2, .nvec_used = 1 };

	msi_test_attach(test);
	mt->irq.doorbells[0] = DOORBELL_PHYS + SZ_64K;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	/* Without reservation it is a host driver's, or joined the group late */
	iommu_msi_unreserve_device(mt->space, mt->dev2);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_dma_release_msi(&desc);
}

static void
silent_controller_gets_place_bound_by_first_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 2);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
}

static void msi_test_join_second(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
}

static void msi_test_attach_silent_pair(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	msi_test_join_second(test);
}

/* Like devices behind a pre-ITS, which has a register for each */
static void silent_devices_share_doorbell_of_a_page(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev2, .nvec_used = 1 };

	msi_test_attach_silent_pair(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 2);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b,
				      DOORBELL_PHYS + 4));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);

	/* The second one changes its domain, the first one is detached */
	msi_test_enter(test, &mt->domain2, mt->dev2);
	iommu_dma_release_msi(&a);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x44),
			DOORBELL_PHYS + 4);
	iommu_dma_release_msi(&b);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
}

static void silent_device_that_comes_back_finds_its_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach_with_vector(test, &desc);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	msi_test_join_second(test);
	msi_test_enter(test, &mt->domain2, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
}

static void silent_device_is_refused_doorbell_out_of_reach(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = &pdev->dev, .nvec_used = 1 };

	dev_set_msi_domain(&pdev->dev, &mt->irq.domain);
	pdev->no_64bit_msi = true;
	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_insert(test, &mt->owner.taken, 0, SZ_4G - 1);
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	mt->owner.taken = RB_ROOT_CACHED;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, &pdev->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	KUNIT_EXPECT_NULL(test, b.iommu_msi_user);
	iommu_msi_unreserve_device(mt->space, &pdev->dev);
	iommu_dma_release_msi(&a);
}

static void device_without_msi_domain_needs_no_place(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	dev_set_msi_domain(mt->dev, NULL);
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void doorbell_outlives_detached_device(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_never_rewrite(test);
	msi_test_attach_with_vector(test, &desc);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	/* The unused doorbell is removed when the owner needs its IOVA */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, 0, ULONG_MAX));
}

static void vector_outlives_domain_and_space(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach_with_vector(test, &desc);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	iommu_msi_leave(&mt->domain.domain);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	iommu_msi_space_destroy(mt->space);
	iommu_dma_release_msi(&desc);

	mt->space =
		iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mt->space);
}

static void moving_device_finds_doorbell_in_new_domain(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach_with_vector(test, &desc);
	msi_test_join_second(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_group_begin(&mt->domain2.domain,
					      msi_test_group(mt->dev)));
	msi_test_enter(test, &mt->domain2, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
}

static void vector_during_move_maps_doorbell_in_both_domains(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	msi_test_join_second(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_group_begin(&mt->domain2.domain,
					      msi_test_group(mt->dev)));
	mt->domain2.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_FALSE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_FALSE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);

	iommu_msi_group_end(&mt->domain2.domain, msi_test_group(mt->dev),
			    false);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);
}

static void domain_gets_no_doorbell_of_other_devices(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach_with_vector(test, &desc);
	mt->irq.doorbells[0] = DOORBELL_PHYS + SZ_64K;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	msi_test_join_second(test);
	msi_test_enter(test, &mt->domain2, mt->dev2);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);
}

static void narrow_domain_cannot_join_pinned_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_never_rewrite(test);
	msi_test_attach_with_vector(test, &desc);
	mt->domain2.domain.geometry.aperture_end = WINDOW_START - 1;
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	iommu_msi_leave(&mt->domain2.domain);
	KUNIT_EXPECT_EQ(test, mt->domain2.domain.type, IOMMU_DOMAIN_UNMANAGED);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_EXPECT_LT(test, msi_test_state(test).iova, WINDOW_START);
}

static void reserving_again_changes_nothing(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void foreign_domains_cannot_join(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_space *other;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));

	mt->domain2.domain.pgsize_bitmap = SZ_64K;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	mt->domain2.domain.pgsize_bitmap = SZ_4K;
	mt->domain2.domain.type = IOMMU_DOMAIN_DMA;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	mt->domain2.domain.type = IOMMU_DOMAIN_UNMANAGED;

	other = iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(other, &mt->domain.domain));
	iommu_msi_space_destroy(other);
}

/* Groups that the owner attaches as a whole, and whose devices come and go */

static void msi_test_leave_group(void *data)
{
	iommu_group_remove_device(data);
}

static void msi_test_join_group(struct kunit *test, struct iommu_group *group,
				struct device *dev)
{
	KUNIT_ASSERT_EQ(test, 0, iommu_group_add_device(group, dev));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, msi_test_leave_group,
						  dev));
}

static void msi_test_put_group(void *data)
{
	iommu_group_put(data);
}

/* mt->dev and mt->dev2, whose bus has a limit */
static struct iommu_group *msi_test_new_group(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_group *group = iommu_group_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, group);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, msi_test_put_group,
						  group));
	msi_test_join_group(test, group, mt->dev);
	msi_test_join_group(test, group, mt->dev2);
	mt->dev->bus_dma_limit = TOP(40);
	mt->dev2->bus_dma_limit = TOP(40);
	return group;
}

static void msi_test_attach_group(struct kunit *test, struct iommu_group *group,
				  struct msi_test_domain *td)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_group(mt->space, group,
						&msi_test_window));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &td->domain));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_group_begin(&td->domain, group));
	iommu_msi_group_end(&td->domain, group, true);
}

static void msi_test_expect_empty(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_bus_limits *limits = &mt->space->limits;

	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&mt->space->groups));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&limits->unreachable.rb_root));
}

static void group_takes_along_what_a_device_left_behind(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	unsigned int refs = kref_read(&mt->dev2->kobj.kref);
	struct iommu_group *group = msi_test_new_group(test);

	msi_test_attach_group(test, group, &mt->domain);
	KUNIT_EXPECT_FALSE(test, msi_bus_reaches(&mt->space->limits, TOP(40),
						 TOP(40) + 1));
	iommu_group_remove_device(mt->dev2);
	KUNIT_EXPECT_GT(test, kref_read(&mt->dev2->kobj.kref), refs);
	iommu_msi_unreserve_group(mt->space, group);
	msi_test_expect_empty(test);
	KUNIT_EXPECT_EQ(test, kref_read(&mt->dev2->kobj.kref), refs);
}

static void group_that_a_device_left_comes_back_as_new(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };
	struct iommu_group *group = msi_test_new_group(test);

	msi_test_attach_group(test, group, &mt->domain);
	iommu_group_remove_device(mt->dev2);
	iommu_msi_unreserve_group(mt->space, group);
	iommu_msi_leave(&mt->domain.domain);

	msi_test_attach_group(test, group, &mt->domain2);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain2.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_FALSE(test, xa_empty(&mt->domain2.pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	iommu_dma_release_msi(&desc);
	iommu_msi_unreserve_group(mt->space, group);
	msi_test_expect_empty(test);
}

static void device_that_replaces_one_that_left_gets_vectors(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct device *next = msi_test_device(test, "msi_test3", &mt->irq);
	struct msi_desc desc = { .dev = next, .nvec_used = 1 };
	struct iommu_group *group = msi_test_new_group(test);

	msi_test_attach_group(test, group, &mt->domain);
	iommu_group_remove_device(mt->dev2);
	msi_test_join_group(test, group, next);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	iommu_msi_unreserve_group(mt->space, group);
	msi_test_expect_empty(test);
}

/* Asking the controller of the first device takes until the second one has left */
static int msi_test_slow_doorbells(struct irq_domain *domain,
				   struct device *dev, irq_msi_doorbell_fn_t fn,
				   void *data)
{
	struct msi_test *mt = kunit_get_current_test()->priv;

	if (dev == mt->dev)
		iommu_group_remove_device(mt->dev2);
	return fn(DOORBELL_PHYS, sizeof(u32), data);
}

static const struct irq_domain_ops msi_test_slow_irq_ops = {
	.msi_doorbells = msi_test_slow_doorbells,
};

static void device_leaves_while_it_gets_a_reservation(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_group *group = msi_test_new_group(test);

	mt->irq.domain.ops = &msi_test_slow_irq_ops;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_group(mt->space, group,
						&msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_group(mt->space, group);
	msi_test_expect_empty(test);
}

static void sibling_leaves_while_it_gets_a_reservation(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct device *user = msi_test_device(test, "msi_test3", &mt->irq);

	/* Its siblings are the two others, in this order */
	msi_test_join_group(test, msi_test_new_group(test), user);
	mt->irq.domain.ops = &msi_test_slow_irq_ops;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, user,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_device(mt->space, user);
	msi_test_expect_empty(test);
}

static void group_that_gets_no_doorbell_keeps_nothing(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_group *group = msi_test_new_group(test);

	msi_test_insert(test, &mt->owner.taken, 0, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_reserve_group(mt->space, group,
						&msi_test_window));
	msi_test_expect_empty(test);
}

static struct kunit_case msi_space_test_cases[] = {
	KUNIT_CASE(attach_reserves_but_does_not_map),
	KUNIT_CASE(first_vector_maps_and_last_unmaps),
	KUNIT_CASE(devices_share_doorbell),
	KUNIT_CASE(range_of_registers_gets_place_per_page),
	KUNIT_CASE(registers_in_one_page_are_one_doorbell),
	KUNIT_CASE(large_slot_maps_only_page_of_register),
	KUNIT_CASE(map_over_unused_doorbell_moves_it),
	KUNIT_CASE(map_over_used_doorbell_is_refused),
	KUNIT_CASE(no_room_for_all_moves_none),
	KUNIT_CASE(full_space_refuses_device_and_keeps_nothing),
	KUNIT_CASE(failed_map_leaves_no_vector),
	KUNIT_CASE(doorbell_without_reservation_is_refused),
	KUNIT_CASE(doorbell_that_only_others_reserved_is_refused),
	KUNIT_CASE(silent_controller_gets_place_bound_by_first_vector),
	KUNIT_CASE(silent_devices_share_doorbell_of_a_page),
	KUNIT_CASE(silent_device_that_comes_back_finds_its_doorbell),
	KUNIT_CASE(silent_device_is_refused_doorbell_out_of_reach),
	KUNIT_CASE(device_without_msi_domain_needs_no_place),
	KUNIT_CASE(doorbell_outlives_detached_device),
	KUNIT_CASE(vector_outlives_domain_and_space),
	KUNIT_CASE(moving_device_finds_doorbell_in_new_domain),
	KUNIT_CASE(vector_during_move_maps_doorbell_in_both_domains),
	KUNIT_CASE(domain_gets_no_doorbell_of_other_devices),
	KUNIT_CASE(narrow_domain_cannot_join_pinned_doorbell),
	KUNIT_CASE(reserving_again_changes_nothing),
	KUNIT_CASE(foreign_domains_cannot_join),
	{}
};

static struct kunit_suite msi_space_suite = {
	.name = "iommu_msi_space",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = msi_space_test_cases,
};

static struct kunit_case msi_group_test_cases[] = {
	KUNIT_CASE(group_takes_along_what_a_device_left_behind),
	KUNIT_CASE(group_that_a_device_left_comes_back_as_new),
	KUNIT_CASE(device_that_replaces_one_that_left_gets_vectors),
	KUNIT_CASE(device_leaves_while_it_gets_a_reservation),
	KUNIT_CASE(sibling_leaves_while_it_gets_a_reservation),
	KUNIT_CASE(group_that_gets_no_doorbell_keeps_nothing),
	{}
};

static struct kunit_suite msi_group_suite = {
	.name = "iommu_msi_group",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = msi_group_test_cases,
};

kunit_test_suites(&msi_space_suite, &msi_group_suite);

MODULE_DESCRIPTION("KUnit tests of MSI spaces");
MODULE_LICENSE("GPL");
