// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupts of an Intel 82576 (igb), and nothing else of it: software can set the
 * cause of each MSI-X vector in the EICS register, and the device then sends it. A vector
 * can be masked by the device's own EIMC register, and in its entry of the MSI-X table,
 * which VFIO lets the user map. A virtual function has the same registers at the same
 * offsets, for three vectors of its own.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "passthrough.h"

#define IGB_GPIE 0x1514
#define IGB_GPIE_MULTIPLE_VECTORS 0x10
#define IGB_EICS 0x1520 /* set the causes of vectors */
#define IGB_EIMS 0x1524 /* enable these vectors */
#define IGB_EIMC 0x1528 /* disable these vectors */
#define IGB_EIAC 0x152c /* causes that are cleared when their vector is sent */
#define IGB_TABLE_BAR 3

static void write32(struct igb *igb, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(igb->regs + reg), value, __ATOMIC_RELAXED);
}

int igb_open(struct igb *igb, const char *bdf, int iommufd)
{
	int ret;

	*igb = (struct igb){ .regs = MAP_FAILED, .table = MAP_FAILED };
	ret = device_open(&igb->dev, bdf, iommufd);
	if (ret)
		return ret;
	ret = device_map_bar(&igb->dev, 0, &igb->regs, &igb->regs_size);
	if (!ret)
		ret = device_map_bar(&igb->dev, IGB_TABLE_BAR, &igb->table,
				     &igb->table_size);
	if (!ret)
		ret = device_bus_master(&igb->dev, true);
	if (ret)
		igb_close(igb);
	return ret;
}

static void close_eventfds(struct igb *igb)
{
	while (igb->vectors)
		close(igb->eventfds[--igb->vectors]);
}

void igb_close(struct igb *igb)
{
	if (igb->regs != MAP_FAILED)
		munmap(igb->regs, igb->regs_size);
	igb->regs = MAP_FAILED;
	if (igb->table != MAP_FAILED)
		munmap(igb->table, igb->table_size);
	igb->table = MAP_FAILED;
	device_close(&igb->dev);
	close_eventfds(igb);
}

/* Let the enabled vectors send, after a reset or igb_mask() */
void igb_unmask(struct igb *igb)
{
	__u32 vectors = (1U << igb->vectors) - 1;

	write32(igb, IGB_GPIE, IGB_GPIE_MULTIPLE_VECTORS);
	write32(igb, IGB_EIAC, vectors);
	write32(igb, IGB_EIMS, vectors);
}

/* Interrupts that are raised from now on stay pending until igb_unmask() */
void igb_mask(struct igb *igb)
{
	write32(igb, IGB_EIMC, (1U << igb->vectors) - 1);
}

/* Set or clear the mask bits in the MSI-X table, without the kernel */
void igb_mask_entries(struct igb *igb, bool masked)
{
	unsigned int vector;

	for (vector = 0; vector < igb->vectors; vector++) {
		void *entry = igb->table + vector * PCI_MSIX_ENTRY_SIZE;
		__u32 *control = entry + PCI_MSIX_ENTRY_VECTOR_CTRL;

		__atomic_store_n(control,
				 masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0,
				 __ATOMIC_RELAXED);
	}
}

int igb_enable_interrupts(struct igb *igb, unsigned int vectors)
{
	int ret = 0;

	while (igb->vectors < vectors && !ret) {
		int fd = eventfd(0, EFD_CLOEXEC);

		if (fd < 0)
			ret = -errno;
		else
			igb->eventfds[igb->vectors++] = fd;
	}
	if (!ret)
		ret = device_enable_vectors(&igb->dev, VFIO_PCI_MSIX_IRQ_INDEX,
					    igb->eventfds, vectors);
	if (ret) {
		close_eventfds(igb);
		return ret;
	}
	igb_unmask(igb);
	return 0;
}

int igb_disable_interrupts(struct igb *igb)
{
	int ret;

	igb_mask(igb);
	ret = device_disable_vectors(&igb->dev, VFIO_PCI_MSIX_IRQ_INDEX);
	if (!ret)
		close_eventfds(igb);
	return ret;
}

void igb_raise(struct igb *igb, unsigned int vector)
{
	write32(igb, IGB_EICS, 1U << vector);
}

/* Raise one interrupt of @vector, and wait for it: it has to arrive once */
int igb_handshake(struct igb *igb, unsigned int vector)
{
	igb_raise(igb, vector);
	return device_wait_vector(igb->eventfds[vector]);
}

/*
 * Raise one interrupt of each enabled vector, and wait for it.
 *
 * Return: the number of vectors whose interrupt was received exactly once.
 */
unsigned int igb_interrupts(struct igb *igb)
{
	unsigned int vector, received = 0;

	for (vector = 0; vector < igb->vectors; vector++) {
		if (!igb_handshake(igb, vector))
			received++;
	}
	journal_interrupts(&igb->dev, igb->vectors, received);
	return received;
}
