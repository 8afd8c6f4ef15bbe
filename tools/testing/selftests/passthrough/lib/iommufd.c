// SPDX-License-Identifier: GPL-2.0
/*
 * I/O address spaces (IOAS) and page tables (HWPT) of iommufd: thin wrappers of
 * its ioctls, and IOVA range lists as they return them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "passthrough.h"

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* Return: a file descriptor, or a negative errno */
int iommufd_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int iommufd_destroy(int fd, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return call(fd, IOMMU_DESTROY, &cmd);
}

int ioas_alloc(int fd, __u32 *ioas)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = call(fd, IOMMU_IOAS_ALLOC, &cmd);

	*ioas = cmd.out_ioas_id;
	return ret;
}

static int map(int fd, __u32 ioas, void *va, __u64 length, __u64 *iova,
	       __u32 flags)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 flags,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = *iova,
	};
	int ret = call(fd, IOMMU_IOAS_MAP, &cmd);

	*iova = cmd.iova;
	return ret;
}

int ioas_map(int fd, __u32 ioas, void *va, __u64 length, __u64 iova)
{
	return map(fd, ioas, va, length, &iova, IOMMU_IOAS_MAP_FIXED_IOVA);
}

/* The kernel chooses @iova */
int ioas_map_anywhere(int fd, __u32 ioas, void *va, __u64 length, __u64 *iova)
{
	*iova = 0;
	return map(fd, ioas, va, length, iova, 0);
}

int ioas_copy(int fd, __u32 ioas, __u64 from, __u64 length, __u64 to)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.dst_ioas_id = ioas,
		.src_ioas_id = ioas,
		.length = length,
		.dst_iova = to,
		.src_iova = from,
	};

	return call(fd, IOMMU_IOAS_COPY, &cmd);
}

int ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};

	return call(fd, IOMMU_IOAS_UNMAP, &cmd);
}

int ioas_unmap_all(int fd, __u32 ioas)
{
	return ioas_unmap(fd, ioas, 0, UINT64_MAX);
}

int ioas_ranges(int fd, __u32 ioas, struct range_list *ranges)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = MAX_RANGES,
		.allowed_iovas = (uintptr_t)ranges->at,
	};
	int ret = call(fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	ranges->count = ret ? 0 : cmd.num_iovas;
	return ret;
}

int ioas_allow(int fd, __u32 ioas, const struct range_list *ranges)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = ranges->count,
		.allowed_iovas = (uintptr_t)ranges->at,
	};

	return call(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

/* @parent: the IOAS whose mappings the page table has */
int hwpt_alloc(int fd, __u32 device_id, __u32 parent, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = device_id,
		.pt_id = parent,
	};
	int ret = call(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

/*
 * Query the IOVAs of the doorbells of an IOAS or HWPT. -ENOTTY: this kernel does not
 * report them.
 */
int msi_doorbells(int fd, __u32 object, struct doorbell_list *doorbells)
{
	struct iommu_msi_doorbells cmd = {
		.size = sizeof(cmd),
		.object_id = object,
		.entry_len = sizeof(doorbells->at[0]),
		.num_entries = MAX_DOORBELLS,
		.entries_uptr = (uintptr_t)doorbells->at,
	};
	int ret = call(fd, IOMMU_MSI_DOORBELLS, &cmd);

	doorbells->count = ret ? 0 : cmd.num_entries;
	return ret;
}

/* @placement: one of enum iommu_msi_placement_type */
int msi_place(int fd, __u32 object, __u32 placement, __u32 index, __u64 iova,
	      __u64 length)
{
	struct iommu_msi_place cmd = {
		.size = sizeof(cmd),
		.object_id = object,
		.placement = placement,
		.index = index,
		.iova = iova,
		.length = length,
	};

	return call(fd, IOMMU_MSI_PLACE, &cmd);
}

/* @device: iommufd's ID of a device */
int msi_device(int fd, __u32 device, struct iommu_msi_device *info)
{
	*info = (struct iommu_msi_device){
		.size = sizeof(*info),
		.dev_id = device,
	};
	return call(fd, IOMMU_MSI_DEVICE, info);
}

bool ranges_overlap(const struct range_list *ranges, __u64 start, __u64 last)
{
	unsigned int i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->at[i].start <= last && start <= ranges->at[i].last)
			return true;
	return false;
}

bool ranges_contain(const struct range_list *ranges, __u64 start, __u64 last)
{
	unsigned int i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->at[i].start <= start && last <= ranges->at[i].last)
			return true;
	return false;
}
