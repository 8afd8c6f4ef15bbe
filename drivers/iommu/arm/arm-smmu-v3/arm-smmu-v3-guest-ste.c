// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream table entry that a guest's becomes.
 *
 * A guest may choose among abort, bypass and stage 1. Whatever it chooses, the
 * entry that the SMMU reads translates by the stage 2 of the nest parent, or
 * aborts. Nothing here has state: iommufd's ioctls, the writer of stream table
 * entries and the KUnit tests call it.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <kunit/visibility.h>

#include "arm-smmu-v3-nested.h"

/* The guest's part of an entry with stage 1 (IHI 0070, 5.2) */
#define GUEST_STE_0_S1 \
	(STRTAB_STE_0_S1FMT | STRTAB_STE_0_S1CTXPTR_MASK | STRTAB_STE_0_S1CDMAX)
#define GUEST_STE_1_S1                                                  \
	(STRTAB_STE_1_S1DSS | STRTAB_STE_1_S1CIR | STRTAB_STE_1_S1COR | \
	 STRTAB_STE_1_S1CSH | STRTAB_STE_1_S1STALLD)

#define GUEST_STE_0 (STRTAB_STE_0_V | STRTAB_STE_0_CFG | GUEST_STE_0_S1)
#define GUEST_STE_1 (GUEST_STE_1_S1 | STRTAB_STE_1_EATS)

/**
 * arm_smmu_guest_ste_parse() - Read the stream table entry of a guest
 * @guest: Where to put what it asks for
 * @word: Its first two double words
 *
 * An entry that is not valid aborts, as the hardware has it, whatever else is in
 * it. The values of the stage 1 fields are not judged: the SMMU does, and tells
 * the guest by an event (C_BAD_STE).
 *
 * Return: 0, or -EIO for a bit, a Config or an EATS that a guest may not have.
 */
int arm_smmu_guest_ste_parse(struct arm_smmu_guest_ste *guest,
			     const __le64 word[2])
{
	u64 word0 = le64_to_cpu(word[0]), word1 = le64_to_cpu(word[1]);
	u64 eats = FIELD_GET(STRTAB_STE_1_EATS, word1);

	*guest = (struct arm_smmu_guest_ste){
		.config = STRTAB_STE_0_CFG_ABORT,
	};
	if (!(word0 & STRTAB_STE_0_V))
		return 0;
	if ((word0 & ~GUEST_STE_0) || (word1 & ~GUEST_STE_1))
		return -EIO;
	if (eats != STRTAB_STE_1_EATS_ABT && eats != STRTAB_STE_1_EATS_TRANS)
		return -EIO;

	switch (FIELD_GET(STRTAB_STE_0_CFG, word0)) {
	case STRTAB_STE_0_CFG_ABORT:
		return 0;
	case STRTAB_STE_0_CFG_BYPASS:
		guest->config = STRTAB_STE_0_CFG_BYPASS;
		/* Like a device that is attached to the nest parent */
		guest->ats = true;
		return 0;
	case STRTAB_STE_0_CFG_S1_TRANS:
		guest->config = STRTAB_STE_0_CFG_S1_TRANS;
		guest->ats = eats == STRTAB_STE_1_EATS_TRANS;
		guest->word[0] = word0 & GUEST_STE_0_S1;
		guest->word[1] = word1 & GUEST_STE_1_S1;
		return 0;
	default:
		return -EIO;
	}
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_guest_ste_parse);

static void arm_smmu_add_guest_s1(struct arm_smmu_ste *target,
				  struct arm_smmu_master *master,
				  const struct arm_smmu_guest_ste *guest)
{
	u64 word0 = guest->word[0] | STRTAB_STE_0_V;

	word0 |= FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_NESTED);
	target->data[0] = cpu_to_le64(word0);
	target->data[1] |= cpu_to_le64(guest->word[1]);

	/*
	 * A stalled transaction waits for the host, which does not know stage
	 * 1. Only of devices that must stall does the host take such events.
	 */
	if ((master->smmu->features & ARM_SMMU_FEAT_STALLS) &&
	    !master->stall_enabled)
		target->data[1] |= cpu_to_le64(STRTAB_STE_1_S1STALLD);
}

/**
 * arm_smmu_make_nested_ste() - Make the entry that stands for a guest's
 * @target: The entry
 * @master: The device whose entry it is
 * @s2_parent: The stage 2 that the guest's addresses go through
 * @guest: What the guest asks for
 * @ats_enabled: Set EATS; the caller has ATS of the device follow
 *
 * A guest that bypasses stage 1 still translates by stage 2, and one that aborts
 * has no translation at all. Events that repeat may be merged (STE.MEV), so that
 * a guest cannot fill the event queue with one fault.
 */
void arm_smmu_make_nested_ste(struct arm_smmu_ste *target,
			      struct arm_smmu_master *master,
			      struct arm_smmu_domain *s2_parent,
			      const struct arm_smmu_guest_ste *guest,
			      bool ats_enabled)
{
	if (guest->config == STRTAB_STE_0_CFG_ABORT) {
		arm_smmu_make_abort_ste(target);
		return;
	}

	arm_smmu_make_s2_domain_ste(target, master, s2_parent, ats_enabled);
	target->data[1] |= cpu_to_le64(STRTAB_STE_1_MEV);
	if (guest->config == STRTAB_STE_0_CFG_S1_TRANS)
		arm_smmu_add_guest_s1(target, master, guest);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_make_nested_ste);
