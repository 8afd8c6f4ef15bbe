// SPDX-License-Identifier: GPL-2.0
/*
 * An SMMUv2 whose stage 1 a guest owns: thin wrappers of iommufd's ioctls, and the tables
 * and registers that the guest's driver would write (Arm IHI 0062, DDI 0487).
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "smmuv2.h"

#define EVENT_TIMEOUT_MS 5000

#define ENTRY_TABLE 3ULL
/* A page: AttrIndx 0, AP[1], inner shareable, accessed, not global */
#define ENTRY_PAGE 0xf43ULL

#define SCTLR_M 1
#define TCR_EPD0 0x80U
#define TCR_EPD1 0x800000U
#define TCR2_PASIZE_48 5
#define TCR2_AS 0x10U
#define TCR2_SEP_UPSTREAM 0x38000U
#define TTBR_ASID_SHIFT 48

int smmuv2_info(int fd, __u32 device, struct iommu_hw_info_arm_smmuv2 *info)
{
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = device,
		.data_len = sizeof(*info),
		.data_uptr = (uintptr_t)info,
	};

	if (ioctl(fd, IOMMU_GET_HW_INFO, &cmd))
		return -errno;
	if (cmd.out_data_type != IOMMU_HW_INFO_TYPE_ARM_SMMUV2)
		return -EOPNOTSUPP;
	return 0;
}

int smmuv2_viommu_alloc(int fd, __u32 device, __u32 parent, __u32 *viommu)
{
	return viommu_alloc_type(fd, IOMMU_VIOMMU_TYPE_ARM_SMMUV2, device,
				 parent, viommu);
}

int smmuv2_veventq_alloc(int fd, __u32 viommu, __u32 depth, __u32 *veventq,
			 int *events)
{
	return veventq_alloc_type(fd, IOMMU_VEVENTQ_TYPE_ARM_SMMUV2, viommu,
				  depth, veventq, events);
}

int smmuv2_nested_alloc(int fd, __u32 viommu, __u32 device,
			const struct iommu_hwpt_arm_smmuv2 *bank, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = device,
		.pt_id = viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV2,
		.data_len = sizeof(*bank),
		.data_uptr = (uintptr_t)bank,
	};
	int ret = ioctl(fd, IOMMU_HWPT_ALLOC, &cmd) ? -errno : 0;

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

/* -EIO: a command that a guest may not issue. -EPROTO: wrong count. */
int smmuv2_command(int fd, __u32 viommu, __u32 opcode, __u64 arg)
{
	struct iommu_viommu_arm_smmuv2_invalidate command = {
		.opcode = opcode,
		.arg = arg,
	};
	__u32 count = 1;
	int ret;

	ret = viommu_invalidate(fd, IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2,
				viommu, &command, sizeof(command), &count);
	return count == !ret ? ret : -EPROTO;
}

/* The next event. -ETIMEDOUT: there is none. */
int smmuv2_event(int events, struct smmuv2_event *event)
{
	struct pollfd pollfd = { .fd = events, .events = POLLIN };
	ssize_t length;

	if (poll(&pollfd, 1, EVENT_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	memset(event, 0, sizeof(*event));
	length = read(events, event, sizeof(*event));
	if (length < 0)
		return -errno;
	if (length == sizeof(event->header) &&
	    (event->header.flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS))
		return 0;
	return length == sizeof(*event) ? 0 : -EIO;
}

/* The CPU's pointer to an IPA of the guest's memory */
static __u64 *at(const struct tables *tables, __u64 ipa)
{
	return (__u64 *)(tables->memory->va + (ipa - tables->memory->iova));
}

/* The SMMU may read the tables while they are written */
static void set(__u64 *entry, __u64 value)
{
	__atomic_store_n(entry, htole64(value), __ATOMIC_RELEASE);
}

static unsigned int index_bits(const struct tables *tables)
{
	return tables->granule - 3;
}

/* @first: the IPA of the tables, two granules; a multiple of the granule */
void tables_init(struct tables *tables, const struct mapping *memory,
		 __u64 first, enum granule granule)
{
	*tables = (struct tables){
		.memory = memory,
		.granule = granule,
		.asid = 7,
		.level2 = first,
		.level3 = first + (1ULL << granule),
	};
	memset(at(tables, first), 0, 2UL << granule);
}

/* Number of address bits that the tables translate */
unsigned int tables_bits(const struct tables *tables)
{
	return tables->granule + 2 * index_bits(tables);
}

static __u64 *page_entry(const struct tables *tables, __u64 va)
{
	__u64 mask = (1ULL << index_bits(tables)) - 1;

	return at(tables, tables->level3) + (va >> tables->granule & mask);
}

/* Map a page of the granule's size; one level 2 entry covers all of them */
void tables_map(struct tables *tables, __u64 va, __u64 ipa, __u64 flags)
{
	__u64 mask = (1ULL << index_bits(tables)) - 1;
	unsigned int shift = tables->granule + index_bits(tables);

	set(page_entry(tables, va), ipa | flags | ENTRY_PAGE);
	set(at(tables, tables->level2) + (va >> shift & mask),
	    tables->level3 | ENTRY_TABLE);
}

void tables_unmap(struct tables *tables, __u64 va)
{
	set(page_entry(tables, va), 0);
}

/* What the guest's driver writes into the registers of a context bank */
struct iommu_hwpt_arm_smmuv2 tables_bank(const struct tables *tables)
{
	static const __u32 tg0[] = {
		[GRANULE_4K] = 0, [GRANULE_16K] = 2, [GRANULE_64K] = 1
	};
	static const __u32 tg1[] = {
		[GRANULE_4K] = 2, [GRANULE_16K] = 1, [GRANULE_64K] = 3
	};
	__u32 size = 64 - tables_bits(tables), g = tables->granule;
	struct iommu_hwpt_arm_smmuv2 bank = {
		.tcr = TCR_EPD1 | size | tg0[g] << 14,
		.tcr2 = TCR2_PASIZE_48 | TCR2_AS | TCR2_SEP_UPSTREAM,
		/* Device memory: the guest cannot choose attributes */
		.mair = { 0, 0 },
		.sctlr = SCTLR_M,
	};

	if (tables->high)
		bank.tcr = TCR_EPD0 | size << 16 | tg1[g] << 30;
	bank.ttbr[tables->high] = tables->level2 | (__u64)tables->asid
							   << TTBR_ASID_SHIFT;
	return bank;
}
