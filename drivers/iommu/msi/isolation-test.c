// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what may share a page with the doorbell of a user's device.
 *
 * The resources are in the kernel's own tree, at addresses that no machine has.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/ioport.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/sizes.h>

#include "isolation.h"
#include "vector.h"

/* A 64 KiB page with the 4 KiB frame of a GICv2m in it */
#define PAGE_64K 0x7fff00020000UL
#define FRAME (PAGE_64K + SZ_8K)
#define REG (FRAME + 0x40)

static struct device *isolation_device(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "isolation_test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

KUNIT_DEFINE_ACTION_WRAPPER(release_wrapper, release_resource,
			    struct resource *);

/* Claim registers, as a driver does */
static void claim(struct kunit *test, struct resource *res, phys_addr_t start,
		  size_t size)
{
	*res = DEFINE_RES_MEM_NAMED(start, size, "test");
	res->flags |= IORESOURCE_BUSY;
	KUNIT_ASSERT_EQ(test, 0, insert_resource(&iomem_resource, res));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, release_wrapper, res));
}

static struct resource *claimed(struct kunit *test, phys_addr_t start,
				size_t size)
{
	struct resource *res = kunit_kzalloc(test, sizeof(*res), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, res);
	claim(test, res, start, size);
	return res;
}

struct isolation_case {
	const char *name;
	phys_addr_t start;
	size_t size;
	int rc_4k;
	int rc_64k;
};

static const struct isolation_case isolation_cases[] = {
	{ "nothing_claimed_is_allowed" },
	{ "frame_of_the_controller_itself_is_allowed", FRAME, SZ_4K },
	{ "controller_that_fills_the_page_is_allowed", PAGE_64K, SZ_64K },
	{ "controller_larger_than_the_page_is_allowed", PAGE_64K - SZ_64K,
	  3 * SZ_64K },
	{ "next_frame_is_shared_by_64k_only", FRAME + SZ_4K, SZ_4K, 0, -EPERM },
	{ "frame_before_is_shared_by_64k_only", FRAME - SZ_4K, SZ_4K, 0,
	  -EPERM },
	{ "first_bytes_of_the_large_page_are_shared", PAGE_64K, 0x10, 0,
	  -EPERM },
	{ "last_bytes_of_the_large_page_are_shared", PAGE_64K + SZ_64K - 0x10,
	  0x10, 0, -EPERM },
	{ "registers_in_the_frame_are_shared", FRAME + 0x800, 0x100, -EPERM,
	  -EPERM },
	{ "page_before_is_not_shared", PAGE_64K - SZ_4K, SZ_4K },
	{ "page_behind_is_not_shared", PAGE_64K + SZ_64K, SZ_4K },
	{ "device_that_reaches_into_the_page_is_shared", PAGE_64K - SZ_64K,
	  SZ_64K + SZ_4K, 0, -EPERM },
};

KUNIT_ARRAY_PARAM_DESC(isolation, isolation_cases, name);

static void msi_page_test(struct kunit *test)
{
	const struct isolation_case *param = test->param_value;
	struct device *dev = isolation_device(test);

	if (param->size)
		claimed(test, param->start, param->size);
	KUNIT_EXPECT_EQ(test, param->rc_4k,
			iommu_msi_check_page(dev, REG, SZ_4K));
	KUNIT_EXPECT_EQ(test, param->rc_64k,
			iommu_msi_check_page(dev, REG, SZ_64K));
}

static void controller_and_neighbour_are_told_apart(struct kunit *test)
{
	struct device *dev = isolation_device(test);

	claimed(test, FRAME, SZ_4K);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_check_page(dev, REG, SZ_64K));
	claimed(test, FRAME + SZ_16K, SZ_4K);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_check_page(dev, REG, SZ_4K));
	KUNIT_EXPECT_EQ(test, -EPERM, iommu_msi_check_page(dev, REG, SZ_64K));
}

static void unclaimed_bus_window_does_not_hide_neighbour(struct kunit *test)
{
	struct device *dev = isolation_device(test);
	struct resource *window;

	window = claimed(test, PAGE_64K, SZ_64K);
	window->flags &= ~IORESOURCE_BUSY;
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_check_page(dev, REG, SZ_64K));
	claimed(test, FRAME + SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, -EPERM, iommu_msi_check_page(dev, REG, SZ_64K));
}

/* A user's MSI space without mappings */

static void isolation_assert_locked(void *owner)
{
}

static bool isolation_first_taken(void *owner, unsigned long *start,
				  unsigned long *last)
{
	return false;
}

static const struct iommu_msi_owner_ops isolation_owner_ops = {
	.assert_locked = isolation_assert_locked,
	.first_taken = isolation_first_taken,
};

/* Only the second doorbell may be refused */
static int isolation_doorbells(struct irq_domain *domain, struct device *dev,
			       irq_msi_doorbell_fn_t fn, void *data)
{
	return fn(PAGE_64K + SZ_1M, sizeof(u32), data) ?:
		       fn(REG, sizeof(u32), data);
}

static const struct irq_domain_ops isolation_irq_ops = {
	.msi_doorbells = isolation_doorbells,
};

static int isolation_reserve(struct kunit *test, struct device *dev,
			     unsigned long slot_size)
{
	const struct iommu_msi_window window = { SZ_128M, SZ_128M + SZ_1M - 1 };
	struct iommu_msi_state state;
	struct iommu_msi_space *space;
	unsigned long index = 0;
	int rc;

	space = iommu_msi_space_create(&isolation_owner_ops, test, slot_size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, space);
	rc = iommu_msi_reserve_device(space, dev, &window);
	/* All doorbells or none */
	KUNIT_EXPECT_EQ(test, !rc, iommu_msi_next_state(space, &index, &state));
	iommu_msi_unreserve_device(space, dev);
	iommu_msi_space_destroy(space);
	return rc;
}

static void user_gets_no_doorbell_in_shared_page(struct kunit *test)
{
	struct irq_domain irq = { .ops = &isolation_irq_ops };
	struct device *dev = isolation_device(test);

	dev_set_msi_domain(dev, &irq);
	KUNIT_EXPECT_EQ(test, 0, isolation_reserve(test, dev, SZ_64K));
	claimed(test, FRAME + SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, -EPERM, isolation_reserve(test, dev, SZ_64K));
	KUNIT_EXPECT_EQ(test, 0, isolation_reserve(test, dev, SZ_4K));
	dev_set_msi_domain(dev, NULL);
}

static const struct irq_domain_ops isolation_silent_irq_ops = {};

static void silent_controller_is_refused_at_first_vector(struct kunit *test)
{
	const struct iommu_msi_window window = { SZ_128M, SZ_128M + SZ_1M - 1 };
	struct irq_domain irq = { .ops = &isolation_silent_irq_ops };
	struct device *dev = isolation_device(test);
	struct msi_desc desc = { .dev = dev, .nvec_used = 1 };
	struct iommu_domain domain = {
		.type = IOMMU_DOMAIN_UNMANAGED,
		.pgsize_bitmap = SZ_64K,
	};
	struct iommu_msi_space *space;

	dev_set_msi_domain(dev, &irq);
	claimed(test, FRAME + SZ_4K, SZ_4K);
	space = iommu_msi_space_create(&isolation_owner_ops, test, SZ_64K);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, space);
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_reserve_device(space, dev, &window));
	KUNIT_EXPECT_EQ(test, 0, iommu_msi_join(space, &domain));
	KUNIT_EXPECT_EQ(test, -EPERM, iommu_msi_map(&domain, &desc, REG));
	KUNIT_EXPECT_NULL(test, desc.iommu_msi_user);
	iommu_msi_leave(&domain);
	iommu_msi_unreserve_device(space, dev);
	iommu_msi_space_destroy(space);
	dev_set_msi_domain(dev, NULL);
}

static struct kunit_case isolation_test_cases[] = {
	KUNIT_CASE_PARAM(msi_page_test, isolation_gen_params),
	KUNIT_CASE(controller_and_neighbour_are_told_apart),
	KUNIT_CASE(unclaimed_bus_window_does_not_hide_neighbour),
	KUNIT_CASE(user_gets_no_doorbell_in_shared_page),
	KUNIT_CASE(silent_controller_is_refused_at_first_vector),
	{}
};

static struct kunit_suite isolation_suite = {
	.name = "iommu_msi_isolation",
	.test_cases = isolation_test_cases,
};

kunit_test_suite(isolation_suite);

MODULE_DESCRIPTION("KUnit tests of what shares a page with MSI doorbells");
MODULE_LICENSE("GPL");
