// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of IOVAs that buses do not carry, with fake host bridges, and with MSI
 * spaces that devices behind them are attached to.
 */
#include <linux/resource_ext.h>

#include "test.h"

static void bus_add(struct kunit *test, struct list_head *list,
		    unsigned long flags, u64 start, u64 last, u64 offset)
{
	struct resource_entry *entry;

	entry = kunit_kzalloc(test, sizeof(*entry), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	entry->res = &entry->__res;
	entry->res->flags = flags;
	entry->res->start = start + offset;
	entry->res->end = last + offset;
	entry->offset = offset;
	list_add_tail(&entry->node, list);
}

/* Give @pdev's host bridge a window at a bus address; the CPU's is @offset higher */
static void bus_add_window(struct kunit *test, struct pci_dev *pdev, u64 start,
			   u64 last, u64 offset)
{
	bus_add(test, &pci_find_host_bridge(pdev->bus)->windows, IORESOURCE_MEM,
		start, last, offset);
}

static void bus_add_dma_range(struct kunit *test, struct pci_dev *pdev,
			      u64 start, u64 last, u64 offset)
{
	bus_add(test, &pci_find_host_bridge(pdev->bus)->dma_ranges,
		IORESOURCE_MEM, start, last, offset);
}

/* The ranges that are not carried, in ascending order */
struct bus_range {
	u64 start;
	u64 last;
};

static void bus_expect(struct kunit *test, struct msi_bus_limits *limits,
		       const struct bus_range *expected, unsigned int count)
{
	struct interval_tree_node *node;
	unsigned int i = 0;

	for (node = interval_tree_iter_first(&limits->unreachable, 0,
					     ULONG_MAX);
	     node; node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		KUNIT_ASSERT_LT(test, i, count);
		KUNIT_EXPECT_EQ(test, node->start, expected[i].start);
		KUNIT_EXPECT_EQ(test, node->last, expected[i].last);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, count);
}

/* @pdev alone has the limits @expected, and leaves none when it is removed */
static void bus_expect_device(struct kunit *test, struct pci_dev *pdev,
			      const struct bus_range *expected,
			      unsigned int count)
{
	struct msi_bus_limits limits;
	struct msi_bus *bus;

	msi_bus_limits_init(&limits);
	bus = msi_bus_get(&limits, &pdev->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bus);
	bus_expect(test, &limits, expected, count);
	msi_bus_put(&limits, bus);
	bus_expect(test, &limits, NULL, 0);
	msi_bus_limits_destroy(&limits);
}

/* Host bridges */

static void memory_windows_are_excluded_by_bus_address(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);
	static const struct bus_range expected[] = {
		{ 0x10000000, 0x3effffff },
		{ SZ_4G, 2 * SZ_4G - 1 },
	};

	bus_add_window(test, pdev, 0x10000000, 0x3effffff, 0x8000000000);
	bus_add_window(test, pdev, SZ_4G, 2 * SZ_4G - 1, 0);
	bus_expect_device(test, pdev, expected, ARRAY_SIZE(expected));
}

static void windows_of_ports_and_buses_do_not_matter(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);
	struct list_head *windows = &pci_find_host_bridge(pdev->bus)->windows;

	bus_add(test, windows, IORESOURCE_IO, 0, 0xffff, 0x3eff0000);
	bus_add(test, windows, IORESOURCE_BUS, 0, 255, 0);
	/* A window without addresses */
	bus_add(test, windows, IORESOURCE_MEM, 0, -1ULL, 0x1000);
	bus_expect_device(test, pdev, NULL, 0);
}

static void gaps_between_dma_ranges_are_excluded(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);
	static const struct bus_range expected[] = {
		{ 0, SZ_1G - 1 },
		{ SZ_2G, SZ_4G - 1 },
		{ SZ_8G, U64_MAX },
	};

	/* Sorted by CPU addresses, as the parser does, not by bus addresses */
	bus_add_dma_range(test, pdev, SZ_4G, SZ_8G - 1, 0);
	bus_add_dma_range(test, pdev, SZ_1G, SZ_2G - 1, SZ_16G);
	/* Contained in the first one */
	bus_add_dma_range(test, pdev, SZ_4G, 5 * (u64)SZ_1G - 1, SZ_32G);
	bus_expect_device(test, pdev, expected, ARRAY_SIZE(expected));
}

static void dma_range_of_everything_has_no_gaps(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);

	bus_add_dma_range(test, pdev, 0, U64_MAX, 0);
	bus_expect_device(test, pdev, NULL, 0);
}

static void limit_excludes_what_is_above(struct kunit *test)
{
	struct pci_dev *pdev = msi_mock_pci(test);
	static const struct bus_range expected[] = {
		{ 1ULL << 40, U64_MAX },
	};

	pdev->dev.bus_dma_limit = TOP(40);
	bus_expect_device(test, pdev, expected, ARRAY_SIZE(expected));
	pdev->dev.bus_dma_limit = U64_MAX;
	bus_expect_device(test, pdev, NULL, 0);
}

static void other_bus_has_its_limit_alone(struct kunit *test)
{
	static const struct bus_range expected[] = { { SZ_4G, U64_MAX } };
	struct msi_bus_limits limits;
	struct device dev = {};
	struct msi_bus *bus;

	msi_bus_limits_init(&limits);
	KUNIT_EXPECT_NULL(test, msi_bus_get(&limits, &dev));
	msi_bus_put(&limits, NULL);
	dev.bus_dma_limit = SZ_4G - 1;
	bus = msi_bus_get(&limits, &dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bus);
	bus_expect(test, &limits, expected, ARRAY_SIZE(expected));
	msi_bus_put(&limits, bus);
	bus_expect(test, &limits, NULL, 0);
	msi_bus_limits_destroy(&limits);
}

/* Several devices */

static void bus_is_kept_for_the_next_device(struct kunit *test)
{
	static const struct bus_range expected[] = { { SZ_1G, SZ_2G - 1 } };
	struct pci_dev *pdev = msi_mock_pci(test);
	struct device *bridge = &pci_find_host_bridge(pdev->bus)->dev;
	unsigned int references = kref_read(&bridge->kobj.kref);
	struct msi_bus_limits limits;
	struct msi_bus *bus, *again;

	msi_bus_limits_init(&limits);
	bus_add_window(test, pdev, SZ_1G, SZ_2G - 1, 0);
	bus = msi_bus_get(&limits, &pdev->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bus);
	msi_bus_put(&limits, bus);
	bus_expect(test, &limits, NULL, 0);
	/* The reference keeps its address from being used again meanwhile */
	KUNIT_EXPECT_EQ(test, references + 1, kref_read(&bridge->kobj.kref));
	again = msi_bus_get(&limits, &pdev->dev);
	KUNIT_EXPECT_PTR_EQ(test, again, bus);
	bus_expect(test, &limits, expected, ARRAY_SIZE(expected));
	msi_bus_put(&limits, again);
	msi_bus_limits_destroy(&limits);
	KUNIT_EXPECT_EQ(test, references, kref_read(&bridge->kobj.kref));
}

static void ranges_do_not_grow_with_devices(struct kunit *test)
{
	static const struct bus_range expected[] = { { SZ_1G, SZ_2G - 1 } };
	struct pci_dev *pdev = msi_mock_pci(test);
	struct msi_bus_limits limits;
	struct msi_bus *bus = NULL;
	unsigned int i;

	msi_bus_limits_init(&limits);
	bus_add_window(test, pdev, SZ_1G, SZ_2G - 1, 0);
	for (i = 0; i < 1000; i++) {
		bus = msi_bus_get(&limits, &pdev->dev);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bus);
		bus_expect(test, &limits, expected, ARRAY_SIZE(expected));
	}
	for (i = 0; i < 1000; i++) {
		bus_expect(test, &limits, expected, ARRAY_SIZE(expected));
		msi_bus_put(&limits, bus);
	}
	bus_expect(test, &limits, NULL, 0);
	msi_bus_limits_destroy(&limits);
}

static void devices_of_two_bridges_have_the_ranges_of_both(struct kunit *test)
{
	static const struct bus_range expected[] = {
		{ SZ_1G, SZ_2G - 1 },
		{ SZ_1G, SZ_2G - 1 },
		{ SZ_4G, U64_MAX },
	};
	struct pci_dev *limited = msi_mock_pci(test);
	struct pci_dev *pdev = msi_mock_pci(test);
	struct msi_bus_limits limits;
	struct msi_bus *one, *two;

	msi_bus_limits_init(&limits);
	limited->dev.bus_dma_limit = SZ_4G - 1;
	bus_add_window(test, limited, SZ_1G, SZ_2G - 1, 0);
	bus_add_window(test, pdev, SZ_1G, SZ_2G - 1, 0);
	one = msi_bus_get(&limits, &limited->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, one);
	two = msi_bus_get(&limits, &pdev->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, two);
	bus_expect(test, &limits, expected, ARRAY_SIZE(expected));
	KUNIT_EXPECT_FALSE(test, msi_bus_reaches(&limits, 0, SZ_1G));
	KUNIT_EXPECT_TRUE(test, msi_bus_reaches(&limits, SZ_2G, SZ_4G - 1));
	msi_bus_put(&limits, one);
	bus_expect(test, &limits, expected, 1);
	msi_bus_put(&limits, two);
	bus_expect(test, &limits, NULL, 0);
	msi_bus_limits_destroy(&limits);
}

/* Placement. mm->base.dev is on no bus that has limits. */

static struct pci_dev *bus_test_device(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct pci_dev *pdev = msi_mock_pci(test);

	dev_set_msi_domain(&pdev->dev, &mm->base.irq.domain);
	return pdev;
}

static int bus_test_attach(struct kunit *test, struct pci_dev *pdev)
{
	struct msi_move_test *mm = test->priv;

	return iommu_msi_reserve_device(mm->base.space, &pdev->dev,
					&msi_test_window);
}

static void bus_test_detach(struct kunit *test, struct pci_dev *pdev)
{
	struct msi_move_test *mm = test->priv;

	iommu_msi_unreserve_device(mm->base.space, &pdev->dev);
	bus_expect(test, &mm->base.space->limits, NULL, 0);
}

static void doorbell_is_placed_outside_of_windows(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);

	/* Where 32-bit BARs usually are */
	bus_add_window(test, pdev, SZ_4G - SZ_256M, SZ_4G - 1, 0);
	bus_add_window(test, pdev, WINDOW_START, WINDOW_START, 0);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START + SZ_4K);
	bus_test_detach(test, pdev);
}

static void doorbell_is_placed_outside_of_a_window_over_msis(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);

	bus_add_window(test, pdev, SZ_4G - SZ_256M, SZ_4G - 1, 0);
	bus_add_window(test, pdev, WINDOW_START, WINDOW_LAST, 0);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, LOW_PLACE(5));
	bus_test_detach(test, pdev);
}

static void place_that_nothing_carries_is_better_than_none(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);

	bus_add_window(test, pdev, 0, U64_MAX, 0);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	bus_test_detach(test, pdev);
}

static void attach_without_room_leaves_no_limits(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, SZ_1G, SZ_2G - 1, 0);
	msi_test_insert(test, &mm->base.owner.taken, 0, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, -ENOSPC, bus_test_attach(test, pdev));
	bus_expect(test, &mm->base.space->limits, NULL, 0);
}

static void
joining_device_relocates_doorbell_that_it_cannot_reach(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);

	bus_add_window(test, pdev, WINDOW_START, WINDOW_LAST, 0);
	msi_move_start(test);
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	msi_move_expect_at(test, LOW_PLACE(1));
	bus_test_detach(test, pdev);
	msi_move_expect_at(test, LOW_PLACE(1));
}

static void fixed_doorbell_stays_for_joining_device(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, SZ_1G, SZ_2G - 1, 0);
	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_fixed(mm->base.space, 0, SZ_1G));
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	msi_move_expect_at(test, SZ_1G);
	bus_test_detach(test, pdev);
}

static void window_prefers_what_buses_carry(struct kunit *test)
{
	const struct iommu_msi_window window = { SZ_1G, SZ_2G - 1 };
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, SZ_1G, SZ_1G + SZ_1M - 1, 0);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_place_window(mm->base.space, &window));
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	/* The window's first 256 slots are the first MiB */
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, SZ_2G - SZ_64M);
	bus_test_detach(test, pdev);

	/* Nothing else is left */
	msi_test_insert(test, &mm->base.owner.taken, SZ_1G + SZ_4K, SZ_2G - 1);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, SZ_1G);
	bus_test_detach(test, pdev);
}

static void doorbell_without_better_place_stays(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, 0, U64_MAX, 0);
	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	msi_move_expect_at(test, WINDOW_START);
	KUNIT_EXPECT_EQ(test, mm->rewrites, 0);
	bus_test_detach(test, pdev);
}

static void doorbell_of_device_without_driver_stays(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, WINDOW_START, WINDOW_LAST, 0);
	mm->driver.rewrite = NULL;
	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	msi_move_expect_at(test, WINDOW_START);
	bus_test_detach(test, pdev);
}

static void bus_no_rewrite(struct iommu_msi_rewriter *driver,
			   struct iommu_msi_rewrite *rewrite)
{
}

static void attach_goes_on_if_messages_cannot_be_rewritten(struct kunit *test)
{
	struct pci_dev *pdev = bus_test_device(test);
	struct msi_move_test *mm = test->priv;

	bus_add_window(test, pdev, WINDOW_START, WINDOW_LAST, 0);
	msi_move_start(test);
	mm->driver.rewrite = bus_no_rewrite;
	KUNIT_ASSERT_EQ(test, 0, bus_test_attach(test, pdev));
	msi_move_expect_at(test, WINDOW_START);
	bus_test_detach(test, pdev);
}

static struct kunit_case msi_bus_test_cases[] = {
	KUNIT_CASE(memory_windows_are_excluded_by_bus_address),
	KUNIT_CASE(windows_of_ports_and_buses_do_not_matter),
	KUNIT_CASE(gaps_between_dma_ranges_are_excluded),
	KUNIT_CASE(dma_range_of_everything_has_no_gaps),
	KUNIT_CASE(limit_excludes_what_is_above),
	KUNIT_CASE(other_bus_has_its_limit_alone),
	KUNIT_CASE(bus_is_kept_for_the_next_device),
	KUNIT_CASE(ranges_do_not_grow_with_devices),
	KUNIT_CASE(devices_of_two_bridges_have_the_ranges_of_both),
	KUNIT_CASE(doorbell_is_placed_outside_of_windows),
	KUNIT_CASE(doorbell_is_placed_outside_of_a_window_over_msis),
	KUNIT_CASE(place_that_nothing_carries_is_better_than_none),
	KUNIT_CASE(attach_without_room_leaves_no_limits),
	KUNIT_CASE(joining_device_relocates_doorbell_that_it_cannot_reach),
	KUNIT_CASE(fixed_doorbell_stays_for_joining_device),
	KUNIT_CASE(window_prefers_what_buses_carry),
	KUNIT_CASE(doorbell_without_better_place_stays),
	KUNIT_CASE(doorbell_of_device_without_driver_stays),
	KUNIT_CASE(attach_goes_on_if_messages_cannot_be_rewritten),
	{}
};

static struct kunit_suite msi_bus_suite = {
	.name = "iommu_msi_bus",
	.init = msi_move_test_init,
	.exit = msi_move_test_exit,
	.test_cases = msi_bus_test_cases,
};

kunit_test_suites(&msi_bus_suite);

MODULE_DESCRIPTION("KUnit tests of IOVAs that a bus does not carry");
MODULE_LICENSE("GPL");
