/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells in the page tables of domains. See mapping.c, and space.h for the objects
 * and the locks.
 */
#ifndef __IOMMU_MSI_MAPPING_H
#define __IOMMU_MSI_MAPPING_H

#include "space.h"

unsigned long doorbell_iova(const struct iommu_doorbell *doorbell);
struct msi_mapping *msi_mapping_get(struct iommu_doorbell *doorbell,
				    struct iommu_msi_domain *member);
int msi_mapping_complete(struct msi_mapping *mapping);
void msi_mapping_leave_old(struct msi_mapping *mapping);
void msi_mapping_put(struct msi_mapping *mapping);

#endif
