/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Make calls fail at each of their allocations and copies in turn (lib/faults.c), and
 * check that everything is then as it was (lib/account.c).
 */
#ifndef SELFTESTS_VFIO_FAULTS_H
#define SELFTESTS_VFIO_FAULTS_H

#include "setup.h"

/* More than any call makes */
#define MAX_FAILURES 2000

/* Context of the calls, defined by each program */
struct calls;

/* A call, its preparation, and its reversal; all return 0 on success */
struct call {
	int (*prepare)(struct calls *c);
	int (*run)(struct calls *c);
	int (*undo)(struct calls *c);
};

static inline int nothing(struct calls *c)
{
	return 0;
}

/* Allocate the tables that the call needs before anything is counted: they stay */
static inline void call_once(struct __test_metadata *_metadata, struct calls *c,
			     const struct call *call)
{
	ASSERT_EQ(0, call->prepare(c));
	ASSERT_EQ(0, call->run(c));
	ASSERT_EQ(0, call->undo(c));
}

/*
 * Make the @nth allocation or copy of the call fail. The objects of @iommufd are
 * counted, unless it is -1. @rc gets what the call returned. Return: whether there were
 * that many.
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

/* Report the numbers: a sweep in which nothing failed proves nothing */
static inline void expect_swept(struct __test_metadata *_metadata,
				unsigned int failures, unsigned int refused)
{
	printf("# failures=%u refused=%u\n", failures, refused);
	EXPECT_LT(0, refused);
}

#endif
