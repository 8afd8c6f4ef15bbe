// SPDX-License-Identifier: GPL-2.0
/*
 * An iommufd with devices behind two kinds of IOMMU, a real one and iommufd's mock. A
 * device of one cannot be attached to a page table of the other, neither at first nor
 * as a replacement. Found by iommu_fuzz.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "setup.h"
#include "fuzz/mock.h"

FIXTURE(foreign_hwpt)
{
	struct setup setup;
	__u32 ioas, hwpt; /* of the mock */
};

FIXTURE_SETUP(foreign_hwpt)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MOCK_DOMAIN,
	};

	self->setup.iommufd = -1;
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, &self->setup);
	setup_map(_metadata, &self->setup);
	ASSERT_EQ(0, ioas_alloc(self->setup.iommufd, &self->ioas));
	cmd.id = self->ioas;
	if (ioctl(self->setup.iommufd, IOMMU_TEST_CMD, &cmd) && errno == ENOTTY)
		SKIP(return, "CONFIG_IOMMUFD_TEST is not enabled");
	self->hwpt = cmd.mock_domain.out_hwpt_id;
	ASSERT_NE(0, self->hwpt);
}

FIXTURE_TEARDOWN(foreign_hwpt)
{
	setup_close(&self->setup);
}

TEST_F(foreign_hwpt, is_refused_to_a_device_without_one)
{
	EXPECT_EQ(-EINVAL, device_attach(&self->setup.edu.dev, self->hwpt));
}

TEST_F(foreign_hwpt, is_refused_to_a_device_with_one_which_keeps_it)
{
	setup_attach(_metadata, &self->setup);
	EXPECT_EQ(-EINVAL, device_attach(&self->setup.edu.dev, self->hwpt));
	expect_dma(_metadata, &self->setup.edu, &self->setup.memory);
	expect_working_vector(_metadata, &self->setup.edu);
}

TEST_HARNESS_MAIN
