// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI device under VFIO's character device: bound to an iommufd, attached to an address
 * space, its registers mapped, its interrupt vectors connected to eventfds. A device that
 * was opened by its group (type1.c) differs in the first two only, a platform device
 * (platform.c) in where its configuration space is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "passthrough.h"

#define VECTOR_TIMEOUT_MS 5000

static int call(struct device *dev, unsigned long request, void *arg)
{
	return ioctl(dev->fd, request, arg) ? -errno : 0;
}

static int region_info(struct device *dev, unsigned int index,
		       struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){
		.argsz = sizeof(*info),
		.index = index,
	};
	return call(dev, VFIO_DEVICE_GET_REGION_INFO, info);
}

static int bind_iommufd(struct device *dev)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = dev->iommufd,
	};
	int ret = call(dev, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	dev->id = bind.out_devid;
	return ret;
}

/* Find the device's configuration space */
int device_find_config(struct device *dev)
{
	struct vfio_region_info info;
	int ret;

	if (device_is_platform(dev->bdf))
		return platform_find_config(dev);
	ret = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	dev->config = info.offset;
	return ret;
}

/* Open the device and bind it. -EPERM: its interrupts are unsafe for iommufd. */
int device_open(struct device *dev, const char *bdf, int iommufd)
{
	char path[300];
	int ret;

	*dev = (struct device){
		.bdf = bdf,
		.fd = -1,
		.iommufd = iommufd,
		.group = -1,
	};
	ret = sysfs_cdev_path(bdf, path, sizeof(path));
	if (ret)
		return ret;
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	ret = bind_iommufd(dev);
	if (!ret)
		ret = device_find_config(dev);
	if (ret)
		device_close(dev);
	return ret;
}

/* The kernel detaches and unbinds the device, and disables its vectors */
void device_close(struct device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
	dev->pt = 0;
	if (dev->group >= 0)
		close(dev->group);
	dev->group = -1;
}

/* @pt: an IOAS or HWPT, which replaces what the device is attached to */
int device_attach(struct device *dev, __u32 pt)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = pt,
	};
	int ret = call(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);

	if (!ret)
		dev->pt = pt;
	return ret;
}

int device_detach(struct device *dev)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};
	int ret = call(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);

	if (!ret)
		dev->pt = 0;
	return ret;
}

/* The doorbells of what the device is attached to */
int device_doorbells(const struct device *dev, struct doorbell_list *doorbells)
{
	if (dev->container)
		return container_doorbells(dev->container, doorbells);
	return msi_doorbells(dev->iommufd, dev->stage2 ? dev->stage2 : dev->pt,
			     doorbells);
}

int device_map_bar(struct device *dev, unsigned int bar, void **va,
		   size_t *size)
{
	struct vfio_region_info info;
	int ret;

	ret = region_info(dev, VFIO_PCI_BAR0_REGION_INDEX + bar, &info);
	if (ret)
		return ret;
	if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -ENODEV;
	*size = info.size;
	*va = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   info.offset);
	return *va == MAP_FAILED ? -errno : 0;
}

static int config_read(struct device *dev, unsigned int at, void *value,
		       size_t size)
{
	ssize_t done = pread(dev->fd, value, size, dev->config + at);

	return done == (ssize_t)size ? 0 : -EIO;
}

int device_config_write(struct device *dev, unsigned int at, const void *value,
			size_t size)
{
	ssize_t done = pwrite(dev->fd, value, size, dev->config + at);

	return done == (ssize_t)size ? 0 : -EIO;
}

/* Set @set and clear @clear in a register of 16 bits */
static int config_change(struct device *dev, unsigned int at, __u16 set,
			 __u16 clear)
{
	__u16 value;

	if (config_read(dev, at, &value, sizeof(value)))
		return -EIO;
	value = (value & ~clear) | set;
	return device_config_write(dev, at, &value, sizeof(value));
}

/* Find the offset of a capability in the configuration space. -ENODEV: none. */
int device_find_capability(struct device *dev, __u8 id, unsigned int *at)
{
	unsigned int left;
	__u8 next, found;

	if (config_read(dev, PCI_CAPABILITY_LIST, &next, sizeof(next)))
		return -EIO;
	for (left = 48; next && left; left--) {
		if (config_read(dev, next, &found, sizeof(found)))
			return -EIO;
		*at = next;
		if (found == id)
			return 0;
		if (config_read(dev, next + PCI_CAP_LIST_NEXT, &next,
				sizeof(next)))
			return -EIO;
	}
	return -ENODEV;
}

/* Enable or disable DMA by the device, including MSIs */
int device_bus_master(struct device *dev, bool on)
{
	return config_change(dev, PCI_COMMAND,
			     PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0),
			     on ? 0 : PCI_COMMAND_MASTER);
}

/* While it is off, accesses to what device_map_bar() mapped are bus errors */
int device_memory_decode(struct device *dev, bool on)
{
	return config_change(dev, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0,
			     on ? 0 : PCI_COMMAND_MEMORY);
}

/* Return: whether memory decoding and bus mastering are on */
bool device_is_on(struct device *dev)
{
	const __u16 on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	__u16 command;

	return !config_read(dev, PCI_COMMAND, &command, sizeof(command)) &&
	       (command & on) == on;
}

/* @state: 0 for D0, 3 for D3hot. -ENODEV: the device has only one state. */
int device_power_state(struct device *dev, unsigned int state)
{
	unsigned int at;
	int ret;

	ret = device_find_capability(dev, PCI_CAP_ID_PM, &at);
	if (ret)
		return ret;
	return config_change(dev, at + PCI_PM_CTRL, state,
			     PCI_PM_CTRL_STATE_MASK);
}

int device_reset(struct device *dev)
{
	return call(dev, VFIO_DEVICE_RESET, NULL);
}

/*
 * Allow the kernel to suspend the device, or forbid it again. -ENOTTY: this kernel
 * never does.
 */
int device_low_power(struct device *dev, bool on)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_SET |
			 (on ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY :
			       VFIO_DEVICE_FEATURE_LOW_POWER_EXIT),
	};

	return call(dev, VFIO_DEVICE_FEATURE, &feature);
}

/*
 * Enable the first @count vectors of VFIO_PCI_MSI_IRQ_INDEX or another @index; each
 * interrupt increments the eventfd of its vector.
 */
int device_enable_vectors(struct device *dev, __u32 index, const int *eventfds,
			  unsigned int count)
{
	size_t size = sizeof(struct vfio_irq_set) + count * sizeof(*eventfds);
	struct vfio_irq_set *set = calloc(1, size);
	int ret;

	if (!set)
		return -ENOMEM;
	set->argsz = size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = count;
	memcpy(set->data, eventfds, count * sizeof(*eventfds));
	ret = ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set);
	if (ret < 0)
		ret = -errno;
	free(set);
	/* That many vectors are available, but none is enabled */
	return ret > 0 ? -ENOSPC : ret;
}

/* An action without data, on the first @count vectors */
static int set_irqs(struct device *dev, __u32 index, __u32 action, __u32 count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | action,
		.index = index,
		.count = count,
	};

	return call(dev, VFIO_DEVICE_SET_IRQS, &set);
}

int device_disable_vectors(struct device *dev, __u32 index)
{
	return set_irqs(dev, index, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
}

int device_interrupt_info(struct device *dev, __u32 index,
			  struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info){
		.argsz = sizeof(*info),
		.index = index,
	};
	return call(dev, VFIO_DEVICE_GET_IRQ_INFO, info);
}

/* A wired interrupt, which is also masked when it arrives */
int device_mask_interrupt(struct device *dev, __u32 index, bool masked)
{
	return set_irqs(dev, index,
			masked ? VFIO_IRQ_SET_ACTION_MASK :
				 VFIO_IRQ_SET_ACTION_UNMASK,
			1);
}

/* Wait until a vector's eventfd was signalled, exactly once */
int device_wait_vector(int eventfd)
{
	struct pollfd pollfd = { .fd = eventfd, .events = POLLIN };
	__u64 signals = 0;

	if (poll(&pollfd, 1, VECTOR_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (read(eventfd, &signals, sizeof(signals)) != sizeof(signals))
		return -EIO;
	if (signals == 1)
		return 0;
	printf("# %llu interrupts instead of one\n", signals);
	return -EIO;
}
