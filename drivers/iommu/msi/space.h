/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of an MSI space, and the locks that guard them. Each layer of
 * drivers/iommu/msi declares what it does with them in a header of its own.
 *
 * An MSI space has doorbells, domains, and groups of devices. A doorbell is mapped
 * into a domain if a device of a group that is attached to it needs that: it has
 * vectors, or a guest knows where the doorbell is. struct msi_user represents one
 * device that may use one doorbell, and holds these counters.
 *
 * Two locks guard all of it: the owner's lock, which is held while something is
 * searched for or relocated, and iommu_msi_space::lock ("the lock"). The latter is
 * taken when an interrupt is set up, below locks of the interrupt core that any
 * driver of the host may wait for: under it, all work is O(1) or O(log n). Nothing is
 * removed from a tree or list without both, so holding either is enough to look
 * something up; doorbells and places are also added under both.
 */
#ifndef __IOMMU_MSI_SPACE_H
#define __IOMMU_MSI_SPACE_H

#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/xarray.h>

#include "bus.h"
#include "controller.h"

struct device;

/* Not the page of any doorbell: it is not known yet */
#define IOMMU_DOORBELL_UNBOUND PHYS_ADDR_MAX

/**
 * struct iommu_msi_space - The doorbells of one owner's IOVA space
 * @ref: One for the owner, one for each MSI descriptor that uses a doorbell
 * @lock: See above
 * @ops: Queries to the owner; constant
 * @owner: Argument of @ops, NULL once the space was destroyed
 * @slot_size: No page of a domain is larger; constant
 * @granule: Size and alignment of a doorbell's range of IOVAs: @slot_size, or the
 *	largest iommu_domain_geometry::slot_size of @domains. Owner's lock
 * @windows: One of @domains has slots of its own. Owner's lock
 * @window: Slots that are tried first. Owner's lock
 * @driver_window: The software MSI window of the IOMMU driver. Owner's lock
 * @only_window: The owner confined doorbells to @window. Owner's lock
 * @fixed: Placement requests: IOVA / %IOMMU_DOORBELL_PAGE by the doorbell's index,
 *	as xarray values. Owner's lock
 * @domains: List of struct iommu_msi_domain. Owner's lock
 * @below_4g: Number of devices with 32-bit MSI addresses. Owner's lock
 * @limits: What the buses of attached devices do not carry. Owner's lock
 * @doorbells: All doorbells, by index
 * @doorbells_end: No index from here on was ever used
 * @by_phys: Doorbells whose page is known, by its address
 * @places: Interval tree of the IOVAs of doorbells, and of those that they are leaving
 * @groups: struct msi_group by key
 * @idle: Users whose last vector was freed after their group left: the owner's next
 *	operation frees them
 */
struct iommu_msi_space {
	struct kref ref;
	struct mutex lock; /* see above */
	const struct iommu_msi_owner_ops *ops;
	void *owner;
	unsigned long slot_size;
	unsigned long granule;
	bool windows;
	struct iommu_msi_window window;
	struct iommu_msi_window driver_window;
	bool only_window;
	struct xarray fixed;
	struct list_head domains;
	unsigned int below_4g;
	struct msi_bus_limits limits;
	struct iommu_doorbell *doorbells[IOMMU_MSI_SPACE_DOORBELLS];
	unsigned int doorbells_end;
	struct rb_root by_phys;
	struct rb_root_cached places;
	struct rb_root groups;
	struct list_head idle;
};

/* Some drivers finish a domain, with its aperture, when it is first attached */
static inline bool msi_domain_is_finished(const struct iommu_domain *domain)
{
	return domain->geometry.aperture_end;
}

/* The doorbell with the lowest index from *@index on, which is set to that, or NULL */
static inline struct iommu_doorbell *
msi_next_doorbell(const struct iommu_msi_space *space, unsigned long *index)
{
	for (; *index < space->doorbells_end; ++*index)
		if (space->doorbells[*index])
			return space->doorbells[*index];
	return NULL;
}

/* A range of IOVAs of a doorbell */
struct msi_place {
	struct interval_tree_node node;
	struct iommu_doorbell *doorbell;
};

/**
 * struct iommu_doorbell - One doorbell of an MSI space
 * @places: Its IOVAs and, while it is relocated, those that it leaves, in
 *	iommu_msi_space::places
 * @at: Which of @places is the former
 * @phys_node: In iommu_msi_space::by_phys
 * @phys: Its page, or %IOMMU_DOORBELL_UNBOUND: reserved for a device whose
 *	interrupt controller does not enumerate its doorbells. The first vector binds
 *	it, unless another device has brought the same page
 * @space: The space that it belongs to
 * @index: In iommu_msi_space::doorbells
 * @placement: Who chose its IOVA. Owner's lock
 * @users: List of struct msi_user
 * @reservations: Number of users whose group is attached
 * @vectors: Number of vectors that use it
 * @immovable: Number of these whose message cannot be rewritten
 * @keeps_hi: Number of these whose message must keep its upper address half
 * @mappings: Number of domains that it is mapped in
 * @pins: Number of other reasons why it must stay where it is
 * @is_bank: A struct iommu_msi_provider named it: the owner's maps do not relocate
 *	it, and messages of users' vectors are not rewritten. Constant
 * @relocation: In the list of those that one operation relocates
 * @moving: Messages may hold either IOVA, and both are mapped: it is being relocated,
 *	or a driver has failed to rewrite a message back, and both IOVAs stay mapped
 */
struct iommu_doorbell {
	struct msi_place places[2];
	unsigned int at;
	struct rb_node phys_node;
	phys_addr_t phys;
	struct iommu_msi_space *space;
	u32 index;
	enum iommu_msi_placement_kind placement;
	struct list_head users;
	unsigned int reservations;
	unsigned int vectors;
	unsigned int immovable;
	unsigned int keeps_hi;
	unsigned int mappings;
	unsigned int pins;
	bool is_bank;
	struct list_head relocation;
	bool moving;
};

/**
 * struct iommu_msi_domain - A domain that takes part in an MSI space
 * @space: The space
 * @domain: The domain
 * @item: In iommu_msi_space::domains
 * @fitted: Aperture of @domain that the doorbells of @space were last made to fit
 * @mappings: struct msi_mapping by index of the doorbell
 */
struct iommu_msi_domain {
	struct iommu_msi_space *space;
	struct iommu_domain *domain;
	struct list_head item;
	struct iommu_msi_window fitted;
	struct xarray mappings;
};

/* A doorbell in the page tables of a domain: which of iommu_doorbell::places are */
struct msi_mapping {
	struct iommu_msi_domain *member;
	struct iommu_doorbell *doorbell;
	unsigned int users;
	bool mapped[2];
};

/**
 * struct msi_group - A group of devices, which are in one domain at any time
 * @node: In iommu_msi_space::groups
 * @key: Its struct iommu_group, or the device itself if it has none
 * @devices: List of struct msi_device, including those that have left since
 * @attached: Number of devices that the owner has attached, or 1 if it has attached
 *	all of them by iommu_msi_reserve_group()
 * @member: Domain of the space that the group is in, or NULL
 * @next: Domain of the space that it is about to enter, or NULL
 */
struct msi_group {
	struct rb_node node;
	const void *key;
	struct list_head devices;
	unsigned int attached;
	struct iommu_msi_domain *member;
	struct iommu_msi_domain *next;
};

/**
 * struct msi_device - A device of a group
 * @item: In msi_group::devices
 * @group: The group
 * @dev: The device, with a reference
 * @users: List of struct msi_user
 * @attached: The owner has attached it by iommu_msi_reserve_device(). If not, it may
 *	be a device of the host
 * @reserved: It has a reservation, which is undone together with the group's
 * @below_4g: It counts in iommu_msi_space::below_4g
 * @bus: Its bus in iommu_msi_space::limits, or NULL. Owner's lock
 */
struct msi_device {
	struct list_head item;
	struct msi_group *group;
	struct device *dev;
	struct list_head users;
	bool attached;
	bool reserved;
	bool below_4g;
	struct msi_bus *bus;
};

/**
 * struct msi_user - A device that may use a doorbell
 * @device: The device
 * @doorbell: The doorbell
 * @device_item: In msi_device::users
 * @doorbell_item: In iommu_doorbell::users
 * @idle_item: In iommu_msi_space::idle
 * @vectors: Number of vectors of @device that use @doorbell
 * @mapping: In the group's domain, if it needs one
 * @next_mapping: In the domain that the group is about to enter
 * @counted: It counts in iommu_doorbell::reservations
 * @pinned: It counts in iommu_doorbell::pins, and keeps @doorbell mapped
 * @leaving: The device is on its way to a space where @doorbell has another IOVA: no
 *	vector may use it
 * @from: The user in the space that the device is about to leave, which uses
 *	the same IOVA
 * @to: The reverse: the user in the space that the device is about to enter
 */
struct msi_user {
	struct msi_device *device;
	struct iommu_doorbell *doorbell;
	struct list_head device_item;
	struct list_head doorbell_item;
	struct list_head idle_item;
	unsigned int vectors;
	struct msi_mapping *mapping;
	struct msi_mapping *next_mapping;
	bool counted;
	bool pinned;
	bool leaving;
	struct msi_user *from;
	struct msi_user *to;
};

void msi_space_free(struct kref *ref);
void msi_space_assert_owner(struct iommu_msi_space *space);
void msi_space_update_extent(struct iommu_msi_space *space);
void msi_space_aperture(struct iommu_msi_space *space,
			struct iommu_msi_window *aperture);
int msi_space_add_domain(struct iommu_msi_space *space,
			 struct iommu_domain *domain);

#endif
