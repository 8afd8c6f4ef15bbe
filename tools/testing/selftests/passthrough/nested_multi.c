// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that owns stage 1 has a device with several vectors of plain MSI, which share
 * one address: it programs the address, uses some vectors, and changes the address while
 * they are in use.
 */
#include <errno.h>

#include "nested_setup.h"

#define MSI VFIO_PCI_MSI_IRQ_INDEX
/* IPA of the virtual ITS, and where the guest may map it */
#define VIRTUAL_ITS_IPA 0x50000000ULL
#define REGISTER 0x40ULL
#define PAGES 3
/* The controller's rings: VA, and offset in the guest's memory */
#define RINGS_VA 0x20000000ULL
#define RINGS_OFFSET (RAM_LENGTH / 2)
#define ROUNDS 12

static const __u64 guest_pages[PAGES] = { 0xfeed0000, 0x12340000, 0xfeed5000 };

FIXTURE(multi)
{
	struct guest g;
	struct xhci xhci;
	struct mapping rings;
	__u32 vdevice;
};

/* A guest whose one device is the controller */
static void guest_add_xhci(struct __test_metadata *_metadata,
			   FIXTURE_DATA(multi) * self, const char *bdf)
{
	struct xhci *xhci = &self->xhci;
	struct guest *g = &self->g;

	ASSERT_EQ(0, xhci_open(xhci, bdf, g->iommufd));
	ASSERT_EQ(0, nest_parent_alloc(g->iommufd, xhci->dev.id, g->ioas,
				       &g->parent));
	ASSERT_EQ(0, viommu_alloc(g->iommufd, xhci->dev.id, g->parent,
				  &g->viommu));
	ASSERT_EQ(0, vdevice_alloc(g->iommufd, g->viommu, xhci->dev.id,
				   VIRTUAL_SID, &self->vdevice));
	xhci->dev.stage2 = g->parent;
	guest_open_events(_metadata, g, 64);
}

static void guest_map_rings(struct __test_metadata *_metadata,
			    FIXTURE_DATA(multi) * self)
{
	struct guest *g = &self->g;
	__u64 at;

	self->rings = (struct mapping){
		.va = g->ram.va + RINGS_OFFSET,
		.iova = RINGS_VA,
		.length = XHCI_MEMORY,
	};
	for (at = 0; at < XHCI_MEMORY; at += PAGE)
		guest_map(_metadata, g, RINGS_VA + at,
			  RAM_IPA + RINGS_OFFSET + at);
}

FIXTURE_SETUP(multi)
{
	const char *bdf = getenv("VFIO_XHCI");
	struct guest *g = &self->g;
	__u32 stage1;
	int i;

	self->xhci = XHCI_CLOSED;
	if (!bdf)
		SKIP(return, "VFIO_XHCI names no USB controller");
	guest_open(_metadata, g);
	guest_add_xhci(_metadata, self, bdf);
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	for (i = 0; i < PAGES; i++)
		guest_map(_metadata, g, guest_pages[i], VIRTUAL_ITS_IPA);
	guest_map_rings(_metadata, self);
	ASSERT_EQ(0, nested_alloc(g->iommufd, g->viommu, self->xhci.dev.id,
				  stage1_ste(&g->stage1), &stage1));
	ASSERT_EQ(0, device_attach(&self->xhci.dev, stage1));
}

FIXTURE_TEARDOWN(multi)
{
	xhci_close(&self->xhci);
	guest_close(&self->g);
}

static int set(struct xhci *xhci, unsigned int page)
{
	return device_set_msi_address(&xhci->dev, MSI, 0,
				      guest_pages[page % PAGES] + REGISTER);
}

/* Set the address before or after @vectors are enabled, and change it in use */
static void expect_vectors(struct __test_metadata *_metadata,
			   FIXTURE_DATA(multi) * self, unsigned int vectors,
			   unsigned int round)
{
	struct xhci *xhci = &self->xhci;

	if (round % 2)
		ASSERT_EQ(0, set(xhci, round));
	ASSERT_EQ(0, xhci_enable_interrupts(xhci, vectors));
	if (!(round % 2))
		ASSERT_EQ(0, set(xhci, round));
	ASSERT_EQ(0, xhci_start(xhci, &self->rings));
	EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
	ASSERT_EQ(0, set(xhci, round + 1));
	EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
	ASSERT_EQ(0, xhci_disable_interrupts(xhci));
	expect_no_event(_metadata, &self->g);
}

TEST_F(multi, vectors_of_one_address_follow_the_guest)
{
	static const unsigned int counts[] = { 4, 8, 1, 2, 16, 2 };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		expect_vectors(_metadata, self, counts[i % ARRAY_SIZE(counts)],
			       i);
}

/* Without masking, both halves of the address cannot change at once */
TEST_F(multi, vectors_in_use_keep_the_upper_half_of_their_address)
{
	struct xhci *xhci = &self->xhci;

	ASSERT_EQ(0, xhci_enable_interrupts(xhci, 4));
	ASSERT_EQ(0, set(xhci, 0));
	ASSERT_EQ(0, xhci_start(xhci, &self->rings));
	EXPECT_EQ(-ERANGE, device_set_msi_address(&xhci->dev, MSI, 0,
						  0x7100000000ULL + REGISTER));
	EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
}

TEST_HARNESS_MAIN
