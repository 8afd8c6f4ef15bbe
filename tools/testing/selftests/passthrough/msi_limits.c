// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers chosen by a user do not determine how long a call takes, nor how much memory
 * the kernel keeps: windows without a hole for doorbells, or up to the last IOVA, and
 * indices that no doorbell will have. Each attach that might take long runs in a
 * process of its own, which a fatal signal must end.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "setup.h"

#define ALL IOMMU_MSI_INDEX_ALL
#define SZ_4G 0x100000000ULL
#define SZ_1T 0x10000000000ULL
/* In seconds of guest time: no call takes that long, even on a slow host */
#define LIMIT_SECONDS 15
/* Adjacent mappings: searching them takes some milliseconds */
#define AREAS 20000
#define KILLS 25
/* Indices, far enough apart that each would take a node of its own */
#define MANY 100000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void nap(long microseconds)
{
	const struct timespec time = { .tv_nsec = microseconds * 1000 };

	nanosleep(&time, NULL);
}

/* Return: whether the process ended in time; @status then says how */
static bool ends(pid_t child, int *status)
{
	double start = seconds();

	while (seconds() - start < LIMIT_SECONDS) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		nap(1000);
	}
	return false;
}

/*
 * Attach the device in a process of its own. Return: the result of the attach, -ETIME
 * if it took too long, or -EDEADLK if even a fatal signal did not end it.
 */
static int attach_in_time(struct setup *s)
{
	int status = 0;
	pid_t child;

	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		_exit(-device_attach(&s->edu.dev, s->ioas));
	if (ends(child, &status))
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
	kill(child, SIGKILL);
	return ends(child, &status) ? -ETIME : -EDEADLK;
}

static int place_in_window(struct setup *s, __u64 iova, __u64 length)
{
	return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_WINDOW, ALL,
			 iova, length);
}

static int place_anywhere(struct setup *s)
{
	return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_AUTO, ALL, 0,
			 0);
}

FIXTURE(limits)
{
	struct setup s;
	void *reserve; /* PROT_NONE, so it takes no memory */
};

FIXTURE_SETUP(limits)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_open(_metadata, &self->s);
	self->reserve = mmap(NULL, SZ_1T, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
	ASSERT_NE(MAP_FAILED, self->reserve);
}

FIXTURE_TEARDOWN(limits)
{
	munmap(self->reserve, SZ_1T);
	setup_close(&self->s);
}

static int map_reserve(FIXTURE_DATA(limits) * self, __u64 iova, __u64 length)
{
	return ioas_map(self->s.iommufd, self->s.ioas, self->reserve, length,
			iova);
}

/* The refusal left nothing behind: the device can have a doorbell elsewhere */
static void expect_attachable(struct __test_metadata *_metadata,
			      struct setup *s)
{
	struct doorbell_list list;

	ASSERT_EQ(0, msi_doorbells(s->iommufd, s->ioas, &list));
	EXPECT_EQ(0, list.count);
	ASSERT_EQ(0, ioas_unmap_all(s->iommufd, s->ioas));
	ASSERT_EQ(0, place_anywhere(s));
	setup_map(_metadata, s);
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(limits, window_without_a_hole_is_full_at_once)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, map_reserve(self, SZ_4G, SZ_1T));
	ASSERT_EQ(0, place_in_window(s, SZ_4G, SZ_1T));
	ASSERT_EQ(-ENOSPC, attach_in_time(s));
	expect_attachable(_metadata, s);
}

TEST_F(limits, window_with_its_only_hole_at_the_end_is_searched_at_once)
{
	struct setup *s = &self->s;

	/* The doorbell fits, but the memory cannot be pinned for the attach */
	ASSERT_EQ(0, map_reserve(self, SZ_4G, SZ_1T));
	ASSERT_EQ(0, place_in_window(s, SZ_4G, SZ_1T + PAGE));
	ASSERT_EQ(-EFAULT, attach_in_time(s));
	expect_attachable(_metadata, s);
}

TEST_F(limits, window_up_to_the_last_iova_beyond_all_reach_is_full)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, place_in_window(s, 1ULL << 60, -(1ULL << 60)));
	ASSERT_EQ(-ENOSPC, attach_in_time(s));
	ASSERT_EQ(0, place_in_window(s, -PAGE, PAGE));
	ASSERT_EQ(-ENOSPC, attach_in_time(s));
	expect_attachable(_metadata, s);
}

TEST_F(limits, window_up_to_the_last_iova_holds_a_doorbell)
{
	struct setup *s = &self->s;

	setup_map(_metadata, s);
	ASSERT_EQ(0, place_in_window(s, SZ_4G, -SZ_4G));
	ASSERT_EQ(0, attach_in_time(s));
	s->edu.dev.pt = s->ioas;
	EXPECT_EQ(SZ_4G, the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_F(limits, window_of_all_iovas_holds_a_doorbell)
{
	struct setup *s = &self->s;

	setup_map(_metadata, s);
	ASSERT_EQ(0, place_in_window(s, 0, -1ULL));
	ASSERT_EQ(0, attach_in_time(s));
	s->edu.dev.pt = s->ioas;
	EXPECT_NE(0, the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
}

static int place_index(struct setup *s, __u32 index)
{
	return msi_place(s->iommufd, s->ioas, IOMMU_MSI_PLACEMENT_FIXED, index,
			 SZ_4G + index * PAGE, 0);
}

TEST_F(limits, places_are_kept_for_few_doorbells)
{
	unsigned int placed = 0, refused = 0;
	struct setup *s = &self->s;
	__u32 index;

	for (index = 0; index < IOMMU_MSI_MAX_DOORBELLS; index++)
		placed += !place_index(s, index);
	EXPECT_EQ(IOMMU_MSI_MAX_DOORBELLS, placed);
	for (; index < MANY * 64; index += 64)
		refused += place_index(s, index) == -EINVAL;
	EXPECT_EQ(MANY - IOMMU_MSI_MAX_DOORBELLS / 64, refused);
	EXPECT_EQ(-EINVAL, place_index(s, 0x7ffffff0));
	EXPECT_EQ(-EINVAL, place_index(s, ALL - 1));
	expect_attachable(_metadata, s);
}

/* A process whose attach is refused again and again */
static pid_t start_attaching(struct setup *s)
{
	pid_t child = fork();

	while (!child)
		if (device_attach(&s->edu.dev, s->ioas) != -ENOSPC)
			_exit(1);
	return child;
}

TEST_F(limits, fatal_signal_amid_a_search_leaves_nothing_behind)
{
	struct setup *s = &self->s;
	unsigned int i, mapped = 0;
	pid_t child;
	int status;

	for (i = 0; i < AREAS; i++)
		mapped += !map_reserve(self, SZ_4G + i * PAGE, PAGE);
	ASSERT_EQ(AREAS, mapped);
	ASSERT_EQ(0, place_in_window(s, SZ_4G, AREAS * PAGE));
	for (i = 0; i < KILLS; i++) {
		child = start_attaching(s);
		ASSERT_LT(0, child);
		nap(20000 + i * 997);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_TRUE(ends(child, &status));
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_EQ(SIGKILL, WTERMSIG(status));
	}
	expect_attachable(_metadata, s);
}

TEST_HARNESS_MAIN
