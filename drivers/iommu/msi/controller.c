// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a device before it has a vector: the doorbells that its interrupt
 * controller enumerates, whether its IOMMU translates MSIs, who shares its group.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/iommu-msi-provider.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/slab.h>

#include "controller.h"

/* Set once, at boot; and by tests */
static const struct iommu_msi_provider *msi_provider;

/**
 * iommu_msi_set_provider - Set the provider of doorbells outside of MSI domains
 * @provider: Its operations, which stay valid; NULL for none
 *
 * Context: Any. No device is given to a user meanwhile.
 * Return: The previous provider.
 */
const struct iommu_msi_provider *
iommu_msi_set_provider(const struct iommu_msi_provider *provider)
{
	return xchg(&msi_provider, provider);
}

static const struct iommu_msi_provider *msi_find_provider(struct device *dev)
{
	return dev_get_msi_domain(dev) ? NULL : READ_ONCE(msi_provider);
}

/* Check whether the doorbells of @dev are banks, see struct iommu_msi_provider */
bool msi_has_banks(struct device *dev)
{
	return msi_find_provider(dev);
}

/**
 * iommu_msi_has_own_banks - Check whether a device can raise only its group's IRQs
 * @dev: A device whose doorbells no MSI domain enumerates
 *
 * Context: Process context, may sleep. May take a group's mutex.
 * Return: What iommu_msi_provider::has_own_banks() returns, false without a provider.
 */
bool iommu_msi_has_own_banks(struct device *dev)
{
	const struct iommu_msi_provider *provider = msi_find_provider(dev);

	return provider && provider->has_own_banks(dev);
}

/*
 * Call @fn for each doorbell that an MSI of @dev may be sent to, as enumerated by the
 * interrupt controller. A device without MSIs has none.
 */
int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn, void *data)
{
	const struct iommu_msi_provider *provider = msi_find_provider(dev);
	struct irq_domain *domain = dev_get_msi_domain(dev);

	if (provider)
		return provider->walk_banks(dev, fn, data);
	if (!domain)
		return 0;
	for (; domain; domain = domain->parent)
		if (domain->ops->msi_doorbells)
			return domain->ops->msi_doorbells(domain, dev, fn,
							  data);
	return -EOPNOTSUPP;
}

/**
 * iommu_msi_find_window - Check whether a device needs doorbells
 * @dev: The device
 * @window: Set to the software MSI window that its IOMMU driver reports
 *	(%IOMMU_RESV_SW_MSI), empty if it reports none
 *
 * Where a platform has a range of addresses that bypasses the translation
 * (%IOMMU_RESV_MSI), the interrupt controllers lie in it.
 *
 * Context: Process context, may sleep.
 * Return: true if MSIs of @dev are translated.
 */
bool iommu_msi_find_window(struct device *dev, struct iommu_msi_window *window)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	bool bypassed = false;

	*window = (struct iommu_msi_window){ .start = 1 };
	if (!device_iommu_capable(dev, IOMMU_CAP_TRANSLATE_MSI))
		return false;
	iommu_get_resv_regions(dev, &resv_regions);
	list_for_each_entry(resv, &resv_regions, list) {
		if (resv->type == IOMMU_RESV_MSI)
			bypassed = true;
		if (resv->type != IOMMU_RESV_SW_MSI)
			continue;
		window->start = resv->start;
		window->last = resv->start + resv->length - 1;
	}
	iommu_put_resv_regions(dev, &resv_regions);
	return !bypassed;
}
EXPORT_SYMBOL_GPL(iommu_msi_find_window);

/* State of one iommu_msi_count_doorbells() */
struct msi_count {
	struct xarray pages;
	unsigned int count;
};

/* Registers of several ranges may share a page, which is then one doorbell */
static int msi_count_doorbell(phys_addr_t start, size_t size, void *data)
{
	phys_addr_t last = start + size - 1;
	phys_addr_t phys = ALIGN_DOWN(start, IOMMU_DOORBELL_PAGE);
	struct msi_count *count = data;
	int rc;

	for (; phys <= last; phys += IOMMU_DOORBELL_PAGE) {
		rc = xa_insert(&count->pages, phys / IOMMU_DOORBELL_PAGE,
			       xa_mk_value(0), GFP_KERNEL_ACCOUNT);
		if (!rc)
			count->count++;
		else if (rc != -EBUSY)
			return rc;
	}
	return 0;
}

/**
 * iommu_msi_count_doorbells - Count the doorbells that a device may use
 * @dev: The device, attached or not
 *
 * Context: Process context, may sleep.
 * Return: The number of doorbells that iommu_msi_reserve_device() reserves for it
 * if no other device has brought one of them, or -ENOMEM.
 */
int iommu_msi_count_doorbells(struct device *dev)
{
	struct msi_count count = {};
	int rc;

	xa_init_flags(&count.pages, XA_FLAGS_ACCOUNT);
	rc = msi_walk_doorbells(dev, msi_count_doorbell, &count);
	xa_destroy(&count.pages);
	if (rc == -EOPNOTSUPP)
		return 1;
	return rc ?: count.count;
}
EXPORT_SYMBOL_GPL(iommu_msi_count_doorbells);

/* Called with the group's mutex held */
static int msi_group_add(struct device *dev, void *data)
{
	struct iommu_msi_group_device *device;
	struct list_head *devices = data;

	device = kzalloc(sizeof(*device), GFP_KERNEL_ACCOUNT);
	if (!device)
		return -ENOMEM;
	device->dev = get_device(dev);
	list_add_tail(&device->item, devices);
	return 0;
}

/**
 * iommu_msi_list_devices - List the devices that are in a group now
 * @group: The group
 * @devices: Empty list, filled with struct iommu_msi_group_device; to be given to
 *	iommu_msi_free_devices()
 *
 * For callers that take locks that come before the group's mutex: those of owners and
 * of MSI descriptors.
 *
 * Context: Process context, may sleep. Takes the group's mutex.
 * Return: 0 or -ENOMEM, and the list is empty.
 */
int iommu_msi_list_devices(struct iommu_group *group, struct list_head *devices)
{
	int rc;

	rc = iommu_group_for_each_dev(group, devices, msi_group_add);
	if (rc)
		iommu_msi_free_devices(devices);
	return rc;
}

/**
 * iommu_msi_free_devices - Free what iommu_msi_list_devices() made
 * @devices: The list; empty afterwards
 *
 * Context: Process context.
 */
void iommu_msi_free_devices(struct list_head *devices)
{
	struct iommu_msi_group_device *device, *next;

	list_for_each_entry_safe(device, next, devices, item) {
		list_del(&device->item);
		put_device(device->dev);
		kfree(device);
	}
}
