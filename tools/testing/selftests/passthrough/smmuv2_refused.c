// SPDX-License-Identifier: GPL-2.0
/*
 * An Arm SMMUv2 on which guests cannot own stage 1, as it lacks nested translation or is
 * limited to one stage: each call that would need it is refused, and the device works
 * without it.
 */
#include "smmuv2_setup.h"

FIXTURE(refused)
{
	struct setup s;
	char mark[MARK + 1];
	unsigned int sid;
};

FIXTURE_SETUP(refused)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (!has("SMMU_NESTS", "no"))
		SKIP(return, "SMMU_NESTS is not \"no\"");
	self->sid = walker_sid(edu_name(0));
	setup_open(_metadata, &self->s);
	mark(&self->s.memory, self->mark);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(refused)
{
	setup_attach(_metadata, &self->s);
	ASK("leads %u %#llx %#llx rw %s", self->sid, ELSEWHERE_IOVA,
	    MEMORY_LENGTH, self->mark);
	setup_close(&self->s);
}

TEST_F(refused, hw_info_says_so)
{
	struct iommu_hw_info_arm_smmuv2 info = { .can_nest = 7 };
	unsigned int i;

	ASSERT_EQ(0, smmuv2_info(self->s.iommufd, self->s.edu.dev.id, &info));
	EXPECT_EQ(0, info.can_nest);
	for (i = 0; i < ARRAY_SIZE(info.idr); i++)
		ASK("id %u %#x", i, info.idr[i]);
}

TEST_F(refused, nest_parent_and_viommu_are_eopnotsupp)
{
	struct setup *s = &self->s;
	__u32 id, hwpt;

	ASK("remember");
	EXPECT_EQ(-EOPNOTSUPP,
		  nest_parent_alloc(s->iommufd, s->edu.dev.id, s->ioas, &id));
	ASK("remembered");
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &hwpt));
	EXPECT_EQ(-EOPNOTSUPP,
		  smmuv2_viommu_alloc(s->iommufd, s->edu.dev.id, hwpt, &id));
	ASSERT_EQ(0, iommufd_destroy(s->iommufd, hwpt));
	ASK("remembered");
}

TEST_HARNESS_MAIN
