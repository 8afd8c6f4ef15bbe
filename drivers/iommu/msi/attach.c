// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: domains that take part in a space, and groups that enter
 * them. See include/linux/iommu-msi.h.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "controller.h"
#include "doorbell.h"
#include "relocate.h"
#include "user.h"

/* Domains */

/* Where doorbells may stay: in @aperture, and not in @avoid, if that is not NULL */
struct msi_bounds {
	struct iommu_msi_window aperture;
	const struct iommu_msi_window *avoid;
};

static bool msi_place_overlaps(const struct msi_place *place,
			       const struct iommu_msi_window *range)
{
	return place->node.start <= range->last &&
	       place->node.last >= range->start;
}

static bool msi_fits(const struct iommu_doorbell *doorbell,
		     const struct msi_bounds *bounds)
{
	const struct msi_place *place = &doorbell->places[doorbell->at];
	const struct msi_place *kept = &doorbell->places[!doorbell->at];
	unsigned long start = doorbell_start(doorbell);
	unsigned long last = doorbell_last(doorbell);
	unsigned long granule = doorbell->space->granule;

	/* A message may still be sent to where one is that could not be relocated back */
	if (bounds->avoid &&
	    (msi_place_overlaps(place, bounds->avoid) ||
	     (doorbell->moving && msi_place_overlaps(kept, bounds->avoid))))
		return false;
	return start >= bounds->aperture.start &&
	       last <= bounds->aperture.last &&
	       doorbell_length(doorbell) >= granule &&
	       IS_ALIGNED(start, granule);
}

/* A bank that no message is sent to is not needed */
static bool msi_is_dispensable(struct iommu_doorbell *doorbell)
{
	guard(mutex)(&doorbell->space->lock);
	return doorbell->is_bank && !doorbell->vectors && !doorbell->pins;
}

static int msi_relocate_misfits(struct iommu_msi_space *space,
				const struct msi_bounds *bounds,
				struct list_head *list)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;
	int rc;

	for (index = 0; (doorbell = msi_next_doorbell(space, &index));
	     index++) {
		if (msi_fits(doorbell, bounds))
			continue;
		rc = msi_relocate(doorbell, bounds->avoid, list);
		if (rc == -ENOSPC && msi_is_dispensable(doorbell))
			continue;
		if (rc)
			return rc;
	}
	return 0;
}

static void msi_dispense_with(struct iommu_doorbell *doorbell)
{
	struct msi_user *user;

	guard(mutex)(&doorbell->space->lock);
	list_for_each_entry(user, &doorbell->users, doorbell_item) {
		msi_user_count(user, false);
		msi_user_release(user);
	}
}

/*
 * Banks for which there is no hole are not reserved any more. If a vector has come
 * meanwhile, its doorbell is released when that goes.
 */
static void msi_dispense_with_misfits(struct iommu_msi_space *space,
				      const struct msi_bounds *bounds)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	for (index = 0; (doorbell = msi_next_doorbell(space, &index)); index++)
		if (!msi_fits(doorbell, bounds))
			msi_dispense_with(doorbell);
	msi_space_reap(space);
}

static int msi_space_settle(struct iommu_msi_space *space,
			    const struct iommu_msi_window *avoid)
{
	struct msi_bounds bounds = { .avoid = avoid };
	LIST_HEAD(list);
	int rc;

	msi_space_aperture(space, &bounds.aperture);
	msi_space_reap(space);
	rc = msi_relocate_misfits(space, &bounds, &list);
	rc = msi_relocations_commit(&list, rc);
	if (!rc)
		msi_dispense_with_misfits(space, &bounds);
	return rc == -EEXIST ? -EADDRINUSE : rc;
}

static int msi_domain_fit(struct iommu_msi_domain *member)
{
	const struct iommu_domain_geometry *geometry =
		&member->domain->geometry;
	int rc = msi_space_settle(member->space, NULL);

	if (rc)
		return rc;
	WRITE_ONCE(member->fitted.start, geometry->aperture_start);
	WRITE_ONCE(member->fitted.last, geometry->aperture_end);
	return 0;
}

/**
 * iommu_msi_fits - Check whether a domain has the aperture that doorbells fit
 * @domain: Domain that was given to iommu_msi_join(), with a device attached
 *
 * Context: Any. Without the owner's lock, a concurrent iommu_msi_fit() may not be
 * seen yet.
 * Return: true if iommu_msi_fit() has nothing to do.
 */
bool iommu_msi_fits(struct iommu_domain *domain)
{
	const struct iommu_domain_geometry *geometry = &domain->geometry;
	struct iommu_msi_domain *member = domain->msi;

	return READ_ONCE(member->fitted.start) == geometry->aperture_start &&
	       READ_ONCE(member->fitted.last) == geometry->aperture_end;
}
EXPORT_SYMBOL_GPL(iommu_msi_fits);

/**
 * iommu_msi_fit - Relocate doorbells that not all domains of a space can reach
 * @domain: Domain that was given to iommu_msi_join(), and that its driver may have
 *	finished since: only now is its aperture known. If it is unchanged, nothing
 *	happens, as doorbells that came since then respect it.
 *
 * A bank (struct iommu_msi_provider) without vectors loses its reservation if there
 * is no hole for it.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and no
 * lock that comes later in the order that iommu-msi.h states.
 * Return: 0 on success. -EADDRINUSE if a doorbell is pinned outside of an
 * aperture, -ENOSPC if there is no hole to relocate one to, -EINTR if a fatal
 * signal ended the search, -ENOMEM; then none was relocated.
 */
int iommu_msi_fit(struct iommu_domain *domain)
{
	struct iommu_msi_domain *member = domain->msi;

	msi_space_assert_owner(member->space);
	return iommu_msi_fits(domain) ? 0 : msi_domain_fit(member);
}
EXPORT_SYMBOL_GPL(iommu_msi_fit);

/**
 * iommu_msi_evade - Relocate doorbells out of IOVAs that become unreachable
 * @space: MSI space
 * @start: First IOVA in bytes of a range that the owner has reserved for hardware, or
 *	that is outside of the aperture of a domain that is about to join
 * @last: Its last IOVA
 *
 * Unlike iommu_msi_make_room() this is not for the owner's mappings: banks are relocated,
 * too, and lose their reservation as in iommu_msi_fit().
 *
 * Context: As for iommu_msi_fit().
 * Return: 0 or the errors of iommu_msi_fit().
 */
int iommu_msi_evade(struct iommu_msi_space *space, unsigned long start,
		    unsigned long last)
{
	const struct iommu_msi_window avoid = { .start = start, .last = last };

	return msi_space_settle(space, &avoid);
}
EXPORT_SYMBOL_GPL(iommu_msi_evade);

/**
 * iommu_msi_join - Make a domain part of an MSI space
 * @space: MSI space of the owner of @domain
 * @domain: Domain of type %IOMMU_DOMAIN_UNMANAGED
 *
 * The domain becomes an %IOMMU_DOMAIN_MIXED, until iommu_msi_leave(). To be called
 * before a device is attached to it; if that is not possible,
 * iommu_msi_follow_group() has to follow. Joining again is no error. Doorbells that
 * lie outside of its aperture are relocated.
 *
 * On failure, too, iommu_msi_leave() has to follow, once no device is attached, as a
 * vector of the host may have come meanwhile; before that, @domain must not join again.
 * If another owner manages MSIs in it, it is not to leave, either.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Return: 0 on success. -EINVAL if the pages of @domain are larger than a slot, or
 * another owner manages MSIs in it already, -ENOMEM, or the errors of
 * iommu_msi_fit().
 */
int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain)
{
	int rc;

	if (domain->msi)
		return domain->msi->space == space ? 0 : -EINVAL;
	rc = msi_space_add_domain(space, domain);
	return rc ?: msi_domain_fit(domain->msi);
}
EXPORT_SYMBOL_GPL(iommu_msi_join);

/* Groups */

/**
 * iommu_msi_group_begin - Map the doorbells that vectors of a group may use
 * @domain: Domain that @group is about to enter, or has just entered; nothing happens
 *	if it was not given to iommu_msi_join()
 * @group: Group whose devices have reservations, or have no doorbells
 *
 * So live vectors of the group keep working in @domain, as do those that come before
 * iommu_msi_group_end(), which has to follow, even on failure.
 *
 * Context: Process context, may sleep. The group's reservations stay.
 * Return: 0 on success. -EADDRINUSE if a doorbell in use lies outside of the
 * aperture of @domain, -ENOMEM, or what the IOMMU driver's map returned.
 */
int iommu_msi_group_begin(struct iommu_domain *domain,
			  struct iommu_group *group)
{
	struct iommu_msi_domain *member = domain->msi;
	struct msi_group *entering;
	struct msi_device *device;
	struct msi_user *user;
	int rc;

	if (!member)
		return 0;
	guard(mutex)(&member->space->lock);
	entering = msi_group_lookup(member->space, group);
	if (!entering)
		return 0;
	if (entering->member != member)
		entering->next = member;
	list_for_each_entry(device, &entering->devices, item) {
		list_for_each_entry(user, &device->users, device_item) {
			rc = msi_user_map_wanted(user);
			if (rc)
				return rc;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_msi_group_begin);

/**
 * iommu_msi_group_end - End what iommu_msi_group_begin() prepared
 * @domain: The same domain
 * @group: The same group
 * @attached: The group is in @domain now; otherwise it is where it was
 *
 * Doorbells are unmapped from the domain that the group is not in.
 *
 * Context: Process context, may sleep. The group's reservations stay.
 */
void iommu_msi_group_end(struct iommu_domain *domain, struct iommu_group *group,
			 bool attached)
{
	struct iommu_msi_domain *member = domain->msi;
	struct msi_group *entering;
	struct msi_device *device;
	struct msi_user *user;

	if (!member)
		return;
	guard(mutex)(&member->space->lock);
	entering = msi_group_lookup(member->space, group);
	if (!entering || entering->next != member)
		return;
	list_for_each_entry(device, &entering->devices, item)
		list_for_each_entry(user, &device->users, device_item)
			msi_user_enter(user, attached);
	if (attached)
		entering->member = member;
	entering->next = NULL;
}
EXPORT_SYMBOL_GPL(iommu_msi_group_end);

/* Vectors that the device has already */

/*
 * A PCI function has one of these set before its first message is composed, and while
 * it may send any
 */
static bool msi_may_be_sent(struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev->msi.data)
		return false;
	if (!dev_is_pci(dev))
		return true;
	pdev = to_pci_dev(dev);
	return pdev->msi_enabled || pdev->msix_enabled;
}

/* Vectors without a doorbell count if @bare */
static bool msi_has_foreign_vector(struct iommu_msi_space *space,
				   struct device *dev, bool bare)
{
	const struct msi_user *user;
	struct msi_desc *desc;
	bool foreign = false;

	if (!msi_may_be_sent(dev))
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		user = desc->iommu_msi_user;
		if (user ? user->doorbell->space != space : bare)
			foreign = true;
	}
	msi_unlock_descs(dev);
	return foreign;
}

/**
 * iommu_msi_in_use_elsewhere - Check whether a device has vectors in another space
 * @space: MSI space, or NULL for none
 * @dev: The device
 *
 * Messages of live vectors hold an IOVA of the space that they were set up in. In
 * another space it may be the user's.
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors. The device's driver stays.
 * Return: true if a doorbell of a space other than @space is used.
 */
bool iommu_msi_in_use_elsewhere(struct iommu_msi_space *space,
				struct device *dev)
{
	return msi_has_foreign_vector(space, dev, false);
}
EXPORT_SYMBOL_GPL(iommu_msi_in_use_elsewhere);

static int msi_ignore_doorbell(phys_addr_t start, size_t size, void *data)
{
	return 0;
}

/**
 * iommu_msi_check_device - Check whether a device's messages allow attaching it
 * @space: MSI space of the domain that the device is about to be attached to, or has
 *	just been attached to, or NULL if the domain has none yet
 * @dev: The device, which a user has opened. Its MSIs are translated; it was attached
 *	to nothing.
 *
 * Messages of vectors that were set up then hold physical addresses, which are the
 * owner's IOVAs in the domain. This does not apply to a controller that enumerates no
 * doorbells: it may be in front of the IOMMU, as in PCI host bridges, and its
 * messages are the same in any domain.
 *
 * A vector may come after the call, but before the device is attached; a second call
 * after the attach finds it.
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors. The device's driver stays.
 * Return: 0, or -EBUSY if the device has vectors whose messages do not hold an
 * IOVA of @space.
 */
int iommu_msi_check_device(struct iommu_msi_space *space, struct device *dev)
{
	bool told;

	/* Most devices: no need to ask their controllers */
	if (!msi_may_be_sent(dev))
		return 0;
	told = msi_walk_doorbells(dev, msi_ignore_doorbell, NULL) !=
	       -EOPNOTSUPP;
	return msi_has_foreign_vector(space, dev, told) ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(iommu_msi_check_device);
