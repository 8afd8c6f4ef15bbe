// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for the KUnit tests of MSI spaces: an owner with an interval tree of
 * taken ranges, a domain with one page table entry per page, an interrupt
 * controller that only enumerates its doorbells, and devices with vectors.
 */
#include <kunit/device.h>
#include <linux/iommu.h>
#include <linux/irq.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "test.h"
#include "user.h"

/* The owner */

static void msi_test_assert_locked(void *data)
{
}

/* The owner must not be asked under the space's lock */
static void msi_test_question(struct msi_test_owner *owner)
{
	if (owner->space)
		lockdep_assert_not_held(&owner->space->lock);
	owner->questions++;
}

static bool msi_test_first_taken(void *data, unsigned long *start,
				 unsigned long *last)
{
	struct msi_test_owner *owner = data;
	struct interval_tree_node *node;

	msi_test_question(owner);
	node = interval_tree_iter_first(&owner->taken, *start, *last);
	if (!node)
		return false;
	*start = node->start;
	*last = node->last;
	return true;
}

static bool msi_test_is_claimed(void *data, unsigned long start,
				unsigned long last)
{
	struct msi_test_owner *owner = data;

	msi_test_question(owner);
	return interval_tree_iter_first(&owner->claimed, start, last);
}

const struct iommu_msi_owner_ops msi_test_owner_ops = {
	.assert_locked = msi_test_assert_locked,
	.first_taken = msi_test_first_taken,
	.is_claimed = msi_test_is_claimed,
};

struct interval_tree_node *msi_test_insert(struct kunit *test,
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
	td->maps++;
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

void msi_test_domain_init(struct msi_test_domain *td)
{
	xa_init(&td->pages);
	td->domain.type = IOMMU_DOMAIN_UNMANAGED;
	td->domain.ops = &msi_test_domain_ops;
	td->domain.pgsize_bitmap = SZ_4K;
	td->domain.geometry.aperture_end = TOP(48);
	td->domain.geometry.force_aperture = true;
}

unsigned long msi_test_phys(struct msi_test_domain *td, unsigned long iova)
{
	void *entry = xa_load(&td->pages, iova / SZ_4K);

	return entry ? xa_to_value(entry) * SZ_4K + iova % SZ_4K : 0;
}

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

const struct irq_domain_ops msi_test_silent_irq_ops = {};

const struct iommu_msi_window msi_test_window = { WINDOW_START, WINDOW_LAST };

struct device *msi_test_device(struct kunit *test, const char *name,
			       struct msi_test_irq_domain *irq)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev_set_msi_domain(dev, &irq->domain);
	return dev;
}

/* Set up @mt, which is test->priv or its first member */
int msi_test_init(struct kunit *test, struct msi_test *mt)
{
	test->priv = mt;
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
	mt->owner.space = mt->space;
	return 0;
}

int msi_space_test_init(struct kunit *test)
{
	struct msi_test *mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	return msi_test_init(test, mt);
}

void msi_space_test_exit(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	iommu_msi_unreserve_device(mt->space, mt->dev);
	iommu_msi_unreserve_device(mt->space, mt->dev2);
	iommu_msi_unregister_rewriter(mt->dev);
	mt->dev->iommu = NULL;
	iommu_msi_leave(&mt->domain.domain);
	iommu_msi_leave(&mt->domain2.domain);
	iommu_domain_free(&mt->domain.domain);
	iommu_domain_free(&mt->domain2.domain);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain2.pages));
	iommu_msi_space_destroy(mt->space);
}

/* A device without a group is one of its own */
struct iommu_group *msi_test_group(struct device *dev)
{
	return (struct iommu_group *)msi_group_key(dev);
}

/* @dev has been attached to the domain */
void msi_test_enter(struct kunit *test, struct msi_test_domain *td,
		    struct device *dev)
{
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_group_begin(&td->domain,
					      msi_test_group(dev)));
	iommu_msi_group_end(&td->domain, msi_test_group(dev), true);
}

void msi_test_attach(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, mt->dev,
						 &msi_test_window));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
	msi_test_enter(test, &mt->domain, mt->dev);
}

/* Messages of mt->dev cannot be rewritten: its driver does not support it */
void msi_test_never_rewrite(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	mt->dev->iommu = &mt->param;
	iommu_msi_register_rewriter(mt->dev, &mt->no_rewriter);
}

/* Attach mt->dev, and give it a vector */
void msi_test_attach_with_vector(struct kunit *test, struct msi_desc *desc)
{
	struct msi_test *mt = test->priv;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, desc, DOORBELL_PHYS));
}

struct iommu_msi_state msi_test_state(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct iommu_msi_state state = {};
	unsigned long index = 0;

	KUNIT_ASSERT_TRUE(test,
			  iommu_msi_next_state(mt->space, &index, &state));
	return state;
}

unsigned int msi_test_count(struct msi_test *mt)
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

unsigned long msi_test_message(struct msi_desc *desc, phys_addr_t phys)
{
	struct msi_msg msg = {
		.address_lo = lower_32_bits(phys),
		.address_hi = upper_32_bits(phys),
	};

	iommu_dma_compose_msi_msg(desc, &msg);
	return ((u64)msg.address_hi << 32) | msg.address_lo;
}

/*
 * A device whose MSI descriptors are in the MSI core's data, and a driver that
 * rewrites messages. Its interrupts' mock chip records messages.
 */

static void msi_mock_compose(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = lower_32_bits(DOORBELL_PHYS);
	msg->data = 7;
	iommu_dma_compose_msi_msg(irq_data_get_msi_desc(data), msg);
}

static void msi_mock_write(struct irq_data *data, struct msi_msg *msg)
{
	struct msi_move_test *mm = irq_data_get_irq_chip_data(data);

	/* As PCI does: a reset restores this */
	irq_data_get_msi_desc(data)->msg = *msg;
	mm->written = *msg;
	mm->writes++;
}

static struct irq_chip msi_mock_chip = {
	.name = "msi-mock",
	.irq_compose_msi_msg = msi_mock_compose,
	.irq_write_msi_msg = msi_mock_write,
};

static int msi_mock_alloc(struct irq_domain *domain, unsigned int virq,
			  unsigned int nr_irqs, void *arg)
{
	return irq_domain_set_hwirq_and_chip(domain, virq, virq, &msi_mock_chip,
					     domain->host_data);
}

/* As msi_domain_activate() */
static int msi_mock_activate(struct irq_domain *domain, struct irq_data *data,
			     bool early)
{
	struct msi_msg msg = {};

	msi_mock_compose(data, &msg);
	msi_mock_write(data, &msg);
	return 0;
}

static const struct irq_domain_ops msi_mock_ops = {
	.alloc = msi_mock_alloc,
	.free = irq_domain_free_irqs_top,
	.activate = msi_mock_activate,
};

void msi_mock_rewrite(struct iommu_msi_rewriter *driver,
		      struct iommu_msi_rewrite *rewrite)
{
	struct msi_move_test *mm =
		container_of(driver, struct msi_move_test, driver);

	mm->rewrites++;
	if (mm->during)
		mm->during(mm->test);
	iommu_msi_rewrite(rewrite);
}

/* Give @dev a descriptor with an interrupt; freed by msi_move_test_exit() */
struct msi_desc *msi_move_insert_desc(struct kunit *test, struct device *dev,
				      unsigned int index)
{
	struct msi_move_test *mm = test->priv;
	struct msi_desc init = { .nvec_used = 1, .msi_index = index };
	struct msi_desc *desc, *found = NULL;
	int virq;

	virq = irq_domain_alloc_irqs(mm->chip_domain, 1, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_ASSERT_EQ(test, 0, msi_setup_device_data(dev));
	msi_lock_descs(dev);
	KUNIT_EXPECT_EQ(test, 0, msi_insert_msi_desc(dev, &init));
	msi_for_each_desc(desc, dev, MSI_DESC_NOTASSOCIATED)
		found = desc;
	msi_unlock_descs(dev);
	KUNIT_ASSERT_NOT_NULL(test, found);
	found->irq = virq;
	irq_set_msi_desc(virq, found);
	return found;
}

static void msi_move_free_descs(struct device *dev)
{
	struct msi_desc *desc;

	if (!dev->msi.data)
		return;
	/* The MSI core frees no interrupts of a domain that it did not create */
	dev_set_msi_domain(dev, NULL);
	msi_lock_descs(dev);
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		iommu_dma_release_msi(desc);
		irq_domain_free_irqs(desc->irq, 1);
		desc->irq = 0;
	}
	msi_free_msi_descs(dev);
	msi_unlock_descs(dev);
}

/* Set up @mm, which is test->priv or its first member */
int msi_move_test_setup(struct kunit *test, struct msi_move_test *mm)
{
	int rc;

	mm->test = test;
	rc = msi_test_init(test, &mm->base);
	if (rc)
		return rc;
	mm->base.dev->iommu = &mm->param;
	mm->driver.rewrite = msi_mock_rewrite;
	iommu_msi_register_rewriter(mm->base.dev, &mm->driver);
	mm->base.irq.domain.flags = IRQ_DOMAIN_FLAG_MSI_PARENT;
	mm->chip_domain = irq_domain_create_tree(NULL, &msi_mock_ops, mm);
	KUNIT_ASSERT_NOT_NULL(test, mm->chip_domain);
	mm->desc = msi_move_insert_desc(test, mm->base.dev, 0);
	return 0;
}

int msi_move_test_init(struct kunit *test)
{
	struct msi_move_test *mm;

	mm = kunit_kzalloc(test, sizeof(*mm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mm);
	return msi_move_test_setup(test, mm);
}

void msi_move_test_exit(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct device *dev = mm->base.dev;

	msi_move_free_descs(dev);
	msi_move_free_descs(mm->base.dev2);
	if (mm->chip_domain)
		irq_domain_remove(mm->chip_domain);
	iommu_msi_unregister_rewriter(dev);
	dev->iommu = NULL;
	msi_space_test_exit(test);
}

/* Attach the device and give it a vector that is in use */
void msi_move_start(struct kunit *test)
{
	struct msi_move_test *mm = test->priv;
	struct irq_data *data = irq_get_irq_data(mm->desc->irq);

	msi_test_attach_with_vector(test, mm->desc);
	KUNIT_ASSERT_EQ(test, 0, irq_domain_activate_irq(data, false));
	mm->writes = 0;
}

unsigned long msi_move_message(struct msi_move_test *mm)
{
	return ((u64)mm->written.address_hi << 32) | mm->written.address_lo;
}

/* The doorbell is mapped at @place only, and the message holds that IOVA */
void msi_move_expect_at(struct kunit *test, unsigned long place)
{
	struct msi_move_test *mm = test->priv;
	struct msi_test *mt = &mm->base;
	unsigned long index = 0;

	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, place);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mt->domain, place + 0x40),
			DOORBELL_PHYS);
	KUNIT_EXPECT_NOT_NULL(test, xa_find(&mt->domain.pages, &index,
					    ULONG_MAX, XA_PRESENT));
	KUNIT_EXPECT_EQ(test, index, place / SZ_4K);
	KUNIT_EXPECT_NULL(test, xa_find_after(&mt->domain.pages, &index,
					      ULONG_MAX, XA_PRESENT));
	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			place + 0x40);
	if (mm->writes)
		KUNIT_EXPECT_EQ(test, msi_move_message(mm), place + 0x40);
}

int msi_move_away(struct msi_move_test *mm)
{
	return iommu_msi_make_room(mm->base.space, WINDOW_START, WINDOW_LAST);
}

/* A PCI function on a root bus of its own, whose host bridge has no windows */
struct msi_mock_pci {
	struct pci_host_bridge bridge;
	struct pci_bus bus;
	struct pci_dev pdev;
};

struct pci_dev *msi_mock_pci(struct kunit *test)
{
	struct msi_mock_pci *mock;

	mock = kunit_kzalloc(test, sizeof(*mock), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mock);
	INIT_LIST_HEAD(&mock->bridge.windows);
	INIT_LIST_HEAD(&mock->bridge.dma_ranges);
	mock->bus.bridge = &mock->bridge.dev;
	mock->pdev.bus = &mock->bus;
	mock->pdev.dev.bus = &pci_bus_type;
	/* The space holds references on its devices, and on their bridges */
	device_initialize(&mock->bridge.dev);
	device_initialize(&mock->pdev.dev);
	return &mock->pdev;
}
