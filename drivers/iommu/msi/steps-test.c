// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of MSI spaces: the cost of a vector under the space's lock does not
 * grow with the number of a user's mappings. The test counts questions to the
 * owner, of which there must be none, and maps and unmaps; all other loops under
 * the lock are bounded by the hardware. In all tests msi_test_first_taken() and the
 * like use lockdep to check that the lock is not held.
 */
#include <linux/device.h>
#include <linux/mm.h>

#include "test.h"

/* The user maps every second page, starting below the window */
#define FIRST_PAGE (WINDOW_START - SZ_64K)

struct msi_steps {
	unsigned int attach;
	unsigned int vector;
	unsigned int maps;
};

static struct interval_tree_node *take_pages(struct kunit *test,
					     unsigned int count)
{
	struct msi_test *mt = test->priv;
	struct interval_tree_node *nodes;
	unsigned int i;

	nodes = kvcalloc(count, sizeof(*nodes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nodes);
	for (i = 0; i < count; i++) {
		nodes[i].start = FIRST_PAGE + i * SZ_8K;
		nodes[i].last = nodes[i].start + SZ_4K - 1;
		interval_tree_insert(&nodes[i], &mt->owner.taken);
	}
	return nodes;
}

/* Attach and detach one device with vectors, among @count mappings of the user */
static struct msi_steps count_steps(struct kunit *test, unsigned int count)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };
	struct interval_tree_node *nodes = take_pages(test, count);
	struct msi_steps steps = {};

	mt->owner.questions = 0;
	msi_test_attach(test);
	steps.attach = mt->owner.questions;

	mt->owner.questions = 0;
	mt->domain.maps = 0;
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, DOORBELL_PHYS),
			WINDOW_START + SZ_4K + 0x40);
	iommu_dma_release_msi(&desc);
	steps.vector = mt->owner.questions;
	steps.maps = mt->domain.maps;
	kunit_info(test, "among %u mappings: attach %u, vector %u, maps %u\n",
		   count, steps.attach, steps.vector, steps.maps);

	iommu_msi_unreserve_device(mt->space, mt->dev);
	iommu_msi_leave(&mt->domain.domain);
	mt->owner.taken = RB_ROOT_CACHED;
	kvfree(nodes);
	return steps;
}

static void vector_costs_the_same_among_many_mappings(struct kunit *test)
{
	struct msi_steps few = count_steps(test, 100);
	struct msi_steps many = count_steps(test, 100000);

	KUNIT_EXPECT_EQ(test, few.vector, 0);
	KUNIT_EXPECT_EQ(test, many.vector, 0);
	KUNIT_EXPECT_EQ(test, few.maps, 1);
	KUNIT_EXPECT_EQ(test, many.maps, 1);
	KUNIT_EXPECT_GT(test, few.attach, 0);
	KUNIT_EXPECT_EQ(test, many.attach, few.attach);
}

static struct kunit_case msi_steps_test_cases[] = {
	KUNIT_CASE(vector_costs_the_same_among_many_mappings),
	{}
};

static struct kunit_suite msi_steps_suite = {
	.name = "iommu_msi_steps",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = msi_steps_test_cases,
};

kunit_test_suites(&msi_steps_suite);

MODULE_DESCRIPTION("KUnit test of what MSI spaces do under their lock");
MODULE_LICENSE("GPL");
