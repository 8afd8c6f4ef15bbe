/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbells that an interrupt controller enumerates. See controller.c.
 */
#ifndef __IOMMU_MSI_CONTROLLER_H
#define __IOMMU_MSI_CONTROLLER_H

#include <linux/irqdomain.h>

struct device;

bool msi_has_banks(struct device *dev);
int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn,
		       void *data);

#endif
