/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSI doorbells of an IOAS.
 *
 * The io_pagetable owns MSI spaces: one for all its page tables, and one for each
 * page table in which user space placed doorbells. io_pagetable::iova_rwsem is the
 * owner's lock of them all. An IOAS gets its space with the first device behind an
 * IOMMU that translates MSIs, so others pay only for a test for NULL, and for an
 * empty list.
 */
#ifndef __IOMMUFD_MSI_H
#define __IOMMUFD_MSI_H

#include <linux/iommu-msi.h>

#include "iommufd_private.h"

struct iommu_msi_doorbell;
struct vfio_info_cap_header;

/*
 * MSIs of @igroup already pass through page tables of @hwpt_paging: it is attached
 * to that, or to a nested page table on top of it
 */
static inline bool iommufd_msi_stays(struct iommufd_hwpt_paging *hwpt_paging,
				     struct iommufd_group *igroup)
{
	return find_hwpt_paging(igroup->hwpt) == hwpt_paging;
}

#ifdef CONFIG_IOMMU_MSI_SPACE

struct iommu_msi_space *iopt_msi_get_space(struct io_pagetable *iopt,
					   struct iommu_msi_space **slot);
void iopt_msi_unreserve(struct io_pagetable *iopt, struct device *dev);
void iopt_msi_destroy(struct io_pagetable *iopt);
int iopt_msi_make_room(struct io_pagetable *iopt, unsigned long start,
		       unsigned long last);
int iopt_msi_evade(struct io_pagetable *iopt, unsigned long start,
		   unsigned long last);
bool iopt_msi_skip_place(struct io_pagetable *iopt, unsigned long *start,
			 unsigned long length);

int iopt_msi_collect_pinned(struct io_pagetable *iopt,
			    struct rb_root_cached *pinned);
void iopt_msi_free_pinned(struct rb_root_cached *pinned);

struct iommu_msi_space *
iommufd_msi_hwpt_space(struct iommufd_hwpt_paging *hwpt_paging);
void iommufd_msi_hwpt_drop_space(struct iommufd_hwpt_paging *hwpt_paging);
void iommufd_msi_hwpt_destroy(struct iommufd_hwpt_paging *hwpt_paging);

void iommufd_msi_use(struct iommufd_hwpt_paging *hwpt_paging);
void iommufd_msi_unuse(struct iommufd_hwpt_paging *hwpt_paging);

void iommufd_msi_bind(struct iommufd_device *idev);
int iommufd_msi_count(struct device *dev);
int iommufd_msi_check_attach(struct iommufd_hwpt_paging *hwpt_paging,
			     struct iommufd_device *idev);
int iommufd_msi_reserve(struct iommufd_hwpt_paging *hwpt_paging,
			struct iommufd_device *idev);
int iommufd_msi_attached(struct iommufd_hwpt_paging *hwpt_paging,
			 struct iommufd_device *idev);

int iommufd_msi_pin(struct iommufd_hw_pagetable *hwpt, struct device *dev);
int iommufd_msi_pin_group(struct iommufd_hw_pagetable *hwpt,
			  struct iommufd_group *igroup);
void iommufd_msi_unpin_group(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_group *igroup);

int iommufd_msi_begin_move(struct iommufd_hwpt_paging *hwpt_paging,
			   struct iommufd_group *igroup);
void iommufd_msi_end_move(struct iommufd_hwpt_paging *hwpt_paging,
			  struct iommufd_group *igroup, bool moved);

void iommufd_msi_begin_leave(struct iommufd_hw_pagetable *hwpt,
			     struct iommufd_group *igroup);
void iommufd_msi_end_leave(struct iommufd_hw_pagetable *hwpt,
			   struct iommufd_group *igroup, bool left);
void iommufd_msi_begin_detach(struct iommufd_hw_pagetable *hwpt,
			      struct iommufd_device *idev);
void iommufd_msi_end_detach(struct iommufd_hw_pagetable *hwpt,
			    struct iommufd_device *idev);

void iommufd_msi_describe(unsigned long index,
			  const struct iommu_msi_state *state,
			  struct iommu_msi_doorbell *entry);
int iommufd_msi_fill_cap(struct iommufd_ioas *ioas,
			 struct vfio_info_cap_header __user *cur, size_t avail);
int iommufd_msi_compat(struct iommufd_ioas *ioas, unsigned int cmd,
		       void __user *arg);

#else /* CONFIG_IOMMU_MSI_SPACE */

static inline void iopt_msi_unreserve(struct io_pagetable *iopt,
				      struct device *dev)
{
}

static inline void iopt_msi_destroy(struct io_pagetable *iopt)
{
}

static inline int iopt_msi_make_room(struct io_pagetable *iopt,
				     unsigned long start, unsigned long last)
{
	return 0;
}

static inline int iopt_msi_evade(struct io_pagetable *iopt, unsigned long start,
				 unsigned long last)
{
	return 0;
}

static inline bool iopt_msi_skip_place(struct io_pagetable *iopt,
				       unsigned long *start,
				       unsigned long length)
{
	return false;
}

static inline int iopt_msi_collect_pinned(struct io_pagetable *iopt,
					  struct rb_root_cached *pinned)
{
	return 0;
}

static inline void iopt_msi_free_pinned(struct rb_root_cached *pinned)
{
}

static inline void
iommufd_msi_hwpt_destroy(struct iommufd_hwpt_paging *hwpt_paging)
{
}

static inline void iommufd_msi_bind(struct iommufd_device *idev)
{
}

static inline void iommufd_msi_use(struct iommufd_hwpt_paging *hwpt_paging)
{
}

static inline void iommufd_msi_unuse(struct iommufd_hwpt_paging *hwpt_paging)
{
}

static inline int
iommufd_msi_check_attach(struct iommufd_hwpt_paging *hwpt_paging,
			 struct iommufd_device *idev)
{
	return 0;
}

static inline int iommufd_msi_reserve(struct iommufd_hwpt_paging *hwpt_paging,
				      struct iommufd_device *idev)
{
	return 0;
}

static inline int iommufd_msi_attached(struct iommufd_hwpt_paging *hwpt_paging,
				       struct iommufd_device *idev)
{
	return 0;
}

static inline int iommufd_msi_pin(struct iommufd_hw_pagetable *hwpt,
				  struct device *dev)
{
	return 0;
}

static inline int iommufd_msi_pin_group(struct iommufd_hw_pagetable *hwpt,
					struct iommufd_group *igroup)
{
	return 0;
}

static inline void iommufd_msi_unpin_group(struct iommufd_hw_pagetable *hwpt,
					   struct iommufd_group *igroup)
{
}

static inline int
iommufd_msi_begin_move(struct iommufd_hwpt_paging *hwpt_paging,
		       struct iommufd_group *igroup)
{
	return 0;
}

static inline void iommufd_msi_end_move(struct iommufd_hwpt_paging *hwpt_paging,
					struct iommufd_group *igroup,
					bool moved)
{
}

static inline void iommufd_msi_begin_leave(struct iommufd_hw_pagetable *hwpt,
					   struct iommufd_group *igroup)
{
}

static inline void iommufd_msi_end_leave(struct iommufd_hw_pagetable *hwpt,
					 struct iommufd_group *igroup,
					 bool left)
{
}

static inline void iommufd_msi_begin_detach(struct iommufd_hw_pagetable *hwpt,
					    struct iommufd_device *idev)
{
}

static inline void iommufd_msi_end_detach(struct iommufd_hw_pagetable *hwpt,
					  struct iommufd_device *idev)
{
}

static inline int iommufd_msi_fill_cap(struct iommufd_ioas *ioas,
				       struct vfio_info_cap_header __user *cur,
				       size_t avail)
{
	return 0;
}

static inline int iommufd_msi_compat(struct iommufd_ioas *ioas,
				     unsigned int cmd, void __user *arg)
{
	return -ENOIOCTLCMD;
}

#endif /* CONFIG_IOMMU_MSI_SPACE */

#endif
