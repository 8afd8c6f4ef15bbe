// SPDX-License-Identifier: GPL-2.0
/*
 * Example: the calls by which a VMM gives a guest a device behind an Arm SMMUv2 whose stage
 * 1 the guest owns. It belongs to Documentation/userspace-api/iommufd-smmuv2.rst, is
 * complete with example.h, and is run as a test.
 *
 *	smmuv2_example 0000:00:01.0
 *
 * Any PCI device that is bound to vfio-pci works; by default it is the first one in
 * VFIO_EDU. The guest's part is short: tables that map one page, which it then maps to
 * other memory. The device does no DMA. If SMMU_WALKER names an observer of the SMMU,
 * lib/walker.c asks it what the device's addresses map to; nothing else of lib/ is used.
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
/* The guest's tables of levels 2 and 3 */
#define LEVEL2_IPA RAM_IPA
#define LEVEL3_IPA (RAM_IPA + PAGE)
#define ASID 5
/* User access, shareable, accessed, not global (Arm DDI 0487, D8.3) */
#define PAGE_ENTRY 0xf43ULL
#define TABLE_ENTRY 3ULL
#define QUEUE_DEPTH 16

/* A VMM checks this before it presents an SMMU to its guest */
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

/* The SMMU's faults of the guest's devices are read from here */
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

/* The guest's driver: an entry for the page, which the SMMU may read at any time */
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
 * The guest's driver has written a context bank's registers and mapped the stream to it
 * (Arm IHI 0062, 16.5): 30-bit addresses in pages of 4 KiB by TTBR0, none by TTBR1
 * (EPD1), 48-bit output addresses, 16-bit ASIDs, and translation enabled.
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

/* The guest has written TLBIVA of that context bank, and waits for TLBSYNC */
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

/* Mark a page for the observer, in its first and last bytes */
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

	/* As in any VMM */
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

	/* The guest maps that address to another page */
	guest_map(ram, SECOND_IPA);
	invalidate(iommufd, viommu);
	expect_page(bdf, second);

	/* The guest lets the stream bypass its SMMU: stage 2 alone. Free the bank */
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
