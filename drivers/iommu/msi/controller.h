/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbells that an interrupt controller enumerates. See controller.c.
 */
#ifndef __IOMMU_MSI_CONTROLLER_H
#define __IOMMU_MSI_CONTROLLER_H

#include <linux/irqdomain.h>
#include <linux/sizes.h>

struct device;

/*
 * Doorbells are told apart by 4 KiB pages, the smallest that any IOMMU has, as the
 * domains of a space may differ. No mapping of a doorbell is smaller.
 */
#define IOMMU_DOORBELL_PAGE SZ_4K

bool msi_has_banks(struct device *dev);
int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn,
		       void *data);

#endif
