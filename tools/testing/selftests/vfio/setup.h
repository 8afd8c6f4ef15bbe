/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests start from: edu devices under vfio-pci, named by the
 * environment (VFIO_EDU="0000:00:01.0 0000:00:02.0", see bind.sh), an iommufd
 * with an empty IOAS, and memory to map. Failures of a helper are failures of
 * the test that called it.
 */
#ifndef SELFTESTS_VFIO_SETUP_H
#define SELFTESTS_VFIO_SETUP_H

/* What a failed assertion prints belongs to the test's report */
#define TH_LOG_STREAM stdout

#include "../kselftest_harness.h"
#include "lib/passthrough.h"

/* Memory at an IOVA that has nothing to do with doorbells */
#define ELSEWHERE_IOVA 0x40000000ULL
#define MEMORY_LENGTH 0x100000ULL
/* The kernel's page, and the IOMMU's */
#define PAGE 0x1000ULL
#define INTERRUPTS 100

struct setup {
	int iommufd;
	__u32 ioas;
	struct edu edu;
	struct mapping memory;
};

/* The device's name: the @nth word of VFIO_EDU, or NULL */
static inline const char *edu_name(unsigned int nth)
{
	static char names[2][16];
	const char *list = getenv("VFIO_EDU");

	if (!list || sscanf(list, "%15s %15s", names[0], names[1]) <= (int)nth)
		return NULL;
	return names[nth];
}

/* An unattached device, an empty IOAS and memory that is not mapped */
static inline void setup_open(struct __test_metadata *_metadata,
			      struct setup *self)
{
	self->iommufd = iommufd_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, edu_open(&self->edu, edu_name(0), self->iommufd));
	ASSERT_EQ(0, memory_alloc(&self->memory, MEMORY_LENGTH));
	self->memory.iova = ELSEWHERE_IOVA;
}

static inline void setup_close(struct setup *self)
{
	memory_free(&self->memory);
	edu_close(&self->edu);
	close(self->iommufd);
}

static inline void setup_map(struct __test_metadata *_metadata,
			     struct setup *self)
{
	ASSERT_EQ(0, ioas_map(self->iommufd, self->ioas, self->memory.va,
			      self->memory.length, self->memory.iova));
}

static inline void setup_attach(struct __test_metadata *_metadata,
				struct setup *self)
{
	ASSERT_EQ(0, device_attach(&self->edu.dev, self->ioas));
}

/* A device that is attached to an IOAS with memory elsewhere */
static inline void setup_attached(struct __test_metadata *_metadata,
				  struct setup *self)
{
	setup_open(_metadata, self);
	setup_map(_metadata, self);
	setup_attach(_metadata, self);
}

/* The first page of the memory, once more */
static inline int map_page(struct setup *self, __u64 iova)
{
	return ioas_map(self->iommufd, self->ioas, self->memory.va, PAGE, iova);
}

/* The one doorbell of what the device is attached to */
static inline struct iommu_msi_doorbell
the_doorbell(struct __test_metadata *_metadata, const struct edu *edu)
{
	struct doorbell_list list;

	ASSERT_EQ(0, msi_doorbells(edu->dev.iommufd, edu->dev.pt, &list));
	ASSERT_EQ(1, list.count);
	return list.at[0];
}

/* DMA works: the device copies from the first half of @memory to the second */
static inline void expect_dma(struct __test_metadata *_metadata,
			      struct edu *edu, const struct mapping *memory)
{
	EXPECT_EQ(0, exercise_copy(edu, memory, 0, memory->length / 2));
}

static inline void expect_interrupts(struct __test_metadata *_metadata,
				     struct edu *edu, unsigned int count)
{
	journal_doorbells(&edu->dev, "interrupts");
	EXPECT_EQ(count, edu_interrupts(edu, count));
}

/* Turn the vector on, take interrupts, turn it off again */
static inline void expect_working_vector(struct __test_metadata *_metadata,
					 struct edu *edu)
{
	ASSERT_EQ(0, edu_enable_interrupt(edu));
	expect_interrupts(_metadata, edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(edu));
}

#endif
