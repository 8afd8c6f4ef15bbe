// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a doorbell in one address space: placed when the device is
 * attached, mapped with its first vector, in nobody's way while it has none,
 * not to be overwritten while it has one.
 */
#include <pthread.h>
#include <time.h>

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

static bool same_doorbell(struct iommu_msi_doorbell a,
			  struct iommu_msi_doorbell b)
{
	return !memcmp(&a, &b, sizeof(a));
}

TEST_F(doorbell, is_placed_at_attach_and_not_mapped_yet)
{
	struct iommu_msi_doorbell d;

	d = the_doorbell(_metadata, &self->s.edu);
	EXPECT_EQ(MSI_WINDOW_IOVA, d.iova);
	EXPECT_LE(PAGE, d.length);
	EXPECT_EQ(0, d.length % PAGE);
	EXPECT_EQ(0, d.vectors);
	EXPECT_EQ(0, d.flags);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_AUTO, d.placement);
}

TEST_F(doorbell, is_mapped_for_as_long_as_it_has_a_vector)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, live, after;

	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	live = the_doorbell(_metadata, &s->edu);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	after = the_doorbell(_metadata, &s->edu);

	EXPECT_EQ(1, live.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED, live.flags);
	EXPECT_EQ(before.iova, live.iova);
	EXPECT_TRUE(same_doorbell(before, after));
}

TEST_F(doorbell, with_a_vector_refuses_maps_over_it_and_nothing_changes)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;
	struct range_list ranges[2];

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &ranges[0]));

	/* its page; pages around it; all of the window; by a copy */
	EXPECT_EQ(-EEXIST, map_page(s, before.iova));
	EXPECT_EQ(-EEXIST, ioas_map(s->iommufd, s->ioas, s->memory.va, 3 * PAGE,
				    before.iova - PAGE));
	EXPECT_EQ(-EEXIST, ioas_map(s->iommufd, s->ioas, s->memory.va,
				    MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	EXPECT_EQ(-EEXIST, ioas_copy(s->iommufd, s->ioas, s->memory.iova,
				     s->memory.length, MSI_WINDOW_IOVA));

	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(same_doorbell(before, after));
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &ranges[1]));
	EXPECT_EQ(ranges[0].count, ranges[1].count);
	EXPECT_EQ(0, memcmp(ranges[0].at, ranges[1].at,
			    ranges[0].count * sizeof(ranges[0].at[0])));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	/* no part of the refused maps was left behind */
	EXPECT_EQ(-ENOENT, ioas_unmap(s->iommufd, s->ioas, before.iova - PAGE,
				      3 * PAGE));
}

TEST_F(doorbell, with_a_vector_leaves_the_pages_beside_it_to_the_user)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, map_page(s, d.iova - PAGE));
	EXPECT_EQ(0, map_page(s, d.iova + d.length));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, cannot_be_unmapped_by_the_user)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(-ENOENT, ioas_unmap(s->iommufd, s->ioas, d.iova, d.length));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(doorbell, survives_that_everything_is_unmapped_and_mapped_again)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, ioas_unmap_all(s->iommufd, s->ioas));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	setup_map(_metadata, s);
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(same_doorbell(before, after));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(doorbell, is_gone_after_detach_and_back_after_attach)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;
	struct doorbell_list list;

	before = the_doorbell(_metadata, &s->edu);
	expect_working_vector(_metadata, &s->edu);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
	setup_attach(_metadata, s);
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(same_doorbell(before, after));
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(doorbell, forgets_vectors_that_were_left_on_over_a_detach)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	setup_attach(_metadata, s);
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).vectors);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

struct rival {
	struct setup *s;
	bool stop;
	unsigned int refused, mapped, other;
};

/* Map over wherever the doorbell was a moment ago, and unmap again */
static void *rival_run(void *arg)
{
	struct rival *rival = arg;
	struct setup *s = rival->s;
	struct doorbell_list list;

	while (!__atomic_load_n(&rival->stop, __ATOMIC_RELAXED)) {
		if (msi_doorbells(s->iommufd, s->ioas, &list) || !list.count) {
			rival->other++;
			continue;
		}
		switch (map_page(s, list.at[0].iova)) {
		case 0:
			rival->mapped++;
			if (ioas_unmap(s->iommufd, s->ioas, list.at[0].iova,
				       PAGE))
				rival->other++;
			break;
		case -EEXIST:
			rival->refused++;
			break;
		default:
			rival->other++;
		}
	}
	return NULL;
}

TEST_F(doorbell, loses_no_interrupt_to_maps_that_race_with_its_vector)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct rival rival = { .s = &self->s };
	struct setup *s = &self->s;
	pthread_t thread;
	unsigned int i;

	/* what follows asks the kernel without pause: first see that it can */
	the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, pthread_create(&thread, NULL, rival_run, &rival));
	for (i = 0; i < 50; i++) {
		EXPECT_EQ(0, edu_enable_interrupt(&s->edu));
		EXPECT_EQ(4, edu_interrupts(&s->edu, 4));
		EXPECT_EQ(0, edu_disable_interrupt(&s->edu));
		/* a while without a vector, for the doorbell to be moved in */
		nanosleep(&nap, NULL);
	}
	__atomic_store_n(&rival.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, rival.other);
	EXPECT_LT(0, rival.refused);
	EXPECT_LT(0, rival.mapped);
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).vectors);
}

TEST_HARNESS_MAIN
