// SPDX-License-Identifier: GPL-2.0
/*
 * iommufd's calls on address spaces and page tables.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

static void do_ioas_alloc(struct world *world, struct rng *rng)
{
	struct iommu_ioas_alloc cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, 0),
	};

	if (!fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_ALLOC, &cmd,
		       sizeof(cmd)))
		keep_id(world, rng, KIND_IOAS, cmd.out_ioas_id);
}

static void do_destroy(struct world *world, struct rng *rng)
{
	struct iommu_destroy cmd = {
		.size = sizeof(cmd),
		.id = any_id(world, rng, rng_below(rng, KINDS)),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_DESTROY, &cmd, sizeof(cmd));
}

static __u32 map_flags(struct rng *rng)
{
	__u32 flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
		      IOMMU_IOAS_MAP_WRITEABLE;

	return rng_one_in(rng, 4) ? any_flags(rng, flags) : flags;
}

static void do_map(struct world *world, struct rng *rng)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(rng),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.user_va = (uintptr_t)any_memory(world, rng),
		.length = any_length(rng, PAGE),
		.iova = any_iova(rng),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_MAP, &cmd,
		  sizeof(cmd));
}

/* All of the memory, at the IPA that the stage 1 tables expect */
static void do_map_ram(struct world *world, struct rng *rng)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(rng),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.user_va = (uintptr_t)world->memory,
		.length = MEMORY_LENGTH,
		.iova = RAM_IPA,
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_MAP, &cmd,
		  sizeof(cmd));
}

static void do_map_file(struct world *world, struct rng *rng)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(rng),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.fd = any_fd(world, rng, world->memfd),
		.start = any_length(rng, MEMORY_LENGTH / 2),
		.length = any_length(rng, 16 * PAGE),
		.iova = any_iova(rng),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_MAP_FILE, &cmd,
		  sizeof(cmd));
}

static void do_unmap(struct world *world, struct rng *rng)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.iova = any_iova(rng),
		.length = any_length(rng, PAGE),
	};

	if (rng_one_in(rng, 8)) {
		cmd.iova = 0;
		cmd.length = ~0ULL;
	}
	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_UNMAP, &cmd,
		  sizeof(cmd));
}

static void do_copy(struct world *world, struct rng *rng)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(rng),
		.dst_ioas_id = any_id(world, rng, KIND_IOAS),
		.src_ioas_id = any_id(world, rng, KIND_IOAS),
		.length = any_length(rng, PAGE),
		.dst_iova = any_iova(rng),
		.src_iova = any_iova(rng),
	};

	if (rng_one_in(rng, 2))
		cmd.src_iova = RAM_IPA + rng_below(rng, 16) * PAGE;
	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_COPY, &cmd,
		  sizeof(cmd));
}

static void do_ranges(struct world *world, struct rng *rng)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.num_iovas = any_count(rng, 32),
		.allowed_iovas = (uintptr_t)any_pointer(world, rng, scratch()),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_IOVA_RANGES, &cmd,
		  sizeof(cmd));
}

static void do_allow(struct world *world, struct rng *rng)
{
	struct iommu_iova_range *ranges = scratch();
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.num_iovas = any_count(rng, 3),
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ranges[i].start = any_iova(rng);
		ranges[i].last = ranges[i].start + any_length(rng, PAGE) - 1;
	}
	cmd.allowed_iovas = (uintptr_t)any_pointer(world, rng, ranges);
	fuzz_call(world, rng, world->iommufd, IOMMU_IOAS_ALLOW_IOVAS, &cmd,
		  sizeof(cmd));
}

static void do_hwpt_alloc(struct world *world, struct rng *rng)
{
	enum kind kind = rng_one_in(rng, 2) ? KIND_PARENT : KIND_HWPT;
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = kind == KIND_PARENT ? IOMMU_HWPT_ALLOC_NEST_PARENT : 0,
		.dev_id = any_id(world, rng, KIND_DEVICE),
		.pt_id = any_id(world, rng, KIND_IOAS),
		.fault_id = any_id(world, rng, KIND_FAULT),
	};

	if (rng_one_in(rng, 3))
		cmd.flags = any_flags(rng, 7);
	if (!fuzz_call(world, rng, world->iommufd, IOMMU_HWPT_ALLOC, &cmd,
		       sizeof(cmd)))
		keep_id(world, rng, kind, cmd.out_hwpt_id);
}

static void do_hw_info(struct world *world, struct rng *rng)
{
	const __u32 types[] = {
		IOMMU_HW_INFO_TYPE_DEFAULT,
		IOMMU_HW_INFO_TYPE_ARM_SMMUV3,
		0xfeedbeef,
		any32(rng),
	};
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, IOMMU_HW_INFO_FLAG_INPUT_TYPE),
		.dev_id = any_id(world, rng, KIND_DEVICE),
		.data_len = any_count(rng, 64),
		.data_uptr = (uintptr_t)any_pointer(world, rng, scratch()),
		.in_data_type = types[rng_below(rng, 4)],
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_GET_HW_INFO, &cmd,
		  sizeof(cmd));
}

static void do_dirty_tracking(struct world *world, struct rng *rng)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, 1),
		.hwpt_id = any_id(world, rng, KIND_DIRTY),
	};

	pthread_mutex_lock(&world->dirty);
	fuzz_call(world, rng, world->iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING,
		  &cmd, sizeof(cmd));
	pthread_mutex_unlock(&world->dirty);
}

static void do_dirty_bitmap(struct world *world, struct rng *rng)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = any_id(world, rng, KIND_DIRTY),
		.flags = any_flags(rng, 1),
		.iova = any_iova(rng),
		.length = any_length(rng, PAGE),
		.page_size = rng_one_in(rng, 4) ? any64(rng) : PAGE,
		.data = (uintptr_t)any_pointer(world, rng, scratch()),
	};

	pthread_mutex_lock(&world->dirty);
	fuzz_call(world, rng, world->iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd,
		  sizeof(cmd));
	pthread_mutex_unlock(&world->dirty);
}

static void do_option(struct world *world, struct rng *rng)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = any_count(rng, 1),
		.op = any_count(rng, 1),
		.object_id = any_id(world, rng, KIND_IOAS),
		.val64 = any_count(rng, 1),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_OPTION, &cmd, sizeof(cmd));
}

static void do_vfio_ioas(struct world *world, struct rng *rng)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = any_id(world, rng, KIND_IOAS),
		.op = any_count(rng, 2),
	};

	if (!fuzz_call(world, rng, world->iommufd, IOMMU_VFIO_IOAS, &cmd,
		       sizeof(cmd)) &&
	    cmd.op == IOMMU_VFIO_IOAS_GET)
		keep_id(world, rng, KIND_IOAS, cmd.ioas_id);
}

static void do_fault_alloc(struct world *world, struct rng *rng)
{
	struct iommu_fault_alloc cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, 0),
	};

	if (fuzz_call(world, rng, world->iommufd, IOMMU_FAULT_QUEUE_ALLOC, &cmd,
		      sizeof(cmd)))
		return;
	keep_id(world, rng, KIND_FAULT, cmd.out_fault_id);
	keep_queue(world, rng, cmd.out_fault_fd);
}

static void do_queue_read(struct world *world, struct rng *rng)
{
	int fd = world->queues[rng_below(rng, QUEUE_FDS)];
	unsigned int faults = 1 + rng_below(rng, 4);
	size_t length = any_count(rng, 256);
	ssize_t ret;

	if (rng_one_in(rng, 2))
		length = faults * sizeof(struct iommu_hwpt_pgfault);
	if (length > SCRATCH_LENGTH)
		length = SCRATCH_LENGTH;
	ret = read(fd, any_pointer(world, rng, scratch()), length);
	note_result(ret > 0 ? 0 : -1);
}

static void do_queue_write(struct world *world, struct rng *rng)
{
	unsigned int slot = rng_below(rng, QUEUE_FDS);
	int fd = world->queues[rng_one_in(rng, 4) ? slot : MOCK_FAULT_QUEUE];
	struct iommu_hwpt_page_response *response = scratch();

	response->cookie = any_count(rng, 4);
	response->code = any_count(rng, 1);
	note_result(write(fd, any_pointer(world, rng, response),
			  rng_one_in(rng, 4) ? any_count(rng, 64) : 8));
}

static void do_queue_close(struct world *world, struct rng *rng)
{
	int *slot = &world->queues[rng_below(rng, QUEUE_FDS)];
	int fd = __atomic_exchange_n(slot, -1, __ATOMIC_RELAXED);

	note_result(close(fd));
}

/* Any ioctl number, with any data */
static void do_unknown(struct world *world, struct rng *rng)
{
	__u32 cmd[24];
	unsigned int i;
	unsigned long request = _IO(IOMMUFD_TYPE, rng_below(rng, 256));

	for (i = 0; i < 24; i++)
		cmd[i] = any32(rng);
	cmd[0] = rng_below(rng, 25) * 4;
	fuzz_call(world, rng, world->iommufd, request, cmd, sizeof(cmd));
}

const struct operation iommufd_operations[] = {
	{ "ioas_alloc", 4, IN_IOMMUFD, do_ioas_alloc },
	{ "destroy", 8, IN_IOMMUFD | IN_COMPAT, do_destroy },
	{ "ioas_map", 24, IN_IOMMUFD, do_map },
	{ "ioas_map_ram", 4, IN_IOMMUFD, do_map_ram },
	{ "ioas_map_file", 10, IN_IOMMUFD, do_map_file },
	{ "ioas_unmap", 14, IN_IOMMUFD, do_unmap },
	{ "ioas_copy", 8, IN_IOMMUFD, do_copy },
	{ "ioas_iova_ranges", 5, IN_IOMMUFD, do_ranges },
	{ "ioas_allow_iovas", 3, IN_IOMMUFD, do_allow },
	{ "hwpt_alloc", 8, IN_IOMMUFD, do_hwpt_alloc },
	{ "get_hw_info", 4, IN_IOMMUFD, do_hw_info },
	{ "set_dirty_tracking", 2, IN_IOMMUFD, do_dirty_tracking },
	{ "get_dirty_bitmap", 2, IN_IOMMUFD, do_dirty_bitmap },
	{ "option", 2, IN_IOMMUFD, do_option },
	{ "vfio_ioas", 2, IN_IOMMUFD | IN_COMPAT, do_vfio_ioas },
	{ "fault_queue_alloc", 2, IN_IOMMUFD, do_fault_alloc },
	{ "queue_read", 6, IN_IOMMUFD, do_queue_read },
	{ "queue_write", 2, IN_IOMMUFD, do_queue_write },
	{ "queue_close", 1, IN_IOMMUFD, do_queue_close },
	{ "unknown_iommufd", 3, IN_IOMMUFD | IN_COMPAT, do_unknown },
	{}
};
