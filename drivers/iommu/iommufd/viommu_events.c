// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a virtual IOMMU on their way from the driver to user space.
 *
 * This is built in whenever a driver uses it, so that drivers need not load
 * iommufd. See viommu_events.h for the ring, and include/linux/iommu-viommu.h for
 * the locks and the races.
 */
#include <linux/export.h>
#include <linux/iommu-viommu.h>
#include <linux/mm.h>
#include <uapi/linux/iommufd.h>

#include "viommu_events.h"

/**
 * iommu_viommu_eventq_init() - Make an empty queue of events
 * @eventq: The queue
 * @type: One of enum iommu_veventq_type
 * @depth: Number of events that it holds at most, not 0
 * @event_size: Size of an event without its header in bytes
 * @wait: Woken when there is something to read
 *
 * Return: 0 or -ENOMEM.
 */
int iommu_viommu_eventq_init(struct iommu_viommu_eventq *eventq, u32 type,
			     u32 depth, size_t event_size,
			     wait_queue_head_t *wait)
{
	INIT_LIST_HEAD(&eventq->node);
	eventq->type = type;
	eventq->depth = depth;
	eventq->entry_size = sizeof(struct iommufd_vevent_header) + event_size;
	eventq->wait = wait;
	eventq->entries = kvcalloc(depth, eventq->entry_size,
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return eventq->entries ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_eventq_init, IOMMUFD);

/**
 * iommu_viommu_eventq_free() - Undo iommu_viommu_eventq_init()
 * @eventq: The queue, which belongs to no vIOMMU; may have failed to initialise
 */
void iommu_viommu_eventq_free(struct iommu_viommu_eventq *eventq)
{
	kvfree(eventq->entries);
	eventq->entries = NULL;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_eventq_free, IOMMUFD);

/* iommu_viommu::lock is held */
static struct iommu_viommu_eventq *find_eventq(struct iommu_viommu *viommu,
					       u32 type)
{
	struct iommu_viommu_eventq *eventq;

	list_for_each_entry(eventq, &viommu->veventqs, node)
		if (eventq->type == type)
			return eventq;
	return NULL;
}

/**
 * iommu_viommu_add_eventq() - Let a queue have the events of its type
 * @viommu: The vIOMMU
 * @eventq: The queue
 *
 * Return: 0, or -EEXIST if @viommu has a queue of that type.
 */
int iommu_viommu_add_eventq(struct iommu_viommu *viommu,
			    struct iommu_viommu_eventq *eventq)
{
	unsigned long flags;
	int rc = 0;

	spin_lock_irqsave(&viommu->lock, flags);
	if (find_eventq(viommu, eventq->type))
		rc = -EEXIST;
	else
		list_add_tail(&eventq->node, &viommu->veventqs);
	spin_unlock_irqrestore(&viommu->lock, flags);
	return rc;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_add_eventq, IOMMUFD);

/**
 * iommu_viommu_remove_eventq() - Let a queue have no more events
 * @viommu: The vIOMMU
 * @eventq: The queue. No event is being written to it when this returns.
 */
void iommu_viommu_remove_eventq(struct iommu_viommu *viommu,
				struct iommu_viommu_eventq *eventq)
{
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	list_del_init(&eventq->node);
	spin_unlock_irqrestore(&viommu->lock, flags);
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_remove_eventq, IOMMUFD);

/* Write an event behind the last one; iommu_viommu::lock is held */
static void eventq_push(struct iommu_viommu_eventq *eventq, u32 sequence,
			const void *event)
{
	u32 last = (eventq->first + eventq->count) % eventq->depth;
	struct iommufd_vevent_header *header =
		eventq->entries + last * eventq->entry_size;

	*header = (struct iommufd_vevent_header){ .sequence = sequence };
	memcpy(header + 1, event, eventq->entry_size - sizeof(*header));
	eventq->count++;
}

/* iommu_viommu::lock is held; see iommu_viommu_report_event() */
static int eventq_report(struct iommu_viommu_eventq *eventq, const void *event,
			 size_t length)
{
	u32 sequence = eventq->sequence;

	if (length != eventq->entry_size - sizeof(struct iommufd_vevent_header))
		return -EINVAL;
	eventq->sequence = (sequence + 1) & INT_MAX;
	/* The gap in the numbers tells of lost events that are not the latest */
	eventq->lost = eventq->count == eventq->depth;
	if (!eventq->lost)
		eventq_push(eventq, sequence, event);
	wake_up_interruptible(eventq->wait);
	return eventq->lost ? -EOVERFLOW : 0;
}

/**
 * iommu_viommu_report_event() - Tell a guest of an event
 * @viommu: The vIOMMU. The caller makes sure that it stays: he holds a lock under
 *	which the device of the event is attached to one of its nested domains.
 * @type: One of enum iommu_veventq_type
 * @event: The event as the guest may see it: with virtual IDs
 * @length: Its size in bytes, that of iommu_viommu_ops::veventq_event_size
 *
 * Context: Any. Allocates nothing.
 * Return: 0, -EOPNOTSUPP if user space has no queue for such events: they are the
 * host's, -EOVERFLOW if its queue is full: it will be told that it lost events, and
 * the host need not care, or -EINVAL if the size is wrong.
 */
int iommu_viommu_report_event(struct iommu_viommu *viommu, u32 type,
			      const void *event, size_t length)
{
	struct iommu_viommu_eventq *eventq;
	unsigned long flags;
	int rc = -EOPNOTSUPP;

	spin_lock_irqsave(&viommu->lock, flags);
	eventq = find_eventq(viommu, type);
	if (eventq)
		rc = eventq_report(eventq, event, length);
	spin_unlock_irqrestore(&viommu->lock, flags);
	return rc;
}
EXPORT_SYMBOL_NS_GPL(iommu_viommu_report_event, IOMMUFD);
