// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses a bank of the MPIC's message signalled interrupts.
 *
 * A device that can write to a bank's register can raise each interrupt of the bank. A
 * PAMU lets a user's device write to the banks that its group has vectors in. So each
 * group gets a bank of its own as long as there is one, and a group that a user has, and
 * that was promised that, gets no other one. Knows neither hardware nor devices, so that
 * fsl_msi_bank-test.c can run it. The caller's lock guards the banks.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "fsl_msi_bank.h"

/**
 * struct fsl_msi_share - What a group has of a bank
 * @item: In fsl_msi_bank::shares
 * @group: The group, whose devices with vectors keep it; %NULL for devices without one
 * @vectors: Number of vectors
 */
struct fsl_msi_share {
	struct list_head item;
	struct iommu_group *group;
	unsigned int vectors;
};

/**
 * fsl_msi_bank_init - Begin with a bank that nobody uses
 * @bank: The bank
 */
void fsl_msi_bank_init(struct fsl_msi_bank *bank)
{
	INIT_LIST_HEAD(&bank->shares);
}

static struct fsl_msi_share *fsl_msi_bank_find(const struct fsl_msi_bank *bank,
					       const struct iommu_group *group)
{
	struct fsl_msi_share *share;

	list_for_each_entry(share, &bank->shares, item)
		if (share->group == group)
			return share;
	return NULL;
}

/**
 * fsl_msi_bank_take - A group gets a vector in a bank
 * @bank: The bank
 * @group: The group, or %NULL
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int fsl_msi_bank_take(struct fsl_msi_bank *bank, struct iommu_group *group)
{
	struct fsl_msi_share *share = fsl_msi_bank_find(bank, group);

	if (!share) {
		share = kzalloc(sizeof(*share), GFP_KERNEL);
		if (!share)
			return -ENOMEM;
		share->group = group;
		list_add_tail(&share->item, &bank->shares);
	}
	share->vectors++;
	return 0;
}

/**
 * fsl_msi_bank_put - Undo fsl_msi_bank_take()
 * @bank: The bank
 * @group: The group, or %NULL
 */
void fsl_msi_bank_put(struct fsl_msi_bank *bank, struct iommu_group *group)
{
	struct fsl_msi_share *share = fsl_msi_bank_find(bank, group);

	if (WARN_ON_ONCE(!share) || --share->vectors)
		return;
	list_del(&share->item);
	kfree(share);
}

/**
 * fsl_msi_bank_has - Check whether a group has vectors in a bank
 * @bank: The bank
 * @group: The group, or %NULL
 *
 * Return: true if it has.
 */
bool fsl_msi_bank_has(const struct fsl_msi_bank *bank,
		      const struct iommu_group *group)
{
	return fsl_msi_bank_find(bank, group);
}

/**
 * fsl_msi_bank_has_others - Check whether anybody else has vectors in a bank
 * @bank: The bank
 * @group: The group that does not count, or %NULL
 *
 * Return: true if another group has.
 */
bool fsl_msi_bank_has_others(const struct fsl_msi_bank *bank,
			     const struct iommu_group *group)
{
	const struct fsl_msi_share *share;

	list_for_each_entry(share, &bank->shares, item)
		if (share->group != group)
			return true;
	return false;
}

/**
 * fsl_msi_bank_fit - Find out how well a bank suits a group
 * @bank: The bank
 * @group: The group that is to get a vector, or %NULL
 * @may_share: Asked for all groups that would share the bank
 *
 * Return: See &enum fsl_msi_fit.
 */
enum fsl_msi_fit fsl_msi_bank_fit(const struct fsl_msi_bank *bank,
				  struct iommu_group *group,
				  fsl_msi_may_share_t may_share)
{
	const struct fsl_msi_share *share;

	if (list_empty(&bank->shares))
		return FSL_MSI_FREE;
	if (!fsl_msi_bank_has_others(bank, group))
		return FSL_MSI_OWN;
	if (!may_share(group))
		return FSL_MSI_REFUSED;
	list_for_each_entry(share, &bank->shares, item)
		if (!may_share(share->group))
			return FSL_MSI_REFUSED;
	return FSL_MSI_SHARED;
}
