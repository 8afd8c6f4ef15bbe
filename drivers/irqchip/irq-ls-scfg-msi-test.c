// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the MSI controller of Layerscape SoCs: its doorbell, and vectors that
 * cannot be allocated since the IOMMU has no IOVA for it.
 *
 * No emulator has the controller. Here it is a node outside the device tree, with an
 * interrupt that nothing raises: only its handler would read registers.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <dt-bindings/interrupt-controller/arm-gic.h>

#include "../iommu/msi/host.h"

/* No device of QEMU's machine has these addresses */
#define SCFG_REGISTERS 0x0b000000
#define SCFG_SPI 200
/* Number of vectors of a controller with one interrupt */
#define SCFG_VECTORS 32

static const char scfg_test_compatible[] = "fsl,ls1043a-msi";
static const __be32 scfg_test_interrupts[] = {
	cpu_to_be32(GIC_SPI),
	cpu_to_be32(SCFG_SPI),
	cpu_to_be32(IRQ_TYPE_LEVEL_HIGH),
};

static struct property scfg_test_properties[] = {
	{
		.name = "compatible",
		.length = sizeof(scfg_test_compatible),
		.value = (void *)scfg_test_compatible,
		.next = &scfg_test_properties[1],
	},
	{
		.name = "interrupts",
		.length = sizeof(scfg_test_interrupts),
		.value = (void *)scfg_test_interrupts,
	},
};

static const struct resource scfg_test_registers =
	DEFINE_RES_MEM(SCFG_REGISTERS, SZ_4K);

struct scfg_test {
	struct device_node np;
	struct platform_device *pdev;
	struct irq_domain *domain;
	struct device *dev;
	struct iommu_group *group;
};

static int scfg_test_probe(struct scfg_test *st)
{
	struct platform_device *pdev = platform_device_alloc("scfg_test", -1);
	int rc;

	if (!pdev)
		return -ENOMEM;
	device_set_node(&pdev->dev, of_fwnode_handle(&st->np));
	rc = platform_device_add_resources(pdev, &scfg_test_registers, 1);
	if (!rc)
		rc = platform_device_add(pdev);
	if (rc) {
		platform_device_put(pdev);
		return rc;
	}
	st->pdev = pdev;
	return 0;
}

/* A device that may use the controller, in a group as if behind an IOMMU */
static int scfg_test_user(struct kunit *test)
{
	struct scfg_test *st = test->priv;

	st->dev = kunit_device_register(test, "scfg_test_user");
	if (IS_ERR(st->dev))
		return PTR_ERR(st->dev);
	dev_set_msi_domain(st->dev, st->domain);
	st->group = iommu_group_alloc();
	if (IS_ERR(st->group))
		return PTR_ERR(st->group);
	return iommu_group_add_device(st->group, st->dev);
}

static int scfg_test_init(struct kunit *test)
{
	struct device_node *gic;
	struct scfg_test *st;
	int rc;

	gic = of_find_compatible_node(NULL, NULL, "arm,gic-v3");
	of_node_put(gic);
	if (!gic)
		kunit_skip(test, "no arm,gic-v3 in the device tree");
	st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	test->priv = st;
	of_node_init(&st->np);
	st->np.full_name = "scfg_test";
	st->np.parent = of_root;
	st->np.properties = scfg_test_properties;
	rc = scfg_test_probe(st);
	if (rc)
		return rc;
	st->domain = irq_find_matching_host(&st->np, DOMAIN_BUS_PCI_MSI);
	if (!st->domain)
		return -ENODEV;
	return scfg_test_user(test);
}

static void scfg_test_exit(struct kunit *test)
{
	struct scfg_test *st = test->priv;

	if (!st)
		return;
	if (!IS_ERR_OR_NULL(st->dev)) {
		if (st->dev->iommu_group)
			iommu_group_remove_device(st->dev);
		dev_set_msi_domain(st->dev, NULL);
	}
	if (!IS_ERR_OR_NULL(st->group))
		iommu_group_put(st->group);
	if (st->pdev)
		platform_device_unregister(st->pdev);
}

/* Allocate one vector, as the PCI layer does. Return: the interrupt. */
static int scfg_test_alloc(struct scfg_test *st)
{
	struct msi_desc desc = { .dev = st->dev };
	msi_alloc_info_t info = { .desc = &desc };

	return irq_domain_alloc_irqs(st->domain->parent, 1, NUMA_NO_NODE,
				     &info);
}

static void doorbell_is_reported(struct kunit *test)
{
	struct scfg_test *st = test->priv;

	KUNIT_EXPECT_EQ(test, 1, iommu_msi_count_doorbells(st->dev));
}

static int scfg_test_no_doorbell(struct iommu_group *group,
				 struct msi_desc *desc, phys_addr_t msi_addr)
{
	return msi_addr == SCFG_REGISTERS ? -ENOMEM : -EINVAL;
}

static void vectors_without_a_doorbell_are_freed(struct kunit *test)
{
	struct scfg_test *st = test->priv;
	unsigned int i;
	int irqs[SCFG_VECTORS];

	kunit_activate_static_stub(test, iommu_msi_prepare,
				   scfg_test_no_doorbell);
	for (i = 0; i < SCFG_VECTORS; i++)
		KUNIT_EXPECT_EQ(test, -ENOMEM, scfg_test_alloc(st));
	kunit_deactivate_static_stub(test, iommu_msi_prepare);
	for (i = 0; i < SCFG_VECTORS; i++) {
		irqs[i] = scfg_test_alloc(st);
		KUNIT_EXPECT_LT(test, 0, irqs[i]);
	}
	KUNIT_EXPECT_EQ(test, -ENOSPC, scfg_test_alloc(st));
	while (i--)
		if (irqs[i] > 0)
			irq_domain_free_irqs(irqs[i], 1);
}

static struct kunit_case scfg_test_cases[] = {
	KUNIT_CASE(doorbell_is_reported),
	KUNIT_CASE(vectors_without_a_doorbell_are_freed),
	{}
};

static struct kunit_suite scfg_test_suite = {
	.name = "ls_scfg_msi",
	.init = scfg_test_init,
	.exit = scfg_test_exit,
	.test_cases = scfg_test_cases,
};

kunit_test_suite(scfg_test_suite);

MODULE_DESCRIPTION("KUnit tests of the MSI controller of Layerscape SoCs");
MODULE_LICENSE("GPL");
