// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI spaces and the doorbells in them; see include/linux/iommu-msi.h for their
 * life, their locks, and what happens when they race.
 *
 * A doorbell is a page of an interrupt controller that MSIs are written to. It
 * is found by its physical address, and owns a place, a range of IOVAs of the
 * space's slot size. It lives as long as a device that may use it is attached
 * (a reservation) or a vector does use it, and it is mapped while there is a
 * vector, into each domain that needs it.
 *
 * A doorbell that lost its last vector after its last reservation cannot be
 * taken from the tree of places there and then, as that wants the owner's lock.
 * It stays as an idle one, which the next change under that lock reaps.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "msi-placement.h"

/* Doorbells are told apart by 4 KiB pages, the smallest that any IOMMU has */
#define IOMMU_DOORBELL_PAGE SZ_4K
#define IOMMU_DOORBELL_UNBOUND PHYS_ADDR_MAX

/**
 * struct iommu_msi_space - The doorbells of one owner's IOVA space
 * @ref: One for the owner, one for each MSI descriptor that has a doorbell
 * @lock: Protects all that follows, unless it says otherwise
 * @ops: Questions to the owner; constant
 * @owner: Argument of @ops; not to be used by vectors, who may outlive him
 * @slot_size: Size and alignment of a place in bytes; constant
 * @window: The IOMMU driver's software MSI window
 * @doorbells: All doorbells by index
 * @by_phys: Doorbells that have a physical page, by its address
 * @places: Interval tree of all places. Changes under the owner's lock and
 *	@lock both, so either is enough to read it.
 * @domains: List of struct iommu_msi_domain
 * @reservations: List of struct msi_reservation
 * @below_4g: Number of reservations of devices with 32-bit MSI addresses
 */
struct iommu_msi_space {
	struct kref ref;
	/* The innermost lock of those in iommu-msi.h that are not the driver's */
	struct mutex lock;
	const struct iommu_msi_owner_ops *ops;
	void *owner;
	unsigned long slot_size;
	struct iommu_msi_window window;
	struct xarray doorbells;
	struct rb_root by_phys;
	struct rb_root_cached places;
	struct list_head domains;
	struct list_head reservations;
	unsigned int below_4g;
};

/**
 * struct iommu_doorbell - One doorbell of an MSI space
 * @place: Its place, in iommu_msi_space::places
 * @phys_node: In iommu_msi_space::by_phys
 * @phys: Its page of %IOMMU_DOORBELL_PAGE bytes, or %IOMMU_DOORBELL_UNBOUND for
 *	one whose controller does not tell its doorbells in advance: the first
 *	vector then binds it
 * @space: The space that it belongs to
 * @mappings: List of struct msi_mapping: where it is mapped
 * @index: In iommu_msi_space::doorbells
 * @reservations: Number of attached devices that may use it
 * @vectors: Number of vectors that use it
 * @moved_item: In the list of those that one iommu_msi_make_room() moved
 * @moved_from: Where it was before
 */
struct iommu_doorbell {
	struct interval_tree_node place;
	struct rb_node phys_node;
	phys_addr_t phys;
	struct iommu_msi_space *space;
	struct list_head mappings;
	u32 index;
	unsigned int reservations;
	unsigned int vectors;
	struct list_head moved_item;
	unsigned long moved_from;
};

/* A domain that takes part in a space */
struct iommu_msi_domain {
	struct iommu_msi_space *space;
	struct iommu_domain *domain;
	struct list_head item;
	struct list_head mappings;
};

/* A doorbell that is present in the page tables of a domain */
struct msi_mapping {
	struct iommu_msi_domain *member;
	struct list_head doorbell_item;
	struct list_head domain_item;
	unsigned long iova;
	size_t size;
};

/*
 * The right of an attached device to use a doorbell. While the device moves to
 * another domain of the space, @moving_to is that domain.
 */
struct msi_reservation {
	struct device *dev;
	struct iommu_doorbell *doorbell;
	struct iommu_msi_domain *moving_to;
	struct list_head item;
	bool below_4g;
};

static void msi_space_free(struct kref *ref)
{
	struct iommu_msi_space *space =
		container_of(ref, struct iommu_msi_space, ref);

	mutex_destroy(&space->lock);
	kfree(space);
}

static void msi_space_assert_owner(struct iommu_msi_space *space)
{
	space->ops->assert_locked(space->owner);
	lockdep_assert_held(&space->lock);
}

/* Doorbells */

static int doorbell_cmp(const void *key, const struct rb_node *node)
{
	phys_addr_t phys = *(const phys_addr_t *)key;
	const struct iommu_doorbell *doorbell =
		rb_entry(node, struct iommu_doorbell, phys_node);

	if (phys < doorbell->phys)
		return -1;
	return phys > doorbell->phys;
}

static bool doorbell_less(struct rb_node *a, const struct rb_node *b)
{
	const struct iommu_doorbell *doorbell =
		rb_entry(a, struct iommu_doorbell, phys_node);

	return doorbell_cmp(&doorbell->phys, b) < 0;
}

static struct iommu_doorbell *doorbell_find(struct iommu_msi_space *space,
					    phys_addr_t phys)
{
	struct rb_node *node;

	lockdep_assert_held(&space->lock);
	node = rb_find(&phys, &space->by_phys, doorbell_cmp);
	return node ? rb_entry(node, struct iommu_doorbell, phys_node) : NULL;
}

static void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys)
{
	lockdep_assert_held(&doorbell->space->lock);
	doorbell->phys = phys;
	rb_add(&doorbell->phys_node, &doorbell->space->by_phys, doorbell_less);
}

static void doorbell_free(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;

	lockdep_assert_held(&space->lock);
	if (doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		rb_erase(&doorbell->phys_node, &space->by_phys);
	interval_tree_remove(&doorbell->place, &space->places);
	xa_erase(&space->doorbells, doorbell->index);
	kfree(doorbell);
}

static bool doorbell_idle(const struct iommu_doorbell *doorbell)
{
	return !doorbell->vectors && !doorbell->reservations;
}

static void msi_space_reap(struct iommu_msi_space *space)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	msi_space_assert_owner(space);
	xa_for_each(&space->doorbells, index, doorbell)
		if (doorbell_idle(doorbell))
			doorbell_free(doorbell);
}

/* Places */

static void msi_space_aperture(struct iommu_msi_space *space,
			       struct msi_placement *placement)
{
	struct iommu_msi_domain *member;

	list_for_each_entry(member, &space->domains, item) {
		const struct iommu_domain_geometry *geometry =
			&member->domain->geometry;

		/* Drivers that finish a domain at attach know none before */
		if (!geometry->aperture_end)
			continue;
		placement->first = max_t(unsigned long, placement->first,
					 geometry->aperture_start);
		placement->last = min_t(unsigned long, placement->last,
					geometry->aperture_end);
	}
}

/* Find a place outside of @avoid, which may be NULL */
static int msi_space_find_place(struct iommu_msi_space *space,
				const struct iommu_msi_window *avoid,
				unsigned long *iova)
{
	struct msi_placement placement = {
		.ops = space->ops,
		.owner = space->owner,
		.places = &space->places,
		.slot_size = space->slot_size,
		.window = space->window,
		.last = ULONG_MAX,
		.below_4g = space->below_4g,
		.avoid_start = avoid ? avoid->start : 1,
		.avoid_last = avoid ? avoid->last : 0,
	};

	msi_space_assert_owner(space);
	msi_space_aperture(space, &placement);
	return msi_placement_find(&placement, iova);
}

static void doorbell_set_place(struct iommu_doorbell *doorbell,
			       unsigned long iova)
{
	doorbell->place.start = iova;
	doorbell->place.last = iova + doorbell->space->slot_size - 1;
	interval_tree_insert(&doorbell->place, &doorbell->space->places);
}

static int doorbell_move(struct iommu_doorbell *doorbell,
			 const struct iommu_msi_window *avoid)
{
	struct iommu_msi_space *space = doorbell->space;
	unsigned long iova;
	int rc;

	rc = msi_space_find_place(space, avoid, &iova);
	if (rc)
		return rc;
	interval_tree_remove(&doorbell->place, &space->places);
	doorbell_set_place(doorbell, iova);
	return 0;
}

static struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
					      phys_addr_t phys)
{
	struct iommu_doorbell *doorbell;
	unsigned long iova;
	int rc;

	doorbell = kzalloc(sizeof(*doorbell), GFP_KERNEL_ACCOUNT);
	if (!doorbell)
		return ERR_PTR(-ENOMEM);
	doorbell->space = space;
	doorbell->phys = IOMMU_DOORBELL_UNBOUND;
	INIT_LIST_HEAD(&doorbell->mappings);

	rc = msi_space_find_place(space, NULL, &iova);
	if (rc)
		goto out_free;
	rc = xa_alloc(&space->doorbells, &doorbell->index, doorbell,
		      xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (rc)
		goto out_free;
	doorbell_set_place(doorbell, iova);
	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell_bind(doorbell, phys);
	return doorbell;

out_free:
	kfree(doorbell);
	return ERR_PTR(rc);
}

/* Mappings */

static void msi_mapping_remove(struct msi_mapping *mapping)
{
	lockdep_assert_held(&mapping->member->space->lock);
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

/* Where devices see the doorbell's page */
static unsigned long doorbell_iova(const struct iommu_doorbell *doorbell)
{
	return doorbell->place.start +
	       (doorbell->phys & (doorbell->space->slot_size - 1));
}

static bool doorbell_is_mapped(struct iommu_doorbell *doorbell,
			       struct iommu_msi_domain *member)
{
	struct msi_mapping *mapping;

	list_for_each_entry(mapping, &doorbell->mappings, doorbell_item)
		if (mapping->member == member)
			return true;
	return false;
}

/*
 * Map the IOMMU page that the register is in, and no more. It lies at the same
 * offset in the place as in physical memory, whatever page size @member has.
 */
static int doorbell_map(struct iommu_doorbell *doorbell,
			struct iommu_msi_domain *member)
{
	/* No execution, device memory; stage 2 can say write-only */
	const int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;
	const struct iommu_domain_geometry *geometry =
		&member->domain->geometry;
	unsigned long iova = doorbell_iova(doorbell);
	size_t size = msi_domain_page_size(member->domain);
	struct msi_mapping *mapping;
	int rc;

	lockdep_assert_held(&doorbell->space->lock);
	if (doorbell_is_mapped(doorbell, member))
		return 0;
	if (iova < geometry->aperture_start ||
	    iova + IOMMU_DOORBELL_PAGE - 1 > geometry->aperture_end)
		return -EADDRINUSE;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return -ENOMEM;
	mapping->member = member;
	mapping->iova = ALIGN_DOWN(iova, size);
	mapping->size = size;
	rc = iommu_map(member->domain, mapping->iova,
		       ALIGN_DOWN(doorbell->phys, size), size, prot,
		       GFP_KERNEL_ACCOUNT);
	if (rc) {
		kfree(mapping);
		return rc;
	}
	list_add_tail(&mapping->doorbell_item, &doorbell->mappings);
	list_add_tail(&mapping->domain_item, &member->mappings);
	return 0;
}

static void doorbell_unmap(struct iommu_doorbell *doorbell)
{
	struct msi_mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, &doorbell->mappings,
				 doorbell_item)
		msi_mapping_remove(mapping);
}

/* The space */

/**
 * iommu_msi_space_create - Create the MSI space of an IOVA space
 * @ops: Questions to the owner
 * @owner: Argument of @ops
 * @slot_size: Size and alignment of a doorbell's place in bytes: a power of two,
 *	no less than 4 KiB nor than the smallest page of any domain that joins
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
	/* No window until a driver reports one */
	space->window.start = 1;
	xa_init_flags(&space->doorbells, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	space->by_phys = RB_ROOT;
	space->places = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&space->domains);
	INIT_LIST_HEAD(&space->reservations);
	return space;
}
EXPORT_SYMBOL_GPL(iommu_msi_space_create);

/**
 * iommu_msi_space_destroy - Destroy an MSI space
 * @space: The space. No device has a reservation in it, no domain is part of it.
 *
 * Vectors of devices that were detached while they were live may still use
 * doorbells. These outlive the call, mapped nowhere, until the vectors go.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 */
void iommu_msi_space_destroy(struct iommu_msi_space *space)
{
	mutex_lock(&space->lock);
	msi_space_reap(space);
	WARN_ON(!list_empty(&space->domains) ||
		!list_empty(&space->reservations));
	space->owner = NULL;
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
}
EXPORT_SYMBOL_GPL(iommu_msi_space_destroy);

/* Devices */

/* State of one iommu_msi_reserve_device() */
struct msi_reserve {
	struct iommu_msi_space *space;
	struct device *dev;
	bool below_4g;
};

/* Devices with 32-bit MSI addresses cannot use a place above 4 GiB */
static int doorbell_lower(struct iommu_doorbell *doorbell)
{
	if (upper_32_bits(doorbell->place.last) == 0)
		return 0;
	if (doorbell->vectors)
		return -EADDRINUSE;
	return doorbell_move(doorbell, NULL);
}

static int msi_reserve_page(struct msi_reserve *reserve, phys_addr_t phys)
{
	struct iommu_msi_space *space = reserve->space;
	struct iommu_doorbell *doorbell = NULL;
	struct msi_reservation *reservation;
	int rc = 0;

	reservation = kzalloc(sizeof(*reservation), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;

	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell = doorbell_find(space, phys);
	if (!doorbell) {
		doorbell = doorbell_create(space, phys);
		if (IS_ERR(doorbell))
			rc = PTR_ERR(doorbell);
	} else if (reserve->below_4g) {
		rc = doorbell_lower(doorbell);
	}
	if (rc) {
		kfree(reservation);
		return rc;
	}

	doorbell->reservations++;
	reservation->doorbell = doorbell;
	reservation->dev = reserve->dev;
	reservation->below_4g = reserve->below_4g;
	space->below_4g += reserve->below_4g;
	list_add_tail(&reservation->item, &space->reservations);
	return 0;
}

static int msi_reserve_doorbell(phys_addr_t start, size_t size, void *data)
{
	phys_addr_t last = start + size - 1;
	phys_addr_t phys = ALIGN_DOWN(start, IOMMU_DOORBELL_PAGE);
	int rc;

	for (; phys <= last; phys += IOMMU_DOORBELL_PAGE) {
		rc = msi_reserve_page(data, phys);
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
		reservation->doorbell->reservations--;
		space->below_4g -= reservation->below_4g;
		list_del(&reservation->item);
		kfree(reservation);
	}
	msi_space_reap(space);
}

/*
 * Call @fn for each doorbell that an MSI of @dev may be sent to, as told by the
 * interrupt controller. A device without MSIs has none.
 */
static int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn,
			      void *data)
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

/*
 * Messages of live vectors hold an IOVA of the space that they were set up in,
 * which in another one may be the user's.
 */
static bool msi_device_in_use_elsewhere(struct iommu_msi_space *space,
					struct device *dev)
{
	struct msi_desc *desc;
	bool in_use = false;

	if (!dev->msi.data)
		return false;
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED)
		if (desc->iommu_doorbell &&
		    desc->iommu_doorbell->space != space)
			in_use = true;
	msi_unlock_descs(dev);
	return in_use;
}

/**
 * iommu_msi_reserve_device - Reserve places for the doorbells of a device
 * @space: MSI space of the IOVA space that the device is about to be attached to
 * @dev: The device
 * @window: Software MSI window of the device's IOMMU; its slots are tried first
 *
 * Each doorbell that @dev may use, and that no other device brought already,
 * gets a place. A device whose interrupt controller cannot tell its doorbells
 * in advance gets one place for the one that it turns out to use.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Return: 0 on success. -ENOSPC if no hole is left, -EADDRINUSE if @dev is
 * limited to 32-bit MSI addresses and a doorbell it needs is in use above,
 * -EBUSY if vectors of @dev use a doorbell of another space, -ENOMEM. On
 * failure @dev has no reservation; a doorbell without vectors may have moved.
 */
int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window)
{
	struct msi_reserve reserve = {
		.space = space,
		.dev = dev,
		.below_4g = dev_is_pci(dev) && to_pci_dev(dev)->no_64bit_msi,
	};
	int rc;

	if (msi_device_in_use_elsewhere(space, dev))
		return -EBUSY;

	guard(mutex)(&space->lock);
	msi_space_reap(space);
	space->window = *window;
	/* Counted while the doorbells are placed, then by the reservations */
	space->below_4g += reserve.below_4g;
	rc = msi_walk_doorbells(dev, msi_reserve_doorbell, &reserve);
	if (rc == -EOPNOTSUPP)
		rc = msi_reserve_page(&reserve, IOMMU_DOORBELL_UNBOUND);
	space->below_4g -= reserve.below_4g;
	if (rc)
		msi_unreserve_device(space, dev);
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

/* The owner's mappings */

/**
 * iommu_msi_first_place - Find the lowest place of a doorbell in a range
 * @space: MSI space
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * Context: The owner's lock is held. O(log n).
 * Return: The place, valid while the lock is held, or NULL.
 */
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last)
{
	return interval_tree_iter_first(&space->places, start, last);
}
EXPORT_SYMBOL_GPL(iommu_msi_first_place);

static struct iommu_doorbell *place_to_doorbell(struct interval_tree_node *node)
{
	return container_of(node, struct iommu_doorbell, place);
}

static bool msi_space_in_use(struct iommu_msi_space *space, unsigned long start,
			     unsigned long last)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(&space->places, start, last); node;
	     node = interval_tree_iter_next(node, start, last))
		if (place_to_doorbell(node)->vectors)
			return true;
	return false;
}

/**
 * iommu_msi_make_room - Move doorbells out of the way of the owner's mapping
 * @space: MSI space
 * @start: First IOVA that the owner wants, in bytes
 * @last: Last IOVA that the owner wants, in bytes
 *
 * No device knows the IOVA of a doorbell without vectors, so that such a one
 * simply gets another place. If the owner's mapping fails later, it stays there.
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * O(log n) if there is no doorbell in the range.
 * Return: 0 if the range is free of doorbells now. -EEXIST if vectors use one
 * that lies in it, -ENOSPC if there is no hole to move one to; then no
 * doorbell has moved.
 */
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last)
{
	const struct iommu_msi_window wanted = { .start = start, .last = last };
	struct iommu_doorbell *doorbell, *next;
	struct interval_tree_node *node;
	LIST_HEAD(moved);
	int rc = 0;

	if (!iommu_msi_first_place(space, start, last))
		return 0;

	guard(mutex)(&space->lock);
	msi_space_reap(space);
	if (msi_space_in_use(space, start, last))
		return -EEXIST;
	while ((node = interval_tree_iter_first(&space->places, start, last))) {
		doorbell = place_to_doorbell(node);
		doorbell->moved_from = node->start;
		rc = doorbell_move(doorbell, &wanted);
		if (rc)
			break;
		list_add(&doorbell->moved_item, &moved);
	}
	list_for_each_entry_safe(doorbell, next, &moved, moved_item) {
		list_del(&doorbell->moved_item);
		if (!rc)
			continue;
		interval_tree_remove(&doorbell->place, &space->places);
		doorbell_set_place(doorbell, doorbell->moved_from);
	}
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_make_room);

/**
 * iommu_msi_next_state - Iterate over the doorbells of a space
 * @space: MSI space
 * @index: In: lowest index that is wanted. Out: index that was found
 * @state: Filled with the state of that doorbell
 *
 * Context: Process context, may sleep. The owner's lock is held.
 * Return: true if there is a doorbell with an index of at least @index.
 */
bool iommu_msi_next_state(struct iommu_msi_space *space, unsigned long *index,
			  struct iommu_msi_state *state)
{
	struct iommu_doorbell *doorbell;

	guard(mutex)(&space->lock);
	xa_for_each_start(&space->doorbells, *index, doorbell, *index) {
		if (doorbell_idle(doorbell))
			continue;
		state->iova = doorbell->place.start;
		state->length = space->slot_size;
		state->vectors = doorbell->vectors;
		state->mapped = !list_empty(&doorbell->mappings);
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(iommu_msi_next_state);

/* Domains */

/**
 * iommu_msi_join - Make a domain part of an MSI space
 * @space: MSI space of the owner of @domain
 * @domain: Domain of type %IOMMU_DOMAIN_UNMANAGED
 *
 * The domain becomes an %IOMMU_DOMAIN_MIXED, until it is freed. To be called
 * before a device is attached to it. Joining again is no error.
 *
 * Context: Process context, may sleep.
 * Return: 0 on success. -EINVAL if the pages of @domain are larger than a place,
 * or somebody else manages MSIs in it already. -ENOMEM.
 */
int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain)
{
	struct iommu_msi_domain *member;

	guard(mutex)(&space->lock);
	if (domain->msi)
		return domain->msi->space == space ? 0 : -EINVAL;
	if (domain->type != IOMMU_DOMAIN_UNMANAGED || domain->iova_cookie ||
	    msi_domain_page_size(domain) > space->slot_size)
		return -EINVAL;

	member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return -ENOMEM;
	member->space = space;
	member->domain = domain;
	INIT_LIST_HEAD(&member->mappings);
	list_add_tail(&member->item, &space->domains);
	domain->msi = member;
	/* Vectors of other groups may look; see iommu_is_mixed_domain() */
	smp_store_release(&domain->type, IOMMU_DOMAIN_MIXED);
	return 0;
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
		if (reservation->doorbell->vectors && !rc)
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
 * @domain: Domain that is about to be freed: no device is attached. Nothing
 *	happens if it is part of no space.
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
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->msi = NULL;
	mutex_unlock(&space->lock);
	kfree(member);
}

/* Vectors */

/* Bind a doorbell that was reserved before its address was known */
static struct iommu_doorbell *
doorbell_bind_reserved(struct iommu_msi_space *space, struct device *dev,
		       phys_addr_t phys)
{
	struct msi_reservation *reservation;

	list_for_each_entry(reservation, &space->reservations, item) {
		struct iommu_doorbell *doorbell = reservation->doorbell;

		if (reservation->dev != dev ||
		    doorbell->phys != IOMMU_DOORBELL_UNBOUND)
			continue;
		doorbell_bind(doorbell, phys);
		return doorbell;
	}
	return NULL;
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

/**
 * iommu_msi_map - Map the doorbell of a new vector
 * @domain: %IOMMU_DOMAIN_MIXED that the vector's device is attached to
 * @desc: The MSI descriptor; set to compose messages with the doorbell's IOVA
 * @msi_addr: Physical address of the doorbell's register
 *
 * Undone by iommu_dma_release_msi().
 *
 * Context: Process context, may sleep. The group's mutex is held, so that the
 * device stays attached to @domain.
 * Return: 0 on success. -ENOSPC if no place was reserved for the doorbell,
 * -EADDRINUSE if its place is outside of the aperture of @domain, -ENOMEM, or
 * what the IOMMU driver's map returned.
 */
int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr)
{
	phys_addr_t phys = ALIGN_DOWN(msi_addr, IOMMU_DOORBELL_PAGE);
	struct iommu_msi_domain *member = domain->msi;
	struct iommu_msi_space *space = member->space;
	struct iommu_doorbell *doorbell;
	int rc;

	guard(mutex)(&space->lock);
	doorbell = doorbell_find(space, phys);
	if (!doorbell)
		doorbell = doorbell_bind_reserved(space, msi_desc_to_dev(desc),
						  phys);
	if (!doorbell)
		return -ENOSPC;

	rc = doorbell_map(doorbell, member);
	if (!rc)
		rc = doorbell_map_moving(doorbell);
	if (rc) {
		if (!doorbell->vectors)
			doorbell_unmap(doorbell);
		return rc;
	}
	doorbell->vectors += desc->nvec_used;
	kref_get(&space->ref);
	desc->iommu_doorbell = doorbell;
	msi_desc_set_iommu_msi_iova(desc, doorbell_iova(doorbell),
				    ilog2(IOMMU_DOORBELL_PAGE));
	return 0;
}

/**
 * iommu_dma_release_msi - Tell that a vector does not use its doorbell any more
 * @desc: MSI descriptor whose interrupts are freed, or could not be allocated;
 *	nothing happens if iommu_dma_prepare_msi() found no need for a doorbell
 *
 * The last vector unmaps the doorbell.
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
	if (!doorbell->vectors) {
		doorbell_unmap(doorbell);
		if (!space->owner && doorbell_idle(doorbell))
			doorbell_free(doorbell);
	}
	mutex_unlock(&space->lock);
	kref_put(&space->ref, msi_space_free);
	desc->iommu_doorbell = NULL;
	msi_desc_set_iommu_msi_iova(desc, 0, 0);
}
