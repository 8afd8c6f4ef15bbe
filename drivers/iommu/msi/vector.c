// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors as users of doorbells: the first one of a device maps the doorbell into the
 * device's domain, the last one unmaps it. The interrupt core calls this, and holds
 * locks that any driver of the host may wait for: nothing here takes the owner's
 * lock, and no cost grows with what a user made. See space.h.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "doorbell.h"
#include "isolation.h"
#include "mapping.h"
#include "user.h"
#include "vector.h"

/* Rewriters */

/* Guards dev_iommu::msi_rewriter, and taking a reference from it */
static DEFINE_SPINLOCK(msi_rewriters_lock);

/**
 * iommu_msi_register_rewriter - Register what rewrites the messages of a device
 * @dev: The device, which a user is about to open
 * @rewriter: Its @rewrite is set, or NULL if messages cannot be rewritten: then
 *	doorbells that its vectors use are pinned. Stays valid until
 *	iommu_msi_unregister_rewriter().
 *
 * Vectors of a device without a rewriter are the host's, and follow its group from
 * domain to domain by themselves. To be called before the device gets its first
 * vector.
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_register_rewriter(struct device *dev,
				 struct iommu_msi_rewriter *rewriter)
{
	if (!dev->iommu)
		return;
	mutex_init(&rewriter->lock);
	spin_lock_init(&rewriter->address_lock);
	memset(rewriter->addresses, 0, sizeof(rewriter->addresses));
	rewriter->suspended = false;
	rewriter->address_ops = NULL;
	refcount_set(&rewriter->users, 1);
	init_completion(&rewriter->unused);
	spin_lock(&msi_rewriters_lock);
	dev->iommu->msi_rewriter = rewriter;
	spin_unlock(&msi_rewriters_lock);
}
EXPORT_SYMBOL_GPL(iommu_msi_register_rewriter);

/* Undone by msi_rewriter_put(). NULL: the device has none */
struct iommu_msi_rewriter *msi_rewriter_get(struct device *dev)
{
	struct iommu_msi_rewriter *rewriter;

	if (!dev->iommu)
		return NULL;
	spin_lock(&msi_rewriters_lock);
	rewriter = dev->iommu->msi_rewriter;
	if (rewriter)
		refcount_inc(&rewriter->users);
	spin_unlock(&msi_rewriters_lock);
	return rewriter;
}

void msi_rewriter_put(struct iommu_msi_rewriter *rewriter)
{
	if (refcount_dec_and_test(&rewriter->users))
		complete(&rewriter->unused);
}

/**
 * iommu_msi_unregister_rewriter - Undo iommu_msi_register_rewriter()
 * @dev: The device. It has no vectors any more.
 *
 * Waits for iommu_msi_rewriter::rewrite() to return, and for anyone about to call it:
 * @dev may be removed afterwards. Frees the addresses that a guest chose.
 *
 * Context: Process context, may sleep. Neither iommu_msi_rewriter::lock is held, nor
 * a lock that comes later in the order that iommu-msi.h states.
 */
void iommu_msi_unregister_rewriter(struct device *dev)
{
	struct iommu_msi_rewriter *rewriter;

	if (!dev->iommu)
		return;
	spin_lock(&msi_rewriters_lock);
	rewriter = dev->iommu->msi_rewriter;
	dev->iommu->msi_rewriter = NULL;
	spin_unlock(&msi_rewriters_lock);
	if (!rewriter)
		return;
	msi_rewriter_put(rewriter);
	wait_for_completion(&rewriter->unused);
	if (rewriter->address_ops)
		rewriter->address_ops->free(rewriter);
	mutex_destroy(&rewriter->lock);
}
EXPORT_SYMBOL_GPL(iommu_msi_unregister_rewriter);

/* The rewriter of an existing vector, or NULL: its vectors go before it does */
struct iommu_msi_rewriter *msi_desc_rewriter(const struct msi_desc *desc)
{
	struct dev_iommu *param = desc->dev->iommu;

	return param ? READ_ONCE(param->msi_rewriter) : NULL;
}

/* Messages */

/* The page that messages of @desc are to be sent to. The space's lock is held. */
u64 msi_desc_page(const struct msi_desc *desc)
{
	struct iommu_msi_rewriter *rewriter = msi_desc_rewriter(desc);
	u64 page = IOMMU_MSI_NO_ADDRESS;

	if (rewriter && rewriter->address_ops)
		page = rewriter->address_ops->page(rewriter, desc);
	if (page == IOMMU_MSI_NO_ADDRESS)
		page = doorbell_iova(desc->iommu_msi_user->doorbell);
	return page;
}

/* Check whether the message does not hold msi_desc_page(). The same lock. */
bool msi_desc_is_stale(const struct msi_desc *desc)
{
	return desc->iommu_msi_iova !=
	       msi_desc_page(desc) >> ilog2(IOMMU_DOORBELL_PAGE);
}

/* Check whether the message can change to @page without a mixture in between */
bool msi_desc_can_change_to(const struct msi_desc *desc, u64 page)
{
	u64 old = (u64)desc->iommu_msi_iova << desc->iommu_msi_shift;

	return !msi_desc_keeps_address_hi(desc) ||
	       upper_32_bits(old) == upper_32_bits(page);
}

/* Check whether the message is @space's, and has to be rewritten */
static bool msi_desc_wants_rewrite(const struct msi_desc *desc,
				   struct iommu_msi_space *space)
{
	return desc->iommu_msi_user &&
	       desc->iommu_msi_user->doorbell->space == space &&
	       msi_desc_is_stale(desc);
}

/**
 * msi_device_is_stale - Check whether messages of a device have to be rewritten
 * @dev: The device
 * @space: MSI space of its doorbells
 *
 * Context: Process context, may sleep. Takes the lock of the device's MSI
 * descriptors and, for each of them, the space's lock.
 * Return: true if a message is not what it should be.
 */
bool msi_device_is_stale(struct device *dev, struct iommu_msi_space *space)
{
	bool stale = false;
	struct msi_desc *desc;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		guard(mutex)(&space->lock);
		stale |= msi_desc_wants_rewrite(desc, space);
	}
	msi_unlock_descs(dev);
	return stale;
}

/**
 * iommu_msi_rewrite - Rewrite the messages of a device
 * @rewrite: What iommu_msi_rewriter::rewrite() was given
 *
 * Context: Process context, may sleep. The caller keeps the registers with the
 * messages accessible, by its own locks. Takes the lock of the device's MSI
 * descriptors and, for each of them, the space's lock.
 */
void iommu_msi_rewrite(struct iommu_msi_rewrite *rewrite)
{
	struct device *dev = rewrite->dev;
	struct msi_desc *desc;
	u64 page;

	rewrite->done = true;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		guard(mutex)(&rewrite->space->lock);
		if (!msi_desc_wants_rewrite(desc, rewrite->space))
			continue;
		page = msi_desc_page(desc);
		/* If not, its doorbell stays at the old IOVA as well */
		if (msi_desc_can_change_to(desc, page))
			msi_desc_rewrite(desc, page,
					 ilog2(IOMMU_DOORBELL_PAGE));
		else
			rewrite->done = false;
	}
	msi_unlock_descs(dev);
}
EXPORT_SYMBOL_GPL(iommu_msi_rewrite);

/* Check whether the messages of a device have addresses of 32 bits only */
bool msi_is_below_4g(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->no_64bit_msi;
}

/* Finding the doorbell: the space's lock is held */

/**
 * msi_user_bind - Bind a device to the doorbell that it has turned out to use
 * @user: What was reserved before that was known. If another device has brought the
 *	doorbell, set to the user of that one, which lookups of the device's doorbells
 *	have to find from now on.
 * @phys: Page of the doorbell's register
 *
 * Return: 0, -EADDRINUSE if the doorbell lies above 4 GiB, and the device cannot
 * reach it, or -ENOMEM.
 */
int msi_user_bind(struct msi_user **user, phys_addr_t phys)
{
	struct msi_user *unbound = *user, *bound;
	struct iommu_doorbell *doorbell;

	doorbell = doorbell_lookup(unbound->doorbell->space, phys);
	if (!doorbell) {
		doorbell_bind(unbound->doorbell, phys);
		return 0;
	}
	/* Vectors cannot relocate it: that needs the owner's lock */
	if (unbound->device->below_4g && upper_32_bits(doorbell_last(doorbell)))
		return -EADDRINUSE;
	bound = msi_user_create(unbound->device, doorbell);
	if (!bound)
		return -ENOMEM;
	msi_user_count(bound, true);
	msi_user_count(unbound, false);
	bound->pinned = unbound->pinned;
	doorbell->pins += bound->pinned;
	unbound->doorbell->pins -= unbound->pinned;
	unbound->pinned = false;
	msi_user_release(unbound);
	*user = bound;
	return 0;
}

/* A device that joined its group after the group was attached */
static struct msi_user *msi_late_user(struct iommu_msi_space *space,
				      struct device *dev, phys_addr_t phys)
{
	struct iommu_doorbell *doorbell = doorbell_lookup(space, phys);
	struct msi_device *device;
	struct msi_user *user;

	if (!doorbell)
		return ERR_PTR(-ENOSPC);
	device = msi_device_get(space, msi_group_key(dev), dev);
	if (!device)
		return ERR_PTR(-ENOMEM);
	user = msi_user_create(device, doorbell);
	/* The owner may be about to use the device, and frees it with its group */
	return user ?: ERR_PTR(-ENOMEM);
}

static struct msi_user *msi_vector_user_get(struct iommu_msi_space *space,
					    struct device *dev, phys_addr_t reg)
{
	phys_addr_t phys = ALIGN_DOWN(reg, IOMMU_DOORBELL_PAGE);
	struct msi_device *device = msi_device_lookup(space, dev);
	struct msi_user *user;
	int rc;

	user = device ? msi_user_lookup(device, phys) : NULL;
	/* An attached device would not find another one in its next domain */
	if (!user && device && device->group->attached &&
	    !list_empty(&device->users))
		return ERR_PTR(-ENOSPC);
	if (!user)
		return msi_late_user(space, dev, phys);
	if (user->leaving)
		return ERR_PTR(-EBUSY);
	if (user->doorbell->phys == phys)
		return user;
	rc = iommu_msi_check_page(dev, reg, space->slot_size);
	if (!rc)
		rc = msi_user_bind(&user, phys);
	return rc ? ERR_PTR(rc) : user;
}

/* Counters: the space's lock is held */

static void msi_vector_count(const struct msi_desc *desc, struct msi_user *user,
			     int sign)
{
	struct iommu_doorbell *doorbell = user->doorbell;
	int vectors = sign * (int)desc->nvec_used;

	user->vectors += vectors;
	doorbell->vectors += vectors;
	/* Messages of the host's devices can be rewritten as a whole, see host.c */
	if (desc->iommu_msi_has_rewriter ? msi_desc_keeps_address_hi(desc) :
					   msi_is_below_4g(desc->dev))
		doorbell->keeps_hi += vectors;
	if (desc->iommu_msi_has_rewriter &&
	    (desc->iommu_msi_immovable || doorbell->is_bank))
		doorbell->immovable += vectors;
}

static int msi_vector_check(const struct msi_desc *desc,
			    const struct msi_user *user, phys_addr_t reg)
{
	struct iommu_msi_rewriter *rewriter = msi_desc_rewriter(desc);

	if (!rewriter || !rewriter->address_ops)
		return 0;
	return rewriter->address_ops->check(rewriter, desc, user->doorbell,
					    reg);
}

/**
 * msi_vector_acquire - Map the doorbell of a vector
 * @member: Domain that the vector's device is attached to, or about to be
 * @desc: The vector
 * @reg: Physical address of the doorbell's register
 *
 * Context: The space's lock is held.
 * Return: The user that the vector counts for, to be given to msi_vector_drop(), or
 * ERR_PTR() of an error of iommu_msi_map().
 */
struct msi_user *msi_vector_acquire(struct iommu_msi_domain *member,
				    struct msi_desc *desc, phys_addr_t reg)
{
	struct iommu_msi_space *space = member->space;
	struct msi_group *group;
	struct msi_user *user;
	int rc;

	lockdep_assert_held(&space->lock);
	user = msi_vector_user_get(space, desc->dev, reg);
	if (IS_ERR(user))
		return user;
	group = user->device->group;
	/* The owner is about to say so, see iommu_msi_group_begin() */
	if (!group->member)
		group->member = member;
	else if (group->member != member && !group->next)
		group->next = member;
	msi_vector_count(desc, user, 1);
	rc = msi_vector_check(desc, user, reg);
	if (!rc)
		rc = msi_user_map(user);
	if (rc) {
		msi_vector_count(desc, user, -1);
		msi_user_release(user);
		return ERR_PTR(rc);
	}
	kref_get(&space->ref);
	return user;
}

/* Undo msi_vector_acquire(), which returned *@ref, unless that is NULL */
void msi_vector_drop(struct msi_desc *desc, struct msi_user **ref)
{
	struct iommu_msi_space *space;
	struct msi_user *user = *ref;

	if (!user)
		return;
	*ref = NULL;
	space = user->doorbell->space;
	mutex_lock(&space->lock);
	msi_vector_count(desc, user, -1);
	msi_user_release(user);
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
}

/* Have @desc use the same page by another user, of another space. Both are locked. */
void msi_vector_hand_over(struct msi_desc *desc, struct msi_user *to)
{
	struct msi_user *from = desc->iommu_msi_user;

	msi_vector_count(desc, from, -1);
	msi_vector_count(desc, to, 1);
	desc->iommu_msi_user = to;
	kref_get(&to->doorbell->space->ref);
	/* The owner of the old space has a reference, too */
	kref_put(&from->doorbell->space->ref, msi_space_free);
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
 * Return: 0 on success. -ENOSPC if no IOVA was reserved for the doorbell, -EADDRINUSE
 * if that is outside of the aperture of @domain, or another device brought the
 * doorbell and this one cannot reach above 4 GiB, -EBUSY if the device is on its way
 * to another space (see iommu_msi_replace_begin()), or @desc has a doorbell, -EPERM
 * if that must not be given to a user (see iommu_msi_check_page()), -EADDRNOTAVAIL or
 * -ERANGE if the address that a guest chose does not fit (see
 * iommu_msi_set_addresses()), -ENOMEM, or what the IOMMU driver's map returned.
 */
int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr)
{
	struct iommu_msi_domain *member = domain->msi;
	struct iommu_msi_rewriter *rewriter = msi_desc_rewriter(desc);
	struct msi_user *user;

	if (WARN_ON_ONCE(desc->iommu_msi_user))
		return -EBUSY;
	guard(mutex)(&member->space->lock);
	/* As it was counted: a DPRC's vectors, used by others, may outlast its user */
	desc->iommu_msi_has_rewriter = rewriter;
	desc->iommu_msi_immovable = rewriter && !rewriter->rewrite;
	user = msi_vector_acquire(member, desc, msi_addr);
	if (IS_ERR(user))
		return PTR_ERR(user);
	desc->iommu_msi_user = user;
	msi_desc_set_iommu_msi_iova(desc, msi_desc_page(desc),
				    ilog2(IOMMU_DOORBELL_PAGE));
	return 0;
}
