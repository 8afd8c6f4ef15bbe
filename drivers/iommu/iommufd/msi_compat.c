// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSI doorbells of an IOAS in VFIO's container interface: <linux/vfio_msi.h>,
 * on /dev/iommu in place of a type1 container.
 *
 * Devices come into the IOAS when they are opened, and so do doorbells. A doorbell
 * that is placed before that need not exist yet, as for ioctl(IOMMU_MSI_PLACE).
 */
#include <linux/uaccess.h>
#include <uapi/linux/iommufd_msi.h>
#include <uapi/linux/vfio_msi.h>

#include "msi.h"

/**
 * iommufd_msi_fill_cap() - Report the doorbells of an IOAS to GET_INFO
 * @ioas: The IOAS that stands for a container
 * @cur: Where the capability goes in user memory
 * @avail: Bytes that are left there; as much as fits is written
 *
 * Context: io_pagetable::iova_rwsem is held.
 * Return: Length of the capability in bytes, 0 if the IOAS has no MSI space yet, or
 * -EFAULT.
 */
int iommufd_msi_fill_cap(struct iommufd_ioas *ioas,
			 struct vfio_info_cap_header __user *cur, size_t avail)
{
	struct vfio_iommu_type1_info_cap_msi cap = {
		.header = {
			.id = VFIO_IOMMU_TYPE1_INFO_CAP_MSI,
			.version = 1,
		},
		.doorbells_offset = sizeof(cap),
		.doorbell_len = sizeof(struct iommu_msi_doorbell),
	};
	struct iommu_msi_space *space = ioas->iopt.msi_space;
	struct iommu_msi_geometry geometry;
	struct iommu_msi_doorbell entry;
	struct iommu_msi_state state;
	size_t length = sizeof(cap);
	unsigned long index;

	if (!space)
		return 0;
	for (index = 0; iommu_msi_next_state(space, &index, &state); index++) {
		iommufd_msi_describe(index, &state, &entry);
		if (avail >= length + sizeof(entry) &&
		    copy_to_user((void __user *)cur + length, &entry,
				 sizeof(entry)))
			return -EFAULT;
		length += sizeof(entry);
		cap.num_doorbells++;
	}
	iommu_msi_get_geometry(space, &geometry);
	cap.aperture_start = geometry.aperture_start;
	cap.aperture_last = geometry.aperture_last;
	cap.granule = geometry.granule;
	if (avail >= length && copy_to_user(cur, &cap, sizeof(cap)))
		return -EFAULT;
	return length;
}

static int msi_compat_map(struct io_pagetable *iopt, void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_iommu_type1_msi_map, size);
	struct vfio_iommu_type1_msi_map map;
	struct iommu_msi_geometry geometry;
	struct iommu_msi_space *space;
	int rc;

	if (copy_from_user(&map, arg, minsz))
		return -EFAULT;
	if (map.argsz < minsz || map.flags || map.__reserved ||
	    map.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	if (map.iova != (unsigned long)map.iova)
		return -ERANGE;

	down_write(&iopt->iova_rwsem);
	space = iopt_msi_get_space(iopt, &iopt->msi_space);
	rc = PTR_ERR_OR_ZERO(space);
	if (!rc) {
		iommu_msi_get_geometry(space, &geometry);
		rc = map.size == geometry.granule ?
			     iommu_msi_place_fixed(space, map.index, map.iova) :
			     -EINVAL;
	}
	up_write(&iopt->iova_rwsem);
	return rc;
}

static int msi_compat_unmap(struct io_pagetable *iopt, void __user *arg)
{
	size_t minsz =
		offsetofend(struct vfio_iommu_type1_msi_unmap, __reserved);
	struct vfio_iommu_type1_msi_unmap unmap;

	if (copy_from_user(&unmap, arg, minsz))
		return -EFAULT;
	if (unmap.argsz < minsz || unmap.flags || unmap.__reserved ||
	    unmap.index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;

	down_write(&iopt->iova_rwsem);
	if (iopt->msi_space)
		iommu_msi_place_auto(iopt->msi_space, unmap.index);
	up_write(&iopt->iova_rwsem);
	return 0;
}

/**
 * iommufd_msi_compat() - Do VFIO_IOMMU_MAP_MSI and VFIO_IOMMU_UNMAP_MSI
 * @ioas: The IOAS that stands for a container
 * @cmd: The ioctl, one of the two
 * @arg: Its argument
 *
 * Context: Process context. Takes io_pagetable::iova_rwsem for write.
 * Return: What <linux/vfio_msi.h> says. There is no -ENOENT: a doorbell may be
 * placed before a device brings it.
 */
int iommufd_msi_compat(struct iommufd_ioas *ioas, unsigned int cmd,
		       void __user *arg)
{
	if (cmd == VFIO_IOMMU_MAP_MSI)
		return msi_compat_map(&ioas->iopt, arg);
	return msi_compat_unmap(&ioas->iopt, arg);
}
