// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a doorbell in one address space: placed when the device is attached,
 * mapped for its first vector, and no obstacle to maps while it has none.
 * msi_placement.c and msi_live_move.c test what happens if the user maps over it.
 */
#include "setup.h"

FIXTURE(doorbell)
{
	struct setup s;
};

FIXTURE_VARIANT(doorbell)
{
	enum backend backend;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(doorbell, in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(doorbell, in_a_container)
{
	.backend = BACKEND_TYPE1,
};

/* clang-format on */

FIXTURE_SETUP(doorbell)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open_backend(_metadata, &self->s, variant->backend);
	setup_attach(_metadata, &self->s);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(doorbell)
{
	setup_close(&self->s);
}

static bool same_doorbell(struct iommu_msi_doorbell a,
			  struct iommu_msi_doorbell b)
{
	return !memcmp(&a, &b, sizeof(a));
}

TEST_F(doorbell, is_placed_at_attach_and_not_mapped_yet)
{
	struct iommu_msi_doorbell d;

	d = the_doorbell(_metadata, &self->s.edu);
	EXPECT_EQ(MSI_WINDOW_IOVA, d.iova);
	EXPECT_LE(PAGE, d.length);
	EXPECT_EQ(0, d.length % PAGE);
	EXPECT_EQ(0, d.vectors);
	EXPECT_EQ(0, d.flags);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_AUTO, d.placement);
}

TEST_F(doorbell, is_mapped_for_as_long_as_it_has_a_vector)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, live, after;

	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	live = the_doorbell(_metadata, &s->edu);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	after = the_doorbell(_metadata, &s->edu);

	EXPECT_EQ(1, live.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED, live.flags);
	EXPECT_EQ(before.iova, live.iova);
	EXPECT_TRUE(same_doorbell(before, after));
}

TEST_F(doorbell, with_a_vector_is_relocated_by_a_map_and_loses_no_interrupt)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, &s->edu);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, setup_map_at(s, MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));

	after = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(msi_low_place(1), after.iova);
	EXPECT_EQ(before.index, after.index);
	EXPECT_EQ(1, after.vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	/* the user can unmap what it mapped there */
	EXPECT_EQ(0, setup_unmap(s, MSI_WINDOW_IOVA, MSI_WINDOW_LENGTH));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, with_a_vector_leaves_the_pages_beside_it_to_the_user)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, map_page(s, d.iova - PAGE));
	EXPECT_EQ(0, map_page(s, d.iova + d.length));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, cannot_be_unmapped_by_the_user)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(-ENOENT, setup_unmap(s, d.iova, d.length));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, survives_unmapping_everything_and_mapping_again)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, setup_unmap_all(s));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	setup_map(_metadata, s);
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(same_doorbell(before, after));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

/* IOAS only: a device that leaves a container is closed, and has no vectors then */
FIXTURE(detached)
{
	struct setup s;
};

FIXTURE_SETUP(detached)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
}

FIXTURE_TEARDOWN(detached)
{
	setup_close(&self->s);
}

TEST_F(detached, doorbell_is_gone_and_back_after_attach)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;
	struct doorbell_list list;

	before = the_doorbell(_metadata, &s->edu);
	expect_working_vector(_metadata, &s->edu);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
	setup_attach(_metadata, s);
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(same_doorbell(before, after));
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(detached, doorbell_forgets_vectors_that_were_left_on)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	setup_attach(_metadata, s);
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).vectors);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_HARNESS_MAIN
