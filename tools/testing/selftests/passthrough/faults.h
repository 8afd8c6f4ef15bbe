/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that are made to fail at each of their allocations and copies in turn, see
 * lib/faults.c, and what has to be as it was afterwards, see lib/account.c.
 */
#ifndef SELFTESTS_VFIO_FAULTS_H
#define SELFTESTS_VFIO_FAULTS_H

#include "setup.h"

/* More than any call makes */
#define MAX_FAILURES 2000

/* What the calls work on is each program's own */
struct calls;

/* A call, what comes before it, and what undoes it; all return 0 if they work */
struct call {
	int (*prepare)(struct calls *c);
	int (*run)(struct calls *c);
	int (*undo)(struct calls *c);
};

static inline int nothing(struct calls *c)
{
	return 0;
}

/* Tables that the call needs stay, and are there from now on */
static inline void call_once(struct __test_metadata *_metadata, struct calls *c,
			     const struct call *call)
{
	ASSERT_EQ(0, call->prepare(c));
	ASSERT_EQ(0, call->run(c));
	ASSERT_EQ(0, call->undo(c));
}

/*
 * The @nth allocation or copy of the call fails; @iommufd is whose objects are counted,
 * or -1. Return: whether there were so many, in @rc what the call returned.
 */
static inline bool call_failing(struct __test_metadata *_metadata,
				struct calls *c, const struct call *call,
				int iommufd, unsigned int nth, int *rc)
{
	struct account before;
	const char *differs;
	bool failed;
	int fd;

	EXPECT_EQ(0, call->prepare(c));
	account_take(&before, iommufd);
	fd = faults_begin(nth);
	EXPECT_LE(0, fd);
	*rc = call->run(c);
	failed = faults_end(fd);
	if (!*rc) {
		EXPECT_EQ(0, call->undo(c));
		return failed;
	}
	differs = account_compare(&before, iommufd);
	EXPECT_EQ(NULL, differs)
	TH_LOG("after failure %u, %d: %s", nth, *rc, differs);
	return failed;
}

/* For the reader: a sweep of nothing proves nothing */
static inline void expect_swept(struct __test_metadata *_metadata,
				unsigned int failures, unsigned int refused)
{
	printf("# failures=%u refused=%u\n", failures, refused);
	EXPECT_LT(0, refused);
}

#endif
