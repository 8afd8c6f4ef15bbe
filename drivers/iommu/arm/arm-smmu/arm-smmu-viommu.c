// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's share of an SMMUv2: its invalidations and its faults, and what a VMM has
 * to know of the SMMU.
 *
 * The guest has no access to hardware registers. iommufd passes its invalidations
 * here. They are written to one of its context banks, which confines them to its
 * VMID. Faults go the other way, with the stream ID that the guest uses.
 *
 * Races
 * -----
 * - invalidation against invalidation and free of a nested domain:
 *   arm_smmu_nest::banks_lock. Without a bank, all of the VMID is invalidated.
 * - invalidation against attach: the TLB is kept when a device is attached; its
 *   entries have the guest's VMID.
 * - fault against destruction of the vDEVICE: arm_smmu_nest::vdevs_lock. If the
 *   device still has its virtual ID, the guest gets the fault, otherwise the host.
 * - invalidation against process exit: a fatal signal ends a long array between two
 *   batches. What was counted is complete.
 *
 * vIOMMUs of one nest parent share the VMID: an ASID that a guest uses on two of its
 * SMMUs is the same to the hardware. All of that is within the memory of one guest.
 */
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arm-smmu-nested.h"

/* Number of commands that are executed before the lock is released */
#define BATCH 64

/**
 * struct arm_smmu_vdevice - A device of a guest
 * @core: iommufd's part
 * @node: in arm_smmu_nest::vdevs
 * @sid: Its stream ID
 */
struct arm_smmu_vdevice {
	struct iommufd_vdevice core;
	struct list_head node;
	u16 sid;
};

static struct arm_smmu_vdevice *to_smmu_vdevice(struct iommufd_vdevice *core)
{
	return container_of(core, struct arm_smmu_vdevice, core);
}

static struct arm_smmu_nest *nest_of(struct iommufd_viommu *core)
{
	return to_smmu_viommu(core)->parent->nest;
}

/* Register of each command, and the bits that its argument may have */
static const struct {
	int reg;
	u64 allowed;
} tlbis[] = {
	[IOMMU_ARM_SMMUV2_TLBI_ALL] = { ARM_SMMU_CB_S1_TLBIALL, 0 },
	[IOMMU_ARM_SMMUV2_TLBI_ASID] = { ARM_SMMU_CB_S1_TLBIASID,
					 GENMASK_ULL(15, 0) },
	[IOMMU_ARM_SMMUV2_TLBI_VA] = { ARM_SMMU_CB_S1_TLBIVA,
				       GENMASK_ULL(63, 48) |
					       GENMASK_ULL(43, 0) },
	[IOMMU_ARM_SMMUV2_TLBI_VAL] = { ARM_SMMU_CB_S1_TLBIVAL,
					GENMASK_ULL(63, 48) |
						GENMASK_ULL(43, 0) },
	[IOMMU_ARM_SMMUV2_TLBI_VAA] = { ARM_SMMU_CB_S1_TLBIVAA,
					GENMASK_ULL(43, 0) },
	[IOMMU_ARM_SMMUV2_TLBI_VAAL] = { ARM_SMMU_CB_S1_TLBIVAAL,
					 GENMASK_ULL(43, 0) },
};

static int check_command(const struct iommu_viommu_arm_smmuv2_invalidate *cmd)
{
	if (cmd->opcode >= ARRAY_SIZE(tlbis) || cmd->__reserved ||
	    (cmd->arg & ~tlbis[cmd->opcode].allowed))
		return -EIO;
	return 0;
}

/* banks_lock is held, and the SMMU is powered */
static void issue_command(struct arm_smmu_device *smmu, int bank,
			  const struct iommu_viommu_arm_smmuv2_invalidate *cmd)
{
	int reg = tlbis[cmd->opcode].reg;

	switch (cmd->opcode) {
	case IOMMU_ARM_SMMUV2_TLBI_ALL:
	case IOMMU_ARM_SMMUV2_TLBI_ASID:
		arm_smmu_cb_write(smmu, bank, reg, cmd->arg);
		break;
	default:
		arm_smmu_cb_writeq(smmu, bank, reg, cmd->arg);
	}
}

/* Execute commands up to the first bad one. Returns their number, or an error. */
static int execute_batch(struct arm_smmu_domain *parent,
			 const struct iommu_viommu_arm_smmuv2_invalidate *cmds,
			 u32 num)
{
	struct arm_smmu_device *smmu = parent->smmu;
	struct arm_smmu_nested_domain *nested;
	u32 i, good;
	int ret;

	for (good = 0; good < num; good++)
		if (check_command(&cmds[good]))
			break;
	if (!good)
		return 0;

	ret = arm_smmu_rpm_get(smmu);
	if (ret < 0)
		return ret;
	scoped_guard(mutex, &parent->nest->banks_lock)
	{
		nested = list_first_entry_or_null(&parent->nest->banks,
						  struct arm_smmu_nested_domain,
						  node);
		/* The guest's writes to its tables must be visible first */
		wmb();
		for (i = 0; nested && i < good; i++)
			issue_command(smmu, nested->cfg.cbndx, &cmds[i]);
		if (nested)
			arm_smmu_tlb_sync_global(smmu);
		else
			arm_smmu_tlb_inv_context_s2(parent);
	}
	arm_smmu_rpm_put(smmu);
	return good;
}

/* If a newer user has longer entries, their tails must be zero */
static int copy_batch(struct iommu_viommu_arm_smmuv2_invalidate *cmds,
		      const struct iommu_user_data_array *array, u32 first,
		      u32 num)
{
	void __user *from = array->uptr + (size_t)array->entry_len * first;
	int ret = 0;
	u32 i;

	for (i = 0; i < num && !ret; i++)
		ret = copy_struct_from_user(&cmds[i], sizeof(*cmds),
					    from + (size_t)array->entry_len * i,
					    array->entry_len);
	return ret;
}

/**
 * arm_smmu_viommu_cache_invalidate() - iommufd_viommu_ops::cache_invalidate
 * @core: The guest's share of the SMMU
 * @array: Its commands. On return, entry_num is the number that took effect
 *
 * They are executed in batches of %BATCH, each with one synchronisation.
 *
 * Context: Process context. Takes arm_smmu_nest::banks_lock.
 * Return: 0; -EINVAL for a wrong type or length, -E2BIG for an entry whose tail is not
 * zero, -EFAULT, -EIO for a command that is refused, -EINTR if the process is being
 * killed, or an error of runtime PM.
 */
static int arm_smmu_viommu_cache_invalidate(struct iommufd_viommu *core,
					    struct iommu_user_data_array *array)
{
	struct iommu_viommu_arm_smmuv2_invalidate cmds[BATCH];
	struct arm_smmu_domain *parent = to_smmu_viommu(core)->parent;
	u32 total = array->entry_num, num;
	int ret;

	array->entry_num = 0;
	if (array->type != IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2)
		return -EINVAL;
	if (total && array->entry_len < sizeof(cmds[0]))
		return -EINVAL;

	while (array->entry_num < total) {
		num = min(total - array->entry_num, BATCH);
		ret = copy_batch(cmds, array, array->entry_num, num);
		if (ret)
			return ret;
		ret = execute_batch(parent, cmds, num);
		if (ret < 0)
			return ret;
		array->entry_num += ret;
		if (ret < num)
			return -EIO;
		if (fatal_signal_pending(current) && array->entry_num < total)
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static void arm_smmu_vdevice_destroy(struct iommufd_vdevice *core)
{
	struct arm_smmu_nest *nest = nest_of(core->viommu);
	unsigned long flags;

	spin_lock_irqsave(&nest->vdevs_lock, flags);
	list_del(&to_smmu_vdevice(core)->node);
	spin_unlock_irqrestore(&nest->vdevs_lock, flags);
}

/* A fault is reported for one stream */
static int arm_smmu_vdevice_init(struct iommufd_vdevice *core)
{
	struct device *dev = iommufd_vdevice_to_device(core);
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct arm_smmu_vdevice *vdev = to_smmu_vdevice(core);
	struct arm_smmu_nest *nest = nest_of(core->viommu);
	unsigned long flags;

	if (cfg->smmu != to_smmu_viommu(core->viommu)->parent->smmu)
		return -EINVAL;
	if (core->virt_id > U16_MAX)
		return -EINVAL;
	if (fwspec->num_ids != 1 ||
	    FIELD_GET(ARM_SMMU_SMR_MASK, fwspec->ids[0]))
		return -EOPNOTSUPP;

	vdev->sid = FIELD_GET(ARM_SMMU_SMR_ID, fwspec->ids[0]);
	core->destroy = arm_smmu_vdevice_destroy;
	spin_lock_irqsave(&nest->vdevs_lock, flags);
	list_add(&vdev->node, &nest->vdevs);
	spin_unlock_irqrestore(&nest->vdevs_lock, flags);
	return 0;
}

static size_t arm_smmu_veventq_event_size(struct iommufd_viommu *core,
					  enum iommu_veventq_type type)
{
	if (type != IOMMU_VEVENTQ_TYPE_ARM_SMMUV2)
		return 0;
	return sizeof(struct iommu_vevent_arm_smmuv2);
}

/**
 * arm_smmu_viommu_report() - Report a fault to the guest that it belongs to
 * @parent: The nest parent whose VMID the context bank has
 * @idx: The context bank that recorded it
 * @stage: Of that bank, 1 or 2
 * @cfi: The recorded fault
 *
 * Context: Any. Takes arm_smmu_nest::vdevs_lock.
 * Return: true if the guest has it, or was told that it lost some; false if the host
 * has to report it.
 */
bool arm_smmu_viommu_report(struct arm_smmu_domain *parent, int idx, u32 stage,
			    const struct arm_smmu_context_fault_info *cfi)
{
	u16 sid = FIELD_GET(ARM_SMMU_CBFRSYNRA_SID, cfi->cbfrsynra);
	struct iommu_vevent_arm_smmuv2 event = {
		.stage = stage,
		.fsr = cfi->fsr,
		.fsynr0 = cfi->fsynr & ~ARM_SMMU_CB_FSYNR0_S1CBNDX,
		.far = cfi->iova,
	};
	struct arm_smmu_vdevice *vdev;
	int ret = -ENOENT;
	unsigned long flags;

	if (stage == 2)
		event.ipafar = arm_smmu_cb_readq(parent->smmu, idx,
						 ARM_SMMU_CB_IPAFAR);

	spin_lock_irqsave(&parent->nest->vdevs_lock, flags);
	list_for_each_entry(vdev, &parent->nest->vdevs, node) {
		if (vdev->sid != sid)
			continue;
		event.virt_sid = vdev->core.virt_id;
		ret = iommufd_viommu_report_event(vdev->core.viommu,
						  IOMMU_VEVENTQ_TYPE_ARM_SMMUV2,
						  &event, sizeof(event));
		break;
	}
	spin_unlock_irqrestore(&parent->nest->vdevs_lock, flags);
	return !ret || ret == -EOVERFLOW;
}

static const struct iommufd_viommu_ops arm_smmu_viommu_ops = {
	.alloc_domain_nested = arm_smmu_v2_domain_alloc_nested,
	.cache_invalidate = arm_smmu_viommu_cache_invalidate,
	.vdevice_size = VDEVICE_STRUCT_SIZE(struct arm_smmu_vdevice, core),
	.vdevice_init = arm_smmu_vdevice_init,
	.veventq_event_size = arm_smmu_veventq_event_size,
};

/**
 * arm_smmu_v2_get_viommu_size() - iommu_ops::get_viommu_size
 * @dev: A device behind the SMMU
 * @type: The type that user space requests
 *
 * Return: The size in bytes of a vIOMMU for a guest that may own stage 1 of @dev, 0
 * if none may, and for a type other than %IOMMU_VIOMMU_TYPE_ARM_SMMUV2.
 */
size_t arm_smmu_v2_get_viommu_size(struct device *dev,
				   enum iommu_viommu_type type)
{
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);

	if (type != IOMMU_VIOMMU_TYPE_ARM_SMMUV2 ||
	    !arm_smmu_can_nest(cfg->smmu))
		return 0;
	return VIOMMU_STRUCT_SIZE(struct arm_smmu_viommu, core);
}

/**
 * arm_smmu_v2_viommu_init() - iommu_ops::viommu_init
 * @core: The vIOMMU, of arm_smmu_v2_get_viommu_size() bytes
 * @parent: Stage 2 of the guest, a domain of this driver
 * @user_data: Ignored: this type has none
 *
 * Return: 0, or -EINVAL if @parent is no nest parent of the same SMMU.
 */
int arm_smmu_v2_viommu_init(struct iommufd_viommu *core,
			    struct iommu_domain *parent,
			    const struct iommu_user_data *user_data)
{
	struct arm_smmu_device *smmu =
		container_of(core->iommu_dev, struct arm_smmu_device, iommu);
	struct arm_smmu_domain *stage2 =
		container_of(parent, struct arm_smmu_domain, domain);

	if (!arm_smmu_is_nest_parent(stage2) || stage2->smmu != smmu)
		return -EINVAL;
	core->ops = &arm_smmu_viommu_ops;
	to_smmu_viommu(core)->parent = stage2;
	return 0;
}

/**
 * arm_smmu_v2_hw_info() - iommu_ops::hw_info
 * @dev: A device behind the SMMU
 * @length: Set to the size of the information in bytes
 * @type: Set to %IOMMU_HW_INFO_TYPE_ARM_SMMUV2
 *
 * Return: A struct iommu_hw_info_arm_smmuv2 that the caller frees, ERR_PTR(-ENOMEM),
 * or an error of runtime PM.
 */
void *arm_smmu_v2_hw_info(struct device *dev, u32 *length, u32 *type)
{
	struct arm_smmu_master_cfg *cfg = dev_iommu_priv_get(dev);
	struct arm_smmu_device *smmu = cfg->smmu;
	struct iommu_hw_info_arm_smmuv2 *info;
	unsigned int i;
	int ret;

	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return ERR_PTR(-ENOMEM);
	ret = arm_smmu_rpm_get(smmu);
	if (ret < 0) {
		kfree(info);
		return ERR_PTR(ret);
	}
	for (i = 0; i < ARRAY_SIZE(info->idr); i++)
		info->idr[i] =
			arm_smmu_gr0_read(smmu, ARM_SMMU_GR0_ID0 + 4 * i);
	arm_smmu_rpm_put(smmu);
	info->can_nest = arm_smmu_can_nest(smmu);
	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_ARM_SMMUV2;
	return info;
}

MODULE_IMPORT_NS(IOMMUFD);
