// SPDX-License-Identifier: GPL-2.0
/// irq_desc::lock and begin_rewrite() serialise the writers of a message:
/// msi_desc_rewrite(), msi_desc_pause() and msi_desc_resume(), the restore after a
/// reset, and callbacks of the interrupt core. Any other writer may overwrite their
/// changes, and misdirect interrupts.
//
// Options: --no-includes

virtual report

@initialize:python@
@@
import re

# Permitted functions by file. Those of the interrupt core are called under
# irq_desc::lock, or before the interrupt is activated.
PERMITTED = {
    "kernel/irq/msi.c": r"irq_chip_write_msi_msg|msi_domain_(set_affinity|activate|deactivate)",
    "kernel/irq/msi-rewrite.c": r"msi_desc_write_composed|msi_desc_rewrite_held",
    "kernel/irq/msi-pause.c": r"msi_desc_.*",
    "drivers/pci/msi/irqdomain.c": r"pci_msi_domain_write_msg",
    "drivers/pci/msi/msi.c": r"__pci_write_msi_msg|pci_write_msi_msg|pci_restore_msi_msg"
                             r"|pci_restore_msix?_desc|__pci_restore_msi_state|pci_write_msg_msix?"
                             # a chip that must be written to before it is read; there is no vector yet
                             r"|msix_prepare_msi_desc",
    "arch/powerpc/sysdev/fsl_msi.c": r"fsl_msi_write|fsl_setup_msi_irqs",
}

def look(place, writer):
    """Tests write what they like."""
    permitted = PERMITTED.get(place.file, "")
    if not place.file.endswith("test.c") and not re.fullmatch(permitted, place.current_element):
        print(f"{place.file}:{place.line}: {place.current_element}() writes a message by {writer}")

@called@
identifier writer = {pci_write_msi_msg, __pci_write_msi_msg, irq_chip_write_msi_msg,
	platform_msi_write_msg, msi_desc_write_composed, pci_write_msg_msix,
	pci_write_msg_msi};
position p;
@@
writer@p(...)

@script:python@
writer << called.writer;
p << called.p;
@@
look(p[0], f"{writer}()")

@through_chip@
expression chip;
identifier write = {irq_write_msi_msg, write_msi_msg};
position p;
@@
chip->write@p(...)

@script:python@
write << through_chip.write;
p << through_chip.p;
@@
look(p[0], f"->{write}()")

@kept@
expression desc, e;
identifier half = {address_lo, address_hi, data};
position p;
@@
(
desc->msg@p = e
|
desc->msg.half@p = e
)

@script:python@
p << kept.p;
@@
look(p[0], "an assignment to the descriptor's")

@registers@
identifier write = {writel, writel_relaxed, pci_write_config_dword, pci_write_config_word};
identifier where = {PCI_MSIX_ENTRY_LOWER_ADDR, PCI_MSIX_ENTRY_UPPER_ADDR,
	PCI_MSIX_ENTRY_DATA, PCI_MSI_ADDRESS_LO, PCI_MSI_ADDRESS_HI, PCI_MSI_DATA_32,
	PCI_MSI_DATA_64};
position p;
@@
write@p(..., <+... where ...+>, ...)

@script:python@
where << registers.where;
p << registers.p;
@@
look(p[0], where)
