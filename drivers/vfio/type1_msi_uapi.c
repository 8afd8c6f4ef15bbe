// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user of a type1 container is told of its MSI doorbells, and where he says
 * that they shall be. The container itself is in vfio_iommu_type1.c, which holds
 * its lock over all calls.
 */
#include <linux/export.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <uapi/linux/vfio_msi.h>

#include "vfio_iommu_type1_msi.h"

static u32 vfio_msi_count(struct iommu_msi_space *space)
{
	struct iommu_msi_state state;
	unsigned long index;
	u32 count = 0;

	for (index = 0; iommu_msi_next_state(space, &index, &state); index++)
		count++;
	return count;
}

/**
 * vfio_msi_add_cap() - Report the doorbells of a container
 * @space: MSI space of the container, or NULL
 * @first: First IOVA in bytes that all devices of the container can reach
 * @last: Last such IOVA
 * @caps: Capabilities of VFIO_IOMMU_GET_INFO; a container that has an MSI space
 *	gets one of struct vfio_iommu_type1_info_cap_msi
 *
 * Context: The container's lock is held, so that no doorbell comes. One that no
 * device of the container may use any more can go with its last vector.
 * Return: 0 or -ENOMEM.
 */
int vfio_msi_add_cap(struct iommu_msi_space *space, unsigned long first,
		     unsigned long last, struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_cap_msi *cap;
	struct vfio_info_cap_header *header;
	struct iommu_msi_doorbell *doorbell;
	struct iommu_msi_state state;
	unsigned long index;
	u32 count;

	if (!space)
		return 0;
	count = vfio_msi_count(space);
	header = vfio_info_cap_add(caps,
				   sizeof(*cap) + count * sizeof(*doorbell),
				   VFIO_IOMMU_TYPE1_INFO_CAP_MSI, 1);
	if (IS_ERR(header))
		return PTR_ERR(header);

	cap = container_of(header, struct vfio_iommu_type1_info_cap_msi,
			   header);
	cap->aperture_start = first;
	cap->aperture_last = last;
	cap->granule = PAGE_SIZE;
	cap->doorbells_offset = sizeof(*cap);
	cap->doorbell_len = sizeof(*doorbell);

	doorbell = (struct iommu_msi_doorbell *)(cap + 1);
	for (index = 0; iommu_msi_next_state(space, &index, &state); index++) {
		doorbell->index = index;
		doorbell->flags =
			(state.mapped ? IOMMU_MSI_DOORBELL_MAPPED : 0) |
			(state.pinned ? IOMMU_MSI_DOORBELL_PINNED : 0);
		doorbell->placement = state.placement ==
						      IOMMU_MSI_PLACED_FIXED ?
					      IOMMU_MSI_PLACEMENT_FIXED :
					      IOMMU_MSI_PLACEMENT_AUTO;
		doorbell->vectors = state.vectors;
		doorbell->iova = state.iova;
		doorbell->length = state.length;
		doorbell++;
		cap->num_doorbells++;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_msi_add_cap);

static bool vfio_msi_exists(struct iommu_msi_space *space, u32 wanted)
{
	struct iommu_msi_state state;
	unsigned long index = wanted;

	return space && iommu_msi_next_state(space, &index, &state) &&
	       index == wanted;
}

static int vfio_msi_map(struct iommu_msi_space *space, void __user *arg)
{
	struct vfio_iommu_type1_msi_map map;
	size_t minsz = offsetofend(struct vfio_iommu_type1_msi_map, size);

	if (copy_from_user(&map, arg, minsz))
		return -EFAULT;
	if (map.argsz < minsz || map.flags || map.__reserved ||
	    map.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	if (!vfio_msi_exists(space, map.index))
		return -ENOENT;
	if (map.size != PAGE_SIZE)
		return -EINVAL;
	if (map.iova != (unsigned long)map.iova)
		return -ERANGE;
	return iommu_msi_place_fixed(space, map.index, map.iova);
}

static int vfio_msi_unmap(struct iommu_msi_space *space, void __user *arg)
{
	struct vfio_iommu_type1_msi_unmap unmap;
	size_t minsz =
		offsetofend(struct vfio_iommu_type1_msi_unmap, __reserved);

	if (copy_from_user(&unmap, arg, minsz))
		return -EFAULT;
	if (unmap.argsz < minsz || unmap.flags || unmap.__reserved ||
	    unmap.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	if (!vfio_msi_exists(space, unmap.index))
		return -ENOENT;
	iommu_msi_place_auto(space, unmap.index);
	return 0;
}

/**
 * vfio_msi_ioctl() - VFIO_IOMMU_MAP_MSI and VFIO_IOMMU_UNMAP_MSI
 * @space: MSI space of the container, or NULL
 * @cmd: The ioctl
 * @arg: Its argument
 *
 * Context: The container's lock is held, as it may be when user memory faults.
 * Return: What the ioctl returns, -ENOTTY if it is neither of the two.
 */
long vfio_msi_ioctl(struct iommu_msi_space *space, unsigned int cmd,
		    void __user *arg)
{
	switch (cmd) {
	case VFIO_IOMMU_MAP_MSI:
		return vfio_msi_map(space, arg);
	case VFIO_IOMMU_UNMAP_MSI:
		return vfio_msi_unmap(space, arg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_msi_ioctl);
