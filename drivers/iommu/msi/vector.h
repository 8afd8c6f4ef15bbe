/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors as users of doorbells: what vector.c offers the layers above it. See
 * space.h for the objects and the locks.
 */
#ifndef __IOMMU_MSI_VECTOR_H
#define __IOMMU_MSI_VECTOR_H

#include <linux/iommu-msi-rewriter.h>
#include <linux/types.h>

struct iommu_doorbell;
struct iommu_domain;
struct iommu_msi_domain;
struct msi_desc;
struct msi_user;

/**
 * struct iommu_msi_address_ops - Messages that are not sent to their doorbell's IOVA
 * @page: Return the page that the messages of a vector are sent to instead, or
 *	%IOMMU_MSI_NO_ADDRESS for the doorbell's IOVA. The space's lock is held.
 * @check: Return 0 if a new vector can be sent there, or an error. @msi_addr is the
 *	physical address of its doorbell's register. The space's lock is held.
 * @free: Free the addresses: the vectors are gone, and the rewriter is unregistered.
 */
struct iommu_msi_address_ops {
	u64 (*page)(struct iommu_msi_rewriter *rewriter,
		    const struct msi_desc *desc);
	int (*check)(struct iommu_msi_rewriter *rewriter,
		     const struct msi_desc *desc,
		     const struct iommu_doorbell *doorbell,
		     phys_addr_t msi_addr);
	void (*free)(struct iommu_msi_rewriter *rewriter);
};

struct iommu_msi_rewriter *msi_rewriter_get(struct device *dev);
void msi_rewriter_put(struct iommu_msi_rewriter *rewriter);
struct iommu_msi_rewriter *msi_desc_rewriter(const struct msi_desc *desc);

u64 msi_desc_page(const struct msi_desc *desc);
bool msi_desc_is_stale(const struct msi_desc *desc);
bool msi_desc_can_change_to(const struct msi_desc *desc, u64 page);
bool msi_is_below_4g(struct device *dev);
bool msi_device_is_stale(struct device *dev, struct iommu_msi_space *space);

struct msi_user *msi_vector_acquire(struct iommu_msi_domain *member,
				    struct msi_desc *desc, phys_addr_t reg);
void msi_vector_drop(struct msi_desc *desc, struct msi_user **ref);
void msi_vector_hand_over(struct msi_desc *desc, struct msi_user *to);

int msi_user_bind(struct msi_user **user, phys_addr_t phys);

int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr);

#endif
