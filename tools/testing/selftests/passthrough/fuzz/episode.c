// SPDX-License-Identifier: GPL-2.0
/*
 * An episode: a process that does operations in one or several threads. It records its
 * current operations in memory that it shares with the process that judges it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

static const struct operation *const lists[] = {
	iommufd_operations, nested_operations,
	msi_operations,	    device_operations,
	type1_operations,   mock_operations,
	memory_operations,  NULL,
};

struct record *record;
static struct world world;
/* The operations of this episode's mode, each as often as its weight */
static const struct operation *urn[1024];
static unsigned int urn_size;
static __thread struct tally *tally;

struct thread {
	pthread_t thread;
	const struct plan *plan;
	unsigned int number;
};

/* The operation's number among all, NULL beyond the last one */
const struct operation *operation_at(unsigned int i)
{
	unsigned int list, n;

	for (list = 0; lists[list]; list++)
		for (n = 0; lists[list][n].name; n++)
			if (!i--)
				return &lists[list][n];
	return NULL;
}

static int number_of(const struct operation *operation)
{
	int i = 0;

	while (operation_at(i) != operation)
		i++;
	return i;
}

static void fill_urn(enum mode mode)
{
	const struct operation *operation;
	unsigned int i, n;

	for (i = 0; (operation = operation_at(i)); i++) {
		if (!(operation->modes & 1U << mode))
			continue;
		for (n = 0; n < operation->weight; n++)
			urn[urn_size++] = operation;
	}
}

void note_result(int ret)
{
	if (!tally)
		return;
	__atomic_add_fetch(&tally->calls, 1, __ATOMIC_RELAXED);
	if (ret >= 0)
		__atomic_add_fetch(&tally->good, 1, __ATOMIC_RELAXED);
}

static __u64 now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static bool is_left_out(const struct plan *plan, unsigned int n)
{
	return plan->keep && !(plan->keep[n / 8] & 1 << n % 8);
}

/* CPU time includes neither other processes nor the time that a call waits */
static void judge_time(const struct plan *plan, struct track *track,
		       unsigned int number, __u64 cpu_ns)
{
	if (cpu_ns <= plan->limit_ns || record->slow_ns)
		return;
	record->slow_ns = cpu_ns;
	record->slow_operation = track->operation;
	record->slow_number = number;
}

static void do_operation(const struct plan *plan, struct track *track,
			 unsigned int number)
{
	struct rng rng = { .state = plan->seed ^ (number + 1ULL) << 32 };
	const struct operation *operation;
	__u64 begun_ns;

	rng_next(&rng);
	operation = urn[rng_below(&rng, urn_size)];
	if (is_left_out(plan, number))
		return;
	tally = &record->tallies[number_of(operation)];
	begun_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	track->number = number;
	track->begun_ns = now_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&track->operation, number_of(operation),
			 __ATOMIC_RELEASE);
	if (record->trace)
		dprintf(1, "# %u %s\n", number, operation->name);
	operation->run(&world, &rng);
	coverage_take();
	judge_time(plan, track, number,
		   now_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns);
	__atomic_store_n(&track->operation, -1, __ATOMIC_RELEASE);
}

static void *run_thread(void *arg)
{
	struct thread *thread = arg;
	const struct plan *plan = thread->plan;
	struct track *track = &record->tracks[thread->number];
	unsigned int i;

	if (thread->number)
		coverage_begin();
	for (i = 0; i < plan->operations; i++)
		do_operation(plan, track,
			     thread->number * plan->operations + i);
	return NULL;
}

void episode_run(const struct plan *plan)
{
	struct rng rng = { .state = plan->seed };
	struct thread threads[THREADS_MAX];
	unsigned int i;
	int ret;

	ret = world_open(&world, plan->mode);
	if (ret) {
		dprintf(1, "# the setup failed: %d\n", ret);
		_exit(2);
	}
	fill_urn(plan->mode);
	coverage_begin();
	prologue(&world, &rng, plan->threads == 1);
	for (i = 0; i < plan->threads; i++) {
		threads[i].plan = plan;
		threads[i].number = i;
		if (i && pthread_create(&threads[i].thread, NULL, run_thread,
					&threads[i]))
			_exit(2);
	}
	run_thread(&threads[0]);
	for (i = 1; i < plan->threads; i++)
		pthread_join(threads[i].thread, NULL);
	/* The kernel closes all that is open, in its own order */
	_exit(0);
}
