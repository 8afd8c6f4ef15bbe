// SPDX-License-Identifier: GPL-2.0
/*
 * Example: all calls by which a VMM gives a guest a device behind an Arm SMMUv3 whose
 * stage 1 the guest owns, without an identity-mapped range. It belongs to
 * Documentation/userspace-api/vfio-msi-addresses.rst, is complete with example.h, and is
 * run as a test.
 *
 *	nested_example 0000:00:01.0
 *
 * The device is QEMU's edu, bound to vfio-pci; by default the first one in VFIO_EDU. The
 * guest's part is short: tables that map one page, that of its virtual ITS, at an address
 * of its choice. Then the device sends an interrupt.
 */
#define EXAMPLE "a nested guest takes an interrupt"

#include <endian.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <linux/iommufd_msi.h>
#include <linux/pci_regs.h>
#include <linux/vfio_msi_address.h>

#include "example.h"

/* The virtual ITS's doorbell, in the guest's physical address space */
#define VIRTUAL_ITS_IPA 0x8090000ULL
/* The IOVA at which the guest maps it, and the register's offset in the page */
#define GUEST_IOVA 0xfffff000ULL
#define TRANSLATER 0x40ULL

#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64

/* Place the physical doorbell at the IPA of the virtual one */
static void place_doorbell(int iommufd, __u32 parent)
{
	struct iommu_msi_place place = {
		.size = sizeof(place),
		.object_id = parent,
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.iova = VIRTUAL_ITS_IPA,
	};

	call(iommufd, IOMMU_MSI_PLACE, &place, "place the doorbell");
}

/*
 * The guest's driver: a context descriptor in the first page of its memory (Arm IHI
 * 0070, 5.4), followed by three levels of tables for 39 address bits, which map the page
 * of the virtual ITS. Sets @ste to the guest's stream table entry.
 */
static void guest_driver(void *ram, __u64 ste[2])
{
	__u64 *cd = ram, *level1 = ram + PAGE, *level2 = ram + 2 * PAGE;
	__u64 *level3 = ram + 3 * PAGE;

	level1[GUEST_IOVA >> 30] = htole64((RAM_IPA + 2 * PAGE) | 3);
	level2[GUEST_IOVA >> 21 & 511] = htole64((RAM_IPA + 3 * PAGE) | 3);
	/* User access, shareable, accessed, not global */
	level3[GUEST_IOVA >> 12 & 511] = htole64(VIRTUAL_ITS_IPA | 0xf43);
	cd[1] = htole64(RAM_IPA + 1 * PAGE);
	cd[3] = htole64(0xff);
	/* T0SZ 25, cached and shared walks, EPD1, V, IPS 44, AA64, R, A, ASET */
	cd[0] = htole64(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1ULL << 30 |
			1ULL << 31 | 4ULL << 32 | 1ULL << 41 | 7ULL << 45);
	/* V, Config S1; S1CIR, S1COR, S1CSH */
	ste[0] = htole64(RAM_IPA | 5 << 1 | 1);
	ste[1] = htole64(1 << 2 | 1 << 4 | 3 << 6);
}

/* The guest issued CFGI_STE: its stream table entry has changed */
static void take_ste(int iommufd, int device, __u32 device_id, __u32 viommu,
		     __u64 ste[2])
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.dev_id = device_id,
		.pt_id = viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = 2 * sizeof(*ste),
		.data_uptr = (uintptr_t)ste,
	};

	call(iommufd, IOMMU_HWPT_ALLOC, &alloc, "allocate a nested table");
	attach_device(device, alloc.out_hwpt_id);
}

/*
 * The guest programs the address of its MSI and enables it. Returns an eventfd, which a
 * VMM passes to KVM.
 */
static int enable_msi(int device, __u64 address)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_msi_addresses set;
		__u64 address;
	} addresses = {
		.feature.argsz = sizeof(addresses),
		.feature.flags = VFIO_DEVICE_FEATURE_SET |
				 VFIO_DEVICE_FEATURE_MSI_ADDRESSES,
		.set.index = VFIO_PCI_MSI_IRQ_INDEX,
		.set.count = 1,
		.address = address,
	};
	struct {
		struct vfio_irq_set set;
		__s32 eventfd;
	} irqs = {
		.set.argsz = sizeof(irqs),
		.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER,
		.set.index = VFIO_PCI_MSI_IRQ_INDEX,
		.set.count = 1,
	};

	irqs.eventfd = check(eventfd(0, EFD_CLOEXEC), "eventfd");
	call(device, VFIO_DEVICE_FEATURE, &addresses, "set the MSI's address");
	call(device, VFIO_DEVICE_SET_IRQS, &irqs, "enable the MSI");
	return irqs.eventfd;
}

/* Map the registers of the device, and enable it to send */
static __u32 *start_device(int device)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_region_info bar = {
		.argsz = sizeof(bar),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	__le16 command = htole16(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	void *registers;

	call(device, VFIO_DEVICE_GET_REGION_INFO, &config,
	     "find the configuration");
	call(device, VFIO_DEVICE_GET_REGION_INFO, &bar, "find the registers");
	check(pwrite(device, &command, sizeof(command),
		     config.offset + PCI_COMMAND),
	      "make the device a bus master");
	registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 device, bar.offset);
	check(registers == MAP_FAILED ? -1 : 0, "map the registers");
	return registers;
}

/* Return 1 if the interrupt arrived, else 0 */
static int interrupt(__u32 *registers, int eventfd)
{
	struct pollfd pollfd = { .fd = eventfd, .events = POLLIN };
	int came;

	__atomic_store_n(&registers[EDU_RAISE / 4], 1, __ATOMIC_RELAXED);
	came = poll(&pollfd, 1, 5000) == 1;
	__atomic_store_n(&registers[EDU_ACKNOWLEDGE / 4], 1, __ATOMIC_RELAXED);
	return came;
}

int main(int argc, char **argv)
{
	__u32 device_id, parent, viommu;
	int iommufd, device, event, came;
	__u64 ste[2];
	char bdf[16];
	void *ram;

	device_name(argc, argv, bdf);
	printf("TAP version 13\n1..1\n");

	/* As in any VMM */
	iommufd = check(open("/dev/iommu", O_RDWR | O_CLOEXEC), "/dev/iommu");
	device = open_device(bdf);
	device_id = bind_device(device, iommufd);
	ram = allocate_ram();
	parent = make_parent(iommufd, device_id, map_ram(iommufd, ram));
	viommu = make_viommu(iommufd, IOMMU_VIOMMU_TYPE_ARM_SMMUV3, device_id,
			     parent);

	/* The first call that is new */
	place_doorbell(iommufd, parent);

	/* The guest sets up its SMMU, and the VMM sees its stream table entry */
	guest_driver(ram, ste);
	take_ste(iommufd, device, device_id, viommu, ste);

	/* The guest enables the MSI: this has the other new call */
	event = enable_msi(device, GUEST_IOVA + TRANSLATER);
	printf("# route device=%s iova=%#llx stage=3\n", bdf, GUEST_IOVA);
	came = interrupt(start_device(device), event);
	printf("# msi device=%s iova=%#llx raised=1 received=%d\n", bdf,
	       GUEST_IOVA, came);
	printf("%sok 1 %s\n", came ? "" : "not ", EXAMPLE);
	return !came;
}
