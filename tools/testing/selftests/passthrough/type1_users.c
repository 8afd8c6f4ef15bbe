// SPDX-License-Identifier: GPL-2.0
/*
 * Two users with a type1 container each, whose doorbells start at the same IOVA:
 * nothing that one does with its own is visible to the other, or changes where the
 * other's doorbell is or whether its interrupts arrive.
 */
#include "setup.h"

#define FIXED_IOVA 0x50000000ULL

FIXTURE(users)
{
	struct setup one, other;
	struct iommu_msi_doorbell before;
	struct range_list ranges;
};

/* Both have memory at the same IOVA, and interrupts */
FIXTURE_SETUP(users)
{
	struct setup *one = &self->one, *other = &self->other;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, one, BACKEND_TYPE1);
	setup_open_backend(_metadata, other, BACKEND_TYPE1);
	setup_attach(_metadata, one);
	ASSERT_EQ(0,
		  edu_open_type1(&other->edu, edu_name(1), &other->container));
	setup_map(_metadata, one);
	setup_map(_metadata, other);
	ASSERT_EQ(0, edu_enable_interrupt(&one->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&other->edu));
	self->before = the_doorbell(_metadata, &other->edu);
	EXPECT_EQ(self->before.iova, the_doorbell(_metadata, &one->edu).iova);
	EXPECT_EQ(1, self->before.vectors);
	ASSERT_EQ(0, setup_ranges(other, &self->ranges));
}

FIXTURE_TEARDOWN(users)
{
	setup_close(&self->one);
	setup_close(&self->other);
}

/* The other user's doorbell and ranges are reported as before, and its device works */
static void expect_nothing_happened(struct __test_metadata *_metadata,
				    struct setup *other,
				    const struct iommu_msi_doorbell *before,
				    const struct range_list *ranges)
{
	struct iommu_msi_doorbell after = the_doorbell(_metadata, &other->edu);
	struct range_list now;

	EXPECT_EQ(0, memcmp(before, &after, sizeof(after)));
	ASSERT_EQ(0, setup_ranges(other, &now));
	ASSERT_EQ(ranges->count, now.count);
	EXPECT_EQ(0, memcmp(ranges->at, now.at, now.count * sizeof(now.at[0])));
	expect_interrupts(_metadata, &other->edu, INTERRUPTS);
	expect_dma(_metadata, &other->edu, &other->memory);
}

TEST_F(users, keep_their_doorbell_when_the_others_is_mapped_over)
{
	struct setup *one = &self->one;

	ASSERT_EQ(0, map_page(one, self->before.iova));
	EXPECT_NE(self->before.iova, the_doorbell(_metadata, &one->edu).iova);
	expect_interrupts(_metadata, &one->edu, INTERRUPTS);
	expect_nothing_happened(_metadata, &self->other, &self->before,
				&self->ranges);
}

TEST_F(users, keep_their_doorbell_when_the_others_is_placed)
{
	struct setup *one = &self->one;
	__u32 index = the_doorbell(_metadata, &one->edu).index;

	ASSERT_EQ(0,
		  container_map_msi(&one->container, index, FIXED_IOVA, PAGE));
	EXPECT_EQ(FIXED_IOVA, the_doorbell(_metadata, &one->edu).iova);
	/* The IOVA is taken in this container only */
	EXPECT_EQ(-EEXIST, map_page(one, FIXED_IOVA));
	ASSERT_EQ(0, map_page(&self->other, FIXED_IOVA));
	ASSERT_EQ(0, setup_unmap(&self->other, FIXED_IOVA, PAGE));
	expect_interrupts(_metadata, &one->edu, INTERRUPTS);
	expect_nothing_happened(_metadata, &self->other, &self->before,
				&self->ranges);
}

TEST_F(users, take_interrupts_when_the_other_has_left)
{
	struct setup *one = &self->one;

	edu_close(&one->edu);
	one->container.has_iommu = false;
	expect_nothing_happened(_metadata, &self->other, &self->before,
				&self->ranges);
	/* whatever the other maps, the doorbell comes back at the same IOVA */
	ASSERT_EQ(0, map_page(&self->other, self->before.iova));
	setup_attach(_metadata, one);
	EXPECT_EQ(self->before.iova, the_doorbell(_metadata, &one->edu).iova);
	expect_working_vector(_metadata, &one->edu);
}

TEST_HARNESS_MAIN
