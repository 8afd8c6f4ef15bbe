// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validation of the commands that a guest issues.
 *
 * They go to the host's command queue, which an illegal command stops for all
 * (CERROR_ILL). So a command must be in the table below, set no bits outside its
 * fields, and use no reserved value. It then gets the VMID of its guest. Stream
 * IDs are virtual here; the caller, which knows the devices, replaces them. There
 * is no state here.
 *
 * IHI 0070: 4.3 (configuration), 4.4 (TLB), 4.5 (ATS).
 */
#include <linux/bitfield.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sizes.h>
#include <kunit/visibility.h>

#include "arm-smmu-v3-nested.h"

#define CMD_TLBI_0_RANGE (CMDQ_TLBI_0_NUM | CMDQ_TLBI_0_SCALE)
#define CMD_TLBI_1_RANGE (CMDQ_TLBI_1_TTL | CMDQ_TLBI_1_TG)

#define TG_16K 2
#define TG_64K 3

/**
 * struct guest_cmd - A command that a guest may use
 * @fields: Its fields on every SMMU, by double word
 * @range: Further fields with range invalidation (SMMU_IDR3.RIL)
 * @substream: Further fields with substreams (SMMU_IDR1.SSIDSIZE)
 * @has_asid: It has an ASID, as wide as the SMMU implements
 * @needs_ats: Valid only with ATS (SMMU_IDR0.ATS)
 */
struct guest_cmd {
	u64 fields[CMDQ_ENT_DWORDS];
	u64 range[CMDQ_ENT_DWORDS];
	u64 substream[CMDQ_ENT_DWORDS];
	bool has_asid;
	bool needs_ats;
};

static const struct guest_cmd guest_cmds[ARM_SMMU_GUEST_CMD_OPS] = {
	[CMDQ_OP_CFGI_CD] = {
		.fields = { CMDQ_0_OP | CMDQ_CFGI_0_SID, CMDQ_CFGI_1_LEAF },
		.substream = { CMDQ_CFGI_0_SSID },
	},
	[CMDQ_OP_CFGI_CD_ALL] = {
		.fields = { CMDQ_0_OP | CMDQ_CFGI_0_SID },
	},
	[CMDQ_OP_TLBI_NH_ALL] = {
		.fields = { CMDQ_0_OP | CMDQ_TLBI_0_VMID },
	},
	[CMDQ_OP_TLBI_NH_ASID] = {
		.fields = { CMDQ_0_OP | CMDQ_TLBI_0_VMID | CMDQ_TLBI_0_ASID },
		.has_asid = true,
	},
	[CMDQ_OP_TLBI_NH_VA] = {
		.fields = { CMDQ_0_OP | CMDQ_TLBI_0_VMID | CMDQ_TLBI_0_ASID,
			    CMDQ_TLBI_1_LEAF | CMDQ_TLBI_1_VA_MASK },
		.range = { CMD_TLBI_0_RANGE, CMD_TLBI_1_RANGE },
		.has_asid = true,
	},
	[CMDQ_OP_TLBI_NH_VAA] = {
		.fields = { CMDQ_0_OP | CMDQ_TLBI_0_VMID,
			    CMDQ_TLBI_1_LEAF | CMDQ_TLBI_1_VA_MASK },
		.range = { CMD_TLBI_0_RANGE, CMD_TLBI_1_RANGE },
	},
	[CMDQ_OP_TLBI_NSNH_ALL] = {
		.fields = { CMDQ_0_OP },
	},
	[CMDQ_OP_ATC_INV] = {
		.fields = { CMDQ_0_OP | CMDQ_ATC_0_SID,
			    CMDQ_ATC_1_SIZE | CMDQ_ATC_1_ADDR_MASK },
		.substream = { CMDQ_0_SSV | CMDQ_ATC_0_GLOBAL |
			       CMDQ_ATC_0_SSID },
		.needs_ats = true,
	},
};

/* The SMMU may implement only the low bits of an ASID or a substream ID */
static u64 low_bits_of(u64 field, unsigned int bits)
{
	return field & (GENMASK_ULL(bits - 1, 0) << __ffs64(field));
}

static u64 fields_in(const struct guest_cmd *cmd, unsigned int dword,
		     const struct arm_smmu_device *smmu)
{
	u64 fields = cmd->fields[dword];

	if (smmu->features & ARM_SMMU_FEAT_RANGE_INV)
		fields |= cmd->range[dword];
	if (smmu->ssid_bits)
		fields |= cmd->substream[dword];
	return fields;
}

static void init_fields(u64 *fields, const struct guest_cmd *cmd,
			const struct arm_smmu_device *smmu)
{
	const u64 asid = CMDQ_TLBI_0_ASID, ssid = CMDQ_CFGI_0_SSID;

	static_assert(CMDQ_CFGI_0_SSID == CMDQ_ATC_0_SSID);

	if (cmd->needs_ats && !(smmu->features & ARM_SMMU_FEAT_ATS))
		return;

	fields[0] = fields_in(cmd, 0, smmu);
	fields[1] = fields_in(cmd, 1, smmu);

	if (cmd->has_asid)
		fields[0] &= ~asid | low_bits_of(asid, smmu->asid_bits);
	if (cmd->substream[0] && smmu->ssid_bits)
		fields[0] &= ~ssid | low_bits_of(ssid, smmu->ssid_bits);
}

/**
 * arm_smmu_guest_cmds_init() - Find the commands that an SMMU accepts from a guest
 * @cmds: Filled
 * @smmu: The SMMU, probed
 * @vmid: The VMID of the guest
 */
void arm_smmu_guest_cmds_init(struct arm_smmu_guest_cmds *cmds,
			      const struct arm_smmu_device *smmu, u16 vmid)
{
	unsigned int op, tg;

	*cmds = (struct arm_smmu_guest_cmds){
		.vmid = vmid,
		.level1_64k = smmu->oas == 52,
	};
	for (op = 0; op < ARM_SMMU_GUEST_CMD_OPS; op++)
		init_fields(cmds->fields[op], &guest_cmds[op], smmu);
	for (tg = 1; tg <= TG_64K; tg++)
		if (smmu->pgsize_bitmap & (SZ_1K << (2 * tg)))
			cmds->granules |= BIT(tg);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_guest_cmds_init);

static bool is_by_address(unsigned int op)
{
	return op == CMDQ_OP_TLBI_NH_VA || op == CMDQ_OP_TLBI_NH_VAA;
}

/*
 * For a TLBI by address, with or without a range. Clears the address bits below
 * the granule.
 */
static int sanitise_range(const struct arm_smmu_guest_cmds *cmds, u64 *cmd)
{
	u64 tg = FIELD_GET(CMDQ_TLBI_1_TG, cmd[1]);
	u64 ttl = FIELD_GET(CMDQ_TLBI_1_TTL, cmd[1]);

	if (!(cmd[0] & CMD_TLBI_0_RANGE) && !(cmd[1] & CMD_TLBI_1_RANGE))
		return 0;
	if (!(cmds->granules & BIT(tg)))
		return -EIO;
	/* TG with neither a range nor a level is reserved */
	if (!ttl && !(cmd[0] & CMD_TLBI_0_RANGE))
		return -EIO;
	/* Level 1 has no blocks */
	if (ttl == 1 && (tg == TG_16K || (tg == TG_64K && !cmds->level1_64k)))
		return -EIO;

	cmd[1] &= ~(CMDQ_TLBI_1_VA_MASK & ((SZ_1K << (2 * tg)) - 1));
	return 0;
}

/* Align the address to the span: PCIe encodes the span in the low bits */
static int sanitise_atc_inv(u64 *cmd)
{
	u64 size = FIELD_GET(CMDQ_ATC_1_SIZE, cmd[1]);

	if (size > ATC_INV_SIZE_ALL)
		return -EIO;
	if (!(cmd[0] & CMDQ_0_SSV))
		cmd[0] &= ~(CMDQ_ATC_0_SSID | CMDQ_ATC_0_GLOBAL);

	if (size == ATC_INV_SIZE_ALL)
		cmd[1] &= ~CMDQ_ATC_1_ADDR_MASK;
	else
		cmd[1] &= ~(CMDQ_ATC_1_ADDR_MASK & ((1ULL << (12 + size)) - 1));
	return 1;
}

static void set_vmid(u64 *cmd, u16 vmid)
{
	cmd[0] &= ~CMDQ_TLBI_0_VMID;
	cmd[0] |= FIELD_PREP(CMDQ_TLBI_0_VMID, vmid);
}

/**
 * arm_smmu_guest_cmd_sanitise() - Check a guest's command and make it safe
 * @cmds: The commands that the guest may use
 * @cmd: The command's two double words, in the CPU's byte order
 *
 * The caller still has to replace the stream ID, if there is one: the bits
 * CMDQ_CFGI_0_SID, which are CMDQ_ATC_0_SID.
 *
 * Return: 0, 1 if it has a stream ID, or -EIO for a command that must not reach the
 * SMMU.
 */
int arm_smmu_guest_cmd_sanitise(const struct arm_smmu_guest_cmds *cmds,
				u64 *cmd)
{
	unsigned int op = FIELD_GET(CMDQ_0_OP, cmd[0]);
	const u64 *fields;

	static_assert(CMDQ_CFGI_0_SID == CMDQ_ATC_0_SID);

	if (op >= ARM_SMMU_GUEST_CMD_OPS)
		return -EIO;
	fields = cmds->fields[op];
	if (!fields[0] || (cmd[0] & ~fields[0]) || (cmd[1] & ~fields[1]))
		return -EIO;

	/* Nearly all commands are of this kind, so check it first */
	if (is_by_address(op)) {
		if (sanitise_range(cmds, cmd))
			return -EIO;
		set_vmid(cmd, cmds->vmid);
		return 0;
	}

	switch (op) {
	case CMDQ_OP_TLBI_NSNH_ALL:
		/* A guest can only mean its own VMID */
		cmd[0] = FIELD_PREP(CMDQ_0_OP, CMDQ_OP_TLBI_NH_ALL);
		break;
	case CMDQ_OP_ATC_INV:
		return sanitise_atc_inv(cmd);
	case CMDQ_OP_CFGI_CD:
	case CMDQ_OP_CFGI_CD_ALL:
		return 1;
	}
	set_vmid(cmd, cmds->vmid);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_guest_cmd_sanitise);
