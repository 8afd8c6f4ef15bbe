/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who uses a bank of the MPIC's message signalled interrupts, see fsl_msi_bank.c.
 */
#ifndef _POWERPC_SYSDEV_FSL_MSI_BANK_H
#define _POWERPC_SYSDEV_FSL_MSI_BANK_H

#include <linux/list.h>
#include <linux/types.h>

struct iommu_group;

/**
 * struct fsl_msi_bank - The users of a bank
 * @shares: One struct fsl_msi_share for each group that has vectors in it
 */
struct fsl_msi_bank {
	struct list_head shares;
};

/**
 * enum fsl_msi_fit - How well a bank suits a group; the best comes first
 * @FSL_MSI_OWN: The group has vectors in it, and nobody else has
 * @FSL_MSI_FREE: Nobody has vectors in it
 * @FSL_MSI_SHARED: Others have, and all of them and the group may share it
 * @FSL_MSI_REFUSED: Others have, and one of them or the group must not share it
 */
enum fsl_msi_fit {
	FSL_MSI_OWN,
	FSL_MSI_FREE,
	FSL_MSI_SHARED,
	FSL_MSI_REFUSED,
};

/* Check whether a group may share a bank; %NULL stands for devices without a group */
typedef bool (*fsl_msi_may_share_t)(struct iommu_group *group);

void fsl_msi_bank_init(struct fsl_msi_bank *bank);
int fsl_msi_bank_take(struct fsl_msi_bank *bank, struct iommu_group *group);
void fsl_msi_bank_put(struct fsl_msi_bank *bank, struct iommu_group *group);
bool fsl_msi_bank_has(const struct fsl_msi_bank *bank,
		      const struct iommu_group *group);
bool fsl_msi_bank_has_others(const struct fsl_msi_bank *bank,
			     const struct iommu_group *group);
enum fsl_msi_fit fsl_msi_bank_fit(const struct fsl_msi_bank *bank,
				  struct iommu_group *group,
				  fsl_msi_may_share_t may_share);

#endif
