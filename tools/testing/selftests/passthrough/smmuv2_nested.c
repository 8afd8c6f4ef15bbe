// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that own stage 1 on an Arm SMMUv2 with an observer: an address of a device is
 * translated by the guest's tables and the VMM's, with the access that both allow. Context
 * banks are complete in each state, and freed when they are no longer needed.
 */
#include "smmuv2_guest.h"

FIXTURE(nested)
{
	struct guest2 g;
};

FIXTURE_VARIANT(nested)
{
	enum granule granule;
	bool high;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(nested, granule_4k)
{
	.granule = GRANULE_4K,
};

FIXTURE_VARIANT_ADD(nested, granule_16k)
{
	.granule = GRANULE_16K,
};

FIXTURE_VARIANT_ADD(nested, granule_64k)
{
	.granule = GRANULE_64K,
};

FIXTURE_VARIANT_ADD(nested, granule_4k_at_the_top)
{
	.granule = GRANULE_4K,
	.high = true,
};

FIXTURE_VARIANT_ADD(nested, granule_64k_at_the_top)
{
	.granule = GRANULE_64K,
	.high = true,
};

/* clang-format on */

FIXTURE_SETUP(nested)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	guest2_open(_metadata, &self->g, variant->granule);
	self->g.tables.high = variant->high;
}

FIXTURE_TEARDOWN(nested)
{
	guest2_close(&self->g);
	expect_default(_metadata, self->g.sid);
}

TEST_F(nested, both_stages_lead_to_the_guests_memory)
{
	struct guest2 *g = &self->g;

	guest2_map(g, 0, 0);
	guest2_attach(_metadata, g);
	expect_data(_metadata, g, 0, "rw");
	ASK("stage %u nested", g->sid);
	/* Only that page is mapped; all else faults in stage 1 or stage 2 */
	ASK("nowhere %u %#llx 1", g->sid, data2_va(g, 1));
	guest2_map_ipa(g, 1, NOWHERE_IPA, 0);
	ASK("nowhere %u %#llx 2", g->sid, data2_va(g, 1));
	ASK("total %u %#llx", g->sid,
	    RAM2_LENGTH + doorbell_bytes(_metadata, &g->dev));
	ASK("seeded %u %#llx %#llx %s", g->sid, data2_va(g, 0), page2(g),
	    g->data[0].mark);
}

TEST_F(nested, access_is_what_both_stages_allow)
{
	struct guest2 *g = &self->g;

	guest2_map(g, 0, TABLES_READ_ONLY);
	guest2_map(g, 1, 0);
	guest2_attach(_metadata, g);
	expect_data(_metadata, g, 0, "r");
	expect_data(_metadata, g, 1, "rw");
	guest2_remap(_metadata, g, 1, IOMMU_IOAS_MAP_READABLE);
	expect_data(_metadata, g, 1, "r");
}

TEST_F(nested, unmap_of_the_parent_is_a_fault_of_stage_2)
{
	struct guest2 *g = &self->g;

	guest2_map(g, 0, 0);
	guest2_attach(_metadata, g);
	ASK("forget %u", g->sid);
	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, g->data[0].memory.iova,
				DATA2_LENGTH));
	ASK("nowhere %u %#llx 2", g->sid, data2_va(g, 0));
	ASK("vmid_invalidated %u", g->sid);
	/* The same if a table of the guest is not mapped */
	guest2_map(g, 1, 0);
	expect_data(_metadata, g, 1, "rw");
	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, RAM2_IPA, TABLES2_LENGTH));
	ASK("nowhere %u %#llx 2", g->sid, data2_va(g, 1));
}

FIXTURE(guest)
{
	struct guest2 g;
};

FIXTURE_SETUP(guest)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	guest2_open(_metadata, &self->g, GRANULE_4K);
	guest2_map(&self->g, 0, 0);
	guest2_map(&self->g, 1, 0);
}

FIXTURE_TEARDOWN(guest)
{
	guest2_close(&self->g);
	expect_default(_metadata, self->g.sid);
}

TEST_F(guest, hw_info_has_the_registers)
{
	struct iommu_hw_info_arm_smmuv2 info = {};
	struct guest2 *g = &self->g;
	unsigned int i;

	ASSERT_EQ(0, smmuv2_info(g->iommufd, g->dev.id, &info));
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(1, info.can_nest);
	for (i = 0; i < ARRAY_SIZE(info.idr); i++)
		ASK("id %u %#x", i, info.idr[i]);
}

/* The guest lets the stream bypass stage 1 */
TEST_F(guest, nest_parent_alone_is_stage_2)
{
	struct guest2 *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->dev, g->parent));
	ASK("stage %u 2", g->sid);
	ASK("leads %u %#llx %#llx rw %s", g->sid, g->data[0].memory.iova,
	    page2(g), g->data[0].mark);
}

/* The IOVA of the nest parent's only doorbell */
static __u64 only_doorbell(struct __test_metadata *_metadata, struct guest2 *g)
{
	struct doorbell_list list = {};

	EXPECT_EQ(0, msi_doorbells(g->iommufd, g->parent, &list));
	EXPECT_EQ(1, list.count);
	return list.at[0].iova;
}

/* The doorbell is in stage 2, write-only, and the guest maps it in stage 1 */
TEST_F(guest, doorbell_is_a_device_in_both_stages)
{
	struct guest2 *g = &self->g;
	int eventfd_of_vector;
	__u64 first, moved;
	__u32 bank;

	bank = guest2_attach(_metadata, g);
	eventfd_of_vector = eventfd(0, EFD_CLOEXEC);
	ASSERT_EQ(0, device_enable_vectors(&g->dev, VFIO_PCI_MSI_IRQ_INDEX,
					   &eventfd_of_vector, 1));
	first = only_doorbell(_metadata, g);
	guest2_map_ipa(g, 2, first, 0);
	ASK("doorbell %u %#llx w", g->sid, data2_va(g, 2));

	/* It is pinned while the guest owns stage 1, as the guest may know its IOVA */
	EXPECT_EQ(-EEXIST, ioas_map(g->iommufd, g->ioas, g->data[1].memory.va,
				    PAGE, first));
	ASK("doorbell %u %#llx w", g->sid, data2_va(g, 2));
	ASSERT_EQ(0, device_attach(&g->dev, g->parent));
	ASSERT_EQ(0, ioas_map(g->iommufd, g->ioas, g->data[1].memory.va, PAGE,
			      first));
	moved = only_doorbell(_metadata, g);
	EXPECT_NE(first, moved);
	ASK("doorbell %u %#llx w", g->sid, moved);
	ASK("leads %u %#llx %#llx rw %s", g->sid, first, PAGE, g->data[1].mark);

	/* Through the guest's stage 1, each is at its current IPA */
	ASSERT_EQ(0, device_attach(&g->dev, bank));
	ASK("leads %u %#llx %#llx rw %s", g->sid, data2_va(g, 2), PAGE,
	    g->data[1].mark);
	guest2_map_ipa(g, 1, moved, 0);
	ASK("doorbell %u %#llx w", g->sid, data2_va(g, 1));
	close(eventfd_of_vector);
}

TEST_F(guest, two_context_banks_share_the_parent)
{
	struct guest2 *g = &self->g;
	unsigned int other = walker_sid(edu_name(1));
	__u32 vdevice, hwpt, second;
	struct device dev;

	ASSERT_EQ(0, device_open(&dev, edu_name(1), g->iommufd));
	ASSERT_EQ(0, vdevice_alloc(g->iommufd, g->viommu, dev.id,
				   OTHER_VIRTUAL_SID, &vdevice));
	hwpt = guest2_attach(_metadata, g);
	ASSERT_EQ(0, device_attach(&dev, hwpt));
	ASK("same %u %u", g->sid, other);
	second = guest2_bank(_metadata, g);
	ASSERT_EQ(0, device_attach(&dev, second));
	ASK("stage %u nested", other);
	ASK("shares %u %u", g->sid, other);
	ASSERT_EQ(0, device_detach(&dev));
	ASK("blocked %u", other);
	expect_data(_metadata, g, 0, "rw");
	device_close(&dev);
}

TEST_F(guest, two_guests_share_neither_banks_nor_entries_of_a_tlb)
{
	unsigned int other = walker_sid(edu_name(1));
	struct guest2 *g = &self->g, second;

	guest2_attach(_metadata, g);
	guest2_open_nth(_metadata, &second, GRANULE_16K, 1);
	guest2_map(&second, 0, 0);
	guest2_attach(_metadata, &second);
	ASK("apart %u %u", g->sid, other);
	expect_data(_metadata, g, 0, "rw");
	expect_data(_metadata, &second, 0, "rw");
	guest2_close(&second);
	expect_data(_metadata, g, 0, "rw");
	expect_default(_metadata, other);
}

/* Another set of tables, whose first page of data is page @n */
static __u32 other_bank(struct __test_metadata *_metadata, struct guest2 *g,
			unsigned int n)
{
	struct tables first = g->tables;
	__u32 hwpt;

	tables_init(&g->tables, &g->ram, RAM2_IPA + TABLES2_LENGTH / 2,
		    GRANULE_4K);
	guest2_map_ipa(g, 0, g->data[n].memory.iova, 0);
	hwpt = guest2_bank(_metadata, g);
	g->tables = first;
	return hwpt;
}

static void watch_data(struct __test_metadata *_metadata, struct guest2 *g,
		       const char *marks, const char *states)
{
	watch_stream(_metadata, g->sid, data2_va(g, 0), page2(g), marks,
		     states);
}

TEST_F(guest, stream_in_replace_leads_through_one_bank_or_the_other)
{
	struct guest2 *g = &self->g;
	char marks[2 * MARK + 2];
	__u32 pts[2];
	pid_t pid;

	pts[0] = guest2_attach(_metadata, g);
	pts[1] = other_bank(_metadata, g, 1);
	sprintf(marks, "%s %s", g->data[0].mark, g->data[1].mark);
	pid = start_changes(_metadata, &g->dev, pts, ARRAY_SIZE(pts));
	watch_data(_metadata, g, marks, marks);
	stop_changes(_metadata, pid);
}

TEST_F(guest, stream_in_detach_is_blocked_or_leads_through_a_bank)
{
	struct guest2 *g = &self->g;
	char states[2 * MARK + sizeof("blocked  ")];
	__u32 pts[3] = {};
	pid_t pid;

	pts[0] = guest2_attach(_metadata, g);
	pts[1] = other_bank(_metadata, g, 1);
	sprintf(states, "blocked %s %s", g->data[0].mark, g->data[1].mark);
	pid = start_changes(_metadata, &g->dev, pts, ARRAY_SIZE(pts));
	watch_data(_metadata, g, states + strlen("blocked "), states);
	stop_changes(_metadata, pid);
}

/* The guest writes one of its registers repeatedly: each time a new bank */
TEST_F(guest, stream_whose_banks_come_and_go_leads_to_memory)
{
	struct guest2 *g = &self->g;
	unsigned int i;
	pid_t pid;

	guest2_attach(_metadata, g);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		__u32 old = g->dev.pt;

		for (i = 0; i < 100000; i++) {
			guest2_attach(_metadata, g);
			if (iommufd_destroy(g->iommufd, old))
				_exit(1);
			old = g->dev.pt;
		}
		_exit(1);
	}
	watch_data(_metadata, g, g->data[0].mark, g->data[0].mark);
	stop_changes(_metadata, pid);
}

TEST_F(guest, freed_bank_is_off)
{
	struct guest2 *g = &self->g;
	__u32 hwpt;

	ASK("remember");
	hwpt = guest2_attach(_metadata, g);
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, hwpt));
	ASSERT_EQ(0, device_attach(&g->dev, g->parent));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	ASK("remembered");
	ASK("stage %u 2", g->sid);
}

/* The SMMU has SMMU_BANKS context banks */
TEST_F(guest, banks_that_are_used_up_are_enospc)
{
	struct iommu_hwpt_arm_smmuv2 bank = tables_bank(&self->g.tables);
	struct guest2 *g = &self->g;
	__u32 hwpts[129], parent, count;
	int banks = atoi(getenv("SMMU_BANKS") ?: "0");
	int ret = 0;

	guest2_attach(_metadata, g);
	ASK("remember");
	for (count = 0; !ret && count < ARRAY_SIZE(hwpts); count++)
		ret = smmuv2_nested_alloc(g->iommufd, g->viommu, g->dev.id,
					  &bank, &hwpts[count]);
	EXPECT_EQ(-ENOSPC, ret);
	ASK("banks %d", banks);
	expect_data(_metadata, g, 0, "rw");
	/* There is none for another stage 2 either */
	EXPECT_EQ(-ENOSPC,
		  nest_parent_alloc(g->iommufd, g->dev.id, g->ioas, &parent));
	EXPECT_EQ(-ENOSPC, hwpt_alloc(g->iommufd, g->dev.id, g->ioas, &parent));
	for (count--; count; count--)
		ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpts[count - 1]));
	ASK("remembered");
	EXPECT_EQ(0,
		  nest_parent_alloc(g->iommufd, g->dev.id, g->ioas, &parent));
}

static void own_guest(struct __test_metadata *_metadata, void *mark)
{
	static struct guest2 g;

	guest2_open(_metadata, &g, GRANULE_4K);
	guest2_map(&g, 0, 0);
	guest2_attach(_metadata, &g);
	memcpy(mark, g.data[0].mark, sizeof(g.data[0].mark));
}

TEST(killed_vmm_leaves_no_bank)
{
	unsigned int sid;
	char *mark;
	pid_t pid;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	sid = walker_sid(edu_name(0));
	mark = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)mark);
	ASK("remember");
	pid = start_child(_metadata, own_guest, mark);
	ASK("stage %u nested", sid);
	ASK("leads %u %#llx %#llx rw %s", sid, DATA2_VA, PAGE, mark);
	kill_child(_metadata, pid);
	expect_default(_metadata, sid);
	ASK("remembered");
}

TEST_HARNESS_MAIN
