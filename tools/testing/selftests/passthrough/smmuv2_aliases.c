// SPDX-License-Identifier: GPL-2.0
/*
 * A device with more than one stream ID behind an Arm SMMUv2, by a mask or by a bridge: all
 * of them use the same context bank. SMMU_ALIASES has the bits to flip in the first stream
 * ID to get each of the others.
 */
#include "smmuv2_setup.h"

#define MAX_ALIASES 8

FIXTURE(aliases)
{
	struct setup s;
	char mark[MARK + 1];
	unsigned int sid;
	unsigned int others[MAX_ALIASES], count;
};

/* Return: the number of aliases */
static unsigned int list_aliases(unsigned int sid, unsigned int *others)
{
	char *list = getenv("SMMU_ALIASES");
	unsigned int count = 0;

	while (*list && count < MAX_ALIASES) {
		others[count++] = sid ^ strtoul(list, &list, 0);
		list += *list == ',';
	}
	return count;
}

FIXTURE_SETUP(aliases)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (!getenv("SMMU_ALIASES"))
		SKIP(return, "SMMU_ALIASES is not set");
	self->sid = walker_sid(edu_name(0));
	self->count = list_aliases(self->sid, self->others);
	ASSERT_LT(0, self->count);
	setup_open(_metadata, &self->s);
	mark(&self->s.memory, self->mark);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(aliases)
{
	setup_close(&self->s);
}

static void expect_blocked(struct __test_metadata *_metadata,
			   const unsigned int *sids, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		ASK("blocked %u", sids[i]);
}

TEST_F(aliases, each_leads_to_the_memory)
{
	struct setup *s = &self->s;
	unsigned int i;

	expect_blocked(_metadata, self->others, self->count);
	setup_attach(_metadata, s);
	for (i = 0; i < self->count; i++) {
		ASK("same %u %u", self->sid, self->others[i]);
		ASK("leads %u %#llx %#llx rw %s", self->others[i],
		    ELSEWHERE_IOVA, MEMORY_LENGTH, self->mark);
	}
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	expect_blocked(_metadata, self->others, self->count);
}

/* Faults are reported to a guest with a single stream ID */
TEST_F(aliases, guest_cannot_have_the_device)
{
	__u32 parent, viommu, vdevice;
	struct setup *s = &self->s;

	ASSERT_EQ(0, nest_parent_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				       &parent));
	ASSERT_EQ(0, smmuv2_viommu_alloc(s->iommufd, s->edu.dev.id, parent,
					 &viommu));
	EXPECT_EQ(-EOPNOTSUPP, vdevice_alloc(s->iommufd, viommu, s->edu.dev.id,
					     8, &vdevice));
	/* Stage 2 alone works for all of its streams */
	ASSERT_EQ(0, device_attach(&s->edu.dev, parent));
	ASK("stage %u 2", self->sid);
	ASK("leads %u %#llx %#llx rw %s", self->sid, ELSEWHERE_IOVA,
	    MEMORY_LENGTH, self->mark);
}

TEST_HARNESS_MAIN
