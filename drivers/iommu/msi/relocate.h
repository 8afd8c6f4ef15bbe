/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relocation of doorbells, see relocate.c. For the owner's interface.
 */
#ifndef __IOMMU_MSI_RELOCATE_H
#define __IOMMU_MSI_RELOCATE_H

#include <linux/list.h>

struct device;
struct iommu_doorbell;
struct iommu_msi_space;
struct iommu_msi_window;

int msi_relocate(struct iommu_doorbell *doorbell,
		 const struct iommu_msi_window *avoid, struct list_head *list);
int msi_relocate_to(struct iommu_doorbell *doorbell, unsigned long iova,
		    struct list_head *list);
void msi_relocations_cancel(struct list_head *list);
int msi_relocations_commit(struct list_head *list, int rc);
#if IS_ENABLED(CONFIG_KUNIT)
void msi_device_rewrite(struct iommu_msi_space *space, struct device *dev);
#endif

#endif
