// SPDX-License-Identifier: GPL-2.0
/*
 * An IOVA space of VFIO type1: a container with the device's group in it. The
 * device is open as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "bench.h"
#include "bench-map.h"

static int container;

/* Open the VFIO group of a PCI device */
static int open_group(const char *bdf)
{
	char path[64], target[256], group[280];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		fail(path, strerror(errno));
	target[length] = '\0';
	snprintf(group, sizeof(group), "/dev/vfio/%s", basename(target));
	fd = open(group, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(group, strerror(errno));
	return fd;
}

static void type1_space_open(const char *bdf)
{
	int group = open_group(bdf);

	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		fail("/dev/vfio/vfio", strerror(errno));
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		fail("VFIO_GROUP_SET_CONTAINER", strerror(errno));
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fail("VFIO_SET_IOMMU", strerror(errno));
	if (ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf) < 0)
		fail("VFIO_GROUP_GET_DEVICE_FD", strerror(errno));
}

static int type1_space_map(void *va, __u64 iova, __u64 length)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};

	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int type1_space_unmap(__u64 iova, __u64 length)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};

	return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

const struct space type1_space = {
	.name = "type1",
	.open = type1_space_open,
	.map = type1_space_map,
	.unmap = type1_space_unmap,
};
