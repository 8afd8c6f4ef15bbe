// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO_IOMMU_MAP_MSI: a doorbell of a type1 container at an IOVA of the user's choice,
 * and requests that are invalid.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "setup.h"

/* The call fails with this errno */
#define EXPECT_ERRNO(expected, call)        \
	do {                                \
		EXPECT_EQ(-1, call);        \
		EXPECT_EQ(expected, errno); \
	} while (0)

#define FIXED_IOVA 0x50000000ULL

FIXTURE(fixed)
{
	struct setup s;
	__u32 index;
};

/* One group is in the container, no device is open, memory is mapped elsewhere */
FIXTURE_SETUP(fixed)
{
	struct doorbell_list list;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, &self->s, BACKEND_TYPE1);
	setup_map(_metadata, &self->s);
	ASSERT_EQ(0, container_doorbells(&self->s.container, &list));
	ASSERT_EQ(1, list.count);
	self->index = list.at[0].index;
}

FIXTURE_TEARDOWN(fixed)
{
	setup_close(&self->s);
}

static int place(struct setup *s, __u32 index, __u64 iova)
{
	return container_map_msi(&s->container, index, iova, PAGE);
}

static struct iommu_msi_doorbell
placed_doorbell(struct __test_metadata *_metadata, struct setup *s)
{
	struct doorbell_list list;

	ASSERT_EQ(0, container_doorbells(&s->container, &list));
	ASSERT_EQ(1, list.count);
	return list.at[0];
}

TEST_F(fixed, doorbell_is_where_the_user_wants_it_before_a_device_is_opened)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place(s, self->index, FIXED_IOVA));
	EXPECT_EQ(FIXED_IOVA, placed_doorbell(_metadata, s).iova);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_FIXED,
		  placed_doorbell(_metadata, s).placement);
	setup_attach(_metadata, s);
	EXPECT_EQ(FIXED_IOVA, placed_doorbell(_metadata, s).iova);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(fixed, doorbell_can_be_placed_again_and_again)
{
	struct setup *s = &self->s;
	unsigned int i;

	setup_attach(_metadata, s);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, place(s, self->index, FIXED_IOVA + i * PAGE));
		EXPECT_EQ(FIXED_IOVA + i * PAGE,
			  placed_doorbell(_metadata, s).iova);
		expect_working_vector(_metadata, &s->edu);
	}
	/* at its current IOVA */
	EXPECT_EQ(0, place(s, self->index, FIXED_IOVA + 3 * PAGE));
}

TEST_F(fixed, doorbell_is_not_relocated_by_a_map)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	ASSERT_EQ(0, place(s, self->index, FIXED_IOVA));
	before = placed_doorbell(_metadata, s);
	EXPECT_EQ(-EEXIST, map_page(s, FIXED_IOVA));
	EXPECT_EQ(-EEXIST, setup_map_at(s, 3 * PAGE, FIXED_IOVA - PAGE));
	after = placed_doorbell(_metadata, s);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(-ENOENT, setup_unmap(s, FIXED_IOVA - PAGE, 3 * PAGE));
	EXPECT_EQ(0, setup_unmap_all(s));
	EXPECT_EQ(FIXED_IOVA, placed_doorbell(_metadata, s).iova);
	EXPECT_EQ(0, map_page(s, FIXED_IOVA - PAGE));
	EXPECT_EQ(0, map_page(s, FIXED_IOVA + PAGE));
}

TEST_F(fixed, doorbell_is_relocated_by_a_map_after_unmap_msi)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place(s, self->index, FIXED_IOVA));
	ASSERT_EQ(0, container_unmap_msi(&s->container, self->index));
	EXPECT_EQ(0, container_unmap_msi(&s->container, self->index));
	EXPECT_EQ(0, map_page(s, FIXED_IOVA));
	EXPECT_NE(FIXED_IOVA, placed_doorbell(_metadata, s).iova);
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(fixed, doorbell_stays_when_another_group_comes)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place(s, self->index, FIXED_IOVA));
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	EXPECT_EQ(FIXED_IOVA, placed_doorbell(_metadata, s).iova);
	EXPECT_EQ(1, placed_doorbell(_metadata, s).vectors);
}

TEST_F(fixed, doorbell_with_a_vector_is_moved_and_loses_no_interrupt)
{
	struct setup *s = &self->s;
	unsigned int i;

	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, place(s, self->index, FIXED_IOVA + i * PAGE));
		EXPECT_EQ(FIXED_IOVA + i * PAGE,
			  placed_doorbell(_metadata, s).iova);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	}
	EXPECT_EQ(-EEXIST, map_page(s, FIXED_IOVA + 3 * PAGE));
	EXPECT_EQ(0, map_page(s, FIXED_IOVA));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(fixed, placement_where_it_cannot_be_is_refused_and_changes_nothing)
{
	struct iommu_msi_doorbell before, after;
	struct vfio_iommu_type1_info_cap_msi msi;
	struct setup *s = &self->s;
	struct doorbell_list list;

	before = placed_doorbell(_metadata, s);
	ASSERT_EQ(0, container_msi(&s->container, &msi, &list));
	EXPECT_EQ(-EINVAL, place(s, self->index, 0));
	EXPECT_EQ(-EINVAL, place(s, self->index, FIXED_IOVA + 1));
	EXPECT_EQ(-EINVAL, place(s, self->index, FIXED_IOVA + PAGE / 2));
	EXPECT_EQ(-ERANGE, place(s, self->index, msi.aperture_last + 1));
	EXPECT_EQ(-ERANGE, place(s, self->index, -PAGE));
	EXPECT_EQ(-EEXIST, place(s, self->index, ELSEWHERE_IOVA));
	EXPECT_EQ(-EEXIST,
		  place(s, self->index, ELSEWHERE_IOVA + MEMORY_LENGTH - PAGE));
	EXPECT_EQ(-ENOENT, place(s, self->index + 1, FIXED_IOVA));
	EXPECT_EQ(-ENOENT, place(s, IOMMU_MSI_MAX_DOORBELLS - 1, FIXED_IOVA));
	EXPECT_EQ(-EINVAL, place(s, IOMMU_MSI_MAX_DOORBELLS, FIXED_IOVA));
	EXPECT_EQ(-EINVAL, place(s, -1, FIXED_IOVA));
	EXPECT_EQ(-EINVAL,
		  container_unmap_msi(&s->container, IOMMU_MSI_MAX_DOORBELLS));
	/* there is nothing to withdraw, and what outlived its doorbell could be */
	EXPECT_EQ(0, container_unmap_msi(&s->container, self->index + 1));
	after = placed_doorbell(_metadata, s);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	/* the IOVA right after the mapping is free */
	EXPECT_EQ(0, place(s, self->index, ELSEWHERE_IOVA + MEMORY_LENGTH));
}

TEST_F(fixed, sizes_other_than_the_granule_are_refused)
{
	struct container *container = &self->s.container;
	const __u64 sizes[] = { 0, 1, PAGE / 2, 2 * PAGE, -PAGE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(-EINVAL, container_map_msi(container, self->index,
						     FIXED_IOVA, sizes[i]));
	EXPECT_NE(FIXED_IOVA, placed_doorbell(_metadata, &self->s).iova);
}

TEST_F(fixed, structures_that_are_short_or_carry_flags_are_refused)
{
	struct vfio_iommu_type1_msi_map map = {
		.argsz = sizeof(map),
		.index = self->index,
		.iova = FIXED_IOVA,
		.size = PAGE,
	};
	struct vfio_iommu_type1_msi_unmap unmap = {
		.argsz = sizeof(unmap),
		.index = self->index,
	};
	int fd = self->s.container.fd;

	map.argsz = sizeof(map) - 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	map.argsz = sizeof(map);
	map.flags = 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	map.flags = 0;
	map.__reserved = 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	EXPECT_ERRNO(EFAULT, ioctl(fd, VFIO_IOMMU_MAP_MSI, NULL));
	unmap.argsz = sizeof(unmap) - 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, &unmap));
	unmap.argsz = sizeof(unmap);
	unmap.flags = 1;
	EXPECT_ERRNO(EINVAL, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, &unmap));
	EXPECT_ERRNO(EFAULT, ioctl(fd, VFIO_IOMMU_UNMAP_MSI, NULL));
	EXPECT_NE(FIXED_IOVA, placed_doorbell(_metadata, &self->s).iova);

	/* a structure longer than the kernel knows is fine */
	map.__reserved = 0;
	map.argsz = sizeof(map) + 64;
	EXPECT_EQ(0, ioctl(fd, VFIO_IOMMU_MAP_MSI, &map));
	EXPECT_EQ(FIXED_IOVA, placed_doorbell(_metadata, &self->s).iova);
}

TEST_HARNESS_MAIN
