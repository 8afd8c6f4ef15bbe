/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a user can make any number of, with a guest to make it for. Each call makes one
 * more, and what it takes is charged to the user's control group.
 */
#ifndef SELFTESTS_VFIO_NESTED_KINDS_H
#define SELFTESTS_VFIO_NESTED_KINDS_H

#include "nested_setup.h"

/* iommufd compares the page tables of an IOAS with each other */
#define PARENTS_OF_AN_IOAS 512

struct kind {
	int (*make)(struct guest *g, unsigned int n);
	unsigned int count;
	long least; /* bytes that each takes at the least */
};

/* Each in a table of its own */
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

/* Without mappings, and many in an IOAS: as little as a VMID can cost */
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
