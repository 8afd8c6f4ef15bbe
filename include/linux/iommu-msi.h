/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI spaces: where the doorbells of one owner's IOVA space are.
 *
 * A message signalled interrupt is a write to a doorbell, a register page of the
 * interrupt controller. Behind an IOMMU that translates such writes the page has
 * to be mapped at some IOVA. An owner, who decides what each IOVA means (iommufd
 * with its IOAS, the DMA API with its domain), has one struct iommu_msi_space for
 * that. Its life:
 *
 *  1. A device is attached: iommu_msi_reserve_device() asks the device's
 *     interrupt controller for the doorbells and reserves an IOVA for each, in a
 *     hole that the owner's own mappings leave. Nothing is mapped.
 *  2. iommu_msi_join() makes the domain an %IOMMU_DOMAIN_MIXED. If vectors of the
 *     device are in use already, iommu_msi_populate() maps their doorbells.
 *  3. The first vector maps the doorbell, each further one is counted, and the
 *     last one that goes unmaps it: iommu_msi_map() and iommu_dma_release_msi(),
 *     called by the interrupt core.
 *  4. The owner maps something over a doorbell: iommu_msi_make_room() moves it
 *     first. It is mapped at its new place, the drivers of the devices that use
 *     it rewrite their messages, and the old place is unmapped. A doorbell that
 *     is pinned refuses with -EEXIST: the owner fixed its place, or a vector uses
 *     it whose driver cannot rewrite messages.
 *  5. The owner may say where doorbells are, by iommu_msi_place_fixed() and
 *     iommu_msi_place_window(), before there are any or afterwards.
 *  6. A device changes its space: iommu_msi_begin_transfer() brings its doorbells
 *     to one IOVA in both, and iommu_msi_end_transfer() hands its vectors over.
 *  7. A device is attached to a nested domain, whose MSIs the space of the parent
 *     is for: iommu_domain_for_msi(). iommu_msi_pin_device() maps its doorbells
 *     into the parent, and pins them as long as that lasts, as the guest knows
 *     where they are.
 *  8. Such a device gets MSI addresses from its guest, by
 *     iommu_msi_set_addresses(). Its messages hold these instead of the doorbells'
 *     places. iommu_msi_suspend_addresses() reverts them before it leaves.
 *
 * The DMA API knows holes by allocating them, and gives the places itself: there
 * 1 and 4 to 8 do not happen, the first vector makes the doorbell, and it stays mapped
 * until the domain is freed. See drivers/iommu/msi-dma.c.
 *
 * Locks
 * -----
 * The owner's lock, which guards his own mappings, is held for write by 1, 2, 4, 5,
 * 7 and the begin of 6, and when the space is destroyed. The space's own lock guards
 * the rest. While there is an owner the interval tree of places changes only under
 * both, so that his map path reads it without taking the space's lock. An owner who
 * gives the places has no such path, and no lock.
 *
 * An interrupt may be set up while its driver holds locks that the owner takes
 * later, so 3 never takes the owner's lock. The order, outermost first:
 *
 *	iommufd_ioas::mutex, iommufd_group::lock
 *	  io_pagetable::domains_rwsem
 *	    io_pagetable::iova_rwsem		(the owner's lock of iommufd)
 *	    vfio_iommu::lock			(the owner's lock of VFIO type1)
 *	      iopt_pages::mutex
 *	        mmap_lock
 *	          vfio_pci_core_device::igate
 *	            dev_iommu::lock		(keeps the driver that rewrites)
 *	              vfio_pci_core_device::memory_lock
 *	                msi_device_data::mutex
 *	                  irq_domain::mutex of the root domain
 *	                    iommu_group::mutex
 *	                      iommu_dma_cookie::mutex
 *	                        iommu_msi_space::lock
 *	                          iommu_msi_driver::lock
 *	                          irq_desc::lock
 *	                          locks of the IOVA allocator, the IOMMU driver
 *	                          and its page tables
 *
 * Locks of two owners, and of two spaces, are taken in the order of their addresses.
 *
 * Races
 * -----
 * - vector against attach and detach: iommu_group::mutex keeps the domain in place
 *   while a vector is set up. A domain joins its space before a device is
 *   attached to it, so a vector finds either no MSI space or a complete one.
 * - vector against a move to another domain of the space: from
 *   iommu_msi_populate() to iommu_msi_settle() each new vector of the device maps
 *   its doorbell into the old domain and the new one.
 * - vector against a change of the space: from iommu_msi_begin_transfer() on the
 *   doorbells are pinned at one IOVA in both, and mapped in the new domain. The
 *   vector belongs to the space of the domain that the device is attached to; if
 *   that is the old one, it is handed over at the end. A doorbell that could not be
 *   brought to one IOVA, which fails only if the device has vectors there, refuses
 *   those that come with -EBUSY until the device has left, or stays.
 * - vector against a moving doorbell: a vector that comes is given the new IOVA,
 *   one that goes is not looked for any more. Its message is rewritten under the
 *   lock of the device's MSI descriptors, under which it comes and goes.
 * - interrupt against a moving doorbell: either address of the message leads to the
 *   doorbell until all messages are rewritten and the device was read.
 * - change of an interrupt's affinity against a moving doorbell: both compose the
 *   message from the descriptor, under irq_desc::lock.
 * - reset, power state and memory decoding of the device against a moving doorbell:
 *   the driver's locks, held by iommu_msi_driver::rewrite().
 * - attach against a moving doorbell: iommu_msi_populate() maps both places.
 * - attach against vectors that the device got while attached to nothing: their
 *   messages hold physical addresses. iommu_msi_check_device() refuses, before
 *   the attach and, for those that came meanwhile, after it.
 * - attach against vectors of other devices of the group, which hold addresses of
 *   other spaces or of none: iommu_msi_check_group() refuses.
 * - guest's address against a vector that comes or goes: the VFIO driver's igate
 *   keeps them apart. Whichever is first, the vector has its address at the end.
 * - guest's address against attach, detach and replace: each holds dev_iommu::lock
 *   where it looks at the domain and where it suspends. Addresses are set before a
 *   device is asked to leave, and reverted then, or refused with -EBUSY until it has
 *   left, and with -ENOENT from then on. A replace of one nested domain by another
 *   one on the same parent does not look at them.
 * - guest's address against an interrupt: each message is written as a whole, like
 *   that of a moving doorbell. One that is sent before goes to the old address, one
 *   that is sent between the revert and the new domain to the place in stage 2, by
 *   way of the guest's tables. What these make of either is the guest's business;
 *   nothing of it reaches a domain that the device has not entered yet.
 * - guest's address against reset, power state, memory decoding and affinity: as a
 *   moving doorbell.
 * - guest's address against a moving doorbell: both are settled when the message is
 *   written, under the space's lock. The guest's wins, and the doorbell's new place
 *   is where the guest's stage 1 has to lead to.
 * - guest's address against map and unmap: these do not look at addresses. A nest
 *   parent whose doorbell is unmapped or moved is the VMM's business.
 * - close of the device, and process exit, against guest's addresses: vectors go
 *   first, then the driver with the addresses, then the device is detached.
 * - close and removal of the device against a moving doorbell: its driver is
 *   unregistered when the last vector is gone. That waits for whoever moves a
 *   doorbell and had found one of them, so that the device does not go
 *   meanwhile. There is no message left to rewrite then, and the move goes on.
 * - vector against destruction of the domain: the domain leaves its space before
 *   it is freed; the vector keeps the doorbell, not the domain.
 * - destruction of the space against vectors: each MSI descriptor with a doorbell
 *   holds a reference on the space.
 */
#ifndef __LINUX_IOMMU_MSI_H
#define __LINUX_IOMMU_MSI_H

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interval_tree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

struct device;
struct iommu_domain;
struct iommu_doorbell;
struct iommu_group;
struct iommu_msi_addresses;
struct iommu_msi_space;
struct msi_desc;

/**
 * struct iommu_msi_owner_ops - What an MSI space asks its owner
 * @assert_locked: Tell lockdep that the owner's lock must be held for write
 * @first_taken: Find the lowest range within *@start..*@last that the owner mapped
 *	or reserved, and set both to it; it may begin before and end behind what was
 *	asked for. Return false if there is none. O(log n). Doorbells must be ignored.
 * @is_reserved: Tell whether something in @start..@last is reserved for hardware,
 *	and not just mapped. Optional; only to choose between error codes.
 * @is_claimed: Tell whether the user said that he wants to map within
 *	@start..@last. Optional. O(log n).
 *
 * These are called with the owner's lock held for write. Addresses are IOVAs in
 * bytes, ranges include their last byte.
 *
 * @alloc_place: Give the doorbell at the physical address @phys, which a vector
 *	of @dev needs, a place of the slot size, and tell its start: 0, an
 *	error, or %IOMMU_MSI_UNTRANSLATED. An owner with this operation has no
 *	lock and one domain, needs none of the others but @free_place, makes no
 *	reservations, and wants each doorbell to stay mapped until the domain
 *	goes.
 * @free_place: Take a place back.
 *
 * These two are called with the space's lock held, by vectors and by
 * iommu_msi_space_destroy(). They do not call into the space.
 */
struct iommu_msi_owner_ops {
	void (*assert_locked)(void *owner);
	bool (*first_taken)(void *owner, unsigned long *start,
			    unsigned long *last);
	bool (*is_reserved)(void *owner, unsigned long start,
			    unsigned long last);
	bool (*is_claimed)(void *owner, unsigned long start,
			   unsigned long last);
	int (*alloc_place)(void *owner, struct device *dev, phys_addr_t phys,
			   unsigned long *iova);
	void (*free_place)(void *owner, unsigned long iova);
};

/*
 * What iommu_msi_owner_ops::alloc_place returns if MSIs to the doorbell bypass the
 * page tables: its place is where it is in physical memory, it is not mapped.
 */
#define IOMMU_MSI_UNTRANSLATED 1

/**
 * struct iommu_msi_window - Range of IOVAs that holds places of doorbells
 * @start: First IOVA in bytes
 * @last: Last IOVA in bytes
 */
struct iommu_msi_window {
	unsigned long start;
	unsigned long last;
};

/**
 * enum iommu_msi_placement_kind - Who chose the place of a doorbell
 * @IOMMU_MSI_PLACED_AUTO: The kernel
 * @IOMMU_MSI_PLACED_WINDOW: The kernel, within iommu_msi_place_window()
 * @IOMMU_MSI_PLACED_FIXED: The owner, by iommu_msi_place_fixed()
 */
enum iommu_msi_placement_kind {
	IOMMU_MSI_PLACED_AUTO,
	IOMMU_MSI_PLACED_WINDOW,
	IOMMU_MSI_PLACED_FIXED,
};

/**
 * struct iommu_msi_state - Snapshot of one doorbell
 * @iova: First IOVA of its place
 * @length: Length of its place in bytes
 * @vectors: Number of vectors that use it
 * @mapped: It is in the page tables
 * @pinned: It stays where it is, and the owner's map over it fails
 * @placement: Who chose its place
 */
struct iommu_msi_state {
	unsigned long iova;
	unsigned long length;
	unsigned int vectors;
	bool mapped;
	bool pinned;
	enum iommu_msi_placement_kind placement;
};

/**
 * struct iommu_msi_geometry - What an MSI space has room for
 * @aperture_start: First IOVA that all domains of the space translate
 * @aperture_last: Last such IOVA
 * @granule: Size and alignment of a doorbell's place in bytes
 * @doorbells: Number of doorbells that attached devices may use
 */
struct iommu_msi_geometry {
	unsigned long aperture_start;
	unsigned long aperture_last;
	unsigned long granule;
	unsigned int doorbells;
};

/**
 * struct iommu_msi_rewrite - Messages that have to be rewritten
 * @dev: Device that holds them
 * @space: The MSI space; private
 * @done: iommu_msi_rewrite() was called
 */
struct iommu_msi_rewrite {
	struct device *dev;
	struct iommu_msi_space *space;
	bool done;
};

/**
 * enum iommu_msi_kind - How many address registers the messages of a device have
 * @IOMMU_MSI_SHARED: PCI MSI: one, with index 0, for all vectors
 * @IOMMU_MSI_PER_VECTOR: PCI MSI-X, and MSIs of other buses: one for each vector,
 *	with its index
 * @IOMMU_MSI_KINDS: Number of kinds
 */
enum iommu_msi_kind {
	IOMMU_MSI_SHARED,
	IOMMU_MSI_PER_VECTOR,
	IOMMU_MSI_KINDS,
};

/* No address of a register, as it is not aligned */
#define IOMMU_MSI_NO_ADDRESS U64_MAX

/* The last entry of the largest MSI-X table, see PCI Local Bus 3.0, 6.8.2.3 */
#define IOMMU_MSI_MAX_INDEX 2047

/**
 * struct iommu_msi_driver - How the driver of a device lets messages be rewritten
 * @rewrite: Make the registers that hold messages accessible, call
 *	iommu_msi_rewrite(), undo. The owner's lock of the MSI space is held, or
 *	the device is kept attached.
 * @users: private: The registration, and moves that are about to call @rewrite
 * @unused: private: Completed when there is none any more
 * @lock: private: Guards the fields below. @addresses changes under dev_iommu::lock,
 *	too. Both belong to drivers/iommu/msi/address.c.
 * @addresses: private: Addresses that a guest chose; NULL for none
 * @suspended: private: The device is leaving its nested domain: @addresses are not
 *	used
 */
struct iommu_msi_driver {
	void (*rewrite)(struct iommu_msi_driver *driver,
			struct iommu_msi_rewrite *rewrite);
	refcount_t users;
	struct completion unused;
	spinlock_t lock; /* Guards the fields below */
	struct iommu_msi_addresses *addresses[IOMMU_MSI_KINDS];
	bool suspended;
};

/**
 * struct iommu_msi_group_device - Entry in a list of devices
 * @item: In the list
 * @dev: The device, with a reference
 */
struct iommu_msi_group_device {
	struct list_head item;
	struct device *dev;
};

int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr);

#ifdef CONFIG_IOMMU_MSI_SPACE

struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size);
void iommu_msi_space_destroy(struct iommu_msi_space *space);

bool iommu_msi_find_window(struct device *dev, struct iommu_msi_window *window);
int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window);
void iommu_msi_unreserve_device(struct iommu_msi_space *space,
				struct device *dev);
bool iommu_msi_in_use_elsewhere(struct iommu_msi_space *space,
				struct device *dev);
int iommu_msi_check_device(struct iommu_msi_space *space, struct device *dev);
int iommu_msi_list_devices(struct iommu_group *group,
			   struct list_head *devices);
void iommu_msi_free_devices(struct list_head *devices);
int iommu_msi_check_group(struct iommu_msi_space *space,
			  struct iommu_group *group,
			  bool (*is_users)(struct device *dev, void *data),
			  void *data);
int iommu_msi_check_room(struct iommu_msi_space *space, unsigned long start,
			 unsigned long last);
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last);
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last);
bool iommu_msi_next_state(struct iommu_msi_space *space, unsigned long *index,
			  struct iommu_msi_state *state);
void iommu_msi_get_geometry(struct iommu_msi_space *space,
			    struct iommu_msi_geometry *geometry);
int iommu_msi_count_doorbells(struct device *dev);

int iommu_msi_place_fixed(struct iommu_msi_space *space, u32 index,
			  unsigned long iova);
void iommu_msi_place_auto(struct iommu_msi_space *space, u32 index);
void iommu_msi_place_all_auto(struct iommu_msi_space *space);
int iommu_msi_place_window(struct iommu_msi_space *space,
			   const struct iommu_msi_window *window);

void iommu_msi_register_driver(struct device *dev,
			       struct iommu_msi_driver *driver);
void iommu_msi_unregister_driver(struct device *dev);
void iommu_msi_rewrite(struct iommu_msi_rewrite *rewrite);

int iommu_msi_set_addresses(struct device *dev, enum iommu_msi_kind kind,
			    unsigned int start, unsigned int count,
			    const u64 *addresses);
int iommu_msi_clear_addresses(struct device *dev, enum iommu_msi_kind kind);
void iommu_msi_get_addresses(struct device *dev, enum iommu_msi_kind kind,
			     unsigned int start, unsigned int count,
			     u64 *addresses);
void iommu_msi_suspend_addresses(struct device *dev);
void iommu_msi_resume_addresses(struct device *dev);
void iommu_msi_drop_addresses(struct device *dev);

int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain);
int iommu_msi_fit(struct iommu_msi_space *space);
int iommu_msi_populate(struct iommu_domain *domain, struct device *dev);
void iommu_msi_settle(struct iommu_domain *domain, struct device *dev);
void iommu_msi_leave(struct iommu_domain *domain);

int iommu_msi_pin_device(struct iommu_domain *domain, struct device *dev);
void iommu_msi_unpin_device(struct iommu_domain *domain, struct device *dev);

int iommu_msi_begin_transfer(struct iommu_msi_space *from,
			     struct iommu_msi_space *to, struct device *dev);
void iommu_msi_end_transfer(struct iommu_msi_space *from,
			    struct iommu_msi_space *to, struct device *dev,
			    bool changed);

#else /* CONFIG_IOMMU_MSI_SPACE */

static inline struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size)
{
	return ERR_PTR(-ENODEV);
}

static inline void iommu_msi_space_destroy(struct iommu_msi_space *space)
{
}

static inline bool iommu_msi_find_window(struct device *dev,
					 struct iommu_msi_window *window)
{
	return false;
}

static inline int
iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			 const struct iommu_msi_window *window)
{
	return -ENODEV;
}

static inline void iommu_msi_unreserve_device(struct iommu_msi_space *space,
					      struct device *dev)
{
}

static inline bool iommu_msi_in_use_elsewhere(struct iommu_msi_space *space,
					      struct device *dev)
{
	return false;
}

static inline int iommu_msi_check_device(struct iommu_msi_space *space,
					 struct device *dev)
{
	return 0;
}

static inline int
iommu_msi_check_group(struct iommu_msi_space *space, struct iommu_group *group,
		      bool (*is_users)(struct device *dev, void *data),
		      void *data)
{
	return 0;
}

static inline int iommu_msi_check_room(struct iommu_msi_space *space,
				       unsigned long start, unsigned long last)
{
	return 0;
}

static inline int iommu_msi_make_room(struct iommu_msi_space *space,
				      unsigned long start, unsigned long last)
{
	return 0;
}

static inline struct interval_tree_node *
iommu_msi_first_place(struct iommu_msi_space *space, unsigned long start,
		      unsigned long last)
{
	return NULL;
}

static inline bool iommu_msi_next_state(struct iommu_msi_space *space,
					unsigned long *index,
					struct iommu_msi_state *state)
{
	return false;
}

static inline void iommu_msi_get_geometry(struct iommu_msi_space *space,
					  struct iommu_msi_geometry *geometry)
{
}

static inline int iommu_msi_count_doorbells(struct device *dev)
{
	return 0;
}

static inline int iommu_msi_place_fixed(struct iommu_msi_space *space,
					u32 index, unsigned long iova)
{
	return -ENODEV;
}

static inline void iommu_msi_place_auto(struct iommu_msi_space *space,
					u32 index)
{
}

static inline void iommu_msi_place_all_auto(struct iommu_msi_space *space)
{
}

static inline int iommu_msi_place_window(struct iommu_msi_space *space,
					 const struct iommu_msi_window *window)
{
	return -ENODEV;
}

static inline void iommu_msi_register_driver(struct device *dev,
					     struct iommu_msi_driver *driver)
{
}

static inline void iommu_msi_unregister_driver(struct device *dev)
{
}

static inline void iommu_msi_rewrite(struct iommu_msi_rewrite *rewrite)
{
}

static inline int iommu_msi_set_addresses(struct device *dev,
					  enum iommu_msi_kind kind,
					  unsigned int start,
					  unsigned int count,
					  const u64 *addresses)
{
	return -EOPNOTSUPP;
}

static inline int iommu_msi_clear_addresses(struct device *dev,
					    enum iommu_msi_kind kind)
{
	return -EOPNOTSUPP;
}

static inline void iommu_msi_get_addresses(struct device *dev,
					   enum iommu_msi_kind kind,
					   unsigned int start,
					   unsigned int count, u64 *addresses)
{
	memset64(addresses, IOMMU_MSI_NO_ADDRESS, count);
}

static inline void iommu_msi_suspend_addresses(struct device *dev)
{
}

static inline void iommu_msi_resume_addresses(struct device *dev)
{
}

static inline void iommu_msi_drop_addresses(struct device *dev)
{
}

static inline int iommu_msi_join(struct iommu_msi_space *space,
				 struct iommu_domain *domain)
{
	return -ENODEV;
}

static inline int iommu_msi_fit(struct iommu_msi_space *space)
{
	return 0;
}

static inline int iommu_msi_populate(struct iommu_domain *domain,
				     struct device *dev)
{
	return 0;
}

static inline void iommu_msi_settle(struct iommu_domain *domain,
				    struct device *dev)
{
}

static inline void iommu_msi_leave(struct iommu_domain *domain)
{
}

static inline int iommu_msi_pin_device(struct iommu_domain *domain,
				       struct device *dev)
{
	return 0;
}

static inline void iommu_msi_unpin_device(struct iommu_domain *domain,
					  struct device *dev)
{
}

static inline int iommu_msi_begin_transfer(struct iommu_msi_space *from,
					   struct iommu_msi_space *to,
					   struct device *dev)
{
	return 0;
}

static inline void iommu_msi_end_transfer(struct iommu_msi_space *from,
					  struct iommu_msi_space *to,
					  struct device *dev, bool changed)
{
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif /* __LINUX_IOMMU_MSI_H */
