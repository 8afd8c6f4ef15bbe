/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that a user can create in any number, with a guest to create them for. Each call
 * creates one more, and its memory is charged to the user's control group.
 */
#ifndef SELFTESTS_VFIO_NESTED_KINDS_H
#define SELFTESTS_VFIO_NESTED_KINDS_H

#include "nested_setup.h"

/* iommufd compares a new page table with all others of the IOAS: limit them */
#define PARENTS_OF_AN_IOAS 512

struct kind {
	int (*make)(struct guest *g, unsigned int n);
	unsigned int count;
	long least; /* bytes that each takes at least */
};

/* Each mapping needs its own table */
static inline int map_far_apart(struct guest *g, unsigned int n)
{
	return ioas_map(g->iommufd, g->ioas, g->ram.va, PAGE,
			0x1000000000ULL + n * STAGE1_BLOCK);
}

static inline int make_ioas_with_places(struct guest *g, unsigned int n)
{
	unsigned int index;
	__u32 ioas;
	int ret;

	ret = ioas_alloc(g->iommufd, &ioas);
	for (index = 0; !ret && index < IOMMU_MSI_MAX_DOORBELLS; index += 32)
		ret = msi_place(g->iommufd, ioas, IOMMU_MSI_PLACEMENT_FIXED,
				index, MSI_WINDOW_IOVA + index * PAGE, 0);
	return ret;
}

static inline int make_parent(struct guest *g, unsigned int n)
{
	__u32 id;

	return nest_parent_alloc(g->iommufd, g->edu[0].dev.id, g->ioas, &id);
}

/* Without mappings, and many per IOAS: the lowest cost of a VMID */
static inline int make_small_parent(struct guest *g, unsigned int n)
{
	static __u32 ioas;
	int ret = 0;
	__u32 id;

	if (!(n % PARENTS_OF_AN_IOAS))
		ret = ioas_alloc(g->iommufd, &ioas);
	return ret ? ret :
		     nest_parent_alloc(g->iommufd, g->edu[0].dev.id, ioas, &id);
}

static inline int make_viommu(struct guest *g, unsigned int n)
{
	__u32 id;

	return viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent, &id);
}

static inline int make_page_table(struct guest *g, unsigned int n)
{
	__u32 id;

	return nested_alloc(g->iommufd, g->viommu, g->edu[0].dev.id,
			    ste_bypass(), &id);
}

#endif
