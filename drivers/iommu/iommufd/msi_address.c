// SPDX-License-Identifier: GPL-2.0-only
/*
 * When MSI addresses that a guest chose become invalid: a group leaves its nested
 * page table for one that is not on the same parent. They are reverted first, see
 * include/linux/iommu-msi.h.
 */
#include <linux/iommu-msi-nesting.h>

#include "msi.h"

/*
 * A guest that changes its stage 1 has one nested page table replaced by another one
 * on the same parent, and keeps using the addresses that it programmed.
 */
static bool iommufd_msi_leaves(struct iommufd_hw_pagetable *from,
			       struct iommufd_hw_pagetable *to)
{
	if (from->obj.type != IOMMUFD_OBJ_HWPT_NESTED)
		return false;
	return to->obj.type != IOMMUFD_OBJ_HWPT_NESTED ||
	       find_hwpt_paging(from) != find_hwpt_paging(to);
}

/**
 * iommufd_msi_begin_leave() - Revert a group's addresses before a replacement
 * @hwpt: Page table that the group is about to be attached to
 * @igroup: The group; nothing happens if it does not leave a nested page table, or
 *	@hwpt has the same parent
 *
 * iommufd_msi_end_leave() has to follow.
 *
 * Context: iommufd_group::lock is held.
 */
void iommufd_msi_begin_leave(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_group *igroup)
{
	struct iommufd_device *cur;

	lockdep_assert_held(&igroup->lock);

	if (!iommufd_msi_leaves(igroup->hwpt, hwpt))
		return;
	list_for_each_entry(cur, &igroup->device_list, group_item)
		iommu_msi_suspend_addresses(cur->dev);
}

/**
 * iommufd_msi_end_leave() - The group has left, or stayed where it was
 * @hwpt: Page table that was given to iommufd_msi_begin_leave()
 * @igroup: The group; iommufd_group::hwpt is still the old page table
 * @left: The group is attached to @hwpt; otherwise its addresses are used again
 *
 * Context: iommufd_group::lock is held.
 */
void iommufd_msi_end_leave(struct iommufd_hw_pagetable *hwpt,
			   struct iommufd_group *igroup, bool left)
{
	struct iommufd_device *cur;

	lockdep_assert_held(&igroup->lock);

	if (!iommufd_msi_leaves(igroup->hwpt, hwpt))
		return;
	list_for_each_entry(cur, &igroup->device_list, group_item) {
		if (left)
			iommu_msi_drop_addresses(cur->dev);
		else
			iommu_msi_resume_addresses(cur->dev);
	}
}

/**
 * iommufd_msi_begin_detach() - Revert the addresses of a device to be detached
 * @hwpt: Page table that its group is attached to; nothing happens if it is not
 *	nested, as no address is set then
 * @idev: The device
 *
 * iommufd_msi_end_detach() has to follow.
 *
 * Context: iommufd_group::lock is held.
 */
void iommufd_msi_begin_detach(struct iommufd_hw_pagetable *hwpt,
			      struct iommufd_device *idev)
{
	if (!hwpt_is_paging(hwpt))
		iommu_msi_suspend_addresses(idev->dev);
}

/**
 * iommufd_msi_end_detach() - The device is detached
 * @hwpt: Page table that it was attached to
 * @idev: The device
 *
 * Context: iommufd_group::lock is held.
 */
void iommufd_msi_end_detach(struct iommufd_hw_pagetable *hwpt,
			    struct iommufd_device *idev)
{
	if (!hwpt_is_paging(hwpt))
		iommu_msi_drop_addresses(idev->dev);
}
