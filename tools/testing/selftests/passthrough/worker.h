/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices work in threads of their own while a test changes something under them. Each
 * interrupt is a handshake, so a lost one is noticed, and lib/journal.c is told by
 * which IOVA each may have been sent.
 */
#ifndef SELFTESTS_VFIO_WORKER_H
#define SELFTESTS_VFIO_WORKER_H

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "setup.h"

/*
 * A device that works in a thread of its own: one @step after the other, with a
 * handshake for each interrupt, until it is told to stop or something fails.
 */
struct worker {
	pthread_t thread;
	struct series series;
	int (*step)(struct worker *worker);
	struct edu *edu;
	struct igb *igb;
	const void *context; /* what @step needs besides the device */
	bool stop;
	int error;
};

static inline int edu_ring(struct worker *w)
{
	__u32 number = w->series.raised + 1;
	int ret;

	__atomic_store_n(&w->series.raised, number, __ATOMIC_SEQ_CST);
	ret = edu_handshake(w->edu, number);
	if (!ret)
		__atomic_store_n(&w->series.received, number, __ATOMIC_SEQ_CST);
	return ret;
}

/* The vectors take turns */
static inline int igb_ring(struct worker *w)
{
	unsigned int number = w->series.raised + 1;
	int ret;

	__atomic_store_n(&w->series.raised, number, __ATOMIC_SEQ_CST);
	ret = igb_handshake(w->igb, number % w->igb->vectors);
	if (!ret)
		__atomic_store_n(&w->series.received, number, __ATOMIC_SEQ_CST);
	return ret;
}

static inline void *worker_run(void *arg)
{
	/* A few interrupts per relocation suffice: emulated machines have few CPUs */
	const struct timespec nap = { .tv_nsec = 300000 };
	struct worker *w = arg;
	int ret = 0;

	while (!ret && !__atomic_load_n(&w->stop, __ATOMIC_SEQ_CST)) {
		ret = w->step(w);
		nanosleep(&nap, NULL);
	}
	__atomic_store_n(&w->error, ret, __ATOMIC_SEQ_CST);
	return NULL;
}

static inline void worker_start(struct __test_metadata *_metadata,
				struct worker *w, const struct device *dev,
				__u64 iova)
{
	series_begin(&w->series, dev, iova);
	ASSERT_EQ(0, pthread_create(&w->thread, NULL, worker_run, w));
}

static inline void worker_stop(struct __test_metadata *_metadata,
			       struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(w->thread, NULL));
	series_end(&w->series);
	EXPECT_EQ(0, w->error);
	EXPECT_EQ(w->series.raised, w->series.received);
}

/* Wait for an interrupt raised after the first @raised ones */
static inline int worker_wait(struct worker *w, unsigned int raised)
{
	const struct timespec nap = { .tv_nsec = 50000 };

	while (__atomic_load_n(&w->series.received, __ATOMIC_SEQ_CST) <=
	       raised) {
		if (__atomic_load_n(&w->error, __ATOMIC_SEQ_CST))
			return -EIO;
		nanosleep(&nap, NULL);
	}
	return 0;
}

/* Otherwise the workers raise a hundred interrupts while the test waits for a CPU */
static inline void worker_precede(void)
{
	setpriority(PRIO_PROCESS, 0, -20);
}

#endif
