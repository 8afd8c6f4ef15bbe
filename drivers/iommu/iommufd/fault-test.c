// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the devices that a page table with a fault queue can be attached
 * to: those whose page requests can be enabled and, for a guest's page table, also
 * those that make none. A virtual function uses the PRI of its PF.
 */
#include <kunit/test.h>
#include <linux/pci.h>

#include "iommufd_private.h"

struct fault_test {
	struct iommufd_device idev, next;
	struct pci_dev pf, vf;
	struct iommufd_hwpt_nested guests; /* A page table that a guest owns */
	struct iommufd_hwpt_paging hosts;
	struct iommufd_fault fault;
};

static int fault_test_init(struct kunit *test)
{
	struct fault_test *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ft);
	test->priv = ft;
	mutex_init(&ft->idev.iopf_lock);
	mutex_init(&ft->next.iopf_lock);
	mutex_init(&ft->fault.mutex);
	ft->next.dev = &ft->pf.dev;
	ft->pf.dev.bus = &pci_bus_type;
	ft->vf.dev.bus = &pci_bus_type;
	ft->guests.common.obj.type = IOMMUFD_OBJ_HWPT_NESTED;
	/* Only tested for NULL */
	ft->guests.viommu = (struct iommufd_viommu *)ft;
	ft->guests.common.fault = &ft->fault;
	ft->hosts.common.obj.type = IOMMUFD_OBJ_HWPT_PAGING;
	ft->hosts.common.fault = &ft->fault;
	return 0;
}

static void use_function(struct fault_test *ft, bool virtual)
{
	ft->idev.dev = virtual ? &ft->vf.dev : &ft->pf.dev;
#ifdef CONFIG_PCI_ATS
	ft->vf.is_virtfn = 1;
	ft->vf.physfn = &ft->pf;
#endif
}

static void enables(struct kunit *test, struct iommufd_hw_pagetable *hwpt)
{
	struct fault_test *ft = test->priv;

	KUNIT_ASSERT_EQ(test, iommufd_fault_iopf_enable(hwpt, &ft->idev), 0);
	KUNIT_EXPECT_EQ(test, ft->idev.iopf_enabled, 1);
	/* Nothing was enabled, so nothing must be disabled */
	KUNIT_EXPECT_NE(test, ft->idev.iopf_error, 0);
	iommufd_fault_iopf_disable(&ft->idev);
	KUNIT_EXPECT_EQ(test, ft->idev.iopf_enabled, 0);
}

static void refuses(struct kunit *test, struct iommufd_hw_pagetable *hwpt,
		    int error)
{
	struct fault_test *ft = test->priv;

	KUNIT_EXPECT_EQ(test, iommufd_fault_iopf_enable(hwpt, &ft->idev),
			error);
	KUNIT_EXPECT_EQ(test, ft->idev.iopf_enabled, 0);
}

static void function_without_page_requests_may_be_a_guests(struct kunit *test)
{
	struct fault_test *ft = test->priv;

	use_function(ft, false);
	enables(test, &ft->guests.common);
	/* No IOMMU driver implements the feature */
	refuses(test, &ft->hosts.common, -ENODEV);
}

static void vf_may_be_a_guests_if_its_pf_has_no_pri(struct kunit *test)
{
	struct fault_test *ft = test->priv;

	use_function(ft, true);
	enables(test, &ft->guests.common);
	refuses(test, &ft->hosts.common, -ENODEV);
}

static void vf_is_refused_if_its_pf_has_pri(struct kunit *test)
{
	struct fault_test *ft = test->priv;

	use_function(ft, true);
#ifdef CONFIG_PCI_PRI
	ft->pf.pri_cap = 0x100;
#else
	kunit_skip(test, "no PRI");
#endif
	refuses(test, &ft->guests.common, -EINVAL);
	refuses(test, &ft->hosts.common, -EINVAL);
	/* The PF may use its own PRI */
	use_function(ft, false);
	enables(test, &ft->guests.common);
}

static void attach_asks_the_page_table_again(struct kunit *test)
{
	struct fault_test *ft = test->priv;
	struct iommufd_hw_pagetable *hosts = &ft->hosts.common;
	struct iommufd_hw_pagetable *guests = &ft->guests.common;
	struct iommufd_device *idev = &ft->idev;
	unsigned int i;

	use_function(ft, false);
	for (i = 1; i <= 2; i++) {
		KUNIT_ASSERT_EQ(test, iommufd_fault_iopf_enable(guests, idev),
				0);
		KUNIT_EXPECT_EQ(test, iommufd_fault_iopf_enable(hosts, idev),
				-ENODEV);
		KUNIT_EXPECT_EQ(test, idev->iopf_enabled, i);
	}
	iommufd_fault_iopf_disable(idev);
	iommufd_fault_iopf_disable(idev);
}

/* The device by which the group was attached leaves, another one stays */
static void hands_over(struct kunit *test, struct iommufd_hw_pagetable *hwpt,
		       bool iopf)
{
	struct fault_test *ft = test->priv;
	struct iommufd_hw_pagetable *guests = &ft->guests.common;
	struct iommufd_device *idev = &ft->idev, *next = &ft->next;
	struct iommufd_attach_handle handle = { .idev = idev, .iopf = true };

	KUNIT_ASSERT_EQ(test, iommufd_fault_iopf_enable(guests, idev), 0);
	iommufd_fault_hand_over(hwpt, &handle, next);
	KUNIT_EXPECT_PTR_EQ(test, handle.idev, next);
	KUNIT_EXPECT_EQ(test, handle.iopf, iopf);
	KUNIT_EXPECT_EQ(test, idev->iopf_enabled, 0);
	KUNIT_EXPECT_EQ(test, next->iopf_enabled, iopf);
	iommufd_fault_iopf_put(&handle);
	KUNIT_EXPECT_EQ(test, next->iopf_enabled, 0);
}

static void device_that_stays_replaces_one_that_leaves(struct kunit *test)
{
	struct fault_test *ft = test->priv;

	use_function(ft, false);
	hands_over(test, &ft->guests.common, true);
	/* One without page requests has none to enable */
	hands_over(test, &ft->hosts.common, false);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(function_without_page_requests_may_be_a_guests),
	KUNIT_CASE(vf_may_be_a_guests_if_its_pf_has_no_pri),
	KUNIT_CASE(vf_is_refused_if_its_pf_has_pri),
	KUNIT_CASE(attach_asks_the_page_table_again),
	KUNIT_CASE(device_that_stays_replaces_one_that_leaves),
	{},
};

static struct kunit_suite fault_suite = {
	.name = "iommufd-fault",
	.init = fault_test_init,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
