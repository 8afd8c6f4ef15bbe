// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to map and to unmap a page in an IOVA space with a device
 * attached, with up to n mappings in it.
 *
 *	bench-map iommufd|type1 BDF N...
 *
 * A round maps n pages and unmaps them, in the same order: page i of a buffer
 * at FIRST_IOVA + i * 4 KiB, so the mappings are neighbours, one call each, and
 * each has a page of its own. A count per call is the mean from the empty space
 * to the full one, or back. Rounds are repeated until there are CALLS calls for
 * each n, so that timer ticks weigh the same in each figure.
 */
#include <sys/mman.h>

#include "bench.h"
#include "bench-map.h"

#define CALLS 10000
/* Far from the legacy MSI window and from where doorbells go without it */
#define FIRST_IOVA 0x200000000ULL

/* Memory that is there: no call that is counted takes a page fault */
static char *buffer_alloc(unsigned int pages)
{
	size_t size = (size_t)pages * PAGE;
	char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED)
		fail("the buffer", "cannot be allocated");
	memset(buffer, 0x5a, size);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("the program", "cannot be locked into memory");
	return buffer;
}

static uint64_t map_all(const struct space *space, char *buffer, unsigned int n)
{
	uint64_t start = counter_ns();
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = space->map(buffer + (size_t)i * PAGE,
				 FIRST_IOVA + (__u64)i * PAGE);
		if (ret)
			fail("map", strerror(-ret));
	}
	return counter_ns() - start;
}

static uint64_t unmap_all(const struct space *space, unsigned int n)
{
	uint64_t start = counter_ns();
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = space->unmap(FIRST_IOVA + (__u64)i * PAGE);
		if (ret)
			fail("unmap", strerror(-ret));
	}
	return counter_ns() - start;
}

static void measure(const struct space *space, char *buffer, unsigned int n)
{
	uint64_t mapping = 0, unmapping = 0, idle;
	unsigned int round, rounds = CALLS / n;
	char figure[64];

	/*
	 * Warm up: the io-page-table's own pages stay once they are there, slabs
	 * fill, and this program's code is touched.
	 */
	map_all(space, buffer, n);
	unmap_all(space, n);

	idle = idle_ns();
	for (round = 0; round < rounds; round++) {
		mapping += map_all(space, buffer, n);
		unmapping += unmap_all(space, n);
	}
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");

	snprintf(figure, sizeof(figure), "%s map 4 KiB", space->name);
	report(figure, n, (uint64_t)rounds * n, mapping);
	snprintf(figure, sizeof(figure), "%s unmap 4 KiB", space->name);
	report(figure, n, (uint64_t)rounds * n, unmapping);
}

int main(int argc, char **argv)
{
	const struct space *space = &iommufd_space;
	char *buffer;
	int i;

	if (argc < 4)
		fail("usage", "bench-map iommufd|type1 BDF N...");
	if (!strcmp(argv[1], type1_space.name))
		space = &type1_space;
	else if (strcmp(argv[1], iommufd_space.name))
		fail(argv[1], "no such kind of IOVA space");
	buffer = buffer_alloc(CALLS);
	space->open(argv[2]);
	for (i = 3; i < argc; i++) {
		unsigned int n = strtoul(argv[i], NULL, 10);

		if (!n || n > CALLS || CALLS % n)
			fail(argv[i], "n must divide 10000");
		measure(space, buffer, n);
	}
	return 0;
}
