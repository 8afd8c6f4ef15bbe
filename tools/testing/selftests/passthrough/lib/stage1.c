// SPDX-License-Identifier: GPL-2.0
/*
 * Stage 1 of a guest: a context descriptor (Arm IHI 0070, 5.4) and tables in the
 * VMSAv8-64 format with 4 KiB pages, three levels for 39 bits of VA, in the guest's
 * memory. Callers have to invalidate what they change. Tables are not freed.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "nested.h"

#define CD_T0SZ (64ULL - 39)
#define CD_IR0_WRITE_BACK _BITULL(8)
#define CD_OR0_WRITE_BACK _BITULL(10)
#define CD_SH0_INNER (3ULL << 12)
#define CD_EPD1 _BITULL(30)
#define CD_VALID _BITULL(31)
#define CD_IPS_44 (4ULL << 32)
#define CD_AA64 _BITULL(41)
#define CD_RECORD _BITULL(45)
#define CD_ABORT _BITULL(46)
#define CD_PRIVATE_ASIDS _BITULL(47)
#define CD_ASID_SHIFT 48
/* Attribute 0 is normal memory, cacheable */
#define CD_MAIR 0xffULL

#define ENTRY_TABLE 3ULL
#define ENTRY_PAGE 3ULL
#define ENTRY_BLOCK 1ULL
#define ENTRY_USER _BITULL(6)
#define ENTRY_READ_ONLY _BITULL(7)
#define ENTRY_SHARED (3ULL << 8)
#define ENTRY_ACCESSED _BITULL(10)
#define ENTRY_NOT_GLOBAL _BITULL(11)
#define ENTRY_LEAF \
	(ENTRY_USER | ENTRY_SHARED | ENTRY_ACCESSED | ENTRY_NOT_GLOBAL)
#define ENTRY_ADDRESS 0xfffffffff000ULL

#define FIRST_LEVEL 1
#define LAST_LEVEL 3
#define BLOCK_LEVEL 2
#define LEVEL_BITS 9

/* The CPU's pointer to an IPA of the guest's memory */
static __u64 *at(const struct stage1 *stage1, __u64 ipa)
{
	return (__u64 *)(stage1->memory->va + (ipa - stage1->memory->iova));
}

/* The SMMU may read the tables while they are written */
static void set(__u64 *entry, __u64 value)
{
	__atomic_store_n(entry, htole64(value), __ATOMIC_RELEASE);
}

/* Return: the IPA of a zeroed page, 0 if none is left */
static __u64 take_page(struct stage1 *stage1)
{
	__u64 page = stage1->next;

	if (page + STAGE1_PAGE - 1 > stage1->last)
		return 0;
	stage1->next += STAGE1_PAGE;
	memset(at(stage1, page), 0, STAGE1_PAGE);
	return page;
}

static void write_descriptor(const struct stage1 *stage1)
{
	__u64 *cd = at(stage1, stage1->descriptor);

	set(&cd[1], stage1->root);
	set(&cd[3], CD_MAIR);
	set(&cd[0], CD_T0SZ | CD_IR0_WRITE_BACK | CD_OR0_WRITE_BACK |
			    CD_SH0_INNER | CD_EPD1 | CD_VALID | CD_IPS_44 |
			    CD_AA64 | CD_RECORD | CD_ABORT | CD_PRIVATE_ASIDS |
			    (__u64)stage1->asid << CD_ASID_SHIFT);
}

/*
 * An address space that maps nothing. Its descriptor and tables, on separate pages, use
 * the @length bytes from the IPA @first on.
 */
int stage1_init(struct stage1 *stage1, const struct mapping *memory,
		__u64 first, __u64 length, __u16 asid)
{
	*stage1 = (struct stage1){
		.memory = memory,
		.first = first,
		.last = first + length - 1,
		.next = first,
		.asid = asid,
	};
	stage1->descriptor = take_page(stage1);
	stage1->root = take_page(stage1);
	if (!stage1->descriptor || !stage1->root)
		return -ENOMEM;
	write_descriptor(stage1);
	return 0;
}

static unsigned int level_index(__u64 va, int level)
{
	unsigned int shift = 12 + LEVEL_BITS * (LAST_LEVEL - level);

	return va >> shift & ((1U << LEVEL_BITS) - 1);
}

static bool is_in_memory(const struct stage1 *stage1, __u64 table)
{
	return table >= stage1->memory->iova &&
	       table - stage1->memory->iova < stage1->memory->length;
}

/*
 * The entry for @va in the table of @level; NULL if there is none and no room for it,
 * or if an entry on the way was overwritten
 */
static __u64 *walk(struct stage1 *stage1, __u64 va, int level, bool make)
{
	__u64 *entry, table = stage1->root;
	int i;

	for (i = FIRST_LEVEL; i < level; i++) {
		entry = at(stage1, table) + level_index(va, i);
		table = le64toh(*entry) & ENTRY_ADDRESS;
		if (table && !is_in_memory(stage1, table))
			return NULL;
		if (table)
			continue;
		table = make ? take_page(stage1) : 0;
		if (!table)
			return NULL;
		set(entry, table | ENTRY_TABLE);
	}
	return at(stage1, table) + level_index(va, level);
}

/* Map one page */
int stage1_map(struct stage1 *stage1, __u64 va, __u64 ipa,
	       enum stage1_access access)
{
	__u64 *entry = walk(stage1, va, LAST_LEVEL, true);
	__u64 flags = ENTRY_PAGE | ENTRY_LEAF;

	if (!entry)
		return -ENOMEM;
	if (access == STAGE1_READ)
		flags |= ENTRY_READ_ONLY;
	set(entry, ipa | flags);
	return 0;
}

/* Map 2 MiB; @va and @ipa are multiples of that */
int stage1_map_block(struct stage1 *stage1, __u64 va, __u64 ipa)
{
	__u64 *entry = walk(stage1, va, BLOCK_LEVEL, true);

	if (!entry)
		return -ENOMEM;
	set(entry, ipa | ENTRY_BLOCK | ENTRY_LEAF);
	return 0;
}

/* Unmap one page */
void stage1_unmap(struct stage1 *stage1, __u64 va)
{
	set(stage1_entry(stage1, va), 0);
}

/* The descriptor's eight double words */
__u64 *stage1_descriptor(struct stage1 *stage1)
{
	return at(stage1, stage1->descriptor);
}

/* The entry of a page that was mapped before */
__u64 *stage1_entry(struct stage1 *stage1, __u64 va)
{
	return walk(stage1, va, LAST_LEVEL, false);
}

/* What the guest writes into its stream table to use this address space */
struct smmu_ste stage1_ste(const struct stage1 *stage1)
{
	return ste_stage1(stage1->descriptor);
}
