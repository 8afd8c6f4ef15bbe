// SPDX-License-Identifier: GPL-2.0
/*
 * The guest changes its tables and descriptors, and invalidates what the SMMU may have
 * cached of them: after the command, DMA uses the new ones. QEMU's SMMU caches both until
 * they are invalidated. The tests rely on that to show that a command did not invalidate
 * too much.
 */
#include "nested_setup.h"

FIXTURE(tlb)
{
	struct guest g;
};

FIXTURE_VARIANT(tlb)
{
	struct smmu_command (*command)(void);
	int with_vmid; /* result if the command has a VMID */
};

static struct smmu_command by_va(void)
{
	return command_tlbi_va(ASID, data_va(0));
}

static struct smmu_command by_va_of_all_asids(void)
{
	return command_tlbi_va_of_all(data_va(0));
}

static struct smmu_command by_range(void)
{
	return command_tlbi_range(ASID, data_va(0), 2);
}

static struct smmu_command by_asid(void)
{
	return command_tlbi_asid(ASID);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(tlb, by_va)
{
	.command = by_va,
};

FIXTURE_VARIANT_ADD(tlb, by_va_of_all_asids)
{
	.command = by_va_of_all_asids,
};

FIXTURE_VARIANT_ADD(tlb, by_range)
{
	.command = by_range,
};

FIXTURE_VARIANT_ADD(tlb, by_asid)
{
	.command = by_asid,
};

FIXTURE_VARIANT_ADD(tlb, of_the_guest)
{
	.command = command_tlbi_all,
};

FIXTURE_VARIANT_ADD(tlb, of_all_that_is_not_secure)
{
	.command = command_tlbi_non_secure,
	.with_vmid = -EIO, /* no such field in the command */
};

/* clang-format on */

FIXTURE_SETUP(tlb)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, g, 2);
	guest_attach_stage1(_metadata, g, 0);
	/* Load the page into the TLB */
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

FIXTURE_TEARDOWN(tlb)
{
	guest_close(&self->g);
}

TEST_F(tlb, forgets_a_page_that_was_unmapped)
{
	struct guest *g = &self->g;

	stage1_unmap(&g->stage1, data_va(0));
	ASSERT_EQ(0, guest_command(g, variant->command()));
	expect_blocked(_metadata, g, 0, data_va(0), "F_TRANSLATION");
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, data_va(0));
	expect_no_event(_metadata, g);
}

TEST_F(tlb, learns_the_new_page)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, data_va(0), data_ipa(1));
	ASSERT_EQ(0, guest_command(g, variant->command()));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
}

TEST_F(tlb, does_not_mind_a_vmid_that_is_not_the_guests)
{
	struct guest *g = &self->g;
	struct smmu_command command;
	__u16 n;

	for (n = 1; n < 4; n++) {
		command = command_with_vmid(variant->command(), n * 0x5555);
		guest_map(_metadata, g, data_va(0), data_ipa(n));
		ASSERT_EQ(variant->with_vmid, guest_command(g, command));
		expect_reaches(_metadata, g, 0, data_va(0),
			       variant->with_vmid ? data_ipa(0) : data_ipa(n),
			       "3");
	}
}

FIXTURE(invalidation)
{
	struct guest g;
};

FIXTURE_SETUP(invalidation)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, g, 2);
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(1), "3");
}

FIXTURE_TEARDOWN(invalidation)
{
	guest_close(&self->g);
}

/* Swap the first two pages in stage 1 */
static void swap_pages(struct __test_metadata *_metadata, struct guest *g)
{
	guest_map(_metadata, g, data_va(0), data_ipa(1));
	guest_map(_metadata, g, data_va(1), data_ipa(0));
}

TEST_F(invalidation, by_va_leaves_other_pages_alone)
{
	struct guest *g = &self->g;

	swap_pages(_metadata, g);
	ASSERT_EQ(0, guest_command(g, command_tlbi_va(ASID, data_va(0))));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(1), "3");
}

TEST_F(invalidation, by_another_asid_changes_nothing)
{
	struct guest *g = &self->g;

	swap_pages(_metadata, g);
	ASSERT_EQ(0, guest_command(g, command_tlbi_va(ASID + 1, data_va(0))));
	ASSERT_EQ(0, guest_command(g, command_tlbi_asid(ASID + 1)));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(invalidation, of_a_batch_does_all_of_it)
{
	enum { MANY = 300 };
	struct smmu_command commands[MANY];
	struct guest *g = &self->g;
	__u32 count, i;

	/* Only the first and the last one matter */
	for (i = 0; i < MANY; i++)
		commands[i] = command_tlbi_va(ASID, data_va(2 + i));
	commands[0] = command_tlbi_va(ASID, data_va(0));
	commands[MANY - 1] = command_tlbi_va(ASID, data_va(1));
	swap_pages(_metadata, g);
	count = MANY;
	EXPECT_EQ(0, viommu_commands(g->iommufd, g->viommu, commands, &count));
	EXPECT_EQ(MANY, count);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(0), "3");
}

/* An observer of the SMMU's command queue finds the batch by this ASID */
#define BATCH_ASID 0xba7c

TEST_F(invalidation, of_a_batch_has_one_sync_for_up_to_64_commands)
{
	const __u32 counts[] = { 1, 2, 63, 64, 65, 128, 256 };
	struct smmu_command commands[256];
	struct guest *g = &self->g;
	__u32 count, i, n;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		commands[i] = command_tlbi_va(BATCH_ASID, data_va(i));
	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		count = counts[n];
		ASSERT_EQ(0, viommu_commands(g->iommufd, g->viommu, commands,
					     &count));
		EXPECT_EQ(counts[n], count);
		printf("# batch asid=%u commands=%u\n", BATCH_ASID, count);
	}
}

TEST_F(invalidation, that_fails_tells_how_much_of_it_was_done)
{
	enum { MANY = 200 };
	struct smmu_command commands[MANY];
	const __u32 wrong_at[] = { 0, 1, 2, 63, 64, 65, 130, MANY - 1 };
	struct guest *g = &self->g;
	unsigned int n;
	__u32 count, i;

	for (n = 0; n < ARRAY_SIZE(wrong_at); n++) {
		for (i = 0; i < MANY; i++)
			commands[i] = command_tlbi_va(ASID, data_va(2 + i));
		commands[wrong_at[n]] = command_make(0, 0);
		count = MANY;
		EXPECT_EQ(-EIO, viommu_commands(g->iommufd, g->viommu, commands,
						&count));
		EXPECT_EQ(wrong_at[n], count);
	}
}

TEST_F(invalidation, before_the_one_that_fails_took_effect)
{
	struct guest *g = &self->g;
	struct smmu_command commands[] = {
		command_tlbi_va(ASID, data_va(0)),
		command_make(0, 0),
		command_tlbi_va(ASID, data_va(1)),
	};
	__u32 count = ARRAY_SIZE(commands);

	swap_pages(_metadata, g);
	EXPECT_EQ(-EIO,
		  viommu_commands(g->iommufd, g->viommu, commands, &count));
	EXPECT_EQ(1, count);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
	expect_reaches(_metadata, g, 0, data_va(1), data_ipa(1), "3");
}

TEST_F(invalidation, of_nothing_does_nothing)
{
	struct guest *g = &self->g;
	struct smmu_command none;
	__u32 count = 0;

	EXPECT_EQ(0, viommu_commands(g->iommufd, g->viommu, &none, &count));
	EXPECT_EQ(0, count);
}

/* A context descriptor that changes to other tables */
FIXTURE(descriptor)
{
	struct guest g;
	struct stage1 other;
};

FIXTURE_VARIANT(descriptor)
{
	struct smmu_command (*command)(__u32 sid);
};

/* clang-format off */
FIXTURE_VARIANT_ADD(descriptor, alone)
{
	.command = command_cfgi_cd,
};

FIXTURE_VARIANT_ADD(descriptor, with_all_of_the_device)
{
	.command = command_cfgi_cd_all,
};

/* clang-format on */

FIXTURE_SETUP(descriptor)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, g, 1);
	ASSERT_EQ(0, stage1_init(&self->other, &g->ram, RAM_IPA + STAGE1_BLOCK,
				 STAGE1_BLOCK, ASID + 1));
	ASSERT_EQ(0, stage1_map(&self->other, data_va(0), data_ipa(1),
				STAGE1_READ_WRITE));
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

FIXTURE_TEARDOWN(descriptor)
{
	guest_close(&self->g);
}

TEST_F(descriptor, that_changed_is_used_after_the_command)
{
	struct guest *g = &self->g;

	memcpy(stage1_descriptor(&g->stage1), stage1_descriptor(&self->other),
	       64);
	ASSERT_EQ(0, guest_command(g, variant->command(VIRTUAL_SID)));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
}

TEST_F(descriptor, that_became_invalid_is_an_event_after_the_command)
{
	struct guest *g = &self->g;
	__u64 *cd = stage1_descriptor(&g->stage1), good = cd[0];

	cd[0] = 0;
	ASSERT_EQ(0, guest_command(g, variant->command(VIRTUAL_SID)));
	expect_blocked(_metadata, g, 0, data_va(0), "C_BAD_CD");
	expect_event_without_address(_metadata, g, EVENT_BAD_CD, VIRTUAL_SID);
	cd[0] = good;
	ASSERT_EQ(0, guest_command(g, variant->command(VIRTUAL_SID)));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(descriptor, of_an_unknown_device_cannot_be_named)
{
	struct guest *g = &self->g;

	EXPECT_EQ(-EIO, guest_command(g, variant->command(VIRTUAL_SID + 1)));
	EXPECT_EQ(-EIO, guest_command(g, variant->command(0)));
}

TEST_HARNESS_MAIN
