// SPDX-License-Identifier: GPL-2.0
/*
 * An Arm SMMUv2 all of whose pages are larger than the kernel's. A container of VFIO type1
 * maps contiguous memory, and each of its doorbells takes a page of the SMMU. iommufd
 * refuses all address spaces: a refused call takes no context bank, and leaves the stream
 * as it was.
 */
#include "smmuv2_setup.h"

#define ID2_4K 0x1000U
#define BLOCK 0x200000ULL

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

FIXTURE(container)
{
	struct setup s;
	struct marked huge; /* contiguous, as required for the SMMU's pages */
	unsigned int sid;
};

FIXTURE_VARIANT(container)
{
	int iommu;
	const char *doorbell; /* the access that its page allows */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(container, type1)
{
	.iommu = VFIO_TYPE1_IOMMU,
	.doorbell = "rw",
};

FIXTURE_VARIANT_ADD(container, type1v2)
{
	.iommu = VFIO_TYPE1v2_IOMMU,
	.doorbell = "rw",
};

FIXTURE_VARIANT_ADD(container, for_nesting)
{
	.iommu = VFIO_TYPE1_NESTING_IOMMU,
	.doorbell = "w",
};

/* clang-format on */

FIXTURE_SETUP(container)
{
	struct mapping *memory = &self->huge.memory;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	self->sid = walker_sid(edu_name(0));
	setup_open_backend(_metadata, &self->s, BACKEND_TYPE1);
	self->s.container.iommu = variant->iommu;
	memory->length = BLOCK;
	memory->iova = ELSEWHERE_IOVA;
	memory->va = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)memory->va);
	mark(memory, self->huge.mark);
	memory_free(&self->s.memory);
	self->s.memory = *memory;
	setup_map(_metadata, &self->s);
	setup_attach(_metadata, &self->s);
}

FIXTURE_TEARDOWN(container)
{
	setup_close(&self->s);
	expect_default(_metadata, self->sid);
}

/* The container's doorbell; it has a page of the SMMU, as the capability reports */
static __u64 expect_doorbell(struct __test_metadata *_metadata, struct setup *s,
			     unsigned int sid, const char *access)
{
	__u64 page = has("SMMU_PAGE", "64K") ? 0x10000 : 0x4000;
	struct vfio_iommu_type1_info_cap_msi msi;
	struct doorbell_list list;

	ASSERT_EQ(0, container_msi(&s->container, &msi, &list));
	EXPECT_EQ(page, msi.granule);
	ASSERT_EQ(1, list.count);
	EXPECT_EQ(page, list.at[0].length);
	EXPECT_EQ(0, list.at[0].iova % page);
	ASK("doorbell %u %#llx %s", sid, list.at[0].iova, access);
	ASK("leaf %u %#llx %#llx", sid, list.at[0].iova, page);
	return list.at[0].iova;
}

TEST_F(container, maps_memory_and_moves_a_doorbell_of_a_long_page)
{
	struct setup *s = &self->s;
	__u64 before, after;

	ASK("leads %u %#llx %#llx rw %s", self->sid, ELSEWHERE_IOVA, BLOCK,
	    self->huge.mark);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = expect_doorbell(_metadata, s, self->sid, variant->doorbell);
	ASSERT_EQ(0, setup_map_at(s, BLOCK, before & ~(BLOCK - 1)));
	after = expect_doorbell(_metadata, s, self->sid, variant->doorbell);
	EXPECT_NE(before, after);
	ASK("leads %u %#llx %#llx rw %s", self->sid, before & ~(BLOCK - 1),
	    BLOCK, self->huge.mark);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
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
