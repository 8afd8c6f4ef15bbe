/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions simulated in memory, for KUnit tests: their configuration space
 * behaves as resets, low-power states and ATS require, and records the state of the
 * SMMU at each of these. They are behind the SMMU of arm-smmu-v3-soft-smmu.h.
 */
#ifndef _ARM_SMMU_V3_SOFT_PCI_H
#define _ARM_SMMU_V3_SOFT_PCI_H

#include <linux/device.h>
#include <linux/pci.h>

#include "../../../pci/pci.h"
#include "arm-smmu-v3-soft-smmu.h"

/* V and Config of a stream table entry */
#define IS_ABORT 0x1
#define IS_S2 0xd
#define IS_NESTED 0xf

/* Offsets of a function's capabilities */
#define PM_CAP 0x40
#define EXP_CAP 0x50
#define ATS_CAP 0x100
#define SRIOV_CAP 0x140
#define PASID_CAP 0x180 /* All zero, as during a reset */
#define DEVCTL (EXP_CAP + PCI_EXP_DEVCTL)
#define PMCSR (PM_CAP + PCI_PM_CTRL)
#define ATS_CTRL (ATS_CAP + PCI_ATS_CTRL)
#define SRIOV_CTRL (SRIOV_CAP + PCI_SRIOV_CTRL)

/* State of the SMMU's device when a configuration space was written */
struct soft_note {
	unsigned int count;
	u64 config;
	bool ats_on; /* in the device */
	bool ats_enabled; /* in struct arm_smmu_master */
	bool is_reachable;
	unsigned int atc_invs;
};

/* A function that can be reset and put to sleep, and may have ATS */
struct soft_pci {
	struct pci_dev pdev;
	struct pci_bus bus; /* The bus it is on, or that @below is on */
	struct pci_driver driver;
	struct pci_sriov sriov;
	struct soft_smmu *smmu;
	struct soft_pci *noted; /* The SMMU's device */
	struct soft_pci *physfn; /* Of a VF, existing while VF Enable is set */
	u8 space[0x200];
	struct soft_note ats; /* ATS is enabled */
	struct soft_note reset; /* It is reset */
	struct soft_note sleep; /* It leaves D0 */
	struct soft_note error; /* Its driver is notified of an error */
	struct soft_note told; /* Its driver is notified that it was reset */
	struct soft_pci *below; /* Not reachable through a bridge after a reset */
	bool is_gone;
};

struct soft_pci *soft_new_pci(struct kunit *test, struct soft_smmu *s);
struct soft_pci *soft_become_pci(struct kunit *test, struct soft_smmu *s);
void soft_take_note(struct soft_pci *pci, struct soft_note *note);
bool soft_ats_is_on(const struct soft_pci *pci);
struct soft_pci *soft_attach_with_ats(struct kunit *test, struct soft_smmu *s,
				      struct iommu_domain **domain);
int soft_invalidate_atc(struct kunit *test, struct soft_smmu *s, u32 *done);
void soft_expect_nothing_sent(struct kunit *test, struct soft_smmu *s);
void soft_join_group(struct kunit *test, struct soft_smmu *s);
void soft_leave_group(struct soft_smmu *s);

#endif /* _ARM_SMMU_V3_SOFT_PCI_H */
