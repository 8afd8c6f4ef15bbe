// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the order in which the bits of a stream table entry change.
 *
 * An SMMU reads 64 bits at a time, at any time, and may keep them until a sync. So
 * between two syncs it may see any mixture of old and new double words; each
 * mixture is checked. Expected values are numbers from IHI 0070 5.2, not the macros
 * under test.
 */
#include <kunit/test.h>
#include <linux/bits.h>

#include "arm-smmu-v3.h"

#define ABORT 0
#define BYPASS 4
#define S1 5
#define S2 6
#define NESTED 7

/* Word 0: V, Config[3:1]. Stage 1: S1Fmt, S1ContextPtr, S1CDMax */
#define W0(config) (1ULL | ((u64)(config) << 1))
#define W0_S1 ((2ULL << 4) | 0x123456789000ULL | (10ULL << 59))
/* Word 1. Stage 1: S1DSS 2, S1CIR 1, S1COR 1, S1CSH 3 */
#define W1_S1 0xd6ULL
#define MEV BIT_ULL(19)
#define EATS_FULL BIT_ULL(28)
#define EATS_MASK (3ULL << 28)
/* Word 2. Stage 2: S2VMID, VTCR, S2AA64, S2PTW, S2S, S2R */
#define W2_S2 ((0x53590ULL << 32) | BIT_ULL(51) | BIT_ULL(54) | BIT_ULL(58))
#define S2S BIT_ULL(57)
#define W3_S2 0x0000fedcba987000ULL

/* Stage 1 alone has VMID 0, and stage 2 has another one; or all have VMID 0 */
static const u64 vmids[] = { 0x1234, 0 };

struct variant {
	unsigned int config;
	bool eats;
	bool mev;
	bool s2s;
};

static u64 word(const struct arm_smmu_ste *ste, unsigned int i)
{
	return le64_to_cpu(ste->data[i]);
}

static unsigned int config_of(const struct arm_smmu_ste *ste)
{
	return word(ste, 0) & 1 ? (word(ste, 0) >> 1) & 7 : ABORT;
}

static bool has_stage1(unsigned int config)
{
	return config == S1 || config == NESTED;
}

static bool has_stage2(unsigned int config)
{
	return config == S2 || config == NESTED;
}

static void make(struct arm_smmu_ste *ste, const struct variant *v, u64 vmid)
{
	u64 words[STRTAB_STE_DWORDS] = { W0(v->config) };
	unsigned int i;

	if (has_stage1(v->config)) {
		words[0] |= W0_S1;
		words[1] |= W1_S1;
	}
	if (has_stage2(v->config)) {
		words[2] = vmid | W2_S2 | (v->s2s ? S2S : 0);
		words[3] = W3_S2;
	}
	words[1] |= (v->eats ? EATS_FULL : 0) | (v->mev ? MEV : 0);
	for (i = 0; i < STRTAB_STE_DWORDS; i++)
		ste->data[i] = cpu_to_le64(words[i]);
}

/* All that the architecture allows; without any stage there are no flags */
static unsigned int make_variants(struct variant *variants)
{
	static const unsigned int configs[] = { ABORT, BYPASS, S1, S2, NESTED };
	unsigned int i, bits, num = 0;

	for (i = 0; i < ARRAY_SIZE(configs); i++) {
		for (bits = 0; bits < 8; bits++) {
			struct variant v = {
				.config = configs[i],
				.eats = bits & 1,
				.mev = bits & 2,
				.s2s = bits & 4,
			};

			if (bits && !(v.config & 3))
				continue;
			if (v.s2s && (v.eats || !has_stage2(v.config)))
				continue;
			variants[num++] = v;
		}
	}
	return num;
}

#define MAX_VARIANTS 18

/* Whether both entries translate a transaction without ATS in the same way */
static bool translates_as(const struct arm_smmu_ste *ste,
			  const struct arm_smmu_ste *other)
{
	const u64 w1_s1 = BIT_ULL(27) | 0xff;
	unsigned int config = config_of(ste);

	if (config != config_of(other))
		return false;
	if (has_stage1(config) && (word(ste, 0) != word(other, 0) ||
				   ((word(ste, 1) ^ word(other, 1)) & w1_s1) ||
				   ((word(ste, 2) ^ word(other, 2)) & 0xffff)))
		return false;
	return !has_stage2(config) || (word(ste, 2) == word(other, 2) &&
				       word(ste, 3) == word(other, 3));
}

static bool is_illegal(const struct arm_smmu_ste *ste)
{
	return has_stage2(config_of(ste)) && (word(ste, 2) & S2S) &&
	       (word(ste, 1) & EATS_MASK);
}

/* Checks the entry at each sync, which has the SMMU read it again */
struct reader {
	struct arm_smmu_entry_writer writer;
	struct arm_smmu_ste entry;
	struct arm_smmu_ste before; /* as of the last sync */
	const struct arm_smmu_ste *from;
	const struct arm_smmu_ste *to;
	unsigned int syncs;
	bool disturbed;
	bool illegal;
};

static void look_at(struct reader *r, const struct arm_smmu_ste *ste)
{
	if (is_illegal(ste))
		r->illegal = true;
	if (!translates_as(ste, r->from) && !translates_as(ste, r->to))
		r->disturbed = true;
}

static void read_again(struct arm_smmu_entry_writer *writer)
{
	struct reader *r = container_of(writer, struct reader, writer);
	unsigned int mixture, i;

	r->syncs++;
	for (mixture = 0; mixture < BIT(STRTAB_STE_DWORDS); mixture++) {
		struct arm_smmu_ste seen = r->before;

		for (i = 0; i < STRTAB_STE_DWORDS; i++)
			if (mixture & BIT(i))
				seen.data[i] = r->entry.data[i];
		look_at(r, &seen);
	}
	r->before = r->entry;
}

static const struct arm_smmu_entry_writer_ops reader_ops = {
	.get_used = arm_smmu_get_ste_used,
	.get_independent = arm_smmu_get_ste_independent,
	.sync = read_again,
};

static void change(struct reader *r, const struct arm_smmu_ste *from,
		   const struct arm_smmu_ste *to)
{
	*r = (struct reader){
		.writer.ops = &reader_ops,
		.entry = *from,
		.before = *from,
		.from = from,
		.to = to,
	};
	arm_smmu_write_entry(&r->writer, r->entry.data, to->data);
}

typedef void (*transition_fn)(struct kunit *test, const struct variant *from,
			      const struct variant *to, u64 vmid);

static void try_all_transitions(struct kunit *test, transition_fn fn)
{
	struct variant variants[MAX_VARIANTS];
	unsigned int num = make_variants(variants), i, j, k;

	KUNIT_ASSERT_EQ(test, num, MAX_VARIANTS);
	for (k = 0; k < ARRAY_SIZE(vmids); k++)
		for (i = 0; i < num; i++)
			for (j = 0; j < num; j++)
				fn(test, &variants[i], &variants[j], vmids[k]);
}

/* Describe a transition in a message */
static const char *name_of(const struct variant *a, const struct variant *b,
			   u64 vmid)
{
	static char name[80];

	snprintf(name, sizeof(name),
		 "Config %u EATS %d MEV %d S2S %d to %u %d %d %d, VMID %llx",
		 a->config, a->eats, a->mev, a->s2s, b->config, b->eats, b->mev,
		 b->s2s, vmid);
	return name;
}

static void check_legal(struct kunit *test, const struct variant *a,
			const struct variant *b, u64 vmid)
{
	struct arm_smmu_ste from, to;
	struct reader r;

	make(&from, a, vmid);
	make(&to, b, vmid);
	change(&r, &from, &to);
	KUNIT_EXPECT_FALSE_MSG(test, r.illegal, "%s", name_of(a, b, vmid));
	KUNIT_EXPECT_MEMEQ_MSG(test, &r.entry, &to, sizeof(to), "%s",
			       name_of(a, b, vmid));
	KUNIT_EXPECT_LE_MSG(test, r.syncs, 3, "%s", name_of(a, b, vmid));
}

static void no_mixture_is_illegal(struct kunit *test)
{
	try_all_transitions(test, check_legal);
}

/* Compare with the same change with EATS and MEV already set to their new values */
static void check_undisturbed(struct kunit *test, const struct variant *a,
			      const struct variant *b, u64 vmid)
{
	struct variant alike = *a;
	struct arm_smmu_ste from, to;
	struct reader r, plain;

	/* S2S is cleared before EATS is set, and devices that stall have no ATS */
	if (a->s2s && b->eats)
		return;
	if (a->config & 3 && b->config & 3) {
		alike.eats = b->eats;
		alike.mev = b->mev;
	}
	make(&to, b, vmid);
	make(&from, &alike, vmid);
	change(&plain, &from, &to);
	make(&from, a, vmid);
	change(&r, &from, &to);
	KUNIT_EXPECT_EQ_MSG(test, r.disturbed, plain.disturbed, "%s",
			    name_of(a, b, vmid));
	KUNIT_EXPECT_LE_MSG(test, r.syncs, plain.syncs + 1, "%s",
			    name_of(a, b, vmid));
}

static void eats_and_mev_are_no_reason_for_a_break(struct kunit *test)
{
	try_all_transitions(test, check_undisturbed);
}

static void expect_change(struct kunit *test, struct variant a,
			  struct variant b, unsigned int syncs, bool hitless)
{
	struct arm_smmu_ste from, to;
	struct reader r;

	make(&from, &a, vmids[0]);
	make(&to, &b, vmids[0]);
	change(&r, &from, &to);
	KUNIT_EXPECT_EQ_MSG(test, r.syncs, syncs, "%s",
			    name_of(&a, &b, vmids[0]));
	KUNIT_EXPECT_EQ_MSG(test, r.disturbed, !hitless, "%s",
			    name_of(&a, &b, vmids[0]));
}

static void each_change_takes_few_syncs(struct kunit *test)
{
	const struct variant s1 = { S1 }, s1_ats = { S1, true };
	const struct variant s2 = { S2 }, s2_mev = { S2, false, true };
	const struct variant s2_ats = { S2, true };
	const struct variant s2_both = { S2, true, true };
	const struct variant s2_s2s = { S2, .s2s = true };
	const struct variant nested = { NESTED, false, true };
	const struct variant nested_ats = { NESTED, true, true };
	const struct variant nested_s2s = { NESTED, false, true, true };

	expect_change(test, s2, s2_mev, 1, true);
	expect_change(test, s2, s2_both, 1, true);
	expect_change(test, s1, s1_ats, 1, true);
	/* Stage 1's bits with EATS and MEV, then Config */
	expect_change(test, s2, nested_ats, 2, true);
	expect_change(test, s2_both, nested, 2, true);
	/* EATS and MEV, Config, then clear stage 1's bits */
	expect_change(test, nested_ats, s2, 3, true);
	/* In one double word, as before: Config, then stage 1's bits */
	expect_change(test, nested_ats, s2_both, 2, true);
	/* EATS is cleared before S2S is set, not the other way round */
	expect_change(test, s2_ats, s2_s2s, 2, true);
	expect_change(test, s2_s2s, s2_ats, 3, false);
	expect_change(test, s2_s2s, nested_s2s, 2, true);
}

static struct kunit_case arm_smmu_ste_order_cases[] = {
	KUNIT_CASE(no_mixture_is_illegal),
	KUNIT_CASE(eats_and_mev_are_no_reason_for_a_break),
	KUNIT_CASE(each_change_takes_few_syncs),
	{},
};

static struct kunit_suite arm_smmu_ste_order_suite = {
	.name = "arm-smmu-v3-ste-order",
	.test_cases = arm_smmu_ste_order_cases,
};

kunit_test_suites(&arm_smmu_ste_order_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of changes of stream table entries");
MODULE_LICENSE("GPL");
