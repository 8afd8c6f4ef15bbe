// SPDX-License-Identifier: GPL-2.0
/*
 * Checked DMA: fill memory with a pattern, have the device read it and write it to another
 * place, and compare.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "passthrough.h"

/* Memory that is not mapped for a device yet: @memory->iova is not set */
int memory_alloc(struct mapping *memory, __u64 length)
{
	memory->va = mmap(NULL, length, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memory->length = length;
	return memory->va == MAP_FAILED ? -errno : 0;
}

void memory_free(struct mapping *memory)
{
	munmap(memory->va, memory->length);
}

/* No two copies of a test have the same data */
static void fill(unsigned char *va, unsigned int length)
{
	static unsigned int seed;
	unsigned int i;

	for (i = 0, seed++; i < length; i++)
		va[i] = seed * 101 + i * 7 + (i >> 8);
}

/*
 * Have the device copy one buffer length from offset @from of @memory to offset @to; the
 * two must not overlap. -EBADMSG: the data differs.
 */
int exercise_copy(struct edu *edu, const struct mapping *memory, __u64 from,
		  __u64 to)
{
	unsigned char *source = memory->va + from;
	unsigned char *destination = memory->va + to;
	int ret;

	fill(source, EDU_BUFFER_SIZE);
	memset(destination, 0, EDU_BUFFER_SIZE);
	ret = edu_read_memory(edu, memory->iova + from, EDU_BUFFER_SIZE);
	if (!ret)
		ret = edu_write_memory(edu, memory->iova + to, EDU_BUFFER_SIZE);
	if (ret)
		return ret;
	return memcmp(source, destination, EDU_BUFFER_SIZE) ? -EBADMSG : 0;
}

/*
 * Have the device copy the first half of @page, one buffer long, to the second.
 * -EBADMSG: the data differs.
 */
int exercise_page(struct edu *edu, const struct mapping *page)
{
	unsigned int half = page->length / 2;
	int ret;

	fill(page->va, half);
	memset(page->va + half, 0, half);
	ret = edu_read_memory(edu, page->iova, half);
	if (!ret)
		ret = edu_write_memory(edu, page->iova + half, half);
	if (ret)
		return ret;
	return memcmp(page->va, page->va + half, half) ? -EBADMSG : 0;
}

/*
 * Reach both ends of @memory, and bytes around its middle that lie on two
 * pages. It must be four buffers long or more.
 */
int exercise_dma(struct edu *edu, const struct mapping *memory)
{
	__u64 last = memory->length - EDU_BUFFER_SIZE;
	__u64 middle = memory->length / 2 - EDU_BUFFER_SIZE / 2;
	int ret;

	ret = exercise_copy(edu, memory, 0, last);
	if (ret)
		return ret;
	return exercise_copy(edu, memory, last, middle);
}
