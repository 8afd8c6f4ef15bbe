// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM may pass for an Arm SMMUv2 whose stage 1 its guest owns: each bit of each
 * register of a context bank, each command, each object. The observer finds what is
 * accepted in the hardware. Anything else fails as documented and changes nothing.
 */
#include "smmuv2_guest.h"

/* Set by tables_bank(), as TTBR1 is unused. The kernel forces others, see the uAPI. */
#define TCR_EPD1 0x800000U
#define TCR_WALK 0x3f003f00U
#define TCR_WALK_WRITE_BACK 0x35003500U
#define SCTLR_FORCED 0x1040U
#define MAIR_FORCED 0xffffffffU

#define TTBR_ALLOWED 0xfffffffffffffff0ULL
#define TCR_ALLOWED 0xffffffbfULL
#define TCR2_ALLOWED 0x38077ULL
#define SCTLR_ALLOWED 0x1067ULL
#define ID2_GRANULES 0x7000U

FIXTURE(input)
{
	struct guest2 g;
	struct iommu_hwpt_arm_smmuv2 bank;
};

FIXTURE_SETUP(input)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	guest2_open(_metadata, &self->g, GRANULE_4K);
	guest2_map(&self->g, 0, 0);
	self->bank = tables_bank(&self->g.tables);
	ASK("remember");
}

FIXTURE_TEARDOWN(input)
{
	ASK("remembered");
	guest2_close(&self->g);
}

static int alloc(struct guest2 *g, const struct iommu_hwpt_arm_smmuv2 *bank,
		 __u32 *hwpt)
{
	return smmuv2_nested_alloc(g->iommufd, g->viommu, g->dev.id, bank,
				   hwpt);
}

/* The bank is refused, or its register has this value. Free it afterwards. */
static void expect_bank(struct __test_metadata *_metadata, struct guest2 *g,
			const struct iommu_hwpt_arm_smmuv2 *bank, bool allowed,
			const char *name, __u64 value)
{
	__u32 hwpt = 0;
	int ret = alloc(g, bank, &hwpt);

	EXPECT_EQ(allowed ? 0 : -EIO, ret)
	{
		TH_LOG("%s should be %#llx", name, value);
	}
	if (ret)
		return;
	EXPECT_EQ(0, device_attach(&g->dev, hwpt));
	ASK("register %u %s %#llx", g->sid, name, value);
	EXPECT_EQ(0, device_detach(&g->dev));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
}

TEST_F(input, each_bit_of_ttbr_is_taken_or_refused)
{
	static const char *const names[] = { "TTBR0", "TTBR1" };
	struct iommu_hwpt_arm_smmuv2 bank;
	unsigned int i, bit;

	for (i = 0; i < 2; i++) {
		for (bit = 0; bit < 64; bit++) {
			bank = self->bank;
			bank.ttbr[i] ^= 1ULL << bit;
			expect_bank(_metadata, &self->g, &bank,
				    TTBR_ALLOWED >> bit & 1, names[i],
				    bank.ttbr[i]);
		}
	}
}

/* TG0 is 0, for 4 KiB: with one bit set, it is a granule that the SMMU may lack */
static bool tcr_is_allowed(__u32 tcr, __u32 granules)
{
	static const __u32 id2[] = { 1U << 12, 1U << 14, 1U << 13, 0 };

	return !(tcr & ~TCR_ALLOWED) && (tcr & TCR_EPD1) &&
	       ((tcr >> 7 & 1) || (granules & id2[tcr >> 14 & 3]));
}

TEST_F(input, each_bit_of_tcr_is_taken_or_refused)
{
	struct iommu_hw_info_arm_smmuv2 info = {};
	struct iommu_hwpt_arm_smmuv2 bank;
	__u32 granules, value;
	unsigned int bit;

	ASSERT_EQ(0, smmuv2_info(self->g.iommufd, self->g.dev.id, &info));
	granules = info.idr[2] & ID2_GRANULES;
	for (bit = 0; bit < 32; bit++) {
		bank = self->bank;
		bank.tcr ^= 1U << bit;
		value = (bank.tcr & ~TCR_WALK) | TCR_WALK_WRITE_BACK;
		expect_bank(_metadata, &self->g, &bank,
			    tcr_is_allowed(bank.tcr, granules), "TCR", value);
	}
}

TEST_F(input, each_bit_of_tcr2_is_taken_or_refused)
{
	struct iommu_hwpt_arm_smmuv2 bank;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		bank = self->bank;
		bank.tcr2 ^= 1U << bit;
		expect_bank(_metadata, &self->g, &bank, TCR2_ALLOWED >> bit & 1,
			    "TCR2", bank.tcr2);
	}
}

TEST_F(input, each_bit_of_sctlr_is_taken_or_refused)
{
	struct iommu_hwpt_arm_smmuv2 bank;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		bank = self->bank;
		bank.sctlr ^= 1U << bit;
		/* Bit 0 is M, and set before */
		expect_bank(_metadata, &self->g, &bank,
			    bit && SCTLR_ALLOWED >> bit & 1, "SCTLR",
			    bank.sctlr | SCTLR_FORCED);
	}
}

TEST_F(input, any_mair_is_taken_and_none_is_used)
{
	struct iommu_hwpt_arm_smmuv2 bank;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		bank = self->bank;
		bank.mair[0] ^= 1U << bit;
		bank.mair[1] ^= 1U << bit;
		expect_bank(_metadata, &self->g, &bank, true, "MAIR0",
			    MAIR_FORCED);
		expect_bank(_metadata, &self->g, &bank, true, "MAIR1",
			    MAIR_FORCED);
	}
}

TEST_F(input, any_contextidr_is_taken)
{
	struct iommu_hwpt_arm_smmuv2 bank = self->bank;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		bank.contextidr = 1U << bit;
		expect_bank(_metadata, &self->g, &bank, true, "CONTEXTIDR",
			    bank.contextidr);
	}
}

/* A structure that is longer than the kernel's */
struct longer {
	struct iommu_hwpt_arm_smmuv2 bank;
	__u64 tail;
};

static int alloc_raw(struct guest2 *g, __u32 flags, __u32 type,
		     const void *data, __u32 length)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = g->dev.id,
		.pt_id = g->viommu,
		.data_type = type,
		.data_len = length,
		.data_uptr = (uintptr_t)data,
	};

	if (ioctl(g->iommufd, IOMMU_HWPT_ALLOC, &cmd))
		return -errno;
	return iommufd_destroy(g->iommufd, cmd.out_hwpt_id);
}

TEST_F(input, data_of_another_kind_or_length_is_refused)
{
	const __u32 type = IOMMU_HWPT_DATA_ARM_SMMUV2;
	struct longer longer = { .bank = self->bank };
	const __u32 length = sizeof(self->bank);
	struct guest2 *g = &self->g;

	EXPECT_EQ(0, alloc_raw(g, 0, type, &longer, length));
	EXPECT_EQ(-EINVAL, alloc_raw(g, 0, type, &longer, sizeof(longer)));
	EXPECT_EQ(-EINVAL, alloc_raw(g, 0, type, &longer, length - 1));
	EXPECT_EQ(-EINVAL, alloc_raw(g, 0, type, &longer, 4));
	EXPECT_EQ(-EINVAL,
		  alloc_raw(g, 0, IOMMU_HWPT_DATA_ARM_SMMUV3, &longer, length));
	EXPECT_EQ(-EFAULT, alloc_raw(g, 0, type, (void *)8, length));
	EXPECT_EQ(-EOPNOTSUPP, alloc_raw(g, IOMMU_HWPT_ALLOC_NEST_PARENT, type,
					 &longer, length));
	EXPECT_EQ(-EOPNOTSUPP, alloc_raw(g, IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
					 type, &longer, length));
}

TEST_F(input, objects_of_another_kind_are_refused)
{
	struct guest2 *g = &self->g;
	__u32 id, hwpt;
	int fd;

	EXPECT_EQ(-EOPNOTSUPP,
		  viommu_alloc(g->iommufd, g->dev.id, g->parent, &id));
	ASSERT_EQ(0, hwpt_alloc(g->iommufd, g->dev.id, g->ioas, &hwpt));
	EXPECT_EQ(-EINVAL,
		  smmuv2_viommu_alloc(g->iommufd, g->dev.id, hwpt, &id));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	EXPECT_EQ(-EOPNOTSUPP,
		  veventq_alloc(g->iommufd, g->viommu, 1, &id, &fd));
	EXPECT_EQ(-EINVAL,
		  smmuv2_veventq_alloc(g->iommufd, g->viommu, 0, &id, &fd));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, g->viommu));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, g->parent));
}

TEST_F(input, device_has_one_name_of_16_bits)
{
	struct guest2 *g = &self->g;
	__u32 id, hwpt;

	EXPECT_EQ(-EEXIST, vdevice_alloc(g->iommufd, g->viommu, g->dev.id,
					 OTHER_VIRTUAL_SID, &id));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, g->vdevice));
	EXPECT_EQ(-EINVAL, vdevice_alloc(g->iommufd, g->viommu, g->dev.id,
					 0x10000, &id));
	/* Without a vDEVICE, faults could not be reported to the guest */
	ASSERT_EQ(0, alloc(g, &self->bank, &hwpt));
	EXPECT_EQ(-ENOENT, device_attach(&g->dev, hwpt));
	ASK("blocked %u", g->sid);
	ASSERT_EQ(0,
		  vdevice_alloc(g->iommufd, g->viommu, g->dev.id, 0xffff, &id));
	EXPECT_EQ(0, device_attach(&g->dev, hwpt));
	expect_data(_metadata, g, 0, "rw");
	ASSERT_EQ(0, device_detach(&g->dev));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
}

/* Commands */

FIXTURE(command)
{
	struct guest2 g;
};

FIXTURE_SETUP(command)
{
	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	guest2_open(_metadata, &self->g, GRANULE_4K);
	guest2_map(&self->g, 0, 0);
	guest2_attach(_metadata, &self->g);
	ASK("forget %u", self->g.sid);
}

FIXTURE_TEARDOWN(command)
{
	expect_data(_metadata, &self->g, 0, "rw");
	guest2_close(&self->g);
}

static const struct {
	__u32 opcode;
	const char *name;
	__u64 allowed;
} commands[] = {
	{ IOMMU_ARM_SMMUV2_TLBI_ALL, "TLBIALL", 0 },
	{ IOMMU_ARM_SMMUV2_TLBI_ASID, "TLBIASID", 0xffff },
	{ IOMMU_ARM_SMMUV2_TLBI_VA, "TLBIVA", 0xffff0fffffffffffULL },
	{ IOMMU_ARM_SMMUV2_TLBI_VAL, "TLBIVAL", 0xffff0fffffffffffULL },
	{ IOMMU_ARM_SMMUV2_TLBI_VAA, "TLBIVAA", 0xfffffffffffULL },
	{ IOMMU_ARM_SMMUV2_TLBI_VAAL, "TLBIVAAL", 0xfffffffffffULL },
};

static int command(struct guest2 *g, __u32 opcode, __u64 arg)
{
	return smmuv2_command(g->iommufd, g->viommu, opcode, arg);
}

TEST_F(command, each_is_done_on_a_bank_of_the_guest)
{
	struct guest2 *g = &self->g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		__u64 arg = commands[i].allowed & 0x1234056789abcdefULL;

		ASSERT_EQ(0, command(g, commands[i].opcode, arg));
		ASK("invalidated %u %s %#llx", g->sid, commands[i].name, arg);
		ASK("forget %u", g->sid);
	}
}

TEST_F(command, each_bit_of_an_argument_is_taken_or_refused)
{
	struct guest2 *g = &self->g;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		for (bit = 0; bit < 64; bit++)
			EXPECT_EQ(commands[i].allowed >> bit & 1 ? 0 : -EIO,
				  command(g, commands[i].opcode, 1ULL << bit));
}

TEST_F(command, unknown_one_is_refused_and_does_nothing)
{
	struct guest2 *g = &self->g;

	EXPECT_EQ(-EIO, command(g, ARRAY_SIZE(commands), 0));
	EXPECT_EQ(-EIO, command(g, 0xffffffff, 0));
	EXPECT_EQ(-EIO, command(g, IOMMU_ARM_SMMUV2_TLBI_ALL, 1));
	ASK("not_invalidated %u", g->sid);
}

/* The guest's banks are gone, but its TLB entries may still exist */
TEST_F(command, without_a_bank_all_of_the_vmid_is_invalidated)
{
	struct guest2 *g = &self->g;
	__u32 hwpt = g->dev.pt;

	ASSERT_EQ(0, device_attach(&g->dev, g->parent));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	ASK("forget %u", g->sid);
	ASSERT_EQ(0, command(g, IOMMU_ARM_SMMUV2_TLBI_ASID, 7));
	ASK("vmid_invalidated %u", g->sid);
	guest2_attach(_metadata, g);
}

#define MANY 300

TEST_F(command, bad_one_ends_an_array_after_those_before)
{
	struct iommu_viommu_arm_smmuv2_invalidate array[MANY] = {};
	const __u32 type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2;
	static const __u32 bad[] = { 0, 1, 63, 64, 65, 128, MANY - 1 };
	struct guest2 *g = &self->g;
	__u32 i, n, count;

	for (i = 0; i < MANY; i++)
		array[i] = (struct iommu_viommu_arm_smmuv2_invalidate){
			.opcode = IOMMU_ARM_SMMUV2_TLBI_ASID,
			.arg = i + 1,
		};
	count = MANY;
	EXPECT_EQ(0, viommu_invalidate(g->iommufd, type, g->viommu, array,
				       sizeof(array[0]), &count));
	EXPECT_EQ(MANY, count);
	ASK("invalidated %u TLBIASID %u", g->sid, MANY);
	for (n = 0; n < ARRAY_SIZE(bad); n++) {
		array[bad[n]].__reserved = 1;
		count = MANY;
		ASK("forget %u", g->sid);
		EXPECT_EQ(-EIO,
			  viommu_invalidate(g->iommufd, type, g->viommu, array,
					    sizeof(array[0]), &count));
		EXPECT_EQ(bad[n], count);
		if (bad[n])
			ASK("invalidated %u TLBIASID %u", g->sid, bad[n]);
		if (!bad[n])
			ASK("not_invalidated %u", g->sid);
		array[bad[n]].__reserved = 0;
	}
}

TEST_F(command, array_of_another_kind_or_length_is_refused)
{
	struct {
		struct iommu_viommu_arm_smmuv2_invalidate command;
		__u64 tail;
	} longer = {};
	const __u32 type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2;
	const __u32 length = sizeof(longer.command);
	struct guest2 *g = &self->g;
	__u32 count = 1;

#define INVALIDATE(type, data, length) \
	viommu_invalidate(g->iommufd, type, g->viommu, data, length, &count)
	EXPECT_EQ(0, INVALIDATE(type, &longer, sizeof(longer)));
	ASK("forget %u", g->sid);
	longer.tail = 1;
	EXPECT_EQ(-E2BIG, INVALIDATE(type, &longer, sizeof(longer)));
	count = 1;
	EXPECT_EQ(-EINVAL, INVALIDATE(type, &longer, length - 1));
	count = 1;
	EXPECT_EQ(-EFAULT, INVALIDATE(type, (void *)8, length));
	count = 1;
	EXPECT_EQ(-EINVAL, INVALIDATE(IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
				      &longer, length));
	EXPECT_EQ(0, count);
	/* An empty array asks whether the kernel knows the type */
	EXPECT_EQ(0, INVALIDATE(type, NULL, 0));
	ASK("not_invalidated %u", g->sid);
}

TEST_HARNESS_MAIN
