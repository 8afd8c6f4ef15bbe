// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts of all users together: pages that are pinned, and pages of
 * the IOMMUs' tables. It folds the counts of its CPUs together now and then, so they
 * are right a little later.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define SETTLE_MS 3000
#define STEP_MS 20

/* -1: the kernel does not tell */
int balance_read(struct balance *balance)
{
	char name[64];
	long value;
	FILE *f = fopen("/proc/vmstat", "r");

	*balance = (struct balance){};
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
