/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counting instructions: under QEMU's icount with shift=0 the virtual clock
 * advances one nanosecond per instruction, independently of the host's load, and
 * the guest reads that clock as its architected counter. The clock jumps ahead
 * when the CPU waits for an interrupt, so the idle time has to be checked as
 * well.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* n does not apply */
#define NO_N 0

/* Counter ticks per second: 62.5 MHz here, so one tick is 16 instructions */
static inline uint64_t counter_frequency(void)
{
	uint64_t frequency;

	asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return frequency;
}

/* Nanoseconds since the machine was switched on */
static inline uint64_t counter_ns(void)
{
	uint64_t ticks;

	asm volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks * 1000000000 / counter_frequency();
}

/* Exit with one line that names the failure and its cause */
static inline void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

/* @ret: 0 or a negative errno */
static inline void check(int ret, const char *what)
{
	if (ret)
		fail(what, strerror(-ret));
}

/* Nanoseconds that the CPU has been idle since boot, from /proc/timer_list */
static inline uint64_t idle_ns(void)
{
	unsigned long long value, sum = 0;
	FILE *f = fopen("/proc/timer_list", "r");
	char line[256];
	int found = 0;

	if (!f)
		fail("/proc/timer_list", "cannot be read");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " .idle_sleeptime : %llu", &value) != 1 &&
		    sscanf(line, " .iowait_sleeptime : %llu", &value) != 1)
			continue;
		sum += value;
		found++;
	}
	fclose(f);
	if (found != 2)
		fail("/proc/timer_list", "has no idle times of one CPU");
	return sum;
}

/* The cost of @calls calls of @call, after some that are not counted */
static inline uint64_t count_calls(unsigned int calls, void (*call)(void *data),
				   void *data)
{
	uint64_t idle, start, total;
	unsigned int i;

	for (i = 0; i < 4; i++)
		call(data);
	idle = idle_ns();
	start = counter_ns();
	for (i = 0; i < calls; i++)
		call(data);
	total = counter_ns() - start;
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");
	return total;
}

/*
 * Report a figure: the total cost of @calls calls, with @n objects present
 * (NO_N if that does not apply).
 */
static inline void report(const char *figure, unsigned int n, uint64_t calls,
			  uint64_t total)
{
	printf("count %u %llu %llu %s\n", n, (unsigned long long)calls,
	       (unsigned long long)total, figure);
}

#endif
