// SPDX-License-Identifier: GPL-2.0
/*
 * IOMMU_MSI_DOORBELLS, the query for doorbells: its results for structures that are
 * wrong, too short or too long, and for objects of other types.
 */
#include <sys/ioctl.h>

#include "setup.h"

FIXTURE(query)
{
	struct setup s;
	struct iommu_msi_doorbell entry;
	struct iommu_msi_doorbells cmd;
};

/* A valid query of an IOAS with one doorbell, which the tests then modify */
FIXTURE_SETUP(query)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, &self->s);
	setup_attach(_metadata, &self->s);
	self->cmd = (struct iommu_msi_doorbells){
		.size = sizeof(self->cmd),
		.object_id = self->s.ioas,
		.entry_len = sizeof(self->entry),
		.num_entries = 1,
		.entries_uptr = (uintptr_t)&self->entry,
	};
}

FIXTURE_TEARDOWN(query)
{
	setup_close(&self->s);
}

static int ask(FIXTURE_DATA(query) * self)
{
	if (ioctl(self->s.iommufd, IOMMU_MSI_DOORBELLS, &self->cmd))
		return -errno;
	return 0;
}

TEST_F(query, that_is_right_is_answered)
{
	EXPECT_EQ(0, ask(self));
	EXPECT_EQ(1, self->cmd.num_entries);
	EXPECT_EQ(MSI_WINDOW_IOVA, self->entry.iova);
}

TEST_F(query, with_a_structure_too_short_is_invalid)
{
	self->cmd.size = sizeof(self->cmd) - 8;
	EXPECT_EQ(-EINVAL, ask(self));
	self->cmd.size = 0;
	EXPECT_EQ(-EINVAL, ask(self));
}

TEST_F(query, with_a_longer_structure_works_if_the_rest_is_zero)
{
	struct {
		struct iommu_msi_doorbells cmd;
		__u64 more;
	} longer = { .cmd = self->cmd };

	longer.cmd.size = sizeof(longer);
	EXPECT_EQ(0, ioctl(self->s.iommufd, IOMMU_MSI_DOORBELLS, &longer));
	EXPECT_EQ(MSI_WINDOW_IOVA, self->entry.iova);
	longer.more = 1;
	EXPECT_EQ(-1, ioctl(self->s.iommufd, IOMMU_MSI_DOORBELLS, &longer));
	EXPECT_EQ(E2BIG, errno);
}

TEST_F(query, about_an_unknown_object_finds_nothing)
{
	self->cmd.object_id = 12345;
	EXPECT_EQ(-ENOENT, ask(self));
}

TEST_F(query, about_an_object_that_is_no_address_space_is_invalid)
{
	self->cmd.object_id = self->s.edu.dev.id;
	EXPECT_EQ(-EINVAL, ask(self));
}

TEST_F(query, with_flags_or_reserved_fields_is_not_supported)
{
	self->cmd.flags = 1;
	EXPECT_EQ(-EOPNOTSUPP, ask(self));
	self->cmd.flags = 0;
	self->cmd.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, ask(self));
}

TEST_F(query, with_too_little_room_says_how_many_there_are)
{
	self->cmd.num_entries = 0;
	EXPECT_EQ(-EMSGSIZE, ask(self));
	EXPECT_EQ(1, self->cmd.num_entries);
	EXPECT_EQ(0, self->entry.length);
	/* the number returned is then enough */
	EXPECT_EQ(0, ask(self));
	EXPECT_LT(0, self->entry.length);
}

TEST_F(query, with_short_entries_is_invalid)
{
	self->cmd.entry_len = sizeof(self->entry) - 1;
	EXPECT_EQ(-EINVAL, ask(self));
	self->cmd.entry_len = 0;
	EXPECT_EQ(-EINVAL, ask(self));
}

TEST_F(query, with_longer_entries_gets_zeros_at_their_ends)
{
	struct {
		struct iommu_msi_doorbell entry;
		__u64 more;
		__u64 behind;
	} longer = { .more = -1, .behind = -1 };

	self->cmd.entry_len = offsetof(typeof(longer), behind);
	self->cmd.entries_uptr = (uintptr_t)&longer;
	EXPECT_EQ(0, ask(self));
	EXPECT_EQ(MSI_WINDOW_IOVA, longer.entry.iova);
	EXPECT_EQ(0, longer.more);
	EXPECT_EQ(-1, (__s64)longer.behind);
}

TEST_F(query, whose_entries_cannot_be_written_faults)
{
	self->cmd.entries_uptr = 8;
	EXPECT_EQ(-EFAULT, ask(self));
}

TEST_F(query, about_an_ioas_without_devices_finds_no_doorbell)
{
	__u32 empty;

	ASSERT_EQ(0, ioas_alloc(self->s.iommufd, &empty));
	self->cmd.object_id = empty;
	EXPECT_EQ(0, ask(self));
	EXPECT_EQ(0, self->cmd.num_entries);
	EXPECT_EQ(0, self->entry.length);
}

TEST_HARNESS_MAIN
