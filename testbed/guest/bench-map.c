// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of mapping and unmapping a page in an IOVA space with a device attached, with
 * up to n mappings in it; bench/report.py says how it is counted.
 *
 *	bench-map iommufd|type1 BDF SIZE N...
 *
 * SIZE is 4K, 2M or 1G. Larger mappings than 4 KiB share one hugetlbfs page. Rounds are
 * repeated until each n has the same number of calls, so timer ticks have the same weight
 * in each figure.
 */
#include <linux/mman.h>

#include "bench-ioas.h"

/* Far from the legacy MSI window and from the IOVAs of relocated doorbells */
#define FIRST_IOVA 0x200000000ULL

/* A kind of IOVA space */
struct space {
	const char *name;
	/* Create an empty one and attach the PCI device @bdf; exits on failure */
	void (*open)(const char *bdf);
	/* One mapping, readable and writable by the device */
	int (*map)(void *va, __u64 iova, __u64 length);
	int (*unmap)(__u64 iova, __u64 length);
};

struct page_size {
	const char *option;
	const char *name;
	__u64 bytes;
	int huge; /* mmap() flags for the shared page, 0 if each mapping has its own */
	unsigned int calls; /* minimum number counted */
};

static const struct page_size page_sizes[] = {
	{ "4K", "4 KiB", PAGE, 0, 10000 },
	{ "2M", "2 MiB", 1ULL << 21, MAP_HUGETLB | MAP_HUGE_2MB, 1000 },
	{ "1G", "1 GiB", 1ULL << 30, MAP_HUGETLB | MAP_HUGE_1GB, 8 },
};

struct bench {
	const struct space *space;
	const struct page_size *size;
	char *buffer;
	size_t stride; /* between the memory of adjacent mappings */
};

static struct device device;
static struct container container;
static __u32 ioas;

static void iommufd_space_open(const char *bdf)
{
	int fd = open_iommufd();

	check(ioas_alloc(fd, &ioas), "allocating an IOAS");
	check(device_open(&device, bdf, fd), "opening the device");
	check(device_attach(&device, ioas), "attaching the device");
}

static int iommufd_space_map(void *va, __u64 iova, __u64 length)
{
	return ioas_map(device.iommufd, ioas, va, length, iova);
}

static int iommufd_space_unmap(__u64 iova, __u64 length)
{
	return ioas_unmap(device.iommufd, ioas, iova, length);
}

static void type1_space_open(const char *bdf)
{
	int group;

	check(container_open(&container), "opening a container");
	group = container_add_group(&container, bdf);
	check(group < 0 ? group : 0, "adding the device's group");
	check(device_open_group(&device, bdf, &container, group),
	      "opening the device");
}

static int type1_space_map(void *va, __u64 iova, __u64 length)
{
	return container_map(&container, va, length, iova);
}

static int type1_space_unmap(__u64 iova, __u64 length)
{
	return container_unmap(&container, iova, length);
}

static const struct space spaces[] = {
	{ "iommufd", iommufd_space_open, iommufd_space_map,
	  iommufd_space_unmap },
	{ "type1", type1_space_open, type1_space_map, type1_space_unmap },
};

/* Resident memory for @n pages: no counted call takes a page fault */
static void buffer_alloc(struct bench *bench, unsigned int n)
{
	size_t length = bench->size->bytes * (bench->size->huge ? 1 : n);

	bench->stride = bench->size->huge ? 0 : bench->size->bytes;
	bench->buffer = mmap(NULL, length, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | bench->size->huge,
			     -1, 0);
	if (bench->buffer == MAP_FAILED)
		fail("the buffer", "cannot be allocated");
	memset(bench->buffer, 0x5a, bench->size->huge ? 1 : length);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("the program", "cannot be locked into memory");
}

static uint64_t map_all(const struct bench *bench, unsigned int n)
{
	__u64 length = bench->size->bytes;
	uint64_t start = counter_ns();
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = bench->space->map(bench->buffer + i * bench->stride,
					FIRST_IOVA + i * length, length);
		if (ret)
			fail("map", strerror(-ret));
	}
	return counter_ns() - start;
}

static uint64_t unmap_all(const struct bench *bench, unsigned int n)
{
	__u64 length = bench->size->bytes;
	uint64_t start = counter_ns();
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		ret = bench->space->unmap(FIRST_IOVA + i * length, length);
		if (ret)
			fail("unmap", strerror(-ret));
	}
	return counter_ns() - start;
}

static void report_calls(const struct bench *bench, const char *call,
			 unsigned int n, unsigned int rounds, uint64_t total)
{
	char figure[64];

	snprintf(figure, sizeof(figure), "%s %s %s", bench->space->name, call,
		 bench->size->name);
	report(figure, n, (uint64_t)rounds * n, total);
}

static void measure(const struct bench *bench, unsigned int n)
{
	uint64_t mapping = 0, unmapping = 0, idle;
	unsigned int calls = bench->size->calls;
	unsigned int round, rounds = n < calls ? calls / n : 1;

	/*
	 * Warm up: the io-page-table's own pages stay once allocated, slabs are
	 * filled, and this program's code is faulted in.
	 */
	map_all(bench, n);
	unmap_all(bench, n);

	idle = idle_ns();
	for (round = 0; round < rounds; round++) {
		mapping += map_all(bench, n);
		unmapping += unmap_all(bench, n);
	}
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");

	report_calls(bench, "map", n, rounds, mapping);
	report_calls(bench, "unmap", n, rounds, unmapping);
}

static const struct space *find_space(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (!strcmp(name, spaces[i].name))
			return &spaces[i];
	fail(name, "no such kind of IOVA space");
	return NULL;
}

static const struct page_size *find_size(const char *option)
{
	unsigned int i;

	for (i = 0; i < sizeof(page_sizes) / sizeof(page_sizes[0]); i++)
		if (!strcmp(option, page_sizes[i].option))
			return &page_sizes[i];
	fail(option, "no size of pages");
	return NULL;
}

/* Read a number of pages. Only whole rounds of it are counted. */
static unsigned int read_n(const struct page_size *size, const char *text)
{
	unsigned int n = strtoul(text, NULL, 10);

	if (!n || (size->calls % n && n % size->calls))
		fail(text,
		     "n must divide the number of calls, or the other way round");
	return n;
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	unsigned int n, most = 0;
	int i;

	if (argc < 5)
		fail("usage", "bench-map iommufd|type1 BDF 4K|2M|1G N...");
	bench.space = find_space(argv[1]);
	bench.size = find_size(argv[3]);
	for (i = 4; i < argc; i++) {
		n = read_n(bench.size, argv[i]);
		most = n > most ? n : most;
	}
	buffer_alloc(&bench, most);
	bench.space->open(argv[2]);
	for (i = 4; i < argc; i++)
		measure(&bench, read_n(bench.size, argv[i]));
	return 0;
}
