// SPDX-License-Identifier: GPL-2.0
/*
 * An address space in which the user maps nothing near a doorbell. All of this works on
 * kernels that cannot place doorbells, too, and must not change.
 */
#include "setup.h"

FIXTURE(address_space)
{
	struct setup s;
};

FIXTURE_SETUP(address_space)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
}

FIXTURE_TEARDOWN(address_space)
{
	setup_close(&self->s);
}

TEST_F(address_space, refuses_misaligned_and_overlapping_maps_as_ever)
{
	struct setup *s = &self->s;
	__u64 iova = ELSEWHERE_IOVA + MEMORY_LENGTH;

	EXPECT_EQ(-EINVAL, map_page(s, iova + 1));
	EXPECT_EQ(-EINVAL, map_page(s, iova + PAGE / 2));
	EXPECT_EQ(-EINVAL,
		  ioas_map(s->iommufd, s->ioas, s->memory.va, PAGE / 2, iova));
	EXPECT_EQ(-EINVAL,
		  ioas_map(s->iommufd, s->ioas, s->memory.va, 0, iova));
	EXPECT_EQ(-EINVAL, map_page(s, MSI_WINDOW_IOVA + PAGE / 2));
	EXPECT_EQ(-EOVERFLOW,
		  ioas_map(s->iommufd, s->ioas, s->memory.va, 2 * PAGE, -PAGE));
	EXPECT_EQ(-EEXIST, map_page(s, ELSEWHERE_IOVA));
	EXPECT_EQ(-EEXIST, map_page(s, iova - PAGE));
	EXPECT_EQ(0, map_page(s, iova));
}

TEST_F(address_space, does_dma_and_takes_interrupts)
{
	struct setup *s = &self->s;

	expect_dma(_metadata, &s->edu, &s->memory);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(address_space, does_dma_and_takes_interrupts_after_reattach)
{
	struct setup *s = &self->s;

	expect_working_vector(_metadata, &s->edu);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_HARNESS_MAIN
