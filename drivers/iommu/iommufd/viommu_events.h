/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring that events wait in from the interrupt that brings them until user
 * space reads them: between viommu_events.c, which fills it and is built in, and
 * veventq.c, which empties it.
 *
 * iommu_viommu::lock guards where it begins and ends. An event in between is not
 * written to any more, so a reader copies it without the lock; readers exclude
 * each other. All memory is there from the start, charged to whoever asked for it.
 */
#ifndef __IOMMUFD_VIOMMU_EVENTS_H
#define __IOMMUFD_VIOMMU_EVENTS_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>

struct iommu_viommu;

/**
 * struct iommu_viommu_eventq - Events of one type of a vIOMMU
 * @node: In iommu_viommu::veventqs
 * @type: One of enum iommu_veventq_type
 * @depth: Number of events that it holds at most
 * @entry_size: Size of an event with its header in bytes
 * @first: Index of the oldest event
 * @count: Number of events
 * @sequence: Sequence number of the next event, also if that will be lost
 * @lost: The latest event was lost
 * @wait: Woken when there is something to read
 * @entries: @depth entries as user space reads them: a struct
 *	iommufd_vevent_header followed by the event
 */
struct iommu_viommu_eventq {
	struct list_head node;
	u32 type;
	u32 depth;
	size_t entry_size;
	u32 first;
	u32 count;
	u32 sequence;
	bool lost;
	wait_queue_head_t *wait;
	void *entries;
};

int iommu_viommu_eventq_init(struct iommu_viommu_eventq *eventq, u32 type,
			     u32 depth, size_t event_size,
			     wait_queue_head_t *wait);
void iommu_viommu_eventq_free(struct iommu_viommu_eventq *eventq);
int iommu_viommu_add_eventq(struct iommu_viommu *viommu,
			    struct iommu_viommu_eventq *eventq);
void iommu_viommu_remove_eventq(struct iommu_viommu *viommu,
				struct iommu_viommu_eventq *eventq);

#endif
