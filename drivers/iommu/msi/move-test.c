// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of doorbells that move while vectors use them, of places that the
 * owner chooses, and of devices that change their MSI space.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "space.h"
#include "test.h"

#define SECOND_PHYS 0x80a0040UL
#define LOW_PLACE(k) (SZ_4G - SZ_64M * (k))

/* The doorbell is at @place and nowhere else, and so is the message */
static void msi_move_expect_at(struct kunit *test, unsigned long place)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	unsigned long index = 0;

	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, place);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, place + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_NOT_NULL(test, xa_find(&mt->domain.pages, &index,
					    ULONG_MAX, XA_PRESENT));
	KUNIT_EXPECT_EQ(test, index, place / SZ_4K);
	KUNIT_EXPECT_NULL(test, xa_find_after(&mt->domain.pages, &index,
					      ULONG_MAX, XA_PRESENT));
	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			place + 0x40);
	if (mm->writes)
		KUNIT_EXPECT_EQ(test, msi_move_message(mm), place + 0x40);
}

static int msi_move_away(struct msi_move_test *mm)
{
	return iommu_msi_make_room(mm->base.space, WINDOW_START, WINDOW_LAST);
}

/* Moves */

static void msi_expect_both_mapped(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	KUNIT_EXPECT_EQ(test, msi_test_phys(&mm->base.domain, WINDOW_START),
			DOORBELL_PHYS & PAGE_MASK);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mm->base.domain, LOW_PLACE(1)),
			DOORBELL_PHYS & PAGE_MASK);
}

static void doorbell_in_use_is_moved_and_messages_follow(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->during = msi_expect_both_mapped;
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_EQ(test, mm->rewrites, 1);
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	KUNIT_EXPECT_EQ(test, mm->written.data, 7);
	msi_move_expect_at(test, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
}

static void inactive_interrupt_is_written_later(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_test_attach_with_vector(test, mm->desc);
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
	msi_move_expect_at(test, LOW_PLACE(1));
}

static void without_driver_doorbell_in_use_is_pinned(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	iommu_msi_unregister_driver(mm->base.dev);
	msi_move_start(test);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_EQ(test, -EEXIST, msi_move_away(mm));
	msi_move_expect_at(test, WINDOW_START);
}

static void failed_map_of_new_place_moves_nothing(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->base.domain.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, msi_move_away(mm));
	KUNIT_EXPECT_EQ(test, mm->rewrites, 0);
	msi_move_expect_at(test, WINDOW_START);
}

static void msi_idle_rewrite(struct iommu_msi_driver *driver,
			     struct iommu_msi_rewrite *rewrite)
{
}

static void driver_that_does_not_rewrite_moves_nothing(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->driver.rewrite = msi_idle_rewrite;
	KUNIT_EXPECT_EQ(test, -EEXIST, msi_move_away(mm));
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
}

static void last_device_without_driver_reverts_all(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct dev_iommu param = { .msi_driver = &mm->driver };
	struct msi_desc stuck = { .dev = mm->base.dev2, .nvec_used = 1 };

	/* Its descriptor is not where the MSI core keeps them */
	KUNIT_ASSERT_EQ(test, 0, msi_setup_device_data(mm->base.dev2));
	mutex_init(&param.lock);
	mm->base.dev2->iommu = &param;
	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mm->base.domain.domain, &stuck,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EEXIST, msi_move_away(mm));
	/* There and back */
	KUNIT_EXPECT_EQ(test, mm->writes, 2);
	msi_move_expect_at(test, WINDOW_START);
	iommu_dma_release_msi(&stuck);
	mm->base.dev2->iommu = NULL;
}

static struct msi_desc msi_late_desc;

static void msi_add_vector(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_late_desc =
		(struct msi_desc){ .dev = mm->base.dev2, .nvec_used = 1 };
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mm->base.domain.domain, &msi_late_desc,
				      DOORBELL_PHYS));
}

static void vector_during_move_gets_new_place(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->during = msi_add_vector;
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	msi_move_expect_at(test, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, msi_test_message(&msi_late_desc, DOORBELL_PHYS),
			LOW_PLACE(1) + 0x40);
	iommu_dma_release_msi(&msi_late_desc);
}

static void msi_remove_vector(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	iommu_dma_release_msi(mm->desc);
}

static void last_vector_may_go_during_move(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->during = msi_remove_vector;
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mm->base.domain.pages));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, LOW_PLACE(1));
}

static void msi_join_second_domain(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	/* Not under the owner's lock, so that it may come in the middle */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_populate(&mt->domain2.domain, mt->dev));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, LOW_PLACE(1) + 0x40),
			DOORBELL_PHYS);
}

static void domain_during_move_gets_both_places(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	mm->during = msi_join_second_domain;
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			0);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, LOW_PLACE(1) + 0x40),
			DOORBELL_PHYS);
	iommu_msi_settle(&mt->domain2.domain, mt->dev);
}

static void narrow_domain_moves_doorbell_in_use(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	mt->domain2.domain.geometry.aperture_end = WINDOW_START - 1;
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	KUNIT_EXPECT_LT(test, msi_test_state(test).iova, WINDOW_START);
}

static void thousand_doorbells_move_at_once(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	mt->irq.sizes[0] = 1000 * SZ_4K;
	msi_move_start(test);
	/* It is not at the start of a page */
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1001);
	KUNIT_EXPECT_EQ(test, 1001, iommu_msi_count_doorbells(mt->dev));
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, WINDOW_START,
						      WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1001);
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
}

/* A device that is closed when it has been chosen to be rewritten */

struct msi_close {
	struct work_struct work;
	struct completion done;
	struct msi_move_test *mm;
};

static struct msi_close msi_close;

static void msi_close_device(struct work_struct *work)
{
	iommu_dma_release_msi(msi_close.mm->desc);
	iommu_msi_unregister_driver(msi_close.mm->base.dev);
	complete(&msi_close.done);
}

static void msi_close_before_rewrite(struct iommu_msi_space *space,
				     struct device *dev)
{
	struct kunit *test = kunit_get_current_test();
	unsigned int i;

	kunit_deactivate_static_stub(test, msi_device_rewrite);
	schedule_work(&msi_close.work);
	for (i = 0; i < 1000 && READ_ONCE(dev->iommu->msi_driver); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_NULL(test, dev->iommu->msi_driver);
	/* Its vectors are gone and the driver is, but the device stays */
	KUNIT_EXPECT_EQ(test, 0,
			wait_for_completion_timeout(&msi_close.done, HZ / 10));
	msi_device_rewrite(space, dev);
}

static void device_closed_during_move_fails_nothing(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_close.mm = mm;
	INIT_WORK(&msi_close.work, msi_close_device);
	init_completion(&msi_close.done);
	msi_move_start(test);
	kunit_activate_static_stub(test, msi_device_rewrite,
				   msi_close_before_rewrite);
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	flush_work(&msi_close.work);
	KUNIT_EXPECT_TRUE(test, completion_done(&msi_close.done));
	KUNIT_EXPECT_EQ(test, mm->rewrites, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mm->base.domain.pages));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, LOW_PLACE(1));
}

/* Messages that cannot take any address */

/* A PCI function with MSI registers, for as long as a test needs it */
static void plain_msi_keeps_upper_address_half(struct kunit *test)
{
	struct msi_desc desc = { .nvec_used = 1 };

	desc.dev = &msi_mock_pci(test)->dev;
	desc.pci.msi_attrib.is_64 = true;
	KUNIT_EXPECT_TRUE(test, msi_desc_keeps_address_hi(&desc));
	desc.pci.msi_attrib.can_mask = true;
	KUNIT_EXPECT_FALSE(test, msi_desc_keeps_address_hi(&desc));
	desc.nvec_used = 2;
	KUNIT_EXPECT_TRUE(test, msi_desc_keeps_address_hi(&desc));
	desc.nvec_used = 1;
	desc.pci.msi_attrib.is_64 = false;
	KUNIT_EXPECT_TRUE(test, msi_desc_keeps_address_hi(&desc));
	desc.pci.msi_attrib.is_msix = true;
	KUNIT_EXPECT_FALSE(test, msi_desc_keeps_address_hi(&desc));
}

/* All but 0x5_0000_1000..0x5_0000_2fff and 0x9_0000_1000..0x9_0000_1fff is taken */
static void msi_leave_high_holes(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct rb_root_cached *taken = &mm->base.owner.taken;

	msi_test_insert(test, taken, 0, 0x500000fff);
	msi_test_insert(test, taken, 0x500003000, 0x900000fff);
	msi_test_insert(test, taken, 0x900002000, ULONG_MAX);
}

static void unmaskable_vector_moves_within_4g(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_desc desc = { .nvec_used = 1 };
	struct dev_iommu param = { .msi_driver = &mm->driver };
	struct iommu_msi_state state;

	mutex_init(&param.lock);
	desc.dev = &msi_mock_pci(test)->dev;
	desc.dev->iommu = &param;
	desc.pci.msi_attrib.is_64 = true;
	msi_leave_high_holes(test);
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, 0x500001000));
	iommu_msi_place_auto(mt->space, 0);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	/* The other block of 4 GiB has a hole, but is out of reach */
	KUNIT_EXPECT_EQ(test, -ERANGE,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_make_room(mt->space, 0x500001000,
					    0x500002fff));
	state = msi_test_state(test);
	KUNIT_EXPECT_EQ(test, state.iova, 0x500001000);
	KUNIT_EXPECT_EQ(test, state.placement, IOMMU_MSI_PLACED_AUTO);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, 0x500001000,
					    0x500002fff));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, 0x900001000);
}

static void maskable_vector_crosses_4g(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
	msi_move_expect_at(test, 0x900001000);
}

static void device_with_32_bit_messages_brings_doorbell_down(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct pci_dev *pdev = msi_mock_pci(test);

	dev_set_msi_domain(&pdev->dev, &mt->irq.domain);
	pdev->no_64bit_msi = true;
	msi_test_insert(test, &mt->owner.taken, 0, SZ_4G - 1);
	msi_move_start(test);
	KUNIT_EXPECT_GT(test, msi_test_state(test).iova, SZ_4G);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_reserve_device(mt->space, &pdev->dev,
						 &msi_test_window));
	KUNIT_EXPECT_GT(test, msi_test_state(test).iova, SZ_4G);

	mt->owner.taken = RB_ROOT_CACHED;
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, &pdev->dev,
						 &msi_test_window));
	msi_move_expect_at(test, WINDOW_START);
	/* It cannot be put above again as long as the device is there */
	KUNIT_EXPECT_EQ(test, -ERANGE,
			iommu_msi_place_fixed(mt->space, 0, SZ_8G));
	iommu_msi_unreserve_device(mt->space, &pdev->dev);
}

/* Places that the owner chooses */

static void fixed_place_is_checked(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	static const struct {
		unsigned long iova;
		int rc;
	} cases[] = {
		{ 0, -EINVAL },
		{ 0x20000800, -EINVAL },
		{ 1UL << 48, -ERANGE },
		{ 0x30000000, -EEXIST },
		{ WINDOW_START + SZ_4K, -EEXIST },
	};
	unsigned int i;

	mt->irq.doorbells[1] = SECOND_PHYS;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_insert(test, &mt->owner.taken, 0x30000000, 0x30000000);
	msi_move_start(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, cases[i].rc,
				iommu_msi_place_fixed(mt->space, 0,
						      cases[i].iova));
		msi_move_expect_at(test, WINDOW_START);
		KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);
	}
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_place_fixed(mt->space, 1U << 31, SZ_1G));
}

static void fixed_doorbell_is_pinned_until_auto(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_1G));
	msi_move_expect_at(test, SZ_1G);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).pinned);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).placement,
			IOMMU_MSI_PLACED_FIXED);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, SZ_1G, SZ_1G));
	/* Another choice is the owner's right */
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_2G));
	msi_move_expect_at(test, SZ_2G);
	iommu_msi_place_auto(mt->space, 0);
	msi_move_expect_at(test, SZ_2G);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_make_room(mt->space, SZ_2G, SZ_2G));
	msi_move_expect_at(test, WINDOW_START);
}

static void fixed_place_waits_for_its_doorbell(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct interval_tree_node *node;

	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_1G));
	node = msi_test_insert(test, &mt->owner.taken, SZ_1G, SZ_1G);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	interval_tree_remove(node, &mt->owner.taken);
	msi_move_start(test);
	msi_move_expect_at(test, SZ_1G);
	/* And it is there again for the next device */
	iommu_dma_release_msi(mm->desc);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	msi_move_start(test);
	msi_move_expect_at(test, SZ_1G);
}

static void window_takes_doorbells_in(struct kunit *test)
{
	static const struct iommu_msi_window window = { SZ_1G,
							SZ_1G + SZ_8K - 1 };
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_window(mt->space, &window));
	msi_move_expect_at(test, SZ_1G);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).placement,
			IOMMU_MSI_PLACED_WINDOW);
	/* It makes way within the window, and no further */
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_make_room(mt->space, SZ_1G, SZ_1G));
	msi_move_expect_at(test, SZ_1G + SZ_4K);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_make_room(mt->space, window.start,
					    window.last));
	msi_move_expect_at(test, SZ_1G + SZ_4K);
	iommu_msi_place_all_auto(mt->space);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, window.start,
					    window.last));
	msi_move_expect_at(test, WINDOW_START);
}

static void window_too_small_changes_nothing(struct kunit *test)
{
	static const struct iommu_msi_window none = { SZ_1G + 1,
						      SZ_1G + SZ_8K - 2 };
	static const struct iommu_msi_window one = { SZ_1G, SZ_1G + SZ_4K };
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	mt->irq.sizes[0] = SZ_4K;
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_place_window(mt->space, &none));
	KUNIT_EXPECT_EQ(test, -ENOSPC, iommu_msi_place_window(mt->space, &one));
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).placement,
			IOMMU_MSI_PLACED_AUTO);
	/* A doorbell with a fixed place needs none */
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_2G));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_window(mt->space, &one));
	msi_move_expect_at(test, SZ_2G);
}

static void window_leaves_pinned_doorbell_and_fails(struct kunit *test)
{
	static const struct iommu_msi_window window = { SZ_1G, SZ_2G };
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	iommu_msi_unregister_driver(mm->base.dev);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_window(mm->base.space, &window));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mm->base.space, 0, SZ_1G));
	msi_move_expect_at(test, WINDOW_START);
}

/* Another space */

struct msi_other {
	struct msi_test_owner owner;
	struct iommu_msi_space *space;
};

static struct msi_other *msi_other_space(struct kunit *test)
{
	struct msi_other *other;

	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	other->space = iommu_msi_space_create(&msi_test_owner_ops,
					      &other->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other->space);
	return other;
}

/* As a replace does it, up to where the device is attached elsewhere */
static int msi_begin_change(struct kunit *test, struct msi_other *other)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	int rc;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(other->space, &mt->domain2.domain));
	rc = iommu_msi_reserve_device(other->space, mt->dev, &msi_test_window);
	if (!rc)
		rc = iommu_msi_begin_transfer(mt->space, other->space, mt->dev);
	return rc ?: iommu_msi_populate(&mt->domain2.domain, mt->dev);
}

static void msi_end_change(struct kunit *test, struct msi_other *other,
			   bool changed)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	iommu_msi_settle(&mt->domain2.domain, mt->dev);
	iommu_msi_end_transfer(mt->space, other->space, mt->dev, changed);
	iommu_msi_unreserve_device(changed ? mt->space : other->space, mt->dev);
}

/* Returns what stopped it */
static int msi_change_space(struct kunit *test, struct msi_other *other,
			    bool changed)
{
	int rc = msi_begin_change(test, other);

	msi_end_change(test, other, !rc && changed);
	return rc;
}

static void msi_other_free(struct kunit *test, struct msi_other *other)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	iommu_dma_release_msi(mm->desc);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_msi_unreserve_device(other->space, mt->dev);
	iommu_msi_leave(&mt->domain2.domain);
	iommu_msi_space_destroy(other->space);
}

static unsigned int msi_other_vectors(struct msi_other *other)
{
	struct iommu_msi_state state;
	unsigned long index = 0;

	if (!iommu_msi_next_state(other->space, &index, &state))
		return 0;
	return state.vectors;
}

/* The vector is the other space's now, and its message says @place */
static void msi_expect_changed(struct kunit *test, struct msi_other *other,
			       unsigned long place)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	KUNIT_EXPECT_EQ(test, msi_other_vectors(other), 1);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, place + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			place + 0x40);
	KUNIT_EXPECT_FALSE(test,
			   iommu_msi_in_use_elsewhere(other->space, mt->dev));
	KUNIT_EXPECT_TRUE(test, iommu_msi_in_use_elsewhere(mt->space, mt->dev));
}

static void vector_is_handed_over_at_same_place(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
	msi_expect_changed(test, other, WINDOW_START);
	msi_other_free(test, other);
}

static void new_space_takes_place_of_old_one(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	mm->writes = 0;
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
	msi_expect_changed(test, other, LOW_PLACE(1));
	msi_other_free(test, other);
}

static void old_space_moves_to_place_of_new_one(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_test_insert(test, &other->owner.taken, WINDOW_START, WINDOW_LAST);
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	msi_expect_changed(test, other, LOW_PLACE(1));
	msi_other_free(test, other);
}

static void both_spaces_move_to_common_hole(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_test_insert(test, &other->owner.taken, WINDOW_START, WINDOW_LAST);
	msi_move_start(test);
	msi_test_insert(test, &mt->owner.taken, LOW_PLACE(1), LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	/* The rest of the old space's window is no hole in the new one */
	msi_expect_changed(test, other, LOW_PLACE(2));
	msi_other_free(test, other);
}

static void last_common_hole_is_found(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	msi_test_insert(test, &other->owner.taken, 0, 0x12344fff);
	msi_test_insert(test, &other->owner.taken, 0x12349000, ULONG_MAX);
	msi_test_insert(test, &mt->owner.taken, 0x12346000, ULONG_MAX);
	msi_test_insert(test, &mt->owner.taken, 0x10000000, 0x12344fff);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	msi_expect_changed(test, other, 0x12345000);
	msi_other_free(test, other);
}

static void without_common_hole_device_stays(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_move_start(test);
	msi_test_insert(test, &other->owner.taken, 0, 0x12344fff);
	msi_test_insert(test, &mt->owner.taken, 0x10000000, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC, msi_change_space(test, other, true));
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_EQ(test, msi_other_vectors(other), 0);
	msi_other_free(test, other);
}

static void pinned_doorbells_that_differ_keep_device(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(mm->base.space, 0, SZ_1G));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(other->space, 0, SZ_2G));
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_change_space(test, other, true));
	msi_move_expect_at(test, SZ_1G);
	msi_other_free(test, other);
}

static void change_that_fails_keeps_vector(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, false));
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	KUNIT_EXPECT_EQ(test, msi_other_vectors(other), 0);
	msi_other_free(test, other);
}

static int msi_other_map(struct msi_test_domain *domain, struct msi_desc *desc)
{
	return iommu_msi_map(&domain->domain, desc, DOORBELL_PHYS);
}

static void msi_expect_vector_refused(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	KUNIT_EXPECT_EQ(test, -EBUSY, msi_other_map(&mt->domain, &desc));
	iommu_dma_release_msi(&desc);
}

static void vector_waits_until_device_has_left(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_desc desc = { .dev = mt->dev2, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_1G));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(other->space, 0, SZ_2G));
	KUNIT_ASSERT_EQ(test, 0, msi_begin_change(test, other));
	msi_expect_vector_refused(test);
	/* A device that does not leave has its vector */
	KUNIT_EXPECT_EQ(test, 0, msi_other_map(&mt->domain, &desc));
	iommu_dma_release_msi(&desc);
	/* It is attached, and that is not noted yet */
	KUNIT_EXPECT_EQ(test, 0, msi_other_map(&mt->domain2, mm->desc));
	msi_end_change(test, other, true);
	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			SZ_2G + 0x40);
	msi_other_free(test, other);
}

static void vector_waits_until_device_stays(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_1G));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(other->space, 0, SZ_2G));
	KUNIT_ASSERT_EQ(test, 0, msi_begin_change(test, other));
	msi_expect_vector_refused(test);
	msi_end_change(test, other, false);
	KUNIT_EXPECT_EQ(test, 0, msi_other_map(&mt->domain, mm->desc));
	msi_move_expect_at(test, SZ_1G);
	msi_other_free(test, other);
}

/* Whether it will be at one IOVA is not known before it is bound */
static void vector_of_unknown_doorbell_waits(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0, msi_begin_change(test, other));
	msi_expect_vector_refused(test);
	msi_end_change(test, other, true);
	KUNIT_EXPECT_EQ(test, 0, msi_other_map(&mt->domain2, mm->desc));
	msi_expect_changed(test, other, WINDOW_START);
	msi_other_free(test, other);
}

static void vector_of_silent_controller_is_handed_over(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	mm->base.irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_insert(test, &other->owner.taken, WINDOW_START, WINDOW_LAST);
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	msi_expect_changed(test, other, LOW_PLACE(1));
	msi_other_free(test, other);
}

static void silent_device_joins_those_of_its_page(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_desc desc = { .dev = mt->dev2, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(other->space, &mt->domain2.domain));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(other->space, mt->dev2,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_place_fixed(other->space, 0, SZ_1G));
	KUNIT_ASSERT_EQ(test, 0, msi_other_map(&mt->domain2, &desc));
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	KUNIT_EXPECT_EQ(test, msi_other_vectors(other), 2);
	iommu_dma_release_msi(&desc);
	iommu_msi_unreserve_device(other->space, mt->dev2);
	msi_expect_changed(test, other, SZ_1G);
	msi_other_free(test, other);
}

/* The end of a replace, which waits for a space that a vector has locked */
struct msi_end {
	struct iommu_msi_space *from;
	struct iommu_msi_space *to;
	struct device *dev;
	struct completion started;
	struct completion locked;
	struct completion unlock;
};

static int msi_lock_thread(void *data)
{
	struct msi_end *end = data;

	mutex_lock(&end->to->lock);
	complete(&end->locked);
	wait_for_completion(&end->unlock);
	mutex_unlock(&end->to->lock);
	return 0;
}

static int msi_end_thread(void *data)
{
	struct msi_end *end = data;

	complete(&end->started);
	iommu_msi_end_transfer(end->from, end->to, end->dev, true);
	return 0;
}

static struct task_struct *msi_thread(struct kunit *test, int (*fn)(void *data),
				      struct msi_end *end)
{
	struct task_struct *thread = kthread_create(fn, end, "msi_move_test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	get_task_struct(thread);
	wake_up_process(thread);
	return thread;
}

/* A device gets its first vector ever when it has left, before that is noted */
static void first_vector_keeps_its_lock_while_device_leaves(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_desc init = { .nvec_used = 1, .msi_index = 1 };
	struct msi_move_test *mm = test->priv;
	struct device *dev = mm->base.dev;
	struct msi_device_data *data = dev->msi.data;
	struct msi_end end = {
		.from = mm->base.space,
		.to = other->space,
		.dev = dev,
		.started = COMPLETION_INITIALIZER_ONSTACK(end.started),
		.locked = COMPLETION_INITIALIZER_ONSTACK(end.locked),
		.unlock = COMPLETION_INITIALIZER_ONSTACK(end.unlock),
	};
	struct task_struct *lock_thread, *end_thread;

	dev->msi.data = NULL;
	lock_thread = msi_thread(test, msi_lock_thread, &end);
	wait_for_completion(&end.locked);
	end_thread = msi_thread(test, msi_end_thread, &end);
	wait_for_completion(&end.started);
	while (READ_ONCE(end_thread->__state) != TASK_UNINTERRUPTIBLE)
		msleep(20);
	dev->msi.data = data;
	msi_lock_descs(dev);
	complete(&end.unlock);

	KUNIT_EXPECT_EQ(test, 0, msi_insert_msi_desc(dev, &init));
	KUNIT_EXPECT_NOT_NULL(test, msi_first_desc(dev, MSI_DESC_ALL));
	KUNIT_EXPECT_EQ(test, 0, kthread_stop_put(lock_thread));
	KUNIT_EXPECT_EQ(test, 0, kthread_stop_put(end_thread));
	/* Whoever unlocks ends the iteration */
	KUNIT_EXPECT_NOT_NULL(test, msi_next_desc(dev, MSI_DEFAULT_DOMAIN,
						  MSI_DESC_ALL));
	msi_unlock_descs(dev);
	msi_other_free(test, other);
}

/* Two doorbells, the places of which are swapped in the other space */

struct msi_swap {
	struct msi_other *other;
	struct msi_desc *second; /* of the device that changes its space */
	struct dev_iommu param;
	struct iommu_msi_driver driver; /* of the one that is in the other */
};

static void msi_plain_rewrite(struct iommu_msi_driver *driver,
			      struct iommu_msi_rewrite *rewrite)
{
	iommu_msi_rewrite(rewrite);
}

static void msi_swap_places(struct kunit *test, struct iommu_msi_space *space)
{
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(space, 0, SZ_1G));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(space, 1, WINDOW_START));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_place_fixed(space, 0, WINDOW_START + SZ_4K));
	iommu_msi_place_all_auto(space);
}

/* The other device, with a vector for each doorbell */
static void msi_swap_fill_other(struct kunit *test, struct msi_swap *swap)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct iommu_domain *domain = &mt->domain2.domain;
	struct msi_desc *first, *second;

	mutex_init(&swap->param.lock);
	mt->dev2->iommu = &swap->param;
	swap->driver.rewrite = msi_plain_rewrite;
	iommu_msi_register_driver(mt->dev2, &swap->driver);
	first = msi_move_insert_desc(test, mt->dev2, 0);
	second = msi_move_insert_desc(test, mt->dev2, 1);
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(swap->other->space, domain));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(swap->other->space, mt->dev2,
						 &msi_test_window));
	msi_swap_places(test, swap->other->space);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_map(domain, first, DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_map(domain, second, SECOND_PHYS));
}

static void msi_swap_start(struct kunit *test, struct msi_swap *swap)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	mt->irq.doorbells[1] = SECOND_PHYS;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	swap->other = msi_other_space(test);
	swap->second = msi_move_insert_desc(test, mt->dev, 1);
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, swap->second,
				      SECOND_PHYS));
	msi_swap_fill_other(test, swap);
}

static void msi_swap_end(struct kunit *test, struct msi_swap *swap)
{
	struct msi_move_test *mm = test->priv;
	struct device *dev2 = mm->base.dev2;
	struct msi_desc *desc;

	iommu_dma_release_msi(swap->second);
	msi_lock_descs(dev2);
	msi_for_each_desc(desc, dev2, MSI_DESC_ALL)
		iommu_dma_release_msi(desc);
	msi_unlock_descs(dev2);
	iommu_msi_unregister_driver(dev2);
	dev2->iommu = NULL;
	iommu_msi_unreserve_device(swap->other->space, dev2);
	msi_other_free(test, swap->other);
}

/* The message of @desc leads to the register at @phys */
static void msi_expect_leads_to(struct kunit *test, struct msi_desc *desc,
				struct msi_test_domain *td, phys_addr_t phys)
{
	KUNIT_EXPECT_EQ(test, msi_test_phys(td, msi_test_message(desc, phys)),
			phys);
}

static unsigned int msi_mapped_pages(struct msi_test_domain *td)
{
	unsigned int count = 0;
	unsigned long index;
	void *entry;

	xa_for_each(&td->pages, index, entry)
		count++;
	return count;
}

static void swapped_doorbells_in_use_change_space(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_swap swap = {};
	struct msi_desc *desc;

	msi_swap_start(test, &swap);
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, swap.other, true));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, msi_mapped_pages(&mt->domain2), 2);
	msi_expect_leads_to(test, mm->desc, &mt->domain2, DOORBELL_PHYS);
	msi_expect_leads_to(test, swap.second, &mt->domain2, SECOND_PHYS);
	msi_lock_descs(mt->dev2);
	msi_for_each_desc(desc, mt->dev2, MSI_DESC_ALL)
		msi_expect_leads_to(test, desc, &mt->domain2,
				    desc->msi_index ? SECOND_PHYS :
						      DOORBELL_PHYS);
	msi_unlock_descs(mt->dev2);
	msi_swap_end(test, &swap);
}

static void swapped_doorbells_without_second_hole_stay(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct msi_swap swap = {};

	msi_swap_start(test, &swap);
	/* One hole besides the places that they have */
	msi_test_insert(test, &mt->owner.taken, 0, WINDOW_START - 1);
	msi_test_insert(test, &mt->owner.taken, WINDOW_START + 3 * SZ_4K,
			ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			msi_change_space(test, swap.other, true));
	KUNIT_EXPECT_EQ(test, msi_mapped_pages(&mt->domain), 2);
	KUNIT_EXPECT_EQ(test, msi_mapped_pages(&mt->domain2), 2);
	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			WINDOW_START + 0x40);
	msi_expect_leads_to(test, mm->desc, &mt->domain, DOORBELL_PHYS);
	msi_expect_leads_to(test, swap.second, &mt->domain, SECOND_PHYS);
	msi_swap_end(test, &swap);
}

static struct kunit_case msi_move_test_cases[] = {
	KUNIT_CASE(doorbell_in_use_is_moved_and_messages_follow),
	KUNIT_CASE(inactive_interrupt_is_written_later),
	KUNIT_CASE(without_driver_doorbell_in_use_is_pinned),
	KUNIT_CASE(failed_map_of_new_place_moves_nothing),
	KUNIT_CASE(driver_that_does_not_rewrite_moves_nothing),
	KUNIT_CASE(last_device_without_driver_reverts_all),
	KUNIT_CASE(vector_during_move_gets_new_place),
	KUNIT_CASE(last_vector_may_go_during_move),
	KUNIT_CASE(domain_during_move_gets_both_places),
	KUNIT_CASE(device_closed_during_move_fails_nothing),
	KUNIT_CASE(narrow_domain_moves_doorbell_in_use),
	KUNIT_CASE(thousand_doorbells_move_at_once),
	KUNIT_CASE(plain_msi_keeps_upper_address_half),
	KUNIT_CASE(unmaskable_vector_moves_within_4g),
	KUNIT_CASE(maskable_vector_crosses_4g),
	KUNIT_CASE(device_with_32_bit_messages_brings_doorbell_down),
	KUNIT_CASE(fixed_place_is_checked),
	KUNIT_CASE(fixed_doorbell_is_pinned_until_auto),
	KUNIT_CASE(fixed_place_waits_for_its_doorbell),
	KUNIT_CASE(window_takes_doorbells_in),
	KUNIT_CASE(window_too_small_changes_nothing),
	KUNIT_CASE(window_leaves_pinned_doorbell_and_fails),
	KUNIT_CASE(vector_is_handed_over_at_same_place),
	KUNIT_CASE(new_space_takes_place_of_old_one),
	KUNIT_CASE(old_space_moves_to_place_of_new_one),
	KUNIT_CASE(both_spaces_move_to_common_hole),
	KUNIT_CASE(last_common_hole_is_found),
	KUNIT_CASE(without_common_hole_device_stays),
	KUNIT_CASE(pinned_doorbells_that_differ_keep_device),
	KUNIT_CASE(change_that_fails_keeps_vector),
	KUNIT_CASE(vector_waits_until_device_has_left),
	KUNIT_CASE(vector_waits_until_device_stays),
	KUNIT_CASE(vector_of_unknown_doorbell_waits),
	KUNIT_CASE(vector_of_silent_controller_is_handed_over),
	KUNIT_CASE(silent_device_joins_those_of_its_page),
	KUNIT_CASE(first_vector_keeps_its_lock_while_device_leaves),
	KUNIT_CASE(swapped_doorbells_in_use_change_space),
	KUNIT_CASE(swapped_doorbells_without_second_hole_stay),
	{}
};

static struct kunit_suite msi_move_suite = {
	.name = "iommu_msi_move",
	.init = msi_move_test_init,
	.exit = msi_move_test_exit,
	.test_cases = msi_move_test_cases,
};

kunit_test_suites(&msi_move_suite);

MODULE_DESCRIPTION("KUnit tests of moving MSI doorbells");
MODULE_LICENSE("GPL");
