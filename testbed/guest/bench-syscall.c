// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a trivial system call: the overhead that every other figure
 * includes.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define CALLS 10000

static uint64_t calls(void)
{
	uint64_t start = counter_ns();
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return counter_ns() - start;
}

int main(void)
{
	calls(); /* the first round faults the code in */
	report("system call (getppid)", NO_N, CALLS, calls());
	return 0;
}
