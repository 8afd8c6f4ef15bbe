// SPDX-License-Identifier: GPL-2.0
/*
 * State that the operations of an episode share: descriptors, IDs of objects, devices,
 * memory. Threads use and overwrite the slots in any order. To find an object that another
 * thread has just destroyed is intended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "fuzz.h"

#define ASID 7
#define GUARD_LENGTH 0x1000000ULL

static int find_group(const char *bdf)
{
	char path[128], target[128];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

/* Add the devices that the words of the environment variable name */
static void add_targets(struct world *world, const char *variable,
			enum target_type type)
{
	const char *list = getenv(variable);
	int used;
	char bdf[16];

	while (list && world->target_count < TARGETS &&
	       sscanf(list, "%15s%n", bdf, &used) == 1) {
		struct target *target = &world->targets[world->target_count++];

		*target = (struct target){
			.type = type,
			.group = find_group(bdf),
			.fd = -1,
			.group_fd = -1,
		};
		snprintf(target->bdf, sizeof(target->bdf), "%s", bdf);
		list += used;
	}
}

static int open_memory(struct world *world)
{
	world->memfd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (world->memfd < 0 || ftruncate(world->memfd, MEMORY_LENGTH))
		return -errno;
	/* A guard: kernel writes beyond its end must not hit anything else */
	world->memory = mmap(NULL, MEMORY_LENGTH + GUARD_LENGTH, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (world->memory == MAP_FAILED)
		return -errno;
	world->memory = mmap(world->memory, MEMORY_LENGTH,
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			     world->memfd, 0);
	world->view = (struct mapping){
		.va = mmap(NULL, MEMORY_LENGTH, PROT_READ | PROT_WRITE,
			   MAP_SHARED, world->memfd, 0),
		.iova = RAM_IPA,
		.length = MEMORY_LENGTH,
	};
	if (world->memory == MAP_FAILED || world->view.va == MAP_FAILED)
		return -errno;
	return stage1_init(&world->stage1, &world->view, RAM_IPA,
			   MEMORY_LENGTH / 4, ASID);
}

int world_open(struct world *world, enum mode mode)
{
	unsigned int i;

	*world = (struct world){ .mode = mode, .iommufd = -1, .container = -1 };
	pthread_mutex_init(&world->dirty, NULL);
	for (i = 0; i < QUEUE_FDS; i++)
		world->queues[i] = -1;
	for (i = 0; i < EVENTFDS; i++)
		world->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (world->iommufd < 0)
		return -errno;
	if (mode == MODE_TYPE1)
		world->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	else
		world->container = world->iommufd;
	if (world->container < 0)
		return -errno;
	add_targets(world, "VFIO_EDU", TARGET_EDU);
	add_targets(world, "VFIO_IGB", TARGET_IGB);
	add_targets(world, "VFIO_XHCI", TARGET_XHCI);
	return world->target_count ? open_memory(world) : -ENODEV;
}

__u32 any_id(struct world *world, struct rng *rng, enum kind kind)
{
	unsigned int slot = rng_below(rng, SLOTS);
	unsigned int other = rng_below(rng, KINDS);
	__u32 number = any32(rng);

	switch (rng_below(rng, 20)) {
	case 0:
		return number;
	case 1:
		return world->ids[other][slot];
	default:
		/* The first slot is the most likely to be filled */
		return world->ids[kind][slot] ?: world->ids[kind][0];
	}
}

struct target *any_target(struct world *world, struct rng *rng)
{
	unsigned int n = rng_below(rng, world->target_count);

	/* Prefer the device that was set up first */
	if (rng_one_in(rng, 3))
		n = 0;
	if (record->trace)
		dprintf(1, "#	device %s\n", world->targets[n].bdf);
	return &world->targets[n];
}

int any_fd(struct world *world, struct rng *rng, int usual)
{
	unsigned int choice = rng_below(rng, 6);
	struct target *target = any_target(world, rng);
	unsigned int queue = rng_below(rng, QUEUE_FDS);
	const int others[] = {
		-1,
		1000,
		world->memfd,
		target->fd,
		world->queues[queue],
		world->iommufd,
	};

	return rng_one_in(rng, 40) ? others[choice] : usual;
}

void *any_pointer(struct world *world, struct rng *rng, void *usual)
{
	void *const bad[] = {
		NULL,
		(void *)~0UL,
		(void *)(~0UL << 47),
		(void *)1,
		world->memory + MEMORY_LENGTH - 8,
	};
	unsigned int choice = rng_below(rng, 5);

	return rng_one_in(rng, 24) ? bad[choice] : usual;
}

void *any_memory(struct world *world, struct rng *rng)
{
	__u64 offset = rng_below(rng, MEMORY_LENGTH / PAGE) * PAGE;
	unsigned int within = rng_below(rng, PAGE);

	if (rng_one_in(rng, 16))
		offset += within;
	return any_pointer(world, rng, world->memory + offset);
}

void keep_id(struct world *world, struct rng *rng, enum kind kind, __u32 id)
{
	unsigned int slot = rng_below(rng, SLOTS);

	/* An overwritten object lives until the episode ends */
	__atomic_store_n(&world->ids[kind][slot], id, __ATOMIC_RELAXED);
	if (!world->ids[kind][0])
		world->ids[kind][0] = id;
}

void keep_queue(struct world *world, struct rng *rng, int fd)
{
	int *slot = &world->queues[rng_below(rng, QUEUE_FDS)];
	int old = __atomic_exchange_n(slot, fd, __ATOMIC_RELAXED);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (old >= 0)
		close(old);
}

void *scratch(void)
{
	static __thread void *memory;

	if (!memory) {
		/* A guard: calls with too large a length write zeros beyond the end */
		memory = mmap(NULL, SCRATCH_LENGTH + PAGE, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(memory, SCRATCH_LENGTH, PROT_READ | PROT_WRITE);
	}
	memset(memory, 0, SCRATCH_LENGTH);
	return memory;
}

static void *scratch_page(void)
{
	static __thread void *page;

	if (!page)
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page;
}

/* Change one word to a random value */
static void mutate(struct rng *rng, void *cmd, size_t length)
{
	unsigned int word = rng_below(rng, length / 4);
	__u32 value = any32(rng);

	memcpy((char *)cmd + 4 * word, &value, sizeof(value));
}

/* The call succeeds but cannot write its result, so it has to undo everything */
static int call_read_only(int fd, unsigned long request, const void *cmd,
			  size_t length)
{
	void *page = scratch_page();
	int ret;

	memcpy(page, cmd, length);
	mprotect(page, PAGE, PROT_READ);
	ret = ioctl(fd, request, page) ? -errno : 0;
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	return ret;
}

int fuzz_call(struct world *world, struct rng *rng, int fd,
	      unsigned long request, void *cmd, size_t length)
{
	/* The size may claim that the structure is longer */
	char whole[512] = {};
	int ret;

	fd = any_fd(world, rng, fd);
	memcpy(whole, cmd, length);
	if (rng_one_in(rng, 24))
		mutate(rng, whole, length);
	if (rng_one_in(rng, 200))
		ret = ioctl(fd, request, any64(rng)) ? -errno : 0;
	else if (rng_one_in(rng, 24))
		ret = call_read_only(fd, request, whole, sizeof(whole));
	else
		ret = ioctl(fd, request, whole) ? -errno : 0;
	memcpy(cmd, whole, length);
	note_result(ret);
	if (record->trace)
		dprintf(1, "#	ioctl 0x%lx: %d\n", request & 0xff, ret);
	return ret;
}

void target_close(struct target *target)
{
	int fd = __atomic_exchange_n(&target->fd, -1, __ATOMIC_RELAXED);
	int group =
		__atomic_exchange_n(&target->group_fd, -1, __ATOMIC_RELAXED);

	if (fd >= 0)
		close(fd);
	if (group >= 0)
		close(group);
}

int target_open(struct world *world, struct target *target)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = world->iommufd,
	};
	char path[300];
	int fd, ret;

	ret = sysfs_cdev_path(target->bdf, path, sizeof(path));
	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	target_close(target);
	target->fd = fd;
	world->ids[KIND_DEVICE][(target - world->targets) % SLOTS] =
		bind.out_devid;
	return target_find(target);
}

static __u64 region_offset(int fd, unsigned int index)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};

	return ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) ? 0 : info.offset;
}

/* Find the offsets that operations write to */
int target_find(struct target *target)
{
	static const __u8 wanted[] = {
		PCI_CAP_ID_MSI,
		PCI_CAP_ID_MSIX,
		PCI_CAP_ID_PM,
		PCI_CAP_ID_EXP,
	};
	__u8 at = 0, id, left;
	unsigned int i;

	target->config =
		region_offset(target->fd, VFIO_PCI_CONFIG_REGION_INDEX);
	target->bar = region_offset(target->fd, VFIO_PCI_BAR0_REGION_INDEX);
	if (pread(target->fd, &at, 1, target->config + PCI_CAPABILITY_LIST) !=
	    1)
		return -EIO;
	for (left = 48; at && left; left--) {
		if (pread(target->fd, &id, 1, target->config + at) != 1)
			return -EIO;
		for (i = 0; i < sizeof(wanted); i++)
			if (id == wanted[i])
				target->caps[i] = at;
		if (pread(target->fd, &at, 1, target->config + at + 1) != 1)
			return -EIO;
	}
	return 0;
}
