// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells in the page tables of domains: mapped for the devices that need them, at
 * all IOVAs that messages may be sent to. See space.h for the objects and the locks;
 * the space's lock is held throughout.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include <trace/events/iommu_msi.h>

#include "doorbell.h"
#include "mapping.h"

static size_t msi_member_page_size(const struct iommu_msi_domain *member)
{
	return max_t(size_t, 1UL << __ffs(member->domain->pgsize_bitmap),
		     IOMMU_DOORBELL_PAGE);
}

/* Where devices see the doorbell's page if its IOVAs begin at @start */
static unsigned long doorbell_iova_at(const struct iommu_doorbell *doorbell,
				      unsigned long start)
{
	return start + (doorbell->phys & (doorbell->space->slot_size - 1));
}

unsigned long doorbell_iova(const struct iommu_doorbell *doorbell)
{
	return doorbell_iova_at(doorbell, doorbell_start(doorbell));
}

/*
 * Map the IOMMU page that the register is in, and no more. It lies at the same
 * offset in the slot as in physical memory, whatever page size the domain has.
 */
static int msi_mapping_map(struct msi_mapping *mapping, unsigned int which)
{
	/* No execution, device memory; stage 2 can say write-only */
	const int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;
	struct iommu_domain *domain = mapping->member->domain;
	struct iommu_doorbell *doorbell = mapping->doorbell;
	size_t size = msi_member_page_size(mapping->member);
	phys_addr_t phys = ALIGN_DOWN(doorbell->phys, size);
	unsigned long iova;
	int rc;

	if (mapping->mapped[which])
		return 0;
	iova = doorbell_iova_at(doorbell, doorbell->places[which].node.start);
	if (iova < domain->geometry.aperture_start ||
	    iova + IOMMU_DOORBELL_PAGE - 1 > domain->geometry.aperture_end)
		return -EADDRINUSE;
	iova = ALIGN_DOWN(iova, size);
	rc = iommu_map(domain, iova, phys, size, prot, GFP_KERNEL_ACCOUNT);
	if (rc)
		return rc;
	trace_iommu_msi_map(doorbell->space, phys, iova, size);
	mapping->mapped[which] = true;
	return 0;
}

static void msi_mapping_unmap(struct msi_mapping *mapping, unsigned int which)
{
	struct iommu_doorbell *doorbell = mapping->doorbell;
	size_t size = msi_member_page_size(mapping->member);
	unsigned long iova;

	if (!mapping->mapped[which])
		return;
	iova = doorbell_iova_at(doorbell, doorbell->places[which].node.start);
	iova = ALIGN_DOWN(iova, size);
	trace_iommu_msi_unmap(doorbell->space, ALIGN_DOWN(doorbell->phys, size),
			      iova, size);
	iommu_unmap(mapping->member->domain, iova, size);
	mapping->mapped[which] = false;
}

/**
 * msi_mapping_complete - Map a doorbell wherever messages may be sent
 * @mapping: Its mapping in a domain: at its IOVAs and, while it is relocated, at
 *	those that it leaves
 *
 * Return: 0, or -EADDRINUSE if it lies outside of the domain's aperture, -ENOMEM,
 * or what the IOMMU driver returned. What was mapped before stays.
 */
int msi_mapping_complete(struct msi_mapping *mapping)
{
	struct iommu_doorbell *doorbell = mapping->doorbell;
	int rc;

	lockdep_assert_held(&doorbell->space->lock);
	rc = msi_mapping_map(mapping, doorbell->at);
	if (!rc && doorbell->moving)
		rc = msi_mapping_map(mapping, !doorbell->at);
	return rc;
}

/* No message is sent to the IOVAs that the doorbell has left any more */
void msi_mapping_leave_old(struct msi_mapping *mapping)
{
	msi_mapping_unmap(mapping, !mapping->doorbell->at);
}

static void msi_mapping_free(struct msi_mapping *mapping)
{
	struct iommu_doorbell *doorbell = mapping->doorbell;

	msi_mapping_unmap(mapping, 0);
	msi_mapping_unmap(mapping, 1);
	xa_erase(&mapping->member->mappings, doorbell->index);
	doorbell->mappings--;
	kfree(mapping);
}

static struct msi_mapping *msi_mapping_create(struct iommu_doorbell *doorbell,
					      struct iommu_msi_domain *member)
{
	struct msi_mapping *mapping;
	int rc;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->member = member;
	mapping->doorbell = doorbell;
	rc = xa_insert(&member->mappings, doorbell->index, mapping,
		       GFP_KERNEL_ACCOUNT);
	if (rc) {
		kfree(mapping);
		return ERR_PTR(rc);
	}
	doorbell->mappings++;
	return mapping;
}

/**
 * msi_mapping_get - Get a reference to a doorbell's mapping, creating it if needed
 * @doorbell: A doorbell whose page is known
 * @member: Domain of its space
 *
 * Return: The mapping, to be given to msi_mapping_put(), or ERR_PTR() of the
 * errors of msi_mapping_complete() or of -ENOMEM.
 */
struct msi_mapping *msi_mapping_get(struct iommu_doorbell *doorbell,
				    struct iommu_msi_domain *member)
{
	struct msi_mapping *mapping;
	int rc;

	lockdep_assert_held(&doorbell->space->lock);
	mapping = xa_load(&member->mappings, doorbell->index);
	if (!mapping) {
		mapping = msi_mapping_create(doorbell, member);
		if (IS_ERR(mapping))
			return mapping;
	}
	rc = msi_mapping_complete(mapping);
	if (!rc) {
		mapping->users++;
		return mapping;
	}
	if (!mapping->users)
		msi_mapping_free(mapping);
	return ERR_PTR(rc);
}

/* Undo msi_mapping_get(): the last one unmaps the doorbell */
void msi_mapping_put(struct msi_mapping *mapping)
{
	lockdep_assert_held(&mapping->doorbell->space->lock);
	if (!--mapping->users)
		msi_mapping_free(mapping);
}
