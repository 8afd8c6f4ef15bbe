// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the devices that a page table with a fault queue can be attached
 * to: those whose page requests can be enabled and, for a guest's page table, also
 * those that make none. A virtual function uses the PRI of its PF.
 */
#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "iommufd_private.h"

struct fault_test {
	struct iommufd_device idev, next;
	struct pci_dev pf, vf;
	struct iommufd_hwpt_nested guests; /* A page table that a guest owns */
	struct iommufd_hwpt_paging hosts;
	struct iommufd_fault fault;
	/* Of devices that make faults */
	struct iommu_fault_param params[2];
	struct dev_iommu iommu;
	struct iommu_device iommu_dev;
};

static void fault_test_respond(struct device *dev, struct iopf_fault *fault,
			       struct iommu_page_response *response)
{
}

static const struct iommu_ops fault_test_ops = {
	.page_response = fault_test_respond,
};

static int fault_test_init(struct kunit *test)
{
	struct fault_test *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ft);
	test->priv = ft;
	mutex_init(&ft->idev.iopf_lock);
	mutex_init(&ft->next.iopf_lock);
	mutex_init(&ft->fault.mutex);
	spin_lock_init(&ft->fault.lock);
	INIT_LIST_HEAD(&ft->fault.deliver);
	xa_init_flags(&ft->fault.response, XA_FLAGS_ALLOC1);
	ft->iommu_dev.ops = &fault_test_ops;
	ft->iommu.iommu_dev = &ft->iommu_dev;
	for (i = 0; i < ARRAY_SIZE(ft->params); i++) {
		mutex_init(&ft->params[i].lock);
		refcount_set(&ft->params[i].users, 1);
	}
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
	/* Nothing was enabled, so nothing must be disabled */
	KUNIT_EXPECT_FALSE(test, ft->idev.iopf_enabled);
	iommufd_fault_iopf_disable(&ft->idev);
}

static void refuses(struct kunit *test, struct iommufd_hw_pagetable *hwpt,
		    int error)
{
	struct fault_test *ft = test->priv;

	KUNIT_EXPECT_EQ(test, iommufd_fault_iopf_enable(hwpt, &ft->idev),
			error);
	KUNIT_EXPECT_FALSE(test, ft->idev.iopf_enabled);
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

	use_function(ft, false);
	enables(test, &ft->guests.common);
	refuses(test, &ft->hosts.common, -ENODEV);
	enables(test, &ft->guests.common);
}

/* A fault that was reported with the handle, and has been read or not */
static void add_fault(struct kunit *test, struct iommufd_attach_handle *handle,
		      struct iommu_fault_param *param, bool delivered)
{
	struct fault_test *ft = test->priv;
	struct iopf_group *group;
	u32 cookie;

	/* Freed when it is answered */
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	INIT_LIST_HEAD(&group->faults);
	INIT_LIST_HEAD(&group->pending_node);
	group->attach_handle = &handle->handle;
	group->fault_param = param;
	refcount_inc(&param->users);
	if (delivered)
		KUNIT_ASSERT_EQ(test, 0,
				xa_alloc(&ft->fault.response, &cookie, group,
					 xa_limit_32b, GFP_KERNEL));
	else
		list_add_tail(&group->node, &ft->fault.deliver);
}

static void faults_of_a_device_that_leaves_are_answered(struct kunit *test)
{
	struct fault_test *ft = test->priv;
	struct iommufd_hw_pagetable *guests = &ft->guests.common;
	struct iommufd_attach_handle handle = { .idev = &ft->idev };
	struct iommu_fault_param *leaving = &ft->params[0];
	struct iommu_fault_param *staying = &ft->params[1];

	use_function(ft, false);
	ft->pf.dev.iommu = &ft->iommu;
	ft->vf.dev.iommu = &ft->iommu;
	leaving->dev = ft->idev.dev;
	ft->next.dev = &ft->vf.dev;
	staying->dev = ft->next.dev;
	add_fault(test, &handle, leaving, false);
	add_fault(test, &handle, leaving, true);
	add_fault(test, &handle, staying, false);
	add_fault(test, &handle, staying, true);

	iommufd_fault_leave(guests, &ft->idev, &handle, &ft->next);
	KUNIT_EXPECT_PTR_EQ(test, handle.idev, &ft->next);
	KUNIT_EXPECT_EQ(test, refcount_read(&leaving->users), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&staying->users), 3);

	iommufd_auto_response_faults(guests, &handle);
	KUNIT_EXPECT_EQ(test, refcount_read(&staying->users), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&ft->fault.deliver));
	KUNIT_EXPECT_TRUE(test, xa_empty(&ft->fault.response));
	/* One that the handle does not refer to leaves it alone */
	iommufd_fault_leave(guests, &ft->idev, &handle, &ft->idev);
	KUNIT_EXPECT_PTR_EQ(test, handle.idev, &ft->next);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(function_without_page_requests_may_be_a_guests),
	KUNIT_CASE(vf_may_be_a_guests_if_its_pf_has_no_pri),
	KUNIT_CASE(vf_is_refused_if_its_pf_has_pri),
	KUNIT_CASE(attach_asks_the_page_table_again),
	KUNIT_CASE(faults_of_a_device_that_leaves_are_answered),
	{},
};

static struct kunit_suite fault_suite = {
	.name = "iommufd-fault",
	.init = fault_test_init,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
