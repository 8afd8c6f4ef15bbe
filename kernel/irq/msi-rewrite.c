// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewriting the message of an interrupt that is in use.
 *
 * An IOMMU that translates MSIs may relocate a doorbell while devices send
 * interrupts to it, see include/linux/iommu-msi.h. The old IOVA and the new one both
 * map the doorbell while messages change, so an interrupt arrives whichever of them
 * it is sent to. It must not be sent to a mixture of the two: the bus of the device
 * prevents that, by struct msi_desc_ops.
 */
#include <linux/irq.h>
#include <linux/msi.h>

#include "internals.h"

/**
 * msi_desc_keeps_address_hi - Check whether a message's upper address half must stay
 * @desc: MSI descriptor of interrupts in use, or about to be
 *
 * Context: Any.
 * Return: true if only the lower 32 bits of the address may change.
 */
bool msi_desc_keeps_address_hi(const struct msi_desc *desc)
{
	return desc->ops && desc->ops->keeps_address_hi(desc);
}

/*
 * As msi_desc_lock_message(), for what was written to @desc before: an interrupt that
 * gets its number meanwhile is found here, or its message is composed of the new values
 */
struct irq_desc *msi_desc_lock_published(struct msi_desc *desc,
					 unsigned long *flags)
{
	smp_mb(); /* Pairs with msi_activate_virq() */
	return msi_desc_lock_message(desc, flags);
}

/* Compose the message anew, and write it: irq_desc::lock is held */
void msi_desc_write_composed(struct irq_data *data)
{
	/* Only interrupts with a level have a second message; see msi_domain_ops */
	struct msi_msg msg[2] = {};

	if (!data->chip->irq_write_msi_msg ||
	    irq_chip_compose_msi_msg(data, msg))
		return;
	data->chip->irq_write_msi_msg(data, msg);
}

/*
 * One that is paused is held already, until it is resumed. Several interrupts of a
 * descriptor are not held: they are masked and unmasked under locks of their own, and
 * only the lower half of their address changes.
 */
static void msi_desc_rewrite_held(struct msi_desc *desc, struct irq_data *data)
{
	bool hold = desc->ops && desc->nvec_used == 1 &&
		    !msi_desc_is_held(desc);
	u32 state = 0;

	if (hold) {
		WRITE_ONCE(desc->held, true);
		state = desc->ops->begin_rewrite(desc);
	}
	msi_desc_write_composed(data);
	if (hold) {
		WRITE_ONCE(desc->held, false);
		desc->ops->end_rewrite(desc, state);
	}
}

/**
 * msi_desc_rewrite - Have messages of interrupts in use sent to another IOVA
 * @desc: MSI descriptor that has interrupts
 * @iova: New IOVA of the doorbell, in bytes; if msi_desc_keeps_address_hi(), only
 *	the lower 32 bits may differ from the present one
 * @shift: Number of low bits of the doorbell's physical address that are kept
 *
 * The message is written to the device and read back, which pushes the interrupts
 * that it sent to the old IOVA out before the call returns (PCI Express 2.4.1). If
 * the device is not powered, or the interrupt is not activated yet, only the
 * descriptor changes, from which the message is written later. A change of the
 * affinity and a reset that restores the message are serialised by the lock of the
 * first interrupt's descriptor, as are masking and unmasking if there is no other one.
 *
 * Context: The caller knows that @desc stays: the device's MSI descriptors are locked,
 * or its group's mutex is held. An interrupt may be set up meanwhile. The driver of
 * the device keeps its registers accessible, and its user from writing to them. Takes
 * irq_desc::lock.
 */
void msi_desc_rewrite(struct msi_desc *desc, u64 iova, unsigned int shift)
{
	struct irq_desc *irq_desc;
	struct irq_data *data;
	unsigned long flags;

	irq_desc = msi_desc_lock_message(desc, &flags);
	msi_desc_set_iommu_msi_iova(desc, iova, shift);
	if (!irq_desc)
		irq_desc = msi_desc_lock_published(desc, &flags);
	if (!irq_desc)
		return;
	data = irq_desc_get_irq_data(irq_desc);
	if (irqd_is_activated(data))
		msi_desc_rewrite_held(desc, data);
	msi_desc_unlock_message(irq_desc, flags);
}
