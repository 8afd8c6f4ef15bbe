// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of the user on its own memory while it is mapped for devices, and steps that
 * set up the initial state of an episode.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "fuzz.h"

static void do_remap(struct world *world, struct rng *rng)
{
	__u64 offset = rng_below(rng, MEMORY_LENGTH / PAGE) * PAGE;
	int protection = rng_one_in(rng, 4) ? PROT_READ :
					      PROT_READ | PROT_WRITE;

	note_result(mmap(world->memory + offset, PAGE, protection,
			 MAP_SHARED | MAP_FIXED, world->memfd,
			 offset) == MAP_FAILED);
}

static void do_anonymous(struct world *world, struct rng *rng)
{
	__u64 offset = rng_below(rng, MEMORY_LENGTH / PAGE) * PAGE;

	note_result(mmap(world->memory + offset, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == MAP_FAILED);
}

static void do_hole(struct world *world, struct rng *rng)
{
	__u64 offset = rng_below(rng, MEMORY_LENGTH / PAGE) * PAGE;

	/* Keep tables that a device may be using */
	if (offset < 4 * PAGE)
		offset = 4 * PAGE;
	note_result(fallocate(world->memfd,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      offset, PAGE));
}

static void do_unmap_memory(struct world *world, struct rng *rng)
{
	__u64 offset = rng_below(rng, MEMORY_LENGTH / PAGE) * PAGE;

	note_result(munmap(world->memory + offset, PAGE));
}

const struct operation memory_operations[] = {
	{ "memory_remap", 3, IN_ANY, do_remap },
	{ "memory_anonymous", 2, IN_ANY, do_anonymous },
	{ "memory_hole", 1, IN_ANY, do_hole },
	{ "memory_unmap", 1, IN_ANY, do_unmap_memory },
	{}
};

static void bus_master(struct target *target)
{
	__u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (pwrite(target->fd, &command, sizeof(command),
		   target->config + PCI_COMMAND) != sizeof(command))
		note_result(-1);
}

static void enable_vectors(struct world *world, struct target *target)
{
	struct device device = { .fd = target->fd };
	bool is_igb = target->type == TARGET_IGB;

	note_result(device_enable_vectors(&device,
					  is_igb ? VFIO_PCI_MSIX_IRQ_INDEX :
						   VFIO_PCI_MSI_IRQ_INDEX,
					  world->eventfds, is_igb ? 4 : 1));
}

/* An address space with memory, and the first devices attached to it */
static void attach_devices(struct world *world, unsigned int count)
{
	unsigned int i;

	ioas_alloc(world->iommufd, &world->ids[KIND_IOAS][0]);
	ioas_map(world->iommufd, world->ids[KIND_IOAS][0], world->memory,
		 MEMORY_LENGTH, RAM_IPA);
	for (i = 0; i < count; i++) {
		struct target *target = &world->targets[i];
		struct vfio_device_attach_iommufd_pt attach = {
			.argsz = sizeof(attach),
			.pt_id = world->ids[KIND_IOAS][0],
		};

		if (target_open(world, target))
			continue;
		bus_master(target);
		note_result(ioctl(target->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT,
				  &attach));
	}
}

/* A guest with the first device, which uses its stage 1 */
static void nest_device(struct world *world, bool with_queue)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};
	int fd = world->iommufd, events = -1;
	__u32 device = world->ids[KIND_DEVICE][0];

	nest_parent_alloc(fd, device, world->ids[KIND_IOAS][0],
			  &world->ids[KIND_PARENT][0]);
	viommu_alloc(fd, device, world->ids[KIND_PARENT][0],
		     &world->ids[KIND_VIOMMU][0]);
	vdevice_alloc(fd, world->ids[KIND_VIOMMU][0], device, 1,
		      &world->ids[KIND_VDEVICE][0]);
	if (with_queue)
		veventq_alloc(fd, world->ids[KIND_VIOMMU][0], 4,
			      &world->ids[KIND_VEVENTQ][0], &events);
	world->queues[EVENT_QUEUE] = events;
	nested_alloc(fd, world->ids[KIND_VIOMMU][0], device,
		     stage1_ste(&world->stage1), &world->ids[KIND_NESTED][0]);
	attach.pt_id = world->ids[KIND_NESTED][0];
	note_result(ioctl(world->targets[0].fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			  &attach));
}

static void fill_container(struct world *world)
{
	struct container container = { .fd = world->container };
	struct target *target = &world->targets[0];

	target->group_fd = container_add_group(&container, target->bdf);
	if (target->group_fd < 0)
		return;
	target->fd =
		ioctl(target->group_fd, VFIO_GROUP_GET_DEVICE_FD, target->bdf);
	if (target->fd < 0 || target_find(target))
		return;
	bus_master(target);
	container_map(&container, world->memory, MEMORY_LENGTH, RAM_IPA);
}

void prologue(struct world *world, struct rng *rng, bool alone)
{
	unsigned int choice = rng_below(rng, 6);
	bool with_mock = rng_below(rng, 4), with_queue = rng_below(rng, 3);

	if (world->mode != MODE_IOMMUFD) {
		if (choice)
			fill_container(world);
	} else if (choice) {
		attach_devices(world, world->target_count);
		if (choice > 3)
			nest_device(world, with_queue);
		if (with_mock)
			mock_prologue(world, alone);
	}
	if (choice % 2 && world->targets[0].fd >= 0)
		enable_vectors(world, &world->targets[0]);
}
