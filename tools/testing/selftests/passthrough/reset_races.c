// SPDX-License-Identifier: GPL-2.0
/*
 * An administrator resets a device by sysfs while its user opens and closes it, or is
 * killed. Afterwards the device is as it was. The first race was found by iommu_fuzz.
 */
#include "reset.h"

/* At most this many opens of the device during a reset */
#define STEPS 200
#define TIMEOUT 3600
/* In nanoseconds. A reset takes at least five pauses (PCIe 6.0, 6.6.2). */
#define PAUSE 20000000

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

/* Return: whether it was open. That fails with -EAGAIN if the reset was first. */
static bool open_and_close(FIXTURE_DATA(reset_race) * self)
{
	struct device dev;

	if (device_open(&dev, igb_name(), self->iommufd))
		return false;
	device_close(&dev);
	return true;
}

/* One reset, and what the user does meanwhile. Return: how often the device was open. */
static unsigned int reset_and_open(struct __test_metadata *_metadata,
				   FIXTURE_DATA(reset_race) * self)
{
	unsigned int steps = 0, opened = 0;

	administrator_start(_metadata, &self->admin, administrator_reset,
			    igb_name(), sysfs_reset);
	while (!administrator_is_done(&self->admin) && steps++ < STEPS)
		opened += open_and_close(self);
	administrator_join(_metadata, &self->admin);
	return opened;
}

TEST_F_TIMEOUT(reset_race, while_the_device_is_opened_leaves_it_whole, TIMEOUT)
{
	unsigned int round, opened = 0;

	for (round = 0; round < rounds(); round++) {
		opened += reset_and_open(_metadata, self);
		expect_working(_metadata, self);
	}
	printf("# opened count=%u\n", opened);
	EXPECT_LT(0, opened);
}

static void nap(void)
{
	const struct timespec time = { .tv_nsec = PAUSE };

	nanosleep(&time, NULL);
}

/*
 * Another process maps over the doorbell, and is killed. Return: whether it was killed
 * in the call, and had exited long before the reset was over.
 */
static bool dies_during_reset(struct __test_metadata *_metadata,
			      FIXTURE_DATA(reset_race) * self,
			      struct mapping *over)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(-ioas_map(self->iommufd, self->ioas, over->va, PAGE,
				over->iova));
	nap();
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	nap();
	return WIFSIGNALED(status) && !administrator_is_done(&self->admin);
}

/* The map may have completed before the process was killed */
static void expect_whole(struct __test_metadata *_metadata,
			 FIXTURE_DATA(reset_race) * self,
			 const struct mapping *over)
{
	int ret = ioas_unmap(self->iommufd, self->ioas, over->iova, PAGE);

	EXPECT_TRUE(!ret || ret == -ENOENT);
	EXPECT_TRUE(device_is_on(&self->igb.dev));
	igb_unmask(&self->igb);
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&self->igb));
}

/* A call that is killed while it waits leaves the doorbell where it was */
TEST_F_TIMEOUT(reset_race, is_not_waited_for_by_a_map_that_is_killed, TIMEOUT)
{
	struct mapping over;
	unsigned int round;
	bool died = false;

	ASSERT_EQ(0, memory_alloc(&over, PAGE));
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), self->iommufd));
	ASSERT_EQ(0, device_attach(&self->igb.dev, self->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	for (round = 0; round < rounds() && !died; round++) {
		over.iova = doorbell_of(_metadata, &self->igb.dev).iova;
		administrator_start(_metadata, &self->admin,
				    administrator_reset, igb_name(),
				    sysfs_reset);
		nap();
		died = dies_during_reset(_metadata, self, &over);
		if (died)
			EXPECT_EQ(over.iova,
				  doorbell_of(_metadata, &self->igb.dev).iova);
		administrator_join(_metadata, &self->admin);
		expect_whole(_metadata, self, &over);
	}
	EXPECT_TRUE(died);
}

TEST_HARNESS_MAIN
