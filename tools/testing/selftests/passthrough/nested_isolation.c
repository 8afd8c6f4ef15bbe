// SPDX-License-Identifier: GPL-2.0
/*
 * Two guests on one SMMU that make the same choices: IPAs, VAs, ASIDs, vSIDs. Neither gets
 * the other's events, nor invalidates the other's TLB entries and descriptors, whatever is
 * in its commands. QEMU's SMMU caches entries until they are invalidated: where it still
 * uses outdated tables, nothing was invalidated.
 */
#include "nested_setup.h"

FIXTURE(guests)
{
	struct guest a, b;
};

FIXTURE_SETUP(guests)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_open_complete(_metadata, &self->a, 0, VIRTUAL_SID);
	guest_open_complete(_metadata, &self->b, 1, VIRTUAL_SID);
	guest_map_data(_metadata, &self->a, 2);
	guest_map_data(_metadata, &self->b, 2);
	guest_attach_stage1(_metadata, &self->a, 0);
	guest_attach_stage1(_metadata, &self->b, 0);
	expect_reaches(_metadata, &self->b, 0, data_va(0), data_ipa(0), "3");
}

FIXTURE_TEARDOWN(guests)
{
	guest_close(&self->a);
	guest_close(&self->b);
}

/* Make the SMMU's cached entry of @g stale */
static void outdate(struct __test_metadata *_metadata, struct guest *g)
{
	guest_map(_metadata, g, data_va(0), data_ipa(1));
}

/* The stale entry is used until the guest itself invalidates it */
static void expect_outdated(struct __test_metadata *_metadata, struct guest *g)
{
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	EXPECT_EQ(0, guest_command(g, command_tlbi_va(ASID, data_va(0))));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(1), "3");
}

TEST_F(guests, reach_their_own_memory_by_the_same_addresses)
{
	expect_reaches(_metadata, &self->a, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, &self->b, 0, data_va(0), data_ipa(0), "3");
	expect_reaches(_metadata, &self->a, 0, data_va(1), data_ipa(1), "3");
}

TEST_F(guests, do_not_see_each_others_events)
{
	struct guest *a = &self->a, *b = &self->b;

	expect_blocked(_metadata, a, 0, data_va(5), "F_TRANSLATION");
	expect_event(_metadata, a, EVENT_TRANSLATION, VIRTUAL_SID, data_va(5));
	expect_no_event(_metadata, b);
	expect_blocked(_metadata, b, 0, data_va(6), "F_TRANSLATION");
	expect_event(_metadata, b, EVENT_TRANSLATION, VIRTUAL_SID, data_va(6));
	expect_no_event(_metadata, a);
}

TEST_F(guests, do_not_lose_events_by_the_others_flood)
{
	struct guest *a = &self->a, *b = &self->b;
	unsigned int i;

	journal_route(&a->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, edu_write_memory(&a->edu[0], data_va(5), PAGE));
	expect_blocked(_metadata, b, 0, data_va(6), "F_TRANSLATION");
	expect_event(_metadata, b, EVENT_TRANSLATION, VIRTUAL_SID, data_va(6));
	expect_no_event(_metadata, b);
}

TEST_F(guests, do_not_invalidate_each_others_tlb)
{
	const struct smmu_command commands[] = {
		command_tlbi_all(),
		command_tlbi_non_secure(),
		command_tlbi_asid(ASID),
		command_tlbi_va(ASID, data_va(0)),
		command_tlbi_va_of_all(data_va(0)),
		command_tlbi_range(ASID, data_va(0), 32),
	};
	unsigned int i;

	outdate(_metadata, &self->b);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		EXPECT_EQ(0, guest_command(&self->a, commands[i]));
	expect_outdated(_metadata, &self->b);
}

TEST_F(guests, do_not_invalidate_each_others_tlb_by_any_vmid)
{
	const __u32 step = 256;
	struct smmu_command commands[256];
	__u32 first, i, count;

	outdate(_metadata, &self->b);
	for (first = 0; first <= 0xffff; first += step) {
		for (i = 0; i < step; i++)
			commands[i] = command_with_vmid(command_tlbi_all(),
							first + i);
		count = step;
		ASSERT_EQ(0, viommu_commands(self->a.iommufd, self->a.viommu,
					     commands, &count));
		ASSERT_EQ(step, count);
	}
	expect_outdated(_metadata, &self->b);
}

TEST_F(guests, do_not_invalidate_each_others_descriptors)
{
	struct guest *a = &self->a, *b = &self->b;
	__u64 *cd = stage1_descriptor(&b->stage1), good = cd[0];
	__u32 sid;

	/* If it was fetched now, it would cause a fault */
	cd[0] = 0;
	EXPECT_EQ(0, guest_command(a, command_cfgi_cd(VIRTUAL_SID)));
	EXPECT_EQ(0, guest_command(a, command_cfgi_cd_all(VIRTUAL_SID)));
	/* Among these are the StreamIDs of both devices */
	for (sid = 0; sid < 0x100; sid++) {
		EXPECT_EQ(-EIO, guest_command(a, command_cfgi_cd(sid)));
		EXPECT_EQ(-EIO, guest_command(a, command_cfgi_cd_all(sid)));
	}
	expect_reaches(_metadata, b, 0, data_va(0), data_ipa(0), "3");
	cd[0] = good;
}

TEST_F(guests, cannot_name_each_others_devices)
{
	struct guest *a = &self->a, *b = &self->b;

	ASSERT_EQ(0, iommufd_destroy(b->iommufd, b->vdevice[0]));
	guest_name_device(_metadata, b, 0, OTHER_VIRTUAL_SID);
	EXPECT_EQ(0, guest_command(b, command_cfgi_cd(OTHER_VIRTUAL_SID)));
	EXPECT_EQ(-EIO, guest_command(b, command_cfgi_cd(VIRTUAL_SID)));
	EXPECT_EQ(-EIO, guest_command(a, command_cfgi_cd(OTHER_VIRTUAL_SID)));
}

TEST_F(guests, do_not_notice_that_the_other_ends)
{
	struct guest *a = &self->a, *b = &self->b;

	outdate(_metadata, b);
	edu_close(&a->edu[0]);
	close(a->events);
	a->events = -1;
	close(a->iommufd);
	a->iommufd = -1;
	expect_outdated(_metadata, b);
	expect_blocked(_metadata, b, 0, data_va(6), "F_TRANSLATION");
	expect_event(_metadata, b, EVENT_TRANSLATION, VIRTUAL_SID, data_va(6));
}

TEST_HARNESS_MAIN
