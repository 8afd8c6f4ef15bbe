// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI spaces: the doorbells of one owner's IOVA space, and the domains that take
 * part. See space.h for the objects and the locks, include/linux/iommu-msi.h for the
 * interface, and Documentation/driver-api/iommu-msi.rst for the life of a doorbell.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/slab.h>

#include "space.h"

void msi_space_free(struct kref *ref)
{
	struct iommu_msi_space *space =
		container_of(ref, struct iommu_msi_space, ref);

	xa_destroy(&space->fixed);
	mutex_destroy(&space->lock);
	kfree(space);
}

void msi_space_assert_owner(struct iommu_msi_space *space)
{
	space->ops->assert_locked(space->owner);
}

/**
 * iommu_msi_space_create - Create the MSI space of an IOVA space
 * @ops: Queries to the owner
 * @owner: Argument of @ops
 * @slot_size: Size and alignment of a doorbell's range of IOVAs in bytes, unless a
 *	domain joins that has larger slots (iommu_domain_geometry::slot_size): a power
 *	of two, no less than 4 KiB nor than the smallest page of any domain that
 *	joins
 *
 * Context: Process context, may sleep.
 * Return: The space, to be given to iommu_msi_space_destroy(), or ERR_PTR() of
 * -ENOMEM.
 */
struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size)
{
	struct iommu_msi_space *space;

	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);
	kref_init(&space->ref);
	mutex_init(&space->lock);
	space->ops = ops;
	space->owner = owner;
	space->slot_size = slot_size;
	space->granule = slot_size;
	/* No window until a driver reports one */
	space->driver_window.start = 1;
	space->window = space->driver_window;
	xa_init_flags(&space->fixed, XA_FLAGS_ACCOUNT);
	space->by_phys = RB_ROOT;
	space->places = RB_ROOT_CACHED;
	space->groups = RB_ROOT;
	INIT_LIST_HEAD(&space->domains);
	INIT_LIST_HEAD(&space->idle);
	msi_bus_limits_init(&space->limits);
	return space;
}
EXPORT_SYMBOL_GPL(iommu_msi_space_create);

/**
 * msi_space_update_extent - Report to the owner the range that doorbells are in
 * @space: MSI space
 *
 * Context: The tree of IOVAs has changed: both locks are held, or the owner is gone.
 * O(1).
 */
void msi_space_update_extent(struct iommu_msi_space *space)
{
	struct rb_root_cached *tree = &space->places;
	struct interval_tree_node *first, *root;

	if (!space->owner || !space->ops->set_extent)
		return;
	if (RB_EMPTY_ROOT(&tree->rb_root)) {
		space->ops->set_extent(space->owner, ULONG_MAX, 0);
		return;
	}
	first = rb_entry(tree->rb_leftmost, struct interval_tree_node, rb);
	root = rb_entry(tree->rb_root.rb_node, struct interval_tree_node, rb);
	space->ops->set_extent(space->owner, first->start,
			       root->__subtree_last);
}

/* Domains */

/**
 * msi_space_aperture - Find the IOVAs that every domain of a space translates
 * @space: MSI space
 * @aperture: Set
 *
 * Context: The owner's lock is held. O(n) in the number of domains.
 */
void msi_space_aperture(struct iommu_msi_space *space,
			struct iommu_msi_window *aperture)
{
	struct iommu_msi_domain *member;

	*aperture = (struct iommu_msi_window){ .last = ULONG_MAX };
	list_for_each_entry(member, &space->domains, item) {
		const struct iommu_domain_geometry *geometry =
			&member->domain->geometry;

		if (!msi_domain_is_finished(member->domain))
			continue;
		aperture->start = max_t(unsigned long, aperture->start,
					geometry->aperture_start);
		aperture->last = min_t(unsigned long, aperture->last,
				       geometry->aperture_end);
	}
}

/* The domains of a space have changed: O(n) in their number */
static void msi_space_update_granule(struct iommu_msi_space *space)
{
	struct iommu_msi_domain *member;
	unsigned long slot_size;

	space->granule = space->slot_size;
	space->windows = false;
	list_for_each_entry(member, &space->domains, item) {
		slot_size = member->domain->geometry.slot_size;
		space->granule = max(space->granule, slot_size);
		space->windows |= slot_size;
	}
}

/**
 * msi_space_add_domain - Make a domain part of a space
 * @space: MSI space
 * @domain: Domain of type %IOMMU_DOMAIN_UNMANAGED
 *
 * Context: The owner's lock is held for write.
 * Return: 0, -EINVAL or -ENOMEM as iommu_msi_join().
 */
int msi_space_add_domain(struct iommu_msi_space *space,
			 struct iommu_domain *domain)
{
	struct iommu_msi_domain *member;

	msi_space_assert_owner(space);
	if (1UL << __ffs(domain->pgsize_bitmap) > space->slot_size ||
	    domain->type != IOMMU_DOMAIN_UNMANAGED || domain->iova_cookie)
		return -EINVAL;

	member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return -ENOMEM;
	member->space = space;
	member->domain = domain;
	xa_init_flags(&member->mappings, XA_FLAGS_ACCOUNT);
	list_add_tail(&member->item, &space->domains);
	msi_space_update_granule(space);
	domain->msi = member;
	/* Pairs with iommu_is_mixed_domain(), which vectors of other groups call */
	smp_store_release(&domain->type, IOMMU_DOMAIN_MIXED);
	return 0;
}

/**
 * iommu_msi_leave - Take a domain out of its MSI space
 * @domain: Domain that no device is attached to: it is about to be freed, or
 *	the attach that it joined for has failed. Nothing happens if it is part
 *	of no space.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_leave(struct iommu_domain *domain)
{
	struct iommu_msi_domain *member = domain->msi;

	if (!member)
		return;
	msi_space_assert_owner(member->space);
	WARN_ON(!xa_empty(&member->mappings));
	list_del(&member->item);
	msi_space_update_granule(member->space);
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->msi = NULL;
	xa_destroy(&member->mappings);
	kfree(member);
}
EXPORT_SYMBOL_GPL(iommu_msi_leave);
