// SPDX-License-Identifier: GPL-2.0
/*
 * An Arm SMMUv2 all of whose pages are longer than the kernel's: nobody gets an address
 * space on it, whose doorbells would not have a page of their own. What is refused takes
 * no context bank, and leaves the stream as it was.
 */
#include "smmuv2_setup.h"

#define ID2_4K 0x1000U

FIXTURE(granule)
{
	unsigned int sid;
};

FIXTURE_SETUP(granule)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	self->sid = walker_sid(edu_name(0));
	expect_default(_metadata, self->sid);
	ASK("remember");
}

FIXTURE_TEARDOWN(granule)
{
	ASK("remembered");
	expect_default(_metadata, self->sid);
}

TEST_F(granule, containers_are_refused)
{
	static const int kinds[] = { VFIO_TYPE1_IOMMU, VFIO_TYPE1v2_IOMMU,
				     VFIO_TYPE1_NESTING_IOMMU };
	struct container container;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(0, container_open(&container));
		container.iommu = kinds[i];
		EXPECT_EQ(-EINVAL,
			  container_add_group(&container, edu_name(0)));
		container_close(&container);
		expect_default(_metadata, self->sid);
	}
}

TEST_F(granule, iommufd_refuses_and_blocks_the_device)
{
	struct iommu_hw_info_arm_smmuv2 info = {};
	struct device dev;
	__u32 ioas, hwpt;
	int iommufd;

	iommufd = iommufd_open();
	ASSERT_LE(0, iommufd);
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, device_open(&dev, edu_name(0), iommufd));
	ASSERT_EQ(0, smmuv2_info(iommufd, dev.id, &info));
	EXPECT_EQ(0, info.idr[2] & ID2_4K);
	ASK("blocked %u", self->sid);
	EXPECT_EQ(-EINVAL, device_attach(&dev, ioas));
	EXPECT_EQ(-EINVAL, hwpt_alloc(iommufd, dev.id, ioas, &hwpt));
	EXPECT_EQ(-EINVAL, nest_parent_alloc(iommufd, dev.id, ioas, &hwpt));
	ASK("remembered");
	ASK("blocked %u", self->sid);
	device_close(&dev);
	close(iommufd);
}

TEST_HARNESS_MAIN
