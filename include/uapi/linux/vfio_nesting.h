/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The stage at which a VFIO container of VFIO_TYPE1_NESTING_IOMMU translates.
 */
#ifndef _UAPI_VFIO_NESTING_H
#define _UAPI_VFIO_NESTING_H

#include <linux/types.h>
#include <linux/vfio.h>

/*
 * The identifier is from the same range as that of <linux/vfio_msi.h>, apart from
 * those that upstream hands out in sequence.
 */
#define VFIO_IOMMU_TYPE1_INFO_CAP_NESTING 0xe001

/**
 * struct vfio_iommu_type1_info_cap_nesting - Stage of a container for nesting
 * @header: Identifier VFIO_IOMMU_TYPE1_INFO_CAP_NESTING, version 1
 * @stage: 2 if what is mapped in the container is stage 2 of the translation of
 *	every device in it; 1 if it is stage 1 for some, as their IOMMU has no stage 2;
 *	0 if no group is in it
 * @__reserved: 0
 *
 * A container has this capability of VFIO_IOMMU_GET_INFO if its IOMMU was set to
 * VFIO_TYPE1_NESTING_IOMMU. See Documentation/userspace-api/vfio-nesting.rst.
 */
struct vfio_iommu_type1_info_cap_nesting {
	struct vfio_info_cap_header header;
	__u32 stage;
	__u32 __reserved;
};

#endif
