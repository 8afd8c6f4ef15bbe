// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of MSI spaces: the placement rule as a table, reserving and moving
 * places, mapping doorbells and counting vectors.
 *
 * The owner is an interval tree of taken ranges, the domain a page table of one
 * bit per page, the interrupt controller an irq_domain that only enumerates.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "msi-placement.h"

#define WINDOW_START 0x8000000UL
#define WINDOW_LAST 0x80fffffUL
#define DOORBELL_PHYS 0x8090040UL
#define MAX_DOORBELLS 8

/* The owner */

struct msi_test_owner {
	struct kunit *test;
	struct rb_root_cached taken;
	struct rb_root_cached claimed;
	bool searched_all;
};

static void msi_test_assert_locked(void *data)
{
}

static bool msi_test_is_hole(void *data, unsigned long start,
			     unsigned long last)
{
	struct msi_test_owner *owner = data;

	return !interval_tree_iter_first(&owner->taken, start, last);
}

static bool msi_test_is_claimed(void *data, unsigned long start,
				unsigned long last)
{
	struct msi_test_owner *owner = data;

	return interval_tree_iter_first(&owner->claimed, start, last);
}

static void msi_test_walk_holes(void *data, unsigned long start,
				unsigned long last,
				void (*fn)(unsigned long start,
					   unsigned long last, void *data),
				void *fn_data)
{
	struct interval_tree_span_iter span;
	struct msi_test_owner *owner = data;

	owner->searched_all = true;
	interval_tree_for_each_span(&span, &owner->taken, start, last) {
		if (span.is_hole)
			fn(span.start_hole, span.last_hole, fn_data);
	}
}

static const struct iommu_msi_owner_ops msi_test_owner_ops = {
	.assert_locked = msi_test_assert_locked,
	.is_hole = msi_test_is_hole,
	.is_claimed = msi_test_is_claimed,
	.walk_holes = msi_test_walk_holes,
};

static struct interval_tree_node *msi_test_insert(struct kunit *test,
						  struct rb_root_cached *root,
						  unsigned long start,
						  unsigned long last)
{
	struct interval_tree_node *node;

	node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	node->start = start;
	node->last = last;
	interval_tree_insert(node, root);
	return node;
}

/* The placement rule */

struct msi_range {
	unsigned long start;
	unsigned long last;
};

struct msi_placement_case {
	const char *name;
	struct msi_range taken[4];
	struct msi_range claimed;
	struct msi_range places;
	struct msi_range avoid;
	unsigned long slot_size;
	unsigned int aperture_bits;
	bool below_4g;
	/* Expected; IOVA 0 stands for -ENOSPC */
	unsigned long iova;
	bool searches_all;
};

#define TOP(bits) ((1UL << (bits)) - 1)

static const struct msi_placement_case msi_placement_cases[] = {
	{
		.name = "empty_space_takes_first_legacy_slot",
		.iova = WINDOW_START,
	},
	{
		.name = "slots_of_64k_take_first_legacy_slot",
		.slot_size = SZ_64K,
		.iova = WINDOW_START,
	},
	{
		.name = "user_page_in_first_slot_takes_second",
		.taken = { { WINDOW_START, WINDOW_START + 0xfff } },
		.iova = WINDOW_START + SZ_4K,
	},
	{
		.name = "user_byte_in_first_slot_of_16k_takes_second",
		.slot_size = SZ_16K,
		.taken = { { WINDOW_START + 0x3fff, WINDOW_START + 0x3fff } },
		.iova = WINDOW_START + SZ_16K,
	},
	{
		.name = "only_last_legacy_slot_free_takes_it",
		.taken = { { 0, WINDOW_LAST - SZ_4K } },
		.iova = WINDOW_LAST - SZ_4K + 1,
	},
	{
		.name = "taken_window_goes_below_4g",
		.taken = { { WINDOW_START, WINDOW_LAST } },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "each_step_below_4g_is_tried",
		.taken = { { SZ_64M + SZ_4K, TOP(48) } },
		.iova = SZ_64M,
	},
	{
		.name = "all_below_4g_taken_goes_to_top_of_36_bits",
		.taken = { { 0, SZ_4G - 1 } },
		.aperture_bits = 36,
		.iova = TOP(36) + 1 - 2 * SZ_4K,
	},
	{
		.name = "all_below_4g_taken_goes_to_top_of_44_bits",
		.taken = { { 0, SZ_4G - 1 } },
		.aperture_bits = 44,
		.iova = TOP(44) + 1 - 2 * SZ_4K,
	},
	{
		.name = "packed_from_top_finds_distance_behind",
		.taken = { { 0, SZ_4G - 1 }, { TOP(48) + 1 - SZ_1G, TOP(48) } },
		.iova = TOP(48) + 1 - SZ_4K - SZ_1G,
	},
	{
		.name = "aperture_of_32_bits_stays_below",
		.taken = { { WINDOW_START, WINDOW_LAST } },
		.aperture_bits = 32,
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "all_candidates_taken_finds_highest_hole",
		.taken = { { 0, 0x12344fff },
			   { 0x12346000, 0x5000ffff },
			   { 0x50011000, TOP(48) } },
		.iova = 0x50010000,
		.searches_all = true,
	},
	{
		.name = "last_hole_too_small_for_slot_finds_next",
		.slot_size = SZ_64K,
		.taken = { { 0, 0x1234ffff },
			   { 0x12360000, 0x5000ffff },
			   { 0x50018000, TOP(48) } },
		.iova = 0x12350000,
		.searches_all = true,
	},
	{
		.name = "unaligned_hole_of_slot_size_is_none",
		.slot_size = SZ_64K,
		.taken = { { 0, 0x12347fff }, { 0x12358000, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "full_space_is_enospc",
		.taken = { { 0, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "iova_0_is_never_used",
		.taken = { { SZ_4K, TOP(48) } },
		.searches_all = true,
	},
	{
		.name = "narrow_msi_never_goes_above_4g",
		.taken = { { 0, SZ_4G - 1 } },
		.below_4g = true,
		.searches_all = true,
	},
	{
		.name = "narrow_msi_finds_last_hole_below_4g",
		.taken = { { 0, 0x12344fff }, { 0x12346000, SZ_4G - 1 } },
		.below_4g = true,
		.iova = 0x12345000,
		.searches_all = true,
	},
	{
		.name = "claimed_window_goes_below_4g",
		.claimed = { WINDOW_START, WINDOW_LAST },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "everything_claimed_takes_first_candidate",
		.claimed = { 0, TOP(48) },
		.iova = WINDOW_START,
	},
	{
		.name = "other_doorbell_in_first_slot_takes_second",
		.places = { WINDOW_START, WINDOW_START + 0xfff },
		.iova = WINDOW_START + SZ_4K,
	},
	{
		.name = "wanted_range_is_avoided",
		.avoid = { WINDOW_START - SZ_1M, WINDOW_LAST + SZ_1M },
		.iova = SZ_4G - SZ_64M,
	},
	{
		.name = "search_avoids_wanted_range_and_doorbell",
		.taken = { { 0, 0x11fff }, { 0x16000, TOP(48) } },
		.avoid = { 0x14000, 0x14fff },
		.places = { 0x15000, 0x15fff },
		.iova = 0x13000,
		.searches_all = true,
	},
};

KUNIT_ARRAY_PARAM_DESC(msi_placement, msi_placement_cases, name);

static void msi_placement_test(struct kunit *test)
{
	const struct msi_placement_case *param = test->param_value;
	struct rb_root_cached places = RB_ROOT_CACHED;
	struct msi_test_owner owner = { .test = test };
	struct msi_placement placement = {
		.ops = &msi_test_owner_ops,
		.owner = &owner,
		.places = &places,
		.slot_size = param->slot_size ?: SZ_4K,
		.window = { WINDOW_START, WINDOW_LAST },
		.last = TOP(param->aperture_bits ?: 48),
		.below_4g = param->below_4g,
		.avoid_start = param->avoid.last ? param->avoid.start : 1,
		.avoid_last = param->avoid.last,
	};
	unsigned long iova = 0;
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(param->taken); i++)
		if (param->taken[i].last)
			msi_test_insert(test, &owner.taken,
					param->taken[i].start,
					param->taken[i].last);
	if (param->claimed.last)
		msi_test_insert(test, &owner.claimed, param->claimed.start,
				param->claimed.last);
	if (param->places.last)
		msi_test_insert(test, &places, param->places.start,
				param->places.last);

	rc = msi_placement_find(&placement, &iova);
	KUNIT_EXPECT_EQ(test, rc, param->iova ? 0 : -ENOSPC);
	KUNIT_EXPECT_EQ(test, iova, param->iova);
	KUNIT_EXPECT_EQ(test, owner.searched_all, param->searches_all);
}

static void msi_placement_fills_every_slot_once(struct kunit *test)
{
	struct rb_root_cached places = RB_ROOT_CACHED;
	struct msi_test_owner owner = { .test = test };
	struct msi_placement placement = {
		.ops = &msi_test_owner_ops,
		.owner = &owner,
		.places = &places,
		.slot_size = SZ_4K,
		.window = { WINDOW_START, WINDOW_LAST },
		.last = TOP(48),
		.avoid_start = 1,
	};
	unsigned long iova;
	int i;

	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, 0, msi_placement_find(&placement, &iova));
		KUNIT_ASSERT_NULL(test,
				  interval_tree_iter_first(&places, iova,
							   iova + SZ_4K - 1));
		msi_test_insert(test, &places, iova, iova + SZ_4K - 1);
	}
}

static struct kunit_case msi_placement_test_cases[] = {
	KUNIT_CASE_PARAM(msi_placement_test, msi_placement_gen_params),
	KUNIT_CASE(msi_placement_fills_every_slot_once),
	{}
};

static struct kunit_suite msi_placement_suite = {
	.name = "iommu_msi_placement",
	.test_cases = msi_placement_test_cases,
};

/* The domain */

struct msi_test_domain {
	struct iommu_domain domain;
	struct xarray pages; /* physical page number by IOVA page number */
	int prot;
	int fail_maps; /* number of maps that fail, from now on */
};

static int msi_test_map_pages(struct iommu_domain *domain, unsigned long iova,
			      phys_addr_t paddr, size_t pgsize, size_t pgcount,
			      int prot, gfp_t gfp, size_t *mapped)
{
	struct msi_test_domain *td =
		container_of(domain, struct msi_test_domain, domain);

	if (td->fail_maps) {
		td->fail_maps--;
		return -ENOMEM;
	}
	td->prot = prot;
	*mapped = pgsize * pgcount;
	return xa_insert(&td->pages, iova / SZ_4K, xa_mk_value(paddr / SZ_4K),
			 gfp);
}

static size_t msi_test_unmap_pages(struct iommu_domain *domain,
				   unsigned long iova, size_t pgsize,
				   size_t pgcount,
				   struct iommu_iotlb_gather *gather)
{
	struct msi_test_domain *td =
		container_of(domain, struct msi_test_domain, domain);

	return xa_erase(&td->pages, iova / SZ_4K) ? pgsize * pgcount : 0;
}

static void msi_test_domain_free(struct iommu_domain *domain)
{
}

static const struct iommu_domain_ops msi_test_domain_ops = {
	.map_pages = msi_test_map_pages,
	.unmap_pages = msi_test_unmap_pages,
	.free = msi_test_domain_free,
};

static void msi_test_domain_init(struct msi_test_domain *td)
{
	xa_init(&td->pages);
	td->domain.type = IOMMU_DOMAIN_UNMANAGED;
	td->domain.ops = &msi_test_domain_ops;
	td->domain.pgsize_bitmap = SZ_4K;
	td->domain.geometry.aperture_end = TOP(48);
	td->domain.geometry.force_aperture = true;
}

static unsigned long msi_test_phys(struct msi_test_domain *td,
				   unsigned long iova)
{
	void *entry = xa_load(&td->pages, iova / SZ_4K);

	return entry ? xa_to_value(entry) * SZ_4K + iova % SZ_4K : 0;
}

/* The interrupt controller */

struct msi_test_irq_domain {
	struct irq_domain domain;
	phys_addr_t doorbells[MAX_DOORBELLS];
	size_t sizes[MAX_DOORBELLS];
	unsigned int count;
};

static int msi_test_doorbells(struct irq_domain *domain, struct device *dev,
			      irq_msi_doorbell_fn_t fn, void *data)
{
	struct msi_test_irq_domain *irq =
		container_of(domain, struct msi_test_irq_domain, domain);
	unsigned int i;
	int rc;

	for (i = 0; i < irq->count; i++) {
		rc = fn(irq->doorbells[i], irq->sizes[i], data);
		if (rc)
			return rc;
	}
	return 0;
}

static const struct irq_domain_ops msi_test_irq_ops = {
	.msi_doorbells = msi_test_doorbells,
};

static const struct irq_domain_ops msi_test_silent_irq_ops = {};

/* The whole */

struct msi_test {
	struct msi_test_owner owner;
	struct msi_test_domain domain;
	struct msi_test_domain domain2;
	struct msi_test_irq_domain irq;
	struct iommu_msi_space *space;
	struct device *dev;
	struct device *dev2;
};

static const struct iommu_msi_window msi_test_window = { WINDOW_START,
							 WINDOW_LAST };

static struct device *msi_test_device(struct kunit *test, const char *name,
				      struct msi_test_irq_domain *irq)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev_set_msi_domain(dev, &irq->domain);
	return dev;
}

static int msi_space_test_init(struct kunit *test)
{
	struct msi_test *mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	test->priv = mt;
	mt->owner.test = test;
	mt->irq.domain.ops = &msi_test_irq_ops;
	mt->irq.doorbells[0] = DOORBELL_PHYS;
	mt->irq.sizes[0] = sizeof(u32);
	mt->irq.count = 1;
	mt->dev = msi_test_device(test, "msi_test", &mt->irq);
	mt->dev2 = msi_test_device(test, "msi_test2", &mt->irq);
	msi_test_domain_init(&mt->domain);
	msi_test_domain_init(&mt->domain2);
	mt->space =
		iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mt->space);
	return 0;
}

static void msi_space_test_exit(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	iommu_msi_unreserve_device(mt->space, mt->dev);
	iommu_msi_unreserve_device(mt->space, mt->dev2);
	iommu_domain_free(&mt->domain.domain);
	iommu_domain_free(&mt->domain2.domain);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_msi_space_destroy(mt->space);
}

static void msi_test_attach(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
}

static struct iommu_msi_state msi_test_state(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state = {};
	unsigned long index = 0;

	KUNIT_ASSERT_TRUE(test,
			  iommu_msi_next_state(mt->space, &index, &state));
	return state;
}

static unsigned int msi_test_count(struct msi_test *mt)
{
	struct iommu_msi_state state;
	unsigned long index = 0;
	unsigned int count = 0;

	while (iommu_msi_next_state(mt->space, &index, &state)) {
		count++;
		index++;
	}
	return count;
}

static unsigned long msi_test_message(struct msi_desc *desc, phys_addr_t phys)
{
	struct msi_msg msg = {
		.address_lo = lower_32_bits(phys),
		.address_hi = upper_32_bits(phys),
	};

	iommu_dma_compose_msi_msg(desc, &msg);
	return ((u64)msg.address_hi << 32) | msg.address_lo;
}

static void attach_reserves_but_does_not_map(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state;

	msi_test_attach(test);
	state = msi_test_state(test);
	KUNIT_EXPECT_EQ(test, state.iova, WINDOW_START);
	KUNIT_EXPECT_EQ(test, state.length, SZ_4K);
	KUNIT_EXPECT_FALSE(test, state.mapped);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, mt->domain.domain.type, IOMMU_DOMAIN_MIXED);
}

static void first_vector_maps_and_last_unmaps(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev, .nvec_used = 4 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 5);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_EQ(test, msi_test_message(&a, DOORBELL_PHYS),
			WINDOW_START + 0x40);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_EQ(test, mt->domain.prot,
			IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO);

	iommu_dma_release_msi(&a);
	KUNIT_EXPECT_TRUE(test, msi_test_state(test).mapped);
	iommu_dma_release_msi(&b);
	KUNIT_EXPECT_FALSE(test, msi_test_state(test).mapped);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	/* A message composed now must not use the old place */
	KUNIT_EXPECT_EQ(test, msi_test_message(&a, DOORBELL_PHYS),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&a);
}

static void devices_share_doorbell(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 1);
	iommu_msi_unreserve_device(mt->space, mt->dev2);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void range_of_registers_gets_place_per_page(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.doorbells[0] = 0xf0001ff8;
	mt->irq.sizes[0] = 0x10;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 2);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc, 0xf0002000));
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + SZ_4K),
			0xf0002000);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START), 0);
	iommu_dma_release_msi(&desc);
}

static void large_slot_maps_only_page_of_register(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	iommu_msi_space_destroy(mt->space);
	mt->space =
		iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mt->space);
	mt->irq.doorbells[0] = 0xf0003040;
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc, 0xf0003040));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).length, SZ_64K);
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, 0xf0003040),
			WINDOW_START + 0x3040);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x3040),
			0xf0003040);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x2000),
			0);
	iommu_dma_release_msi(&desc);
}

static void map_over_unused_doorbell_moves_it(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, SZ_4G - SZ_64M);
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, WINDOW_START,
						      WINDOW_LAST));
}

static void map_over_used_doorbell_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
}

static void no_room_for_all_moves_none(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state;
	unsigned long index;

	mt->irq.doorbells[1] = DOORBELL_PHYS + SZ_64K;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	msi_test_attach(test);
	/* One hole for two doorbells */
	msi_test_insert(test, &mt->owner.taken, 0, 0x12344fff);
	msi_test_insert(test, &mt->owner.taken, 0x12346000, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	for (index = 0; index < 2; index++) {
		KUNIT_ASSERT_TRUE(test, iommu_msi_next_state(mt->space, &index,
							     &state));
		KUNIT_EXPECT_EQ(test, state.iova, WINDOW_START + index * SZ_4K);
	}
}

static void full_space_refuses_device_and_keeps_nothing(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_test_insert(test, &mt->owner.taken, SZ_8K, ULONG_MAX);
	mt->irq.doorbells[1] = DOORBELL_PHYS + SZ_64K;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void failed_map_leaves_no_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	mt->domain.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 0);
	KUNIT_EXPECT_NULL(test, desc.iommu_doorbell);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_dma_release_msi(&desc);
}

static void doorbell_without_reservation_is_refused(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS + SZ_64K));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
}

static void
silent_controller_gets_place_bound_by_first_vector(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc a = { .dev = mt->dev, .nvec_used = 1 };
	struct msi_desc b = { .dev = mt->dev, .nvec_used = 1 };

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &a, DOORBELL_PHYS));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &b, DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 2);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&a);
	iommu_dma_release_msi(&b);
}

static void device_without_msi_domain_needs_no_place(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	dev_set_msi_domain(mt->dev, NULL);
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
}

static void doorbell_outlives_detached_device(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_msi_unreserve_device(mt->space, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_EQ(test, msi_test_count(mt), 0);
	/* The idle doorbell holds its place no longer than until asked */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mt->space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_NULL(test, iommu_msi_first_place(mt->space, 0, ULONG_MAX));
}

static void vector_outlives_domain_and_space(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	iommu_msi_unreserve_device(mt->space, mt->dev);
	iommu_domain_free(&mt->domain.domain);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	iommu_msi_space_destroy(mt->space);
	iommu_dma_release_msi(&desc);

	mt->space =
		iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mt->space);
}

static void msi_test_join_second(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_join(mt->space, &mt->domain2.domain));
}

static void moving_device_finds_doorbell_in_new_domain(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	msi_test_join_second(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_populate(&mt->domain2.domain, mt->dev));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_populate(&mt->domain2.domain, mt->dev));
	iommu_msi_settle(&mt->domain2.domain, mt->dev);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain2, WINDOW_START + 0x40),
			DOORBELL_PHYS);
	iommu_dma_release_msi(&desc);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
}

static void vector_during_move_maps_doorbell_in_both_domains(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	msi_test_join_second(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_populate(&mt->domain2.domain, mt->dev));
	mt->domain2.fail_maps = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_FALSE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_FALSE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);

	iommu_msi_settle(&mt->domain2.domain, mt->dev);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);
}

static void domain_gets_no_doorbell_of_other_devices(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	mt->irq.doorbells[0] = DOORBELL_PHYS + SZ_64K;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev2,
						 &msi_test_window));
	msi_test_join_second(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_populate(&mt->domain2.domain, mt->dev2));
	iommu_msi_settle(&mt->domain2.domain, mt->dev2);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);
}

static void device_with_vectors_cannot_change_space(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc init = { .nvec_used = 1 };
	struct iommu_msi_space *other;
	struct msi_desc *desc;

	msi_test_attach(test);
	mt->irq.domain.flags = IRQ_DOMAIN_FLAG_MSI_PARENT;
	KUNIT_ASSERT_EQ(test, 0, msi_setup_device_data(mt->dev));
	msi_lock_descs(mt->dev);
	KUNIT_EXPECT_EQ(test, 0, msi_insert_msi_desc(mt->dev, &init));
	desc = msi_first_desc(mt->dev, MSI_DESC_ALL);
	msi_unlock_descs(mt->dev);
	KUNIT_ASSERT_NOT_NULL(test, desc);
	desc->irq = 1;
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, desc, DOORBELL_PHYS));
	other = iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);

	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_reserve_device(other, mt->dev,
						 &msi_test_window));
	iommu_dma_release_msi(desc);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_reserve_device(other, mt->dev,
						 &msi_test_window));
	iommu_msi_unreserve_device(other, mt->dev);
	iommu_msi_space_destroy(other);
	desc->irq = 0;
	/* The MSI core frees nothing below a domain that it did not make */
	dev_set_msi_domain(mt->dev, NULL);
	msi_lock_descs(mt->dev);
	msi_free_msi_descs(mt->dev);
	msi_unlock_descs(mt->dev);
}

static void narrow_domain_refuses_doorbell_in_use_beyond(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct msi_desc desc = { .dev = mt->dev, .nvec_used = 1 };

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, &desc,
				      DOORBELL_PHYS));
	mt->domain2.domain.geometry.aperture_end = WINDOW_START - 1;
	msi_test_join_second(test);
	KUNIT_EXPECT_EQ(test, -EADDRINUSE,
			iommu_msi_populate(&mt->domain2.domain, mt->dev));
	iommu_msi_settle(&mt->domain2.domain, mt->dev);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_dma_release_msi(&desc);
}

static void foreign_domains_cannot_join(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_space *other;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));

	mt->domain2.domain.pgsize_bitmap = SZ_64K;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	mt->domain2.domain.pgsize_bitmap = SZ_4K;
	mt->domain2.domain.type = IOMMU_DOMAIN_DMA;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(mt->space, &mt->domain2.domain));
	mt->domain2.domain.type = IOMMU_DOMAIN_UNMANAGED;

	other = iommu_msi_space_create(&msi_test_owner_ops, &mt->owner, SZ_4K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_msi_join(other, &mt->domain.domain));
	iommu_msi_space_destroy(other);
}

static struct kunit_case msi_space_test_cases[] = {
	KUNIT_CASE(attach_reserves_but_does_not_map),
	KUNIT_CASE(first_vector_maps_and_last_unmaps),
	KUNIT_CASE(devices_share_doorbell),
	KUNIT_CASE(range_of_registers_gets_place_per_page),
	KUNIT_CASE(large_slot_maps_only_page_of_register),
	KUNIT_CASE(map_over_unused_doorbell_moves_it),
	KUNIT_CASE(map_over_used_doorbell_is_refused),
	KUNIT_CASE(no_room_for_all_moves_none),
	KUNIT_CASE(full_space_refuses_device_and_keeps_nothing),
	KUNIT_CASE(failed_map_leaves_no_vector),
	KUNIT_CASE(doorbell_without_reservation_is_refused),
	KUNIT_CASE(silent_controller_gets_place_bound_by_first_vector),
	KUNIT_CASE(device_without_msi_domain_needs_no_place),
	KUNIT_CASE(doorbell_outlives_detached_device),
	KUNIT_CASE(vector_outlives_domain_and_space),
	KUNIT_CASE(moving_device_finds_doorbell_in_new_domain),
	KUNIT_CASE(vector_during_move_maps_doorbell_in_both_domains),
	KUNIT_CASE(domain_gets_no_doorbell_of_other_devices),
	KUNIT_CASE(device_with_vectors_cannot_change_space),
	KUNIT_CASE(narrow_domain_refuses_doorbell_in_use_beyond),
	KUNIT_CASE(foreign_domains_cannot_join),
	{}
};

static struct kunit_suite msi_space_suite = {
	.name = "iommu_msi_space",
	.init = msi_space_test_init,
	.exit = msi_space_test_exit,
	.test_cases = msi_space_test_cases,
};

kunit_test_suites(&msi_placement_suite, &msi_space_suite);

MODULE_DESCRIPTION("KUnit tests of MSI spaces");
MODULE_LICENSE("GPL");
