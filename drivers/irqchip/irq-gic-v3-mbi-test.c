// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the properties of MSI domains that VFIO uses: whether they isolate
 * devices from each other, and which doorbells they have. Also of vectors that cannot be
 * allocated since the IOMMU has no IOVA for their doorbell.
 *
 * The domains are the machine's: of an ITS, and of message-based interrupts, which are
 * initialised here on a GICv3 whose device tree does not enable them. No emulator has
 * them, so no interrupt is raised. GICv2m cannot be on the same machine; suite "platform"
 * of the test bed covers it.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/irqchip/arm-gic-v3.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/of.h>

#include "../iommu/msi/host.h"

/* Interrupts that QEMU's GIC has, but no device of its machine uses */
#define MBI_FIRST 256
#define MBI_VECTORS 16

enum isolation_row {
	NO_DOMAIN,
	ITS,
	MBI,
};

struct isolation_case {
	const char *name;
	enum isolation_row row;
	bool isolated;
	int doorbells;
};

/* The two registers of an MBI share a page */
static const struct isolation_case isolation_cases[] = {
	{ "its_is_isolated", ITS, true, 1 },
	{ "mbi_is_not_isolated", MBI, false, 1 },
	{ "device_without_msi_domain_is_not_isolated", NO_DOMAIN, false, 0 },
};

KUNIT_ARRAY_PARAM_DESC(isolation, isolation_cases, name);

static const __be32 mbi_test_ranges[] = { cpu_to_be32(MBI_FIRST),
					  cpu_to_be32(MBI_VECTORS) };

/* Further properties of the node of a GICv3 with MBIs */
static struct property mbi_test_properties[] = {
	{ .name = "msi-controller" },
	{
		.name = "mbi-ranges",
		.length = sizeof(mbi_test_ranges),
		.value = (void *)mbi_test_ranges,
	},
};

static int __init mbi_test_init(struct device_node *np)
{
	struct fwnode_handle *fwnode = of_node_to_fwnode(np);
	struct irq_domain *gic;
	unsigned int i;
	int rc = 0;

	gic = irq_find_matching_fwnode(fwnode, DOMAIN_BUS_WIRED);
	if (!gic)
		return -ENODEV;
	for (i = 0; !rc && i < ARRAY_SIZE(mbi_test_properties); i++)
		rc = of_add_property(np, &mbi_test_properties[i]);
	if (!rc)
		rc = mbi_init(fwnode, gic);
	while (i--)
		of_remove_property(np, &mbi_test_properties[i]);
	return rc;
}

/* Find the domain as of_msi_get_domain() does for a platform device; it is not freed */
static struct irq_domain *__init mbi_test_domain(struct kunit *test,
						 enum isolation_row row)
{
	const char *compatible = row == ITS ? "arm,gic-v3-its" : "arm,gic-v3";
	struct irq_domain *domain;
	struct device_node *np;

	np = of_find_compatible_node(NULL, NULL, compatible);
	if (!np)
		kunit_skip(test, "no %s in the device tree", compatible);
	domain = irq_find_matching_host(np, DOMAIN_BUS_PLATFORM_MSI);
	if (!domain && row == MBI) {
		KUNIT_EXPECT_EQ(test, 0, mbi_test_init(np));
		domain = irq_find_matching_host(np, DOMAIN_BUS_PLATFORM_MSI);
	}
	of_node_put(np);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	return domain;
}

KUNIT_DEFINE_ACTION_WRAPPER(group_put_wrapper, iommu_group_put,
			    struct iommu_group *);
KUNIT_DEFINE_ACTION_WRAPPER(group_remove_wrapper, iommu_group_remove_device,
			    struct device *);

static struct iommu_group *mbi_test_group(struct kunit *test,
					  struct device *dev)
{
	struct iommu_group *group = iommu_group_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, group);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, group_put_wrapper,
						  group));
	KUNIT_ASSERT_EQ(test, 0, iommu_group_add_device(group, dev));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, group_remove_wrapper,
						  dev));
	return group;
}

/* iommufd and type1 query these for a group, and for a device */
static void __init msi_domains_report_isolation(struct kunit *test)
{
	const struct isolation_case *param = test->param_value;
	struct device *dev = kunit_device_register(test, "mbi_test");
	struct iommu_group *group;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	if (param->row != NO_DOMAIN)
		dev_set_msi_domain(dev, mbi_test_domain(test, param->row));
	group = mbi_test_group(test, dev);
	KUNIT_EXPECT_EQ(test, param->isolated,
			iommu_group_has_isolated_msi(group));
	KUNIT_EXPECT_EQ(test, param->doorbells, iommu_msi_count_doorbells(dev));
	dev_set_msi_domain(dev, NULL);
}

static int mbi_test_no_doorbell(struct iommu_group *group,
				struct msi_desc *desc, phys_addr_t msi_addr)
{
	return -ENOMEM;
}

static void mbi_test_write_msg(struct msi_desc *desc, struct msi_msg *msg)
{
}

static int mbi_test_alloc(struct device *dev, unsigned int vectors)
{
	int rc = platform_device_msi_init_and_alloc_irqs(dev, vectors,
							 mbi_test_write_msg);

	platform_device_msi_free_irqs_all(dev);
	return rc;
}

/* The MSI core returns one error, whatever error the controller returned */
static void __init vectors_without_a_doorbell_are_freed(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "mbi_test");
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev_set_msi_domain(dev, mbi_test_domain(test, MBI));
	/* Only devices in a group are passed to the IOMMU */
	mbi_test_group(test, dev);
	kunit_activate_static_stub(test, iommu_msi_prepare,
				   mbi_test_no_doorbell);
	for (i = 0; i < MBI_VECTORS; i++)
		KUNIT_EXPECT_EQ(test, -ENOSPC, mbi_test_alloc(dev, 1));
	kunit_deactivate_static_stub(test, iommu_msi_prepare);
	KUNIT_EXPECT_EQ(test, 0, mbi_test_alloc(dev, MBI_VECTORS));
	dev_set_msi_domain(dev, NULL);
}

static struct kunit_case __refdata mbi_test_cases[] = {
	KUNIT_CASE_PARAM(msi_domains_report_isolation, isolation_gen_params),
	KUNIT_CASE(vectors_without_a_doorbell_are_freed),
	{}
};

static struct kunit_suite mbi_test_suite = {
	.name = "gic_v3_mbi",
	.test_cases = mbi_test_cases,
};

kunit_test_init_section_suite(mbi_test_suite);

MODULE_DESCRIPTION("KUnit tests of the isolation of MSI domains");
MODULE_LICENSE("GPL");
