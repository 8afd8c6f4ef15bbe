// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that the guest's own tables cause are reported to the guest as the SMMU recorded
 * them, except for the StreamID, which is replaced by the device's vSID.
 */
#include <endian.h>
#include <poll.h>

#include "nested_setup.h"

FIXTURE(event)
{
	struct guest g;
};

FIXTURE_SETUP(event)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, &self->g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, &self->g, 1);
}

FIXTURE_TEARDOWN(event)
{
	guest_close(&self->g);
}

TEST_F(event, has_the_address_that_is_not_mapped)
{
	const __u64 va = data_va(5) + 0x124;
	struct guest *g = &self->g;
	struct smmu_event event;

	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, va, "F_TRANSLATION");
	event = expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, va);
	EXPECT_FALSE(event_is_read(&event));
	EXPECT_EQ(0, event.header.flags);
	EXPECT_EQ(0, event.header.sequence);
	expect_no_event(_metadata, g);
}

TEST_F(event, tells_reads_from_writes)
{
	struct guest *g = &self->g;
	struct smmu_event event;

	guest_attach_stage1(_metadata, g, 0);
	journal_route(&g->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	EXPECT_EQ(0, edu_read_memory(&g->edu[0], data_va(5), ONE_ACCESS));
	event = expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID,
			     data_va(5));
	EXPECT_TRUE(event_is_read(&event));
}

TEST_F(event, reports_a_write_to_a_read_only_page)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0,
		  stage1_map(&g->stage1, data_va(0), data_ipa(0), STAGE1_READ));
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "F_PERMISSION");
	expect_event(_metadata, g, EVENT_PERMISSION, VIRTUAL_SID, data_va(0));
}

TEST_F(event, reports_a_page_without_the_access_flag)
{
	const __u64 accessed = 1 << 10;
	struct guest *g = &self->g;

	*stage1_entry(&g->stage1, data_va(0)) &= ~htole64(accessed);
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "F_ACCESS");
	expect_event(_metadata, g, EVENT_ACCESS, VIRTUAL_SID, data_va(0));
}

TEST_F(event, reports_an_ipa_that_is_too_wide)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, data_va(0), _BITULL(46));
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "F_ADDR_SIZE");
	expect_event(_metadata, g, EVENT_ADDRESS_SIZE, VIRTUAL_SID, data_va(0));
}

TEST_F(event, reports_a_bad_descriptor)
{
	struct guest *g = &self->g;

	stage1_descriptor(&g->stage1)[0] = 0;
	guest_attach_stage1(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(0), "C_BAD_CD");
	expect_event_without_address(_metadata, g, EVENT_BAD_CD, VIRTUAL_SID);
}

TEST_F(event, is_numbered_in_order)
{
	struct guest *g = &self->g;
	struct smmu_event event;
	unsigned int i;

	guest_attach_stage1(_metadata, g, 0);
	for (i = 0; i < 5; i++)
		expect_blocked(_metadata, g, 0, data_va(5 + i),
			       "F_TRANSLATION");
	for (i = 0; i < 5; i++) {
		event = expect_event(_metadata, g, EVENT_TRANSLATION,
				     VIRTUAL_SID, data_va(5 + i));
		EXPECT_EQ(i, event.header.sequence);
	}
	expect_no_event(_metadata, g);
}

TEST_F(event, has_the_current_vsid_of_the_device)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, g->vdevice[0]));
	guest_name_device(_metadata, g, 0, OTHER_VIRTUAL_SID);
	expect_blocked(_metadata, g, 0, data_va(5), "F_TRANSLATION");
	expect_event(_metadata, g, EVENT_TRANSLATION, OTHER_VIRTUAL_SID,
		     data_va(5));
}

TEST_F(event, of_a_device_without_a_vsid_is_dropped)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, g->vdevice[0]));
	expect_blocked(_metadata, g, 0, data_va(5), "F_TRANSLATION");
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_no_event(_metadata, g);
}

TEST_F(event, of_stage_2_is_the_hosts)
{
	struct guest *g = &self->g;

	guest_attach(_metadata, g, 0, ste_bypass());
	expect_blocked(_metadata, g, 0, NOWHERE_IPA, "F_TRANSLATION");
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
	expect_no_event(_metadata, g);
}

/* Reads into short buffers fail, and consume no event */
TEST_F(event, is_not_lost_by_a_read_that_is_too_short)
{
	struct guest *g = &self->g;
	struct smmu_event event;
	struct pollfd pollfd = { .fd = g->events, .events = POLLIN };

	guest_attach_stage1(_metadata, g, 0);
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	expect_blocked(_metadata, g, 0, data_va(5), "F_TRANSLATION");
	EXPECT_EQ(1, poll(&pollfd, 1, 5000));
	EXPECT_EQ(-1, read(g->events, &event, 4));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(g->events, &event, sizeof(event.header)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(g->events, &event, sizeof(event) - 1));
	EXPECT_EQ(EINVAL, errno);
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, data_va(5));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
}

TEST_F(event, can_be_read_with_others_at_once)
{
	struct guest *g = &self->g;
	struct pollfd pollfd = { .fd = g->events, .events = POLLIN };
	struct smmu_event events[4] = {};
	struct guest bystander;
	unsigned int i;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_open_bystander(_metadata, &bystander, 1);
	guest_attach_stage1(_metadata, g, 0);
	for (i = 0; i < 3; i++)
		expect_blocked(_metadata, g, 0, data_va(5 + i),
			       "F_TRANSLATION");
	expect_fault_is_told(_metadata, &bystander);
	guest_close(&bystander);
	ASSERT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(3 * sizeof(events[0]),
		  read(g->events, events, sizeof(events)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(data_va(5 + i), event_address(&events[i]));
}

/* A queue that holds fewer events than one blocked copy causes */
FIXTURE(flood)
{
	struct guest g;
	struct guest bystander;
};

#define FLOOD_DEPTH 4

FIXTURE_SETUP(flood)
{
	struct guest *g = &self->g;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_open_bystander(_metadata, &self->bystander, 1);
	guest_open(_metadata, g);
	guest_add_device(_metadata, g, 0, 0);
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	guest_open_events(_metadata, g, FLOOD_DEPTH);
	guest_map_data(_metadata, g, 1);
	guest_attach_stage1(_metadata, g, 0);
	journal_route(&g->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	EXPECT_EQ(0, edu_write_memory(&g->edu[0], data_va(5), PAGE));
}

FIXTURE_TEARDOWN(flood)
{
	guest_close(&self->g);
	guest_close(&self->bystander);
}

/* Read all of the queue. Return: the sequence number of the last lost event */
static __u32 expect_lost(struct __test_metadata *_metadata, struct guest *g,
			 __u32 first)
{
	struct smmu_event event;
	__u32 i;

	for (i = first; i < first + FLOOD_DEPTH; i++) {
		ASSERT_EQ(0, event_wait(g->events, &event));
		EXPECT_EQ(0, event.header.flags);
		EXPECT_EQ(i, event.header.sequence);
		EXPECT_EQ(VIRTUAL_SID, event_sid(&event));
	}
	ASSERT_EQ(0, event_wait(g->events, &event));
	EXPECT_TRUE(event_is_lost(&event));
	EXPECT_LE(first + FLOOD_DEPTH, event.header.sequence);
	expect_no_event(_metadata, g);
	return event.header.sequence;
}

TEST_F(flood, ends_with_the_notice_that_events_were_lost)
{
	struct guest *g = &self->g;
	__u32 last;

	expect_fault_is_told(_metadata, &self->bystander);
	last = expect_lost(_metadata, g, 0);
	expect_blocked(_metadata, g, 0, data_va(9), "F_TRANSLATION");
	EXPECT_EQ(last + 1, expect_event(_metadata, g, EVENT_TRANSLATION,
					 VIRTUAL_SID, data_va(9))
				    .header.sequence);
}

TEST_F(flood, can_happen_again)
{
	struct guest *g = &self->g;
	__u32 last;

	expect_fault_is_told(_metadata, &self->bystander);
	last = expect_lost(_metadata, g, 0);
	EXPECT_EQ(0, edu_write_memory(&g->edu[0], data_va(5), PAGE));
	expect_fault_is_told(_metadata, &self->bystander);
	EXPECT_LT(last, expect_lost(_metadata, g, last + 1));
}

TEST_F(flood, leaves_everything_else_working)
{
	struct guest *g = &self->g;

	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	EXPECT_EQ(0, guest_command(g, command_tlbi_all()));
	guest_attach(_metadata, g, 0, ste_bypass());
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
}

TEST_HARNESS_MAIN
