// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domains of a space, and the doorbells that are mapped into them. See
 * include/linux/iommu-msi.h.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/slab.h>

#include <trace/events/iommu_msi.h>

#include "space.h"

/* Mappings */

static void msi_mapping_remove(struct msi_mapping *mapping)
{
	lockdep_assert_held(&mapping->member->space->lock);
	trace_iommu_msi_unmap(mapping->member->space, mapping->phys,
			      mapping->iova, mapping->size);
	iommu_unmap(mapping->member->domain, mapping->iova, mapping->size);
	list_del(&mapping->doorbell_item);
	list_del(&mapping->domain_item);
	kfree(mapping);
}

static size_t msi_domain_page_size(const struct iommu_domain *domain)
{
	return max_t(size_t, 1UL << __ffs(domain->pgsize_bitmap),
		     IOMMU_DOORBELL_PAGE);
}

/* Where devices see the doorbell's page if its place is at @start */
static unsigned long doorbell_iova_at(const struct iommu_doorbell *doorbell,
				      unsigned long start)
{
	return start + (doorbell->phys & (doorbell->space->slot_size - 1));
}

unsigned long doorbell_iova(const struct iommu_doorbell *doorbell)
{
	return doorbell_iova_at(doorbell, doorbell->place.start);
}

static bool msi_page_in_aperture(struct iommu_msi_domain *member,
				 unsigned long iova)
{
	const struct iommu_domain_geometry *geometry =
		&member->domain->geometry;

	/* An owner who gives places knows it, whether the domain tells or not */
	if (member->space->ops->alloc_place)
		return true;
	return iova >= geometry->aperture_start &&
	       iova + IOMMU_DOORBELL_PAGE - 1 <= geometry->aperture_end;
}

static struct msi_mapping *
doorbell_find_mapping(struct iommu_doorbell *doorbell,
		      struct iommu_msi_domain *member, unsigned long iova)
{
	struct msi_mapping *mapping;

	list_for_each_entry(mapping, &doorbell->mappings, doorbell_item)
		if (mapping->member == member && mapping->iova == iova)
			return mapping;
	return NULL;
}

/*
 * Map the IOMMU page that the register is in, and no more. It lies at the same
 * offset in the place as in physical memory, whatever page size @member has.
 */
static int doorbell_map_at(struct iommu_doorbell *doorbell,
			   struct iommu_msi_domain *member, unsigned long start)
{
	/* No execution, device memory; stage 2 can say write-only */
	const int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;
	unsigned long iova = doorbell_iova_at(doorbell, start);
	size_t size = msi_domain_page_size(member->domain);
	struct msi_mapping *mapping;
	int rc;

	lockdep_assert_held(&doorbell->space->lock);
	if (doorbell->untranslated ||
	    doorbell_find_mapping(doorbell, member, ALIGN_DOWN(iova, size)))
		return 0;
	if (!msi_page_in_aperture(member, iova))
		return -EADDRINUSE;

	mapping = kzalloc(sizeof(*mapping), doorbell->space->gfp);
	if (!mapping)
		return -ENOMEM;
	mapping->member = member;
	mapping->iova = ALIGN_DOWN(iova, size);
	mapping->phys = ALIGN_DOWN(doorbell->phys, size);
	mapping->size = size;
	rc = iommu_map(member->domain, mapping->iova, mapping->phys, size, prot,
		       doorbell->space->gfp);
	if (rc) {
		kfree(mapping);
		return rc;
	}
	trace_iommu_msi_map(member->space, mapping->phys, mapping->iova, size);
	list_add_tail(&mapping->doorbell_item, &doorbell->mappings);
	list_add_tail(&mapping->domain_item, &member->mappings);
	return 0;
}

/* Map @doorbell into @member, wherever messages may send to */
int doorbell_map(struct iommu_doorbell *doorbell,
		 struct iommu_msi_domain *member)
{
	int rc;

	/* The vector that binds it maps it */
	if (doorbell->phys == IOMMU_DOORBELL_UNBOUND)
		return 0;
	rc = doorbell_map_at(doorbell, member, doorbell->place.start);
	if (!rc && doorbell->moving)
		rc = doorbell_map_at(doorbell, member,
				     doorbell->moving_from.start);
	return rc;
}

/* Unmap the place at @start from all domains */
void doorbell_unmap_place(struct iommu_doorbell *doorbell, unsigned long start)
{
	unsigned long last = start + doorbell->space->slot_size - 1;
	struct msi_mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, &doorbell->mappings,
				 doorbell_item)
		if (mapping->iova >= start && mapping->iova <= last)
			msi_mapping_remove(mapping);
}

/* Map the place at @start into each domain that has the present one */
int doorbell_map_place(struct iommu_doorbell *doorbell, unsigned long start)
{
	struct msi_mapping *mapping;
	int rc;

	/* What this adds is at the end; mapping it once more does nothing */
	list_for_each_entry(mapping, &doorbell->mappings, doorbell_item) {
		rc = doorbell_map_at(doorbell, mapping->member, start);
		if (rc) {
			doorbell_unmap_place(doorbell, start);
			return rc;
		}
	}
	return 0;
}

void doorbell_unmap(struct iommu_doorbell *doorbell)
{
	struct msi_mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, &doorbell->mappings,
				 doorbell_item)
		msi_mapping_remove(mapping);
}

void doorbell_unmap_unwanted(struct iommu_doorbell *doorbell)
{
	if (!doorbell_is_wanted(doorbell))
		doorbell_unmap(doorbell);
}

void doorbell_unpin(struct iommu_doorbell *doorbell)
{
	doorbell->pins--;
	doorbell_unmap_unwanted(doorbell);
}

/* Membership */

static int msi_space_add_domain(struct iommu_msi_space *space,
				struct iommu_domain *domain)
{
	struct iommu_msi_domain *member;

	guard(mutex)(&space->lock);
	if (msi_domain_page_size(domain) > space->slot_size)
		return -EINVAL;
	if (space->ops->alloc_place && !list_empty(&space->domains))
		return -EINVAL;
	if (!space->ops->alloc_place &&
	    (domain->type != IOMMU_DOMAIN_UNMANAGED || domain->iova_cookie))
		return -EINVAL;

	member = kzalloc(sizeof(*member), space->gfp);
	if (!member)
		return -ENOMEM;
	member->space = space;
	member->domain = domain;
	INIT_LIST_HEAD(&member->mappings);
	list_add_tail(&member->item, &space->domains);
	/* Vectors of other groups look by iommu_domain_has_msi_space() */
	smp_store_release(&domain->msi, member);
	if (!space->ops->alloc_place)
		/* Pairs with iommu_is_mixed_domain() */
		smp_store_release(&domain->type, IOMMU_DOMAIN_MIXED);
	return 0;
}

/**
 * iommu_msi_join - Make a domain part of an MSI space
 * @space: MSI space of the owner of @domain
 * @domain: Domain of type %IOMMU_DOMAIN_UNMANAGED, or of any type if the owner
 *	gives the places
 *
 * The domain becomes an %IOMMU_DOMAIN_MIXED, until it is freed; it keeps its type
 * if the owner gives the places. To be called before a device is attached to it,
 * or gets its first vector. Joining again is no error.
 *
 * Doorbells that lie outside of its aperture are moved.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Return: 0 on success. -EINVAL if the pages of @domain are larger than a place,
 * somebody else manages MSIs in it already, or @space has a domain and its owner
 * gives the places, -ENOMEM, or the errors of iommu_msi_fit().
 */
int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain)
{
	int rc;

	if (domain->msi)
		return domain->msi->space == space ? 0 : -EINVAL;
	rc = msi_space_add_domain(space, domain);
	if (rc || space->ops->alloc_place)
		return rc;
	rc = iommu_msi_fit(space);
	if (rc)
		iommu_msi_leave(domain);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_join);

/**
 * iommu_msi_populate - Map the doorbells that vectors of a device may use
 * @domain: Domain that was given to iommu_msi_join()
 * @dev: Device with reservations, which is about to be moved to @domain from
 *	another one of the same space, or has been attached to it
 *
 * Live vectors of @dev so go on in @domain, and so do those that come before
 * iommu_msi_settle(), which has to follow, also on failure.
 *
 * Context: Process context, may sleep.
 * Return: 0 on success. -EADDRINUSE if a doorbell in use lies outside of the
 * aperture of @domain, -ENOMEM, or what the IOMMU driver's map returned. On
 * failure doorbells that were mapped stay so until their vectors go.
 */
int iommu_msi_populate(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_msi_domain *member = domain->msi;
	struct msi_reservation *reservation;
	int rc = 0;

	guard(mutex)(&member->space->lock);
	list_for_each_entry(reservation, &member->space->reservations, item) {
		if (reservation->dev != dev)
			continue;
		reservation->moving_to = member;
		if (doorbell_is_wanted(reservation->doorbell) && !rc)
			rc = doorbell_map(reservation->doorbell, member);
	}
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_populate);

/**
 * iommu_msi_settle - The move that iommu_msi_populate() prepared is over
 * @domain: The same domain
 * @dev: The same device
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_settle(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_msi_space *space = domain->msi->space;
	struct msi_reservation *reservation;

	guard(mutex)(&space->lock);
	list_for_each_entry(reservation, &space->reservations, item)
		if (reservation->dev == dev)
			reservation->moving_to = NULL;
}
EXPORT_SYMBOL_GPL(iommu_msi_settle);

/**
 * iommu_msi_leave - Take a domain out of its MSI space
 * @domain: Domain that no device is attached to: it is about to be freed, or
 *	the attach that it joined for has failed. Nothing happens if it is part
 *	of no space.
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_leave(struct iommu_domain *domain)
{
	struct iommu_msi_domain *member = domain->msi;
	struct msi_mapping *mapping, *next;
	struct iommu_msi_space *space;

	if (!member)
		return;
	space = member->space;
	mutex_lock(&space->lock);
	list_for_each_entry_safe(mapping, next, &member->mappings, domain_item)
		msi_mapping_remove(mapping);
	list_del(&member->item);
	if (domain->type == IOMMU_DOMAIN_MIXED)
		domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->msi = NULL;
	mutex_unlock(&space->lock);
	kfree(member);
}
EXPORT_SYMBOL_GPL(iommu_msi_leave);
