// SPDX-License-Identifier: GPL-2.0
/*
 * A device in sysfs: its directory, its VFIO character device, the reserved regions of its
 * IOMMU group, the window of the host bridge for its registers, whether it is suspended,
 * and whether iommufd and type1 accept devices without isolated interrupts. Actions of an
 * administrator, too: reset the device or its bus, remove it, and set the affinity of its
 * interrupts.
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
 * The path of the device's node in /dev/vfio/devices. -ENODEV: no VFIO driver is
 * bound to the device.
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

/* Call @fn for each reserved region of the device's group */
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
 * The ranges that no mapping may overlap. The region of type "msi" is left out: it is
 * only where a kernel without placement puts doorbells.
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

/* The region of type "msi". -ENOENT: there is none. */
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
 * The top-level range of /proc/iomem with the device's first BAR. CPU and PCI bus
 * addresses are the same on the machines that are tested.
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
 * Whether the kernel has suspended the device: 1 or 0. -ENOENT: this kernel never
 * does.
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

/* Unbind the device from its driver, and bind it to @driver, NULL for any */
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
 * -EPERM: a host driver or a user has a device of the group.
 */
int sysfs_set_domain(const char *bdf, const char *type)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", bdf);
	return write_string(path, type);
}

/* Return: the number of MSIs of the device's driver */
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

/* Read a number from a file of a device */
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
 * Unbind a platform device from its driver, if it has one, and bind it to @driver, or to
 * none if that is NULL. -ENODEV: @driver did not bind it.
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

/* Reset by the bridge above the device. -EAGAIN: a device below it is in use. */
int sysfs_reset_bus(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/../reset_subordinate",
		 bdf);
	return write_string(path, "1");
}

int sysfs_remove(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/remove", bdf);
	return write_string(path, "1");
}

/* Find what was removed */
int sysfs_rescan(void)
{
	return write_string("/sys/bus/pci/rescan", "1");
}

/* Set the affinity of all MSIs of the device to this mask, "2" for the second CPU */
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
