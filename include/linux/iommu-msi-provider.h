/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt controllers outside of MSI domains, whose doorbells ("banks") are mapped for
 * users. See drivers/iommu/msi/controller.c, and iommu-msi.h for the order of the locks.
 */
#ifndef __LINUX_IOMMU_MSI_PROVIDER_H
#define __LINUX_IOMMU_MSI_PROVIDER_H

#include <linux/irqdomain.h>
#include <linux/types.h>

struct device;

/**
 * struct iommu_msi_provider - Doorbells of devices that are in no MSI domain
 * @walk_banks: Call @fn as irq_domain_ops::msi_doorbells does, for each doorbell ("bank")
 *	whose page may be given to a user
 * @has_own_banks: Check that no write of @dev to its doorbells can raise an interrupt
 *	of another group's devices, now and as long as its group has an owner that has
 *	not called iommu_group_share_msi(). Called with no lock held that is below
 *	msi_device_data::mutex in the order that iommu-msi.h states.
 *
 * The interrupt controller of an architecture that implements arch_setup_msi_irqs().
 * It chooses a bank for each vector. If iommu_dma_prepare_msi() refuses a bank, that
 * bank is not mapped, and the provider has to try another one, or refuse the vector.
 *
 * Guarantees: Banks are pinned from their reservation on. They are relocated only
 * before they have vectors: for their owner's requests, for a domain that joins with
 * another aperture or larger slots, or for a device that has to reach them. A bank
 * for which there is no hole is not reserved, which is no error, unless a host driver
 * in the group that is attached has a vector in it: then the attach fails with -ENOSPC.
 */
struct iommu_msi_provider {
	int (*walk_banks)(struct device *dev, irq_msi_doorbell_fn_t fn,
			  void *data);
	bool (*has_own_banks)(struct device *dev);
};

const struct iommu_msi_provider *
iommu_msi_set_provider(const struct iommu_msi_provider *provider);
bool iommu_msi_has_own_banks(struct device *dev);

#endif /* __LINUX_IOMMU_MSI_PROVIDER_H */
