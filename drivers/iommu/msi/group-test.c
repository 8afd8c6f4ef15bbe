// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of groups that have devices of host drivers in them, whose vectors
 * may keep the group from being attached.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kthread.h>

#include "test.h"

struct msi_group_test {
	struct msi_test base;
	struct iommu_group *group;
	struct iommu_msi_space *other_space;
	struct msi_desc *desc; /* of the first device: a vector in use */
};

static void msi_group_insert_desc(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;
	struct msi_desc init = { .nvec_used = 1 };
	struct device *dev = mg->base.dev;

	mg->base.irq.domain.flags = IRQ_DOMAIN_FLAG_MSI_PARENT;
	KUNIT_ASSERT_EQ(test, 0, msi_setup_device_data(dev));
	msi_lock_descs(dev);
	KUNIT_EXPECT_EQ(test, 0, msi_insert_msi_desc(dev, &init));
	mg->desc = msi_first_desc(dev, MSI_DESC_ALL);
	msi_unlock_descs(dev);
	KUNIT_ASSERT_NOT_NULL(test, mg->desc);
	/* Nothing but the number is looked at */
	mg->desc->irq = 1;
}

static int msi_group_test_init(struct kunit *test)
{
	struct msi_group_test *mg;
	int rc;

	mg = kunit_kzalloc(test, sizeof(*mg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mg);
	rc = msi_test_init(test, &mg->base);
	if (rc)
		return rc;
	mg->other_space = iommu_msi_space_create(&msi_test_owner_ops,
						 &mg->base.owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mg->other_space);
	mg->group = iommu_group_alloc();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mg->group);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_group_add_device(mg->group, mg->base.dev));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_group_add_device(mg->group, mg->base.dev2));
	return 0;
}

static void msi_group_test_exit(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;
	struct device *dev = mg->base.dev;

	if (mg->desc) {
		iommu_dma_release_msi(mg->desc);
		mg->desc->irq = 0;
		/* The MSI core frees nothing below a domain it did not make */
		dev_set_msi_domain(dev, NULL);
		msi_lock_descs(dev);
		msi_free_msi_descs(dev);
		msi_unlock_descs(dev);
	}
	iommu_group_remove_device(mg->base.dev2);
	iommu_group_remove_device(dev);
	iommu_group_put(mg->group);
	iommu_msi_space_destroy(mg->other_space);
	msi_space_test_exit(test);
}

static int msi_group_check(struct kunit *test, struct iommu_msi_space *space)
{
	struct msi_group_test *mg = test->priv;

	return iommu_msi_check_group(space, mg->group, NULL, NULL);
}

static void without_vectors_is_free(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->base.space));
	/* Nor does a descriptor without an interrupt matter */
	msi_group_insert_desc(test);
	mg->desc->irq = 0;
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->base.space));
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, NULL));
}

static void with_a_vector_in_the_space_is_free(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	msi_group_insert_desc(test);
	msi_test_attach_with_vector(test, mg->desc);
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->base.space));
	KUNIT_EXPECT_FALSE(test, iommu_msi_in_use_elsewhere(mg->base.space,
							    mg->base.dev));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_check_device(mg->base.space, mg->base.dev));
}

static void with_a_vector_in_another_space_is_busy(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	msi_group_insert_desc(test);
	msi_test_attach_with_vector(test, mg->desc);
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_group_check(test, mg->other_space));
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_group_check(test, NULL));
	KUNIT_EXPECT_TRUE(test, iommu_msi_in_use_elsewhere(mg->other_space,
							   mg->base.dev));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_check_device(mg->other_space, mg->base.dev));
	/* and free again when the vector has gone */
	iommu_dma_release_msi(mg->desc);
	mg->desc->irq = 0;
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->other_space));
}

static void with_a_vector_that_has_no_doorbell_is_busy(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	msi_group_insert_desc(test);
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_group_check(test, mg->base.space));
	/* as that of a user's device is, who enabled it while detached */
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_check_device(mg->base.space, mg->base.dev));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_check_device(NULL, mg->base.dev));
	/* but there is nothing that another space would know */
	KUNIT_EXPECT_FALSE(test, iommu_msi_in_use_elsewhere(mg->base.space,
							    mg->base.dev));
	mg->desc->irq = 0;
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_check_device(mg->base.space, mg->base.dev));
}

/* Its messages end before they come to the IOMMU, in any domain */
static void
of_a_user_may_have_a_controller_without_doorbells(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	mg->base.irq.domain.ops = &msi_test_silent_irq_ops;
	msi_group_insert_desc(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_check_device(mg->base.space, mg->base.dev));
}

static bool msi_group_is_first(struct device *dev, void *data)
{
	struct msi_group_test *mg = data;

	return dev == mg->base.dev;
}

static void leaves_the_users_own_device_to_the_caller(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	msi_group_insert_desc(test);
	device_lock(mg->base.dev);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_check_group(mg->base.space, mg->group,
					      msi_group_is_first, mg));
	device_unlock(mg->base.dev);
}

static void with_a_device_whose_driver_comes_or_goes_is_busy(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;

	device_lock(mg->base.dev2);
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_group_check(test, mg->base.space));
	device_unlock(mg->base.dev2);
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->base.space));
}

struct msi_group_holder {
	struct device *dev;
	struct completion holds;
};

/* As one who resets the device */
static int msi_group_hold_device(void *data)
{
	struct msi_group_holder *holder = data;

	device_lock(holder->dev);
	complete(&holder->holds);
	msleep(100);
	device_unlock(holder->dev);
	return 0;
}

static void with_a_device_that_is_reset_is_waited_for(struct kunit *test)
{
	struct msi_group_test *mg = test->priv;
	struct msi_group_holder holder = { .dev = mg->base.dev2 };
	struct task_struct *task;

	init_completion(&holder.holds);
	task = kthread_create(msi_group_hold_device, &holder, "msi_group");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&holder.holds);
	KUNIT_EXPECT_EQ(test, 0, msi_group_check(test, mg->base.space));
	kthread_stop_put(task);
}

static struct kunit_case msi_group_cases[] = {
	KUNIT_CASE(without_vectors_is_free),
	KUNIT_CASE(with_a_vector_in_the_space_is_free),
	KUNIT_CASE(with_a_vector_in_another_space_is_busy),
	KUNIT_CASE(with_a_vector_that_has_no_doorbell_is_busy),
	KUNIT_CASE(of_a_user_may_have_a_controller_without_doorbells),
	KUNIT_CASE(leaves_the_users_own_device_to_the_caller),
	KUNIT_CASE(with_a_device_whose_driver_comes_or_goes_is_busy),
	KUNIT_CASE(with_a_device_that_is_reset_is_waited_for),
	{},
};

static struct kunit_suite msi_group_suite = {
	.name = "iommu_msi_group",
	.init = msi_group_test_init,
	.exit = msi_group_test_exit,
	.test_cases = msi_group_cases,
};

kunit_test_suites(&msi_group_suite);

MODULE_DESCRIPTION("KUnit tests of groups with host drivers in MSI spaces");
MODULE_LICENSE("GPL");
