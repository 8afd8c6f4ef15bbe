/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Guests that own stage 1 of an Arm SMMUv2.
 *
 * The ioctls are those of virtual IOMMUs in <linux/iommufd.h>; this file has the
 * types that an SMMUv2 adds, and their data. Like the ioctls of
 * <linux/iommufd_msi.h>, the types are apart from the numbers that iommufd itself
 * assigns in sequence. See Documentation/userspace-api/iommufd-smmuv2.rst.
 */
#ifndef _UAPI_IOMMUFD_SMMUV2_H
#define _UAPI_IOMMUFD_SMMUV2_H

#include <linux/types.h>

/* iommu_hw_info::out_data_type of struct iommu_hw_info_arm_smmuv2 */
#define IOMMU_HW_INFO_TYPE_ARM_SMMUV2 0xe0
/* iommu_viommu_alloc::type, without data */
#define IOMMU_VIOMMU_TYPE_ARM_SMMUV2 0xe0
/* iommu_hwpt_alloc::data_type of struct iommu_hwpt_arm_smmuv2 */
#define IOMMU_HWPT_DATA_ARM_SMMUV2 0xe1
/* iommu_hwpt_invalidate::data_type of struct iommu_viommu_arm_smmuv2_invalidate */
#define IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2 0xe0
/* iommu_veventq_alloc::type of struct iommu_vevent_arm_smmuv2 */
#define IOMMU_VEVENTQ_TYPE_ARM_SMMUV2 0xe0

/**
 * struct iommu_hw_info_arm_smmuv2 - Features of an SMMUv2
 *				     (IOMMU_HW_INFO_TYPE_ARM_SMMUV2)
 * @flags: 0
 * @can_nest: 1 if a guest may own stage 1 of the device, else 0
 * @idr: SMMU_IDR0 to SMMU_IDR7 as the hardware has them, including what firmware or
 *	errata take away.
 *
 * Reported for an SMMUv1 as well, where @can_nest is 0. A VMM may show its guest at
 * most: stage 1, the AArch64 granules and address sizes reported here, any number of
 * context banks, no stage 2, no address translation operations, no stalls.
 */
struct iommu_hw_info_arm_smmuv2 {
	__u32 flags;
	__u32 can_nest;
	__u32 idr[8];
};

/**
 * struct iommu_hwpt_arm_smmuv2 - A guest's stage 1 context bank
 *				  (IOMMU_HWPT_DATA_ARM_SMMUV2)
 * @ttbr: TTBR0 and TTBR1: ASID [63:48], table [47:4], an address of the guest
 * @tcr: TCR: all but bit 6. A granule that is used must be one of the SMMU's.
 * @tcr2: TCR2: PASize [2:0], AS, TBI0, TBI1, SEP [17:15]
 * @mair: MAIR0 and MAIR1: any, but not used: see below
 * @contextidr: CONTEXTIDR: any
 * @sctlr: SCTLR: M, which must be set, TRE, AFE, CFRE, CFIE, ASIDPNE
 *
 * The registers of a context bank in AArch64 format. Any other bit that is set fails
 * with -EIO. Given to IOMMU_HWPT_ALLOC with a vIOMMU of %IOMMU_VIOMMU_TYPE_ARM_SMMUV2
 * as parent; each such hwpt holds a context bank of the hardware as long as it lives,
 * and allocation fails with -ENOSPC if none is left.
 *
 * Caches are not maintained for a guest's DMA, so it is always write-back and
 * shareable: the hardware's MAIR0 and MAIR1 are set accordingly, whatever @mair holds,
 * as are the table walk attributes in TCR. Device memory, MSI doorbells included, is
 * mapped as in stage 2. Faults are always reported, and never stall.
 *
 * A guest's stream that bypasses stage 1 is attached to the nest parent itself.
 */
struct iommu_hwpt_arm_smmuv2 {
	__aligned_u64 ttbr[2];
	__u32 tcr;
	__u32 tcr2;
	__u32 mair[2];
	__u32 contextidr;
	__u32 sctlr;
};

/**
 * enum iommu_arm_smmuv2_tlbi - What a guest may invalidate
 * @IOMMU_ARM_SMMUV2_TLBI_ALL: All of stage 1, argument 0
 * @IOMMU_ARM_SMMUV2_TLBI_ASID: All of an ASID, argument [15:0]
 * @IOMMU_ARM_SMMUV2_TLBI_VA: An address of an ASID, ASID [63:48], VA >> 12 in [43:0]
 * @IOMMU_ARM_SMMUV2_TLBI_VAL: The same, last level only
 * @IOMMU_ARM_SMMUV2_TLBI_VAA: An address of all ASIDs, VA >> 12 in [43:0]
 * @IOMMU_ARM_SMMUV2_TLBI_VAAL: The same, last level only
 *
 * The arguments are those of the registers of a context bank in AArch64 format. Each
 * invalidation reaches all context banks of the vIOMMU's nest parent.
 */
enum iommu_arm_smmuv2_tlbi {
	IOMMU_ARM_SMMUV2_TLBI_ALL = 0,
	IOMMU_ARM_SMMUV2_TLBI_ASID = 1,
	IOMMU_ARM_SMMUV2_TLBI_VA = 2,
	IOMMU_ARM_SMMUV2_TLBI_VAL = 3,
	IOMMU_ARM_SMMUV2_TLBI_VAA = 4,
	IOMMU_ARM_SMMUV2_TLBI_VAAL = 5,
};

/**
 * struct iommu_viommu_arm_smmuv2_invalidate - A command of a guest
 *				(IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2)
 * @opcode: One of enum iommu_arm_smmuv2_tlbi
 * @__reserved: Must be 0
 * @arg: Its argument
 *
 * Given to IOMMU_HWPT_INVALIDATE with a vIOMMU. The commands of an array are executed
 * in order, and complete when the ioctl returns. An unknown @opcode, or a bit outside
 * of its argument, ends the array with -EIO; the commands before took effect and are
 * counted.
 */
struct iommu_viommu_arm_smmuv2_invalidate {
	__u32 opcode;
	__u32 __reserved;
	__aligned_u64 arg;
};

/**
 * struct iommu_vevent_arm_smmuv2 - A fault of a guest's device
 *				    (IOMMU_VEVENTQ_TYPE_ARM_SMMUV2)
 * @virt_sid: The virtual stream ID of the device
 * @stage: 1 if the guest's tables had no translation, 2 if the nest parent had none
 * @fsr: FSR of the context bank that recorded it
 * @fsynr0: FSYNR0, without the number of the bank
 * @far: FAR, the address that the device used
 * @ipafar: At stage 2, the address of the guest that had no translation; else 0
 */
struct iommu_vevent_arm_smmuv2 {
	__u32 virt_sid;
	__u32 stage;
	__u32 fsr;
	__u32 fsynr0;
	__aligned_u64 far;
	__aligned_u64 ipafar;
};

#endif
