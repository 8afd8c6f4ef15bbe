// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/iommu/msi/GROUP: the doorbells that the devices of an IOMMU
 * group may use, a line each: index, physical address of the page, IOVA, number of
 * vectors, who chose the place, and whether it is mapped or pinned.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/iommu.h>
#include <linux/seq_file.h>

#include "iommu-priv.h"
#include "msi/doorbell.h"

static struct dentry *msi_debugfs_dir;

static const char *doorbell_placement_name(struct iommu_doorbell *doorbell)
{
	switch (doorbell->placement) {
	case IOMMU_MSI_PLACED_FIXED:
		return "fixed";
	case IOMMU_MSI_PLACED_WINDOW:
		return "window";
	default:
		return "auto";
	}
}

static void doorbell_show(struct seq_file *seq, struct iommu_doorbell *doorbell)
{
	seq_printf(seq, "%u ", doorbell->index);
	if (doorbell->phys == IOMMU_DOORBELL_UNBOUND)
		seq_puts(seq, "unknown");
	else
		seq_printf(seq, "%pa", &doorbell->phys);
	seq_printf(seq, " 0x%lx vectors %u %s%s%s\n", doorbell_start(doorbell),
		   doorbell->vectors, doorbell_placement_name(doorbell),
		   doorbell->mappings ? " mapped" : "",
		   doorbell_stays(doorbell) ? " pinned" : "");
}

static int msi_group_show(struct seq_file *seq, void *unused)
{
	struct iommu_group *group = seq->private;
	struct iommu_doorbell *doorbell;
	struct iommu_msi_space *space;
	struct iommu_domain *domain;
	unsigned long index;

	guard(iommu_group_domain)(group);
	domain = iommu_group_locked_domain(group);
	if (domain)
		domain = iommu_domain_for_msi(domain);
	if (!domain || !iommu_is_mixed_domain(domain))
		return 0;
	space = domain->msi->space;
	guard(mutex)(&space->lock);
	for (index = 0; (doorbell = msi_next_doorbell(space, &index)); index++)
		doorbell_show(seq, doorbell);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(msi_group);

/* Groups come later than the folder that this one is in */
static int __init msi_debugfs_init(void)
{
	msi_debugfs_dir = debugfs_create_dir("msi", iommu_debugfs_dir);
	return 0;
}
core_initcall_sync(msi_debugfs_init);

/**
 * iommu_msi_debugfs_add - Show the doorbells of a group in debugfs
 * @group: The group
 * @id: Its number
 *
 * Context: Process context, may sleep.
 * Return: The file, for debugfs_remove().
 */
struct dentry *iommu_msi_debugfs_add(struct iommu_group *group, int id)
{
	char name[12];

	snprintf(name, sizeof(name), "%d", id);
	return debugfs_create_file(name, 0400, msi_debugfs_dir, group,
				   &msi_group_fops);
}
