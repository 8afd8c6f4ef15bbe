// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel places a doorbell: at the first free IOVA of the rule, outside the
 * user's maps and the ranges of IOMMU_IOAS_ALLOW_IOVAS.
 */
#include "setup.h"

FIXTURE(doorbell)
{
	struct setup s;
};

FIXTURE_SETUP(doorbell)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
}

FIXTURE_TEARDOWN(doorbell)
{
	setup_close(&self->s);
}

TEST_F(doorbell, without_a_vector_is_relocated_by_each_map_over_it)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;
	unsigned int slot;

	for (slot = 0; slot < 4; slot++) {
		d = the_doorbell(_metadata, &s->edu);
		EXPECT_EQ(MSI_WINDOW_IOVA + slot * PAGE, d.iova);
		ASSERT_EQ(0, map_page(s, d.iova));
		d = the_doorbell(_metadata, &s->edu);
		EXPECT_EQ(0, d.vectors);
		EXPECT_EQ(0, d.flags);
		expect_working_vector(_metadata, &s->edu);
	}
}

TEST_F(doorbell, that_had_a_vector_is_relocated_and_works_at_its_new_iova)
{
	struct setup *s = &self->s;
	struct mapping window = { .va = s->memory.va,
				  .iova = MSI_WINDOW_IOVA,
				  .length = MSI_WINDOW_LENGTH };
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));

	ASSERT_EQ(0, ioas_map(s->iommufd, s->ioas, window.va, window.length,
			      window.iova));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(msi_low_place(1), d.iova);
	EXPECT_EQ(0, d.flags);

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &window);
}

TEST_F(doorbell, goes_to_the_next_place_of_the_rule_if_the_first_are_taken)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, ioas_map(s->iommufd, s->ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	ASSERT_EQ(0, map_page(s, msi_low_place(1)));
	ASSERT_EQ(0, map_page(s, msi_low_place(2)));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(msi_low_place(3), d.iova);
	expect_working_vector(_metadata, &s->edu);
}

/* The first candidate after number @k, below 4 GiB, that is @inside the window or not */
static unsigned int next_low_place(unsigned int k, bool inside,
				   const struct iommu_iova_range *window)
{
	do {
		k++;
	} while (inside != (window->start <= msi_low_place(k) &&
			    msi_low_place(k) <= window->last));
	return k;
}

TEST_F(doorbell, is_kept_out_of_the_window_of_the_host_bridge)
{
	struct setup *s = &self->s;
	struct iommu_iova_range bridge;
	unsigned int k, first;

	ASSERT_EQ(0, sysfs_bridge_window(edu_name(0), &bridge));
	first = next_low_place(0, true, &bridge);
	ASSERT_GT(63, first);
	for (k = 1; k < first; k++)
		if (msi_low_place(k) != s->memory.iova)
			ASSERT_EQ(0, map_page(s, msi_low_place(k)));
	ASSERT_EQ(0, ioas_map(s->iommufd, s->ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	EXPECT_EQ(msi_low_place(next_low_place(first, false, &bridge)),
		  the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(doorbell, is_avoided_by_maps_whose_place_the_kernel_chooses)
{
	struct setup *s = &self->s;
	struct range_list allowed = {
		.count = 1,
		.at = { { MSI_WINDOW_IOVA, MSI_WINDOW_IOVA + 2 * PAGE - 1 } },
	};
	__u64 iova;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	/* Of two pages to choose from, the doorbell has one */
	ASSERT_EQ(0, ioas_allow(s->iommufd, s->ioas, &allowed));
	EXPECT_EQ(0, ioas_map_anywhere(s->iommufd, s->ioas, s->memory.va, PAGE,
				       &iova));
	EXPECT_EQ(MSI_WINDOW_IOVA + PAGE, iova);
	EXPECT_EQ(-ENOSPC, ioas_map_anywhere(s->iommufd, s->ioas, s->memory.va,
					     PAGE, &iova));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, prefers_a_place_outside_of_what_the_user_allows)
{
	struct setup *s = &self->s;
	struct range_list allowed = {
		.count = 1,
		.at = { { MSI_WINDOW_IOVA,
			  MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH - 1 } },
	};
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, ioas_allow(s->iommufd, s->ioas, &allowed));
	setup_attach(_metadata, s);
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(msi_low_place(1), d.iova);

	/* all that was allowed can be mapped while a vector is live */
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(0, ioas_map(s->iommufd, s->ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, takes_an_allowed_place_if_all_are_allowed)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;
	struct range_list all;

	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &all));
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, ioas_allow(s->iommufd, s->ioas, &all));
	setup_attach(_metadata, s);
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(ranges_contain(&all, d.iova, d.iova + d.length - 1));
	expect_working_vector(_metadata, &s->edu);
}

TEST_HARNESS_MAIN
