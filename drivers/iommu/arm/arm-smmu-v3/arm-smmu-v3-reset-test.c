// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of resets and low-power states of devices with ATS: the PCI core's
 * functions that cause them suspend translation of the device and of its VFs, and
 * invalidations meanwhile never wait. SMMU and functions are simulated in memory.
 */
#include <kunit/resource.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "arm-smmu-v3-soft-pci.h"

/* Rounds of the thread that suspends: enough to detect each seeded error */
#define ROUNDS 60

/* A batch of a guest, whose first command invalidates the ATC */
#define BATCH 64

/* The device was suspended when the event happened */
static void expect_suspended(struct kunit *test, const struct soft_note *note)
{
	KUNIT_EXPECT_EQ(test, note->config, IS_ABORT);
	KUNIT_EXPECT_FALSE(test, note->ats_on);
}

/* The device translates by the guest's tables, with ATS */
static void expect_translation(struct kunit *test, struct soft_smmu *s,
			       struct soft_pci *pci)
{
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	KUNIT_EXPECT_TRUE(test, soft_ats_is_on(pci));
}

static void low_power_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	soft_join_group(test, s);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D3hot), 0);
	KUNIT_EXPECT_TRUE(test, pci->pdev.current_state == PCI_D3hot);
	KUNIT_EXPECT_EQ(test, pci->sleep.count, 1);
	expect_suspended(test, &pci->sleep);
	WRITE_ONCE(s->atc_is_silent, true);
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D0), 0);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* Reset the function by FLR, as VFIO and sysfs do */
static void reset_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	soft_join_group(test, s);
	KUNIT_EXPECT_EQ(test, pci_reset_function_locked(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, pci->reset.count, 1);
	expect_suspended(test, &pci->reset);
	expect_translation(test, s, pci);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);

	/* For callers that save the state themselves, as VFIO does on close */
	KUNIT_EXPECT_EQ(test, __pci_reset_function_locked(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, pci->reset.count, 2);
	KUNIT_EXPECT_EQ(test, pci->reset.config, IS_ABORT);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* As a PF's driver resets a VF, and other drivers reset their own device */
static void driver_that_resets_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	soft_join_group(test, s);
	KUNIT_EXPECT_EQ(test, pcie_flr(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, pci->reset.count, 1);
	expect_suspended(test, &pci->reset);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* The change of its power state fails */
static void device_that_cannot_be_reached_is_suspended(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	soft_join_group(test, s);
	WRITE_ONCE(s->atc_is_silent, true);
	pci->is_gone = true;
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D3hot), -EIO);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D0), -EIO);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	pci->is_gone = false;
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pci->pdev, PCI_D0), 0);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

static void device_lost_in_a_reset_stays_suspended(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	soft_join_group(test, s);
	pci->is_gone = true;
	pci_reset_function_locked(&pci->pdev);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);
	KUNIT_EXPECT_EQ(test, soft_attach(s, arm_smmu_ops.blocked_domain), 0);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* Recovery after an error (AER, DPC) */

/* Reset the link below a port, or the function itself */
static pci_ers_result_t reset_link(struct pci_dev *pdev)
{
	struct soft_pci *pci = container_of(pdev, struct soft_pci, pdev);

	soft_take_note(pci, &pci->reset);
	memset(pci->noted->space + ATS_CAP, 0, 8);
	if (pci->below)
		pci->below->is_gone = true;
	return PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t lose_link(struct pci_dev *pdev)
{
	reset_link(pdev);
	container_of(pdev, struct soft_pci, pdev)->noted->is_gone = true;
	return PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t tell_of_error(struct pci_dev *pdev,
				      pci_channel_state_t state)
{
	struct soft_pci *pci = container_of(pdev, struct soft_pci, pdev);

	soft_take_note(pci, &pci->error);
	return PCI_ERS_RESULT_NEED_RESET;
}

/* A bridge's driver restores its bus numbers: what is below is reachable again */
static pci_ers_result_t tell_of_reset(struct pci_dev *pdev)
{
	struct soft_pci *pci = container_of(pdev, struct soft_pci, pdev);

	soft_take_note(pci, &pci->told);
	if (pci->below)
		pci->below->is_gone = false;
	return PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers soft_err_handler = {
	.error_detected = tell_of_error,
	.slot_reset = tell_of_reset,
};

static void give_driver(struct soft_pci *pci)
{
	pci->driver.err_handler = &soft_err_handler;
	pci->pdev.driver = &pci->driver;
}

/* Put @pci below @bridge, as its only function */
static void put_below(struct soft_pci *pci, struct soft_pci *bridge)
{
	pci->bus.parent = &bridge->bus;
	pci->bus.self = &bridge->pdev;
	bridge->pdev.subordinate = &pci->bus;
	bridge->pdev.hdr_type = PCI_HEADER_TYPE_BRIDGE;
	bridge->pdev.pcie_flags_reg = PCI_EXP_TYPE_ROOT_PORT << 4;
	bridge->noted = pci;
}

/* VFIO and sysfs reset a bus with all of its devices like this */
static void bus_reset_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci, *port = soft_new_pci(test, s);
	struct iommu_domain *stage1;

	pci = soft_attach_with_ats(test, s, &stage1);
	put_below(pci, port);
	soft_join_group(test, s);
	KUNIT_EXPECT_EQ(test, pci_reset_bus(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, port->reset.count, 1);
	expect_suspended(test, &port->reset);
	expect_translation(test, s, pci);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* Run error recovery of the function, or of what is below it */
static bool recovers(struct soft_pci *pci, pci_channel_state_t state,
		     pci_ers_result_t (*reset)(struct pci_dev *pdev))
{
	return pcie_do_recovery(&pci->pdev, state, reset) ==
	       PCI_ERS_RESULT_RECOVERED;
}

static void recovery_suspends_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci, *port = soft_new_pci(test, s);
	struct iommu_domain *stage1;

	pci = soft_attach_with_ats(test, s, &stage1);
	put_below(pci, port);
	give_driver(pci);
	soft_join_group(test, s);
	KUNIT_EXPECT_TRUE(test,
			  recovers(port, pci_channel_io_frozen, reset_link));
	/* It is suspended since the error */
	KUNIT_EXPECT_EQ(test, pci->error.count, 1);
	KUNIT_EXPECT_EQ(test, pci->error.config, IS_ABORT);
	KUNIT_EXPECT_EQ(test, port->reset.count, 1);
	expect_suspended(test, &port->reset);
	/* Its driver may use it as soon as it is notified */
	KUNIT_EXPECT_EQ(test, pci->told.count, 1);
	KUNIT_EXPECT_EQ(test, pci->told.config, IS_NESTED);
	KUNIT_EXPECT_TRUE(test, pci->told.ats_on);
	expect_translation(test, s, pci);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 2);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* Recovery fails without a driver that supports it; the device may still work */
static void failed_recovery_resumes_translation(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *pci = soft_attach_with_ats(test, s, &stage1);

	pci->pdev.pcie_flags_reg = PCI_EXP_TYPE_RC_END << 4;
	soft_join_group(test, s);
	KUNIT_EXPECT_FALSE(test,
			   recovers(pci, pci_channel_io_frozen, reset_link));
	expect_suspended(test, &pci->reset);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

static void device_lost_in_recovery_stays_suspended(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci, *port = soft_new_pci(test, s);
	struct iommu_domain *stage1;

	pci = soft_attach_with_ats(test, s, &stage1);
	put_below(pci, port);
	give_driver(pci);
	soft_join_group(test, s);
	KUNIT_EXPECT_FALSE(test,
			   recovers(port, pci_channel_io_frozen, lose_link));
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);

	/* Recovery has ended, so a reset that brings the device back resumes it */
	WRITE_ONCE(s->atc_is_silent, false);
	pci->is_gone = false;
	KUNIT_EXPECT_EQ(test, pci_reset_function_locked(&pci->pdev), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* An error that needs no reset leaves the device as it is */
static void recovery_without_reset_changes_nothing(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci, *port = soft_new_pci(test, s);
	struct iommu_domain *stage1;

	pci = soft_attach_with_ats(test, s, &stage1);
	put_below(pci, port);
	give_driver(pci);
	soft_join_group(test, s);
	KUNIT_EXPECT_TRUE(test,
			  recovers(port, pci_channel_io_normal, reset_link));
	KUNIT_EXPECT_EQ(test, pci->error.config, IS_NESTED);
	KUNIT_EXPECT_EQ(test, port->reset.count, 0);
	KUNIT_EXPECT_EQ(test, pci->ats.count, 1);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* The reset cleared the bus numbers of a switch, whose driver restores them */
static void device_behind_a_switch_resumes_before_its_driver(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct soft_pci *pci, *port = soft_new_pci(test, s);
	struct soft_pci *bridge = soft_new_pci(test, s);
	struct iommu_domain *stage1;

	pci = soft_attach_with_ats(test, s, &stage1);
	put_below(bridge, port);
	put_below(pci, bridge);
	port->noted = pci;
	port->below = pci;
	bridge->below = pci;
	give_driver(bridge);
	give_driver(pci);
	soft_join_group(test, s);
	KUNIT_EXPECT_TRUE(test,
			  recovers(port, pci_channel_io_frozen, reset_link));
	KUNIT_EXPECT_EQ(test, port->reset.config, IS_ABORT);
	KUNIT_EXPECT_EQ(test, bridge->told.config, IS_ABORT);
	KUNIT_EXPECT_FALSE(test, bridge->told.is_reachable);
	KUNIT_EXPECT_EQ(test, pci->told.count, 1);
	KUNIT_EXPECT_EQ(test, pci->told.config, IS_NESTED);
	KUNIT_EXPECT_TRUE(test, pci->told.ats_on);
	expect_translation(test, s, pci);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

/* Virtual functions */

static void forget_function(struct device *dev)
{
	/* KUnit frees the memory */
}

static void unregister_vf(void *data)
{
	struct soft_smmu *s = data;

	if (s->dev->iommu_group)
		soft_leave_group(s);
	/* The core did not allocate this */
	s->dev->iommu = NULL;
	device_unregister(s->dev);
}

/*
 * Make the SMMU's device, attached by a guest, the only VF of a function that is not
 * behind the SMMU. The PCI core finds the VF in its list of devices, as any other.
 */
static struct soft_pci *attach_vf(struct kunit *test, struct soft_smmu *s,
				  struct soft_pci **vf,
				  struct iommu_domain **stage1)
{
	struct soft_pci *pf = soft_new_pci(test, s);
	struct pci_dev *pdev;

	*vf = soft_attach_with_ats(test, s, stage1);
	pdev = &(*vf)->pdev;
	pdev->is_virtfn = 1;
	pdev->physfn = &pf->pdev;
	pdev->devfn = 1;
	pdev->bus->domain_nr = 0xfffe;
	pdev->dev.release = forget_function;
	s->dev->iommu = NULL;
	dev_set_name(&pdev->dev, "soft-vf");
	KUNIT_ASSERT_EQ(test, device_add(&pdev->dev), 0);
	s->dev->iommu = &s->dev_iommu;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unregister_vf, s),
			0);
	soft_join_group(test, s);

	pf->noted = *vf;
	pf->bus.domain_nr = pdev->bus->domain_nr;
	pf->pdev.is_physfn = 1;
	pf->pdev.sriov = &pf->sriov;
	/* The PF needs these for ATS of the VF */
	pf->pdev.ats_cap = ATS_CAP;
	pf->pdev.ats_stu = (*vf)->pdev.ats_stu;
	pf->sriov.pos = SRIOV_CAP;
	pf->sriov.num_VFs = 1;
	pf->sriov.offset = 1;
	pf->sriov.stride = 1;
	pf->sriov.ctrl = PCI_SRIOV_CTRL_VFE;
	pf->space[SRIOV_CTRL] = PCI_SRIOV_CTRL_VFE;
	pf->space[SRIOV_CAP + PCI_SRIOV_VF_OFFSET] = 1;
	pf->space[SRIOV_CAP + PCI_SRIOV_VF_STRIDE] = 1;
	(*vf)->physfn = pf;
	return pf;
}

static void vf_is_suspended_while_its_pf_is_reset(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *vf, *pf = attach_vf(test, s, &vf, &stage1);

	KUNIT_EXPECT_EQ(test, pci_reset_function_locked(&pf->pdev), 0);
	KUNIT_EXPECT_EQ(test, pf->reset.count, 1);
	expect_suspended(test, &pf->reset);
	expect_translation(test, s, vf);
	KUNIT_EXPECT_EQ(test, vf->ats.count, 2);
	KUNIT_EXPECT_TRUE(test, vf->ats.is_reachable);
	stage1->ops->free(stage1);
}

/* A reset clears VF Enable; it is set again when the caller restores the state */
static void vf_stays_suspended_until_its_pf_has_vfs_again(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *vf, *pf = attach_vf(test, s, &vf, &stage1);

	/* Only the configuration space; there are no buffers for capabilities */
	pci_save_state(&pf->pdev);
	KUNIT_EXPECT_EQ(test, __pci_reset_function_locked(&pf->pdev), 0);
	KUNIT_EXPECT_EQ(test, pf->reset.config, IS_ABORT);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);
	/* A reset of the VF does not resume it either */
	pci_reset_function_locked(&vf->pdev);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	pci_restore_state(&pf->pdev);
	expect_translation(test, s, vf);
	stage1->ops->free(stage1);
}

static void vf_is_suspended_while_its_pf_sleeps(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *vf, *pf = attach_vf(test, s, &vf, &stage1);

	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pf->pdev, PCI_D3hot), 0);
	KUNIT_EXPECT_EQ(test, pf->sleep.count, 1);
	expect_suspended(test, &pf->sleep);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pf->pdev, PCI_D0), 0);
	expect_translation(test, s, vf);
	stage1->ops->free(stage1);
}

/* A resume of the PF does not end the low-power state that the VF's own user set */
static void vf_that_sleeps_does_not_wake_up_with_its_pf(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1;
	struct soft_pci *vf, *pf = attach_vf(test, s, &vf, &stage1);

	KUNIT_EXPECT_EQ(test, pci_set_power_state(&vf->pdev, PCI_D3hot), 0);
	WRITE_ONCE(s->atc_is_silent, true);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pf->pdev, PCI_D3hot), 0);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&pf->pdev, PCI_D0), 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function_locked(&pf->pdev), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_ABORT);
	KUNIT_EXPECT_FALSE(test, soft_ats_is_on(vf));
	soft_expect_nothing_sent(test, s);

	WRITE_ONCE(s->atc_is_silent, false);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(&vf->pdev, PCI_D0), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	stage1->ops->free(stage1);
}

/* Commands against suspensions */

/* A thread that suspends, while the test's own thread invalidates */
struct suspender {
	struct soft_smmu *s;
	unsigned int rounds; /* Number of completed rounds */
	struct completion done;
};

/* Like a reset: once the suspension has returned, the device does not answer */
static int suspend_in_rounds(void *data)
{
	struct suspender *suspender = data;
	struct soft_smmu *s = suspender->s;

	while (suspender->rounds < ROUNDS) {
		iommu_suspend_translation(s->dev, IOMMU_SUSPEND_RESET);
		WRITE_ONCE(s->atc_is_silent, true);
		usleep_range(500, 1000);
		WRITE_ONCE(s->atc_is_silent, false);
		iommu_resume_translation(s->dev, IOMMU_SUSPEND_RESET, true);
		usleep_range(500, 1000);
		WRITE_ONCE(suspender->rounds, suspender->rounds + 1);
	}
	complete(&suspender->done);
	return 0;
}

/* Not on the CPU of the test, which disables interrupts, nor on the SMMU's */
static void start_suspender(struct kunit *test, struct soft_smmu *s,
			    struct suspender *suspender)
{
	struct task_struct *thread;
	unsigned int cpu;

	init_completion(&suspender->done);
	suspender->s = s;
	thread = kthread_create(suspend_in_rounds, suspender, "suspender");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for_each_online_cpu(cpu)
		if (cpu != raw_smp_processor_id() && cpu != task_cpu(s->thread))
			break;
	kthread_bind(thread, cpu);
	wake_up_process(thread);
}

/* A long batch, for a delay between the check of the device and the queue */
static u64 *new_batch(struct kunit *test)
{
	u64 *cmds = kunit_kcalloc(test, BATCH, 16, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cmds);
	cmds[0] = OP_ATC_INV | ((u64)VSID << 32);
	cmds[1] = 52;
	for (i = 1; i < BATCH; i++)
		cmds[2 * i] = OP_TLBI_NH_VA;
	return cmds;
}

/*
 * Invalidate for the guest, then for the host. Neither has to succeed: if this machine
 * is a VM that is not scheduled for a second, a CMD_SYNC times out.
 */
static void invalidate_both(struct kunit *test, struct soft_smmu *s,
			    const u64 *cmds)
{
	u32 done;

	soft_invalidate(test, s, cmds, BATCH, &done);
	arm_smmu_atc_inv_domain(&s->parent, 0, 0x1000);
}

/* A device that does not answer would block the queue until the ATC's time-out */
static void commands_never_reach_a_device_that_is_suspended(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct suspender suspender = {};
	struct iommu_domain *stage1;
	unsigned int calls = 0;
	u64 *cmds;

	if (num_online_cpus() < 3)
		kunit_skip(test, "one CPU each for commands, SMMU, suspension");
	soft_attach_with_ats(test, s, &stage1);
	soft_join_group(test, s);
	cmds = new_batch(test);
	s->stop_after = UINT_MAX;
	start_suspender(test, s, &suspender);
	while (READ_ONCE(suspender.rounds) < ROUNDS) {
		invalidate_both(test, s, cmds);
		calls++;
		cond_resched();
	}
	wait_for_completion(&suspender.done);

	KUNIT_EXPECT_EQ(test, s->atc_missed, 0);
	KUNIT_EXPECT_GT(test, calls, ROUNDS);
	KUNIT_EXPECT_EQ(test, soft_config(s), IS_NESTED);
	soft_leave_group(s);
	stage1->ops->free(stage1);
}

static struct kunit_case arm_smmu_reset_cases[] = {
	KUNIT_CASE(low_power_suspends_translation),
	KUNIT_CASE(reset_suspends_translation),
	KUNIT_CASE(driver_that_resets_suspends_translation),
	KUNIT_CASE(device_that_cannot_be_reached_is_suspended),
	KUNIT_CASE(device_lost_in_a_reset_stays_suspended),
	KUNIT_CASE(bus_reset_suspends_translation),
	KUNIT_CASE(recovery_suspends_translation),
	KUNIT_CASE(failed_recovery_resumes_translation),
	KUNIT_CASE(device_lost_in_recovery_stays_suspended),
	KUNIT_CASE(recovery_without_reset_changes_nothing),
	KUNIT_CASE(device_behind_a_switch_resumes_before_its_driver),
	KUNIT_CASE(vf_is_suspended_while_its_pf_is_reset),
	KUNIT_CASE(vf_stays_suspended_until_its_pf_has_vfs_again),
	KUNIT_CASE(vf_is_suspended_while_its_pf_sleeps),
	KUNIT_CASE(vf_that_sleeps_does_not_wake_up_with_its_pf),
	KUNIT_CASE_SLOW(commands_never_reach_a_device_that_is_suspended),
	{},
};

static struct kunit_suite arm_smmu_reset_suite = {
	.name = "arm-smmu-v3-reset",
	.init = soft_smmu_init,
	.exit = soft_smmu_exit,
	.test_cases = arm_smmu_reset_cases,
};

kunit_test_suites(&arm_smmu_reset_suite);
