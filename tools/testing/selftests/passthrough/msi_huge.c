// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of 2 MiB and 1 GiB over a doorbell in use, and beside it. The page tables have
 * a single entry for the block, and pages for the doorbell.
 */
#include <errno.h>
#include <linux/mman.h>

#include "setup.h"

#define SZ_2M 0x200000ULL
#define SZ_1G 0x40000000ULL
#define PATTERN 0x5a

FIXTURE(huge)
{
	struct setup s;
	struct mapping block;
};

FIXTURE_VARIANT(huge)
{
	enum backend backend;
	__u64 length;
	__u64 iova;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(huge, page_of_2m_in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
	.length = SZ_2M,
	.iova = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(huge, page_of_2m_in_a_container)
{
	.backend = BACKEND_TYPE1,
	.length = SZ_2M,
	.iova = MSI_WINDOW_IOVA,
};

FIXTURE_VARIANT_ADD(huge, page_of_1g_in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
	.length = SZ_1G,
	.iova = 0,
};

FIXTURE_VARIANT_ADD(huge, page_of_1g_in_a_container)
{
	.backend = BACKEND_TYPE1,
	.length = SZ_1G,
	.iova = 0,
};

/* clang-format on */

FIXTURE_SETUP(huge)
{
	int size = variant->length == SZ_1G ? MAP_HUGE_1GB : MAP_HUGE_2MB;
	struct setup *s = &self->s;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, s, variant->backend);
	setup_map(_metadata, s);
	self->block = (struct mapping){
		.va = mmap(NULL, variant->length, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | size, -1,
			   0),
		.iova = variant->iova,
		.length = variant->length,
	};
	ASSERT_NE(MAP_FAILED, self->block.va);
	setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
}

FIXTURE_TEARDOWN(huge)
{
	setup_close(&self->s);
	munmap(self->block.va, self->block.length);
}

static int map_block(FIXTURE_DATA(huge) * self)
{
	struct mapping *block = &self->block;
	struct setup *s = &self->s;

	if (s->backend != BACKEND_IOMMUFD)
		return container_map(&s->container, block->va, block->length,
				     block->iova);
	return ioas_map(s->iommufd, s->ioas, block->va, block->length,
			block->iova);
}

static int unmap_block(FIXTURE_DATA(huge) * self)
{
	return setup_unmap(&self->s, self->block.iova, self->block.length);
}

/* The device copies a page of the block, at @offset, to the memory elsewhere */
static void expect_copy(struct __test_metadata *_metadata,
			FIXTURE_DATA(huge) * self, __u64 offset)
{
	struct setup *s = &self->s;
	unsigned char *page = self->block.va + offset;

	memset(page, offset / PAGE + 1, PAGE);
	memset(s->memory.va, 0, PAGE);
	ASSERT_EQ(0, edu_read_memory(&s->edu, self->block.iova + offset,
				     EDU_BUFFER_SIZE));
	ASSERT_EQ(0,
		  edu_write_memory(&s->edu, s->memory.iova, EDU_BUFFER_SIZE));
	EXPECT_EQ(0, memcmp(page, s->memory.va, PAGE));
}

/* Interrupts change nothing in the page where the doorbell was */
static void expect_untouched(struct __test_metadata *_metadata,
			     FIXTURE_DATA(huge) * self, __u64 iova)
{
	unsigned char *page = self->block.va + (iova - self->block.iova);
	unsigned int i, spoilt = 0;

	memset(page, PATTERN, PAGE);
	expect_interrupts(_metadata, &self->s.edu, INTERRUPTS);
	for (i = 0; i < PAGE; i++)
		spoilt += page[i] != PATTERN;
	EXPECT_EQ(0, spoilt);
}

TEST_F(huge, is_mapped_over_a_doorbell_in_use)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;
	unsigned int i;

	d = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(MSI_WINDOW_IOVA, d.iova);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, map_block(self));
		EXPECT_LE(self->block.iova + self->block.length,
			  the_doorbell(_metadata, &s->edu).iova);
		expect_copy(_metadata, self, 0);
		expect_copy(_metadata, self, self->block.length - PAGE);
		expect_untouched(_metadata, self, d.iova);
		/* Unmapping one page of it may fail, and must not affect the rest */
		setup_unmap(s, d.iova, PAGE);
		expect_copy(_metadata, self, self->block.length - PAGE);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		ASSERT_EQ(0, unmap_block(self));
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	}
}

static int fix_at(FIXTURE_DATA(huge) * self, __u64 iova)
{
	struct setup *s = &self->s;
	struct doorbell_list list;
	int ret;

	if (s->backend == BACKEND_IOMMUFD)
		return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_FIXED,
				 0, iova, 0);
	ret = container_doorbells(&s->container, &list);
	if (ret)
		return ret;
	return container_map_msi(&s->container, list.at[0].index, iova, PAGE);
}

/* The doorbell is at @beside, in the block next to the one that is mapped */
static void expect_neighbour(struct __test_metadata *_metadata,
			     FIXTURE_DATA(huge) * self, __u64 beside)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, fix_at(self, beside));
	ASSERT_EQ(0, map_block(self));
	EXPECT_EQ(beside, the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_copy(_metadata, self, 0);
	expect_copy(_metadata, self, self->block.length - PAGE);
	EXPECT_EQ(-EEXIST, map_page(s, beside));
	ASSERT_EQ(0, unmap_block(self));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(huge, has_a_doorbell_right_behind_it)
{
	/* The edu's doorbell has to stay below 4 GiB, and the memory is at 1 GiB */
	if (variant->length == SZ_1G)
		self->block.iova = 2 * SZ_1G;
	expect_neighbour(_metadata, self,
			 self->block.iova + self->block.length);
}

TEST_F(huge, has_a_doorbell_right_before_it)
{
	if (variant->length == SZ_1G)
		self->block.iova = 2 * SZ_1G;
	expect_neighbour(_metadata, self, self->block.iova - PAGE);
}

TEST_HARNESS_MAIN
