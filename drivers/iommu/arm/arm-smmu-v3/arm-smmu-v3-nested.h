/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested translation on SMMUv3: the guest owns stage 1, the host stage 2.
 *
 *  arm-smmu-v3-guest-ste.c	stream table entries of guests
 *  arm-smmu-v3-guest-cmd.c	validation of commands of guests
 *  arm-smmu-v3-nested.c	nested domains: attach, replace, detach
 *  arm-smmu-v3-viommu.c	the guest's share of an SMMU: commands and events
 *
 * The first two are pure functions. The other two have state, and describe its
 * races.
 */
#ifndef _ARM_SMMU_V3_NESTED_H
#define _ARM_SMMU_V3_NESTED_H

#include <linux/iommu-viommu.h>

#include "arm-smmu-v3.h"

/**
 * struct arm_smmu_guest_ste - What a guest's stream table entry requests
 * @config: STE.Config: abort, bypass or stage 1
 * @ats: Whether the device may use ATS: as STE.EATS says with stage 1, always when
 *	it bypasses stage 1
 * @word: The guest's first two double words, reduced to the stage 1 fields
 */
struct arm_smmu_guest_ste {
	u8 config;
	bool ats;
	u64 word[2];
};

int arm_smmu_guest_ste_parse(struct arm_smmu_guest_ste *guest,
			     const __le64 word[2]);
void arm_smmu_make_nested_ste(struct arm_smmu_ste *target,
			      struct arm_smmu_master *master,
			      struct arm_smmu_domain *s2_parent,
			      const struct arm_smmu_guest_ste *guest,
			      bool ats_enabled);

/* Opcodes up to the greatest that a guest may use */
#define ARM_SMMU_GUEST_CMD_OPS (CMDQ_OP_ATC_INV + 1)

/**
 * struct arm_smmu_guest_cmds - The commands that an SMMU accepts from a guest
 * @fields: By opcode, the bits that may be set in a command; none: refused
 * @granules: Bit n is set if TG == n is a granule of this SMMU
 * @level1_64k: With 64 KiB granules, level 1 has blocks
 * @vmid: The VMID that each TLBI gets
 */
struct arm_smmu_guest_cmds {
	u64 fields[ARM_SMMU_GUEST_CMD_OPS][CMDQ_ENT_DWORDS];
	u8 granules;
	bool level1_64k;
	u16 vmid;
};

void arm_smmu_guest_cmds_init(struct arm_smmu_guest_cmds *cmds,
			      const struct arm_smmu_device *smmu, u16 vmid);
int arm_smmu_guest_cmd_sanitise(const struct arm_smmu_guest_cmds *cmds,
				u64 *cmd);

/**
 * struct arm_smmu_viommu - A guest's share of an SMMU
 * @core: iommufd's part
 * @smmu: The SMMU
 * @s2_parent: Stage 2 of the guest
 * @cmds: The commands that the guest may use; constant
 */
struct arm_smmu_viommu {
	struct iommufd_viommu core;
	struct arm_smmu_device *smmu;
	struct arm_smmu_domain *s2_parent;
	struct arm_smmu_guest_cmds cmds;
};

static inline struct arm_smmu_viommu *
to_smmu_viommu(struct iommufd_viommu *viommu)
{
	return container_of(viommu, struct arm_smmu_viommu, core);
}

struct iommu_domain *
arm_smmu_domain_alloc_nested(struct iommufd_viommu *viommu, u32 flags,
			     const struct iommu_user_data *user_data);

#endif /* _ARM_SMMU_V3_NESTED_H */
