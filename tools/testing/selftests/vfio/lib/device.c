// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI device under VFIO's character device: bound to an iommufd, attached to
 * an address space, its registers mapped, its interrupt vectors tied to eventfds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* Open the device and bind it. -EPERM: iommufd finds its interrupts unsafe. */
int device_open(struct device *dev, const char *bdf, int iommufd)
{
	struct vfio_region_info info;
	char path[300];
	int ret;

	*dev = (struct device){ .bdf = bdf, .fd = -1, .iommufd = iommufd };
	ret = sysfs_cdev_path(bdf, path, sizeof(path));
	if (ret)
		return ret;
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	ret = bind_iommufd(dev);
	if (!ret)
		ret = region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (ret) {
		device_close(dev);
		return ret;
	}
	dev->config = info.offset;
	return 0;
}

/* The kernel detaches and unbinds the device, and turns its vectors off */
void device_close(struct device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
	dev->pt = 0;
}

/* @pt: an IOAS or HWPT. An attached device changes over to it. */
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

/* Let the device start DMA, MSIs included, or stop it from doing so */
int device_bus_master(struct device *dev, bool on)
{
	off_t at = dev->config + PCI_COMMAND;
	__u16 command;

	if (pread(dev->fd, &command, sizeof(command), at) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MEMORY;
	if (on)
		command |= PCI_COMMAND_MASTER;
	else
		command &= ~PCI_COMMAND_MASTER;
	if (pwrite(dev->fd, &command, sizeof(command), at) != sizeof(command))
		return -EIO;
	return 0;
}

/*
 * Turn on the first @count vectors of VFIO_PCI_MSI_IRQ_INDEX or another @index;
 * each interrupt counts the eventfd of its vector up.
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
	ret = call(dev, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return ret;
}

int device_disable_vectors(struct device *dev, __u32 index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	return call(dev, VFIO_DEVICE_SET_IRQS, &set);
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
	return signals == 1 ? 0 : -EIO;
}
