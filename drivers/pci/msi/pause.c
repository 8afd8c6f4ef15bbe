// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pausing the messages of a PCI function, see kernel/irq/msi-pause.c. While
 * msi_desc::held is set, pci_msi_update_mask() and pci_msix_write_vector_ctrl()
 * mask what they write, and pci_msi_update_enable() leaves MSI off.
 *
 * Mask bits remember what is to be sent. A plain MSI without them is switched off:
 * its function could send INTx instead (PCI Local Bus 3.0, 6.8.2), which is
 * disabled while MSI is in use, except on devices with
 * PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG.
 *
 * If a function is not in D0 only the descriptor changes. What restores the
 * function honours msi_desc::held.
 */
#include "msi.h"

static void pci_msi_write_held(struct msi_desc *desc)
{
	if (!pci_msi_is_accessible(to_pci_dev(desc->dev)))
		return;
	if (desc->pci.msi_attrib.is_msix)
		pci_msix_write_vector_ctrl(desc, desc->pci.msix_ctrl);
	else if (desc->pci.msi_attrib.can_mask)
		pci_msi_update_mask(desc, 0, 0);
	else
		pci_msi_update_enable(desc);
}

/* Reading from the function pushes out what it has sent (PCI Express 2.4.1) */
static void pci_msi_flush(struct msi_desc *desc)
{
	struct pci_dev *dev = to_pci_dev(desc->dev);
	u16 flags;

	if (!pci_msi_is_accessible(dev))
		return;
	if (!desc->pci.msi_attrib.is_msix)
		pci_read_config_word(dev, dev->msi_cap + PCI_MSI_FLAGS, &flags);
	else if (desc->pci.msi_attrib.can_mask)
		readl(desc->pci.mask_base);
}

/* msi_desc_ops::pause */
void pci_msi_pause(struct msi_desc *desc)
{
	pci_msi_write_held(desc);
	pci_msi_flush(desc);
}

/* msi_desc_ops::resume */
void pci_msi_resume(struct msi_desc *desc)
{
	pci_msi_write_held(desc);
}
