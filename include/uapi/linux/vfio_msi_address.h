/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * MSI addresses of a VFIO device whose guest owns stage 1.
 */
#ifndef _UAPI_VFIO_MSI_ADDRESS_H
#define _UAPI_VFIO_MSI_ADDRESS_H

#include <linux/types.h>
#include <linux/vfio.h>

/*
 * Features of VFIO_DEVICE_FEATURE from 0xe000 to 0xefff are apart from those that
 * upstream hands out in sequence.
 */
#define VFIO_DEVICE_FEATURE_MSI_ADDRESSES 0xe000

/* No address: the message is sent to the doorbell's IOVA in stage 2 */
#define VFIO_MSI_NO_ADDRESS (~(__u64)0)

/**
 * struct vfio_device_feature_msi_addresses - MSI addresses that a guest programmed
 * @flags: Must be 0
 * @index: VFIO_PCI_MSI_IRQ_INDEX or VFIO_PCI_MSIX_IRQ_INDEX
 * @start: First vector
 * @count: Number of vectors. MSI has one address for all its vectors: @start is 0
 *	and @count is 1, or 0.
 * @addresses: For each vector the address in bytes that the guest wrote to the
 *	device, an input address of its stage 1, or VFIO_MSI_NO_ADDRESS
 *
 * For a device that is attached to a nested page table of iommufd: the guest's stage
 * 1 translates the addresses of the device's MSIs, so they have to be addresses of
 * the guest. Its tables map them to the page of its virtual interrupt controller,
 * and stage 2 maps that to the physical doorbell, placed there by IOMMU_MSI_PLACE.
 *
 * VFIO_DEVICE_FEATURE_SET hands them to the kernel, before or after
 * VFIO_DEVICE_SET_IRQS enables the vectors; messages of enabled vectors are
 * rewritten in one step each. Only the address is the guest's, the message's data is
 * the host's. The kernel keeps the addresses: a reset of the device, or its return
 * from a low power state, writes them again, and vectors that are disabled and
 * enabled again keep them. With @count 0, and @start 0, all addresses of @index are
 * dropped. VFIO_DEVICE_FEATURE_GET reports which are set.
 *
 * They are kept while one nested page table is replaced by another one on the same
 * parent, even if stage 1 is bypassed there. Before the device is detached, or
 * attached to anything else, its messages get the doorbell's IOVA in stage 2, and
 * afterwards the addresses are forgotten. If that fails they are used again. Closing
 * the device forgets them, too.
 *
 * It is not checked that the guest's tables map an address to the doorbell; if they
 * do not, the guest loses the interrupt, or it is written to guest memory.
 *
 * Return: 0 on success. -ENOTTY if the IOMMU does not translate MSIs of the device,
 * or its driver cannot rewrite them; VFIO_DEVICE_FEATURE_PROBE reports the same.
 * -EINVAL if @flags is not 0, the device does not have @index, @start and @count are
 * beyond its vectors, or argsz has no room for @count addresses. -EFAULT if the
 * structure cannot be accessed. -ENOMEM. VFIO_DEVICE_FEATURE_SET, which changes
 * nothing on failure, also returns: -ENOENT if the device is not attached to a
 * nested page table (with @count 0: only if addresses are set). -EADDRNOTAVAIL if the
 * lowest 12 bits of an address are not those of a doorbell of the device, or of the
 * one that an enabled vector uses: they are part of no page number, at either stage.
 * -ERANGE if an address is above 4 GiB, and the device cannot send MSIs there, or if
 * the upper half of an MSI's address would change and its vectors cannot be masked
 * meanwhile. -EBUSY if the device is about to leave the page table, or its messages
 * could not be rewritten.
 *
 * VFIO_DEVICE_SET_IRQS fails with -ENOSPC, or returns how many vectors can be had, as
 * if none were left, if it makes a vector use a doorbell, or an MSI an IOVA, that the
 * address does not fit.
 */
struct vfio_device_feature_msi_addresses {
	__u32 flags;
	__u32 index;
	__u32 start;
	__u32 count;
	__aligned_u64 addresses[];
};

#endif
