/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mock IOMMU's side of virtual IOMMUs: between selftest.c, which has the mock
 * devices and domains, and selftest_viommu.c.
 */
#ifndef __IOMMUFD_SELFTEST_VIOMMU_H
#define __IOMMUFD_SELFTEST_VIOMMU_H

#include <linux/iommu.h>
#include <linux/rwsem.h>

#include "iommufd_private.h"
#include "iommufd_test.h"

struct iommufd_viommu;

/**
 * struct mock_dev_viommu - A mock device's state for its vIOMMU
 * @rwsem: Guards @viommu
 * @viommu: The vIOMMU of the nested domain that the device is attached to, or NULL
 * @cache: The device's cache, which commands invalidate
 */
struct mock_dev_viommu {
	struct rw_semaphore rwsem;
	struct iommufd_viommu *viommu;
	u32 cache[MOCK_DEV_CACHE_NUM];
};

/* In selftest.c */
struct iommu_domain *
mock_domain_alloc_nested(struct iommu_domain *parent, u32 flags,
			 struct iommufd_viommu *viommu,
			 const struct iommu_user_data *user_data);
struct mock_dev_viommu *mock_dev_viommu(struct device *dev);

/* In selftest_viommu.c */
void mock_dev_viommu_init(struct mock_dev_viommu *mdev);
int mock_viommu_attach(struct iommufd_viommu *viommu, struct device *dev);
size_t mock_get_viommu_size(struct device *dev, enum iommu_viommu_type type);
int mock_viommu_init(struct iommufd_viommu *core, struct iommu_domain *parent,
		     const struct iommu_user_data *user_data);
int iommufd_test_dev_check_cache(struct iommufd_ucmd *ucmd, u32 idev_id,
				 u32 cache_id, u32 cache);
int iommufd_test_trigger_vevent(struct iommufd_ucmd *ucmd, u32 idev_id);

#endif
