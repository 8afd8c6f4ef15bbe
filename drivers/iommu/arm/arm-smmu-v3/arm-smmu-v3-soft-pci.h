/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions made of memory, for KUnit tests: their configuration space does what
 * resets, low-power states and ATS do to it, and takes notes of the SMMU when that
 * happens. They are on the SMMU of arm-smmu-v3-soft-smmu.h.
 */
#ifndef _ARM_SMMU_V3_SOFT_PCI_H
#define _ARM_SMMU_V3_SOFT_PCI_H

#include <linux/device.h>
#include <linux/pci.h>

#include "../../../pci/pci.h"
#include "arm-smmu-v3-soft-smmu.h"

/* What an entry's V and Config are */
#define IS_ABORT 0x1
#define IS_S2 0xd
#define IS_NESTED 0xf

/* Where a function has its capabilities */
#define PM_CAP 0x40
#define EXP_CAP 0x50
#define ATS_CAP 0x100
#define SRIOV_CAP 0x140
#define DEVCTL (EXP_CAP + PCI_EXP_DEVCTL)
#define PMCSR (PM_CAP + PCI_PM_CTRL)
#define ATS_CTRL (ATS_CAP + PCI_ATS_CTRL)
#define SRIOV_CTRL (SRIOV_CAP + PCI_SRIOV_CTRL)

/* What was so of the SMMU's device when a configuration space was written */
struct soft_note {
	unsigned int count;
	u64 config;
	bool ats_on; /* in the device */
	bool ats_enabled; /* by the driver's note */
	bool is_reachable;
	unsigned int atc_invs;
};

/* A function that can be reset and put to sleep, and may have ATS */
struct soft_pci {
	struct pci_dev pdev;
	struct pci_bus bus; /* That it is on, or that @below are on */
	struct pci_driver driver;
	struct pci_sriov sriov;
	struct soft_smmu *smmu;
	struct soft_pci *noted; /* The SMMU's device */
	struct soft_pci *physfn; /* Of a VF, which exists while that says so */
	u8 space[0x200];
	struct soft_note ats; /* ATS is enabled */
	struct soft_note reset; /* It is reset */
	struct soft_note sleep; /* It leaves D0 */
	struct soft_note error; /* Its driver is told of an error */
	struct soft_note told; /* Its driver is told that it was reset */
	struct soft_pci *below; /* What a bridge has forgotten in a reset */
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
