// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pausing the messages of interrupts in use while the IOMMU domain that translates
 * them changes.
 *
 * msi_desc::held is set from pause to resume. The bus's code that masks, unmasks,
 * writes and restores honours it, so that the device does not send, whatever its
 * driver and the interrupt core do meanwhile.
 *
 * Both functions are called with iommu_group::mutex held, so they take neither the
 * lock of the device's MSI descriptors nor a mutex of an irq domain, which are held
 * while a vector asks the IOMMU for its doorbell. Races:
 *
 * - An interrupt is set up meanwhile: its descriptor is known to the IOMMU before
 *   it has a number. What is written to the descriptor here comes before a look at
 *   the number, and the number is stored before the message is composed, with a
 *   full barrier between the two on either side (msi_activate_virq()): either
 *   the number is found here, or the new values are found there.
 * - An interrupt is activated or deactivated: that happens under irq_desc::lock.
 *   One that is not activated has no message yet, or none any more.
 * - An interrupt goes: its descriptor leaves the IOMMU before the number is freed
 *   for reuse.
 * - Masking, change of affinity, request and free of an interrupt, reset and
 *   restore of the device: under irq_desc::lock, or locks that the bus has below.
 */
#include <linux/irq.h>
#include <linux/msi.h>

#include "internals.h"

/**
 * msi_desc_pause - Keep a device from sending the messages of a descriptor
 * @desc: MSI descriptor
 *
 * Lasts until msi_desc_resume(). If the bus has no way to do so, or the device is
 * not powered, the device is left alone. Pausing twice is the same as pausing once.
 *
 * Interrupts that the device sent before have left it when this returns.
 *
 * Context: Process context. The caller knows that @desc stays, and excludes other
 * calls for it. Takes irq_desc::lock.
 */
void msi_desc_pause(struct msi_desc *desc)
{
	struct irq_desc *irq_desc;
	unsigned long flags;

	if (!desc->ops)
		return;
	WRITE_ONCE(desc->held, true);
	irq_desc = msi_desc_lock_published(desc, &flags);
	if (!irq_desc)
		return;
	desc->ops->pause(desc);
	msi_desc_unlock_message(irq_desc, flags);
}

/* Write the message as a whole, and let the device send it */
static void msi_desc_resume_locked(struct msi_desc *desc, struct irq_data *data)
{
	/* It may not have been paused, and both halves of the address may change */
	if (desc->ops && !msi_desc_is_held(desc)) {
		WRITE_ONCE(desc->held, true);
		desc->ops->pause(desc);
	}
	if (irqd_is_activated(data))
		msi_desc_write_composed(data);
	WRITE_ONCE(desc->held, false);
	if (desc->ops)
		desc->ops->resume(desc);
}

/*
 * A message may have been blocked by the IOMMU, or never been sent. An edge does
 * not come again, so deliver the interrupt as if it had: its handler finds out
 * whether there is something to do. That there is nothing does not make it spurious:
 * a user may have its group change the domain as often as it likes.
 */
static void msi_desc_deliver(struct msi_desc *desc)
{
	struct irq_desc *irq_desc;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < desc->nvec_used; i++) {
		irq_desc = irq_get_desc_lock(desc->irq + i, &flags, 0);
		if (!irq_desc)
			continue;
		if (irq_desc->action && !irq_is_nmi(irq_desc) &&
		    irqd_is_activated(irq_desc_get_irq_data(irq_desc))) {
			irq_desc->irqs_unhandled = 0;
			/* One that is on its way already arrives, too */
			check_irq_resend(irq_desc, true);
		}
		irq_put_desc_unlock(irq_desc, flags);
	}
}

/**
 * msi_desc_resume - Have messages sent again, to an IOVA of another domain
 * @desc: MSI descriptor, which need not be paused
 * @iova: IOVA of the doorbell's page, in bytes
 * @shift: Number of low bits of the doorbell's physical address that are kept; 0
 *	if messages are not translated
 *
 * The message is composed and written, vectors are masked as their drivers want,
 * and each interrupt that is in use is delivered once by software. If the device is
 * not powered, only the descriptor changes, from which the message is restored.
 *
 * Context: Process context. The caller knows that @desc stays, and excludes other
 * calls for it. Takes irq_desc::lock.
 */
void msi_desc_resume(struct msi_desc *desc, u64 iova, unsigned int shift)
{
	struct irq_desc *irq_desc;
	unsigned long flags;

	irq_desc = msi_desc_lock_message(desc, &flags);
	if (!irq_desc) {
		msi_desc_set_iommu_msi_iova(desc, iova, shift);
		WRITE_ONCE(desc->held, false);
		irq_desc = msi_desc_lock_published(desc, &flags);
		if (!irq_desc)
			return;
	}
	msi_desc_set_iommu_msi_iova(desc, iova, shift);
	msi_desc_resume_locked(desc, irq_desc_get_irq_data(irq_desc));
	msi_desc_unlock_message(irq_desc, flags);
	msi_desc_deliver(desc);
}
