/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of the host's drivers, which follow their group from domain to domain.
 *
 * Private to drivers/iommu: iommu.c says when a group changes its domain,
 * relocate.c when a doorbell is relocated.
 */
#ifndef __IOMMU_MSI_HOST_H
#define __IOMMU_MSI_HOST_H

#include <linux/iommu-msi.h>
#include <linux/types.h>

struct hlist_head;
struct iommu_domain;
struct device;
struct iommu_group;
struct msi_desc;
struct msi_user;

/**
 * struct iommu_msi_change - A group changes its domain
 * @vectors: Vectors of the host's drivers for devices of the group
 * @from: The domain that it leaves, or NULL
 * @to: The domain that it enters
 * @blocked: The domain in which nothing of the group is translated, or NULL
 * @must_succeed: Go on even if the message of a vector has nowhere to go
 */
struct iommu_msi_change {
	struct hlist_head *vectors;
	struct iommu_domain *from;
	struct iommu_domain *to;
	struct iommu_domain *blocked;
	bool must_succeed;
};

int iommu_msi_prepare(struct iommu_group *group, struct msi_desc *desc,
		      phys_addr_t msi_addr);

#ifdef CONFIG_IOMMU_MSI_SPACE

int iommu_msi_begin_change(const struct iommu_msi_change *change);
void iommu_msi_end_change(const struct iommu_msi_change *change, bool changed);
void iommu_msi_forget_device(struct hlist_head *vectors, struct device *dev);
int msi_host_rewrite(struct msi_user *user);

#else /* CONFIG_IOMMU_MSI_SPACE */

static inline int iommu_msi_begin_change(const struct iommu_msi_change *change)
{
	return 0;
}

static inline void iommu_msi_end_change(const struct iommu_msi_change *change,
					bool changed)
{
}

static inline void iommu_msi_forget_device(struct hlist_head *vectors,
					   struct device *dev)
{
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif
