// SPDX-License-Identifier: GPL-2.0
/*
 * An interrupt controller that cannot tell which device an MSI came from
 * (GICv2m) makes a device that is passed through unsafe: binding it is refused
 * until the administrator says otherwise. The environment tells what this
 * machine has: MSI_ISOLATED=yes (an ITS) or no.
 */
#include "setup.h"

FIXTURE(isolation)
{
	bool isolated;
	char unsafe_allowed;
	int iommufd;
};

FIXTURE_SETUP(isolation)
{
	const char *isolated = getenv("MSI_ISOLATED");

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (!isolated)
		SKIP(return, "MSI_ISOLATED=yes or no is not set");
	self->isolated = !strcmp(isolated, "yes");
	ASSERT_EQ(0, sysfs_get_unsafe_interrupts(&self->unsafe_allowed));
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
}

FIXTURE_TEARDOWN(isolation)
{
	sysfs_set_unsafe_interrupts(self->unsafe_allowed);
	close(self->iommufd);
}

TEST_F(isolation, is_needed_unless_the_administrator_says_otherwise)
{
	struct edu edu;

	ASSERT_EQ(0, sysfs_set_unsafe_interrupts('N'));
	EXPECT_EQ(self->isolated ? 0 : -EPERM,
		  edu_open(&edu, edu_name(0), self->iommufd));
	edu_close(&edu);
}

TEST_F(isolation, is_not_needed_if_the_administrator_says_so)
{
	struct edu edu;

	ASSERT_EQ(0, sysfs_set_unsafe_interrupts('Y'));
	EXPECT_EQ(0, edu_open(&edu, edu_name(0), self->iommufd));
	edu_close(&edu);
}

TEST_HARNESS_MAIN
