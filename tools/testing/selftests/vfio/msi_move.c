// SPDX-License-Identifier: GPL-2.0
/*
 * A device with a live vector is moved from one page table to another, and from one
 * address space to another.
 */
#include "setup.h"

FIXTURE(live_vector)
{
	struct setup s;
	__u32 hwpt[2];
	__u32 other_ioas;
};

FIXTURE_SETUP(live_vector)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, s);
	setup_map(_metadata, s);
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				&self->hwpt[0]));
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				&self->hwpt[1]));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	/* Memory where the vector's messages go in the first address space */
	ASSERT_EQ(0, ioas_alloc(s->iommufd, &self->other_ioas));
	ASSERT_EQ(0, ioas_map(s->iommufd, self->other_ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
}

FIXTURE_TEARDOWN(live_vector)
{
	setup_close(&self->s);
}

TEST_F(live_vector, works_on_in_another_page_table_of_the_ioas)
{
	struct setup *s = &self->s;
	unsigned int round;

	for (round = 1; round <= 10; round++) {
		ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[round % 2]));
		EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
		expect_interrupts(_metadata, &s->edu, 20);
	}
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(live_vector, works_on_after_detach_and_attach)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	/* No device uses the place, but a message holds it */
	EXPECT_EQ(-EEXIST, map_page(s, MSI_WINDOW_IOVA));
	setup_attach(_metadata, s);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(live_vector, keeps_its_device_out_of_another_ioas)
{
	struct setup *s = &self->s;

	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other_ioas));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other_ioas));
	setup_attach(_metadata, s);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);

	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other_ioas));
	expect_working_vector(_metadata, &s->edu);
}

TEST_HARNESS_MAIN
