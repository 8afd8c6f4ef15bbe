// SPDX-License-Identifier: GPL-2.0
/*
 * A machine whose firmware does not declare DMA to be always coherent, and whose SMMU
 * cannot enforce it: a guest could read stale memory behind the caches, so there is no
 * vIOMMU. Everything else works.
 */
#include "nested_setup.h"

FIXTURE(incoherent)
{
	struct setup s;
};

FIXTURE_SETUP(incoherent)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, &self->s);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(incoherent)
{
	setup_close(&self->s);
}

TEST_F(incoherent, machine_has_no_viommu)
{
	struct setup *s = &self->s;
	__u32 parent, viommu;

	ASSERT_EQ(0, nest_parent_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				       &parent));
	EXPECT_EQ(-EOPNOTSUPP,
		  viommu_alloc(s->iommufd, s->edu.dev.id, parent, &viommu));
	ASSERT_EQ(0, device_attach(&s->edu.dev, parent));
	expect_dma(_metadata, &s->edu, &s->memory);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	EXPECT_EQ(0, iommufd_destroy(s->iommufd, parent));
}

TEST_F(incoherent, machine_does_dma_and_takes_interrupts)
{
	struct setup *s = &self->s;

	setup_attach(_metadata, s);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_working_vector(_metadata, &s->edu);
}

TEST_HARNESS_MAIN
