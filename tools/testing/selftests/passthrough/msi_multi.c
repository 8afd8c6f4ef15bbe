// SPDX-License-Identifier: GPL-2.0
/*
 * Several vectors of plain MSI share one address. Each interrupt arrives by its own
 * vector, before the doorbell is relocated and afterwards, with any number of vectors.
 *
 * VFIO_XHCI="0000:00:08.0" names a USB controller with a USB device below it.
 */
#include <errno.h>

#include "setup.h"

#define RINGS_IOVA 0x100000ULL
#define ROUNDS 12

FIXTURE(multi)
{
	struct setup s;
	struct xhci xhci;
	struct mapping rings;
};

FIXTURE_VARIANT(multi)
{
	enum backend backend;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(multi, in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(multi, in_a_container)
{
	.backend = BACKEND_TYPE1,
};

FIXTURE_VARIANT_ADD(multi, in_a_compat_container)
{
	.backend = BACKEND_COMPAT,
};

/* clang-format on */

static int open_and_attach(struct setup *s, struct xhci *xhci, const char *bdf)
{
	int ret;

	if (s->backend != BACKEND_IOMMUFD)
		return xhci_open_type1(xhci, bdf, &s->container);
	ret = xhci_open(xhci, bdf, s->iommufd);
	return ret ? ret : device_attach(&xhci->dev, s->ioas);
}

static int map_rings(struct setup *s, struct mapping *rings)
{
	rings->iova = RINGS_IOVA;
	if (s->backend != BACKEND_IOMMUFD)
		return container_map(&s->container, rings->va, rings->length,
				     rings->iova);
	return ioas_map(s->iommufd, s->ioas, rings->va, rings->length,
			rings->iova);
}

FIXTURE_SETUP(multi)
{
	const char *bdf = getenv("VFIO_XHCI");
	struct setup *s = &self->s;

	self->xhci = XHCI_CLOSED;
	if (!bdf)
		SKIP(return, "VFIO_XHCI names no USB controller");
	setup_open_backend(_metadata, s, variant->backend);
	ASSERT_EQ(0, memory_alloc(&self->rings, XHCI_MEMORY));
	ASSERT_EQ(0, open_and_attach(s, &self->xhci, bdf));
	ASSERT_EQ(0, map_rings(s, &self->rings));
}

FIXTURE_TEARDOWN(multi)
{
	xhci_close(&self->xhci);
	memory_free(&self->rings);
	setup_close(&self->s);
}

static bool is_untouched(const struct setup *s)
{
	__u64 i;

	for (i = 0; i < PAGE; i++)
		if (s->memory.va[i] != 0xa5)
			return false;
	return true;
}

/* Enable this number of vectors, and relocate their doorbell */
static void expect_vectors(struct __test_metadata *_metadata,
			   FIXTURE_DATA(multi) * self, unsigned int vectors)
{
	struct xhci *xhci = &self->xhci;
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, xhci_enable_interrupts(xhci, vectors));
	ASSERT_EQ(0, xhci_start(xhci, &self->rings));
	EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
	d = doorbell_of(_metadata, &xhci->dev);
	EXPECT_EQ(vectors, d.vectors);
	memset(s->memory.va, 0xa5, PAGE);
	ASSERT_EQ(0, map_page(s, d.iova));
	EXPECT_NE(d.iova, doorbell_of(_metadata, &xhci->dev).iova);
	EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
	EXPECT_TRUE(is_untouched(s));
	ASSERT_EQ(0, xhci_disable_interrupts(xhci));
	ASSERT_EQ(0, setup_unmap(s, d.iova, PAGE));
}

TEST_F(multi, vectors_of_one_address_follow_their_doorbell)
{
	static const unsigned int counts[] = { 1, 2, 4, 8, 16, 2 };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		expect_vectors(_metadata, self, counts[i % ARRAY_SIZE(counts)]);
}

TEST_F(multi, vectors_follow_a_doorbell_that_is_relocated_repeatedly)
{
	struct xhci *xhci = &self->xhci;
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;
	unsigned int i;

	ASSERT_EQ(0, xhci_enable_interrupts(xhci, XHCI_VECTORS));
	ASSERT_EQ(0, xhci_start(xhci, &self->rings));
	for (i = 0; i < ROUNDS; i++) {
		d = doorbell_of(_metadata, &xhci->dev);
		ASSERT_EQ(0, map_page(s, d.iova));
		EXPECT_EQ(XHCI_INTERRUPTERS, xhci_interrupts(xhci));
	}
}

/* A number that is no power of two takes up more of the controller than it uses */
TEST_F(multi, all_vectors_are_available_after_three_were_enabled)
{
	struct xhci *xhci = &self->xhci;

	ASSERT_EQ(0, xhci_enable_interrupts(xhci, 3));
	ASSERT_EQ(0, xhci_disable_interrupts(xhci));
	EXPECT_EQ(0, xhci_enable_interrupts(xhci, XHCI_VECTORS));
}

TEST_HARNESS_MAIN
