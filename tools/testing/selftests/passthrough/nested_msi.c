// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a device whose guest owns stage 1. The doorbell is in stage 2, the address
 * space of the nest parent. The host programs its IPA into the device, so the guest's own
 * tables have to map that address to the same IPA. By default it is the legacy address
 * that a guest is told to expect.
 */
#include "nested_setup.h"

/* Where the VMM places the page of a virtual ITS */
#define VIRTUAL_ITS_IPA 0x50000000ULL

FIXTURE(msi)
{
	struct guest g;
};

FIXTURE_SETUP(msi)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, &self->g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, &self->g, 1);
}

FIXTURE_TEARDOWN(msi)
{
	guest_close(&self->g);
}

/* The vector is enabled: interrupts use @iova, translated by @stage */
static void expect_interrupts_by(struct __test_metadata *_metadata,
				 struct guest *g, unsigned int i, __u64 iova,
				 const char *stage)
{
	EXPECT_EQ(iova, the_doorbell(_metadata, &g->edu[i]).iova);
	journal_route(&g->edu[i].dev, iova, stage, NULL);
	expect_interrupts(_metadata, &g->edu[i], INTERRUPTS);
}

TEST_F(msi, doorbell_is_in_stage_2_when_stage_1_is_attached)
{
	struct guest *g = &self->g;
	struct iommu_msi_doorbell d;

	guest_attach_stage1(_metadata, g, 0);
	d = the_doorbell(_metadata, &g->edu[0]);
	EXPECT_EQ(MSI_WINDOW_IOVA, d.iova);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED | IOMMU_MSI_DOORBELL_PINNED,
		  d.flags);
	EXPECT_EQ(0, d.vectors);
	ASSERT_EQ(0, device_detach(&g->edu[0].dev));
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	EXPECT_EQ(0, the_doorbell(_metadata, &g->edu[0]).flags);
}

/* Compare the ranges that the kernel reports with what it allows to map */
static void expect_mappable(struct __test_metadata *_metadata, struct guest *g,
			    __u64 iova, bool in_ranges, int error)
{
	struct range_list ranges;

	ASSERT_EQ(0, ioas_ranges(g->iommufd, g->ioas, &ranges));
	EXPECT_EQ(in_ranges, ranges_contain(&ranges, iova, iova + PAGE - 1));
	EXPECT_EQ(in_ranges, ranges_overlap(&ranges, iova, iova + PAGE - 1));
	EXPECT_TRUE(ranges_contain(&ranges, iova - PAGE, iova - 1));
	EXPECT_TRUE(ranges_contain(&ranges, iova + PAGE, iova + 2 * PAGE - 1));
	EXPECT_EQ(error, ioas_map(g->iommufd, g->ioas, g->ram.va, PAGE, iova));
}

TEST_F(msi, doorbell_that_a_guest_knows_is_in_no_range_that_can_be_mapped)
{
	struct guest *g = &self->g;
	struct iommu_msi_doorbell d;
	__u32 own;

	/* While no guest uses it, a map over the doorbell relocates it */
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	expect_mappable(_metadata, g, MSI_WINDOW_IOVA, true, 0);
	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, MSI_WINDOW_IOVA, PAGE));
	d = the_doorbell(_metadata, &g->edu[0]);
	EXPECT_NE(MSI_WINDOW_IOVA, d.iova);

	guest_attach(_metadata, g, 0, ste_bypass());
	expect_mappable(_metadata, g, d.iova, false, -EEXIST);
	own = guest_attach_stage1(_metadata, g, 0);
	expect_mappable(_metadata, g, d.iova, false, -EEXIST);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, own));
	expect_mappable(_metadata, g, d.iova, true, 0);
}

TEST_F(msi, doorbell_that_the_vmm_placed_stays_in_the_ranges)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, msi_place(g->iommufd, g->ioas, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	expect_mappable(_metadata, g, VIRTUAL_ITS_IPA, true, -EEXIST);
	guest_attach(_metadata, g, 0, ste_bypass());
	expect_mappable(_metadata, g, VIRTUAL_ITS_IPA, true, -EEXIST);
}

TEST_F(msi, doorbell_of_the_parents_own_is_in_no_range_either)
{
	struct guest *g = &self->g;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0,
		  msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_WINDOW,
			    IOMMU_MSI_INDEX_ALL, VIRTUAL_ITS_IPA, 16 * PAGE));
	guest_attach(_metadata, g, 0, ste_bypass());
	d = the_doorbell(_metadata, &g->edu[0]);
	EXPECT_LE(VIRTUAL_ITS_IPA, d.iova);
	expect_mappable(_metadata, g, d.iova, false, -EEXIST);
	expect_mappable(_metadata, g, MSI_WINDOW_IOVA, true, 0);
}

TEST_F(msi, takes_both_stages)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "3");
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_no_event(_metadata, g);
}

TEST_F(msi, that_stage_1_does_not_map_is_the_guests_fault)
{
	/* The register's offset in its page, in an ITS and in a GICv2m frame */
	const __u64 doorbell = MSI_WINDOW_IOVA + 0x40;
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	journal_route(&g->edu[0].dev, MSI_WINDOW_IOVA, "none", "F_TRANSLATION");
	EXPECT_EQ(0, edu_interrupts(&g->edu[0], 1));
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, doorbell);
	/* The guest maps it */
	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	edu_acknowledge(&g->edu[0]);
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "3");
}

TEST_F(msi, in_bypass_takes_stage_2_alone)
{
	struct guest *g = &self->g;

	guest_attach(_metadata, g, 0, ste_bypass());
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "2");
}

TEST_F(msi, stays_on_while_the_guest_turns_stage_1_on_and_off)
{
	struct guest *g = &self->g;
	__u32 bypass, stage1;
	unsigned int i;

	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	stage1 = guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	bypass = guest_attach(_metadata, g, 0, ste_bypass());
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	for (i = 0; i < 3; i++) {
		expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "2");
		ASSERT_EQ(0, device_attach(&g->edu[0].dev, stage1));
		expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "3");
		ASSERT_EQ(0, device_attach(&g->edu[0].dev, bypass));
	}
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "2");
}

TEST_F(msi, arrives_where_the_vmm_placed_the_doorbell)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, msi_place(g->iommufd, g->ioas, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_interrupts_by(_metadata, g, 0, VIRTUAL_ITS_IPA, "3");
}

TEST_F(msi, arrives_where_the_vmm_placed_the_doorbell_of_the_parent)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_interrupts_by(_metadata, g, 0, VIRTUAL_ITS_IPA, "3");
}

/*
 * A guest whose devices are behind several SMMUs has a nest parent for each, and one
 * page for its ITS, which each parent maps to its own doorbell. QEMU has only one SMMU,
 * and both parents' doorbells are the same page.
 */
TEST_F(msi, arrives_at_one_ipa_by_each_of_several_parents)
{
	struct guest *g = &self->g, other = *g;
	unsigned int i;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	other.edu[0] = EDU_CLOSED;
	other.viommu = 0;
	guest_add_device(_metadata, &other, 0, 1);
	guest_name_device(_metadata, &other, 0, VIRTUAL_SID);
	ASSERT_NE(g->parent, other.parent);
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	ASSERT_EQ(0,
		  msi_place(g->iommufd, other.parent, IOMMU_MSI_PLACEMENT_FIXED,
			    0, VIRTUAL_ITS_IPA, 0));
	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	guest_attach_stage1(_metadata, &other, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&other.edu[0]));
	for (i = 0; i < 2; i++) {
		expect_interrupts_by(_metadata, g, 0, VIRTUAL_ITS_IPA, "3");
		expect_interrupts_by(_metadata, &other, 0, VIRTUAL_ITS_IPA,
				     "3");
	}
	/* Each has its own doorbell, with one vector */
	EXPECT_EQ(1, the_doorbell(_metadata, &g->edu[0]).vectors);
	EXPECT_EQ(1, the_doorbell(_metadata, &other.edu[0]).vectors);
	expect_reaches(_metadata, &other, 0, data_va(0), data_ipa(0), "3");
	/* One device is closed; the other's doorbell stays pinned */
	edu_close(&other.edu[0]);
	expect_interrupts_by(_metadata, g, 0, VIRTUAL_ITS_IPA, "3");
	EXPECT_EQ(-EEXIST, ioas_map(g->iommufd, g->ioas, g->ram.va, PAGE,
				    VIRTUAL_ITS_IPA));
}

TEST_F(msi, doorbell_avoids_memory_that_was_mapped_before)
{
	struct guest *g = &self->g;
	__u64 iova = msi_low_place(1);

	ASSERT_EQ(0, ioas_map(g->iommufd, g->ioas, page_at(g, 0, DATA_IPA).va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	guest_map(_metadata, g, iova, iova);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_interrupts_by(_metadata, g, 0, iova, "3");
}

TEST_F(msi, doorbell_is_pinned_while_a_guest_may_use_it)
{
	struct guest *g = &self->g;
	struct iommu_msi_doorbell before, after;
	void *va = page_at(g, 0, data_ipa(0)).va;

	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	before = the_doorbell(_metadata, &g->edu[0]);
	EXPECT_TRUE(before.flags & IOMMU_MSI_DOORBELL_PINNED);
	EXPECT_EQ(-EEXIST,
		  ioas_map(g->iommufd, g->ioas, va, PAGE, MSI_WINDOW_IOVA));
	after = the_doorbell(_metadata, &g->edu[0]);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "3");
}

TEST_F(msi, doorbell_is_unpinned_when_no_guest_uses_it)
{
	struct guest *g = &self->g;
	void *va = page_at(g, 0, data_ipa(0)).va;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	EXPECT_EQ(0, the_doorbell(_metadata, &g->edu[0]).flags &
			     IOMMU_MSI_DOORBELL_PINNED);
	ASSERT_EQ(0, ioas_map(g->iommufd, g->ioas, va, PAGE, MSI_WINDOW_IOVA));
	expect_interrupts(_metadata, &g->edu[0], INTERRUPTS);
}

TEST_F(msi, is_shared_by_the_devices_of_a_guest)
{
	struct guest *g = &self->g;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_add_device(_metadata, g, 1, 1);
	guest_name_device(_metadata, g, 1, OTHER_VIRTUAL_SID);
	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	guest_attach_stage1(_metadata, g, 0);
	guest_attach(_metadata, g, 1, ste_bypass());
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[1]));
	EXPECT_EQ(2, the_doorbell(_metadata, &g->edu[0]).vectors);
	expect_interrupts_by(_metadata, g, 0, MSI_WINDOW_IOVA, "3");
	expect_interrupts_by(_metadata, g, 1, MSI_WINDOW_IOVA, "2");
}

TEST_HARNESS_MAIN
