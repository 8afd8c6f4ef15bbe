// SPDX-License-Identifier: GPL-2.0
/*
 * Example: what a VMM calls to give a guest a device behind an Arm SMMUv2 whose stage 1
 * the guest owns. It goes with Documentation/userspace-api/iommufd-smmuv2.rst, is
 * complete with example.h, and is run as a test.
 *
 *	smmuv2_example 0000:00:01.0
 *
 * Any PCI device that is bound to vfio-pci will do; without an argument it is the first
 * one that VFIO_EDU names. The guest's part is short: tables that map one page, which
 * it then maps elsewhere. The device does no DMA. Where SMMU_WALKER names an observer
 * of the SMMU, lib/walker.c asks that where the device's addresses lead; nothing else of
 * lib/ is used.
 */
#define EXAMPLE "a device is led through a guest's context bank"

#include <endian.h>

#include <linux/iommufd_smmuv2.h>

#include "example.h"
#include "lib/smmuv2.h"
#include "lib/walker.h"

/* Where the guest maps a page for its device, and two pages of its memory */
#define GUEST_VA 0x10000ULL
#define FIRST_IPA (RAM_IPA + 0x10000)
#define SECOND_IPA (RAM_IPA + 0x20000)
/* Of the guest's tables of level 2 and 3 */
#define LEVEL2_IPA RAM_IPA
#define LEVEL3_IPA (RAM_IPA + PAGE)
#define ASID 5
/* A page of any user's, shareable, accessed, not global (Arm DDI 0487, D8.3) */
#define PAGE_ENTRY 0xf43ULL
#define TABLE_ENTRY 3ULL
#define QUEUE_DEPTH 16

/* A VMM looks before it shows its guest an SMMU */
static void expect_nesting(int iommufd, __u32 device_id)
{
	struct iommu_hw_info_arm_smmuv2 info = {};
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = device_id,
		.data_len = sizeof(info),
		.data_uptr = (uintptr_t)&info,
	};
	bool nests;

	call(iommufd, IOMMU_GET_HW_INFO, &cmd, "ask for the hardware");
	nests = cmd.out_data_type == IOMMU_HW_INFO_TYPE_ARM_SMMUV2 &&
		info.can_nest;
	errno = EOPNOTSUPP;
	check(nests ? 0 : -1, "no SMMUv2 that can nest");
}

/* What the SMMU reports of the guest's devices is read from here */
static int open_events(int iommufd, __u32 viommu)
{
	struct iommu_veventq_alloc alloc = {
		.size = sizeof(alloc),
		.viommu_id = viommu,
		.type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV2,
		.veventq_depth = QUEUE_DEPTH,
	};

	call(iommufd, IOMMU_VEVENTQ_ALLOC, &alloc, "allocate a vEVENTQ");
	return alloc.out_veventq_fd;
}

/* The guest's driver: an entry for the page, which a device may read at any time */
static void guest_map(void *ram, __u64 ipa)
{
	__u64 *level2 = ram + (LEVEL2_IPA - RAM_IPA);
	__u64 *level3 = ram + (LEVEL3_IPA - RAM_IPA);

	__atomic_store_n(&level3[GUEST_VA >> 12 & 511],
			 htole64(ipa | PAGE_ENTRY), __ATOMIC_RELEASE);
	__atomic_store_n(&level2[GUEST_VA >> 21 & 511],
			 htole64(LEVEL3_IPA | TABLE_ENTRY), __ATOMIC_RELEASE);
}

/*
 * The guest's driver has written a context bank's registers and led the stream to it
 * (Arm IHI 0062, 16.5): 30 bits of address in pages of 4 KiB from TTBR0, none from TTBR1
 * (EPD1), addresses of 48 bits, ASIDs of 16, and translation on.
 */
static __u32 take_bank(int iommufd, __u32 device_id, __u32 viommu)
{
	struct iommu_hwpt_arm_smmuv2 bank = {
		.ttbr = { LEVEL2_IPA | (__u64)ASID << 48, 0 },
		.tcr = 1U << 23 | (64 - 30),
		.tcr2 = 5 | 1 << 4 | 7 << 15,
		.sctlr = 1,
	};
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.dev_id = device_id,
		.pt_id = viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV2,
		.data_len = sizeof(bank),
		.data_uptr = (uintptr_t)&bank,
	};

	call(iommufd, IOMMU_HWPT_ALLOC, &alloc, "allocate a context bank");
	return alloc.out_hwpt_id;
}

/* The guest has written TLBIVA of that context bank, and waits by TLBSYNC */
static void invalidate(int iommufd, __u32 viommu)
{
	struct iommu_viommu_arm_smmuv2_invalidate command = {
		.opcode = IOMMU_ARM_SMMUV2_TLBI_VA,
		.arg = (__u64)ASID << 48 | GUEST_VA >> 12,
	};
	struct iommu_hwpt_invalidate invalidate = {
		.size = sizeof(invalidate),
		.hwpt_id = viommu,
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2,
		.data_uptr = (uintptr_t)&command,
		.entry_len = sizeof(command),
		.entry_num = 1,
	};

	call(iommufd, IOMMU_HWPT_INVALIDATE, &invalidate, "invalidate");
}

/* Memory that an observer finds again: the first and the last bytes of a page */
static void mark_page(void *page, const char *text)
{
	memcpy(page, text, 16);
	memcpy(page + PAGE - 16, text, 16);
}

static void expect_page(const char *bdf, const char *text)
{
	const char *answer;

	if (!walker_is_there())
		return;
	answer = walker_ask("leads %u %#llx %#llx rw %s", walker_sid(bdf),
			    GUEST_VA, PAGE, text);
	errno = EIO;
	check(strcmp(answer, "yes") ? -1 : 0, answer);
}

int main(int argc, char **argv)
{
	static const char first[] = "mexamplefirst001";
	static const char second[] = "mexamplesecond02";
	__u32 device_id, parent, viommu, bank;
	int iommufd, device, events;
	char bdf[16];
	void *ram;

	printf("TAP version 13\n1..1\n");
	device_name(argc, argv, bdf);

	/* What any VMM does */
	iommufd = check(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
	device = open_device(bdf);
	device_id = bind_device(device, iommufd);
	expect_nesting(iommufd, device_id);
	ram = allocate_ram();
	parent = make_parent(iommufd, device_id, map_ram(iommufd, ram));
	viommu = make_viommu(iommufd, IOMMU_VIOMMU_TYPE_ARM_SMMUV2, device_id,
			     parent);
	events = open_events(iommufd, viommu);

	/* The guest enables a context bank of its SMMU, and the VMM sees the registers */
	mark_page(ram + (FIRST_IPA - RAM_IPA), first);
	mark_page(ram + (SECOND_IPA - RAM_IPA), second);
	guest_map(ram, FIRST_IPA);
	bank = take_bank(iommufd, device_id, viommu);
	attach_device(device, bank);
	expect_page(bdf, first);

	/* The guest maps another page there */
	guest_map(ram, SECOND_IPA);
	invalidate(iommufd, viommu);
	expect_page(bdf, second);

	/* It has the stream bypass its SMMU: stage 2 alone. The bank is free again */
	attach_device(device, parent);
	call(iommufd, IOMMU_DESTROY,
	     &(struct iommu_destroy){ .size = sizeof(struct iommu_destroy),
				      .id = bank },
	     "free the context bank");
	close(events);
	close(device);
	close(iommufd);
	printf("ok 1 %s\n", EXAMPLE);
	return 0;
}
