/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the benchmarks of operations on an IOAS: memory to map, and the IOVA of the
 * doorbell.
 */
#ifndef GUEST_BENCH_IOAS_H
#define GUEST_BENCH_IOAS_H

#include <errno.h>
#include <sys/mman.h>

#include "bench.h"
#include "passthrough.h"

#define PAGE 4096ULL

/* Allocate @pages of memory; it and the whole program stay resident from now on */
static inline void *locked_pages(unsigned int pages)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED || mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("the memory", strerror(errno));
	return memory;
}

static inline int open_iommufd(void)
{
	int fd = iommufd_open();

	if (fd < 0)
		fail("/dev/iommu", strerror(-fd));
	return fd;
}

/* The IOVA of the only doorbell; -ENOTTY if the kernel does not report doorbells */
static inline int find_doorbell(int iommufd, __u32 ioas, __u64 *iova)
{
	struct doorbell_list list;
	int ret = msi_doorbells(iommufd, ioas, &list);

	if (ret == -ENOTTY)
		return ret;
	check(ret, "asking for doorbells");
	if (list.count != 1)
		fail("doorbells", "there should be one");
	*iova = list.at[0].iova;
	return 0;
}

/*
 * Make the kernel relocate the doorbell at @iova by mapping a page over it, which is
 * unmapped again, and find it. Return: the cost of the map
 */
static inline uint64_t move_doorbell(int iommufd, __u32 ioas, void *page,
				     __u64 *iova)
{
	__u64 before = *iova;
	uint64_t start = counter_ns(), spent;
	int ret = ioas_map(iommufd, ioas, page, PAGE, before);

	spent = counter_ns() - start;
	check(ret, "mapping over the doorbell");
	check(ioas_unmap(iommufd, ioas, before, PAGE),
	      "unmapping what was over the doorbell");
	find_doorbell(iommufd, ioas, iova);
	if (*iova == before)
		fail("the doorbell", "did not move");
	return spent;
}

#endif
