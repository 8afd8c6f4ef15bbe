// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the stream table entries of guests.
 *
 * Expected values are numbers from IHI 0070 5.2, not the macros under test.
 */
#include <kunit/test.h>
#include <linux/io-pgtable.h>

#include "arm-smmu-v3-nested.h"

#define CONFIG_S1 5
#define CONFIG_BYPASS 4
#define CONFIG_ABORT 0

/* Word 0: V, Config[3:1], S1Fmt[5:4], S1ContextPtr[51:6], S1CDMax[63:59] */
#define W0(config, fmt, ptr, cdmax) \
	(1ULL | ((config) << 1) | ((fmt) << 4) | (ptr) | ((cdmax) << 59))
#define GUEST_S1_0 W0(5ULL, 2ULL, 0x123456789000ULL, 10ULL)
/* Word 1: S1DSS 2, S1CIR 1, S1COR 1, S1CSH 3 */
#define GUEST_S1_1 0xd6ULL
#define EATS_FULL BIT_ULL(28)
#define S1STALLD BIT_ULL(27)
#define S2FWB BIT_ULL(25)
#define MEV BIT_ULL(19)
#define SHCFG_INCOMING BIT_ULL(44)

/* An SMMU, a device, and stage 2 of a guest */
struct ste_test {
	struct arm_smmu_device smmu;
	struct arm_smmu_master master;
	struct io_pgtable pgtable;
	struct arm_smmu_domain parent;
};

static void init_parent(struct ste_test *t, u64 vttbr, u16 vmid)
{
	struct io_pgtable_cfg *cfg = &t->pgtable.cfg;

	cfg->arm_lpae_s2_cfg.vttbr = vttbr;
	cfg->arm_lpae_s2_cfg.vtcr.ps = 5;
	cfg->arm_lpae_s2_cfg.vtcr.tg = 0;
	cfg->arm_lpae_s2_cfg.vtcr.sh = 3;
	cfg->arm_lpae_s2_cfg.vtcr.orgn = 1;
	cfg->arm_lpae_s2_cfg.vtcr.irgn = 1;
	cfg->arm_lpae_s2_cfg.vtcr.sl = 2;
	cfg->arm_lpae_s2_cfg.vtcr.tsz = 16;
	t->parent.pgtbl_ops = &t->pgtable.ops;
	t->parent.stage = ARM_SMMU_DOMAIN_S2;
	t->parent.s2_cfg.vmid = vmid;
	t->parent.nest_parent = true;
}

static struct ste_test *new_ste_test(struct kunit *test, u32 features)
{
	struct ste_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->smmu.features = features;
	t->master.smmu = &t->smmu;
	init_parent(t, 0x0000fedcba987000ULL, 0x1234);
	return t;
}

static int parse(struct arm_smmu_guest_ste *guest, u64 word0, u64 word1)
{
	const __le64 word[2] = { cpu_to_le64(word0), cpu_to_le64(word1) };

	memset(guest, 0xa5, sizeof(*guest));
	return arm_smmu_guest_ste_parse(guest, word);
}

/* Each of the 128 bits on top of a valid entry */
static void expect_bits(struct kunit *test, u64 base, u64 allowed0,
			u64 allowed1)
{
	struct arm_smmu_guest_ste guest;
	unsigned int bit;
	int ret;

	for (bit = 0; bit < 64; bit++) {
		ret = parse(&guest, base | (1ULL << bit), 0);
		KUNIT_EXPECT_EQ_MSG(test, ret, (allowed0 >> bit) & 1 ? 0 : -EIO,
				    "word 0 bit %u, base %llx", bit, base);
		ret = parse(&guest, base, 1ULL << bit);
		KUNIT_EXPECT_EQ_MSG(test, ret, (allowed1 >> bit) & 1 ? 0 : -EIO,
				    "word 1 bit %u, base %llx", bit, base);
	}
}

static void only_listed_bits_are_accepted(struct kunit *test)
{
	const u64 word1 = 0x180000ffULL;

	/* Config 5: another bit makes it 7 */
	expect_bits(test, 0xb, 0xf80ffffffffffffbULL, word1);
	/* Config 4: others make it 5 or 6 */
	expect_bits(test, 0x9, 0xf80ffffffffffffbULL, word1);
	/* Config 0: others make it 1, 2 or 4 */
	expect_bits(test, 0x1, 0xf80ffffffffffff9ULL, word1);
}

static void entry_that_is_not_valid_aborts(struct kunit *test)
{
	struct arm_smmu_guest_ste guest;
	unsigned int bit;

	for (bit = 1; bit < 64; bit++) {
		KUNIT_EXPECT_EQ(test, parse(&guest, 1ULL << bit, 0), 0);
		KUNIT_EXPECT_EQ(test, guest.config, CONFIG_ABORT);
	}
	for (bit = 0; bit < 64; bit++) {
		KUNIT_EXPECT_EQ(test, parse(&guest, 0, 1ULL << bit), 0);
		KUNIT_EXPECT_EQ(test, guest.config, CONFIG_ABORT);
		KUNIT_EXPECT_FALSE(test, guest.ats);
	}
}

static void only_abort_bypass_and_stage1_are_accepted(struct kunit *test)
{
	struct arm_smmu_guest_ste guest;
	u64 config;
	int ret;

	for (config = 0; config < 8; config++) {
		bool ok = config == CONFIG_ABORT || config == CONFIG_BYPASS ||
			  config == CONFIG_S1;

		ret = parse(&guest, W0(config, 0ULL, 0ULL, 0ULL), 0);
		KUNIT_EXPECT_EQ(test, ret, ok ? 0 : -EIO);
		if (ok)
			KUNIT_EXPECT_EQ(test, guest.config, config);
	}
}

static void ats_is_the_guests_choice_with_stage1_alone(struct kunit *test)
{
	struct arm_smmu_guest_ste guest;

	KUNIT_EXPECT_EQ(test, parse(&guest, GUEST_S1_0, 0), 0);
	KUNIT_EXPECT_FALSE(test, guest.ats);
	KUNIT_EXPECT_EQ(test, parse(&guest, GUEST_S1_0, EATS_FULL), 0);
	KUNIT_EXPECT_TRUE(test, guest.ats);
	KUNIT_EXPECT_EQ(test, parse(&guest, GUEST_S1_0, 2ULL << 28), -EIO);
	KUNIT_EXPECT_EQ(test, parse(&guest, GUEST_S1_0, 3ULL << 28), -EIO);

	/* Bypass is the parent's translation, so it has the parent's ATS */
	KUNIT_EXPECT_EQ(test, parse(&guest, 0x9, 0), 0);
	KUNIT_EXPECT_TRUE(test, guest.ats);
	KUNIT_EXPECT_EQ(test, parse(&guest, 0x9, EATS_FULL), 0);
	KUNIT_EXPECT_TRUE(test, guest.ats);
	KUNIT_EXPECT_EQ(test, parse(&guest, 0x1, EATS_FULL), 0);
	KUNIT_EXPECT_FALSE(test, guest.ats);
}

static void make(struct kunit *test, struct ste_test *t,
		 struct arm_smmu_ste *ste, u64 word0, u64 word1)
{
	struct arm_smmu_guest_ste guest;

	KUNIT_ASSERT_EQ(test, parse(&guest, word0, word1), 0);
	arm_smmu_make_nested_ste(ste, &t->master, &t->parent, &guest,
				 guest.ats);
}

static void expect_words(struct kunit *test, const struct arm_smmu_ste *ste,
			 u64 word0, u64 word1, u64 word2, u64 word3)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, le64_to_cpu(ste->data[0]), word0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(ste->data[1]), word1);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(ste->data[2]), word2);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(ste->data[3]), word3);
	for (i = 4; i < STRTAB_STE_DWORDS; i++)
		KUNIT_EXPECT_EQ(test, le64_to_cpu(ste->data[i]), 0);
}

/*
 * Word 2: S2VMID 0x1234, VTCR from bit 32 (S2T0SZ 16, S2SL0 2, S2IR0 1, S2OR0 1,
 * S2SH0 3, S2TG 0, S2PS 5: 0x53590), S2AA64 51, S2ENDI 52, S2PTW 54, S2R 58
 */
#define PARENT_2                                                    \
	(0x1234ULL | (0x53590ULL << 32) | 1ULL << 51 | 1ULL << 54 | \
	 1ULL << 58 | (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? 1ULL << 52 : 0))
#define PARENT_3 0x0000fedcba987000ULL
#define S2S BIT_ULL(57)

static void stage1_is_put_on_the_parents_stage2(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste ste;

	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1);
	/* Config 7 instead of 5, the rest as in the guest's entry */
	expect_words(test, &ste, GUEST_S1_0 | (2ULL << 1), GUEST_S1_1 | MEV,
		     PARENT_2, PARENT_3);
}

static void every_stage1_field_reaches_the_entry(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste ste;

	/* Substreams: two-level tables of 2^31, any S1DSS */
	make(test, t, &ste, 0xf80ffffffffffffbULL, 0x180000ffULL);
	expect_words(test, &ste, 0xf80fffffffffffffULL, 0x180000ffULL | MEV,
		     PARENT_2, PARENT_3);
}

static void bypass_still_translates_by_stage2(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste ste;

	make(test, t, &ste, 0x9, GUEST_S1_1 | EATS_FULL);
	expect_words(test, &ste, 0xd, MEV | EATS_FULL, PARENT_2, PARENT_3);
	make(test, t, &ste, 0x9, 0);
	expect_words(test, &ste, 0xd, MEV | EATS_FULL, PARENT_2, PARENT_3);
}

static void abort_has_no_translation(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste ste;

	make(test, t, &ste, 0x1, GUEST_S1_1 | EATS_FULL);
	expect_words(test, &ste, 0x1, 0, 0, 0);
	make(test, t, &ste, 0, ~0ULL);
	expect_words(test, &ste, 0x1, 0, 0, 0);
}

static void forced_write_back_follows_the_table(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_S2FWB);
	struct arm_smmu_ste ste;

	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1);
	expect_words(test, &ste, GUEST_S1_0 | 4, GUEST_S1_1 | MEV, PARENT_2,
		     PARENT_3);
	t->pgtable.cfg.quirks = IO_PGTABLE_QUIRK_ARM_S2FWB;
	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1);
	expect_words(test, &ste, GUEST_S1_0 | 4, GUEST_S1_1 | MEV | S2FWB,
		     PARENT_2, PARENT_3);
	make(test, t, &ste, 0x9, 0);
	expect_words(test, &ste, 0xd, MEV | EATS_FULL | S2FWB, PARENT_2,
		     PARENT_3);
}

static void eats_is_what_the_host_enables(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_ATTR_TYPES_OVR);
	struct arm_smmu_guest_ste guest;
	struct arm_smmu_ste ste;

	KUNIT_ASSERT_EQ(test, parse(&guest, GUEST_S1_0, EATS_FULL), 0);
	arm_smmu_make_nested_ste(&ste, &t->master, &t->parent, &guest, true);
	expect_words(test, &ste, GUEST_S1_0 | 4,
		     EATS_FULL | MEV | SHCFG_INCOMING, PARENT_2, PARENT_3);
	/* The device or the root complex may not support ATS */
	arm_smmu_make_nested_ste(&ste, &t->master, &t->parent, &guest, false);
	expect_words(test, &ste, GUEST_S1_0 | 4, MEV | SHCFG_INCOMING, PARENT_2,
		     PARENT_3);
}

static void guest_cannot_make_a_device_stall(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_STALLS);
	struct arm_smmu_ste ste;

	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1);
	expect_words(test, &ste, GUEST_S1_0 | 4, GUEST_S1_1 | MEV | S1STALLD,
		     PARENT_2, PARENT_3);
	/* The host handles stalls of this device */
	t->master.stall_enabled = true;
	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1);
	expect_words(test, &ste, GUEST_S1_0 | 4, GUEST_S1_1 | MEV,
		     PARENT_2 | S2S, PARENT_3);
	make(test, t, &ste, GUEST_S1_0, GUEST_S1_1 | S1STALLD);
	expect_words(test, &ste, GUEST_S1_0 | 4, GUEST_S1_1 | MEV | S1STALLD,
		     PARENT_2 | S2S, PARENT_3);
}

/* Checks the entry at each sync, when the SMMU may read it again */
struct watcher {
	struct arm_smmu_entry_writer writer;
	struct arm_smmu_ste entry;
	const struct arm_smmu_ste *from;
	const struct arm_smmu_ste *to;
	unsigned int syncs;
	bool disturbed;
};

/* Whether both entries have the same effect, apart from EATS and MEV */
static bool does_as(const struct arm_smmu_ste *entry,
		    const struct arm_smmu_ste *other)
{
	__le64 used[STRTAB_STE_DWORDS] = {};
	unsigned int i;

	arm_smmu_get_ste_used(entry->data, used);
	used[1] &= ~cpu_to_le64(EATS_FULL | MEV);
	for (i = 0; i < STRTAB_STE_DWORDS; i++)
		if ((entry->data[i] ^ other->data[i]) & used[i])
			return false;
	return true;
}

static void watch(struct arm_smmu_entry_writer *writer)
{
	struct watcher *w = container_of(writer, struct watcher, writer);

	w->syncs++;
	if (!does_as(&w->entry, w->from) && !does_as(&w->entry, w->to))
		w->disturbed = true;
}

static const struct arm_smmu_entry_writer_ops watcher_ops = {
	.get_used = arm_smmu_get_ste_used,
	.get_independent = arm_smmu_get_ste_independent,
	.sync = watch,
};

static void expect_transition(struct kunit *test,
			      const struct arm_smmu_ste *from,
			      const struct arm_smmu_ste *to, unsigned int syncs,
			      bool hitless)
{
	struct watcher w = {
		.writer.ops = &watcher_ops,
		.entry = *from,
		.from = from,
		.to = to,
	};

	arm_smmu_write_entry(&w.writer, w.entry.data, to->data);

	KUNIT_EXPECT_EQ(test, w.syncs, syncs);
	KUNIT_EXPECT_EQ(test, w.disturbed, !hitless);
	KUNIT_EXPECT_MEMEQ(test, &w.entry, to, sizeof(w.entry));
}

static void expect_hitless(struct kunit *test, const struct arm_smmu_ste *a,
			   const struct arm_smmu_ste *b, unsigned int there,
			   unsigned int back)
{
	expect_transition(test, a, b, there, true);
	expect_transition(test, b, a, back, true);
}

/* Make the entry for a guest's device without ATS */
static void make_without_ats(struct kunit *test, struct ste_test *t,
			     struct arm_smmu_ste *ste, u64 word0, u64 word1)
{
	struct arm_smmu_guest_ste guest;

	KUNIT_ASSERT_EQ(test, parse(&guest, word0, word1), 0);
	arm_smmu_make_nested_ste(ste, &t->master, &t->parent, &guest, false);
}

static void abort_bypass_and_stage1_change_hitlessly(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_ATTR_TYPES_OVR);
	struct arm_smmu_ste s1, s1_ats, bypass, bypass_ats, abort;

	make(test, t, &s1, GUEST_S1_0, GUEST_S1_1);
	make(test, t, &s1_ats, GUEST_S1_0, GUEST_S1_1 | EATS_FULL);
	make_without_ats(test, t, &bypass, 0x9, 0);
	make(test, t, &bypass_ats, 0x9, 0);
	make(test, t, &abort, 0x1, 0);

	expect_hitless(test, &abort, &bypass, 2, 2);
	expect_hitless(test, &abort, &bypass_ats, 2, 2);
	expect_hitless(test, &abort, &s1, 2, 2);
	expect_hitless(test, &abort, &s1_ats, 2, 2);
	expect_hitless(test, &bypass, &s1, 2, 2);
	expect_hitless(test, &bypass_ats, &s1_ats, 2, 2);
	/* EATS is in another double word than Config, and changes first */
	expect_hitless(test, &bypass_ats, &s1, 2, 3);
	expect_hitless(test, &s1, &s1_ats, 1, 1);
}

static void host_stage2_and_stage1_change_hitlessly(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_ATTR_TYPES_OVR);
	struct arm_smmu_ste s1, s1_ats, bypass, bypass_ats, s2, s2_ats;

	make(test, t, &s1, GUEST_S1_0, GUEST_S1_1);
	make(test, t, &s1_ats, GUEST_S1_0, GUEST_S1_1 | EATS_FULL);
	make_without_ats(test, t, &bypass, 0x9, 0);
	make(test, t, &bypass_ats, 0x9, 0);
	arm_smmu_make_s2_domain_ste(&s2, &t->master, &t->parent, false);
	arm_smmu_make_s2_domain_ste(&s2_ats, &t->master, &t->parent, true);

	/* MEV alone; MEV or both, then Config, then clear unused bits */
	expect_hitless(test, &s2, &bypass, 1, 1);
	expect_hitless(test, &s2_ats, &bypass_ats, 1, 1);
	expect_hitless(test, &s2, &s1, 2, 3);
	expect_hitless(test, &s2, &s1_ats, 2, 3);
	expect_hitless(test, &s2_ats, &s1, 2, 3);
	expect_hitless(test, &s2_ats, &s1_ats, 2, 3);
}

static void identity_and_blocked_change_hitlessly(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, ARM_SMMU_FEAT_ATTR_TYPES_OVR);
	struct arm_smmu_ste s1, identity, blocked;

	make(test, t, &s1, GUEST_S1_0, GUEST_S1_1);
	arm_smmu_make_bypass_ste(&t->smmu, &identity);
	arm_smmu_make_abort_ste(&blocked);
	expect_hitless(test, &s1, &blocked, 2, 2);
	expect_hitless(test, &s1, &identity, 2, 2);
}

static void new_context_table_is_one_write(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste a, b;

	make(test, t, &a, GUEST_S1_0, GUEST_S1_1);
	make(test, t, &b, W0(5ULL, 0ULL, 0x4000ULL, 0ULL), GUEST_S1_1);
	expect_hitless(test, &a, &b, 1, 1);
	make(test, t, &b, GUEST_S1_0, 0x54);
	expect_hitless(test, &a, &b, 1, 1);
}

static void two_words_of_stage1_at_once_abort_between(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste a, b;

	make(test, t, &a, GUEST_S1_0, GUEST_S1_1);
	make(test, t, &b, W0(5ULL, 0ULL, 0x4000ULL, 0ULL), 0x54);
	expect_transition(test, &a, &b, 3, false);
	expect_transition(test, &b, &a, 3, false);
}

static void another_guest_aborts_between(struct kunit *test)
{
	struct ste_test *t = new_ste_test(test, 0);
	struct arm_smmu_ste a, b;

	make(test, t, &a, GUEST_S1_0, GUEST_S1_1);
	init_parent(t, 0x80000000ULL, 7);
	make(test, t, &b, GUEST_S1_0, GUEST_S1_1);
	expect_transition(test, &a, &b, 3, false);
}

static struct kunit_case arm_smmu_guest_ste_cases[] = {
	KUNIT_CASE(only_listed_bits_are_accepted),
	KUNIT_CASE(entry_that_is_not_valid_aborts),
	KUNIT_CASE(only_abort_bypass_and_stage1_are_accepted),
	KUNIT_CASE(ats_is_the_guests_choice_with_stage1_alone),
	KUNIT_CASE(stage1_is_put_on_the_parents_stage2),
	KUNIT_CASE(every_stage1_field_reaches_the_entry),
	KUNIT_CASE(bypass_still_translates_by_stage2),
	KUNIT_CASE(abort_has_no_translation),
	KUNIT_CASE(forced_write_back_follows_the_table),
	KUNIT_CASE(eats_is_what_the_host_enables),
	KUNIT_CASE(guest_cannot_make_a_device_stall),
	KUNIT_CASE(abort_bypass_and_stage1_change_hitlessly),
	KUNIT_CASE(host_stage2_and_stage1_change_hitlessly),
	KUNIT_CASE(identity_and_blocked_change_hitlessly),
	KUNIT_CASE(new_context_table_is_one_write),
	KUNIT_CASE(two_words_of_stage1_at_once_abort_between),
	KUNIT_CASE(another_guest_aborts_between),
	{},
};

static struct kunit_suite arm_smmu_guest_ste_suite = {
	.name = "arm-smmu-v3-guest-ste",
	.test_cases = arm_smmu_guest_ste_cases,
};

kunit_test_suites(&arm_smmu_guest_ste_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of stream table entries of guests");
MODULE_LICENSE("GPL");
