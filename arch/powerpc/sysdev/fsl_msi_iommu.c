// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which bank a vector gets, and how its message gets there through a PAMU.
 *
 * A message is a write to the register of a bank (MSIIR), and passes the PAMU like any
 * other DMA. So a user's device has the bank mapped by its MSI space, which asks here
 * for the banks there are (struct iommu_msi_provider), and is asked for each vector. Who
 * may have vectors in which bank is decided by fsl_msi_bank.c.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-provider.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <asm/fsl_pamu_stash.h>
#include <asm/pci-bridge.h>

#include "fsl_msi.h"
#include "fsl_msi_iommu.h"

/* Guards fsl_msi::bank. Comes before iommu_group::mutex. */
static DEFINE_MUTEX(fsl_msi_banks_lock);

/* Vectors */

static bool fsl_msi_is_translated(const struct msi_desc *entry)
{
#ifdef CONFIG_IRQ_MSI_IOMMU
	return entry->iommu_msi_shift;
#else
	return false;
#endif
}

/**
 * fsl_msi_translate - Put the IOVA of a bank into a message
 * @msi: The bank
 * @entry: The vector's descriptor
 * @msg: The message; nothing happens if no PAMU translates it
 *
 * Context: Any.
 */
void fsl_msi_translate(const struct fsl_msi *msi, struct msi_desc *entry,
		       struct msi_msg *msg)
{
	if (!fsl_msi_is_translated(entry))
		return;
	msg->address_lo = lower_32_bits(msi->msiir_phys);
	msg->address_hi = upper_32_bits(msi->msiir_phys);
	iommu_dma_compose_msi_msg(entry, msg);
}

/*
 * Have the bank mapped if the device's DMA is translated. If the message held the
 * physical address while DMA does not use these, the PAMU would take it for a
 * violation, and disable the device's LIODN.
 */
static int fsl_msi_prepare(struct fsl_msi *msi, struct msi_desc *entry)
{
	int rc;

	if (!msi->msiir_phys)
		return fsl_pamu_is_identity(entry->dev) ? 0 : -EOPNOTSUPP;
	rc = iommu_dma_prepare_msi(entry, msi->msiir_phys);
	if (rc || fsl_msi_is_translated(entry) ||
	    fsl_pamu_is_identity(entry->dev))
		return rc;
	iommu_dma_release_msi(entry);
	return -EOPNOTSUPP;
}

static int fsl_msi_alloc_in_bank(struct fsl_msi *msi, struct msi_desc *entry)
{
	struct iommu_group *group = entry->dev->iommu_group;
	int rc, hwirq;

	hwirq = msi_bitmap_alloc_hwirqs(&msi->bitmap, 1);
	if (hwirq < 0)
		return hwirq;
	rc = fsl_msi_bank_take(&msi->bank, group);
	if (rc)
		goto out_free;
	rc = fsl_msi_prepare(msi, entry);
	if (!rc)
		return hwirq;
	fsl_msi_bank_put(&msi->bank, group);
out_free:
	msi_bitmap_free_hwirqs(&msi->bitmap, hwirq, 1);
	return rc;
}

static bool fsl_msi_share_with_all(struct iommu_group *group)
{
	return true;
}

/* No user's device gets to a bank that is never mapped, however many groups share it */
static enum fsl_msi_fit fsl_msi_fit(struct fsl_msi *msi,
				    struct iommu_group *group)
{
	return fsl_msi_bank_fit(&msi->bank, group,
				msi->msiir_phys ? iommu_group_shares_msi :
						  fsl_msi_share_with_all);
}

/**
 * fsl_msi_alloc_hwirq - Find a bank with an available interrupt
 * @banks: List of all banks
 * @entry: The vector's descriptor; its message gets to the bank
 * @phandle: Of the only bank that comes into question, or 0. Under the Freescale
 *	hypervisor others are not mapped in the PAMU.
 * @found: Set to the bank
 *
 * Banks that suit the device's group best are tried first. Undone by
 * iommu_dma_release_msi() and fsl_msi_free_hwirq().
 *
 * Context: Process context, may sleep. The device's MSI descriptors are locked. Takes
 * the mutex of its group.
 * Return: Number of the interrupt in the bank. -EOPNOTSUPP if no message of the device
 * gets to a bank, -ENOSPC if no bank is left that is mapped for it and may be shared,
 * -ENOMEM, or another error of iommu_dma_prepare_msi(); of several banks the last one's.
 */
int fsl_msi_alloc_hwirq(struct list_head *banks, struct msi_desc *entry,
			phandle phandle, struct fsl_msi **found)
{
	struct iommu_group *group = entry->dev->iommu_group;
	enum fsl_msi_fit fit;
	struct fsl_msi *msi;
	int hwirq = -ENOSPC;

	guard(mutex)(&fsl_msi_banks_lock);
	for (fit = FSL_MSI_OWN; fit < FSL_MSI_REFUSED; fit++) {
		list_for_each_entry(msi, banks, list) {
			if (phandle && phandle != msi->phandle)
				continue;
			if (fsl_msi_fit(msi, group) != fit)
				continue;
			hwirq = fsl_msi_alloc_in_bank(msi, entry);
			*found = msi;
			if (hwirq >= 0)
				return hwirq;
		}
	}
	return hwirq;
}

/**
 * fsl_msi_free_hwirq - Free what fsl_msi_alloc_hwirq() found
 * @msi: The bank
 * @dev: The vector's device, which is in the same group as then
 * @hwirq: Number of the interrupt
 *
 * Context: Process context, may sleep.
 */
void fsl_msi_free_hwirq(struct fsl_msi *msi, struct device *dev, int hwirq)
{
	msi_bitmap_free_hwirqs(&msi->bitmap, hwirq, 1);
	guard(mutex)(&fsl_msi_banks_lock);
	fsl_msi_bank_put(&msi->bank, dev->iommu_group);
}

#ifdef CONFIG_IOMMU_MSI_SPACE

/* The provider */

static struct list_head *fsl_msi_banks;

static bool fsl_msi_serves(struct pci_dev *pdev)
{
	return pci_bus_to_host(pdev->bus)->controller_ops.setup_msi_irqs;
}

/* The next bank that may be mapped for a device, after @msi or, if %NULL, the first */
static struct fsl_msi *fsl_msi_next_bank(struct fsl_msi *msi, phandle phandle)
{
	msi = list_prepare_entry(msi, fsl_msi_banks, list);
	list_for_each_entry_continue(msi, fsl_msi_banks, list)
		if (msi->msiir_phys && (!phandle || phandle == msi->phandle))
			return msi;
	return NULL;
}

static int fsl_msi_walk_banks(struct device *dev, irq_msi_doorbell_fn_t fn,
			      void *data)
{
	struct fsl_msi *msi = NULL;
	struct pci_dev *pdev;
	phandle phandle;
	int rc = 0;

	if (!dev_is_pci(dev))
		return 0;
	pdev = to_pci_dev(dev);
	if (!pdev->msi_cap && !pdev->msix_cap)
		return 0;
	if (!fsl_msi_serves(pdev) || fsl_msi_read_phandle(pdev, &phandle))
		return 0;
	while (!rc && (msi = fsl_msi_next_bank(msi, phandle)))
		rc = fn(msi->msiir_phys, sizeof(u32), data);
	return rc;
}

/* Such a vector does not follow the group if it changes its domain */
static bool fsl_msi_has_unmapped(const struct iommu_group *group)
{
	struct fsl_msi *msi;

	lockdep_assert_held(&fsl_msi_banks_lock);
	list_for_each_entry(msi, fsl_msi_banks, list)
		if (!msi->msiir_phys && fsl_msi_bank_has(&msi->bank, group))
			return true;
	return false;
}

/*
 * None of its banks is shared, and there is one that is not. What has no bank at all
 * raises no interrupt. A host driver in the group may have vectors in a bank that is
 * never mapped, and its messages would go to whatever the user maps there.
 */
static bool fsl_msi_has_own_banks(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	bool any = false, own = false, others;
	struct fsl_msi *msi = NULL;
	phandle phandle;

	if (!dev_is_pci(dev))
		return true;
	if (!fsl_msi_serves(to_pci_dev(dev)) ||
	    fsl_msi_read_phandle(to_pci_dev(dev), &phandle))
		return false;
	guard(mutex)(&fsl_msi_banks_lock);
	if (fsl_msi_has_unmapped(group))
		return false;
	while ((msi = fsl_msi_next_bank(msi, phandle))) {
		others = fsl_msi_bank_has_others(&msi->bank, group);
		if (others && fsl_msi_bank_has(&msi->bank, group))
			return false;
		own |= !others;
		any = true;
	}
	return own || !any;
}

static const struct iommu_msi_provider fsl_msi_provider = {
	.walk_banks = fsl_msi_walk_banks,
	.has_own_banks = fsl_msi_has_own_banks,
};

/**
 * fsl_msi_provide_banks - Have users' devices find the banks
 * @banks: List of all banks, which stays; more may be added until users come
 */
void fsl_msi_provide_banks(struct list_head *banks)
{
	fsl_msi_banks = banks;
	iommu_msi_set_provider(&fsl_msi_provider);
}

#endif /* CONFIG_IOMMU_MSI_SPACE */
