// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of doorbells that are relocated while vectors use them, and of IOVAs
 * that the owner requests.
 */
#include <kunit/static_stub.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "relocate.h"
#include "test.h"

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

	mm->driver.rewrite = NULL;
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

static void msi_idle_rewrite(struct iommu_msi_rewriter *driver,
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

static void last_device_that_does_not_rewrite_reverts_all(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct iommu_msi_rewriter idle = { .rewrite = msi_idle_rewrite };
	struct dev_iommu param = {};
	struct msi_desc *stuck;

	mm->base.dev2->iommu = &param;
	iommu_msi_register_rewriter(mm->base.dev2, &idle);
	msi_move_start(test);
	stuck = msi_move_insert_desc(test, mm->base.dev2, 0);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mm->base.domain.domain, stuck,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EEXIST, msi_move_away(mm));
	/* Rewritten once, and reverted */
	KUNIT_EXPECT_EQ(test, mm->writes, 2);
	msi_move_expect_at(test, WINDOW_START);
	iommu_dma_release_msi(stuck);
	iommu_msi_unregister_rewriter(mm->base.dev2);
	mm->base.dev2->iommu = NULL;
}

static void msi_rewrite_once(struct iommu_msi_rewriter *driver,
			     struct iommu_msi_rewrite *rewrite)
{
	msi_mock_rewrite(driver, rewrite);
	driver->rewrite = msi_idle_rewrite;
}

/* One device is rewritten, but not back after another one was not rewritten */
static struct iommu_msi_window msi_strand(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct iommu_msi_rewriter idle = { .rewrite = msi_idle_rewrite };
	struct dev_iommu param = {};
	struct msi_desc *stuck;

	mm->base.dev2->iommu = &param;
	iommu_msi_register_rewriter(mm->base.dev2, &idle);
	stuck = msi_move_insert_desc(test, mm->base.dev2, 0);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mm->base.domain.domain, stuck,
				      DOORBELL_PHYS));
	mm->driver.rewrite = msi_rewrite_once;
	KUNIT_EXPECT_EQ(test, -EEXIST, msi_move_away(mm));
	iommu_dma_release_msi(stuck);
	iommu_msi_unregister_rewriter(mm->base.dev2);
	mm->base.dev2->iommu = NULL;
	return msi_test_state(test).kept;
}

static void device_that_is_not_rewritten_back_keeps_both(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct iommu_msi_window kept;
	struct iommu_msi_state state;

	msi_move_start(test);
	state = msi_test_state(test);
	KUNIT_EXPECT_GT(test, state.kept.start, state.kept.last);
	kept = msi_strand(test);
	state = msi_test_state(test);
	KUNIT_EXPECT_TRUE(test, state.pinned);
	KUNIT_EXPECT_EQ(test, state.iova, WINDOW_START);
	KUNIT_EXPECT_EQ(test, kept.start, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, kept.last, LOW_PLACE(1) + SZ_4K - 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mm->base.space, kept.start,
					    kept.last));
	/* An owner that looks for free IOVAs finds none there */
	KUNIT_EXPECT_NOT_NULL(test,
			      iommu_msi_first_place(mm->base.space, kept.start,
						    kept.last));
}

static void both_are_free_once_the_vectors_are_gone(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct iommu_msi_space *space = mm->base.space;
	struct iommu_msi_window kept;

	msi_move_start(test);
	kept = msi_strand(test);
	iommu_msi_unreserve_device(space, mm->base.dev);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_evade(space, kept.start, kept.last));
	iommu_dma_release_msi(mm->desc);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_evade(space, kept.start, kept.last));
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

/* As vfio-pci does: wait for a lock that a reset of the device holds */
static void msi_killed_rewrite(struct iommu_msi_rewriter *driver,
			       struct iommu_msi_rewrite *rewrite)
{
	struct msi_move_test *mm =
		container_of(driver, struct msi_move_test, driver);

	mm->rewrites++;
	KUNIT_EXPECT_TRUE(mm->test, rewrite->killable);
	send_sig(SIGKILL, current, 1);
}

static void fatal_signal_ends_the_wait_for_a_device(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	mm->driver.rewrite = msi_killed_rewrite;
	allow_kernel_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, -EINTR, msi_move_away(mm));
	KUNIT_EXPECT_EQ(test, mm->rewrites, 1);
	disallow_signal(SIGKILL);
	flush_signals(current);
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).pinned);

	mm->driver.rewrite = msi_mock_rewrite;
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	msi_move_expect_at(test, LOW_PLACE(1));
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

	/* Not under the owner's lock, so it may happen during a relocation */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_group_begin(&mt->domain2.domain,
					      msi_test_group(mt->dev)));
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
	iommu_msi_group_end(&mt->domain2.domain, msi_test_group(mt->dev),
			    false);
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

static void two_hundred_doorbells_move_at_once(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	mt->irq.sizes[0] = 200 * SZ_4K;
	msi_move_start(test);
	/* The range does not start at a page boundary */
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 201);
	KUNIT_EXPECT_EQ(test, 201, iommu_msi_count_doorbells(mt->dev));
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, WINDOW_START,
						      WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 201);
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
}

/* A device that is closed after it was chosen to be rewritten */

struct msi_close {
	struct work_struct work;
	struct completion done;
	struct msi_move_test *mm;
};

static struct msi_close msi_close;

static void msi_close_device(struct work_struct *work)
{
	iommu_dma_release_msi(msi_close.mm->desc);
	iommu_msi_unregister_rewriter(msi_close.mm->base.dev);
	complete(&msi_close.done);
}

static void msi_close_before_rewrite(struct iommu_msi_space *space,
				     struct device *dev)
{
	struct kunit *test = kunit_get_current_test();
	unsigned int i;

	kunit_deactivate_static_stub(test, msi_device_rewrite);
	schedule_work(&msi_close.work);
	for (i = 0; i < 1000 && READ_ONCE(dev->iommu->msi_rewriter); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_NULL(test, dev->iommu->msi_rewriter);
	/* Vectors and driver are gone, but the device must stay */
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

/* Messages that cannot hold every address */

/* A PCI function with MSI registers, for as long as a test needs it */
static void plain_msi_keeps_upper_address_half(struct kunit *test)
{
	struct msi_desc desc = { .nvec_used = 1, .ops = &pci_msi_desc_ops };

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
	struct msi_desc desc = { .nvec_used = 1, .ops = &pci_msi_desc_ops };
	struct dev_iommu param = { .msi_rewriter = &mm->driver };
	struct iommu_msi_state state;

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

/* A vector that came meanwhile, and whose message is two registers */
static bool msi_always_keeps_address_hi(const struct msi_desc *desc)
{
	return true;
}

static const struct msi_desc_ops msi_two_registers_ops = {
	.keeps_address_hi = msi_always_keeps_address_hi,
};

static void msi_make_two_registers(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;

	mm->desc->ops = &msi_two_registers_ops;
}

static void message_is_not_changed_by_halves(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	unsigned int writes;

	msi_move_start(test);
	writes = mm->writes;
	mm->during = msi_make_two_registers;
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mm->base.space, 0, 0x900001000));
	mm->desc->ops = NULL;
	KUNIT_EXPECT_EQ(test, mm->writes, writes);
	msi_move_expect_at(test, WINDOW_START);
}

/* It was added to an attached group, so nothing was reserved for it */
static void host_vector_of_32_bits_stays_below_4g(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct pci_dev *pdev = msi_mock_pci(test);
	struct msi_desc desc = { .nvec_used = 1, .dev = &pdev->dev };
	struct dev_iommu param = {};

	pdev->dev.iommu = &param;
	pdev->no_64bit_msi = true;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
}

/* As with fsl-mc: a DPRC has the vectors of its children, who close it when they like */
static void vector_outlasts_the_user_of_its_device(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	struct iommu_msi_rewriter none = {};
	struct dev_iommu param = { .msi_rewriter = &none };
	struct msi_desc desc = { .nvec_used = 1 };

	desc.dev = &msi_mock_pci(test)->dev;
	desc.dev->iommu = &param;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
	param.msi_rewriter = NULL;
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_place_fixed(mt->space, 0, 0x900001000));
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
	/* It cannot be placed above 4 GiB again while the device is attached */
	KUNIT_EXPECT_EQ(test, -ERANGE,
			iommu_msi_place_fixed(mt->space, 0, SZ_8G));
	iommu_msi_unreserve_device(mt->space, &pdev->dev);
}

/* IOVAs that the owner requests */

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
			iommu_msi_place_fixed(
				mt->space, IOMMU_MSI_SPACE_DOORBELLS, SZ_1G));
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
	/* The owner may request another IOVA */
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
	/* The next device gets the same IOVA */
	iommu_dma_release_msi(mm->desc);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	msi_move_start(test);
	msi_move_expect_at(test, SZ_1G);
}

static void window_relocates_doorbells_into_it(struct kunit *test)
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
	/* It is relocated, but only within the window */
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
	/* A doorbell with a fixed IOVA needs no room in the window */
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_fixed(mt->space, 0, SZ_2G));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_place_window(mt->space, &one));
	msi_move_expect_at(test, SZ_2G);
}

static void window_leaves_pinned_doorbell_and_fails(struct kunit *test)
{
	static const struct iommu_msi_window window = { SZ_1G, SZ_2G };
	struct msi_move_test *mm = test->priv;

	mm->driver.rewrite = NULL;
	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_window(mm->base.space, &window));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_place_fixed(mm->base.space, 0, SZ_1G));
	msi_move_expect_at(test, WINDOW_START);
}

static struct kunit_case msi_move_test_cases[] = {
	KUNIT_CASE(doorbell_in_use_is_moved_and_messages_follow),
	KUNIT_CASE(inactive_interrupt_is_written_later),
	KUNIT_CASE(without_driver_doorbell_in_use_is_pinned),
	KUNIT_CASE(failed_map_of_new_place_moves_nothing),
	KUNIT_CASE(driver_that_does_not_rewrite_moves_nothing),
	KUNIT_CASE(last_device_that_does_not_rewrite_reverts_all),
	KUNIT_CASE(device_that_is_not_rewritten_back_keeps_both),
	KUNIT_CASE(both_are_free_once_the_vectors_are_gone),
	KUNIT_CASE(fatal_signal_ends_the_wait_for_a_device),
	KUNIT_CASE(vector_during_move_gets_new_place),
	KUNIT_CASE(last_vector_may_go_during_move),
	KUNIT_CASE(domain_during_move_gets_both_places),
	KUNIT_CASE(device_closed_during_move_fails_nothing),
	KUNIT_CASE(narrow_domain_moves_doorbell_in_use),
	KUNIT_CASE(two_hundred_doorbells_move_at_once),
	KUNIT_CASE(plain_msi_keeps_upper_address_half),
	KUNIT_CASE(unmaskable_vector_moves_within_4g),
	KUNIT_CASE(message_is_not_changed_by_halves),
	KUNIT_CASE(host_vector_of_32_bits_stays_below_4g),
	KUNIT_CASE(vector_outlasts_the_user_of_its_device),
	KUNIT_CASE(maskable_vector_crosses_4g),
	KUNIT_CASE(device_with_32_bit_messages_brings_doorbell_down),
	KUNIT_CASE(fixed_place_is_checked),
	KUNIT_CASE(fixed_doorbell_is_pinned_until_auto),
	KUNIT_CASE(fixed_place_waits_for_its_doorbell),
	KUNIT_CASE(window_relocates_doorbells_into_it),
	KUNIT_CASE(window_too_small_changes_nothing),
	KUNIT_CASE(window_leaves_pinned_doorbell_and_fails),
	{}
};

static struct kunit_suite msi_move_suite = {
	.name = "iommu_msi_move",
	.init = msi_move_test_init,
	.exit = msi_move_test_exit,
	.test_cases = msi_move_test_cases,
};

kunit_test_suites(&msi_move_suite);

MODULE_DESCRIPTION("KUnit tests of the relocation of MSI doorbells");
MODULE_LICENSE("GPL");
