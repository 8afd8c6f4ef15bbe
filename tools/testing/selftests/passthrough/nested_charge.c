// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever a user can create in any number is charged to its control group: otherwise it
 * could use up the memory of the machine, whatever its limit. The test compares the
 * charge with the decrease of free memory.
 */
#include <limits.h>

#include "nested_kinds.h"

#define GROUP "charged"
/* Pages in per-CPU caches, on either side of the comparison */
#define SLACK 0x180000L
#define ROUNDS 4

/* Of the largest depth */
static int make_event_queue(struct guest *g, unsigned int n)
{
	/* A vIOMMU has only one */
	if (g->events >= 0) {
		close(g->events);
		iommufd_destroy(g->iommufd, g->veventq);
	}
	return veventq_alloc(g->iommufd, g->viommu, 1 << 19, &g->veventq,
			     &g->events);
}

FIXTURE(charge)
{
	struct guest g;
};

FIXTURE_VARIANT(charge)
{
	struct kind kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(charge, mappings)
{
	.kind = { map_far_apart, 2000, 4096 },
};

FIXTURE_VARIANT_ADD(charge, ioas_with_places)
{
	.kind = { make_ioas_with_places, 1000, 4096 },
};

FIXTURE_VARIANT_ADD(charge, nest_parents)
{
	/* The first level takes several pages */
	.kind = { make_parent, 1000, 28 << 10 },
};

FIXTURE_VARIANT_ADD(charge, viommus)
{
	.kind = { make_viommu, 10000, 256 },
};

FIXTURE_VARIANT_ADD(charge, page_tables)
{
	.kind = { make_page_table, 40000, 128 },
};

FIXTURE_VARIANT_ADD(charge, queue_of_events)
{
	.kind = { make_event_queue, 1, 16 << 20 },
};

/* clang-format on */

FIXTURE_SETUP(charge)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open(_metadata, g);
	guest_add_device(_metadata, g, 0, 0);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, g->parent));
	ASSERT_EQ(0, cgroup_make(GROUP, 0));
	ASSERT_EQ(0, cgroup_enter(GROUP));
}

FIXTURE_TEARDOWN(charge)
{
	cgroup_leave();
	guest_close(&self->g);
}

/* Free memory in bytes */
static long free_memory(void)
{
	long kib = -1;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

/* Make some more. Return: bytes charged. @taken: decrease of free memory, in bytes. */
static long make_some(struct __test_metadata *_metadata, struct guest *g,
		      const struct kind *kind, unsigned int first, long *taken)
{
	long charged = cgroup_charged(GROUP);
	unsigned int n;

	EXPECT_LE(0, charged);
	*taken = free_memory();
	for (n = 0; n < kind->count; n++)
		ASSERT_EQ(0, kind->make(g, first + n));
	charged = cgroup_charged(GROUP) - charged;
	*taken -= free_memory();
	printf("# measured count=%u charged=%ld taken=%ld\n", kind->count,
	       charged, *taken);
	return charged;
}

/* Other activity may take memory as well, but not in every round */
TEST_F(charge, covers_all_memory_that_is_taken)
{
	const struct kind *kind = &variant->kind;
	long charged, taken, uncharged = LONG_MAX;
	unsigned int round;

	for (round = 0; round < ROUNDS && uncharged > SLACK; round++) {
		charged = make_some(_metadata, &self->g, kind,
				    round * kind->count, &taken);
		if (!round)
			EXPECT_LE(kind->count * kind->least, charged + SLACK);
		uncharged = taken - charged - charged / 8;
	}
	EXPECT_GE(SLACK, uncharged);
}

TEST_HARNESS_MAIN
