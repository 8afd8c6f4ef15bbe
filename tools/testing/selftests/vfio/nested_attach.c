// SPDX-License-Identifier: GPL-2.0
/*
 * What a device of a guest can be attached to, and what its DMA reaches there: the
 * nest parent, and nested page tables for an STE that aborts, bypasses stage 1 or
 * translates.
 */
#include "nested_setup.h"

FIXTURE(guest)
{
	struct guest g;
};

FIXTURE_SETUP(guest)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open(_metadata, &self->g);
	guest_add_device(_metadata, &self->g, 0, 0);
	guest_map_data(_metadata, &self->g, 1);
}

FIXTURE_TEARDOWN(guest)
{
	guest_close(&self->g);
}

TEST_F(guest, learns_the_registers_of_an_smmu_with_both_stages)
{
	struct iommu_hw_info_arm_smmuv3 info = {};
	const __u32 both_stages = 3, sid_bits = 0x3f;
	struct guest *g = &self->g;

	ASSERT_EQ(0, smmu_info(g->iommufd, g->edu[0].dev.id, &info));
	EXPECT_EQ(both_stages, info.idr[0] & both_stages);
	EXPECT_LE(info.idr[1] & sid_bits, 32);
	EXPECT_NE(0, info.idr[5]);
	EXPECT_EQ(0, info.flags);
}

TEST_F(guest, reaches_its_memory_by_stage_2_alone_in_the_parent)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
}

TEST_F(guest, without_a_vdevice_bypasses_stage_1)
{
	struct guest *g = &self->g;

	guest_attach(_metadata, g, 0, ste_bypass());
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
}

TEST_F(guest, without_a_vdevice_aborts)
{
	struct guest *g = &self->g;

	guest_attach(_metadata, g, 0, ste_abort());
	expect_blocked(_metadata, g, 0, data_ipa(0), NULL);
	expect_blocked(_metadata, g, 0, data_va(0), NULL);
}

TEST_F(guest, aborts_if_its_ste_is_not_valid)
{
	struct guest *g = &self->g;

	guest_attach(_metadata, g, 0, ste_make(0, 0));
	expect_blocked(_metadata, g, 0, data_ipa(0), NULL);
	guest_attach(_metadata, g, 0, ste_make(STE_CONFIG_BYPASS, 0));
	expect_blocked(_metadata, g, 0, data_ipa(0), NULL);
}

TEST_F(guest, cannot_use_stage_1_before_it_has_a_vdevice)
{
	struct guest *g = &self->g;
	__u32 hwpt;

	hwpt = guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	EXPECT_EQ(-ENOENT, device_attach(&g->edu[0].dev, hwpt));
	expect_blocked(_metadata, g, 0, data_va(0), NULL);
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, hwpt));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(guest, stays_attached_if_a_replace_is_refused)
{
	struct guest *g = &self->g;
	__u32 stage1;

	guest_attach(_metadata, g, 0, ste_bypass());
	stage1 = guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	EXPECT_EQ(-ENOENT, device_attach(&g->edu[0].dev, stage1));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
}

TEST_F(guest, uses_stage_1_again_after_a_detach)
{
	struct guest *g = &self->g;
	__u32 hwpt;

	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	hwpt = guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	ASSERT_EQ(0, device_detach(&g->edu[0].dev));
	expect_blocked(_metadata, g, 0, data_va(0), NULL);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, hwpt));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(guest, does_without_nesting_as_ever)
{
	struct guest *g = &self->g;

	g->edu[0].dev.stage2 = 0;
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->ioas));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "1|2");
	expect_working_vector(_metadata, &g->edu[0]);
}

TEST_HARNESS_MAIN
