/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA API as the owner of MSI spaces, one for each of its domains.
 *
 * Private to drivers/iommu: dma-iommu.c has one of these in each cookie,
 * msi-dma-test.c tests them.
 */
#ifndef __IOMMU_MSI_DMA_H
#define __IOMMU_MSI_DMA_H

#include <linux/rbtree.h>
#include <linux/types.h>

struct iommu_domain;
struct iommu_msi_space;

/**
 * struct iommu_dma_msi - MSI space of a domain that the DMA API manages
 * @space: The space, whose owner is this structure. NULL if there is none.
 * @domain: The only domain that takes part in it
 * @granule: Size of a doorbell's page, and of its place, in bytes
 * @hw_regions: Interval tree of physical ranges to which MSIs are not translated
 *
 * A domain has its space before a device can ask for a vector, and @hw_regions
 * change no more then.
 */
struct iommu_dma_msi {
	struct iommu_msi_space *space;
	struct iommu_domain *domain;
	size_t granule;
	struct rb_root_cached hw_regions;
};

#ifdef CONFIG_IOMMU_MSI_SPACE

int iommu_dma_msi_init(struct iommu_dma_msi *msi, struct iommu_domain *domain,
		       size_t granule);
void iommu_dma_msi_destroy(struct iommu_dma_msi *msi);
int iommu_dma_msi_add_hw_region(struct iommu_dma_msi *msi, phys_addr_t start,
				size_t size);

#else /* CONFIG_IOMMU_MSI_SPACE */

static inline int iommu_dma_msi_init(struct iommu_dma_msi *msi,
				     struct iommu_domain *domain,
				     size_t granule)
{
	return 0;
}

static inline void iommu_dma_msi_destroy(struct iommu_dma_msi *msi)
{
}

static inline int iommu_dma_msi_add_hw_region(struct iommu_dma_msi *msi,
					      phys_addr_t start, size_t size)
{
	return 0;
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif
