// SPDX-License-Identifier: GPL-2.0
/*
 * One doorbell with many MSI-X vectors: an igb device (named by VFIO_IGB), alone and
 * together with an edu device, which has a single MSI.
 */
#include "setup.h"

#define ROUNDS 20

FIXTURE(igb)
{
	struct setup s;
	struct igb igb;
};

FIXTURE_VARIANT(igb)
{
	__u64 iova;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(igb, with_memory_over_the_window)
{
	.iova = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(igb, with_memory_elsewhere)
{
	.iova = ELSEWHERE_IOVA,
};

/* clang-format on */

FIXTURE_SETUP(igb)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (!igb_name())
		SKIP(return, NO_IGB);
	setup_open(_metadata, s);
	s->memory.iova = variant->iova;
	setup_map(_metadata, s);
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), s->iommufd));
	ASSERT_EQ(0, device_attach(&self->igb.dev, s->ioas));
}

FIXTURE_TEARDOWN(igb)
{
	igb_close(&self->igb);
	setup_close(&self->s);
}

static void expect_igb_interrupts(struct __test_metadata *_metadata,
				  struct igb *igb)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++)
		EXPECT_EQ(igb->vectors, igb_interrupts(igb));
}

TEST_F(igb, receives_the_interrupts_of_each_vector)
{
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	expect_igb_interrupts(_metadata, &self->igb);
	ASSERT_EQ(0, igb_disable_interrupts(&self->igb));
	/* fewer of them the next time */
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, 3));
	expect_igb_interrupts(_metadata, &self->igb);
}

TEST_F(igb, counts_each_vector_at_the_doorbell)
{
	struct setup *s = &self->s;
	struct doorbell_list list;

	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	ASSERT_EQ(1, list.count);
	EXPECT_EQ(IGB_VECTORS, list.at[0].vectors);

	/* an edu device is attached, works, and is detached */
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(IGB_VECTORS + 1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	EXPECT_EQ(IGB_VECTORS, the_doorbell(_metadata, &s->edu).vectors);
	ASSERT_EQ(0, device_detach(&s->edu.dev));

	expect_igb_interrupts(_metadata, &self->igb);
	ASSERT_EQ(0, igb_disable_interrupts(&self->igb));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	ASSERT_EQ(1, list.count);
	EXPECT_EQ(0, list.at[0].vectors);
	EXPECT_EQ(0, list.at[0].flags);
}

TEST_HARNESS_MAIN
