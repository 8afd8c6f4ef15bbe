/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two users behind one SMMU with a guest each, in separate processes: the greedy one takes
 * as much of a resource as it gets, while the other's device keeps working.
 */
#ifndef SELFTESTS_VFIO_NESTED_GREED_H
#define SELFTESTS_VFIO_NESTED_GREED_H

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "nested_setup.h"

struct taken {
	int ret; /* what the last call returned */
	unsigned int count; /* of earlier calls, which succeeded */
};

/* Run by the greedy user, with a guest like the other's */
typedef struct taken (*take_t)(struct guest *g, const void *context);

struct greed {
	struct guest other;
	pid_t greedy;
	int taken, begin; /* pipe ends, for struct taken and for one byte */
};

/* The greedy user keeps what it has until a signal ends it */
static inline void be_greedy(struct __test_metadata *_metadata, take_t take,
			     const void *context, int begin, int done)
{
	struct taken taken = {};
	struct guest g;
	char word;

	guest_open_bystander(_metadata, &g, 0);
	if (write(done, &taken, sizeof(taken)) != sizeof(taken) ||
	    read(begin, &word, 1) != 1)
		return;
	taken = take(&g, context);
	if (write(done, &taken, sizeof(taken)) == sizeof(taken))
		for (;;)
			pause();
}

static inline void greed_open(struct __test_metadata *_metadata,
			      struct greed *greed, take_t take,
			      const void *context)
{
	int begin[2], done[2];
	struct taken none;

	ASSERT_EQ(0, pipe(begin));
	ASSERT_EQ(0, pipe(done));
	fflush(stdout);
	greed->greedy = fork();
	ASSERT_LE(0, greed->greedy);
	if (!greed->greedy) {
		close(begin[1]);
		close(done[0]);
		be_greedy(_metadata, take, context, begin[0], done[1]);
		_exit(1);
	}
	close(begin[0]);
	close(done[1]);
	greed->begin = begin[1];
	greed->taken = done[0];
	ASSERT_EQ(sizeof(none), read(greed->taken, &none, sizeof(none)));
	guest_open_bystander(_metadata, &greed->other, 1);
	guest_map(_metadata, &greed->other, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	ASSERT_EQ(0, edu_enable_interrupt(&greed->other.edu[0]));
}

static inline void greed_close(struct greed *greed)
{
	guest_close(&greed->other);
	close(greed->taken);
	close(greed->begin);
}

/* DMA to the guest's data and interrupts, both through its stage 1 */
static inline void expect_works(struct __test_metadata *_metadata,
				struct guest *g)
{
	journal_route(&g->edu[0].dev, MSI_WINDOW_IOVA, "3", NULL);
	EXPECT_EQ(INTERRUPTS, edu_interrupts(&g->edu[0], INTERRUPTS));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

/*
 * Use the other's device until the greedy user has all that it gets, or has ended.
 * Return: what it got; zero if it has ended.
 */
static inline struct taken work_meanwhile(struct __test_metadata *_metadata,
					  struct greed *greed)
{
	struct pollfd ready = { .fd = greed->taken, .events = POLLIN };
	struct taken taken = {};
	unsigned int rounds = 0;

	EXPECT_EQ(1, write(greed->begin, "", 1));
	do {
		expect_works(_metadata, &greed->other);
		rounds++;
	} while (!poll(&ready, 1, 0));
	if (read(greed->taken, &taken, sizeof(taken)) != sizeof(taken))
		taken = (struct taken){};
	printf("# taken=%u ret=%d rounds of the other user=%u\n", taken.count,
	       taken.ret, rounds);
	return taken;
}

/* Return: the wait status of the greedy user, as of waitpid() */
static inline int kill_greedy(struct __test_metadata *_metadata,
			      struct greed *greed)
{
	int status = 0;

	EXPECT_EQ(0, kill(greed->greedy, SIGKILL));
	EXPECT_EQ(greed->greedy, waitpid(greed->greedy, &status, 0));
	return status;
}

#endif
