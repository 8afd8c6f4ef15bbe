// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of devices with ATS: when it is on, and what is sent to a device that
 * cannot answer. The SMMU is made of memory, and so is a PCI function.
 */
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/pci.h>

#include "arm-smmu-v3-soft-smmu.h"

#define S1 0xbULL
#define BYPASS 0x9ULL
#define EATS BIT_ULL(28)
#define S2S BIT_ULL(57)

/* What an entry's V and Config are */
#define IS_ABORT 0x1
#define IS_S2 0xd
#define IS_NESTED 0xf

/* Where the function has its capabilities */
#define PM_CAP 0x40
#define EXP_CAP 0x50
#define ATS_CAP 0x100
#define DEVCTL (EXP_CAP + PCI_EXP_DEVCTL)
#define PMCSR (PM_CAP + PCI_PM_CTRL)
#define ATS_CTRL (ATS_CAP + PCI_ATS_CTRL)

/* As in pci_reset_fn_methods[] */
#define RESET_BY_FLR 3

/* What was so when the configuration space was written */
struct note {
	unsigned int count;
	u64 config;
	bool ats_on; /* in the device */
	bool ats_enabled; /* by the driver's note */
	unsigned int atc_invs;
};

/* A function that has ATS, can be reset and put to sleep */
struct soft_pci {
	struct pci_dev pdev;
	struct pci_bus bus;
	struct soft_smmu *smmu;
	u8 space[0x200];
	struct note ats; /* ATS is enabled */
	struct note reset; /* It is reset */
	struct note sleep; /* It leaves D0 */
	bool is_gone;
};

static u16 soft_pci_word(const struct soft_pci *pci, int where)
{
	return pci->space[where] | pci->space[where + 1] << 8;
}

static void take_note(struct soft_pci *pci, struct note *note)
{
	struct soft_smmu *s = pci->smmu;

	note->count++;
	note->config = soft_config(s);
	note->ats_on = soft_pci_word(pci, ATS_CTRL) & PCI_ATS_CTRL_ENABLE;
	note->ats_enabled = s->master.ats_enabled;
	note->atc_invs = soft_count_op(s, OP_ATC_INV);
}

static int soft_pci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 value)
{
	struct soft_pci *pci = container_of(bus, struct soft_pci, bus);
	int i;

	if (where == ATS_CTRL && (value & PCI_ATS_CTRL_ENABLE))
		take_note(pci, &pci->ats);
	if (where == DEVCTL && (value & PCI_EXP_DEVCTL_BCR_FLR)) {
		take_note(pci, &pci->reset);
		memset(pci->space + ATS_CAP, 0, 8);
		return PCIBIOS_SUCCESSFUL;
	}
	if (where == PMCSR && (value & PCI_PM_CTRL_STATE_MASK))
		take_note(pci, &pci->sleep);

	for (i = 0; i < size; i++)
		pci->space[where + i] = value >> (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

static int soft_pci_read(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 *value)
{
	struct soft_pci *pci = container_of(bus, struct soft_pci, bus);
	int i;

	*value = 0;
	for (i = 0; i < size; i++)
		*value |= (pci->is_gone ? 0xff : pci->space[where + i])
			  << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

/* From now on the device is a PCI function with ATS */
static struct soft_pci *become_pci(struct kunit *test, struct soft_smmu *s)
{
	static struct pci_ops ops = {
		.read = soft_pci_read,
		.write = soft_pci_write,
	};
	struct soft_pci *pci = kunit_kzalloc(test, sizeof(*pci), GFP_KERNEL);
	struct pci_dev *pdev;

	KUNIT_ASSERT_NOT_NULL(test, pci);
	pci->smmu = s;
	pci->bus.ops = &ops;
	pci->space[PCI_VENDOR_ID] = 0x34;
	pci->space[PCI_DEVICE_ID] = 0x12;
	/* Nothing is lost in D3hot */
	pci->space[PMCSR] = PCI_PM_CTRL_NO_SOFT_RESET;

	pdev = &pci->pdev;
	pdev->bus = &pci->bus;
	pdev->dev.bus = &pci_bus_type;
	pdev->error_state = pci_channel_io_normal;
	pdev->cfg_size = PCI_CFG_SPACE_SIZE;
	pdev->current_state = PCI_D0;
	pdev->pm_cap = PM_CAP;
	pdev->pcie_cap = EXP_CAP;
	pdev->devcap = PCI_EXP_DEVCAP_FLR;
	pdev->reset_methods[0] = RESET_BY_FLR;
	pdev->ats_cap = ATS_CAP;
	pdev->imm_ready = 1;
	s->fwspec->flags |= IOMMU_FWSPEC_PCI_RC_ATS;

	s->dev->iommu = NULL;
	s->dev = &pdev->dev;
	s->dev->iommu = &s->dev_iommu;
	s->master.dev = s->dev;
	return pci;
}

static void attach(struct kunit *test, struct soft_smmu *s,
		   struct iommu_domain *domain)
{
	KUNIT_EXPECT_EQ(test, soft_attach(s, domain), 0);
}

static bool eats_of(const struct soft_smmu *s)
{
	return soft_entry(s, 1) & EATS;
}

static bool ats_is_on(const struct soft_pci *pci)
{
	return soft_pci_word(pci, ATS_CTRL) & PCI_ATS_CTRL_ENABLE;
}

static void ats_is_noted_before_it_is_on(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = become_pci(test, s);
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, EATS);

	soft_add_vdevice(test, s);
	attach(test, s, stage1);
	KUNIT_EXPECT_TRUE(test, pci->pdev.ats_enabled);
	KUNIT_EXPECT_TRUE(test, pci->ats.ats_enabled);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 1);
	stage1->ops->free(stage1);
}

static void ats_is_on_under_bypass_and_as_stage1_says(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = become_pci(test, s);
	struct iommu_domain *bypass = soft_new_nested(test, s, BYPASS, 0);
	struct iommu_domain *abort = soft_new_nested(test, s, 0, EATS);
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, 0);
	struct iommu_domain *stage1_ats = soft_new_nested(test, s, S1, EATS);
	static const bool ats[] = { true, false, true, false, true, true };
	struct iommu_domain *domains[] = { bypass, abort,      bypass,
					   stage1, stage1_ats, bypass };
	unsigned int i;

	soft_add_vdevice(test, s);
	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		attach(test, s, domains[i]);
		KUNIT_EXPECT_EQ_MSG(test, eats_of(s), ats[i], "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, ats_is_on(pci), ats[i], "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, (bool)s->master.ats_enabled, ats[i],
				    "%u", i);
	}
	attach(test, s, arm_smmu_ops.blocked_domain);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 0);

	bypass->ops->free(bypass);
	abort->ops->free(abort);
	stage1->ops->free(stage1);
	stage1_ats->ops->free(stage1_ats);
}

/* S2S and EATS together are ILLEGAL */
static void stage2_has_no_ats_where_devices_stall(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = become_pci(test, s);
	struct iommu_domain *bypass = soft_new_nested(test, s, BYPASS, 0);
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, EATS);
	struct iommu_domain *domains[] = { &s->parent.domain, bypass, stage1 };
	unsigned int i;

	soft_add_vdevice(test, s);
	s->master.stall_enabled = true;
	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		attach(test, s, domains[i]);
		KUNIT_EXPECT_TRUE(test, soft_entry(s, 2) & S2S);
		KUNIT_EXPECT_FALSE(test, eats_of(s));
		KUNIT_EXPECT_FALSE(test, ats_is_on(pci));
	}
	bypass->ops->free(bypass);
	stage1->ops->free(stage1);
}

/* Two commands of a guest, the second of which invalidates the ATC */
static int invalidate_atc(struct kunit *test, struct soft_smmu *s, u32 *done)
{
	u64 cmds[4] = { OP_TLBI_NH_ALL, 0, OP_ATC_INV | ((u64)VSID << 32), 52 };

	return soft_invalidate(test, s, cmds, 2, done);
}

static void atc_is_invalidated_while_ats_is_on(struct kunit *test)
{
	const u64 ssv = 1ULL << 11;
	u64 cmds[6] = { OP_TLBI_NH_ALL, 0, OP_ATC_INV | ((u64)VSID << 32), 52,
			OP_TLBI_NH_ALL, 0 };
	struct soft_smmu *s = test->priv;
	u32 done;

	become_pci(test, s);
	soft_add_vdevice(test, s);
	/* A device with ATS off would not answer, and has nothing cached */
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 3);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_TLBI_NH_ALL), 2);
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, &cmds[2], 1, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 1);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC), 1);

	s->master.ats_enabled = true;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 3);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), 1);
	s->master.ats_enabled = false;

	/* A substream of a device that has none, and of one that has */
	cmds[2] |= ssv;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), -EIO);
	KUNIT_EXPECT_EQ(test, done, 1);
	s->master.ssid_bits = 4;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
}

/* A guest with stage 1 and ATS, attached */
static struct soft_pci *attach_with_ats(struct kunit *test, struct soft_smmu *s,
					struct iommu_domain **domain)
{
	struct soft_pci *pci = become_pci(test, s);

	soft_add_vdevice(test, s);
	*domain = soft_new_nested(test, s, S1, EATS);
	attach(test, s, *domain);
	KUNIT_ASSERT_TRUE(test, ats_is_on(pci));
	KUNIT_ASSERT_EQ(test, soft_config(s), IS_NESTED);
	return pci;
}

/* Neither guest nor host may wait, however often they try */
static void expect_nothing_is_sent(struct kunit *test, struct soft_smmu *s)
{
	unsigned int before = soft_count_op(s, OP_ATC_INV), i;
	u32 done;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, invalidate_atc(test, s, &done), 0);
		KUNIT_EXPECT_EQ(test, done, 2);
		KUNIT_EXPECT_EQ(test,
				arm_smmu_atc_inv_domain(&s->parent, 0, 0x1000),
				0);
	}
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), before);
}

/* That the model is one: what happens if nobody looks */
static void silent_device_holds_up_the_queue(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	u32 done;

	attach_with_ats(test, s, &stage1);
	KUNIT_EXPECT_EQ(test, invalidate_atc(test, s, &done), 0);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, invalidate_atc(test, s, &done), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, done, 0);
	WRITE_ONCE(s->atc_is_silent, false);
	stage1->ops->free(stage1);
}

static void suspended_device_is_sent_nothing(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);
	unsigned int invs;
	u32 done;

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_FALSE(test, ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	expect_nothing_is_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	invs = soft_count_op(s, OP_ATC_INV);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, eats_of(s));
	KUNIT_EXPECT_TRUE(test, ats_is_on(pci));
	/* Emptied, with the entry in place, before it is used again */
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);
	KUNIT_EXPECT_EQ(test, pci->ats.atc_invs, invs + 1);
	KUNIT_EXPECT_EQ(test, pci->ats.config, IS_NESTED);
	KUNIT_EXPECT_EQ(test, invalidate_atc(test, s, &done), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), invs + 2);
	stage1->ops->free(stage1);
}

static void attach_takes_effect_when_the_device_is_back(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1_ats;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1_ats);
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, 0);
	struct iommu_domain *bypass = soft_new_nested(test, s, BYPASS, 0);

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	attach(test, s, bypass);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&s->parent.devices));
	/* Nobody needs the ATC for this one */
	attach(test, s, stage1);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_FALSE(test, eats_of(s));
	attach(test, s, bypass);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 1);
	expect_nothing_is_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_S2);
	KUNIT_EXPECT_TRUE(test, eats_of(s));
	KUNIT_EXPECT_TRUE(test, ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 1);

	stage1_ats->ops->free(stage1_ats);
	stage1->ops->free(stage1);
	bypass->ops->free(bypass);
}

static void device_detached_in_between_stays_blocked(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	attach(test, s, arm_smmu_ops.blocked_domain);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_FALSE(test, ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->parent.devices));
	stage1->ops->free(stage1);
}

static void device_without_ats_keeps_its_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, 0);
	unsigned int logged;

	become_pci(test, s);
	soft_add_vdevice(test, s);
	attach(test, s, stage1);
	logged = s->logged;
	arm_smmu_ops.suspend_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_EQ(test, s->logged, logged);
	stage1->ops->free(stage1);
}

static void device_that_is_gone_is_sent_nothing(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);

	pci->pdev.error_state = pci_channel_io_perm_failure;
	WRITE_ONCE(s->atc_is_silent, true);
	expect_nothing_is_sent(test, s);
	attach(test, s, arm_smmu_ops.blocked_domain);
	stage1->ops->free(stage1);
}

/* The core finds the driver of a device by its group */
static void join_group(struct kunit *test, struct soft_smmu *s)
{
	struct iommu_group *group = iommu_group_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, group);
	s->dev->iommu_group = group;
}

static void leave_group(struct soft_smmu *s)
{
	struct iommu_group *group = s->dev->iommu_group;

	s->dev->iommu_group = NULL;
	iommu_group_put(group);
}

static void first_reason_suspends_and_last_one_resumes(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;

	attach_with_ats(test, s, &stage1);
	join_group(test, s);
	/* What ends without having begun */
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_RESET, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);

	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_RESET);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_RESET);
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_RESET, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);

	/* It does not come back from one reset, but from the next */
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_RESET);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_RESET, false);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	leave_group(s);
	stage1->ops->free(stage1);
}

static void low_power_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);

	join_group(test, s);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D3hot), 0);
	KUNIT_EXPECT_TRUE(test, pci->pdev.current_state == PCI_D3hot);
	KUNIT_EXPECT_EQ(test, pci->sleep.count, 1);
	KUNIT_EXPECT_EQ(test, pci->sleep.config, IS_ABORT);
	KUNIT_EXPECT_FALSE(test, pci->sleep.ats_on);
	WRITE_ONCE(s->atc_is_silent, true);
	expect_nothing_is_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D0), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, ats_is_on(pci));
	leave_group(s);
	stage1->ops->free(stage1);
}

/* Have the function reset by FLR, as VFIO and sysfs do */
static void reset_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);

	join_group(test, s);
	KUNIT_EXPECT_EQ(test, pci_reset_function_locked(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, pci->reset.count, 1);
	KUNIT_EXPECT_EQ(test, pci->reset.config, IS_ABORT);
	KUNIT_EXPECT_FALSE(test, pci->reset.ats_on);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);

	/* Those who keep the state themselves, as VFIO when a device is closed */
	KUNIT_EXPECT_EQ(test, __pci_reset_function_locked(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, pci->reset.count, 2);
	KUNIT_EXPECT_EQ(test, pci->reset.config, IS_ABORT);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, ats_is_on(pci));
	leave_group(s);
	stage1->ops->free(stage1);
}

static void device_lost_in_a_reset_stays_suspended(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = attach_with_ats(test, s, &stage1);

	join_group(test, s);
	pci->is_gone = true;
	pci_reset_function_locked(&pci->pdev);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	expect_nothing_is_sent(test, s);
	attach(test, s, arm_smmu_ops.blocked_domain);
	leave_group(s);
	stage1->ops->free(stage1);
}

static struct kunit_case arm_smmu_ats_cases[] = {
	KUNIT_CASE(ats_is_noted_before_it_is_on),
	KUNIT_CASE(ats_is_on_under_bypass_and_as_stage1_says),
	KUNIT_CASE(stage2_has_no_ats_where_devices_stall),
	KUNIT_CASE(atc_is_invalidated_while_ats_is_on),
	KUNIT_CASE(silent_device_holds_up_the_queue),
	KUNIT_CASE(suspended_device_is_sent_nothing),
	KUNIT_CASE(attach_takes_effect_when_the_device_is_back),
	KUNIT_CASE(device_detached_in_between_stays_blocked),
	KUNIT_CASE(device_without_ats_keeps_its_translation),
	KUNIT_CASE(device_that_is_gone_is_sent_nothing),
	KUNIT_CASE(first_reason_suspends_and_last_one_resumes),
	KUNIT_CASE(low_power_suspends_translation),
	KUNIT_CASE(reset_suspends_translation),
	KUNIT_CASE(device_lost_in_a_reset_stays_suspended),
	{},
};

static struct kunit_suite arm_smmu_ats_suite = {
	.name = "arm-smmu-v3-ats",
	.init = soft_smmu_init,
	.exit = soft_smmu_exit,
	.test_cases = arm_smmu_ats_cases,
};

kunit_test_suites(&arm_smmu_ats_suite);
