// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells with several users: two devices in one address space, two address spaces,
 * and page tables allocated by the user.
 */
#include "setup.h"

FIXTURE(two_devices)
{
	struct setup s;
	struct edu second;
};

FIXTURE_SETUP(two_devices)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open(_metadata, &self->s);
	ASSERT_EQ(0, edu_open(&self->second, edu_name(1), self->s.iommufd));
}

FIXTURE_TEARDOWN(two_devices)
{
	edu_close(&self->second);
	setup_close(&self->s);
}

static void attach_both(struct __test_metadata *_metadata,
			FIXTURE_DATA(two_devices) * self)
{
	setup_map(_metadata, &self->s);
	setup_attach(_metadata, &self->s);
	ASSERT_EQ(0, device_attach(&self->second.dev, self->s.ioas));
}

TEST_F(two_devices, in_one_ioas_both_do_dma_and_take_interrupts)
{
	struct setup *s = &self->s;

	attach_both(_metadata, self);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_dma(_metadata, &self->second, &s->memory);
	/* the first device's last vector is not the doorbell's last */
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	/* nor does its detach end the address space */
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	expect_dma(_metadata, &self->second, &s->memory);
}

TEST_F(two_devices, in_one_ioas_share_the_doorbell_and_its_count_of_vectors)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d, first;

	attach_both(_metadata, self);
	first = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, first.vectors);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	d = the_doorbell(_metadata, &self->second);
	EXPECT_EQ(2, d.vectors);
	EXPECT_EQ(first.iova, d.iova);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(1, d.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED, d.flags);
	ASSERT_EQ(0, edu_disable_interrupt(&self->second));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, d.vectors);
	EXPECT_EQ(0, d.flags);
}

TEST_F(two_devices, one_may_leave_and_the_other_keeps_the_doorbell_live)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	attach_both(_metadata, self);
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	before = the_doorbell(_metadata, &self->second);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	after = the_doorbell(_metadata, &self->second);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	/* the remaining device's driver can rewrite messages */
	EXPECT_EQ(0, ioas_map(s->iommufd, s->ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	EXPECT_EQ(msi_low_place(1),
		  the_doorbell(_metadata, &self->second).iova);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
}

TEST_F(two_devices, one_may_be_closed_with_its_vector_on)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	attach_both(_metadata, self);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	EXPECT_EQ(2, the_doorbell(_metadata, &self->second).vectors);
	edu_close(&s->edu);
	d = the_doorbell(_metadata, &self->second);
	EXPECT_EQ(1, d.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED, d.flags);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&self->second));
	EXPECT_EQ(0, the_doorbell(_metadata, &self->second).vectors);
}

TEST_F(two_devices, the_second_finds_the_doorbell_moved_out_of_the_window)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	s->memory.iova = MSI_WINDOW_IOVA;
	attach_both(_metadata, self);
	d = the_doorbell(_metadata, &self->second);
	EXPECT_EQ(msi_low_place(1), d.iova);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_working_vector(_metadata, &self->second);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &self->second, &s->memory);
}

TEST_F(two_devices, in_two_ioases_have_doorbells_at_places_of_their_own)
{
	struct setup *s = &self->s;
	struct mapping window;
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(s->iommufd, &other));
	ASSERT_EQ(0, memory_alloc(&window, MSI_WINDOW_LENGTH));
	window.iova = MSI_WINDOW_IOVA;
	ASSERT_EQ(0, ioas_map(s->iommufd, other, window.va, window.length,
			      window.iova));
	setup_map(_metadata, s);
	setup_attach(_metadata, s);
	ASSERT_EQ(0, device_attach(&self->second.dev, other));

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	EXPECT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	EXPECT_EQ(msi_low_place(1),
		  the_doorbell(_metadata, &self->second).iova);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(1, the_doorbell(_metadata, &self->second).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_dma(_metadata, &self->second, &window);
}

TEST_F(two_devices, an_ioas_without_devices_forgets_its_doorbell)
{
	struct setup *s = &self->s;
	struct doorbell_list list;

	attach_both(_metadata, self);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(1, list.count);
	ASSERT_EQ(0, device_detach(&self->second.dev));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
}

FIXTURE(page_table)
{
	struct setup s;
	__u32 hwpt;
};

FIXTURE_VARIANT(page_table)
{
	__u64 iova;
	bool map_first;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(page_table, allocated_after_a_map_over_the_window)
{
	.iova = MSI_WINDOW_IOVA,
	.map_first = true,
};

FIXTURE_VARIANT_ADD(page_table, allocated_before_a_map_over_the_window)
{
	.iova = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(page_table, allocated_after_a_map_elsewhere)
{
	.iova = ELSEWHERE_IOVA,
	.map_first = true,
};

FIXTURE_VARIANT_ADD(page_table, allocated_before_a_map_elsewhere)
{
	.iova = ELSEWHERE_IOVA,
};

/* clang-format on */

FIXTURE_SETUP(page_table)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, s);
	s->memory.iova = variant->iova;
	if (variant->map_first)
		setup_map(_metadata, s);
	ASSERT_EQ(0,
		  hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &self->hwpt));
	if (!variant->map_first)
		setup_map(_metadata, s);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt));
}

FIXTURE_TEARDOWN(page_table)
{
	setup_close(&self->s);
}

TEST_F(page_table, serves_dma_and_interrupts)
{
	struct setup *s = &self->s;

	expect_dma(_metadata, &s->edu, &s->memory);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(page_table, reports_the_doorbell_of_its_ioas)
{
	struct setup *s = &self->s;
	struct doorbell_list by_ioas;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &by_ioas));
	ASSERT_EQ(1, by_ioas.count);
	EXPECT_EQ(0, memcmp(&d, &by_ioas.at[0], sizeof(d)));
	EXPECT_EQ(1, d.vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	/* and follows it when it is relocated */
	EXPECT_EQ(0, map_page(s, d.iova));
	EXPECT_NE(d.iova, the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(page_table, can_be_exchanged_for_another_and_destroyed)
{
	struct setup *s = &self->s;
	__u32 other;

	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &other));
	expect_working_vector(_metadata, &s->edu);
	EXPECT_EQ(-EBUSY, iommufd_destroy(s->iommufd, self->hwpt));
	ASSERT_EQ(0, device_attach(&s->edu.dev, other));
	EXPECT_EQ(0, iommufd_destroy(s->iommufd, self->hwpt));
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_HARNESS_MAIN
