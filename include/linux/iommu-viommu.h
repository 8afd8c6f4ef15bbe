/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual IOMMUs: a guest's share of a physical IOMMU.
 *
 * With nested translation a guest owns stage 1. iommufd lets a VMM pass it through
 * with three kinds of objects:
 *
 *  - A vIOMMU is the share of one physical IOMMU, on top of a stage 2 domain: the
 *    nest parent. Its driver embeds struct iommufd_viommu in a structure of its own,
 *    whose size iommu_ops::get_viommu_size returns, and which iommu_ops::viommu_init
 *    fills in.
 *  - A vDEVICE is a device with its virtual ID, by which the guest knows it.
 *  - A vEVENTQ receives the events that the physical IOMMU records about the guest's
 *    devices.
 *
 * This file has what drivers see of them. The functions that they call are in
 * drivers/iommu/iommufd/driver.c, the ioctls in viommu.c and veventq.c there.
 * Names and meaning are those of mainline's include/linux/iommufd.h: a driver written
 * for that includes this file, too.
 *
 * Locks
 * -----
 * Two locks guard virtual IDs. A device can be looked up under either:
 *
 *  - iommufd_viommu::devices_rwsem, which sleeps, for commands of the guest:
 *    iommufd_viommu_find_dev(). Hold it, by guard(iommufd_viommu_devices)(viommu),
 *    until the command that names the device is complete. A driver that only looks
 *    a device up may hold the xa_lock of iommufd_viommu::vdevs instead.
 *  - iommufd_viommu::lock, which spins, for events: iommufd_viommu_get_vdev_id()
 *    and iommufd_viommu_report_event() take it themselves, in any context.
 *
 * A device gets and loses its virtual ID under both. The order, outermost first:
 *
 *	iommufd_viommu::devices_rwsem
 *	  locks of the driver
 *	    iommufd_viommu::lock
 *	      wait_queue_head::lock of the vEVENTQ
 *
 * User memory is not accessed under either. Nothing that waits for user space is
 * taken under devices_rwsem, nor is iommu_group::mutex: closing a device takes
 * devices_rwsem for write.
 *
 * Races
 * -----
 * - attach of a nested domain against destruction of the vDEVICE: a driver looks up
 *   the virtual ID when it attaches, and must not rely on it afterwards. The domain
 *   stays as it is; later events of the device find no ID and are the host's.
 * - event against destruction of the vDEVICE: under iommufd_viommu::lock the device
 *   has its ID or not, so the event is either the guest's or the host's.
 * - event against destruction of the vEVENTQ: likewise. An event is queued as a whole
 *   under the lock before the queue is removed, or finds no queue. All memory of a
 *   queue is allocated with it, none for an event.
 * - event against destruction of the vIOMMU: a driver reports events for devices
 *   that are attached to a nested domain, under a lock that keeps them attached.
 *   The nested domain holds the vIOMMU.
 * - event against unbinding of a device: the device is detached first, see above.
 *   Then its vDEVICE is destroyed, then the device is returned to its owner.
 * - invalidation against destruction of the vDEVICE: the destruction waits, on
 *   devices_rwsem, for the commands that name the device. No command reaches a device
 *   after the guest was told that it is gone.
 * - invalidation against destruction of the vIOMMU: the ioctl holds the object, and
 *   the destruction fails with -EBUSY.
 * - process exit: the descriptors of vEVENTQs hold the iommufd, so it is closed last.
 *   Its objects are destroyed leaves first: nested domains, vDEVICEs and vEVENTQs
 *   before the vIOMMU, that before the nest parent.
 */
#ifndef __LINUX_IOMMU_VIOMMU_H
#define __LINUX_IOMMU_VIOMMU_H

#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

struct device;
struct iommufd_hwpt_paging;
struct iommufd_vdevice;
struct iommufd_viommu;

/**
 * struct iommufd_viommu_ops - What a driver does for a virtual IOMMU
 * @destroy: Undo iommu_ops::viommu_init. Nothing refers to the vIOMMU any more;
 *	iommufd frees its memory. Process context. Optional.
 * @alloc_domain_nested: Allocate an %IOMMU_DOMAIN_NESTED domain on top of the nest
 *	parent. @flags are those of enum iommufd_hwpt_alloc_flags that concern the
 *	driver, at present none: -EOPNOTSUPP for any. @user_data is never NULL or
 *	empty. The domain holds the vIOMMU until it is freed. Returns the domain or
 *	ERR_PTR(). Optional.
 * @cache_invalidate: Execute the array->entry_num commands in @array, in order. On
 *	return, even of an error, array->entry_num is the number of commands that took
 *	effect: issued and complete, the first ones of the array. An empty array asks
 *	whether @array->type is known. Process context, no lock held; may run several
 *	times at once. Returns 0, -EINVAL for a wrong type, entry length or pointer,
 *	-EIO or another error for a command that is refused. Optional.
 * @vdevice_size: VDEVICE_STRUCT_SIZE() of the driver's own structure of a vDEVICE,
 *	or 0 if it has none.
 * @vdevice_init: Initialise the driver's structure of the vDEVICE @vdev, whose device
 *	is behind iommufd_viommu::iommu_dev, or refuse it: @vdev->viommu and
 *	@vdev->virt_id are set, and iommufd_vdevice_to_device() is the device. Nothing
 *	finds the vDEVICE yet. @vdev->destroy undoes this, if the driver sets it.
 *	Process context, no lock held. Returns 0 or an error. Optional.
 * @veventq_event_size: Return the size in bytes of events of @type, one of enum
 *	iommu_veventq_type, which user space asks for; 0 if there are none. Optional.
 *	Mainline has no such operation: it allocates each event when it is reported.
 *	Here all memory of a queue is allocated with it.
 */
struct iommufd_viommu_ops {
	void (*destroy)(struct iommufd_viommu *viommu);
	struct iommu_domain *(*alloc_domain_nested)(
		struct iommufd_viommu *viommu, u32 flags,
		const struct iommu_user_data *user_data);
	int (*cache_invalidate)(struct iommufd_viommu *viommu,
				struct iommu_user_data_array *array);
	size_t vdevice_size;
	int (*vdevice_init)(struct iommufd_vdevice *vdev);
	size_t (*veventq_event_size)(struct iommufd_viommu *viommu,
				     enum iommu_veventq_type type);
};

/**
 * struct iommufd_viommu - A virtual IOMMU, embedded in the driver's own structure
 * @obj: private: The object that user space has an ID of; the first member
 * @ictx: private: iommufd context of the object
 * @iommu_dev: The physical instance
 * @hwpt: private: The nest parent, which the vIOMMU holds
 * @ops: What the driver does for it; set by iommu_ops::viommu_init. All else is set
 *	before
 * @type: Its type
 * @devices_rwsem: private: Guards @vdevs
 * @vdevs: private: struct iommufd_vdevice, indexed by virtual ID
 * @lock: private: Guards the fields below
 * @devices: private: struct iommufd_vdevice, ordered by device
 * @veventqs: private: struct iommufd_veventq_ring, at most one of a type
 */
struct iommufd_viommu {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommu_device *iommu_dev;
	struct iommufd_hwpt_paging *hwpt;
	const struct iommufd_viommu_ops *ops;
	enum iommu_viommu_type type;

	struct rw_semaphore devices_rwsem;
	struct xarray vdevs;
	spinlock_t lock; /* guards the fields below */
	struct rb_root devices;
	struct list_head veventqs;
};

/**
 * struct iommufd_vdevice - A virtual device, embedded in the driver's own structure
 * @obj: private: The object that user space has an ID of; the first member
 * @viommu: Its virtual IOMMU, which it holds
 * @idev: private: The device, whose iommufd_device::vdevice this is
 * @dev: private: See iommufd_vdevice_to_device()
 * @virt_id: Its virtual ID in @viommu
 * @destroy: Undo iommufd_viommu_ops::vdevice_init, which sets it, or NULL. Nothing
 *	finds the vDEVICE any more; process context, no lock held
 * @node: private: In iommufd_viommu::devices
 */
struct iommufd_vdevice {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	struct device *dev;
	u64 virt_id;
	void (*destroy)(struct iommufd_vdevice *vdev);
	struct rb_node node;
};

/* The size of the structure @drv, whose first member @member is the @core */
#define __VIOMMU_STRUCT_SIZE(drv, core, member)     \
	(sizeof(drv) +                              \
	 BUILD_BUG_ON_ZERO(offsetof(drv, member) || \
			   !__same_type(core, ((drv *)NULL)->member)))

/**
 * VIOMMU_STRUCT_SIZE() - Return the size of a driver's structure of a vIOMMU
 * @drv: Type of the structure
 * @member: Its struct iommufd_viommu, the first member
 */
#define VIOMMU_STRUCT_SIZE(drv, member) \
	__VIOMMU_STRUCT_SIZE(drv, struct iommufd_viommu, member)

/**
 * VDEVICE_STRUCT_SIZE() - Return the size of a driver's structure of a vDEVICE
 * @drv: Type of the structure
 * @member: Its struct iommufd_vdevice, the first member
 */
#define VDEVICE_STRUCT_SIZE(drv, member) \
	__VIOMMU_STRUCT_SIZE(drv, struct iommufd_vdevice, member)

/* Keep the virtual IDs of a vIOMMU while commands that name devices execute */
DEFINE_LOCK_GUARD_1(iommufd_viommu_devices, struct iommufd_viommu,
		    down_read(&_T->lock->devices_rwsem),
		    up_read(&_T->lock->devices_rwsem))

/**
 * iommufd_vdevice_to_device() - Return the device of a vDEVICE
 * @vdev: The vDEVICE
 *
 * Context: The device stays as long as the vDEVICE can be found.
 * Return: The device.
 */
static inline struct device *
iommufd_vdevice_to_device(struct iommufd_vdevice *vdev)
{
	return vdev->dev;
}

/* For drivers */
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu,
				       unsigned long vdev_id);
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu,
			       struct device *dev, unsigned long *vdev_id);
int iommufd_viommu_report_event(struct iommufd_viommu *viommu,
				enum iommu_veventq_type type,
				const void *event_data, size_t data_len);

/* For iommufd, and tests of drivers */
void iommufd_viommu_setup(struct iommufd_viommu *viommu,
			  struct iommu_device *iommu_dev,
			  enum iommu_viommu_type type);
int iommufd_viommu_add_vdevice(struct iommufd_viommu *viommu,
			       struct iommufd_vdevice *vdev);
void iommufd_viommu_remove_vdevice(struct iommufd_viommu *viommu,
				   struct iommufd_vdevice *vdev);

/**
 * iommu_copy_struct_to_user() - Copy an answer of iommu_ops::viommu_init to the user
 * @user_data: What the user gave
 * @from: The answer, a pointer to the structure of @data_type
 * @data_type: The type of the data
 * @min_last: The last member of the structure when it was first defined
 *
 * To be the last step of iommu_ops::viommu_init that can fail, as the user may see
 * the answer. An older, shorter structure of the user gets what fits.
 *
 * Return: 0, -EINVAL for another type, or a shorter or longer structure, or -EFAULT.
 */
#define iommu_copy_struct_to_user(user_data, from, data_type, min_last) \
	__iommu_copy_struct_to_user(user_data, from, data_type,         \
				    sizeof(*(from)),                    \
				    offsetofend(typeof(*(from)), min_last))

static inline int
__iommu_copy_struct_to_user(const struct iommu_user_data *user_data,
			    const void *from, unsigned int data_type,
			    size_t size, size_t min_size)
{
	if (user_data->type != data_type || user_data->len < min_size ||
	    user_data->len > size)
		return -EINVAL;
	if (copy_to_user(user_data->uptr, from, user_data->len))
		return -EFAULT;
	return 0;
}

#endif /* __LINUX_IOMMU_VIOMMU_H */
