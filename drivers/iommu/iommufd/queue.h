/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file descriptor of an object that is a queue.
 *
 * The open file holds the object, which therefore cannot be destroyed before, and
 * the iommufd, which therefore is closed later.
 */
#ifndef __IOMMUFD_QUEUE_H
#define __IOMMUFD_QUEUE_H

#include <linux/fs.h>
#include <linux/poll.h>

#include "iommufd_private.h"

void iommufd_queue_init(struct iommufd_queue *queue,
			bool (*readable)(struct iommufd_queue *queue));
int iommufd_queue_open(struct iommufd_queue *queue, struct iommufd_ctx *ictx,
		       const char *name, const struct file_operations *fops);
__poll_t iommufd_queue_fops_poll(struct file *filep,
				 struct poll_table_struct *wait);
int iommufd_queue_fops_release(struct inode *inode, struct file *filep);

static inline struct iommufd_queue *iommufd_queue_of(struct file *filep)
{
	return filep->private_data;
}

#endif
