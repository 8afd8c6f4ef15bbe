// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions simulated in memory: see arm-smmu-v3-soft-pci.h.
 */
#include "arm-smmu-v3-soft-pci.h"

#define S1 0xbULL
#define EATS BIT_ULL(28)

/* As in pci_reset_fn_methods[] */
#define RESET_BY_FLR 3

static u16 soft_pci_word(const struct soft_pci *pci, int where)
{
	return pci->space[where] | pci->space[where + 1] << 8;
}

bool soft_ats_is_on(const struct soft_pci *pci)
{
	return soft_pci_word(pci, ATS_CTRL) & PCI_ATS_CTRL_ENABLE;
}

/* Configuration accesses reach the function */
static bool is_reachable(const struct soft_pci *pci)
{
	if (pci->physfn &&
	    !(soft_pci_word(pci->physfn, SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE))
		return false;
	return !pci->is_gone;
}

void soft_take_note(struct soft_pci *pci, struct soft_note *note)
{
	struct soft_smmu *s = pci->smmu;

	note->count++;
	note->config = soft_config(s);
	note->ats_on = soft_ats_is_on(pci->noted);
	note->ats_enabled = s->master.ats_enabled;
	note->is_reachable = is_reachable(pci->noted);
	note->atc_invs = soft_count_op(s, OP_ATC_INV);
}

/* Afterwards ATS is off, and there are no VFs */
static void lose_state(struct soft_pci *pci)
{
	memset(pci->space + ATS_CAP, 0, 8);
	memset(pci->space + SRIOV_CTRL, 0, 2);
	if (pci->noted->physfn == pci)
		memset(pci->noted->space + ATS_CAP, 0, 8);
}

static int soft_pci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 value)
{
	struct soft_pci *pci = container_of(bus, struct soft_pci, bus);
	int i;

	if (!is_reachable(pci))
		return PCIBIOS_SUCCESSFUL;
	if (where == ATS_CTRL && (value & PCI_ATS_CTRL_ENABLE))
		soft_take_note(pci, &pci->ats);
	if (where == DEVCTL && (value & PCI_EXP_DEVCTL_BCR_FLR)) {
		soft_take_note(pci, &pci->reset);
		lose_state(pci);
		return PCIBIOS_SUCCESSFUL;
	}
	if (where == PCI_BRIDGE_CONTROL && (value & PCI_BRIDGE_CTL_BUS_RESET)) {
		soft_take_note(pci, &pci->reset);
		lose_state(pci->noted);
	}
	if (where == PMCSR && (value & PCI_PM_CTRL_STATE_MASK))
		soft_take_note(pci, &pci->sleep);

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
		*value |= (is_reachable(pci) ? pci->space[where + i] : 0xff)
			  << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops soft_pci_ops = {
	.read = soft_pci_read,
	.write = soft_pci_write,
};

/* A function that is not behind the SMMU, alone on its bus */
struct soft_pci *soft_new_pci(struct kunit *test, struct soft_smmu *s)
{
	struct soft_pci *pci = kunit_kzalloc(test, sizeof(*pci), GFP_KERNEL);
	struct pci_host_bridge *host =
		kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);
	struct pci_dev *pdev;

	KUNIT_ASSERT_NOT_NULL(test, pci);
	KUNIT_ASSERT_NOT_NULL(test, host);
	pci->smmu = s;
	pci->noted = pci;
	pci->bus.ops = &soft_pci_ops;
	pci->bus.bridge = &host->dev;
	INIT_LIST_HEAD(&pci->bus.devices);
	pci->space[PCI_VENDOR_ID] = 0x34;
	pci->space[PCI_DEVICE_ID] = 0x12;
	/* No state is lost in D3hot */
	pci->space[PMCSR] = PCI_PM_CTRL_NO_SOFT_RESET;

	pdev = &pci->pdev;
	device_initialize(&pdev->dev);
	pdev->bus = &pci->bus;
	pdev->dev.bus = &pci_bus_type;
	pdev->error_state = pci_channel_io_normal;
	pdev->cfg_size = PCI_CFG_SPACE_SIZE;
	pdev->current_state = PCI_D0;
	pdev->pm_cap = PM_CAP;
	pdev->pcie_cap = EXP_CAP;
	pdev->devcap = PCI_EXP_DEVCAP_FLR;
	pdev->reset_methods[0] = RESET_BY_FLR;
	pdev->imm_ready = 1;
	list_add(&pdev->bus_list, &pci->bus.devices);
	return pci;
}

/* From now on the device is a PCI function with ATS */
struct soft_pci *soft_become_pci(struct kunit *test, struct soft_smmu *s)
{
	struct soft_pci *pci = soft_new_pci(test, s);

	pci->pdev.ats_cap = ATS_CAP;
	s->fwspec->flags |= IOMMU_FWSPEC_PCI_RC_ATS;

	s->dev->iommu = NULL;
	s->dev = &pci->pdev.dev;
	s->dev->iommu = &s->dev_iommu;
	s->master.dev = s->dev;
	return pci;
}

/* Attach a guest's domain with stage 1 and ATS */
struct soft_pci *soft_attach_with_ats(struct kunit *test, struct soft_smmu *s,
				      struct iommu_domain **domain)
{
	struct soft_pci *pci = soft_become_pci(test, s);

	soft_add_vdevice(test, s);
	*domain = soft_new_nested(test, s, S1, EATS);
	KUNIT_ASSERT_EQ(test, soft_attach(s, *domain), 0);
	KUNIT_ASSERT_TRUE(test, soft_ats_is_on(pci));
	KUNIT_ASSERT_EQ(test, soft_config(s), IS_NESTED);
	return pci;
}

/* Two commands of a guest, the second of which invalidates the ATC */
int soft_invalidate_atc(struct kunit *test, struct soft_smmu *s, u32 *done)
{
	u64 cmds[4] = { OP_TLBI_NH_ALL, 0, OP_ATC_INV | ((u64)VSID << 32), 52 };

	return soft_invalidate(test, s, cmds, 2, done);
}

/* Neither guest nor host waits for the device, however often they invalidate */
void soft_expect_nothing_sent(struct kunit *test, struct soft_smmu *s)
{
	unsigned int before = soft_count_op(s, OP_ATC_INV), i;
	u32 done;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, soft_invalidate_atc(test, s, &done), 0);
		KUNIT_EXPECT_EQ(test, done, 2);
		KUNIT_EXPECT_EQ(test,
				arm_smmu_atc_inv_domain(&s->parent, 0, 0x1000),
				0);
	}
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_ATC_INV), before);
}

/* The core finds the driver of a device by its group */
void soft_join_group(struct kunit *test, struct soft_smmu *s)
{
	struct iommu_group *group = iommu_group_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, group);
	s->dev->iommu_group = group;
}

void soft_leave_group(struct soft_smmu *s)
{
	struct iommu_group *group = s->dev->iommu_group;

	s->dev->iommu_group = NULL;
	iommu_group_put(group);
}
