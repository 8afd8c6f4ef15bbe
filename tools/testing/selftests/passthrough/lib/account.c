// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel resources of this process, as far as a user can count them: objects of an iommufd,
 * file descriptors, interrupts, pinned pages, and pages of IOMMU page tables. A call that
 * failed leaves all of them unchanged.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "passthrough.h"

/* Number of entries of a directory; -1 if it does not exist */
static int count_entries(const char *path)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* Memory that is accounted as pinned and locked, in KiB; -1 if not reported */
long account_pinned(void)
{
	char line[128];
	long sum = 0, size;
	FILE *status;

	status = fopen("/proc/self/status", "r");
	if (!status)
		return -1;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld", &size) == 1 ||
		    sscanf(line, "VmPin: %ld", &size) == 1)
			sum += size;
	fclose(status);
	return sum;
}

/*
 * The iommufd gives its next object the lowest ID that is free. An object that was left
 * behind occupies it.
 */
static __u32 next_object(int iommufd)
{
	__u32 id = 0;

	if (iommufd < 0 || ioas_alloc(iommufd, &id))
		return 0;
	iommufd_destroy(iommufd, id);
	return id;
}

/* @iommufd: -1 for none */
void account_take(struct account *account, int iommufd)
{
	*account = (struct account){
		.object = next_object(iommufd),
		.files = count_entries("/proc/self/fd"),
		.interrupts = count_entries("/sys/kernel/irq"),
		.pinned = account_pinned(),
	};
	balance_read(&account->balance);
}

/* Return: NULL if nothing has changed since @before, or the differences as text */
const char *account_compare(const struct account *before, int iommufd)
{
	static const char format[] =
		"objects %+d, files %+d, interrupts %+d, KiB %+ld, pins %+ld, tables %+ld";
	static char text[160];
	struct account now;

	account_take(&now, iommufd);
	if (balance_read(&now.balance))
		return "the kernel does not report pinned pages and tables";
	if (balance_is_restored(&before->balance, &now.balance) &&
	    now.object == before->object && now.files == before->files &&
	    now.interrupts == before->interrupts &&
	    now.pinned == before->pinned)
		return NULL;
	snprintf(text, sizeof(text), format, now.object - before->object,
		 now.files - before->files, now.interrupts - before->interrupts,
		 now.pinned - before->pinned,
		 now.balance.pins - before->balance.pins,
		 now.balance.tables - before->balance.tables);
	return text;
}
