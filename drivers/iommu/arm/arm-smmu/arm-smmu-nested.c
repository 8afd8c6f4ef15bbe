// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested domains of an SMMUv2: a guest's context bank on the stage 2 of its parent.
 *
 * Each nested domain has its own bank from allocation on, which is written completely
 * before a stream uses it. Attaching writes only S2CR, and no DMA sees a bank that is
 * partly written. SCTLR.M = 0 would be bypass, so a bank is disabled only when no
 * stream uses it, and the parent's only when no bank names it: the nested domain holds
 * a reference on the vIOMMU, which holds one on the parent.
 *
 * Races
 * -----
 * - attach against attach and detach: iommu_group::mutex serialises changes of a
 *   device; a stream belongs to one group.
 * - attach against DMA: S2CR names the old bank or the new one, both complete.
 * - attach against unmap of the parent: unmap clears its entry, then invalidates all
 *   of the VMID, both stages, whichever domain is attached.
 * - allocation against runtime suspend: the bank is in arm_smmu_device::cbs before it
 *   is written, under a reference of runtime PM; a resume writes it again.
 * - free against resume: free resumes the SMMU first, and then disables the bank. Only
 *   an SMMU that does not resume may be resumed by another CPU meanwhile; free waits
 *   for that. Its resets write the bank as it was, or disable it.
 * - free against commands of the guest: arm_smmu_nest::banks_lock. Commands are issued
 *   to a bank only while it is in arm_smmu_nest::banks, and has the guest's VMID.
 * - free against faults: the bank is disabled and what it recorded is cleared, so
 *   that it raises nothing more, and nothing for its next owner. Then the interrupt
 *   is freed, which waits for its handler, then the domain.
 * - process exit: the device is detached, which blocks its DMA. Then the domain is
 *   freed, then the vIOMMU, then the parent, whose VMID is invalidated before it is
 *   used again.
 */
#include <linux/interrupt.h>
#include <linux/pm_runtime.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "../../io-pgtable-arm.h"
#include "../../iommu-priv.h"
#include "arm-smmu-nested.h"

/* The driver's header has no names for these bits of stage 1. */
#define S1_TCR_RESERVED BIT(6)
#define S1_TCR_IRGN1 GENMASK(25, 24)
#define S1_TCR_ORGN1 GENMASK(27, 26)
#define S1_TCR_SH1 GENMASK(29, 28)
#define S1_TCR_TG1 GENMASK(31, 30)
#define S1_TCR_WALK_0 \
	(ARM_SMMU_TCR_IRGN0 | ARM_SMMU_TCR_ORGN0 | ARM_SMMU_TCR_SH0)
#define S1_TCR_WALK_1 (S1_TCR_IRGN1 | S1_TCR_ORGN1 | S1_TCR_SH1)
#define S1_TCR2_TBI0 BIT(5)
#define S1_TCR2_TBI1 BIT(6)
#define S1_TCR2_PASIZE GENMASK(2, 0)

#define S1_TCR2_ALLOWED                                                    \
	(S1_TCR2_PASIZE | ARM_SMMU_TCR2_AS | S1_TCR2_TBI0 | S1_TCR2_TBI1 | \
	 ARM_SMMU_TCR2_SEP)
#define TTBR_ALLOWED (ARM_SMMU_TTBRn_ASID | GENMASK_ULL(47, 4))
#define SCTLR_ALLOWED                                                 \
	(ARM_SMMU_SCTLR_M | ARM_SMMU_SCTLR_TRE | ARM_SMMU_SCTLR_AFE | \
	 ARM_SMMU_SCTLR_CFRE | ARM_SMMU_SCTLR_CFIE |                  \
	 ARM_SMMU_SCTLR_S1_ASIDPNE)

/* Write-back and allocating, inner and outer, for all eight indices */
#define MAIR_WRITE_BACK 0xffffffff

static struct arm_smmu_nested_domain *
to_nested_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_nested_domain, domain);
}

/* Whether the implementation leaves context banks to the driver */
static bool arm_smmu_is_plain(struct arm_smmu_device *smmu)
{
	const struct arm_smmu_impl *impl = smmu->impl;

	if (smmu->model != GENERIC_SMMU && smmu->model != ARM_MMU500)
		return false;
	return !impl ||
	       !(impl->init_context || impl->alloc_context_bank ||
		 impl->write_s2cr || impl->write_sctlr || impl->tlb_sync ||
		 impl->context_fault || impl->context_fault_needs_threaded_irq);
}

/**
 * arm_smmu_can_nest() - Check whether guests may own stage 1 behind an SMMU
 * @smmu: The SMMU
 *
 * It must have both stages, AArch64 tables and a coherent walk, and its prefetcher,
 * which has errata, must be off. It must be generic or an MMU-500: the implementations
 * of Cavium (whose erratum 27704 is about IDs), NVIDIA (of several instances) and
 * Qualcomm handle banks in their own way, and Marvell's hides the AArch64 formats.
 *
 * Return: Whether they may.
 */
bool arm_smmu_can_nest(struct arm_smmu_device *smmu)
{
	const u32 needed = ARM_SMMU_FEAT_TRANS_S1 | ARM_SMMU_FEAT_TRANS_S2 |
			   ARM_SMMU_FEAT_TRANS_NESTED |
			   ARM_SMMU_FEAT_COHERENT_WALK;
	const u32 formats = ARM_SMMU_FEAT_FMT_AARCH64_4K |
			    ARM_SMMU_FEAT_FMT_AARCH64_16K |
			    ARM_SMMU_FEAT_FMT_AARCH64_64K;

	return smmu->version == ARM_SMMU_V2 && arm_smmu_is_plain(smmu) &&
	       !smmu->prefetches && (smmu->features & needed) == needed &&
	       (smmu->features & formats);
}

/* By TLBIVMID, as TLBIIPAS2 does not reach entries that combine both stages */
static void arm_smmu_nest_parent_tlb_walk(unsigned long iova, size_t size,
					  size_t granule, void *cookie)
{
	arm_smmu_tlb_inv_context_s2(cookie);
}

/* Left to iotlb_sync, which invalidates all of the VMID */
static void arm_smmu_nest_parent_tlb_page(struct iommu_iotlb_gather *gather,
					  unsigned long iova, size_t granule,
					  void *cookie)
{
}

const struct iommu_flush_ops arm_smmu_nest_parent_tlb_ops = {
	.tlb_flush_all = arm_smmu_tlb_inv_context_s2,
	.tlb_flush_walk = arm_smmu_nest_parent_tlb_walk,
	.tlb_add_page = arm_smmu_nest_parent_tlb_page,
};

static int arm_smmu_make_nest_parent(struct arm_smmu_domain *smmu_domain)
{
	struct arm_smmu_nest *nest;

	nest = kzalloc(sizeof(*nest), GFP_KERNEL_ACCOUNT);
	if (!nest)
		return -ENOMEM;
	mutex_init(&nest->banks_lock);
	INIT_LIST_HEAD(&nest->banks);
	spin_lock_init(&nest->vdevs_lock);
	INIT_LIST_HEAD(&nest->vdevs);
	smmu_domain->nest = nest;
	smmu_domain->stage = ARM_SMMU_DOMAIN_NESTED;
	return 0;
}

/*
 * iommufd maps before it attaches: into a nest parent, into an allocated page table,
 * and into that of an IOAS that replaces another one
 */
static int arm_smmu_make_page_table(struct arm_smmu_domain *smmu_domain,
				    struct arm_smmu_device *smmu,
				    struct device *dev)
{
	int ret;

	ret = arm_smmu_rpm_get(smmu);
	if (ret < 0)
		return ret;
	ret = arm_smmu_init_domain_context(smmu_domain, smmu, dev);
	arm_smmu_rpm_put(smmu);
	return ret;
}

/**
 * arm_smmu_v2_domain_alloc_user() - iommu_ops::domain_alloc_user
 * @dev: A device behind the SMMU
 * @flags: IOMMU_HWPT_ALLOC_NEST_PARENT or 0
 * @parent: NULL. Nested domains are allocated through a vIOMMU
 * @user_data: NULL
 *
 * Return: The domain; -EOPNOTSUPP, also for a nest parent if guests may not own
 * stage 1; -ENOSPC if there is no context bank left; -ENOMEM, or an error of runtime
 * PM.
 */
struct iommu_domain *
arm_smmu_v2_domain_alloc_user(struct device *dev, u32 flags,
			      struct iommu_domain *parent,
			      const struct iommu_user_data *user_data)
{
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);
	struct arm_smmu_domain *smmu_domain;
	struct iommu_domain *domain;
	int ret = 0;

	if ((flags & ~IOMMU_HWPT_ALLOC_NEST_PARENT) || parent || user_data)
		return ERR_PTR(-EOPNOTSUPP);
	if (flags && !arm_smmu_can_nest(cfg->smmu))
		return ERR_PTR(-EOPNOTSUPP);

	domain = arm_smmu_domain_alloc_paging(dev);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->ops = dev_iommu_ops(dev)->default_domain_ops;
	smmu_domain = container_of(domain, struct arm_smmu_domain, domain);
	if (flags)
		ret = arm_smmu_make_nest_parent(smmu_domain);
	if (!ret)
		ret = arm_smmu_make_page_table(smmu_domain, cfg->smmu, dev);
	if (ret) {
		domain->ops->free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

/**
 * arm_smmu_write_nested_bank() - Write a context bank of a nested domain
 * @smmu: The SMMU
 * @idx: The bank. No stream uses it, or the SMMU is being reset.
 * @cfg: Of the bank, as its caller found it: arm_smmu_cb::cfg may be cleared meanwhile
 */
void arm_smmu_write_nested_bank(struct arm_smmu_device *smmu, int idx,
				const struct arm_smmu_cfg *cfg)
{
	struct arm_smmu_cb *cb = &smmu->cbs[idx];
	const struct arm_smmu_nested_domain *nested =
		container_of_const(cfg, struct arm_smmu_nested_domain, cfg);
	u32 cba2r = ARM_SMMU_CBA2R_VA64;
	u32 cbar = FIELD_PREP(ARM_SMMU_CBAR_TYPE, nested->cfg.cbar) |
		   FIELD_PREP(ARM_SMMU_CBAR_CBNDX,
			      nested->viommu->parent->cfg.cbndx);

	if (smmu->features & ARM_SMMU_FEAT_VMID16)
		cba2r |= FIELD_PREP(ARM_SMMU_CBA2R_VMID16, nested->cfg.vmid);
	else
		cbar |= FIELD_PREP(ARM_SMMU_CBAR_VMID, nested->cfg.vmid);
	arm_smmu_gr1_write(smmu, ARM_SMMU_GR1_CBA2R(idx), cba2r);
	arm_smmu_gr1_write(smmu, ARM_SMMU_GR1_CBAR(idx), cbar);

	/* TCR before TTBR, as for any bank: it sets the width of the ASID */
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_TCR2, cb->tcr[1]);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_TCR, cb->tcr[0]);
	arm_smmu_cb_writeq(smmu, idx, ARM_SMMU_CB_TTBR0, cb->ttbr[0]);
	arm_smmu_cb_writeq(smmu, idx, ARM_SMMU_CB_TTBR1, cb->ttbr[1]);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_CONTEXTIDR,
			  nested->contextidr);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_S1_MAIR0, cb->mair[0]);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_S1_MAIR1, cb->mair[1]);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_SCTLR, nested->sctlr);
}

/* The encodings of TG0 and TG1 differ */
static int arm_smmu_check_granules(struct arm_smmu_device *smmu, u32 tcr)
{
	static const u32 tg0[4] = { ARM_SMMU_FEAT_FMT_AARCH64_4K,
				    ARM_SMMU_FEAT_FMT_AARCH64_64K,
				    ARM_SMMU_FEAT_FMT_AARCH64_16K, 0 };
	static const u32 tg1[4] = { 0, ARM_SMMU_FEAT_FMT_AARCH64_16K,
				    ARM_SMMU_FEAT_FMT_AARCH64_4K,
				    ARM_SMMU_FEAT_FMT_AARCH64_64K };

	if (!(tcr & ARM_SMMU_TCR_EPD0) &&
	    !(smmu->features & tg0[FIELD_GET(ARM_SMMU_TCR_TG0, tcr)]))
		return -EIO;
	if (!(tcr & ARM_SMMU_TCR_EPD1) &&
	    !(smmu->features & tg1[FIELD_GET(S1_TCR_TG1, tcr)]))
		return -EIO;
	return 0;
}

static int arm_smmu_check_nested(struct arm_smmu_device *smmu,
				 const struct iommu_hwpt_arm_smmuv2 *arg)
{
	if ((arg->ttbr[0] & ~TTBR_ALLOWED) || (arg->ttbr[1] & ~TTBR_ALLOWED) ||
	    (arg->tcr & S1_TCR_RESERVED) || (arg->tcr2 & ~S1_TCR2_ALLOWED) ||
	    (arg->sctlr & ~SCTLR_ALLOWED) || !(arg->sctlr & ARM_SMMU_SCTLR_M))
		return -EIO;
	return arm_smmu_check_granules(smmu, arg->tcr);
}

/* Table walks are write-back and inner shareable, as is the memory they lead to */
static u32 arm_smmu_nested_tcr(u32 tcr)
{
	tcr &= ~(S1_TCR_WALK_0 | S1_TCR_WALK_1);
	return tcr | FIELD_PREP(ARM_SMMU_TCR_IRGN0, ARM_LPAE_TCR_RGN_WBWA) |
	       FIELD_PREP(ARM_SMMU_TCR_ORGN0, ARM_LPAE_TCR_RGN_WBWA) |
	       FIELD_PREP(ARM_SMMU_TCR_SH0, ARM_LPAE_TCR_SH_IS) |
	       FIELD_PREP(S1_TCR_IRGN1, ARM_LPAE_TCR_RGN_WBWA) |
	       FIELD_PREP(S1_TCR_ORGN1, ARM_LPAE_TCR_RGN_WBWA) |
	       FIELD_PREP(S1_TCR_SH1, ARM_LPAE_TCR_SH_IS);
}

static irqreturn_t arm_smmu_nested_fault(int irq, void *data)
{
	struct arm_smmu_nested_domain *nested = data;
	struct arm_smmu_domain *parent = nested->viommu->parent;
	struct arm_smmu_device *smmu = parent->smmu;
	static DEFINE_RATELIMIT_STATE(rs, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	struct arm_smmu_context_fault_info cfi;
	int idx = nested->cfg.cbndx;

	arm_smmu_read_context_fault_info(smmu, idx, &cfi);
	if (!(cfi.fsr & ARM_SMMU_CB_FSR_FAULT))
		return IRQ_NONE;

	if (!arm_smmu_viommu_report(parent, idx, 1, &cfi) && __ratelimit(&rs))
		arm_smmu_print_context_fault_info(smmu, idx, &cfi);
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_FSR, cfi.fsr);
	return IRQ_HANDLED;
}

static int arm_smmu_check_attach(struct arm_smmu_nested_domain *nested,
				 struct device *dev)
{
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);
	unsigned long virt_id;

	/*
	 * The core restores a domain after a failure: it was allowed before. A
	 * device that joins the group of the domain was not attached before.
	 */
	if (cfg->attached && iommu_get_domain_for_dev(dev) == &nested->domain)
		return 0;
	if (cfg->smmu != nested->viommu->parent->smmu)
		return -EINVAL;
	/* Without a virtual ID, faults could not be reported to the guest */
	return iommufd_viommu_get_vdev_id(&nested->viommu->core, dev, &virt_id);
}

static int arm_smmu_attach_dev_nested(struct iommu_domain *domain,
				      struct device *dev)
{
	struct arm_smmu_nested_domain *nested = to_nested_domain(domain);
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);
	int ret;

	ret = arm_smmu_check_attach(nested, dev);
	if (ret)
		return ret;
	ret = arm_smmu_rpm_get(cfg->smmu);
	if (ret < 0)
		return ret;
	arm_smmu_master_install_s2crs(cfg, S2CR_TYPE_TRANS, nested->cfg.cbndx,
				      dev_iommu_fwspec_get(dev));
	arm_smmu_rpm_put(cfg->smmu);
	return 0;
}

/* Entries of the TLB stay: they have the guest's VMID. */
static void arm_smmu_free_nested_bank(struct arm_smmu_nested_domain *nested)
{
	struct arm_smmu_device *smmu = nested->viommu->parent->smmu;
	int ret, idx = nested->cfg.cbndx;

	ret = arm_smmu_rpm_get(smmu);
	smmu->cbs[idx].cfg = NULL;
	if (ret < 0) {
		/* Another CPU may be resuming it */
		pm_runtime_barrier(smmu->dev);
	} else {
		arm_smmu_write_context_bank(smmu, idx);
		arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_FSR,
				  ARM_SMMU_CB_FSR_FAULT);
	}
	devm_free_irq(smmu->dev, smmu->irqs[idx], nested);
	/* If the SMMU did not resume, the bank is leaked, and disabled later */
	if (ret < 0)
		return;
	arm_smmu_rpm_put(smmu);
	clear_bit(idx, smmu->context_map);
}

static void arm_smmu_domain_free_nested(struct iommu_domain *domain)
{
	struct arm_smmu_nested_domain *nested = to_nested_domain(domain);
	struct arm_smmu_nest *nest = nested->viommu->parent->nest;

	scoped_guard(mutex, &nest->banks_lock) list_del(&nested->node);
	arm_smmu_free_nested_bank(nested);
	kfree(nested);
}

static const struct iommu_domain_ops arm_smmu_nested_ops = {
	.attach_dev = arm_smmu_attach_dev_nested,
	.free = arm_smmu_domain_free_nested,
};

static void arm_smmu_fill_nested_bank(struct arm_smmu_nested_domain *nested,
				      const struct iommu_hwpt_arm_smmuv2 *arg)
{
	struct arm_smmu_device *smmu = nested->viommu->parent->smmu;
	struct arm_smmu_cb *cb = &smmu->cbs[nested->cfg.cbndx];

	nested->sctlr = arg->sctlr | ARM_SMMU_SCTLR_CFIE |
			ARM_SMMU_SCTLR_S1_ASIDPNE;
	nested->contextidr = arg->contextidr;
	cb->ttbr[0] = arg->ttbr[0];
	cb->ttbr[1] = arg->ttbr[1];
	cb->tcr[0] = arm_smmu_nested_tcr(arg->tcr);
	cb->tcr[1] = arg->tcr2;
	cb->mair[0] = MAIR_WRITE_BACK;
	cb->mair[1] = MAIR_WRITE_BACK;
	cb->cfg = &nested->cfg;
}

/* Allocate a bank for the domain, write it, and request its fault interrupt */
static int arm_smmu_make_nested_bank(struct arm_smmu_nested_domain *nested,
				     const struct iommu_hwpt_arm_smmuv2 *arg)
{
	struct arm_smmu_domain *parent = nested->viommu->parent;
	struct arm_smmu_device *smmu = parent->smmu;
	int idx, ret;

	idx = __arm_smmu_alloc_bitmap(smmu->context_map,
				      smmu->num_s2_context_banks,
				      smmu->num_context_banks);
	if (idx < 0)
		return idx;
	nested->cfg.cbndx = idx;
	nested->cfg.vmid = parent->cfg.vmid;
	nested->cfg.cbar = CBAR_TYPE_S1_TRANS_S2_TRANS;

	ret = arm_smmu_rpm_get(smmu);
	if (ret < 0)
		goto out_free_bank;
	arm_smmu_fill_nested_bank(nested, arg);
	/* A late fault of its previous owner is not the guest's */
	arm_smmu_cb_write(smmu, idx, ARM_SMMU_CB_FSR, ARM_SMMU_CB_FSR_FAULT);
	arm_smmu_write_context_bank(smmu, idx);
	ret = devm_request_irq(smmu->dev, smmu->irqs[idx],
			       arm_smmu_nested_fault, IRQF_SHARED,
			       "arm-smmu-nested-fault", nested);
	if (ret) {
		smmu->cbs[idx].cfg = NULL;
		arm_smmu_write_context_bank(smmu, idx);
	}
	arm_smmu_rpm_put(smmu);
	if (!ret)
		return 0;
out_free_bank:
	clear_bit(idx, smmu->context_map);
	return ret;
}

/**
 * arm_smmu_v2_domain_alloc_nested() - iommufd_viommu_ops::alloc_domain_nested
 * @core: The guest's share of the SMMU
 * @flags: None
 * @user_data: A struct iommu_hwpt_arm_smmuv2
 *
 * Return: The domain; -EOPNOTSUPP for a flag, -EINVAL for a wrong type or length of
 * the data, -EIO for a value that a guest may not use, -ENOSPC if all context banks
 * are in use, -EFAULT, -ENOMEM, or an error of runtime PM.
 */
struct iommu_domain *
arm_smmu_v2_domain_alloc_nested(struct iommufd_viommu *core, u32 flags,
				const struct iommu_user_data *user_data)
{
	struct arm_smmu_viommu *viommu = to_smmu_viommu(core);
	struct arm_smmu_nested_domain *nested;
	struct iommu_hwpt_arm_smmuv2 arg;
	int ret;

	if (flags)
		return ERR_PTR(-EOPNOTSUPP);
	ret = iommu_copy_struct_from_user(&arg, user_data,
					  IOMMU_HWPT_DATA_ARM_SMMUV2, sctlr);
	if (ret)
		return ERR_PTR(ret);
	ret = arm_smmu_check_nested(viommu->parent->smmu, &arg);
	if (ret)
		return ERR_PTR(ret);

	nested = kzalloc(sizeof(*nested), GFP_KERNEL_ACCOUNT);
	if (!nested)
		return ERR_PTR(-ENOMEM);
	nested->domain.type = IOMMU_DOMAIN_NESTED;
	nested->domain.ops = &arm_smmu_nested_ops;
	nested->viommu = viommu;
	ret = arm_smmu_make_nested_bank(nested, &arg);
	if (ret) {
		kfree(nested);
		return ERR_PTR(ret);
	}
	scoped_guard(mutex, &viommu->parent->nest->banks_lock)
		list_add(&nested->node, &viommu->parent->nest->banks);
	return &nested->domain;
}
