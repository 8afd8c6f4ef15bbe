// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the DMA API's MSI spaces: where doorbells come to lie, that they
 * stay, and that nothing is left of those that could not be mapped.
 *
 * The IOVA allocator is the real one. The domain remembers what is mapped.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/msi.h>
#include <linux/sizes.h>

#include "dma-iommu.h"

#define DOORBELL_PHYS 0x8090040UL
#define HW_REGION_START 0xc6000000UL
#define HW_REGION_SIZE SZ_64K
#define MAX_MAPPINGS 64

struct dma_test_mapping {
	unsigned long iova;
	phys_addr_t phys;
	size_t size;
};

struct dma_test {
	struct iommu_domain domain;
	struct dma_test_mapping mappings[MAX_MAPPINGS];
	unsigned int count;
	bool fail_map;
	struct iommu_device iommu_device;
	struct dev_iommu dev_iommu;
	struct device *dev;
	u64 dma_mask;
};

/* The domain */

static int dma_test_map_pages(struct iommu_domain *domain, unsigned long iova,
			      phys_addr_t paddr, size_t pgsize, size_t pgcount,
			      int prot, gfp_t gfp, size_t *mapped)
{
	struct dma_test *dt = container_of(domain, struct dma_test, domain);

	if (dt->fail_map || dt->count == MAX_MAPPINGS)
		return -ENOMEM;
	*mapped = pgsize * pgcount;
	dt->mappings[dt->count++] =
		(struct dma_test_mapping){ iova, paddr, *mapped };
	return 0;
}

static size_t dma_test_unmap_pages(struct iommu_domain *domain,
				   unsigned long iova, size_t pgsize,
				   size_t pgcount,
				   struct iommu_iotlb_gather *gather)
{
	struct dma_test *dt = container_of(domain, struct dma_test, domain);
	unsigned int i;

	for (i = 0; i < dt->count; i++) {
		if (dt->mappings[i].iova != iova)
			continue;
		dt->mappings[i] = dt->mappings[--dt->count];
		return pgsize * pgcount;
	}
	return 0;
}

static void dma_test_domain_free(struct iommu_domain *domain)
{
}

static const struct iommu_domain_ops dma_test_domain_ops = {
	.map_pages = dma_test_map_pages,
	.unmap_pages = dma_test_unmap_pages,
	.free = dma_test_domain_free,
};

/* Physical address that a write of the device to @iova ends at, or 0 */
static phys_addr_t dma_test_translate(struct dma_test *dt, u64 iova)
{
	unsigned int i;

	for (i = 0; i < dt->count; i++)
		if (iova - dt->mappings[i].iova < dt->mappings[i].size)
			return dt->mappings[i].phys + iova -
			       dt->mappings[i].iova;
	return 0;
}

/* The device and its IOMMU */

static void dma_test_get_resv_regions(struct device *dev,
				      struct list_head *head)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(HW_REGION_START, HW_REGION_SIZE, 0,
					 IOMMU_RESV_MSI, GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, head);
}

static const struct iommu_ops dma_test_iommu_ops = {
	.get_resv_regions = dma_test_get_resv_regions,
};

static void dma_test_domain_init(struct dma_test *dt, unsigned int type)
{
	dt->domain.type = type;
	dt->domain.ops = &dma_test_domain_ops;
	dt->domain.pgsize_bitmap = PAGE_SIZE;
	dt->domain.geometry.aperture_end = DMA_BIT_MASK(48);
	dt->domain.geometry.force_aperture = true;
}

static int dma_test_init(struct kunit *test)
{
	struct dma_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dt);
	test->priv = dt;
	dt->dev = kunit_device_register(test, "dma_test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dt->dev);
	dt->dma_mask = DMA_BIT_MASK(48);
	dt->dev->dma_mask = &dt->dma_mask;
	dt->iommu_device.ops = &dma_test_iommu_ops;
	dt->dev_iommu.iommu_dev = &dt->iommu_device;
	dt->dev->iommu = &dt->dev_iommu;
	dma_test_domain_init(dt, IOMMU_DOMAIN_DMA);
	KUNIT_ASSERT_EQ(test, 0, iommu_get_dma_cookie(&dt->domain));
	return iommu_dma_init_domain(&dt->domain, dt->dev);
}

static void dma_test_exit(struct kunit *test)
{
	struct dma_test *dt = test->priv;

	iommu_domain_free(&dt->domain);
	KUNIT_EXPECT_EQ(test, dt->count, 0);
	dt->dev->iommu = NULL;
	dt->dev->dma_mask = &dt->dev->coherent_dma_mask;
}

/* Set up a vector; returns the address that the device will write to */
static u64 dma_test_vector(struct kunit *test, struct msi_desc *desc,
			   phys_addr_t phys)
{
	struct msi_msg msg = {
		.address_lo = lower_32_bits(phys),
		.address_hi = upper_32_bits(phys),
	};
	struct dma_test *dt = test->priv;

	desc->dev = dt->dev;
	desc->nvec_used = 1;
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_map(&dt->domain, desc, phys));
	iommu_dma_compose_msi_msg(desc, &msg);
	return ((u64)msg.address_hi << 32) | msg.address_lo;
}

static void first_vector_maps_its_doorbell(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc desc = {};
	u64 iova;

	KUNIT_EXPECT_EQ(test, dt->count, 0);
	iova = dma_test_vector(test, &desc, DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, dt->count, 1);
	KUNIT_EXPECT_EQ(test, dma_test_translate(dt, iova), DOORBELL_PHYS);
	/* The type is what sysfs and the DMA API know it by */
	KUNIT_EXPECT_EQ(test, dt->domain.type, IOMMU_DOMAIN_DMA);
	iommu_dma_release_msi(&desc);
}

static void doorbell_is_no_iova_of_dma(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc desc = {};
	dma_addr_t iova;
	int i;

	dma_test_vector(test, &desc, DOORBELL_PHYS);
	for (i = 0; i < 64; i++) {
		iova = iommu_dma_alloc_iova(&dt->domain, PAGE_SIZE,
					    dt->dma_mask, dt->dev);
		KUNIT_ASSERT_NE(test, iova, 0);
		KUNIT_EXPECT_EQ(test, dma_test_translate(dt, iova), 0);
	}
	iommu_dma_release_msi(&desc);
}

static void doorbell_stays_after_last_vector(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc desc = {};
	u64 iova;

	iova = dma_test_vector(test, &desc, DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_NULL(test, desc.iommu_doorbell);
	KUNIT_EXPECT_EQ(test, dma_test_translate(dt, iova), DOORBELL_PHYS);
}

static void later_vector_finds_doorbell_again(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc a = {}, b = {};
	u64 iova;

	iova = dma_test_vector(test, &a, DOORBELL_PHYS);
	iommu_dma_release_msi(&a);
	/* Another map would fail */
	dt->fail_map = true;
	KUNIT_EXPECT_EQ(test, iova, dma_test_vector(test, &a, DOORBELL_PHYS));
	/* Another register of the same page */
	KUNIT_EXPECT_EQ(test, iova + 8,
			dma_test_vector(test, &b, DOORBELL_PHYS + 8));
	KUNIT_EXPECT_EQ(test, dt->count, 1);
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
}

static void each_doorbell_has_a_place_of_its_own(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc *descs;
	phys_addr_t phys;
	u64 iova;
	int i;

	descs = kunit_kcalloc(test, MAX_MAPPINGS, sizeof(*descs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, descs);
	for (i = 0; i < MAX_MAPPINGS; i++) {
		phys = DOORBELL_PHYS + i * SZ_64K;
		iova = dma_test_vector(test, &descs[i], phys);
		KUNIT_EXPECT_EQ(test, dma_test_translate(dt, iova), phys);
	}
	KUNIT_EXPECT_EQ(test, dt->count, MAX_MAPPINGS);
	for (i = 0; i < MAX_MAPPINGS; i++)
		iommu_dma_release_msi(&descs[i]);
}

static void vector_outlives_domain(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc desc = {};

	dma_test_vector(test, &desc, DOORBELL_PHYS);
	iommu_domain_free(&dt->domain);
	KUNIT_EXPECT_EQ(test, dt->count, 0);
	iommu_dma_release_msi(&desc);
}

static void doorbell_in_hw_msi_region_keeps_its_address(struct kunit *test)
{
	const phys_addr_t last_page =
		HW_REGION_START + HW_REGION_SIZE - PAGE_SIZE;
	struct dma_test *dt = test->priv;
	struct msi_desc a = {}, b = {}, c = {};

	KUNIT_EXPECT_EQ(test, HW_REGION_START + 0x40,
			dma_test_vector(test, &a, HW_REGION_START + 0x40));
	KUNIT_EXPECT_EQ(test, last_page, dma_test_vector(test, &b, last_page));
	KUNIT_EXPECT_EQ(test, dt->count, 0);
	/* The page behind it is translated like any other */
	dma_test_vector(test, &c, last_page + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dt->count, 1);
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
	iommu_dma_release_msi(&c);
}

static void exhausted_allocator_leaves_no_doorbell(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct msi_desc desc = { .dev = dt->dev, .nvec_used = 1 };

	/* No page but the first, which is never given away */
	dt->dma_mask = PAGE_SIZE - 1;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&dt->domain, &desc, DOORBELL_PHYS));
	KUNIT_EXPECT_NULL(test, desc.iommu_doorbell);
	KUNIT_EXPECT_EQ(test, dt->count, 0);

	dt->dma_mask = DMA_BIT_MASK(48);
	dma_test_vector(test, &desc, DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
}

/* An owner that counts what he gave */

struct counting_owner {
	int places;
	unsigned long next;
};

static int counting_alloc_place(void *data, struct device *dev,
				phys_addr_t phys, unsigned long *iova)
{
	struct counting_owner *owner = data;

	owner->places++;
	*iova = owner->next;
	owner->next += SZ_64K;
	return 0;
}

static void counting_free_place(void *data, unsigned long iova)
{
	struct counting_owner *owner = data;

	owner->places--;
}

static const struct iommu_msi_owner_ops counting_owner_ops = {
	.alloc_place = counting_alloc_place,
	.free_place = counting_free_place,
};

/* The domain takes part in the space of @owner, with pages of 64 KiB */
static struct iommu_msi_space *counting_space(struct kunit *test,
					      struct counting_owner *owner)
{
	struct dma_test *dt = test->priv;
	struct iommu_msi_space *space;

	iommu_domain_free(&dt->domain);
	dma_test_domain_init(dt, IOMMU_DOMAIN_UNMANAGED);
	dt->domain.pgsize_bitmap = SZ_64K;
	space = iommu_msi_space_create(&counting_owner_ops, owner, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, space);
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(space, &dt->domain));
	return space;
}

static void doorbells_in_one_iommu_page_share_a_place(struct kunit *test)
{
	struct counting_owner owner = { .next = SZ_1M };
	struct iommu_msi_space *space = counting_space(test, &owner);
	struct dma_test *dt = test->priv;
	struct msi_desc a = {}, b = {};

	KUNIT_EXPECT_EQ(test, SZ_1M + 0x40,
			dma_test_vector(test, &a, 0x8090040));
	KUNIT_EXPECT_EQ(test, SZ_1M + 0x1008,
			dma_test_vector(test, &b, 0x8091008));
	KUNIT_EXPECT_EQ(test, owner.places, 1);
	KUNIT_EXPECT_EQ(test, dt->mappings[0].size, SZ_64K);
	KUNIT_EXPECT_EQ(test, dt->mappings[0].phys, 0x8090000);
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
	iommu_domain_free(&dt->domain);
	iommu_msi_space_destroy(space);
}

static void place_is_given_back_with_space(struct kunit *test)
{
	struct counting_owner owner = { .next = SZ_1M };
	struct iommu_msi_space *space = counting_space(test, &owner);
	struct dma_test *dt = test->priv;
	struct msi_desc desc = {};

	dma_test_vector(test, &desc, DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, owner.places, 1);
	iommu_domain_free(&dt->domain);
	KUNIT_EXPECT_EQ(test, owner.places, 1);
	iommu_msi_space_destroy(space);
	KUNIT_EXPECT_EQ(test, owner.places, 0);
}

static void failed_map_gives_place_back(struct kunit *test)
{
	struct counting_owner owner = { .next = SZ_1M };
	struct iommu_msi_space *space = counting_space(test, &owner);
	struct dma_test *dt = test->priv;
	struct msi_desc desc = { .dev = dt->dev, .nvec_used = 1 };

	dt->fail_map = true;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			iommu_msi_map(&dt->domain, &desc, DOORBELL_PHYS));
	KUNIT_EXPECT_NULL(test, desc.iommu_doorbell);
	KUNIT_EXPECT_EQ(test, owner.places, 0);

	dt->fail_map = false;
	dma_test_vector(test, &desc, DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, owner.places, 1);
	iommu_dma_release_msi(&desc);
	iommu_domain_free(&dt->domain);
	iommu_msi_space_destroy(space);
}

static void space_whose_owner_gives_places_has_one_domain(struct kunit *test)
{
	struct counting_owner owner = { .next = SZ_1M };
	struct iommu_msi_space *space = counting_space(test, &owner);
	struct dma_test *dt = test->priv, *other;

	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	dma_test_domain_init(other, IOMMU_DOMAIN_UNMANAGED);
	other->domain.pgsize_bitmap = SZ_64K;
	KUNIT_EXPECT_EQ(test, -EINVAL, iommu_msi_join(space, &other->domain));
	KUNIT_EXPECT_FALSE(test, iommu_domain_has_msi_space(&other->domain));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_join(space, &dt->domain));
	iommu_domain_free(&dt->domain);
	iommu_msi_space_destroy(space);
}

static struct kunit_case dma_test_cases[] = {
	KUNIT_CASE(first_vector_maps_its_doorbell),
	KUNIT_CASE(doorbell_is_no_iova_of_dma),
	KUNIT_CASE(doorbell_stays_after_last_vector),
	KUNIT_CASE(later_vector_finds_doorbell_again),
	KUNIT_CASE(each_doorbell_has_a_place_of_its_own),
	KUNIT_CASE(vector_outlives_domain),
	KUNIT_CASE(doorbell_in_hw_msi_region_keeps_its_address),
	KUNIT_CASE(exhausted_allocator_leaves_no_doorbell),
	KUNIT_CASE(doorbells_in_one_iommu_page_share_a_place),
	KUNIT_CASE(place_is_given_back_with_space),
	KUNIT_CASE(failed_map_gives_place_back),
	KUNIT_CASE(space_whose_owner_gives_places_has_one_domain),
	{}
};

static struct kunit_suite dma_test_suite = {
	.name = "iommu_msi_dma",
	.init = dma_test_init,
	.exit = dma_test_exit,
	.test_cases = dma_test_cases,
};

kunit_test_suite(dma_test_suite);

MODULE_DESCRIPTION("KUnit tests of the DMA API's MSI spaces");
MODULE_LICENSE("GPL");
