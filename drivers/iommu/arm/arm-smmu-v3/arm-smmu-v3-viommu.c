// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's share of an SMMU: its commands and its events, and what a VMM has to
 * know of the SMMU to present a compatible one to its guest.
 *
 * The guest has no hardware queue. iommufd passes its commands here; they are
 * checked, and issued on the host's queue. Events that the hardware records for a
 * stream of the guest go the other way. Both are translated between the guest's
 * stream IDs and the SMMU's.
 *
 * Races
 * -----
 * - commands against commands: a batch is issued as a whole, so it is not mixed
 *   with that of another CPU. Only the command queue is shared.
 * - commands against attach and detach: nothing may be cached that a command
 *   misses. Attaching a device invalidates what is cached for its stream, even if
 *   its entry stays the same, and the ATC. The TLB is kept on purpose: its entries
 *   have the guest's VMID.
 * - commands against unbinding of a device: iommufd_viommu::devices_rwsem is held
 *   until the batch is complete.
 * - commands against reset, low-power states and removal of a device: see
 *   arm_smmu_atc_answers().
 * - events against attach and detach: arm_smmu_device::streams_mutex guards
 *   arm_smmu_master::viommu. An event that the hardware wrote before the device
 *   entered this vIOMMU is not its guest's: see arm_smmu_master::events_from. That
 *   is set before the first entry of the guest is installed, so the guest gets all
 *   events that the entry causes.
 * - commands against process exit: a fatal signal ends a long array between two
 *   batches. What was issued is complete.
 *
 * vIOMMUs of one nest parent
 * --------------------------
 * The VMID is the parent's. A VMM may create several vIOMMUs on one parent, for
 * example one for each SMMU that its guest sees, as QEMU does. They share TLB
 * entries: an ASID that the guest uses on two of its SMMUs is the same to the
 * hardware. An invalidation by either affects the entries of both, and if the ASID
 * has two meanings, a device behind one may be translated by an entry of the other.
 * All of that is within the memory of one guest. If its SMMUs have to be isolated
 * from each other, the VMM needs a parent for each.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/iommu-viommu.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <kunit/visibility.h>
#include <uapi/linux/iommufd.h>

#include "arm-smmu-v3-nested.h"

#define GUEST_CMD_SIZE sizeof(struct iommu_viommu_arm_smmuv3_invalidate)

static_assert(CMDQ_ENT_DWORDS * sizeof(u64) == GUEST_CMD_SIZE);

static bool is_atc_inv(const u64 *cmd)
{
	return FIELD_GET(CMDQ_0_OP, cmd[0]) == CMDQ_OP_ATC_INV;
}

/* Replace the stream ID; devices_rwsem is held. Returns 0 also if @drop is set */
static int translate_device(struct iommufd_viommu *viommu, u64 *cmd, bool *drop)
{
	struct arm_smmu_master *master;
	struct device *dev;

	dev = iommufd_viommu_find_dev(viommu,
				      FIELD_GET(CMDQ_CFGI_0_SID, cmd[0]));
	if (!dev)
		return -EIO;
	master = dev_iommu_priv_get(dev);

	cmd[0] &= ~CMDQ_CFGI_0_SID;
	cmd[0] |= FIELD_PREP(CMDQ_CFGI_0_SID, master->streams[0].id);

	if (!is_atc_inv(cmd))
		return 0;
	/* To a function without PASIDs, an invalidation with one is malformed */
	if ((cmd[0] & CMDQ_0_SSV) && !master->ssid_bits)
		return -EIO;
	/*
	 * A device answers none while its ATS is off, it is being reset, not in
	 * D0, or gone: the queue would wait until the time-out. Translations
	 * in its ATC are rejected then, and the host invalidates the ATC when
	 * it enables ATS. So the command has taken effect, as the commands
	 * before it are complete: see batch_length().
	 */
	*drop = !arm_smmu_atc_answers(master);
	return 0;
}

static int translate_cmd(struct arm_smmu_viommu *viommu, u64 *cmd, bool *drop)
{
	int ret;

	ret = arm_smmu_guest_cmd_sanitise(&viommu->cmds, cmd);
	if (ret <= 0)
		return ret;
	return translate_device(&viommu->core, cmd, drop);
}

/*
 * The number of commands that one CMD_SYNC may complete. A device asks for a
 * translation again as soon as its ATC is invalidated, so what the guest invalidated
 * before has to be gone from the SMMU's caches by then.
 */
static u32 batch_length(const u64 *cmds, u32 num)
{
	bool others = false;
	u32 i;

	for (i = 0; i < num; i++, cmds += CMDQ_ENT_DWORDS) {
		if (!is_atc_inv(cmds))
			others = true;
		else if (others)
			break;
	}
	return i;
}

/*
 * Execute commands, in place, as far as one CMD_SYNC completes them. *done is set to
 * the number that took effect: those before the first bad one, or 0 if the CMD_SYNC
 * timed out.
 */
static int execute_batch(struct arm_smmu_viommu *viommu, u64 *cmds, u32 num,
			 u32 *done)
{
	struct arm_smmu_device *smmu = viommu->smmu;
	u32 i, num_out = 0;
	int ret = 0, err;

	*done = 0;
	num = batch_length(cmds, num);
	guard(iommufd_viommu_devices)(&viommu->core);
	/* A device that answers keeps answering until the commands are complete */
	guard(rcu)();
	for (i = 0; i < num; i++) {
		u64 *cmd = &cmds[i * CMDQ_ENT_DWORDS];
		bool drop = false;

		ret = translate_cmd(viommu, cmd, &drop);
		if (ret)
			break;
		if (drop)
			continue;
		if (num_out != i)
			memcpy(&cmds[num_out * CMDQ_ENT_DWORDS], cmd,
			       GUEST_CMD_SIZE);
		num_out++;
	}

	if (num_out) {
		err = arm_smmu_cmdq_issue_cmdlist(smmu, &smmu->cmdq, cmds,
						  num_out, true);
		if (err)
			return err;
	}
	*done = i;
	return ret;
}

/* If a newer user has longer entries, their tails must be zero */
static int copy_batch(u64 *cmds, const struct iommu_user_data_array *array,
		      u32 first, u32 num)
{
	void __user *from = array->uptr + array->entry_len * first;
	u32 i;
	int ret;

	if (array->entry_len == GUEST_CMD_SIZE) {
		if (copy_from_user(cmds, from, num * GUEST_CMD_SIZE))
			return -EFAULT;
	} else {
		for (i = 0; i < num; i++) {
			ret = copy_struct_from_user(&cmds[i * CMDQ_ENT_DWORDS],
						    GUEST_CMD_SIZE,
						    from + array->entry_len * i,
						    array->entry_len);
			if (ret)
				return ret;
		}
	}
	for (i = 0; i < num * CMDQ_ENT_DWORDS; i++)
		le64_to_cpus(&cmds[i]);
	return 0;
}

/**
 * arm_smmu_viommu_cache_invalidate() - iommufd_viommu_ops::cache_invalidate
 * @core: The guest's share of the SMMU
 * @array: Its commands. On return, entry_num is the number that took effect
 *
 * They are executed in batches of up to %CMDQ_BATCH_ENTRIES. Each is completed by a
 * CMD_SYNC before the next one is executed. So is what comes before an ATC_INV.
 *
 * Context: Process context. Takes iommufd_viommu::devices_rwsem for read.
 * Return: 0; -EINVAL for a wrong type or length, -E2BIG for an entry whose tail is not
 * zero, -EFAULT, -EIO for a command that is refused, -ETIMEDOUT if the SMMU did not
 * complete a batch, -EINTR if the process is being killed.
 */
static int arm_smmu_viommu_cache_invalidate(struct iommufd_viommu *core,
					    struct iommu_user_data_array *array)
{
	struct arm_smmu_viommu *viommu = to_smmu_viommu(core);
	/* Clearing it costs 30 of 450 instructions per command, in batches of 4 */
	u64 cmds[CMDQ_BATCH_ENTRIES * CMDQ_ENT_DWORDS] __uninitialized;
	u32 total = array->entry_num, first = 0, num = 0, done;
	int ret = 0;

	array->entry_num = 0;
	if (array->type != IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3)
		return -EINVAL;
	if (total && array->entry_len < GUEST_CMD_SIZE)
		return -EINVAL;

	while (array->entry_num < total && !ret) {
		if (first == num) {
			num = min(total - array->entry_num, CMDQ_BATCH_ENTRIES);
			ret = copy_batch(cmds, array, array->entry_num, num);
			if (ret)
				break;
			first = 0;
		}
		ret = execute_batch(viommu, &cmds[first * CMDQ_ENT_DWORDS],
				    num - first, &done);
		first += done;
		array->entry_num += done;

		if (fatal_signal_pending(current) && array->entry_num < total)
			return ret ?: -EINTR;
		cond_resched();
	}
	return ret;
}

/* An event is reported for one stream, and a command names one */
static int arm_smmu_viommu_vdevice_init(struct iommufd_vdevice *vdev)
{
	struct arm_smmu_master *master =
		dev_iommu_priv_get(iommufd_vdevice_to_device(vdev));

	if (master->smmu != to_smmu_viommu(vdev->viommu)->smmu)
		return -EINVAL;
	/* A stream ID has 32 bits */
	if (vdev->virt_id > U32_MAX)
		return -EINVAL;
	return master->num_streams == 1 ? 0 : -EOPNOTSUPP;
}

static size_t arm_smmu_viommu_veventq_event_size(struct iommufd_viommu *core,
						 enum iommu_veventq_type type)
{
	if (type != IOMMU_VEVENTQ_TYPE_ARM_SMMUV3)
		return 0;
	return sizeof(struct iommu_vevent_arm_smmuv3);
}

/* It is about stage 1, and nothing waits for a response of the host */
static bool is_event_of_guest(const u64 *evt)
{
	switch (FIELD_GET(EVTQ_0_ID, evt[0])) {
	case EVT_ID_BAD_STE:
	case EVT_ID_STREAM_DISABLED:
	case EVT_ID_BAD_SUBSTREAMID:
	case EVT_ID_BAD_CD:
		return true;
	case EVT_ID_TRANSLATION_FAULT:
	case EVT_ID_ADDR_SIZE_FAULT:
	case EVT_ID_ACCESS_FAULT:
	case EVT_ID_PERMISSION_FAULT:
		return !(evt[1] & (EVTQ_1_S2 | EVTQ_1_STALL));
	default:
		return false;
	}
}

static int report_to_guest(struct arm_smmu_device *smmu, const u64 *evt,
			   u64 number)
{
	struct iommu_vevent_arm_smmuv3 vevt;
	struct arm_smmu_master *master;
	unsigned long virt_id;
	unsigned int i;
	int ret;

	guard(mutex)(&smmu->streams_mutex);
	master = arm_smmu_find_master(smmu, FIELD_GET(EVTQ_0_SID, evt[0]));
	if (!master || !master->viommu || number < master->events_from)
		return -ENOENT;

	ret = iommufd_viommu_get_vdev_id(master->viommu, master->dev, &virt_id);
	if (ret)
		return ret;

	for (i = 0; i < EVTQ_ENT_DWORDS; i++)
		vevt.evt[i] = cpu_to_le64(evt[i]);
	vevt.evt[0] &= ~cpu_to_le64(EVTQ_0_SID);
	vevt.evt[0] |= cpu_to_le64(FIELD_PREP(EVTQ_0_SID, virt_id));

	return iommufd_viommu_report_event(master->viommu,
					   IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, &vevt,
					   sizeof(vevt));
}

/**
 * arm_smmu_viommu_handle_event() - Report an event to the guest that it belongs to
 * @smmu: The SMMU
 * @evt: The event as the hardware wrote it
 * @number: Its number, counted from 1 since the SMMU was reset
 *
 * Context: The event queue's thread. Takes arm_smmu_device::streams_mutex.
 * Return: true if the host must ignore it: the guest has it, or was told that it
 * lost some. Without an event queue of the guest, its events are left to the host,
 * which rate-limits its log.
 */
bool arm_smmu_viommu_handle_event(struct arm_smmu_device *smmu, const u64 *evt,
				  u64 number)
{
	int ret;

	if (!is_event_of_guest(evt))
		return false;
	ret = report_to_guest(smmu, evt, number);
	return !ret || ret == -EOVERFLOW;
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_viommu_handle_event);

/* The number of the next event that the hardware writes */
static u64 arm_smmu_next_event(struct arm_smmu_device *smmu)
{
	struct arm_smmu_queue *q = &smmu->evtq.q;
	u64 handled = READ_ONCE(smmu->evtq.handled);
	u32 mask = (2U << q->llq.max_n_shift) - 1;
	u32 prod = readl(q->prod_reg);

	/* The count and the indices started at 0, so the low bits compare */
	return handled + ((prod - (u32)handled) & mask) + 1;
}

/**
 * arm_smmu_viommu_assign() - Set the vIOMMU that gets a device's events
 * @master: The device
 * @viommu: The vIOMMU that its new domain belongs to, NULL if none
 *
 * Call before the first entry of @viommu is installed. Call again after the new
 * entry is installed, while the old domain still holds its vIOMMU: this drops the
 * old vIOMMU even if there is no new one. Earlier events go to the old one if they
 * are handled before, otherwise to the host. While a device changes from one vIOMMU
 * to another, either may get them: both belong to one user.
 *
 * Context: iommu_group::mutex is held, so there is no other writer. Takes
 * arm_smmu_device::streams_mutex.
 */
void arm_smmu_viommu_assign(struct arm_smmu_master *master,
			    struct iommufd_viommu *viommu)
{
	if (master->viommu == viommu)
		return;

	guard(mutex)(&master->smmu->streams_mutex);
	master->viommu = viommu;
	if (viommu)
		master->events_from = arm_smmu_next_event(master->smmu);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_viommu_assign);

static const struct iommufd_viommu_ops arm_smmu_viommu_ops = {
	.alloc_domain_nested = arm_smmu_domain_alloc_nested,
	.cache_invalidate = arm_smmu_viommu_cache_invalidate,
	.vdevice_init = arm_smmu_viommu_vdevice_init,
	.veventq_event_size = arm_smmu_viommu_veventq_event_size,
};

/**
 * arm_smmu_master_can_nest() - Check whether a guest may own stage 1 of a device
 * @master: The device
 *
 * Nothing maintains caches for the guest's DMA, so it must not bypass them: either
 * stage 2 forces write-back, or the root complex is coherent in any case. And if the
 * device stalls at a fault, something must answer.
 *
 * Return: Whether it may.
 */
bool arm_smmu_master_can_nest(struct arm_smmu_master *master)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(master->dev);

	if (!arm_smmu_nesting_supported(master->smmu))
		return false;
	if (master->stall_enabled && !arm_smmu_master_iopf_supported(master))
		return false;
	return (master->smmu->features & ARM_SMMU_FEAT_S2FWB) ||
	       (fwspec->flags & IOMMU_FWSPEC_PCI_RC_CANWBS);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_master_can_nest);

/**
 * arm_smmu_get_viommu_size() - iommu_ops::get_viommu_size
 * @dev: A device behind the SMMU
 * @type: The type that user space requests
 *
 * Return: The size in bytes of a vIOMMU for a guest that may own stage 1 of @dev, 0
 * if none may, and for a type other than %IOMMU_VIOMMU_TYPE_ARM_SMMUV3.
 */
size_t arm_smmu_get_viommu_size(struct device *dev, enum iommu_viommu_type type)
{
	if (type != IOMMU_VIOMMU_TYPE_ARM_SMMUV3 ||
	    !arm_smmu_master_can_nest(dev_iommu_priv_get(dev)))
		return 0;
	return VIOMMU_STRUCT_SIZE(struct arm_smmu_viommu, core);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_get_viommu_size);

/**
 * arm_smmu_viommu_init() - iommu_ops::viommu_init
 * @core: The vIOMMU, of arm_smmu_get_viommu_size() bytes
 * @parent: Stage 2 of the guest, a domain of this driver
 * @user_data: Ignored: this type has none
 *
 * Return: 0, or -EINVAL if @parent is no nest parent of the same SMMU.
 */
int arm_smmu_viommu_init(struct iommufd_viommu *core,
			 struct iommu_domain *parent,
			 const struct iommu_user_data *user_data)
{
	struct arm_smmu_device *smmu =
		container_of(core->iommu_dev, struct arm_smmu_device, iommu);
	struct arm_smmu_viommu *viommu = to_smmu_viommu(core);
	struct arm_smmu_domain *s2_parent = to_smmu_domain(parent);

	if (!s2_parent->nest_parent || s2_parent->smmu != smmu)
		return -EINVAL;

	core->ops = &arm_smmu_viommu_ops;
	viommu->smmu = smmu;
	viommu->s2_parent = s2_parent;
	arm_smmu_guest_cmds_init(&viommu->cmds, smmu, s2_parent->s2_cfg.vmid);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_viommu_init);

/**
 * arm_smmu_hw_info() - iommu_ops::hw_info
 * @dev: A device behind the SMMU
 * @length: Set to the size of the information in bytes
 * @type: Set to %IOMMU_HW_INFO_TYPE_ARM_SMMUV3
 *
 * The values are raw: features that firmware or errata disable are still in them.
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
	/* It needs each invalidation twice, which this kernel does not do itself */
	if (device_is_compatible(master->smmu->dev, "nvidia,tegra264-smmu"))
		info->flags |= IOMMU_HW_INFO_ARM_SMMUV3_REPEAT_INV;

	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	return info;
}

MODULE_IMPORT_NS(IOMMUFD);
