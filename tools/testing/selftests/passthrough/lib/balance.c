// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts of all users together: pages that are pinned, and pages of
 * the IOMMUs' tables. It folds the counts of its CPUs together now and then, and when it
 * is told to; pages that are freed later, by work or RCU, are counted until then.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define SETTLE_MS 3000
#define STEP_MS 20

/* Have the counts of all CPUs folded together, for those who may */
static void refresh(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		perror("# stat_refresh");
	close(fd);
}

/* -1: the kernel does not tell */
int balance_read(struct balance *balance)
{
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
	}
	fclose(f);
	return 0;
}

/* Return: whether the counts become those of @before, and what differs in @after */
bool balance_is_restored(const struct balance *before, struct balance *after)
{
	int waited;

	for (waited = 0; waited < SETTLE_MS; waited += STEP_MS) {
		balance_read(after);
		if (after->pins == before->pins &&
		    after->tables == before->tables)
			return true;
		usleep(STEP_MS * 1000);
	}
	return false;
}
