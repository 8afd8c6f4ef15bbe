/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for the KUnit tests of MSI spaces, see test.c.
 */
#ifndef __IOMMU_MSI_TEST_H
#define __IOMMU_MSI_TEST_H

#include <kunit/test.h>
#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommu-msi-rewriter.h>
#include <linux/iommu-msi.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#include "space.h"
#include "vector.h"

#define WINDOW_START 0x8000000UL
#define WINDOW_LAST 0x80fffffUL
#define DOORBELL_PHYS 0x8090040UL
/* In another page, and at another offset in it */
#define SECOND_PHYS 0x80a0080UL
#define MAX_DOORBELLS 8
/* The k-th IOVA below 4 GiB that the placement rule tries */
#define LOW_PLACE(k) (SZ_4G - SZ_64M * (k))
#define TOP(bits) ((1UL << (bits)) - 1)

struct msi_test_owner {
	struct rb_root_cached taken;
	struct rb_root_cached claimed;
	struct iommu_msi_space *space;
	unsigned int questions; /* about free IOVAs */
};

struct msi_test_domain {
	struct iommu_domain domain;
	struct xarray pages; /* physical page number by IOVA page number */
	int prot;
	int fail_maps; /* number of maps that fail, from now on */
	unsigned int maps; /* that did not fail */
};

struct msi_test_irq_domain {
	struct irq_domain domain;
	phys_addr_t doorbells[MAX_DOORBELLS];
	size_t sizes[MAX_DOORBELLS];
	unsigned int count;
};

struct msi_test {
	struct msi_test_owner owner;
	struct msi_test_domain domain;
	struct msi_test_domain domain2;
	struct msi_test_irq_domain irq;
	struct iommu_msi_space *space;
	struct device *dev;
	struct device *dev2;
	/* Of @dev, if its messages cannot be rewritten */
	struct dev_iommu param;
	struct iommu_msi_rewriter no_rewriter;
};

/* A device whose messages are rewritten */
struct msi_move_test {
	struct msi_test base;
	struct dev_iommu param;
	struct iommu_msi_rewriter driver;
	struct irq_domain *chip_domain;
	struct msi_desc *desc;
	struct msi_msg written;
	unsigned int writes;
	unsigned int rewrites;
	/* Called when the driver is asked to rewrite */
	void (*during)(struct kunit *test);
	struct kunit *test;
};

extern const struct iommu_msi_window msi_test_window;

extern const struct iommu_msi_owner_ops msi_test_owner_ops;
extern const struct irq_domain_ops msi_test_silent_irq_ops;

struct interval_tree_node *msi_test_insert(struct kunit *test,
					   struct rb_root_cached *root,
					   unsigned long start,
					   unsigned long last);
void msi_test_domain_init(struct msi_test_domain *td);
unsigned long msi_test_phys(struct msi_test_domain *td, unsigned long iova);
int msi_test_init(struct kunit *test, struct msi_test *mt);
int msi_space_test_init(struct kunit *test);
void msi_space_test_exit(struct kunit *test);
struct iommu_group *msi_test_group(struct device *dev);
void msi_test_enter(struct kunit *test, struct msi_test_domain *td,
		    struct device *dev);
void msi_test_attach(struct kunit *test);
void msi_test_never_rewrite(struct kunit *test);
struct iommu_msi_state msi_test_state(struct kunit *test);
unsigned int msi_test_count(struct msi_test *mt);
unsigned long msi_test_message(struct msi_desc *desc, phys_addr_t phys);
void msi_test_attach_with_vector(struct kunit *test, struct msi_desc *desc);
struct device *msi_test_device(struct kunit *test, const char *name,
			       struct msi_test_irq_domain *irq);
void msi_mock_rewrite(struct iommu_msi_rewriter *driver,
		      struct iommu_msi_rewrite *rewrite);
struct pci_dev *msi_mock_pci(struct kunit *test);
struct msi_desc *msi_move_insert_desc(struct kunit *test, struct device *dev,
				      unsigned int index);
int msi_move_test_setup(struct kunit *test, struct msi_move_test *mm);
int msi_move_test_init(struct kunit *test);
void msi_move_test_exit(struct kunit *test);
void msi_move_start(struct kunit *test);
unsigned long msi_move_message(struct msi_move_test *mm);
void msi_move_expect_at(struct kunit *test, unsigned long place);
int msi_move_away(struct msi_move_test *mm);

#endif
