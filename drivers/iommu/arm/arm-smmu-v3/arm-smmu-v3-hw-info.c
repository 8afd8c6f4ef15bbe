// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM sees of the SMMU: its identification registers.
 *
 * They are constant, so no lock is needed. IOMMU_GET_HW_INFO calls this.
 */
#include <linux/io.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "arm-smmu-v3.h"

/**
 * arm_smmu_hw_info() - iommu_ops::hw_info
 * @dev: A device behind the SMMU
 * @length: Set to the size of the information in bytes
 * @type: Set to %IOMMU_HW_INFO_TYPE_ARM_SMMUV3
 *
 * The values are raw: what firmware or errata take away is still in them.
 *
 * Return: A struct iommu_hw_info_arm_smmuv3 that the caller frees, or
 * ERR_PTR(-ENOMEM).
 */
void *arm_smmu_hw_info(struct device *dev, u32 *length, u32 *type)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(dev);
	void __iomem *base = master->smmu->base;
	struct iommu_hw_info_arm_smmuv3 *info;
	unsigned int i;

	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < ARRAY_SIZE(info->idr); i++)
		info->idr[i] = readl_relaxed(base + ARM_SMMU_IDR0 + 4 * i);
	info->iidr = readl_relaxed(base + ARM_SMMU_IIDR);
	info->aidr = readl_relaxed(base + ARM_SMMU_AIDR);

	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	return info;
}
