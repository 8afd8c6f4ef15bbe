/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI spaces: where the doorbells of one owner's IOVA space are.
 *
 * A message signalled interrupt is a write to a doorbell, a register page of the
 * interrupt controller. Behind an IOMMU that translates such writes the page has
 * to be mapped at some IOVA. An owner of an IOVA space (iommufd's IOAS, a VFIO type1
 * container) has one struct iommu_msi_space for that, through the functions below.
 * The DMA API keeps a list of its own for each of its domains.
 *
 * Documentation/driver-api/iommu-msi.rst describes the life of a doorbell, and the
 * races.
 *
 * Locks, outermost first:
 *
 *	iommufd_ioas::mutex, iommufd_group::lock
 *	  io_pagetable::domains_rwsem
 *	    io_pagetable::iova_rwsem		(the owner's lock of iommufd)
 *	    vfio_iommu::lock			(the owner's lock of VFIO type1)
 *	      iopt_pages::mutex
 *	        mmap_lock
 *	          vfio_pci_core_device::igate
 *	            iommu_msi_rewriter::lock
 *	              vfio_pci_core_device::memory_lock
 *	                pci_cfg_access_lock()
 *	                  msi_device_data::mutex
 *	                    irq_domain::mutex of the root domain
 *	                      iommu_group::mutex
 *	                        iommu_msi_space::lock
 *	                          iommu_msi_rewriter::address_lock
 *	                          irq_desc::lock
 *	                          locks of the IOVA allocator, the IOMMU driver
 *	                          and its page tables
 *
 * Locks of two owners, and of two spaces, are taken in the order of their addresses.
 *
 * No number that a user chooses decides how long a lock that others need is held. The
 * space's lock lies below that of the root interrupt domain, which each request_irq()
 * of the host may take: under it, all work is O(1) or O(log n). IOVAs are searched
 * for under the owner's lock alone, by a constant number of probes and then a walk
 * over holes, which a fatal signal ends.
 */
#ifndef __LINUX_IOMMU_MSI_H
#define __LINUX_IOMMU_MSI_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/types.h>

struct device;
struct interval_tree_node;
struct iommu_domain;
struct iommu_group;
struct iommu_msi_space;

/* Doorbells of one space; their indices are below. Real machines have a few. */
#define IOMMU_MSI_SPACE_DOORBELLS 256

/**
 * struct iommu_msi_owner_ops - What an MSI space asks its owner
 * @assert_locked: Assert that the owner's lock is held for write
 * @first_taken: Find the lowest range that the owner mapped or reserved in
 *	*@start..*@last, and set both to it; it may extend beyond what was asked for.
 *	Return false if there is none. O(log n). Doorbells must be ignored.
 * @is_reserved: Check whether something in @start..@last is reserved for hardware,
 *	and not just mapped. Optional; used only to choose an error code.
 * @is_claimed: Check whether the user announced maps within @start..@last. Optional.
 *	O(log n).
 * @set_extent: Note the range that contains all doorbells, so that the owner can
 *	check in a few instructions that none is in the way of a mapping. @start is
 *	above @last if there is none. Optional. Must not sleep or call back.
 *
 * These are called with the owner's lock held for write. Addresses are IOVAs in
 * bytes, ranges include their last byte.
 */
struct iommu_msi_owner_ops {
	void (*assert_locked)(void *owner);
	bool (*first_taken)(void *owner, unsigned long *start,
			    unsigned long *last);
	bool (*is_reserved)(void *owner, unsigned long start,
			    unsigned long last);
	bool (*is_claimed)(void *owner, unsigned long start,
			   unsigned long last);
	void (*set_extent)(void *owner, unsigned long start,
			   unsigned long last);
};

/**
 * struct iommu_msi_window - Range of IOVAs that holds doorbells
 * @start: First IOVA in bytes
 * @last: Last IOVA in bytes
 */
struct iommu_msi_window {
	unsigned long start;
	unsigned long last;
};

/**
 * enum iommu_msi_placement_kind - Who chose the IOVA of a doorbell
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
 * @iova: Its first IOVA
 * @length: Length of its range of IOVAs in bytes
 * @vectors: Number of vectors that use it
 * @mapped: It is in the page tables
 * @pinned: It stays where it is, and mapping over it fails
 * @placement: Who chose its IOVA
 * @kept: IOVAs that it has left and still keeps, as a message may be sent there:
 *	mapping over them fails. Its start is above its last if there are none.
 */
struct iommu_msi_state {
	unsigned long iova;
	unsigned long length;
	unsigned int vectors;
	bool mapped;
	bool pinned;
	enum iommu_msi_placement_kind placement;
	struct iommu_msi_window kept;
};

/**
 * struct iommu_msi_geometry - IOVAs that an MSI space can use
 * @aperture_start: First IOVA that all domains of the space translate
 * @aperture_last: Last such IOVA
 * @granule: Size and alignment of a doorbell's range in bytes; changes with the domains
 */
struct iommu_msi_geometry {
	unsigned long aperture_start;
	unsigned long aperture_last;
	unsigned long granule;
};

/* Entry in the list of iommu_msi_list_devices(), with a reference on @dev */
struct iommu_msi_group_device {
	struct list_head item;
	struct device *dev;
};

/* What is known of a device before it is attached */
bool iommu_msi_find_window(struct device *dev, struct iommu_msi_window *window);
int iommu_msi_count_doorbells(struct device *dev);
int iommu_msi_list_devices(struct iommu_group *group,
			   struct list_head *devices);
void iommu_msi_free_devices(struct list_head *devices);

/* The owner's interface: first what vfio_iommu_type1.c itself calls */
#ifdef CONFIG_IOMMU_MSI_SPACE

struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size);
void iommu_msi_space_destroy(struct iommu_msi_space *space);
int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain);
void iommu_msi_leave(struct iommu_domain *domain);
int iommu_msi_reserve_group(struct iommu_msi_space *space,
			    struct iommu_group *group,
			    const struct iommu_msi_window *window);
void iommu_msi_unreserve_group(struct iommu_msi_space *space,
			       struct iommu_group *group);
int iommu_msi_group_begin(struct iommu_domain *domain,
			  struct iommu_group *group);
void iommu_msi_group_end(struct iommu_domain *domain, struct iommu_group *group,
			 bool attached);
int iommu_msi_follow_group(struct iommu_group *group);
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last);

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

static inline int iommu_msi_join(struct iommu_msi_space *space,
				 struct iommu_domain *domain)
{
	return -ENODEV;
}

static inline void iommu_msi_leave(struct iommu_domain *domain)
{
}

static inline int iommu_msi_reserve_group(struct iommu_msi_space *space,
					  struct iommu_group *group,
					  const struct iommu_msi_window *window)
{
	return -ENODEV;
}

static inline void iommu_msi_unreserve_group(struct iommu_msi_space *space,
					     struct iommu_group *group)
{
}

static inline int iommu_msi_group_begin(struct iommu_domain *domain,
					struct iommu_group *group)
{
	return 0;
}

static inline void iommu_msi_group_end(struct iommu_domain *domain,
				       struct iommu_group *group, bool attached)
{
}

static inline int iommu_msi_follow_group(struct iommu_group *group)
{
	return 0;
}

static inline int iommu_msi_make_room(struct iommu_msi_space *space,
				      unsigned long start, unsigned long last)
{
	return 0;
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window);
void iommu_msi_unreserve_device(struct iommu_msi_space *space,
				struct device *dev);
bool iommu_msi_in_use_elsewhere(struct iommu_msi_space *space,
				struct device *dev);
int iommu_msi_check_device(struct iommu_msi_space *space, struct device *dev);

bool iommu_msi_fits(struct iommu_domain *domain);
int iommu_msi_fit(struct iommu_domain *domain);
int iommu_msi_evade(struct iommu_msi_space *space, unsigned long start,
		    unsigned long last);
int iommu_msi_replace_begin(struct iommu_msi_space *from,
			    struct iommu_msi_space *to, struct device *dev);
void iommu_msi_replace_end(struct iommu_msi_space *from,
			   struct iommu_msi_space *to, struct device *dev,
			   bool changed);

int iommu_msi_check_room(struct iommu_msi_space *space, unsigned long start,
			 unsigned long last);
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last);
bool iommu_msi_next_state(struct iommu_msi_space *space, unsigned long *index,
			  struct iommu_msi_state *state);
void iommu_msi_get_geometry(struct iommu_msi_space *space,
			    struct iommu_msi_geometry *geometry);

int iommu_msi_place_fixed(struct iommu_msi_space *space, u32 index,
			  unsigned long iova);
void iommu_msi_place_auto(struct iommu_msi_space *space, u32 index);
void iommu_msi_place_all_auto(struct iommu_msi_space *space);
int iommu_msi_place_window(struct iommu_msi_space *space,
			   const struct iommu_msi_window *window);

#endif /* __LINUX_IOMMU_MSI_H */
