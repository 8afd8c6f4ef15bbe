// SPDX-License-Identifier: GPL-2.0
/*
 * Two users behind one SMMU, in separate processes: one allocates nest parents until no
 * VMID is left. Meanwhile and afterwards the other's guest has its DMA, interrupts, events,
 * page tables and vIOMMUs. Only another nest parent fails, with ENOSPC, and leaves nothing
 * behind. It succeeds after the first user was killed.
 */
#include "nested_greed.h"
#include "nested_kinds.h"

/* 16 bits, without 0; each guest uses one of them */
#define VMIDS 65535U
#define OTHERS 2U
/* Where the other user maps a page while no VMID is left */
#define LATE_IPA (RAM_IPA + 2 * RAM_LENGTH)
#define GREEDY_USER 1000

/* Run without privileges */
static struct taken take_all(struct guest *g, const void *context)
{
	struct taken taken = {};

	if (setresuid(GREEDY_USER, GREEDY_USER, GREEDY_USER))
		return taken;
	while (!taken.ret && taken.count <= VMIDS) {
		taken.ret = make_small_parent(g, taken.count);
		taken.count += !taken.ret;
	}
	return taken;
}

FIXTURE(vmids)
{
	struct greed greed;
};

FIXTURE_SETUP(vmids)
{
	if (!edu_name(1) || !igb_name())
		SKIP(return, NO_IGB ", or VFIO_EDU two edu devices");
	greed_open(_metadata, &self->greed, take_all, NULL);
}

FIXTURE_TEARDOWN(vmids)
{
	greed_close(&self->greed);
}

/* Without a VMID each attempt fails, and leaves nothing behind */
static void expect_no_parent(struct __test_metadata *_metadata, struct guest *g)
{
	struct account before;
	const char *differs;
	__u32 ioas, id;
	unsigned int n;

	ASSERT_EQ(0, ioas_alloc(g->iommufd, &ioas));
	account_take(&before, g->iommufd);
	for (n = 0; n < 20; n++) {
		EXPECT_EQ(-ENOSPC,
			  nest_parent_alloc(g->iommufd, g->edu[0].dev.id,
					    n % 2 ? g->ioas : ioas, &id));
	}
	differs = account_compare(&before, g->iommufd);
	EXPECT_EQ(NULL, differs)
	TH_LOG("refused nest parents: %s", differs);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, ioas));
}

/* These need no VMID: another vIOMMU, page tables of either kind, and mappings */
static void expect_all_else(struct __test_metadata *_metadata, struct guest *g)
{
	struct mapping late = { .va = g->ram.va + RAM_LENGTH - PAGE,
				.iova = data_va(1),
				.length = PAGE };
	__u32 id, old = g->edu[0].dev.pt;

	ASSERT_EQ(0,
		  viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent, &id));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));
	ASSERT_EQ(0, hwpt_alloc(g->iommufd, g->edu[0].dev.id, g->ioas, &id));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));

	ASSERT_EQ(0, ioas_map(g->iommufd, g->ioas, late.va, PAGE, LATE_IPA));
	guest_map(_metadata, g, late.iova, LATE_IPA);
	guest_attach_stage1(_metadata, g, 0);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, old));
	journal_route(&g->edu[0].dev, late.iova, "3", NULL);
	EXPECT_EQ(0, exercise_page(&g->edu[0], &late));
	EXPECT_EQ(0, ioas_unmap(g->iommufd, g->ioas, LATE_IPA, PAGE));
	expect_blocked(_metadata, g, 0, late.iova, "F_TRANSLATION");
}

/* A new stage 2, which translates the device's DMA, as in the beginning */
static void expect_parent(struct __test_metadata *_metadata, struct guest *g)
{
	__u32 id;

	ASSERT_EQ(0, nest_parent_alloc(g->iommufd, g->edu[0].dev.id, g->ioas,
				       &id));
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, id));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
	guest_attach_stage1(_metadata, g, 0);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));
}

/* A third user's container, with a device. Return: 0 or the error of adding it. */
static int try_container(struct __test_metadata *_metadata, unsigned int kind)
{
	struct container container;
	int group;

	EXPECT_EQ(0, container_open(&container));
	container.iommu = kind;
	group = container_add_group(&container, igb_name());
	if (group >= 0)
		close(group);
	container_close(&container);
	return group < 0 ? group : 0;
}

TEST_F(vmids, used_up_by_one_user_disturb_no_other)
{
	struct guest *other = &self->greed.other;
	struct taken taken;

	expect_works(_metadata, other);
	taken = work_meanwhile(_metadata, &self->greed);
	EXPECT_EQ(-ENOSPC, taken.ret);
	EXPECT_EQ(VMIDS - OTHERS, taken.count);

	expect_no_parent(_metadata, other);
	EXPECT_EQ(-ENOSPC, try_container(_metadata, VFIO_TYPE1_NESTING_IOMMU));
	EXPECT_EQ(0, try_container(_metadata, VFIO_TYPE1v2_IOMMU));
	expect_no_event(_metadata, other);
	expect_works(_metadata, other);
	expect_all_else(_metadata, other);
	expect_works(_metadata, other);

	kill_greedy(_metadata, &self->greed);
	expect_works(_metadata, other);
	expect_parent(_metadata, other);
	EXPECT_EQ(0, try_container(_metadata, VFIO_TYPE1_NESTING_IOMMU));
	expect_works(_metadata, other);
}

TEST_HARNESS_MAIN
