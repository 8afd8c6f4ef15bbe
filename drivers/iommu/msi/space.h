/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that implement MSI spaces share: space.c keeps the doorbells,
 * domain.c maps them, reservation.c has those of each attached device, vector.c the
 * vectors that use them, move.c gives doorbells another place, policy.c lets the
 * owner choose it, nesting.c keeps them where a guest knows them to be, and address.c
 * has messages sent where a guest wants them. See include/linux/iommu-msi.h.
 */
#ifndef __IOMMU_MSI_SPACE_H
#define __IOMMU_MSI_SPACE_H

#include <linux/interval_tree.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#include "bus.h"

struct device;

/*
 * Users' doorbells are told apart by 4 KiB pages, the smallest that any IOMMU has,
 * as the domains of a space may differ. No doorbell is mapped by less.
 */
#define IOMMU_DOORBELL_PAGE SZ_4K
#define IOMMU_DOORBELL_UNBOUND PHYS_ADDR_MAX

/**
 * struct iommu_msi_space - The doorbells of one owner's IOVA space
 * @ref: One for the owner, one for each MSI descriptor that has a doorbell
 * @lock: Protects all that follows, unless it says otherwise
 * @ops: Questions to the owner; constant
 * @owner: Argument of @ops; not to be used by vectors, who may outlive him
 * @slot_size: Size and alignment of a place in bytes; constant
 * @page_size: Size of the pages by which doorbells are told apart; constant
 * @gfp: How to allocate; constant
 * @window: Window whose slots are tried first: the IOMMU driver's, or the owner's choice
 * @driver_window: The software MSI window of the IOMMU driver
 * @only_window: The owner wants doorbells in @window and nowhere else
 * @fixed: Where the owner wants a doorbell: by its index, the IOVA divided by
 *	%IOMMU_DOORBELL_PAGE as an xarray value
 * @doorbells: All doorbells by index
 * @by_phys: Doorbells that have a physical page, by its address
 * @places: Interval tree of all places. Changes under the owner's lock and
 *	@lock both, so either is enough to read it.
 * @old_places: Interval tree of the places that moving doorbells leave. They
 *	are taken, too, as they are mapped until the move ends.
 * @domains: List of struct iommu_msi_domain
 * @reservations: List of struct msi_reservation
 * @below_4g: Number of reservations of devices with 32-bit MSI addresses
 * @limits: What the buses of devices with reservations do not carry. Changes under
 *	the owner's lock and @lock both.
 */
struct iommu_msi_space {
	struct kref ref;
	/* The innermost lock of those in iommu-msi.h that are not the driver's */
	struct mutex lock;
	const struct iommu_msi_owner_ops *ops;
	void *owner;
	unsigned long slot_size;
	unsigned long page_size;
	gfp_t gfp;
	struct iommu_msi_window window;
	struct iommu_msi_window driver_window;
	bool only_window;
	struct xarray fixed;
	struct xarray doorbells;
	struct rb_root by_phys;
	struct rb_root_cached places;
	struct rb_root_cached old_places;
	struct list_head domains;
	struct list_head reservations;
	unsigned int below_4g;
	struct msi_bus_limits limits;
};

/**
 * struct iommu_doorbell - One doorbell of an MSI space
 * @place: Its place, in iommu_msi_space::places
 * @phys_node: In iommu_msi_space::by_phys
 * @phys: Its page of iommu_msi_space::page_size, or %IOMMU_DOORBELL_UNBOUND for
 *	one that was reserved for a device whose controller does not tell its
 *	doorbells in advance: the first vector then binds it, unless another
 *	device has brought the same page
 * @untranslated: MSIs to it bypass the page tables: it is mapped nowhere
 * @space: The space that it belongs to
 * @mappings: List of struct msi_mapping: where it is mapped
 * @index: In iommu_msi_space::doorbells
 * @reservations: Number of attached devices that may use it
 * @vectors: Number of vectors that use it
 * @descs: MSI descriptors of these vectors, by msi_desc::iommu_doorbell_item
 * @pins: Number of reasons for which it must stay where it is
 * @move_item: In the list of those that one operation moves
 * @moving: Messages may still hold addresses in @moving_from; it is mapped there,
 *	too. Changes under the owner's lock and @lock both.
 * @moving_from: The place that it moves away from, in
 *	iommu_msi_space::old_places
 */
struct iommu_doorbell {
	struct interval_tree_node place;
	struct rb_node phys_node;
	phys_addr_t phys;
	bool untranslated;
	struct iommu_msi_space *space;
	struct list_head mappings;
	u32 index;
	unsigned int reservations;
	unsigned int vectors;
	struct list_head descs;
	unsigned int pins;
	struct list_head move_item;
	bool moving;
	struct interval_tree_node moving_from;
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
	phys_addr_t phys;
	unsigned long iova;
	size_t size;
};

/*
 * The right of an attached device to use a doorbell; once it has vectors, one for
 * each that they use. While the device moves to another domain of the space,
 * @moving_to is that domain. While it comes from another space, @from is the doorbell
 * there. While it goes to another space where the doorbell has another IOVA, @leaving
 * keeps vectors out. While it is attached to a nested domain, @pinned counts in
 * iommu_doorbell::pins. @bus has the limits of the device's bus, or is NULL.
 */
struct msi_reservation {
	struct device *dev;
	struct iommu_doorbell *doorbell;
	struct iommu_msi_domain *moving_to;
	struct iommu_doorbell *from;
	struct list_head item;
	struct msi_bus *bus;
	bool below_4g;
	bool pinned;
	bool leaving;
};

/* The owner gives doorbells their places, and wants them to stay */
static inline bool msi_space_keeps(const struct iommu_msi_space *space)
{
	return space->ops->alloc_place && space->owner;
}

/* space.c */
void msi_space_free(struct kref *ref);
struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
				       struct device *dev, phys_addr_t phys);
void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys);
void doorbell_free(struct iommu_doorbell *doorbell);
bool doorbell_idle(const struct iommu_doorbell *doorbell);
bool doorbell_is_wanted(const struct iommu_doorbell *doorbell);
struct iommu_doorbell *doorbell_find(struct iommu_msi_space *space,
				     phys_addr_t phys);
int msi_space_find_common_place(struct iommu_doorbell *a,
				struct iommu_doorbell *b, unsigned long *iova);
void msi_space_assert_owner(struct iommu_msi_space *space);
void msi_space_reap(struct iommu_msi_space *space);
void msi_space_aperture(struct iommu_msi_space *space,
			struct iommu_msi_window *aperture);
int msi_space_find_place(struct iommu_doorbell *doorbell,
			 const struct iommu_msi_window *avoid,
			 unsigned long *iova);
int msi_space_find_reachable_place(struct iommu_doorbell *doorbell,
				   unsigned long *iova);
int msi_space_check_place(struct iommu_doorbell *doorbell, unsigned long iova);
void doorbell_set_place(struct iommu_doorbell *doorbell, unsigned long iova);

/* domain.c */
unsigned long doorbell_iova(const struct iommu_doorbell *doorbell);
int doorbell_map(struct iommu_doorbell *doorbell,
		 struct iommu_msi_domain *member);
int doorbell_map_place(struct iommu_doorbell *doorbell, unsigned long start);
void doorbell_unmap_place(struct iommu_doorbell *doorbell, unsigned long start);
void doorbell_unmap(struct iommu_doorbell *doorbell);
void doorbell_unmap_unwanted(struct iommu_doorbell *doorbell);
void doorbell_unpin(struct iommu_doorbell *doorbell);

/* reservation.c */
int msi_walk_doorbells(struct device *dev, irq_msi_doorbell_fn_t fn,
		       void *data);
bool msi_has_reservation(struct iommu_msi_space *space,
			 const struct device *dev);

/* vector.c */
bool doorbell_serves(const struct iommu_doorbell *doorbell,
		     const struct device *dev);
struct iommu_doorbell *msi_find_used(struct iommu_msi_space *space,
				     const struct device *dev);
int msi_reservation_bind(struct msi_reservation *reservation, phys_addr_t phys);

/* move.c */
bool msi_device_is_stale(struct device *dev, struct iommu_msi_space *space);
bool doorbell_can_move(struct iommu_doorbell *doorbell);
bool doorbell_is_pinned(struct iommu_doorbell *doorbell);
int msi_move_begin(struct iommu_doorbell *doorbell,
		   const struct iommu_msi_window *avoid,
		   struct list_head *moves);
int msi_move_begin_to(struct iommu_doorbell *doorbell, unsigned long iova,
		      struct list_head *moves);
void msi_moves_cancel(struct list_head *moves);
int msi_moves_commit(struct iommu_msi_space *space, struct list_head *moves);
#if IS_ENABLED(CONFIG_KUNIT)
void msi_device_rewrite(struct iommu_msi_space *space, struct device *dev);
#endif

/* address.c */
u64 msi_desc_page(const struct msi_desc *desc,
		  const struct iommu_doorbell *doorbell);
int msi_desc_check_address(const struct msi_desc *desc,
			   const struct iommu_doorbell *doorbell,
			   phys_addr_t msi_addr);
void msi_addresses_init(struct iommu_msi_driver *driver);
void msi_addresses_free(struct iommu_msi_driver *driver);
#if IS_ENABLED(CONFIG_KUNIT)
struct iommu_domain *msi_attached_domain(struct device *dev);
#endif

/* policy.c */
bool doorbell_fixed_place(struct iommu_doorbell *doorbell, unsigned long *iova);
enum iommu_msi_placement_kind
doorbell_placement_kind(struct iommu_doorbell *doorbell);

#endif
