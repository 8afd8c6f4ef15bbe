// SPDX-License-Identifier: GPL-2.0-only
/*
 * The groups of a type1 container as users of its MSI space: which doorbells their
 * devices need, and when these are mapped. The container itself is in
 * vfio_iommu_type1.c, which holds its lock over all calls; see
 * include/linux/iommu-msi.h for the locks, Documentation/driver-api/iommu-msi.rst for
 * the races.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vfio_iommu_type1_msi.h"

/**
 * struct vfio_msi_group - The devices of a group that have doorbells reserved
 * @space: MSI space of the container
 * @devices: List of struct iommu_msi_group_device
 *
 * Devices may leave the group while it is in the container, and others may join
 * it. The list stays as it was at attach, so that each reservation is undone.
 */
struct vfio_msi_group {
	struct iommu_msi_space *space;
	struct list_head devices;
};

struct vfio_msi_search {
	struct iommu_msi_window *window;
	bool translated;
};

static int vfio_msi_find_device_window(struct device *dev, void *data)
{
	struct vfio_msi_search *search = data;

	search->translated = iommu_msi_find_window(dev, search->window);
	return !search->translated;
}

/**
 * vfio_msi_find_window() - Check whether a group needs doorbells
 * @group: The group
 * @window: Set as by iommu_msi_find_window()
 *
 * Context: Process context, may sleep. Takes the group's mutex.
 * Return: true if MSIs of all devices in @group are translated.
 */
bool vfio_msi_find_window(struct iommu_group *group,
			  struct iommu_msi_window *window)
{
	struct vfio_msi_search search = { .window = window };

	iommu_group_for_each_dev(group, &search, vfio_msi_find_device_window);
	return search.translated;
}
EXPORT_SYMBOL_GPL(vfio_msi_find_window);

/**
 * vfio_msi_group_reserve() - Reserve IOVAs for the doorbells of a group
 * @space: MSI space of the container that the group is about to join
 * @group: The group
 * @window: The software MSI window that the group's IOMMU driver reports
 *
 * The devices that are in @group now get reservations, including those of host
 * drivers. One that is added later can use the doorbells that the container has then;
 * if its interrupt controller has another one, enabling its interrupts fails with
 * -ENOSPC until the group is attached again.
 *
 * Context: The container's lock is held. Takes the group's mutex.
 * Return: To be given to vfio_msi_group_unreserve(), or ERR_PTR() of -ENOMEM or of
 * the errors of iommu_msi_reserve_device(); then nothing is reserved.
 */
struct vfio_msi_group *
vfio_msi_group_reserve(struct iommu_msi_space *space, struct iommu_group *group,
		       const struct iommu_msi_window *window)
{
	struct iommu_msi_group_device *device;
	struct vfio_msi_group *msi;
	int rc;

	msi = kzalloc(sizeof(*msi), GFP_KERNEL_ACCOUNT);
	if (!msi)
		return ERR_PTR(-ENOMEM);
	msi->space = space;
	INIT_LIST_HEAD(&msi->devices);

	rc = iommu_msi_list_devices(group, NULL, &msi->devices);
	list_for_each_entry(device, &msi->devices, item) {
		if (rc)
			break;
		rc = iommu_msi_reserve_device(space, device->dev, window);
	}
	if (rc) {
		vfio_msi_group_unreserve(msi);
		return ERR_PTR(rc);
	}
	return msi;
}
EXPORT_SYMBOL_GPL(vfio_msi_group_reserve);

/**
 * vfio_msi_group_unreserve() - Undo vfio_msi_group_reserve()
 * @msi: What it returned, or NULL. The group is attached to no domain of the
 *	container any more.
 *
 * Context: The container's lock is held.
 */
void vfio_msi_group_unreserve(struct vfio_msi_group *msi)
{
	struct iommu_msi_group_device *device;

	if (!msi)
		return;
	list_for_each_entry(device, &msi->devices, item)
		iommu_msi_unreserve_device(msi->space, device->dev);
	iommu_msi_free_devices(&msi->devices);
	kfree(msi);
}
EXPORT_SYMBOL_GPL(vfio_msi_group_unreserve);

/* All devices of a group are in the same domain */
static struct device *vfio_msi_group_device(struct vfio_msi_group *msi)
{
	struct iommu_msi_group_device *device;

	list_for_each_entry(device, &msi->devices, item)
		return device->dev;
	return NULL;
}

/**
 * vfio_msi_group_attach_begin() - Map the doorbells that vectors of a group use
 * @msi: The group, or NULL if it needs no doorbells
 * @domain: Domain of the container, which takes part in its MSI space, and to which
 *	the group is attached, or about to be
 *
 * vfio_msi_group_attach_end() has to follow, also on failure.
 *
 * Context: The container's lock is held.
 * Return: 0 or the errors of iommu_msi_attach_begin().
 */
int vfio_msi_group_attach_begin(struct vfio_msi_group *msi,
				struct iommu_domain *domain)
{
	struct device *dev = msi ? vfio_msi_group_device(msi) : NULL;

	return dev ? iommu_msi_attach_begin(domain, dev) : 0;
}
EXPORT_SYMBOL_GPL(vfio_msi_group_attach_begin);

/**
 * vfio_msi_group_attach_end() - End the attach that was prepared
 * @msi: The group, or NULL
 * @domain: What vfio_msi_group_attach_begin() was given
 * @attached: The group is attached to @domain
 *
 * Context: The container's lock is held.
 */
void vfio_msi_group_attach_end(struct vfio_msi_group *msi,
			       struct iommu_domain *domain, bool attached)
{
	struct device *dev = msi ? vfio_msi_group_device(msi) : NULL;

	if (dev)
		iommu_msi_attach_end(domain, dev, attached);
}
EXPORT_SYMBOL_GPL(vfio_msi_group_attach_end);

static int vfio_msi_evade_aperture(struct iommu_msi_space *space,
				   const struct iommu_domain_geometry *geometry)
{
	int rc = 0;

	if (geometry->aperture_start)
		rc = iommu_msi_evade(space, 0, geometry->aperture_start - 1);
	if (!rc && geometry->aperture_end < ULONG_MAX)
		rc = iommu_msi_evade(space, geometry->aperture_end + 1,
				     ULONG_MAX);
	return rc;
}

/**
 * vfio_msi_evade() - Relocate doorbells out of the way of a group that joins
 * @space: MSI space of the container, or NULL
 * @resv_regions: List of struct iommu_resv_region that the group reserves
 * @geometry: Aperture of the domain that the group is attached to
 *
 * If the group cannot join after all, doorbells stay where they were relocated to.
 *
 * Context: The container's lock is held.
 * Return: 0 if the group can reach all doorbells. -EADDRINUSE if one that it cannot
 * reach is pinned, -ENOSPC if there is no hole to relocate one to.
 */
int vfio_msi_evade(struct iommu_msi_space *space,
		   const struct list_head *resv_regions,
		   const struct iommu_domain_geometry *geometry)
{
	const struct iommu_resv_region *region;
	int rc;

	if (!space)
		return 0;
	rc = vfio_msi_evade_aperture(space, geometry);
	list_for_each_entry(region, resv_regions, list) {
		if (rc)
			break;
		if (region->type == IOMMU_RESV_DIRECT_RELAXABLE ||
		    vfio_msi_is_placed(region))
			continue;
		rc = iommu_msi_evade(space, region->start,
				     region->start + region->length - 1);
	}
	return rc;
}
EXPORT_SYMBOL_GPL(vfio_msi_evade);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("MSI doorbells of VFIO type1 containers");
