// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors as users of doorbells: the first one maps the doorbell, the last one that
 * goes unmaps it. The interrupt core calls, while it holds the locks that come
 * before the space's: nothing here takes the owner's lock. See
 * include/linux/iommu-msi.h.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/msi.h>

#include "isolation.h"
#include "space.h"

/* Tell whether vectors of @dev use @doorbell */
bool doorbell_serves(const struct iommu_doorbell *doorbell,
		     const struct device *dev)
{
	struct msi_desc *desc;

	list_for_each_entry(desc, &doorbell->descs, iommu_doorbell_item)
		if (desc->dev == dev)
			return true;
	return false;
}

/* A doorbell that vectors of @dev use, which may have outlived its reservations */
struct iommu_doorbell *msi_find_used(struct iommu_msi_space *space,
				     const struct device *dev)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	lockdep_assert_held(&space->lock);
	xa_for_each(&space->doorbells, index, doorbell)
		if (doorbell_serves(doorbell, dev))
			return doorbell;
	return NULL;
}

/**
 * msi_reservation_bind - A device has turned out to use a certain doorbell
 * @reservation: What the device reserved before that was known
 * @phys: Page of the doorbell's register
 *
 * If another device has brought the doorbell, the reservation is for that one from
 * now on: whatever looks for doorbells of the device has to find it. The place that
 * was reserved before is idle then.
 *
 * Context: The space's lock is held.
 * Return: 0, or -EADDRINUSE if the doorbell lies above 4 GiB, and the device does
 * not reach it.
 */
int msi_reservation_bind(struct msi_reservation *reservation, phys_addr_t phys)
{
	struct iommu_doorbell *unbound = reservation->doorbell;
	struct iommu_doorbell *doorbell = doorbell_find(unbound->space, phys);

	if (!doorbell) {
		doorbell_bind(unbound, phys);
		return 0;
	}
	/* Vectors cannot move it, that wants the owner's lock */
	if (reservation->below_4g && upper_32_bits(doorbell->place.last))
		return -EADDRINUSE;
	unbound->reservations--;
	unbound->pins -= reservation->pinned;
	doorbell->reservations++;
	doorbell->pins += reservation->pinned;
	reservation->doorbell = doorbell;
	return 0;
}

/* What @dev reserved for the doorbell at @phys, or for whichever one it uses */
static struct msi_reservation *
msi_find_reservation(struct iommu_msi_space *space, const struct device *dev,
		     phys_addr_t phys)
{
	struct msi_reservation *reservation;

	list_for_each_entry(reservation, &space->reservations, item) {
		phys_addr_t reserved = reservation->doorbell->phys;

		if (reservation->dev == dev &&
		    (reserved == phys || reserved == IOMMU_DOORBELL_UNBOUND))
			return reservation;
	}
	return NULL;
}

static struct iommu_doorbell *
doorbell_get_reserved(struct msi_reservation *reservation, phys_addr_t reg)
{
	struct iommu_doorbell *doorbell = reservation->doorbell;
	struct iommu_msi_space *space = doorbell->space;
	phys_addr_t phys = ALIGN_DOWN(reg, space->page_size);
	int rc;

	if (reservation->leaving)
		return ERR_PTR(-EBUSY);
	if (doorbell->phys == phys)
		return doorbell;
	rc = iommu_msi_check_page(reservation->dev, reg, space->slot_size);
	if (!rc)
		rc = msi_reservation_bind(reservation, phys);
	return rc ? ERR_PTR(rc) : reservation->doorbell;
}

/*
 * The doorbell of a vector, wherever it comes from: @dev reserved it, or has no
 * reservations and finds it there, or it is given its place now.
 */
static struct iommu_doorbell *doorbell_get(struct iommu_msi_space *space,
					   struct device *dev, phys_addr_t reg)
{
	phys_addr_t phys = ALIGN_DOWN(reg, space->page_size);
	struct msi_reservation *reservation;
	struct iommu_doorbell *doorbell;

	reservation = msi_find_reservation(space, dev, phys);
	if (reservation)
		return doorbell_get_reserved(reservation, reg);
	/* An attached device would not find it in its next domain */
	if (msi_has_reservation(space, dev))
		return ERR_PTR(-ENOSPC);
	doorbell = doorbell_find(space, phys);
	if (doorbell)
		return doorbell;
	if (msi_space_keeps(space))
		return doorbell_create(space, dev, phys);
	return ERR_PTR(-ENOSPC);
}

/* The last vector is gone, or the first one could not have it */
static void doorbell_put(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;
	bool owned = space->owner && !msi_space_keeps(space);

	doorbell_unmap(doorbell);
	/* The tree of places changes under the owner's lock, if he has one */
	if (!owned && doorbell_idle(doorbell))
		doorbell_free(doorbell);
}

/* Devices that may use @doorbell, and move, will use it in their new domain, too */
static int doorbell_map_moving(struct iommu_doorbell *doorbell)
{
	struct msi_reservation *reservation;
	int rc;

	list_for_each_entry(reservation, &doorbell->space->reservations, item) {
		if (reservation->doorbell != doorbell ||
		    !reservation->moving_to)
			continue;
		rc = doorbell_map(doorbell, reservation->moving_to);
		if (rc)
			return rc;
	}
	return 0;
}

/* Map the doorbell of a vector in the domain of its device */
static int doorbell_map_vector(struct iommu_doorbell *doorbell,
			       struct iommu_msi_domain *member,
			       struct msi_desc *desc, phys_addr_t msi_addr)
{
	int rc;

	/* He who gives the places has one domain, and neither guests nor moves */
	if (msi_space_keeps(doorbell->space) &&
	    !list_empty(&doorbell->mappings))
		return 0;
	rc = msi_desc_check_address(desc, doorbell, msi_addr);
	if (!rc)
		rc = doorbell_map(doorbell, member);
	if (!rc)
		rc = doorbell_map_moving(doorbell);
	return rc;
}

/**
 * iommu_msi_map - Map the doorbell of a new vector
 * @domain: Domain that the vector's device is attached to, which is part of an
 *	MSI space
 * @desc: The MSI descriptor; set to compose messages with the doorbell's IOVA, or
 *	the address that a guest chose
 * @msi_addr: Physical address of the doorbell's register
 *
 * Undone by iommu_dma_release_msi().
 *
 * Context: Process context, may sleep. The group's mutex is held, so that the
 * device stays attached to @domain.
 * Return: 0 on success. -ENOSPC if no place was reserved for the doorbell, or the
 * owner, who gives the places, has none left, -EADDRINUSE if its place is
 * outside of the aperture of @domain, or another device brought it and this one
 * does not reach above 4 GiB, -EBUSY if the device is on its way to another
 * space (see iommu_msi_begin_transfer()), -EPERM if it must not be given to a user
 * (see iommu_msi_check_page()), -EADDRNOTAVAIL or -ERANGE if the address that a
 * guest chose does not fit (see iommu_msi_set_addresses()), -ENOMEM, or what the
 * IOMMU driver's map returned.
 */
int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr)
{
	struct iommu_msi_domain *member = domain->msi;
	struct iommu_msi_space *space = member->space;
	struct iommu_doorbell *doorbell;
	int rc;

	guard(mutex)(&space->lock);
	doorbell = doorbell_get(space, msi_desc_to_dev(desc), msi_addr);
	if (IS_ERR(doorbell))
		return PTR_ERR(doorbell);

	rc = doorbell_map_vector(doorbell, member, desc, msi_addr);
	if (rc) {
		/* One that an owner keeps is mapped, and does not come here */
		if (!doorbell_is_wanted(doorbell))
			doorbell_put(doorbell);
		return rc;
	}
	doorbell->vectors += desc->nvec_used;
	list_add_tail(&desc->iommu_doorbell_item, &doorbell->descs);
	kref_get(&space->ref);
	desc->iommu_doorbell = doorbell;
	desc->release_iommu = iommu_dma_release_msi;
	msi_desc_set_iommu_msi_iova(desc, msi_desc_page(desc, doorbell),
				    ilog2(space->page_size));
	return 0;
}

/**
 * iommu_dma_release_msi - Tell that a vector does not use its doorbell any more
 * @desc: MSI descriptor whose interrupts are freed, or could not be allocated;
 *	nothing happens if iommu_dma_prepare_msi() found no need for a doorbell
 *
 * The last vector unmaps the doorbell, except for an owner who gives the places:
 * his doorbells stay until the domain goes, so that a late MSI is harmless.
 *
 * Context: Process context, may sleep.
 */
void iommu_dma_release_msi(struct msi_desc *desc)
{
	struct iommu_doorbell *doorbell = desc->iommu_doorbell;
	struct iommu_msi_space *space;

	if (!doorbell)
		return;
	space = doorbell->space;
	mutex_lock(&space->lock);
	doorbell->vectors -= desc->nvec_used;
	list_del(&desc->iommu_doorbell_item);
	if (!doorbell_is_wanted(doorbell) && !msi_space_keeps(space))
		doorbell_put(doorbell);
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
	desc->iommu_doorbell = NULL;
	desc->release_iommu = NULL;
	msi_desc_set_iommu_msi_iova(desc, 0, 0);
}
