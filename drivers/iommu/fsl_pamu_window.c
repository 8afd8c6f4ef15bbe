// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows of a PAMU, and the entries that describe them to the hardware; see
 * fsl_pamu_window.h. This file uses no devices, domains or registers, so that
 * fsl_pamu_window-test.c can run it on tables of its own.
 */
#include <kunit/static_stub.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "fsl_pamu_window.h"

/**
 * pamu_window_init - Initialise a window without mappings
 * @window: The window
 * @aperture_bits: Binary logarithm of its size in bytes
 * @count: Number of slots
 * @max_count: Maximum number of slots of the hardware, a power of two
 *
 * Context: May sleep.
 * Return: 0. -EINVAL if @count is no power of two or more than @max_count, the
 * size is out of range, or a slot would be smaller than 4 KiB. -ENOMEM.
 */
int pamu_window_init(struct pamu_window *window, unsigned int aperture_bits,
		     unsigned int count, unsigned int max_count)
{
	if (!is_power_of_2(count) || count > max_count)
		return -EINVAL;
	if (aperture_bits > PAMU_APERTURE_MAX_BITS ||
	    aperture_bits < PAMU_APERTURE_MIN_BITS + ilog2(count))
		return -EINVAL;

	window->aperture_bits = aperture_bits;
	window->slot_bits = aperture_bits - ilog2(count);
	window->count = count;
	window->slots =
		kcalloc(count, sizeof(*window->slots), GFP_KERNEL_ACCOUNT);
	return window->slots ? 0 : -ENOMEM;
}

/**
 * pamu_window_destroy - Free the memory of a window
 * @window: A window that no LIODN uses any more
 */
void pamu_window_destroy(struct pamu_window *window)
{
	kfree(window->slots);
}

/**
 * pamu_window_map - Map a slot
 * @window: The window
 * @iova: Start of the slot, in bytes
 * @phys: Physical address, in bytes
 * @size: Number of bytes, a power of two from 4 KiB to the size of a slot
 * @access: See struct pamu_slot
 *
 * Return: 0. -ERANGE if @iova is outside the window. -ENOSPC if its slot is mapped
 * already. -EINVAL if it is not the start of a slot, @phys is not aligned to @size
 * or beyond what the hardware can address, @size is out of range, or @access is
 * empty. On failure nothing has changed.
 */
int pamu_window_map(struct pamu_window *window, u64 iova, phys_addr_t phys,
		    u64 size, u8 access)
{
	const u64 slot_size = 1ULL << window->slot_bits;
	struct pamu_slot *slot;

	if (iova >> window->aperture_bits)
		return -ERANGE;
	slot = &window->slots[pamu_window_slot(window, iova)];
	if (slot->bits)
		return -ENOSPC;
	if (!IS_ALIGNED(iova, slot_size) || !is_power_of_2(size) ||
	    size < PAMU_PAGE_SIZE || size > slot_size)
		return -EINVAL;
	if (!IS_ALIGNED(phys, size) || phys >> PAMU_APERTURE_MAX_BITS ||
	    !access)
		return -EINVAL;

	slot->phys = phys;
	slot->bits = ilog2(size);
	slot->access = access;
	return 0;
}

/**
 * pamu_window_unmap - Unmap a slot
 * @window: The window
 * @iova: Start of the slot, in bytes
 *
 * The mapping of a slot cannot be split: it is removed as a whole.
 *
 * Return: Number of bytes that were mapped; 0 if none was, or no slot starts at
 * @iova.
 */
u64 pamu_window_unmap(struct pamu_window *window, u64 iova)
{
	struct pamu_slot *slot;
	u64 size;

	if (iova >> window->aperture_bits ||
	    !IS_ALIGNED(iova, 1ULL << window->slot_bits))
		return 0;
	slot = &window->slots[pamu_window_slot(window, iova)];
	size = slot->bits ? 1ULL << slot->bits : 0;
	*slot = (struct pamu_slot){};
	return size;
}

/**
 * pamu_window_find - Translate an address
 * @window: The window
 * @iova: Any address, in bytes
 *
 * Return: Physical address in bytes; 0 if nothing is mapped.
 */
phys_addr_t pamu_window_find(const struct pamu_window *window, u64 iova)
{
	const struct pamu_slot *slot;
	u64 offset;

	if (iova >> window->aperture_bits)
		return 0;
	slot = &window->slots[pamu_window_slot(window, iova)];
	offset = iova & ((1ULL << window->slot_bits) - 1);
	if (!slot->bits || offset >> slot->bits)
		return 0;
	return slot->phys + offset;
}

/**
 * pamu_window_sizes - Return the sizes that a slot can map
 * @window: The window
 *
 * Return: Bitmap of the sizes in bytes, as in iommu_domain::pgsize_bitmap.
 */
u64 pamu_window_sizes(const struct pamu_window *window)
{
	return (2ULL << window->slot_bits) - PAMU_PAGE_SIZE;
}

/**
 * pamu_entry_sync - Order writes to entries for the hardware
 *
 * The hardware reads entries from memory, coherently with the CPUs. Called only in
 * this file; a test replaces it, to check the tables.
 */
void pamu_entry_sync(void)
{
	KUNIT_STATIC_STUB_REDIRECT(pamu_entry_sync);
	mb(); /* Each caller documents which writes it separates */
}

/* Secondary entries */

/**
 * pamu_range_alloc - Allocate secondary entries for a LIODN
 * @tables: The tables
 * @window: The window that the LIODN will have
 * @range: Set to the entries, which are not valid
 *
 * Return: 0. -ENOSPC if there are not enough contiguous ones.
 */
int pamu_range_alloc(struct pamu_tables *tables,
		     const struct pamu_window *window, struct pamu_range *range)
{
	const unsigned int count = window->count - 1;
	const unsigned int all = SPAACE_NUMBER_ENTRIES;
	unsigned long first = 0;

	if (count) {
		first = bitmap_find_next_zero_area(tables->used, all, 0, count,
						   0);
		if (first >= all)
			return -ENOSPC;
		bitmap_set(tables->used, first, count);
	}
	*range = (struct pamu_range){ .first = first, .count = count };
	return 0;
}

/**
 * pamu_range_free - Free the secondary entries of a LIODN
 * @tables: The tables
 * @range: The entries, which no valid primary entry refers to; set to none
 */
void pamu_range_free(struct pamu_tables *tables, struct pamu_range *range)
{
	u32 i;

	for (i = range->first; i < range->first + range->count; i++)
		WRITE_ONCE(tables->spaact[i].addr_bitfields, 0);
	pamu_entry_sync(); /* Before another LIODN gets them */
	bitmap_clear(tables->used, range->first, range->count);
	*range = (struct pamu_range){};
}

/* Entries */

/* Write the target of a slot; the entry allows no access meanwhile */
static void pamu_write_target(struct paace *entry, const struct pamu_slot *slot)
{
	/* The encoding of a size is 2^(n + 1) */
	u32 win = slot->bits ? (slot->bits - 1) << PAACE_WIN_SWSE_SHIFT : 0;

	set_bf(entry->impl_attr, PAACE_IA_ATM, PAACE_ATM_WINDOW_XLATE);
	WRITE_ONCE(entry->twbah, upper_32_bits(slot->phys));
	WRITE_ONCE(entry->win_bitfields,
		   (lower_32_bits(slot->phys) & PAACE_WIN_TWBAL) | win);
}

/*
 * Slot 0 is in the primary entry, whose valid bit is for all slots. It is unmapped
 * by denying access. If it is the only slot, there is no slot size: the size of the
 * window is that of the mapping.
 */
static void pamu_set_first_slot(struct paace *entry,
				const struct pamu_window *window)
{
	const struct pamu_slot *slot = &window->slots[0];
	u32 size;

	set_bf(entry->addr_bitfields, PAACE_AF_AP, PAACE_AP_PERMS_DENIED);
	pamu_entry_sync(); /* No access before the target changes */
	pamu_write_target(entry, slot);
	if (window->count == 1 && slot->bits)
		size = slot->bits - 1;
	else
		size = window->aperture_bits - 1;
	set_bf(entry->addr_bitfields, PPAACE_AF_WSE, size);
	pamu_entry_sync(); /* The target is set before access is allowed */
	if (!slot->bits)
		return;
	set_bf(entry->addr_bitfields, PAACE_AF_AP, slot->access);
	pamu_entry_sync(); /* Access is allowed before the caller continues */
}

static void pamu_set_other_slot(struct paace *entry,
				const struct paace *primary, u32 liodn,
				const struct pamu_slot *slot)
{
	const u32 kept = liodn << SPAACE_AF_LIODN_SHIFT |
			 PAACE_PT_SECONDARY << PAACE_AF_PT_SHIFT;

	WRITE_ONCE(entry->addr_bitfields, kept);
	pamu_entry_sync(); /* Not valid before the target changes */
	if (!slot->bits)
		return;
	entry->wbah = 0;
	entry->domain_attr = primary->domain_attr;
	entry->impl_attr = primary->impl_attr & (PAACE_IA_CID | PAACE_IA_OTM);
	entry->fspi = 0;
	entry->op_encode = primary->op_encode;
	pamu_write_target(entry, slot);
	pamu_entry_sync(); /* The target is set before it is valid */
	WRITE_ONCE(entry->addr_bitfields,
		   kept | slot->access << PAACE_AF_AP_SHIFT |
			   PAACE_V_VALID << PAACE_AF_V_SHIFT);
	pamu_entry_sync(); /* Valid before the caller continues */
}

/**
 * pamu_entry_block - Block all DMA of a LIODN
 * @tables: The tables
 * @liodn: The LIODN
 */
void pamu_entry_block(struct pamu_tables *tables, u32 liodn)
{
	set_bf(tables->ppaact[liodn].addr_bitfields, PAACE_AF_V,
	       PAACE_V_INVALID);
	pamu_entry_sync(); /* Blocked before any of its targets changes */
}

/**
 * pamu_entry_translate - Set the window of a LIODN
 * @tables: The tables
 * @liodn: The LIODN
 * @window: The window
 * @range: Secondary entries from pamu_range_alloc(), for this window or another
 *	one with as many slots. The LIODN may be using them.
 *
 * DMA is blocked until everything is written. Operation mapping, coherency and stash
 * destination are those of the primary entry.
 */
void pamu_entry_translate(struct pamu_tables *tables, u32 liodn,
			  const struct pamu_window *window,
			  const struct pamu_range *range)
{
	struct paace *primary = &tables->ppaact[liodn];
	const bool many = window->count > 1;
	unsigned int i;

	pamu_entry_block(tables, liodn);
	primary->wbah = 0;
	set_bf(primary->addr_bitfields, PPAACE_AF_WBAL, 0);
	set_bf(primary->addr_bitfields, PPAACE_AF_MW,
	       many ? PAACE_MW_SUBWINDOWS : 0);
	/* The encoding of a number of slots is 2^(n + 1) */
	set_bf(primary->impl_attr, PAACE_IA_WCE,
	       many ? ilog2(window->count) - 1 : 0);
	primary->fspi = range->first;
	for (i = 0; i < window->count; i++)
		pamu_entry_set_slot(tables, liodn, window, range, i);
	set_bf(primary->addr_bitfields, PAACE_AF_V, PAACE_V_VALID);
	pamu_entry_sync(); /* Valid before the caller continues */
}

/**
 * pamu_entry_set_slot - Write one slot of a window
 * @tables: The tables
 * @liodn: A LIODN that has the window
 * @window: The window
 * @range: Its secondary entries
 * @index: Index of the slot
 */
void pamu_entry_set_slot(struct pamu_tables *tables, u32 liodn,
			 const struct pamu_window *window,
			 const struct pamu_range *range, unsigned int index)
{
	struct paace *primary = &tables->ppaact[liodn];

	if (!index)
		pamu_set_first_slot(primary, window);
	else
		pamu_set_other_slot(&tables->spaact[range->first + index - 1],
				    primary, liodn, &window->slots[index]);
}
