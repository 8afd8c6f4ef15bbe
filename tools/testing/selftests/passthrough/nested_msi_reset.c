// SPDX-License-Identifier: GPL-2.0
/*
 * A guest changes the address of its MSI while an administrator resets the device, which
 * bypasses VFIO. Afterwards the message has the address that was set last: the guest's
 * stage 1 then maps only that one.
 */
#include "nested_setup.h"
#include "reset.h"

#define TIMEOUT 3600
/* IPA of the virtual ITS, and where the guest maps it */
#define VIRTUAL_ITS_IPA 0x50000000ULL
#define REGISTER 0x40ULL

static const __u64 pages[2] = { 0xfeed1000ULL, 0xabcd2000ULL };

FIXTURE(address)
{
	struct guest g;
	struct device *dev;
};

FIXTURE_SETUP(address)
{
	struct guest *g = &self->g;
	unsigned int i;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	self->dev = &g->edu[0].dev;
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	for (i = 0; i < 2; i++)
		guest_map(_metadata, g, pages[i], VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
}

FIXTURE_TEARDOWN(address)
{
	guest_close(&self->g);
}

static int set(struct device *dev, __u64 page)
{
	return device_set_msi_address(dev, VFIO_PCI_MSI_IRQ_INDEX, 0,
				      page + REGISTER);
}

static bool arrives_by(struct __test_metadata *_metadata, struct guest *g,
		       unsigned int last, __u32 number)
{
	bool arrived;

	stage1_unmap(&g->stage1, pages[!last]);
	EXPECT_EQ(0, guest_command(g, command_tlbi_all()));
	arrived = device_is_on(&g->edu[0].dev) &&
		  !edu_handshake(&g->edu[0], number);
	guest_map(_metadata, g, pages[!last], VIRTUAL_ITS_IPA);
	return arrived;
}

TEST_F_TIMEOUT(address, set_last_is_where_the_message_goes_after_a_reset,
	       TIMEOUT)
{
	unsigned int round, turn = 0, lost = 0;
	struct administrator admin;

	for (round = 0; round < rounds() && !lost; round++) {
		administrator_start(_metadata, &admin, administrator_run,
				    self->dev->bdf, sysfs_reset);
		do {
			turn++;
			ASSERT_EQ(0, set(self->dev, pages[turn % 2]));
		} while (!administrator_is_done(&admin));
		administrator_join(_metadata, &admin);
		lost += !arrives_by(_metadata, &self->g, turn % 2, round + 1);
	}
	printf("# %u addresses in %u resets\n", turn, round);
	EXPECT_EQ(0, lost);
	EXPECT_LT(round, turn);
	expect_no_event(_metadata, &self->g);
}

TEST_HARNESS_MAIN
