// SPDX-License-Identifier: GPL-2.0
/*
 * The page table of a device with a live vector is replaced by another of the same IOAS
 * or of another one, or the device is detached and attached.
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
	/* Memory at the doorbell's IOVA in the first address space */
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
	setup_attach(_metadata, s);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(live_vector, follows_its_doorbell_while_its_device_is_detached)
{
	struct setup *s = &self->s;
	struct mapping window = { .va = s->memory.va,
				  .iova = MSI_WINDOW_IOVA,
				  .length = MSI_WINDOW_LENGTH };

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	/* No device uses the IOVA, but a message holds it */
	EXPECT_EQ(0, ioas_map(s->iommufd, s->ioas, window.va, window.length,
			      window.iova));
	setup_attach(_metadata, s);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(msi_low_place(1), the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &window);
}

TEST_F(live_vector, works_on_in_an_ioas_that_has_memory_at_its_doorbell)
{
	struct setup *s = &self->s;
	struct mapping window = { .va = s->memory.va,
				  .iova = MSI_WINDOW_IOVA,
				  .length = MSI_WINDOW_LENGTH };
	struct doorbell_list list;
	unsigned int round;

	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, device_attach(&s->edu.dev, self->other_ioas));
		EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
		EXPECT_EQ(msi_low_place(1),
			  the_doorbell(_metadata, &s->edu).iova);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		expect_dma(_metadata, &s->edu, &window);
		/* nothing is left behind */
		ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
		EXPECT_EQ(0, list.count);
		ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
		EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		ASSERT_EQ(0,
			  msi_doorbells(s->iommufd, self->other_ioas, &list));
		EXPECT_EQ(0, list.count);
	}
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(live_vector, comes_to_a_doorbell_that_another_device_uses)
{
	struct setup *s = &self->s;
	struct edu second;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, edu_open(&second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, device_attach(&second.dev, self->other_ioas));
	ASSERT_EQ(0, edu_enable_interrupt(&second));
	expect_interrupts(_metadata, &second, INTERRUPTS);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other_ioas));
	EXPECT_EQ(2, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &second, INTERRUPTS);
	/* and leaves again, while the other one stays */
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(1, the_doorbell(_metadata, &second).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &second, INTERRUPTS);
	edu_close(&second);
}

TEST_F(live_vector, binds_its_detached_device_to_the_ioas_it_was_in)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other_ioas));
	setup_attach(_metadata, s);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other_ioas));
	expect_working_vector(_metadata, &s->edu);
}

/* Its message holds a physical address, as the device was attached to nothing */
TEST_F(live_vector, of_a_detached_device_keeps_it_out)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, s->ioas));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->hwpt[0]));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other_ioas));
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(live_vector, of_a_device_that_was_never_attached_keeps_it_out)
{
	struct setup *s = &self->s;
	struct edu second;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, edu_open(&second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, edu_enable_interrupt(&second));
	EXPECT_EQ(-EBUSY, device_attach(&second.dev, s->ioas));
	ASSERT_EQ(0, edu_disable_interrupt(&second));
	ASSERT_EQ(0, device_attach(&second.dev, s->ioas));
	expect_working_vector(_metadata, &second);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	edu_close(&second);
}

TEST_HARNESS_MAIN
