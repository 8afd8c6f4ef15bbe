// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of what attaches a device, moves it, and enables its interrupt
 * is made to fail in turn. Whatever fails leaves everything as it was, however
 * often, and in the end it works.
 */
#include "setup.h"

/* So often that one vector or page lost each time is missed */
#define SWEEPS 4
#define MAX_ALLOCATIONS 2000

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
	if (faults_setup(NULL))
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

/* The address space looks as it did at first */
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

	/* What else enables a vector warns in 6.12 if it runs out of memory */
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

/* Move the device from the first of two page tables to the second */
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

TEST_HARNESS_MAIN
