// SPDX-License-Identifier: GPL-2.0
void seeded_call(struct msi_desc *desc, struct msi_msg *msg)
{
	__pci_write_msi_msg(desc, msg);
}

void seeded_chip(struct irq_data *data, struct msi_msg *msg)
{
	data->chip->irq_write_msi_msg(data, msg);
}

void seeded_kept(struct msi_desc *desc, const struct msi_msg *msg)
{
	desc->msg = *msg;
}

void seeded_register(void __iomem *base, u32 address)
{
	writel(address, base + PCI_MSIX_ENTRY_LOWER_ADDR);
}
