// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vectors of the host's drivers, which follow their group from domain to domain.
 *
 * The domain of a group translates the MSIs of all its devices. A driver that does no
 * DMA may have its device in a group that a user owns, for example that of a PCIe
 * port without ACS (device_driver::driver_managed_dma). Its messages hold an IOVA of
 * the DMA API's domain, which in the user's domain is unmapped, or something else.
 *
 * So when the group changes its domain, such a vector is paused, its doorbell is
 * looked up in the new domain, and its message is rewritten before the device can
 * send again, by the same means as for a change of affinity. In a domain that blocks
 * everything it stays paused. Edge interrupts that are lost meanwhile would never be
 * repeated, so each is delivered once by software afterwards; drivers that share
 * interrupts look for the reason themselves.
 *
 * Locks and races
 * ---------------
 * iommu_group::mutex guards the list of these vectors, keeps them, and is held while
 * the group changes its domain and while a vector is prepared. So:
 * - a vector that comes or goes does so before or after a change;
 * - change of affinity, mask and unmask, reset and resume of the device, and
 *   interrupts are serialised with the rewriting of a message by irq_desc::lock;
 * - a doorbell of a user's space that is relocated has its messages rewritten under
 *   the group's mutex, too.
 * A vector of a device that has an iommu_msi_rewriter is the user's, and not listed.
 */
#include <kunit/static_stub.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/iommu-msi.h>
#include <linux/list.h>
#include <linux/msi.h>

#include "../dma-iommu.h"
#include "../iommu-priv.h"
#include "host.h"
#include "mapping.h"
#include "vector.h"

/* What happens to a message in a domain */
enum msi_way {
	MSI_UNKNOWN, /* nobody here placed its doorbell */
	MSI_BLOCKED, /* nothing gets through */
	MSI_PHYSICAL, /* it is not translated */
	MSI_DMA_API,
	MSI_SPACE,
};

/* IOMMU page that messages are sent to; without @shift they are not translated */
struct msi_page {
	u64 iova;
	unsigned int shift;
};

static enum msi_way msi_way(const struct iommu_msi_change *change,
			    struct iommu_domain *domain)
{
	if (!domain)
		return MSI_UNKNOWN;
	if (domain == change->blocked || domain->type == IOMMU_DOMAIN_BLOCKED ||
	    domain->aborts_all)
		return MSI_BLOCKED;
	if (iommu_is_mixed_domain(iommu_domain_for_msi(domain)))
		return MSI_SPACE;
	if (domain->iova_cookie)
		return MSI_DMA_API;
	return domain->type == IOMMU_DOMAIN_IDENTITY ? MSI_PHYSICAL :
						       MSI_UNKNOWN;
}

static struct iommu_msi_domain *msi_member(struct iommu_domain *domain)
{
	return iommu_domain_for_msi(domain)->msi;
}

/* Vectors that come and go */

static int msi_prepare_dma_api(struct iommu_domain *domain,
			       struct msi_desc *desc, phys_addr_t msi_addr)
{
	struct msi_page page;
	int rc;

	rc = iommu_dma_map_msi(domain, msi_desc_to_dev(desc), msi_addr,
			       &page.iova, &page.shift);
	if (!rc)
		msi_desc_set_iommu_msi_iova(desc, page.iova, page.shift);
	return rc;
}

/**
 * iommu_msi_prepare - Find where the messages of a new vector are sent
 * @group: Group of the vector's device, or NULL
 * @desc: MSI descriptor
 * @msi_addr: Physical address of the doorbell's register
 *
 * Undone by iommu_dma_release_msi().
 *
 * Context: Process context, may sleep. The group's mutex is held.
 * Return: 0, or the errors of iommu_msi_map() or iommu_dma_map_msi().
 */
int iommu_msi_prepare(struct iommu_group *group, struct msi_desc *desc,
		      phys_addr_t msi_addr)
{
	struct iommu_domain *domain = iommu_group_locked_domain(group);
	int rc;

	KUNIT_STATIC_STUB_REDIRECT(iommu_msi_prepare, group, desc, msi_addr);
	if (WARN_ON_ONCE(!hlist_unhashed(&desc->iommu_msi_item)))
		return -EBUSY;
	if (domain)
		domain = iommu_domain_for_msi(domain);
	if (domain && iommu_is_mixed_domain(domain))
		rc = iommu_msi_map(domain, desc, msi_addr);
	else
		rc = msi_prepare_dma_api(domain, desc, msi_addr);
	if (rc || !group)
		return rc;
	desc->release_iommu = iommu_dma_release_msi;
	if (msi_desc_rewriter(desc))
		return 0;
	desc->iommu_msi_phys = msi_addr;
	hlist_add_head(&desc->iommu_msi_item, iommu_group_msi_vectors(group));
	return 0;
}

/**
 * iommu_dma_release_msi - Release the doorbell of a vector
 * @desc: MSI descriptor whose interrupts are freed, or could not be allocated;
 *	nothing happens if iommu_dma_prepare_msi() was not called for it
 *
 * The last vector of a user's space unmaps the doorbell. In a domain of the DMA API
 * it stays until the domain is freed, so that a late MSI is harmless.
 *
 * Context: Process context, may sleep. Takes the group's mutex.
 */
void iommu_dma_release_msi(struct msi_desc *desc)
{
	if (!hlist_unhashed(&desc->iommu_msi_item)) {
		guard(iommu_group_domain)(desc->dev->iommu_group);
		hlist_del_init(&desc->iommu_msi_item);
		msi_vector_drop(desc, &desc->iommu_msi_user);
	} else {
		msi_vector_drop(desc, &desc->iommu_msi_user);
	}
	desc->iommu_msi_has_rewriter = false;
	desc->release_iommu = NULL;
	msi_desc_set_iommu_msi_iova(desc, 0, 0);
}

/**
 * iommu_msi_forget_device - Forget the vectors of a device that leaves its group
 * @vectors: Vectors of the host's drivers in the group
 * @dev: The device, whose driver should have freed its vectors
 *
 * Context: The group's mutex is held.
 */
void iommu_msi_forget_device(struct hlist_head *vectors, struct device *dev)
{
	struct hlist_node *next;
	struct msi_desc *desc;

	hlist_for_each_entry_safe(desc, next, vectors, iommu_msi_item)
		if (desc->dev == dev)
			hlist_del_init(&desc->iommu_msi_item);
}

/* Changes of the domain */

/* Nothing changes for @desc: the owner maps its doorbell in both */
static bool msi_vector_stays(const struct iommu_msi_change *change,
			     const struct msi_desc *desc)
{
	return desc->iommu_msi_user &&
	       msi_way(change, change->from) == MSI_SPACE &&
	       msi_way(change, change->to) == MSI_SPACE &&
	       msi_member(change->to)->space ==
		       desc->iommu_msi_user->doorbell->space;
}

static int msi_vector_enter_space(struct iommu_msi_domain *member,
				  struct msi_desc *desc)
{
	struct msi_user *user;

	guard(mutex)(&member->space->lock);
	user = msi_vector_acquire(member, desc, desc->iommu_msi_phys);
	if (IS_ERR(user))
		return PTR_ERR(user);
	desc->iommu_msi_next_user = user;
	return 0;
}

/* Map the doorbell of @desc where its group is about to be */
static int msi_vector_enter(const struct iommu_msi_change *change,
			    struct msi_desc *desc)
{
	struct msi_page page;

	switch (msi_way(change, change->to)) {
	case MSI_SPACE:
		/* If not, msi_vector_follow() does it */
		if (!msi_domain_is_finished(iommu_domain_for_msi(change->to)))
			return 0;
		return msi_vector_enter_space(msi_member(change->to), desc);
	case MSI_DMA_API:
		/* If not, the core has vectors follow when it can */
		if (!iommu_dma_can_map_msi(change->to))
			return 0;
		return iommu_dma_map_msi(change->to, desc->dev,
					 desc->iommu_msi_phys, &page.iova,
					 &page.shift);
	default:
		return 0;
	}
}

/* Undo msi_vector_enter(): the group stays where it is */
static void msi_vector_stay(const struct iommu_msi_change *change,
			    struct msi_desc *desc)
{
	enum msi_way way = msi_way(change, change->from);

	msi_vector_drop(desc, &desc->iommu_msi_next_user);
	if (way != MSI_BLOCKED && way != MSI_UNKNOWN)
		msi_desc_resume(desc,
				(u64)desc->iommu_msi_iova
					<< desc->iommu_msi_shift,
				desc->iommu_msi_shift);
}

/* The page that messages are sent to now. Returns false if they are held back. */
static bool msi_vector_page(const struct iommu_msi_change *change,
			    struct msi_desc *desc, struct msi_page *page)
{
	struct iommu_msi_space *space;

	*page = (struct msi_page){};
	switch (msi_way(change, change->to)) {
	case MSI_SPACE:
		if (!desc->iommu_msi_user)
			return false;
		/* If it is relocated after this, that waits for the group's mutex */
		space = desc->iommu_msi_user->doorbell->space;
		mutex_lock(&space->lock);
		page->iova = doorbell_iova(desc->iommu_msi_user->doorbell);
		mutex_unlock(&space->lock);
		page->shift = ilog2(IOMMU_DOORBELL_PAGE);
		return true;
	case MSI_DMA_API:
		/* It is there already, unless that failed */
		return !iommu_dma_map_msi(change->to, desc->dev,
					  desc->iommu_msi_phys, &page->iova,
					  &page->shift);
	case MSI_PHYSICAL:
		return true;
	default:
		return false;
	}
}

/* The group has entered its new domain */
static void msi_vector_follow(const struct iommu_msi_change *change,
			      struct msi_desc *desc)
{
	enum msi_way way = msi_way(change, change->to);
	struct msi_page page;

	if (way == MSI_SPACE && !desc->iommu_msi_next_user)
		msi_vector_enter_space(msi_member(change->to), desc);
	msi_vector_drop(desc, &desc->iommu_msi_user);
	swap(desc->iommu_msi_user, desc->iommu_msi_next_user);
	if (way == MSI_DMA_API && !iommu_dma_can_map_msi(change->to))
		return;
	if (msi_vector_page(change, desc, &page))
		msi_desc_resume(desc, page.iova, page.shift);
	else if (way != MSI_BLOCKED && way != MSI_UNKNOWN)
		dev_warn(desc->dev,
			 "its interrupts have no doorbell: kept back\n");
}

/*
 * Vectors are left alone if no domain translates them, and in a domain made by an
 * in-kernel user of the IOMMU API, which has to know about doorbells.
 */
static bool msi_vectors_follow(const struct iommu_msi_change *change)
{
	struct iommu_msi_window window;
	struct msi_desc *desc;

	if (hlist_empty(change->vectors) ||
	    msi_way(change, change->to) == MSI_UNKNOWN)
		return false;
	desc = hlist_entry(change->vectors->first, struct msi_desc,
			   iommu_msi_item);
	return iommu_msi_find_window(desc->dev, &window);
}

/* Those before @last have been prepared, and @last is paused */
static void msi_vectors_stay(const struct iommu_msi_change *change,
			     struct msi_desc *last)
{
	struct msi_desc *desc;

	hlist_for_each_entry(desc, change->vectors, iommu_msi_item) {
		if (msi_vector_stays(change, desc))
			continue;
		msi_vector_stay(change, desc);
		if (desc == last)
			return;
	}
}

/**
 * iommu_msi_begin_change - Prepare vectors for a change of their group's domain
 * @change: The change
 *
 * Vectors of the host's drivers are paused, and their doorbells are mapped in the new
 * domain. iommu_msi_end_change() has to follow, unless this fails.
 *
 * Context: Process context, may sleep. The group's mutex is held.
 * Return: 0, or the errors of iommu_msi_map() or iommu_dma_map_msi(), which are
 * logged. Always 0 if @change must succeed.
 */
int iommu_msi_begin_change(const struct iommu_msi_change *change)
{
	struct msi_desc *desc;
	int rc;

	if (!msi_vectors_follow(change))
		return 0;
	hlist_for_each_entry(desc, change->vectors, iommu_msi_item) {
		if (msi_vector_stays(change, desc))
			continue;
		msi_desc_pause(desc);
		rc = msi_vector_enter(change, desc);
		if (!rc || change->must_succeed)
			continue;
		dev_notice_ratelimited(
			desc->dev,
			"no doorbell for its interrupts in the new domain (%d)\n",
			rc);
		msi_vectors_stay(change, desc);
		return rc;
	}
	return 0;
}

/**
 * iommu_msi_end_change - Resume vectors once their group has changed its domain
 * @change: What iommu_msi_begin_change() was given
 * @changed: The group is in the new domain; otherwise it is in the old one
 *
 * Vectors are resumed, except those that nothing translates now.
 *
 * Context: Process context, may sleep. The group's mutex is held.
 */
void iommu_msi_end_change(const struct iommu_msi_change *change, bool changed)
{
	struct msi_desc *desc;

	if (!msi_vectors_follow(change))
		return;
	hlist_for_each_entry(desc, change->vectors, iommu_msi_item) {
		if (msi_vector_stays(change, desc))
			continue;
		if (changed)
			msi_vector_follow(change, desc);
		else
			msi_vector_stay(change, desc);
	}
}

/* Relocation */

static int msi_host_rewrite_one(struct msi_desc *desc)
{
	struct iommu_msi_space *space = desc->iommu_msi_user->doorbell->space;
	u64 old = (u64)desc->iommu_msi_iova << desc->iommu_msi_shift;
	u64 page;

	mutex_lock(&space->lock);
	page = msi_desc_page(desc);
	mutex_unlock(&space->lock);
	if (page == old)
		return 0;
	/* It came while the doorbell was relocated, and that is undone */
	if (msi_is_below_4g(desc->dev) && upper_32_bits(page))
		return -EEXIST;
	if (msi_desc_can_change_to(desc, page)) {
		msi_desc_rewrite(desc, page, ilog2(IOMMU_DOORBELL_PAGE));
	} else {
		msi_desc_pause(desc);
		msi_desc_resume(desc, page, ilog2(IOMMU_DOORBELL_PAGE));
	}
	return 0;
}

/**
 * msi_host_rewrite - Rewrite the messages of a device that the host drives
 * @user: The device, and the doorbell that has been relocated
 *
 * Context: Process context, may sleep. The owner's lock is held, so that the group
 * stays. Takes the group's mutex.
 * Return: 0 or -EEXIST if a message cannot hold the IOVA.
 */
int msi_host_rewrite(struct msi_user *user)
{
	struct iommu_group *group = READ_ONCE(user->device->dev->iommu_group);
	struct msi_desc *desc;
	int rc = 0;

	if (!group)
		return 0;
	guard(iommu_group_domain)(group);
	hlist_for_each_entry(desc, iommu_group_msi_vectors(group),
			     iommu_msi_item)
		if (desc->iommu_msi_user == user)
			rc = msi_host_rewrite_one(desc) ?: rc;
	return rc;
}
