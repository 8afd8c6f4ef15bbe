// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA API fails to set up a domain. A host driver binds to the device all the same,
 * but gets no MSIs, since no doorbell can be mapped without an IOVA allocator. The
 * kernel must not crash.
 */
#include "setup.h"

#define MAX_ALLOCATIONS 100
#define HOST_DRIVER "igb"

FIXTURE(dma)
{
	const char *bdf;
};

FIXTURE_SETUP(dma)
{
	self->bdf = igb_name();
	if (!self->bdf)
		SKIP(return, NO_IGB);
	if (faults_setup("iommu_setup_dma_ops") || faults_spare_copies())
		SKIP(return, "no fault injection, see lib/faults.c");
}

FIXTURE_TEARDOWN(dma)
{
	EXPECT_EQ(0, sysfs_bind(self->bdf, "vfio-pci"));
	EXPECT_EQ(0, sysfs_set_domain(self->bdf, "identity"));
	EXPECT_EQ(0, sysfs_set_domain(self->bdf, "DMA"));
}

/* Return: number of MSIs that the host's driver gets in the device's current domain */
static unsigned int msis_of_the_host(struct __test_metadata *_metadata,
				     const char *bdf)
{
	unsigned int count;

	EXPECT_EQ(0, sysfs_bind(bdf, HOST_DRIVER));
	count = sysfs_count_msis(bdf);
	EXPECT_EQ(0, sysfs_bind(bdf, "vfio-pci"));
	return count;
}

TEST_F(dma, domain_that_is_not_set_up_has_no_msis)
{
	unsigned int nth, count, without = 0;
	bool failed = true;
	int fd;

	for (nth = 1; nth < MAX_ALLOCATIONS && failed; nth++) {
		/* Otherwise the device would keep its domain */
		ASSERT_EQ(0, sysfs_set_domain(self->bdf, "identity"));
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, sysfs_set_domain(self->bdf, "DMA"));
		failed = faults_end(fd);
		count = msis_of_the_host(_metadata, self->bdf);
		without += !count;
	}
	EXPECT_FALSE(failed);
	EXPECT_LT(0, without);
	/* The last one was set up without a failure */
	EXPECT_LT(1, count);
	printf("# failures=%u without MSIs=%u\n", nth - 2, without);
}

TEST_HARNESS_MAIN
