/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Both sides of nested translation on an Arm SMMUv3, in one process: the VMM's, which
 * owns the objects of iommufd (viommu.c), and the guest's, which writes stream table
 * entries and commands and reads events (smmuv3.c), and builds context descriptors
 * and stage 1 tables in memory (stage1.c). An address is a VA before stage 1, and an
 * IPA after it, which stage 2, the IOAS, translates further.
 *
 * All functions return 0 or a negative errno, unless said otherwise.
 */
#ifndef SELFTESTS_VFIO_NESTED_H
#define SELFTESTS_VFIO_NESTED_H

#include <linux/const.h>

#include "passthrough.h"

/* smmuv3.c: what a guest's driver writes and reads, see Arm IHI 0070 */
struct smmu_ste { /* the first two double words */
	__le64 word[2];
};

struct smmu_command {
	__le64 word[2];
};

#define STE_VALID _BITULL(0)
#define STE_CONFIG_ABORT (0ULL << 1)
#define STE_CONFIG_BYPASS (4ULL << 1)
#define STE_CONFIG_S1 (5ULL << 1)

struct smmu_ste ste_make(__u64 low, __u64 high);
struct smmu_ste ste_abort(void);
struct smmu_ste ste_bypass(void);
struct smmu_ste ste_stage1(__u64 context_descriptor);

struct smmu_command command_make(__u64 low, __u64 high);
struct smmu_command command_tlbi_all(void);
struct smmu_command command_tlbi_non_secure(void);
struct smmu_command command_tlbi_asid(__u16 asid);
struct smmu_command command_tlbi_va(__u16 asid, __u64 va);
struct smmu_command command_tlbi_range(__u16 asid, __u64 va,
				       unsigned int pages);
struct smmu_command command_tlbi_va_of_all(__u64 va);
struct smmu_command command_cfgi_cd(__u32 sid);
struct smmu_command command_cfgi_cd_all(__u32 sid);
struct smmu_command command_with_vmid(struct smmu_command command, __u16 vmid);

enum smmu_event_type {
	EVENT_BAD_STE = 0x04,
	EVENT_BAD_CD = 0x0a,
	EVENT_TRANSLATION = 0x10,
	EVENT_ADDRESS_SIZE = 0x11,
	EVENT_ACCESS = 0x12,
	EVENT_PERMISSION = 0x13,
};

/* What one read of an event queue returns; without "evt" if events were lost */
struct smmu_event {
	struct iommufd_vevent_header header;
	struct iommu_vevent_arm_smmuv3 record;
};

unsigned int event_type(const struct smmu_event *event);
__u32 event_sid(const struct smmu_event *event);
__u64 event_address(const struct smmu_event *event);
bool event_is_read(const struct smmu_event *event);
bool event_is_lost(const struct smmu_event *event);
bool event_is_stage2(const struct smmu_event *event);

/* viommu.c: @fd is an open /dev/iommu */
int smmu_info(int fd, __u32 device, struct iommu_hw_info_arm_smmuv3 *info);
int nest_parent_alloc(int fd, __u32 device, __u32 ioas, __u32 *hwpt);
int viommu_alloc_type(int fd, __u32 type, __u32 device, __u32 parent,
		      __u32 *viommu);
int viommu_alloc(int fd, __u32 device, __u32 parent, __u32 *viommu);
int vdevice_alloc(int fd, __u32 viommu, __u32 device, __u64 sid,
		  __u32 *vdevice);
int veventq_alloc_type(int fd, __u32 type, __u32 viommu, __u32 depth,
		       __u32 *veventq, int *events);
int veventq_alloc(int fd, __u32 viommu, __u32 depth, __u32 *veventq,
		  int *events);
int nested_alloc(int fd, __u32 viommu, __u32 device, struct smmu_ste ste,
		 __u32 *hwpt);
int nested_alloc_with_faults(int fd, __u32 viommu, __u32 device,
			     struct smmu_ste ste, __u32 fault, __u32 *hwpt);
int faults_alloc(int fd, __u32 *fault, int *queue);
int viommu_invalidate(int fd, __u32 type, __u32 viommu, const void *commands,
		      __u32 length, __u32 *count);
int viommu_commands(int fd, __u32 viommu, const struct smmu_command *commands,
		    __u32 *count);
int viommu_command(int fd, __u32 viommu, struct smmu_command command);
int event_wait(int events, struct smmu_event *event);
int event_next(int events, struct smmu_event *event);

/* stage1.c: an address space of the guest, with tables in its memory */
struct stage1 {
	const struct mapping *memory; /* the guest's: iova is its IPA */
	__u64 first, last, next; /* the pages for tables, as IPAs */
	__u64 descriptor; /* the CD's IPA */
	__u64 root; /* the first table's IPA */
	__u16 asid;
};

#define STAGE1_PAGE 0x1000ULL
#define STAGE1_BLOCK 0x200000ULL

enum stage1_access {
	STAGE1_READ,
	STAGE1_READ_WRITE,
};

int stage1_init(struct stage1 *stage1, const struct mapping *memory,
		__u64 first, __u64 length, __u16 asid);
int stage1_map(struct stage1 *stage1, __u64 va, __u64 ipa,
	       enum stage1_access access);
int stage1_map_block(struct stage1 *stage1, __u64 va, __u64 ipa);
void stage1_unmap(struct stage1 *stage1, __u64 va);
__u64 *stage1_descriptor(struct stage1 *stage1);
__u64 *stage1_entry(struct stage1 *stage1, __u64 va);
struct smmu_ste stage1_ste(const struct stage1 *stage1);

#endif
