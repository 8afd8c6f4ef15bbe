// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of guests' devices behind an Arm SMMUv2: they are reported to the guest that owns
 * the device. As the SMMU is not hardware, the observer writes them to the registers and
 * raises the interrupt of the context bank.
 */
#include <poll.h>

#include "smmuv2_guest.h"

#define FAULT_VA 0xdead1000ULL
#define FAULT_IPA 0x7000ULL
/* FSR: a translation fault; FSYNR0: a write */
#define FSR_TF 2
#define FSYNR0_WNR 0x10

FIXTURE(events)
{
	struct guest2 g;
	__u32 veventq;
	int queue;
};

FIXTURE_SETUP(events)
{
	struct guest2 *g = &self->g;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	guest2_open(_metadata, g, GRANULE_4K);
	ASSERT_EQ(0, smmuv2_veventq_alloc(g->iommufd, g->viommu, 2,
					  &self->veventq, &self->queue));
	guest2_attach(_metadata, g);
}

FIXTURE_TEARDOWN(events)
{
	close(self->queue);
	guest2_close(&self->g);
}

/* The handler runs at once. Its write clears no registers, as they are memory. */
static void record_fault(struct __test_metadata *_metadata, struct guest2 *g,
			 unsigned int stage)
{
	ASK("fault %u %u %#llx %#llx", g->sid, stage, FAULT_VA,
	    stage == 2 ? FAULT_IPA : 0);
	usleep(20000);
	ASK("fault_over %u %u", g->sid, stage);
}

static void expect_event(struct __test_metadata *_metadata, int queue,
			 unsigned int sequence, unsigned int stage)
{
	struct smmuv2_event event;

	ASSERT_EQ(0, smmuv2_event(queue, &event));
	EXPECT_EQ(sequence, event.header.sequence);
	EXPECT_EQ(0, event.header.flags);
	EXPECT_EQ(VIRTUAL_SID, event.fault.virt_sid);
	EXPECT_EQ(stage, event.fault.stage);
	EXPECT_EQ(FSR_TF, event.fault.fsr);
	EXPECT_EQ(FSYNR0_WNR, event.fault.fsynr0);
	EXPECT_EQ(FAULT_VA, event.fault.far);
	EXPECT_EQ(stage == 2 ? FAULT_IPA : 0, event.fault.ipafar);
}

TEST_F(events, fault_of_stage_1_is_the_guests)
{
	record_fault(_metadata, &self->g, 1);
	expect_event(_metadata, self->queue, 0, 1);
}

TEST_F(events, fault_of_stage_2_has_the_address_of_the_guest)
{
	record_fault(_metadata, &self->g, 2);
	expect_event(_metadata, self->queue, 0, 2);
}

TEST_F(events, stream_at_the_parent_has_its_faults_reported)
{
	ASSERT_EQ(0, device_attach(&self->g.dev, self->g.parent));
	record_fault(_metadata, &self->g, 2);
	expect_event(_metadata, self->queue, 0, 2);
}

TEST_F(events, full_queue_reports_lost_faults)
{
	struct smmuv2_event event;
	unsigned int i;

	for (i = 0; i < 4; i++)
		record_fault(_metadata, &self->g, 1);
	expect_event(_metadata, self->queue, 0, 1);
	expect_event(_metadata, self->queue, 1, 1);
	ASSERT_EQ(0, smmuv2_event(self->queue, &event));
	EXPECT_EQ(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, event.header.flags);
	record_fault(_metadata, &self->g, 1);
	expect_event(_metadata, self->queue, 4, 1);
}

/* It is not reported; a queue that is allocated later gets later faults */
TEST_F(events, fault_without_a_queue_is_the_hosts)
{
	struct guest2 *g = &self->g;

	close(self->queue);
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, self->veventq));
	record_fault(_metadata, g, 1);
	ASSERT_EQ(0, smmuv2_veventq_alloc(g->iommufd, g->viommu, 2,
					  &self->veventq, &self->queue));
	record_fault(_metadata, g, 1);
	expect_event(_metadata, self->queue, 0, 1);
}

/* Each guest has its own queue, and their virtual stream IDs may be equal */
TEST_F(events, fault_is_not_reported_to_another_guest)
{
	struct pollfd other = { .events = POLLIN };
	struct guest2 second;
	__u32 veventq;

	guest2_open_nth(_metadata, &second, GRANULE_4K, 1);
	ASSERT_EQ(0, smmuv2_veventq_alloc(second.iommufd, second.viommu, 2,
					  &veventq, &other.fd));
	guest2_attach(_metadata, &second);
	record_fault(_metadata, &self->g, 1);
	record_fault(_metadata, &self->g, 2);
	expect_event(_metadata, self->queue, 0, 1);
	expect_event(_metadata, self->queue, 1, 2);
	EXPECT_EQ(0, poll(&other, 1, 0));
	record_fault(_metadata, &second, 1);
	expect_event(_metadata, other.fd, 0, 1);
	close(other.fd);
	guest2_close(&second);
}

TEST_HARNESS_MAIN
