// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI device that the kernel treats as a platform device, by a device tree node with the
 * device's registers (region 0), its configuration page (region 1) and its wired interrupt.
 * No bus driver has configured it: the program that opens it sets the address of its
 * registers, and can use everything that the page allows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/pci_regs.h>

#include "passthrough.h"

#define CONFIG_REGION 1

/* "10100000.edu", while the name of a PCI device is "0000:00:01.0" */
bool device_is_platform(const char *name)
{
	return !strchr(name, ':');
}

/* Find the configuration page, and set the registers' address as in the node */
int platform_find_config(struct device *dev)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = CONFIG_REGION,
	};
	const __u32 bar = strtoul(dev->bdf, NULL, 16);

	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	dev->config = info.offset;
	return device_config_write(dev, PCI_BASE_ADDRESS_0, &bar, sizeof(bar));
}
