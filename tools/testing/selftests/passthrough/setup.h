/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common setup of the tests: edu devices bound to vfio-pci, named by the environment
 * (VFIO_EDU="0000:00:01.0 0000:00:02.0", see bind.sh), an empty address space, and
 * memory to map. The address space is an IOAS of an iommufd, a type1 container, or an
 * iommufd used as one. A failure of a helper is a failure of the test that called it.
 */
#ifndef SELFTESTS_VFIO_SETUP_H
#define SELFTESTS_VFIO_SETUP_H

/* Print failed assertions to the test's report */
#define TH_LOG_STREAM stdout

#include "../kselftest_harness.h"
#include "lib/passthrough.h"

/* Memory at an IOVA that is unrelated to doorbells */
#define ELSEWHERE_IOVA 0x40000000ULL
#define MEMORY_LENGTH 0x100000ULL
/* Page size of the kernel and the IOMMU */
#define PAGE 0x1000ULL
#define INTERRUPTS 100

/* What provides the address space */
enum backend {
	BACKEND_IOMMUFD,
	BACKEND_TYPE1,
	BACKEND_COMPAT,
};

struct setup {
	enum backend backend;
	int iommufd;
	__u32 ioas;
	struct container container;
	int holder; /* a group that gives the container its IOMMU */
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

static inline const char *igb_name(void)
{
	return getenv("VFIO_IGB");
}

/* Why a test that needs one is skipped */
#define NO_IGB "VFIO_IGB does not name an igb device"

/*
 * A device that is not attached, an empty address space and unmapped memory. The device
 * of a container is opened later, by setup_attach().
 */
static inline void setup_open_backend(struct __test_metadata *_metadata,
				      struct setup *self, enum backend backend)
{
	*self = (struct setup){
		.backend = backend,
		.iommufd = -1,
		.container.fd = -1,
		.holder = -1,
		.edu = EDU_CLOSED,
	};
	if (backend == BACKEND_TYPE1) {
		ASSERT_EQ(0, container_open(&self->container));
	} else if (backend == BACKEND_COMPAT) {
		ASSERT_EQ(0, container_open_compat(&self->container));
	} else {
		self->iommufd = iommufd_open();
		ASSERT_LE(0, self->iommufd);
		ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
		ASSERT_EQ(0, edu_open(&self->edu, edu_name(0), self->iommufd));
	}
	ASSERT_EQ(0, memory_alloc(&self->memory, MEMORY_LENGTH));
	self->memory.iova = ELSEWHERE_IOVA;
}

static inline void setup_open(struct __test_metadata *_metadata,
			      struct setup *self)
{
	setup_open_backend(_metadata, self, BACKEND_IOMMUFD);
}

static inline void setup_close(struct setup *self)
{
	memory_free(&self->memory);
	edu_close(&self->edu);
	if (self->backend != BACKEND_IOMMUFD) {
		if (self->holder >= 0)
			close(self->holder);
		container_close(&self->container);
	} else {
		close(self->iommufd);
	}
}

/* Return: 0 or a negative errno, as for the next three */
static inline int setup_map_at(struct setup *self, __u64 length, __u64 iova)
{
	if (self->backend != BACKEND_IOMMUFD)
		return container_map(&self->container, self->memory.va, length,
				     iova);
	return ioas_map(self->iommufd, self->ioas, self->memory.va, length,
			iova);
}

static inline int setup_unmap(struct setup *self, __u64 iova, __u64 length)
{
	if (self->backend != BACKEND_IOMMUFD)
		return container_unmap(&self->container, iova, length);
	return ioas_unmap(self->iommufd, self->ioas, iova, length);
}

static inline int setup_unmap_all(struct setup *self)
{
	if (self->backend != BACKEND_IOMMUFD)
		return container_unmap_all(&self->container);
	return ioas_unmap_all(self->iommufd, self->ioas);
}

static inline int setup_ranges(struct setup *self, struct range_list *ranges)
{
	if (self->backend != BACKEND_IOMMUFD)
		return container_ranges(&self->container, ranges);
	return ioas_ranges(self->iommufd, self->ioas, ranges);
}

/* A container needs a group before it can map: add that of the second device */
static inline void setup_map(struct __test_metadata *_metadata,
			     struct setup *self)
{
	if (self->backend != BACKEND_IOMMUFD && !self->container.has_iommu) {
		ASSERT_NE(NULL, edu_name(1));
		self->holder =
			container_add_group(&self->container, edu_name(1));
		ASSERT_LE(0, self->holder);
	}
	ASSERT_EQ(0,
		  setup_map_at(self, self->memory.length, self->memory.iova));
}

static inline void setup_attach(struct __test_metadata *_metadata,
				struct setup *self)
{
	int ret;

	if (self->backend != BACKEND_IOMMUFD)
		ret = edu_open_type1(&self->edu, edu_name(0), &self->container);
	else
		ret = device_attach(&self->edu.dev, self->ioas);
	ASSERT_EQ(0, ret);
}

/* A device that is attached to an IOAS with memory elsewhere */
static inline void setup_attached(struct __test_metadata *_metadata,
				  struct setup *self)
{
	setup_open(_metadata, self);
	setup_map(_metadata, self);
	setup_attach(_metadata, self);
}

/* Map the first page of the memory once more */
static inline int map_page(struct setup *self, __u64 iova)
{
	return setup_map_at(self, PAGE, iova);
}

/* The only doorbell of what the device is attached to */
static inline struct iommu_msi_doorbell
doorbell_of(struct __test_metadata *_metadata, const struct device *dev)
{
	struct doorbell_list list;

	ASSERT_EQ(0, device_doorbells(dev, &list));
	ASSERT_EQ(1, list.count);
	return list.at[0];
}

static inline struct iommu_msi_doorbell
the_doorbell(struct __test_metadata *_metadata, const struct edu *edu)
{
	return doorbell_of(_metadata, &edu->dev);
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

/* Enable the vector, take interrupts, disable it again */
static inline void expect_working_vector(struct __test_metadata *_metadata,
					 struct edu *edu)
{
	ASSERT_EQ(0, edu_enable_interrupt(edu));
	expect_interrupts(_metadata, edu, INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(edu));
}

#endif
