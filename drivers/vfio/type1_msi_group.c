// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a group that joins a type1 container means to the container's MSI space: whether
 * it needs doorbells, and which ones are in its way. The container itself is in
 * vfio_iommu_type1.c, which holds its lock over all calls; see
 * include/linux/iommu-msi.h for the locks, Documentation/driver-api/iommu-msi.rst for
 * the races.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/module.h>

#include "vfio_iommu_type1_msi.h"

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
