// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of vectors of the host's drivers, which follow their group.
 *
 * The group is only a list with one vector. A mock chip records the messages that
 * are written.
 */
#include <linux/iommu.h>
#include <linux/irq.h>

#include "host.h"
#include "test.h"

struct msi_host_test {
	struct msi_move_test mm;
	struct iommu_device iommu;
	struct hlist_head vectors;
	struct iommu_domain identity;
	struct iommu_domain blocked;
};

static bool host_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_TRANSLATE_MSI;
}

static const struct iommu_ops host_iommu_ops = {
	.capable = host_capable,
};

static bool host_incapable(struct device *dev, enum iommu_cap cap)
{
	return false;
}

static const struct iommu_ops host_untranslated_ops = {
	.capable = host_incapable,
};

static int msi_host_test_init(struct kunit *test)
{
	struct msi_host_test *ht;
	struct msi_move_test *mm;
	int rc;

	ht = kunit_kzalloc(test, sizeof(*ht), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ht);
	mm = &ht->mm;
	rc = msi_move_test_setup(test, mm);
	if (rc)
		return rc;
	/* A host driver has the device */
	iommu_msi_unregister_rewriter(mm->base.dev);
	ht->iommu.ops = &host_iommu_ops;
	mm->param.iommu_dev = &ht->iommu;
	ht->identity.type = IOMMU_DOMAIN_IDENTITY;
	ht->blocked.type = IOMMU_DOMAIN_BLOCKED;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			irq_domain_activate_irq(irq_get_irq_data(mm->desc->irq),
						false));
	mm->desc->iommu_msi_phys = DOORBELL_PHYS;
	hlist_add_head(&mm->desc->iommu_msi_item, &ht->vectors);
	mm->writes = 0;
	return 0;
}

static void msi_host_test_exit(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_desc *desc = ht->mm.desc;

	iommu_msi_forget_device(&ht->vectors, desc->dev);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&ht->vectors));
	iommu_dma_release_msi(desc);
	msi_move_test_exit(test);
}

/* The group changes its domain, or fails to after the change was prepared */
static int host_change(struct kunit *test, struct iommu_domain *from,
		       struct iommu_domain *to, bool changed)
{
	struct msi_host_test *ht = test->priv;
	const struct iommu_msi_change change = {
		.vectors = &ht->vectors,
		.from = from,
		.to = to,
		.blocked = &ht->blocked,
	};
	int rc = iommu_msi_begin_change(&change);

	if (!rc)
		iommu_msi_end_change(&change, changed);
	return rc;
}

static void vector_follows_its_group_and_comes_back(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_test *mt = &ht->mm.base;
	struct iommu_domain *space = &mt->domain.domain;

	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->identity, &ht->blocked, true));
	/* The vector stays paused */
	KUNIT_EXPECT_EQ(test, ht->mm.writes, 0);
	KUNIT_EXPECT_EQ(test, 0, host_change(test, &ht->blocked, space, true));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	KUNIT_EXPECT_GT(test, ht->mm.writes, 0);
	msi_move_expect_at(test, WINDOW_START);

	KUNIT_EXPECT_EQ(test, 0, host_change(test, space, &ht->blocked, true));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->blocked, &ht->identity, true));
	KUNIT_EXPECT_EQ(test, msi_move_message(&ht->mm), DOORBELL_PHYS);
}

/* A guest's stream table entry that aborts, and then one that does not */
static void vector_is_paused_while_a_guest_aborts_all(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct iommu_domain *parent = &ht->mm.base.domain.domain;
	struct iommu_domain abort = {
		.type = IOMMU_DOMAIN_NESTED,
		.parent = parent,
		.aborts_all = true,
	};
	struct iommu_domain stage1 = {
		.type = IOMMU_DOMAIN_NESTED,
		.parent = parent,
	};
	unsigned int writes;

	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->identity, parent, true));
	KUNIT_EXPECT_EQ(test, 0, host_change(test, parent, &abort, true));
	KUNIT_EXPECT_NULL(test, ht->mm.desc->iommu_msi_user);
	writes = ht->mm.writes;
	KUNIT_EXPECT_EQ(test, 0, host_change(test, &abort, &stage1, true));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	KUNIT_EXPECT_GT(test, ht->mm.writes, writes);
	/* Nothing changes for its messages */
	writes = ht->mm.writes;
	KUNIT_EXPECT_EQ(test, 0, host_change(test, &stage1, parent, true));
	KUNIT_EXPECT_EQ(test, ht->mm.writes, writes);
}

static void group_that_cannot_change_leaves_its_vector(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_test *mt = &ht->mm.base;
	struct iommu_domain *space = &mt->domain.domain;

	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->identity, space, false));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, msi_move_message(&ht->mm), DOORBELL_PHYS);
}

static void doorbell_that_cannot_be_mapped_fails_the_change(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_test *mt = &ht->mm.base;

	mt->domain.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			host_change(test, &ht->identity, &mt->domain.domain,
				    true));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_NULL(test, ht->mm.desc->iommu_msi_user);
	KUNIT_EXPECT_EQ(test, msi_move_message(&ht->mm), DOORBELL_PHYS);
}

static void change_that_must_succeed_keeps_vector_paused(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_test *mt = &ht->mm.base;
	const struct iommu_msi_change change = {
		.vectors = &ht->vectors,
		.from = &ht->identity,
		.to = &mt->domain.domain,
		.blocked = &ht->blocked,
		.must_succeed = true,
	};

	/* It is tried again in the new domain */
	mt->domain.fail_maps = 2;
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_begin_change(&change));
	iommu_msi_end_change(&change, true);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_NULL(test, ht->mm.desc->iommu_msi_user);
	KUNIT_EXPECT_EQ(test, ht->mm.writes, 0);
	/* The next change resumes it */
	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &mt->domain.domain, &ht->identity,
				    true));
	KUNIT_EXPECT_EQ(test, msi_move_message(&ht->mm), DOORBELL_PHYS);
}

static void
vector_follows_into_a_domain_that_attach_finishes(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;
	struct msi_test *mt = &ht->mm.base;
	struct iommu_domain *space = &mt->domain.domain;
	const struct iommu_msi_change change = {
		.vectors = &ht->vectors,
		.from = &ht->identity,
		.to = space,
		.blocked = &ht->blocked,
	};

	space->geometry.aperture_end = 0;
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_begin_change(&change));
	KUNIT_EXPECT_EQ(test, mt->domain.maps, 0);
	KUNIT_EXPECT_EQ(test, ht->mm.writes, 0);
	space->geometry.aperture_end = TOP(48);
	iommu_msi_end_change(&change, true);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	msi_move_expect_at(test, WINDOW_START);
}

static void vector_that_nothing_translates_is_left_alone(struct kunit *test)
{
	struct msi_host_test *ht = test->priv;

	ht->iommu.ops = &host_untranslated_ops;
	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->identity, &ht->blocked, true));
	KUNIT_EXPECT_EQ(test, 0,
			host_change(test, &ht->blocked,
				    &ht->mm.base.domain.domain, true));
	KUNIT_EXPECT_EQ(test, ht->mm.writes, 0);
	KUNIT_EXPECT_NULL(test, ht->mm.desc->iommu_msi_user);
}

static struct kunit_case msi_host_test_cases[] = {
	KUNIT_CASE(vector_follows_its_group_and_comes_back),
	KUNIT_CASE(vector_is_paused_while_a_guest_aborts_all),
	KUNIT_CASE(group_that_cannot_change_leaves_its_vector),
	KUNIT_CASE(doorbell_that_cannot_be_mapped_fails_the_change),
	KUNIT_CASE(change_that_must_succeed_keeps_vector_paused),
	KUNIT_CASE(vector_follows_into_a_domain_that_attach_finishes),
	KUNIT_CASE(vector_that_nothing_translates_is_left_alone),
	{}
};

static struct kunit_suite msi_host_suite = {
	.name = "iommu_msi_host",
	.init = msi_host_test_init,
	.exit = msi_host_test_exit,
	.test_cases = msi_host_test_cases,
};

kunit_test_suites(&msi_host_suite);

MODULE_DESCRIPTION("KUnit tests of host drivers' vectors in users' groups");
MODULE_LICENSE("GPL");
