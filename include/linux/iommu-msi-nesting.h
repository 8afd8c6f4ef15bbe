/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI spaces under the nested domains of guests, and MSI addresses that a guest chose.
 * Users of MSI spaces, see iommu-msi.h. This interface may still change.
 */
#ifndef __LINUX_IOMMU_MSI_NESTING_H
#define __LINUX_IOMMU_MSI_NESTING_H

#include <linux/iommu-msi-rewriter.h>
#include <linux/types.h>

struct device;
struct iommu_domain;

/* The last entry of the largest MSI-X table, see PCI Local Bus 3.0, 6.8.2.3 */
#define IOMMU_MSI_MAX_INDEX 2047

int iommu_msi_pin_device(struct iommu_domain *domain, struct device *dev);
void iommu_msi_unpin_device(struct iommu_domain *domain, struct device *dev);
int iommu_msi_set_addresses(struct device *dev, enum iommu_msi_kind kind,
			    unsigned int start, unsigned int count,
			    const u64 *addresses);
int iommu_msi_clear_addresses(struct device *dev, enum iommu_msi_kind kind);
void iommu_msi_get_addresses(struct device *dev, enum iommu_msi_kind kind,
			     unsigned int start, unsigned int count,
			     u64 *addresses);
void iommu_msi_suspend_addresses(struct device *dev);
void iommu_msi_resume_addresses(struct device *dev);
void iommu_msi_drop_addresses(struct device *dev);

#endif /* __LINUX_IOMMU_MSI_NESTING_H */
