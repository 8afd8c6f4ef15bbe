// SPDX-License-Identifier: GPL-2.0
/*
 * Containers of VFIO_TYPE1_NESTING_IOMMU translate by stage 2, and report that. The
 * emulator's trace of its SMMU shows, by the address, which stage was really used.
 */
#include <errno.h>

#include "setup.h"

/* Nothing else is mapped there in any test */
#define NESTING_IOVA 0x7e57000000ULL

FIXTURE(nesting)
{
	struct setup s;
};

FIXTURE_SETUP(nesting)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, &self->s, BACKEND_TYPE1);
	self->s.memory.iova = NESTING_IOVA;
}

FIXTURE_TEARDOWN(nesting)
{
	setup_close(&self->s);
}

/*
 * Add the second device's group to the container, for nesting. Whether a refusal is
 * right, as there is no stage 2, is decided outside the machine.
 *
 * Return: 0 or -EPERM
 */
static int join(struct __test_metadata *_metadata, struct setup *s)
{
	s->container.iommu = VFIO_TYPE1_NESTING_IOMMU;
	s->holder = container_add_group(&s->container, edu_name(1));
	if (s->holder == -EPERM) {
		printf("# a container for nesting is refused\n");
		return -EPERM;
	}
	ASSERT_LE(0, s->holder);
	return 0;
}

TEST_F(nesting, container_translates_by_stage_2_or_is_refused)
{
	struct setup *s = &self->s;
	__u32 stage = 0;

	if (join(_metadata, s))
		return;
	ASSERT_EQ(0, container_stage(&s->container, &stage));
	EXPECT_EQ(2, stage);
	setup_map(_metadata, s);
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
	ASSERT_EQ(0, container_stage(&s->container, &stage));
	EXPECT_EQ(2, stage);
	EXPECT_EQ(0, setup_unmap_all(s));
}

/* A group that was refused can join a container of another kind */
TEST_F(nesting, refusal_leaves_the_group_as_it_was)
{
	struct setup *s = &self->s;
	__u32 stage;

	if (!join(_metadata, s)) {
		close(s->holder);
		container_close(&s->container);
		ASSERT_EQ(0, container_open(&s->container));
	}
	s->holder = -1;
	s->container.iommu = VFIO_TYPE1v2_IOMMU;
	s->memory.iova = ELSEWHERE_IOVA;
	setup_map(_metadata, s);
	setup_attach(_metadata, s);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
	EXPECT_EQ(-ENOENT, container_stage(&s->container, &stage));
}

TEST_F(nesting, container_of_another_kind_reports_no_stage)
{
	struct setup *s = &self->s;
	__u32 stage;

	s->container.iommu = VFIO_TYPE1_IOMMU;
	s->memory.iova = ELSEWHERE_IOVA;
	setup_map(_metadata, s);
	EXPECT_EQ(-ENOENT, container_stage(&s->container, &stage));
	setup_attach(_metadata, s);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_HARNESS_MAIN
