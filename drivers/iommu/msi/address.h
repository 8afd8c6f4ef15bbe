/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of guest MSI addresses replace. See address.c.
 */
#ifndef __IOMMU_MSI_ADDRESS_H
#define __IOMMU_MSI_ADDRESS_H

struct device;
struct iommu_domain;

#if IS_ENABLED(CONFIG_KUNIT)
struct iommu_domain *msi_attached_domain(struct device *dev);
#endif

#endif
