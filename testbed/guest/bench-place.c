// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of finding an IOVA for a doorbell when a device is attached to an IOAS with n
 * user mappings, and of enabling a vector then; bench/report.py says how it is counted.
 *
 *	bench-place BDF OTHER_BDF
 *
 * The device is attached to a page table that already has the mappings, so nothing else
 * in the call scales with them. The cost of placement is the difference to an attach for
 * which the other device has mapped the doorbell already.
 *
 * The mappings are n single pages, either far above 4 GiB with holes of several sizes
 * between them, or packed from the top of the aperture downward. Besides them, nothing is
 * mapped, and the first candidate is free; or a page is mapped at each candidate up to
 * 4 GiB, and the last series is tried as well; or at every candidate, and every hole is
 * examined.
 */
#include <stdbool.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include <linux/vfio.h>

#include "bench-ioas.h"

#define CALLS 4
#define WINDOW_CANDIDATES (MSI_WINDOW_LENGTH / PAGE)
#define LOW_CANDIDATES 63
#define HIGH_CANDIDATES 52

/* Scattered pages: one in each 64 KiB from here on, in shuffled order */
#define SCATTER_FIRST 0x400000000ULL
#define SCATTER_STEP 0x10000ULL
#define SCATTER_COUNT 0x20000ULL
/* Odd, so the SCATTER_COUNT products are distinct */
#define SCATTER_FACTOR 40503ULL

static const unsigned int sizes[] = { 100, 1000, 10000, 100000 };

struct bench {
	struct device dev, other;
	int iommufd;
	__u32 ioas, hwpt;
	__u64 last; /* of the aperture */
	void *buffer; /* of one page */
	/* IOVAs of the pages that occupy candidates */
	__u64 candidates[WINDOW_CANDIDATES + LOW_CANDIDATES + HIGH_CANDIDATES];
	unsigned int count;
};

struct arrangement {
	const char *name;
	__u64 (*iova)(const struct bench *bench, unsigned int i);
};

/* User mappings */

static __u64 scattered_iova(const struct bench *bench, unsigned int i)
{
	__u64 slot = i * SCATTER_FACTOR % SCATTER_COUNT;

	/* Somewhere in its 64 KiB: holes differ in size */
	return SCATTER_FIRST + slot * SCATTER_STEP + slot % 16 * PAGE;
}

static __u64 packed_iova(const struct bench *bench, unsigned int i)
{
	return bench->last + 1 - (i + 1) * PAGE;
}

static const struct arrangement arrangements[] = {
	{ "scattered", scattered_iova },
	{ "packed", packed_iova },
};

/* Candidates: see drivers/iommu/msi/placement.c */

/* A candidate that a user mapping covers needs no page */
static void map_candidate(struct bench *bench, __u64 iova)
{
	int ret = ioas_map(bench->iommufd, bench->ioas, bench->buffer, PAGE,
			   iova);

	if (ret == -EEXIST)
		return;
	check(ret, "mapping a candidate");
	bench->candidates[bench->count++] = iova;
}

static void map_window(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < WINDOW_CANDIDATES; i++)
		map_candidate(bench, MSI_WINDOW_IOVA + i * PAGE);
}

static void map_low(struct bench *bench)
{
	unsigned int k;

	for (k = 1; k <= LOW_CANDIDATES; k++)
		map_candidate(bench, msi_low_place(k));
}

/* The pages at top - 1, 2, 4, 8 pages and so on */
static void map_high(struct bench *bench)
{
	__u64 top = bench->last + 1 - PAGE, distance;

	for (distance = PAGE; distance < top; distance <<= 1)
		map_candidate(bench, top - distance);
}

static void unmap_candidates(struct bench *bench)
{
	while (bench->count)
		check(ioas_unmap(bench->iommufd, bench->ioas,
				 bench->candidates[--bench->count], PAGE),
		      "unmapping a candidate");
}

/* Counting */

/* The minimum cost of an attach, of CALLS ones after one to warm up */
static uint64_t count_attach(struct bench *bench)
{
	uint64_t least = UINT64_MAX, idle = idle_ns();
	unsigned int i;

	for (i = 0; i <= CALLS; i++) {
		uint64_t start = counter_ns(), spent;
		int ret = device_attach(&bench->dev, bench->hwpt);

		spent = counter_ns() - start;
		check(ret, "attaching the device");
		check(device_detach(&bench->dev), "detaching the device");
		if (i && spent < least)
			least = spent;
	}
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");
	return least;
}

static uint64_t count_attach_placed(struct bench *bench)
{
	uint64_t count;

	check(device_attach(&bench->other, bench->hwpt),
	      "attaching the other device");
	count = count_attach(bench);
	check(device_detach(&bench->other), "detaching the other device");
	return count;
}

/* The cost of enabling the vector once; disabling it may wait */
static uint64_t enable_vector(struct bench *bench, int eventfd)
{
	uint64_t idle = idle_ns(), start = counter_ns(), spent;
	int ret = device_enable_vectors(&bench->dev, VFIO_PCI_MSI_IRQ_INDEX,
					&eventfd, 1);

	spent = counter_ns() - start;
	check(ret, "enabling a vector");
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");
	check(device_disable_vectors(&bench->dev, VFIO_PCI_MSI_IRQ_INDEX),
	      "disabling the vector");
	return spent;
}

/* The minimum of CALLS calls, after one to warm up */
static uint64_t count_vector(struct bench *bench)
{
	uint64_t least = UINT64_MAX, spent;
	int fd = eventfd(0, EFD_NONBLOCK);
	unsigned int i;

	if (fd < 0)
		fail("eventfd", strerror(errno));
	check(device_attach(&bench->dev, bench->hwpt), "attaching the device");
	for (i = 0; i <= CALLS; i++) {
		spent = enable_vector(bench, fd);
		if (i && spent < least)
			least = spent;
	}
	check(device_detach(&bench->dev), "detaching the device");
	close(fd);
	return least;
}

/* How placement finds an IOVA */
enum path {
	FIRST_CANDIDATE,
	LAST_SERIES,
	EXHAUSTIVE,
};

static const char *const path_names[] = {
	[FIRST_CANDIDATE] = ", first candidate",
	[LAST_SERIES] = ", last series",
	[EXHAUSTIVE] = ", exhaustive",
};

static enum path path_to(const struct bench *bench, __u64 iova)
{
	__u64 distance = bench->last + 1 - PAGE - iova;

	if (iova == MSI_WINDOW_IOVA)
		return FIRST_CANDIDATE;
	if (iova > UINT32_MAX && distance && !(distance & (distance - 1)))
		return LAST_SERIES;
	return EXHAUSTIVE;
}

/* Check that the counted path is the one that the figure names */
static void check_path(struct bench *bench, enum path path)
{
	struct doorbell_list list;

	check(device_attach(&bench->dev, bench->hwpt), "attaching the device");
	check(msi_doorbells(bench->iommufd, bench->ioas, &list),
	      "asking for doorbells");
	check(device_detach(&bench->dev), "detaching the device");
	if (list.count != 1 || path_to(bench, list.at[0].iova) != path)
		fail("the doorbell", "is not where it should be");
}

static void report_figure(const char *what, const struct arrangement *mappings,
			  const char *beside, unsigned int n, uint64_t count)
{
	char figure[96];

	snprintf(figure, sizeof(figure), "%s, %s%s", what, mappings->name,
		 beside);
	report(figure, n, 1, count);
}

/* A kernel that reserves the legacy window does not place doorbells */
static bool kernel_places(const struct bench *bench)
{
	struct doorbell_list list;
	int ret = msi_doorbells(bench->iommufd, bench->ioas, &list);

	if (ret == -ENOTTY)
		return false;
	check(ret, "asking for doorbells");
	return true;
}

/* @placed: the cost of an attach without placement */
static void count_place(struct bench *bench, const struct arrangement *mappings,
			unsigned int n, enum path path, uint64_t placed)
{
	uint64_t attach = count_attach(bench);

	check_path(bench, path);
	report_figure("place", mappings, path_names[path], n, attach - placed);
}

static void count_placement(struct bench *bench,
			    const struct arrangement *mappings, unsigned int n)
{
	uint64_t placed = count_attach_placed(bench);

	report_figure("attach", mappings, "", n, count_attach(bench));
	report_figure("vector enabled", mappings, "", n, count_vector(bench));
	if (!kernel_places(bench))
		return;
	count_place(bench, mappings, n, FIRST_CANDIDATE, placed);
	map_window(bench);
	map_low(bench);
	count_place(bench, mappings, n, LAST_SERIES, placed);
	map_high(bench);
	count_place(bench, mappings, n, EXHAUSTIVE, placed);
	unmap_candidates(bench);
}

static void find_aperture(struct bench *bench)
{
	struct range_list ranges;

	check(ioas_ranges(bench->iommufd, bench->ioas, &ranges),
	      "asking for IOVA ranges");
	bench->last = ranges.at[ranges.count - 1].last;
}

static void measure(struct bench *bench, const struct arrangement *mappings)
{
	unsigned int i, n = 0;

	check(ioas_alloc(bench->iommufd, &bench->ioas), "allocating an IOAS");
	check(hwpt_alloc(bench->iommufd, bench->dev.id, bench->ioas,
			 &bench->hwpt),
	      "allocating a page table");
	find_aperture(bench);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (; n < sizes[i]; n++)
			check(ioas_map(bench->iommufd, bench->ioas,
				       bench->buffer, PAGE,
				       mappings->iova(bench, n)),
			      "mapping a page");
		count_placement(bench, mappings, n);
	}
	check(ioas_unmap_all(bench->iommufd, bench->ioas), "unmapping");
	check(iommufd_destroy(bench->iommufd, bench->hwpt),
	      "freeing the page table");
	check(iommufd_destroy(bench->iommufd, bench->ioas), "freeing the IOAS");
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	unsigned int i;

	if (argc != 3)
		fail("usage", "bench-place BDF OTHER_BDF");
	bench.buffer = locked_pages(1);
	bench.iommufd = open_iommufd();
	check(device_open(&bench.dev, argv[1], bench.iommufd),
	      "opening the device");
	check(device_open(&bench.other, argv[2], bench.iommufd),
	      "opening the other device");
	for (i = 0; i < sizeof(arrangements) / sizeof(arrangements[0]); i++)
		measure(&bench, &arrangements[i]);
	return 0;
}
