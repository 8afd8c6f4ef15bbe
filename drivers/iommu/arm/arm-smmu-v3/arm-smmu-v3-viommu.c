// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's share of an SMMU: its commands and its events, and what a VMM has to
 * know of the SMMU to make its guest one that this one can stand for.
 *
 * The guest has no queue of the hardware. iommufd brings its commands here, they
 * are made harmless and issued on the queue of the host. Events that the hardware
 * records about a stream of the guest go the other way. In both, the stream IDs
 * that the guest uses are its own.
 *
 * Races
 * -----
 * - commands against commands: a batch is issued as a whole, so it is not mixed
 *   with that of another CPU. Nothing is shared but the command queue.
 * - commands against attach and detach: they invalidate, so what they miss must not
 *   be there. Installing an entry invalidates what is cached of its stream, and
 *   the ATC; the TLB is kept on purpose, it is the guest's by its VMID.
 * - commands against unbinding of a device: iommufd_viommu::devices_rwsem is held
 *   until the batch is complete.
 * - commands against reset, low-power states and removal of a device: see
 *   arm_smmu_atc_answers().
 * - events against attach and detach: arm_smmu_device::streams_mutex guards
 *   arm_smmu_master::viommu. An event that the hardware wrote before the device
 *   came to this vIOMMU is not its guest's: see arm_smmu_master::events_from. It is
 *   read before the first entry of the guest is installed, so what that causes is
 *   the guest's from the first event on.
 * - commands against process exit: a signal that kills ends a long array between
 *   two batches. What was issued is complete.
 *
 * vIOMMUs of one nest parent
 * --------------------------
 * The VMID is the parent's. A VMM may make several vIOMMUs on one parent, for
 * instance one for each SMMU that its guest sees, and QEMU does. Their TLB is one:
 * an ASID that the guest uses on two of its SMMUs is the same to the hardware, so an
 * invalidation by either reaches the entries of both, and if the guest gives it two
 * meanings, a device behind the one may be translated by an entry of the other.
 * All of that is within the memory of one guest. Where its SMMUs have to be apart,
 * the VMM gives each of them a parent of its own.
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

/* Replace the stream ID; devices_rwsem is held. Returns 0 also for a drop */
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

	if (FIELD_GET(CMDQ_0_OP, cmd[0]) != CMDQ_OP_ATC_INV)
		return 0;
	/* A function without PASIDs takes an invalidation of one for garbage */
	if ((cmd[0] & CMDQ_0_SSV) && !master->ssid_bits)
		return -EIO;
	/*
	 * Nor does it answer any while its ATS is off, or it is being reset, or
	 * not in D0, or gone, and the queue would wait for it in vain. What its
	 * ATC has is rejected then; when ATS is turned on, the host invalidates
	 * it. So the command has taken effect.
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
 * Execute up to one batch of commands, in place, with one CMD_SYNC. *done is set
 * to how many took effect: those before the first bad one, unless the CMD_SYNC
 * timed out.
 */
static int execute_batch(struct arm_smmu_viommu *viommu, u64 *cmds, u32 num,
			 u32 *done)
{
	struct arm_smmu_device *smmu = viommu->smmu;
	u32 i, num_out = 0;
	int ret = 0, err;

	*done = 0;
	guard(iommufd_viommu_devices)(&viommu->core);
	/* Whether a device answers holds until the commands are complete */
	guard(rcu)();
	for (i = 0; i < num; i++) {
		u64 *cmd = &cmds[i * CMDQ_ENT_DWORDS];
		bool drop = false;

		le64_to_cpus(&cmd[0]);
		le64_to_cpus(&cmd[1]);
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

/* A longer entry of a newer user must have nothing in its tail */
static int copy_batch(u64 *cmds, const struct iommu_user_data_array *array,
		      u32 first, u32 num)
{
	void __user *from = array->uptr + array->entry_len * first;
	u32 i;
	int ret;

	if (array->entry_len == GUEST_CMD_SIZE)
		return copy_from_user(cmds, from, num * GUEST_CMD_SIZE) ?
			       -EFAULT :
			       0;

	for (i = 0; i < num; i++) {
		ret = copy_struct_from_user(&cmds[i * CMDQ_ENT_DWORDS],
					    GUEST_CMD_SIZE,
					    from + array->entry_len * i,
					    array->entry_len);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * arm_smmu_viommu_cache_invalidate() - iommufd_viommu_ops::cache_invalidate
 * @core: The guest's share of the SMMU
 * @array: Its commands. On return, entry_num is how many took effect
 *
 * They are executed in batches of up to %CMDQ_BATCH_ENTRIES, each completed by a
 * CMD_SYNC of its own before the next one is looked at.
 *
 * Context: Process context. Takes iommufd_viommu::devices_rwsem for read.
 * Return: 0; -EINVAL for a wrong type or length, -E2BIG for a longer entry whose
 * tail is not zero, -EFAULT, -EIO for a command that is refused, -ETIMEDOUT if the
 * SMMU did not complete a batch, -EINTR if the process is being killed.
 */
static int arm_smmu_viommu_cache_invalidate(struct iommufd_viommu *core,
					    struct iommu_user_data_array *array)
{
	struct arm_smmu_viommu *viommu = to_smmu_viommu(core);
	/* To clear it first is 30 of 450 instructions a command in batches of 4 */
	u64 cmds[CMDQ_BATCH_ENTRIES * CMDQ_ENT_DWORDS] __uninitialized;
	u32 total = array->entry_num, num, done;
	int ret = 0;

	array->entry_num = 0;
	if (array->type != IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3)
		return -EINVAL;
	if (total && array->entry_len < GUEST_CMD_SIZE)
		return -EINVAL;

	while (array->entry_num < total && !ret) {
		num = min(total - array->entry_num, CMDQ_BATCH_ENTRIES);
		ret = copy_batch(cmds, array, array->entry_num, num);
		if (ret)
			break;
		ret = execute_batch(viommu, cmds, num, &done);
		array->entry_num += done;

		if (fatal_signal_pending(current) && array->entry_num < total)
			return ret ?: -EINTR;
		cond_resched();
	}
	return ret;
}

/* Events are told about one stream, and commands name one */
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

/* Of stage 1, and not waiting for an answer, so that the host need not act */
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
 * arm_smmu_viommu_handle_event() - Give an event to the guest that it belongs to
 * @smmu: The SMMU
 * @evt: The event as the hardware wrote it
 * @number: Which one it is, counted from 1 since the SMMU was reset
 *
 * Context: The event queue's thread. Takes arm_smmu_device::streams_mutex.
 * Return: true if the host has nothing to do with it: the guest has it, or was told
 * that it lost some. A guest that does not listen leaves its events to the host,
 * which limits how many it logs.
 */
bool arm_smmu_viommu_handle_event(struct arm_smmu_device *smmu, const u64 *evt,
				  u64 number)
{
	int ret;

	if (!is_event_of_guest(evt))
		return false;
	ret = report_to_guest(smmu, evt, number);
	/* A guest can keep the thread busy */
	cond_resched();
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
 * arm_smmu_viommu_assign() - Say whose guest a device's events are
 * @master: The device
 * @viommu: The vIOMMU that its new domain belongs to, NULL if none
 *
 * Call before the first entry of @viommu is installed; and, so that the old vIOMMU
 * is given up even if there is no new one, when the new entry is installed, while
 * the old domain still holds its vIOMMU. Events until then are those of the old
 * one, if they are handled before, or the host's. Those of a device that goes from
 * one vIOMMU to another right now may be either's: both are of one user.
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
 * Nobody maintains caches for the guest's DMA, so it must not bypass them: either
 * stage 2 forces write-back, or the root complex is coherent anyhow.
 *
 * Return: Whether it may.
 */
bool arm_smmu_master_can_nest(struct arm_smmu_master *master)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(master->dev);

	if (!arm_smmu_nesting_supported(master->smmu))
		return false;
	return (master->smmu->features & ARM_SMMU_FEAT_S2FWB) ||
	       (fwspec->flags & IOMMU_FWSPEC_PCI_RC_CANWBS);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_master_can_nest);

/**
 * arm_smmu_get_viommu_size() - iommu_ops::get_viommu_size
 * @dev: A device behind the SMMU
 * @type: What user space asks for
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
 * @user_data: Not looked at, this type has none
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
	/* One that must be told everything twice. This kernel does not do that itself */
	if (device_is_compatible(master->smmu->dev, "nvidia,tegra264-smmu"))
		info->flags |= IOMMU_HW_INFO_ARM_SMMUV3_REPEAT_INV;

	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	return info;
}

MODULE_IMPORT_NS(IOMMUFD);
