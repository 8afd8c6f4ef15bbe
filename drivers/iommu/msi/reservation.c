// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations: the right of an attached device to use its doorbells. It asks the
 * interrupt controller for them when the device is attached, and places those that
 * no other device has brought. See include/linux/iommu-msi.h.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <trace/events/iommu_msi.h>

#include "isolation.h"
#include "space.h"

/* State of one iommu_msi_reserve_device() */
struct msi_reserve {
	struct iommu_msi_space *space;
	struct device *dev;
	bool below_4g;
	struct list_head moves;
	/* Not needed, but better */
	struct list_head optional_moves;
};

/* Devices with 32-bit MSI addresses cannot use a place above 4 GiB */
static int doorbell_lower(struct iommu_doorbell *doorbell,
			  struct list_head *moves)
{
	int rc;

	if (upper_32_bits(doorbell->place.last) == 0)
		return 0;
	rc = msi_move_begin(doorbell, NULL, moves);
	return rc == -EEXIST ? -EADDRINUSE : rc;
}

/*
 * A doorbell that the kernel put where the device's bus does not carry its MSIs is
 * relocated. It stays if it is pinned, or if there is no better place.
 */
static int doorbell_bring_in_reach(struct iommu_doorbell *doorbell,
				   struct list_head *moves)
{
	unsigned long iova;
	int rc;

	if (msi_bus_reaches(&doorbell->space->limits, doorbell->place.start,
			    doorbell->place.last) ||
	    doorbell_placement_kind(doorbell) != IOMMU_MSI_PLACED_AUTO ||
	    doorbell_is_pinned(doorbell))
		return 0;
	rc = msi_space_find_reachable_place(doorbell, &iova);
	if (rc)
		return rc == -ENOSPC ? 0 : rc;
	return msi_move_begin_to(doorbell, iova, moves);
}

/* Another device has brought it */
static int msi_reserve_known(struct msi_reserve *reserve,
			     struct iommu_doorbell *doorbell)
{
	int rc = 0;

	if (reserve->below_4g)
		rc = doorbell_lower(doorbell, &reserve->moves);
	if (rc || doorbell->moving)
		return rc;
	return doorbell_bring_in_reach(doorbell, &reserve->optional_moves);
}

static int msi_reserve_page(struct msi_reserve *reserve, phys_addr_t phys)
{
	struct iommu_msi_space *space = reserve->space;
	struct msi_reservation *reservation;
	struct iommu_doorbell *doorbell;
	int rc = 0;

	reservation = kzalloc(sizeof(*reservation), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;
	reservation->bus = msi_bus_get(&space->limits, reserve->dev);
	if (IS_ERR(reservation->bus)) {
		rc = PTR_ERR(reservation->bus);
		goto out_free;
	}

	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell = doorbell_find(space, phys);
	else
		/* Vectors that the device kept while it was detached */
		doorbell = msi_find_used(space, reserve->dev);
	if (!doorbell) {
		doorbell = doorbell_create(space, reserve->dev, phys);
		if (IS_ERR(doorbell))
			rc = PTR_ERR(doorbell);
	} else {
		rc = msi_reserve_known(reserve, doorbell);
	}
	if (rc)
		goto out_put;

	doorbell->reservations++;
	reservation->doorbell = doorbell;
	reservation->dev = reserve->dev;
	reservation->below_4g = reserve->below_4g;
	space->below_4g += reserve->below_4g;
	list_add_tail(&reservation->item, &space->reservations);
	trace_iommu_msi_reserve(space, reserve->dev, phys,
				doorbell->place.start);
	return 0;

out_put:
	msi_bus_put(&space->limits, reservation->bus);
out_free:
	kfree(reservation);
	return rc;
}

static int msi_reserve_doorbell(phys_addr_t start, size_t size, void *data)
{
	phys_addr_t last = start + size - 1;
	phys_addr_t phys = ALIGN_DOWN(start, IOMMU_DOORBELL_PAGE);
	struct msi_reserve *reserve = data;
	int rc;

	for (; phys <= last; phys += IOMMU_DOORBELL_PAGE) {
		/* No domain of the space has larger pages than a slot */
		rc = iommu_msi_check_page(reserve->dev, max(phys, start),
					  reserve->space->slot_size);
		if (!rc)
			rc = msi_reserve_page(reserve, phys);
		if (rc)
			return rc;
	}
	return 0;
}

static void msi_unreserve_device(struct iommu_msi_space *space,
				 struct device *dev)
{
	struct msi_reservation *reservation, *next;

	msi_space_assert_owner(space);
	list_for_each_entry_safe(reservation, next, &space->reservations,
				 item) {
		if (reservation->dev != dev)
			continue;
		if (reservation->pinned)
			doorbell_unpin(reservation->doorbell);
		reservation->doorbell->reservations--;
		space->below_4g -= reservation->below_4g;
		msi_bus_put(&space->limits, reservation->bus);
		list_del(&reservation->item);
		kfree(reservation);
	}
	msi_space_reap(space);
}

/*
 * Call @fn for each doorbell that an MSI of @dev may be sent to, as told by the
 * interrupt controller. A device without MSIs has none.
 */
int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn, void *data)
{
	struct irq_domain *domain = dev_get_msi_domain(dev);

	if (!domain)
		return 0;
	for (; domain; domain = domain->parent)
		if (domain->ops->msi_doorbells)
			return domain->ops->msi_doorbells(domain, dev, fn,
							  data);
	return -EOPNOTSUPP;
}

/**
 * iommu_msi_find_window - Tell whether a device needs doorbells, and where at best
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

/* Registers of several ranges may share a page, which is one doorbell then */
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
 * Return: The number of places that iommu_msi_reserve_device() reserves for it
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

bool msi_has_reservation(struct iommu_msi_space *space,
			 const struct device *dev)
{
	struct msi_reservation *reservation;

	lockdep_assert_held(&space->lock);
	list_for_each_entry(reservation, &space->reservations, item)
		if (reservation->dev == dev)
			return true;
	return false;
}

static int msi_reserve_begin(struct msi_reserve *reserve,
			     const struct iommu_msi_window *window)
{
	struct iommu_msi_space *space = reserve->space;
	int rc;

	guard(mutex)(&space->lock);
	if (msi_has_reservation(space, reserve->dev))
		return 0;
	msi_space_reap(space);
	space->driver_window = *window;
	if (!space->only_window)
		space->window = *window;
	/* Counted while the doorbells are placed, then by the reservations */
	space->below_4g += reserve->below_4g;
	rc = msi_walk_doorbells(reserve->dev, msi_reserve_doorbell, reserve);
	if (rc == -EOPNOTSUPP)
		rc = msi_reserve_page(reserve, IOMMU_DOORBELL_UNBOUND);
	space->below_4g -= reserve->below_4g;
	if (rc) {
		msi_moves_cancel(&reserve->moves);
		msi_moves_cancel(&reserve->optional_moves);
		msi_unreserve_device(space, reserve->dev);
	}
	return rc;
}

/**
 * iommu_msi_reserve_device - Reserve places for the doorbells of a device
 * @space: MSI space of the IOVA space that the device is about to be attached to
 * @dev: The device
 * @window: Software MSI window of the device's IOMMU; its slots are tried first
 *
 * Each doorbell that @dev may use, and that no other device brought already,
 * gets a place. A device whose interrupt controller cannot tell its doorbells
 * in advance gets one place for the one that it turns out to use. No doorbell is
 * reserved that shares a page of the slot size with what another driver claimed.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Nothing happens if @dev has its places already.
 *
 * A doorbell above 4 GiB moves down if @dev is limited to 32-bit MSI addresses. One
 * that the kernel placed, and that the bus of @dev does not carry MSIs to, is relocated
 * if it can be.
 *
 * Return: 0 on success. -ENOSPC if no hole is left, -EADDRINUSE if a doorbell is
 * pinned above 4 GiB and @dev cannot reach it, or the place that the owner chose
 * for one is taken, -EPERM if a doorbell must not be given to a user (see
 * iommu_msi_check_page()), -EINTR by a fatal signal, -ENOMEM. On failure @dev has no
 * reservation, and no doorbell has moved for want of an address that it reaches.
 */
int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window)
{
	struct msi_reserve reserve = {
		.space = space,
		.dev = dev,
		.below_4g = dev_is_pci(dev) && to_pci_dev(dev)->no_64bit_msi,
		.moves = LIST_HEAD_INIT(reserve.moves),
		.optional_moves = LIST_HEAD_INIT(reserve.optional_moves),
	};
	int rc;

	rc = msi_reserve_begin(&reserve, window);
	if (rc)
		return rc;
	rc = msi_moves_commit(space, &reserve.moves);
	/* Where messages cannot be rewritten, the doorbells stay where they were */
	msi_moves_commit(space, &reserve.optional_moves);
	if (rc)
		iommu_msi_unreserve_device(space, dev);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_reserve_device);

/**
 * iommu_msi_unreserve_device - Undo iommu_msi_reserve_device()
 * @space: MSI space
 * @dev: The device; nothing happens if it has no reservation
 *
 * A doorbell that vectors still use keeps its place until they go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_unreserve_device(struct iommu_msi_space *space,
				struct device *dev)
{
	guard(mutex)(&space->lock);
	msi_unreserve_device(space, dev);
}
EXPORT_SYMBOL_GPL(iommu_msi_unreserve_device);
