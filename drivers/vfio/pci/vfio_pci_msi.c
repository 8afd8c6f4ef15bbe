// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewriting the MSI and MSI-X messages of a device that a user has opened.
 *
 * The user may have switched memory decoding off, which makes the MSI-X table
 * inaccessible, or may have the device in a low power state, or reset it right now:
 * memory_lock serialises with all of these. Others may reset it through sysfs or by
 * its bus, and the user may write to the MSI capability: the lock of the device's
 * configuration accesses keeps them out. vfio_pci_memory_lock_and_enable() states
 * their order. A user that has the MSI-X table mapped loses the mapping, and waits
 * for memory_lock to get it again.
 *
 * A device that is not in D0 is not written to: only its descriptors change. Some
 * lose their state in D3hot, and what brings them back to D0 restores the messages
 * from the descriptors. The others keep the messages that they had (PCI Power
 * Management 1.2, 3.2.4, No_Soft_Reset), so these are woken up to be written to.
 */
#include <linux/export.h>
#include <linux/iommu-msi-rewriter.h>
#include <linux/pm_runtime.h>
#include <linux/vfio_pci_core.h>

#include "vfio_pci_priv.h"

/* The device is not awake, and its messages are not restored when it wakes up */
static bool vfio_pci_keeps_messages(struct vfio_pci_core_device *vdev)
{
	pci_power_t state = vdev->pdev->current_state;

	return (state == PCI_D3hot && !vdev->needs_pm_restore) ||
	       state == PCI_D1 || state == PCI_D2;
}

static void vfio_pci_rewrite_awake(struct vfio_pci_core_device *vdev,
				   struct iommu_msi_rewrite *rewrite)
{
	pci_power_t state = vdev->pdev->current_state;
	bool wake = vfio_pci_keeps_messages(vdev);

	if (wake)
		vfio_pci_set_power_state(vdev, PCI_D0);
	iommu_msi_rewrite(rewrite);
	if (wake)
		vfio_pci_set_power_state(vdev, state);
}

static bool vfio_pci_lock_killable(struct vfio_pci_core_device *vdev)
{
	if (down_write_killable(&vdev->memory_lock))
		return false;
	if (pci_cfg_access_lock_killable(vdev->pdev)) {
		up_write(&vdev->memory_lock);
		return false;
	}
	vdev->state_lock_failed = false;
	return true;
}

static void vfio_pci_rewrite_locked(struct vfio_pci_core_device *vdev,
				    struct iommu_msi_rewrite *rewrite)
{
	u16 cmd;

	if (!rewrite->killable)
		cmd = vfio_pci_memory_lock_and_enable(vdev);
	else if (vfio_pci_lock_killable(vdev))
		cmd = vfio_pci_memory_enable(vdev);
	else
		return;
	/* Rewriting an entry restores the mask that it had */
	if (vdev->pdev->msix_enabled)
		vfio_pci_zap_bars(vdev);
	vfio_pci_rewrite_awake(vdev, rewrite);
	vfio_pci_memory_unlock_and_restore(vdev, cmd);
}

/**
 * vfio_pci_core_rewrite_msi - vfio_device_ops::rewrite_msi of PCI devices
 * @core_vdev: The device
 * @rewrite: Passed on to iommu_msi_rewrite()
 *
 * Like an ioctl, it wakes up a device that the user has put into low power. One
 * that the user has put into D1, D2 or D3hot is in that state again when it
 * returns.
 *
 * A device that is woken up here must not have INTx in use, for which
 * vfio_pci_core_runtime_resume() takes igate: that comes before the locks that the
 * caller holds. It has not, as it has MSI enabled: what changes that wakes it up
 * first, and nothing can put it into low power again before this returns. Without MSI
 * there is no message to write, and nothing to wake up for.
 *
 * Context: Process context, may sleep. Takes memory_lock for write, and the lock of
 * the device's configuration accesses.
 */
void vfio_pci_core_rewrite_msi(struct vfio_device *core_vdev,
			       struct iommu_msi_rewrite *rewrite)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	struct device *dev = &vdev->pdev->dev;

	pm_runtime_get_noresume(dev);
	if (pci_dev_msi_enabled(vdev->pdev)) {
		/* If it does not wake up, it is not in D0 */
		pm_runtime_resume(dev);
		vfio_pci_rewrite_locked(vdev, rewrite);
	} else {
		iommu_msi_rewrite(rewrite);
	}
	pm_runtime_put(dev);
}
EXPORT_SYMBOL_GPL(vfio_pci_core_rewrite_msi);
