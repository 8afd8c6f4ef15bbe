// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI addresses that a guest chose.
 *
 * A guest that owns stage 1 gives its devices MSI addresses of its own: IOVAs that
 * its tables map to the page of its virtual interrupt controller, which stage 2 maps
 * to the physical doorbell. The driver of a device, VFIO, passes them on, and
 * messages are sent there instead of to the doorbell's IOVA in stage 2. Only the page
 * of a guest's address is used: the data and the offset of the register remain the
 * interrupt controller's.
 *
 * The addresses are kept with the driver of the device that rewrites messages, in one
 * table for each kind of message. A table is replaced as a whole, under both
 * iommu_msi_rewriter::lock and iommu_msi_rewriter::address_lock. A message holds the
 * address that the table had when it was written, so a change of the table ends with
 * rewriting those that have become stale. See Documentation/driver-api/iommu-msi.rst
 * for the races.
 *
 * They are valid in a nested domain only, and on that parent only. The addresses of a
 * device that is about to leave are suspended first: its messages are sent to the
 * doorbell's IOVA in stage 2 again, which every domain of the MSI space maps. Then
 * they are dropped, or resumed if the device stayed.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-nesting.h>
#include <linux/irq.h>
#include <linux/minmax.h>
#include <linux/msi.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <trace/events/iommu_msi.h>

#include "../iommu-priv.h"
#include "address.h"
#include "controller.h"
#include "doorbell.h"
#include "user.h"
#include "vector.h"

/* Bits of an address that no page of stage 1 or stage 2 translates */
#define MSI_OFFSET_MASK ((u64)IOMMU_DOORBELL_PAGE - 1)

/**
 * struct iommu_msi_addresses - Addresses of the messages of one kind
 * @count: Number of addresses
 * @address: Address of the message with the same index, or %IOMMU_MSI_NO_ADDRESS
 */
struct iommu_msi_addresses {
	unsigned int count;
	u64 address[] __counted_by(count);
};

/* Tables */

static u64 msi_addresses_get(const struct iommu_msi_addresses *table,
			     unsigned int index)
{
	return table && index < table->count ? table->address[index] :
					       IOMMU_MSI_NO_ADDRESS;
}

/* Copy @old, which may be NULL, with @count addresses changed */
static struct iommu_msi_addresses *
msi_addresses_change(const struct iommu_msi_addresses *old, unsigned int start,
		     unsigned int count, const u64 *addresses)
{
	unsigned int i, n = max(start + count, old ? old->count : 0);
	struct iommu_msi_addresses *new;

	new = kvmalloc(struct_size(new, address, n), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	new->count = n;
	for (i = 0; i < n; i++)
		new->address[i] = in_range(i, start, count) ?
					  addresses[i - start] :
					  msi_addresses_get(old, i);
	return new;
}

/* Returns what was there before */
static struct iommu_msi_addresses *
msi_addresses_swap(struct iommu_msi_rewriter *rewriter,
		   enum iommu_msi_kind kind, struct iommu_msi_addresses *table)
{
	spin_lock(&rewriter->address_lock);
	swap(rewriter->addresses[kind], table);
	spin_unlock(&rewriter->address_lock);
	return table;
}

static void msi_addresses_use(struct iommu_msi_rewriter *rewriter, bool use)
{
	spin_lock(&rewriter->address_lock);
	rewriter->suspended = !use;
	spin_unlock(&rewriter->address_lock);
}

/* Messages */

static enum iommu_msi_kind msi_desc_kind(const struct msi_desc *desc)
{
	if (dev_is_pci(desc->dev) && !desc->pci.msi_attrib.is_msix)
		return IOMMU_MSI_SHARED;
	return IOMMU_MSI_PER_VECTOR;
}

static u64 msi_guest_address(struct iommu_msi_rewriter *rewriter,
			     const struct msi_desc *desc)
{
	u64 address = IOMMU_MSI_NO_ADDRESS;

	spin_lock(&rewriter->address_lock);
	if (!rewriter->suspended)
		address = msi_addresses_get(
			rewriter->addresses[msi_desc_kind(desc)],
			desc->msi_index);
	spin_unlock(&rewriter->address_lock);
	return address;
}

/* iommu_msi_address_ops::page */
static u64 msi_guest_page(struct iommu_msi_rewriter *rewriter,
			  const struct msi_desc *desc)
{
	u64 address = msi_guest_address(rewriter, desc);

	if (address == IOMMU_MSI_NO_ADDRESS)
		return address;
	return address & ~MSI_OFFSET_MASK;
}

/*
 * The message must be able to change to @address, and back to the doorbell's IOVA, in
 * one write each.
 */
static bool msi_desc_can_hold(const struct msi_desc *desc,
			      const struct iommu_doorbell *doorbell,
			      u64 address)
{
	return !msi_desc_keeps_address_hi(desc) ||
	       upper_32_bits(address) ==
		       upper_32_bits(doorbell_start(doorbell));
}

/* iommu_msi_address_ops::check */
static int msi_guest_check(struct iommu_msi_rewriter *rewriter,
			   const struct msi_desc *desc,
			   const struct iommu_doorbell *doorbell,
			   phys_addr_t msi_addr)
{
	u64 address = msi_guest_address(rewriter, desc);

	if (address == IOMMU_MSI_NO_ADDRESS)
		return 0;
	if ((address ^ msi_addr) & MSI_OFFSET_MASK)
		return -EADDRNOTAVAIL;
	return msi_desc_can_hold(desc, doorbell, address) ? 0 : -ERANGE;
}

/* No message is sent to any of the addresses, and none will be */
static void msi_addresses_free(struct iommu_msi_rewriter *rewriter)
{
	unsigned int kind;

	for (kind = 0; kind < IOMMU_MSI_KINDS; kind++)
		kvfree(msi_addresses_swap(rewriter, kind, NULL));
	msi_addresses_use(rewriter, true);
}

static const struct iommu_msi_address_ops msi_guest_ops = {
	.page = msi_guest_page,
	.check = msi_guest_check,
	.free = msi_addresses_free,
};

/* Checks */

static int msi_match_offset(phys_addr_t start, size_t size, void *data)
{
	const u64 *address = data;

	return ((*address - start) & MSI_OFFSET_MASK) < size;
}

/* Registers are 32 bits wide, see PCI Local Bus 3.0, 6.8.1.4 */
static int msi_check_offset(struct device *dev, u64 address)
{
	int rc;

	if (!IS_ALIGNED(address, sizeof(u32)))
		return -EADDRNOTAVAIL;
	rc = msi_walk_doorbells(dev, msi_match_offset, &address);
	if (rc == -EOPNOTSUPP || rc == 1)
		/* If it is not known yet, new vectors are checked */
		return 0;
	return rc ?: -EADDRNOTAVAIL;
}

static int msi_check_address(struct device *dev, u64 address)
{
	if (address == IOMMU_MSI_NO_ADDRESS)
		return 0;
	if (dev_is_pci(dev) && to_pci_dev(dev)->no_64bit_msi &&
	    upper_32_bits(address))
		return -ERANGE;
	return msi_check_offset(dev, address);
}

/* A vector that exists already */
static int msi_check_live(const struct msi_desc *desc, u64 address)
{
	if (address == IOMMU_MSI_NO_ADDRESS)
		return 0;
	/* An inactive one has no message, and will get the register's offset */
	if (irqd_is_activated(irq_get_irq_data(desc->irq)) &&
	    (address ^ desc->msg.address_lo) & MSI_OFFSET_MASK)
		return -EADDRNOTAVAIL;
	return msi_desc_can_hold(desc, desc->iommu_msi_user->doorbell,
				 address) ?
		       0 :
		       -ERANGE;
}

static int msi_check_vectors(struct iommu_msi_space *space, struct device *dev,
			     enum iommu_msi_kind kind,
			     const struct iommu_msi_addresses *table)
{
	struct msi_desc *desc;
	int rc;

	if (!dev->msi.data)
		return 0;
	msi_for_each_desc(desc, dev, MSI_DESC_ASSOCIATED) {
		if (msi_desc_kind(desc) != kind || !desc->iommu_msi_user ||
		    desc->iommu_msi_user->doorbell->space != space)
			continue;
		rc = msi_check_live(desc,
				    msi_addresses_get(table, desc->msi_index));
		if (rc)
			return rc;
	}
	return 0;
}

/* The nested domain */

VISIBLE_IF_KUNIT struct iommu_domain *msi_attached_domain(struct device *dev)
{
	KUNIT_STATIC_STUB_REDIRECT(msi_attached_domain, dev);
	return iommu_get_domain_for_dev(dev);
}

/*
 * The MSI space of the parent, if @dev is attached to a nested domain. It stays for
 * as long as the caller's iommu_msi_rewriter::lock keeps the device from leaving.
 */
static struct iommu_msi_space *msi_nested_space(struct device *dev)
{
	struct iommu_domain *domain;

	guard(iommu_group_domain)(dev->iommu_group);
	domain = msi_attached_domain(dev);
	if (!domain || domain->type != IOMMU_DOMAIN_NESTED || !domain->parent ||
	    !iommu_is_mixed_domain(domain->parent))
		return NULL;
	return domain->parent->msi->space;
}

/* Changes */

/* Returns false if @dev never had a vector: then there is nothing to unlock */
static bool msi_lock_vectors(struct device *dev)
{
	if (!READ_ONCE(dev->msi.data))
		return false;
	msi_lock_descs(dev);
	return true;
}

/* Have messages rewritten that are not sent where they should be */
static int msi_addresses_apply(struct device *dev,
			       struct iommu_msi_rewriter *rewriter,
			       struct iommu_msi_space *space)
{
	struct iommu_msi_rewrite rewrite = { .dev = dev, .space = space };

	lockdep_assert_held(&rewriter->lock);
	if (!msi_device_is_stale(dev, space))
		return 0;
	rewriter->rewrite(rewriter, &rewrite);
	return rewrite.done ? 0 : -EBUSY;
}

static int msi_addresses_install(struct iommu_msi_space *space,
				 struct device *dev,
				 struct iommu_msi_rewriter *rewriter,
				 enum iommu_msi_kind kind,
				 struct iommu_msi_addresses **table)
{
	struct msi_device *device;
	int rc;

	guard(mutex)(&space->lock);
	/* Another device of the group may be attached, but not this one */
	device = msi_device_lookup(space, dev);
	if (!device || !device->attached)
		return -ENOENT;
	rc = msi_check_vectors(space, dev, kind, *table);
	if (!rc)
		*table = msi_addresses_swap(rewriter, kind, *table);
	return rc;
}

/* Replace a table; takes @table over, which may be NULL */
static int msi_addresses_replace(struct device *dev,
				 struct iommu_msi_rewriter *rewriter,
				 enum iommu_msi_kind kind,
				 struct iommu_msi_addresses *table)
{
	struct iommu_msi_space *space = msi_nested_space(dev);
	int rc = -ENOENT;
	bool locked;

	if (space) {
		locked = msi_lock_vectors(dev);
		rc = msi_addresses_install(space, dev, rewriter, kind, &table);
		if (locked)
			msi_unlock_descs(dev);
	}
	if (!rc) {
		rc = msi_addresses_apply(dev, rewriter, space);
		if (rc)
			table = msi_addresses_swap(rewriter, kind, table);
	}
	kvfree(table);
	return rc;
}

/*
 * Lock the rewriter of @dev, if addresses can be set. Undone by
 * msi_rewriter_unlock().
 */
static struct iommu_msi_rewriter *msi_rewriter_lock(struct device *dev)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_get(dev);

	if (!rewriter)
		return ERR_PTR(-EOPNOTSUPP);
	if (!rewriter->rewrite) {
		msi_rewriter_put(rewriter);
		return ERR_PTR(-EOPNOTSUPP);
	}
	mutex_lock(&rewriter->lock);
	return rewriter;
}

static void msi_rewriter_unlock(struct iommu_msi_rewriter *rewriter)
{
	mutex_unlock(&rewriter->lock);
	msi_rewriter_put(rewriter);
}

static void msi_trace_addresses(struct device *dev, unsigned int start,
				unsigned int count, const u64 *addresses)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		trace_iommu_msi_address(dev, start + i, addresses[i]);
}

static int msi_addresses_set(struct device *dev,
			     struct iommu_msi_rewriter *rewriter,
			     enum iommu_msi_kind kind, unsigned int start,
			     unsigned int count, const u64 *addresses)
{
	struct iommu_msi_addresses *table;
	unsigned int i;
	int rc;

	if (rewriter->suspended)
		return -EBUSY;
	if (!msi_nested_space(dev))
		return -ENOENT;
	for (i = 0; i < count; i++) {
		rc = msi_check_address(dev, addresses[i]);
		if (rc)
			return rc;
	}
	table = msi_addresses_change(rewriter->addresses[kind], start, count,
				     addresses);
	if (!table)
		return -ENOMEM;
	/* Vectors use it from now on */
	WRITE_ONCE(rewriter->address_ops, &msi_guest_ops);
	return msi_addresses_replace(dev, rewriter, kind, table);
}

/**
 * iommu_msi_set_addresses - Have messages sent to addresses that a guest chose
 * @dev: Device that is attached to a nested domain
 * @kind: Kind of the messages
 * @start: Index of the first message
 * @count: Number of messages, at least 1
 * @addresses: Address in bytes of the register that each of the @count messages is
 *	sent to, an IOVA of the guest's stage 1, or %IOMMU_MSI_NO_ADDRESS for the
 *	doorbell's IOVA in stage 2
 *
 * Existing vectors are rewritten, all or none, without losing an interrupt. Later
 * ones get their address when they are set up. The addresses stay until they are
 * changed, the device leaves the nested domain for one that does not have the same
 * parent, or its driver is unregistered.
 *
 * It is not checked that the guest's tables map @addresses to the doorbell. If they
 * do not, interrupts are lost, or written to the guest's memory.
 *
 * Context: Process context, may sleep. The device's vectors neither come nor go
 * meanwhile. No lock is held that comes later than iommu_msi_rewriter::lock in the
 * order that iommu-msi.h states.
 * Return: 0 on success. -EINVAL if @start and @count exceed what @kind allows.
 * -ENOENT if @dev is attached to no nested domain, or its MSIs are not translated.
 * -EADDRNOTAVAIL if no doorbell of the device has an address with the same offset
 * in a page of 4 KiB, or a vector uses another one. -ERANGE if the device has
 * 32-bit addresses, or the upper half of a vector's message must stay as it is
 * (see msi_desc_keeps_address_hi()). -EOPNOTSUPP if its driver cannot rewrite
 * messages. -EBUSY if it is about to leave its domain, or its driver failed.
 * -ENOMEM. On failure nothing has changed.
 */
int iommu_msi_set_addresses(struct device *dev, enum iommu_msi_kind kind,
			    unsigned int start, unsigned int count,
			    const u64 *addresses)
{
	struct iommu_msi_rewriter *rewriter;
	unsigned int last;
	int rc;

	if (!count || check_add_overflow(start, count - 1, &last) ||
	    last > (kind == IOMMU_MSI_SHARED ? 0 : IOMMU_MSI_MAX_INDEX))
		return -EINVAL;
	rewriter = msi_rewriter_lock(dev);
	if (IS_ERR(rewriter))
		return PTR_ERR(rewriter);
	rc = msi_addresses_set(dev, rewriter, kind, start, count, addresses);
	msi_rewriter_unlock(rewriter);
	if (!rc)
		msi_trace_addresses(dev, start, count, addresses);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_set_addresses);

/**
 * iommu_msi_clear_addresses - Have messages sent to the doorbells' IOVAs again
 * @dev: The device
 * @kind: Kind of the messages; all of them
 *
 * Context: As iommu_msi_set_addresses().
 * Return: 0 on success, also if none was set. -EOPNOTSUPP or -EBUSY as
 * iommu_msi_set_addresses().
 */
int iommu_msi_clear_addresses(struct device *dev, enum iommu_msi_kind kind)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_lock(dev);
	int rc = 0;

	if (IS_ERR(rewriter))
		return PTR_ERR(rewriter);
	if (rewriter->suspended)
		rc = -EBUSY;
	else if (rewriter->addresses[kind])
		rc = msi_addresses_replace(dev, rewriter, kind, NULL);
	msi_rewriter_unlock(rewriter);
	return rc;
}
EXPORT_SYMBOL_GPL(iommu_msi_clear_addresses);

/**
 * iommu_msi_get_addresses - Return which addresses are set
 * @dev: The device
 * @kind: Kind of the messages
 * @start: Index of the first message
 * @count: Number of messages
 * @addresses: Filled with @count addresses, as given to iommu_msi_set_addresses()
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_get_addresses(struct device *dev, enum iommu_msi_kind kind,
			     unsigned int start, unsigned int count,
			     u64 *addresses)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_lock(dev);
	unsigned int i;

	if (IS_ERR(rewriter)) {
		memset64(addresses, IOMMU_MSI_NO_ADDRESS, count);
		return;
	}
	for (i = 0; i < count; i++)
		addresses[i] =
			msi_addresses_get(rewriter->addresses[kind], start + i);
	msi_rewriter_unlock(rewriter);
}
EXPORT_SYMBOL_GPL(iommu_msi_get_addresses);

/* Leaving the nested domain */

static void msi_addresses_suspend(struct device *dev, bool suspend)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_lock(dev);
	struct iommu_msi_space *space;

	if (IS_ERR(rewriter))
		return;
	msi_addresses_use(rewriter, !suspend);
	space = rewriter->address_ops ? msi_nested_space(dev) : NULL;
	/* A driver that could set them can set them again */
	if (space)
		msi_addresses_apply(dev, rewriter, space);
	msi_rewriter_unlock(rewriter);
}

/**
 * iommu_msi_suspend_addresses - Prepare for a device to leave its nested domain
 * @dev: The device
 *
 * Its messages are sent to the doorbells' IOVAs again when this returns, and no
 * address can be set until iommu_msi_resume_addresses() or
 * iommu_msi_drop_addresses(), one of which has to follow.
 *
 * Context: Process context, may sleep. The caller keeps the device attached. No lock
 * is held that comes later than iommu_msi_rewriter::lock in the order that iommu-msi.h
 * states.
 */
void iommu_msi_suspend_addresses(struct device *dev)
{
	msi_addresses_suspend(dev, true);
}
EXPORT_SYMBOL_GPL(iommu_msi_suspend_addresses);

/**
 * iommu_msi_resume_addresses - Use addresses again: the device stays where it is
 * @dev: The device
 *
 * Context: As iommu_msi_suspend_addresses().
 */
void iommu_msi_resume_addresses(struct device *dev)
{
	msi_addresses_suspend(dev, false);
}
EXPORT_SYMBOL_GPL(iommu_msi_resume_addresses);

/**
 * iommu_msi_drop_addresses - Forget addresses: the device has left its domain
 * @dev: The device; iommu_msi_suspend_addresses() was called
 *
 * Context: Process context, may sleep.
 */
void iommu_msi_drop_addresses(struct device *dev)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_lock(dev);

	if (IS_ERR(rewriter))
		return;
	msi_addresses_free(rewriter);
	msi_rewriter_unlock(rewriter);
}
EXPORT_SYMBOL_GPL(iommu_msi_drop_addresses);
