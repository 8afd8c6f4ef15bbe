// SPDX-License-Identifier: GPL-2.0-only
/*
 * What IOMMU drivers call for their virtual IOMMUs: to find the device of a virtual
 * ID, or the virtual ID of a device, and to report events to user space.
 *
 * This is built in if any driver uses it, so that drivers need not load iommufd. See
 * viommu.h for the ring that events wait in, and include/linux/iommu-viommu.h for
 * the locks and the races.
 */
#include <linux/export.h>
#include <linux/iommu-viommu.h>
#include <linux/mm.h>

#include "viommu.h"

/**
 * iommufd_viommu_setup() - Initialise what drivers leave to iommufd
 * @viommu: The vIOMMU, before iommu_ops::viommu_init
 * @iommu_dev: The physical instance
 * @type: Its type
 */
void iommufd_viommu_setup(struct iommufd_viommu *viommu,
			  struct iommu_device *iommu_dev,
			  enum iommu_viommu_type type)
{
	viommu->iommu_dev = iommu_dev;
	viommu->type = type;
	init_rwsem(&viommu->devices_rwsem);
	xa_init_flags(&viommu->vdevs, XA_FLAGS_ACCOUNT);
	spin_lock_init(&viommu->lock);
	viommu->devices = RB_ROOT;
	INIT_LIST_HEAD(&viommu->veventqs);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_setup, IOMMUFD);

static int compare_device(const void *key, const struct rb_node *node)
{
	const struct device *dev =
		rb_entry(node, struct iommufd_vdevice, node)->dev;

	if (key == dev)
		return 0;
	return key < (const void *)dev ? -1 : 1;
}

static int compare_node(struct rb_node *new, const struct rb_node *node)
{
	const struct iommufd_vdevice *vdev =
		rb_entry(new, struct iommufd_vdevice, node);

	return compare_device(vdev->dev, node);
}

/* Let the device be looked up, by both; devices_rwsem is held for write */
static int insert_vdevice(struct iommufd_viommu *viommu,
			  struct iommufd_vdevice *vdev)
{
	unsigned long id = vdev->virt_id;
	unsigned long flags;
	struct rb_node *old;
	int rc;

	rc = xa_insert(&viommu->vdevs, id, vdev, GFP_KERNEL_ACCOUNT);
	if (rc)
		return rc == -EBUSY ? -EEXIST : rc;

	spin_lock_irqsave(&viommu->lock, flags);
	old = rb_find_add(&vdev->node, &viommu->devices, compare_node);
	spin_unlock_irqrestore(&viommu->lock, flags);
	if (!old)
		return 0;
	xa_erase(&viommu->vdevs, id);
	return -EEXIST;
}

static void destroy_vdevice(struct iommufd_vdevice *vdev)
{
	if (vdev->destroy)
		vdev->destroy(vdev);
}

/**
 * iommufd_viommu_add_vdevice() - Give a device a virtual ID
 * @viommu: The vIOMMU
 * @vdev: The vDEVICE, with its device and its ID. It stays where it is until
 *	iommufd_viommu_remove_vdevice().
 *
 * The driver is asked first; what it did is undone if the ID is not free.
 *
 * Context: Takes iommufd_viommu::devices_rwsem for write.
 * Return: 0, -EEXIST if the ID or the device is in use in @viommu, -EINVAL if the
 * ID is greater than an unsigned long, -ENOMEM, or an error of the driver.
 */
int iommufd_viommu_add_vdevice(struct iommufd_viommu *viommu,
			       struct iommufd_vdevice *vdev)
{
	int rc;

	if (vdev->virt_id > ULONG_MAX)
		return -EINVAL;

	vdev->viommu = viommu;
	if (viommu->ops->vdevice_init) {
		rc = viommu->ops->vdevice_init(vdev);
		if (rc)
			return rc;
	}

	scoped_guard(rwsem_write, &viommu->devices_rwsem)
		rc = insert_vdevice(viommu, vdev);
	if (rc)
		destroy_vdevice(vdev);
	return rc;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_add_vdevice, IOMMUFD);

/**
 * iommufd_viommu_remove_vdevice() - Remove the virtual ID of a device
 * @viommu: The vIOMMU
 * @vdev: The vDEVICE, as given to iommufd_viommu_add_vdevice()
 *
 * Commands that name the device are complete when this returns, and events of it do
 * not reach the guest any more.
 *
 * Context: Takes iommufd_viommu::devices_rwsem for write.
 */
void iommufd_viommu_remove_vdevice(struct iommufd_viommu *viommu,
				   struct iommufd_vdevice *vdev)
{
	unsigned long flags;

	scoped_guard(rwsem_write, &viommu->devices_rwsem)
	{
		xa_erase(&viommu->vdevs, vdev->virt_id);
		spin_lock_irqsave(&viommu->lock, flags);
		rb_erase(&vdev->node, &viommu->devices);
		spin_unlock_irqrestore(&viommu->lock, flags);
	}
	destroy_vdevice(vdev);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_remove_vdevice, IOMMUFD);

/**
 * iommufd_viommu_find_dev() - Find a device by its virtual ID
 * @viommu: The vIOMMU
 * @vdev_id: The virtual ID in a command of the guest
 *
 * Context: iommufd_viommu::devices_rwsem is held, by
 * guard(iommufd_viommu_devices)(viommu), or the xa_lock of iommufd_viommu::vdevs,
 * as long as the device is used.
 * Return: The device, or NULL if there is none.
 */
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu,
				       unsigned long vdev_id)
{
	struct iommufd_vdevice *vdev;

	lockdep_assert(lockdep_is_held(&viommu->devices_rwsem) ||
		       lockdep_is_held(&viommu->vdevs.xa_lock));

	vdev = xa_load(&viommu->vdevs, vdev_id);
	return vdev ? iommufd_vdevice_to_device(vdev) : NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_find_dev, IOMMUFD);

/**
 * iommufd_viommu_get_vdev_id() - Return the virtual ID of a device
 * @viommu: The vIOMMU
 * @dev: The device
 * @vdev_id: Set to its virtual ID
 *
 * Context: Any. The ID may be removed as soon as this returns.
 * Return: 0, or -ENOENT if the device has none in @viommu.
 */
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu,
			       struct device *dev, unsigned long *vdev_id)
{
	struct rb_node *node;
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	node = rb_find(dev, &viommu->devices, compare_device);
	if (node)
		*vdev_id =
			rb_entry(node, struct iommufd_vdevice, node)->virt_id;
	spin_unlock_irqrestore(&viommu->lock, flags);
	return node ? 0 : -ENOENT;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_get_vdev_id, IOMMUFD);

/**
 * iommufd_veventq_ring_init() - Initialise an empty queue of events
 * @ring: The queue
 * @type: One of enum iommu_veventq_type
 * @depth: Number of events that it holds at most, not 0
 * @event_size: Size of an event without its header in bytes
 * @wait: Woken when there is something to read
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_veventq_ring_init(struct iommufd_veventq_ring *ring, u32 type,
			      u32 depth, size_t event_size,
			      wait_queue_head_t *wait)
{
	INIT_LIST_HEAD(&ring->node);
	ring->type = type;
	ring->depth = depth;
	ring->entry_size = sizeof(struct iommufd_vevent_header) + event_size;
	ring->wait = wait;
	ring->entries = kvcalloc(depth, ring->entry_size,
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return ring->entries ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_NS_GPL(iommufd_veventq_ring_init, IOMMUFD);

/**
 * iommufd_veventq_ring_free() - Undo iommufd_veventq_ring_init()
 * @ring: The queue, which belongs to no vIOMMU; may have failed to initialise
 */
void iommufd_veventq_ring_free(struct iommufd_veventq_ring *ring)
{
	kvfree(ring->entries);
	ring->entries = NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_veventq_ring_free, IOMMUFD);

/* iommufd_viommu::lock is held */
static struct iommufd_veventq_ring *find_ring(struct iommufd_viommu *viommu,
					      u32 type)
{
	struct iommufd_veventq_ring *ring;

	list_for_each_entry(ring, &viommu->veventqs, node)
		if (ring->type == type)
			return ring;
	return NULL;
}

/**
 * iommufd_viommu_add_ring() - Add a queue, which gets the events of its type
 * @viommu: The vIOMMU
 * @ring: The queue
 *
 * Return: 0, or -EEXIST if @viommu has a queue of that type.
 */
int iommufd_viommu_add_ring(struct iommufd_viommu *viommu,
			    struct iommufd_veventq_ring *ring)
{
	unsigned long flags;
	int rc = 0;

	spin_lock_irqsave(&viommu->lock, flags);
	if (find_ring(viommu, ring->type))
		rc = -EEXIST;
	else
		list_add_tail(&ring->node, &viommu->veventqs);
	spin_unlock_irqrestore(&viommu->lock, flags);
	return rc;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_add_ring, IOMMUFD);

/**
 * iommufd_viommu_remove_ring() - Remove a queue, which gets no more events
 * @viommu: The vIOMMU
 * @ring: The queue. No event is being written to it when this returns.
 */
void iommufd_viommu_remove_ring(struct iommufd_viommu *viommu,
				struct iommufd_veventq_ring *ring)
{
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	list_del_init(&ring->node);
	spin_unlock_irqrestore(&viommu->lock, flags);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_remove_ring, IOMMUFD);

/* Write an event behind the last one; iommufd_viommu::lock is held */
static void ring_push(struct iommufd_veventq_ring *ring, u32 sequence,
		      const void *event)
{
	u32 last = (ring->first + ring->count) % ring->depth;
	struct iommufd_vevent_header *header =
		ring->entries + last * ring->entry_size;

	*header = (struct iommufd_vevent_header){ .sequence = sequence };
	memcpy(header + 1, event, ring->entry_size - sizeof(*header));
	ring->count++;
}

/* iommufd_viommu::lock is held; see iommufd_viommu_report_event() */
static int ring_report(struct iommufd_veventq_ring *ring, const void *event,
		       size_t length)
{
	u32 sequence = ring->sequence;

	if (length != ring->entry_size - sizeof(struct iommufd_vevent_header))
		return -EINVAL;
	ring->sequence = (sequence + 1) & INT_MAX;
	/* A gap in the numbers reports lost events that are not the latest */
	ring->lost = ring->count == ring->depth;
	if (!ring->lost)
		ring_push(ring, sequence, event);
	wake_up_interruptible(ring->wait);
	return ring->lost ? -EOVERFLOW : 0;
}

/**
 * iommufd_viommu_report_event() - Report an event to a guest
 * @viommu: The vIOMMU. The caller keeps it: it holds a lock under which the device
 *	of the event is attached to one of its nested domains.
 * @type: One of enum iommu_veventq_type
 * @event_data: The event as the guest may see it: with virtual IDs
 * @data_len: Its size in bytes, that of iommufd_viommu_ops::veventq_event_size
 *
 * Context: Any. Allocates nothing.
 * Return: 0, -EOPNOTSUPP if user space has no queue for such events, which are then
 * the host's, -EOVERFLOW if its queue is full, which user space will see, so the
 * host may ignore the event, or -EINVAL if the size is wrong.
 */
int iommufd_viommu_report_event(struct iommufd_viommu *viommu,
				enum iommu_veventq_type type,
				const void *event_data, size_t data_len)
{
	struct iommufd_veventq_ring *ring;
	unsigned long flags;
	int rc = -EOPNOTSUPP;

	spin_lock_irqsave(&viommu->lock, flags);
	ring = find_ring(viommu, type);
	if (ring)
		rc = ring_report(ring, event_data, data_len);
	spin_unlock_irqrestore(&viommu->lock, flags);
	return rc;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_report_event, IOMMUFD);
