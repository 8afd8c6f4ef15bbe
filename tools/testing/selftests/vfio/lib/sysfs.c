// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs says of a device: its VFIO character device, the reserved regions
 * of its IOMMU group, and whether iommufd takes devices whose interrupts are
 * not isolated.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define UNSAFE_INTERRUPTS \
	"/sys/module/iommufd/parameters/allow_unsafe_interrupts"

/*
 * The path of the device's node in /dev/vfio/devices. -ENODEV: vfio-pci has
 * not got the device.
 */
int sysfs_cdev_path(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	char dir[128];
	DIR *d;
	int ret = -ENODEV;

	snprintf(dir, sizeof(dir), PCI_DEVICES "/%s/vfio-dev", bdf);
	d = opendir(dir);
	if (!d)
		return -ENODEV;
	while ((entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
		ret = 0;
	}
	closedir(d);
	return ret;
}

/*
 * The ranges that no mapping may overlap. The line of type "msi" is left out:
 * it only says where a kernel without placement puts doorbells.
 */
int sysfs_reserved_regions(const char *bdf, struct range_list *regions)
{
	struct iommu_iova_range range;
	char path[128], type[32];
	FILE *f;

	regions->count = 0;
	snprintf(path, sizeof(path),
		 PCI_DEVICES "/%s/iommu_group/reserved_regions", bdf);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fscanf(f, "%llx %llx %31s", &range.start, &range.last, type) ==
	       3) {
		if (!strcmp(type, "msi") || regions->count == MAX_RANGES)
			continue;
		regions->at[regions->count++] = range;
	}
	fclose(f);
	return 0;
}

/* iommufd's module parameter, which an administrator sets: 'Y' or 'N' */
int sysfs_get_unsafe_interrupts(char *allowed)
{
	int fd, ret = 0;

	fd = open(UNSAFE_INTERRUPTS, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, allowed, 1) != 1)
		ret = -EIO;
	close(fd);
	return ret;
}

int sysfs_set_unsafe_interrupts(char allowed)
{
	int fd, ret = 0;

	fd = open(UNSAFE_INTERRUPTS, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &allowed, 1) != 1)
		ret = -errno;
	close(fd);
	return ret;
}
