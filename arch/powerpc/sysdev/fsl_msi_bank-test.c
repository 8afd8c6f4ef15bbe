// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of which groups may have vectors in which bank, see fsl_msi_bank.c, and
 * of devices that no PAMU translates.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/iommu.h>

#include <asm/fsl_pamu_stash.h>

#include "fsl_msi_bank.h"

#define GROUPS 4
#define BANKS 3
#define STEPS 20000

/* Only their addresses matter; a user's groups do not share by default */
static char msi_bank_group[GROUPS];
static bool msi_bank_is_users[GROUPS];

static struct iommu_group *group(unsigned int i)
{
	return (struct iommu_group *)&msi_bank_group[i];
}

static bool may_share(struct iommu_group *group)
{
	return !group || !msi_bank_is_users[(char *)group - msi_bank_group];
}

static int msi_bank_test_init(struct kunit *test)
{
	memset(msi_bank_is_users, 0, sizeof(msi_bank_is_users));
	return 0;
}

static struct fsl_msi_bank *new_bank(struct kunit *test)
{
	struct fsl_msi_bank *bank;

	bank = kunit_kzalloc(test, sizeof(*bank), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bank);
	fsl_msi_bank_init(bank);
	return bank;
}

static void take(struct kunit *test, struct fsl_msi_bank *bank,
		 struct iommu_group *group)
{
	KUNIT_ASSERT_EQ(test, 0, fsl_msi_bank_take(bank, group));
}

static void own_bank_is_better_than_free_one(struct kunit *test)
{
	struct fsl_msi_bank *own = new_bank(test), *free = new_bank(test);

	take(test, own, group(0));
	KUNIT_EXPECT_LT(test, fsl_msi_bank_fit(own, group(0), may_share),
			fsl_msi_bank_fit(free, group(0), may_share));
	fsl_msi_bank_put(own, group(0));
}

static void free_bank_is_better_than_one_of_others(struct kunit *test)
{
	struct fsl_msi_bank *taken = new_bank(test), *free = new_bank(test);

	take(test, taken, group(1));
	KUNIT_EXPECT_LT(test, fsl_msi_bank_fit(free, group(0), may_share),
			fsl_msi_bank_fit(taken, group(0), may_share));
	fsl_msi_bank_put(taken, group(1));
}

static void host_groups_share_what_is_left(struct kunit *test)
{
	struct fsl_msi_bank *bank = new_bank(test);

	take(test, bank, group(1));
	take(test, bank, NULL);
	KUNIT_EXPECT_EQ(test, FSL_MSI_SHARED,
			fsl_msi_bank_fit(bank, group(0), may_share));
	KUNIT_EXPECT_EQ(test, FSL_MSI_SHARED,
			fsl_msi_bank_fit(bank, NULL, may_share));
	fsl_msi_bank_put(bank, group(1));
	KUNIT_EXPECT_EQ(test, FSL_MSI_OWN,
			fsl_msi_bank_fit(bank, NULL, may_share));
	fsl_msi_bank_put(bank, NULL);
}

static void user_gets_no_bank_of_others(struct kunit *test)
{
	struct fsl_msi_bank *bank = new_bank(test);

	take(test, bank, group(1));
	msi_bank_is_users[0] = true;
	KUNIT_EXPECT_EQ(test, FSL_MSI_REFUSED,
			fsl_msi_bank_fit(bank, group(0), may_share));
	fsl_msi_bank_put(bank, group(1));
	KUNIT_EXPECT_EQ(test, FSL_MSI_FREE,
			fsl_msi_bank_fit(bank, group(0), may_share));
}

static void nobody_gets_the_bank_of_a_user(struct kunit *test)
{
	struct fsl_msi_bank *bank = new_bank(test);

	/* The vectors may be older than the user's claim of its group */
	take(test, bank, group(1));
	msi_bank_is_users[1] = true;
	KUNIT_EXPECT_EQ(test, FSL_MSI_REFUSED,
			fsl_msi_bank_fit(bank, group(0), may_share));
	KUNIT_EXPECT_EQ(test, FSL_MSI_REFUSED,
			fsl_msi_bank_fit(bank, NULL, may_share));
	KUNIT_EXPECT_EQ(test, FSL_MSI_OWN,
			fsl_msi_bank_fit(bank, group(1), may_share));
	fsl_msi_bank_put(bank, group(1));
}

static void bank_with_others_is_not_own(struct kunit *test)
{
	struct fsl_msi_bank *bank = new_bank(test);

	KUNIT_EXPECT_FALSE(test, fsl_msi_bank_has_others(bank, group(0)));
	take(test, bank, group(0));
	take(test, bank, group(0));
	KUNIT_EXPECT_TRUE(test, fsl_msi_bank_has(bank, group(0)));
	KUNIT_EXPECT_FALSE(test, fsl_msi_bank_has_others(bank, group(0)));
	KUNIT_EXPECT_TRUE(test, fsl_msi_bank_has_others(bank, group(1)));
	take(test, bank, group(1));
	KUNIT_EXPECT_TRUE(test, fsl_msi_bank_has_others(bank, group(0)));
	fsl_msi_bank_put(bank, group(0));
	KUNIT_EXPECT_TRUE(test, fsl_msi_bank_has(bank, group(0)));
	fsl_msi_bank_put(bank, group(0));
	KUNIT_EXPECT_FALSE(test, fsl_msi_bank_has(bank, group(0)));
	fsl_msi_bank_put(bank, group(1));
	KUNIT_EXPECT_TRUE(test, list_empty(&bank->shares));
}

/* Counts of random vectors, by bank and group */
struct msi_bank_model {
	struct fsl_msi_bank *bank[BANKS];
	unsigned int vectors[BANKS][GROUPS];
	u32 random;
};

static unsigned int below(struct msi_bank_model *m, unsigned int limit)
{
	m->random = m->random * 1664525 + 1013904223;
	return (m->random >> 16) % limit;
}

static enum fsl_msi_fit model_fit(struct msi_bank_model *m, unsigned int bank,
				  unsigned int user)
{
	bool others = false, share = !msi_bank_is_users[user];
	unsigned int i;

	for (i = 0; i < GROUPS; i++) {
		if (!m->vectors[bank][i] || i == user)
			continue;
		others = true;
		share &= !msi_bank_is_users[i];
	}
	if (others)
		return share ? FSL_MSI_SHARED : FSL_MSI_REFUSED;
	return m->vectors[bank][user] ? FSL_MSI_OWN : FSL_MSI_FREE;
}

static void model_step(struct kunit *test, struct msi_bank_model *m)
{
	unsigned int bank = below(m, BANKS), user = below(m, GROUPS);
	unsigned int *vectors = &m->vectors[bank][user];

	switch (below(m, 5)) {
	case 0:
		msi_bank_is_users[user] = !msi_bank_is_users[user];
		break;
	case 1:
	case 2:
		if (!*vectors)
			break;
		fsl_msi_bank_put(m->bank[bank], group(user));
		--*vectors;
		break;
	default:
		if (model_fit(m, bank, user) == FSL_MSI_REFUSED)
			break;
		take(test, m->bank[bank], group(user));
		++*vectors;
	}
	KUNIT_ASSERT_EQ(test, model_fit(m, bank, user),
			fsl_msi_bank_fit(m->bank[bank], group(user),
					 may_share));
}

static void random_vectors_fit_as_in_a_table(struct kunit *test)
{
	struct msi_bank_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i < BANKS; i++)
		m->bank[i] = new_bank(test);
	m->random = 1;
	for (i = 0; i < STEPS; i++)
		model_step(test, m);
	for (i = 0; i < BANKS; i++) {
		for (j = 0; j < GROUPS; j++)
			while (m->vectors[i][j]--)
				fsl_msi_bank_put(m->bank[i], group(j));
		KUNIT_EXPECT_TRUE(test, list_empty(&m->bank[i]->shares));
	}
}

/* VFIO puts a device into such a group if it is used without an IOMMU */
static void group_without_an_iommu_uses_physical_addresses(struct kunit *test)
{
	struct iommu_group *its_group = iommu_group_alloc();
	struct device *dev = kunit_device_register(test, "fsl-msi-test");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, its_group);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, iommu_group_add_device(its_group, dev));
	KUNIT_EXPECT_TRUE(test, fsl_pamu_is_identity(dev));
	iommu_group_remove_device(dev);
	iommu_group_put(its_group);
}

static struct kunit_case msi_bank_cases[] = {
	KUNIT_CASE(own_bank_is_better_than_free_one),
	KUNIT_CASE(free_bank_is_better_than_one_of_others),
	KUNIT_CASE(host_groups_share_what_is_left),
	KUNIT_CASE(user_gets_no_bank_of_others),
	KUNIT_CASE(nobody_gets_the_bank_of_a_user),
	KUNIT_CASE(bank_with_others_is_not_own),
	KUNIT_CASE(random_vectors_fit_as_in_a_table),
	KUNIT_CASE(group_without_an_iommu_uses_physical_addresses),
	{},
};

static struct kunit_suite msi_bank_suite = {
	.name = "fsl_msi_bank",
	.init = msi_bank_test_init,
	.test_cases = msi_bank_cases,
};

kunit_test_suite(msi_bank_suite);

MODULE_DESCRIPTION("KUnit tests of Freescale's MSI banks");
MODULE_LICENSE("GPL");
