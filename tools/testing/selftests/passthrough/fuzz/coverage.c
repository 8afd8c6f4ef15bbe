// SPDX-License-Identifier: GPL-2.0
/*
 * The code of the kernel that the fuzzer's calls reach, on a kernel with KCOV. It is only
 * counted: episodes that began like those that had reached new code were tried, and did
 * not reach more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "fuzz.h"

#define KCOV "/sys/kernel/debug/kcov"
/* Places that one operation may pass; any more are not recorded */
#define AREA_WORDS (1UL << 18)

/* The number of places, and each of them */
static __thread unsigned long *area;

/* Record the calling thread; without KCOV nothing is recorded */
void coverage_begin(void)
{
	int fd = open(KCOV, O_RDWR | O_CLOEXEC);
	void *mapping;

	if (fd < 0)
		return;
	if (ioctl(fd, KCOV_INIT_TRACE, AREA_WORDS)) {
		close(fd);
		return;
	}
	mapping = mmap(NULL, AREA_WORDS * sizeof(long), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		printf("# KCOV does not start\n");
		return;
	}
	area = mapping;
}

/* Return: whether this is the first visit */
static bool visit(unsigned long place)
{
	unsigned long bit = place / 4 % (SEEN_BYTES * 8);
	unsigned char mask = 1 << bit % 8;

	return !(__atomic_fetch_or(&record->seen[bit / 8], mask,
				   __ATOMIC_RELAXED) &
		 mask);
}

/* Count what this thread has reached since the last call */
void coverage_take(void)
{
	unsigned int found = 0;
	unsigned long i, count;

	if (!area)
		return;
	count = __atomic_load_n(&area[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count; i++)
		found += visit(area[i]);
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	__atomic_add_fetch(&record->covered, found, __ATOMIC_RELAXED);
}
