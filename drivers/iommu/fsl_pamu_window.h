/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows of a PAMU: their mappings, and the table entries that describe them.
 *
 * A LIODN has one primary entry (PAACE), which describes a window of I/O addresses
 * from 0 on, whose size is a power of two. It is divided into a power of two of
 * slots. Each slot maps its first bytes to a physical address; their number is a
 * power of two, to which that address is aligned. Slot 0 is described by the
 * primary entry, the others by secondary entries, which are contiguous in the
 * SPAACT.
 *
 * struct pamu_window is pure software state. The functions whose names begin with
 * pamu_entry write it to tables for one LIODN. In each state that the hardware may
 * see between two of their writes, an address has its old translation, its new
 * one, or none.
 *
 * Nothing here takes a lock: fsl_pamu_paging.c calls it with pamu_table_lock held,
 * except for pamu_window_init() and pamu_window_destroy().
 */
#ifndef __FSL_PAMU_WINDOW_H
#define __FSL_PAMU_WINDOW_H

#include <linux/bitmap.h>
#include <linux/types.h>

#include "fsl_pamu.h"

/* Minimum and maximum size of a window, in address bits */
#define PAMU_APERTURE_MIN_BITS PAMU_PAGE_SHIFT
#define PAMU_APERTURE_MAX_BITS 36

/**
 * struct pamu_slot - The mapping of a slot
 * @phys: Physical address in bytes, aligned to the size that @bits gives
 * @bits: Binary logarithm of the number of mapped bytes; 0 if unmapped
 * @access: %PAACE_AP_PERMS_QUERY, %PAACE_AP_PERMS_UPDATE, or both
 */
struct pamu_slot {
	phys_addr_t phys;
	u8 bits;
	u8 access;
};

/**
 * struct pamu_window - A window and its slots
 * @aperture_bits: Binary logarithm of its size in bytes
 * @slot_bits: Binary logarithm of the size of a slot in bytes
 * @count: Number of slots, 1 << (@aperture_bits - @slot_bits)
 * @slots: The slots
 */
struct pamu_window {
	unsigned int aperture_bits;
	unsigned int slot_bits;
	unsigned int count;
	struct pamu_slot *slots;
};

/**
 * struct pamu_range - Secondary entries that belong to a LIODN
 * @first: Index of the first one in the SPAACT
 * @count: Number of entries; 0 for none
 */
struct pamu_range {
	u32 first;
	u32 count;
};

/**
 * struct pamu_tables - The tables that the hardware reads
 * @ppaact: Primary entries, by LIODN
 * @spaact: Secondary entries
 * @used: Which of the secondary entries belong to a LIODN
 */
struct pamu_tables {
	struct paace *ppaact;
	struct paace *spaact;
	DECLARE_BITMAP(used, SPAACE_NUMBER_ENTRIES);
};

int pamu_window_init(struct pamu_window *window, unsigned int aperture_bits,
		     unsigned int count, unsigned int max_count);
void pamu_window_destroy(struct pamu_window *window);
int pamu_window_map(struct pamu_window *window, u64 iova, phys_addr_t phys,
		    u64 size, u8 access);
u64 pamu_window_unmap(struct pamu_window *window, u64 iova);
phys_addr_t pamu_window_find(const struct pamu_window *window, u64 iova);
u64 pamu_window_sizes(const struct pamu_window *window);

/* Index of the slot that @iova lies in */
static inline unsigned int pamu_window_slot(const struct pamu_window *window,
					    u64 iova)
{
	return iova >> window->slot_bits;
}

void pamu_entry_sync(void);
int pamu_range_alloc(struct pamu_tables *tables,
		     const struct pamu_window *window,
		     struct pamu_range *range);
void pamu_range_free(struct pamu_tables *tables, struct pamu_range *range);

void pamu_entry_block(struct pamu_tables *tables, u32 liodn);
void pamu_entry_translate(struct pamu_tables *tables, u32 liodn,
			  const struct pamu_window *window,
			  const struct pamu_range *range);
void pamu_entry_set_slot(struct pamu_tables *tables, u32 liodn,
			 const struct pamu_window *window,
			 const struct pamu_range *range, unsigned int index);

#endif /* __FSL_PAMU_WINDOW_H */
