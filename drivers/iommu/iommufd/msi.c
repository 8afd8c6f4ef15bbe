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

static void iopt_msi_for_each_hole(void *owner, unsigned long start,
				   unsigned long last,
				   void (*fn)(unsigned long start,
					      unsigned long last, void *data),
				   void *data)
{
	struct interval_tree_double_span_iter span;
	struct io_pagetable *iopt = owner;

	interval_tree_for_each_double_span(&span, &iopt->reserved_itree,
					   &iopt->area_itree, start, last)
		if (!span.is_used)
			fn(span.start_hole, span.last_hole, data);
}

static const struct iommu_msi_owner_ops iopt_msi_owner_ops = {
	.assert_locked = iopt_msi_assert_locked,
	.is_hole = iopt_msi_is_hole,
	.is_claimed = iopt_msi_is_claimed,
	.for_each_hole = iopt_msi_for_each_hole,
};

/**
 * iopt_msi_reserve_device() - Reserve places for the doorbells of a device
 * @iopt: io_pagetable of the IOAS that the device is about to be attached to
 * @dev: The device
 * @window: The region of type IOMMU_RESV_SW_MSI that its IOMMU driver reports
 *
 * Undone by iopt_msi_unreserve_device().
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
	struct iommu_msi_space *space = iopt->msi_space;

	lockdep_assert_held_write(&iopt->iova_rwsem);

	if (!space) {
		/* No domain of an IOAS has larger pages than the CPU */
		space = iommu_msi_space_create(&iopt_msi_owner_ops, iopt,
					       PAGE_SIZE);
		if (IS_ERR(space))
			return PTR_ERR(space);
		iopt->msi_space = space;
	}
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
 * @hwpt_paging: The page table. A device that needs doorbells is about to be
 *	attached to it, and has its reservation.
 *
 * Return: 0 or the errors of iommu_msi_join().
 */
int iommufd_msi_join(struct iommufd_hwpt_paging *hwpt_paging)
{
	return iommu_msi_join(hwpt_paging->ioas->iopt.msi_space,
			      hwpt_paging->common.domain);
}

/**
 * iommufd_msi_populate() - Map all doorbells in use into a page table
 * @hwpt_paging: The page table
 *
 * Vectors that were set up while the device was attached to another page table
 * of the same IOAS work with this one, too.
 *
 * Return: 0 or the errors of iommu_msi_populate().
 */
int iommufd_msi_populate(struct iommufd_hwpt_paging *hwpt_paging)
{
	if (!hwpt_paging->common.domain->msi)
		return 0;
	return iommu_msi_populate(hwpt_paging->common.domain);
}
