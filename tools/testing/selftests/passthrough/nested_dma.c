// SPDX-License-Identifier: GPL-2.0
/*
 * DMA through the guest's stage 1 and the host's stage 2: which memory it reaches, and
 * which accesses each stage blocks.
 */
#include "nested_setup.h"

FIXTURE(dma)
{
	struct guest g;
};

FIXTURE_SETUP(dma)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, &self->g, 0, VIRTUAL_SID);
}

FIXTURE_TEARDOWN(dma)
{
	guest_close(&self->g);
}

TEST_F(dma, reaches_the_page_that_stage_1_leads_to)
{
	struct guest *g = &self->g;

	guest_map_data(_metadata, g, 2);
	guest_map(_metadata, g, data_va(2), data_ipa(1));
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(1), "3");
	expect_reaches(_metadata, g, 0, data_va(2), data_ipa(1), "3");
	expect_no_event(_metadata, g);
}

TEST_F(dma, sees_what_was_mapped_after_the_attach)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	guest_map_data(_metadata, g, 1);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(dma, reaches_both_ends_of_a_block)
{
	const __u64 va = 0x2000000000ULL, last = STAGE1_BLOCK - PAGE;
	struct guest *g = &self->g;

	ASSERT_EQ(0, stage1_map_block(&g->stage1, va, DATA_IPA));
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, va, DATA_IPA, "3");
	expect_reaches(_metadata, g, 0, va + last, DATA_IPA + last, "3");
	expect_blocked(_metadata, g, 0, va + STAGE1_BLOCK, "F_TRANSLATION");
}

TEST_F(dma, to_an_ipa_needs_a_mapping_of_stage_1)
{
	struct guest *g = &self->g;

	guest_map_data(_metadata, g, 1);
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_ipa(0), "F_TRANSLATION");
	expect_blocked(_metadata, g, 0, data_va(1), "F_TRANSLATION");
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(dma, cannot_write_what_stage_1_makes_read_only)
{
	struct guest *g = &self->g;
	struct edu *edu = &g->edu[0];

	ASSERT_EQ(0,
		  stage1_map(&g->stage1, data_va(0), data_ipa(0), STAGE1_READ));
	guest_map(_metadata, g, data_va(1), data_ipa(1));
	guest_attach_stage1(_metadata, g, 0);
	journal_route(&edu->dev, data_va(0), "3", NULL);
	EXPECT_EQ(0, edu_read_memory(edu, data_va(0), PAGE));
	journal_route(&edu->dev, data_va(1), "3", NULL);
	EXPECT_EQ(0, edu_write_memory(edu, data_va(1), PAGE));
	EXPECT_EQ(0, memcmp(page_at(g, 0, data_ipa(0)).va,
			    page_at(g, 0, data_ipa(1)).va, PAGE));
	expect_blocked(_metadata, g, 0, data_va(0), "F_PERMISSION");
}

TEST_F(dma, cannot_reach_what_stage_2_does_not_map)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, data_va(0), NOWHERE_IPA);
	guest_map(_metadata, g, data_va(1), data_ipa(1));
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(1), "3");
	/* A fault of stage 2 is not reported to the guest */
	expect_no_event(_metadata, g);
}

TEST_F(dma, follows_stage_2_as_the_host_changes_it)
{
	struct guest *g = &self->g;
	struct mapping spare;

	guest_map(_metadata, g, data_va(0), NOWHERE_IPA);
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
	ASSERT_EQ(0, memory_alloc(&spare, PAGE));
	spare.iova = data_va(0);
	ASSERT_EQ(0,
		  ioas_map(g->iommufd, g->ioas, spare.va, PAGE, NOWHERE_IPA));
	journal_route(&g->edu[0].dev, data_va(0), "3", NULL);
	EXPECT_EQ(0, exercise_page(&g->edu[0], &spare));
	/* TLB entries that combine both stages must go with stage 2 */
	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, NOWHERE_IPA, PAGE));
	memset(spare.va, 0x5a, PAGE);
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
	EXPECT_EQ(0x5a5a5a5a, *(__u32 *)spare.va);
	memory_free(&spare);
}

/* Two devices of one guest */
FIXTURE(two_devices)
{
	struct guest g;
	struct stage1 other;
};

FIXTURE_SETUP(two_devices)
{
	struct guest *g = &self->g;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_add_device(_metadata, g, 1, 1);
	guest_name_device(_metadata, g, 1, OTHER_VIRTUAL_SID);
	/* The tables of the first one end far below */
	ASSERT_EQ(0, stage1_init(&self->other, &g->ram, RAM_IPA + STAGE1_BLOCK,
				 STAGE1_BLOCK, ASID + 1));
}

FIXTURE_TEARDOWN(two_devices)
{
	guest_close(&self->g);
}

TEST_F(two_devices, can_share_one_address_space)
{
	struct guest *g = &self->g;
	__u32 hwpt;

	guest_map_data(_metadata, g, 1);
	hwpt = guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, device_attach(&g->edu[1].dev, hwpt));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, g, 1, data_va(0), data_ipa(0), "3");
}

TEST_F(two_devices, can_have_an_address_space_each)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, data_va(0), data_ipa(0));
	ASSERT_EQ(0, stage1_map(&self->other, data_va(0), data_ipa(1),
				STAGE1_READ_WRITE));
	guest_attach_stage1(_metadata, g, 0);
	guest_attach(_metadata, g, 1, stage1_ste(&self->other));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, g, 1, data_va(0), data_ipa(1), "3");
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(two_devices, can_be_in_different_states)
{
	struct guest *g = &self->g;

	guest_map_data(_metadata, g, 1);
	guest_attach_stage1(_metadata, g, 0);
	guest_attach(_metadata, g, 1, ste_bypass());
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, g, 1, data_ipa(0), data_ipa(0), "2");
	guest_attach(_metadata, g, 1, ste_abort());
	expect_blocked(_metadata, g, 1, data_ipa(0), NULL);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_HARNESS_MAIN
