/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Where the MSI doorbells of a VFIO type1 container are.
 *
 * The ioctls are issued on the container. Their numbers are listed in
 * <linux/iommufd_msi.h>.
 */
#ifndef _UAPI_VFIO_MSI_H
#define _UAPI_VFIO_MSI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/iommufd_msi.h>
#include <linux/vfio.h>

/*
 * The identifier lies in the range 0xe000 to 0xefff of the capabilities of
 * VFIO_IOMMU_GET_INFO, apart from those that upstream hands out in sequence.
 */
#define VFIO_IOMMU_TYPE1_INFO_CAP_MSI 0xe000

/**
 * struct vfio_iommu_type1_info_cap_msi - MSI doorbells of a container
 * @header: Identifier VFIO_IOMMU_TYPE1_INFO_CAP_MSI, version 1
 * @flags: 0
 * @num_doorbells: Number of doorbells that the devices of the container may use
 * @aperture_start: First IOVA in bytes that all devices can reach
 * @aperture_last: Last such IOVA. Reserved regions may lie between the two, see
 *	VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE.
 * @granule: Size and alignment of a doorbell's IOVAs in bytes
 * @doorbells_offset: Distance in bytes from @header to the first doorbell
 * @doorbell_len: Distance in bytes from one doorbell to the next
 *
 * The capability of VFIO_IOMMU_GET_INFO that reports every doorbell, in the order
 * of their indices, as @num_doorbells structures of type struct
 * iommu_msi_doorbell. Both structures may become longer; that is what
 * @doorbells_offset and @doorbell_len are for.
 *
 * A container has the capability once a group behind an IOMMU that translates
 * MSIs has been in it with the IOMMU set, before any device is opened. An iommufd
 * that stands in for a container has it once such a device has been opened, or
 * VFIO_IOMMU_MAP_MSI was issued.
 */
struct vfio_iommu_type1_info_cap_msi {
	struct vfio_info_cap_header header;
	__u32 flags;
	__u32 num_doorbells;
	__u64 aperture_start;
	__u64 aperture_last;
	__u64 granule;
	__u32 doorbells_offset;
	__u32 doorbell_len;
};

/**
 * struct vfio_iommu_type1_msi_map - ioctl(VFIO_IOMMU_MAP_MSI)
 * @argsz: Size of this structure in bytes, or more
 * @flags: Must be 0
 * @index: Number of the doorbell, as the capability reports it, below
 *	%IOMMU_MSI_MAX_DOORBELLS
 * @__reserved: Must be 0
 * @iova: Its first IOVA in bytes, a multiple of the granule
 * @size: Length of its IOVAs in bytes, the granule
 *
 * Place a doorbell at an IOVA of the user's choice. It stays there until
 * VFIO_IOMMU_UNMAP_MSI: a later VFIO_IOMMU_MAP_DMA over it fails with -EEXIST.
 * Doorbells can be placed once a group is in the container with the IOMMU set,
 * before any device is opened. As with any doorbell, devices can reach it while it
 * has vectors.
 *
 * The choice outlives the groups that may use the doorbell, but does not keep its
 * IOVAs free while they are not in the container. If these are taken when a group
 * returns, that group is refused with -EADDRINUSE.
 *
 * On an iommufd that stands in for a container the doorbell may be one that no
 * device has brought yet: it is put there when one does.
 *
 * Return: 0 on success. On failure nothing has changed, but a doorbell whose messages
 * could not be rewritten back is mapped at both IOVAs, and pinned: -EINVAL if @argsz
 * is too small, @flags or @__reserved is not 0, @index is not below
 * %IOMMU_MSI_MAX_DOORBELLS, @size is not the granule, or @iova is 0 or no multiple
 * of it. -ENOENT if the container has no such doorbell. -ERANGE if @iova is beyond
 * the aperture. -EEXIST if a mapping or another doorbell is there, -EADDRINUSE if
 * a reserved region is. -EBUSY if a device has vectors that use the doorbell, and
 * its driver cannot give them another address. -EINTR if a fatal signal ended it.
 * -ENOMEM. -EFAULT if the structure cannot be read. -ENOTTY if the kernel does not
 * place doorbells.
 */
struct vfio_iommu_type1_msi_map {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 __reserved;
	__u64 iova;
	__u64 size;
};

#define VFIO_IOMMU_MAP_MSI _IO(VFIO_TYPE, 0xe8)

/**
 * struct vfio_iommu_type1_msi_unmap - ioctl(VFIO_IOMMU_UNMAP_MSI)
 * @argsz: Size of this structure in bytes, or more
 * @flags: Must be 0
 * @index: Number of the doorbell, below %IOMMU_MSI_MAX_DOORBELLS
 * @__reserved: Must be 0
 *
 * Leave the IOVA of a doorbell to the kernel again. It stays where it is until
 * something is in its way, and its vectors keep working: to remove a doorbell from
 * the container, free the vectors or remove the group.
 *
 * Return: 0 on success, also if the kernel had chosen the IOVA. -EINVAL if
 * @argsz is too small, @flags or @__reserved is not 0, or @index is not below
 * %IOMMU_MSI_MAX_DOORBELLS. There need not be such a doorbell, as a choice outlives
 * the one that it was made for. -EFAULT if the structure cannot be read. -ENOTTY if
 * the kernel does not place doorbells.
 */
struct vfio_iommu_type1_msi_unmap {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 __reserved;
};

#define VFIO_IOMMU_UNMAP_MSI _IO(VFIO_TYPE, 0xe9)

#endif
