// SPDX-License-Identifier: GPL-2.0
/*
 * A device with more than one stream ID behind an Arm SMMUv2, by a mask or by a bridge:
 * all are led to the same place. SMMU_ALIASES are what is to be changed in the first one's
 * bits to get others.
 */
#include "smmuv2_setup.h"

FIXTURE(aliases)
{
	struct setup s;
	char mark[MARK + 1];
	unsigned int sid;
};

FIXTURE_SETUP(aliases)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (!getenv("SMMU_ALIASES"))
		SKIP(return, "SMMU_ALIASES is not set");
	self->sid = walker_sid(edu_name(0));
	ASSERT_NE(0, strtoul(getenv("SMMU_ALIASES"), NULL, 0));
	setup_open(_metadata, &self->s);
	mark(&self->s.memory, self->mark);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(aliases)
{
	setup_close(&self->s);
}

/* The next alias of the list, which @list is moved behind; 0 at its end */
static unsigned int next_alias(const char **list)
{
	unsigned int bits;
	char *end;

	bits = strtoul(*list, &end, 0);
	*list = *end ? end + 1 : end;
	return bits;
}

#define for_each_alias(sid, first, list)                           \
	for (list = getenv("SMMU_ALIASES"), sid = next_alias(&list); \
	     sid && (sid ^= first); sid = next_alias(&list))

TEST_F(aliases, each_leads_to_the_memory)
{
	struct setup *s = &self->s;
	const char *list;
	unsigned int sid;

	for_each_alias(sid, self->sid, list)
		ASK("blocked %u", sid);
	setup_attach(_metadata, s);
	for_each_alias(sid, self->sid, list) {
		ASK("same %u %u", self->sid, sid);
		ASK("leads %u %#llx %#llx rw %s", sid, ELSEWHERE_IOVA,
		    MEMORY_LENGTH, self->mark);
	}
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	for_each_alias(sid, self->sid, list)
		ASK("blocked %u", sid);
}

/* A guest is told of faults by one stream ID */
TEST_F(aliases, guest_cannot_have_the_device)
{
	__u32 parent, viommu, vdevice;
	struct setup *s = &self->s;

	ASSERT_EQ(0, nest_parent_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				       &parent));
	ASSERT_EQ(0, smmuv2_viommu_alloc(s->iommufd, s->edu.dev.id, parent,
					 &viommu));
	EXPECT_EQ(-EOPNOTSUPP, vdevice_alloc(s->iommufd, viommu,
					     s->edu.dev.id, 8, &vdevice));
	/* Its stage 2 alone is good for all of its streams */
	ASSERT_EQ(0, device_attach(&s->edu.dev, parent));
	ASK("stage %u 2", self->sid);
	ASK("leads %u %#llx %#llx rw %s", self->sid, ELSEWHERE_IOVA,
	    MEMORY_LENGTH, self->mark);
}

TEST_HARNESS_MAIN
