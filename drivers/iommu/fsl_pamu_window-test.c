// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the PAMU's windows: tables of the test's own are walked as the
 * hardware walks them, and compared with a model that has no tables.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "fsl_pamu_window.h"

#define TEST_SLOTS 256
#define TEST_LIODNS 8
#define TEST_WINDOWS 4
#define TEST_OPERATIONS 100000
#define TEST_SEED 0x50414d55
#define TEST_MEMORY (1ULL << PAMU_APERTURE_MAX_BITS)

/* Target of an access; blocked if @access is 0 */
struct test_target {
	u64 phys;
	u8 access;
};

static const struct test_target nowhere = {};

struct test_context {
	struct pamu_tables tables;
	struct rnd_state random;
	bool taken[SPAACE_NUMBER_ENTRIES];
};

static bool same_target(struct test_target a, struct test_target b)
{
	return a.access == b.access && (!a.access || a.phys == b.phys);
}

/* The hardware's walk */

static const struct paace *walk_entry(const struct pamu_tables *tables,
				      u32 liodn, u64 iova)
{
	const struct paace *primary = &tables->ppaact[liodn], *entry;
	u32 af = primary->addr_bitfields;
	unsigned int window_bits = get_bf(af, PPAACE_AF_WSE) + 1;
	unsigned int slot_bits, index;

	if (!get_bf(af, PAACE_AF_V) || primary->wbah ||
	    get_bf(af, PPAACE_AF_WBAL) || iova >> window_bits)
		return NULL;
	if (!get_bf(af, PPAACE_AF_MW))
		return primary;
	slot_bits =
		window_bits - (get_bf(primary->impl_attr, PAACE_IA_WCE) + 1);
	index = iova >> slot_bits;
	if (!index)
		return primary;
	if (primary->fspi + index - 1 >= SPAACE_NUMBER_ENTRIES)
		return NULL;
	entry = &tables->spaact[primary->fspi + index - 1];
	af = entry->addr_bitfields;
	if (!get_bf(af, PAACE_AF_V) ||
	    get_bf(af, PAACE_AF_PT) != PAACE_PT_SECONDARY ||
	    get_bf(af, SPAACE_AF_LIODN) != liodn)
		return NULL;
	return entry;
}

static struct test_target walk(const struct pamu_tables *tables, u32 liodn,
			       u64 iova)
{
	const struct paace *primary = &tables->ppaact[liodn];
	const struct paace *entry = walk_entry(tables, liodn, iova);
	unsigned int slot_bits, bits;
	u64 base;

	if (!entry || !get_bf(entry->addr_bitfields, PAACE_AF_AP))
		return nowhere;
	if (get_bf(entry->impl_attr, PAACE_IA_ATM) != PAACE_ATM_WINDOW_XLATE)
		return nowhere;
	bits = get_bf(primary->addr_bitfields, PPAACE_AF_WSE) + 1;
	slot_bits = bits;
	if (get_bf(primary->addr_bitfields, PPAACE_AF_MW)) {
		slot_bits -= get_bf(primary->impl_attr, PAACE_IA_WCE) + 1;
		bits = get_bf(entry->win_bitfields, PAACE_WIN_SWSE) + 1;
	}
	iova &= (1ULL << slot_bits) - 1;
	if (iova >> bits)
		return nowhere;
	base = (u64)entry->twbah << 32 |
	       (entry->win_bitfields & PAACE_WIN_TWBAL);
	return (struct test_target){
		.phys = (base & ~((1ULL << bits) - 1)) | iova,
		.access = get_bf(entry->addr_bitfields, PAACE_AF_AP),
	};
}

/* Helpers */

static struct test_context *test_context(struct kunit *test)
{
	struct test_context *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->tables.ppaact = kunit_kcalloc(test, TEST_LIODNS + 2,
					 sizeof(*c->tables.ppaact), GFP_KERNEL);
	c->tables.spaact = kunit_kcalloc(test, SPAACE_NUMBER_ENTRIES,
					 sizeof(*c->tables.spaact), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c->tables.ppaact);
	KUNIT_ASSERT_NOT_NULL(test, c->tables.spaact);
	prandom_seed_state(&c->random, TEST_SEED);
	return c;
}

static void destroy_window(void *window)
{
	pamu_window_destroy(window);
}

static struct pamu_window *test_window(struct kunit *test, unsigned int bits,
				       unsigned int count)
{
	struct pamu_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_EQ(test, pamu_window_init(w, bits, count, TEST_SLOTS), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, destroy_window, w), 0);
	return w;
}

static void enter(struct kunit *test, struct test_context *c, u32 liodn,
		  struct pamu_window *window, struct pamu_range *range)
{
	KUNIT_ASSERT_EQ(test, pamu_range_alloc(&c->tables, window, range), 0);
	pamu_entry_translate(&c->tables, liodn, window, range);
}

static u32 random_below(struct test_context *c, u32 limit)
{
	return prandom_u32_state(&c->random) % limit;
}

/* One geometry */

static const unsigned int slot_counts[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };

static void slot_count_name(const unsigned int *count, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u slots", *count);
}

KUNIT_ARRAY_PARAM(slot_count, slot_counts, slot_count_name);

static unsigned int size_bits(const struct pamu_window *w, unsigned int slot)
{
	return 12 + slot % (w->slot_bits - 11);
}

static u64 target_of(const struct pamu_window *w, unsigned int slot)
{
	return (u64)(slot + 1) << w->slot_bits & (TEST_MEMORY - 1);
}

/* Check the first and last mapped byte of a slot, and the byte after it */
static void check_slot(struct kunit *test, struct test_context *c,
		       const struct pamu_window *w, unsigned int slot,
		       bool mapped)
{
	const u64 start = (u64)slot << w->slot_bits;
	const u64 size = 1ULL << size_bits(w, slot);
	const u64 last = start + size - 1;
	struct test_target first = {}, end = {};

	if (mapped) {
		first.phys = target_of(w, slot);
		first.access = 1 + slot % 3;
		end.phys = first.phys + size - 1;
		end.access = first.access;
	}
	KUNIT_EXPECT_TRUE(test, same_target(walk(&c->tables, 1, start), first));
	KUNIT_EXPECT_TRUE(test, same_target(walk(&c->tables, 1, last), end));
	KUNIT_EXPECT_EQ(test, pamu_window_find(w, last), end.phys);
	if (size < 1ULL << w->slot_bits) {
		KUNIT_EXPECT_FALSE(test, walk(&c->tables, 1, last + 1).access);
		KUNIT_EXPECT_EQ(test, pamu_window_find(w, last + 1), 0);
	}
}

/* Map all slots to the same address */
static void map_all(struct kunit *test, struct pamu_window *w, u64 phys,
		    u64 size, u8 access)
{
	unsigned int i;
	int ret;

	for (i = 0; i < w->count; i++) {
		ret = pamu_window_map(w, (u64)i << w->slot_bits, phys, size,
				      access);
		KUNIT_ASSERT_EQ(test, ret, 0);
	}
}

static void each_slot_leads_where_it_should(struct kunit *test)
{
	const unsigned int count = *(const unsigned int *)test->param_value;
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, count);
	struct pamu_range range;
	unsigned int i, k;
	int ret;

	enter(test, c, 1, w, &range);
	for (i = 0; i < count; i++) {
		ret = pamu_window_map(w, (u64)i << w->slot_bits,
				      target_of(w, i), 1ULL << size_bits(w, i),
				      1 + i % 3);
		KUNIT_ASSERT_EQ(test, ret, 0);
		pamu_entry_set_slot(&c->tables, 1, w, &range, i);
		for (k = 0; k < count; k++)
			check_slot(test, c, w, k, k <= i);
	}
	for (i = 0; i < count; i++) {
		KUNIT_ASSERT_EQ(test,
				pamu_window_unmap(w, (u64)i << w->slot_bits),
				1ULL << size_bits(w, i));
		pamu_entry_set_slot(&c->tables, 1, w, &range, i);
		for (k = 0; k < count; k++)
			check_slot(test, c, w, k, k > i);
	}
	KUNIT_EXPECT_EQ(test,
			bitmap_weight(c->tables.used, SPAACE_NUMBER_ENTRIES),
			count - 1);
}

static void impossible_geometries_are_refused(struct kunit *test)
{
	struct pamu_window w;

	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 32, 0, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 32, 3, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 32, 512, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 32, 256, 16), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 37, 16, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 19, 256, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, 11, 1, 256), -EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_init(&w, ~0U, 256, 256), -EINVAL);
	test_window(test, 20, 256);
	test_window(test, 12, 1);
	test_window(test, 36, 256);
}

static void sizes_are_those_that_a_slot_takes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pamu_window_sizes(test_window(test, 32, 256)),
			0x1fff000ULL);
	KUNIT_EXPECT_EQ(test, pamu_window_sizes(test_window(test, 20, 256)),
			0x1000ULL);
	KUNIT_EXPECT_EQ(test, pamu_window_sizes(test_window(test, 36, 1)),
			0x1ffffff000ULL);
}

static void what_does_not_fit_is_refused(struct kunit *test)
{
	struct pamu_window *w = test_window(test, 32, 256);
	const u64 slot = SZ_16M;

	KUNIT_ASSERT_EQ(test, pamu_window_map(w, slot, SZ_1M, SZ_4K, 3), 0);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, slot, SZ_2M, SZ_4K, 3),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, slot + SZ_4K, SZ_2M, SZ_4K, 3),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot + SZ_4K, 0, SZ_4K, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot, 0, 2 * slot, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot, 0, SZ_4K + SZ_8K, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot, 0, SZ_2K, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot, SZ_4K, SZ_8K, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			pamu_window_map(w, 2 * slot, TEST_MEMORY, SZ_4K, 3),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, 2 * slot, 0, SZ_4K, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pamu_window_map(w, SZ_4G, 0, SZ_4K, 3), -ERANGE);
	KUNIT_EXPECT_EQ(test, pamu_window_unmap(w, slot + SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, pamu_window_unmap(w, 2 * slot), 0);
	KUNIT_EXPECT_EQ(test, pamu_window_unmap(w, SZ_4G), 0);
	KUNIT_EXPECT_EQ(test, pamu_window_find(w, slot), SZ_1M);
	KUNIT_EXPECT_EQ(test, pamu_window_unmap(w, slot), SZ_4K);
	KUNIT_EXPECT_EQ(test, pamu_window_find(w, slot), 0);
}

/* Secondary entries */

static void eight_liodns_of_256_slots_fill_the_table(struct kunit *test)
{
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, 256);
	struct pamu_window *small = test_window(test, 32, 8);
	struct pamu_window *single = test_window(test, 32, 1);
	struct pamu_range ranges[TEST_LIODNS], more;
	unsigned int i;

	for (i = 0; i < TEST_LIODNS; i++)
		enter(test, c, i, w, &ranges[i]);
	KUNIT_EXPECT_EQ(test, pamu_range_alloc(&c->tables, w, &more), -ENOSPC);
	/* 8 of 2048 are left: enough for 8 slots; one slot needs none */
	KUNIT_EXPECT_EQ(test, pamu_range_alloc(&c->tables, small, &more), 0);
	KUNIT_EXPECT_EQ(test, pamu_range_alloc(&c->tables, small, &more),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, pamu_range_alloc(&c->tables, single, &more), 0);
	KUNIT_EXPECT_EQ(test, more.count, 0);

	pamu_entry_block(&c->tables, 3);
	pamu_range_free(&c->tables, &ranges[3]);
	KUNIT_EXPECT_EQ(test, ranges[3].count, 0);
	enter(test, c, TEST_LIODNS, w, &more);
	KUNIT_EXPECT_EQ(test, pamu_range_alloc(&c->tables, w, &more), -ENOSPC);
}

static void freed_entries_lead_nowhere(struct kunit *test)
{
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, 256);
	struct pamu_range range;
	unsigned int i;

	map_all(test, w, 0, SZ_4K, 3);
	enter(test, c, 1, w, &range);
	pamu_entry_block(&c->tables, 1);
	pamu_range_free(&c->tables, &range);
	for (i = 0; i < SPAACE_NUMBER_ENTRIES; i++)
		KUNIT_EXPECT_FALSE(test,
				   get_bf(c->tables.spaact[i].addr_bitfields,
					  PAACE_AF_V));
	KUNIT_EXPECT_TRUE(test,
			  bitmap_empty(c->tables.used, SPAACE_NUMBER_ENTRIES));
}

static void two_liodns_of_a_window_lead_to_the_same(struct kunit *test)
{
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, 16);
	struct pamu_range ranges[2];
	unsigned int i;
	u64 iova;

	KUNIT_ASSERT_EQ(test, pamu_window_map(w, 0, SZ_64K, SZ_64K, 1), 0);
	enter(test, c, 1, w, &ranges[0]);
	KUNIT_ASSERT_EQ(test, pamu_window_map(w, SZ_256M, SZ_1M, SZ_1M, 2), 0);
	pamu_entry_set_slot(&c->tables, 1, w, &ranges[0], 1);
	enter(test, c, 2, w, &ranges[1]);
	for (i = 1; i <= 2; i++) {
		for (iova = 0; iova < SZ_4G; iova += SZ_64M)
			KUNIT_EXPECT_EQ(test, walk(&c->tables, i, iova).phys,
					pamu_window_find(w, iova));
		KUNIT_EXPECT_EQ(test, walk(&c->tables, i, 0).access, 1);
		KUNIT_EXPECT_EQ(test, walk(&c->tables, i, SZ_256M).access, 2);
	}
	/* One is blocked, the other one is not affected */
	pamu_entry_block(&c->tables, 1);
	pamu_range_free(&c->tables, &ranges[0]);
	KUNIT_EXPECT_FALSE(test, walk(&c->tables, 1, 0).access);
	KUNIT_EXPECT_EQ(test, walk(&c->tables, 2, SZ_256M).phys, SZ_1M);
}

static void attributes_of_the_liodn_are_kept(struct kunit *test)
{
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, 4);
	struct paace *primary = &c->tables.ppaact[1];
	struct pamu_range range;
	unsigned int i;

	set_bf(primary->impl_attr, PAACE_IA_OTM, PAACE_OTM_INDEXED);
	set_bf(primary->impl_attr, PAACE_IA_CID, 0x42);
	primary->op_encode.index_ot.omi = 2;
	primary->domain_attr.to_host.coherency_required = PAACE_DA_HOST_CR;
	map_all(test, w, 0, SZ_4K, 3);
	enter(test, c, 1, w, &range);
	for (i = 0; i < 4; i++) {
		const struct paace *entry =
			walk_entry(&c->tables, 1, (u64)i << 30);

		KUNIT_ASSERT_NOT_NULL(test, entry);
		KUNIT_EXPECT_EQ(test, get_bf(entry->impl_attr, PAACE_IA_OTM),
				PAACE_OTM_INDEXED);
		KUNIT_EXPECT_EQ(test, get_bf(entry->impl_attr, PAACE_IA_CID),
				0x42);
		KUNIT_EXPECT_EQ(test, entry->op_encode.index_ot.omi, 2);
		KUNIT_EXPECT_EQ(test,
				entry->domain_attr.to_host.coherency_required,
				PAACE_DA_HOST_CR);
	}
}

/* States that the hardware sees between two writes */

static struct {
	struct test_context *context;
	const struct pamu_window *windows[2];
	struct test_target before[TEST_SLOTS], after[TEST_SLOTS];
	struct paace primary, *secondary;
	unsigned int calls;
} seen;

static u64 probe_iova(unsigned int i)
{
	return (u64)i << 24 | 0x123;
}

static bool allows(const struct paace *entry, const struct paace *primary)
{
	return get_bf(primary->addr_bitfields, PAACE_AF_V) &&
	       get_bf(entry->addr_bitfields, PAACE_AF_AP) &&
	       get_bf(entry->addr_bitfields, PAACE_AF_V);
}

static unsigned int words_changed(const struct paace *a, const struct paace *b)
{
	const u32 *x = (const u32 *)a, *y = (const u32 *)b;
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(*a) / sizeof(u32); i++)
		n += x[i] != y[i];
	return n;
}

/* The geometry that the hardware uses, whether or not slot 0 allows access */
static bool same_geometry(const struct paace *a, const struct paace *b)
{
	return a->fspi == b->fspi &&
	       get_bf(a->impl_attr, PAACE_IA_WCE) ==
		       get_bf(b->impl_attr, PAACE_IA_WCE) &&
	       get_bf(a->addr_bitfields, PPAACE_AF_MW) ==
		       get_bf(b->addr_bitfields, PPAACE_AF_MW);
}

/*
 * An access reaches the old target or the new one. An entry that allows access
 * before and after differs in at most one word, as it could be read between two
 * writes. The geometry does not change while the primary entry is valid.
 */
static void look_at_tables(void)
{
	struct kunit *test = kunit_get_current_test();
	struct pamu_tables *tables = &seen.context->tables;
	struct paace *primary = &tables->ppaact[1];
	struct test_target target;
	unsigned int i;

	for (i = 0; i < TEST_SLOTS; i++) {
		target = walk(tables, 1, probe_iova(i));
		if (target.access && !same_target(target, seen.before[i]) &&
		    !same_target(target, seen.after[i]))
			KUNIT_FAIL(test, "slot %u maps to %llx at sync %u", i,
				   target.phys, seen.calls);
	}
	if (get_bf(primary->addr_bitfields, PAACE_AF_V) &&
	    get_bf(seen.primary.addr_bitfields, PAACE_AF_V))
		KUNIT_EXPECT_TRUE(test, same_geometry(primary, &seen.primary));
	if (allows(primary, primary) && allows(&seen.primary, &seen.primary))
		KUNIT_EXPECT_LE(test, words_changed(primary, &seen.primary), 1);
	for (i = 0; i < SPAACE_NUMBER_ENTRIES; i++) {
		if (allows(&tables->spaact[i], primary) &&
		    allows(&seen.secondary[i], &seen.primary))
			KUNIT_EXPECT_LE(test,
					words_changed(&tables->spaact[i],
						      &seen.secondary[i]),
					1);
	}
	seen.primary = *primary;
	memcpy(seen.secondary, tables->spaact,
	       SPAACE_NUMBER_ENTRIES * sizeof(*seen.secondary));
	seen.calls++;
}

static void note_targets(struct test_target *targets)
{
	unsigned int i;

	for (i = 0; i < TEST_SLOTS; i++)
		targets[i] = walk(&seen.context->tables, 1, probe_iova(i));
}

static void begin_to_look(struct kunit *test, struct test_context *c)
{
	seen.context = c;
	seen.calls = 0;
	seen.secondary = kunit_kcalloc(test, SPAACE_NUMBER_ENTRIES,
				       sizeof(*seen.secondary), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen.secondary);
	note_targets(seen.before);
	seen.primary = c->tables.ppaact[1];
	memcpy(seen.secondary, c->tables.spaact,
	       SPAACE_NUMBER_ENTRIES * sizeof(*seen.secondary));
}

/* Find the targets after the change by making it on a copy of the tables */
static void note_after(struct kunit *test, const struct pamu_window *w,
		       const struct pamu_range *range)
{
	struct test_context *copy = test_context(test);
	struct test_context *c = seen.context;

	seen.context = copy;
	copy->tables.ppaact[1] = c->tables.ppaact[1];
	pamu_entry_translate(&copy->tables, 1, w, range);
	note_targets(seen.after);
	seen.context = c;
}

/* Make a change with look_at_tables() called between its writes */
static void watch_translate(struct kunit *test, struct test_context *c,
			    const struct pamu_window *w,
			    const struct pamu_range *range)
{
	begin_to_look(test, c);
	note_after(test, w, range);
	kunit_activate_static_stub(test, pamu_entry_sync, look_at_tables);
	pamu_entry_translate(&c->tables, 1, w, range);
	kunit_deactivate_static_stub(test, pamu_entry_sync);
	KUNIT_EXPECT_GT(test, seen.calls, 2);
}

static void watch_slot(struct kunit *test, struct test_context *c,
		       const struct pamu_window *w,
		       const struct pamu_range *range, unsigned int slot)
{
	begin_to_look(test, c);
	note_after(test, w, range);
	kunit_activate_static_stub(test, pamu_entry_sync, look_at_tables);
	pamu_entry_set_slot(&c->tables, 1, w, range, slot);
	kunit_deactivate_static_stub(test, pamu_entry_sync);
	KUNIT_EXPECT_GT(test, seen.calls, 0);
}

static void replace_window(struct kunit *test, struct test_context *c,
			   unsigned int from, unsigned int to)
{
	struct pamu_window *before = test_window(test, 32, from);
	struct pamu_window *after = test_window(test, 32, to);
	struct pamu_range old, new;
	int ret = 0;

	map_all(test, before, SZ_256M, SZ_64K, 3);
	map_all(test, after, SZ_512M, SZ_4K, 1);
	enter(test, c, 1, before, &old);
	new = old;
	if (from != to)
		ret = pamu_range_alloc(&c->tables, after, &new);
	KUNIT_ASSERT_EQ(test, ret, 0);
	watch_translate(test, c, after, &new);
	pamu_entry_block(&c->tables, 1);
	pamu_range_free(&c->tables, &new);
	if (from != to)
		pamu_range_free(&c->tables, &old);
	cond_resched();
}

static void dma_is_blocked_while_a_window_is_replaced(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 2, 256 };
	struct test_context *c = test_context(test);
	unsigned int from, to;

	for (from = 0; from < ARRAY_SIZE(counts); from++) {
		for (to = 0; to < ARRAY_SIZE(counts); to++)
			replace_window(test, c, counts[from], counts[to]);
	}
}

static void a_slot_changes_without_leading_elsewhere(struct kunit *test)
{
	const unsigned int count = *(const unsigned int *)test->param_value;
	struct test_context *c = test_context(test);
	struct pamu_window *w = test_window(test, 32, count);
	struct pamu_range range;
	unsigned int i, k;
	u64 iova;

	enter(test, c, 1, w, &range);
	for (i = 0; i < count; i += max(count / 4, 1U)) {
		iova = (u64)i << w->slot_bits;
		for (k = 0; k < 4; k++) {
			if (k % 2)
				pamu_window_unmap(w, iova);
			else
				pamu_window_map(w, iova, SZ_1M + k * SZ_4K,
						SZ_4K, 1 + k);
			watch_slot(test, c, w, &range, i);
			cond_resched();
			KUNIT_EXPECT_EQ(test, pamu_window_find(w, iova),
					walk(&c->tables, 1, iova).phys);
		}
	}
}

/* Random operations against a model */

struct test_model {
	struct pamu_window *windows[TEST_WINDOWS];
	struct test_target targets[TEST_WINDOWS][TEST_SLOTS];
	unsigned int bits[TEST_WINDOWS][TEST_SLOTS];
	struct pamu_range ranges[TEST_LIODNS];
	int window_of[TEST_LIODNS]; /* -1 for blocked */
};

static const struct {
	unsigned int bits;
	unsigned int count;
} model_geometry[TEST_WINDOWS] = {
	{ 32, 256 },
	{ 36, 256 },
	{ 30, 16 },
	{ 26, 1 },
};

static void model_write(struct test_context *c, struct test_model *m,
			unsigned int w, unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < TEST_LIODNS; i++) {
		if (m->window_of[i] == w)
			pamu_entry_set_slot(&c->tables, i, m->windows[w],
					    &m->ranges[i], slot);
	}
}

static void model_map(struct kunit *test, struct test_context *c,
		      struct test_model *m)
{
	unsigned int w = random_below(c, TEST_WINDOWS);
	unsigned int slot = random_below(c, m->windows[w]->count);
	unsigned int slot_bits = m->windows[w]->slot_bits;
	unsigned int bits = 12 + random_below(c, slot_bits - 11);
	u64 phys = (u64)random_below(c, 1 << 24) << 12 & ~((1ULL << bits) - 1);
	u8 access = 1 + random_below(c, 3);
	int ret;

	ret = pamu_window_map(m->windows[w], (u64)slot << slot_bits, phys,
			      1ULL << bits, access);
	KUNIT_ASSERT_EQ(test, ret, m->bits[w][slot] ? -ENOSPC : 0);
	if (ret)
		return;
	m->bits[w][slot] = bits;
	m->targets[w][slot] = (struct test_target){ phys, access };
	model_write(c, m, w, slot);
}

static void model_unmap(struct kunit *test, struct test_context *c,
			struct test_model *m)
{
	unsigned int w = random_below(c, TEST_WINDOWS);
	unsigned int slot = random_below(c, m->windows[w]->count);
	u64 iova = (u64)slot << m->windows[w]->slot_bits;

	KUNIT_ASSERT_EQ(test, pamu_window_unmap(m->windows[w], iova),
			m->bits[w][slot] ? 1ULL << m->bits[w][slot] : 0);
	m->bits[w][slot] = 0;
	model_write(c, m, w, slot);
}

/* Length of the longest run of free entries */
static unsigned int model_longest_gap(struct test_context *c,
				      const struct test_model *m)
{
	unsigned int i, k, run = 0, longest = 0;

	memset(c->taken, 0, sizeof(c->taken));
	for (i = 0; i < TEST_LIODNS; i++) {
		for (k = 0; k < m->ranges[i].count; k++)
			c->taken[m->ranges[i].first + k] = true;
	}
	for (i = 0; i < SPAACE_NUMBER_ENTRIES; i++) {
		run = c->taken[i] ? 0 : run + 1;
		longest = max(longest, run);
	}
	return longest;
}

/*
 * Have a LIODN leave its window, and enter another one, or none. If the free
 * entries are not contiguous, it enters none.
 */
static void model_move(struct kunit *test, struct test_context *c,
		       struct test_model *m)
{
	u32 liodn = random_below(c, TEST_LIODNS);
	int to = (int)random_below(c, TEST_WINDOWS + 1) - 1;
	unsigned int gap;
	int ret;

	pamu_entry_block(&c->tables, liodn);
	pamu_range_free(&c->tables, &m->ranges[liodn]);
	m->window_of[liodn] = -1;
	if (to < 0)
		return;
	gap = model_longest_gap(c, m);
	ret = pamu_range_alloc(&c->tables, m->windows[to], &m->ranges[liodn]);
	KUNIT_ASSERT_EQ(test, ret,
			gap < m->windows[to]->count - 1 ? -ENOSPC : 0);
	if (ret)
		return;
	m->window_of[liodn] = to;
	pamu_entry_translate(&c->tables, liodn, m->windows[to],
			     &m->ranges[liodn]);
}

static struct test_target model_walk(const struct test_model *m, u32 liodn,
				     u64 iova)
{
	const struct pamu_window *window;
	struct test_target target;
	unsigned int slot;
	u64 offset;
	int w = m->window_of[liodn];

	if (w < 0)
		return nowhere;
	window = m->windows[w];
	if (iova >> window->aperture_bits)
		return nowhere;
	slot = iova >> window->slot_bits;
	offset = iova & ((1ULL << window->slot_bits) - 1);
	if (!m->bits[w][slot] || offset >> m->bits[w][slot])
		return nowhere;
	target = m->targets[w][slot];
	target.phys += offset;
	return target;
}

static void model_check(struct kunit *test, struct test_context *c,
			const struct test_model *m)
{
	u64 iova = (u64)random_below(c, 1 << 25) << 12 |
		   random_below(c, 1 << 12);
	unsigned int i, used = 0;

	/* Half of them in the first 64 MiB, which every window covers */
	if (iova & 1)
		iova &= SZ_64M - 1;
	for (i = 0; i < TEST_LIODNS; i++) {
		KUNIT_ASSERT_TRUE(test, same_target(walk(&c->tables, i, iova),
						    model_walk(m, i, iova)));
		used += m->ranges[i].count;
	}
	KUNIT_ASSERT_EQ(test, used,
			bitmap_weight(c->tables.used, SPAACE_NUMBER_ENTRIES));
}

static struct test_model *test_model(struct kunit *test)
{
	struct test_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i < TEST_WINDOWS; i++)
		m->windows[i] = test_window(test, model_geometry[i].bits,
					    model_geometry[i].count);
	for (i = 0; i < TEST_LIODNS; i++)
		m->window_of[i] = -1;
	return m;
}

static void random_operations_agree_with_a_model(struct kunit *test)
{
	struct test_context *c = test_context(test);
	struct test_model *m = test_model(test);
	unsigned int i, mapped = 0;

	for (i = 0; i < TEST_OPERATIONS; i++) {
		switch (random_below(c, 16)) {
		case 0:
			model_move(test, c, m);
			break;
		case 1 ... 8:
			model_map(test, c, m);
			break;
		default:
			model_unmap(test, c, m);
		}
		model_check(test, c, m);
		cond_resched();
		mapped += walk(&c->tables, 0, 0).access != 0;
	}
	/* Enough operations had an effect */
	KUNIT_EXPECT_GT(test, mapped, TEST_OPERATIONS / 10);
}

static struct kunit_case pamu_window_cases[] = {
	KUNIT_CASE_PARAM(each_slot_leads_where_it_should,
			 slot_count_gen_params),
	KUNIT_CASE(impossible_geometries_are_refused),
	KUNIT_CASE(sizes_are_those_that_a_slot_takes),
	KUNIT_CASE(what_does_not_fit_is_refused),
	KUNIT_CASE(eight_liodns_of_256_slots_fill_the_table),
	KUNIT_CASE(freed_entries_lead_nowhere),
	KUNIT_CASE(two_liodns_of_a_window_lead_to_the_same),
	KUNIT_CASE(attributes_of_the_liodn_are_kept),
	KUNIT_CASE_SLOW(dma_is_blocked_while_a_window_is_replaced),
	KUNIT_CASE_PARAM(a_slot_changes_without_leading_elsewhere,
			 slot_count_gen_params),
	KUNIT_CASE_SLOW(random_operations_agree_with_a_model),
	{}
};

static struct kunit_suite pamu_window_suite = {
	.name = "fsl_pamu_window",
	.test_cases = pamu_window_cases,
};

kunit_test_suite(pamu_window_suite);
