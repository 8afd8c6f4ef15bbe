// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of rewriting and pausing the messages of a PCI function, whose
 * configuration space and MSI-X table are plain memory.
 */
#include <kunit/test.h>
#include <linux/unaligned.h>

#include "msi.h"

#define CAP 0x40
#define MASK (CAP + PCI_MSI_MASK_64)
#define ENTRY 2

struct pci_msi_test {
	struct pci_bus bus;
	struct pci_dev dev;
	struct msi_desc desc;
	u8 config[256];
	u32 table[16];
	u32 enables; /* writes to the flags of MSI */
};

static int pci_msi_test_read(struct pci_bus *bus, unsigned int devfn, int where,
			     int size, u32 *val)
{
	struct pci_msi_test *mt = container_of(bus, struct pci_msi_test, bus);
	void *at = mt->config + where;

	*val = size == 4 ? get_unaligned_le32(at) :
	       size == 2 ? get_unaligned_le16(at) :
			   *(u8 *)at;
	return PCIBIOS_SUCCESSFUL;
}

static int pci_msi_test_write(struct pci_bus *bus, unsigned int devfn,
			      int where, int size, u32 val)
{
	struct pci_msi_test *mt = container_of(bus, struct pci_msi_test, bus);
	void *at = mt->config + where;

	mt->enables += where == CAP + PCI_MSI_FLAGS;
	if (size == 4)
		put_unaligned_le32(val, at);
	else if (size == 2)
		put_unaligned_le16(val, at);
	else
		*(u8 *)at = val;
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops pci_msi_test_ops = {
	.read = pci_msi_test_read,
	.write = pci_msi_test_write,
};

static u32 pci_msi_test_get(struct pci_msi_test *mt, unsigned int where)
{
	return get_unaligned_le32(mt->config + where);
}

static bool pci_msi_test_enabled(struct pci_msi_test *mt)
{
	return get_unaligned_le16(mt->config + CAP + PCI_MSI_FLAGS) &
	       PCI_MSI_FLAGS_ENABLE;
}

/* An enabled MSI with one of four vectors */
static struct pci_msi_test *pci_msi_test_plain(struct kunit *test,
					       bool can_mask)
{
	struct pci_msi_test *mt = test->priv;

	mt->desc.nvec_used = 1;
	mt->desc.pci.msi_attrib.is_64 = true;
	mt->desc.pci.msi_attrib.can_mask = can_mask;
	mt->desc.pci.msi_attrib.multi_cap = 2;
	mt->desc.pci.mask_pos = MASK;
	mt->desc.pci.enabled = true;
	put_unaligned_le16(PCI_MSI_FLAGS_ENABLE,
			   mt->config + CAP + PCI_MSI_FLAGS);
	return mt;
}

static struct pci_msi_test *pci_msi_test_msix(struct kunit *test)
{
	struct pci_msi_test *mt = test->priv;

	mt->desc.nvec_used = 1;
	mt->desc.msi_index = ENTRY;
	mt->desc.pci.msi_attrib.is_msix = true;
	mt->desc.pci.msi_attrib.is_64 = true;
	mt->desc.pci.msi_attrib.can_mask = true;
	mt->desc.pci.mask_base = (void __iomem *)mt->table;
	return mt;
}

static u32 *pci_msi_test_entry(struct pci_msi_test *mt)
{
	return mt->table + ENTRY * PCI_MSIX_ENTRY_SIZE / sizeof(u32);
}

static u32 pci_msi_test_rewrite(struct pci_msi_test *mt)
{
	struct msi_msg msg = { .address_lo = 0x12345040, .data = 7 };
	u32 state;

	WRITE_ONCE(mt->desc.held, true);
	state = pci_msi_begin_rewrite(&mt->desc);
	__pci_write_msi_msg(&mt->desc, &msg);
	return state;
}

static void pci_msi_test_end(struct pci_msi_test *mt, u32 state)
{
	WRITE_ONCE(mt->desc.held, false);
	pci_msi_end_rewrite(&mt->desc, state);
}

static void rewritten_msi_keeps_the_mask_of_its_user(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, true);
	u32 mask, state;

	/* The user masks or unmasks, whatever the host's state is */
	for (mask = 0; mask < 2; mask++) {
		mt->desc.pci.msi_mask = !mask;
		put_unaligned_le32(mask, mt->config + MASK);
		state = pci_msi_test_rewrite(mt);
		KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), 0xf);
		pci_msi_test_end(mt, state);
		KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), mask);
		KUNIT_EXPECT_EQ(test, mt->desc.pci.msi_mask, !mask);
	}
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, CAP + PCI_MSI_ADDRESS_LO),
			0x12345040);
}

static void rewritten_entry_keeps_the_mask_of_its_user(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_msix(test);
	u32 *entry = pci_msi_test_entry(mt);
	u32 mask, state;

	for (mask = 0; mask < 2; mask++) {
		mt->desc.pci.msix_ctrl = !mask;
		entry[3] = mask;
		state = pci_msi_test_rewrite(mt);
		KUNIT_EXPECT_EQ(test, entry[3], PCI_MSIX_ENTRY_CTRL_MASKBIT);
		pci_msi_test_end(mt, state);
		KUNIT_EXPECT_EQ(test, entry[3], mask);
	}
	KUNIT_EXPECT_EQ(test, entry[0], 0x12345040);
}

static void writing_a_message_does_not_write_the_enable_bit(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, false);
	struct msi_msg msg = {};

	__pci_write_msi_msg(&mt->desc, &msg);
	KUNIT_EXPECT_EQ(test, mt->enables, 0);
	mt->desc.pci.msi_attrib.multiple = 1;
	__pci_write_msi_msg(&mt->desc, &msg);
	KUNIT_EXPECT_EQ(test, mt->enables, 1);
	KUNIT_EXPECT_TRUE(test, pci_msi_test_enabled(mt));
}

static void pci_msi_test_set_held(struct pci_msi_test *mt, bool held)
{
	WRITE_ONCE(mt->desc.held, held);
	if (held)
		pci_msi_pause(&mt->desc);
	else
		pci_msi_resume(&mt->desc);
}

static void paused_msi_is_masked_whatever_the_driver_does(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, true);

	mt->desc.pci.msi_mask = 0xf;
	pci_msi_test_set_held(mt, true);
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), 0xf);
	pci_msi_unmask(&mt->desc, 3);
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), 0xf);
	pci_msi_test_set_held(mt, false);
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), 0xc);
	KUNIT_EXPECT_TRUE(test, pci_msi_test_enabled(mt));
	KUNIT_EXPECT_EQ(test, mt->enables, 0);
}

static void paused_entry_is_masked_whatever_the_driver_does(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_msix(test);
	struct msi_msg msg = { .address_lo = 0x12345040 };
	u32 *entry = pci_msi_test_entry(mt);

	mt->desc.pci.msix_ctrl = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	pci_msi_test_set_held(mt, true);
	pci_msix_unmask(&mt->desc);
	KUNIT_EXPECT_EQ(test, entry[3], PCI_MSIX_ENTRY_CTRL_MASKBIT);
	__pci_write_msi_msg(&mt->desc, &msg);
	KUNIT_EXPECT_EQ(test, entry[3], PCI_MSIX_ENTRY_CTRL_MASKBIT);
	pci_msi_test_set_held(mt, false);
	KUNIT_EXPECT_EQ(test, entry[3], 0);
}

static void paused_msi_without_mask_bits_is_disabled(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, false);

	pci_msi_test_set_held(mt, true);
	KUNIT_EXPECT_FALSE(test, pci_msi_test_enabled(mt));
	/* A restore does this */
	pci_msi_update_enable(&mt->desc);
	KUNIT_EXPECT_FALSE(test, pci_msi_test_enabled(mt));
	pci_msi_test_set_held(mt, false);
	KUNIT_EXPECT_TRUE(test, pci_msi_test_enabled(mt));
}

static void disabled_msi_is_not_resumed(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, false);

	pci_msi_test_set_held(mt, true);
	mt->desc.pci.enabled = false;
	pci_msi_test_set_held(mt, false);
	KUNIT_EXPECT_FALSE(test, pci_msi_test_enabled(mt));
}

static void sleeping_device_is_left_alone(struct kunit *test)
{
	struct pci_msi_test *mt = pci_msi_test_plain(test, true);

	mt->dev.current_state = PCI_D3hot;
	put_unaligned_le32(5, mt->config + MASK);
	pci_msi_test_end(mt, pci_msi_test_rewrite(mt));
	pci_msi_test_set_held(mt, true);
	pci_msi_test_set_held(mt, false);
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, MASK), 5);
	KUNIT_EXPECT_EQ(test, pci_msi_test_get(mt, CAP + PCI_MSI_ADDRESS_LO),
			0);
	/* The message that a restore writes */
	KUNIT_EXPECT_EQ(test, mt->desc.msg.address_lo, 0x12345040);
}

static int pci_msi_test_init(struct kunit *test)
{
	struct pci_msi_test *mt;

	mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mt);
	mt->bus.ops = &pci_msi_test_ops;
	mt->dev.bus = &mt->bus;
	mt->dev.msi_cap = CAP;
	mt->dev.current_state = PCI_D0;
	raw_spin_lock_init(&mt->dev.msi_lock);
	mt->desc.dev = &mt->dev.dev;
	test->priv = mt;
	return 0;
}

static struct kunit_case pci_msi_test_cases[] = {
	KUNIT_CASE(rewritten_msi_keeps_the_mask_of_its_user),
	KUNIT_CASE(rewritten_entry_keeps_the_mask_of_its_user),
	KUNIT_CASE(writing_a_message_does_not_write_the_enable_bit),
	KUNIT_CASE(paused_msi_is_masked_whatever_the_driver_does),
	KUNIT_CASE(paused_entry_is_masked_whatever_the_driver_does),
	KUNIT_CASE(paused_msi_without_mask_bits_is_disabled),
	KUNIT_CASE(disabled_msi_is_not_resumed),
	KUNIT_CASE(sleeping_device_is_left_alone),
	{}
};

static struct kunit_suite pci_msi_test_suite = {
	.name = "pci_msi_rewrite",
	.init = pci_msi_test_init,
	.test_cases = pci_msi_test_cases,
};

kunit_test_suite(pci_msi_test_suite);
