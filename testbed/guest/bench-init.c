// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's first process for benchmarks (rdinit=): reads the counter before
 * anything else and then executes the usual init, which finds two numbers in its
 * environment. BOOT_NS is the time since the machine was switched on,
 * BOOT_IDLE_NS the part of it during which the CPU was idle.
 */
#include <sys/mount.h>
#include <unistd.h>

#include "bench.h"

static void set(const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	setenv(name, text, 1);
}

int main(void)
{
	char *const init[] = { "/init", NULL };
	uint64_t now = counter_ns();

	if (mount("proc", "/proc", "proc", 0, NULL))
		fail("/proc", "cannot be mounted");
	set("BOOT_NS", now);
	set("BOOT_IDLE_NS", idle_ns());
	umount("/proc");
	execv(init[0], init);
	fail("/init", "cannot be run");
}
