// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the kernel for all users together: pinned pages, and pages of IOMMU page
 * tables. Per-CPU counts are folded now and then, and on request; pages that are freed
 * later, by work or RCU, are counted until then.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define SETTLE_MS 3000
#define STEP_MS 20
#define COUNTERS 3

/* Fold the counts of all CPUs, if this process is allowed to */
static void refresh(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		perror("# stat_refresh");
	close(fd);
}

/* -1: the kernel does not report all of them */
int balance_read(struct balance *balance)
{
	unsigned int found = 0;
	char name[64];
	long value;
	FILE *f;

	*balance = (struct balance){};
	refresh();
	f = fopen("/proc/vmstat", "r");
	if (!f)
		return -1;
	while (fscanf(f, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			balance->pins += value;
		else if (!strcmp(name, "nr_foll_pin_released"))
			balance->pins -= value;
		else if (!strcmp(name, "nr_iommu_pages"))
			balance->tables = value;
		else
			continue;
		found++;
	}
	fclose(f);
	return found == COUNTERS ? 0 : -1;
}

/*
 * Wait for the counts to return to @before. Return: whether they did, false if they are not
 * reported; @after has the last
 */
bool balance_is_restored(const struct balance *before, struct balance *after)
{
	int waited;

	for (waited = 0; waited < SETTLE_MS; waited += STEP_MS) {
		if (balance_read(after))
			return false;
		if (after->pins == before->pins &&
		    after->tables == before->tables)
			return true;
		usleep(STEP_MS * 1000);
	}
	return false;
}
