// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of devices with ATS: when it is enabled, and that nothing is sent to
 * a device that cannot answer. The SMMU and a PCI function are simulated in memory.
 */
#include <linux/bits.h>
#include <linux/pci-ats.h>

#include "arm-smmu-v3-soft-pci.h"

#define S1 0xbULL
#define BYPASS 0x9ULL
#define EATS BIT_ULL(28)
#define S2S BIT_ULL(57)

static void attach(struct kunit *test, struct soft_smmu *s,
		   struct iommu_domain *domain)
{
	KUNIT_EXPECT_EQ(test, soft_attach(s, domain), 0);
}

static bool eats_of(const struct soft_smmu *s)
{
	return soft_entry(s, 1) & EATS;
}

static void ats_is_noted_before_it_is_on(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = soft_become_pci(test, s);
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
	struct soft_pci *pci = soft_become_pci(test, s);
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
		KUNIT_EXPECT_EQ_MSG(test, soft_ats_is_on(pci), ats[i], "%u", i);
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

static bool reports_ats(struct soft_smmu *s)
{
	return arm_smmu_ops.capable(s->dev, IOMMU_CAP_PCI_ATS_SUPPORTED);
}

/* iommufd reports this capability to a VMM */
static void ats_is_reported_where_it_can_be_used(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = soft_become_pci(test, s);

	KUNIT_EXPECT_TRUE(test, reports_ats(s));
	s->fwspec->flags &= ~IOMMU_FWSPEC_PCI_RC_ATS;
	KUNIT_EXPECT_FALSE(test, reports_ats(s));
	s->fwspec->flags |= IOMMU_FWSPEC_PCI_RC_ATS;
	s->smmu.features &= ~ARM_SMMU_FEAT_ATS;
	KUNIT_EXPECT_FALSE(test, reports_ats(s));
	s->smmu.features |= ARM_SMMU_FEAT_ATS;
	pci->pdev.ats_cap = 0;
	KUNIT_EXPECT_FALSE(test, reports_ats(s));
}

/* S2S and EATS together are ILLEGAL */
static void stage2_has_no_ats_where_devices_stall(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci = soft_become_pci(test, s);
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
		KUNIT_EXPECT_FALSE(test, soft_ats_is_on(pci));
	}
	bypass->ops->free(bypass);
	stage1->ops->free(stage1);
}

static void atc_is_invalidated_while_ats_is_on(struct kunit *test)
{
	const u64 ssv = 1ULL << 11;
	u64 cmds[6] = { OP_TLBI_NH_ALL, 0, OP_ATC_INV | ((u64)VSID << 32), 52,
			OP_TLBI_NH_ALL, 0 };
	struct soft_smmu *s = test->priv;
	u32 done;

	soft_become_pci(test, s);
	soft_add_vdevice(test, s);
	/* With ATS off a device would not answer, and has nothing cached */
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 3);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_TLBI_NH_ALL), 2);
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, &cmds[2], 1, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 1);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC), 2);

	s->master.ats_enabled = true;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 3);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), 1);
	s->master.ats_enabled = false;

	/* A substream, for a device without substreams and for one with them */
	cmds[2] |= ssv;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), -EIO);
	KUNIT_EXPECT_EQ(test, done, 1);
	s->master.ssid_bits = 4;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 3, &done), 0);
}

/* A device asks again at once, and must not get what the guest has invalidated */
static void atc_is_invalidated_after_what_was_before(struct kunit *test)
{
	static const u8 ops[] = { OP_TLBI_NH_ALL, OP_CFGI_CD_ALL, OP_ATC_INV,
				  OP_ATC_INV,	  OP_TLBI_NH_ALL, OP_ATC_INV };
	static const u8 seen[] = { OP_TLBI_NH_ALL, OP_CFGI_CD_ALL,
				   OP_CMD_SYNC,	   OP_ATC_INV,
				   OP_ATC_INV,	   OP_TLBI_NH_ALL,
				   OP_CMD_SYNC,	   OP_ATC_INV,
				   OP_CMD_SYNC };
	u64 cmds[2 * ARRAY_SIZE(ops)] = {};
	struct soft_smmu *s = test->priv;
	unsigned int i;
	u32 done;

	soft_become_pci(test, s);
	soft_add_vdevice(test, s);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		cmds[2 * i] = ops[i];
		if (ops[i] != OP_TLBI_NH_ALL)
			cmds[2 * i] |= (u64)VSID << 32;
		if (ops[i] == OP_ATC_INV)
			cmds[2 * i + 1] = 52;
	}
	s->master.ats_enabled = true;
	KUNIT_EXPECT_EQ(test, 0,
			soft_invalidate(test, s, cmds, ARRAY_SIZE(ops), &done));
	s->master.ats_enabled = false;
	KUNIT_EXPECT_EQ(test, done, ARRAY_SIZE(ops));
	KUNIT_ASSERT_EQ(test, s->logged, ARRAY_SIZE(seen));
	for (i = 0; i < ARRAY_SIZE(seen); i++)
		KUNIT_EXPECT_EQ_MSG(test, s->log[i][0] & 0xff, seen[i], "%u",
				    i);
}

/* The model shows what the driver has to avoid */
static void silent_device_holds_up_the_queue(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	u32 done;

	soft_attach_with_ats(test, s, &stage1);
	KUNIT_EXPECT_EQ(test, soft_invalidate_atc(test, s, &done), 0);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, soft_invalidate_atc(test, s, &done), -ETIMEDOUT);
	/* What comes before the ATC_INV is complete */
	KUNIT_EXPECT_EQ(test, done, 1);
	WRITE_ONCE(s->atc_is_silent, false);
	stage1->ops->free(stage1);
}

static void suspended_device_is_sent_nothing(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);
	unsigned int invs;
	u32 done;

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_FALSE(test, soft_ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	invs = soft_count_op(s, OP_ATC_INV);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, eats_of(s));
	KUNIT_EXPECT_TRUE(test, soft_ats_is_on(pci));
	/* The ATC is invalidated, with the entry in place, before ATS is enabled */
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);
	KUNIT_EXPECT_EQ(test, pci->ats.atc_invs, invs + 1);
	KUNIT_EXPECT_EQ(test, pci->ats.config, IS_NESTED);
	KUNIT_EXPECT_EQ(test, soft_invalidate_atc(test, s, &done), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), invs + 2);
	stage1->ops->free(stage1);
}

static void attach_takes_effect_when_the_device_is_back(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1_ats;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1_ats);
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, 0);
	struct iommu_domain *bypass = soft_new_nested(test, s, BYPASS, 0);

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	attach(test, s, bypass);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&s->parent.devices));
	/* This domain does not use the ATC */
	attach(test, s, stage1);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_FALSE(test, eats_of(s));
	attach(test, s, bypass);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 1);
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_S2);
	KUNIT_EXPECT_TRUE(test, eats_of(s));
	KUNIT_EXPECT_TRUE(test, soft_ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 1);

	stage1_ats->ops->free(stage1_ats);
	stage1->ops->free(stage1);
	bypass->ops->free(bypass);
}

static void device_detached_in_between_stays_blocked(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	arm_smmu_ops.suspend_translation(s->dev);
	WRITE_ONCE(s->atc_is_silent, true);
	attach(test, s, arm_smmu_ops.blocked_domain);
	arm_smmu_ops.resume_translation(s->dev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_FALSE(test, soft_ats_is_on(pci));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->parent.nr_ats_masters), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->parent.devices));
	stage1->ops->free(stage1);
}

static void device_without_ats_keeps_its_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1 = soft_new_nested(test, s, S1, 0);
	unsigned int logged;

	soft_become_pci(test, s);
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
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	pci->pdev.error_state = pci_channel_io_perm_failure;
	WRITE_ONCE(s->atc_is_silent, true);
	soft_expect_nothing_sent(test, s);
	attach(test, s, arm_smmu_ops.blocked_domain);
	stage1->ops->free(stage1);
}

static void first_reason_suspends_and_last_one_resumes(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;

	soft_attach_with_ats(test, s, &stage1);
	soft_join_group(test, s);
	/* A resume without a suspend has no effect */
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

	/* The device is lost in one reset, and is back after the next */
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_RESET);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_RESET, false);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	iommu_suspend_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET);
	iommu_resume_translation(s->dev, IOMMU_SUSPEND_FUNCTION_RESET, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* iommufd reports it to a VMM, and warns if a PASID is used but not enabled */
static void pasids_stay_reported_during_a_reset(struct kunit *test)
{
	struct soft_pci *pci = soft_become_pci(test, test->priv);

	pci->pdev.pasid_cap = PASID_CAP;
	KUNIT_EXPECT_EQ(test, pci_pasid_status(&pci->pdev), 0);
	pci->pdev.pasid_features = PCI_PASID_CTRL_PRIV;
	pci->pdev.pasid_enabled = 1;
	KUNIT_EXPECT_EQ(test, pci_pasid_status(&pci->pdev),
			PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_PRIV);
	pci->pdev.pasid_enabled = 0;
}

static struct kunit_case arm_smmu_ats_cases[] = {
	KUNIT_CASE(ats_is_noted_before_it_is_on),
	KUNIT_CASE(ats_is_on_under_bypass_and_as_stage1_says),
	KUNIT_CASE(ats_is_reported_where_it_can_be_used),
	KUNIT_CASE(stage2_has_no_ats_where_devices_stall),
	KUNIT_CASE(atc_is_invalidated_while_ats_is_on),
	KUNIT_CASE(atc_is_invalidated_after_what_was_before),
	KUNIT_CASE(silent_device_holds_up_the_queue),
	KUNIT_CASE(suspended_device_is_sent_nothing),
	KUNIT_CASE(attach_takes_effect_when_the_device_is_back),
	KUNIT_CASE(device_detached_in_between_stays_blocked),
	KUNIT_CASE(device_without_ats_keeps_its_translation),
	KUNIT_CASE(device_that_is_gone_is_sent_nothing),
	KUNIT_CASE(first_reason_suspends_and_last_one_resumes),
	KUNIT_CASE(pasids_stay_reported_during_a_reset),
	{},
};

static struct kunit_suite arm_smmu_ats_suite = {
	.name = "arm-smmu-v3-ats",
	.init = soft_smmu_init,
	.exit = soft_smmu_exit,
	.test_cases = arm_smmu_ats_cases,
};

kunit_test_suites(&arm_smmu_ats_suite);
