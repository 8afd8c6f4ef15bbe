// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner's interface: room for the owner's own mappings where doorbells are. See
 * include/linux/iommu-msi.h.
 */
#include <linux/export.h>
#include <linux/iommu-msi.h>

#include "doorbell.h"
#include "relocate.h"
#include "user.h"

static struct iommu_doorbell *doorbell_at(struct interval_tree_node *node)
{
	return container_of(node, struct msi_place, node)->doorbell;
}

/**
 * iommu_msi_check_room - Check whether a range can be freed of doorbells
 * @space: MSI space
 * @start: First IOVA of the range in bytes
 * @last: Last IOVA of the range in bytes
 *
 * For an owner of several spaces, which checks all of them before doorbells of one
 * are relocated by iommu_msi_make_room().
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * O(log n) if there is no doorbell in the range.
 * Return: 0, or -EEXIST if a doorbell in the range is pinned.
 */
int iommu_msi_check_room(struct iommu_msi_space *space, unsigned long start,
			 unsigned long last)
{
	struct interval_tree_node *node;

	if (!interval_tree_iter_first(&space->places, start, last))
		return 0;
	msi_space_reap(space);
	for (node = interval_tree_iter_first(&space->places, start, last); node;
	     node = interval_tree_iter_next(node, start, last))
		if (doorbell_stays(doorbell_at(node)))
			return -EEXIST;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_msi_check_room);

/**
 * iommu_msi_make_room - Relocate doorbells out of the way of the owner's mapping
 * @space: MSI space
 * @start: First IOVA that the owner wants, in bytes
 * @last: Last IOVA that the owner wants, in bytes
 *
 * A doorbell in use by vectors keeps working. If the owner's mapping fails later, it
 * stays where it has been relocated to.
 *
 * Context: Process context, may sleep. The owner's lock is held for write, and no
 * lock that comes later in the order that iommu-msi.h states. O(log n) if there is
 * no doorbell in the range.
 * Return: 0 if the range is free of doorbells now. -EEXIST if one that lies in it
 * is pinned, -ENOSPC if there is no hole to relocate one to, -EINTR if a fatal
 * signal ended the search, -ENOMEM; then none was relocated.
 */
int iommu_msi_make_room(struct iommu_msi_space *space, unsigned long start,
			unsigned long last)
{
	const struct iommu_msi_window wanted = { .start = start, .last = last };
	struct interval_tree_node *node;
	LIST_HEAD(list);
	int rc;

	/* The usual case: a map pays for nothing else */
	if (!interval_tree_iter_first(&space->places, start, last))
		return 0;
	rc = iommu_msi_check_room(space, start, last);
	/* What a doorbell leaves stays in the tree until the end */
	for (node = interval_tree_iter_first(&space->places, start, last);
	     node && !rc; node = interval_tree_iter_next(node, start, last))
		rc = msi_relocate(doorbell_at(node), &wanted, &list);
	return msi_relocations_commit(&list, rc);
}
EXPORT_SYMBOL_GPL(iommu_msi_make_room);
