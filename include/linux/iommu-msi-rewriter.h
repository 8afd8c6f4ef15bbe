/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drivers that give devices to users, and rewrite their MSI messages when a doorbell
 * is relocated. See drivers/iommu/msi/vector.c, and iommu-msi.h for the order of the
 * locks.
 */
#ifndef __LINUX_IOMMU_MSI_REWRITER_H
#define __LINUX_IOMMU_MSI_REWRITER_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct iommu_msi_address_ops;
struct iommu_msi_addresses;
struct iommu_msi_space;

/**
 * struct iommu_msi_rewrite - Messages that have to be rewritten
 * @dev: Device that holds them
 * @killable: The rewrite may be skipped: return without calling iommu_msi_rewrite()
 *	if a fatal signal ends the wait for a lock, such as that of a reset
 * @space: private: The MSI space
 * @done: iommu_msi_rewrite() was called
 */
struct iommu_msi_rewrite {
	struct device *dev;
	bool killable;
	struct iommu_msi_space *space;
	bool done;
};

/**
 * enum iommu_msi_kind - How many address registers the messages of a device have
 * @IOMMU_MSI_SHARED: PCI MSI: one, with index 0, for all vectors
 * @IOMMU_MSI_PER_VECTOR: PCI MSI-X, and MSIs of other buses: one for each vector,
 *	with its index
 * @IOMMU_MSI_KINDS: Number of kinds
 */
enum iommu_msi_kind {
	IOMMU_MSI_SHARED,
	IOMMU_MSI_PER_VECTOR,
	IOMMU_MSI_KINDS,
};

/* Not aligned, so it is the address of no register */
#define IOMMU_MSI_NO_ADDRESS U64_MAX

/**
 * struct iommu_msi_rewriter - How the messages of a user's device are rewritten
 * @rewrite: Make the registers that hold messages accessible, call
 *	iommu_msi_rewrite(), and undo that. The owner's lock of the MSI space is held,
 *	or the device is kept attached. NULL: messages cannot be rewritten, and pin
 *	their doorbells.
 * @lock: private: Held over @rewrite; guards @addresses
 * @users: private: The registration, and what is about to call @rewrite
 * @unused: private: Completed when no user is left
 * @address_lock: private: Guards what follows, when it is read for a vector
 * @address_ops: private: Set once a guest has chosen an address
 * @addresses: private: Addresses that a guest chose; NULL for none
 * @suspended: private: The device is leaving its nested domain: @addresses are not
 *	used
 */
struct iommu_msi_rewriter {
	void (*rewrite)(struct iommu_msi_rewriter *rewriter,
			struct iommu_msi_rewrite *rewrite);
	struct mutex lock; /* see above */
	refcount_t users;
	struct completion unused;
	spinlock_t address_lock; /* see above */
	const struct iommu_msi_address_ops *address_ops;
	struct iommu_msi_addresses *addresses[IOMMU_MSI_KINDS];
	bool suspended;
};

void iommu_msi_register_rewriter(struct device *dev,
				 struct iommu_msi_rewriter *rewriter);
void iommu_msi_unregister_rewriter(struct device *dev);
void iommu_msi_rewrite(struct iommu_msi_rewrite *rewrite);

#endif /* __LINUX_IOMMU_MSI_REWRITER_H */
