// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of relocating a doorbell that n vectors use; bench/report.py says how it is
 * counted.
 *
 *	bench-move BDF...
 *
 * The devices are igb functions in one IOAS; the vectors of the first are enabled first.
 * The doorbell alternates between two IOVAs, since the page over it is unmapped again.
 */
#include "bench-ioas.h"

/* Even, for as many relocations in each direction */
#define CALLS 100
#define MAX_DEVICES 4

static const unsigned int numbers[] = { 1, 2, 5, 10, 15, 20, 30, 40 };

struct bench {
	struct igb devices[MAX_DEVICES];
	unsigned int count;
	int iommufd;
	__u32 ioas;
	void *page;
};

static uint64_t count_moves(const struct bench *bench, unsigned int calls)
{
	uint64_t total = 0;
	__u64 iova = 0;

	find_doorbell(bench->iommufd, bench->ioas, &iova);
	while (calls--)
		total += move_doorbell(bench->iommufd, bench->ioas, bench->page,
				       &iova);
	return total;
}

static uint64_t count_settled_moves(const struct bench *bench)
{
	uint64_t idle, total;

	count_moves(bench, 2);
	idle = idle_ns();
	total = count_moves(bench, CALLS);
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");
	return total;
}

/* Enable @vectors in total, those of the first devices first */
static void enable_vectors(struct bench *bench, unsigned int vectors)
{
	unsigned int i, part;

	for (i = 0; i < bench->count; i++) {
		struct igb *igb = &bench->devices[i];

		part = vectors < IGB_VECTORS ? vectors : IGB_VECTORS;
		vectors -= part;
		if (igb->vectors == part)
			continue;
		if (igb->vectors)
			check(igb_disable_interrupts(igb),
			      "turning vectors off");
		if (part)
			check(igb_enable_interrupts(igb, part),
			      "turning vectors on");
	}
}

/* Check that interrupts still arrive after all these relocations */
static void check_interrupts(struct bench *bench)
{
	unsigned int i, vector;

	for (i = 0; i < bench->count; i++)
		for (vector = 0; vector < bench->devices[i].vectors; vector++)
			check(igb_handshake(&bench->devices[i], vector),
			      "an interrupt");
}

static void measure(struct bench *bench)
{
	uint64_t first = 0, total = 0;
	unsigned int i, n = 0;

	report("map over a reserved doorbell", NO_N, CALLS,
	       count_settled_moves(bench));
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] > bench->count * IGB_VECTORS)
			break;
		n = numbers[i];
		enable_vectors(bench, n);
		total = count_settled_moves(bench);
		check_interrupts(bench);
		report("map over a doorbell in use", n, CALLS, total);
		if (n == numbers[0])
			first = total;
		if (n == IGB_VECTORS)
			report("  each further vector", NO_N,
			       CALLS * (n - numbers[0]), total - first);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = { .count = argc - 1 };
	unsigned int i;
	__u64 iova;

	if (argc < 2 || argc > MAX_DEVICES + 1)
		fail("usage", "bench-move BDF...");
	bench.page = locked_pages(1);
	bench.iommufd = open_iommufd();
	check(ioas_alloc(bench.iommufd, &bench.ioas), "allocating an IOAS");
	for (i = 0; i < bench.count; i++) {
		check(igb_open(&bench.devices[i], argv[i + 1], bench.iommufd),
		      "opening a device");
		check(device_attach(&bench.devices[i].dev, bench.ioas),
		      "attaching a device");
	}
	if (!find_doorbell(bench.iommufd, bench.ioas, &iova))
		measure(&bench);
	return 0;
}
