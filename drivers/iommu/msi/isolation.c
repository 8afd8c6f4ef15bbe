// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else a user's device could write to through the page of a doorbell.
 *
 * An IOMMU maps pages, a doorbell is a register. With pages larger than the frame
 * that the interrupt controller has for it, registers of another device may share
 * the page, and the user's device could write to them. The resources in /proc/iomem
 * show this for each machine.
 */
#include <linux/align.h>
#include <linux/device.h>
#include <linux/ioport.h>

#include "isolation.h"

struct msi_page_check {
	phys_addr_t reg;
	struct resource other;
};

/* Whatever lies within a claimed resource belongs to its claimant */
static int msi_page_check_resource(struct resource *res, void *data)
{
	struct msi_page_check *check = data;

	if (res->start <= check->reg && check->reg <= res->end)
		return 0;
	check->other = *res;
	return -EPERM;
}

/**
 * iommu_msi_check_page - Check whether a user's device may have a doorbell's page
 * @dev: The device, which is named if it may not
 * @reg: Physical address of the doorbell's register
 * @page_size: Size of the IOMMU page around it in bytes, a power of two
 *
 * The page is good if it contains neither memory nor anything a driver has claimed.
 * The claimed resource that @reg lies in, if any, is the interrupt controller's
 * own. What a driver claims later is not seen.
 *
 * Whether devices can send each other's interrupts is another question, which
 * iommu_group_has_isolated_msi() answers. This one is for domains of users only:
 * drivers of the host are trusted with the page.
 *
 * Context: Process context.
 * Return: 0, or -EPERM with a line in the kernel log, which is written once.
 */
int iommu_msi_check_page(struct device *dev, phys_addr_t reg, size_t page_size)
{
	struct msi_page_check check = { .reg = reg };
	phys_addr_t start = ALIGN_DOWN(reg, page_size);
	int rc;

	rc = walk_iomem_res_desc(IORES_DESC_NONE,
				 IORESOURCE_MEM | IORESOURCE_BUSY, start,
				 start + page_size - 1, &check,
				 msi_page_check_resource);
	if (rc != -EPERM)
		return 0;
	dev_notice_once(dev, "MSI doorbell %pa refused: %pR shares its page\n",
			&reg, &check.other);
	return -EPERM;
}
