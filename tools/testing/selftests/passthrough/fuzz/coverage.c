// SPDX-License-Identifier: GPL-2.0
/*
 * What code of the kernel the fuzzer's calls reach, on a kernel that says so (KCOV), and
 * which episodes are worth another try: one that reached something new is kept up to the
 * operation that did, and later ones begin like it and go on in their own way.
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
/* Of places that one operation passes; what is more is not recorded */
#define AREA_WORDS (1UL << 18)
#define KEPT_MAX 4096

/* The number of places, and each of them */
static __thread unsigned long *area;

static struct kept {
	enum mode mode;
	struct segment segments[SEGMENTS_MAX];
} kept[KEPT_MAX];
static unsigned int kept_count;

/* For the thread that calls this; without KCOV nothing is recorded */
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
		printf("# KCOV does not begin\n");
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

/* Return: how many places were reached for the first time since the last call */
unsigned int coverage_take(void)
{
	unsigned int found = 0;
	unsigned long i, count;

	if (!area)
		return 0;
	count = __atomic_load_n(&area[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count; i++)
		found += visit(area[i]);
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	__atomic_add_fetch(&record->covered, found, __ATOMIC_RELAXED);
	return found;
}

static unsigned int segment_count(const struct segment *segments)
{
	unsigned int i = 0;

	while (i < SEGMENTS_MAX && segments[i].end)
		i++;
	return i;
}

/* After an episode: what reached something is worth to be gone on from */
void coverage_keep(const struct plan *plan)
{
	unsigned int count = segment_count(plan->segments);
	struct kept *new = &kept[kept_count];

	if (plan->threads > 1 || !record->reached_by || count == SEGMENTS_MAX ||
	    kept_count == KEPT_MAX)
		return;
	*new = (struct kept){ .mode = plan->mode };
	for (unsigned int i = 0; i < count; i++)
		new->segments[i] = plan->segments[i];
	new->segments[count] =
		(struct segment){ plan->seed, record->reached_by };
	kept_count++;
}

/* Every other episode of one thread begins like another one of its mode */
void coverage_guide(struct plan *plan, struct rng *rng)
{
	const struct kept *one;

	if (plan->threads > 1 || !kept_count || rng_one_in(rng, 2))
		return;
	one = &kept[rng_below(rng, kept_count)];
	if (one->mode != plan->mode)
		return;
	for (unsigned int i = 0; i < SEGMENTS_MAX; i++)
		plan->segments[i] = one->segments[i];
}
