// SPDX-License-Identifier: GPL-2.0
/*
 * What a system call costs that does next to nothing: the part of every other
 * figure that is not the kernel function's own.
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
	calls(); /* the first round brings the code's pages in */
	report("system call (getppid)", NO_N, CALLS, calls());
	return 0;
}
