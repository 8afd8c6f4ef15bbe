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
 *
 * Where the owner gives doorbells their places himself (the DMA API), one comes
 * with its first vector, and stays mapped until the domain goes.
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
#include "placement.h"
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
	if (space->ops->assert_locked)
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

struct iommu_doorbell *doorbell_find(struct iommu_msi_space *space,
				     phys_addr_t phys)
{
	struct rb_node *node;

	lockdep_assert_held(&space->lock);
	node = rb_find(&phys, &space->by_phys, doorbell_cmp);
	return node ? rb_entry(node, struct iommu_doorbell, phys_node) : NULL;
}

void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys)
{
	lockdep_assert_held(&doorbell->space->lock);
	doorbell->phys = phys;
	rb_add(&doorbell->phys_node, &doorbell->space->by_phys, doorbell_less);
}

void doorbell_free(struct iommu_doorbell *doorbell)
{
	struct iommu_msi_space *space = doorbell->space;

	lockdep_assert_held(&space->lock);
	if (doorbell->phys != IOMMU_DOORBELL_UNBOUND)
		rb_erase(&doorbell->phys_node, &space->by_phys);
	interval_tree_remove(&doorbell->place, &space->places);
	xa_erase(&space->doorbells, doorbell->index);
	if (msi_space_keeps(space) && !doorbell->untranslated)
		space->ops->free_place(space->owner, doorbell->place.start);
	kfree(doorbell);
}

bool doorbell_idle(const struct iommu_doorbell *doorbell)
{
	return !doorbell->vectors && !doorbell->reservations && !doorbell->pins;
}

void msi_space_reap(struct iommu_msi_space *space)
{
	struct iommu_doorbell *doorbell;
	unsigned long index;

	msi_space_assert_owner(space);
	xa_for_each(&space->doorbells, index, doorbell)
		if (doorbell_idle(doorbell))
			doorbell_free(doorbell);
}

/* Places */

/* The IOVAs that every domain of the space translates */
void msi_space_aperture(struct iommu_msi_space *space,
			struct iommu_msi_window *aperture)
{
	struct iommu_msi_domain *member;

	lockdep_assert_held(&space->lock);
	*aperture = (struct iommu_msi_window){ .last = ULONG_MAX };
	list_for_each_entry(member, &space->domains, item) {
		const struct iommu_domain_geometry *geometry =
			&member->domain->geometry;

		/* Drivers that finish a domain at attach know none before */
		if (!geometry->aperture_end)
			continue;
		aperture->start = max_t(unsigned long, aperture->start,
					geometry->aperture_start);
		aperture->last = min_t(unsigned long, aperture->last,
				       geometry->aperture_end);
	}
}

/* Where messages of live vectors allow @doorbell to be */
static void doorbell_reach(struct iommu_doorbell *doorbell,
			   struct msi_placement *placement)
{
	unsigned long block = ALIGN_DOWN(doorbell->place.start, SZ_4G);
	struct msi_desc *desc;

	list_for_each_entry(desc, &doorbell->descs, iommu_doorbell_item) {
		if (!msi_desc_keeps_address_hi(desc))
			continue;
		placement->first = max(placement->first, block);
		placement->last = min(placement->last, block + SZ_4G - 1);
		return;
	}
}

static void doorbell_placement(struct iommu_doorbell *doorbell,
			       struct msi_placement *placement)
{
	struct iommu_msi_space *space = doorbell->space;
	struct iommu_msi_window aperture;
	unsigned long iova;

	msi_space_assert_owner(space);
	msi_space_aperture(space, &aperture);
	*placement = (struct msi_placement){
		.ops = space->ops,
		.owner = space->owner,
		.places = &space->places,
		.old_places = &space->old_places,
		.slot_size = space->slot_size,
		.window = space->window,
		.first = aperture.start,
		.last = aperture.last,
		.below_4g = space->below_4g,
		/* An empty range */
		.avoid_start = 1,
	};
	doorbell_reach(doorbell, placement);
	if (space->only_window && !doorbell_fixed_place(doorbell, &iova)) {
		placement->first = max(placement->first, space->window.start);
		placement->last = min(placement->last, space->window.last);
	}
}

/* Find a place outside of @avoid, which may be NULL */
int msi_space_find_place(struct iommu_doorbell *doorbell,
			 const struct iommu_msi_window *avoid,
			 unsigned long *iova)
{
	struct msi_placement placement;

	doorbell_placement(doorbell, &placement);
	if (avoid) {
		placement.avoid_start = avoid->start;
		placement.avoid_last = avoid->last;
	}
	return msi_placement_find(&placement, iova);
}

/* Find a place for two doorbells of different spaces, the same for both */
int msi_space_find_common_place(struct iommu_doorbell *a,
				struct iommu_doorbell *b, unsigned long *iova)
{
	struct msi_placement placement, other;

	doorbell_placement(a, &other);
	doorbell_placement(b, &placement);
	placement.also = &other;
	return msi_placement_find(&placement, iova);
}

/**
 * msi_space_check_place - Tell whether a doorbell can be at a certain IOVA
 * @doorbell: The doorbell
 * @iova: First IOVA of the place
 *
 * Context: The owner's lock is held for write, and the space's lock.
 * Return: 0, or -EINVAL if the place is not aligned to its size or contains IOVA
 * 0, -ERANGE if it is out of reach, -EADDRINUSE if it is reserved, -EEXIST if the
 * owner has a mapping there, or another doorbell is or leaves it just now.
 */
int msi_space_check_place(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;
	unsigned long last = iova + space->slot_size - 1;
	struct interval_tree_node *node;
	struct msi_placement placement;

	if (!iova || !IS_ALIGNED(iova, space->slot_size))
		return -EINVAL;
	doorbell_placement(doorbell, &placement);
	if (iova < placement.first || last > placement.last ||
	    (placement.below_4g && upper_32_bits(last)))
		return -ERANGE;
	node = msi_placement_first_taken(&placement, iova, last);
	if (node && node != &doorbell->place)
		return -EEXIST;
	if (space->ops->is_hole(space->owner, iova, last))
		return 0;
	if (space->ops->is_reserved &&
	    space->ops->is_reserved(space->owner, iova, last))
		return -EADDRINUSE;
	return -EEXIST;
}

void doorbell_set_place(struct iommu_doorbell *doorbell, unsigned long iova)
{
	struct iommu_msi_space *space = doorbell->space;

	if (doorbell->place.last)
		interval_tree_remove(&doorbell->place, &space->places);
	doorbell->place.start = iova;
	doorbell->place.last = iova + space->slot_size - 1;
	interval_tree_insert(&doorbell->place, &space->places);
}

/*
 * A place that the owner gives or chose, or else one that the rule finds. Returns 0,
 * IOMMU_MSI_UNTRANSLATED, or an error.
 */
static int doorbell_first_place(struct iommu_doorbell *doorbell,
				struct device *dev, phys_addr_t phys,
				unsigned long *iova)
{
	struct iommu_msi_space *space = doorbell->space;

	if (msi_space_keeps(space))
		return space->ops->alloc_place(space->owner, dev, phys, iova);
	if (!doorbell_fixed_place(doorbell, iova))
		return msi_space_find_place(doorbell, NULL, iova);
	return msi_space_check_place(doorbell, *iova) ? -EADDRINUSE : 0;
}

struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
				       struct device *dev, phys_addr_t phys)
{
	struct iommu_doorbell *doorbell;
	unsigned long iova;
	int rc;

	doorbell = kzalloc(sizeof(*doorbell), space->gfp);
	if (!doorbell)
		return ERR_PTR(-ENOMEM);
	doorbell->space = space;
	doorbell->phys = IOMMU_DOORBELL_UNBOUND;
	INIT_LIST_HEAD(&doorbell->mappings);
	INIT_LIST_HEAD(&doorbell->descs);

	rc = xa_alloc(&space->doorbells, &doorbell->index, doorbell,
		      xa_limit_31b, space->gfp);
	if (rc)
		goto out_free;
	rc = doorbell_first_place(doorbell, dev, phys, &iova);
	if (rc < 0)
		goto out_erase;
	doorbell->untranslated = rc == IOMMU_MSI_UNTRANSLATED;
	doorbell_set_place(doorbell, iova);
	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell_bind(doorbell, phys);
	return doorbell;

out_erase:
	xa_erase(&space->doorbells, doorbell->index);
out_free:
	kfree(doorbell);
	return ERR_PTR(rc);
}

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

/* It has vectors, or will be given some */
bool doorbell_is_wanted(const struct iommu_doorbell *doorbell)
{
	return doorbell->vectors || doorbell->pins;
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
	if (ops->alloc_place) {
		space->page_size = slot_size;
		space->gfp = GFP_KERNEL;
	} else {
		space->page_size = IOMMU_DOORBELL_PAGE;
		space->gfp = GFP_KERNEL_ACCOUNT;
	}
	/* No window until a driver reports one */
	space->driver_window.start = 1;
	space->window = space->driver_window;
	xa_init_flags(&space->fixed, XA_FLAGS_ACCOUNT);
	xa_init_flags(&space->doorbells,
		      XA_FLAGS_ALLOC |
			      (ops->alloc_place ? 0 : XA_FLAGS_ACCOUNT));
	space->by_phys = RB_ROOT;
	space->places = RB_ROOT_CACHED;
	space->old_places = RB_ROOT_CACHED;
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
 * Context: Process context, may sleep. The owner's lock is held for write, if he
 * has one.
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
	struct list_head moves;
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

static int msi_reserve_page(struct msi_reserve *reserve, phys_addr_t phys)
{
	struct iommu_msi_space *space = reserve->space;
	struct msi_reservation *reservation;
	struct iommu_doorbell *doorbell;
	int rc = 0;

	reservation = kzalloc(sizeof(*reservation), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;

	if (phys != IOMMU_DOORBELL_UNBOUND)
		doorbell = doorbell_find(space, phys);
	else
		/* Vectors that the device kept while it was detached */
		doorbell = msi_find_used(space, reserve->dev);
	if (!doorbell) {
		doorbell = doorbell_create(space, reserve->dev, phys);
		if (IS_ERR(doorbell))
			rc = PTR_ERR(doorbell);
	} else if (reserve->below_4g) {
		rc = doorbell_lower(doorbell, &reserve->moves);
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
	trace_iommu_msi_reserve(space, reserve->dev, phys,
				doorbell->place.start);
	return 0;
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
 * A doorbell above 4 GiB moves down if @dev is limited to 32-bit MSI addresses.
 *
 * Return: 0 on success. -ENOSPC if no hole is left, -EADDRINUSE if a doorbell is
 * pinned above 4 GiB and @dev cannot reach it, or the place that the owner chose
 * for one is taken, -EPERM if a doorbell must not be given to a user (see
 * iommu_msi_check_page()), -ENOMEM. On failure @dev has no reservation, and no
 * doorbell has moved.
 */
int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window)
{
	struct msi_reserve reserve = {
		.space = space,
		.dev = dev,
		.below_4g = dev_is_pci(dev) && to_pci_dev(dev)->no_64bit_msi,
		.moves = LIST_HEAD_INIT(reserve.moves),
	};
	int rc;

	rc = msi_reserve_begin(&reserve, window);
	if (rc)
		return rc;
	rc = msi_moves_commit(space, &reserve.moves);
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
		state->pinned = doorbell_is_pinned(doorbell);
		state->placement = doorbell_placement_kind(doorbell);
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(iommu_msi_next_state);

/**
 * iommu_msi_get_geometry - Tell what an MSI space has room for
 * @space: MSI space
 * @geometry: Filled
 *
 * Context: Process context, may sleep. The owner's lock is held.
 */
void iommu_msi_get_geometry(struct iommu_msi_space *space,
			    struct iommu_msi_geometry *geometry)
{
	struct iommu_msi_window aperture;
	struct iommu_doorbell *doorbell;
	unsigned long index;

	guard(mutex)(&space->lock);
	msi_space_aperture(space, &aperture);
	*geometry = (struct iommu_msi_geometry){
		.aperture_start = aperture.start,
		.aperture_last = aperture.last,
		.granule = space->slot_size,
	};
	xa_for_each(&space->doorbells, index, doorbell)
		geometry->doorbells += !doorbell_idle(doorbell);
}
EXPORT_SYMBOL_GPL(iommu_msi_get_geometry);

/* Domains */

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
