// SPDX-License-Identifier: GPL-2.0
/*
 * The page tables that a guest's device can be attached to, and what its DMA reaches
 * through them: the nest parent, and nested page tables for an STE that aborts, bypasses
 * stage 1 or translates.
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

TEST_F(guest, works_without_nesting)
{
	struct guest *g = &self->g;

	g->edu[0].dev.stage2 = 0;
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->ioas));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "1|2");
	expect_working_vector(_metadata, &g->edu[0]);
}

/* A VMM allocates all page tables of its guest with one fault queue */
FIXTURE(queue)
{
	int iommufd, fd;
	struct device dev;
	__u32 ioas, parent, viommu, vdevice, fault;
};

FIXTURE_VARIANT(queue)
{
	const char *devices;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(queue, of_a_device_that_cannot_stall)
{
	.devices = "VFIO_EDU",
};

FIXTURE_VARIANT_ADD(queue, of_a_function_whose_parent_has_no_page_requests)
{
	.devices = "VFIO_IGB_VFS",
};

/* clang-format on */

FIXTURE_SETUP(queue)
{
	const char *list = getenv(variant->devices);
	char name[16];

	if (!list || sscanf(list, "%15s", name) != 1)
		SKIP(return, "%s names no device", variant->devices);
	self->dev.fd = -1;
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, device_open(&self->dev, name, self->iommufd));
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, nest_parent_alloc(self->iommufd, self->dev.id, self->ioas,
				       &self->parent));
	ASSERT_EQ(0, viommu_alloc(self->iommufd, self->dev.id, self->parent,
				  &self->viommu));
	ASSERT_EQ(0, vdevice_alloc(self->iommufd, self->viommu, self->dev.id,
				   VIRTUAL_SID, &self->vdevice));
	ASSERT_EQ(0, faults_alloc(self->iommufd, &self->fault, &self->fd));
}

FIXTURE_TEARDOWN(queue)
{
	device_close(&self->dev);
	close(self->fd);
	close(self->iommufd);
}

TEST_F(queue, does_not_prevent_attaching_it)
{
	const struct smmu_ste stes[] = { ste_bypass(), ste_stage1(DATA_IPA) };
	unsigned int i;
	__u32 hwpt;
	int ret;

	for (i = 0; i < ARRAY_SIZE(stes); i++) {
		ret = nested_alloc_with_faults(self->iommufd, self->viommu,
					       self->dev.id, stes[i],
					       self->fault, &hwpt);
		ASSERT_EQ(0, ret);
		EXPECT_EQ(0, device_attach(&self->dev, hwpt));
	}
	EXPECT_EQ(0, device_attach(&self->dev, self->parent));
}

TEST_HARNESS_MAIN
