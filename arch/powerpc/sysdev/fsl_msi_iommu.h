/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which bank a vector gets, and how its message gets there through a PAMU: what
 * fsl_msi.c calls, see fsl_msi_iommu.c.
 */
#ifndef _POWERPC_SYSDEV_FSL_MSI_IOMMU_H
#define _POWERPC_SYSDEV_FSL_MSI_IOMMU_H

#include <linux/of.h>
#include <linux/types.h>

struct device;
struct fsl_msi;
struct list_head;
struct msi_desc;
struct msi_msg;
struct pci_dev;

/* fsl_msi.c */
int fsl_msi_read_phandle(struct pci_dev *pdev, phandle *phandle);

int fsl_msi_alloc_hwirq(struct list_head *banks, struct msi_desc *entry,
			phandle phandle, struct fsl_msi **found);
void fsl_msi_free_hwirq(struct fsl_msi *msi, struct device *dev, int hwirq);
void fsl_msi_translate(const struct fsl_msi *msi, struct msi_desc *entry,
		       struct msi_msg *msg);

#ifdef CONFIG_IOMMU_MSI_SPACE
void fsl_msi_provide_banks(struct list_head *banks);
#else
static inline void fsl_msi_provide_banks(struct list_head *banks)
{
}
#endif

#endif
