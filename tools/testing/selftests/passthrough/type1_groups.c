// SPDX-License-Identifier: GPL-2.0
/*
 * Groups join a type1 container and leave it: what the container reports of the
 * doorbells, and that they work for each group while it is in.
 */
#include <sys/ioctl.h>

#include "setup.h"

#define MAX_ALLOCATIONS 2000

FIXTURE(container)
{
	struct setup s;
	struct edu second;
};

FIXTURE_SETUP(container)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	self->second = EDU_CLOSED;
	setup_open_backend(_metadata, &self->s, BACKEND_TYPE1);
}

FIXTURE_TEARDOWN(container)
{
	edu_close(&self->second);
	setup_close(&self->s);
}

static void open_second(struct __test_metadata *_metadata, struct edu *second,
			struct container *container)
{
	ASSERT_EQ(0, edu_open_type1(second, edu_name(1), container));
}

TEST_F(container, tells_the_doorbells_before_a_device_is_opened)
{
	struct vfio_iommu_type1_info_cap_msi msi;
	struct setup *s = &self->s;
	struct doorbell_list list;
	struct range_list ranges;

	s->holder = container_add_group(&s->container, edu_name(0));
	ASSERT_LE(0, s->holder);
	ASSERT_EQ(0, container_msi(&s->container, &msi, &list));
	ASSERT_EQ(0, container_ranges(&s->container, &ranges));

	EXPECT_EQ(VFIO_IOMMU_TYPE1_INFO_CAP_MSI, msi.header.id);
	EXPECT_EQ(1, msi.header.version);
	EXPECT_EQ(0, msi.flags);
	EXPECT_EQ(PAGE, msi.granule);
	EXPECT_LT(0, ranges.count);
	EXPECT_EQ(ranges.at[0].start, msi.aperture_start);
	EXPECT_EQ(ranges.at[ranges.count - 1].last, msi.aperture_last);
	ASSERT_EQ(1, msi.num_doorbells);
	EXPECT_EQ(MSI_WINDOW_IOVA, list.at[0].iova);
	EXPECT_EQ(msi.granule, list.at[0].length);
	EXPECT_EQ(0, list.at[0].vectors);
	EXPECT_EQ(0, list.at[0].flags);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_AUTO, list.at[0].placement);
}

TEST_F(container, answers_a_caller_who_leaves_no_room_for_the_doorbells)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	struct setup *s = &self->s;

	setup_attach(_metadata, s);
	ASSERT_EQ(0, ioctl(s->container.fd, VFIO_IOMMU_GET_INFO, &info));
	EXPECT_LT(sizeof(info) + sizeof(struct vfio_iommu_type1_info_cap_msi) +
			  sizeof(struct iommu_msi_doorbell),
		  info.argsz);
	EXPECT_EQ(0, info.cap_offset);
}

TEST_F(container, with_two_groups_serves_the_interrupts_of_both)
{
	struct setup *s = &self->s;

	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	/* the second joins while the first one works */
	open_second(_metadata, &self->second, &s->container);
	setup_map(_metadata, s);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	EXPECT_EQ(2, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_dma(_metadata, &self->second, &s->memory);
}

TEST_F(container, keeps_the_doorbell_when_one_of_two_groups_leaves)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before;

	setup_attach(_metadata, s);
	open_second(_metadata, &self->second, &s->container);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	before = the_doorbell(_metadata, &self->second);
	edu_close(&s->edu);
	EXPECT_EQ(before.iova, the_doorbell(_metadata, &self->second).iova);
	EXPECT_EQ(1, the_doorbell(_metadata, &self->second).vectors);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);

	/* and both of them work when it is back */
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
}

TEST_F(container, takes_a_group_that_comes_when_the_window_is_mapped)
{
	struct setup *s = &self->s;

	open_second(_metadata, &self->second, &s->container);
	s->memory.iova = MSI_WINDOW_IOVA;
	setup_map(_metadata, s);
	EXPECT_EQ(msi_low_place(1),
		  the_doorbell(_metadata, &self->second).iova);
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(container, starts_anew_when_its_last_group_has_left)
{
	struct setup *s = &self->s;

	setup_attach(_metadata, s);
	s->memory.iova = MSI_WINDOW_IOVA;
	setup_map(_metadata, s);
	EXPECT_EQ(msi_low_place(1), the_doorbell(_metadata, &s->edu).iova);
	edu_close(&s->edu);
	s->container.has_iommu = false;

	setup_attach(_metadata, s);
	EXPECT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(container, moves_the_doorbell_though_the_map_then_fails)
{
	struct setup *s = &self->s;
	void *hole =
		mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	setup_attach(_metadata, s);
	EXPECT_EQ(-EFAULT,
		  container_map(&s->container, hole, PAGE, MSI_WINDOW_IOVA));
	EXPECT_EQ(MSI_WINDOW_IOVA + PAGE,
		  the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
	munmap(hole, PAGE);
}

/*
 * If there is no memory to attach a group to the domain of the other one, it may have
 * got one of its own. Both domains have all that is mapped, and the doorbell.
 */
static void expect_both_work(struct __test_metadata *_metadata, struct setup *s,
			     struct edu *second, int group)
{
	struct iommu_msi_doorbell before;

	ASSERT_EQ(0,
		  edu_open_group(&s->edu, edu_name(0), &s->container, group));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, second);
	EXPECT_EQ(2, before.vectors);
	EXPECT_EQ(4, edu_interrupts(&s->edu, 4));
	expect_dma(_metadata, &s->edu, &s->memory);
	/* and the doorbell is relocated for both */
	ASSERT_EQ(0, map_page(s, before.iova));
	EXPECT_EQ(4, edu_interrupts(&s->edu, 4));
	EXPECT_EQ(4, edu_interrupts(second, 4));
	edu_close(&s->edu);
	ASSERT_EQ(0, setup_unmap(s, before.iova, PAGE));
	ASSERT_EQ(0, container_map_msi(&s->container, before.index, before.iova,
				       PAGE));
	ASSERT_EQ(0, container_unmap_msi(&s->container, before.index));
}

TEST_F(container, out_of_memory_while_a_group_comes_is_as_it_was)
{
	struct iommu_msi_doorbell before, after;
	struct setup *s = &self->s;
	struct range_list ranges[2];
	unsigned int nth, survived = 0;
	int fd, group;

	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	open_second(_metadata, &self->second, &s->container);
	setup_map(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	before = the_doorbell(_metadata, &self->second);
	ASSERT_EQ(0, container_ranges(&s->container, &ranges[0]));
	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		group = container_add_group(&s->container, edu_name(0));
		if (!faults_end(fd))
			break;
		if (group >= 0) {
			expect_both_work(_metadata, s, &self->second, group);
			survived++;
		}
		after = the_doorbell(_metadata, &self->second);
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
		ASSERT_EQ(0, container_ranges(&s->container, &ranges[1]));
		EXPECT_EQ(0, memcmp(ranges[0].at, ranges[1].at,
				    ranges[0].count * sizeof(ranges[0].at[0])));
		EXPECT_EQ(4, edu_interrupts(&self->second, 4));
	}
	EXPECT_LT(1, nth);
	/* The attach to the shared domain is one of the steps that may fail */
	EXPECT_LT(0, survived);
	printf("# allocations failed=%u survived=%u\n", nth - 1, survived);
	ASSERT_LE(0, group);
	close(group);
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
}

TEST_HARNESS_MAIN
