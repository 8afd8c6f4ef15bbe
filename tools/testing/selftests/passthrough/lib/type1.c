// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO's type1 containers: thin wrappers of their ioctls, adding groups to them, and
 * opening devices by their group.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "passthrough.h"

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static int open_file(struct container *container, const char *path)
{
	container->has_iommu = false;
	container->iommu = VFIO_TYPE1v2_IOMMU;
	container->fd = open(path, O_RDWR | O_CLOEXEC);
	return container->fd < 0 ? -errno : 0;
}

/* A container without groups, which cannot have mappings yet */
int container_open(struct container *container)
{
	return open_file(container, "/dev/vfio/vfio");
}

/* An iommufd in place of a container: its devices are attached when they are opened */
int container_open_compat(struct container *container)
{
	return open_file(container, "/dev/iommu");
}

void container_close(struct container *container)
{
	close(container->fd);
	container->fd = -1;
}

/* Open the group of a device. Return: a file descriptor, or a negative errno */
static int group_open(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;
	int fd;

	sysfs_device_path(bdf, "iommu_group", path, sizeof(path));
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * Add the group of a device to @container; the first one sets the container's IOMMU
 * type. It is removed when the descriptor is closed.
 *
 * Return: a descriptor of the group, or a negative errno.
 */
int container_add_group(struct container *container, const char *bdf)
{
	int group = group_open(bdf);
	int ret;

	if (group < 0)
		return group;
	ret = call(group, VFIO_GROUP_SET_CONTAINER, &container->fd);
	if (!ret && !container->has_iommu) {
		ret = ioctl(container->fd, VFIO_SET_IOMMU, container->iommu) ?
			      -errno :
			      0;
		container->has_iommu = !ret;
	}
	if (!ret)
		return group;
	close(group);
	return ret;
}

int container_map(const struct container *container, void *va, __u64 length,
		  __u64 iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};

	return call(container->fd, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap(const struct container *container, __u64 iova, __u64 length,
		 __u32 flags)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iova = iova,
		.size = length,
	};
	int ret = call(container->fd, VFIO_IOMMU_UNMAP_DMA, &cmd);

	return !ret && !cmd.size ? -ENOENT : ret;
}

/* -ENOENT: nothing is mapped there */
int container_unmap(const struct container *container, __u64 iova, __u64 length)
{
	return unmap(container, iova, length, 0);
}

int container_unmap_all(const struct container *container)
{
	return unmap(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL);
}

/*
 * Return: the result of VFIO_IOMMU_GET_INFO with all capabilities, to be freed, or NULL
 */
static struct vfio_iommu_type1_info *get_info(const struct container *container)
{
	struct vfio_iommu_type1_info *info = NULL, *larger;
	__u32 size = sizeof(*info);

	for (;;) {
		larger = realloc(info, size);
		if (!larger)
			break;
		info = larger;
		memset(info, 0, size);
		info->argsz = size;
		if (call(container->fd, VFIO_IOMMU_GET_INFO, info))
			break;
		if (info->argsz <= size)
			return info;
		size = info->argsz;
	}
	free(info);
	return NULL;
}

static struct vfio_info_cap_header *find_cap(struct vfio_iommu_type1_info *info,
					     __u16 id)
{
	struct vfio_info_cap_header *cap;
	__u32 at = info->cap_offset;

	if (!(info->flags & VFIO_IOMMU_INFO_CAPS))
		return NULL;
	for (; at; at = cap->next) {
		cap = (void *)info + at;
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

int container_ranges(const struct container *container,
		     struct range_list *ranges)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap;
	struct vfio_iommu_type1_info *info = get_info(container);
	int ret = -ENOENT;

	ranges->count = 0;
	if (!info)
		return -EIO;
	cap = (void *)find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	if (cap && cap->nr_iovas <= MAX_RANGES) {
		for (; ranges->count < cap->nr_iovas; ranges->count++) {
			struct iommu_iova_range *range =
				&ranges->at[ranges->count];

			range->start = cap->iova_ranges[ranges->count].start;
			range->last = cap->iova_ranges[ranges->count].end;
		}
		ret = 0;
	}
	free(info);
	return ret;
}

/*
 * What the kernel reports of the doorbells. -ENOTTY: this kernel, or this kind of
 * container, reports nothing.
 */
int container_msi(const struct container *container,
		  struct vfio_iommu_type1_info_cap_msi *msi,
		  struct doorbell_list *doorbells)
{
	struct vfio_iommu_type1_info *info = get_info(container);
	struct vfio_iommu_type1_info_cap_msi *cap;
	unsigned int i;
	int ret = -ENOTTY;

	doorbells->count = 0;
	if (!info)
		return -EIO;
	cap = (void *)find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_MSI);
	if (cap && cap->num_doorbells <= MAX_DOORBELLS) {
		*msi = *cap;
		for (i = 0; i < cap->num_doorbells; i++)
			memcpy(&doorbells->at[i],
			       (char *)cap + cap->doorbells_offset +
				       i * cap->doorbell_len,
			       sizeof(doorbells->at[i]));
		doorbells->count = cap->num_doorbells;
		ret = 0;
	}
	free(info);
	return ret;
}

/*
 * The stage that a container for nesting has, by VFIO_IOMMU_TYPE1_INFO_CAP_NESTING.
 * Return: 0, -ENOENT if the container has no such capability, or another negative errno.
 */
int container_stage(const struct container *container, __u32 *stage)
{
	struct vfio_iommu_type1_info *info = get_info(container);
	struct vfio_iommu_type1_info_cap_nesting *cap;

	if (!info)
		return -EIO;
	cap = (void *)find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_NESTING);
	if (cap)
		*stage = cap->stage;
	free(info);
	return cap ? 0 : -ENOENT;
}

int container_doorbells(const struct container *container,
			struct doorbell_list *doorbells)
{
	struct vfio_iommu_type1_info_cap_msi msi;

	return container_msi(container, &msi, doorbells);
}

int container_map_msi(const struct container *container, __u32 index,
		      __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_msi_map map = {
		.argsz = sizeof(map),
		.index = index,
		.iova = iova,
		.size = size,
	};

	return call(container->fd, VFIO_IOMMU_MAP_MSI, &map);
}

int container_unmap_msi(const struct container *container, __u32 index)
{
	struct vfio_iommu_type1_msi_unmap unmap = {
		.argsz = sizeof(unmap),
		.index = index,
	};

	return call(container->fd, VFIO_IOMMU_UNMAP_MSI, &unmap);
}

/* Open a device of @group, which is in @container. @dev owns @group from now on. */
int device_open_group(struct device *dev, const char *bdf,
		      struct container *container, int group)
{
	int ret;

	*dev = (struct device){
		.bdf = bdf,
		.fd = -1,
		.iommufd = -1,
		.group = group,
		.container = container,
	};
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	ret = dev->fd < 0 ? -errno : device_find_config(dev);
	if (ret)
		device_close(dev);
	return ret;
}
