// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation made when a device is attached, its page table is replaced, its
 * doorbell is relocated, or its interrupt is enabled, is made to fail in turn. A
 * failure leaves everything as it was, however often it occurs, and in the end the
 * operation succeeds.
 */
#include "setup.h"

/* Enough to notice if one vector or page is lost each time */
#define SWEEPS 4
#define MAX_ALLOCATIONS 2000
/* A GICv2m frame has 64, and a device of an ITS as many as it asked for */
#define MORE_THAN_ALL_VECTORS 100
/* Where the user places a doorbell, and where it is relocated if the window is in use */
#define PLACE_IOVA 0x20000000ULL
#define LOW_IOVA 0xfc000000ULL

FIXTURE(fault)
{
	struct setup s;
	__u32 hwpt[2];
	struct range_list ranges;
};

FIXTURE_SETUP(fault)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (faults_setup(NULL) || faults_spare_copies())
		SKIP(return, "no fault injection, see lib/faults.c");
	setup_open(_metadata, s);
	setup_map(_metadata, s);
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				&self->hwpt[0]));
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
				&self->hwpt[1]));
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &self->ranges));
}

FIXTURE_TEARDOWN(fault)
{
	setup_close(&self->s);
}

/* The allowed ranges are the same as before */
static void expect_same_ranges(struct __test_metadata *_metadata,
			       const struct setup *s,
			       const struct range_list *before)
{
	struct range_list now;

	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &now));
	EXPECT_EQ(before->count, now.count);
	EXPECT_EQ(0, memcmp(before->at, now.at, now.count * sizeof(now.at[0])));
}

static void expect_doorbells(struct __test_metadata *_metadata, struct setup *s,
			     unsigned int count, unsigned int vectors)
{
	struct doorbell_list list;

	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	ASSERT_EQ(count, list.count);
	if (count)
		EXPECT_EQ(vectors, list.at[0].vectors);
}

TEST_F(fault, while_a_vector_is_enabled_loses_no_vector)
{
	struct setup *s = &self->s;
	unsigned int sweep, nth;
	int fd, rc;

	/* type1_faults and nested_fault_calls sweep all that enabling a vector does */
	ASSERT_EQ(0, faults_setup("iommu_dma_prepare_msi"));
	setup_attach(_metadata, s);
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &self->ranges));
	for (sweep = 0; sweep < SWEEPS; sweep++) {
		for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
			fd = faults_begin(nth);
			ASSERT_LE(0, fd);
			rc = edu_enable_interrupt(&s->edu);
			if (!faults_end(fd))
				break;
			if (!rc)
				ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
			expect_doorbells(_metadata, s, 1, 0);
		}
		ASSERT_EQ(0, rc);
		EXPECT_LT(1, nth);
		expect_doorbells(_metadata, s, 1, 1);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	}
	expect_same_ranges(_metadata, s, &self->ranges);
}

TEST_F(fault, while_a_device_is_attached_leaves_no_trace)
{
	struct setup *s = &self->s;
	unsigned int nth;
	int fd, rc;

	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = device_attach(&s->edu.dev, s->ioas);
		if (!faults_end(fd))
			break;
		if (!rc)
			ASSERT_EQ(0, device_detach(&s->edu.dev));
		expect_doorbells(_metadata, s, 0, 0);
		expect_same_ranges(_metadata, s, &self->ranges);
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(1, nth);
	expect_doorbells(_metadata, s, 1, 0);
	expect_working_vector(_metadata, &s->edu);
}

/* Replace the first of two page tables by the second */
static void sweep_moves(struct __test_metadata *_metadata, struct setup *s,
			const __u32 *hwpt, unsigned int vectors)
{
	struct range_list before;
	unsigned int nth;
	int fd, rc;

	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &before));
	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = device_attach(&s->edu.dev, hwpt[1]);
		if (!faults_end(fd))
			break;
		expect_doorbells(_metadata, s, 1, vectors);
		expect_same_ranges(_metadata, s, &before);
		if (vectors)
			EXPECT_EQ(4, edu_interrupts(&s->edu, 4));
		if (!rc)
			ASSERT_EQ(0, device_attach(&s->edu.dev, hwpt[0]));
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(1, nth);
}

TEST_F(fault, while_a_device_is_moved_keeps_its_doorbell)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	sweep_moves(_metadata, s, self->hwpt, 0);
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(fault, while_a_device_with_a_vector_is_moved_loses_no_interrupt)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	journal_doorbells(&s->edu.dev, "moves");
	sweep_moves(_metadata, s, self->hwpt, 1);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

/* The interrupt controller has room for as many vectors as are first requested */
TEST_F(fault, of_one_vector_leaves_room_for_many)
{
	struct setup *s = &self->s;
	int fd, rc, eventfd = -1;
	struct igb igb;

	if (!igb_name())
		SKIP(return, NO_IGB);
	ASSERT_EQ(0, faults_setup("iommu_dma_prepare_msi"));
	ASSERT_EQ(0, igb_open(&igb, igb_name(), s->iommufd));
	ASSERT_EQ(0, device_attach(&igb.dev, s->ioas));
	fd = faults_begin(1);
	ASSERT_LE(0, fd);
	rc = device_enable_vectors(&igb.dev, VFIO_PCI_MSI_IRQ_INDEX, &eventfd,
				   1);
	ASSERT_TRUE(faults_end(fd));
	EXPECT_GT(0, rc);
	ASSERT_EQ(0, igb_enable_interrupts(&igb, IGB_VECTORS));
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&igb));
	igb_close(&igb);
}

/*
 * A controller frees a vector whose doorbell cannot be mapped. Otherwise it would run
 * out of vectors here.
 */
TEST_F(fault, of_more_vectors_than_there_are_loses_none)
{
	struct setup *s = &self->s;
	unsigned int n;
	int fd, rc;

	ASSERT_EQ(0, faults_setup("iommu_dma_prepare_msi"));
	setup_attach(_metadata, s);
	for (n = 0; n < MORE_THAN_ALL_VECTORS; n++) {
		fd = faults_begin(1);
		ASSERT_LE(0, fd);
		rc = edu_enable_interrupt(&s->edu);
		ASSERT_TRUE(faults_end(fd));
		EXPECT_GT(0, rc);
	}
	expect_working_vector(_metadata, &s->edu);
}

/* An operation on an address space whose doorbell has a live vector */
struct operation {
	int (*run)(struct setup *s, __u32 other_ioas);
};

FIXTURE(live_fault)
{
	struct setup s;
	__u32 other_ioas;
};

FIXTURE_VARIANT(live_fault)
{
	struct operation operation;
	__u64 moved_to;
	__u64 taken; /* mapped by the user on success */
	bool doorbell_stays; /* on failure */
};

static int map_over(struct setup *s, __u32 other_ioas)
{
	return ioas_map(s->iommufd, s->ioas, s->memory.va, MSI_WINDOW_LENGTH,
			MSI_WINDOW_IOVA);
}

static int copy_over(struct setup *s, __u32 other_ioas)
{
	return ioas_copy(s->iommufd, s->ioas, s->memory.iova, MSI_WINDOW_LENGTH,
			 MSI_WINDOW_IOVA);
}

static int place_fixed(struct setup *s, __u32 other_ioas)
{
	return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_FIXED, 0,
			 PLACE_IOVA, 0);
}

static int place_in_window(struct setup *s, __u32 other_ioas)
{
	return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_WINDOW,
			 IOMMU_MSI_INDEX_ALL, PLACE_IOVA, MSI_WINDOW_LENGTH);
}

static int change_ioas(struct setup *s, __u32 other_ioas)
{
	return device_attach(&s->edu.dev, other_ioas);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(live_fault, while_the_user_maps_over_it)
{
	.operation = { map_over },
	.moved_to = LOW_IOVA,
	.taken = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(live_fault, while_the_user_copies_over_it)
{
	.operation = { copy_over },
	.moved_to = LOW_IOVA,
	.taken = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(live_fault, while_it_is_placed_at_an_iova)
{
	.operation = { place_fixed },
	.moved_to = PLACE_IOVA,
	.doorbell_stays = true,
};

FIXTURE_VARIANT_ADD(live_fault, while_it_is_placed_in_a_window)
{
	.operation = { place_in_window },
	.moved_to = PLACE_IOVA,
	.doorbell_stays = true,
};

FIXTURE_VARIANT_ADD(live_fault, while_its_device_changes_the_ioas)
{
	.operation = { change_ioas },
	.moved_to = LOW_IOVA,
};

/* clang-format on */

FIXTURE_SETUP(live_fault)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (faults_setup(NULL) || faults_spare_copies())
		SKIP(return, "no fault injection, see lib/faults.c");
	setup_attached(_metadata, s);
	ASSERT_EQ(0, ioas_alloc(s->iommufd, &self->other_ioas));
	ASSERT_EQ(0, ioas_map(s->iommufd, self->other_ioas, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
}

FIXTURE_TEARDOWN(live_fault)
{
	setup_close(&self->s);
}

/*
 * The address spaces are unchanged, but the doorbell may be at its new IOVA if the
 * operation can fail after the relocation.
 */
static void expect_unchanged(struct __test_metadata *_metadata,
			     FIXTURE_DATA(live_fault) * self,
			     const FIXTURE_VARIANT(live_fault) * variant,
			     const struct iommu_msi_doorbell *before,
			     const struct range_list *ranges)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell now = the_doorbell(_metadata, &s->edu);
	struct doorbell_list list;

	if (variant->doorbell_stays || now.iova != variant->moved_to)
		EXPECT_EQ(before->iova, now.iova);
	now.iova = before->iova;
	EXPECT_EQ(0, memcmp(&now, before, sizeof(now)));
	expect_same_ranges(_metadata, s, ranges);
	ASSERT_EQ(0, msi_doorbells(s->iommufd, self->other_ioas, &list));
	EXPECT_EQ(0, list.count);
	if (variant->taken)
		EXPECT_EQ(-ENOENT,
			  ioas_unmap(s->iommufd, s->ioas, variant->taken,
				     MSI_WINDOW_LENGTH));
	EXPECT_EQ(4, edu_interrupts(&s->edu, 4));
}

/* Undo the operation if it @worked despite the failure, and any relocation */
static void undo(struct __test_metadata *_metadata,
		 FIXTURE_DATA(live_fault) * self,
		 const FIXTURE_VARIANT(live_fault) * variant, bool worked,
		 const struct iommu_msi_doorbell *before)
{
	struct setup *s = &self->s;

	if (s->edu.dev.pt != s->ioas)
		ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	if (worked && variant->taken)
		ASSERT_EQ(0, ioas_unmap(s->iommufd, s->ioas, variant->taken,
					MSI_WINDOW_LENGTH));
	ASSERT_EQ(0, msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_FIXED,
			       0, before->iova, 0));
	ASSERT_EQ(0, msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_AUTO,
			       IOMMU_MSI_INDEX_ALL, 0, 0));
}

TEST_F(live_fault, loses_no_interrupt)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before;
	struct range_list ranges;
	unsigned int nth;
	int fd, rc;

	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &ranges));
	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = variant->operation.run(s, self->other_ioas);
		if (!faults_end(fd))
			break;
		if (rc)
			expect_unchanged(_metadata, self, variant, &before,
					 &ranges);
		undo(_metadata, self, variant, !rc, &before);
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(1, nth);
	/* report the number: a sweep in which nothing failed proves nothing */
	printf("# allocations failed=%u\n", nth - 1);
	EXPECT_EQ(variant->moved_to, the_doorbell(_metadata, &s->edu).iova);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_HARNESS_MAIN
