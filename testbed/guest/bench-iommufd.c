// SPDX-License-Identifier: GPL-2.0
/*
 * An IOVA space of iommufd: one IOAS with a device attached that was opened by
 * its VFIO character device. Uses the library of the VFIO selftests.
 */
#include "bench.h"
#include "bench-map.h"
#include "passthrough.h"

static struct device device;
static __u32 ioas;

static void iommufd_space_open(const char *bdf)
{
	int fd = iommufd_open();
	int ret;

	if (fd < 0)
		fail("/dev/iommu", strerror(-fd));
	ret = ioas_alloc(fd, &ioas);
	if (ret)
		fail("allocating an IOAS", strerror(-ret));
	ret = device_open(&device, bdf, fd);
	if (ret)
		fail("opening the device", strerror(-ret));
	ret = device_attach(&device, ioas);
	if (ret)
		fail("attaching the device", strerror(-ret));
}

static int iommufd_space_map(void *va, __u64 iova, __u64 length)
{
	return ioas_map(device.iommufd, ioas, va, length, iova);
}

static int iommufd_space_unmap(__u64 iova, __u64 length)
{
	return ioas_unmap(device.iommufd, ioas, iova, length);
}

const struct space iommufd_space = {
	.name = "iommufd",
	.open = iommufd_space_open,
	.map = iommufd_space_map,
	.unmap = iommufd_space_unmap,
};
