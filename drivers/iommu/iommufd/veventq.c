// SPDX-License-Identifier: GPL-2.0-only
/*
 * vEVENTQ objects: how user space reads the events of a virtual IOMMU. Until then
 * these are in a struct iommufd_veventq_ring.
 *
 * Races
 * -----
 * - event against reading: a reader looks at the oldest event under
 *   iommufd_viommu::lock, copies it without the lock, and removes it under the lock
 *   again. A new event goes behind the youngest, or nowhere if the ring is full.
 * - reading against reading: the mutex admits one reader at a time.
 * - event, or reading, against destruction: the open file holds the object. When it
 *   is closed there is no reader; then the ring is removed from the vIOMMU, under
 *   the lock that events are queued under, and freed.
 */
#include <linux/file.h>

#include "viommu.h"

/* Events that a queue may hold at most */
#define VEVENTQ_DEPTH_MAX BIT(19)

static struct iommufd_veventq *queue_to_veventq(struct iommufd_queue *queue)
{
	return container_of(queue, struct iommufd_veventq, queue);
}

/**
 * iommufd_veventq_destroy() - Destroy a vEVENTQ
 * @obj: Its object, which nothing refers to
 */
void iommufd_veventq_destroy(struct iommufd_object *obj)
{
	struct iommufd_veventq *veventq =
		container_of(obj, struct iommufd_veventq, queue.obj);

	iommufd_viommu_remove_ring(veventq->viommu, &veventq->ring);
	iommufd_veventq_ring_free(&veventq->ring);
	mutex_destroy(&veventq->mutex);
	refcount_dec(&veventq->viommu->obj.users);
}

static bool veventq_readable(struct iommufd_queue *queue)
{
	struct iommufd_veventq *veventq = queue_to_veventq(queue);
	struct iommufd_viommu *viommu = veventq->viommu;
	unsigned long flags;
	bool readable;

	spin_lock_irqsave(&viommu->lock, flags);
	readable = veventq->ring.count || veventq->ring.lost;
	spin_unlock_irqrestore(&viommu->lock, flags);
	return readable;
}

/*
 * The oldest event with its header. If all are read and the latest was lost, a
 * header that reports this, in @lost. NULL if there is nothing.
 */
static const void *veventq_peek(struct iommufd_veventq *veventq,
				struct iommufd_vevent_header *lost,
				size_t *length)
{
	struct iommufd_viommu *viommu = veventq->viommu;
	struct iommufd_veventq_ring *ring = &veventq->ring;
	const void *entry = NULL;
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	if (ring->count) {
		*length = ring->entry_size;
		entry = ring->entries + ring->first * ring->entry_size;
	} else if (ring->lost) {
		lost->flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
		lost->sequence = (ring->sequence - 1) & INT_MAX;
		*length = sizeof(*lost);
		entry = lost;
	}
	spin_unlock_irqrestore(&viommu->lock, flags);
	return entry;
}

/* Remove what veventq_peek() returned */
static void veventq_pop(struct iommufd_veventq *veventq,
			const struct iommufd_vevent_header *header)
{
	struct iommufd_viommu *viommu = veventq->viommu;
	struct iommufd_veventq_ring *ring = &veventq->ring;
	unsigned long flags;

	spin_lock_irqsave(&viommu->lock, flags);
	if (!(header->flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS)) {
		ring->first = (ring->first + 1) % ring->depth;
		ring->count--;
	} else if (header->sequence == ((ring->sequence - 1) & INT_MAX)) {
		/* Else more were lost since, and their header is still to come */
		ring->lost = false;
	}
	spin_unlock_irqrestore(&viommu->lock, flags);
}

static ssize_t veventq_fops_read(struct file *filep, char __user *buf,
				 size_t count, loff_t *ppos)
{
	struct iommufd_veventq *veventq =
		queue_to_veventq(iommufd_queue_of(filep));
	struct iommufd_vevent_header lost;
	const void *entry;
	size_t length;
	size_t done = 0;
	int rc = 0;

	if (*ppos)
		return -ESPIPE;
	if (count < sizeof(lost))
		return -EINVAL;

	guard(mutex)(&veventq->mutex);
	while ((entry = veventq_peek(veventq, &lost, &length))) {
		if (length > count - done) {
			rc = -EINVAL;
			break;
		}
		if (copy_to_user(buf + done, entry, length)) {
			rc = -EFAULT;
			break;
		}
		veventq_pop(veventq, entry);
		done += length;
	}
	return done ?: rc;
}

static const struct file_operations veventq_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = veventq_fops_read,
	.poll = iommufd_queue_fops_poll,
	.release = iommufd_queue_fops_release,
};

static struct iommufd_veventq *veventq_make(struct iommufd_ctx *ictx,
					    struct iommufd_viommu *viommu,
					    u32 type, u32 depth,
					    size_t event_size)
{
	struct iommufd_veventq *veventq;
	int rc;

	veventq = __iommufd_object_alloc(ictx, veventq, IOMMUFD_OBJ_VEVENTQ,
					 queue.obj);
	if (IS_ERR(veventq))
		return veventq;
	mutex_init(&veventq->mutex);
	refcount_inc(&viommu->obj.users);
	veventq->viommu = viommu;
	iommufd_queue_init(&veventq->queue, veventq_readable);

	rc = iommufd_veventq_ring_init(&veventq->ring, type, depth, event_size,
				       &veventq->queue.wait_queue);
	if (!rc)
		rc = iommufd_viommu_add_ring(viommu, &veventq->ring);
	if (rc) {
		iommufd_object_abort_and_destroy(ictx, &veventq->queue.obj);
		return ERR_PTR(rc);
	}
	return veventq;
}

static int veventq_publish(struct iommufd_ucmd *ucmd,
			   struct iommufd_veventq *veventq)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	int fdno;
	int rc;

	fdno = iommufd_queue_open(&veventq->queue, ucmd->ictx,
				  "[iommufd-viommu-event]", &veventq_fops);
	if (fdno < 0) {
		rc = fdno;
		goto out_abort;
	}
	cmd->out_veventq_id = veventq->queue.obj.id;
	cmd->out_veventq_fd = fdno;
	rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	if (rc)
		goto out_put_fdno;
	iommufd_object_finalize(ucmd->ictx, &veventq->queue.obj);
	fd_install(fdno, veventq->queue.filep);
	return 0;

out_put_fdno:
	put_unused_fd(fdno);
out_abort:
	iommufd_object_abort_and_destroy(ucmd->ictx, &veventq->queue.obj);
	return rc;
}

/**
 * iommufd_veventq_alloc() - ioctl(IOMMU_VEVENTQ_ALLOC)
 * @ucmd: The command
 *
 * Return: 0 or an error, see struct iommu_veventq_alloc.
 */
int iommufd_veventq_alloc(struct iommufd_ucmd *ucmd)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	struct iommufd_veventq *veventq;
	struct iommufd_viommu *viommu;
	size_t event_size = 0;
	int rc;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->veventq_depth || cmd->veventq_depth > VEVENTQ_DEPTH_MAX)
		return -EINVAL;

	viommu = iommufd_get_viommu(ucmd, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	if (viommu->ops->veventq_event_size)
		event_size = viommu->ops->veventq_event_size(viommu, cmd->type);
	if (!event_size) {
		rc = -EOPNOTSUPP;
		goto out_put_viommu;
	}

	veventq = veventq_make(ucmd->ictx, viommu, cmd->type,
			       cmd->veventq_depth, event_size);
	rc = IS_ERR(veventq) ? PTR_ERR(veventq) :
			       veventq_publish(ucmd, veventq);
out_put_viommu:
	iommufd_put_object(ucmd->ictx, &viommu->obj);
	return rc;
}
