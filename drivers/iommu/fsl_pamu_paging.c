// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paging domains of the PAMU: a window (fsl_pamu_window.h), and the LIODNs that
 * have it.
 *
 * pamu_table_lock guards the window, the list of LIODNs and the tables. A LIODN
 * that enters during a map either finds the slot in the window, or is in the list
 * when the slot is written. Map and unmap hold the lock for one slot at a time,
 * attach for one device; the interrupt handler takes it, too.
 *
 * A LIODN that violated its permissions is disabled by the interrupt handler, and
 * stays so until it enters another domain: map and unmap do not touch the valid
 * bit of the primary entry.
 */
#define pr_fmt(fmt) "fsl-pamu: " fmt

#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd_pamu.h>

#include "fsl_pamu_paging.h"

/* Limits the number of slots, since the lock is held while all are written */
#define PAMU_MAX_SLOTS 256U

static unsigned int aperture_bits = 32;
module_param(aperture_bits, uint, 0644);
MODULE_PARM_DESC(aperture_bits, "Default size of new domains, as a power of 2");

static unsigned int slots = PAMU_MAX_SLOTS;
module_param(slots, uint, 0644);
MODULE_PARM_DESC(slots, "Default number of slots of new domains");

/**
 * struct pamu_domain - A paging domain
 * @domain: The core's part
 * @window: The mappings
 * @liodns: The LIODNs that are in the domain, struct pamu_liodn::item
 */
struct pamu_domain {
	struct iommu_domain domain;
	struct pamu_window window;
	struct list_head liodns;
};

/* Guarded by pamu_table_lock */
static struct pamu_tables pamu_tables;
/* 0 until the PAMU is set up, or if that failed */
static unsigned int pamu_max_slots;

static struct pamu_domain *to_pamu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct pamu_domain, domain);
}

static u32 pamu_liodn_index(const struct pamu_liodn *liodn)
{
	return liodn - pamu_liodns;
}

/* LIODNs entering and leaving */

/**
 * pamu_liodn_leave - Remove a LIODN from its paging domain
 * @liodn: LIODN whose primary entry was made blocked or identity
 *
 * Context: pamu_table_lock is held.
 */
void pamu_liodn_leave(struct pamu_liodn *liodn)
{
	lockdep_assert_held(&pamu_table_lock);
	if (list_empty(&liodn->item))
		return;
	list_del_init(&liodn->item);
	pamu_range_free(&pamu_tables, &liodn->range);
}

/*
 * Allocate secondary entries for a LIODN that is to enter a domain. If it has as
 * many as it needs, these are used: then the change needs no room for both.
 */
static int pamu_liodn_prepare(struct pamu_liodn *liodn, struct pamu_domain *to)
{
	int ret;

	if (liodn->domain == &to->domain || liodn->entering)
		return 0;
	liodn->next = liodn->range;
	if (liodn->range.count != to->window.count - 1) {
		ret = pamu_range_alloc(&pamu_tables, &to->window, &liodn->next);
		if (ret)
			return ret;
	}
	liodn->entering = true;
	return 0;
}

static bool pamu_liodn_keeps_range(const struct pamu_liodn *liodn)
{
	return liodn->range.count == liodn->next.count;
}

static void pamu_liodn_abort(struct pamu_liodn *liodn)
{
	if (liodn->entering && !pamu_liodn_keeps_range(liodn))
		pamu_range_free(&pamu_tables, &liodn->next);
	liodn->entering = false;
}

static void pamu_liodn_enter(struct pamu_liodn *liodn, struct pamu_domain *to)
{
	if (!liodn->entering)
		return;
	liodn->entering = false;
	pamu_entry_block(&pamu_tables, pamu_liodn_index(liodn));
	if (!pamu_liodn_keeps_range(liodn))
		pamu_range_free(&pamu_tables, &liodn->range);
	liodn->range = liodn->next;
	pamu_entry_translate(&pamu_tables, pamu_liodn_index(liodn), &to->window,
			     &liodn->range);
	liodn->domain = &to->domain;
	list_move_tail(&liodn->item, &to->liodns);
}

/* All LIODNs of the device enter, or none does and nothing changes */
static int pamu_master_enter(struct pamu_master *master, struct pamu_domain *to)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < master->count && !ret; i++)
		ret = pamu_liodn_prepare(&pamu_liodns[master->liodn[i]], to);
	for (i = 0; i < master->count; i++) {
		if (ret)
			pamu_liodn_abort(&pamu_liodns[master->liodn[i]]);
		else
			pamu_liodn_enter(&pamu_liodns[master->liodn[i]], to);
	}
	return ret;
}

static int pamu_paging_attach(struct iommu_domain *domain, struct device *dev)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&pamu_table_lock, flags);
	ret = pamu_master_enter(dev_iommu_priv_get(dev),
				to_pamu_domain(domain));
	spin_unlock_irqrestore(&pamu_table_lock, flags);
	return ret;
}

/* Mapping */

static void pamu_write_slot(struct pamu_domain *in, u64 iova)
{
	struct pamu_liodn *liodn;

	list_for_each_entry(liodn, &in->liodns, item)
		pamu_entry_set_slot(&pamu_tables, pamu_liodn_index(liodn),
				    &in->window, &liodn->range,
				    pamu_window_slot(&in->window, iova));
}

static int pamu_map_slot(struct pamu_domain *in, u64 iova, phys_addr_t phys,
			 size_t size, u8 access)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&pamu_table_lock, flags);
	ret = pamu_window_map(&in->window, iova, phys, size, access);
	if (!ret)
		pamu_write_slot(in, iova);
	spin_unlock_irqrestore(&pamu_table_lock, flags);
	return ret;
}

static int pamu_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t phys, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct pamu_domain *in = to_pamu_domain(domain);
	u8 access = 0;
	int ret;

	if (prot & IOMMU_READ)
		access |= PAACE_AP_PERMS_QUERY;
	if (prot & IOMMU_WRITE)
		access |= PAACE_AP_PERMS_UPDATE;

	for (; pgcount; pgcount--) {
		ret = pamu_map_slot(in, iova, phys, pgsize, access);
		if (ret)
			return ret;
		*mapped += pgsize;
		iova += pgsize;
		phys += pgsize;
	}
	return 0;
}

static u64 pamu_unmap_slot(struct pamu_domain *in, u64 iova)
{
	unsigned long flags;
	u64 size;

	spin_lock_irqsave(&pamu_table_lock, flags);
	size = pamu_window_unmap(&in->window, iova);
	if (size)
		pamu_write_slot(in, iova);
	spin_unlock_irqrestore(&pamu_table_lock, flags);
	return size;
}

/* A slot's mapping is removed as a whole, so this may be more than was requested */
static size_t pamu_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct pamu_domain *in = to_pamu_domain(domain);
	const size_t wanted = pgsize * pgcount;
	size_t done = 0;
	u64 size;

	while (done < wanted) {
		size = pamu_unmap_slot(in, iova + done);
		if (!size)
			break;
		done += size;
	}
	return done;
}

static phys_addr_t pamu_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	unsigned long flags;
	phys_addr_t phys;

	spin_lock_irqsave(&pamu_table_lock, flags);
	phys = pamu_window_find(&to_pamu_domain(domain)->window, iova);
	spin_unlock_irqrestore(&pamu_table_lock, flags);
	return phys;
}

/* Allocation */

/* The core frees no domain with attached devices, but devices may have been removed */
static void pamu_paging_free(struct iommu_domain *domain)
{
	struct pamu_domain *victim = to_pamu_domain(domain);
	struct pamu_liodn *liodn, *next;
	unsigned long flags;

	spin_lock_irqsave(&pamu_table_lock, flags);
	list_for_each_entry_safe(liodn, next, &victim->liodns, item) {
		pamu_entry_block(&pamu_tables, pamu_liodn_index(liodn));
		pamu_liodn_leave(liodn);
		liodn->domain = NULL;
	}
	spin_unlock_irqrestore(&pamu_table_lock, flags);
	pamu_window_destroy(&victim->window);
	kfree(victim);
}

static const struct iommu_domain_ops pamu_paging_ops = {
	.attach_dev = pamu_paging_attach,
	.map_pages = pamu_map_pages,
	.unmap_pages = pamu_unmap_pages,
	.iova_to_phys = pamu_iova_to_phys,
	.free = pamu_paging_free,
};

/* The core has IOVAs and the size of a slot, which is a page size, in a long */
static bool pamu_fits_long(unsigned int bits, unsigned int count)
{
	return bits < BITS_PER_LONG || (bits == BITS_PER_LONG && count > 1);
}

static struct iommu_domain *pamu_alloc(unsigned int bits, unsigned int count)
{
	struct pamu_domain *made;
	int ret;

	if (!pamu_max_slots)
		return ERR_PTR(-ENODEV);
	if (!pamu_fits_long(bits, count))
		return ERR_PTR(-EINVAL);
	made = kzalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	if (!made)
		return ERR_PTR(-ENOMEM);
	ret = pamu_window_init(&made->window, bits, count, pamu_max_slots);
	if (ret) {
		kfree(made);
		return ERR_PTR(ret);
	}
	INIT_LIST_HEAD(&made->liodns);
	made->domain.type = IOMMU_DOMAIN_UNMANAGED;
	made->domain.ops = &pamu_paging_ops;
	made->domain.pgsize_bitmap = pamu_window_sizes(&made->window);
	made->domain.geometry.aperture_end = (1ULL << bits) - 1;
	made->domain.geometry.force_aperture = true;
	made->domain.geometry.slot_size = 1UL << made->window.slot_bits;
	return &made->domain;
}

/**
 * pamu_alloc_paging - Allocate a paging domain of the default geometry
 * @dev: A device; all are alike
 *
 * The geometry is that of the module's parameters. If the hardware has fewer slots,
 * these are larger.
 *
 * Context: May sleep.
 * Return: The domain. -ENODEV if the PAMU was not set up, -EINVAL if the parameters
 * are out of range, -ENOMEM.
 */
struct iommu_domain *pamu_alloc_paging(struct device *dev)
{
	return pamu_alloc(READ_ONCE(aperture_bits),
			  min(READ_ONCE(slots), pamu_max_slots));
}

/**
 * pamu_alloc_user - Allocate a paging domain for iommufd
 * @dev: A device; all are alike
 * @flags: None is known
 * @parent: Must be %NULL
 * @user_data: Geometry, &struct iommu_hwpt_pamu, or %NULL
 *
 * Context: May sleep.
 * Return: The domain. -EOPNOTSUPP for @flags or @parent, -EINVAL if the geometry is
 * out of range, an error of copying @user_data, or the errors of
 * pamu_alloc_paging().
 */
struct iommu_domain *pamu_alloc_user(struct device *dev, u32 flags,
				     struct iommu_domain *parent,
				     const struct iommu_user_data *user_data)
{
	struct iommu_hwpt_pamu geometry;
	int ret;

	if (flags || parent)
		return ERR_PTR(-EOPNOTSUPP);
	if (!user_data)
		return pamu_alloc_paging(dev);
	ret = iommu_copy_struct_from_user(&geometry, user_data,
					  IOMMU_HWPT_DATA_PAMU, slots);
	if (ret)
		return ERR_PTR(ret);
	return pamu_alloc(geometry.aperture_bits, geometry.slots);
}

/**
 * pamu_paging_init - Enable paging domains
 * @ppaact: The PAMU's primary entries
 * @spaact: Its secondary entries
 * @max_slots: Maximum number of slots of a window, a power of two
 */
void pamu_paging_init(struct paace *ppaact, struct paace *spaact,
		      unsigned int max_slots)
{
	pamu_tables.ppaact = ppaact;
	pamu_tables.spaact = spaact;
	pamu_max_slots = min(max_slots, PAMU_MAX_SLOTS);
}
