// SPDX-License-Identifier: GPL-2.0
/*
 * Devices under VFIO: bound, attached, reset, suspended, with interrupts set up in all
 * ways, while they do DMA and raise interrupts.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "fuzz.h"

#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_DESTINATION 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_BUFFER 0x40000
#define IGB_EICS 0x1520
#define IGB_EIMS 0x1524
#define VECTORS 16

static void do_open(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);

	note_result(target_open(world, target));
}

static void do_close(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);

	note_result(target->fd >= 0 ? 0 : -1);
	target_close(target);
}

static void do_attach(struct world *world, struct rng *rng)
{
	static const enum kind kinds[] = { KIND_IOAS, KIND_HWPT, KIND_PARENT,
					   KIND_NESTED };
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.flags = any_flags(rng, 0),
		.pt_id = any_id(world, rng, kinds[rng_below(rng, 4)]),
	};

	fuzz_call(world, rng, any_target(world, rng)->fd,
		  VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd, sizeof(cmd));
}

static void do_detach(struct world *world, struct rng *rng)
{
	struct vfio_device_detach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.flags = any_flags(rng, 0),
	};

	fuzz_call(world, rng, any_target(world, rng)->fd,
		  VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd, sizeof(cmd));
}

static __u32 usual_index(const struct target *target)
{
	return target->type == TARGET_IGB ? VFIO_PCI_MSIX_IRQ_INDEX :
					    VFIO_PCI_MSI_IRQ_INDEX;
}

static unsigned int usual_vectors(const struct target *target)
{
	return target->type == TARGET_EDU ? 1 : 8;
}

/* Enable vectors, as programs do, or disable them, without data */
static void do_set_irqs(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_irq_set *set = scratch();
	__s32 *fds = (__s32 *)set->data;
	unsigned int i;

	set->argsz = sizeof(*set) + VECTORS * sizeof(*fds);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = usual_index(target);
	set->count = 1 + rng_below(rng, usual_vectors(target));
	for (i = 0; i < VECTORS; i++)
		fds[i] = world->eventfds[rng_below(rng, EVENTFDS)];
	switch (rng_below(rng, 6)) {
	case 0:
		fds[rng_below(rng, VECTORS)] = any_fd(world, rng, -1);
		set->start = any_count(rng, 4);
		break;
	case 1:
		set->flags = VFIO_IRQ_SET_DATA_NONE |
			     VFIO_IRQ_SET_ACTION_TRIGGER;
		set->count = rng_one_in(rng, 2) ? 0 : set->count;
		break;
	}
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_SET_IRQS, set,
		  set->argsz);
}

/* Any other flags and arguments */
static void do_odd_irqs(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_irq_set *set = scratch();
	unsigned int i;

	set->argsz = sizeof(*set) + VECTORS * 4;
	set->flags = any_flags(rng, 0x3f);
	if (rng_one_in(rng, 2))
		set->flags = 1U << rng_below(rng, 3) |
			     1U << (3 + rng_below(rng, 3));
	set->index = any_count(rng, 4);
	set->start = any_count(rng, 4);
	set->count = any_count(rng, VECTORS);
	/*
	 * Most kinds of interrupts have one vector and no mask. Not INTx: a device that has
	 * none enabled may raise it, and the kernel complains if another one shares the line.
	 */
	if (rng_one_in(rng, 2)) {
		set->flags = 1U << rng_below(rng, 3) |
			     VFIO_IRQ_SET_ACTION_TRIGGER;
		set->index = VFIO_PCI_MSI_IRQ_INDEX + rng_below(rng, 4);
		set->start = 0;
		set->count = rng_below(rng, 2);
	}
	for (i = 0; i < VECTORS; i++)
		((__s32 *)set->data)[i] =
			world->eventfds[rng_below(rng, EVENTFDS)];
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_SET_IRQS, set,
		  sizeof(*set) + VECTORS * 4);
}

static void do_reset(struct world *world, struct rng *rng)
{
	int ret = ioctl(any_fd(world, rng, any_target(world, rng)->fd),
			VFIO_DEVICE_RESET);

	note_result(ret);
}

/* The root bus cannot be reset. Return: a target on another one, or NULL */
static struct target *below_port(struct world *world)
{
	unsigned int i, bus;

	for (i = 0; i < world->target_count; i++)
		if (sscanf(world->targets[i].bdf, "%*x:%x", &bus) == 1 && bus)
			return &world->targets[i];
	return NULL;
}

static void do_hot_reset(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_pci_hot_reset *cmd = scratch();

	if (rng_one_in(rng, 2))
		target = below_port(world) ?: target;
	cmd->argsz = sizeof(*cmd) + 4;
	cmd->count = any_count(rng, 1);
	cmd->group_fds[0] = any_fd(world, rng, target->group_fd);
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_PCI_HOT_RESET, cmd,
		  sizeof(*cmd) + 4);
}

static void do_sysfs_reset(struct world *world, struct rng *rng)
{
	note_result(sysfs_reset(any_target(world, rng)->bdf));
}

static void do_affinity(struct world *world, struct rng *rng)
{
	static const char *const masks[] = { "1", "2", "3" };

	note_result(sysfs_set_affinity(any_target(world, rng)->bdf,
				       masks[rng_below(rng, 3)]));
}

static void config_write(struct world *world, struct rng *rng,
			 struct target *target, unsigned int at, __u32 value,
			 size_t size)
{
	ssize_t ret;

	/* Without it, the write would hit BAR 0, which does not allow all sizes */
	if (!target->config)
		return;
	ret = pwrite(any_fd(world, rng, target->fd), &value, size,
		     target->config + at);
	note_result(ret == (ssize_t)size ? 0 : -1);
}

static void do_command(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	__u32 value = any_flags(rng, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
					     PCI_COMMAND_INTX_DISABLE);

	if (rng_one_in(rng, 2))
		value = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	config_write(world, rng, target, PCI_COMMAND, value, 2);
}

static void do_power(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	__u32 state = rng_one_in(rng, 2) ? 3 : 0;

	if (rng_one_in(rng, 8))
		state = any32(rng);
	config_write(world, rng, target, target->caps[2] + PCI_PM_CTRL, state,
		     2);
}

/* The capabilities of MSI and MSI-X, which a guest programs */
static void do_msi_capability(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	unsigned int cap = target->caps[rng_below(rng, 2)] ?:
				   target->caps[0]	   ?:
							     target->caps[1];
	unsigned int at = cap + rng_below(rng, 24);
	__u32 value = any32(rng);

	if (rng_one_in(rng, 3)) {
		at = cap + PCI_MSI_FLAGS;
		value = any_flags(rng, 0xc071);
	}
	config_write(world, rng, target, at, value, 1U << rng_below(rng, 3));
}

static void do_config(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	__u32 value = any32(rng);
	unsigned int at = rng_below(rng, 0x200);

	/* BARs must stay: later writes would go to random addresses */
	if (at >= PCI_BASE_ADDRESS_0 && at < PCI_CARDBUS_CIS)
		at = PCI_CACHE_LINE_SIZE;
	config_write(world, rng, target, at, value, 1U << rng_below(rng, 3));
}

static void do_low_power(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_SET |
			 (rng_one_in(rng, 2) ?
				  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY :
				  VFIO_DEVICE_FEATURE_LOW_POWER_EXIT),
	};

	fuzz_call(world, rng, target->fd, VFIO_DEVICE_FEATURE, &feature,
		  sizeof(feature));
}

/* Return: whether the write reached the device */
static bool bar_write(struct target *target, unsigned int at, __u64 value,
		      size_t size)
{
	bool written;

	value = htole64(value);
	written = pwrite(target->fd, &value, size, target->bar + at) ==
		  (ssize_t)size;
	note_result(written ? 0 : -1);
	return written;
}

/*
 * A copy that takes a tenth of a second, whatever happens meanwhile. Threads write the same
 * registers, and some of these writes may fail. QEMU's device copies even if the source is
 * outside its buffer: so each device copies in one direction only, and only if all writes to
 * its registers succeeded.
 */
static void do_dma(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	__u64 iova = any_iova(rng);
	bool write = (target - world->targets) % 2;
	unsigned int length = 1 + rng_below(rng, 64);
	unsigned int command = rng_one_in(rng, 2) ? 1 : 5;

	if (rng_one_in(rng, 2))
		iova = RAM_IPA + rng_below(rng, MEMORY_LENGTH);
	if (target->type != TARGET_EDU)
		return;
	if (bar_write(target, EDU_DMA_SOURCE, write ? EDU_BUFFER : iova, 8) &&
	    bar_write(target, EDU_DMA_DESTINATION, write ? iova : EDU_BUFFER,
		      8) &&
	    bar_write(target, EDU_DMA_COUNT, length, 8))
		bar_write(target, EDU_DMA_COMMAND, command | write << 1, 8);
}

static void do_raise(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	unsigned int number = 1 + rng_below(rng, 255);

	if (target->type == TARGET_EDU) {
		bar_write(target, EDU_IRQ_ACK, 0xffffffff, 4);
		bar_write(target, EDU_IRQ_RAISE, number, 4);
	} else if (target->type == TARGET_IGB) {
		bar_write(target, IGB_EIMS, 0xff, 4);
		bar_write(target, IGB_EICS, number, 4);
	}
}

static void do_info(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	struct vfio_irq_info irq = {
		.argsz = sizeof(irq),
		.index = any_count(rng, 5),
	};
	struct vfio_device_info device = { .argsz = sizeof(device) };
	struct vfio_region_info region = {
		.argsz = sizeof(region),
		.index = any_count(rng, 9),
	};

	fuzz_call(world, rng, target->fd, VFIO_DEVICE_GET_IRQ_INFO, &irq,
		  sizeof(irq));
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_GET_INFO, &device,
		  sizeof(device));
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_GET_REGION_INFO, &region,
		  sizeof(region));
}

static void do_feature(struct world *world, struct rng *rng)
{
	struct target *target = any_target(world, rng);
	__u32 feature[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		feature[i] = any32(rng);
	feature[0] = rng_below(rng, 17) * 4;
	feature[1] = any_flags(rng, 7) << 16 |
		     (rng_one_in(rng, 2) ? VFIO_DEVICE_FEATURE_MSI_ADDRESSES :
					   any_count(rng, 12));
	fuzz_call(world, rng, target->fd, VFIO_DEVICE_FEATURE, feature,
		  sizeof(feature));
}

const struct operation device_operations[] = {
	{ "device_open", 6, IN_IOMMUFD | IN_COMPAT, do_open },
	{ "device_close", 4, IN_ANY, do_close },
	{ "device_attach", 20, IN_IOMMUFD, do_attach },
	{ "device_detach", 6, IN_IOMMUFD, do_detach },
	{ "set_irqs", 16, IN_ANY, do_set_irqs },
	{ "odd_irqs", 8, IN_ANY, do_odd_irqs },
	{ "device_reset", 2, IN_ANY, do_reset },
	{ "hot_reset", 1, IN_ANY, do_hot_reset },
	{ "sysfs_reset", 1, IN_ANY, do_sysfs_reset },
	{ "affinity", 3, IN_ANY, do_affinity },
	{ "config_command", 8, IN_ANY, do_command },
	{ "config_power", 4, IN_ANY, do_power },
	{ "config_msi", 8, IN_ANY, do_msi_capability },
	{ "config_any", 4, IN_ANY, do_config },
	{ "low_power", 2, IN_ANY, do_low_power },
	{ "dma", 10, IN_ANY, do_dma },
	{ "raise", 10, IN_ANY, do_raise },
	{ "device_info", 2, IN_ANY, do_info },
	{ "feature", 4, IN_ANY, do_feature },
	{}
};
