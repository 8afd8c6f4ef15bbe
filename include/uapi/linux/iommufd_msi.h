/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Where the kernel put the MSI doorbells of an I/O address space.
 *
 * These ioctls are issued on /dev/iommu. Their numbers lie in the range 0xe0 to
 * 0xff of the ioctl type ';' that iommufd and VFIO share, apart from all numbers
 * that either of them uses:
 *
 *	0xe0	IOMMU_MSI_DOORBELLS
 */
#ifndef _UAPI_IOMMUFD_MSI_H
#define _UAPI_IOMMUFD_MSI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/iommufd.h>

enum {
	IOMMUFD_CMD_MSI_DOORBELLS = 0xe0,
};

/**
 * enum iommu_msi_doorbell_flags - State of a doorbell
 * @IOMMU_MSI_DOORBELL_MAPPED: The doorbell is present in a page table of the IOAS
 */
enum iommu_msi_doorbell_flags {
	IOMMU_MSI_DOORBELL_MAPPED = 1 << 0,
};

/**
 * enum iommu_msi_placement_type - Who chose the IOVA of a doorbell
 * @IOMMU_MSI_PLACEMENT_AUTO: The kernel, among all holes
 */
enum iommu_msi_placement_type {
	IOMMU_MSI_PLACEMENT_AUTO = 0,
};

/**
 * struct iommu_msi_doorbell - One doorbell of an I/O address space
 * @index: Number of the doorbell within the IOAS. It stays the same for as long
 *	as a device that may use the doorbell is attached.
 * @flags: Combination of enum iommu_msi_doorbell_flags
 * @placement: One of enum iommu_msi_placement_type
 * @vectors: Number of interrupt vectors that use the doorbell now. Unless it is 0
 *	the doorbell keeps its IOVA, and a map over it fails with -EEXIST.
 * @iova: First IOVA of the place that is kept for the doorbell
 * @length: Length of that place in bytes. The doorbell register lies at the same
 *	offset in it as in its physical page.
 */
struct iommu_msi_doorbell {
	__u32 index;
	__u32 flags;
	__u32 placement;
	__u32 vectors;
	__aligned_u64 iova;
	__aligned_u64 length;
};

/**
 * struct iommu_msi_doorbells - ioctl(IOMMU_MSI_DOORBELLS)
 * @size: sizeof(struct iommu_msi_doorbells)
 * @flags: Must be 0
 * @object_id: IOAS, or page table (HWPT) of the paging kind
 * @entry_len: sizeof(struct iommu_msi_doorbell) as the caller knows it. Entries
 *	are this far apart; a longer one than the kernel knows is filled up with
 *	zeros, a shorter one is not written beyond its end.
 * @num_entries: In: room at @entries_uptr. Out: number of doorbells
 * @__reserved: Must be 0
 * @entries_uptr: Array of @num_entries times @entry_len bytes
 *
 * Report every doorbell that the devices attached to the address space may use,
 * in the order of their indices. An address space without such devices has none.
 *
 * Return: 0 on success. -EMSGSIZE if the room is too small; as many entries as
 * fit are filled, and @num_entries tells how many there are. -EINVAL if
 * @entry_len is below the 32 bytes of the structure's first version, or above the
 * CPU's page size. -ENOENT if
 * there is no such object, -EINVAL if it is of another kind. -EOPNOTSUPP if
 * @flags or @__reserved is not 0. -EFAULT if the array cannot be written.
 */
struct iommu_msi_doorbells {
	__u32 size;
	__u32 flags;
	__u32 object_id;
	__u32 entry_len;
	__u32 num_entries;
	__u32 __reserved;
	__aligned_u64 entries_uptr;
};

#define IOMMU_MSI_DOORBELLS _IO(IOMMUFD_TYPE, IOMMUFD_CMD_MSI_DOORBELLS)

#endif
