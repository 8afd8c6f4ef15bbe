/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An administrator resets a user's device, and moves its interrupts from one CPU to
 * another and back, while the user does something else. A round is one reset; ROUNDS in
 * the environment sets how many a test makes.
 */
#ifndef SELFTESTS_VFIO_RESET_H
#define SELFTESTS_VFIO_RESET_H

#include <pthread.h>

#include "setup.h"

#define ROUNDS 10

static inline unsigned int rounds(void)
{
	const char *number = getenv("ROUNDS");

	return number ? strtoul(number, NULL, 0) : ROUNDS;
}

struct administrator {
	pthread_t thread;
	const char *bdf;
	int (*reset)(const char *bdf);
	bool done;
	int error;
};

static inline bool administrator_is_done(struct administrator *admin)
{
	return __atomic_load_n(&admin->done, __ATOMIC_SEQ_CST);
}

static inline void administrator_end(struct administrator *admin, int ret)
{
	admin->error = ret;
	__atomic_store_n(&admin->done, true, __ATOMIC_SEQ_CST);
}

/* A reset and nothing else */
static inline void *administrator_reset(void *arg)
{
	struct administrator *admin = arg;

	administrator_end(admin, admin->reset(admin->bdf));
	return NULL;
}

static inline void *administrator_run(void *arg)
{
	struct administrator *admin = arg;
	int ret;

	ret = sysfs_set_affinity(admin->bdf, "2");
	do {
		if (!ret)
			ret = admin->reset(admin->bdf);
	} while (ret == -EAGAIN && !(ret = 0));
	if (!ret)
		ret = sysfs_set_affinity(admin->bdf, "1");
	administrator_end(admin, ret);
	return NULL;
}

static inline void administrator_start(struct __test_metadata *_metadata,
				       struct administrator *admin,
				       void *(*run)(void *), const char *bdf,
				       int (*reset)(const char *bdf))
{
	*admin = (struct administrator){ .bdf = bdf, .reset = reset };
	ASSERT_EQ(0, pthread_create(&admin->thread, NULL, run, admin));
}

static inline void administrator_join(struct __test_metadata *_metadata,
				      struct administrator *admin)
{
	ASSERT_EQ(0, pthread_join(admin->thread, NULL));
	ASSERT_EQ(0, admin->error);
}

#endif
