/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI doorbells of a type1 container.
 *
 * The container owns an MSI space, see include/linux/iommu-msi.h; the lock of struct
 * vfio_iommu is the owner's lock of it, and is held over all calls but
 * vfio_msi_read_request(). A container gets its space with the first group behind an
 * IOMMU that translates MSIs, so others pay only for a test for NULL.
 */
#ifndef __VFIO_IOMMU_TYPE1_MSI_H
#define __VFIO_IOMMU_TYPE1_MSI_H

#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/kconfig.h>

struct vfio_info_cap;
struct vfio_iommu_type1_info_cap_msi;

/**
 * struct vfio_msi_request - What VFIO_IOMMU_MAP_MSI or VFIO_IOMMU_UNMAP_MSI asks for
 * @index: Index of the doorbell
 * @fixed: The doorbell is placed at @iova; if not, the kernel chooses its IOVA
 * @iova: Its first IOVA in bytes
 * @size: Length of its IOVAs in bytes, which has to be the granule
 */
struct vfio_msi_request {
	u32 index;
	bool fixed;
	unsigned long iova;
	u64 size;
};

/*
 * A region of type IOMMU_RESV_SW_MSI is where an IOMMU driver would put doorbells.
 * They are placed, so nothing has to be kept free there.
 */
static inline bool vfio_msi_is_placed(const struct iommu_resv_region *region)
{
	return IS_ENABLED(CONFIG_IOMMU_MSI_SPACE) &&
	       region->type == IOMMU_RESV_SW_MSI;
}

#ifdef CONFIG_IOMMU_MSI_SPACE

bool vfio_msi_find_window(struct iommu_group *group,
			  struct iommu_msi_window *window);
int vfio_msi_evade(struct iommu_msi_space *space,
		   const struct list_head *resv_regions,
		   const struct iommu_domain_geometry *geometry);
int vfio_msi_add_cap(struct iommu_msi_space *space, unsigned long first,
		     unsigned long last, struct vfio_info_cap *caps);
int vfio_msi_list_pinned(struct iommu_msi_space *space,
			 struct list_head *regions);
int vfio_msi_read_request(unsigned int cmd, void __user *arg,
			  struct vfio_msi_request *request);
int vfio_msi_place(struct iommu_msi_space *space,
		   const struct vfio_msi_request *request);
#if IS_ENABLED(CONFIG_KUNIT)
void vfio_msi_fill_cap(struct iommu_msi_space *space,
		       struct vfio_iommu_type1_info_cap_msi *cap, u32 room);
#endif

#else /* CONFIG_IOMMU_MSI_SPACE */

static inline bool vfio_msi_find_window(struct iommu_group *group,
					struct iommu_msi_window *window)
{
	return false;
}

static inline int vfio_msi_evade(struct iommu_msi_space *space,
				 const struct list_head *resv_regions,
				 const struct iommu_domain_geometry *geometry)
{
	return 0;
}

static inline int vfio_msi_add_cap(struct iommu_msi_space *space,
				   unsigned long first, unsigned long last,
				   struct vfio_info_cap *caps)
{
	return 0;
}

static inline int vfio_msi_list_pinned(struct iommu_msi_space *space,
				       struct list_head *regions)
{
	return 0;
}

static inline int vfio_msi_read_request(unsigned int cmd, void __user *arg,
					struct vfio_msi_request *request)
{
	return -ENOTTY;
}

static inline int vfio_msi_place(struct iommu_msi_space *space,
				 const struct vfio_msi_request *request)
{
	return -ENOTTY;
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif
