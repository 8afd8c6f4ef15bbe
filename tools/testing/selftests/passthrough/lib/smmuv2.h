/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Both sides of nested translation on an Arm SMMUv2, in one process: the VMM's, which owns
 * the objects of iommufd, and the guest's, which has two levels of tables in its memory and
 * writes the registers of a context bank (smmuv2.c).
 *
 * All functions return 0 or a negative errno, unless said otherwise.
 */
#ifndef SELFTESTS_VFIO_SMMUV2_H
#define SELFTESTS_VFIO_SMMUV2_H

#include <linux/iommufd_smmuv2.h>

#include "nested.h"

/* VMM: @fd is an open /dev/iommu */
int smmuv2_info(int fd, __u32 device, struct iommu_hw_info_arm_smmuv2 *info);
int smmuv2_viommu_alloc(int fd, __u32 device, __u32 parent, __u32 *viommu);
int smmuv2_veventq_alloc(int fd, __u32 viommu, __u32 depth, __u32 *veventq,
			 int *events);
int smmuv2_nested_alloc(int fd, __u32 viommu, __u32 device,
			const struct iommu_hwpt_arm_smmuv2 *bank, __u32 *hwpt);
int smmuv2_command(int fd, __u32 viommu, __u32 opcode, __u64 arg);

/* What one read of an event queue returns; without "fault" if some were lost */
struct smmuv2_event {
	struct iommufd_vevent_header header;
	struct iommu_vevent_arm_smmuv2 fault;
};

int smmuv2_event(int events, struct smmuv2_event *event);

/* Guest */
enum granule {
	GRANULE_4K = 12,
	GRANULE_16K = 14,
	GRANULE_64K = 16,
};

/*
 * Levels 2 and 3 of stage 1, one table each, at an IPA of the guest's memory. They
 * cover 2^(granule + 2 * (granule - 3)) bytes, at the bottom of the address space or,
 * through TTBR1, at its top.
 */
struct tables {
	const struct mapping *memory;
	enum granule granule;
	bool high;
	__u16 asid;
	__u64 level2, level3;
};

#define TABLES_READ_ONLY _BITULL(7)

void tables_init(struct tables *tables, const struct mapping *memory,
		 __u64 first, enum granule granule);
void tables_map(struct tables *tables, __u64 va, __u64 ipa, __u64 flags);
void tables_unmap(struct tables *tables, __u64 va);
unsigned int tables_bits(const struct tables *tables);
struct iommu_hwpt_arm_smmuv2 tables_bank(const struct tables *tables);

#endif
