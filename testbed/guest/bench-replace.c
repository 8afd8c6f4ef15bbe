// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of replacing a device's page table by that of another IOAS, each with n user
 * mappings and a doorbell: the call that a VMM makes when its guest changes the address
 * space of a device in use. bench/report.py says how it is counted.
 *
 *	bench-replace BDF OTHER_BDF ANOTHER_BDF
 *
 * The other two devices are attached to one page table each and keep the doorbell mapped
 * in both.
 */
#include <stdbool.h>

#include "bench-ioas.h"

#define CALLS 4
/* Single user pages, with holes between them */
#define FIRST_IOVA 0x400000000ULL
#define STEP 0x10000ULL

static const unsigned int sizes[] = { 100, 1000, 10000, 100000 };

struct side {
	struct device keeper; /* keeps the doorbell */
	__u32 ioas, hwpt;
};

struct bench {
	struct edu edu;
	struct side sides[2];
	int iommufd;
	bool places; /* the kernel reports doorbells */
	void *page;
};

static __u64 doorbell(const struct bench *bench, unsigned int i)
{
	__u64 iova;

	check(find_doorbell(bench->iommufd, bench->sides[i].ioas, &iova),
	      "asking for doorbells");
	return iova;
}

static void part_doorbells(struct bench *bench)
{
	__u64 iova = doorbell(bench, 1);

	move_doorbell(bench->iommufd, bench->sides[1].ioas, bench->page, &iova);
	if (doorbell(bench, 0) == iova)
		fail("the doorbells", "are at one place");
}

/* The device is attached to the first side on entry and on return */
static uint64_t replace_once(struct bench *bench)
{
	uint64_t start = counter_ns(), spent;
	int ret = device_attach(&bench->edu.dev, bench->sides[1].hwpt);

	spent = counter_ns() - start;
	check(ret, "replacing the page table");
	if (bench->edu.eventfd >= 0)
		check(edu_handshake(&bench->edu, 1), "the interrupt");
	check(device_attach(&bench->edu.dev, bench->sides[0].hwpt),
	      "replacing it back");
	return spent;
}

/* @apart: give the doorbells different IOVAs before each call */
static uint64_t count_replace(struct bench *bench, bool apart)
{
	uint64_t least = UINT64_MAX, spent;
	unsigned int i;

	for (i = 0; i <= CALLS; i++) {
		if (apart)
			part_doorbells(bench);
		spent = replace_once(bench);
		if (i && spent < least)
			least = spent;
	}
	return least;
}

static void count_with_vector(struct bench *bench, unsigned int n)
{
	check(edu_enable_interrupt(&bench->edu), "enabling the vector");
	if (doorbell(bench, 0) != doorbell(bench, 1))
		fail("the doorbells", "should be at one place");
	report("replace, vector on", n, 1, count_replace(bench, false));
	report("replace, doorbells apart", n, 1, count_replace(bench, true));
	check(edu_disable_interrupt(&bench->edu), "disabling the vector");
}

static void map_pages(struct bench *bench, unsigned int from, unsigned int n)
{
	unsigned int i, side;

	for (side = 0; side < 2; side++)
		for (i = from; i < n; i++)
			check(ioas_map(bench->iommufd, bench->sides[side].ioas,
				       bench->page, PAGE,
				       FIRST_IOVA + i * STEP),
			      "mapping a page");
}

static void count_sizes(struct bench *bench)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		map_pages(bench, n, sizes[i]);
		n = sizes[i];
		report("replace", n, 1, count_replace(bench, false));
		if (bench->places)
			count_with_vector(bench, n);
	}
}

static void make_side(struct bench *bench, struct side *side)
{
	check(ioas_alloc(bench->iommufd, &side->ioas), "allocating an IOAS");
	check(hwpt_alloc(bench->iommufd, bench->edu.dev.id, side->ioas,
			 &side->hwpt),
	      "allocating a page table");
	check(device_attach(&side->keeper, side->hwpt),
	      "attaching another device");
}

static void measure(struct bench *bench)
{
	__u64 iova;

	bench->places =
		!find_doorbell(bench->iommufd, bench->sides[0].ioas, &iova);
	check(device_attach(&bench->edu.dev, bench->sides[0].hwpt),
	      "attaching the device");
	count_sizes(bench);
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	unsigned int i;

	if (argc != 4)
		fail("usage", "bench-replace BDF OTHER_BDF ANOTHER_BDF");
	bench.page = locked_pages(1);
	bench.iommufd = open_iommufd();
	check(edu_open(&bench.edu, argv[1], bench.iommufd),
	      "opening the device");
	for (i = 0; i < 2; i++) {
		check(device_open(&bench.sides[i].keeper, argv[i + 2],
				  bench.iommufd),
		      "opening another device");
		make_side(&bench, &bench.sides[i]);
	}
	measure(&bench);
	return 0;
}
