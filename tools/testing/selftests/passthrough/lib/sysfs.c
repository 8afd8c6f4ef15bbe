// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs says of a device: its directory, its VFIO character device, the reserved regions
 * of its IOMMU group, the window of the host bridge that its registers are in,
 * whether it sleeps, and whether iommufd and type1 take devices whose interrupts are
 * not isolated. And what an administrator does to it: reset it, reset the bus that it is
 * on, have its interrupts handled elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PLATFORM_DEVICES "/sys/bus/platform/devices"

/* @name: of a PCI device, or of a platform device ("10100000.edu") */
void sysfs_device_path(const char *name, const char *file, char *path,
		       size_t size)
{
	snprintf(path, size, "%s/%s/%s",
		 device_is_platform(name) ? PLATFORM_DEVICES : PCI_DEVICES,
		 name, file);
}

/*
 * The path of the device's node in /dev/vfio/devices. -ENODEV: no driver of VFIO
 * has got the device.
 */
int sysfs_cdev_path(const char *name, char *path, size_t size)
{
	struct dirent *entry;
	char dir[128];
	DIR *d;
	int ret = -ENODEV;

	sysfs_device_path(name, "vfio-dev", dir, sizeof(dir));
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

/* Call @fn for each line of what the device's group reserves */
static int each_reserved_region(const char *bdf,
				void (*fn)(const struct iommu_iova_range *range,
					   const char *type, void *data),
				void *data)
{
	struct iommu_iova_range range;
	char path[128], type[32];
	FILE *f;

	snprintf(path, sizeof(path),
		 PCI_DEVICES "/%s/iommu_group/reserved_regions", bdf);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fscanf(f, "%llx %llx %31s", &range.start, &range.last, type) ==
	       3)
		fn(&range, type, data);
	fclose(f);
	return 0;
}

static void add_region(const struct iommu_iova_range *range, const char *type,
		       void *data)
{
	struct range_list *regions = data;

	if (strcmp(type, "msi") && regions->count < MAX_RANGES)
		regions->at[regions->count++] = *range;
}

/*
 * The ranges that no mapping may overlap. The line of type "msi" is left out:
 * it only says where a kernel without placement puts doorbells.
 */
int sysfs_reserved_regions(const char *bdf, struct range_list *regions)
{
	regions->count = 0;
	return each_reserved_region(bdf, add_region, regions);
}

static void take_msi_region(const struct iommu_iova_range *range,
			    const char *type, void *data)
{
	if (!strcmp(type, "msi"))
		*(struct iommu_iova_range *)data = *range;
}

/* The line of type "msi". -ENOENT: there is none */
int sysfs_msi_region(const char *bdf, struct iommu_iova_range *region)
{
	int ret;

	*region = (struct iommu_iova_range){};
	ret = each_reserved_region(bdf, take_msi_region, region);
	if (!ret && !region->last)
		ret = -ENOENT;
	return ret;
}

/*
 * The range of /proc/iomem at the top that the device's first BAR is in. To the CPU
 * and to the PCI bus it has the same addresses on the machines that are tested.
 */
int sysfs_bridge_window(const char *bdf, struct iommu_iova_range *window)
{
	unsigned long long bar = 0;
	char path[128], line[256];
	int ret = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource", bdf);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (fscanf(f, "%llx", &bar) != 1)
		bar = 0;
	fclose(f);

	f = fopen("/proc/iomem", "r");
	if (!f)
		return -errno;
	while (bar && ret && fgets(line, sizeof(line), f)) {
		if (line[0] != ' ' &&
		    sscanf(line, "%llx-%llx", &window->start, &window->last) ==
			    2 &&
		    window->start <= bar && bar <= window->last)
			ret = 0;
	}
	fclose(f);
	return ret;
}

/*
 * Whether the kernel has put the device to sleep: 1 or 0. -ENOENT: this kernel
 * never does.
 */
int sysfs_is_suspended(const char *bdf)
{
	char path[128], status[32];
	int ret = -EIO;
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/power/runtime_status",
		 bdf);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (fscanf(f, "%31s", status) == 1)
		ret = !strcmp(status, "suspended");
	fclose(f);
	return ret;
}

static int write_string(const char *path, const char *value)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The driver that has the device gives it up, and @driver gets it, NULL for any */
int sysfs_bind(const char *bdf, const char *driver)
{
	char path[128];
	int ret = 0;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", bdf);
	if (!access(path, F_OK))
		ret = write_string(path, bdf);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", bdf);
	if (!ret)
		ret = write_string(path, driver ? driver : "\n");
	return ret ? ret : write_string("/sys/bus/pci/drivers_probe", bdf);
}

/*
 * Give the group of the device a new domain of this type ("DMA", "identity").
 * -EPERM: a driver of the host's or a user has a device of the group.
 */
int sysfs_set_domain(const char *bdf, const char *type)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", bdf);
	return write_string(path, type);
}

/* Return: how many MSIs the device's driver has */
unsigned int sysfs_count_msis(const char *bdf)
{
	unsigned int count = 0;
	struct dirent *entry;
	char path[128];
	DIR *d;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/msi_irqs", bdf);
	d = opendir(path);
	if (!d)
		return 0;
	while ((entry = readdir(d)))
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

/* A file of a device with a number in it */
int sysfs_read_number(const char *name, const char *file, __u64 *number)
{
	char path[256];
	int ret = 0;
	FILE *f;

	sysfs_device_path(name, file, path, sizeof(path));
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (fscanf(f, "%lli", (long long *)number) != 1)
		ret = -EIO;
	fclose(f);
	return ret;
}

int sysfs_write_number(const char *name, const char *file, __u64 number)
{
	char path[256], value[32];

	sysfs_device_path(name, file, path, sizeof(path));
	snprintf(value, sizeof(value), "%llu", number);
	return write_string(path, value);
}

/*
 * Take a platform device from its driver, if it has one, and offer it to another, or to
 * none if @driver is NULL. -ENODEV: that did not take it.
 */
int sysfs_set_driver(const char *name, const char *driver)
{
	char path[256];
	int ret;

	sysfs_device_path(name, "driver/unbind", path, sizeof(path));
	ret = write_string(path, name);
	if ((ret && ret != -ENOENT) || !driver)
		return ret == -ENOENT ? 0 : ret;
	sysfs_device_path(name, "driver_override", path, sizeof(path));
	ret = write_string(path, driver);
	if (!ret)
		ret = write_string("/sys/bus/platform/drivers_probe", name);
	if (ret)
		return ret;
	sysfs_device_path(name, "driver", path, sizeof(path));
	return access(path, F_OK) ? -ENODEV : 0;
}

int sysfs_reset(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/reset", bdf);
	return write_string(path, "1");
}

/* By the bridge that the device is below. -EAGAIN: something of it is in use. */
int sysfs_reset_bus(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/../reset_subordinate",
		 bdf);
	return write_string(path, "1");
}

/* Have all MSIs of the device handled by the CPUs of this mask, "2" for the second */
int sysfs_set_affinity(const char *bdf, const char *cpus)
{
	struct dirent *entry;
	char path[400];
	int ret = 0;
	DIR *d;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/msi_irqs", bdf);
	d = opendir(path);
	if (!d)
		return -errno;
	while (!ret && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity",
			 entry->d_name);
		ret = write_string(path, cpus);
	}
	closedir(d);
	return ret;
}

static void unsafe_interrupts_path(const char *module, char *path, size_t size)
{
	snprintf(path, size,
		 "/sys/module/%s/parameters/allow_unsafe_interrupts", module);
}

/* A parameter of "iommufd" and "vfio_iommu_type1", set by an administrator: 'Y' or 'N' */
int sysfs_get_unsafe_interrupts(const char *module, char *allowed)
{
	char path[128];
	int fd, ret = 0;

	unsafe_interrupts_path(module, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, allowed, 1) != 1)
		ret = -EIO;
	close(fd);
	return ret;
}

int sysfs_set_unsafe_interrupts(const char *module, char allowed)
{
	const char value[] = { allowed, '\0' };
	char path[128];

	unsafe_interrupts_path(module, path, sizeof(path));
	return write_string(path, value);
}
