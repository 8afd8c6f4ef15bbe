// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a PCI function must not do while the IOMMU layer has the message of an
 * interrupt in use rewritten: see kernel/irq/msi-rewrite.c, which calls the
 * operations below under irq_desc::lock of the interrupt.
 *
 * The host's idea of a mask is in msi_desc::pci. The register may differ: VFIO
 * lets its user write to the mask bits of an MSI and to the vector control of an
 * MSI-X entry. Rewriting leaves the register as it was.
 */
#include "msi.h"

/*
 * msi_desc_ops::keeps_address_hi
 *
 * The address of an MSI is two registers (PCI Local Bus 3.0, 6.8.1). A device that
 * sends an interrupt between the two writes sends it to neither address, unless
 * the vector is masked meanwhile. That takes a mask bit. Several vectors, each
 * with a lock of its own, are not masked for this. MSI-X entries are masked one by
 * one and may change as a whole.
 */
bool pci_msi_keeps_address_hi(const struct msi_desc *desc)
{
	return !desc->pci.msi_attrib.is_msix &&
	       (!desc->pci.msi_attrib.is_64 || !desc->pci.msi_attrib.can_mask ||
		desc->nvec_used > 1);
}

static u32 pci_msi_mask_register(struct msi_desc *desc)
{
	struct pci_dev *dev = to_pci_dev(desc->dev);
	unsigned long flags;
	u32 mask;

	raw_spin_lock_irqsave(&dev->msi_lock, flags);
	pci_read_config_dword(dev, desc->pci.mask_pos, &mask);
	pci_write_config_dword(dev, desc->pci.mask_pos,
			       mask | msi_multi_mask(desc));
	raw_spin_unlock_irqrestore(&dev->msi_lock, flags);
	return mask;
}

static u32 pci_msix_mask_register(struct msi_desc *desc)
{
	void __iomem *ctrl =
		pci_msix_desc_addr(desc) + PCI_MSIX_ENTRY_VECTOR_CTRL;
	u32 mask = readl(ctrl);

	writel(mask | PCI_MSIX_ENTRY_CTRL_MASKBIT, ctrl);
	readl(ctrl); /* Flush */
	return mask;
}

static bool pci_msi_is_masked_to_rewrite(const struct msi_desc *desc)
{
	return desc->pci.msi_attrib.can_mask &&
	       pci_msi_is_accessible(to_pci_dev(desc->dev));
}

/* msi_desc_ops::begin_rewrite */
u32 pci_msi_begin_rewrite(struct msi_desc *desc)
{
	if (!pci_msi_is_masked_to_rewrite(desc))
		return 0;
	return desc->pci.msi_attrib.is_msix ? pci_msix_mask_register(desc) :
					      pci_msi_mask_register(desc);
}

/* msi_desc_ops::end_rewrite */
void pci_msi_end_rewrite(struct msi_desc *desc, u32 mask)
{
	if (!pci_msi_is_masked_to_rewrite(desc))
		return;
	if (desc->pci.msi_attrib.is_msix)
		writel(mask,
		       pci_msix_desc_addr(desc) + PCI_MSIX_ENTRY_VECTOR_CTRL);
	else
		pci_write_config_dword(to_pci_dev(desc->dev),
				       desc->pci.mask_pos, mask);
}
