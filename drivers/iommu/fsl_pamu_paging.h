/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paging domains of the PAMU, for fsl_pamu_domain.c, which manages the devices.
 */
#ifndef __FSL_PAMU_PAGING_H
#define __FSL_PAMU_PAGING_H

#include "fsl_pamu_domain.h"

struct iommu_user_data;

void pamu_paging_init(struct paace *ppaact, struct paace *spaact,
		      unsigned int max_slots);
struct iommu_domain *pamu_alloc_paging(struct device *dev);
struct iommu_domain *pamu_alloc_user(struct device *dev, u32 flags,
				     struct iommu_domain *parent,
				     const struct iommu_user_data *user_data);
void pamu_liodn_leave(struct pamu_liodn *liodn);

#endif /* __FSL_PAMU_PAGING_H */
