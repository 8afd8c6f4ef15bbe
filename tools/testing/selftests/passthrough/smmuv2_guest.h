/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that owns stage 1 on an Arm SMMUv2: memory at an IPA, with tables at its start
 * and marked pages at its end, and a device behind a vIOMMU. A failure in a helper is a
 * failure of the test that called it.
 */
#ifndef SELFTESTS_VFIO_SMMUV2_GUEST_H
#define SELFTESTS_VFIO_SMMUV2_GUEST_H

#include <sys/eventfd.h>

#include "smmuv2_setup.h"

/* All parts are multiples of the largest granule */
#define RAM2_IPA 0x40000000ULL
#define TABLES2_LENGTH 0x40000ULL
#define DATA2_LENGTH 0x10000ULL
#define DATA2_PAGES 3
#define RAM2_LENGTH (TABLES2_LENGTH + DATA2_PAGES * DATA2_LENGTH)
#define NOWHERE_IPA 0x80000000ULL
/* Within the reach of one table of each granule */
#define DATA2_VA 0x10000ULL
#define VIRTUAL_SID 0xabcd
#define OTHER_VIRTUAL_SID 0x1234

struct guest2 {
	int iommufd;
	__u32 ioas, parent, viommu, vdevice;
	struct mapping ram;
	struct tables tables;
	struct device dev;
	unsigned int sid;
	struct marked data[DATA2_PAGES]; /* parts of the memory, at their IPAs */
};

/* What one entry of the guest's tables maps */
static inline __u64 page2(const struct guest2 *g)
{
	return 1ULL << g->tables.granule;
}

/* Where the guest maps page @n for the device, as a 49-bit bus address */
static inline __u64 data2_va(const struct guest2 *g, unsigned int n)
{
	__u64 low = DATA2_VA + n * DATA2_LENGTH;
	__u64 top = 1ULL << 49;

	return g->tables.high ? top - (1ULL << tables_bits(&g->tables)) + low :
				low;
}

static inline void guest2_make_data(struct guest2 *g)
{
	unsigned int n;

	for (n = 0; n < DATA2_PAGES; n++) {
		__u64 offset = TABLES2_LENGTH + n * DATA2_LENGTH;

		g->data[n].memory = (struct mapping){
			.va = g->ram.va + offset,
			.iova = RAM2_IPA + offset,
			.length = page2(g),
		};
		mark(&g->data[n].memory, g->data[n].mark);
	}
}

/* Map the tables and each part of the data as areas that can be unmapped separately */
static inline void guest2_map_ram(struct __test_metadata *_metadata,
				  struct guest2 *g)
{
	__u64 offset, length = TABLES2_LENGTH;

	for (offset = 0; offset < RAM2_LENGTH; offset += length) {
		length = offset ? DATA2_LENGTH : TABLES2_LENGTH;
		ASSERT_EQ(0, ioas_map(g->iommufd, g->ioas, g->ram.va + offset,
				      length, RAM2_IPA + offset));
	}
}

/* A guest with the device @nth of VFIO_EDU, attached to nothing */
static inline void guest2_open_nth(struct __test_metadata *_metadata,
				   struct guest2 *g, enum granule granule,
				   unsigned int nth)
{
	memset(g, 0, sizeof(*g));
	ASSERT_NE(NULL, edu_name(nth));
	g->sid = walker_sid(edu_name(nth));
	ASSERT_EQ(0, memory_alloc(&g->ram, RAM2_LENGTH));
	g->ram.iova = RAM2_IPA;
	tables_init(&g->tables, &g->ram, RAM2_IPA, granule);
	guest2_make_data(g);
	g->iommufd = iommufd_open();
	ASSERT_LE(0, g->iommufd);
	ASSERT_EQ(0, ioas_alloc(g->iommufd, &g->ioas));
	guest2_map_ram(_metadata, g);
	ASSERT_EQ(0, device_open(&g->dev, edu_name(nth), g->iommufd));
	ASSERT_EQ(0, nest_parent_alloc(g->iommufd, g->dev.id, g->ioas,
				       &g->parent));
	g->dev.stage2 = g->parent;
	ASSERT_EQ(0, smmuv2_viommu_alloc(g->iommufd, g->dev.id, g->parent,
					 &g->viommu));
	ASSERT_EQ(0, vdevice_alloc(g->iommufd, g->viommu, g->dev.id,
				   VIRTUAL_SID, &g->vdevice));
}

static inline void guest2_open(struct __test_metadata *_metadata,
			       struct guest2 *g, enum granule granule)
{
	guest2_open_nth(_metadata, g, granule, 0);
}

static inline void guest2_close(struct guest2 *g)
{
	device_close(&g->dev);
	close(g->iommufd);
	memory_free(&g->ram);
}

/* Write the guest's table entry for its page @n */
static inline void guest2_map_ipa(struct guest2 *g, unsigned int n, __u64 ipa,
				  __u64 flags)
{
	tables_map(&g->tables, data2_va(g, n), ipa, flags);
}

static inline void guest2_map(struct guest2 *g, unsigned int n, __u64 flags)
{
	guest2_map_ipa(g, n, g->data[n].memory.iova, flags);
}

/* A context bank with the guest's tables, as the guest wrote its registers */
static inline __u32 guest2_bank(struct __test_metadata *_metadata,
				struct guest2 *g)
{
	struct iommu_hwpt_arm_smmuv2 bank = tables_bank(&g->tables);
	__u32 hwpt = 0;

	EXPECT_EQ(0, smmuv2_nested_alloc(g->iommufd, g->viommu, g->dev.id,
					 &bank, &hwpt));
	return hwpt;
}

static inline __u32 guest2_attach(struct __test_metadata *_metadata,
				  struct guest2 *g)
{
	__u32 hwpt = guest2_bank(_metadata, g);

	EXPECT_EQ(0, device_attach(&g->dev, hwpt));
	return hwpt;
}

/* The VMM maps page @n of the data anew, for @flags only */
static inline void guest2_remap(struct __test_metadata *_metadata,
				struct guest2 *g, unsigned int n, __u32 flags)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = g->ioas,
		.user_va = (uintptr_t)g->data[n].memory.va,
		.length = DATA2_LENGTH,
		.iova = g->data[n].memory.iova,
	};

	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, map.iova, map.length));
	ASSERT_EQ(0, ioctl(g->iommufd, IOMMU_IOAS_MAP, &map));
}

/* The device reaches page @n of the data, through both stages */
static inline void expect_data(struct __test_metadata *_metadata,
			       struct guest2 *g, unsigned int n,
			       const char *access)
{
	ASK("leads %u %#llx %#llx %s %s", g->sid, data2_va(g, n), page2(g),
	    access, g->data[n].mark);
}

#endif
