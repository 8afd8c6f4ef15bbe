// SPDX-License-Identifier: GPL-2.0
/*
 * An Arm SMMUv2 whose pages, of SMMU_LEAF bytes, are longer than the kernel's. iommufd has
 * no address spaces for it; a container of VFIO maps what lies together in memory.
 */
#include "smmuv2_setup.h"

#define FAR_IOVA 0x7e57000000ULL
#define HUGE 0x200000ULL

FIXTURE(granule)
{
	struct container container;
	struct edu edu;
	struct marked huge;
	unsigned int sid;
	__u64 leaf;
};

FIXTURE_SETUP(granule)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (!getenv("SMMU_LEAF"))
		SKIP(return, "SMMU_LEAF is not set");
	self->leaf = strtoul(getenv("SMMU_LEAF"), NULL, 0);
	self->sid = walker_sid(edu_name(0));
	self->huge.memory.length = HUGE;
	self->huge.memory.va = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
				    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->huge.memory.va);
	mark(&self->huge.memory, self->huge.mark);
}

FIXTURE_TEARDOWN(granule)
{
	memory_free(&self->huge.memory);
}

TEST_F(granule, container_maps_what_lies_together)
{
	struct container *c = &self->container;
	const char *stage = getenv("SMMU_STAGE") ?: "1";
	void *va = self->huge.memory.va;

	ASSERT_EQ(0, container_open(c));
	ASSERT_EQ(0, edu_open_type1(&self->edu, edu_name(0), c));
	ASK("stage %u %s", self->sid, stage);
	ASSERT_EQ(0, container_map(c, va, HUGE, FAR_IOVA));
	ASK("leads %u %#llx %#llx rw %s", self->sid, FAR_IOVA, HUGE,
	    self->huge.mark);
	ASK("leaf %u %#llx %#llx", self->sid, FAR_IOVA, self->leaf);
	ASK("nowhere %u %#llx %s", self->sid, FAR_IOVA + HUGE, stage);
	ASK("total %u %#llx", self->sid, HUGE);
	/* One of the kernel's pages is too short */
	EXPECT_EQ(-EINVAL, container_map(c, va, PAGE, 0));
	EXPECT_EQ(-EINVAL, container_map(c, va, self->leaf, PAGE));
	ASSERT_EQ(0, container_map(c, va, self->leaf, 0));
	ASK("total %u %#llx", self->sid, HUGE + self->leaf);
	ASSERT_EQ(0, container_unmap_all(c));
	ASK("total %u 0", self->sid);
	edu_close(&self->edu);
	container_close(c);
}

TEST_F(granule, iommufd_refuses_and_blocks_the_device)
{
	struct device dev;
	__u32 ioas, hwpt;
	int iommufd;

	iommufd = iommufd_open();
	ASSERT_LE(0, iommufd);
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, device_open(&dev, edu_name(0), iommufd));
	ASK("blocked %u", self->sid);
	ASK("remember");
	EXPECT_EQ(-EINVAL, device_attach(&dev, ioas));
	EXPECT_EQ(-EINVAL, hwpt_alloc(iommufd, dev.id, ioas, &hwpt));
	ASK("remembered");
	ASK("blocked %u", self->sid);
	device_close(&dev);
	close(iommufd);
}

TEST_HARNESS_MAIN
