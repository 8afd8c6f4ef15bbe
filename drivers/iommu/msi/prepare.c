// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the drivers of interrupt controllers call for a vector where the DMA API does
 * not use the IOMMU; elsewhere ../iommu.c and ../dma-iommu.c have these functions. An
 * architecture that maps DMA by itself needs nothing else of the DMA API here: its
 * own domains pass physical addresses through.
 */
#include <linux/iommu.h>
#include <linux/msi.h>

#include "../iommu-priv.h"
#include "host.h"

/**
 * iommu_dma_prepare_msi - Map the doorbell of a new vector
 * @desc: MSI descriptor
 * @msi_addr: Physical address of the doorbell's register
 *
 * Undone by iommu_dma_release_msi().
 *
 * Context: Process context, may sleep. Takes the mutex of the device's group.
 * Return: 0, also without an MSI space, or the errors of iommu_msi_map().
 */
int iommu_dma_prepare_msi(struct msi_desc *desc, phys_addr_t msi_addr)
{
	struct iommu_group *group = msi_desc_to_dev(desc)->iommu_group;

	guard(iommu_group_domain)(group);
	return iommu_msi_prepare(group, desc, msi_addr);
}

/**
 * iommu_dma_compose_msi_msg - Put the doorbell's IOVA into a message
 * @desc: MSI descriptor that was given to iommu_dma_prepare_msi()
 * @msg: Message that holds the physical address of the doorbell's register
 *
 * Context: Any. Nothing happens if the message is not translated.
 */
void iommu_dma_compose_msi_msg(struct msi_desc *desc, struct msi_msg *msg)
{
	const unsigned int shift = desc->iommu_msi_shift;
	u64 iova;

	if (!shift)
		return;
	iova = (u64)desc->iommu_msi_iova << shift;
	msg->address_hi = upper_32_bits(iova);
	msg->address_lo = lower_32_bits(iova) |
			  (msg->address_lo & ((1U << shift) - 1));
}
