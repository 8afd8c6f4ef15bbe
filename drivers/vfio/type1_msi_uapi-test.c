// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what a type1 container reports of its doorbells if these come or go
 * meanwhile, which no program can bring about at will.
 */
#include <linux/iommu.h>
#include <uapi/linux/vfio_msi.h>

#include "../iommu/msi/test.h"
#include "vfio_iommu_type1_msi.h"

/* A capability that doorbells were counted for, and what lies behind it in memory */
struct caps {
	struct vfio_iommu_type1_info_cap_msi cap;
	struct iommu_msi_doorbell doorbells[3];
};

static const struct iommu_msi_doorbell untouched = { .index = ~0U };

static struct caps *two_doorbells(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct caps *caps;
	unsigned int i;

	mt->irq.doorbells[1] = SECOND_PHYS;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 2, msi_test_count(mt));

	caps = kunit_kzalloc(test, sizeof(*caps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, caps);
	for (i = 0; i < ARRAY_SIZE(caps->doorbells); i++)
		caps->doorbells[i] = untouched;
	return caps;
}

static void capability_is_not_filled_beyond_its_end(struct kunit *test)
{
	struct caps *caps = two_doorbells(test);
	struct msi_test *mt = test->priv;

	/* One of the two came after the other was counted */
	vfio_msi_fill_cap(mt->space, &caps->cap, 1);
	KUNIT_EXPECT_EQ(test, 1, caps->cap.num_doorbells);
	KUNIT_EXPECT_EQ(test, 0, caps->doorbells[0].index);
	KUNIT_EXPECT_EQ(test, WINDOW_START, caps->doorbells[0].iova);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &caps->doorbells[1],
			   sizeof(untouched));
}

static void capability_names_no_doorbell_that_has_gone(struct kunit *test)
{
	struct caps *caps = two_doorbells(test);
	struct msi_test *mt = test->priv;

	vfio_msi_fill_cap(mt->space, &caps->cap, 3);
	KUNIT_EXPECT_EQ(test, 2, caps->cap.num_doorbells);
	KUNIT_EXPECT_EQ(test, 1, caps->doorbells[1].index);
	KUNIT_EXPECT_MEMEQ(test, &untouched, &caps->doorbells[2],
			   sizeof(untouched));
}

static struct kunit_case type1_msi_uapi_cases[] = {
	KUNIT_CASE(capability_is_not_filled_beyond_its_end),
	KUNIT_CASE(capability_names_no_doorbell_that_has_gone),
	{},
};

static struct kunit_suite type1_msi_uapi_suite = {
	.name = "vfio_type1_msi_uapi",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = type1_msi_uapi_cases,
};

kunit_test_suites(&type1_msi_uapi_suite);

MODULE_DESCRIPTION(
	"KUnit tests of what VFIO type1 containers report of doorbells");
MODULE_LICENSE("GPL");
