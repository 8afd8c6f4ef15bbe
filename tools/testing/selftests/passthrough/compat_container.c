// SPDX-License-Identifier: GPL-2.0
/*
 * An iommufd used as a VFIO container: programs written for type1 map over doorbells in
 * use, query where they are, and place them, by the type1 ioctls.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "setup.h"

#define FIXED_IOVA 0x50000000ULL
#define MOVES 100

/* The call fails with this errno */
#define EXPECT_ERRNO(expected, call)        \
	do {                                \
		EXPECT_EQ(-1, call);        \
		EXPECT_EQ(expected, errno); \
	} while (0)

FIXTURE(compat)
{
	struct setup s;
	struct edu second;
};

/* A group is in the container, no device is open, memory is mapped elsewhere */
FIXTURE_SETUP(compat)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	self->second = EDU_CLOSED;
	setup_open_backend(_metadata, &self->s, BACKEND_COMPAT);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(compat)
{
	edu_close(&self->second);
	setup_close(&self->s);
}

static int place(struct setup *s, __u32 index, __u64 iova)
{
	return container_map_msi(&s->container, index, iova, PAGE);
}

TEST_F(compat, moves_a_doorbell_in_use_out_of_the_way_of_each_map)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;
	unsigned int move;

	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	for (move = 0; move < MOVES; move++) {
		before = the_doorbell(_metadata, &s->edu);
		ASSERT_EQ(0, map_page(s, before.iova));
		after = the_doorbell(_metadata, &s->edu);
		EXPECT_NE(before.iova, after.iova);
		EXPECT_EQ(1, after.vectors);
		EXPECT_EQ(2, edu_interrupts(&s->edu, 2));
		ASSERT_EQ(0, setup_unmap(s, before.iova, PAGE));
	}
	printf("# moves count=%u\n", move);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(compat, tells_the_doorbells_once_a_device_is_open)
{
	struct vfio_iommu_type1_info_cap_msi msi;
	struct setup *s = &self->s;
	struct doorbell_list list;
	struct range_list ranges;

	EXPECT_EQ(-ENOTTY, container_msi(&s->container, &msi, &list));
	setup_attach(_metadata, s);
	ASSERT_EQ(0, container_msi(&s->container, &msi, &list));
	EXPECT_EQ(VFIO_IOMMU_TYPE1_INFO_CAP_MSI, msi.header.id);
	EXPECT_EQ(1, msi.header.version);
	EXPECT_EQ(0, msi.header.next);
	EXPECT_EQ(0, msi.flags);
	EXPECT_EQ(PAGE, msi.granule);
	EXPECT_LT(msi.aperture_start, msi.aperture_last);
	ASSERT_EQ(1, msi.num_doorbells);
	EXPECT_EQ(MSI_WINDOW_IOVA, list.at[0].iova);
	EXPECT_EQ(0, list.at[0].vectors);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_AUTO, list.at[0].placement);

	/* the other capabilities are reported, too, and allow the window */
	ASSERT_EQ(0, container_ranges(&s->container, &ranges));
	EXPECT_TRUE(ranges_contain(&ranges, MSI_WINDOW_IOVA,
				   MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH - 1));
	EXPECT_EQ(ranges.at[ranges.count - 1].last, msi.aperture_last);
}

TEST_F(compat, answers_a_caller_who_leaves_no_room_for_the_doorbells)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	struct setup *s = &self->s;
	__u32 without;

	ASSERT_EQ(0, ioctl(s->container.fd, VFIO_IOMMU_GET_INFO, &info));
	without = info.argsz;
	setup_attach(_metadata, s);
	info = (struct vfio_iommu_type1_info){ .argsz = sizeof(info) };
	ASSERT_EQ(0, ioctl(s->container.fd, VFIO_IOMMU_GET_INFO, &info));
	EXPECT_LE(without + sizeof(struct vfio_iommu_type1_info_cap_msi) +
			  sizeof(struct iommu_msi_doorbell),
		  info.argsz);
	EXPECT_EQ(0, info.cap_offset);
}

TEST_F(compat, places_a_doorbell_before_a_device_is_opened)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place(s, 0, FIXED_IOVA));
	setup_attach(_metadata, s);
	EXPECT_EQ(FIXED_IOVA, the_doorbell(_metadata, &s->edu).iova);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_FIXED,
		  the_doorbell(_metadata, &s->edu).placement);
	expect_working_vector(_metadata, &s->edu);
	EXPECT_EQ(-EEXIST, map_page(s, FIXED_IOVA));
	EXPECT_EQ(-ENOENT, setup_unmap(s, FIXED_IOVA, PAGE));
	EXPECT_EQ(0, map_page(s, FIXED_IOVA + PAGE));
}

TEST_F(compat, places_a_doorbell_in_use_and_leaves_it_to_the_kernel_again)
{
	struct setup *s = &self->s;
	unsigned int i;

	setup_attach(_metadata, s);
	/* A group can be opened only once */
	close(s->holder);
	s->holder = -1;
	ASSERT_EQ(0, edu_open_type1(&self->second, edu_name(1), &s->container));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, place(s, 0, FIXED_IOVA + i * PAGE));
		EXPECT_EQ(FIXED_IOVA + i * PAGE,
			  the_doorbell(_metadata, &s->edu).iova);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		expect_interrupts(_metadata, &self->second, INTERRUPTS);
	}
	EXPECT_EQ(-EEXIST, map_page(s, FIXED_IOVA + 3 * PAGE));
	ASSERT_EQ(0, container_unmap_msi(&s->container, 0));
	EXPECT_EQ(0, map_page(s, FIXED_IOVA + 3 * PAGE));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_interrupts(_metadata, &self->second, INTERRUPTS);
}

TEST_F(compat, refuses_a_placement_where_it_cannot_be_and_changes_nothing)
{
	struct container *container = &self->s.container;
	struct iommu_msi_doorbell before, after;
	struct setup *s = &self->s;

	setup_attach(_metadata, s);
	before = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(-EINVAL, place(s, 0, 0));
	EXPECT_EQ(-EINVAL, place(s, 0, FIXED_IOVA + 1));
	EXPECT_EQ(-EINVAL, place(s, -1, FIXED_IOVA));
	EXPECT_EQ(-EINVAL, place(s, IOMMU_MSI_MAX_DOORBELLS, FIXED_IOVA));
	EXPECT_EQ(-EINVAL,
		  container_unmap_msi(container, IOMMU_MSI_MAX_DOORBELLS));
	EXPECT_EQ(0, place(s, IOMMU_MSI_MAX_DOORBELLS - 1, FIXED_IOVA));
	EXPECT_EQ(0,
		  container_unmap_msi(container, IOMMU_MSI_MAX_DOORBELLS - 1));
	EXPECT_EQ(-ERANGE, place(s, 0, -PAGE));
	EXPECT_EQ(-EEXIST, place(s, 0, ELSEWHERE_IOVA));
	EXPECT_EQ(-EINVAL, container_map_msi(container, 0, FIXED_IOVA, 0));
	EXPECT_EQ(-EINVAL,
		  container_map_msi(container, 0, FIXED_IOVA, 2 * PAGE));
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(compat, refuses_structures_that_are_short_or_carry_flags)
{
	struct vfio_iommu_type1_msi_map map = {
		.argsz = sizeof(map) - 1,
		.iova = FIXED_IOVA,
		.size = PAGE,
	};
	struct vfio_iommu_type1_msi_unmap unmap = {
		.argsz = sizeof(unmap) - 1,
	};
	int fd = self->s.container.fd;

	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, &unmap));
	map.argsz = sizeof(map);
	map.flags = 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	unmap.argsz = sizeof(unmap);
	unmap.__reserved = 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, &unmap));
	EXPECT_ERRNO(EFAULT, ioctl(fd, VFIO_IOMMU_MAP_MSI, NULL));
	EXPECT_ERRNO(EFAULT, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, NULL));
	setup_attach(_metadata, &self->s);
	EXPECT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &self->s.edu).iova);
}

TEST(a_container_without_groups_has_no_doorbells_to_place)
{
	struct container container;

	ASSERT_EQ(0, container_open_compat(&container));
	EXPECT_EQ(-ENODEV, container_map_msi(&container, 0, FIXED_IOVA, PAGE));
	EXPECT_EQ(-ENODEV, container_unmap_msi(&container, 0));
	container_close(&container);
}

TEST_HARNESS_MAIN
