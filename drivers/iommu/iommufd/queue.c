// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file descriptor of an object that is a queue, whatever the queue holds: see
 * queue.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/iommufd.h>

#include "queue.h"

/**
 * iommufd_queue_init() - Initialise a queue
 * @queue: The queue
 * @readable: Tells whether there is something to read
 */
void iommufd_queue_init(struct iommufd_queue *queue,
			bool (*readable)(struct iommufd_queue *queue))
{
	init_waitqueue_head(&queue->wait_queue);
	queue->readable = readable;
}

/**
 * iommufd_queue_open() - Open the file of a queue
 * @queue: The queue, after iommufd_queue_init(). Its object is not finalized.
 * @ictx: iommufd context of the object
 * @name: What the file is called in /proc
 * @fops: Operations of the file; poll and release are those below
 *
 * To be followed by fd_install() of iommufd_queue::filep. After an error, and until
 * then, iommufd_object_abort_and_destroy() closes the file, but put_unused_fd() is
 * up to the caller.
 *
 * Return: The file descriptor, or the errors of anon_inode_getfile() and
 * get_unused_fd_flags().
 */
int iommufd_queue_open(struct iommufd_queue *queue, struct iommufd_ctx *ictx,
		       const char *name, const struct file_operations *fops)
{
	struct file *filep;

	filep = anon_inode_getfile(name, fops, queue, O_RDWR);
	if (IS_ERR(filep))
		return PTR_ERR(filep);

	refcount_inc(&queue->obj.users);
	iommufd_ctx_get(ictx);
	queue->ictx = ictx;
	queue->filep = filep;
	return get_unused_fd_flags(O_CLOEXEC);
}

__poll_t iommufd_queue_fops_poll(struct file *filep,
				 struct poll_table_struct *wait)
{
	struct iommufd_queue *queue = iommufd_queue_of(filep);
	__poll_t pollflags = 0;

	poll_wait(filep, &queue->wait_queue, wait);
	if (filep->f_op->write)
		pollflags |= EPOLLOUT;
	if (queue->readable(queue))
		pollflags |= EPOLLIN | EPOLLRDNORM;
	return pollflags;
}

int iommufd_queue_fops_release(struct inode *inode, struct file *filep)
{
	struct iommufd_queue *queue = iommufd_queue_of(filep);
	/* The queue may be freed once the users reference is dropped */
	struct iommufd_ctx *ictx = queue->ictx;

	refcount_dec(&queue->obj.users);
	iommufd_ctx_put(ictx);
	return 0;
}
