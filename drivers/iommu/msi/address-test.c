// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of guest MSI addresses.
 *
 * The device of test.c is attached to a nested domain here, whose parent is the
 * domain that maps its doorbells.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-nesting.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/pci.h>

#include "address.h"
#include "relocate.h"
#include "test.h"

/* At the same offset in its page as DOORBELL_PHYS */
#define GUEST_ADDRESS 0xfeed1040UL
#define OTHER_ADDRESS 0x7fff12345040UL
#define PLACE_ADDRESS (WINDOW_START + 0x40)

/* The nested domain */

struct msi_address_test {
	struct msi_move_test base;
	struct iommu_domain nested;
	struct iommu_domain *attached;
};

static struct iommu_domain *msi_address_attached(struct device *dev)
{
	struct msi_address_test *at = kunit_get_current_test()->priv;

	return at->attached;
}

static int msi_address_test_init(struct kunit *test)
{
	struct msi_address_test *at;
	int rc;

	at = kunit_kzalloc(test, sizeof(*at), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, at);
	rc = msi_move_test_setup(test, &at->base);
	if (rc)
		return rc;
	at->nested.type = IOMMU_DOMAIN_NESTED;
	at->nested.parent = &at->base.base.domain.domain;
	at->attached = &at->nested;
	kunit_activate_static_stub(test, msi_attached_domain,
				   msi_address_attached);
	return 0;
}

static int msi_set(struct msi_address_test *at, unsigned int index, u64 address)
{
	return iommu_msi_set_addresses(at->base.base.dev, IOMMU_MSI_PER_VECTOR,
				       index, 1, &address);
}

static u64 msi_get(struct msi_address_test *at, unsigned int index)
{
	u64 address;

	iommu_msi_get_addresses(at->base.base.dev, IOMMU_MSI_PER_VECTOR, index,
				1, &address);
	return address;
}

/*
 * The vector's message holds @address, both in the descriptor and in the copy that
 * a reset restores. The data is the controller's, and stage 2 is unchanged.
 */
static void msi_expect_address(struct kunit *test, u64 address)
{
	struct msi_address_test *at = test->priv;
	struct msi_move_test *mm = &at->base;
	const struct msi_msg *msg = &mm->desc->msg;

	KUNIT_EXPECT_EQ(test, msi_test_message(mm->desc, DOORBELL_PHYS),
			address);
	KUNIT_EXPECT_EQ(test, ((u64)msg->address_hi << 32) | msg->address_lo,
			address);
	KUNIT_EXPECT_EQ(test, msi_move_message(mm), address);
	KUNIT_EXPECT_EQ(test, msg->data, 7);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).iova, WINDOW_START);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mm->base.domain, PLACE_ADDRESS),
			DOORBELL_PHYS);
}

/* Setting */

static void address_before_vector_is_in_its_message(struct kunit *test)
{
	struct msi_address_test *at = test->priv;

	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.rewrites, 0);
	msi_move_start(test);
	msi_expect_address(test, GUEST_ADDRESS);
}

static void address_after_vector_is_written_once(struct kunit *test)
{
	struct msi_address_test *at = test->priv;

	msi_move_start(test);
	msi_expect_address(test, PLACE_ADDRESS);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.writes, 1);
	msi_expect_address(test, OTHER_ADDRESS);
	/* Setting the same address again writes nothing */
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.writes, 1);
}

static void address_of_inactive_vector_is_written_later(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct irq_data *data = irq_get_irq_data(at->base.desc->irq);

	msi_test_attach_with_vector(test, at->base.desc);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.writes, 0);
	KUNIT_EXPECT_EQ(test, 0, irq_domain_activate_irq(data, false));
	msi_expect_address(test, GUEST_ADDRESS);
}

static void address_is_restored_with_its_vector(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	iommu_dma_release_msi(at->base.desc);
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), GUEST_ADDRESS);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      DOORBELL_PHYS));
	msi_expect_address(test, GUEST_ADDRESS);
}

static void address_belongs_to_its_index(struct kunit *test)
{
	const u64 some[] = { IOMMU_MSI_NO_ADDRESS, OTHER_ADDRESS };
	struct msi_address_test *at = test->priv;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 3, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.writes, 0);
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
	KUNIT_EXPECT_EQ(test, msi_get(at, 3), GUEST_ADDRESS);
	KUNIT_EXPECT_EQ(test, msi_get(at, 4), IOMMU_MSI_NO_ADDRESS);

	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	msi_expect_address(test, GUEST_ADDRESS);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_set_addresses(at->base.base.dev,
						IOMMU_MSI_PER_VECTOR, 0, 2,
						some));
	msi_expect_address(test, PLACE_ADDRESS);
	KUNIT_EXPECT_EQ(test, msi_get(at, 1), OTHER_ADDRESS);
	KUNIT_EXPECT_EQ(test, msi_get(at, 3), GUEST_ADDRESS);
}

static void clear_reverts_messages(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_clear_addresses(dev, IOMMU_MSI_PER_VECTOR));
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	/* Addresses of another kind are not affected */
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_clear_addresses(dev, IOMMU_MSI_SHARED));
	msi_expect_address(test, OTHER_ADDRESS);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_clear_addresses(dev, IOMMU_MSI_PER_VECTOR));
	msi_expect_address(test, PLACE_ADDRESS);
	KUNIT_EXPECT_EQ(test, at->base.writes, 2);
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
}

/* Refusals */

static void wrong_offset_is_refused(struct kunit *test)
{
	static const u64 wrong[] = {
		GUEST_ADDRESS + 4,
		GUEST_ADDRESS - 4,
		GUEST_ADDRESS + 1,
		GUEST_ADDRESS ^ 0x800,
		0,
		0xfeed1000UL,
	};
	struct msi_address_test *at = test->priv;
	unsigned int i;

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		const u64 addresses[] = { OTHER_ADDRESS, wrong[i] };

		KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL, msi_set(at, 0, wrong[i]));
		/* If one is wrong, none is set */
		KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
				iommu_msi_set_addresses(at->base.base.dev,
							IOMMU_MSI_PER_VECTOR, 0,
							2, addresses));
	}
	msi_expect_address(test, GUEST_ADDRESS);
	KUNIT_EXPECT_EQ(test, at->base.writes, 1);
	KUNIT_EXPECT_EQ(test, msi_get(at, 1), IOMMU_MSI_NO_ADDRESS);
}

static void msi_add_second_doorbell(struct msi_address_test *at)
{
	struct msi_test *mt = &at->base.base;

	mt->irq.doorbells[1] = SECOND_PHYS;
	mt->irq.sizes[1] = sizeof(u32);
	mt->irq.count = 2;
}

static void offset_of_other_doorbell_is_refused_by_vector(struct kunit *test)
{
	const u64 second = GUEST_ADDRESS + 0x40;
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;

	msi_add_second_doorbell(at);
	msi_test_attach(test);
	/* It is not known yet which doorbell the vector will use */
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, second));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_TRUE(test, xa_empty(&mt->domain.pages));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      SECOND_PHYS));
	KUNIT_EXPECT_EQ(test, msi_test_message(at->base.desc, SECOND_PHYS),
			second);
	iommu_dma_release_msi(at->base.desc);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, IOMMU_MSI_NO_ADDRESS));

	msi_move_start(test);
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL, msi_set(at, 0, second));
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 1, second));
	msi_expect_address(test, PLACE_ADDRESS);
}

static void silent_controller_leaves_check_to_vector(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;

	mt->irq.domain.ops = &msi_test_silent_irq_ops;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS + 4));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
			msi_set(at, 0, GUEST_ADDRESS + 1));
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	msi_move_start(test);
	msi_expect_address(test, GUEST_ADDRESS);
}

static void register_range_allows_all_its_offsets(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;

	/* Each vector has an address of its own */
	mt->irq.sizes[0] = 64;
	msi_test_attach(test);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS + 60));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
			msi_set(at, 0, GUEST_ADDRESS + 64));
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      DOORBELL_PHYS));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_map(&mt->domain.domain, at->base.desc,
				      DOORBELL_PHYS + 60));
	KUNIT_EXPECT_EQ(test,
			msi_test_message(at->base.desc, DOORBELL_PHYS + 60),
			GUEST_ADDRESS + 60);
}

static void outside_nested_domain_nothing_is_set(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;
	struct iommu_domain orphan = { .type = IOMMU_DOMAIN_NESTED };

	/* In the group, but not attached */
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_ASSERT_EQ(test, 0, iommu_msi_join(mt->space, &mt->domain.domain));
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	msi_move_start(test);
	at->attached = NULL;
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	at->attached = &mt->domain.domain;
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	/* The domain is checked before the address */
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, 1));
	at->attached = &orphan;
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_clear_addresses(mt->dev,
						  IOMMU_MSI_PER_VECTOR));
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
	KUNIT_EXPECT_EQ(test, at->base.rewrites, 0);
	msi_expect_address(test, PLACE_ADDRESS);
}

static void without_driver_nothing_is_set(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_test_attach(test);
	iommu_msi_unregister_rewriter(dev);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iommu_msi_clear_addresses(dev, IOMMU_MSI_PER_VECTOR));
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
}

static void index_out_of_range_is_refused(struct kunit *test)
{
	static const u64 two[] = { GUEST_ADDRESS, GUEST_ADDRESS };
	static const struct {
		enum iommu_msi_kind kind;
		unsigned int start, count;
	} cases[] = {
		{ IOMMU_MSI_SHARED, 1, 1 },
		{ IOMMU_MSI_SHARED, 0, 2 },
		{ IOMMU_MSI_PER_VECTOR, 0, 0 },
		{ IOMMU_MSI_PER_VECTOR, 2048, 1 },
		{ IOMMU_MSI_PER_VECTOR, 2047, 2 },
		{ IOMMU_MSI_PER_VECTOR, UINT_MAX, 2 },
	};
	struct msi_address_test *at = test->priv;
	unsigned int i;

	msi_test_attach(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				iommu_msi_set_addresses(
					at->base.base.dev, cases[i].kind,
					cases[i].start, cases[i].count, two));
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 2047, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, msi_get(at, 2047), GUEST_ADDRESS);
}

static void msi_fail_rewrite(struct iommu_msi_rewriter *driver,
			     struct iommu_msi_rewrite *rewrite)
{
}

static void driver_that_fails_changes_nothing(struct kunit *test)
{
	struct msi_address_test *at = test->priv;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	at->base.driver.rewrite = msi_fail_rewrite;
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_set(at, 0, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_clear_addresses(at->base.base.dev,
						  IOMMU_MSI_PER_VECTOR));
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), GUEST_ADDRESS);
	msi_expect_address(test, GUEST_ADDRESS);
}

/* PCI */

struct msi_pci_test {
	struct pci_dev *pdev;
	struct dev_iommu param;
	struct iommu_msi_rewriter driver;
	struct msi_desc desc;
};

/* A device with MSI, attached and with a driver, but without vectors */
static struct msi_pci_test *msi_pci_start(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_test *mt = &at->base.base;
	struct msi_pci_test *pt;

	pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pt);
	pt->pdev = msi_mock_pci(test);
	mutex_init(&pt->param.lock);
	pt->pdev->dev.iommu = &pt->param;
	pt->desc.dev = &pt->pdev->dev;
	pt->desc.nvec_used = 1;
	pt->desc.ops = &pci_msi_desc_ops;
	pt->desc.pci.msi_attrib.is_64 = true;
	dev_set_msi_domain(&pt->pdev->dev, &mt->irq.domain);
	pt->driver.rewrite = msi_fail_rewrite;
	iommu_msi_register_rewriter(&pt->pdev->dev, &pt->driver);
	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_msi_reserve_device(mt->space, &pt->pdev->dev,
						 &msi_test_window));
	return pt;
}

static void msi_pci_stop(struct kunit *test, struct msi_pci_test *pt)
{
	struct msi_address_test *at = test->priv;

	iommu_dma_release_msi(&pt->desc);
	iommu_msi_unregister_rewriter(&pt->pdev->dev);
	iommu_msi_unreserve_device(at->base.base.space, &pt->pdev->dev);
}

static int msi_pci_set(struct msi_pci_test *pt, enum iommu_msi_kind kind,
		       u64 address)
{
	return iommu_msi_set_addresses(&pt->pdev->dev, kind, 0, 1, &address);
}

static int msi_pci_map(struct kunit *test, struct msi_pci_test *pt)
{
	struct msi_address_test *at = test->priv;

	return iommu_msi_map(&at->base.base.domain.domain, &pt->desc,
			     DOORBELL_PHYS);
}

static void device_with_32_bit_messages_refuses_high_address(struct kunit *test)
{
	struct msi_pci_test *pt = msi_pci_start(test);

	pt->pdev->no_64bit_msi = true;
	KUNIT_EXPECT_EQ(test, -ERANGE,
			msi_pci_set(pt, IOMMU_MSI_SHARED, SZ_4G + 0x40));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			msi_pci_set(pt, IOMMU_MSI_PER_VECTOR, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_SHARED,
				    SZ_4G - SZ_4K + 0x40));
	msi_pci_stop(test, pt);
}

static void msi_and_msix_have_addresses_of_their_own(struct kunit *test)
{
	struct msi_pci_test *pt = msi_pci_start(test);

	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_SHARED, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_PER_VECTOR, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0, msi_pci_map(test, pt));
	KUNIT_EXPECT_EQ(test, msi_test_message(&pt->desc, DOORBELL_PHYS),
			GUEST_ADDRESS);
	iommu_dma_release_msi(&pt->desc);
	pt->desc.pci.msi_attrib.is_msix = true;
	KUNIT_EXPECT_EQ(test, 0, msi_pci_map(test, pt));
	KUNIT_EXPECT_EQ(test, msi_test_message(&pt->desc, DOORBELL_PHYS),
			OTHER_ADDRESS);
	msi_pci_stop(test, pt);
}

/*
 * If one write cannot change both halves of the address, the upper half must be
 * that of the doorbell's IOVA, to which the message will be reverted.
 */
static void several_vectors_of_msi_share_upper_half(struct kunit *test)
{
	struct msi_pci_test *pt = msi_pci_start(test);

	pt->desc.nvec_used = 4;
	pt->desc.pci.msi_attrib.can_mask = true;
	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_SHARED, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, -ERANGE, msi_pci_map(test, pt));
	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_SHARED, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0, msi_pci_map(test, pt));
	KUNIT_EXPECT_EQ(test, msi_test_message(&pt->desc, DOORBELL_PHYS),
			GUEST_ADDRESS);
	KUNIT_EXPECT_EQ(test, msi_test_state(test).vectors, 4);
	msi_pci_stop(test, pt);
}

static void maskable_vector_of_msi_has_no_limit(struct kunit *test)
{
	struct msi_pci_test *pt = msi_pci_start(test);

	KUNIT_EXPECT_EQ(test, 0,
			msi_pci_set(pt, IOMMU_MSI_SHARED, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, -ERANGE, msi_pci_map(test, pt));
	pt->desc.pci.msi_attrib.can_mask = true;
	KUNIT_EXPECT_EQ(test, 0, msi_pci_map(test, pt));
	KUNIT_EXPECT_EQ(test, msi_test_message(&pt->desc, DOORBELL_PHYS),
			OTHER_ADDRESS);
	msi_pci_stop(test, pt);
}

/* Leaving the nested domain */

static void device_that_leaves_reverts_first(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	iommu_msi_suspend_addresses(dev);
	msi_expect_address(test, PLACE_ADDRESS);
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			iommu_msi_clear_addresses(dev, IOMMU_MSI_PER_VECTOR));
	at->attached = at->nested.parent;
	iommu_msi_drop_addresses(dev);
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
	msi_expect_address(test, PLACE_ADDRESS);

	/* It may be attached again */
	at->attached = &at->nested;
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	msi_expect_address(test, GUEST_ADDRESS);
}

static void device_that_stays_keeps_its_addresses(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	iommu_msi_suspend_addresses(dev);
	iommu_msi_resume_addresses(dev);
	msi_expect_address(test, OTHER_ADDRESS);
	KUNIT_EXPECT_EQ(test, at->base.writes, 3);
	KUNIT_EXPECT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
}

static void device_without_addresses_leaves_unwritten(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_move_start(test);
	iommu_msi_suspend_addresses(dev);
	/* The guest sets an address too late */
	KUNIT_EXPECT_EQ(test, -EBUSY, msi_set(at, 0, GUEST_ADDRESS));
	at->attached = NULL;
	iommu_msi_drop_addresses(dev);
	KUNIT_EXPECT_EQ(test, -ENOENT, msi_set(at, 0, GUEST_ADDRESS));
	KUNIT_EXPECT_EQ(test, at->base.rewrites, 0);
	msi_expect_address(test, PLACE_ADDRESS);
}

static void vector_of_leaving_device_gets_iova(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	iommu_msi_suspend_addresses(dev);
	msi_move_start(test);
	msi_expect_address(test, PLACE_ADDRESS);
	iommu_msi_resume_addresses(dev);
	msi_expect_address(test, GUEST_ADDRESS);
}

static void addresses_are_dropped_with_the_driver(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_test_attach(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	iommu_msi_unregister_rewriter(dev);
	iommu_msi_register_rewriter(dev, &at->base.driver);
	KUNIT_EXPECT_EQ(test, msi_get(at, 0), IOMMU_MSI_NO_ADDRESS);
	msi_move_start(test);
	msi_expect_address(test, PLACE_ADDRESS);
}

/* Races */

static void msi_vector_goes(struct kunit *test)
{
	struct msi_address_test *at = test->priv;

	iommu_dma_release_msi(at->base.desc);
}

static void vector_may_be_freed_during_revert(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct device *dev = at->base.base.dev;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, GUEST_ADDRESS));
	at->base.during = msi_vector_goes;
	iommu_msi_suspend_addresses(dev);
	KUNIT_EXPECT_EQ(test, at->base.writes, 1);
	KUNIT_EXPECT_TRUE(test, xa_empty(&at->base.base.domain.pages));
	iommu_msi_drop_addresses(dev);
}

static void relocation_leaves_guest_address(struct kunit *test)
{
	struct msi_address_test *at = test->priv;
	struct msi_move_test *mm = &at->base;
	unsigned long place;

	msi_move_start(test);
	KUNIT_ASSERT_EQ(test, 0, msi_set(at, 0, OTHER_ADDRESS));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_msi_make_room(mm->base.space, WINDOW_START,
					    WINDOW_LAST));
	KUNIT_EXPECT_EQ(test, mm->writes, 1);
	KUNIT_EXPECT_EQ(test, msi_move_message(mm), OTHER_ADDRESS);
	/* The message is reverted to the doorbell's current IOVA */
	place = msi_test_state(test).iova;
	KUNIT_EXPECT_NE(test, place, WINDOW_START);
	iommu_msi_suspend_addresses(mm->base.dev);
	KUNIT_EXPECT_EQ(test, msi_move_message(mm), place + 0x40);
	KUNIT_EXPECT_EQ(test, msi_test_phys(&mm->base.domain, place + 0x40),
			DOORBELL_PHYS);
	iommu_msi_drop_addresses(mm->base.dev);
}

/* Such as a guest's TTBR1 translates; msi_desc::iommu_msi_iova is a narrower bit-field */
static void message_has_all_bits_of_an_address(struct kunit *test)
{
	struct msi_desc desc = {};

	msi_desc_set_iommu_msi_iova(&desc, 0xffff800008090000, 12);
	KUNIT_EXPECT_EQ(test, msi_test_message(&desc, DOORBELL_PHYS),
			0xffff800008090000 + (DOORBELL_PHYS & (SZ_4K - 1)));
}

static struct kunit_case msi_address_test_cases[] = {
	KUNIT_CASE(address_before_vector_is_in_its_message),
	KUNIT_CASE(address_after_vector_is_written_once),
	KUNIT_CASE(address_of_inactive_vector_is_written_later),
	KUNIT_CASE(address_is_restored_with_its_vector),
	KUNIT_CASE(address_belongs_to_its_index),
	KUNIT_CASE(clear_reverts_messages),
	KUNIT_CASE(wrong_offset_is_refused),
	KUNIT_CASE(offset_of_other_doorbell_is_refused_by_vector),
	KUNIT_CASE(silent_controller_leaves_check_to_vector),
	KUNIT_CASE(register_range_allows_all_its_offsets),
	KUNIT_CASE(outside_nested_domain_nothing_is_set),
	KUNIT_CASE(without_driver_nothing_is_set),
	KUNIT_CASE(index_out_of_range_is_refused),
	KUNIT_CASE(driver_that_fails_changes_nothing),
	KUNIT_CASE(device_with_32_bit_messages_refuses_high_address),
	KUNIT_CASE(msi_and_msix_have_addresses_of_their_own),
	KUNIT_CASE(several_vectors_of_msi_share_upper_half),
	KUNIT_CASE(maskable_vector_of_msi_has_no_limit),
	KUNIT_CASE(device_that_leaves_reverts_first),
	KUNIT_CASE(device_that_stays_keeps_its_addresses),
	KUNIT_CASE(device_without_addresses_leaves_unwritten),
	KUNIT_CASE(vector_of_leaving_device_gets_iova),
	KUNIT_CASE(addresses_are_dropped_with_the_driver),
	KUNIT_CASE(vector_may_be_freed_during_revert),
	KUNIT_CASE(relocation_leaves_guest_address),
	KUNIT_CASE(message_has_all_bits_of_an_address),
	{}
};

static struct kunit_suite msi_address_suite = {
	.name = "iommu_msi_address",
	.init = msi_address_test_init,
	.exit = msi_move_test_exit,
	.test_cases = msi_address_test_cases,
};

kunit_test_suites(&msi_address_suite);

MODULE_DESCRIPTION("KUnit tests of guest MSI addresses");
MODULE_LICENSE("GPL");
