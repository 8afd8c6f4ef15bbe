/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI spaces: where the doorbells of one owner's IOVA space are.
 *
 * A message signalled interrupt is a write to a doorbell, a register page of the
 * interrupt controller. Behind an IOMMU that translates such writes the page has
 * to be mapped at some IOVA. An owner, who decides what each IOVA means (iommufd
 * with its IOAS), has one struct iommu_msi_space for that. Its life:
 *
 *  1. A device is attached: iommu_msi_reserve_device() asks the device's
 *     interrupt controller for the doorbells and reserves an IOVA for each, in a
 *     hole that the owner's own mappings leave. Nothing is mapped.
 *  2. iommu_msi_join() makes the domain an %IOMMU_DOMAIN_MIXED. If vectors of the
 *     device are in use already, iommu_msi_populate() maps their doorbells.
 *  3. The first vector maps the doorbell, each further one is counted, and the
 *     last one that goes unmaps it: iommu_msi_map() and iommu_dma_release_msi(),
 *     called by the interrupt core.
 *  4. The owner maps something over a doorbell: iommu_msi_make_room() first gives
 *     one without vectors another place; one with vectors refuses with -EEXIST.
 *
 * Locks
 * -----
 * The owner's lock, which guards his own mappings, is held for write by 1 and 4,
 * and when the space is destroyed. The space's own lock guards the rest. While
 * there is an owner the interval tree of places changes only under both, so that
 * his map path reads it without taking the space's lock.
 *
 * An interrupt may be set up while its driver holds locks that the owner takes
 * later, so 3 never takes the owner's lock. The order, outermost first:
 *
 *	iommufd_ioas::mutex, iommufd_group::lock
 *	  io_pagetable::domains_rwsem
 *	    io_pagetable::iova_rwsem		(the owner's lock of iommufd)
 *	      iopt_pages::mutex
 *	        mmap_lock
 *	          vfio_pci_core_device::memory_lock
 *	            msi_device_data::mutex
 *	              irq_domain::mutex of the root domain
 *	                iommu_group::mutex
 *	                  iommu_msi_space::lock
 *	                    locks of the IOMMU driver and of its page tables
 *
 * Races
 * -----
 * - vector against attach and detach: iommu_group::mutex keeps the domain in place
 *   while a vector is set up. A domain joins its space before a device is
 *   attached to it, so a vector finds either no MSI space or a complete one.
 * - vector against a move to another domain of the space: from
 *   iommu_msi_populate() to iommu_msi_settle() each new vector of the device maps
 *   its doorbell into the old domain and the new one.
 * - vector against a move to another space: a device with vectors is refused. One
 *   that gets its first vector between that check and the move loses the
 *   interrupts of this vector until it is set up again.
 * - vector against map: iommu_msi_make_room() checks and moves under the space's
 *   lock. If the vector came first, the map is refused; if the map came first,
 *   the vector is given the new IOVA.
 * - vector against destruction of the domain: the domain leaves its space before
 *   it is freed; the vector keeps the doorbell, not the domain.
 * - destruction of the space against vectors: each MSI descriptor with a doorbell
 *   holds a reference on the space.
 */
#ifndef __LINUX_IOMMU_MSI_H
#define __LINUX_IOMMU_MSI_H

#include <linux/err.h>
#include <linux/interval_tree.h>
#include <linux/types.h>

struct device;
struct iommu_domain;
struct iommu_doorbell;
struct iommu_msi_space;
struct msi_desc;

/**
 * struct iommu_msi_owner_ops - What an MSI space asks its owner
 * @assert_locked: Tell lockdep that the owner's lock must be held for write
 * @is_hole: Tell whether nothing that the owner mapped or reserved lies in
 *	@start..@last. O(log n). Doorbells are none of its business.
 * @is_claimed: Tell whether the user said that he wants to map within
 *	@start..@last. Optional. O(log n).
 * @walk_holes: Call @fn for each hole within @start..@last, in ascending
 *	order. O(n), used when every candidate is taken.
 *
 * All are called with the owner's lock held for write. Addresses are IOVAs in
 * bytes, ranges include their last byte.
 */
struct iommu_msi_owner_ops {
	void (*assert_locked)(void *owner);
	bool (*is_hole)(void *owner, unsigned long start, unsigned long last);
	bool (*is_claimed)(void *owner, unsigned long start,
			   unsigned long last);
	void (*walk_holes)(void *owner, unsigned long start, unsigned long last,
			   void (*fn)(unsigned long start, unsigned long last,
				      void *data),
			   void *data);
};

/**
 * struct iommu_msi_window - Software MSI window that an IOMMU driver reports
 * @start: First IOVA in bytes
 * @last: Last IOVA in bytes
 */
struct iommu_msi_window {
	unsigned long start;
	unsigned long last;
};

/**
 * struct iommu_msi_state - Snapshot of one doorbell
 * @iova: First IOVA of its place
 * @length: Length of its place in bytes
 * @vectors: Number of vectors that use it
 * @mapped: It is in the page tables
 */
struct iommu_msi_state {
	unsigned long iova;
	unsigned long length;
	unsigned int vectors;
	bool mapped;
};

int iommu_msi_map(struct iommu_domain *domain, struct msi_desc *desc,
		  phys_addr_t msi_addr);

#ifdef CONFIG_IOMMU_MSI_SPACE

struct iommu_msi_space *
iommu_msi_space_create(const struct iommu_msi_owner_ops *ops, void *owner,
		       unsigned long slot_size);
void iommu_msi_space_destroy(struct iommu_msi_space *space);

int iommu_msi_reserve_device(struct iommu_msi_space *space, struct device *dev,
			     const struct iommu_msi_window *window);
void iommu_msi_unreserve_device(struct iommu_msi_space *space,
				struct device *dev);
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last);
struct interval_tree_node *iommu_msi_first_place(struct iommu_msi_space *space,
						 unsigned long start,
						 unsigned long last);
bool iommu_msi_next_state(struct iommu_msi_space *space, unsigned long *index,
			  struct iommu_msi_state *state);

int iommu_msi_join(struct iommu_msi_space *space, struct iommu_domain *domain);
int iommu_msi_populate(struct iommu_domain *domain, struct device *dev);
void iommu_msi_settle(struct iommu_domain *domain, struct device *dev);
void iommu_msi_leave(struct iommu_domain *domain);

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

static inline int iommu_msi_join(struct iommu_msi_space *space,
				 struct iommu_domain *domain)
{
	return -ENODEV;
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

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif /* __LINUX_IOMMU_MSI_H */
