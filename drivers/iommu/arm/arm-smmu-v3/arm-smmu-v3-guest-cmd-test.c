// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the commands that guests may use.
 *
 * Expected values are numbers from IHI 0070 4.3 to 4.5, not the macros under test.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "arm-smmu-v3-nested.h"

#define VMID 0xabcdULL

#define TG(n) ((u64)(n) << 10)
#define TTL(n) ((u64)(n) << 8)
#define NUM(n) ((u64)(n) << 12)
#define SCALE(n) ((u64)(n) << 20)
#define SSV BIT_ULL(11)

static const struct arm_smmu_device full_smmu = {
	.features = ARM_SMMU_FEAT_RANGE_INV | ARM_SMMU_FEAT_ATS,
	.pgsize_bitmap = SZ_4K | SZ_16K | SZ_64K | SZ_2M | SZ_32M | SZ_512M,
	.asid_bits = 16,
	.ssid_bits = 20,
	.oas = 52,
};

static const struct arm_smmu_device least_smmu = {
	.pgsize_bitmap = SZ_4K | SZ_2M,
	.asid_bits = 8,
	.oas = 44,
};

/* A command that is accepted, and the bits that it may have on each SMMU */
struct accepted {
	u8 op;
	u64 base[2];
	u64 full[2];
	u64 least[2];
};

/*
 * On the full SMMU the base of TLBIs by address is a range, whose fields may have
 * any value: TG 1, TTL 3.
 */
static const struct accepted accepted[] = {
	{ 0x05,
	  {},
	  { 0xfffffffffffff0ffULL, 0x1 },
	  { 0xffffffff000000ffULL, 1 } },
	{ 0x06, {}, { 0xffffffff000000ffULL, 0 }, { 0xffffffff000000ffULL, 0 } },
	{ 0x10, {}, { 0x0000ffff000000ffULL, 0 }, { 0x0000ffff000000ffULL, 0 } },
	{ 0x11, {}, { 0xffffffff000000ffULL, 0 }, { 0x00ffffff000000ffULL, 0 } },
	{ 0x12,
	  { 0, TG(1) | TTL(3) },
	  { 0xffffffff01f1f0ffULL, 0xffffffffffffff01ULL },
	  { 0x00ffffff000000ffULL, 0xfffffffffffff001ULL } },
	{ 0x13,
	  { 0, TG(1) | TTL(3) },
	  { 0x0000ffff01f1f0ffULL, 0xffffffffffffff01ULL },
	  { 0x0000ffff000000ffULL, 0xfffffffffffff001ULL } },
	{ 0x30, {}, { 0xff, 0 }, { 0xff, 0 } },
	{ 0x40, {}, { 0xfffffffffffffaffULL, 0xfffffffffffff03fULL }, {} },
};

static struct arm_smmu_guest_cmds *new_cmds(struct kunit *test,
					    const struct arm_smmu_device *smmu)
{
	struct arm_smmu_guest_cmds *cmds =
		kunit_kzalloc(test, sizeof(*cmds), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cmds);
	arm_smmu_guest_cmds_init(cmds, smmu, VMID);
	return cmds;
}

static int sanitise(const struct arm_smmu_guest_cmds *cmds, u64 word0,
		    u64 word1)
{
	u64 cmd[2] = { word0, word1 };

	return min(arm_smmu_guest_cmd_sanitise(cmds, cmd), 0);
}

static const struct accepted *find_accepted(unsigned int op)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accepted); i++)
		if (accepted[i].op == op)
			return &accepted[i];
	return NULL;
}

static void only_listed_opcodes_are_accepted(struct kunit *test)
{
	struct arm_smmu_guest_cmds *full = new_cmds(test, &full_smmu);
	struct arm_smmu_guest_cmds *least = new_cmds(test, &least_smmu);
	unsigned int op;

	for (op = 0; op < 256; op++) {
		const struct accepted *a = find_accepted(op);

		KUNIT_EXPECT_EQ_MSG(test, sanitise(full, op, 0), a ? 0 : -EIO,
				    "opcode %#x", op);
		KUNIT_EXPECT_EQ_MSG(test, sanitise(least, op, 0),
				    a && op != 0x40 ? 0 : -EIO, "opcode %#x",
				    op);
	}
}

/* Each bit but those of the opcode on top of a valid command */
static void expect_bits(struct kunit *test,
			const struct arm_smmu_guest_cmds *cmds, u8 op,
			const u64 *base, const u64 *allowed)
{
	unsigned int bit;
	int ret;

	for (bit = 8; bit < 64; bit++) {
		ret = sanitise(cmds, op | base[0] | (1ULL << bit), base[1]);
		KUNIT_EXPECT_EQ_MSG(test, ret,
				    (allowed[0] >> bit) & 1 ? 0 : -EIO,
				    "opcode %#x word 0 bit %u", op, bit);
	}
	for (bit = 0; bit < 64; bit++) {
		ret = sanitise(cmds, op | base[0], base[1] | (1ULL << bit));
		KUNIT_EXPECT_EQ_MSG(test, ret,
				    (allowed[1] >> bit) & 1 ? 0 : -EIO,
				    "opcode %#x word 1 bit %u", op, bit);
	}
}

static void only_fields_that_the_smmu_has_are_accepted(struct kunit *test)
{
	struct arm_smmu_guest_cmds *full = new_cmds(test, &full_smmu);
	struct arm_smmu_guest_cmds *least = new_cmds(test, &least_smmu);
	static const u64 none[2] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accepted); i++) {
		const struct accepted *a = &accepted[i];

		expect_bits(test, full, a->op, a->base, a->full);
		expect_bits(test, least, a->op, none, a->least);
	}
}

static void vmid_is_the_guests_own(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	static const u8 ops[] = { 0x10, 0x11, 0x12, 0x13 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		u64 asid = ops[i] == 0x11 || ops[i] == 0x12 ?
				   0x5678000000000000ULL :
				   0;
		u64 addr = ops[i] >= 0x12 ? 0x123456789000ULL : 0;
		u64 cmd[2] = { ops[i] | asid | (0x4321ULL << 32), addr };

		KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd),
				0);
		KUNIT_EXPECT_EQ(test, cmd[0], ops[i] | asid | (VMID << 32));
		KUNIT_EXPECT_EQ(test, cmd[1], addr);
	}
}

static void all_guests_means_this_guest(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	u64 cmd[2] = { 0x30, 0 };

	KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd), 0);
	KUNIT_EXPECT_EQ(test, cmd[0], 0x10 | (VMID << 32));
	KUNIT_EXPECT_EQ(test, cmd[1], 0);
}

static void commands_that_name_a_device_keep_its_id(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	static const u8 ops[] = { 0x05, 0x06, 0x40 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		u64 cmd[2] = { ops[i] | 0xfedcba9800000000ULL, 0 };

		KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd),
				1);
		KUNIT_EXPECT_EQ(test, cmd[0], ops[i] | 0xfedcba9800000000ULL);
	}
}

static bool range_is_ok(unsigned int tg, unsigned int ttl, bool has_range,
			bool level1_64k)
{
	if (tg == 0)
		return !ttl && !has_range;
	if (!ttl && !has_range)
		return false;
	if (ttl == 1 && tg == 2)
		return false;
	if (ttl == 1 && tg == 3)
		return level1_64k;
	return true;
}

static void expect_range(struct kunit *test, struct arm_smmu_guest_cmds *cmds,
			 u64 word0, u64 word1, int want)
{
	KUNIT_EXPECT_EQ_MSG(test, sanitise(cmds, 0x12 | word0, word1), want,
			    "NUM, SCALE %llx TTL, TG %llx", word0, word1);
	KUNIT_EXPECT_EQ_MSG(test, sanitise(cmds, 0x13 | word0, word1), want,
			    "NUM, SCALE %llx TTL, TG %llx", word0, word1);
}

/* Every TG and TTL, with and without NUM and SCALE */
static void expect_ranges(struct kunit *test, struct arm_smmu_guest_cmds *cmds,
			  unsigned int granules, bool level1_64k)
{
	static const u64 ranges[] = {
		0, NUM(1), NUM(31), SCALE(1), SCALE(31), NUM(31) | SCALE(31)
	};
	unsigned int tg, ttl, i;

	for (tg = 0; tg < 4; tg++)
		for (ttl = 0; ttl < 4; ttl++)
			for (i = 0; i < ARRAY_SIZE(ranges); i++) {
				bool ok = range_is_ok(tg, ttl, ranges[i],
						      level1_64k);

				ok = ok && (granules & BIT(tg));
				expect_range(test, cmds, ranges[i],
					     TG(tg) | TTL(ttl), ok ? 0 : -EIO);
			}
}

static void reserved_ranges_are_refused(struct kunit *test)
{
	struct arm_smmu_device smmu = full_smmu;

	expect_ranges(test, new_cmds(test, &smmu), 0xf, true);
	smmu.oas = 48;
	expect_ranges(test, new_cmds(test, &smmu), 0xf, false);
	smmu.pgsize_bitmap = SZ_4K | SZ_2M;
	expect_ranges(test, new_cmds(test, &smmu), 0x3, false);
	smmu.pgsize_bitmap = SZ_16K | SZ_64K;
	expect_ranges(test, new_cmds(test, &smmu), 0xd, false);
}

static void address_of_a_range_is_that_of_a_granule(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	static const u64 want[] = { 0xfffffffffffff000ULL,
				    0xfffffffffffff000ULL,
				    0xffffffffffffc000ULL,
				    0xffffffffffff0000ULL };
	unsigned int tg;

	for (tg = 0; tg < 4; tg++) {
		u64 attr = tg ? TG(tg) | TTL(3) | 1 : 1;
		u64 cmd[2] = { 0x12, 0xfffffffffffff000ULL | attr };

		KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd),
				0);
		KUNIT_EXPECT_EQ(test, cmd[1], want[tg] | attr);
	}
}

static void asid_must_fit(struct kunit *test)
{
	struct arm_smmu_device smmu = full_smmu;
	struct arm_smmu_guest_cmds *cmds;

	smmu.asid_bits = 8;
	cmds = new_cmds(test, &smmu);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x11 | (0xffULL << 48), 0), 0);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x11 | (0x100ULL << 48), 0), -EIO);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x12 | (0xffULL << 48), 0), 0);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x12 | (0x100ULL << 48), 0), -EIO);
}

static void substream_must_fit(struct kunit *test)
{
	struct arm_smmu_device smmu = full_smmu;
	struct arm_smmu_guest_cmds *cmds;

	smmu.ssid_bits = 4;
	cmds = new_cmds(test, &smmu);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x05 | (0xfULL << 12), 1), 0);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x05 | (0x10ULL << 12), 1), -EIO);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x40 | SSV | (0xfULL << 12), 0),
			0);
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x40 | SSV | (0x10ULL << 12), 0),
			-EIO);
	/* CFGI_CD_ALL has no substream */
	KUNIT_EXPECT_EQ(test, sanitise(cmds, 0x06 | (1ULL << 12), 0), -EIO);
}

static void atc_size_has_a_limit(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	const u64 addr = 0xfffffffffffff000ULL;
	unsigned int size;

	for (size = 0; size < 64; size++) {
		u64 cmd[2] = { 0x40, addr | size };
		int ret = arm_smmu_guest_cmd_sanitise(cmds, cmd);

		KUNIT_EXPECT_EQ_MSG(test, ret, size <= 52 ? 1 : -EIO, "%u",
				    size);
		if (size < 52)
			KUNIT_EXPECT_EQ(test, cmd[1], (addr << size) | size);
		else if (size == 52)
			KUNIT_EXPECT_EQ(test, cmd[1], 52);
	}
}

static void substream_of_atc_needs_ssv(struct kunit *test)
{
	struct arm_smmu_guest_cmds *cmds = new_cmds(test, &full_smmu);
	const u64 global = 1ULL << 9, ssid = 0x12345ULL << 12;
	u64 cmd[2] = { 0x40 | global | ssid, 0 };

	/* The architecture ignores these bits, so they are cleared */
	KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd), 1);
	KUNIT_EXPECT_EQ(test, cmd[0], 0x40);
	cmd[0] = 0x40 | SSV | global | ssid;
	KUNIT_EXPECT_EQ(test, arm_smmu_guest_cmd_sanitise(cmds, cmd), 1);
	KUNIT_EXPECT_EQ(test, cmd[0], 0x40 | SSV | global | ssid);
}

static struct kunit_case arm_smmu_guest_cmd_cases[] = {
	KUNIT_CASE(only_listed_opcodes_are_accepted),
	KUNIT_CASE(only_fields_that_the_smmu_has_are_accepted),
	KUNIT_CASE(vmid_is_the_guests_own),
	KUNIT_CASE(all_guests_means_this_guest),
	KUNIT_CASE(commands_that_name_a_device_keep_its_id),
	KUNIT_CASE(reserved_ranges_are_refused),
	KUNIT_CASE(address_of_a_range_is_that_of_a_granule),
	KUNIT_CASE(asid_must_fit),
	KUNIT_CASE(substream_must_fit),
	KUNIT_CASE(atc_size_has_a_limit),
	KUNIT_CASE(substream_of_atc_needs_ssv),
	{},
};

static struct kunit_suite arm_smmu_guest_cmd_suite = {
	.name = "arm-smmu-v3-guest-cmd",
	.test_cases = arm_smmu_guest_cmd_cases,
};

kunit_test_suites(&arm_smmu_guest_cmd_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of commands of guests");
MODULE_LICENSE("GPL");
