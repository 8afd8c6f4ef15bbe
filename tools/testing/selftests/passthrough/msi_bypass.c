// SPDX-License-Identifier: GPL-2.0
/*
 * A machine whose IOMMU does not translate MSIs: they are sent to an address range that
 * bypasses it, as with QEMU's virtio-iommu. The range stays reserved, and devices need
 * no doorbells.
 */
#include "setup.h"

FIXTURE(bypass)
{
	struct setup s;
	struct iommu_iova_range region;
};

FIXTURE_VARIANT(bypass)
{
	enum backend backend;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(bypass, in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(bypass, in_a_container)
{
	.backend = BACKEND_TYPE1,
};

/* clang-format on */

FIXTURE_SETUP(bypass)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, sysfs_msi_region(edu_name(0), &self->region));
	setup_open_backend(_metadata, &self->s, variant->backend);
	setup_map(_metadata, &self->s);
	setup_attach(_metadata, &self->s);
}

FIXTURE_TEARDOWN(bypass)
{
	setup_close(&self->s);
}

TEST_F(bypass, refuses_maps_into_the_region_but_not_beside_it)
{
	const struct iommu_iova_range *region = &self->region;
	struct range_list ranges;

	ASSERT_EQ(0, setup_ranges(&self->s, &ranges));
	EXPECT_FALSE(ranges_overlap(&ranges, region->start, region->last));
	EXPECT_EQ(-EINVAL, map_page(&self->s, region->start));
	EXPECT_EQ(-EINVAL, map_page(&self->s, region->last & ~(PAGE - 1)));
	EXPECT_EQ(0, map_page(&self->s, region->start - PAGE));
	EXPECT_EQ(0, map_page(&self->s, region->last + 1));
}

TEST_F(bypass, leaves_interrupts_and_dma_working)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(INTERRUPTS, edu_interrupts(&s->edu, INTERRUPTS));
	expect_dma(_metadata, &s->edu, &s->memory);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
}

FIXTURE(bypassing)
{
	struct setup s;
	struct iommu_iova_range region;
};

FIXTURE_SETUP(bypassing)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	ASSERT_EQ(0, sysfs_msi_region(edu_name(0), &self->region));
	setup_open(_metadata, &self->s);
}

FIXTURE_TEARDOWN(bypassing)
{
	setup_close(&self->s);
}

TEST_F(bypassing, device_has_no_doorbells)
{
	struct iommu_msi_device info;
	struct doorbell_list list;
	struct setup *s = &self->s;

	ASSERT_EQ(0, msi_device(s->iommufd, s->edu.dev.id, &info));
	EXPECT_EQ(0, info.num_doorbells);
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
}

TEST_F(bypassing, device_is_kept_out_by_memory_in_the_region)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, map_page(s, self->region.start));
	EXPECT_EQ(-EADDRINUSE, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, setup_unmap(s, self->region.start, PAGE));
	setup_attach(_metadata, s);
}

TEST_F(bypass, has_no_addresses_of_a_guest)
{
	struct device *dev = &self->s.edu.dev;

	EXPECT_EQ(-ENOTTY, device_probe_msi_addresses(dev, 0));
	EXPECT_EQ(-ENOTTY, device_set_msi_address(dev, VFIO_PCI_MSI_IRQ_INDEX,
						  0, 0xfeed0040));
}

TEST_HARNESS_MAIN
