/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common part of the VMM examples, for any SMMU that the guest sees: a device, the
 * guest's memory at stage 2, and a vIOMMU on that. EXAMPLE describes the example in its
 * KTAP result.
 */
#ifndef SELFTESTS_PASSTHROUGH_EXAMPLE_H
#define SELFTESTS_PASSTHROUGH_EXAMPLE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

/* IPA of the guest's memory */
#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x200000ULL
#define PAGE 0x1000ULL
/* The device's stream ID in the guest */
#define VIRTUAL_SID 8

/* The device's PCI address: the program's argument, or the first word of VFIO_EDU */
static inline void device_name(int argc, char **argv, char bdf[16])
{
	const char *name = argc > 1 ? argv[1] : getenv("VFIO_EDU");

	/* The variable may list several, separated by blanks */
	snprintf(bdf, 16, "%.*s", (int)strcspn(name ?: "", " "), name ?: "");
}

/* Exits on any failure; the kernel then frees what was allocated */
static inline int check(int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	printf("# %s: %s\nnot ok 1 %s\n", what, strerror(errno), EXAMPLE);
	exit(1);
}

static inline int call(int fd, unsigned long request, void *argument,
		       const char *what)
{
	return check(ioctl(fd, request, argument), what);
}

/* The device's own character device is named in sysfs */
static inline int open_device(const char *bdf)
{
	char path[300];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	directory = opendir(path);
	check(directory ? 0 : -1, path);
	do {
		entry = readdir(directory);
	} while (entry && entry->d_name[0] == '.');
	check(entry ? 0 : -1, path);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
	closedir(directory);
	return check(open(path, O_RDWR | O_CLOEXEC), path);
}

static inline __u32 bind_device(int device, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};

	call(device, VFIO_DEVICE_BIND_IOMMUFD, &bind, "bind the device");
	return bind.out_devid;
}

static inline void *allocate_ram(void)
{
	void *ram = mmap(NULL, RAM_LENGTH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(ram == MAP_FAILED ? -1 : 0, "allocate the guest's memory");
	return ram;
}

/* The guest's physical address space is an IOAS */
static inline __u32 map_ram(int iommufd, void *ram)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.user_va = (uintptr_t)ram,
		.length = RAM_LENGTH,
		.iova = RAM_IPA,
	};

	call(iommufd, IOMMU_IOAS_ALLOC, &alloc, "allocate an IOAS");
	map.ioas_id = alloc.out_ioas_id;
	call(iommufd, IOMMU_IOAS_MAP, &map, "map the guest's memory");
	return alloc.out_ioas_id;
}

/* Stage 2: a page table of the IOAS that stage 1 can be nested on */
static inline __u32 make_parent(int iommufd, __u32 device_id, __u32 ioas)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = IOMMU_HWPT_ALLOC_NEST_PARENT,
		.dev_id = device_id,
		.pt_id = ioas,
	};

	call(iommufd, IOMMU_HWPT_ALLOC, &alloc, "allocate a nest parent");
	return alloc.out_hwpt_id;
}

/* The SMMU that the guest sees, and the device's stream ID there */
static inline __u32 make_viommu(int iommufd, __u32 type, __u32 device_id,
				__u32 parent)
{
	struct iommu_viommu_alloc viommu = {
		.size = sizeof(viommu),
		.type = type,
		.dev_id = device_id,
		.hwpt_id = parent,
	};
	struct iommu_vdevice_alloc vdevice = {
		.size = sizeof(vdevice),
		.dev_id = device_id,
		.virt_id = VIRTUAL_SID,
	};

	call(iommufd, IOMMU_VIOMMU_ALLOC, &viommu, "allocate a vIOMMU");
	vdevice.viommu_id = viommu.out_viommu_id;
	call(iommufd, IOMMU_VDEVICE_ALLOC, &vdevice, "allocate a vDEVICE");
	return viommu.out_viommu_id;
}

static inline void attach_device(int device, __u32 page_table)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = page_table,
	};

	call(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach,
	     "attach the device");
}

#endif
