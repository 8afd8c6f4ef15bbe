/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Report and choose where the MSI doorbells of an I/O address space are.
 *
 * These ioctls are issued on /dev/iommu. Their numbers lie in the range 0xe0 to
 * 0xff of the ioctl type ';' that iommufd and VFIO share, apart from all numbers
 * that either of them uses:
 *
 *	0xe0	IOMMU_MSI_DOORBELLS
 *	0xe1	IOMMU_MSI_PLACE
 *	0xe2	IOMMU_MSI_DEVICE
 *	0xe8	VFIO_IOMMU_MAP_MSI	(<linux/vfio_msi.h>)
 *	0xe9	VFIO_IOMMU_UNMAP_MSI	(<linux/vfio_msi.h>)
 */
#ifndef _UAPI_IOMMUFD_MSI_H
#define _UAPI_IOMMUFD_MSI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/iommufd.h>

enum {
	IOMMUFD_CMD_MSI_DOORBELLS = 0xe0,
	IOMMUFD_CMD_MSI_PLACE = 0xe1,
	IOMMUFD_CMD_MSI_DEVICE = 0xe2,
};

/**
 * enum iommu_msi_doorbell_flags - State of a doorbell
 * @IOMMU_MSI_DOORBELL_MAPPED: The doorbell is present in a page table
 * @IOMMU_MSI_DOORBELL_PINNED: The doorbell stays where it is: a map over it fails
 *	with -EEXIST. Its IOVA is fixed, or its IOMMU is a PAMU, or it is used by a
 *	vector whose driver cannot rewrite the message, or by a device whose page table
 *	is being replaced, or which is attached to a nested one, whose guest knows the
 *	IOVA.
 */
enum iommu_msi_doorbell_flags {
	IOMMU_MSI_DOORBELL_MAPPED = 1 << 0,
	IOMMU_MSI_DOORBELL_PINNED = 1 << 1,
};

/**
 * enum iommu_msi_placement_type - Who chose the IOVA of a doorbell
 * @IOMMU_MSI_PLACEMENT_AUTO: The kernel, among all holes
 * @IOMMU_MSI_PLACEMENT_WINDOW: The kernel, among the holes of a range
 * @IOMMU_MSI_PLACEMENT_FIXED: User space
 */
enum iommu_msi_placement_type {
	IOMMU_MSI_PLACEMENT_AUTO = 0,
	IOMMU_MSI_PLACEMENT_WINDOW = 1,
	IOMMU_MSI_PLACEMENT_FIXED = 2,
};

/**
 * struct iommu_msi_doorbell - One doorbell of an I/O address space
 * @index: Number of the doorbell within the IOAS. It stays the same for as long
 *	as a device that may use the doorbell is attached.
 * @flags: Combination of enum iommu_msi_doorbell_flags
 * @placement: One of enum iommu_msi_placement_type
 * @vectors: Number of interrupt vectors that use the doorbell now
 * @iova: First IOVA of the range that is kept for the doorbell
 * @length: Length of that range in bytes. The doorbell register lies at the same
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
 * @object_id: IOAS, or page table (HWPT) of the paging kind. A page table that
 *	IOMMU_MSI_PLACE was not issued on has the doorbells of its IOAS.
 * @entry_len: sizeof(struct iommu_msi_doorbell) as the caller knows it, the distance
 *	between entries. A longer entry than the kernel knows is filled up with zeros,
 *	a shorter one is not written beyond its end.
 * @num_entries: In: room at @entries_uptr. Out: number of doorbells
 * @__reserved: Must be 0
 * @entries_uptr: Array of @num_entries times @entry_len bytes
 *
 * Report every doorbell that the devices attached to the address space may use,
 * in the order of their indices. An address space without such devices has none.
 *
 * Return: 0 on success. -EMSGSIZE if the room is too small; as many entries as fit
 * are filled, and @num_entries is how many there are. -EINVAL if @entry_len is below
 * the 32 bytes of the structure's first version, or above the CPU's page size.
 * -ENOENT if there is no such object, -EINVAL if it is of another kind. -EOPNOTSUPP
 * if @flags or @__reserved is not 0. -EFAULT if the array cannot be written.
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

/* The index of a doorbell to be placed is below this */
#define IOMMU_MSI_MAX_DOORBELLS 256

/* All doorbells, in iommu_msi_place::index */
#define IOMMU_MSI_INDEX_ALL (~(__u32)0)

/**
 * struct iommu_msi_place - ioctl(IOMMU_MSI_PLACE)
 * @size: sizeof(struct iommu_msi_place)
 * @flags: Must be 0
 * @object_id: IOAS, or page table (HWPT) of the paging kind. A request for a page
 *	table applies only to devices attached to it, which have doorbells of their
 *	own from then on; the first one fails if a device has ever been attached to
 *	it. So several page tables of an IOAS may have different doorbells at the same
 *	IOVA.
 * @placement: One of enum iommu_msi_placement_type
 * @index: Number of a doorbell, as IOMMU_MSI_DOORBELLS reports it, below
 *	%IOMMU_MSI_MAX_DOORBELLS; doorbells that no device has brought yet will have
 *	the next free numbers. Or %IOMMU_MSI_INDEX_ALL.
 * @__reserved: Must be 0
 * @iova: First IOVA of the doorbell, or of the window. 0 for
 *	%IOMMU_MSI_PLACEMENT_AUTO.
 * @length: Length of the window in bytes; otherwise 0. Unlike the @iova of a doorbell
 *	it needs no alignment.
 *
 * Request where doorbells are to be:
 *
 * - %IOMMU_MSI_PLACEMENT_FIXED puts the doorbell @index at @iova, a multiple of the
 *   granule that IOMMU_MSI_DEVICE reports. It is pinned there until it is placed in
 *   another way. If no attached device has brought the doorbell yet, it will be put
 *   there when one does; that attach fails with -EADDRINUSE if @iova is taken or out
 *   of reach.
 * - %IOMMU_MSI_PLACEMENT_WINDOW, for %IOMMU_MSI_INDEX_ALL, confines doorbells without
 *   a fixed IOVA to a window. Those elsewhere are relocated into it. The window is
 *   not kept free of user space's own mappings.
 * - %IOMMU_MSI_PLACEMENT_AUTO leaves the IOVA of @index, or of all doorbells, to the
 *   kernel. Nothing is relocated.
 *
 * Doorbells in use by vectors are relocated, too, if the driver of their device can
 * rewrite its messages; no interrupt is lost.
 *
 * Return: 0 on success. On failure nothing has changed, but a doorbell whose
 * messages could not be rewritten back is mapped at both IOVAs, and pinned:
 * -EOPNOTSUPP if @flags, @__reserved or @placement is not known. -EINVAL if @iova is
 * not aligned, or 0, or @index is not below %IOMMU_MSI_MAX_DOORBELLS, or it or
 * @length does not match @placement, or the window holds no aligned slot, or the
 * object is of another kind. -EOVERFLOW if the window ends beyond 2^64. -ERANGE if a
 * page table cannot translate @iova, or messages of vectors in use cannot hold it.
 * -EEXIST if a user's mapping or another doorbell is there. -EADDRINUSE if @iova is
 * in a reserved range. -ENOSPC if the window does not have enough holes. -EBUSY if
 * vectors use a doorbell that would have to be relocated, and its messages cannot be
 * rewritten, or a device that may use it is attached to a nested page table, or
 * devices have been attached to the page table. -ENOENT if there is no such object.
 * -EINTR if a fatal signal ended it. -ENOMEM.
 */
struct iommu_msi_place {
	__u32 size;
	__u32 flags;
	__u32 object_id;
	__u32 placement;
	__u32 index;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define IOMMU_MSI_PLACE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_MSI_PLACE)

/**
 * struct iommu_msi_device - ioctl(IOMMU_MSI_DEVICE)
 * @size: sizeof(struct iommu_msi_device)
 * @flags: Must be 0
 * @dev_id: Device that is bound to this iommufd, attached or not
 * @num_doorbells: Out: Number of doorbells that MSIs of the device may be sent to; 1
 *	if that is not known in advance. 0 if its IOMMU does not translate MSIs, or the
 *	device has none.
 * @granule: Out: Size and alignment of a doorbell's IOVAs in bytes. In a page table
 *	that is cut into slots they are larger, and known once the device is attached.
 *
 * Return: 0 on success, -EOPNOTSUPP if @flags is not 0, -ENOENT if there is no such
 * device, -ENOMEM.
 */
struct iommu_msi_device {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 num_doorbells;
	__aligned_u64 granule;
};

#define IOMMU_MSI_DEVICE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_MSI_DEVICE)

#endif
