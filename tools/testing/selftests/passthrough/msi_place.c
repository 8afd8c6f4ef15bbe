// SPDX-License-Identifier: GPL-2.0
/*
 * IOMMU_MSI_PLACE: the user requests IOVAs for doorbells, before there are any or while
 * devices use them; and IOMMU_MSI_DEVICE, which reports how many a device has. KUnit
 * tests cover what needs several doorbells, a reserved region, or a device whose
 * messages cannot be rewritten: there are none here.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "setup.h"

/* IOVAs that the kernel would not choose */
#define HERE 0x20000000ULL
#define THERE 0x30000000ULL
/* Fits any MSI-X entry, but no message that keeps its upper half */
#define BEYOND_4G 0x200000000ULL
#define ALL IOMMU_MSI_INDEX_ALL

static int place_fixed(const struct setup *s, __u32 object, __u64 iova)
{
	return msi_place(s->iommufd, object, IOMMU_MSI_PLACEMENT_FIXED, 0, iova,
			 0);
}

static int place_window(const struct setup *s, __u32 object, __u64 iova,
			__u64 length)
{
	return msi_place(s->iommufd, object, IOMMU_MSI_PLACEMENT_WINDOW, ALL,
			 iova, length);
}

static int place_auto(const struct setup *s, __u32 object, __u32 index)
{
	return msi_place(s->iommufd, object, IOMMU_MSI_PLACEMENT_AUTO, index, 0,
			 0);
}

/* The doorbell is at @iova, and interrupts arrive there */
static void expect_doorbell_at(struct __test_metadata *_metadata,
			       struct setup *s, __u64 iova, __u32 placement)
{
	struct iommu_msi_doorbell d = the_doorbell(_metadata, &s->edu);
	bool fixed = placement == IOMMU_MSI_PLACEMENT_FIXED;

	EXPECT_EQ(iova, d.iova);
	EXPECT_EQ(placement, d.placement);
	EXPECT_EQ(fixed, !!(d.flags & IOMMU_MSI_DOORBELL_PINNED));
	if (d.vectors)
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	else
		expect_working_vector(_metadata, &s->edu);
}

/* What must not have changed */
struct state {
	struct iommu_msi_doorbell doorbell;
	struct range_list ranges;
};

static void save_state(struct __test_metadata *_metadata, struct setup *s,
		       struct state *state)
{
	*state = (struct state){};
	state->doorbell = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &state->ranges));
}

static void expect_state(struct __test_metadata *_metadata, struct setup *s,
			 const struct state *before)
{
	struct state now;

	save_state(_metadata, s, &now);
	EXPECT_EQ(0, memcmp(&before->doorbell, &now.doorbell,
			    sizeof(now.doorbell)));
	EXPECT_EQ(before->ranges.count, now.ranges.count);
	EXPECT_EQ(0, memcmp(before->ranges.at, now.ranges.at,
			    now.ranges.count * sizeof(now.ranges.at[0])));
	if (now.doorbell.vectors)
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

/* A device, and an IOAS with memory that it is not attached to */
FIXTURE(bound)
{
	struct setup s;
};

FIXTURE_SETUP(bound)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, &self->s);
	setup_map(_metadata, &self->s);
}

FIXTURE_TEARDOWN(bound)
{
	setup_close(&self->s);
}

TEST_F(bound, device_tells_its_doorbells_before_it_is_attached)
{
	struct setup *s = &self->s;
	struct iommu_msi_device info;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, msi_device(s->iommufd, s->edu.dev.id, &info));
	EXPECT_EQ(1, info.num_doorbells);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), info.granule);
	setup_attach(_metadata, s);
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(d.length, info.granule);
	ASSERT_EQ(0, msi_device(s->iommufd, s->edu.dev.id, &info));
	EXPECT_EQ(1, info.num_doorbells);
}

TEST_F(bound, device_is_asked_in_the_right_way_or_not_at_all)
{
	struct setup *s = &self->s;
	struct {
		struct iommu_msi_device cmd;
		__u64 more;
	} ask = { .cmd = { .size = sizeof(ask.cmd) } };

	ask.cmd.dev_id = s->edu.dev.id;
	ask.cmd.flags = 1;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(EOPNOTSUPP, errno);
	ask.cmd.flags = 0;
	ask.cmd.size = sizeof(ask.cmd) - 8;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(EINVAL, errno);
	ask.cmd.size = sizeof(ask);
	EXPECT_EQ(0, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(1, ask.cmd.num_doorbells);
	ask.more = 1;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(E2BIG, errno);
	ask.cmd.size = sizeof(ask.cmd);
	ask.cmd.dev_id = s->ioas;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(ENOENT, errno);
	ask.cmd.dev_id = 12345;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_DEVICE, &ask));
	EXPECT_EQ(ENOENT, errno);
}

TEST_F(bound, device_finds_its_doorbell_where_it_was_placed_before)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	setup_attach(_metadata, s);
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* the request outlives the doorbell */
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(bound, device_is_refused_while_the_place_of_its_doorbell_is_taken)
{
	struct setup *s = &self->s;
	struct doorbell_list list;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	/* There is no doorbell yet, so the map succeeds */
	ASSERT_EQ(0, map_page(s, HERE));
	EXPECT_EQ(-EADDRINUSE, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
	ASSERT_EQ(0, ioas_unmap(s->iommufd, s->ioas, HERE, PAGE));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(bound, device_gets_an_automatic_iova_if_the_request_was_withdrawn)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	ASSERT_EQ(0, place_auto(s, s->ioas, 0));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_AUTO);
}

TEST_F(bound, device_finds_its_doorbell_in_the_window_chosen_before)
{
	struct setup *s = &self->s;

	/* neither end is aligned: the first whole page is at HERE */
	ASSERT_EQ(0, place_window(s, s->ioas, HERE - 1, 3 * PAGE));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_WINDOW);
}

TEST_F(bound, device_is_refused_while_the_window_is_full)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, s->ioas, HERE, PAGE));
	ASSERT_EQ(0, map_page(s, HERE));
	EXPECT_EQ(-ENOSPC, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, ioas_unmap(s->iommufd, s->ioas, HERE, PAGE));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_WINDOW);
}

/* The search does not visit each of its 2^28 pages */
TEST_F(bound, device_is_refused_at_once_while_a_huge_window_is_full)
{
	const __u64 length = 1ULL << 40, start = 1ULL << 32;
	struct setup *s = &self->s;
	void *va;

	va = mmap(NULL, length, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, va);
	/* Nothing is pinned before there is a page table */
	ASSERT_EQ(0, ioas_map(s->iommufd, s->ioas, va, length, start));
	ASSERT_EQ(0, place_window(s, s->ioas, start, length));
	EXPECT_EQ(-ENOSPC, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, ioas_unmap(s->iommufd, s->ioas, start, length));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, start, IOMMU_MSI_PLACEMENT_WINDOW);
	munmap(va, length);
}

/* No page table reaches the window, which ends at the last IOVA there is */
TEST_F(bound, device_is_refused_at_once_by_a_window_at_the_very_end)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, s->ioas, -(1ULL << 40), 1ULL << 40));
	EXPECT_EQ(-ENOSPC, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, place_auto(s, s->ioas, ALL));
	setup_attach(_metadata, s);
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_AUTO);
}

/* A device that is attached, with a vector or without */
FIXTURE(doorbell)
{
	struct setup s;
};

FIXTURE_VARIANT(doorbell)
{
	bool live;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(doorbell, without_a_vector)
{
	.live = false,
};

FIXTURE_VARIANT_ADD(doorbell, with_a_vector)
{
	.live = true,
};

/* clang-format on */

FIXTURE_SETUP(doorbell)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
	if (variant->live)
		ASSERT_EQ(0, edu_enable_interrupt(&self->s.edu));
}

FIXTURE_TEARDOWN(doorbell)
{
	setup_close(&self->s);
}

TEST_F(doorbell, goes_where_it_is_placed_and_leaves_its_place)
{
	struct setup *s = &self->s;
	struct mapping window = { .va = s->memory.va,
				  .iova = MSI_WINDOW_IOVA,
				  .length = MSI_WINDOW_LENGTH };

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, place_fixed(s, s->ioas, THERE));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* the user can map over both former IOVAs */
	ASSERT_EQ(0, map_page(s, HERE));
	ASSERT_EQ(0, ioas_map(s->iommufd, s->ioas, window.va, window.length,
			      window.iova));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	expect_dma(_metadata, &s->edu, &window);
}

TEST_F(doorbell, can_be_fixed_where_it_is)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, MSI_WINDOW_IOVA));
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, place_fixed(s, s->ioas, MSI_WINDOW_IOVA));
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(doorbell, that_is_fixed_refuses_maps_over_it_and_nothing_changes)
{
	struct setup *s = &self->s;
	struct state before;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	save_state(_metadata, s, &before);

	/* its page; pages around it; by a copy */
	EXPECT_EQ(-EEXIST, map_page(s, HERE));
	EXPECT_EQ(-EEXIST, ioas_map(s->iommufd, s->ioas, s->memory.va, 3 * PAGE,
				    HERE - PAGE));
	EXPECT_EQ(-EEXIST, ioas_copy(s->iommufd, s->ioas, s->memory.iova,
				     s->memory.length, HERE));
	expect_state(_metadata, s, &before);
	/* no part of the refused maps was left behind */
	EXPECT_EQ(-ENOENT,
		  ioas_unmap(s->iommufd, s->ioas, HERE - PAGE, 3 * PAGE));
	/* the pages beside it are the user's */
	EXPECT_EQ(0, map_page(s, HERE - PAGE));
	EXPECT_EQ(0, map_page(s, HERE + before.doorbell.length));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(doorbell, that_is_auto_again_stays_until_it_is_mapped_over)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	ASSERT_EQ(0, place_auto(s, s->ioas, 0));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_AUTO);
	ASSERT_EQ(0, map_page(s, HERE));
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_AUTO);
}

TEST_F(doorbell, is_relocated_into_a_window_and_within_it)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, s->ioas, HERE, 2 * PAGE));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_WINDOW);
	ASSERT_EQ(0, map_page(s, HERE));
	expect_doorbell_at(_metadata, s, HERE + PAGE,
			   IOMMU_MSI_PLACEMENT_WINDOW);
	ASSERT_EQ(0, map_page(s, MSI_WINDOW_IOVA));
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(doorbell, in_the_last_hole_of_its_window_refuses_maps_over_it)
{
	struct setup *s = &self->s;
	struct state before;

	ASSERT_EQ(0, place_window(s, s->ioas, HERE, 2 * PAGE));
	ASSERT_EQ(0, map_page(s, HERE));
	save_state(_metadata, s, &before);
	EXPECT_EQ(-ENOSPC, map_page(s, HERE + PAGE));
	EXPECT_EQ(-ENOSPC, ioas_map(s->iommufd, s->ioas, s->memory.va, 3 * PAGE,
				    HERE + PAGE));
	expect_state(_metadata, s, &before);
}

TEST_F(doorbell, stays_if_the_window_is_full_and_the_old_choice_holds)
{
	struct setup *s = &self->s;
	struct state before;

	ASSERT_EQ(0,
		  ioas_map(s->iommufd, s->ioas, s->memory.va, 2 * PAGE, HERE));
	save_state(_metadata, s, &before);
	EXPECT_EQ(-ENOSPC, place_window(s, s->ioas, HERE, 2 * PAGE));
	expect_state(_metadata, s, &before);
	/* an earlier window stays in force */
	ASSERT_EQ(0, place_window(s, s->ioas, THERE, 2 * PAGE));
	save_state(_metadata, s, &before);
	EXPECT_EQ(-ENOSPC, place_window(s, s->ioas, HERE, 2 * PAGE));
	expect_state(_metadata, s, &before);
	ASSERT_EQ(0, map_page(s, THERE));
	expect_doorbell_at(_metadata, s, THERE + PAGE,
			   IOMMU_MSI_PLACEMENT_WINDOW);
}

TEST_F(doorbell, that_is_in_the_window_stays_where_it_is)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE + PAGE));
	ASSERT_EQ(0, place_auto(s, s->ioas, ALL));
	ASSERT_EQ(0, place_window(s, s->ioas, HERE, 2 * PAGE));
	expect_doorbell_at(_metadata, s, HERE + PAGE,
			   IOMMU_MSI_PLACEMENT_WINDOW);
}

TEST_F(doorbell, with_a_fixed_place_is_not_touched_by_a_window)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	ASSERT_EQ(0, place_window(s, s->ioas, THERE, PAGE));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* nor confined to it */
	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE + PAGE));
	expect_doorbell_at(_metadata, s, HERE + PAGE,
			   IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(doorbell, leaves_a_withdrawn_window_if_it_is_mapped_over)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, s->ioas, HERE, PAGE));
	ASSERT_EQ(0, place_auto(s, s->ioas, ALL));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_AUTO);
	ASSERT_EQ(0, map_page(s, HERE));
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_AUTO);
}

TEST_F(doorbell, goes_beyond_4_gib_unless_a_message_cannot_follow)
{
	struct setup *s = &self->s;
	struct state before;

	save_state(_metadata, s, &before);
	EXPECT_EQ(variant->live ? -ERANGE : 0,
		  place_fixed(s, s->ioas, BEYOND_4G));
	if (!variant->live) {
		expect_doorbell_at(_metadata, s, BEYOND_4G,
				   IOMMU_MSI_PLACEMENT_FIXED);
		return;
	}
	expect_state(_metadata, s, &before);
	EXPECT_EQ(-ENOSPC, place_window(s, s->ioas, BEYOND_4G, 2 * PAGE));
	expect_state(_metadata, s, &before);
}

/* Requests that are refused. The device has a live vector, which keeps working. */
FIXTURE(request)
{
	struct setup s;
	struct iommu_msi_place cmd;
	struct state before;
};

FIXTURE_VARIANT(request)
{
	struct iommu_msi_place cmd;
	int error;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(request, with_a_flag)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE,
		.flags = 1,
	},
	.error = -EOPNOTSUPP,
};

FIXTURE_VARIANT_ADD(request, with_a_reserved_field)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE,
		.__reserved = 1,
	},
	.error = -EOPNOTSUPP,
};

FIXTURE_VARIANT_ADD(request, of_unknown_placement)
{
	.cmd = {
		.placement = 3,
		.iova = HERE,
	},
	.error = -EOPNOTSUPP,
};

FIXTURE_VARIANT_ADD(request, for_an_unaligned_place)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE + PAGE / 2,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_iova_0)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_a_place_with_a_length)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE,
		.length = PAGE,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_all_at_one_place)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE,
		.index = ALL,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_an_index_out_of_range)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = HERE,
		.index = IOMMU_MSI_MAX_DOORBELLS,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_auto_of_an_index_out_of_range)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_AUTO,
		.index = IOMMU_MSI_MAX_DOORBELLS,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_a_place_beyond_the_aperture)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = 1ULL << 60,
	},
	.error = -ERANGE,
};

FIXTURE_VARIANT_ADD(request, for_the_last_page_there_is)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = -PAGE,
	},
	.error = -ERANGE,
};

FIXTURE_VARIANT_ADD(request, for_a_place_that_the_user_has)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = ELSEWHERE_IOVA,
	},
	.error = -EEXIST,
};

FIXTURE_VARIANT_ADD(request, for_auto_at_an_iova)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_AUTO,
		.iova = HERE,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_auto_with_a_length)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_AUTO,
		.length = PAGE,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_an_empty_window)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_WINDOW,
		.index = ALL,
		.iova = HERE,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_a_window_without_a_whole_page)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_WINDOW,
		.index = ALL,
		.iova = HERE + 1,
		.length = 2 * PAGE - 2,
	},
	.error = -EINVAL,
};

FIXTURE_VARIANT_ADD(request, for_a_window_beyond_the_end)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_WINDOW,
		.index = ALL,
		.iova = -PAGE,
		.length = 2 * PAGE,
	},
	.error = -EOVERFLOW,
};

FIXTURE_VARIANT_ADD(request, for_a_window_beyond_the_aperture)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_WINDOW,
		.index = ALL,
		.iova = 1ULL << 60,
		.length = MSI_WINDOW_LENGTH,
	},
	.error = -ENOSPC,
};

FIXTURE_VARIANT_ADD(request, for_a_window_that_the_user_has)
{
	.cmd = {
		.placement = IOMMU_MSI_PLACEMENT_WINDOW,
		.index = ALL,
		.iova = ELSEWHERE_IOVA,
		.length = MEMORY_LENGTH,
	},
	.error = -ENOSPC,
};

/* clang-format on */

FIXTURE_SETUP(request)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	save_state(_metadata, s, &self->before);
	self->cmd = variant->cmd;
	self->cmd.size = sizeof(self->cmd);
	self->cmd.object_id = s->ioas;
}

FIXTURE_TEARDOWN(request)
{
	setup_close(&self->s);
}

TEST_F(request, is_refused_and_nothing_changes)
{
	EXPECT_EQ(-1, ioctl(self->s.iommufd, IOMMU_MSI_PLACE, &self->cmd));
	EXPECT_EQ(-variant->error, errno);
	expect_state(_metadata, &self->s, &self->before);
}

TEST_F(doorbell, is_placed_by_a_structure_of_the_right_length)
{
	struct setup *s = &self->s;
	struct state before;
	struct {
		struct iommu_msi_place cmd;
		__u64 more;
	} request = { .cmd = { .size = sizeof(request.cmd),
			       .placement = IOMMU_MSI_PLACEMENT_FIXED,
			       .iova = HERE } };

	save_state(_metadata, s, &before);
	request.cmd.object_id = s->ioas;
	request.cmd.size = sizeof(request.cmd) - 8;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_PLACE, &request));
	EXPECT_EQ(EINVAL, errno);
	request.cmd.size = 0;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_PLACE, &request));
	EXPECT_EQ(EINVAL, errno);
	request.cmd.size = sizeof(request);
	request.more = 1;
	EXPECT_EQ(-1, ioctl(s->iommufd, IOMMU_MSI_PLACE, &request));
	EXPECT_EQ(E2BIG, errno);
	expect_state(_metadata, s, &before);
	request.more = 0;
	EXPECT_EQ(0, ioctl(s->iommufd, IOMMU_MSI_PLACE, &request));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(doorbell, is_placed_in_an_address_space_only)
{
	struct setup *s = &self->s;
	struct state before;

	save_state(_metadata, s, &before);
	EXPECT_EQ(-ENOENT, place_fixed(s, 12345, HERE));
	EXPECT_EQ(-EINVAL, place_fixed(s, s->edu.dev.id, HERE));
	expect_state(_metadata, s, &before);
}

/* Two page tables of an IOAS, each with doorbells of its own */
FIXTURE(page_tables)
{
	struct setup s;
	__u32 hwpt[2];
};

FIXTURE_SETUP(page_tables)
{
	struct setup *s = &self->s;
	unsigned int i;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, s);
	setup_map(_metadata, s);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
					&self->hwpt[i]));
}

FIXTURE_TEARDOWN(page_tables)
{
	setup_close(&self->s);
}

TEST_F(page_tables, have_a_doorbell_at_a_place_of_their_own)
{
	struct setup *s = &self->s;
	struct doorbell_list list;

	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], HERE));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[1], THERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* neither the IOAS itself nor the other one has a doorbell */
	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
	ASSERT_EQ(0, msi_doorbells(s->iommufd, self->hwpt[1], &list));
	EXPECT_EQ(0, list.count);

	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[1]));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, msi_doorbells(s->iommufd, self->hwpt[0], &list));
	EXPECT_EQ(0, list.count);
	/*
	 * From there to the doorbell of the IOAS, and back. A vector may be allocated
	 * during the replace, so both doorbells then have the same IOVA.
	 */
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_AUTO);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(page_tables, hand_a_live_vector_over_to_a_fixed_place_and_back)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, self->hwpt[1], HERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_doorbell_at(_metadata, s, MSI_WINDOW_IOVA,
			   IOMMU_MSI_PLACEMENT_AUTO);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[1]));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* nothing is fixed there, so the message need not change */
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_AUTO);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(page_tables, hand_a_live_vector_over_to_a_window)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, self->hwpt[1], HERE, 2 * PAGE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[1]));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_WINDOW);
}

TEST_F(page_tables, with_conflicting_requests_refuse_a_live_vector)
{
	struct setup *s = &self->s;
	struct doorbell_list list;

	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], HERE));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[1], THERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->hwpt[1]));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, msi_doorbells(s->iommufd, self->hwpt[1], &list));
	EXPECT_EQ(0, list.count);
	/* this doorbell may be placed again */
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], THERE));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[1]));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(page_tables, move_and_refuse_by_their_own_doorbells)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_window(s, self->hwpt[0], HERE, MSI_WINDOW_LENGTH));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_WINDOW);
	ASSERT_EQ(0, map_page(s, HERE));
	expect_doorbell_at(_metadata, s, HERE + PAGE,
			   IOMMU_MSI_PLACEMENT_WINDOW);
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], THERE));
	EXPECT_EQ(-EEXIST, map_page(s, THERE));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* the request for the page table does not apply to the IOAS */
	EXPECT_EQ(0, map_page(s, MSI_WINDOW_IOVA));
}

TEST_F(page_tables, used_before_a_request_have_no_doorbells_of_their_own)
{
	struct setup *s = &self->s;
	struct state before;

	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	save_state(_metadata, s, &before);
	EXPECT_EQ(-EBUSY, place_fixed(s, self->hwpt[0], HERE));
	EXPECT_EQ(-EBUSY, place_window(s, self->hwpt[0], HERE, PAGE));
	expect_state(_metadata, s, &before);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	EXPECT_EQ(-EBUSY, place_fixed(s, self->hwpt[0], HERE));
}

/* Two devices in two page tables, whose doorbells have the same IOVA */
TEST_F(page_tables, may_have_their_doorbells_at_the_same_place)
{
	struct setup *s = &self->s;
	struct edu second;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, edu_open(&second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], HERE));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[1], HERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, device_attach(&second.dev, self->hwpt[1]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&second));
	EXPECT_EQ(HERE, the_doorbell(_metadata, &second).iova);
	EXPECT_EQ(1, the_doorbell(_metadata, &second).vectors);
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	expect_interrupts(_metadata, &second, INTERRUPTS);
	/* relocating one does not affect the other */
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], THERE));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
	EXPECT_EQ(HERE, the_doorbell(_metadata, &second).iova);
	expect_interrupts(_metadata, &second, INTERRUPTS);
	edu_close(&second);
}

TEST_F(page_tables, have_no_doorbells_of_their_own_if_the_request_failed)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_fixed(s, s->ioas, HERE));
	EXPECT_EQ(-EINVAL, place_fixed(s, self->hwpt[0], 1));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
	/* a request that was granted stays in force if the next one is refused */
	ASSERT_EQ(0, place_fixed(s, self->hwpt[1], THERE));
	EXPECT_EQ(-EINVAL, place_fixed(s, self->hwpt[1], 1));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[1]));
	expect_doorbell_at(_metadata, s, THERE, IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(page_tables, accept_a_request_after_an_attach_that_failed)
{
	struct setup *s = &self->s;

	/* The window is where the memory is */
	ASSERT_EQ(0, place_window(s, s->ioas, s->memory.iova, PAGE));
	EXPECT_EQ(-ENOSPC, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], HERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
}

TEST_F(page_tables, accept_a_request_after_a_replace_that_failed)
{
	struct setup *s = &self->s;
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(s->iommufd, &other));
	ASSERT_EQ(0, place_fixed(s, other, ELSEWHERE_IOVA));
	ASSERT_EQ(0, device_attach(&s->edu.dev, other));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	/* The message cannot keep its IOVA, where there is memory, nor be rewritten */
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, ELSEWHERE_IOVA,
			   IOMMU_MSI_PLACEMENT_FIXED);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], HERE));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	expect_doorbell_at(_metadata, s, HERE, IOMMU_MSI_PLACEMENT_FIXED);
}

/* One doorbell in the way can be relocated, the other cannot */
TEST_F(page_tables, that_refuse_a_map_keep_the_doorbell_of_the_ioas_in_place)
{
	struct setup *s = &self->s;
	struct state before;
	struct edu second;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_open(&second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, place_fixed(s, self->hwpt[0], MSI_WINDOW_IOVA + PAGE));
	ASSERT_EQ(0, device_attach(&second.dev, self->hwpt[0]));
	save_state(_metadata, s, &before);
	EXPECT_EQ(MSI_WINDOW_IOVA, before.doorbell.iova);
	EXPECT_EQ(-EEXIST, setup_map_at(s, 2 * PAGE, MSI_WINDOW_IOVA));
	expect_state(_metadata, s, &before);
	EXPECT_EQ(0, map_page(s, MSI_WINDOW_IOVA));
	edu_close(&second);
}

/* MSI-X entries hold any address: all vectors of an igb follow at once */
TEST_F(bound, igb_follows_its_doorbell_beyond_4_gib_and_back)
{
	struct setup *s = &self->s;
	struct igb igb;

	if (!igb_name())
		SKIP(return, NO_IGB);
	ASSERT_EQ(0, igb_open(&igb, igb_name(), s->iommufd));
	ASSERT_EQ(0, device_attach(&igb.dev, s->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(&igb, IGB_VECTORS));
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&igb));
	ASSERT_EQ(0, place_fixed(s, s->ioas, BEYOND_4G));
	EXPECT_EQ(BEYOND_4G, doorbell_of(_metadata, &igb.dev).iova);
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&igb));
	ASSERT_EQ(0, place_window(s, s->ioas, HERE, PAGE));
	ASSERT_EQ(0, place_auto(s, s->ioas, 0));
	ASSERT_EQ(0, place_window(s, s->ioas, HERE, PAGE));
	EXPECT_EQ(HERE, doorbell_of(_metadata, &igb.dev).iova);
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&igb));
	igb_close(&igb);
}

TEST_HARNESS_MAIN
