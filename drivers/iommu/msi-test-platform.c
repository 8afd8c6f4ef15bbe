// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for tests of MSIs that platform devices send.
 *
 * Few platform devices have MSIs, and emulated machines have none of these. But QEMU's
 * edu, a PCI device, can be described as a platform device: its registers and its
 * configuration page are the two resources. This driver programs the page itself,
 * allocates one MSI from the device's MSI domain, writes it to the PCI capability, and
 * raises it on request by sysfs:
 *
 *	raise		(write) a number, which becomes the device's status: returns
 *			when the interrupt with that status arrived, or -ETIMEDOUT
 *	interrupts	(read) number of interrupts that arrived
 *	message		(read) the message address in the device
 *
 * It binds to a device by driver_override only.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/platform_device.h>

#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000ed
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64

struct msi_test {
	void __iomem *regs;
	void __iomem *config;
	unsigned int capability; /* of MSIs, in @config */
	unsigned int irq;
	u64 address;
	struct mutex lock; /* one interrupt is raised at a time */
	u32 raised;
	atomic_t interrupts;
	struct completion came;
};

static irqreturn_t msi_test_interrupt(int irq, void *data)
{
	struct msi_test *test = data;
	u32 status = readl(test->regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, test->regs + EDU_IRQ_ACK);
	atomic_inc(&test->interrupts);
	if (status == READ_ONCE(test->raised))
		complete(&test->came);
	return IRQ_HANDLED;
}

/* The device sends nothing while its message is changed */
static void msi_test_write_message(struct msi_desc *desc, struct msi_msg *msg)
{
	struct msi_test *test = dev_get_drvdata(msi_desc_to_dev(desc));
	void __iomem *capability = test->config + test->capability;
	bool on = msg->address_lo || msg->address_hi;

	writew(0, capability + PCI_MSI_FLAGS);
	writel(msg->address_lo, capability + PCI_MSI_ADDRESS_LO);
	writel(msg->address_hi, capability + PCI_MSI_ADDRESS_HI);
	writew(msg->data, capability + PCI_MSI_DATA_64);
	if (on)
		writew(PCI_MSI_FLAGS_ENABLE, capability + PCI_MSI_FLAGS);
	test->address = ((u64)msg->address_hi << 32) | msg->address_lo;
}

static int msi_test_find_capability(struct msi_test *test)
{
	unsigned int at = readb(test->config + PCI_CAPABILITY_LIST);
	unsigned int left;

	for (left = 48; at && left; left--) {
		if (readb(test->config + at) == PCI_CAP_ID_MSI) {
			test->capability = at;
			return 0;
		}
		at = readb(test->config + at + PCI_CAP_LIST_NEXT);
	}
	return -ENODEV;
}

static void msi_test_turn_off(void *data)
{
	struct msi_test *test = data;

	writew(0, test->config + PCI_COMMAND);
}

static int msi_test_turn_on(struct platform_device *pdev, struct msi_test *test)
{
	struct resource *registers;

	test->regs =
		devm_platform_get_and_ioremap_resource(pdev, 0, &registers);
	if (IS_ERR(test->regs))
		return PTR_ERR(test->regs);
	test->config = devm_platform_ioremap_resource(pdev, 1);
	if (IS_ERR(test->config))
		return PTR_ERR(test->config);
	writel(lower_32_bits(registers->start),
	       test->config + PCI_BASE_ADDRESS_0);
	writew(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
	       test->config + PCI_COMMAND);
	if (readl(test->regs + EDU_ID) != EDU_ID_VALUE) {
		msi_test_turn_off(test);
		return -ENODEV;
	}
	/* An interrupt that a user left pending must not count as the first one */
	writel(readl(test->regs + EDU_IRQ_STATUS), test->regs + EDU_IRQ_ACK);
	return devm_add_action_or_reset(&pdev->dev, msi_test_turn_off, test);
}

static int msi_test_alloc_irq(struct device *d)
{
	irq_write_msi_msg_t write = msi_test_write_message;

	return platform_device_msi_init_and_alloc_irqs(d, 1, write);
}

static int msi_test_probe(struct platform_device *pdev)
{
	struct msi_test *test;
	int rc;

	test = devm_kzalloc(&pdev->dev, sizeof(*test), GFP_KERNEL);
	if (!test)
		return -ENOMEM;
	mutex_init(&test->lock);
	init_completion(&test->came);
	platform_set_drvdata(pdev, test);
	rc = msi_test_turn_on(pdev, test);
	if (!rc)
		rc = msi_test_find_capability(test);
	if (!rc)
		rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!rc)
		rc = msi_test_alloc_irq(&pdev->dev);
	if (rc)
		return rc;
	test->irq = msi_get_virq(&pdev->dev, 0);
	rc = request_irq(test->irq, msi_test_interrupt, 0, "msi-test", test);
	if (rc)
		platform_device_msi_free_irqs_all(&pdev->dev);
	return rc;
}

static void msi_test_remove(struct platform_device *pdev)
{
	struct msi_test *test = platform_get_drvdata(pdev);

	free_irq(test->irq, test);
	platform_device_msi_free_irqs_all(&pdev->dev);
}

static ssize_t raise_store(struct device *dev, struct device_attribute *attr,
			   const char *text, size_t count)
{
	struct msi_test *test = dev_get_drvdata(dev);
	u32 number;
	int rc;

	rc = kstrtou32(text, 0, &number);
	if (rc || !number)
		return rc ?: -EINVAL;
	guard(mutex)(&test->lock);
	reinit_completion(&test->came);
	WRITE_ONCE(test->raised, number);
	writel(number, test->regs + EDU_IRQ_RAISE);
	if (!wait_for_completion_timeout(&test->came, 5 * HZ))
		return -ETIMEDOUT;
	return count;
}
static DEVICE_ATTR_WO(raise);

static ssize_t interrupts_show(struct device *dev,
			       struct device_attribute *attr, char *text)
{
	struct msi_test *test = dev_get_drvdata(dev);

	return sysfs_emit(text, "%d\n", atomic_read(&test->interrupts));
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t message_show(struct device *dev, struct device_attribute *attr,
			    char *text)
{
	struct msi_test *test = dev_get_drvdata(dev);

	return sysfs_emit(text, "%#llx\n", test->address);
}
static DEVICE_ATTR_RO(message);

static struct attribute *msi_test_attrs[] = {
	&dev_attr_raise.attr,
	&dev_attr_interrupts.attr,
	&dev_attr_message.attr,
	NULL,
};
ATTRIBUTE_GROUPS(msi_test);

static struct platform_driver msi_test_driver = {
	.probe = msi_test_probe,
	.remove_new = msi_test_remove,
	.driver = {
		.name = "msi-test-platform",
		.dev_groups = msi_test_groups,
	},
};
module_platform_driver(msi_test_driver);

MODULE_DESCRIPTION("Driver for tests of MSIs of platform devices");
MODULE_LICENSE("GPL");
