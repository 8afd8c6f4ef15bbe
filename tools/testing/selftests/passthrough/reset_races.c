// SPDX-License-Identifier: GPL-2.0
/*
 * An administrator resets a device by sysfs while its user opens and closes it.
 * Afterwards the device is as it was. Found by iommu_fuzz.
 */
#include "reset.h"

/* Of the device at most, while it is being reset */
#define STEPS 200
#define TIMEOUT 3600

FIXTURE(reset_race)
{
	int iommufd;
	__u32 ioas;
	struct igb igb;
	struct administrator admin;
};

FIXTURE_SETUP(reset_race)
{
	self->igb = (struct igb){ .regs = MAP_FAILED,
				  .table = MAP_FAILED,
				  .dev = { .fd = -1, .group = -1 } };
	if (!igb_name())
		SKIP(return, NO_IGB);
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
}

FIXTURE_TEARDOWN(reset_race)
{
	igb_close(&self->igb);
	close(self->iommufd);
}

/* The next user gets all interrupts */
static void expect_working(struct __test_metadata *_metadata,
			   FIXTURE_DATA(reset_race) * self)
{
	unsigned int vector;

	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), self->iommufd));
	ASSERT_EQ(0, device_attach(&self->igb.dev, self->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	for (vector = 0; vector < IGB_VECTORS; vector++)
		ASSERT_EQ(0, igb_handshake(&self->igb, vector));
	igb_close(&self->igb);
}

static void *reset_igb(void *arg)
{
	struct administrator *admin = arg;

	admin->error = sysfs_reset(igb_name());
	__atomic_store_n(&admin->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* -EAGAIN: the reset was first */
static void open_and_close(FIXTURE_DATA(reset_race) * self)
{
	struct device dev;

	if (!device_open(&dev, igb_name(), self->iommufd))
		device_close(&dev);
}

/* One reset, and what the user does meanwhile */
static void reset_and_open(struct __test_metadata *_metadata,
			   FIXTURE_DATA(reset_race) * self)
{
	unsigned int steps = 0;

	self->admin = (struct administrator){};
	ASSERT_EQ(0, pthread_create(&self->admin.thread, NULL, reset_igb,
				    &self->admin));
	while (!administrator_is_done(&self->admin) && steps++ < STEPS)
		open_and_close(self);
	administrator_join(_metadata, &self->admin);
}

TEST_F_TIMEOUT(reset_race, while_the_device_is_opened_leaves_it_whole, TIMEOUT)
{
	unsigned int round;

	for (round = 0; round < rounds(); round++) {
		reset_and_open(_metadata, self);
		expect_working(_metadata, self);
	}
}

TEST_HARNESS_MAIN
