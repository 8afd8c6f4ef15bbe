// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewriting the message of an interrupt that is in use.
 *
 * An IOMMU that translates MSIs may give a doorbell another IOVA while devices
 * send interrupts to it, see include/linux/iommu-msi.h. The old IOVA and the new
 * one lead to the doorbell for as long as messages change, so that an interrupt
 * arrives whichever of them it is sent to. What must not happen is that one is
 * sent to a mixture of the two.
 */
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "internals.h"

#ifdef CONFIG_PCI_MSI
static bool msi_desc_is_plain_pci(const struct msi_desc *desc)
{
	return dev_is_pci(desc->dev) && !desc->pci.msi_attrib.is_msix;
}

static bool msi_desc_has_mask_bits(const struct msi_desc *desc)
{
	return desc->pci.msi_attrib.can_mask;
}
#else
static bool msi_desc_is_plain_pci(const struct msi_desc *desc)
{
	return false;
}

static bool msi_desc_has_mask_bits(const struct msi_desc *desc)
{
	return false;
}

static inline void pci_msi_mask_irq(struct irq_data *data)
{
}

static inline void pci_msi_unmask_irq(struct irq_data *data)
{
}
#endif

/**
 * msi_desc_keeps_address_hi - Tell if a message's upper address half must stay
 * @desc: MSI descriptor of interrupts in use
 *
 * The address of a PCI MSI is two registers (PCI Local Bus 3.0, 6.8.1). A device
 * that sends an interrupt between the two writes sends it astray, unless the
 * vector is masked meanwhile. That takes a mask bit, and one interrupt
 * descriptor's lock cannot keep several vectors masked.
 * MSI-X entries are masked one by one and may change as a whole.
 *
 * Return: true if only the lower 32 bits of the address may change.
 */
bool msi_desc_keeps_address_hi(const struct msi_desc *desc)
{
	return msi_desc_is_plain_pci(desc) &&
	       (!desc->pci.msi_attrib.is_64 || !msi_desc_has_mask_bits(desc) ||
		desc->nvec_used > 1);
}

static void msi_write_composed(struct irq_data *data)
{
	/* Only interrupts with a level have a second message; see msi_domain_ops */
	struct msi_msg msg[2] = {};

	if (irq_chip_compose_msi_msg(data, msg))
		return;
	data->chip->irq_write_msi_msg(data, msg);
}

/**
 * msi_desc_rewrite - Have messages of interrupts in use sent to another IOVA
 * @desc: MSI descriptor that has interrupts
 * @iova: New IOVA of the doorbell, in bytes; differs from the present one in the
 *	lower 32 bits only if msi_desc_keeps_address_hi()
 * @shift: Number of low bits of the doorbell's physical address that are kept
 *
 * The message is written to the device and read back, which pushes the
 * interrupts that it sent to the old IOVA out before the call returns (PCI
 * Express 2.4.1). Of a device that is not powered, and of an interrupt that is
 * not activated yet, only the descriptor changes, from which the message is
 * written later. Changing the affinity of the interrupt, masking it and
 * unmasking it are serialised by its descriptor's lock.
 *
 * Context: The device's MSI descriptors are locked, see msi_lock_descs(). The
 * driver of the device keeps its registers accessible.
 */
void msi_desc_rewrite(struct msi_desc *desc, u64 iova, unsigned int shift)
{
	struct irq_desc *irq_desc;
	struct irq_data *data;
	unsigned long flags;
	bool mask;

	irq_desc = irq_get_desc_lock(desc->irq, &flags, 0);
	if (!irq_desc) {
		msi_desc_set_iommu_msi_iova(desc, iova, shift);
		return;
	}
	data = irq_desc_get_irq_data(irq_desc);
	mask = msi_desc_is_plain_pci(desc) && msi_desc_has_mask_bits(desc) &&
	       desc->nvec_used == 1 && !irqd_irq_masked(data);

	msi_desc_set_iommu_msi_iova(desc, iova, shift);
	if (irqd_is_activated(data)) {
		if (mask)
			pci_msi_mask_irq(data);
		msi_write_composed(data);
		if (mask)
			pci_msi_unmask_irq(data);
	}
	irq_put_desc_unlock(irq_desc, flags);
}
