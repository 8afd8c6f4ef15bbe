// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of DMA domains: the IOVAs that they reserve for the PCI host bridge of a
 * device. The bridge exists only in memory.
 */
#include <kunit/test.h>
#include <linux/iova.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/resource_ext.h>
#include <linux/sizes.h>

#include "dma-iommu.h"

#define MAX_RANGES 4

/* A PCI function on the root bus of a host bridge that has no windows */
struct dma_test {
	struct pci_host_bridge bridge;
	struct pci_bus bus;
	struct pci_dev pdev;
	struct resource_entry ranges[MAX_RANGES];
};

/* Bus addresses; the host bridge adds OFFSET to get CPU addresses */
struct dma_test_range {
	u64 start;
	u64 last;
};

#define OFFSET SZ_1T

/* Not sorted, as firmware may list them */
static const struct dma_test_range ranges[] = {
	{ 6 * (u64)SZ_1G, 7 * (u64)SZ_1G - 1 },
	{ SZ_1G, SZ_2G - 1 },
	{ SZ_4G, 5 * (u64)SZ_1G - 1 },
	{ SZ_2G, 3 * (u64)SZ_1G - 1 },
};

static const struct dma_test_range gaps[] = {
	{ 0, SZ_1G - 1 },
	{ 3 * (u64)SZ_1G, SZ_4G - 1 },
	{ 5 * (u64)SZ_1G, 6 * (u64)SZ_1G - 1 },
	{ 7 * (u64)SZ_1G, U64_MAX },
};

static void dma_test_add_range(struct dma_test *dt, unsigned int i,
			       const struct dma_test_range *range)
{
	struct resource_entry *entry = &dt->ranges[i];

	entry->res = &entry->__res;
	entry->res->flags = IORESOURCE_MEM;
	entry->res->start = range->start + OFFSET;
	entry->res->end = range->last + OFFSET;
	entry->offset = OFFSET;
	list_add_tail(&entry->node, &dt->bridge.dma_ranges);
}

static int dma_test_init(struct kunit *test)
{
	struct dma_test *dt;
	unsigned int i;

	dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);
	if (!dt)
		return -ENOMEM;
	INIT_LIST_HEAD(&dt->bridge.windows);
	INIT_LIST_HEAD(&dt->bridge.dma_ranges);
	dt->bus.bridge = &dt->bridge.dev;
	dt->pdev.bus = &dt->bus;
	for (i = 0; i < MAX_RANGES; i++)
		dma_test_add_range(dt, i, &ranges[i]);
	test->priv = dt;
	return 0;
}

/* Reserve in a new domain, as for each group of devices of the bridge */
static int dma_test_reserve(struct dma_test *dt, struct iova_domain *iovad)
{
	*iovad = (struct iova_domain){};
	init_iova_domain(iovad, SZ_4K, 1);
	return iommu_dma_test_pci_windows(&dt->pdev, iovad);
}

/* The list has its original order */
static void dma_test_expect_list(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct resource_entry *entry;
	unsigned int i = 0;

	resource_list_for_each_entry(entry, &dt->bridge.dma_ranges)
		KUNIT_EXPECT_PTR_EQ(test, entry, &dt->ranges[i++]);
	KUNIT_EXPECT_EQ(test, i, MAX_RANGES);
}

static struct iova *dma_test_find(struct iova_domain *iovad, u64 address)
{
	return find_iova(iovad, iova_pfn(iovad, address));
}

/* The first page of a range is reserved with the gap below */
static void gaps_between_dma_ranges_are_reserved(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct iova_domain iovad;
	struct iova *iova;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, dma_test_reserve(dt, &iovad));
	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		iova = dma_test_find(&iovad, gaps[i].start);
		KUNIT_EXPECT_NOT_NULL(test, iova);
		KUNIT_EXPECT_PTR_EQ(test, iova,
				    dma_test_find(&iovad, gaps[i].last));
	}
	for (i = 0; i < MAX_RANGES; i++) {
		KUNIT_EXPECT_NULL(test, dma_test_find(&iovad,
						      ranges[i].start + SZ_4K));
		KUNIT_EXPECT_NULL(test, dma_test_find(&iovad, ranges[i].last));
	}
	put_iova_domain(&iovad);
}

/* Other domains read the list concurrently, without a lock */
static void list_of_dma_ranges_stays_as_it_is(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct iova_domain iovad;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0, dma_test_reserve(dt, &iovad));
		put_iova_domain(&iovad);
		dma_test_expect_list(test);
	}
}

/* A bug of firmware, which is reported each time */
static void overlapping_dma_ranges_are_refused_and_stay(struct kunit *test)
{
	struct dma_test *dt = test->priv;
	struct iova_domain iovad;
	unsigned int i;

	/* Same start as another range, which is listed before it */
	dt->ranges[3].res->start = SZ_1G + OFFSET;
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL, dma_test_reserve(dt, &iovad));
		put_iova_domain(&iovad);
		dma_test_expect_list(test);
	}
}

static struct kunit_case dma_test_cases[] = {
	KUNIT_CASE(gaps_between_dma_ranges_are_reserved),
	KUNIT_CASE(list_of_dma_ranges_stays_as_it_is),
	KUNIT_CASE(overlapping_dma_ranges_are_refused_and_stay),
	{}
};

static struct kunit_suite dma_test_suite = {
	.name = "iommu_dma",
	.init = dma_test_init,
	.test_cases = dma_test_cases,
};

kunit_test_suite(dma_test_suite);

MODULE_DESCRIPTION("KUnit tests of DMA domains");
MODULE_LICENSE("GPL");
