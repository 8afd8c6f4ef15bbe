// SPDX-License-Identifier: GPL-2.0
/*
 * Just enough of a USB controller (QEMU's nec-usb-xhci) to have it send the MSI of
 * its first interrupter: it is reset, and executes one command that does nothing. The
 * point of it are its many vectors of plain MSI. See the xHCI specification 1.2, 5.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "passthrough.h"

#define XHCI_COMMAND 0x40
#define XHCI_COMMAND_RUN 0x1
#define XHCI_COMMAND_RESET 0x2
#define XHCI_COMMAND_INTERRUPT 0x4
#define XHCI_RING_CONTROL 0x58
#define XHCI_CONTEXTS 0x70
#define XHCI_CONFIG 0x78
/* The first interrupter */
#define XHCI_MANAGEMENT 0x1020
#define XHCI_MANAGEMENT_ENABLE 0x3 /* and clear what is pending */
#define XHCI_SEGMENTS 0x1028
#define XHCI_SEGMENT_TABLE 0x1030
#define XHCI_EVENT 0x1038
#define XHCI_DOORBELL 0x2000
#define XHCI_NO_OP (23 << 10 | 1)

/* In the controller's memory */
#define COMMAND_RING 0x1000
#define SEGMENT_TABLE 0x2000
#define EVENT_RING 0x3000
#define EVENTS 64

static void write32(struct xhci *xhci, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(xhci->regs + reg), value, __ATOMIC_RELAXED);
}

static void write64(struct xhci *xhci, unsigned int reg, __u64 value)
{
	write32(xhci, reg, value);
	write32(xhci, reg + 4, value >> 32);
}

int xhci_open(struct xhci *xhci, const char *bdf, int iommufd)
{
	unsigned int i;
	int ret;

	*xhci = (struct xhci){ .regs = MAP_FAILED };
	for (i = 0; i < XHCI_VECTORS; i++)
		xhci->eventfds[i] = -1;
	ret = device_open(&xhci->dev, bdf, iommufd);
	if (ret)
		return ret;
	ret = device_map_bar(&xhci->dev, 0, &xhci->regs, &xhci->regs_size);
	if (!ret)
		ret = device_bus_master(&xhci->dev, true);
	if (ret)
		xhci_close(xhci);
	return ret;
}

void xhci_close(struct xhci *xhci)
{
	unsigned int i;

	if (xhci->regs != MAP_FAILED)
		munmap(xhci->regs, xhci->regs_size);
	xhci->regs = MAP_FAILED;
	device_close(&xhci->dev);
	for (i = 0; i < XHCI_VECTORS; i++)
		if (xhci->eventfds[i] >= 0)
			close(xhci->eventfds[i]);
}

int xhci_enable_interrupts(struct xhci *xhci)
{
	unsigned int i;

	for (i = 0; i < XHCI_VECTORS; i++) {
		xhci->eventfds[i] = eventfd(0, EFD_CLOEXEC);
		if (xhci->eventfds[i] < 0)
			return -errno;
	}
	return device_enable_vectors(&xhci->dev, VFIO_PCI_MSI_IRQ_INDEX,
				     xhci->eventfds, XHCI_VECTORS);
}

/* The controller has @memory, which it sees at its IOVA, for its rings */
int xhci_handshake(struct xhci *xhci, const struct mapping *memory)
{
	__u64 *segment = (__u64 *)(memory->va + SEGMENT_TABLE);
	__u32 *command = (__u32 *)(memory->va + COMMAND_RING);
	const struct timespec nap = { .tv_nsec = 1000000 };

	write32(xhci, XHCI_COMMAND, XHCI_COMMAND_RESET);
	nanosleep(&nap, NULL);
	memset(memory->va, 0, XHCI_MEMORY);
	segment[0] = memory->iova + EVENT_RING;
	segment[1] = EVENTS;
	command[3] = XHCI_NO_OP;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	write32(xhci, XHCI_CONFIG, 1);
	write64(xhci, XHCI_CONTEXTS, memory->iova);
	write64(xhci, XHCI_RING_CONTROL, (memory->iova + COMMAND_RING) | 1);
	write32(xhci, XHCI_SEGMENTS, 1);
	write64(xhci, XHCI_EVENT, memory->iova + EVENT_RING);
	write64(xhci, XHCI_SEGMENT_TABLE, memory->iova + SEGMENT_TABLE);
	write32(xhci, XHCI_MANAGEMENT, XHCI_MANAGEMENT_ENABLE);
	write32(xhci, XHCI_COMMAND, XHCI_COMMAND_RUN | XHCI_COMMAND_INTERRUPT);
	write32(xhci, XHCI_DOORBELL, 0);
	return device_wait_vector(xhci->eventfds[0]);
}
