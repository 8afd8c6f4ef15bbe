// SPDX-License-Identifier: GPL-2.0
/*
 * The user maps over its device's doorbell while an administrator resets the device,
 * which bypasses VFIO. Once the map has returned, the device sends nothing to the old
 * IOVA, whatever the kind of reset: its interrupts arrive, and the user's memory there
 * is unchanged. Nor is the device left switched off.
 */
#include "reset.h"

#define TIMEOUT 3600
/* Of the USB controller's vectors */
#define USED_VECTORS 4

enum kind {
	KIND_EDU, /* one vector of plain MSI */
	KIND_XHCI, /* several */
	KIND_IGB, /* MSI-X */
};

FIXTURE(reset)
{
	int iommufd;
	__u32 ioas;
	struct mapping memory; /* of the device */
	struct mapping over[2]; /* mapped over doorbells, in turn */
	struct edu edu;
	struct xhci xhci;
	struct igb igb;
	struct device *dev;
	__u32 number; /* of the last interrupt of the edu */
};

FIXTURE_VARIANT(reset)
{
	enum kind kind;
	int (*reset)(const char *bdf);
};

/* clang-format off */
FIXTURE_VARIANT_ADD(reset, of_a_device_with_msi)
{
	.kind = KIND_EDU,
	.reset = sysfs_reset,
};

FIXTURE_VARIANT_ADD(reset, of_the_bus_of_a_device_with_msi)
{
	.kind = KIND_EDU,
	.reset = sysfs_reset_bus,
};

FIXTURE_VARIANT_ADD(reset, of_a_device_with_several_msis)
{
	.kind = KIND_XHCI,
	.reset = sysfs_reset,
};

FIXTURE_VARIANT_ADD(reset, of_the_bus_of_a_device_with_several_msis)
{
	.kind = KIND_XHCI,
	.reset = sysfs_reset_bus,
};

FIXTURE_VARIANT_ADD(reset, of_a_device_with_msix)
{
	.kind = KIND_IGB,
	.reset = sysfs_reset,
};

FIXTURE_VARIANT_ADD(reset, of_the_bus_of_a_device_with_msix)
{
	.kind = KIND_IGB,
	.reset = sysfs_reset_bus,
};

/* clang-format on */

static int open_device(FIXTURE_DATA(reset) * self, enum kind kind)
{
	switch (kind) {
	case KIND_EDU:
		self->dev = &self->edu.dev;
		return edu_open(&self->edu, edu_name(0), self->iommufd);
	case KIND_XHCI:
		self->dev = &self->xhci.dev;
		return xhci_open(&self->xhci, getenv("VFIO_XHCI"),
				 self->iommufd);
	default:
		self->dev = &self->igb.dev;
		return igb_open(&self->igb, igb_name(), self->iommufd);
	}
}

static int enable_interrupts(FIXTURE_DATA(reset) * self, enum kind kind)
{
	switch (kind) {
	case KIND_EDU:
		return edu_enable_interrupt(&self->edu);
	case KIND_XHCI:
		return xhci_enable_interrupts(&self->xhci, USED_VECTORS);
	default:
		return igb_enable_interrupts(&self->igb, IGB_VECTORS);
	}
}

/* Whether the device works right after a reset */
static bool answers(FIXTURE_DATA(reset) * self, enum kind kind)
{
	if (!device_is_on(self->dev))
		return false;
	switch (kind) {
	case KIND_EDU:
		return !edu_handshake(&self->edu, ++self->number);
	case KIND_XHCI:
		return !xhci_start(&self->xhci, &self->memory) &&
		       !xhci_handshake(&self->xhci, 0);
	default:
		igb_unmask(&self->igb);
		return igb_interrupts(&self->igb) == IGB_VECTORS;
	}
}

FIXTURE_SETUP(reset)
{
	unsigned int i;

	self->edu = EDU_CLOSED;
	self->xhci = XHCI_CLOSED;
	self->igb = (struct igb){ .regs = MAP_FAILED,
				  .table = MAP_FAILED,
				  .dev = { .fd = -1, .group = -1 } };
	if (variant->kind == KIND_EDU && !edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (variant->kind == KIND_XHCI && !getenv("VFIO_XHCI"))
		SKIP(return, "VFIO_XHCI names no USB controller");
	if (variant->kind == KIND_IGB && !igb_name())
		SKIP(return, NO_IGB);
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, memory_alloc(&self->over[i], PAGE));
		memset(self->over[i].va, 0xa5, PAGE);
	}
	ASSERT_EQ(0, memory_alloc(&self->memory, XHCI_MEMORY));
	self->memory.iova = ELSEWHERE_IOVA;
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, self->memory.va,
			      XHCI_MEMORY, ELSEWHERE_IOVA));
	ASSERT_EQ(0, open_device(self, variant->kind));
	ASSERT_EQ(0, device_attach(self->dev, self->ioas));
	ASSERT_EQ(0, enable_interrupts(self, variant->kind));
	ASSERT_TRUE(answers(self, variant->kind));
}

FIXTURE_TEARDOWN(reset)
{
	edu_close(&self->edu);
	xhci_close(&self->xhci);
	igb_close(&self->igb);
	close(self->iommufd);
}

static bool is_spoilt(const struct mapping *page)
{
	__u64 i;

	for (i = 0; i < page->length; i++)
		if (page->va[i] != 0xa5)
			return true;
	return false;
}

/* Map a page over the doorbell; the page mapped before stays where it is */
static void map_over(struct __test_metadata *_metadata,
		     FIXTURE_DATA(reset) * self, unsigned int turn)
{
	struct mapping *over = &self->over[turn % 2];

	if (over->iova)
		ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, over->iova,
					PAGE));
	over->iova = doorbell_of(_metadata, self->dev).iova;
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, over->va, PAGE,
			      over->iova));
}

TEST_F_TIMEOUT(reset, by_the_administrator_loses_no_interrupt_to_the_old_place,
	       TIMEOUT)
{
	unsigned int round, turn = 0, lost = 0, spoilt = 0;
	struct administrator admin;

	for (round = 0; round < rounds() && !lost; round++) {
		administrator_start(_metadata, &admin, administrator_run,
				    self->dev->bdf, variant->reset);
		while (!administrator_is_done(&admin))
			map_over(_metadata, self, turn++);
		administrator_join(_metadata, &admin);
		lost += !answers(self, variant->kind);
		spoilt += is_spoilt(&self->over[0]) ||
			  is_spoilt(&self->over[1]);
	}
	printf("# %u maps over the doorbell in %u resets\n", turn, round);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, spoilt);
	EXPECT_LT(round, turn);
}

TEST_HARNESS_MAIN
