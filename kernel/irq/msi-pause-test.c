// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of rewriting, pausing and resuming messages, with an MSI domain on an
 * interrupt controller that counts retriggered interrupts, and a bus that counts
 * calls of its operations.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

#define DOORBELL 0x8090040
#define MAX_VECTORS 4
#define BEGIN_STATE 0x5a

/* State of a test with its only device; callbacks use the static pointer */
struct msi_pause_test {
	struct device *dev;
	struct fwnode_handle *fwnode;
	struct irq_domain *controller, *domain;
	struct irq_chip chip;
	struct msi_domain_info info;
	struct msi_msg msg; /* in the device */
	struct msi_desc *desc;
	unsigned int writes, writes_held, begun, ended, paused, resumed;
	unsigned int delivered[MAX_VECTORS];
	unsigned int requested;
};

static struct msi_pause_test *msi_pause_test;

/* The controller */

static void msi_pause_nop(struct irq_data *data)
{
}

static void msi_pause_compose(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_lo = DOORBELL;
	msg->address_hi = 0;
	msg->data = data->hwirq;
	iommu_dma_compose_msi_msg(irq_data_get_msi_desc(data), msg);
}

static int msi_pause_retrigger(struct irq_data *data)
{
	msi_pause_test->delivered[data->hwirq]++;
	return 1;
}

static struct irq_chip msi_pause_controller = {
	.name = "msi-pause-test",
	.irq_mask = msi_pause_nop,
	.irq_unmask = msi_pause_nop,
	.irq_ack = msi_pause_nop,
	.irq_compose_msi_msg = msi_pause_compose,
	.irq_retrigger = msi_pause_retrigger,
};

static int msi_pause_alloc(struct irq_domain *domain, unsigned int virq,
			   unsigned int nr_irqs, void *arg)
{
	unsigned int i;

	for (i = 0; i < nr_irqs; i++)
		irq_domain_set_info(domain, virq + i, i, &msi_pause_controller,
				    NULL, handle_edge_irq, NULL, NULL);
	return 0;
}

static const struct irq_domain_ops msi_pause_controller_ops = {
	.alloc = msi_pause_alloc,
	.free = irq_domain_free_irqs_top,
};

/* The device and its bus */

static void msi_pause_write_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct msi_desc *desc = irq_data_get_msi_desc(data);

	if (data->irq != desc->irq)
		return;
	msi_pause_test->writes++;
	msi_pause_test->writes_held += msi_desc_is_held(desc);
	msi_pause_test->msg = *msg;
	desc->msg = *msg;
}

static bool msi_pause_keeps_address_hi(const struct msi_desc *desc)
{
	return desc->msi_index;
}

static u32 msi_pause_begin(struct msi_desc *desc)
{
	msi_pause_test->begun += msi_desc_is_held(desc);
	return BEGIN_STATE;
}

static void msi_pause_end(struct msi_desc *desc, u32 state)
{
	msi_pause_test->ended += state == BEGIN_STATE &&
				 !msi_desc_is_held(desc);
}

static void msi_pause_pause(struct msi_desc *desc)
{
	msi_pause_test->paused += msi_desc_is_held(desc);
}

static void msi_pause_resume(struct msi_desc *desc)
{
	msi_pause_test->resumed += !msi_desc_is_held(desc);
}

static const struct msi_desc_ops msi_pause_ops = {
	.keeps_address_hi = msi_pause_keeps_address_hi,
	.begin_rewrite = msi_pause_begin,
	.end_rewrite = msi_pause_end,
	.pause = msi_pause_pause,
	.resume = msi_pause_resume,
};

static irqreturn_t msi_pause_handler(int irq, void *data)
{
	return IRQ_HANDLED;
}

static u64 msi_pause_address(struct msi_pause_test *pt)
{
	return (u64)pt->msg.address_hi << 32 | pt->msg.address_lo;
}

/* A descriptor without interrupts */
static struct msi_pause_test *msi_pause_start(struct kunit *test,
					      const struct msi_desc_ops *ops,
					      unsigned int vectors)
{
	struct msi_desc init = { .nvec_used = vectors, .ops = ops };
	struct msi_pause_test *pt = test->priv;

	msi_lock_descs(pt->dev);
	KUNIT_EXPECT_EQ(test, 0, msi_insert_msi_desc(pt->dev, &init));
	pt->desc = msi_first_desc(pt->dev, MSI_DESC_ALL);
	msi_unlock_descs(pt->dev);
	KUNIT_ASSERT_NOT_NULL(test, pt->desc);
	return pt;
}

static void msi_pause_get_irqs(struct kunit *test, struct msi_pause_test *pt)
{
	msi_lock_descs(pt->dev);
	KUNIT_EXPECT_EQ(test, 0,
			msi_domain_alloc_irqs_all_locked(pt->dev,
							 MSI_DEFAULT_DOMAIN,
							 pt->desc->nvec_used));
	msi_unlock_descs(pt->dev);
	KUNIT_ASSERT_NE(test, pt->desc->irq, 0);
}

static void msi_pause_request(struct kunit *test, struct msi_pause_test *pt,
			      unsigned int vector)
{
	KUNIT_ASSERT_EQ(test, 0,
			request_irq(pt->desc->irq + vector, msi_pause_handler,
				    0, "msi-pause-test", pt));
	pt->requested |= BIT(vector);
}

/* A descriptor with interrupts, the first of which is requested */
static struct msi_pause_test *
msi_pause_start_live(struct kunit *test, const struct msi_desc_ops *ops)
{
	struct msi_pause_test *pt = msi_pause_start(test, ops, 1);

	msi_pause_get_irqs(test, pt);
	msi_pause_request(test, pt, 0);
	pt->writes = 0;
	return pt;
}

static void paused_message_is_written_before_it_is_resumed(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, &msi_pause_ops);

	msi_desc_pause(pt->desc);
	msi_desc_pause(pt->desc);
	KUNIT_EXPECT_TRUE(test, msi_desc_is_held(pt->desc));
	KUNIT_EXPECT_EQ(test, pt->paused, 2);
	KUNIT_EXPECT_EQ(test, pt->writes, 0);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 0);
	msi_desc_resume(pt->desc, 0x712345000, 12);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x712345040);
	KUNIT_EXPECT_EQ(test, pt->writes, 1);
	KUNIT_EXPECT_EQ(test, pt->writes_held, 1);
	KUNIT_EXPECT_EQ(test, pt->resumed, 1);
	KUNIT_EXPECT_FALSE(test, msi_desc_is_held(pt->desc));
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 1);
}

static void
message_that_was_not_paused_is_held_to_be_written(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, &msi_pause_ops);

	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->paused, 1);
	KUNIT_EXPECT_EQ(test, pt->writes_held, 1);
	KUNIT_EXPECT_EQ(test, pt->resumed, 1);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 1);
	/* Messages are no longer translated */
	msi_desc_resume(pt->desc, 0, 0);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), DOORBELL);
}

static void message_of_a_bus_that_cannot_pause_is_written(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, NULL);

	msi_desc_pause(pt->desc);
	KUNIT_EXPECT_FALSE(test, msi_desc_is_held(pt->desc));
	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 1);
}

static void interrupt_that_comes_while_paused_stays_paused(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start(test, &msi_pause_ops, 1);

	msi_desc_pause(pt->desc);
	KUNIT_EXPECT_EQ(test, pt->paused, 0);
	msi_pause_get_irqs(test, pt);
	msi_pause_request(test, pt, 0);
	KUNIT_EXPECT_EQ(test, pt->writes_held, pt->writes);
	KUNIT_EXPECT_TRUE(test, msi_desc_is_held(pt->desc));
	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 1);
}

static void
interrupt_that_comes_after_resume_has_the_new_address(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start(test, &msi_pause_ops, 1);

	msi_desc_pause(pt->desc);
	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, pt->writes, 0);
	msi_pause_get_irqs(test, pt);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->writes_held, 0);
}

static void only_interrupts_in_use_are_delivered(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start(test, &msi_pause_ops, 4);

	msi_pause_get_irqs(test, pt);
	msi_pause_request(test, pt, 1);
	msi_pause_request(test, pt, 3);
	msi_desc_pause(pt->desc);
	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 0);
	KUNIT_EXPECT_EQ(test, pt->delivered[1], 1);
	KUNIT_EXPECT_EQ(test, pt->delivered[2], 0);
	KUNIT_EXPECT_EQ(test, pt->delivered[3], 1);
}

/* Its handler finds nothing to do, each time that a user changes the domain */
static void delivered_interrupt_is_not_spurious(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, &msi_pause_ops);

	irq_to_desc(pt->desc->irq)->irqs_unhandled = 99900;
	msi_desc_pause(pt->desc);
	msi_desc_resume(pt->desc, 0x12345000, 12);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 1);
	KUNIT_EXPECT_EQ(test, irq_to_desc(pt->desc->irq)->irqs_unhandled, 0);
}

static void rewrite_restores_what_it_found(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, &msi_pause_ops);

	msi_lock_descs(pt->dev);
	msi_desc_rewrite(pt->desc, 0x12345000, 12);
	msi_unlock_descs(pt->dev);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->begun, 1);
	KUNIT_EXPECT_EQ(test, pt->writes_held, 1);
	KUNIT_EXPECT_EQ(test, pt->ended, 1);
	KUNIT_EXPECT_EQ(test, pt->paused, 0);
	KUNIT_EXPECT_EQ(test, pt->delivered[0], 0);
}

/* Each is masked under its own lock, which a rewrite does not hold */
static void rewrite_of_several_interrupts_holds_none(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start(test, &msi_pause_ops, 4);

	msi_pause_get_irqs(test, pt);
	msi_pause_request(test, pt, 1);
	pt->writes = 0;
	msi_lock_descs(pt->dev);
	msi_desc_rewrite(pt->desc, 0x12345000, 12);
	msi_unlock_descs(pt->dev);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->writes, 1);
	KUNIT_EXPECT_EQ(test, pt->writes_held, 0);
	KUNIT_EXPECT_EQ(test, pt->begun, 0);
}

static void rewrite_does_not_resume(struct kunit *test)
{
	struct msi_pause_test *pt = msi_pause_start_live(test, &msi_pause_ops);

	msi_desc_pause(pt->desc);
	msi_lock_descs(pt->dev);
	msi_desc_rewrite(pt->desc, 0x12345000, 12);
	msi_unlock_descs(pt->dev);
	KUNIT_EXPECT_EQ(test, msi_pause_address(pt), 0x12345040);
	KUNIT_EXPECT_EQ(test, pt->begun, 0);
	KUNIT_EXPECT_TRUE(test, msi_desc_is_held(pt->desc));
	msi_desc_resume(pt->desc, 0x12345000, 12);
}

static void bus_decides_which_half_changes(struct kunit *test)
{
	struct msi_desc desc = {};

	KUNIT_EXPECT_FALSE(test, msi_desc_keeps_address_hi(&desc));
	desc.ops = &msi_pause_ops;
	KUNIT_EXPECT_FALSE(test, msi_desc_keeps_address_hi(&desc));
	desc.msi_index = 1;
	KUNIT_EXPECT_TRUE(test, msi_desc_keeps_address_hi(&desc));
}

static int msi_pause_init(struct kunit *test)
{
	const struct irq_domain_ops *ops = &msi_pause_controller_ops;
	struct msi_pause_test *pt;
	struct irq_domain *root;

	pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt);
	test->priv = pt;
	msi_pause_test = pt;
	pt->fwnode = irq_domain_alloc_named_fwnode("msi-pause-test");
	KUNIT_ASSERT_NOT_NULL(test, pt->fwnode);
	root = irq_domain_create_hierarchy(NULL, 0, 0, pt->fwnode, ops, NULL);
	KUNIT_ASSERT_NOT_NULL(test, root);
	pt->controller = root;
	pt->chip = (struct irq_chip){
		.name = "msi-pause-test",
		.irq_mask = msi_pause_nop,
		.irq_unmask = msi_pause_nop,
		.irq_ack = irq_chip_ack_parent,
		.irq_write_msi_msg = msi_pause_write_msg,
	};
	pt->info = (struct msi_domain_info){
		.flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS |
			 MSI_FLAG_FREE_MSI_DESCS | MSI_FLAG_ACTIVATE_EARLY |
			 MSI_FLAG_NO_AFFINITY,
		.chip = &pt->chip,
		.bus_token = DOMAIN_BUS_PLATFORM_MSI,
	};
	pt->domain =
		msi_create_irq_domain(pt->fwnode, &pt->info, pt->controller);
	KUNIT_ASSERT_NOT_NULL(test, pt->domain);
	pt->dev = kunit_device_register(test, "msi-pause-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pt->dev);
	dev_set_msi_domain(pt->dev, pt->domain);
	KUNIT_ASSERT_EQ(test, 0, msi_setup_device_data(pt->dev));
	return 0;
}

static void msi_pause_exit(struct kunit *test)
{
	struct msi_pause_test *pt = test->priv;
	unsigned int i;

	if (!pt)
		return;
	for (i = 0; i < MAX_VECTORS; i++)
		if (pt->requested & BIT(i))
			free_irq(pt->desc->irq + i, pt);
	if (!IS_ERR_OR_NULL(pt->dev)) {
		msi_lock_descs(pt->dev);
		msi_domain_free_irqs_all_locked(pt->dev, MSI_DEFAULT_DOMAIN);
		msi_unlock_descs(pt->dev);
		kunit_device_unregister(test, pt->dev);
	}
	if (pt->domain)
		irq_domain_remove(pt->domain);
	if (pt->controller)
		irq_domain_remove(pt->controller);
	irq_domain_free_fwnode(pt->fwnode);
}

static struct kunit_case msi_pause_cases[] = {
	KUNIT_CASE(paused_message_is_written_before_it_is_resumed),
	KUNIT_CASE(message_that_was_not_paused_is_held_to_be_written),
	KUNIT_CASE(message_of_a_bus_that_cannot_pause_is_written),
	KUNIT_CASE(interrupt_that_comes_while_paused_stays_paused),
	KUNIT_CASE(interrupt_that_comes_after_resume_has_the_new_address),
	KUNIT_CASE(only_interrupts_in_use_are_delivered),
	KUNIT_CASE(delivered_interrupt_is_not_spurious),
	KUNIT_CASE(rewrite_restores_what_it_found),
	KUNIT_CASE(rewrite_of_several_interrupts_holds_none),
	KUNIT_CASE(rewrite_does_not_resume),
	KUNIT_CASE(bus_decides_which_half_changes),
	{}
};

static struct kunit_suite msi_pause_suite = {
	.name = "msi_pause",
	.init = msi_pause_init,
	.exit = msi_pause_exit,
	.test_cases = msi_pause_cases,
};

kunit_test_suite(msi_pause_suite);
