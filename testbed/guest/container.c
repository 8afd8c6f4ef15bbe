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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "passthrough.h"

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

/* Print the doorbells that the container reports */
static void ask(const struct container *container)
{
	struct vfio_iommu_type1_info_cap_msi msi;
	struct doorbell_list list;
	unsigned int i;

	errno = -container_msi(container, &msi, &list);
	if (errno && errno != ENOTTY)
		fail("VFIO_IOMMU_GET_INFO");
	for (i = 0; i < list.count; i++)
		printf("doorbell iova=0x%llx granule=%llu vectors=%u\n",
		       (unsigned long long)list.at[i].iova, (unsigned long long)msi.granule,
		       list.at[i].vectors);
}

static void try_map(const struct container *container, unsigned long long iova)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));

	errno = -container_map(container, page, PAGE, iova);
	if (!errno)
		container_unmap(container, iova, PAGE);
	else if (errno == EEXIST)
		printf("mapped iova=0x%llx\n", iova);
	else
		fail("VFIO_IOMMU_MAP_DMA");
}

int main(int argc, char **argv)
{
	struct container container = {};

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: container PID [IOVA]\n");
		return 2;
	}
	container.fd = duplicate(argv[1], "/dev/vfio/vfio");
	ask(&container);
	if (argc == 3)
		try_map(&container, strtoull(argv[2], NULL, 0));
	return 0;
}
