// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA API as the owner of MSI spaces, one for each of its domains.
 *
 * Doorbells get their places from the IOVA allocator of the domain, when the
 * first vector comes, and stay mapped until the domain is freed: a device of the
 * host may still send an MSI after its driver freed the vector, which then has to
 * end at the interrupt controller. Nothing but vectors changes such a space, so
 * that its own lock is enough, and there are no reservations.
 *
 * Races
 * -----
 * - vector against vector: the space's lock, also if their groups share the
 *   domain.
 * - vector against map and unmap of the DMA API: the locks of the IOVA allocator
 *   and of the page tables.
 * - vector against a change of the domain: iommu_group::mutex.
 * - late MSI against release of the vector: nothing is unmapped, nothing moves.
 * - release of a vector against the end of the domain: the vector holds the space
 *   and the doorbell, neither of which asks the owner any more.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "dma-iommu.h"
#include "msi-dma.h"

static bool dma_msi_is_untranslated(struct iommu_dma_msi *msi, phys_addr_t phys)
{
	unsigned long addr = phys;

	return addr == phys &&
	       interval_tree_iter_first(&msi->hw_regions, addr, addr);
}

static int dma_msi_alloc_place(void *owner, struct device *dev,
			       phys_addr_t phys, unsigned long *iova)
{
	struct iommu_dma_msi *msi = owner;

	if (dma_msi_is_untranslated(msi, phys)) {
		*iova = phys;
		return IOMMU_MSI_UNTRANSLATED;
	}
	*iova = iommu_dma_alloc_iova(msi->domain, msi->granule,
				     dma_get_mask(dev), dev);
	return *iova ? 0 : -ENOSPC;
}

static void dma_msi_free_place(void *owner, unsigned long iova)
{
	struct iommu_dma_msi *msi = owner;

	iommu_dma_free_iova(msi->domain->iova_cookie, iova, msi->granule, NULL);
}

static const struct iommu_msi_owner_ops dma_msi_owner_ops = {
	.alloc_place = dma_msi_alloc_place,
	.free_place = dma_msi_free_place,
};

/**
 * iommu_dma_msi_init - Give a domain of the DMA API its MSI space
 * @msi: To be initialised; all zero, or left as it was by an earlier failure
 * @domain: The domain
 * @granule: Size of the allocator's smallest IOVA range in bytes, a power of two
 *
 * Context: Process context, may sleep. No device of @domain has vectors.
 * Return: 0, or -ENOMEM. The caller undoes it by iommu_dma_msi_destroy().
 */
int iommu_dma_msi_init(struct iommu_dma_msi *msi, struct iommu_domain *domain,
		       size_t granule)
{
	struct iommu_msi_space *space;
	int rc;

	msi->domain = domain;
	/* A doorbell is never mapped by less */
	msi->granule = max_t(size_t, granule, SZ_4K);
	msi->hw_regions = RB_ROOT_CACHED;
	space = iommu_msi_space_create(&dma_msi_owner_ops, msi, msi->granule);
	if (IS_ERR(space))
		return PTR_ERR(space);
	rc = iommu_msi_join(space, domain);
	if (rc) {
		iommu_msi_space_destroy(space);
		return rc;
	}
	msi->space = space;
	return 0;
}

/**
 * iommu_dma_msi_destroy - Undo iommu_dma_msi_init()
 * @msi: The same; nothing happens if it has no space
 *
 * The places go back to the IOVA allocator, except for those of vectors that are
 * still there.
 *
 * Context: Process context, may sleep. The domain has left the space.
 */
void iommu_dma_msi_destroy(struct iommu_dma_msi *msi)
{
	struct interval_tree_node *region;

	if (!msi->space)
		return;
	iommu_msi_space_destroy(msi->space);
	msi->space = NULL;
	while ((region = interval_tree_iter_first(&msi->hw_regions, 0,
						  ULONG_MAX))) {
		interval_tree_remove(region, &msi->hw_regions);
		kfree(region);
	}
}

/**
 * iommu_dma_msi_add_hw_region - Name a range to which MSIs are not translated
 * @msi: Has a space
 * @start: First physical address
 * @size: Its size in bytes, not 0
 *
 * The range is extended to full granules. A message to a doorbell in it keeps its
 * address, and takes no IOVA but that one, which the caller has reserved.
 *
 * Context: Process context, may sleep. No device of the domain has vectors.
 * Return: 0, or -ENOMEM.
 */
int iommu_dma_msi_add_hw_region(struct iommu_dma_msi *msi, phys_addr_t start,
				size_t size)
{
	struct interval_tree_node *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return -ENOMEM;
	region->start = ALIGN_DOWN(start, msi->granule);
	region->last = (start + size - 1) | (msi->granule - 1);
	interval_tree_insert(region, &msi->hw_regions);
	return 0;
}
