/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual IOMMUs: a guest's share of a physical IOMMU.
 *
 * With nested translation a guest owns stage 1. iommufd lets a VMM hand it through
 * by three kinds of objects:
 *
 *  - A vIOMMU is the share of one physical IOMMU. Its driver makes it, by
 *    iommu_ops::viommu_alloc, on top of a stage 2 domain: the nest parent.
 *  - A vDEVICE says by which number, the virtual ID, the guest calls a device.
 *  - A vEVENTQ takes the events that the physical IOMMU records about the devices
 *    of the guest.
 *
 * This is what drivers get to see of them. The objects themselves are in
 * drivers/iommu/iommufd/{viommu,vdevice,veventq}.c.
 *
 * Locks
 * -----
 * Two locks guard who is who, and each lets a device be found:
 *
 *  - iommu_viommu::devices_rwsem, which sleeps, for commands of the guest:
 *    iommu_viommu_find_device(). Hold it, by guard(iommu_viommu_devices)(viommu),
 *    until the command that names the device is complete.
 *  - iommu_viommu::lock, which spins, for events: iommu_viommu_virt_id() and
 *    iommu_viommu_report_event() take it themselves, in any context.
 *
 * A device gets and loses its virtual ID under both. The order, outermost first:
 *
 *	iommu_viommu::devices_rwsem
 *	  locks of the driver
 *	    iommu_viommu::lock
 *	      wait_queue_head::lock of the vEVENTQ
 *
 * The memory of the user is not accessed under either. Nothing that waits for user
 * space, and not iommu_group::mutex, is taken under devices_rwsem: closing a
 * device takes that for write.
 *
 * Races
 * -----
 * - attach of a nested domain against destruction of the vDEVICE: a driver asks
 *   for the virtual ID when it attaches, and must not rely on it afterwards. The
 *   domain stays as it is; events of the device find no ID any more and are the
 *   host's.
 * - event against destruction of the vDEVICE: under iommu_viommu::lock the device
 *   has its ID or has not. The event is the guest's or the host's.
 * - event against destruction of the vEVENTQ: the same. An event is queued as a
 *   whole under the lock before the queue goes, or there is no queue. Its memory
 *   is there since it was made; nothing is allocated for an event.
 * - event against destruction of the vIOMMU: a driver reports events for devices
 *   that are attached to a nested domain, under a lock that keeps them attached.
 *   The nested domain holds the vIOMMU.
 * - event against unbinding of a device: it is detached first, see above. Then
 *   its vDEVICE is destroyed, then its owner gets it back.
 * - invalidation against destruction of the vDEVICE: the destruction waits, on
 *   devices_rwsem, for the commands that name the device. No command reaches a
 *   device of which the guest was told that it lost it.
 * - invalidation against destruction of the vIOMMU: the ioctl holds the object, and
 *   the destruction fails with -EBUSY.
 * - process exit: the descriptors of vEVENTQs hold the iommufd, so it is closed
 *   last. Its objects go from the leaves: nested domains, vDEVICEs and vEVENTQs
 *   before the vIOMMU, that before the nest parent.
 */
#ifndef __LINUX_IOMMU_VIOMMU_H
#define __LINUX_IOMMU_VIOMMU_H

#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

struct device;
struct iommu_viommu;

/**
 * struct iommu_viommu_ops - What a driver does for a virtual IOMMU
 * @free: Free it. Nothing refers to it any more; process context. Mandatory.
 * @domain_alloc_nested: Allocate an %IOMMU_DOMAIN_NESTED domain on top of
 *	iommu_viommu::parent. @flags are those of enum iommufd_hwpt_alloc_flags that
 *	concern the driver, at present none: -EOPNOTSUPP for any. @user_data is
 *	never NULL or empty. The domain holds the vIOMMU until it is freed. Returns
 *	the domain or ERR_PTR(). Optional.
 * @cache_invalidate: Execute the array->entry_num commands in @array, in order. On
 *	return, also of an error, array->entry_num is the number of commands that
 *	took effect: issued, and complete. They are the first ones of the array. An
 *	empty array asks whether @array->type is known. Process context, no lock
 *	held; may run several times at once. Returns 0, -EINVAL for a wrong type,
 *	entry length or pointer, -EIO or another error for a command that is
 *	refused. Optional.
 * @vdevice_check: May @dev, which is behind iommu_viommu::iommu_dev, get the
 *	virtual ID @virt_id? The ID has 32 bits at most, and is free. devices_rwsem
 *	is held for write. Returns 0 or an error. Optional.
 * @veventq_event_size: Size in bytes of the events of the type @type, which
 *	user space asks for and is one of enum iommu_veventq_type. Returns 0 if
 *	there are none. Optional.
 */
struct iommu_viommu_ops {
	void (*free)(struct iommu_viommu *viommu);
	struct iommu_domain *(*domain_alloc_nested)(
		struct iommu_viommu *viommu, u32 flags,
		const struct iommu_user_data *user_data);
	int (*cache_invalidate)(struct iommu_viommu *viommu,
				struct iommu_user_data_array *array);
	int (*vdevice_check)(struct iommu_viommu *viommu, struct device *dev,
			     u64 virt_id);
	size_t (*veventq_event_size)(struct iommu_viommu *viommu, u32 type);
};

/**
 * struct iommu_viommu - A virtual IOMMU, embedded in the driver's own structure
 * @ops: What the driver does for it; set by iommu_ops::viommu_alloc
 * @parent: The nest parent. Set by iommufd when iommu_ops::viommu_alloc returns,
 *	as are the fields below
 * @iommu_dev: The physical instance
 * @type: One of enum iommu_viommu_type
 * @devices_rwsem: private: Guards @devices_by_id
 * @devices_by_id: private: struct iommu_viommu_device, indexed by virtual ID
 * @lock: private: Guards the fields below
 * @devices: private: struct iommu_viommu_device, ordered by device
 * @veventqs: private: struct iommu_viommu_eventq, at most one of a type
 */
struct iommu_viommu {
	const struct iommu_viommu_ops *ops;
	struct iommu_domain *parent;
	struct iommu_device *iommu_dev;
	u32 type;

	struct rw_semaphore devices_rwsem;
	struct xarray devices_by_id;
	spinlock_t lock; /* guards the fields below */
	struct rb_root devices;
	struct list_head veventqs;
};

/**
 * struct iommu_viommu_device - A device of a virtual IOMMU
 * @dev: The device
 * @virt_id: Its virtual ID
 * @node: private: In iommu_viommu::devices
 */
struct iommu_viommu_device {
	struct device *dev;
	u64 virt_id;
	struct rb_node node;
};

/* Keep the virtual IDs of a vIOMMU while commands that name devices execute */
DEFINE_LOCK_GUARD_1(iommu_viommu_devices, struct iommu_viommu,
		    down_read(&_T->lock->devices_rwsem),
		    up_read(&_T->lock->devices_rwsem))

/* For drivers */
struct device *iommu_viommu_find_device(struct iommu_viommu *viommu,
					u64 virt_id);
int iommu_viommu_virt_id(struct iommu_viommu *viommu, struct device *dev,
			 u64 *virt_id);
int iommu_viommu_report_event(struct iommu_viommu *viommu, u32 type,
			      const void *event, size_t length);

/* For iommufd, and tests of drivers */
void iommu_viommu_init(struct iommu_viommu *viommu, struct iommu_domain *parent,
		       struct iommu_device *iommu_dev, u32 type);
int iommu_viommu_add_device(struct iommu_viommu *viommu,
			    struct iommu_viommu_device *vdevice);
void iommu_viommu_remove_device(struct iommu_viommu *viommu,
				struct iommu_viommu_device *vdevice);

/**
 * iommu_viommu_copy_to_user() - Answer to the data of iommu_ops::viommu_alloc
 * @user_data: What the user gave; a shorter structure gets what fits
 * @data: The answer
 * @length: Its length in bytes
 *
 * The last thing that iommu_ops::viommu_alloc does, as the user may see it.
 *
 * Return: 0 or -EFAULT.
 */
static inline int
iommu_viommu_copy_to_user(const struct iommu_user_data *user_data,
			  const void *data, size_t length)
{
	if (copy_to_user(user_data->uptr, data, min(length, user_data->len)))
		return -EFAULT;
	return 0;
}

#endif /* __LINUX_IOMMU_VIOMMU_H */
