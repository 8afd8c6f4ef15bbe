/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Page tables of Freescale's PAMU: their geometry.
 *
 * A PAMU does not translate pages. The window of I/O addresses that a device may
 * use is cut into slots of one size, and each slot maps its first bytes, a power
 * of two of them, to one range of physical memory. See
 * Documentation/userspace-api/iommufd-pamu.rst.
 */
#ifndef _UAPI_IOMMUFD_PAMU_H
#define _UAPI_IOMMUFD_PAMU_H

#include <linux/types.h>

/*
 * iommu_hwpt_alloc::data_type of struct iommu_hwpt_pamu. Like the ioctls of
 * <linux/iommufd_msi.h> it is apart from the numbers that iommufd itself assigns
 * in sequence.
 */
#define IOMMU_HWPT_DATA_PAMU 0xe0

/**
 * struct iommu_hwpt_pamu - Geometry of a page table of a PAMU
 *			    (IOMMU_HWPT_DATA_PAMU)
 * @aperture_bits: Binary logarithm of the size of the window in bytes, at most
 *	36, and at most 32 if the kernel has 32 bits. The window begins at I/O
 *	address 0.
 * @slots: Number of slots: a power of two, up to 256 or what the hardware has.
 *	A slot may not be smaller than 4 KiB, nor, if the kernel has 32 bits,
 *	larger than 2 GiB.
 *
 * Given to IOMMU_HWPT_ALLOC with an IOAS as parent. -EINVAL if the geometry is out
 * of range.
 */
struct iommu_hwpt_pamu {
	__u32 aperture_bits;
	__u32 slots;
};

#endif
