// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAS as the owner of MSI spaces: what a hole in it is, and when devices and
 * domains become part of a space. Page tables of an IOAS share its space, except
 * those in which user space placed doorbells. See include/linux/iommu-msi.h for the
 * locks, Documentation/driver-api/iommu-msi.rst for the races.
 */
#include <linux/iommu.h>

#include "io_pagetable.h"
#include "msi.h"

static void iopt_msi_assert_locked(void *owner)
{
	struct io_pagetable *iopt = owner;

	lockdep_assert_held_write(&iopt->iova_rwsem);
}

static bool iopt_msi_first_taken(void *owner, unsigned long *start,
				 unsigned long *last)
{
	struct io_pagetable *iopt = owner;
	struct iopt_reserved *reserved;
	struct iopt_area *area;

	reserved = iopt_reserved_iter_first(iopt, *start, *last);
	area = iopt_area_iter_first(iopt, *start, *last);
	if (!area && !reserved)
		return false;
	if (!area ||
	    (reserved && reserved->node.start < iopt_area_iova(area))) {
		*start = reserved->node.start;
		*last = reserved->node.last;
	} else {
		*start = iopt_area_iova(area);
		*last = iopt_area_last_iova(area);
	}
	return true;
}

static bool iopt_msi_is_reserved(void *owner, unsigned long start,
				 unsigned long last)
{
	struct io_pagetable *iopt = owner;

	return iopt_reserved_iter_first(iopt, start, last);
}

static bool iopt_msi_is_claimed(void *owner, unsigned long start,
				unsigned long last)
{
	struct io_pagetable *iopt = owner;

	return iopt_allowed_iter_first(iopt, start, last);
}

static const struct iommu_msi_owner_ops iopt_msi_owner_ops = {
	.assert_locked = iopt_msi_assert_locked,
	.first_taken = iopt_msi_first_taken,
	.is_reserved = iopt_msi_is_reserved,
	.is_claimed = iopt_msi_is_claimed,
};

/**
 * iopt_msi_get_space() - Get an MSI space, created when it is first needed
 * @iopt: io_pagetable that owns it
 * @slot: Where it is kept: io_pagetable::msi_space, or that of a page table
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: The space, or ERR_PTR() of -ENOMEM.
 */
struct iommu_msi_space *iopt_msi_get_space(struct io_pagetable *iopt,
					   struct iommu_msi_space **slot)
{
	struct iommu_msi_space *space = *slot;

	lockdep_assert_held_write(&iopt->iova_rwsem);
	if (space)
		return space;
	/* No domain of an IOAS has larger pages than the CPU */
	space = iommu_msi_space_create(&iopt_msi_owner_ops, iopt, PAGE_SIZE);
	if (IS_ERR(space))
		return space;
	/* Pairs with hwpt_msi_space() */
	smp_store_release(slot, space);
	return space;
}

/*
 * The space that @hwpt_paging takes part in, NULL if the IOAS has none yet. After
 * iommufd_msi_use() it changes only from NULL to that of the IOAS, and stays until
 * iommufd_msi_unuse(): no lock is needed.
 */
static struct iommu_msi_space *
hwpt_msi_space(struct iommufd_hwpt_paging *hwpt_paging)
{
	if (hwpt_paging->msi_space)
		return hwpt_paging->msi_space;
	/* Pairs with iopt_msi_get_space() */
	return smp_load_acquire(&hwpt_paging->ioas->iopt.msi_space);
}

/* @dev reserves nothing but a software MSI window and relaxable regions */
static bool msi_reserves_nothing(struct device *dev)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	bool nothing = true;

	iommu_get_resv_regions(dev, &resv_regions);
	list_for_each_entry(resv, &resv_regions, list)
		if (resv->type != IOMMU_RESV_SW_MSI &&
		    resv->type != IOMMU_RESV_DIRECT_RELAXABLE)
			nothing = false;
	iommu_put_resv_regions(dev, &resv_regions);
	return nothing;
}

/**
 * iommufd_msi_bind() - Find out once what each attach of a device needs to know
 * @idev: The device, which is about to be bound. Its reserved regions stay as they
 *	are while a driver has it.
 */
void iommufd_msi_bind(struct iommufd_device *idev)
{
	idev->reserves_nothing = msi_reserves_nothing(idev->dev);
	idev->msi_translated =
		iommu_msi_find_window(idev->dev, &idev->msi_window);
}

/**
 * iommufd_msi_count() - Count the doorbells that a device may use
 * @dev: The device
 *
 * Return: Their number, 0 if the IOMMU does not translate MSIs of @dev.
 */
int iommufd_msi_count(struct device *dev)
{
	struct iommu_msi_window window;

	if (!iommu_msi_find_window(dev, &window))
		return 0;
	return iommu_msi_count_doorbells(dev);
}

/*
 * Some of a device's writes are MSIs for its IOMMU, whatever the page tables map. In
 * a domain with doorbells the device might get the IOVA of one.
 */
static bool msi_is_bypassed(struct device *dev)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	bool bypassed = false;

	iommu_get_resv_regions(dev, &resv_regions);
	list_for_each_entry(resv, &resv_regions, list)
		if (resv->type == IOMMU_RESV_MSI)
			bypassed = true;
	iommu_put_resv_regions(dev, &resv_regions);
	return bypassed;
}

/* No device with doorbells may be attached to the page table now or later */
static int hwpt_msi_bypass(struct iommufd_hwpt_paging *hwpt_paging,
			   struct device *dev)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	int rc = 0;

	if (!msi_is_bypassed(dev))
		return 0;
	down_write(&iopt->iova_rwsem);
	if (iommu_is_mixed_domain(hwpt_paging->common.domain))
		rc = -EINVAL;
	else
		hwpt_paging->msi_bypassed = true;
	up_write(&iopt->iova_rwsem);
	return rc;
}

/* The iova_rwsem is held for write */
static int hwpt_msi_reserve(struct iommufd_hwpt_paging *hwpt_paging,
			    struct device *dev,
			    const struct iommu_msi_window *window)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	struct iommu_msi_space *space;
	int rc;

	if (hwpt_paging->msi_bypassed)
		return -EINVAL;
	space = hwpt_paging->msi_space ?:
			iopt_msi_get_space(iopt, &iopt->msi_space);
	if (IS_ERR(space))
		return PTR_ERR(space);
	rc = iommu_msi_join(space, hwpt_paging->common.domain);
	if (rc) {
		/* No device has been attached to it, as it had not joined */
		iommu_msi_leave(hwpt_paging->common.domain);
		return rc;
	}
	return iommu_msi_reserve_device(space, dev, window);
}

/**
 * iommufd_msi_use() - Fix which MSI space a page table takes part in
 * @hwpt_paging: The page table that a device, or a group, is about to be
 *	attached to
 *
 * It cannot get a space of its own any more: what follows, up to the end of the
 * attach, finds the same one. Undone by iommufd_msi_unuse() if the attach fails.
 */
void iommufd_msi_use(struct iommufd_hwpt_paging *hwpt_paging)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;

	down_write(&iopt->iova_rwsem);
	hwpt_paging->msi_uses++;
	up_write(&iopt->iova_rwsem);
}

/**
 * iommufd_msi_unuse() - Undo iommufd_msi_use()
 * @hwpt_paging: The page table. If nothing else was ever attached to it, it
 *	takes part in no MSI space any more, and may be given one of its own.
 */
void iommufd_msi_unuse(struct iommufd_hwpt_paging *hwpt_paging)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;

	down_write(&iopt->iova_rwsem);
	if (!--hwpt_paging->msi_uses) {
		hwpt_paging->msi_bypassed = false;
		iommu_msi_leave(hwpt_paging->common.domain);
	}
	up_write(&iopt->iova_rwsem);
}

/**
 * iommufd_msi_reserve() - Reserve IOVAs for the doorbells of a device
 * @hwpt_paging: The page table that the device is about to be attached to, and
 *	which iommufd_msi_use() was called for. It takes part in its MSI space
 *	from now on.
 * @idev: The device; nothing is reserved if its IOMMU does not translate its MSIs, or
 *	its doorbells have IOVAs in that space already
 *
 * Undone by iopt_msi_unreserve().
 *
 * Return: 0 or the errors of iommu_msi_reserve_device() and iommu_msi_join(). -EINVAL
 * if a device whose MSIs bypass the page tables has been attached to @hwpt_paging, or
 * @idev is one and another device has been: a page table does not mix them.
 */
int iommufd_msi_reserve(struct iommufd_hwpt_paging *hwpt_paging,
			struct iommufd_device *idev)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	int rc;

	if (!idev->msi_translated)
		return hwpt_msi_bypass(hwpt_paging, idev->dev);

	down_write(&iopt->iova_rwsem);
	rc = hwpt_msi_reserve(hwpt_paging, idev->dev, &idev->msi_window);
	up_write(&iopt->iova_rwsem);
	return rc;
}

/**
 * iopt_msi_unreserve() - Undo iommufd_msi_reserve()
 * @iopt: io_pagetable of the page table's IOAS
 * @dev: The device; nothing happens if it has no reservation
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 */
void iopt_msi_unreserve(struct io_pagetable *iopt, struct device *dev)
{
	struct iommufd_hwpt_paging *hwpt_paging;

	lockdep_assert_held_write(&iopt->iova_rwsem);

	/* Reservations by tests belong to no device */
	if (!dev)
		return;
	if (iopt->msi_space)
		iommu_msi_unreserve_device(iopt->msi_space, dev);
	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item)
		iommu_msi_unreserve_device(hwpt_paging->msi_space, dev);
}

/**
 * iommufd_msi_hwpt_space() - Create an MSI space of a page table's own
 * @hwpt_paging: The page table
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: Its space, or ERR_PTR() of -EBUSY if devices have been attached to
 * it, or are about to be, that use the space of the IOAS, or of -ENOMEM.
 */
struct iommu_msi_space *
iommufd_msi_hwpt_space(struct iommufd_hwpt_paging *hwpt_paging)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	struct iommu_msi_space *space;

	lockdep_assert_held_write(&iopt->iova_rwsem);

	if (hwpt_paging->msi_space)
		return hwpt_paging->msi_space;
	if (hwpt_paging->msi_uses)
		return ERR_PTR(-EBUSY);
	space = iopt_msi_get_space(iopt, &hwpt_paging->msi_space);
	if (!IS_ERR(space))
		list_add(&hwpt_paging->msi_item, &iopt->msi_hwpts);
	return space;
}

/**
 * iommufd_msi_hwpt_drop_space() - Remove the MSI space of a page table
 * @hwpt_paging: The page table, which does not take part in its space
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 */
void iommufd_msi_hwpt_drop_space(struct iommufd_hwpt_paging *hwpt_paging)
{
	lockdep_assert_held_write(&hwpt_paging->ioas->iopt.iova_rwsem);

	list_del(&hwpt_paging->msi_item);
	iommu_msi_space_destroy(hwpt_paging->msi_space);
	hwpt_paging->msi_space = NULL;
}

/**
 * iommufd_msi_hwpt_destroy() - Prepare to free a page table without devices
 * @hwpt_paging: The page table. It leaves its MSI space, and that is destroyed if
 *	it is its own.
 */
void iommufd_msi_hwpt_destroy(struct iommufd_hwpt_paging *hwpt_paging)
{
	struct iommu_domain *domain = hwpt_paging->common.domain;
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;

	if (!hwpt_paging->msi_space && (!domain || !domain->msi))
		return;
	down_write(&iopt->iova_rwsem);
	if (domain)
		iommu_msi_leave(domain);
	if (hwpt_paging->msi_space)
		iommufd_msi_hwpt_drop_space(hwpt_paging);
	up_write(&iopt->iova_rwsem);
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

/* A pinned doorbell of any space fails this before one of another is relocated */
static int iopt_msi_check_room(struct io_pagetable *iopt, unsigned long start,
			       unsigned long last)
{
	struct iommufd_hwpt_paging *hwpt_paging;
	int rc;

	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item) {
		rc = iommu_msi_check_room(hwpt_paging->msi_space, start, last);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * iopt_msi_make_room() - Relocate doorbells out of the way of something else
 * @iopt: io_pagetable
 * @start: First IOVA that is wanted, in bytes
 * @last: Last such IOVA
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: 0 or the errors of iommu_msi_make_room(). If that is -EEXIST no doorbell
 * was relocated; with -ENOSPC those of other page tables may have been.
 */
int iopt_msi_make_room(struct io_pagetable *iopt, unsigned long start,
		       unsigned long last)
{
	struct iommufd_hwpt_paging *hwpt_paging;
	int rc;

	rc = iopt_msi_check_room(iopt, start, last);
	if (!rc && iopt->msi_space)
		rc = iommu_msi_make_room(iopt->msi_space, start, last);
	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item) {
		if (rc)
			break;
		rc = iommu_msi_make_room(hwpt_paging->msi_space, start, last);
	}
	return rc;
}

/**
 * iopt_msi_evade() - Relocate doorbells out of IOVAs that become unreachable
 * @iopt: io_pagetable
 * @start: First IOVA of the range in bytes
 * @last: Last such IOVA
 *
 * Context: io_pagetable::iova_rwsem is held for write.
 * Return: 0 or the errors of iommu_msi_evade(); those of other page tables may have
 * been relocated then.
 */
int iopt_msi_evade(struct io_pagetable *iopt, unsigned long start,
		   unsigned long last)
{
	struct iommufd_hwpt_paging *hwpt_paging;
	int rc = 0;

	if (iopt->msi_space)
		rc = iommu_msi_evade(iopt->msi_space, start, last);
	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item) {
		if (rc)
			break;
		rc = iommu_msi_evade(hwpt_paging->msi_space, start, last);
	}
	return rc;
}

static bool msi_skip_place(struct iommu_msi_space *space, unsigned long *start,
			   unsigned long length)
{
	struct interval_tree_node *place;

	place = iommu_msi_first_place(space, *start, *start + length - 1);
	if (!place)
		return false;
	/* The very last byte has none behind it, and fits nothing */
	*start = place->last == ULONG_MAX ? ULONG_MAX : place->last + 1;
	return true;
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
	struct iommufd_hwpt_paging *hwpt_paging;

	if (iopt->msi_space && msi_skip_place(iopt->msi_space, start, length))
		return true;
	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item)
		if (msi_skip_place(hwpt_paging->msi_space, start, length))
			return true;
	return false;
}

/**
 * iommufd_msi_check_attach() - Check whether a device's messages allow attaching it
 * @hwpt_paging: The page table that the device is about to be attached to, or, if it
 *	is the first one of its group, has just been attached to
 * @idev: The device, which was attached to nothing
 *
 * Return: 0 or the errors of iommu_msi_check_device().
 */
int iommufd_msi_check_attach(struct iommufd_hwpt_paging *hwpt_paging,
			     struct iommufd_device *idev)
{
	lockdep_assert_held(&idev->igroup->lock);

	if (!idev->msi_translated)
		return 0;
	return iommu_msi_check_device(hwpt_msi_space(hwpt_paging), idev->dev);
}

/* Some drivers finish a domain, with its aperture, when @group is attached to it */
static int hwpt_msi_fit(struct iommufd_hwpt_paging *hwpt_paging,
			struct iommu_group *group)
{
	struct iommu_domain *domain = hwpt_paging->common.domain;
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	int rc;

	if (iommu_msi_fits(domain))
		return 0;
	down_write(&iopt->iova_rwsem);
	rc = iommu_msi_fit(domain);
	/* Doorbells of the host's vectors may not have been in the aperture before */
	if (!rc)
		rc = iommu_msi_follow_group(group);
	up_write(&iopt->iova_rwsem);
	return rc;
}

/* Map the doorbells of a group that has just entered a page table from no other one */
static int hwpt_msi_enter(struct iommufd_hwpt_paging *hwpt_paging,
			  struct iommu_group *group)
{
	struct iommu_domain *domain = hwpt_paging->common.domain;
	int rc = iommu_msi_group_begin(domain, group);

	iommu_msi_group_end(domain, group, !rc);
	return rc;
}

/**
 * iommufd_msi_attached() - Map the doorbells of a device that has been attached
 * @hwpt_paging: The page table, or NULL for one that is not of the paging kind
 * @idev: The device, the first one of its group. Vectors that it kept while it
 *	was detached from a page table of the same IOAS work again.
 *
 * Return: 0 or the errors of iommu_msi_fit(), iommu_msi_follow_group(),
 * iommu_msi_group_begin() and iommufd_msi_check_attach().
 */
int iommufd_msi_attached(struct iommufd_hwpt_paging *hwpt_paging,
			 struct iommufd_device *idev)
{
	int rc;

	if (!hwpt_paging || !iommu_is_mixed_domain(hwpt_paging->common.domain))
		return 0;
	rc = hwpt_msi_fit(hwpt_paging, idev->igroup->group);
	if (rc)
		return rc;
	rc = hwpt_msi_enter(hwpt_paging, idev->igroup->group);
	if (rc)
		return rc;
	/* Vectors may have come since then */
	return iommufd_msi_check_attach(hwpt_paging, idev);
}

/* Two IOAS, which may be the same, are locked in the order of their addresses */
static void iopt_lock_both(struct io_pagetable *a, struct io_pagetable *b)
{
	if (a > b)
		swap(a, b);
	down_write(&a->iova_rwsem);
	if (a != b)
		down_write_nested(&b->iova_rwsem, SINGLE_DEPTH_NESTING);
}

static void iopt_unlock_both(struct io_pagetable *a, struct io_pagetable *b)
{
	up_write(&a->iova_rwsem);
	if (a != b)
		up_write(&b->iova_rwsem);
}

/*
 * The page table whose MSI space @igroup leaves, NULL if it leaves none. Both are in
 * use, so the answer does not change until the replacement is over.
 */
static struct iommufd_hwpt_paging *
iommufd_msi_old(struct iommufd_hwpt_paging *new, struct iommufd_group *igroup)
{
	struct iommufd_hwpt_paging *old = find_hwpt_paging(igroup->hwpt);

	if (!old || !iommu_is_mixed_domain(old->common.domain) ||
	    hwpt_msi_space(old) == hwpt_msi_space(new))
		return NULL;
	return old;
}

static void iommufd_msi_unreserve(struct iommufd_hwpt_paging *hwpt_paging,
				  struct iommufd_group *igroup)
{
	struct io_pagetable *iopt = &hwpt_paging->ioas->iopt;
	struct iommufd_device *cur;

	down_write(&iopt->iova_rwsem);
	list_for_each_entry(cur, &igroup->device_list, group_item)
		iommu_msi_unreserve_device(hwpt_msi_space(hwpt_paging),
					   cur->dev);
	up_write(&iopt->iova_rwsem);
}

/* Begin to replace the page table of one device of a group */
static int iommufd_msi_begin_device(struct iommufd_hwpt_paging *new,
				    struct iommufd_hwpt_paging *old,
				    struct iommufd_device *idev)
{
	struct device *dev = idev->dev;
	int rc;

	rc = iommufd_msi_reserve(new, idev);
	if (rc || !iommu_is_mixed_domain(new->common.domain))
		return rc;
	if (old) {
		iopt_lock_both(&old->ioas->iopt, &new->ioas->iopt);
		rc = iommu_msi_replace_begin(hwpt_msi_space(old),
					     hwpt_msi_space(new), dev);
		iopt_unlock_both(&old->ioas->iopt, &new->ioas->iopt);
	} else if (iommu_msi_in_use_elsewhere(hwpt_msi_space(new), dev)) {
		rc = -EBUSY;
	}
	return rc;
}

/**
 * iommufd_msi_begin_move() - Map a group's doorbells in its next page table
 * @hwpt_paging: Page table that the group is about to be attached to
 * @igroup: The group
 *
 * Vectors that are in use, and those that come until iommufd_msi_end_move(), work in
 * both the old page table and the new one. If these have different MSI spaces,
 * doorbells are relocated to IOVAs that are free in both.
 *
 * Return: 0, and iommufd_msi_end_move() has to follow, or the errors of
 * iommufd_msi_reserve(), iommu_msi_group_begin() and iommu_msi_replace_begin().
 */
int iommufd_msi_begin_move(struct iommufd_hwpt_paging *hwpt_paging,
			   struct iommufd_group *igroup)
{
	struct iommufd_hwpt_paging *old;
	struct iommufd_device *cur;
	int rc = 0;

	lockdep_assert_held(&igroup->lock);

	if (iommufd_msi_stays(hwpt_paging, igroup))
		return 0;
	iommufd_msi_use(hwpt_paging);
	old = iommufd_msi_old(hwpt_paging, igroup);
	list_for_each_entry(cur, &igroup->device_list, group_item) {
		if (rc)
			break;
		rc = iommufd_msi_begin_device(hwpt_paging, old, cur);
	}
	if (!rc && iommu_is_mixed_domain(hwpt_paging->common.domain))
		rc = iommu_msi_group_begin(hwpt_paging->common.domain,
					   igroup->group);
	if (rc)
		iommufd_msi_end_move(hwpt_paging, igroup, false);
	return rc;
}

/* Both page tables have the vectors of @igroup: leave them to one of the two */
static void iommufd_msi_end_devices(struct iommufd_hwpt_paging *new,
				    struct iommufd_hwpt_paging *old,
				    struct iommufd_group *igroup, bool moved)
{
	struct iommufd_device *cur;

	iommu_msi_group_end(new->common.domain, igroup->group, moved);
	if (!old)
		return;
	list_for_each_entry(cur, &igroup->device_list, group_item)
		iommu_msi_replace_end(hwpt_msi_space(old), hwpt_msi_space(new),
				      cur->dev, moved);
	iommufd_msi_unreserve(moved ? old : new, igroup);
}

/**
 * iommufd_msi_end_move() - Unmap a group's doorbells where it is not attached
 * @hwpt_paging: Page table that was given to iommufd_msi_begin_move()
 * @igroup: The group; iommufd_group::hwpt is still the old page table
 * @moved: The group is attached to @hwpt_paging
 */
void iommufd_msi_end_move(struct iommufd_hwpt_paging *hwpt_paging,
			  struct iommufd_group *igroup, bool moved)
{
	lockdep_assert_held(&igroup->lock);

	if (iommufd_msi_stays(hwpt_paging, igroup))
		return;
	if (iommu_is_mixed_domain(hwpt_paging->common.domain))
		iommufd_msi_end_devices(hwpt_paging,
					iommufd_msi_old(hwpt_paging, igroup),
					igroup, moved);
	if (!moved)
		iommufd_msi_unuse(hwpt_paging);
}
