// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: their IOVAs, placement requests, and MSI addresses of a guest.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>

#include "fuzz.h"

static __u32 any_space(struct world *world, struct rng *rng)
{
	static const enum kind kinds[] = { KIND_IOAS, KIND_HWPT, KIND_PARENT };

	return any_id(world, rng, kinds[rng_below(rng, 3)]);
}

static void do_place(struct world *world, struct rng *rng)
{
	struct iommu_msi_place cmd = {
		.size = sizeof(cmd),
		.object_id = any_space(world, rng),
		.placement = any_count(rng, 2),
		.index = any_count(rng, 2),
		.iova = any_iova(rng),
	};

	if (cmd.placement == IOMMU_MSI_PLACEMENT_WINDOW) {
		cmd.index = IOMMU_MSI_INDEX_ALL;
		cmd.length = any_length(rng, 16 * PAGE);
	} else if (cmd.placement == IOMMU_MSI_PLACEMENT_AUTO) {
		cmd.iova = 0;
		if (rng_one_in(rng, 2))
			cmd.index = IOMMU_MSI_INDEX_ALL;
	}
	fuzz_call(world, rng, world->iommufd, IOMMU_MSI_PLACE, &cmd,
		  sizeof(cmd));
}

static void do_doorbells(struct world *world, struct rng *rng)
{
	struct iommu_msi_doorbells cmd = {
		.size = sizeof(cmd),
		.object_id = any_space(world, rng),
		.entry_len = rng_one_in(rng, 4) ?
				     any_count(rng, PAGE) :
				     sizeof(struct iommu_msi_doorbell),
		.num_entries = any_count(rng, 8),
		.entries_uptr = (uintptr_t)any_pointer(world, rng, scratch()),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_MSI_DOORBELLS, &cmd,
		  sizeof(cmd));
}

static void do_device(struct world *world, struct rng *rng)
{
	struct iommu_msi_device cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, 0),
		.dev_id = any_id(world, rng, KIND_DEVICE),
	};

	fuzz_call(world, rng, world->iommufd, IOMMU_MSI_DEVICE, &cmd,
		  sizeof(cmd));
}

/* What a guest programs: mostly with the doorbell's offset in the page */
static __u64 any_address(struct rng *rng)
{
	__u64 page = any_iova(rng) & ~(PAGE - 1);
	__u64 other = any64(rng);

	switch (rng_below(rng, 8)) {
	case 0:
		return other;
	case 1:
		return VFIO_MSI_NO_ADDRESS;
	case 2:
		return page;
	default:
		return page + 0x40;
	}
}

static void do_addresses(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_device_feature *feature = scratch();
	struct vfio_device_feature_msi_addresses *cmd = (void *)feature->data;
	static const __u32 directions[] = {
		VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
	};
	unsigned int i;

	feature->flags = directions[rng_below(rng, 4)] |
			 VFIO_DEVICE_FEATURE_MSI_ADDRESSES;
	cmd->index = target->type == TARGET_IGB ? VFIO_PCI_MSIX_IRQ_INDEX :
						  VFIO_PCI_MSI_IRQ_INDEX;
	cmd->count = rng_below(rng, 2);
	if (target->type == TARGET_IGB) {
		cmd->count = any_count(rng, 8);
		cmd->start = any_count(rng, 4);
	}
	if (rng_one_in(rng, 8))
		cmd->index = any_count(rng, 5);
	for (i = 0; i < 16; i++)
		cmd->addresses[i] = any_address(rng);
	feature->argsz = sizeof(*feature) + sizeof(*cmd) + 16 * 8;
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_FEATURE, feature,
		  feature->argsz);
}

const struct operation msi_operations[] = {
	{ "msi_place", 14, IN_IOMMUFD, do_place },
	{ "msi_doorbells", 5, IN_IOMMUFD, do_doorbells },
	{ "msi_device", 3, IN_IOMMUFD, do_device },
	{ "msi_addresses", 10, IN_ANY, do_addresses },
	{}
};
