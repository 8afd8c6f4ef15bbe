// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested domains: the stage 1 of a guest on the stage 2 of its nest parent.
 *
 * Such a domain is only a stream table entry that the guest wrote. Its tables are
 * the guest's. The host tracks the devices whose ATCs must be invalidated in the
 * parent.
 *
 * Races
 * -----
 * - attach against attach and detach: iommu_group::mutex serialises changes of a
 *   device, arm_smmu_asid_lock those of all stream table entries.
 * - attach against DMA: the entry changes in steps, after each of which it
 *   translates or aborts. A change among abort, bypass and stage 1 over the same
 *   parent disturbs no transaction. If the guest changes several double words of
 *   its stage 1 at once, transactions abort in between.
 * - attach against map of the parent: map adds entries that did not exist, so none
 *   are cached.
 * - attach against unmap of the parent: unmap clears its entry of stage 2,
 *   invalidates, and then checks whether stage 1 has been used; attach sets that
 *   before it installs stage 1. Either unmap sees it, and invalidates stage 1, or
 *   the walks of stage 1 start after stage 2 is clean. ATCs: the device is in the
 *   parent's list, with ATS noted, before its ATS is enabled.
 * - attach of a group that fails half-way: the core restores the domain of the
 *   devices already attached. arm_smmu_master::domain, not the core's pointer, tells
 *   which list each is in.
 * - attach against destruction of the vDEVICE: see include/linux/iommu-viommu.h.
 * - attach against events: see arm-smmu-v3-viommu.c.
 * - process exit: the device is detached, which blocks its DMA. Then the domain is
 *   freed, then the vIOMMU, then the parent.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/iommu-viommu.h>
#include <linux/slab.h>
#include <kunit/visibility.h>
#include <uapi/linux/iommufd.h>

#include "arm-smmu-v3-nested.h"

/**
 * struct arm_smmu_nested_domain - Stage 1 of a guest
 * @domain: The core's part
 * @viommu: The guest's share of the SMMU, which outlives the domain
 * @ste: The stream table entry that the guest wrote
 */
struct arm_smmu_nested_domain {
	struct iommu_domain domain;
	struct arm_smmu_viommu *viommu;
	struct arm_smmu_guest_ste ste;
};

static struct arm_smmu_nested_domain *
to_nested_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_nested_domain, domain);
}

/**
 * arm_smmu_nested_parent() - Find the stage 2 below a nested domain
 * @domain: The nested domain
 *
 * Return: The domain whose list has the devices of @domain.
 */
struct arm_smmu_domain *arm_smmu_nested_parent(struct iommu_domain *domain)
{
	return to_nested_domain(domain)->viommu->s2_parent;
}

/* Errors that leave the device as it is; iommu_group::mutex is held */
static int check_attach(struct arm_smmu_nested_domain *nested,
			struct arm_smmu_master *master)
{
	struct arm_smmu_viommu *viommu = nested->viommu;
	unsigned long virt_id;

	/*
	 * The core restores a domain after a failure: it was allowed before. A
	 * device that joins the group of the domain was not attached before.
	 */
	if (master->domain &&
	    iommu_get_domain_for_dev(master->dev) == &nested->domain)
		return 0;
	if (master->smmu != viommu->smmu || !arm_smmu_master_can_nest(master))
		return -EINVAL;
	if (arm_smmu_ssids_in_use(&master->cd_table))
		return -EBUSY;
	/* Without a virtual ID the guest could not invalidate for the device */
	if (nested->ste.config == STRTAB_STE_0_CFG_S1_TRANS)
		return iommufd_viommu_get_vdev_id(&viommu->core, master->dev,
						  &virt_id);
	return 0;
}

/* From now on, unmap of the parent invalidates stage 1, too */
static void announce_stage1(struct arm_smmu_domain *s2_parent)
{
	WRITE_ONCE(s2_parent->stage1_used, true);
	/* Pairs with arm_smmu_tlb_inv_guest_stage1() */
	smp_mb();
}

/**
 * arm_smmu_tlb_inv_guest_stage1() - Complete an invalidation of stage 2
 * @s2_parent: A nest parent, whose TLBI_S2_IPA has completed
 *
 * The TLB may combine both stages in one entry, which is tagged with the address
 * that stage 1 translates. Only the guest knows that, so all entries of the VMID
 * are invalidated (IHI 0070, 4.4). Such entries survive the detach of the guest's
 * last device, so it does not matter whether any is attached now.
 *
 * Context: Any.
 */
void arm_smmu_tlb_inv_guest_stage1(struct arm_smmu_domain *s2_parent)
{
	struct arm_smmu_device *smmu = s2_parent->smmu;
	u64 cmd[CMDQ_ENT_DWORDS] = {
		FIELD_PREP(CMDQ_0_OP, CMDQ_OP_TLBI_NH_ALL) |
			FIELD_PREP(CMDQ_TLBI_0_VMID, s2_parent->s2_cfg.vmid),
	};

	/* Pairs with announce_stage1() */
	smp_mb();
	if (READ_ONCE(s2_parent->stage1_used))
		arm_smmu_cmdq_issue_cmdlist(smmu, &smmu->cmdq, cmd, 1, true);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_tlb_inv_guest_stage1);

/* Apart from S1STALLD, which the host may have set already */
static bool is_same_ste(const struct arm_smmu_guest_ste *a,
			const struct arm_smmu_guest_ste *b)
{
	return a->config == b->config && a->word[0] == b->word[0] &&
	       !((a->word[1] ^ b->word[1]) & ~STRTAB_STE_1_S1STALLD);
}

/*
 * The guest has its entry invalidated, and with it the CDs that it leads to (IHI
 * 0070, 4.3.1). Installing an entry does so too, but only if the entry changes. Both
 * are changed by attaches only, which arm_smmu_asid_lock serialises.
 */
static void invalidate_same_ste(struct arm_smmu_master *master,
				const struct arm_smmu_nested_domain *nested)
{
	struct arm_smmu_device *smmu = master->smmu;
	u64 cmd[CMDQ_ENT_DWORDS] = { 0, CMDQ_CFGI_1_LEAF };
	unsigned int i;

	if (!master->domain || master->domain->type != IOMMU_DOMAIN_NESTED ||
	    !is_same_ste(&to_nested_domain(master->domain)->ste, &nested->ste))
		return;
	for (i = 0; i < master->num_streams; i++) {
		cmd[0] = FIELD_PREP(CMDQ_0_OP, CMDQ_OP_CFGI_STE) |
			 FIELD_PREP(CMDQ_CFGI_0_SID, master->streams[i].id);
		arm_smmu_cmdq_issue_cmdlist(smmu, &smmu->cmdq, cmd, 1, true);
	}
}

static int arm_smmu_attach_dev_nested(struct iommu_domain *domain,
				      struct device *dev)
{
	struct arm_smmu_nested_domain *nested = to_nested_domain(domain);
	struct arm_smmu_domain *s2_parent = nested->viommu->s2_parent;
	struct arm_smmu_master *master = dev_iommu_priv_get(dev);
	struct arm_smmu_attach_state state = {
		.master = master,
		.ssid = IOMMU_NO_PASID,
		.viommu = &nested->viommu->core,
		/*
		 * Only the guest can tell what to invalidate in the ATC, and it
		 * does so if it set EATS. For stalls, see arm_smmu_attach_dev().
		 */
		.ats_refused = !nested->ste.ats || master->stall_enabled,
	};
	struct arm_smmu_ste ste;
	int ret;

	ret = check_attach(nested, master);
	if (ret)
		return ret;

	mutex_lock(&arm_smmu_asid_lock);
	invalidate_same_ste(master, nested);
	ret = arm_smmu_attach_prepare(&state, domain);
	if (ret)
		goto out_unlock;

	if (nested->ste.config == STRTAB_STE_0_CFG_S1_TRANS)
		announce_stage1(s2_parent);
	arm_smmu_viommu_assign(master, state.viommu);
	arm_smmu_make_nested_ste(&ste, master, s2_parent, &nested->ste,
				 state.ats_enabled);
	arm_smmu_install_ste_for_dev(master, &ste);
	arm_smmu_clear_cd(master, IOMMU_NO_PASID);
	arm_smmu_attach_commit(&state);
out_unlock:
	mutex_unlock(&arm_smmu_asid_lock);
	return ret;
}

static void arm_smmu_domain_free_nested(struct iommu_domain *domain)
{
	kfree(to_nested_domain(domain));
}

static const struct iommu_domain_ops arm_smmu_nested_ops = {
	.attach_dev = arm_smmu_attach_dev_nested,
	.free = arm_smmu_domain_free_nested,
};

/**
 * arm_smmu_domain_alloc_nested() - iommufd_viommu_ops::alloc_domain_nested
 * @viommu: The guest's share of the SMMU
 * @flags: None
 * @user_data: A struct iommu_hwpt_arm_smmuv3
 *
 * Return: The domain; -EOPNOTSUPP for a flag, -EINVAL for a wrong type or length of
 * the data, -EIO for an entry that a guest may not use, -EFAULT, -E2BIG, -ENOMEM.
 */
struct iommu_domain *
arm_smmu_domain_alloc_nested(struct iommufd_viommu *viommu, u32 flags,
			     const struct iommu_user_data *user_data)
{
	struct arm_smmu_nested_domain *nested;
	struct iommu_hwpt_arm_smmuv3 arg;
	struct arm_smmu_guest_ste ste;
	int ret;

	if (flags)
		return ERR_PTR(-EOPNOTSUPP);
	ret = iommu_copy_struct_from_user(&arg, user_data,
					  IOMMU_HWPT_DATA_ARM_SMMUV3, ste);
	if (ret)
		return ERR_PTR(ret);
	ret = arm_smmu_guest_ste_parse(&ste, arg.ste);
	if (ret)
		return ERR_PTR(ret);

	nested = kzalloc(sizeof(*nested), GFP_KERNEL_ACCOUNT);
	if (!nested)
		return ERR_PTR(-ENOMEM);

	nested->domain.type = IOMMU_DOMAIN_NESTED;
	nested->domain.ops = &arm_smmu_nested_ops;
	nested->domain.aborts_all = ste.config == STRTAB_STE_0_CFG_ABORT;
	nested->viommu = to_smmu_viommu(viommu);
	nested->ste = ste;
	return &nested->domain;
}
