// SPDX-License-Identifier: GPL-2.0
/*
 * Containers, of type1 or of an iommufd in its place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

static void do_group_open(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	int container = any_fd(world, rng, world->container);
	bool is_set = rng_below(rng, 4);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/vfio/%d", target->group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		note_result(-errno);
		return;
	}
	/* Others are left to group_set */
	note_result(is_set ? ioctl(fd, VFIO_GROUP_SET_CONTAINER, &container) :
			     0);
	target_close(target);
	target->group_fd = fd;
}

static void do_group_unset(struct world *world, struct rng *rng)
{
	note_result(ioctl(any_target(world, rng)->group_fd,
			  VFIO_GROUP_UNSET_CONTAINER));
}

static void do_group_set(struct world *world, struct rng *rng)
{
	int container = any_fd(world, rng, world->container);

	note_result(ioctl(any_target(world, rng)->group_fd,
			  VFIO_GROUP_SET_CONTAINER, &container));
}

static void do_group_device(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	int fd = ioctl(target->group_fd, VFIO_GROUP_GET_DEVICE_FD, target->bdf);
	int old;

	note_result(fd < 0 ? -errno : 0);
	if (fd < 0)
		return;
	old = __atomic_exchange_n(&target->fd, fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
	target_find(target);
}

static void do_set_iommu(struct world *world, struct rng *rng)
{
	static const int types[] = {
		VFIO_TYPE1v2_IOMMU,	  VFIO_TYPE1v2_IOMMU, VFIO_TYPE1_IOMMU,
		VFIO_TYPE1_NESTING_IOMMU, VFIO_NOIOMMU_IOMMU, 0
	};

	note_result(ioctl(any_fd(world, rng, world->container), VFIO_SET_IOMMU,
			  types[rng_below(rng, 6)]));
}

static void do_check_extension(struct world *world, struct rng *rng)
{
	note_result(ioctl(any_fd(world, rng, world->container),
			  VFIO_CHECK_EXTENSION, any_count(rng, 12)) < 0);
}

static void do_map_dma(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)any_memory(world, rng),
		.iova = any_iova(rng),
		.size = any_length(rng, PAGE),
	};

	if (rng_one_in(rng, 4))
		cmd.flags = any_flags(rng, 7);
	fuzz_call(world, rng, world->container, VFIO_IOMMU_MAP_DMA, &cmd,
		  sizeof(cmd));
}

static void do_unmap_dma(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_dma_unmap *cmd = scratch();
	struct vfio_bitmap *bitmap = (void *)cmd->data;

	cmd->argsz = sizeof(*cmd) + sizeof(*bitmap);
	cmd->flags = rng_one_in(rng, 4) ? any_flags(rng, 7) : 0;
	cmd->iova = any_iova(rng);
	cmd->size = any_length(rng, PAGE);
	if (rng_one_in(rng, 6)) {
		cmd->flags = VFIO_DMA_UNMAP_FLAG_ALL;
		cmd->iova = 0;
		cmd->size = 0;
	}
	bitmap->pgsize = PAGE;
	bitmap->size = any_length(rng, 64);
	bitmap->data = (void *)any_pointer(world, rng, world->memory);
	fuzz_call(world, rng, world->container, VFIO_IOMMU_UNMAP_DMA, cmd,
		  cmd->argsz);
}

static void do_get_info(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_info *cmd = scratch();

	cmd->argsz = any_count(rng, 400);
	cmd->flags = any_flags(rng, 3);
	/* The result must fit into the buffer */
	if (cmd->argsz > 400)
		cmd->argsz = 400;
	note_result(ioctl(any_fd(world, rng, world->container),
			  VFIO_IOMMU_GET_INFO, any_pointer(world, rng, cmd)));
}

static void do_dirty_pages(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_dirty_bitmap *cmd = scratch();
	struct vfio_iommu_type1_dirty_bitmap_get *get = (void *)cmd->data;

	cmd->argsz = sizeof(*cmd) + sizeof(*get);
	cmd->flags = 1U << rng_below(rng, 3);
	get->iova = any_iova(rng);
	get->size = any_length(rng, PAGE);
	get->bitmap.pgsize = rng_one_in(rng, 4) ? any64(rng) : PAGE;
	get->bitmap.size = any_length(rng, 64);
	get->bitmap.data = (void *)any_pointer(world, rng, world->memory);
	fuzz_call(world, rng, world->container, VFIO_IOMMU_DIRTY_PAGES, cmd,
		  cmd->argsz);
}

static void do_map_msi(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_msi_map cmd = {
		.argsz = sizeof(cmd),
		.index = any_count(rng, 1),
		.iova = any_iova(rng),
		.size = rng_one_in(rng, 6) ? any64(rng) : PAGE,
	};

	fuzz_call(world, rng, world->container, VFIO_IOMMU_MAP_MSI, &cmd,
		  sizeof(cmd));
}

static void do_unmap_msi(struct world *world, struct rng *rng)
{
	struct vfio_iommu_type1_msi_unmap cmd = {
		.argsz = sizeof(cmd),
		.index = any_count(rng, 1),
	};

	fuzz_call(world, rng, world->container, VFIO_IOMMU_UNMAP_MSI, &cmd,
		  sizeof(cmd));
}

static void do_unknown(struct world *world, struct rng *rng)
{
	__u32 cmd[24];
	unsigned int i;

	for (i = 0; i < 24; i++)
		cmd[i] = any32(rng);
	cmd[0] = rng_below(rng, 25) * 4;
	/* 100 to 120 and 0xe0 to 0xef: containers, groups, devices */
	fuzz_call(world, rng, world->container,
		  _IO(VFIO_TYPE, rng_one_in(rng, 3) ?
					 0xe0 + rng_below(rng, 16) :
					 100 + rng_below(rng, 21)),
		  cmd, sizeof(cmd));
}

const struct operation type1_operations[] = {
	{ "group_open", 6, IN_CONTAINER, do_group_open },
	{ "group_set", 2, IN_CONTAINER, do_group_set },
	{ "group_unset", 2, IN_CONTAINER, do_group_unset },
	{ "group_device", 8, IN_CONTAINER, do_group_device },
	{ "set_iommu", 4, IN_CONTAINER, do_set_iommu },
	{ "check_extension", 2, IN_CONTAINER, do_check_extension },
	{ "map_dma", 24, IN_CONTAINER, do_map_dma },
	{ "unmap_dma", 16, IN_CONTAINER, do_unmap_dma },
	{ "get_info", 6, IN_CONTAINER, do_get_info },
	{ "dirty_pages", 4, IN_CONTAINER, do_dirty_pages },
	{ "map_msi", 12, IN_CONTAINER, do_map_msi },
	{ "unmap_msi", 5, IN_CONTAINER, do_unmap_msi },
	{ "unknown_container", 3, IN_CONTAINER, do_unknown },
	{}
};
