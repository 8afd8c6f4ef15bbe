/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells by physical address, and where they are. See doorbell.c, and space.h for
 * the objects and the locks.
 */
#ifndef __IOMMU_MSI_DOORBELL_H
#define __IOMMU_MSI_DOORBELL_H

#include "space.h"

/* First IOVA of @doorbell, in bytes. Changes under both locks. */
static inline unsigned long
doorbell_start(const struct iommu_doorbell *doorbell)
{
	return doorbell->places[doorbell->at].node.start;
}

static inline unsigned long doorbell_last(const struct iommu_doorbell *doorbell)
{
	return doorbell->places[doorbell->at].node.last;
}

/* Size of its range of IOVAs in bytes */
static inline unsigned long
doorbell_length(const struct iommu_doorbell *doorbell)
{
	return doorbell_last(doorbell) - doorbell_start(doorbell) + 1;
}

/* Queries that counters answer */

static inline bool doorbell_is_idle(const struct iommu_doorbell *doorbell)
{
	return !doorbell->vectors && !doorbell->reservations && !doorbell->pins;
}

/*
 * Check whether @doorbell can be relocated if the owner wants that. One that still
 * moves after its relocation has ended could not be relocated back.
 */
static inline bool doorbell_can_move(const struct iommu_doorbell *doorbell)
{
	return !doorbell->pins && !doorbell->immovable && !doorbell->moving;
}

/* Check whether @doorbell must not be relocated */
static inline bool doorbell_is_pinned(const struct iommu_doorbell *doorbell)
{
	return doorbell->placement == IOMMU_MSI_PLACED_FIXED ||
	       !doorbell_can_move(doorbell);
}

/* Check whether @doorbell stays when the owner maps something over it */
static inline bool doorbell_stays(const struct iommu_doorbell *doorbell)
{
	return doorbell->is_bank || doorbell_is_pinned(doorbell);
}

struct iommu_doorbell *doorbell_lookup(struct iommu_msi_space *space,
				       phys_addr_t phys);
struct iommu_doorbell *doorbell_create(struct iommu_msi_space *space,
				       phys_addr_t phys, bool is_bank);
void doorbell_free_idle(struct iommu_doorbell *doorbell);
void doorbell_bind(struct iommu_doorbell *doorbell, phys_addr_t phys);
int doorbell_find_place(struct iommu_doorbell *doorbell,
			const struct iommu_msi_window *avoid,
			unsigned long *iova);
int doorbell_find_reachable_place(struct iommu_doorbell *doorbell,
				  unsigned long *iova);
int doorbell_find_common_place(struct iommu_doorbell *a,
			       struct iommu_doorbell *b, unsigned long *iova);
enum iommu_msi_placement_kind
doorbell_requested_placement(const struct iommu_doorbell *doorbell);
void doorbell_set_start(struct iommu_doorbell *doorbell, unsigned long iova);
int doorbell_check_place(struct iommu_doorbell *doorbell, unsigned long iova);

#endif
