// SPDX-License-Identifier: GPL-2.0
/*
 * Lists the MSI doorbells of another process's VFIO container: container PID
 * [IOVA]. The process need not cooperate: its file descriptor is duplicated.
 * Prints "doorbell iova=ADDRESS granule=BYTES vectors=NUMBER" for each doorbell.
 * With an IOVA, also prints "mapped iova=ADDRESS" if the process has mapped memory there:
 * then mapping it again fails. Otherwise the attempt leaves the process unaffected.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/vfio_msi.h>

#define PAGE 4096

static void fail(const char *what)
{
	fprintf(stderr, "container: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The process's file descriptor of the character device, whatever its path; -1 if the
 * process does not have it open */
static int find_descriptor(const char *pid, dev_t wanted)
{
	char directory[64], path[PATH_MAX];
	struct dirent *entry;
	DIR *open_files;
	int found = -1;
	struct stat is;

	snprintf(directory, sizeof(directory), "/proc/%s/fd", pid);
	open_files = opendir(directory);
	if (!open_files)
		fail(directory);
	while (found < 0 && (entry = readdir(open_files))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!stat(path, &is) && S_ISCHR(is.st_mode) && is.st_rdev == wanted)
			found = atoi(entry->d_name);
	}
	closedir(open_files);
	return found;
}

static int duplicate(const char *pid, const char *path)
{
	int number, process, fd;
	struct stat is;

	if (stat(path, &is))
		fail(path);
	number = find_descriptor(pid, is.st_rdev);
	if (number < 0) {
		fprintf(stderr, "container: process %s does not have %s open\n", pid, path);
		exit(1);
	}
	process = syscall(SYS_pidfd_open, atoi(pid), 0);
	if (process < 0)
		fail("pidfd_open");
	fd = syscall(SYS_pidfd_getfd, process, number, 0);
	if (fd < 0)
		fail("pidfd_getfd");
	close(process);
	return fd;
}

static void print_doorbells(const struct vfio_iommu_type1_info_cap_msi *msi)
{
	const char *at = (const char *)msi + msi->doorbells_offset;
	unsigned int i;

	for (i = 0; i < msi->num_doorbells; i++, at += msi->doorbell_len) {
		const struct iommu_msi_doorbell *doorbell = (const void *)at;

		printf("doorbell iova=0x%llx granule=%llu vectors=%u\n",
		       (unsigned long long)doorbell->iova, (unsigned long long)msi->granule,
		       doorbell->vectors);
	}
}

/* Print the doorbells that the container reports */
static void ask(int container)
{
	struct vfio_iommu_type1_info size = { .argsz = sizeof(size) };
	const struct vfio_info_cap_header *cap;
	struct vfio_iommu_type1_info *info;
	__u32 at;

	if (ioctl(container, VFIO_IOMMU_GET_INFO, &size))
		fail("VFIO_IOMMU_GET_INFO");
	info = calloc(1, size.argsz);
	if (!info)
		fail("calloc");
	info->argsz = size.argsz;
	if (ioctl(container, VFIO_IOMMU_GET_INFO, info))
		fail("VFIO_IOMMU_GET_INFO");
	for (at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0; at; at = cap->next) {
		cap = (const void *)((const char *)info + at);
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_MSI)
			print_doorbells((const void *)cap);
	}
	free(info);
}

static void try_map(int container, unsigned long long iova)
{
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .iova = iova,
						.size = PAGE, .flags = VFIO_DMA_MAP_FLAG_READ };
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap), .iova = iova,
						    .size = PAGE };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		fail("mmap");
	map.vaddr = (unsigned long)page;
	if (!ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
	else if (errno == EEXIST)
		printf("mapped iova=0x%llx\n", iova);
	else
		fail("VFIO_IOMMU_MAP_DMA");
}

int main(int argc, char **argv)
{
	int container;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: container PID [IOVA]\n");
		return 2;
	}
	container = duplicate(argv[1], "/dev/vfio/vfio");
	ask(container);
	if (argc == 3)
		try_map(container, strtoull(argv[2], NULL, 0));
	return 0;
}
