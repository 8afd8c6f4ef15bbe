/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests that own stage 1 of an SMMUv2: declarations for arm-smmu.c and its parts.
 *
 * A nest parent is a domain of stage 2 with a struct arm_smmu_nest. A nested domain is
 * a context bank of stage 1 that names the bank of its parent. Both have the parent's
 * VMID, so a guest can invalidate only its own entries.
 *
 * Locks, outermost first: arm_smmu_nest::banks_lock, arm_smmu_nest::vdevs_lock.
 */
#ifndef _ARM_SMMU_NESTED_H
#define _ARM_SMMU_NESTED_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "arm-smmu.h"

extern const struct iommu_flush_ops arm_smmu_nest_parent_tlb_ops;

static inline bool arm_smmu_is_nest_parent(struct arm_smmu_domain *smmu_domain)
{
	return IS_ENABLED(CONFIG_ARM_SMMU_NESTED) && smmu_domain->nest;
}

#ifdef CONFIG_ARM_SMMU_NESTED
#include <linux/iommu-viommu.h>
#include <uapi/linux/iommufd_smmuv2.h>

#define ARM_SMMU_CBAR_CBNDX GENMASK(15, 8)

/**
 * struct arm_smmu_nest - Nest parent part of a stage 2
 * @banks_lock: guards @banks; while held, no bank in it is freed
 * @banks: struct arm_smmu_nested_domain
 * @vdevs_lock: guards @vdevs
 * @vdevs: struct arm_smmu_vdevice of all vIOMMUs on the parent
 */
struct arm_smmu_nest {
	struct mutex banks_lock; /* guards banks */
	struct list_head banks;
	spinlock_t vdevs_lock; /* guards vdevs */
	struct list_head vdevs;
};

/**
 * struct arm_smmu_viommu - A guest's share of an SMMU
 * @core: iommufd's part
 * @parent: Stage 2 of the guest
 */
struct arm_smmu_viommu {
	struct iommufd_viommu core;
	struct arm_smmu_domain *parent;
};

/**
 * struct arm_smmu_nested_domain - Stage 1 of a guest
 * @domain: The core's part
 * @viommu: The guest's share of the SMMU, which outlives the domain
 * @cfg: Its context bank
 * @sctlr: Value of SCTLR
 * @contextidr: Value of CONTEXTIDR
 * @node: in arm_smmu_nest::banks
 */
struct arm_smmu_nested_domain {
	struct iommu_domain domain;
	struct arm_smmu_viommu *viommu;
	struct arm_smmu_cfg cfg;
	u32 sctlr;
	u32 contextidr;
	struct list_head node;
};

static inline struct arm_smmu_viommu *
to_smmu_viommu(struct iommufd_viommu *core)
{
	return container_of(core, struct arm_smmu_viommu, core);
}

bool arm_smmu_can_nest(struct arm_smmu_device *smmu);
struct iommu_domain *
arm_smmu_v2_domain_alloc_user(struct device *dev, u32 flags,
			      struct iommu_domain *parent,
			      const struct iommu_user_data *user_data);
struct iommu_domain *
arm_smmu_v2_domain_alloc_nested(struct iommufd_viommu *core, u32 flags,
				const struct iommu_user_data *user_data);
void arm_smmu_write_nested_bank(struct arm_smmu_device *smmu, int idx,
				const struct arm_smmu_cfg *cfg);

bool arm_smmu_viommu_report(struct arm_smmu_domain *parent, int idx, u32 stage,
			    const struct arm_smmu_context_fault_info *cfi);
void *arm_smmu_v2_hw_info(struct device *dev, u32 *length, u32 *type);
size_t arm_smmu_v2_get_viommu_size(struct device *dev,
				   enum iommu_viommu_type type);
int arm_smmu_v2_viommu_init(struct iommufd_viommu *core,
			    struct iommu_domain *parent,
			    const struct iommu_user_data *user_data);

#else

static inline void arm_smmu_write_nested_bank(struct arm_smmu_device *smmu,
					      int idx,
					      const struct arm_smmu_cfg *cfg)
{
}

static inline bool
arm_smmu_viommu_report(struct arm_smmu_domain *parent, int idx, u32 stage,
		       const struct arm_smmu_context_fault_info *cfi)
{
	return false;
}

#endif
#endif /* _ARM_SMMU_NESTED_H */
