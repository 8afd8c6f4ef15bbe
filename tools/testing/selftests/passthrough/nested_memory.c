// SPDX-License-Identifier: GPL-2.0
/*
 * Two users behind one SMMU: one creates more and more objects in a control group whose
 * memory is limited. At the limit the OOM killer kills it, which frees all its objects,
 * or, if it is exempt, calls fail with ENOMEM. The other user's device works throughout,
 * and the memory is freed.
 *
 * The kernel reports that with a stack trace, which testbed/machine/splat.py accepts
 * between the two calls of cgroup_expect_oom().
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "nested_greed.h"
#include "nested_kinds.h"

#define GROUP "limited"
#define LIMIT 0x400000L
/* More than fit into LIMIT, even of the smallest object */
#define MAX_CALLS 200000
/* Pages in per-CPU caches, and memory that is freed with a delay */
#define REST (LIMIT / 4)
#define EVENTS 4096

struct hunger {
	int (*make)(struct guest *g, unsigned int n);
	bool spared; /* by the OOM killer */
};

/* Each on a new vIOMMU, which has only one; the file stays open */
static int make_event_queue(struct guest *g, unsigned int n)
{
	__u32 viommu, id;
	int ret, events;

	ret = viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent, &viommu);
	return ret ? ret :
		     veventq_alloc(g->iommufd, viommu, EVENTS, &id, &events);
}

FIXTURE(memory)
{
	struct greed greed;
};

FIXTURE_VARIANT(memory)
{
	struct kind kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(memory, of_mappings)
{
	.kind = { .make = map_far_apart, .least = 4096 },
};

FIXTURE_VARIANT_ADD(memory, of_ioas_with_places)
{
	.kind = { .make = make_ioas_with_places, .least = 4096 },
};

FIXTURE_VARIANT_ADD(memory, of_nest_parents)
{
	.kind = { .make = make_parent, .least = 28 << 10 },
};

FIXTURE_VARIANT_ADD(memory, of_nest_parents_without_mappings)
{
	.kind = { .make = make_small_parent, .least = 4096 },
};

FIXTURE_VARIANT_ADD(memory, of_viommus)
{
	.kind = { .make = make_viommu, .least = 256 },
};

FIXTURE_VARIANT_ADD(memory, of_page_tables)
{
	.kind = { .make = make_page_table, .least = 128 },
};

FIXTURE_VARIANT_ADD(memory, of_event_queues)
{
	.kind = { .make = make_event_queue, .least = EVENTS * 32 },
};

/* clang-format on */

FIXTURE_SETUP(memory)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, cgroup_make(GROUP, LIMIT));
}

FIXTURE_TEARDOWN(memory)
{
	greed_close(&self->greed);
}

/* Lock its own pages, too: there is no memory left to fault them in */
static int spare_this(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	int ret = fd >= 0 && write(fd, "-1000", 5) == 5 ? 0 : -errno;

	close(fd);
	return ret ? ret : mlockall(MCL_CURRENT);
}

/* The device works although the group has no memory left */
static int use_device(struct guest *g)
{
	struct mapping page = page_at(g, data_va(0), data_ipa(0));

	journal_route(&g->edu[0].dev, page.iova, "3", NULL);
	fflush(stdout);
	return exercise_page(&g->edu[0], &page);
}

static struct taken take_memory(struct guest *g, const void *context)
{
	const struct hunger *hunger = context;
	int door = cgroup_open_procs("");
	struct taken taken = {};

	if (hunger->spared)
		taken.ret = spare_this();
	if (!taken.ret)
		taken.ret = cgroup_enter(GROUP);
	while (!taken.ret && taken.count < MAX_CALLS) {
		taken.ret = hunger->make(g, taken.count);
		taken.count += !taken.ret;
	}
	/* Leave the group, which is still charged for what was allocated */
	if (write(door, "0", 1) != 1 || use_device(g))
		taken.ret = -EPROTO;
	return taken;
}

/* Return: the charge of the group, after memory was freed with a delay */
static long rest_of_charge(void)
{
	long charged = cgroup_charged(GROUP);
	unsigned int n;

	for (n = 0; charged > REST && n < 200; n++) {
		usleep(100000);
		charged = cgroup_charged(GROUP);
	}
	return charged;
}

TEST_F(memory, over_the_limit_ends_by_the_oom_killer)
{
	const struct hunger hunger = { variant->kind.make, false };
	struct greed *greed = &self->greed;
	long before = cgroup_oom_kills(GROUP);
	struct taken taken;
	int status;

	greed_open(_metadata, greed, take_memory, &hunger);
	cgroup_expect_oom(true);
	taken = work_meanwhile(_metadata, greed);
	ASSERT_EQ(greed->greedy, waitpid(greed->greedy, &status, 0));
	cgroup_expect_oom(false);
	EXPECT_EQ(0, taken.ret);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(before + 1, cgroup_oom_kills(GROUP));

	expect_no_event(_metadata, &greed->other);
	expect_works(_metadata, &greed->other);
	EXPECT_GT(REST, rest_of_charge());
}

TEST_F(memory, over_the_limit_is_enomem_for_a_spared_user)
{
	const struct hunger hunger = { variant->kind.make, true };
	struct greed *greed = &self->greed;
	struct taken taken;

	greed_open(_metadata, greed, take_memory, &hunger);
	cgroup_expect_oom(true);
	taken = work_meanwhile(_metadata, greed);
	cgroup_expect_oom(false);
	EXPECT_EQ(-ENOMEM, taken.ret);
	EXPECT_LT(0, taken.count);
	EXPECT_GE(LIMIT / variant->kind.least, (long)taken.count);
	EXPECT_LT(LIMIT / 2, cgroup_charged(GROUP));

	expect_no_event(_metadata, &greed->other);
	expect_works(_metadata, &greed->other);
	kill_greedy(_metadata, greed);
	expect_works(_metadata, &greed->other);
	EXPECT_GT(REST, rest_of_charge());
}

TEST_HARNESS_MAIN
