// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's objects of nested translation: thin wrappers of iommufd's ioctls, and
 * the file descriptor that events are read from.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nested.h"

#define EVENT_TIMEOUT_MS 20000

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* Read the ID registers. -EOPNOTSUPP: the device is behind another kind of IOMMU. */
int smmu_info(int fd, __u32 device, struct iommu_hw_info_arm_smmuv3 *info)
{
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
		.dev_id = device,
		.in_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3,
		.data_len = sizeof(*info),
		.data_uptr = (uintptr_t)info,
	};
	int ret = call(fd, IOMMU_GET_HW_INFO, &cmd);

	if (!ret && cmd.out_data_type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3)
		ret = -EOPNOTSUPP;
	return ret;
}

/* A page table for stage 2, with the mappings of @ioas */
int nest_parent_alloc(int fd, __u32 device, __u32 ioas, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HWPT_ALLOC_NEST_PARENT,
		.dev_id = device,
		.pt_id = ioas,
	};
	int ret = call(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

/* @type: one of enum iommu_viommu_type */
int viommu_alloc_type(int fd, __u32 type, __u32 device, __u32 parent,
		      __u32 *viommu)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = type,
		.dev_id = device,
		.hwpt_id = parent,
	};
	int ret = call(fd, IOMMU_VIOMMU_ALLOC, &cmd);

	*viommu = cmd.out_viommu_id;
	return ret;
}

int viommu_alloc(int fd, __u32 device, __u32 parent, __u32 *viommu)
{
	return viommu_alloc_type(fd, IOMMU_VIOMMU_TYPE_ARM_SMMUV3, device,
				 parent, viommu);
}

/* @sid: the device's vSID */
int vdevice_alloc(int fd, __u32 viommu, __u32 device, __u64 sid, __u32 *vdevice)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.dev_id = device,
		.virt_id = sid,
	};
	int ret = call(fd, IOMMU_VDEVICE_ALLOC, &cmd);

	*vdevice = cmd.out_vdevice_id;
	return ret;
}

/* @events: a nonblocking file descriptor, which the caller closes */
int veventq_alloc_type(int fd, __u32 type, __u32 viommu, __u32 depth,
		       __u32 *veventq, int *events)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.type = type,
		.veventq_depth = depth,
	};
	int ret = call(fd, IOMMU_VEVENTQ_ALLOC, &cmd);

	*veventq = cmd.out_veventq_id;
	*events = ret ? -1 : (int)cmd.out_veventq_fd;
	if (!ret && fcntl(*events, F_SETFL, O_NONBLOCK))
		ret = -errno;
	return ret;
}

int veventq_alloc(int fd, __u32 viommu, __u32 depth, __u32 *veventq,
		  int *events)
{
	return veventq_alloc_type(fd, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, viommu,
				  depth, veventq, events);
}

/* A page table that a device of the guest can be attached to. @fault: queue or 0. */
int nested_alloc_with_faults(int fd, __u32 viommu, __u32 device,
			     struct smmu_ste ste, __u32 fault, __u32 *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = fault ? IOMMU_HWPT_FAULT_ID_VALID : 0,
		.dev_id = device,
		.pt_id = viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(ste),
		.data_uptr = (uintptr_t)&ste,
		.fault_id = fault,
	};
	int ret = call(fd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

int nested_alloc(int fd, __u32 viommu, __u32 device, struct smmu_ste ste,
		 __u32 *hwpt)
{
	return nested_alloc_with_faults(fd, viommu, device, ste, 0, hwpt);
}

int faults_alloc(int fd, __u32 *fault, int *queue)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int ret = call(fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	*fault = cmd.out_fault_id;
	*queue = ret ? -1 : (int)cmd.out_fault_fd;
	return ret;
}

/* @count: number of @commands, of @length bytes each; returns how many were executed */
int viommu_invalidate(int fd, __u32 type, __u32 viommu, const void *commands,
		      __u32 length, __u32 *count)
{
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = viommu,
		.data_uptr = (uintptr_t)commands,
		.data_type = type,
		.entry_len = length,
		.entry_num = *count,
	};
	int ret = call(fd, IOMMU_HWPT_INVALIDATE, &cmd);

	*count = cmd.entry_num;
	return ret;
}

int viommu_commands(int fd, __u32 viommu, const struct smmu_command *commands,
		    __u32 *count)
{
	return viommu_invalidate(fd, IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
				 viommu, commands, sizeof(*commands), count);
}

/* -EIO: a command that a guest may not issue. -EPROTO: wrong count. */
int viommu_command(int fd, __u32 viommu, struct smmu_command command)
{
	__u32 count = 1;
	int ret = viommu_commands(fd, viommu, &command, &count);

	return count == !ret ? ret : -EPROTO;
}

/* The next event, without waiting. -EAGAIN: there is none. */
int event_next(int events, struct smmu_event *event)
{
	ssize_t length = read(events, event, sizeof(*event));
	ssize_t whole = sizeof(*event);

	if (length < 0)
		return -errno;
	if (!length)
		return -EAGAIN;
	if (length == sizeof(event->header) && event_is_lost(event))
		whole = length;
	return length == whole ? 0 : -EIO;
}

/* Wait for the next event. -ETIMEDOUT: none came. */
int event_wait(int events, struct smmu_event *event)
{
	struct pollfd pollfd = { .fd = events, .events = POLLIN };

	if (poll(&pollfd, 1, EVENT_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	return event_next(events, event);
}
