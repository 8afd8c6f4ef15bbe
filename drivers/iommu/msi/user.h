/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The users of a doorbell: groups and their devices. See user.c, and space.h for
 * the objects and the locks.
 */
#ifndef __IOMMU_MSI_USER_H
#define __IOMMU_MSI_USER_H

#include "space.h"

const void *msi_group_key(const struct device *dev);
struct msi_group *msi_group_lookup(struct iommu_msi_space *space,
				   const void *key);
struct msi_device *msi_device_lookup(struct iommu_msi_space *space,
				     const struct device *dev);
struct msi_device *msi_device_get(struct iommu_msi_space *space,
				  const void *key, struct device *dev);
void msi_group_free_idle(struct iommu_msi_space *space,
			 struct msi_group *group);
struct msi_user *msi_user_lookup(const struct msi_device *device,
				 phys_addr_t phys);
struct msi_user *msi_user_create(struct msi_device *device,
				 struct iommu_doorbell *doorbell);
void msi_user_count(struct msi_user *user, bool count);
int msi_user_map(struct msi_user *user);
int msi_user_map_wanted(struct msi_user *user);
void msi_user_enter(struct msi_user *user, bool entered);
void msi_user_unmap_unwanted(struct msi_user *user);
void msi_user_release(struct msi_user *user);
void msi_user_leave_old(struct msi_user *user);
void msi_user_detach(struct msi_user *user);
void msi_device_unpin(struct msi_device *device);
void msi_space_reap(struct iommu_msi_space *space);

#endif
