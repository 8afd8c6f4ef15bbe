// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAS as the owner of an MSI space: what a hole in it is, and when devices
 * and domains become part of the space. See include/linux/iommu-msi.h for the
 * locks and the races.
 */
#include <linux/iommu.h>

#include "double_span.h"
#include "io_pagetable.h"
#include "msi.h"

static void iopt_msi_assert_locked(void *owner)
{
	struct io_pagetable *iopt = owner;

	lockdep_assert_held_write(&iopt->iova_rwsem);
}

static bool iopt_msi_is_hole(void *owner, unsigned long start,
			     unsigned long last)
{
	struct io_pagetable *iopt = owner;

	return !iopt_reserved_iter_first(iopt, start, last) &&
	       !iopt_area_iter_first(iopt, start, last);
}

static bool iopt_msi_is_claimed(void *owner, unsigned long start,
				unsigned long last)
{
	struct io_pagetable *iopt = owner;

	return iopt_allowed_iter_first(iopt, start, last);
}

static void iopt_msi_walk_holes(void *owner, unsigned long start,
				unsigned long last,
				void (*fn)(unsigned long start,
					   unsigned long last, void *data),
				void *data)
{
	struct interval_tree_double_span_iter span;
	struct io_pagetable *iopt = owner;

	interval_tree_double_span_iter_first(&span, &iopt->reserved_itree,
					     &iopt->area_itree, start, last);
	while (!interval_tree_double_span_iter_done(&span)) {
		if (!span.is_used)
			fn(span.start_hole, span.last_hole, data);
		interval_tree_double_span_iter_next(&span);
	}
}

static const struct iommu_msi_owner_ops iopt_msi_owner_ops = {
	.assert_locked = iopt_msi_assert_locked,
	.is_hole = iopt_msi_is_hole,
	.is_claimed = iopt_msi_is_claimed,
	.walk_holes = iopt_msi_walk_holes,
};

static struct iommu_msi_space *iopt_msi_get_space(struct io_pagetable *iopt)
{
	struct iommu_msi_space *space = iopt->msi_space;

	lockdep_assert_held_write(&iopt->iova_rwsem);
	if (space)
		return space;
	/* No domain of an IOAS has larger pages than the CPU */
	space = iommu_msi_space_create(&iopt_msi_owner_ops, iopt, PAGE_SIZE);
	if (!IS_ERR(space))
		iopt->msi_space = space;
	return space;
}

/**
 * iopt_msi_reserve_device() - Reserve places for the doorbells of a device
 * @iopt: io_pagetable of the IOAS that the device is about to be attached to
 * @dev: The device
 * @window: The region of type IOMMU_RESV_SW_MSI that its IOMMU driver reports
 *
 * Undone by iopt_msi_unreserve().
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: 0 or the errors of iommu_msi_reserve_device().
 */
int iopt_msi_reserve_device(struct io_pagetable *iopt, struct device *dev,
			    const struct iommu_resv_region *window)
{
	const struct iommu_msi_window range = {
		.start = window->start,
		.last = window->start + window->length - 1,
	};
	struct iommu_msi_space *space = iopt_msi_get_space(iopt);

	if (IS_ERR(space))
		return PTR_ERR(space);
	return iommu_msi_reserve_device(space, dev, &range);
}

/**
 * iopt_msi_destroy() - Destroy the MSI space of an IOAS
 * @iopt: io_pagetable of the IOAS, without domains and devices
 */
void iopt_msi_destroy(struct io_pagetable *iopt)
{
	if (!iopt->msi_space)
		return;
	down_write(&iopt->iova_rwsem);
	iommu_msi_space_destroy(iopt->msi_space);
	iopt->msi_space = NULL;
	up_write(&iopt->iova_rwsem);
}

/**
 * iopt_msi_skip_place() - Step over a doorbell when an IOVA is allocated
 * @iopt: io_pagetable
 * @start: First IOVA of the candidate in bytes. If a doorbell is in the way, set
 *	to the first IOVA behind it.
 * @length: Length of the candidate in bytes
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: true if a doorbell was in the way.
 */
bool iopt_msi_skip_place(struct io_pagetable *iopt, unsigned long *start,
			 unsigned long length)
{
	struct interval_tree_node *place;

	if (!iopt->msi_space)
		return false;
	place = iommu_msi_first_place(iopt->msi_space, *start,
				      *start + length - 1);
	if (!place)
		return false;
	/* The very last byte has none behind it, and fits nothing */
	*start = place->last == ULONG_MAX ? ULONG_MAX : place->last + 1;
	return true;
}

/**
 * iommufd_msi_join() - Let a page table take part in the MSI space of its IOAS
 * @hwpt_paging: The page table. Devices behind an IOMMU that translates MSIs are
 *	about to be attached to it; those that need doorbells have their
 *	reservations.
 *
 * Return: 0, -ENOMEM, or the errors of iommu_msi_join().
 */
int iommufd_msi_join(struct iommufd_hwpt_paging *hwpt_paging)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	struct iommu_msi_space *space;

	/* A driver that ran out of memory reported no window, and made no space */
	down_write(&iopt->iova_rwsem);
	space = iopt_msi_get_space(iopt);
	up_write(&iopt->iova_rwsem);
	if (IS_ERR(space))
		return PTR_ERR(space);
	return iommu_msi_join(space, hwpt_paging->common.domain);
}

/**
 * iommufd_msi_attached() - Map the doorbells of a device that has been attached
 * @hwpt_paging: The page table, or NULL for one that is not of the paging kind
 * @dev: The device. Vectors that it kept while it was detached from a page table
 *	of the same IOAS work again.
 *
 * Return: 0 or the errors of iommu_msi_populate().
 */
int iommufd_msi_attached(struct iommufd_hwpt_paging *hwpt_paging,
			 struct device *dev)
{
	int rc;

	if (!hwpt_paging || !iommu_is_mixed_domain(hwpt_paging->common.domain))
		return 0;
	rc = iommu_msi_populate(hwpt_paging->common.domain, dev);
	iommu_msi_settle(hwpt_paging->common.domain, dev);
	return rc;
}

/**
 * iommufd_msi_begin_move() - Map the doorbells of a group that is about to move
 * @hwpt_paging: Page table that the group moves to. Its devices have their
 *	reservations in its IOAS.
 * @igroup: The group
 *
 * Vectors that are in use, and those that come until iommufd_msi_end_move(), work
 * in the old page table and in the new one.
 *
 * Return: 0, and iommufd_msi_end_move() has to follow, or the errors of
 * iommu_msi_populate().
 */
int iommufd_msi_begin_move(struct iommufd_hwpt_paging *hwpt_paging,
			   struct iommufd_group *igroup)
{
	struct iommufd_device *cur;
	int rc;

	lockdep_assert_held(&igroup->lock);

	if (!iommu_is_mixed_domain(hwpt_paging->common.domain))
		return 0;
	list_for_each_entry(cur, &igroup->device_list, group_item) {
		rc = iommu_msi_populate(hwpt_paging->common.domain, cur->dev);
		if (rc) {
			iommufd_msi_end_move(hwpt_paging, igroup);
			return rc;
		}
	}
	return 0;
}

/**
 * iommufd_msi_end_move() - The group has moved, or stayed where it was
 * @hwpt_paging: Page table that was given to iommufd_msi_begin_move()
 * @igroup: The group
 */
void iommufd_msi_end_move(struct iommufd_hwpt_paging *hwpt_paging,
			  struct iommufd_group *igroup)
{
	struct iommufd_device *cur;

	lockdep_assert_held(&igroup->lock);

	if (!iommu_is_mixed_domain(hwpt_paging->common.domain))
		return;
	list_for_each_entry(cur, &igroup->device_list, group_item)
		iommu_msi_settle(hwpt_paging->common.domain, cur->dev);
}
