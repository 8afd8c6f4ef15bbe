// SPDX-License-Identifier: GPL-2.0
/*
 * A device keeps sending interrupts, each with a handshake, while its address space is
 * replaced by another one, and back. None is lost, although an SMMUv3 with stage 1 has
 * another context descriptor for each.
 */
#include "reset.h"

/* In each round */
#define CHANGES 200
#define TIMEOUT 3600

/* Sends an interrupt as soon as the last one has arrived */
struct ringer {
	struct igb igb;
	pthread_t thread;
	bool stop;
	unsigned int received;
	int error;
};

FIXTURE(replace_live)
{
	int iommufd;
	__u32 spaces[2];
	struct ringer ringer;
};

FIXTURE_SETUP(replace_live)
{
	self->ringer.igb = (struct igb){ .regs = MAP_FAILED,
					 .table = MAP_FAILED,
					 .dev = { .fd = -1, .group = -1 } };
	if (!igb_name())
		SKIP(return, NO_IGB);
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->spaces[0]));
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->spaces[1]));
	ASSERT_EQ(0, igb_open(&self->ringer.igb, igb_name(), self->iommufd));
	ASSERT_EQ(0, device_attach(&self->ringer.igb.dev, self->spaces[0]));
	ASSERT_EQ(0, igb_enable_interrupts(&self->ringer.igb, IGB_VECTORS));
}

FIXTURE_TEARDOWN(replace_live)
{
	igb_close(&self->ringer.igb);
	close(self->iommufd);
}

static void *ring(void *arg)
{
	struct ringer *ringer = arg;

	while (!ringer->error &&
	       !__atomic_load_n(&ringer->stop, __ATOMIC_SEQ_CST)) {
		ringer->error = igb_handshake(&ringer->igb,
					      ringer->received % IGB_VECTORS);
		ringer->received += !ringer->error;
	}
	return NULL;
}

TEST_F_TIMEOUT(replace_live, loses_no_interrupt, TIMEOUT)
{
	unsigned int change;

	ASSERT_EQ(0, pthread_create(&self->ringer.thread, NULL, ring,
				    &self->ringer));
	for (change = 1; change <= rounds() * CHANGES; change++) {
		if (device_attach(&self->ringer.igb.dev,
				  self->spaces[change % 2]))
			break;
	}
	__atomic_store_n(&self->ringer.stop, true, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(self->ringer.thread, NULL));
	printf("# %u interrupts during %u changes\n", self->ringer.received,
	       change - 1);
	EXPECT_EQ(0, self->ringer.error);
	EXPECT_LT(rounds() * CHANGES, change);
	EXPECT_LT(0, self->ringer.received);
}

TEST_HARNESS_MAIN
