// SPDX-License-Identifier: GPL-2.0
/*
 * kexec while users have devices in use, whose doorbells are at IOVAs that the users
 * requested, one of them with a guest MSI address, and while interrupts keep arriving.
 * An observer of the SMMU checks whether a device still sends to these IOVAs when they
 * are no longer translated; the other kernel checks whether the devices work.
 *
 * Does not return on success. KEXEC_KERNEL, KEXEC_INITRD and KEXEC_COMMAND_LINE
 * describe the other kernel.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "nested_setup.h"

/* The observer of the SMMU knows these, and the page of each device from PLACE on */
#define PLACE 0x66600000ULL
#define GUEST_PAGE 0xfeed1000ULL
#define VIRTUAL_ITS_IPA 0x50000000ULL
#define REGISTER 0x40ULL
/* Of the USB controller's vectors */
#define USED_VECTORS 4

FIXTURE(kexec)
{
	struct guest g; /* has the edu */
	__u32 ioas[2]; /* of the two other devices */
	struct mapping memory;
	struct xhci xhci;
	struct igb igb;
};

/* Attach a device to an address space with its doorbell at an IOVA of its own */
static void attach_placed(struct __test_metadata *_metadata,
			  FIXTURE_DATA(kexec) * self, struct device *dev,
			  unsigned int i)
{
	ASSERT_EQ(0, ioas_alloc(self->g.iommufd, &self->ioas[i]));
	ASSERT_EQ(0,
		  msi_place(self->g.iommufd, self->ioas[i],
			    IOMMU_MSI_PLACEMENT_FIXED, 0, PLACE + i * PAGE, 0));
	ASSERT_EQ(0, device_attach(dev, self->ioas[i]));
}

/* Several vectors of plain MSI */
static void open_xhci(struct __test_metadata *_metadata,
		      FIXTURE_DATA(kexec) * self)
{
	ASSERT_EQ(0, memory_alloc(&self->memory, XHCI_MEMORY));
	self->memory.iova = ELSEWHERE_IOVA;
	ASSERT_EQ(0,
		  xhci_open(&self->xhci, getenv("VFIO_XHCI"), self->g.iommufd));
	attach_placed(_metadata, self, &self->xhci.dev, 0);
	ASSERT_EQ(0, ioas_map(self->g.iommufd, self->ioas[0], self->memory.va,
			      XHCI_MEMORY, ELSEWHERE_IOVA));
	ASSERT_EQ(0, xhci_enable_interrupts(&self->xhci, USED_VECTORS));
	ASSERT_EQ(0, xhci_start(&self->xhci, &self->memory));
	ASSERT_EQ(0, xhci_handshake(&self->xhci, 0));
}

/* MSI-X */
static void open_igb(struct __test_metadata *_metadata,
		     FIXTURE_DATA(kexec) * self)
{
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), self->g.iommufd));
	attach_placed(_metadata, self, &self->igb.dev, 1);
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	ASSERT_EQ(IGB_VECTORS, igb_interrupts(&self->igb));
}

/* One vector of plain MSI, with a guest MSI address */
static void open_edu(struct __test_metadata *_metadata,
		     FIXTURE_DATA(kexec) * self)
{
	struct guest *g = &self->g;

	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	guest_map(_metadata, g, GUEST_PAGE, VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	ASSERT_EQ(0,
		  device_set_msi_address(&g->edu[0].dev, VFIO_PCI_MSI_IRQ_INDEX,
					 0, GUEST_PAGE + REGISTER));
	ASSERT_EQ(0, edu_handshake(&g->edu[0], 1));
}

FIXTURE_SETUP(kexec)
{
	self->xhci = XHCI_CLOSED;
	self->igb = (struct igb){ .regs = MAP_FAILED,
				  .table = MAP_FAILED,
				  .dev = { .fd = -1, .group = -1 } };
	ASSERT_NE(NULL, edu_name(0));
	ASSERT_NE(NULL, igb_name());
	ASSERT_NE(NULL, getenv("VFIO_XHCI"));
	open_edu(_metadata, self);
	open_xhci(_metadata, self);
	open_igb(_metadata, self);
}

FIXTURE_TEARDOWN(kexec)
{
	igb_close(&self->igb);
	xhci_close(&self->xhci);
	guest_close(&self->g);
}

struct raiser {
	pthread_t thread;
	struct igb *igb;
	struct edu *edu;
};

/* Runs until the processor is stopped */
static void *keep_raising(void *arg)
{
	struct raiser *raiser = arg;
	__u32 number = 1;

	for (;;) {
		igb_raise(raiser->igb, 0);
		edu_acknowledge(raiser->edu);
		edu_raise(raiser->edu, ++number);
	}
	return NULL;
}

static void load(struct __test_metadata *_metadata)
{
	const char *command_line = getenv("KEXEC_COMMAND_LINE");
	int kernel = open(getenv("KEXEC_KERNEL"), O_RDONLY);
	int initrd = open(getenv("KEXEC_INITRD"), O_RDONLY);

	ASSERT_LE(0, kernel);
	ASSERT_LE(0, initrd);
	ASSERT_EQ(0, syscall(SYS_kexec_file_load, kernel, initrd,
			     strlen(command_line) + 1, command_line, 0));
}

TEST_F(kexec, while_interrupts_come_is_survived)
{
	struct raiser raiser = { .igb = &self->igb, .edu = &self->g.edu[0] };

	load(_metadata);
	ASSERT_EQ(0,
		  pthread_create(&raiser.thread, NULL, keep_raising, &raiser));
	ASSERT_EQ(0,
		  syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			  LINUX_REBOOT_CMD_KEXEC, NULL));
}

TEST_HARNESS_MAIN
