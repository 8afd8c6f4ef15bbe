// SPDX-License-Identifier: GPL-2.0
/*
 * The formats that a guest's SMMUv3 driver writes and reads: stream table entries (Arm IHI
 * 0070, 5.2), commands (4) and event records (7.3). All are little endian.
 */
#include <endian.h>

#include "nested.h"

/* Double word 1 of an STE: table walks are cacheable and shareable */
#define STE_S1CIR_WRITE_BACK _BITULL(2)
#define STE_S1COR_WRITE_BACK _BITULL(4)
#define STE_S1CSH_INNER (3ULL << 6)

#define CMD_CFGI_CD 0x05
#define CMD_CFGI_CD_ALL 0x06
#define CMD_TLBI_NH_ALL 0x10
#define CMD_TLBI_NH_ASID 0x11
#define CMD_TLBI_NH_VA 0x12
#define CMD_TLBI_NH_VAA 0x13
#define CMD_TLBI_NSNH_ALL 0x30
#define CMD_VMID_SHIFT 32
#define CMD_ASID_SHIFT 48
#define CMD_SID_SHIFT 32
#define CMD_LEAF 1ULL
#define CMD_NUM_SHIFT 12
#define CMD_GRANULE_4K _BITULL(10)

#define EVENT_TYPE_MASK 0xff
#define EVENT_SID_SHIFT 32
#define EVENT_READ _BITULL(35)
#define EVENT_STAGE2 _BITULL(39)

struct smmu_ste ste_make(__u64 low, __u64 high)
{
	return (struct smmu_ste){ .word = { htole64(low), htole64(high) } };
}

struct smmu_ste ste_abort(void)
{
	return ste_make(STE_VALID | STE_CONFIG_ABORT, 0);
}

struct smmu_ste ste_bypass(void)
{
	return ste_make(STE_VALID | STE_CONFIG_BYPASS, 0);
}

/* @context_descriptor: its IPA, a multiple of 64 */
struct smmu_ste ste_stage1(__u64 context_descriptor)
{
	return ste_make(STE_VALID | STE_CONFIG_S1 | context_descriptor,
			STE_S1CIR_WRITE_BACK | STE_S1COR_WRITE_BACK |
				STE_S1CSH_INNER);
}

struct smmu_command command_make(__u64 low, __u64 high)
{
	return (struct smmu_command){ .word = { htole64(low), htole64(high) } };
}

struct smmu_command command_tlbi_all(void)
{
	return command_make(CMD_TLBI_NH_ALL, 0);
}

struct smmu_command command_tlbi_non_secure(void)
{
	return command_make(CMD_TLBI_NSNH_ALL, 0);
}

struct smmu_command command_tlbi_asid(__u16 asid)
{
	return command_make(CMD_TLBI_NH_ASID | (__u64)asid << CMD_ASID_SHIFT,
			    0);
}

struct smmu_command command_tlbi_va(__u16 asid, __u64 va)
{
	return command_make(CMD_TLBI_NH_VA | (__u64)asid << CMD_ASID_SHIFT,
			    va | CMD_LEAF);
}

/* @pages: 1 to 32, of 4 KiB */
struct smmu_command command_tlbi_range(__u16 asid, __u64 va, unsigned int pages)
{
	struct smmu_command command = command_tlbi_va(asid, va);

	command.word[0] |= htole64((__u64)(pages - 1) << CMD_NUM_SHIFT);
	command.word[1] |= htole64(CMD_GRANULE_4K);
	return command;
}

struct smmu_command command_tlbi_va_of_all(__u64 va)
{
	return command_make(CMD_TLBI_NH_VAA, va | CMD_LEAF);
}

struct smmu_command command_cfgi_cd(__u32 sid)
{
	return command_make(CMD_CFGI_CD | (__u64)sid << CMD_SID_SHIFT,
			    CMD_LEAF);
}

struct smmu_command command_cfgi_cd_all(__u32 sid)
{
	return command_make(CMD_CFGI_CD_ALL | (__u64)sid << CMD_SID_SHIFT, 0);
}

/* The same TLB invalidation, with a VMID, which a guest cannot choose */
struct smmu_command command_with_vmid(struct smmu_command command, __u16 vmid)
{
	command.word[0] |= htole64((__u64)vmid << CMD_VMID_SHIFT);
	return command;
}

unsigned int event_type(const struct smmu_event *event)
{
	return le64toh(event->record.evt[0]) & EVENT_TYPE_MASK;
}

__u32 event_sid(const struct smmu_event *event)
{
	return le64toh(event->record.evt[0]) >> EVENT_SID_SHIFT;
}

/* The address that the device used */
__u64 event_address(const struct smmu_event *event)
{
	return le64toh(event->record.evt[2]);
}

bool event_is_read(const struct smmu_event *event)
{
	return le64toh(event->record.evt[1]) & EVENT_READ;
}

bool event_is_stage2(const struct smmu_event *event)
{
	return le64toh(event->record.evt[1]) & EVENT_STAGE2;
}

/* Whether this is no record, but a notice that the queue was full */
bool event_is_lost(const struct smmu_event *event)
{
	return event->header.flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
}
