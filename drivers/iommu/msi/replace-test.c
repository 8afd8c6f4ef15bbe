// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of devices that change their MSI space while vectors use doorbells.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "relocate.h"
#include "test.h"

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

/* Do a replace, up to the attach of the device to the other domain */
static int msi_begin_change(struct kunit *test, struct msi_other *other)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	int rc;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(other->space, &mt->domain2.domain));
	rc = iommu_msi_reserve_device(other->space, mt->dev, &msi_test_window);
	if (!rc)
		rc = iommu_msi_replace_begin(mt->space, other->space, mt->dev);
	if (rc)
		return rc;
	return iommu_msi_group_begin(&mt->domain2.domain,
				     msi_test_group(mt->dev));
}

static void msi_end_change(struct kunit *test, struct msi_other *other,
			   bool changed)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	iommu_msi_group_end(&mt->domain2.domain, msi_test_group(mt->dev),
			    changed);
	iommu_msi_replace_end(mt->space, other->space, mt->dev, changed);
	iommu_msi_unreserve_device(changed ? mt->space : other->space, mt->dev);
}

/* Returns the error of the first step that failed */
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

/* The vector belongs to the other space, and its message has the IOVA @place */
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

/* The device changes its space, and its vector gets the IOVA @place */
static void msi_expect_change(struct kunit *test, struct msi_other *other,
			      unsigned long place)
{
	KUNIT_EXPECT_EQ(test, 0, msi_change_space(test, other, true));
	msi_expect_changed(test, other, place);
	msi_other_free(test, other);
}

static void vector_is_handed_over_at_same_place(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	msi_expect_change(test, other, WINDOW_START);
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
}

static void new_space_takes_place_of_old_one(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_move_away(mm));
	mm->writes = 0;
	msi_expect_change(test, other, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, mm->writes, 0);
}

static void old_space_moves_to_place_of_new_one(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;

	msi_test_insert(test, &other->owner.taken, WINDOW_START, WINDOW_LAST);
	msi_move_start(test);
	msi_expect_change(test, other, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
}

static void both_spaces_move_to_common_hole(struct kunit *test)
{
	struct msi_other *other = msi_other_space(test);
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;

	msi_test_insert(test, &other->owner.taken, WINDOW_START, WINDOW_LAST);
	msi_move_start(test);
	msi_test_insert(test, &mt->owner.taken, LOW_PLACE(1), LOW_PLACE(1));
	/* The rest of the old space's window is not free in the new one */
	msi_expect_change(test, other, LOW_PLACE(2));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
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
	msi_expect_change(test, other, 0x12345000);
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
	/* A device that stays may still get a vector */
	KUNIT_EXPECT_EQ(test, 0, msi_other_map(&mt->domain, &desc));
	iommu_dma_release_msi(&desc);
	/* The device is attached, but the replace has not ended yet */
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

/* Before the doorbell is known, it may have different IOVAs in the two spaces */
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
	msi_expect_change(test, other, LOW_PLACE(1));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
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

/* The end of a replace, which waits for the lock of a space */
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
	iommu_msi_replace_end(end->from, end->to, end->dev, true);
	return 0;
}

static struct task_struct *msi_thread(struct kunit *test, int (*fn)(void *data),
				      struct msi_end *end)
{
	struct task_struct *thread =
		kthread_create(fn, end, "msi_transfer_test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	get_task_struct(thread);
	wake_up_process(thread);
	return thread;
}

/* A device gets its first vector between the attach and the end of the replace */
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
	/* An unlock by the other thread would end the iteration */
	KUNIT_EXPECT_NOT_NULL(test, msi_next_desc(dev, MSI_DEFAULT_DOMAIN,
						  MSI_DESC_ALL));
	msi_unlock_descs(dev);
	msi_other_free(test, other);
}

/* Two doorbells, whose IOVAs are swapped in the other space */

struct msi_swap {
	struct msi_other *other;
	struct msi_desc *second; /* of the device that changes its space */
	struct dev_iommu param;
	struct iommu_msi_rewriter driver; /* of the device in the other space */
};

static void msi_plain_rewrite(struct iommu_msi_rewriter *driver,
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
	iommu_msi_register_rewriter(mt->dev2, &swap->driver);
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
	iommu_msi_unregister_rewriter(dev2);
	dev2->iommu = NULL;
	iommu_msi_unreserve_device(swap->other->space, dev2);
	msi_other_free(test, swap->other);
}

/* The address in the message of @desc is translated to the register at @phys */
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
	/* One hole besides the IOVAs that they have */
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

static struct kunit_case msi_transfer_test_cases[] = {
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

static struct kunit_suite msi_transfer_suite = {
	.name = "iommu_msi_transfer",
	.init = msi_move_test_init,
	.exit = msi_move_test_exit,
	.test_cases = msi_transfer_test_cases,
};

kunit_test_suites(&msi_transfer_suite);

MODULE_DESCRIPTION("KUnit tests of devices that change their MSI space");
MODULE_LICENSE("GPL");
