// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO reports to the user of a type1 container about its MSI doorbells, and
 * where the user places them. The container itself is in vfio_iommu_type1.c, which
 * holds its lock over all calls but vfio_msi_read_request().
 */
#include <kunit/visibility.h>
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

static void vfio_msi_describe(unsigned long index,
			      const struct iommu_msi_state *state,
			      struct iommu_msi_doorbell *doorbell)
{
	*doorbell = (struct iommu_msi_doorbell){
		.index = index,
		.flags = (state->mapped ? IOMMU_MSI_DOORBELL_MAPPED : 0) |
			 (state->pinned ? IOMMU_MSI_DOORBELL_PINNED : 0),
		.placement = state->placement == IOMMU_MSI_PLACED_FIXED ?
				     IOMMU_MSI_PLACEMENT_FIXED :
				     IOMMU_MSI_PLACEMENT_AUTO,
		.vectors = state->vectors,
		.iova = state->iova,
		.length = state->length,
	};
}

/*
 * Fill in up to @room doorbells. There may be more than were counted: one that no
 * device may use any more is not reported, but a vector can use it again, which the
 * container's lock does not exclude.
 */
VISIBLE_IF_KUNIT void
vfio_msi_fill_cap(struct iommu_msi_space *space,
		  struct vfio_iommu_type1_info_cap_msi *cap, u32 room)
{
	struct iommu_msi_doorbell *doorbells;
	struct iommu_msi_state state;
	unsigned long index;
	u32 nr = 0;

	doorbells = (struct iommu_msi_doorbell *)(cap + 1);
	for (index = 0;
	     nr < room && iommu_msi_next_state(space, &index, &state); index++)
		vfio_msi_describe(index, &state, &doorbells[nr++]);
	cap->num_doorbells = nr;
}

/**
 * vfio_msi_add_cap() - Report the doorbells of a container
 * @space: MSI space of the container, or NULL
 * @first: First IOVA in bytes that all devices of the container can reach
 * @last: Last such IOVA
 * @caps: Capabilities of VFIO_IOMMU_GET_INFO; a container that has an MSI space
 *	gets one of struct vfio_iommu_type1_info_cap_msi
 *
 * Context: The container's lock is held, so no doorbell is created or freed. One that
 * no device of the container may use any more can go with its last vector, or return
 * with one.
 * Return: 0 or -ENOMEM.
 */
int vfio_msi_add_cap(struct iommu_msi_space *space, unsigned long first,
		     unsigned long last, struct vfio_info_cap *caps)
{
	struct vfio_iommu_type1_info_cap_msi *cap;
	struct vfio_info_cap_header *header;
	struct iommu_msi_geometry geometry;
	size_t size;
	u32 count;

	if (!space)
		return 0;
	count = vfio_msi_count(space);
	size = sizeof(*cap) + count * sizeof(struct iommu_msi_doorbell);
	header =
		vfio_info_cap_add(caps, size, VFIO_IOMMU_TYPE1_INFO_CAP_MSI, 1);
	if (IS_ERR(header))
		return PTR_ERR(header);

	cap = container_of(header, struct vfio_iommu_type1_info_cap_msi,
			   header);
	cap->aperture_start = first;
	cap->aperture_last = last;
	iommu_msi_get_geometry(space, &geometry);
	cap->granule = geometry.granule;
	cap->doorbells_offset = sizeof(*cap);
	cap->doorbell_len = sizeof(struct iommu_msi_doorbell);
	vfio_msi_fill_cap(space, cap, count);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_msi_add_cap);

static int vfio_msi_add_pinned(struct list_head *regions, unsigned long start,
			       unsigned long last)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(start, last - start + 1, 0,
					 IOMMU_RESV_RESERVED, GFP_KERNEL);
	if (!region)
		return -ENOMEM;
	list_add_tail(&region->list, regions);
	return 0;
}

/**
 * vfio_msi_list_pinned() - List the IOVAs of doorbells that are pinned
 * @space: MSI space of the container, or NULL
 * @regions: Empty list. Gets a struct iommu_resv_region for the IOVAs of each
 *	doorbell that is pinned by other than a fixed placement, and for those that it
 *	keeps (struct iommu_msi_state). To be freed by the caller, even after an error.
 *
 * VFIO_IOMMU_MAP_DMA over such a doorbell fails with -EEXIST. Vectors can pin and
 * unpin a doorbell while the container's lock is held.
 *
 * Context: The container's lock is held.
 * Return: 0 or -ENOMEM.
 */
int vfio_msi_list_pinned(struct iommu_msi_space *space,
			 struct list_head *regions)
{
	struct iommu_msi_state state;
	unsigned long index = 0;
	int rc = 0;

	for (; !rc && space && iommu_msi_next_state(space, &index, &state);
	     index++) {
		if (state.pinned && state.placement != IOMMU_MSI_PLACED_FIXED)
			rc = vfio_msi_add_pinned(regions, state.iova,
						 state.iova + state.length - 1);
		if (!rc && state.kept.start <= state.kept.last)
			rc = vfio_msi_add_pinned(regions, state.kept.start,
						 state.kept.last);
	}
	return rc;
}
EXPORT_SYMBOL_GPL(vfio_msi_list_pinned);

/* Placement */

static int vfio_msi_read_map(void __user *arg, struct vfio_msi_request *request)
{
	struct vfio_iommu_type1_msi_map map;
	size_t minsz = offsetofend(struct vfio_iommu_type1_msi_map, size);

	if (copy_from_user(&map, arg, minsz))
		return -EFAULT;
	if (map.argsz < minsz || map.flags || map.__reserved ||
	    map.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	if (map.iova != (unsigned long)map.iova)
		return -ERANGE;
	*request = (struct vfio_msi_request){
		.index = map.index,
		.fixed = true,
		.iova = map.iova,
		.size = map.size,
	};
	return 0;
}

static int vfio_msi_read_unmap(void __user *arg,
			       struct vfio_msi_request *request)
{
	struct vfio_iommu_type1_msi_unmap unmap;
	size_t minsz =
		offsetofend(struct vfio_iommu_type1_msi_unmap, __reserved);

	if (copy_from_user(&unmap, arg, minsz))
		return -EFAULT;
	if (unmap.argsz < minsz || unmap.flags || unmap.__reserved ||
	    unmap.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	*request = (struct vfio_msi_request){ .index = unmap.index };
	return 0;
}

/**
 * vfio_msi_read_request() - Read the argument of VFIO_IOMMU_MAP_MSI or _UNMAP_MSI
 * @cmd: The ioctl
 * @arg: Its argument
 * @request: Filled, for vfio_msi_place()
 *
 * Context: Process context, may sleep. The container's lock is not held: user memory
 * may fault.
 * Return: 0. -ENOTTY if @cmd is neither of the two. -EFAULT, -EINVAL or -ERANGE as
 * <linux/vfio_msi.h> says.
 */
int vfio_msi_read_request(unsigned int cmd, void __user *arg,
			  struct vfio_msi_request *request)
{
	switch (cmd) {
	case VFIO_IOMMU_MAP_MSI:
		return vfio_msi_read_map(arg, request);
	case VFIO_IOMMU_UNMAP_MSI:
		return vfio_msi_read_unmap(arg, request);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_msi_read_request);

static bool vfio_msi_exists(struct iommu_msi_space *space, u32 wanted)
{
	struct iommu_msi_state state;
	unsigned long index = wanted;

	return space && iommu_msi_next_state(space, &index, &state) &&
	       index == wanted;
}

/**
 * vfio_msi_place() - Place a doorbell of a container
 * @space: MSI space of the container, or NULL
 * @request: Which one, and where
 *
 * Context: The container's lock is held.
 * Return: 0, -ENOENT if there is no such doorbell to be placed, -EINVAL if the size is
 * not the granule, or the errors of iommu_msi_place_fixed().
 */
int vfio_msi_place(struct iommu_msi_space *space,
		   const struct vfio_msi_request *request)
{
	struct iommu_msi_geometry geometry = { .granule = PAGE_SIZE };

	if (space)
		iommu_msi_get_geometry(space, &geometry);
	if (!request->fixed) {
		/* The request outlives the doorbell that it was for */
		if (space)
			iommu_msi_place_auto(space, request->index);
		return 0;
	}
	if (request->size != geometry.granule)
		return -EINVAL;
	if (!vfio_msi_exists(space, request->index))
		return -ENOENT;
	return iommu_msi_place_fixed(space, request->index, request->iova);
}
EXPORT_SYMBOL_GPL(vfio_msi_place);
