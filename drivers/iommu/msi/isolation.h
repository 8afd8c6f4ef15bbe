/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What else a user's device could write to through the page of a doorbell.
 *
 * Private to drivers/iommu: called by reserve.c and vector.c.
 */
#ifndef __IOMMU_MSI_ISOLATION_H
#define __IOMMU_MSI_ISOLATION_H

#include <linux/types.h>

struct device;

int iommu_msi_check_page(struct device *dev, phys_addr_t reg, size_t page_size);

#endif
