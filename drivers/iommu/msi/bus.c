// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOVAs that a device's bus does not carry to the IOMMU. An MSI that is written there
 * never becomes an interrupt, whatever the IOMMU maps:
 *
 *  - a PCI host bridge claims its own memory windows for the devices below it. If
 *    nothing redirects the write (ACS), a switch on its way hands it to one of those;
 *  - it forwards only the ranges that its firmware describes (dma-ranges);
 *  - another bus on the way may have fewer address lines (device::bus_dma_limit).
 *
 * The kernel puts a doorbell there only as a last resort; the user is free to.
 *
 * One IOVA space has one struct msi_bus for all its devices that are behind the same
 * host bridge and have the same limit. How many ranges it has depends on the firmware
 * alone. It is created when the first of these devices is attached: by then the host
 * bridge has all its ranges, and the device its limit. It is kept for the next such
 * device until the IOVA space is destroyed, and so is the host bridge's structure;
 * its ranges count while a device is attached.
 *
 * Addresses of a PCI bus differ from those of the CPU by an offset.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/resource_ext.h>
#include <linux/slab.h>

#include "bus.h"

/**
 * struct msi_bus - What one bus does not carry
 * @item: In msi_bus_limits::buses
 * @bridge: Host bridge of the devices, with a reference; NULL if they are no PCI
 *	devices
 * @dma_limit: Highest address that the devices' bus carries, 0 if it has no limit
 * @users: Number of references
 * @count: Number of @ranges in use
 * @ranges: In msi_bus_limits::unreachable while there are @users
 */
struct msi_bus {
	struct list_head item;
	struct pci_host_bridge *bridge;
	u64 dma_limit;
	unsigned int users;
	unsigned int count;
	struct interval_tree_node ranges[];
};

/**
 * msi_bus_limits_init - Initialise limits without a bus: everything is reached
 * @limits: To be initialised
 */
void msi_bus_limits_init(struct msi_bus_limits *limits)
{
	limits->unreachable = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&limits->buses);
}

static u64 msi_bus_start(const struct resource_entry *entry)
{
	return entry->res->start - entry->offset;
}

static u64 msi_bus_last(const struct resource_entry *entry)
{
	return entry->res->end - entry->offset;
}

static void msi_bus_exclude(struct msi_bus *bus, u64 start, u64 last)
{
	struct interval_tree_node *range = &bus->ranges[bus->count];

	/* It wraps, which no firmware intends, or there are no such IOVAs */
	if (start > last || start > ULONG_MAX)
		return;
	range->start = start;
	range->last = min_t(u64, last, ULONG_MAX);
	bus->count++;
}

static void msi_bus_exclude_windows(struct msi_bus *bus)
{
	struct resource_entry *entry;

	resource_list_for_each_entry(entry, &bus->bridge->windows)
		/* An empty one ends before its start */
		if (resource_type(entry->res) == IORESOURCE_MEM &&
		    entry->res->start <= entry->res->end)
			msi_bus_exclude(bus, msi_bus_start(entry),
					msi_bus_last(entry));
}

/* The lowest of the ranges that end at @start or above. They are not sorted. */
static struct resource_entry *
msi_bus_next_dma_range(struct pci_host_bridge *bridge, u64 start)
{
	struct resource_entry *entry, *next = NULL;

	resource_list_for_each_entry(entry, &bridge->dma_ranges)
		if (msi_bus_last(entry) >= start &&
		    (!next || msi_bus_start(entry) < msi_bus_start(next)))
			next = entry;
	return next;
}

/* Exclude the gaps between the ranges that the host bridge forwards */
static void msi_bus_exclude_dma_gaps(struct msi_bus *bus)
{
	struct resource_entry *entry;
	u64 start = 0;

	/* Without ranges it forwards everything */
	if (list_empty(&bus->bridge->dma_ranges))
		return;
	while ((entry = msi_bus_next_dma_range(bus->bridge, start))) {
		if (msi_bus_start(entry) > start)
			msi_bus_exclude(bus, start, msi_bus_start(entry) - 1);
		start = msi_bus_last(entry) + 1;
		if (!start)
			return;
	}
	msi_bus_exclude(bus, start, U64_MAX);
}

/* The most ranges that msi_bus_create() may find, the limit being one */
static size_t msi_bus_max_ranges(struct pci_host_bridge *bridge)
{
	if (!bridge)
		return 1;
	/* There is a gap before each range, and one behind the last */
	return list_count_nodes(&bridge->windows) +
	       list_count_nodes(&bridge->dma_ranges) + 2;
}

static struct msi_bus *msi_bus_create(struct msi_bus_limits *limits,
				      struct pci_host_bridge *bridge,
				      u64 dma_limit)
{
	struct msi_bus *bus;

	bus = kzalloc(struct_size(bus, ranges, msi_bus_max_ranges(bridge)),
		      GFP_KERNEL_ACCOUNT);
	if (!bus)
		return ERR_PTR(-ENOMEM);
	bus->bridge = bridge;
	bus->dma_limit = dma_limit;
	if (bridge) {
		get_device(&bridge->dev);
		msi_bus_exclude_windows(bus);
		msi_bus_exclude_dma_gaps(bus);
	}
	if (dma_limit && dma_limit < U64_MAX)
		msi_bus_exclude(bus, dma_limit + 1, U64_MAX);
	list_add(&bus->item, &limits->buses);
	return bus;
}

/**
 * msi_bus_get - Respect the limits of a device's bus
 * @limits: Limits of the IOVA space that the device is about to be attached to
 * @dev: The device
 *
 * Context: Process context, may sleep. The owner's lock is held for write.
 * Return: The bus, to be given to msi_bus_put() before the device is removed; NULL
 * if it has no limits, or ERR_PTR() of -ENOMEM.
 */
struct msi_bus *msi_bus_get(struct msi_bus_limits *limits, struct device *dev)
{
	struct pci_host_bridge *bridge = NULL;
	u64 dma_limit = dev->bus_dma_limit;
	struct msi_bus *bus;
	unsigned int i;

	if (dev_is_pci(dev))
		bridge = pci_find_host_bridge(to_pci_dev(dev)->bus);
	if (!bridge && !dma_limit)
		return NULL;
	list_for_each_entry(bus, &limits->buses, item)
		if (bus->bridge == bridge && bus->dma_limit == dma_limit)
			goto out_found;
	bus = msi_bus_create(limits, bridge, dma_limit);
	if (IS_ERR(bus))
		return bus;
out_found:
	if (bus->users++)
		return bus;
	for (i = 0; i < bus->count; i++)
		interval_tree_insert(&bus->ranges[i], &limits->unreachable);
	return bus;
}

/**
 * msi_bus_put - Undo msi_bus_get()
 * @limits: As in msi_bus_get()
 * @bus: What msi_bus_get() returned, may be NULL
 *
 * Context: The owner's lock is held for write.
 */
void msi_bus_put(struct msi_bus_limits *limits, struct msi_bus *bus)
{
	unsigned int i;

	if (!bus || --bus->users)
		return;
	for (i = 0; i < bus->count; i++)
		interval_tree_remove(&bus->ranges[i], &limits->unreachable);
}

/**
 * msi_bus_limits_destroy - Free what msi_bus_get() has kept
 * @limits: Limits whose buses have no users
 */
void msi_bus_limits_destroy(struct msi_bus_limits *limits)
{
	struct msi_bus *bus, *next;

	list_for_each_entry_safe(bus, next, &limits->buses, item) {
		WARN_ON(bus->users);
		if (bus->bridge)
			put_device(&bus->bridge->dev);
		kfree(bus);
	}
}
