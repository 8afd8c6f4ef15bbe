// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells under nested page tables, whose IOVAs a guest knows. See
 * include/linux/iommu-msi.h for the locks.
 */
#include <linux/iommu-msi-nesting.h>

#include "io_pagetable.h"
#include "msi.h"

/**
 * iommufd_msi_pin() - Pin a device's doorbells, whose IOVAs a guest will know
 * @hwpt: The page table that the device is about to be attached to; nothing
 *	happens unless it is nested
 * @dev: The device, which iommufd_msi_reserve() was called for with the parent
 *
 * They are in the parent's page tables from now on. Undone by
 * iopt_msi_unreserve(), or iommufd_msi_unpin_group().
 *
 * Return: 0 or the errors of iommu_msi_pin_device().
 */
int iommufd_msi_pin(struct iommufd_hw_pagetable *hwpt, struct device *dev)
{
	struct iommufd_hwpt_paging *parent = find_hwpt_paging(hwpt);
	struct iommu_domain *domain = parent->common.domain;
	struct io_pagetable *iopt = &parent->ioas->iopt;
	int rc;

	if (hwpt_is_paging(hwpt) || !iommu_is_mixed_domain(domain))
		return 0;
	down_write(&iopt->iova_rwsem);
	rc = iommu_msi_pin_device(domain, dev);
	up_write(&iopt->iova_rwsem);
	return rc;
}

/**
 * iommufd_msi_pin_group() - iommufd_msi_pin() before a group's replacement
 * @hwpt: The page table that the group is about to be attached to
 * @igroup: The group, after iommufd_msi_begin_move()
 *
 * Return: 0 or the errors of iommu_msi_pin_device(). Either way
 * iommufd_msi_unpin_group() has to follow the replacement, or its failure.
 */
int iommufd_msi_pin_group(struct iommufd_hw_pagetable *hwpt,
			  struct iommufd_group *igroup)
{
	struct iommufd_device *cur;
	int rc;

	lockdep_assert_held(&igroup->lock);

	/* They are pinned already: a guest only changes its own page tables */
	if (!hwpt_is_paging(igroup->hwpt) &&
	    iommufd_msi_stays(find_hwpt_paging(hwpt), igroup))
		return 0;
	list_for_each_entry(cur, &igroup->device_list, group_item) {
		rc = iommufd_msi_pin(hwpt, cur->dev);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * iommufd_msi_unpin_group() - Unpin doorbells that no guest knows any more
 * @hwpt: The page table that the group is attached to now; nothing happens if it
 *	is nested
 * @igroup: The group
 */
void iommufd_msi_unpin_group(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_group *igroup)
{
	struct iommufd_hwpt_paging *hwpt_paging = find_hwpt_paging(hwpt);
	struct iommu_domain *domain = hwpt_paging->common.domain;
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	struct iommufd_device *cur;

	lockdep_assert_held(&igroup->lock);

	if (!hwpt_is_paging(hwpt) || !iommu_is_mixed_domain(domain))
		return;
	down_write(&iopt->iova_rwsem);
	list_for_each_entry(cur, &igroup->device_list, group_item)
		iommu_msi_unpin_device(domain, cur->dev);
	up_write(&iopt->iova_rwsem);
}
