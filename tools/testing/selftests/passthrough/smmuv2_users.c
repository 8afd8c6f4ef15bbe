// SPDX-License-Identifier: GPL-2.0
/*
 * Two users behind one Arm SMMUv2, in separate processes: one allocates nest parents, each
 * of which takes a VMID and a context bank, until none is left. The other's stream keeps
 * its banks and tables. It can map, and change between the page tables that it has, but
 * calls that need a bank fail with ENOSPC. They succeed after the first user was killed.
 */
#include "smmuv2_guest.h"

/* More than an SMMUv2 has */
#define MAX_BANKS 129

struct greed {
	int ret; /* of the last call */
	unsigned int count;
};

FIXTURE(users)
{
	struct guest2 other;
	struct greed *greed; /* memory that both processes share */
	__u32 nested;
};

FIXTURE_SETUP(users)
{
	struct guest2 *other = &self->other;

	if (!walker_is_there() || !edu_name(1))
		SKIP(return, NO_WALKER ", or VFIO_EDU two devices");
	self->greed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->greed);
	guest2_open_nth(_metadata, other, GRANULE_4K, 1);
	guest2_map(other, 0, 0);
	guest2_map(other, 1, 0);
	self->nested = guest2_attach(_metadata, other);
}

FIXTURE_TEARDOWN(users)
{
	guest2_close(&self->other);
	munmap(self->greed, PAGE);
	expect_default(_metadata, self->other.sid);
}

/* A guest like the other's, then all banks that are left */
static void take_all(struct __test_metadata *_metadata, void *data)
{
	struct greed *greed = data;
	static struct guest2 g;
	__u32 id;

	guest2_open(_metadata, &g, GRANULE_4K);
	guest2_map(&g, 0, 0);
	guest2_attach(_metadata, &g);
	while (!greed->ret && greed->count < MAX_BANKS) {
		greed->ret =
			nest_parent_alloc(g.iommufd, g.dev.id, g.ioas, &id);
		greed->count += !greed->ret;
	}
}

/* Both stages are as before, whatever others have */
static void expect_works(struct __test_metadata *_metadata, struct guest2 *g)
{
	ASK("stage %u nested", g->sid);
	expect_data(_metadata, g, 0, "rw");
	expect_data(_metadata, g, 1, "rw");
}

/* Each call that needs a bank fails each time, and leaves nothing behind */
static void expect_no_bank(struct __test_metadata *_metadata, struct guest2 *g)
{
	struct iommu_hwpt_arm_smmuv2 bank = tables_bank(&g->tables);
	struct account before;
	const char *differs;
	unsigned int n;
	__u32 id;

	ASK("remember");
	account_take(&before, g->iommufd);
	for (n = 0; n < 20; n++) {
		EXPECT_EQ(-ENOSPC, nest_parent_alloc(g->iommufd, g->dev.id,
						     g->ioas, &id));
		EXPECT_EQ(-ENOSPC,
			  hwpt_alloc(g->iommufd, g->dev.id, g->ioas, &id));
		EXPECT_EQ(-ENOSPC, smmuv2_nested_alloc(g->iommufd, g->viommu,
						       g->dev.id, &bank, &id));
		EXPECT_EQ(-ENOSPC, device_attach(&g->dev, g->ioas));
	}
	differs = account_compare(&before, g->iommufd);
	EXPECT_EQ(NULL, differs)
	TH_LOG("refused page tables: %s", differs);
	ASK("remembered");
}

/* These need no bank: mappings, invalidation, vIOMMUs, attaching to what exists */
static void expect_all_else(struct __test_metadata *_metadata, struct guest2 *g,
			    __u32 nested)
{
	__u32 id;

	guest2_remap(_metadata, g, 1, IOMMU_IOAS_MAP_READABLE);
	expect_data(_metadata, g, 1, "r");
	guest2_remap(_metadata, g, 1,
		     IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE);
	EXPECT_EQ(0, smmuv2_command(g->iommufd, g->viommu,
				    IOMMU_ARM_SMMUV2_TLBI_ASID, 7));
	ASSERT_EQ(0,
		  smmuv2_viommu_alloc(g->iommufd, g->dev.id, g->parent, &id));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));
	ASSERT_EQ(0, device_attach(&g->dev, g->parent));
	ASK("stage %u 2", g->sid);
	ASSERT_EQ(0, device_attach(&g->dev, nested));
}

/* As many nest parents as before, in any process */
static void expect_banks(struct __test_metadata *_metadata, struct guest2 *g,
			 unsigned int count)
{
	__u32 ids[MAX_BANKS], nested = g->dev.pt;
	unsigned int n;

	for (n = 0; n < count; n++)
		ASSERT_EQ(0, nest_parent_alloc(g->iommufd, g->dev.id, g->ioas,
					       &ids[n]));
	ASSERT_EQ(0, device_attach(&g->dev, ids[0]));
	ASK("stage %u 2", g->sid);
	ASSERT_EQ(0, device_attach(&g->dev, nested));
	for (n = 0; n < count; n++)
		ASSERT_EQ(0, iommufd_destroy(g->iommufd, ids[n]));
}

TEST_F(users, of_whom_one_uses_up_vmids_disturb_no_other)
{
	struct guest2 *other = &self->other;
	int banks = atoi(getenv("SMMU_BANKS") ?: "0");
	unsigned int greedy;
	pid_t pid;

	greedy = walker_sid(edu_name(0));
	expect_works(_metadata, other);
	pid = start_child(_metadata, take_all, self->greed);
	printf("# nest parents=%u\n", self->greed->count);
	EXPECT_EQ(-ENOSPC, self->greed->ret);
	EXPECT_LT(0, self->greed->count);
	ASK("banks %d", banks);
	ASK("apart %u %u", greedy, other->sid);
	expect_works(_metadata, other);

	expect_no_bank(_metadata, other);
	expect_all_else(_metadata, other, self->nested);
	expect_works(_metadata, other);

	kill_child(_metadata, pid);
	expect_default(_metadata, greedy);
	expect_works(_metadata, other);
	expect_banks(_metadata, other, self->greed->count);
	expect_works(_metadata, other);
}

TEST_HARNESS_MAIN
