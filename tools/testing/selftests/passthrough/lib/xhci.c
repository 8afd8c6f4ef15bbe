// SPDX-License-Identifier: GPL-2.0
/*
 * A USB 3 host controller (xHCI 1.2) for its many vectors of plain MSI: the descriptor of a
 * USB device below it is requested, each time with another interrupter for the completion.
 * An interrupter raises the vector of its number, modulo the number of vectors.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "passthrough.h"

/* Registers, at the offsets of QEMU's controllers: operational, runtime, doorbells */
#define USBCMD 0x40
#define USBCMD_RUN 0x1
#define USBCMD_RESET 0x2
#define USBCMD_INTERRUPTS 0x4
#define CRCR 0x58
#define DCBAAP 0x70
#define CONFIG 0x78
#define PORTSC(port) (0x440 + 0x10 * (port))
#define PORTSC_CONNECTED 0x1
#define PORTSC_RESET 0x10
#define PORTSC_POWER 0x200
#define PORTSC_SPEED(portsc) ((portsc) >> 10 & 0xf)
#define PORTS 8
#define IMAN(i) (0x1020 + 0x20 * (i))
#define IMAN_PENDING_AND_ENABLED 0x3
#define ERSTSZ(i) (IMAN(i) + 0x8)
#define ERSTBA(i) (IMAN(i) + 0x10)
#define ERDP(i) (IMAN(i) + 0x18)
#define ERDP_BUSY 0x8
#define DOORBELL(slot) (0x2000 + 4 * (slot))
#define DOORBELL_CONTROL 1

/* The parts of the memory: the array of contexts, rings, a context, data */
#define COMMANDS 0x1000
#define SEGMENTS 0x2000
#define EVENTS(i) (0x3000 + 0x1000 * (i))
#define INPUT 0x20000
#define OUTPUT 0x21000
#define TRANSFERS 0x22000
#define DATA 0x23000

/* Entries of an event ring, and of other rings, whose last one is a link */
#define RING_EVENTS 64
#define RING_ENTRIES 60

#define TRB_SETUP (2 << 10)
#define TRB_DATA (3 << 10)
#define TRB_STATUS (4 << 10)
#define TRB_LINK (6 << 10)
#define TRB_ENABLE_SLOT (9 << 10)
#define TRB_ADDRESS_DEVICE (11 << 10)
#define TRB_TYPE_MASK 0xfc00
#define TRB_COMMAND_COMPLETION (33 << 10)
#define TRB_IMMEDIATE 0x40
#define TRB_INTERRUPT 0x20
#define TRB_CYCLE 0x1
#define TRB_TOGGLE 0x2
#define TRB_SUCCESS(status) ((status) >> 24 == 1)
#define TRANSFER_IN (3 << 16)
#define DIRECTION_IN (1 << 16)
/* GET_DESCRIPTOR of the device, of 18 bytes */
#define GET_DESCRIPTOR 0x0012000001000680ULL
#define DESCRIPTOR_LENGTH 18

#define SLOT 1
#define TIMEOUT_MS 2000

struct trb {
	__u64 parameter;
	__u32 status;
	__u32 control;
};

static void nap(unsigned int milliseconds)
{
	const struct timespec time = { .tv_nsec = milliseconds * 1000000L };

	nanosleep(&time, NULL);
}

static __u32 read32(struct xhci *xhci, unsigned int reg)
{
	return __atomic_load_n((__u32 *)(xhci->regs + reg), __ATOMIC_SEQ_CST);
}

static void write32(struct xhci *xhci, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(xhci->regs + reg), value, __ATOMIC_SEQ_CST);
}

static void write64(struct xhci *xhci, unsigned int reg, __u64 value)
{
	write32(xhci, reg, value);
	write32(xhci, reg + 4, value >> 32);
}

static int start(struct xhci *xhci)
{
	int ret;

	ret = device_map_bar(&xhci->dev, 0, &xhci->regs, &xhci->regs_size);
	if (!ret)
		ret = device_bus_master(&xhci->dev, true);
	if (ret)
		xhci_close(xhci);
	return ret;
}

/* Open the device, bound to @iommufd, attached to nothing, with all vectors disabled */
int xhci_open(struct xhci *xhci, const char *bdf, int iommufd)
{
	int ret;

	*xhci = XHCI_CLOSED;
	ret = device_open(&xhci->dev, bdf, iommufd);
	return ret ? ret : start(xhci);
}

/* Add the device's group to a container and open the device */
int xhci_open_type1(struct xhci *xhci, const char *bdf,
		    struct container *container)
{
	int group, ret;

	*xhci = XHCI_CLOSED;
	group = container_add_group(container, bdf);
	if (group < 0)
		return group;
	ret = device_open_group(&xhci->dev, bdf, container, group);
	return ret ? ret : start(xhci);
}

void xhci_close(struct xhci *xhci)
{
	if (xhci->regs != MAP_FAILED)
		munmap(xhci->regs, xhci->regs_size);
	xhci->regs = MAP_FAILED;
	device_close(&xhci->dev);
	while (xhci->vectors)
		close(xhci->eventfds[--xhci->vectors]);
}

/* Enable @vectors of plain MSI, a power of two */
int xhci_enable_interrupts(struct xhci *xhci, unsigned int vectors)
{
	unsigned int i;

	for (i = 0; i < vectors; i++) {
		xhci->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (xhci->eventfds[i] < 0)
			return -errno;
		xhci->vectors++;
	}
	return device_enable_vectors(&xhci->dev, VFIO_PCI_MSI_IRQ_INDEX,
				     xhci->eventfds, vectors);
}

/* Stop the controller, and disable its vectors */
int xhci_disable_interrupts(struct xhci *xhci)
{
	int ret;

	write32(xhci, USBCMD, 0);
	ret = device_disable_vectors(&xhci->dev, VFIO_PCI_MSI_IRQ_INDEX);
	while (xhci->vectors)
		close(xhci->eventfds[--xhci->vectors]);
	return ret;
}

/* Append one entry to a ring for the controller, and a link after the last one */
static void put(struct xhci *xhci, unsigned int offset, struct xhci_ring *ring,
		const struct trb *trb)
{
	struct trb *at = (struct trb *)(xhci->memory.va + offset) + ring->next;

	at->parameter = trb->parameter;
	at->status = trb->status;
	__atomic_store_n(&at->control, trb->control | ring->cycle,
			 __ATOMIC_SEQ_CST);
	if (++ring->next < RING_ENTRIES)
		return;
	at++;
	at->parameter = xhci->memory.iova + offset;
	at->status = 0;
	__atomic_store_n(&at->control, TRB_LINK | TRB_TOGGLE | ring->cycle,
			 __ATOMIC_SEQ_CST);
	ring->next = 0;
	ring->cycle ^= TRB_CYCLE;
}

/* Read the next event of interrupter @i */
static int take_event(struct xhci *xhci, unsigned int i, struct trb *event)
{
	struct xhci_ring *ring = &xhci->events[i];
	struct trb *at =
		(struct trb *)(xhci->memory.va + EVENTS(i)) + ring->next;
	unsigned int naps = 0;
	__u64 dequeue;

	while ((__atomic_load_n(&at->control, __ATOMIC_SEQ_CST) & TRB_CYCLE) !=
	       ring->cycle) {
		if (naps++ == TIMEOUT_MS)
			return -ETIMEDOUT;
		nap(1);
	}
	*event = *at;
	if (++ring->next == RING_EVENTS) {
		ring->next = 0;
		ring->cycle ^= TRB_CYCLE;
	}
	dequeue = xhci->memory.iova + EVENTS(i) + ring->next * sizeof(*at);
	write32(xhci, IMAN(i), IMAN_PENDING_AND_ENABLED);
	write64(xhci, ERDP(i), dequeue | ERDP_BUSY);
	return 0;
}

/* Issue a command. Interrupter 0 reports its completion, and other events */
static int command(struct xhci *xhci, __u64 parameter, __u32 control)
{
	const struct trb trb = { .parameter = parameter, .control = control };
	struct trb event;
	int ret;

	put(xhci, COMMANDS, &xhci->commands, &trb);
	write32(xhci, DOORBELL(0), 0);
	do {
		ret = take_event(xhci, 0, &event);
	} while (!ret &&
		 (event.control & TRB_TYPE_MASK) != TRB_COMMAND_COMPLETION);
	if (ret)
		return ret;
	return TRB_SUCCESS(event.status) ? 0 : -EIO;
}

static void start_interrupter(struct xhci *xhci, unsigned int i)
{
	__u64 *segment = (__u64 *)(xhci->memory.va + SEGMENTS + 0x40 * i);

	segment[0] = xhci->memory.iova + EVENTS(i);
	segment[1] = RING_EVENTS;
	xhci->events[i] = (struct xhci_ring){ .cycle = TRB_CYCLE };
	write32(xhci, ERSTSZ(i), 1);
	write64(xhci, ERDP(i), segment[0]);
	write64(xhci, ERSTBA(i), xhci->memory.iova + SEGMENTS + 0x40 * i);
	write32(xhci, IMAN(i), IMAN_PENDING_AND_ENABLED);
}

static void start_controller(struct xhci *xhci)
{
	unsigned int i;

	write32(xhci, USBCMD, USBCMD_RESET);
	nap(10);
	memset(xhci->memory.va, 0, XHCI_MEMORY);
	xhci->commands = (struct xhci_ring){ .cycle = TRB_CYCLE };
	xhci->transfers = (struct xhci_ring){ .cycle = TRB_CYCLE };
	write32(xhci, CONFIG, SLOT);
	write64(xhci, DCBAAP, xhci->memory.iova);
	write64(xhci, CRCR, (xhci->memory.iova + COMMANDS) | TRB_CYCLE);
	for (i = 0; i < XHCI_INTERRUPTERS; i++)
		start_interrupter(xhci, i);
	write32(xhci, USBCMD, USBCMD_RUN | USBCMD_INTERRUPTS);
}

/* The contexts of the slot and of its control endpoint */
static void describe_device(struct xhci *xhci, unsigned int port)
{
	__u32 *input = (__u32 *)(xhci->memory.va + INPUT);
	__u32 speed = PORTSC_SPEED(read32(xhci, PORTSC(port)));

	((__u64 *)xhci->memory.va)[SLOT] = xhci->memory.iova + OUTPUT;
	input[1] = 3; /* both are new */
	input[8] = 1 << 27 | speed << 20;
	input[9] = (port + 1) << 16;
	input[17] = 4 << 3 | 3 << 1 | 64 << 16;
	input[18] = (xhci->memory.iova + TRANSFERS) | TRB_CYCLE;
}

/*
 * Start the controller, also after its vectors were disabled, and address the device
 * below. It uses the first XHCI_MEMORY bytes at @memory, which are mapped.
 */
int xhci_start(struct xhci *xhci, const struct mapping *memory)
{
	unsigned int port, i;
	__u64 signals;
	int ret;

	xhci->memory = *memory;
	start_controller(xhci);
	for (port = 0; port < PORTS; port++)
		if (read32(xhci, PORTSC(port)) & PORTSC_CONNECTED)
			break;
	if (port == PORTS)
		return -ENODEV;
	write32(xhci, PORTSC(port), PORTSC_POWER | PORTSC_RESET);
	nap(50);
	ret = command(xhci, 0, TRB_ENABLE_SLOT);
	if (ret)
		return ret;
	describe_device(xhci, port);
	ret = command(xhci, xhci->memory.iova + INPUT,
		      TRB_ADDRESS_DEVICE | SLOT << 24);
	for (i = 0; i < xhci->vectors; i++)
		if (read(xhci->eventfds[i], &signals, sizeof(signals)) < 0 &&
		    errno != EAGAIN)
			return -errno;
	return ret;
}

static void request_descriptor(struct xhci *xhci, unsigned int interrupter)
{
	const struct trb setup = {
		.parameter = GET_DESCRIPTOR,
		.status = sizeof(__u64),
		.control = TRB_SETUP | TRB_IMMEDIATE | TRANSFER_IN,
	};
	const struct trb data = {
		.parameter = xhci->memory.iova + DATA,
		.status = DESCRIPTOR_LENGTH,
		.control = TRB_DATA | DIRECTION_IN,
	};
	const struct trb status = {
		.status = interrupter << 22,
		.control = TRB_STATUS | TRB_INTERRUPT,
	};

	memset(xhci->memory.va + DATA, 0, DESCRIPTOR_LENGTH);
	put(xhci, TRANSFERS, &xhci->transfers, &setup);
	put(xhci, TRANSFERS, &xhci->transfers, &data);
	put(xhci, TRANSFERS, &xhci->transfers, &status);
	write32(xhci, DOORBELL(SLOT), DOORBELL_CONTROL);
}

/* Whether a vector was raised other than @vector and 0, which has other events, too */
static bool other_vector(struct xhci *xhci, unsigned int vector)
{
	__u64 signals;
	unsigned int i;
	bool found = false;

	for (i = 1; i < xhci->vectors; i++)
		if (read(xhci->eventfds[i], &signals, sizeof(signals)) > 0 &&
		    i != vector)
			found = true;
	return found;
}

/* Have @interrupter raise its vector: that one is signalled, and no other one */
int xhci_handshake(struct xhci *xhci, unsigned int interrupter)
{
	unsigned int vector = interrupter % xhci->vectors;
	struct pollfd pollfd = {
		.fd = xhci->eventfds[vector],
		.events = POLLIN,
	};
	__u64 signals = 0;
	struct trb event;
	int ret;

	request_descriptor(xhci, interrupter);
	if (poll(&pollfd, 1, TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (read(pollfd.fd, &signals, sizeof(signals)) != sizeof(signals) ||
	    (vector && signals != 1))
		return -EIO;
	ret = take_event(xhci, interrupter, &event);
	if (ret)
		return ret;
	if (xhci->memory.va[DATA] != DESCRIPTOR_LENGTH)
		return -EIO;
	return other_vector(xhci, vector) ? -EIO : 0;
}

/* Return: the number of interrupters that raised their vectors */
unsigned int xhci_interrupts(struct xhci *xhci)
{
	unsigned int i, received = 0;

	for (i = 0; i < XHCI_INTERRUPTERS; i++)
		received += !xhci_handshake(xhci, i);
	return received;
}
